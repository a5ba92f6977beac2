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
    """Loudness of a K-weighted mean square.

    Parameters
    ----------
    power
        K-weighted mean square, the channels summed; full scale is 1.0.

    Returns
    -------
    float
        ``-0.691 + 10 log10(power)`` in LUFS (ITU-R BS.1770-4, equation 2); -inf for 0.
    """
    return OFFSET_DB + power_to_decibel(power)


def from_lufs(loudness: float) -> float:
    """The K-weighted mean square of a loudness in LUFS: the inverse of ``to_lufs``."""
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
    """Quantiles over the last axis, interpolated linearly, as ``np.quantile`` computes them.

    It exists because ``np.quantile`` imports numpy.ma, which takes a tenth of the time of a short
    run.

    Parameters
    ----------
    values
        Shape (..., n), n at least 1.
    shares
        Which quantiles, each 0 to 1.

    Returns
    -------
    array
        Shape (len(shares), ...).
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
    """Integrated loudness with both gates.

    Parameters
    ----------
    hops
        Shape (n,): K-weighted mean squares of consecutive hops of 100 ms, the channels summed.

    Returns
    -------
    float
        Loudness in LUFS. -inf where no block passes the gates (silence), NaN where there is no
        whole block (less than 400 ms).

    Notes
    -----
    ITU-R BS.1770-4: blocks of 400 ms that overlap by 75 %. Blocks at or below -70 LUFS are left
    out, then those at or below 10 LU under the mean of the rest. An incomplete block at the end
    does not count.
    """
    return gated_mean(_sliding_mean(np.asarray(hops, dtype=np.float64), GATING_HOPS))


def gated_mean(blocks: Float64) -> float:
    """Loudness of gating blocks, with both gates of ITU-R BS.1770-4 (see ``gated_loudness``).

    Parameters
    ----------
    blocks
        Shape (n,): K-weighted mean squares of blocks of 400 ms, the channels summed.

    Returns
    -------
    float
        Loudness in LUFS; -inf where no block passes the gates, NaN where there is no block.
    """
    if not blocks.size:
        return math.nan
    loud = blocks[blocks > from_lufs(ABSOLUTE_GATE_LUFS)]
    if not loud.size:
        return -math.inf
    gate = loud.sum() / loud.size * to_power(Decibel(RELATIVE_GATE_LU))
    loud = loud[loud > gate]
    return to_lufs(float(loud.sum() / loud.size))


def loudness_range(hops: npt.ArrayLike) -> float:
    """Loudness range (LRA).

    Parameters
    ----------
    hops
        Shape (n,): K-weighted mean squares of consecutive hops of 100 ms, the channels summed.

    Returns
    -------
    float
        Loudness range in LU; NaN below 3 s and for silence.

    Notes
    -----
    EBU Tech 3342: short-term loudness of 3 s every 100 ms, gates at -70 LUFS and at 20 LU under the
    mean, the difference between the 10th and the 95th percentile (nearest rank).
    """
    blocks = _sliding_mean(np.asarray(hops, dtype=np.float64), SHORT_TERM_HOPS)
    loud = blocks[blocks >= from_lufs(ABSOLUTE_GATE_LUFS)]
    if not loud.size:
        return math.nan
    loud = np.sort(loud[loud >= loud.mean() * to_power(Decibel(RANGE_GATE_LU))])
    last = loud.size - 1
    low, high = loud[int(last * 0.10 + 0.5)], loud[int(last * 0.95 + 0.5)]
    return power_to_decibel(float(high / low))
