"""Items of a track to clips: takes, sources, lanes, fades.

Fields are those of the project format's description; what it leaves open is decided
here as follows (assumptions, to be checked against REAPER itself):

- FADEIN, FADEOUT: the shape is the whole part of the first field; the length is the third
  field (automatic crossfade) where that is above zero, else the second; the curvature is
  the sixth.
- MUTE: a second field of -1 (item solo) overrides a mute, 1 (solo elsewhere) silences.
- Fixed lanes (REAPER 7): a track with FREEMODE 2 has ITEMLANES lanes. LANESOLO holds the
  playing lanes as bits of 32-bit words; where the line is missing, all play. An item's
  lane is YPOS's first field (its top as a fraction of the track) times the lane count.
- SOURCE SECTION's MODE: bit 0 plays the whole file, bit 1 backwards.
- ``_OFFLINE_`` sources are read like the media they stand for, because REAPER writes them
  for projects saved while media was set offline for a moment; the track is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from reaper_drumgain.hosts.rpp.chains import read_chain, read_envelope
from reaper_drumgain.hosts.rpp.media import Resolver
from reaper_drumgain.hosts.rpp.syntax import Block, tokens
from reaper_drumgain.hosts.rpp.values import Fields, text
from reaper_drumgain.session import Clip, Effect, Envelope, EnvelopeKind, Fade, Source
from reaper_drumgain.units import UNITY, LinearGain

#: source types that are one audio file in a format libsndfile may know
_AUDIO_FILES = frozenset((b"WAVE", b"AIFF", b"MP3", b"FLAC", b"VORBIS", b"OPUS"))
_ENVELOPES: dict[bytes, EnvelopeKind] = {b"VOLENV": "volume", b"PANENV": "pan", b"MUTEENV": "mute"}
_LINES = re.compile(
    rb"(?m)^[ \t\r]*(POSITION|LENGTH|LOOP|ALLTAKES|FADEIN|FADEOUT|MUTE|YPOS|NAME|VOLPAN"
    rb"|SOFFS|PLAYRATE|CHANMODE|TAKEVOLPAN|TAKE|SM)(?![^ \t\r\n])([^\r\n]*)"
)
_SOURCE_LINES = re.compile(rb"(?m)^[ \t\r]*(LENGTH|STARTPOS|MODE)[ \t]+([^ \t\r\n]+)")
_FILE = re.compile(rb"(?m)^[ \t\r]*FILE[ \t]+(?=[^ \t\r\n])")
_NO_FADE = Fade()
_NOTHING = Source()
_MAX_SECTIONS = 16


@dataclass(frozen=True, slots=True)
class Lanes:
    """The fixed lanes of a track: how many, and the bits of those that play."""

    count: int = 0
    playing: int = -1

    def of(self, top: float) -> int | None:
        """The lane of an item whose top is at this fraction of the track's height."""
        if self.count < 1:
            return None
        return min(max(round(top * self.count), 0), self.count - 1)

    def plays(self, lane: int | None) -> bool:
        """Whether a lane plays."""
        return lane is None or bool(self.playing >> lane & 1)


@dataclass(slots=True)
class _Take:
    """What is known of one take while its lines are read."""

    name: bytes = b""
    gain: float = 1.0
    pan: float = 0.0
    selected: bool = False
    offset: float = 0.0
    rate: float = 1.0
    preserve_pitch: bool = False
    pitch: float = 0.0
    channel_mode: int = 0
    stretched: bool = False
    null: bool = False
    source: Source = _NOTHING
    effects: tuple[Effect, ...] = ()
    envelopes: list[Envelope] = field(default_factory=list)


