"""A part of an analysis as an analysis of its own, without reading the audio again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reaper_drumgain.analysis.descriptors import Descriptor, SegmentFrames, SegmentLevels
from reaper_drumgain.analysis.loudness import Float32, hop_length
from reaper_drumgain.analysis.measurement import FINE, Measurement, TrackMeasures
from reaper_drumgain.analysis.peaks import peak_step
from reaper_drumgain.analysis.spectrum import summary_of

#: the descriptors with which a measurement can be cut into parts
SEGMENT_DESCRIPTORS: tuple[Descriptor, ...] = (SegmentLevels(), SegmentFrames())


def between(
    measurement: Measurement, first: int, last: int, descriptors: Sequence[Descriptor] = ()
) -> Measurement:
    """The measurement of a part of the session.

    It differs from a measurement of that part alone as ``summary_of`` says, and by filters that
    still ring from before.

    Parameters
    ----------
    measurement
        Made with ``SEGMENT_DESCRIPTORS`` among its descriptors.
    first, last
        The first hop of 100 ms, and the one after the last.
    descriptors
        The other descriptors whose results are wanted.

    Returns
    -------
    Measurement
        Of hops ``first`` to ``last``.

    Raises
    ------
    ValueError
        The measurement has no segment levels, or there are no hops.
    """
    if not 0 <= first < last:
        raise ValueError(f"expected hops, the first one before the last, got {first} and {last}")
    if SegmentLevels().name not in measurement.described:
        raise ValueError("the measurement was made without segment levels")
    rate, hop = measurement.rate, hop_length(measurement.rate)
    total = round(measurement.seconds * rate)
    tracks = _tracks_between(measurement, first, last)
    described = {
        descriptor.name: tuple(
            descriptor.cut(own, rate, total, first * hop, last * hop)
            for own in measurement.described[descriptor.name]
        )
        for descriptor in descriptors
    }
    seconds = max(track.frames for track in tracks) / rate
    mix = measurement.mix.between(first, last)
    onsets = measurement.onset_windows.between(first * FINE, last * FINE)
    spectra = measurement.hit_spectra
    return Measurement(rate, seconds, tracks, mix, onsets, spectra, described)


def _tracks_between(measurement: Measurement, first: int, last: int) -> tuple[TrackMeasures, ...]:
    rate, hop = measurement.rate, hop_length(measurement.rate)
    per_hop = hop // peak_step(hop)
    frames_of = SegmentFrames()
    total = round(measurement.seconds * rate)

    def cut(frames: Float32) -> Float32:
        return frames_of.cut(frames, rate, total, first * hop, last * hop)

    return tuple(
        TrackMeasures(
            channels=track.channels,
            frames=min(max(track.frames - first * hop, 0), (last - first) * hop),
            peak=float(levels[first:last, 0].max(initial=0.0)),
            energy=float(levels[first:last, 1].sum(dtype=np.float64)),
            damaged=0,
            envelope=track.envelope[first * FINE : last * FINE],
            peaks=track.peaks[:, first * per_hop : last * per_hop],
            spectrum=summary_of(cut(frames), rate),
            faults=track.faults,
        )
        for track, levels, frames in zip(
            measurement.tracks,
            measurement.described[SegmentLevels().name],
            measurement.described[frames_of.name],
            strict=True,
        )
    )
