"""Errors of gains in dB, and their uncertainty.

The last axis of all arrays is tracks. Gains and targets are in dB; NaN targets do not count. The
common level of a kit is a setting, not a matter of the method: every error is taken after
removing the common offset, the median over tracks of gain - target (or the mean, with ``how``).
Scores are means over tracks, then over songs.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from reaper_drumgain.learn.data.human_faders import Float64

Offset = Literal["median", "mean"]
BOOTSTRAP_DRAWS = 10_000


def track_errors(gains: Float64, target: Float64, how: Offset = "median") -> Float64:
    """|gain - target - offset| in dB for every track, NaN where the target is NaN."""
    error = gains - target
    middle = np.nanmedian if how == "median" else np.nanmean
    return np.asarray(np.abs(error - middle(error, axis=-1, keepdims=True)))


def centred_error(gains: Float64, target: Float64, how: Offset = "median") -> float:
    """Mean absolute error in dB after the common offset, over tracks and all other axes."""
    errors = track_errors(gains, target, how)
    return float(np.mean(np.nanmean(errors, axis=-1)))


def error_to_engineers(gains: Float64, engineers: Float64, how: Offset = "median") -> float:
    """Mean over engineers of the error in dB against each of them.

    ``engineers``: their gains (mixes, tracks). One with fewer than two tracks says nothing about
    balance and does not count.
    """
    counting = engineers[np.isfinite(engineers).sum(axis=1) >= 2]
    return float(np.mean([centred_error(gains, one, how) for one in counting]))


def human_references(engineers: Float64, how: Offset = "median") -> tuple[float, float]:
    """How far engineers are from each other, to compare methods with.

    ``engineers``: gains (mixes, tracks) of two mixes or more. Returns two errors in dB against
    one engineer, means over all: of one other engineer, and of the median of all others (taken as
    ``human_faders.median_engineer`` does). Only tracks that both sides have count.
    """
    from reaper_drumgain.learn.data.human_faders import median_engineer

    ones, medians = [], []
    for place, engineer in enumerate(engineers):
        others = np.delete(engineers, place, axis=0)
        pairs = [np.isfinite(engineer) & np.isfinite(other) for other in others]
        ones += [
            centred_error(other[both], engineer[both], how)
            for other, both in zip(others, pairs, strict=True)
            if both.sum() >= 2
        ]
        known = np.isfinite(engineer) & np.isfinite(others).any(axis=0)
        if known.sum() >= 2:
            middle = median_engineer(others[:, known])
            medians.append(centred_error(middle, engineer[known], how))
    return float(np.mean(ones)), float(np.mean(medians))


def bootstrap(values: Float64, seed: int, share: float = 0.95) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of ``values`` (songs,) (Efron 1979).

    Songs are drawn with replacement, ``BOOTSTRAP_DRAWS`` times. ``share``: of the interval.
    """
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, len(values), (BOOTSTRAP_DRAWS, len(values)))
    low, high = np.quantile(values[picks].mean(axis=1), [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)