class ItemReader:
    """Reads the items of one project; ``warn`` is told what cannot be represented."""

    def __init__(self, data: bytes, resolver: Resolver) -> None:
        self._data = data
        self._resolver = resolver
        self._sources: dict[tuple[bytes, bytes], tuple[Source, str | None]] = {}
        self._setters: dict[bytes, Callable[[_Take, Fields], None]] = {
            b"SOFFS": _set_offset,
            b"PLAYRATE": _set_rate,
            b"CHANMODE": _set_channels,
            b"TAKEVOLPAN": _set_take_gain,
        }

    def read(self, item: Block, lanes: Lanes, shift: float, warnings: list[str]) -> list[Clip]:
        """The clips of an item: of its active take, or of each take where all play.

        ``shift``: the track's own playback offset in seconds.
        """
        faults: list[str] = []
        head, takes = self._takes(item, faults, warnings)
        position = _fields(head, b"POSITION", faults).real(0, 0.0) + shift
        length = max(0.0, _fields(head, b"LENGTH", faults).real(0, 0.0))
        mute = _fields(head, b"MUTE", faults)
        override = mute.real(1, 0.0)
        muted = override > 0.0 or (override == 0.0 and mute.flag(0))
        lane = lanes.of(_fields(head, b"YPOS", faults).real(0, 0.0)) if lanes.count else None
        item_gain = LinearGain(_fields(head, b"VOLPAN", faults).real(0, 1.0))
        clips = [
            Clip(
                position=position,
                length=length,
                source=take.source,
                offset=take.offset,
                play_rate=take.rate,
                preserve_pitch=take.preserve_pitch,
                pitch=take.pitch,
                loop=_fields(head, b"LOOP", faults).flag(0),
                plays=not muted and lanes.plays(lane),
                item_gain=item_gain if item_gain != 1.0 else UNITY,
                take_gain=LinearGain(take.gain),
                take_pan=take.pan,
                channel_mode=take.channel_mode,
                fade_in=_fade(head, b"FADEIN", faults),
                fade_out=_fade(head, b"FADEOUT", faults),
                envelopes=tuple(take.envelopes),
                stretched=take.stretched,
                effects=take.effects,
                lane=lane,
                name=text(take.name),
            )
            for take in _sounding(takes, _fields(head, b"ALLTAKES", faults).flag(0))
        ]
        warnings += [f"item at {position:.3f} s: {fault}" for fault in faults]
        return clips

    def _takes(
        self, item: Block, faults: list[str], warnings: list[str]
    ) -> tuple[dict[bytes, bytes], list[_Take]]:
        data = self._data
        head: dict[bytes, bytes] = {}
        take = _Take()
        takes = [take]
        children = iter(item.children)
        for start, end in item.segments():
            for key, rest in _LINES.findall(data, start, end):
                if key == b"TAKE":
                    words = rest.split()
                    take = _Take(selected=b"SEL" in words, null=b"NULL" in words)
                    takes.append(take)
                elif key == b"NAME":
                    take.name = _first_value(rest)
                elif key == b"SM":
                    take.stretched = True
                elif key in self._setters:
                    values = Fields(key.decode(), rest.split(), faults)
                    self._setters[key](take, values)
                elif len(takes) == 1:
                    head.setdefault(key, rest)
            child = next(children, None)
            if child is not None:
                self._child(child, take, faults, warnings)
        volume = _fields(head, b"VOLPAN", faults)
        takes[0].gain, takes[0].pan = volume.real(2, 1.0), volume.real(1, 0.0)
        return head, takes

    def _child(self, child: Block, take: _Take, faults: list[str], warnings: list[str]) -> None:
        data, keyword = self._data, child.keyword
        if keyword == b"SOURCE":
            take.source = self._source(child, faults, warnings)
        elif keyword == b"TAKEFX":
            take.effects = read_chain(data, child)
        elif keyword in _ENVELOPES:
            take.envelopes.append(read_envelope(data, child, _ENVELOPES[keyword], faults))
        elif keyword == b"PITCHENV" and read_envelope(data, child, "volume", faults).active:
            take.stretched = True
            faults.append("the pitch of the take is automated: its audio is taken unpitched")

    def _source(self, block: Block, faults: list[str], warnings: list[str]) -> Source:
        """The source of a take: the file inside any sections, and the part they bound."""
        data = self._data
        start: float | None = None
        length: float | None = None
        backwards = False
        depth = 0
        while True:
            kind = _word(data, block)
            inner = next((c for c in block.children if c.keyword == b"SOURCE"), None)
            if kind != b"SECTION" or inner is None:
                break
            depth += 1
            lines = dict(_SOURCE_LINES.findall(data, block.body, inner.start))
            lines |= dict(_SOURCE_LINES.findall(data, inner.close, block.close))
            if depth > 1:
                faults.append("a section of a section is not decoded: only the inner one counts")
            mode = Fields("MODE", [lines.get(b"MODE", b"0")], faults).whole(0, 0)
            backwards ^= bool(mode & 2)
            if not mode & 1:
                start = Fields("STARTPOS", [lines.get(b"STARTPOS", b"0")], faults).real(0, 0.0)
                size = Fields("LENGTH", [lines.get(b"LENGTH", b"0")], faults).real(0, 0.0)
                length = size if size > 0.0 else None
            if depth == _MAX_SECTIONS:
                break
            block = inner
        source = self._file_source(kind, block, warnings)
        if depth == 0:
            return source
        return Source(
            source.kind,
            source.format,
            source.path,
            source.written,
            source.found,
            start,
            length,
            backwards,
        )

    def _file_source(self, kind: bytes, block: Block, warnings: list[str]) -> Source:
        written = b""
        for start, end in block.segments():
            match = _FILE.search(self._data, start, end)
            if match is not None:
                written = tokens(self._data, match.end(), end)[0].value
                break
        known = self._sources.get((kind, written))
        if known is None:
            known = self._sources[kind, written] = self._resolve(kind, written)
        source, fault = known
        if fault is not None:
            warnings.append(fault)
        return source

    def _resolve(self, kind: bytes, written: bytes) -> tuple[Source, str | None]:
        fault: str | None = None
        if kind.startswith(b"_OFFLINE_"):
            kind = kind.removeprefix(b"_OFFLINE_")
            fault = f"{text(written)!r} was offline when the project was saved: taken as online"
        name = text(kind)
        if kind == b"EMPTY" or not kind:
            return Source("empty", name), fault
        audio = kind in _AUDIO_FILES
        if not audio and kind != b"MIDI":
            # VIDEO, WAVPACK, RPP_PROJECT, CLICK and LTC may name a file, or make their own sound
            return Source("other", name, None, text(written) if written else None), fault
        sort = "file" if audio else "midi"
        if not written:
            problem = f"a {name} source names no file" if audio else fault
            return Source("file" if audio else "midi", name), problem
        found = self._resolver.find(text(written))
        if not found.found and audio:
            fault = f"{text(written)!r} {found.problem}"
        return Source(
            "file" if sort == "file" else "midi", name, found.path, text(written), found.found
        ), fault


