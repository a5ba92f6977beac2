"""Moves for faders that an engineer has set: only those outside the method's interval move.

A track's place is its fader less the gain that the method has for it. The level of the kit is the
median place (of an even number the lower one of the two in the middle), so that one odd track does
not shift it, and no move of an outlier to the edge of its interval does either: a second run
changes nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.faders.links import Links, linked_moves

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: faders in dB that are equal to so many decimal places count as one value
_PLACES = 3


def sharing_one_value(faders: Sequence[float]) -> int:
    """How many of these faders in dB have the value that most of them have; 0 where no two do."""
    values = Counter(round(f, _PLACES) if math.isfinite(f) else f for f in faders)
    most = max(values.values(), default=0)
    return most if most > 1 else 0


def is_untouched(alike: int, count: int) -> bool:
    """Whether a session counts as not mixed yet.

    At least two thirds of its ``count`` faders then share one value or are where DrumGain set
    them; ``alike`` says how many do.
    """
    return 3 * alike >= 2 * count


@dataclass(frozen=True, slots=True)
class Outliers:
    """Which of n faders stand outside their interval, and by how much.

    Attributes
    ----------
    moves
        Shape (n,): moves in dB from the faders to the edge of their interval, 0.0 within it.
    intervals
        Shape (n, 2): the intervals as faders in dB, NaN where the method has none.
    """

    moves: Array
    intervals: Array

    @property
    def within(self) -> Mask:
        """Shape (n,): tracks that stand within their interval."""
        return np.asarray(np.isfinite(self.intervals).all(axis=1) & (self.moves == 0.0))


def outlier_moves(
    faders: Array, gains: Array, intervals: Array, active: Mask, links: Links
) -> Outliers:
    """The moves of the faders that stand outside their interval.

    Parameters
    ----------
    faders, gains
        Shape (n,): present faders and the method's gains in dB; gains are NaN where it has none.
    intervals
        Shape (n, 2): lower and upper bounds in dB, on the scale of the gains.
    active
        Shape (n,): tracks that hold their own drum. The others do not count.
    links
        Linked tracks make one move: their mean place is compared with their mean interval.

    Returns
    -------
    Outliers
        No moves and no intervals where no active track has an interval.
    """
    known = active & np.isfinite(gains) & np.isfinite(intervals).all(axis=1)
    if not known.any():
        return Outliers(np.zeros(faders.size), np.full((faders.size, 2), np.nan))
    place = linked_moves(np.where(known, faders - gains, 0.0), links, known)
    bounds = np.where(known[:, None], intervals - gains[:, None], 0.0)
    low, high = (linked_moves(bounds[:, side], links, known) for side in (0, 1))
    ordered = np.sort(place[known])
    level = ordered[(ordered.size - 1) // 2]
    moves = np.clip(place, level + low, level + high) - place
    # a silent side of a pair follows the other one, but is never raised
    counting = np.array([known[list(members)].any() for members in links])
    moves = np.where(known, moves, np.where(counting, np.minimum(0.0, moves), 0.0))
    at_level = faders - place + level
    shown = np.stack([at_level + low, at_level + high], axis=1)
    return Outliers(moves, np.where(known[:, None], shown, np.nan))
