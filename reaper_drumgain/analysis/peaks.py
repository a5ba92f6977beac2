"""The sample peaks of tracks, step by step, and where the peak of a mix may lie by them.

No mix exceeds the sum of its tracks' peaks, each times its gain. Most of the time that sum is
below what the mix reaches at its loudest place. So the peak is known after hardly any audio was
mixed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.analysis.loudness import Float32, hop_length
from reaper_drumgain.analysis.measurement import Measurement

#: first frame, and the one after the last
Stretch = tuple[int, int]

#: steps of each mix that are looked at first
_FIRST = 16
#: gaps of up to so many steps between two that are read are read as well, not skipped
_GAP = 5
#: by how much rounding may lift a mix above its bound
_ROUNDING = np.float32(1.0001)


def peak_step(hop: int) -> int:
    """Samples per step, for a hop of ``hop`` samples: a fifth of it, or all of it.

    Shorter steps mean that less audio is read again to find the peak of a mix, and that every
    measurement takes longer.
    """
    return hop if hop % 5 else hop // 5


def step_peaks(samples: Float32, step: int) -> Float32:
    """The absolute peak of each step.

    Parameters
    ----------
    samples
        Shape (channels, n).
    step
        Samples per step.

    Returns
    -------
    array
        Shape (channels, steps); the last step may be shorter.
    """
    whole = samples.shape[1] // step * step
    # the bits of floats compare faster as integers: as signed ones the highest float is the
    # largest, as unsigned ones the lowest is, where any is negative
    steps = samples[:, :whole].view(np.int32).reshape(len(samples), -1, step)
    highest = steps.max(axis=2).view(np.float32)
    lowest = steps.view(np.uint32).max(axis=2).view(np.float32)
    peaks: Float32 = np.maximum(highest, -lowest)
    if whole == samples.shape[1]:
        return peaks
    rest = np.abs(samples[:, whole:]).max(axis=1, keepdims=True)
    return np.concatenate([peaks, rest], axis=1)


def upper_bounds(measurement: Measurement, gains: NDArray[np.float64]) -> Float32:
    """Upper bounds of the absolute peaks of mixes.

    Parameters
    ----------
    measurement
        With the peaks of all tracks.
    gains
        Shape (outputs, channels): linear gains of all channels in each output.

    Returns
    -------
    array
        Shape (outputs, steps), linear.
    """
    factors = _ROUNDING * np.abs(gains).astype(np.float32)
    steps = max(track.peaks.shape[1] for track in measurement.tracks)
    found = np.zeros((len(gains), steps), dtype=np.float32)
    for track, channels in zip(measurement.tracks, measurement.mix.channel_slices, strict=True):
        found[:, : track.peaks.shape[1]] += factors[:, channels] @ track.peaks
    return found


def most_promising(bounds: Float32) -> NDArray[np.bool_]:
    """The few steps of each mix in which its bounds are highest.

    Parameters
    ----------
    bounds
        Shape (mixes, steps), linear.

    Returns
    -------
    array
        Shape (steps,), booleans: chosen for any mix.
    """
    chosen = np.zeros(bounds.shape[1], dtype=bool)
    if chosen.size:
        others = max(0, chosen.size - _FIRST)
        chosen[np.argpartition(bounds, others, axis=1)[:, others:]] = True
    return chosen


def frames_of(chosen: NDArray[np.bool_], rate: int) -> list[Stretch]:
    """The frames of chosen steps, with what lies between them where that is short.

    Parameters
    ----------
    chosen
        Shape (steps,), booleans.
    rate
        Sample rate in Hz.

    Returns
    -------
    list
        First frames and those after the last, in order of time.
    """
    places = np.flatnonzero(chosen)
    begins = np.diff(places, prepend=-2 * _GAP) > _GAP
    firsts, ends = places[begins], places[np.roll(begins, -1)] + 1
    step = peak_step(hop_length(rate))
    return list(zip((firsts * step).tolist(), (ends * step).tolist(), strict=True))


def within(kept: Sequence[Stretch], wanted: Sequence[Stretch]) -> list[Stretch]:
    """Find the parts of stretches that hold certain frames, counted as if the stretches were
    joined.

    Parameters
    ----------
    kept
        The stretches, in order of time.
    wanted
        First frame and the one after the last of what is looked for, in order of time: frame 0 is
        the first of the joined ``kept``. What lies behind their end is left out.

    Returns
    -------
    list
        Parts of ``kept``, in order of time.
    """
    found: list[Stretch] = []
    passed = place = 0
    for begin, high in wanted:
        low = begin
        while low < high and place < len(kept):
            first, last = kept[place]
            stop = min(high, passed + last - first)
            if low < stop:
                found.append((first + low - passed, first + stop - passed))
                low = stop
            else:
                passed += last - first
                place += 1
    return found
