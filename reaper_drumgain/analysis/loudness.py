"""Gated loudness and loudness range after ITU-R BS.1770-4 and EBU Tech 3342.

Everything here works on K-weighted mean squares of 100 ms hops (``k_weighting`` makes them).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from reaper_drumgain.units import Decibel, power_to_decibel, to_power

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

HOPS_PER_SECOND = 10
GATING_HOPS = 4
SHORT_TERM_HOPS = 30
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
RANGE_GATE_LU = -20.0
#: BS.1770-4: loudness of mean square p is -0.691 + 10 log10 p
OFFSET_DB = -0.691


def hop_length(rate: int) -> int:
    """Samples of the 100 ms hop by which gating blocks advance (rounded, as libebur128)."""
    return (rate + HOPS_PER_SECOND // 2) // HOPS_PER_SECOND


def to_lufs(power: float) -> float:
    """Loudness of a K-weighted mean square; -inf for none."""
    return OFFSET_DB + power_to_decibel(power)


def from_lufs(loudness: float) -> float:
    """The K-weighted mean square of a loudness."""
    return to_power(Decibel(loudness - OFFSET_DB))


def _sliding_mean(hops: Float64, width: int) -> Float64:
    """Means over windows of ``width`` values: (count,), one for each place of the window.

    Sums over 1, 2, 4, 8, ... neighbours are built by doubling; those of the binary digits of
    ``width`` are added.
    """
    count = hops.size - width + 1
    if count < 1:
        return np.empty(0)
    total = np.zeros(count)
    sums, size, at = hops, 1, 0
    while size <= width:
        if width & size:
            total += sums[at : at + count]
            at += size
        sums = sums[:-size] + sums[size:]
        size *= 2
    total /= width
    return total


def quantiles(values: Float64, shares: Sequence[float]) -> Float64:
    """Quantiles over the last axis, interpolated linearly, as ``np.quantile`` does: (shares, ...).

    On its own because ``np.quantile`` imports numpy.ma, a tenth of a short run's time.
    """
    ordered = np.sort(values)
    last = values.shape[-1] - 1
    found = np.empty((len(shares), *values.shape[:-1]))
    for place, share in enumerate(shares):
        below = int(share * last)
        low, high = ordered[..., below], ordered[..., min(below + 1, last)]
        found[place] = low + (high - low) * (share * last - below)
    return found


def gated_loudness(hops: npt.ArrayLike) -> float:
    """Integrated loudness in LUFS of the K-weighted mean squares of 100 ms hops (n,).

    BS.1770-4: blocks of 400 ms with 75 % overlap, those at or below -70 LUFS and then those
    at or below 10 LU under the mean of the rest are left out; an incomplete block at the end
    does not count. -inf where no block passes (silence), NaN where there is no whole block
    (less than 400 ms).
    """
    return gated_mean(_sliding_mean(np.asarray(hops, dtype=np.float64), GATING_HOPS))


def gated_mean(blocks: Float64) -> float:
    """Loudness in LUFS of the mean squares of gating blocks (n,), gated as ``gated_loudness``."""
    if not blocks.size:
        return math.nan
    loud = blocks[blocks > from_lufs(ABSOLUTE_GATE_LUFS)]
    if not loud.size:
        return -math.inf
    gate = loud.sum() / loud.size * to_power(Decibel(RELATIVE_GATE_LU))
    loud = loud[loud > gate]
    return to_lufs(float(loud.sum() / loud.size))


def loudness_range(hops: npt.ArrayLike) -> float:
    """Loudness range in LU after EBU Tech 3342 of the K-weighted mean squares of 100 ms hops.

    Short-term loudness of 3 s every 100 ms, gates at -70 LUFS and 20 LU under the mean,
    from the 10th to the 95th percentile (nearest rank). NaN below 3 s and for silence.
    """
    blocks = _sliding_mean(np.asarray(hops, dtype=np.float64), SHORT_TERM_HOPS)
    loud = blocks[blocks >= from_lufs(ABSOLUTE_GATE_LUFS)]
    if not loud.size:
        return math.nan
    loud = np.sort(loud[loud >= loud.mean() * to_power(Decibel(RANGE_GATE_LU))])
    last = loud.size - 1
    low, high = loud[int(last * 0.10 + 0.5)], loud[int(last * 0.95 + 0.5)]
    return power_to_decibel(float(high / low))
