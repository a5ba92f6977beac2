"""The faders that were found for the measured drum tracks, and the level of the drums with them.

Made by ``solver``; all that a plan, its warnings and gains over time need to know of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Solution:
    """Old and new faders of n measured tracks, and the level of the drums with both.

    Attributes
    ----------
    old, faders
        Shape (n,): in dB.
    limited_db
        Shape (n,): how many dB a fader would need beyond its upper end, 0 where it needs none.
    trims, old_trims
        Shape (n,): the trims in the new and in the old faders, in dB.
    before_lufs, after_lufs
        Gated loudness of the drums along their path.
    before_dbfs, after_dbfs
        Their sample peak; -inf unless the level setting asks for a peak.
    short_db
        By how many dB the drums are softer than asked for, because faders end.
    intervals
        Shape (n, 2): the method's intervals around the end of the full moves in dB, NaN where there
        is none. None for a method without intervals.
    warnings
        Sentences on settings that could not be met.
    within
        Shape (n,): tracks that stay because they stand within their interval. None where all were
        balanced anew.
    """

    old: Array
    faders: Array
    limited_db: Array
    trims: Array
    old_trims: Array
    before_lufs: float
    after_lufs: float
    before_dbfs: float = -math.inf
    after_dbfs: float = -math.inf
    short_db: float = 0.0
    intervals: Array | None = None
    warnings: tuple[str, ...] = ()
    within: NDArray[np.bool_] | None = None
