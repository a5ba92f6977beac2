"""Items of a track to clips: takes, sources, lanes, fades.

Fields are those of the project format's description; what it leaves open is decided
here as follows (assumptions, to be checked against REAPER itself):

- FADEIN, FADEOUT: the shape is the whole part of the first field (1.1 is 7, equal power);
  the length is the third field (automatic crossfade) where that is above zero, else the
  second; the curvature is the sixth.
- MUTE: a second field of -1 (item solo) overrides a mute, 1 (solo elsewhere) silences.
- YPOS: the lane, see ``lanes``.
- SOURCE SECTION's MODE: bit 0 plays the whole file, bit 1 backwards.
- ``_OFFLINE_`` sources are read like the media they stand for, because REAPER writes them
  for projects saved while media was set offline for a moment; the track gets a warning.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Literal

from reaper_drumgain.hosts.rpp.chains import read_chain, read_envelope
from reaper_drumgain.hosts.rpp.lanes import Lanes
from reaper_drumgain.hosts.rpp.syntax import Block, compiled, first_value, tokens, values
from reaper_drumgain.hosts.rpp.values import MAX_NUMBER, Fields, Memo, text
from reaper_drumgain.schema.session import Clip, Effect, Envelope, EnvelopeKind, Fade, Source
from reaper_drumgain.tracks.item_rules import (
    MAX_SECTIONS,
    item_fade,
    item_muted,
    play_rate,
    source_type,
)
from reaper_drumgain.tracks.media import Resolver
from reaper_drumgain.units import LinearGain

_ENVELOPES: dict[bytes, EnvelopeKind] = {b"VOLENV": "volume", b"PANENV": "pan", b"MUTEENV": "mute"}
_LINES = re.compile(
    rb"\n[ \t\r]*+(POSITION|LENGTH|LOOP|ALLTAKES|FADEIN|FADEOUT|MUTE|MIXFLAG|YPOS|NAME|VOLPAN"
    rb"|SOFFS|PLAYRATE|CHANMODE|TAKEVOLPAN|TAKE|SM|SPECTRAL_EDIT)(?![^ \t\r\n])([^\r\n]*)"
)
_SECTION_LINES = rb"\n[ \t\r]*+(LENGTH|STARTPOS|MODE)[ \t]+([^ \t\r\n]+)"
_FILE = re.compile(rb"\n[ \t\r]*+FILE[ \t]+(?=[^ \t\r\n])")
_NOTHING = Source()


class _Take:
    """One take: its lines by key (the first take's hold the item's too), and its blocks."""

    __slots__ = ("effects", "envelopes", "lines", "source", "spectral", "stretched")

    def __init__(self) -> None:
        self.lines: dict[bytes, bytes] = {}
        self.stretched = False
        self.spectral = False
        self.source = _NOTHING
        self.effects: tuple[Effect, ...] = ()
        self.envelopes: tuple[Envelope, ...] = ()

    @property
    def words(self) -> list[bytes]:
        """What stands behind TAKE: ``SEL``, ``NULL``."""
        return self.lines.get(b"TAKE", b"").split()


class ItemReader:
    """Reads the items of one project."""

    def __init__(self, data: bytes, resolver: Resolver) -> None:
        self._data = data
        self._resolver = resolver
        self._memo = Memo()
        self._sources: dict[bytes, tuple[Source, str | None]] = {}

    def read(self, item: Block, lanes: Lanes, shift: float, warnings: list[str]) -> list[Clip]:
        """The clips of an item: of its active take, or of each take where all play.

        Parameters
        ----------
        item, lanes
            The block of the item, and the fixed lanes of the track.
        shift, warnings
            The track's playback offset in seconds, and a list that gets what is not followed.

        Returns
        -------
        list of Clip
            One for each take that plays.
        """
        faults: list[str] = []
        takes = self._takes(item, faults, warnings)
        lines, read = takes[0].lines, self._memo.read
        position = _real(lines, b"POSITION", 0.0, faults) + shift
        length = max(0.0, _real(lines, b"LENGTH", 0.0, faults))
        top = read(b"YPOS", lines.get(b"YPOS", b""), _first, faults)
        lane = lanes.of(top) if lanes.count else None
        muted = read(b"MUTE", lines.get(b"MUTE", b""), _muted, faults)
        item_gain, first = read(b"VOLPAN", lines.get(b"VOLPAN", b""), _volume, faults)
        fade_in = read(b"FADEIN", lines.get(b"FADEIN", b""), _fade, faults)
        fade_out = read(b"FADEOUT", lines.get(b"FADEOUT", b""), _fade, faults)
        loop = read(b"LOOP", lines.get(b"LOOP", b""), _flag, faults)
        clips = []
        for take in self._playing(takes, faults):
            own = take.lines
            rate, keeps_pitch, pitch = read(b"PLAYRATE", own.get(b"PLAYRATE", b""), _rate, faults)
            take_pan, take_gain = first if take is takes[0] else self._take_gains(take, faults)
            clips.append(
                Clip(
                    position=position,
                    length=length,
                    source=take.source,
                    offset=_real(own, b"SOFFS", 0.0, faults),
                    play_rate=rate,
                    preserve_pitch=keeps_pitch,
                    pitch=pitch,
                    loop=loop,
                    plays=not muted and lanes.plays(lane),
                    item_gain=item_gain,
                    take_gain=take_gain,
                    take_pan=take_pan,
                    channel_mode=read(b"CHANMODE", own.get(b"CHANMODE", b""), _whole, faults),
                    fade_in=fade_in,
                    fade_out=fade_out,
                    envelopes=take.envelopes,
                    stretched=take.stretched,
                    spectral_edits=take.spectral,
                    effects=take.effects,
                    lane=None if lanes.former else lane,
                    mix_behavior=read(b"MIXFLAG", lines.get(b"MIXFLAG", b""), _own_mix, faults),
                    name=_first_text(own.get(b"NAME", b"")),
                )
            )
        warnings += [f"item at {position:.3f} s: {fault}" for fault in faults]
        return clips

    def _playing(self, takes: list[_Take], faults: list[str]) -> list[_Take]:
        """The takes that play: all that are not empty, or the selected one, else the first."""
        if len(takes) == 1:
            return takes
        if self._memo.read(b"ALLTAKES", takes[0].lines.get(b"ALLTAKES", b""), _flag, faults):
            return [take for take in takes if b"NULL" not in take.words] or takes[:1]
        return [next((take for take in takes if b"SEL" in take.words), takes[0])]

    def _take_gains(self, take: _Take, faults: list[str]) -> tuple[float, LinearGain]:
        """Pan and gain of a take that is not the first one."""
        return self._memo.read(
            b"TAKEVOLPAN", take.lines.get(b"TAKEVOLPAN", b""), _take_volume, faults
        )

    def _takes(self, item: Block, faults: list[str], warnings: list[str]) -> list[_Take]:
        take = _Take()
        takes = [take]
        children = iter(item.children)
        for start, end in item.segments():
            # between blocks there is often nothing but an indent
            pairs = _LINES.findall(self._data, start, end) if end - start > 12 else ()
            for key, rest in pairs:
                if key == b"TAKE":
                    take = _Take()
                    takes.append(take)
                elif key == b"SM":
                    take.stretched = True
                elif key == b"SPECTRAL_EDIT":
                    take.spectral = True
                take.lines[key] = rest
            child = next(children, None)
            if child is None:
                break
            if child.keyword == b"SOURCE":
                take.source = self._source(child, faults, warnings)
            else:
                self._child(child, take, faults)
        return takes

    def _child(self, child: Block, take: _Take, faults: list[str]) -> None:
        data, keyword = self._data, child.keyword
        if keyword == b"TAKEFX":
            take.effects = read_chain(data, child)
        elif keyword in _ENVELOPES:
            envelope = read_envelope(data, child, _ENVELOPES[keyword], faults)
            take.envelopes += (envelope,)
        elif keyword == b"PITCHENV" and read_envelope(data, child, "volume", faults).active:
            take.stretched = True
            faults.append(
                "the pitch of the take is automated: its audio is measured without pitch changes"
            )

    def _source(self, block: Block, faults: list[str], warnings: list[str]) -> Source:
        """The source of a take: the file inside any sections, and the part they bound."""
        source, depth = block, 0
        bounds: tuple[float | None, float | None] = (None, None)
        backwards = False
        while source.children and _word(self._data, source) == b"SECTION":
            inner = next((child for child in source.children if child.keyword == b"SOURCE"), None)
            if inner is None or depth == MAX_SECTIONS:
                break
            depth += 1
            section, reverse = self._section(source, inner, faults)
            backwards ^= reverse
            bounds = section or bounds
            source = inner
        if depth > 1:
            faults.append(
                "a section source within a section source: only the bounds of the inner one count"
            )
        found = self._file_source(source, warnings)
        if depth == 0:
            return found
        return dataclasses.replace(
            found, section_start=bounds[0], section_length=bounds[1], reversed=backwards
        )

    def _section(
        self, block: Block, inner: Block, faults: list[str]
    ) -> tuple[tuple[float, float | None] | None, bool]:
        """The bounds of a section, None where it plays the whole file; whether backwards."""
        pattern = compiled(_SECTION_LINES)
        lines = dict(pattern.findall(self._data, block.body, inner.start))
        lines |= dict(pattern.findall(self._data, inner.close, block.close))
        mode = Fields("MODE", [lines.get(b"MODE", b"0")], faults).whole(0, 0)
        if mode & 1:
            return None, bool(mode & 2)
        start = Fields("STARTPOS", [lines.get(b"STARTPOS", b"0")], faults).real(0, 0.0)
        length = Fields("LENGTH", [lines.get(b"LENGTH", b"0")], faults).real(0, 0.0)
        return (start, length if length > 0.0 else None), bool(mode & 2)

    def _file_source(self, block: Block, warnings: list[str]) -> Source:
        data = self._data
        whole = data[block.start : block.close] if block.close - block.start < 8192 else b""
        known = self._sources.get(whole) if whole else None
        if known is None:
            written = b""
            for start, end in block.segments():
                # MIDI sources hold events by the hundred thousand, seldom a file
                if data.find(b"FILE", start, end) < 0:
                    continue
                match = _FILE.search(data, start, end)
                if match is not None:
                    written = tokens(data, match.end(), end)[0].value
                    break
            known = self._resolve(_word(data, block), written)
            if whole:
                self._sources[whole] = known
        source, fault = known
        if fault is not None:
            warnings.append(fault)
        return source

    def _resolve(self, type_word: bytes, written: bytes) -> tuple[Source, str | None]:
        fault: str | None = None
        name, kind, offline = source_type(text(type_word))
        if offline:
            fault = (
                f"{text(written)!r} was offline when the project was saved: measured as if it "
                "were online"
            )
        if kind == "empty":
            return Source(kind=kind, format=name), fault
        if kind == "other":
            return Source(kind=kind, format=name, written=text(written) or None), fault
        if not written:
            fault = f"a {name} source names no file" if kind == "file" else fault
            return Source(kind=kind, format=name), fault
        found = self._resolver.find(text(written))
        if found.problem is not None and kind == "file":
            fault = f"{text(written)!r} {found.problem}"
        return Source(
            kind=kind, format=name, path=found.path, written=text(written), found=found.found
        ), fault


def _word(data: bytes, block: Block) -> bytes:
    """The second token of a block's first line."""
    words = values(data[block.start : block.body])
    return words[1] if len(words) > 1 else b""


