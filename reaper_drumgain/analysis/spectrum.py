"""Spectral features of one track, accumulated over strided frames.

Frames are those of librosa with ``center=False``, a periodic Hann window, n_fft 2048 up to
64 kHz (doubled with each octave of rate above) and hop n_fft / 4, of which every fourth is
taken: one frame each n_fft samples, the last incomplete one left out. Frames 60 dB and more
under the loudest so far are skipped. Per frame, centroid, bandwidth, roll-off (85 %) and
flatness equal librosa's; over time they are averaged with the frame's energy as weight. The
power spectrum of a stereo track is the mean of both channels'.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.loudness import Float32, Float64

#: edges of the bands in Hz: eight of equal width in octaves from 20 Hz to 20 kHz
BAND_EDGES: tuple[float, ...] = tuple(round(20.0 * 1000.0 ** (i / 8.0), 1) for i in range(9))
BANDS = len(BAND_EDGES) - 1
ROLLOFF_SHARE = 0.85
#: librosa's floor of the power in spectral_flatness
FLATNESS_FLOOR = 1e-10
SKIP_BELOW = 1e-6


def fft_length(rate: int) -> int:
    """FFT length in samples at ``rate`` Hz: 2048 up to 64 kHz, doubled for each octave above."""
    length = 2048
    while rate > 32 * length:
        length *= 2
    return length


@dataclass(frozen=True, slots=True)
class SpectrumSummary:
    """Averages over the frames that counted. NaN, with energies of 0, where there are none.

    Attributes
    ----------
    frames
        How many frames counted.
    band_energy
        Shape (bands,): the sum over frames of each band's windowed energy, in squared samples. It
        compares tracks of one session.
    centroid, bandwidth, rolloff
        In Hz.
    flatness
        0 to 1.
    """

    frames: int
    band_energy: Float64
    centroid: float
    bandwidth: float
    rolloff: float
    flatness: float


def band_weights(
    rate: int, band_edges: Sequence[float] = BAND_EDGES, n_fft: int | None = None
) -> Float64:
    """The share of each FFT bin's width that lies in each band.

    Parameters
    ----------
    rate
        Sample rate in Hz.
    band_edges
        Rising edges of adjoining bands in Hz, shape (bands + 1,).
    n_fft
        Length of the FFT in samples. None for ``fft_length(rate)``.

    Returns
    -------
    array
        Shape (n_fft // 2 + 1, bands), 0 to 1.
    """
    n_fft = n_fft or fft_length(rate)
    width = rate / n_fft
    centre = np.arange(n_fft // 2 + 1) * width
    edges = np.asarray(band_edges)
    low = np.maximum(centre[:, None] - width / 2.0, edges[:-1])
    high = np.minimum(centre[:, None] + width / 2.0, edges[1:])
    return np.asarray(np.maximum(high - low, 0.0) / width)


class _Scratch(threading.local):
    """Work arrays of one thread: fresh ones of this size would cost more than the sums."""

    def __init__(self, frames: int, n_fft: int) -> None:
        bins = n_fft // 2 + 1
        self.windowed: Float32 = np.empty((frames, n_fft), dtype=np.float32)
        self.spectrum = np.empty((frames, bins), dtype=np.complex64)
        self.other: Float32 = np.empty((frames, bins), dtype=np.float32)
        self.pairs: Float32 = np.empty((frames, bins // 2), dtype=np.float32)


class SpectrumPlan:
    """Window, weights and work arrays at one rate; threads may share one."""

    #: samples per batch of frames: more do not fit into the cache, fewer make too many calls
    BATCH = 76 * 2048

    def __init__(self, rate: int, batch: int = BATCH) -> None:
        self.rate = rate
        self.n_fft = fft_length(rate)
        self.bins = self.n_fft // 2 + 1
        self.batch = max(1, batch // self.n_fft)
        phase = 2.0 * np.pi * np.arange(self.n_fft) / self.n_fft
        # times n_fft, which norm="forward" takes out again: of numpy's norms this one keeps
        # float32 inside (the default computes in float64 and copies twice)
        self.window: Float32 = (self.n_fft * (0.5 - 0.5 * np.cos(phase))).astype(np.float32)
        power = np.column_stack([np.ones(self.bins), band_weights(rate)])
        self.power_weights: Float32 = np.ascontiguousarray(power, dtype=np.float32)
        unit = np.arange(self.bins) / (self.bins - 1)
        moments = np.column_stack([np.ones(self.bins), unit, unit**2])
        self.moment_weights: Float32 = np.ascontiguousarray(moments, dtype=np.float32)
        self._ones: Float32 = np.ones(self.bins, dtype=np.float32)
        self.scratch = _Scratch(self.batch, self.n_fft)

    def power(self, frames: Float32, chosen: npt.NDArray[np.intp]) -> Float32:
        """Power spectra of some frames, the mean over the channels.

        Parameters
        ----------
        frames
            Shape (channels, count, n_fft): samples.
        chosen
            Shape (n,): numbers of one to ``batch`` frames, rising.

        Returns
        -------
        array
            Shape (n, bins).
        """
        work, count = self.scratch, chosen.size
        windowed, spectrum = work.windowed[:count], work.spectrum[:count]
        parts = spectrum.view(np.float32)
        first, last = int(chosen[0]), int(chosen[-1])
        power: Float32 | None = None
        for channel in frames:
            if last - first == count - 1:  # most often all of them count, and no copy is needed
                np.multiply(channel[first : last + 1], self.window, out=windowed)
            else:
                np.take(channel, chosen, axis=0, out=windowed, mode="clip")
                windowed *= self.window
            # numpy's stubs allow complex128 only
            np.fft.rfft(windowed, norm="forward", out=spectrum)  # type: ignore[arg-type]
            np.square(parts, out=parts)
            one = parts[:, 0::2] + parts[:, 1::2]
            power = one if power is None else np.add(power, one, out=power)
        assert power is not None
        if frames.shape[0] > 1:
            power /= np.float32(frames.shape[0])
        return power

    def shapes(self, power: Float32) -> Float64:
        """Centroid, bandwidth, roll-off and flatness of power spectra.

        Parameters
        ----------
        power
            Shape (frames, bins). It is changed: raised to the floor of the flatness.

        Returns
        -------
        array
            Shape (4, frames); the first three as shares of the Nyquist frequency.
        """
        count = power.shape[0]
        magnitude = np.sqrt(power, out=self.scratch.other[:count])
        moments = np.matmul(magnitude, self.moment_weights).astype(np.float64)
        # the window makes a frame silent that sounds in its first sample only: its weight is 0
        total = np.maximum(moments[:, 0], np.finfo(np.float64).tiny)
        centroid = moments[:, 1] / total
        bandwidth = np.sqrt(np.maximum(moments[:, 2] / total - centroid**2, 0.0))
        rolloff = self._rolloff(magnitude)
        np.maximum(power, np.float32(FLATNESS_FLOOR), out=power)
        half = self.bins // 2
        # half as many logarithms: of products of two, which stay far from float32's limits
        pairs = np.multiply(
            power[:, :half], power[:, half : 2 * half], out=self.scratch.pairs[:count]
        )
        logs = np.log(pairs, out=pairs).sum(axis=1, dtype=np.float64) + np.log(power[:, -1])
        mean = np.matmul(power, self.power_weights[:, 0]).astype(np.float64) / self.bins
        flatness = np.exp(logs / self.bins) / mean
        return np.stack([centroid, bandwidth, rolloff / (self.bins - 1), flatness])

    def _rolloff(self, magnitude: Float32) -> npt.NDArray[np.intp]:
        """The first bin at which the cumulated magnitude reaches its share: first the group of
        32 bins, then the bin."""
        group = 32
        count, whole = (
            magnitude.shape[0],
            self.bins // group,
        )  # the number of bins is a power of two plus one
        sums = np.empty((count, whole + 1))
        grouped = magnitude[:, :-1].reshape(count, whole, group)
        sums[:, :whole] = np.matmul(grouped, self._ones[:group])
        sums[:, whole] = magnitude[:, -1]
        reached = np.cumsum(sums, axis=1)
        wanted = ROLLOFF_SHARE * reached[:, -1]
        place = np.count_nonzero(reached < wanted[:, None], axis=1)
        at = place + np.arange(0, sums.size, whole + 1)
        missing = wanted - (reached.ravel()[at] - sums.ravel()[at])
        index = np.minimum(place[:, None] * group + np.arange(group), self.bins - 1)
        index += np.arange(0, magnitude.size, self.bins)[:, None]
        within = np.cumsum(magnitude.ravel()[index], axis=1, dtype=np.float64)
        steps = np.count_nonzero(within < missing[:, None], axis=1)
        return np.asarray(np.minimum(place * group + steps, self.bins - 1))


#: columns of a frame that is kept: its number, its energy, that of its bands, and the energy
#: times centroid, bandwidth, roll-off and flatness
FRAME_COLUMNS = 2 + BANDS + 4


#: power spectra (n, bins) of frames that count, and the numbers (n,) of these
Spectra = tuple[npt.NDArray[np.intp], Float32]


class SpectrumMeter:
    """Accumulates one track's spectrum from consecutive chunks.

    In two steps, each in the order of the chunks, so that one thread may transform what comes
    next (``powers`` and ``silence``, few and long calls) while another one sums (``add``).

    Parameters
    ----------
    plan
        Window and weights at the sample rate.
    channels
        1 or 2.
    keep
        Keep every frame that counts besides, for ``summary_of`` some of them.
    """

    def __init__(self, plan: SpectrumPlan, channels: int, *, keep: bool = False) -> None:
        self._plan = plan
        self._keep = keep
        # of the first step
        self._passed = 0
        self._rest: Float32 = np.zeros((channels, 0), dtype=np.float32)
        self._loudest = 0.0
        self._energy = 0.0
        # of the second
        self._kept: list[Float32] = []
        self._frames = 0
        self._weight = 0.0
        self._bands: Float64 = np.zeros(BANDS)
        self._sums: Float64 = np.zeros(4)

    def silence(self, frames: int) -> list[Spectra]:
        """As ``powers``, for samples that are all silent.

        Parameters
        ----------
        frames
            How many samples.

        Returns
        -------
        list
            The spectra that they complete.
        """
        n_fft = self._plan.n_fft
        channels, held = self._rest.shape
        if held + frames < n_fft:
            return self.powers(np.zeros((channels, frames), dtype=np.float32))
        found: list[Spectra] = []
        if held and self._rest.any():
            found = self.powers(np.zeros((channels, n_fft - held), dtype=np.float32))
            frames -= n_fft - held
            held = 0
        self._passed += (held + frames) // n_fft
        self._rest = np.zeros((channels, (held + frames) % n_fft), dtype=np.float32)
        return found

    def powers(self, samples: Float32) -> list[Spectra]:
        """Transform the next samples.

        Parameters
        ----------
        samples
            Shape (channels, n).

        Returns
        -------
        list
            The spectra that they complete, in batches: numbers of the frames that count, shape
            (m,), and their power spectra, shape (m, bins).
        """
        n_fft = self._plan.n_fft
        channels, held = self._rest.shape
        count = (held + samples.shape[1]) // n_fft
        if held:
            # the copy costs less than to measure the frame that it completes by itself
            samples = np.concatenate([self._rest, samples], axis=1)
        end = count * n_fft
        self._rest = samples[:, end:].copy()
        if not count:
            return []
        frames = samples[:, :end].reshape(channels, count, n_fft)
        energy = np.einsum("ij,ij->i", frames[0], frames[0])
        for channel in frames[1:]:
            energy += np.einsum("ij,ij->i", channel, channel)
        self._energy += float(energy.sum(dtype=np.float64))
        loudest = np.maximum(np.maximum.accumulate(energy), np.float32(self._loudest))
        self._loudest = float(loudest[-1])
        counts = np.flatnonzero(energy > loudest * np.float32(SKIP_BELOW))
        plan, passed = self._plan, self._passed
        self._passed += count
        batches = [counts[at : at + plan.batch] for at in range(0, counts.size, plan.batch)]
        return [(passed + chosen, plan.power(frames, chosen)) for chosen in batches]

    def add(self, spectra: Sequence[Spectra]) -> None:
        """Take the spectra of a chunk into the averages.

        Parameters
        ----------
        spectra
            As ``powers`` gave them.
        """
        plan = self._plan
        for numbers, power in spectra:
            energies = np.matmul(power, plan.power_weights).astype(np.float64)
            self._frames += power.shape[0]
            self._weight += float(energies[:, 0].sum())
            self._bands += energies[:, 1:].sum(axis=0)
            shapes = plan.shapes(power)
            self._sums += shapes @ energies[:, 0]
            if self._keep:
                columns = (numbers[:, None], energies, shapes.T * energies[:, :1])
                self._kept.append(np.hstack(columns).astype(np.float32))

    @property
    def energy(self) -> float:
        """Sum of the squared samples of all channels so far."""
        return self._energy + float(np.square(self._rest).sum(dtype=np.float64))

    def frames(self) -> Float32:
        """The frames that counted, in order; empty without ``keep``.

        Returns
        -------
        array
            Shape (frames, FRAME_COLUMNS).
        """
        return np.concatenate([np.zeros((0, FRAME_COLUMNS), dtype=np.float32), *self._kept])

    def finish(self) -> SpectrumSummary:
        """The averages over all frames that counted."""
        return _summary(self._plan.rate, self._frames, self._weight, self._bands, self._sums)


def summary_of(frames: Float32, rate: int) -> SpectrumSummary:
    """The averages over frames of one track that were kept.

    Parameters
    ----------
    frames
        Shape (frames, columns), as ``SpectrumMeter.frames`` gives them.
    rate
        Sample rate in Hz.

    Returns
    -------
    SpectrumSummary
        Weighted by the energy of the frames. Quiet frames were left out relative to the loudest
        frame up to then in the whole track, so the result of a stretch can differ from that of a
        meter that starts with the stretch.
    """
    sums = frames.sum(axis=0, dtype=np.float64)
    bands = sums[2 : 2 + BANDS]
    return _summary(rate, len(frames), float(sums[1]), bands, sums[2 + BANDS :])


def _summary(
    rate: int, frames: int, weight: float, bands: Float64, sums: Float64
) -> SpectrumSummary:
    if not weight > 0.0:
        nan = float("nan")
        return SpectrumSummary(0, np.zeros(BANDS), nan, nan, nan, nan)
    centroid, bandwidth, rolloff, flatness = (sums / weight).tolist()
    nyquist = rate / 2.0
    return SpectrumSummary(
        frames,
        bands.copy(),
        centroid * nyquist,
        bandwidth * nyquist,
        rolloff * nyquist,
        flatness,
    )
