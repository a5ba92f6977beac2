"""The fixed lanes of a track (REAPER 7), from its lines.

Assumed, to be checked against REAPER itself: a track with FREEMODE 2 has ITEMLANES lanes.
LANESOLO holds the playing lanes as bits of 32-bit words; where the line is missing, all play.
A track that had fixed lanes (FREEMODE 0 with a LANESOLO line): its items on lanes that did not
play are hidden and do not play. An item's lane is YPOS's first field (its top as a fraction of
the track) times the lane count.
"""

from __future__ import annotations

from dataclasses import dataclass

from reaper_drumgain.hosts.rpp.values import number, text
from reaper_drumgain.tracks.reaper_rules import FIXED_LANES

#: REAPER 7 has 256
_MAX_LANES = 1024
_WORD = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Lanes:
    """The fixed lanes of a track.

    Attributes
    ----------
    count
        How many there are; 0 for none.
    playing
        A bit for each lane that plays.
    former
        Whether the track has none any more.
    """

    count: int = 0
    playing: int = -1
    former: bool = False

    def of(self, top: float) -> int | None:
        """The lane of an item whose top is at this fraction of the track's height."""
        if self.count < 1:
            return None
        return min(max(round(top * self.count), 0), self.count - 1)

    def plays(self, lane: int | None) -> bool:
        """Whether a lane plays."""
        return lane is None or bool(self.playing >> lane & 1)


_NO_LANES = Lanes()


def lanes_of(mode: int, count: int, solo: bytes | None, warnings: list[str]) -> Lanes:
    """The fixed lanes of a track.

    Parameters
    ----------
    mode, count
        The values of FREEMODE and ITEMLANES.
    solo
        The LANESOLO line; None where there is none.
    warnings
        Gets sentences on damaged values.

    Returns
    -------
    Lanes
        With a count of 0 where the track has no lanes.
    """
    had_lanes = mode == 0 and solo is not None and count > 1
    if mode != FIXED_LANES and not had_lanes:
        return _NO_LANES
    lanes = min(max(1, count), _MAX_LANES)
    if solo is None:
        return Lanes(lanes)
    playing = 0
    for place, word in enumerate(solo.split()[:32]):
        value = number(word)
        if value is None or not 0 <= value <= _WORD:
            warnings.append(f"LANESOLO holds {text(word)[:40]!r}: those lanes are taken as silent")
            continue
        playing |= int(value) << 32 * place
    return Lanes(lanes, playing, former=had_lanes)