def _first_text(line: bytes) -> str:
    return text(first_value(line))


def _real(lines: dict[bytes, bytes], key: bytes, default: float, faults: list[str]) -> float:
    """The first number of a line that seldom stands in a project twice."""
    line = lines.get(key, b"")
    try:
        value = float(line)
    except ValueError:
        pass
    else:
        if -MAX_NUMBER <= value <= MAX_NUMBER:
            return value
    words = line.split(None, 1)
    return Fields(key.decode(), words, faults).real(0, default)


def _first(fields: Fields) -> float:
    return fields.real(0, 0.0)


def _own_mix(fields: Fields) -> int | None:
    return fields.whole(0, 0) if len(fields) else None


def _whole(fields: Fields) -> int:
    return fields.whole(0, 0)


def _flag(fields: Fields) -> bool:
    return fields.flag(0)


def _muted(fields: Fields) -> bool:
    return item_muted(mute=fields.flag(0), solo=fields.real(1, 0.0))


def _volume(fields: Fields) -> tuple[LinearGain, tuple[float, LinearGain]]:
    """Item gain, and pan and gain of the first take."""
    return LinearGain(fields.real(0, 1.0)), (fields.real(1, 0.0), LinearGain(fields.real(2, 1.0)))


def _take_volume(fields: Fields) -> tuple[float, LinearGain]:
    return fields.real(0, 0.0), LinearGain(fields.real(1, 1.0))


def _rate(fields: Fields) -> tuple[float, bool, float]:
    rate = play_rate(fields.real(0, 1.0), fields.faults)
    return rate, fields.flag(1), fields.real(2, 0.0)


def _fade(fields: Fields) -> Fade:
    shape, length, automatic = (fields.real(place, 0.0) for place in range(3))
    side: Literal["in", "out"] = "in" if fields.key == "FADEIN" else "out"
    return item_fade(side, shape, length, automatic, fields.real(5, 0.0), fields.faults)
