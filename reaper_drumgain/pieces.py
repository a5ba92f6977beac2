"""A part of what was heard, measured for itself without hearing it again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reaper_drumgain import features
from reaper_drumgain.loudness import Float32, hop_length
from reaper_drumgain.peaks import peak_step
from reaper_drumgain.probes import PieceFrames, Pieces, Probe
from reaper_drumgain.spectrum import summary_of

#: what a measurement needs among its probes to be taken apart
PIECES: tuple[Probe, ...] = (Pieces(), PieceFrames())


def between(
    measurement: features.Measurement, first: int, last: int, probes: Sequence[Probe] = ()
) -> features.Measurement:
    """The measurement of hops ``first`` to ``last`` alone, as if nothing else had been heard.

    It was made with ``PIECES`` among its probes; ``probes`` are the others. Differences to a
    measurement of that part are those of ``summary_of`` and of filters that ring into it.
    Raises ValueError where the measurement has no pieces, or for no hops.
    """
    if not 0 <= first < last:
        raise ValueError(f"expected hops from and up to, got {first} to {last}")
    if Pieces().name not in measurement.probed:
        raise ValueError("the measurement was made without pieces")
    rate, hop = measurement.rate, hop_length(measurement.rate)
    per_hop = hop // peak_step(hop)
    frames_of = PieceFrames()
    total = round(measurement.seconds * rate)

    def cut(frames: Float32) -> Float32:
        return frames_of.cut(frames, rate, total, first * hop, last * hop)

    tracks = tuple(
        features.TrackMeasures(
            channels=track.channels,
            frames=min(max(track.frames - first * hop, 0), (last - first) * hop),
            peak=float(levels[first:last, 0].max(initial=0.0)),
            energy=float(levels[first:last, 1].sum(dtype=np.float64)),
            damaged=0,
            envelope=track.envelope[first * features.FINE : last * features.FINE],
            peaks=track.peaks[:, first * per_hop : last * per_hop],
            spectrum=summary_of(cut(frames), rate),
        )
        for track, levels, frames in zip(
            measurement.tracks,
            measurement.probed[Pieces().name],
            measurement.probed[frames_of.name],
            strict=True,
        )
    )
    probed = {
        probe.name: tuple(
            probe.cut(own, rate, total, first * hop, last * hop)
            for own in measurement.probed[probe.name]
        )
        for probe in probes
    }
    seconds = max(track.frames for track in tracks) / rate
    return features.Measurement(rate, seconds, tracks, measurement.mix.between(first, last), probed)
