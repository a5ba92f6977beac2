"""Reads all tracks once, in step, and makes a ``Measurement`` of them.

The streams are read in chunks of seconds. What is kept is what loudness, levels, spectrum and
bleed are computed from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass

import numpy as np

from reaper_drumgain.analysis.descriptors import Descriptor, Meter, SegmentFrames
from reaper_drumgain.analysis.k_weighting import ORDER, KWeighting
from reaper_drumgain.analysis.loudness import Float32, hop_length
from reaper_drumgain.analysis.measurement import FINE, Measurement, Stream, TrackMeasures
from reaper_drumgain.analysis.mix_loudness import CovarianceMeter
from reaper_drumgain.analysis.onset_windows import OnsetWindowMeter
from reaper_drumgain.analysis.peaks import peak_step, step_peaks
from reaper_drumgain.analysis.recording_faults import FaultMeter
from reaper_drumgain.analysis.scheduler import PIECE_HOPS, Chunks, chunk_hops, run
from reaper_drumgain.analysis.spectrum import Spectra, SpectrumMeter, SpectrumPlan

#: samples above this (100 dBFS) are damage, like those that are not finite
SANE_PEAK = 1e5


@dataclass(frozen=True, slots=True)
class _Chunk:
    """The next part of a track: ``samples`` (channels, length), None where all are zero.

    ``peaks``: as ``step_peaks`` gives them. ``last``: the track ends with it.
    """

    samples: Float32 | None
    peaks: Float32
    length: int
    last: bool


class _TrackMeter:
    """Measures one stream, chunk by chunk (``scheduler.TrackMeter``)."""

    def __init__(
        self, stream: Stream, weighting: KWeighting, spectrum: SpectrumMeter, hop: int, chunk: int
    ) -> None:
        self._stream = stream
        self._weighting = weighting
        self.hop = hop
        self.channels = stream.channels
        if self.channels not in {1, 2}:
            raise ValueError(f"a stream has {self.channels} channels, expected 1 or 2")
        self._states = [np.zeros(ORDER) for _ in range(self.channels)]
        self._ringing = False
        self.spectrum = spectrum
        self.descriptors: Sequence[Meter] = ()
        self._step = peak_step(hop)
        self._faults = FaultMeter(stream.rate, self.channels, stream.frames)
        self._edges = np.round(np.linspace(0, hop, FINE + 1)).astype(np.intp)
        widths = np.tile(np.diff(self._edges), chunk // hop)
        self._widths: Float32 = widths.astype(np.float32)
        self._envelope: list[Float32] = []
        self.chunk_envelope: Float32 = np.zeros(0, dtype=np.float32)
        self._peaks: list[Float32] = []
        self._peak = 0.0
        self._damaged = 0
        self._job: Future[list[Spectra]] | None = None
        self._frames = 0
        self._ended = False

    def _read(self, wanted: int) -> Float32 | None:
        """The next chunk, shorter only at the end; None where all of it is silence."""
        parts: list[Float32] = []
        silent = True
        got = 0
        while got < wanted and not self._ended:
            block = self._stream.read(wanted - got)
            if block is None:
                count = min(wanted - got, self._stream.frames - self._frames - got)
                if count <= 0:
                    self._ended = True
                    break
                if count == wanted:
                    self._advance(wanted)
                    return None
                block = np.zeros((self.channels, count), dtype=np.float32)
            elif block.shape[1] == 0:
                self._ended = True
                break
            else:
                silent = False
            parts.append(block)
            got += block.shape[1]
        self._advance(got)
        if silent:
            return None
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def _advance(self, frames: int) -> None:
        self._frames += frames
        self._ended = self._ended or self._frames >= self._stream.frames

    def read_chunk(self, wanted: int) -> _Chunk:
        """The next chunk of ``wanted`` samples, shorter at the end of the stream."""
        before = self._frames
        samples = self._read(wanted)
        if samples is None:
            peaks = np.zeros((self.channels, wanted // self._step), dtype=np.float32)
        else:
            peaks = step_peaks(samples, self._step)
        return _Chunk(samples, peaks, self._frames - before, self._ended)

    def measure_chunk(self, chunk: _Chunk, weighted: Float32, helper: Executor | None) -> bool:
        """Measure a chunk; its K-weighted samples go to ``weighted`` (channels, samples).

        ``weighted`` holds whole hops, at most as many as in the first chunk; it is not written
        where all is silent, and False is returned. ``helper`` computes the spectra meanwhile;
        they are added with the next chunk, or by ``settle``.
        """
        self.settle()
        samples = chunk.samples
        self._peaks.append(chunk.peaks)
        if samples is not None:
            samples = self._check(samples, float(chunk.peaks.max()))
        if helper is None:
            self.spectrum.add(self._transform(samples, chunk))
        else:
            self._job = helper.submit(self._transform, samples, chunk)
        if samples is None and not self._ringing:
            steps = weighted.shape[1] // self.hop * FINE
            self.chunk_envelope = np.zeros(steps, dtype=np.float32)
            self._envelope.append(self.chunk_envelope)
            return False
        self._ringing = samples is not None
        if samples is None:
            samples = np.zeros((self.channels, 0), dtype=np.float32)
        self._weight(samples, weighted)
        if not self._ringing:
            self._states = [np.zeros(ORDER) for _ in self._states]
        return True

    def settle(self) -> None:
        """Add the spectra of the last chunk."""
        if self._job is not None:
            self.spectrum.add(self._job.result())
            self._job = None

    def _transform(self, samples: Float32 | None, chunk: _Chunk) -> list[Spectra]:
        length = chunk.length
        if not length:
            return []
        for descriptor in self.descriptors:
            descriptor.add(samples, length)
        self._faults.add(samples, length, chunk.peaks, self._step)
        return self.spectrum.silence(length) if samples is None else self.spectrum.powers(samples)

    def _check(self, samples: Float32, peak: float) -> Float32 | None:
        """Note the peak and set damaged samples to 0; None where all samples are zero."""
        if not peak <= SANE_PEAK:
            bad = ~(np.abs(samples) <= SANE_PEAK)
            self._damaged += int(bad.sum())
            samples = np.where(bad, np.float32(0.0), samples)
            peak = float(np.abs(samples).max())
        if peak == 0.0:
            return None
        self._peak = max(self._peak, peak)
        return samples

    def _weight(self, samples: Float32, weighted: Float32) -> None:
        chunk = weighted.shape[1]
        envelope = np.zeros(chunk // self.hop * FINE, dtype=np.float32)
        for number in range(self.channels):
            channel = samples[number]
            if channel.shape[0] < chunk:
                channel = np.zeros(chunk, dtype=np.float32)
                channel[: samples.shape[1]] = samples[number]
            out = weighted[number]
            for start in range(0, chunk, PIECE_HOPS * self.hop):
                piece = slice(start, start + PIECE_HOPS * self.hop)
                state = self._weighting.process(channel[piece], self._states[number], out[piece])
                self._states[number] = state
            if self.hop % FINE == 0:
                rows = out.reshape(-1, self.hop // FINE)
                envelope += np.einsum("ij,ij->i", rows, rows)
            else:
                squares = np.square(out).reshape(-1, self.hop)
                envelope += np.add.reduceat(squares, self._edges[:-1], axis=1).ravel()
        # a track of one channel plays on both sides
        envelope *= (2.0 / self.channels) / self._widths[: envelope.size]
        self.chunk_envelope = envelope
        self._envelope.append(envelope)

    def finish(self) -> TrackMeasures:
        """What was measured up to the end of the stream."""
        whole = self._frames // self.hop * FINE
        envelope = np.concatenate(self._envelope)[:whole] if self._envelope else np.zeros(0)
        peaks = np.concatenate(self._peaks, axis=1)
        return TrackMeasures(
            self.channels,
            self._frames,
            self._peak,
            self.spectrum.energy,
            self._damaged,
            envelope.astype(np.float32),
            peaks[:, : -(-self._frames // self._step)],
            self.spectrum.finish(),
            self._faults.finish(),
        )


def measure(
    streams: Sequence[Stream],
    *,
    threads: int = 2,
    progress: Callable[[float], None] | None = None,
    descriptors: Sequence[Descriptor] = (),
) -> Measurement:
    """Read all streams to their ends, in step, and measure them.

    Parameters
    ----------
    streams
        The tracks, all at one sample rate, with one or two channels each.
    threads
        With 1 everything runs in the calling thread. With more, that many tracks are read at once,
        ahead of need, one more thread transforms, and the calling one filters and sums. BLAS
        should run in one thread, which has to be set before NumPy is imported.
    progress
        Called in the calling thread with the share that is done, ending with 1.0.
    descriptors
        What is measured in addition.

    Returns
    -------
    Measurement
        One entry per stream.

    Raises
    ------
    ValueError
        There are no streams, their rates differ, or one has more than two channels.
    """
    if not streams:
        raise ValueError("nothing to measure: no streams")
    rate = streams[0].rate
    if any(stream.rate != rate for stream in streams):
        raise ValueError("streams have different sample rates")
    hop = hop_length(rate)
    hops = chunk_hops(sum(stream.channels for stream in streams) * hop)
    chunk = hop * hops
    plan = SpectrumPlan(rate, chunk) if threads > 1 else SpectrumPlan(rate)
    expected = max(stream.frames for stream in streams)
    meters = _meters(streams, plan, chunk, descriptors)
    stops = np.cumsum([meter.channels for meter in meters]).tolist()
    slices = [slice(stop - meter.channels, stop) for meter, stop in zip(meters, stops, strict=True)]
    covariance = CovarianceMeter(slices, hop)
    onsets = OnsetWindowMeter(rate, slices)
    chunks, report = Chunks(hop, chunk, expected), _reporter(progress, expected)
    run(meters, slices, covariance, onsets, chunks, report, threads=threads)
    tracks = tuple(meter.finish() for meter in meters)
    frames = max(track.frames for track in tracks)
    if progress:
        progress(1.0)
    mix = covariance.finish(frames // hop)
    windows, hits = onsets.finish(), onsets.hit_spectra()
    described = _described(meters, descriptors)
    return Measurement(rate, frames / rate, tracks, mix, windows, hits, described)


def _keeps_frames(descriptors: Sequence[Descriptor]) -> bool:
    return any(isinstance(descriptor, SegmentFrames) for descriptor in descriptors)


def _meters(
    streams: Sequence[Stream], plan: SpectrumPlan, chunk: int, descriptors: Sequence[Descriptor]
) -> list[_TrackMeter]:
    """One meter per stream; ``chunk``: samples of the longest chunk."""
    rate = streams[0].rate
    hop = hop_length(rate)
    weighting = KWeighting(rate)
    keep = _keeps_frames(descriptors)
    spectra = [SpectrumMeter(plan, stream.channels, keep=keep) for stream in streams]
    pairs = zip(streams, spectra, strict=True)
    meters = [_TrackMeter(stream, weighting, own, hop, chunk) for stream, own in pairs]
    expected = max(stream.frames for stream in streams)
    for meter in meters:
        meter.descriptors = [
            descriptor.meter(rate, meter.channels, expected) for descriptor in descriptors
        ]
    return meters


def _described(
    meters: Sequence[_TrackMeter], descriptors: Sequence[Descriptor]
) -> dict[str, tuple[Float32, ...]]:
    described = {
        descriptor.name: tuple(meter.descriptors[place].finish() for meter in meters)
        for place, descriptor in enumerate(descriptors)
    }
    if _keeps_frames(descriptors):
        described[SegmentFrames().name] = tuple(meter.spectrum.frames() for meter in meters)
    return described


def _reporter(progress: Callable[[float], None] | None, expected: int) -> Callable[[int], None]:
    return lambda done: progress(min(done / max(expected, 1), 1.0)) if progress else None
