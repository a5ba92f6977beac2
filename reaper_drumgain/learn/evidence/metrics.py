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
    """The error of every track: |gain - target - offset|.

    Parameters
    ----------
    gains, target
        Shape (..., tracks): in dB; the target may be NaN.
    how
        How the common offset is taken.

    Returns
    -------
    ndarray
        Shape (..., tracks): errors in dB, NaN where the target is NaN.
    """
    error = gains - target
    middle = np.nanmedian if how == "median" else np.nanmean
    return np.asarray(np.abs(error - middle(error, axis=-1, keepdims=True)))


def centred_error(gains: Float64, target: Float64, how: Offset = "median") -> float:
    """Mean absolute error after the common offset, over tracks and all other axes.

    Parameters
    ----------
    gains, target
        Shape (..., tracks): in dB; the target may be NaN.
    how
        How the common offset is taken.

    Returns
    -------
    float
        In dB.
    """
    errors = track_errors(gains, target, how)
    return float(np.mean(np.nanmean(errors, axis=-1)))


def error_to_engineers(gains: Float64, engineers: Float64, how: Offset = "median") -> float:
    """The error against each engineer, mean over engineers.

    An engineer with fewer than two tracks says nothing about balance and does not count.

    Parameters
    ----------
    gains
        Shape (..., tracks): in dB.
    engineers
        Shape (mixes, tracks): the engineers' gains in dB, NaN where a mix lacks a track.
    how
        How the common offset is taken.

    Returns
    -------
    float
        In dB.
    """
    counting = engineers[np.isfinite(engineers).sum(axis=1) >= 2]
    return float(np.mean([centred_error(gains, one, how) for one in counting]))


def human_references(engineers: Float64, how: Offset = "median") -> tuple[float, float]:
    """How far engineers are from each other, to compare methods with.

    Only tracks that both sides have count.

    Parameters
    ----------
    engineers
        Shape (mixes, tracks): gains in dB of two mixes or more.
    how
        How the common offset is taken.

    Returns
    -------
    one : float
        The error in dB of one other engineer against one engineer, mean over all.
    middle : float
        The same of the median of all others (see ``human_faders.median_engineer``).
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
    """Percentile bootstrap interval of a mean.

    Songs are drawn with replacement, ``BOOTSTRAP_DRAWS`` times.

    Parameters
    ----------
    values
        Shape (songs,).
    seed
        Of the random generator.
    share
        Share that the interval holds, 0 to 1.

    Returns
    -------
    tuple of float
        Lower and upper bound.

    References
    ----------
    Efron 1979.
    """
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, len(values), (BOOTSTRAP_DRAWS, len(values)))
    low, high = np.quantile(values[picks].mean(axis=1), [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)