def _sounding(takes: list[_Take], every: bool) -> list[_Take]:
    """The takes that play. An item without any has one empty take."""
    if every:
        return [take for take in takes if not take.null] or takes[:1]
    return [next((take for take in takes if take.selected), takes[0])]


def _word(data: bytes, block: Block) -> bytes:
    """The second token of a block's first line."""
    words = tokens(data, block.start, block.body)
    return words[1].value if len(words) > 1 else b""


def _first_value(rest: bytes) -> bytes:
    words = tokens(rest, 0)
    return words[0].value if words else b""


def _fields(head: dict[bytes, bytes], key: bytes, faults: list[str]) -> Fields:
    return Fields(key.decode(), head.get(key, b"").split(), faults)


def _fade(head: dict[bytes, bytes], key: bytes, faults: list[str]) -> Fade:
    fields = _fields(head, key, faults)
    automatic = fields.real(2, 0.0)
    length = automatic if automatic > 0.0 else fields.real(1, 0.0)
    if length <= 0.0:
        return _NO_FADE
    shape = fields.whole(0, 0)
    if not 0 <= shape <= 6:
        faults.append(f"{key.decode()} has shape {shape}: read as linear")
        shape = 0
    return Fade(length, shape, min(1.0, max(-1.0, fields.real(5, 0.0))))


def _set_offset(take: _Take, fields: Fields) -> None:
    take.offset = fields.real(0, 0.0)


def _set_rate(take: _Take, fields: Fields) -> None:
    rate = fields.real(0, 1.0)
    if not 1e-3 <= rate <= 1e3:
        fields.faults.append(f"PLAYRATE is {rate:g}: read as 1")
        rate = 1.0
    take.rate, take.preserve_pitch, take.pitch = rate, fields.flag(1), fields.real(2, 0.0)


def _set_channels(take: _Take, fields: Fields) -> None:
    take.channel_mode = fields.whole(0, 0)


def _set_take_gain(take: _Take, fields: Fields) -> None:
    take.pan, take.gain = fields.real(0, 0.0), fields.real(1, 1.0)
