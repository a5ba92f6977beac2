"""The two sides of overheads and rooms: which tracks are pairs, and how they are corrected.

The sides of a pair are corrected by what all drums and bands have in common of their difference
(``analysis.stereo_pairs``), neither by more nor by less: the rest belongs to the picture.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.hits import Strokes
from reaper_drumgain.analysis.stereo_pairs import PairReading, read_pair
from reaper_drumgain.methods.session_levels import SessionLevels
from reaper_drumgain.tracks.roles import Role

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]


def side_pairs(roles: Sequence[Role]) -> list[tuple[int, int]]:
    """The two sides of each pair: the numbers of its left and its right microphone.

    A pair is one left and one right microphone of a role and number.
    """
    sides: dict[tuple[str, int | None], dict[str, list[int]]] = {}
    for place, role in enumerate(roles):
        if role.side in ("left", "right"):
            by = sides.setdefault((role.name, role.ordinal), {"left": [], "right": []})
            by[role.side].append(place)
    pairs = [(by["left"], by["right"]) for by in sides.values()]
    return [(left[0], right[0]) for left, right in pairs if len(left) == len(right) == 1]


def pair_sides(roles: Sequence[Role]) -> Bool:
    """Which microphones are a side of a pair.

    Both sides stand alike and hear the same playing, so that the errors of both are one: each
    counts half.

    Parameters
    ----------
    roles
        The roles of n tracks.

    Returns
    -------
    array
        Shape (n,): True for the sides of pairs.
    """
    found = np.zeros(len(roles), dtype=bool)
    for pair in side_pairs(roles):
        found[list(pair)] = True
    return found


def read_sides(left: int, right: int, levels: SessionLevels, strokes: Strokes) -> PairReading:
    """How the two sides differ at onsets at which one drum alone has a stroke.

    Parameters
    ----------
    left, right
        Numbers of the two tracks.
    levels
        The sounding tracks of a session.
    strokes
        Which onsets are strokes of which drum.

    Returns
    -------
    PairReading
        The difference in dB, and how much of it all drums and bands have in common.
    """
    one = strokes.assigned.sum(axis=0) == 1
    alone: dict[Hashable, Bool] = {
        name: strokes.assigned[drum] & one
        for drum, name in enumerate(strokes.names)
        if not strokes.owners[drum, [left, right]].any()
    }
    return read_pair(levels.energy[left], levels.energy[right], alone)


def with_pairs(undone: Float64, levels: SessionLevels, strokes: Strokes) -> tuple[Float64, Float64]:
    """Correct the sides of each pair by the part of their difference that is recording gain.

    Parameters
    ----------
    undone
        Shape (n,), in dB: what is taken off the faders so far.
    levels
        The n sounding tracks of a session.
    strokes
        Which onsets are strokes of which drum.

    Returns
    -------
    tuple of arrays
        ``undone`` with the pairs that can be read set right, and the part of it by which their
        sides differ; each of shape (n,), in dB.
    """
    undone, pair_db = undone.copy(), np.zeros(undone.size)
    for left, right in side_pairs(levels.roles):
        reading = read_sides(left, right, levels, strokes)
        if np.isfinite(reading.at_hits_db):
            middle = (undone[left] + undone[right]) / 2.0
            pair_db[left], pair_db[right] = reading.amount_db / 2.0, -reading.amount_db / 2.0
            undone[left], undone[right] = middle + pair_db[left], middle + pair_db[right]
    return undone, pair_db
