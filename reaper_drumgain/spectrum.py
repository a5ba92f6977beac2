"""Spectral features of one track, accumulated over strided frames.

Frames are those of librosa with ``center=False``, a periodic Hann window, n_fft 2048 up to
64 kHz (doubled with each octave of rate above) and hop n_fft / 4, of which every fourth is
taken: one frame each n_fft samples, the last incomplete one left out. Frames 60 dB and more
under the loudest so far are skipped. Per frame, centroid, bandwidth, roll-off (85 %) and
flatness equal librosa's; over time they are averaged with the frame's energy as weight. The
power spectrum of a stereo track is the mean of both channels'.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reaper_drumgain.loudness import Float32, Float64

#: edges of the bands in Hz: eight of equal width in octaves from 20 Hz to 20 kHz
BAND_EDGES: tuple[float, ...] = tuple(round(20.0 * 1000.0 ** (i / 8.0), 1) for i in range(9))
BANDS = len(BAND_EDGES) - 1
ROLLOFF_SHARE = 0.85
#: librosa's floor of the power in spectral_flatness
FLATNESS_FLOOR = 1e-10
SKIP_BELOW = 1e-6


def fft_length(rate: int) -> int:
    """n_fft at a rate: 2048 up to 64 kHz, doubled with each octave above."""
    length = 2048
    while rate > 32 * length:
        length *= 2
    return length


@dataclass(frozen=True)
class SpectrumSummary:
    """Averages over the frames that counted; ``band_energy`` (bands,) in squared samples.

    ``band_energy`` is the sum over frames of each band's windowed energy: it compares tracks
    of one session. Everything is NaN (energies 0) where ``frames`` is 0.
    """

    frames: int
    band_energy: Float64
    centroid: float
    bandwidth: float
    rolloff: float
    flatness: float


def band_weights(rate: int) -> Float64:
    """(bins, bands): the share of each bin's width that lies in each band."""
    n_fft = fft_length(rate)
    width = rate / n_fft
    centre = np.arange(n_fft // 2 + 1) * width
    edges = np.asarray(BAND_EDGES)
    low = np.maximum(centre[:, None] - width / 2.0, edges[:-1])
    high = np.minimum(centre[:, None] + width / 2.0, edges[1:])
    return np.maximum(high - low, 0.0) / width


class SpectrumPlan:
    """Window, band and moment weights at one rate. Immutable: threads may share one."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.n_fft = fft_length(rate)
        bins = self.n_fft // 2 + 1
        phase = 2.0 * np.pi * np.arange(self.n_fft) / self.n_fft
        self.window: Float32 = (0.5 - 0.5 * np.cos(phase)).astype(np.float32)
        self.frequency: Float64 = np.arange(bins) * (rate / self.n_fft)
        power = np.column_stack([np.ones(bins), band_weights(rate)])
        self.power_weights: Float32 = np.ascontiguousarray(power, dtype=np.float32)
        unit = np.arange(bins) / (bins - 1)
        moments = np.column_stack([np.ones(bins), unit, unit**2])
        self.moment_weights: Float32 = np.ascontiguousarray(moments, dtype=np.float32)

    def power(self, frames: Float32) -> Float32:
        """Power spectra (frames, bins) of ``frames`` (frames, n_fft)."""
        spectrum = np.fft.rfft(frames * self.window)
        power = np.square(spectrum.real, dtype=np.float32)
        power += np.square(spectrum.imag, dtype=np.float32)
        return power


class SpectrumMeter:
    """Accumulates one track's spectrum from consecutive chunks."""

    def __init__(self, plan: SpectrumPlan, channels: int) -> None:
        self._plan = plan
        self._rest: Float32 = np.zeros((channels, 0), dtype=np.float32)
        self._loudest = 0.0
        self._frames = 0
        self._weight = 0.0
        self._bands: Float64 = np.zeros(BANDS)
        self._sums: Float64 = np.zeros(4)

    def silence(self, frames: int) -> None:
        """Advance by ``frames`` samples of silence."""
        n_fft = self._plan.n_fft
        channels, held = self._rest.shape
        if held + frames < n_fft:
            self.add(np.zeros((channels, frames), dtype=np.float32))
            return
        if held and self._rest.any():
            self.add(np.zeros((channels, n_fft - held), dtype=np.float32))
            frames -= n_fft - held
            held = 0
        self._rest = np.zeros((channels, (held + frames) % n_fft), dtype=np.float32)

    def add(self, samples: Float32) -> None:
        """Add the next samples (channels, n)."""
        n_fft = self._plan.n_fft
        held = self._rest.shape[1]
        count = (held + samples.shape[1]) // n_fft
        if not count:
            self._rest = np.concatenate([self._rest, samples], axis=1)
            return
        if held:
            first = np.concatenate([self._rest, samples[:, : n_fft - held]], axis=1)[:, None]
            start = n_fft - held
            count -= 1
        else:
            first, start = np.empty((samples.shape[0], 0, n_fft), dtype=np.float32), 0
        end = start + count * n_fft
        rest = samples[:, start:end].reshape(samples.shape[0], count, n_fft)
        self._rest = samples[:, end:].copy()
        if first.shape[1]:
            self._measure(first)
        if count:
            self._measure(rest)

    def _measure(self, frames: Float32) -> None:
        """Measure whole frames (channels, count, n_fft)."""
        energy = np.einsum("cij,cij->i", frames, frames)
        loudest = np.maximum(np.maximum.accumulate(energy), np.float32(self._loudest))
        self._loudest = float(loudest[-1])
        counts = energy > loudest * np.float32(SKIP_BELOW)
        if not counts.any():
            return
        if not counts.all():
            frames = frames[:, counts]
        power = self._plan.power(frames[0])
        if frames.shape[0] > 1:
            for channel in frames[1:]:
                power += self._plan.power(channel)
            power /= np.float32(frames.shape[0])
        self._summarise(power)

    def _summarise(self, power: Float32) -> None:
        plan = self._plan
        bins = power.shape[1]
        energies = power @ plan.power_weights
        magnitude = np.sqrt(power)
        moments = (magnitude @ plan.moment_weights).astype(np.float64)
        total = moments[:, 0]
        centroid = moments[:, 1] / total
        bandwidth = np.sqrt(np.maximum(moments[:, 2] / total - centroid**2, 0.0))
        cumulative = np.cumsum(magnitude, axis=1)
        threshold = np.float32(ROLLOFF_SHARE) * cumulative[:, -1:]
        rolloff = (cumulative < threshold).sum(axis=1) / (bins - 1)
        np.maximum(power, np.float32(FLATNESS_FLOOR), out=power)
        arithmetic = power.mean(axis=1, dtype=np.float64)
        flatness = np.exp(np.log(power).mean(axis=1, dtype=np.float64)) / arithmetic
        weight = energies[:, 0].astype(np.float64)
        self._frames += power.shape[0]
        self._weight += float(weight.sum())
        self._bands += energies[:, 1:].sum(axis=0, dtype=np.float64)
        self._sums += np.stack([centroid, bandwidth, rolloff, flatness]) @ weight

    def finish(self) -> SpectrumSummary:
        """The averages over all frames that counted."""
        if not self._weight > 0.0:
            nan = float("nan")
            return SpectrumSummary(0, np.zeros(BANDS), nan, nan, nan, nan)
        centroid, bandwidth, rolloff, flatness = (self._sums / self._weight).tolist()
        nyquist = self._plan.rate / 2.0
        return SpectrumSummary(
            self._frames,
            self._bands.copy(),
            centroid * nyquist,
            bandwidth * nyquist,
            rolloff * nyquist,
            flatness,
        )
