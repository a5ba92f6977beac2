"""Tracks of a project file.

What the format's description leaves open is decided here as follows (assumptions, to be
checked against REAPER itself):

- GROUP_FLAGS (groups 1 to 32) and GROUP_FLAGS_HIGH (33 to 64) hold one number per kind of
  link, a bit per group: volume lead, volume follow, then pan, mute, solo, record arm,
  polarity and automation mode alike; the fifteenth reverses volume; the 21st is VCA lead,
  the 22nd VCA follow.
- SHOWINMIX: the first field is shown in the mixer, the fourth in the track panel.
- PLAYOFFS offset flags: seconds by which the media plays later; bit 0 switches it off,
  bit 1 says that the offset is in samples.
- ``<EXT`` holds a key and a value per line: what scripts stored through P_EXT.
- AUXRECV channels: the low 10 bits are the first channel; above them, in a source, 0 is
  a stereo pair, 1 one channel, and n above that 2n channels.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from reaper_drumgain.hosts.rpp.chains import read_chain, read_envelope
from reaper_drumgain.hosts.rpp.items import ItemReader, Lanes
from reaper_drumgain.hosts.rpp.syntax import SETTING, Block, compiled, first_value, tokens, values
from reaper_drumgain.hosts.rpp.values import MAX_CHANNELS, Fields, Memo, number, text
from reaper_drumgain.schema.envelope_note import KEY
from reaper_drumgain.schema.session import (
    AUTOMATION_MODES,
    Clip,
    Effect,
    Envelope,
    EnvelopeKind,
    FolderDepth,
    Send,
    SendMode,
    Track,
)
from reaper_drumgain.tracks import item_mix
from reaper_drumgain.units import LinearGain

T = TypeVar("T")

#: keys of what the user stored on the track itself, beside ``P_EXT:`` in REAPER's scripts
ROLE_KEY = b"drumgain_role"
LOCK_KEY = b"drumgain_lock"
MARK_KEY = KEY.encode()

_ENVELOPES: dict[bytes, EnvelopeKind] = {
    b"VOLENV": "pre-fx volume",
    b"VOLENV2": "volume",
    b"VOLENV3": "trim volume",
    b"PANENV2": "pan",
    b"WIDTHENV2": "width",
    b"MUTEENV": "mute",
}
_OTHER_ENVELOPES = {
    b"PANENV": "pre-FX pan",
    b"WIDTHENV": "pre-FX width",
    b"DUALPANENV": "pre-FX right pan",
    b"DUALPANENVL": "pre-FX left pan",
    b"DUALPANENV2": "right pan",
    b"DUALPANENVL2": "left pan",
    b"AUXVOLENV": "receive volume",
    b"AUXPANENV": "receive pan",
    b"AUXMUTEENV": "receive mute",
}
_SEND_MODES: dict[int, SendMode] = {0: "post-fader", 1: "pre-fx", 2: "pre-fader", 3: "pre-fader"}
#: the lines that differ between most tracks; the colour is not read
_OWN = re.compile(
    rb"\n[ \t\r]*+(?=[NVTAP])(NAME|VOLPAN|TRACKID|AUXRECV|PEAKCOL)(?![^ \t\r\n])([^\r\n]*)"
)
#: how the lines begin that are read beside the plain ones
_OTHERS = (b"LANESOLO", b"GROUP_FLAGS")
_EXT_LINE = rb"\n[ \t\r]*+(drumgain_role|drumgain_lock|drumgain_automation)[ \t]"
#: REAPER 7 has 256
_MOST_LANES = 1024
#: texts whose lines are remembered, and how long they may be
_MOST_KNOWN, _LONGEST_KNOWN = 1024, 4096
_VOLUME_LEAD, _VOLUME_FOLLOW, _VOLUME_REVERSE, _VCA_LEAD, _VCA_FOLLOW = 0, 1, 14, 20, 21
_WORD = 0xFFFFFFFF
_VOLPAN_TWICE = "it has more than one VOLPAN line: open and save the project in REAPER"


@dataclass(frozen=True, slots=True)
class _Plain:
    """The values of lines that have no effect on each other, in the order of ``_PLAIN``."""

    folder: int
    lane_mode: int
    lane_count: int
    offset: tuple[float, int]
    pan_mode: int
    mute_solo: tuple[bool, bool]
    main_send: tuple[bool, int]
    width: float
    inverted: bool
    channels: int
    effects: bool
    automation: int
    hidden: bool
    selected: bool


#: what the common lines say: the plain ones, the rest of the others by key, and a sentence per
#: damaged value
_Common = tuple[_Plain, dict[bytes, bytes], list[str]]


class TrackReader:
    """Reads the ``count`` tracks of one project, in order; folders are known from the ones
    before. ``sample_rate``, ``pan_mode``, ``item_mix`` (see ``overlaps``) and ``override`` (the
    automation mode that stands above those of the tracks, if above 0) are the project's.
    """

    def __init__(
        self,
        data: bytes,
        items: ItemReader,
        count: int,
        sample_rate: int | None = None,
        pan_mode: int = 3,
        item_mix: int = item_mix.ENCLOSED,
        override: int = -1,
    ) -> None:
        self._data = data
        self._items = items
        self._count = count
        self._sample_rate = sample_rate
        self._pan_mode = pan_mode
        self._item_mix = item_mix
        self._override = override
        self._folders = FolderDepth()
        self._memo = Memo()
        self._known: dict[tuple[bytes, ...], _Common] = {}
        self.sends: list[Send] = []

    def read(self, index: int, block: Block) -> Track:
        """The track of a TRACK block; its receives go to ``sends``."""
        warnings: list[str] = []
        own, common = self._lines(block)
        # of a line that stands twice the last counts
        lines = dict(own)
        plain, others, faults = self._plain(common)
        warnings += faults
        parent, folder = self._folders.place(index, plain.folder, warnings)
        groups = _groups(others, warnings) if others else _NO_GROUPS
        role, locked, mark = self._stored(block)
        if b"AUXRECV" in lines:
            self._receives(index, [line for key, line in own if key == b"AUXRECV"], warnings)
        lanes = _lanes(plain.lane_mode, plain.lane_count, others.get(b"LANESOLO"), warnings)
        shift = self._shift(plain.offset, warnings)
        effects, envelopes, items, frozen = self._children(block, lanes, shift, warnings)
        # with free item positioning items lie beside each other, not over each other
        mix = item_mix.MIXED if plain.lane_mode == 1 else self._item_mix
        clips = item_mix.heard(items, mix, warnings) if items else ()
        override = 0 < self._override < len(AUTOMATION_MODES)
        automation = self._override if override else plain.automation
        muted, soloed = plain.mute_solo
        main_send, channel = plain.main_send
        if channel:
            warnings.append("sends to higher channels of its parent: taken as the first ones")
        twice = len(own) > len(lines) and sum(key == b"VOLPAN" for key, _ in own) > 1
        if twice:
            warnings.append("has more than one VOLPAN line: the last counts, it cannot be set")
        volpan = lines.get(b"VOLPAN")
        fader, pan, law = _NO_VOLPAN
        if volpan is not None:
            fader, pan, law = self._memo.read(b"VOLPAN", volpan, _volpan, warnings, values)
        mode = plain.pan_mode if plain.pan_mode >= 0 else self._pan_mode
        dual_pan = _dual_pan(mode, volpan, plain.width, warnings) if mode in (5, 6) else None
        # by position: so many by name take as long as all lines above
        return Track(
            index=index,
            name=_string(lines.get(b"NAME")),
            guid=_guid(self._data, block, lines),
            fader=fader,
            pan=pan,
            pan_mode=plain.pan_mode if plain.pan_mode >= 0 else None,
            pan_law=law if law >= 0.0 else None,
            dual_pan=dual_pan,
            muted=muted,
            soloed=soloed,
            inverted=plain.inverted,
            parent=parent,
            folder=folder,
            main_send=main_send,
            channels=plain.channels,
            effects_enabled=plain.effects,
            effects=effects,
            automation_mode=AUTOMATION_MODES[automation],
            envelopes=envelopes,
            frozen=frozen,
            hidden=plain.hidden,
            selected=plain.selected,
            volume_groups=groups.volume,
            vca_led=groups.vca_led,
            vca_followed=groups.vca_followed,
            unwritable=_VOLPAN_TWICE if twice else None,
            role=role,
            locked=locked,
            automation_note=mark,
            clips=clips,
            warnings=tuple(dict.fromkeys(warnings)) if warnings else (),
        )

    def _lines(self, block: Block) -> tuple[list[tuple[bytes, bytes]], tuple[bytes, ...]]:
        """Key and rest of each of the block's own lines that differ between most tracks, and the
        text between these lines."""
        own: list[tuple[bytes, bytes]] = []
        common: list[bytes] = []
        for start, end in block.segments():
            if end - start >= 8:
                parts = _OWN.split(self._data[start:end])
                common += parts[::3]
                own += zip(parts[1::3], parts[2::3], strict=False)
        return own, tuple(common)

    def _plain(self, common: tuple[bytes, ...]) -> _Common:
        """What the common lines say: they are the same on most tracks, so most are known."""
        known = self._known.get(common)
        if known is not None:
            return known
        pairs = (match.groups() for part in common for match in SETTING.finditer(part))
        lines = {key: line for key, line in pairs if key in _PLAIN or key.startswith(_OTHERS)}
        faults: list[str] = []
        read = self._memo.read
        plain = _Plain(
            *(read(name, lines.pop(name, b""), parse, faults) for name, parse in _PLAIN.items())
        )
        found = plain, lines, faults
        if len(self._known) < _MOST_KNOWN and sum(map(len, common)) <= _LONGEST_KNOWN:
            self._known[common] = found
        return found

    def _children(
        self, block: Block, lanes: Lanes, shift: float, warnings: list[str]
    ) -> tuple[tuple[Effect, ...], tuple[Envelope, ...], list[list[Clip]], bool]:
        effects: tuple[Effect, ...] = ()
        envelopes: list[Envelope] = []
        items: list[list[Clip]] = []
        frozen = False
        for child in block.children:
            keyword = child.keyword
            if keyword == b"ITEM":
                items.append(self._items.read(child, lanes, shift, warnings))
            elif keyword == b"FXCHAIN":
                effects += read_chain(self._data, child)
            elif keyword == b"FREEZE":
                frozen = True
            elif keyword in _ENVELOPES:
                kind = _ENVELOPES[keyword]
                envelopes.append(read_envelope(self._data, child, kind, warnings))
            elif keyword in _OTHER_ENVELOPES:
                envelope = read_envelope(self._data, child, "pan", warnings)
                if envelope.active and (envelope.points or envelope.pooled):
                    warnings.append(f"automates its {_OTHER_ENVELOPES[keyword]}: not followed")
        return effects, tuple(envelopes), items, frozen

    def _receives(self, index: int, receives: Iterable[bytes], warnings: list[str]) -> None:
        for line in receives:
            fields = Fields("AUXRECV", line.split(), warnings)
            source = fields.whole(0, -1)
            if not 0 <= source < self._count:
                warnings.append(f"receives from track {source + 1}, which does not exist: left out")
                continue
            origin, target = fields.whole(7, 0), fields.whole(8, 0)
            mode = fields.whole(1, 0)
            if mode not in _SEND_MODES:
                warnings.append(f"a receive has mode {mode}: taken as post-fader")
            width = origin >> 10
            self.sends.append(
                Send(
                    source=source,
                    target=index,
                    mode=_SEND_MODES.get(mode, "post-fader"),
                    gain=LinearGain(fields.real(2, 1.0)),
                    pan=_pan(fields.real(3, 0.0)),
                    muted=fields.flag(4),
                    mono=fields.flag(5) or bool(target >= 0 and target & 1024),
                    inverted=fields.flag(6),
                    source_channel=-1 if origin < 0 else origin & 1023,
                    target_channel=max(0, target) & 1023,
                    channels=2 if width <= 0 else 1 if width == 1 else min(2 * width, MAX_CHANNELS),
                )
            )

    def _shift(self, offset: tuple[float, int], warnings: list[str]) -> float:
        value, flags = offset
        if value == 0.0 or flags & 1:
            return 0.0
        if not flags & 2:
            return value
        if self._sample_rate is None:
            warnings.append(f"plays its media {value:g} samples later: taken as in time")
            return 0.0
        return value / self._sample_rate

    def _stored(self, block: Block) -> tuple[str | None, bool, str | None]:
        role, locked, mark = None, False, None
        for child in block.children:
            if child.keyword != b"EXT":
                continue
            for match in compiled(_EXT_LINE).finditer(self._data, child.body, child.close):
                words = tokens(self._data, match.start(1))
                value = text(words[1].value).strip() if len(words) > 1 else ""
                if match.group(1) == ROLE_KEY:
                    role = value or None
                elif match.group(1) == MARK_KEY:
                    mark = value or None
                else:
                    locked = value not in ("", "0")
        return role, locked, mark


def _string(line: bytes | None) -> str:
    return text(first_value(line)) if line else ""


def _guid(data: bytes, block: Block, lines: dict[bytes, bytes]) -> str | None:
    words = values(data[block.start : block.body])
    if len(words) > 1 and words[1].startswith(b"{"):
        return text(words[1])
    return _string(lines.get(b"TRACKID")) or None


def _volpan(fields: Fields) -> tuple[LinearGain, float, float]:
    """Fader, pan and pan law (below zero where it is the project's)."""
    law = fields.real(2, -1.0)
    return _fader(fields), _pan(fields.real(1, 0.0)), law


_NO_VOLPAN = LinearGain(1.0), 0.0, -1.0


def _fader(volume: Fields) -> LinearGain:
    if not len(volume):
        volume.faults.append("its VOLPAN line has no value: its fader is at -inf")
        return LinearGain(0.0)
    value = number(volume.values[0])
    if value is None:
        got = text(volume.values[0])[:40]
        volume.faults.append(f"its fader is {got!r}, which is no number: taken as -inf")
        return LinearGain(0.0)
    if value < 0.0:
        volume.faults.append(f"its fader is below zero ({value:g}): taken without its sign")
    return LinearGain(abs(value))


def _pan(value: float) -> float:
    return min(1.0, max(-1.0, value))


def _dual_pan(
    mode: int, volpan: bytes | None, width: float, warnings: list[str]
) -> tuple[float, float]:
    if mode == 5:
        return width, 0.0
    volume = Fields("VOLPAN", values(volpan or b""), warnings)
    return _pan(volume.real(3, -1.0)), _pan(volume.real(4, 1.0))


def _whole(fields: Fields) -> int:
    return fields.whole(0, 0)


def _flag(fields: Fields) -> bool:
    return fields.flag(0)


def _unless_off(fields: Fields) -> bool:
    return fields.flag(0, default=True)


def _folder(fields: Fields) -> int:
    """The change of folder depth; files of REAPER 1 to 3 have the first field alone."""
    return fields.whole(1, {1: 1, 2: -1}.get(fields.whole(0, 0), 0))


def _offset(fields: Fields) -> tuple[float, int]:
    return fields.real(0, 0.0), fields.whole(1, 0)


def _pan_mode(fields: Fields) -> int:
    return fields.whole(0, -1)


def _width(fields: Fields) -> float:
    return _pan(fields.real(0, 1.0))


def _mute_solo(fields: Fields) -> tuple[bool, bool]:
    return fields.flag(0), fields.flag(1)


def _main_send(fields: Fields) -> tuple[bool, int]:
    return fields.flag(0, default=True), fields.whole(1, 0)


def _channels(fields: Fields) -> int:
    return min(MAX_CHANNELS, max(1, fields.whole(0, 2)))


def _hidden(fields: Fields) -> bool:
    return not fields.flag(0, default=True) and not fields.flag(3, default=True)


def _automation(mode: Fields) -> int:
    value = mode.whole(0, 0)
    if 0 <= value < len(AUTOMATION_MODES):
        return value
    mode.faults.append(f"AUTOMODE is {value}: taken as trim/read")
    return 0


_NO_LANES = Lanes()


def _lanes(mode: int, count: int, solo: bytes | None, warnings: list[str]) -> Lanes:
    if mode != 2:
        return _NO_LANES
    lanes = min(max(1, count), _MOST_LANES)
    if solo is None:
        return Lanes(lanes)
    playing = 0
    for place, word in enumerate(solo.split()[:32]):
        value = number(word)
        if value is None or not 0 <= value <= _WORD:
            warnings.append(f"LANESOLO holds {text(word)[:40]!r}: those lanes are taken as silent")
            continue
        playing |= int(value) << 32 * place
    return Lanes(lanes, playing)


@dataclass(frozen=True, slots=True)
class _Groups:
    volume: tuple[int, ...]
    vca_led: tuple[int, ...]
    vca_followed: tuple[int, ...]


_NO_GROUPS = _Groups((), (), ())


def _groups(lines: dict[bytes, bytes], warnings: list[str]) -> _Groups:
    found: dict[int, set[int]] = {}
    kinds = (_VOLUME_LEAD, _VOLUME_FOLLOW, _VCA_LEAD, _VCA_FOLLOW)
    for key, line in lines.items():
        if not key.startswith(b"GROUP_FLAGS"):
            continue
        first = {b"GROUP_FLAGS": 1, b"GROUP_FLAGS_HIGH": 33}.get(key)
        if first is None:
            warnings.append(f"{text(key)} is not known: groups beyond 64 are not followed")
            continue
        flags = Fields(text(key), line.split(), warnings)
        for kind in kinds:
            bits = flags.whole(kind, 0) & _WORD
            found.setdefault(kind, set()).update(first + n for n in range(32) if bits >> n & 1)
        linked = (flags.whole(_VOLUME_LEAD, 0) | flags.whole(_VOLUME_FOLLOW, 0)) & _WORD
        if linked & flags.whole(_VOLUME_REVERSE, 0):
            warnings.append("follows its volume group in reverse: taken as an ordinary member")
    lead, follow, vca_lead, vca_follow = (found.get(kind, set()) for kind in kinds)
    return _Groups(*(tuple(sorted(group)) for group in (lead | follow, vca_lead, vca_follow)))


#: the lines that ``_Plain`` holds, and what reads them
_PLAIN: dict[bytes, Callable[[Fields], Any]] = {
    b"ISBUS": _folder,
    b"FREEMODE": _whole,
    b"ITEMLANES": _whole,
    b"PLAYOFFS": _offset,
    b"PANMODE": _pan_mode,
    b"MUTESOLO": _mute_solo,
    b"MAINSEND": _main_send,
    b"WIDTH": _width,
    b"IPHASE": _flag,
    b"NCHAN": _channels,
    b"FX": _unless_off,
    b"AUTOMODE": _automation,
    b"SHOWINMIX": _hidden,
    b"SEL": _flag,
}
