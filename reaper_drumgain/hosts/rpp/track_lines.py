"""The lines of a track in a project file, each to the values that it holds.

What the format's description leaves open is decided here as follows (assumptions, to be
checked against REAPER itself):

- GROUP_FLAGS (groups 1 to 32) and GROUP_FLAGS_HIGH (33 to 64) hold one number per kind of
  link, a bit per group: volume lead, volume follow, then pan, mute, solo, record arm,
  polarity and automation mode alike; the fifteenth reverses volume; the 21st is VCA lead,
  the 22nd VCA follow.
- SHOWINMIX: the first field is shown in the mixer, the fourth in the track panel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reaper_drumgain.hosts.rpp.syntax import values
from reaper_drumgain.hosts.rpp.values import Fields, number, text
from reaper_drumgain.schema.session import AUTOMATION_MODES
from reaper_drumgain.tracks.reaper_rules import DUAL_PAN, MAX_CHANNELS, clamp_pan, width_of
from reaper_drumgain.units import UNITY, LinearGain

_VOLUME_LEAD, _VOLUME_FOLLOW, _VOLUME_REVERSE, _VCA_LEAD, _VCA_FOLLOW = 0, 1, 14, 20, 21
_WORD = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class PlainValues:
    """The values of lines that have no effect on each other, in the order of ``PLAIN_LINES``.

    Attributes
    ----------
    folder
        The change of folder depth.
    lane_mode, lane_count
        FREEMODE, and the number of fixed lanes.
    offset
        The playback offset and its flags.
    pan_mode
        REAPER's number, -1 for that of the project.
    mute_solo
        Whether the track is muted, and whether it is soloed.
    main_send, main_send_channels
        Whether it is sent to its parent and to which channel, and how many channels.
    width
        -1 to 1.
    inverted
        Whether the polarity is inverted.
    channels
        The number of channels.
    effects
        Whether effects are on.
    automation
        REAPER's number of the automation mode.
    hidden, selected
        Whether the track is hidden, and whether it is selected.
    """

    folder: int
    lane_mode: int
    lane_count: int
    offset: tuple[float, int]
    pan_mode: int
    mute_solo: tuple[bool, bool]
    main_send: tuple[bool, int]
    main_send_channels: int
    width: float
    inverted: bool
    channels: int
    effects: bool
    automation: int
    hidden: bool
    selected: bool


def volpan(fields: Fields) -> tuple[LinearGain, float, float]:
    """Fader, pan and pan law (below zero where it is the project's)."""
    law = fields.real(2, -1.0)
    return _fader(fields), clamp_pan(fields.real(1, 0.0)), law


NO_VOLPAN = UNITY, 0.0, -1.0


def _fader(volume: Fields) -> LinearGain:
    if not len(volume):
        volume.faults.append("its VOLPAN line has no value: its fader is at -inf")
        return LinearGain(0.0)
    value = number(volume.values[0])
    if value is None:
        got = text(volume.values[0])[:40]
        volume.faults.append(f"its fader is {got!r}, which is not a number: -inf is assumed")
        return LinearGain(0.0)
    if value < 0.0:
        volume.faults.append(f"its fader is below zero ({value:g}): the sign is ignored")
    return LinearGain(abs(value))


def dual_pan(
    mode: int, line: bytes | None, width: float, warnings: list[str]
) -> tuple[float, float] | None:
    """The two pans of a track, as ``Track.dual_pan`` has them.

    Parameters
    ----------
    mode
        REAPER's number of the pan mode.
    line
        The VOLPAN line, which holds left and right pan; None where there is none.
    width
        The width of the track, -1 to 1.
    warnings
        Gets sentences on damaged values.

    Returns
    -------
    tuple of float or None
        None in the modes without two pans, where the width is 1.
    """
    if mode != DUAL_PAN:
        return width_of(mode, width)
    volume = Fields("VOLPAN", values(line or b""), warnings)
    return clamp_pan(volume.real(3, -1.0)), clamp_pan(volume.real(4, 1.0))


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
    return clamp_pan(fields.real(0, 1.0))


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
    mode.faults.append(f"AUTOMODE is {value}: trim/read is assumed")
    return 0


@dataclass(frozen=True, slots=True)
class FaderGroups:
    """The numbers, from 1, of the groups that a track's fader belongs to.

    Attributes
    ----------
    volume
        Groups in which the fader leads or follows.
    vca_led, vca_followed
        Groups in which the track leads a VCA, and follows one.
    """

    volume: tuple[int, ...]
    vca_led: tuple[int, ...]
    vca_followed: tuple[int, ...]


NO_GROUPS = FaderGroups((), (), ())


def fader_groups(lines: dict[bytes, bytes], warnings: list[str]) -> FaderGroups:
    """The groups in the GROUP_FLAGS lines of a track, given by key."""
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
            warnings.append("follows its volume group in reverse: treated as a normal member")
    lead, follow, vca_lead, vca_follow = (found.get(kind, set()) for kind in kinds)
    return FaderGroups(*(tuple(sorted(group)) for group in (lead | follow, vca_lead, vca_follow)))


#: the lines that ``PlainValues`` holds, and what reads them
PLAIN_LINES: dict[bytes, Callable[[Fields], Any]] = {
    b"ISBUS": _folder,
    b"FREEMODE": _whole,
    b"ITEMLANES": _whole,
    b"PLAYOFFS": _offset,
    b"PANMODE": _pan_mode,
    b"MUTESOLO": _mute_solo,
    b"MAINSEND": _main_send,
    b"MAINSEND_NCH": _whole,
    b"WIDTH": _width,
    b"IPHASE": _flag,
    b"NCHAN": _channels,
    b"FX": _unless_off,
    b"AUTOMODE": _automation,
    b"SHOWINMIX": _hidden,
    b"SEL": _flag,
}
