"""Where the sample peak of a mix may lie, told from the peaks of its tracks.

No mix passes the sum of its tracks' peaks, each times its gain. Most of the time that sum is
below what the mix reaches at its loudest place, so that hardly any audio has to be mixed to
know the peak. Steps are those of ``features.TrackMeasures.peaks``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.features import FINE, Measurement, step_edges
from reaper_drumgain.loudness import Float32, hop_length

#: from and up to which frame
Stretch = tuple[int, int]

#: steps of each mix that are looked at first
_FIRST = 32
#: steps between two that are looked at, up to which they are read rather than skipped
_GAP = FINE
#: by how much rounding may lift a mix above its bound
_ROUNDING = np.float32(1.0001)


def upper_bounds(measurement: Measurement, gains: NDArray[np.float64]) -> Float32:
    """What no sample passes of gains (outputs, channels) times the tracks: (outputs, steps)."""
    factors = _ROUNDING * np.abs(gains).astype(np.float32)
    steps = max(track.peaks.shape[1] for track in measurement.tracks)
    found = np.zeros((len(gains), steps), dtype=np.float32)
    for track, channels in zip(measurement.tracks, measurement.mix.channel_slices, strict=True):
        found[:, : track.peaks.shape[1]] += factors[:, channels] @ track.peaks
    return found


def most_promising(bounds: Float32) -> NDArray[np.bool_]:
    """The few steps of each mix in which its bounds (mixes, steps) are highest: (steps,)."""
    chosen = np.zeros(bounds.shape[1], dtype=bool)
    if chosen.size:
        others = max(0, chosen.size - _FIRST)
        chosen[np.argpartition(bounds, others, axis=1)[:, others:]] = True
    return chosen


def frames_of(chosen: NDArray[np.bool_], rate: int) -> list[Stretch]:
    """The frames of chosen steps (steps,), with what lies between them where that is short."""
    places = np.flatnonzero(chosen)
    begins = np.diff(places, prepend=-2 * _GAP) > _GAP
    firsts, ends = places[begins], places[np.roll(begins, -1)] + 1
    hop = hop_length(rate)
    edges = step_edges(hop)
    frames = [(steps // FINE * hop + edges[steps % FINE]).tolist() for steps in (firsts, ends)]
    return list(zip(*frames, strict=True))


def within(kept: Sequence[Stretch], wanted: Sequence[Stretch]) -> list[Stretch]:
    """Where the frames ``wanted`` of the stretches ``kept``, counted as one, lie in them.

    Both in order of time; what is wanted behind the end is left out.
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
