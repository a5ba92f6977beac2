"""Normal equations of one FIR filter per track, collected in one pass with bounded memory.

With w_i the columns of the recording, each moved by its delay, the equations of the taps
h_ic[k] that minimise sum_n (y_c[n] - sum_i sum_k h_ic[k] w_i[n - k])^2 hold

    R[i, k, j, l] = sum_n w_i[n - k] w_j[n - l]         p[c, i, k] = sum_n y_c[n] w_i[n - k]

R[i, 0, j, l] is computed by FFT in blocks. The rest follows exactly, without windowing (the
covariance method of linear prediction, Makhoul 1975), from R[i, k+1, j, l+1] = R[i, k, j, l] plus
the products that enter at the start minus those that leave at the end of the range.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.learn.reverse_engineering.fit_window import FitWindow, blocks
from reaper_drumgain.learn.reverse_engineering.prefilters import Prefilter, Reader
from reaper_drumgain.learn.reverse_engineering.recording import Recording

Float64 = npt.NDArray[np.float64]
Complex128 = npt.NDArray[np.complex128]


def survey(recording: Recording, order: int) -> tuple[Float64, Float64]:
    """What is needed before a fit: how loud the tracks get, and the spectrum of the mix.

    Parameters
    ----------
    recording
        Tracks and mix.
    order
        Highest lag of the autocorrelation in samples.

    Returns
    -------
    peaks : ndarray
        Shape (columns,): mean square of the loudest 8192 samples of each column.
    lags : ndarray
        Shape (order + 1,): autocorrelation of the mix, summed over its channels.
    """
    size = 1 << 13
    peaks = np.zeros(len(recording.owners))
    power = np.zeros(size + 1)
    for start in range(0, recording.frames, size):
        count = min(size, recording.frames - start)
        sounds = np.concatenate([track.read(start, count) for track in recording.tracks])
        peaks = np.maximum(peaks, np.square(sounds, dtype=np.float64).mean(axis=1))
        mixed = np.fft.rfft(recording.mix.read(start, count).astype(np.float64), n=2 * size)
        power += np.square(np.abs(mixed)).sum(axis=0)
    return peaks, np.asarray(np.fft.irfft(power, n=2 * size)[: order + 1])


@dataclass(frozen=True)
class NormalEquations:
    """The normal equations of a fit, with R and p of the module's formulas.

    Attributes
    ----------
    gram
        Shape (columns, taps, columns, taps): R.
    target
        Shape (channels, columns, taps): p.
    energy
        Shape (channels,): sum of squares of the mix.
    frames
        The number of mix samples.
    """

    gram: Float64
    target: Float64
    energy: Float64
    frames: int

    @property
    def powers(self) -> Float64:
        """Shape (columns,): sum of squares of each column at its first tap."""
        return np.asarray(np.einsum("ikik->ik", self.gram)[:, 0])


def collect(
    recording: Recording,
    window: FitWindow,
    prefilter: Prefilter | None,
    progress: Callable[[float], None] | None = None,
) -> NormalEquations:
    """The normal equations of a fit, collected in one pass.

    Parameters
    ----------
    recording
        Tracks and mix.
    window
        Range and filter length of the fit.
    prefilter
        Applied to tracks and mix first. None for none.
    progress
        Called with the share that is done, 0 to 1.

    Returns
    -------
    NormalEquations
        In double precision.

    References
    ----------
    Makhoul 1975, "Linear prediction: a tutorial review", Proc. IEEE 63: the covariance method.
    """
    columns, channels = len(recording.owners), recording.mix.channels
    bins = window.size // 2 + 1
    among = np.zeros((columns, columns, bins), np.complex128)
    with_mix = np.zeros((channels, columns, bins), np.complex128)
    energy = np.zeros(channels)
    first = last = np.zeros((columns, 0))
    done = 0
    for block in blocks(recording, window, prefilter):
        fresh = block.tracks[:, window.taps - 1 :]
        whole = np.fft.rfft(block.tracks, n=window.size)
        now = np.conj(np.fft.rfft(fresh, n=window.size))
        mixed = np.conj(np.fft.rfft(block.mix, n=window.size))
        for column in range(columns):
            among[column] += now[column] * whole
        for channel in range(channels):
            with_mix[channel] += mixed[channel] * whole
        energy += np.square(block.mix).sum(axis=1)
        if not done:
            first = block.tracks[:, : window.taps - 1]
        last = block.tracks[:, block.tracks.shape[1] - (window.taps - 1) :]
        done += fresh.shape[1]
        if progress:
            progress(done / (window.end - window.start))
    gram = _whole_gram(lags(among, window), first[:, ::-1], last[:, ::-1])
    return NormalEquations(gram, lags(with_mix, window), energy, done)


def lags(spectra: Complex128, window: FitWindow) -> Float64:
    """The first lags of correlations, from products of spectra.

    Parameters
    ----------
    spectra
        Shape (..., bins): the conjugate spectrum of a block times the spectrum of a column.
    window
        Filter length and FFT length of the fit.

    Returns
    -------
    ndarray
        Shape (..., taps): lags 0 to taps - 1.
    """
    held = np.fft.irfft(spectra, n=window.size)[..., : window.taps]
    return np.ascontiguousarray(held[..., ::-1])


def _whole_gram(row: Float64, entering: Float64, leaving: Float64) -> Float64:
    """``row[i, j, l]`` = R[i, 0, j, l]; entering and leaving (columns, taps - 1): the samples
    1, 2, ... before the start and 0, 1, ... before the end of the range."""
    columns, _, taps = row.shape
    gram = np.empty((columns, taps, columns, taps))
    gram[:, 0] = row
    gram[:, :, :, 0] = row.transpose(1, 2, 0)
    for k in range(taps - 1):
        gram[:, k + 1, :, 1:] = (
            gram[:, k, :, :-1]
            + entering[:, k, None, None] * entering[None]
            - leaving[:, k, None, None] * leaving[None]
        )
    return gram


def autocorrelations(
    recording: Recording, window: FitWindow, prefilter: Prefilter | None
) -> list[Float64]:
    """Autocorrelation matrices of the tracks.

    Parameters
    ----------
    recording
        Tracks and mix.
    window
        Range and filter length of the fit.
    prefilter
        Applied to the tracks first; None for none.

    Returns
    -------
    list of ndarray
        Shape (channels * taps, channels * taps) for each track: the sums of w_i[n - k] w_j[n - l]
        over the whole file. With A such a matrix and h the filters of the track's channels, h' A h
        is the energy of the filtered track.
    """
    found = []
    for track in recording.tracks:
        channels, reader = track.channels, Reader(track, 0, prefilter)
        spectra = np.zeros((channels, channels, window.size // 2 + 1), np.complex128)
        before = np.zeros((channels, window.taps - 1), np.float32)
        for start in range(0, track.frames, window.block):
            fresh = reader.read(min(window.block, track.frames - start))
            whole = np.concatenate([before, fresh], axis=1)
            before = whole[:, whole.shape[1] - (window.taps - 1) :]
            now = np.conj(np.fft.rfft(fresh.astype(np.float64), n=window.size))
            spectra += now[:, None] * np.fft.rfft(whole.astype(np.float64), n=window.size)
        ahead = lags(spectra, window)
        lag = np.subtract.outer(np.arange(window.taps), np.arange(window.taps))
        late, early = ahead[:, :, np.abs(lag)], ahead.transpose(1, 0, 2)[:, :, np.abs(lag)]
        table = np.where(lag <= 0, late, early).transpose(0, 2, 1, 3)
        found.append(table.reshape(channels * window.taps, channels * window.taps))
    return found


@dataclass(frozen=True)
class Scores:
    """The residual e of a fit.

    Attributes
    ----------
    energy
        Shape (channels,): sum of squares of the residual.
    scores
        Shape (segments, channels, columns, taps): sum_n e_c[n] w_i[n - k] of each segment.
    """

    energy: Float64
    scores: Float64


def residual_scores(
    recording: Recording,
    window: FitWindow,
    prefilter: Prefilter | None,
    filters: Float64,
    segment_seconds: float,
    progress: Callable[[float], None] | None = None,
) -> Scores:
    """Residual and scores of fitted filters, from a second pass.

    Parameters
    ----------
    recording
        Tracks and mix.
    window
        Range and filter length of the fit.
    prefilter
        Applied to tracks and mix first. None for none.
    filters
        Shape (channels, columns, taps).
    segment_seconds
        Seconds of a segment.
    progress
        Called with the share that is done, 0 to 1.

    Returns
    -------
    Scores
        With one or more segments.
    """
    channels, columns, _ = filters.shape
    samples = min(segment_seconds * (recording.rate or 48_000), recording.frames)
    per_segment = max(1, round(samples / window.block))
    responses = np.fft.rfft(filters, n=window.size)
    energy = np.zeros(channels)
    segments: list[Float64] = []
    held = np.zeros((channels, columns, window.size // 2 + 1), np.complex128)
    done = count = 0
    for block in blocks(recording, window, prefilter):
        whole = np.fft.rfft(block.tracks, n=window.size)
        fitted = np.fft.irfft(np.einsum("cjf,jf->cf", responses, whole), n=window.size)
        rest = block.mix - fitted[:, window.taps - 1 :][:, : block.mix.shape[1]]
        energy += np.square(rest).sum(axis=1)
        spectra = np.conj(np.fft.rfft(rest, n=window.size))
        for channel in range(channels):
            held[channel] += spectra[channel] * whole
        count += 1
        if count == per_segment:
            segments.append(lags(held, window))
            held[:] = 0.0
            count = 0
        done += rest.shape[1]
        if progress:
            progress(done / (window.end - window.start))
    if count:
        segments.append(lags(held, window))
    return Scores(energy, np.stack(segments))
