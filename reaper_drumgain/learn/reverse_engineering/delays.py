"""Delay of each track in a mix, in whole samples.

The cross-correlation of one track with the mix has its peak at the loudest bleed, not at the track.
So the delays are searched for jointly: tracks are added one by one, each at the lag that explains
most of the remaining residual (orthogonal matching pursuit), and then each is moved again until
none moves. This works on correlations that are collected in one pass and whitened by the spectrum
of the mix, so that their peaks are narrow (Roth processor; Knapp & Carter 1976, "The generalized
correlation method for estimation of time delay", IEEE Trans. ASSP 24).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.errors import InputError
from reaper_drumgain.learn.reverse_engineering.recording import Recording

Float64 = npt.NDArray[np.float64]

#: bytes that the correlations of one search may take
MAX_BYTES = 1 << 29
#: the spectrum of the mix is whitened down to this share of its peak
_WHITE_FLOOR = 1e-4
#: bins over which that spectrum is smoothed, as a share of all
_SMOOTH = 1 / 512
#: a delay of its own must lower the residual by this share, or the track keeps the common one
_WORTH = 2e-3
#: a track of which the others explain all but this share has no delay of its own
_UNIQUE = 1e-4
_SWEEPS = 8


@dataclass(frozen=True)
class _Correlations:
    """Whitened correlations over the lags -reach..reach.

    ``pairs[i, j]``: of column i, delayed by the lag, with column j; lags -2 reach..2 reach.
    ``mix[c, j]``: of column j, delayed by the lag, with mix channel c.
    """

    reach: int
    pairs: dict[tuple[int, int], npt.NDArray[np.float32]]
    mix: Float64
    power: Float64
    energy: float

    def between(self, first: int, second: int, lag: int) -> float:
        """Correlation of ``first`` delayed by ``lag`` with ``second``."""
        held = self.pairs.get((first, second))
        if held is not None:
            return float(held[2 * self.reach + lag])
        return float(self.pairs[second, first][2 * self.reach - lag])

    def along(self, moving: int, fixed: int, delay: int) -> Float64:
        """Correlations of ``moving``, at each delay -reach..reach, with ``fixed`` at ``delay``."""
        low = 2 * self.reach - self.reach - delay
        held = self.pairs.get((moving, fixed))
        if held is None:
            held = self.pairs[fixed, moving][::-1]
        return held[low : low + 2 * self.reach + 1].astype(np.float64)


def find_delays(recording: Recording, reach: int) -> tuple[npt.NDArray[np.intp], list[bool]]:
    """The delay of each track in the mix.

    Parameters
    ----------
    recording
        Tracks and mix.
    reach
        Delays from -reach to reach are searched, in samples.

    Returns
    -------
    delays, at_edge
        Delays in samples, shape (tracks,), and for each track whether its delay lies at the edge of
        the search: such a track most likely has a delay outside. Silent tracks, and tracks that
        explain nothing of the mix, get the delay of the strongest track.

    Raises
    ------
    InputError
        The search would take more than ``MAX_BYTES`` of memory.

    References
    ----------
    Knapp & Carter 1976, "The generalized correlation method for estimation of time delay",
    IEEE Trans. ASSP 24.
    """
    correlations = _correlate(recording, reach)
    active = [int(j) for j in np.flatnonzero(correlations.power > 0.0)]
    delays = _pursue(correlations, active)
    owners = recording.owners
    explained = {j: _reductions(correlations, delays, j)[delays[j] + reach] for j in delays}
    found = np.zeros(len(recording.tracks), np.intp)
    if delays:
        found[:] = delays[max(explained, key=lambda j: explained[j])]
    for track in range(len(recording.tracks)):
        own = [j for j in delays if owners[j] == track]
        if own:
            found[track] = delays[max(own, key=lambda j: explained[j])]
    return found, [bool(abs(delay) >= reach) for delay in found]


def _correlate(recording: Recording, reach: int) -> _Correlations:
    columns, channels = len(recording.owners), recording.mix.channels
    block = min(recording.frames, 1 << int(np.ceil(np.log2(max(8 * reach, 1 << 14)))) >> 1)
    size = 1 << int(np.ceil(np.log2(block + 2 * reach + 1)))
    pairs = [(i, j) for i in range(columns) for j in range(i + 1)]
    needed = (len(pairs) + columns * channels) * (size // 2 + 1) * 8
    if needed > MAX_BYTES:
        raise InputError(
            f"searching {columns} tracks for delays up to {reach} samples would take "
            f"{needed >> 20} MB, the bound is {MAX_BYTES >> 20} MB: lower max_delay"
        )
    cross = np.zeros((len(pairs), size // 2 + 1), np.complex64)
    with_mix = np.zeros((channels, columns, size // 2 + 1), np.complex64)
    power = np.zeros(size // 2 + 1)
    for start in range(0, recording.frames, block):
        count = min(block, recording.frames - start)
        sounds = [track.read(start, count) for track in recording.tracks]
        spectra = np.fft.rfft(np.concatenate(sounds), n=size).astype(np.complex64)
        mixed = np.fft.rfft(recording.mix.read(start, count), n=size).astype(np.complex64)
        power += np.square(np.abs(mixed)).sum(axis=0)
        for place, (i, j) in enumerate(pairs):
            cross[place] += np.conj(spectra[i]) * spectra[j]
        for channel in range(channels):
            with_mix[channel] += np.conj(spectra) * mixed[channel]
    white = _whitening(power)
    # blocks are cut apart, so that a lag of t loses t samples of each
    double = _whole_lags(2 * reach, block)
    single = _whole_lags(reach, block)
    lags = {
        pair: (_centre(np.fft.irfft(spectrum * white, n=size), 2 * reach) * double).astype(
            np.float32
        )
        for pair, spectrum in zip(pairs, cross, strict=True)
    }
    mix = _centre(np.fft.irfft(with_mix * white, n=size), reach) * single
    own = np.array([lags[j, j][2 * reach] for j in range(columns)], np.float64)
    energy = float(np.fft.irfft(power * white, n=size)[0])
    return _Correlations(reach, lags, mix, own, energy)


def _whitening(power: Float64) -> Float64:
    width = max(1, int(power.size * _SMOOTH))
    smooth = np.convolve(power, np.full(width, 1.0 / width), mode="same")
    peak = smooth.max()
    return np.asarray(1.0 / (smooth + _WHITE_FLOOR * peak)) if peak > 0.0 else np.ones_like(power)


def _whole_lags(reach: int, block: int) -> Float64:
    lost = np.abs(np.arange(-reach, reach + 1))
    return np.asarray(block / np.maximum(block - lost, block / 4))


def _centre(correlation: Float64, reach: int) -> Float64:
    tail = correlation[..., correlation.shape[-1] - reach :]
    return np.concatenate([tail, correlation[..., : reach + 1]], axis=-1)


def _reductions(correlations: _Correlations, delays: dict[int, int], column: int) -> Float64:
    """What ``column`` at each delay takes off the residual of the other columns."""
    others = [j for j in delays if j != column]
    left, unique = (
        correlations.mix[:, column],
        np.full(2 * correlations.reach + 1, correlations.power[column]),
    )
    if others:
        along = np.stack([correlations.along(column, j, delays[j]) for j in others])
        gram, target = _normal_equations(correlations, delays, others)
        weights = np.linalg.solve(gram, np.concatenate([target, along], axis=1))
        channels = correlations.mix.shape[0]
        left = left - weights[:, :channels].T @ along
        unique = unique - np.einsum("ij,ij->j", along, weights[:, channels:])
    clear = unique > _UNIQUE * correlations.power[column]
    reduction = np.zeros_like(unique)
    reduction[clear] = np.square(left[:, clear]).sum(axis=0) / unique[clear]
    return reduction


def _normal_equations(
    correlations: _Correlations, delays: dict[int, int], members: Sequence[int]
) -> tuple[Float64, Float64]:
    """The normal equations of ``members`` at their delays: Gram matrix and target."""
    gram = np.array(
        [[correlations.between(i, j, delays[i] - delays[j]) for j in members] for i in members]
    )
    gram[np.diag_indices_from(gram)] *= 1.0 + 1e-6
    target = np.array([correlations.mix[:, j, delays[j] + correlations.reach] for j in members])
    return gram, target


def _pursue(correlations: _Correlations, active: Sequence[int]) -> dict[int, int]:
    delays: dict[int, int] = {}
    while len(delays) < len(active):
        best = (-1.0, 0, 0)
        for column in active:
            if column not in delays:
                reduction = _reductions(correlations, delays, column)
                place = int(np.argmax(reduction))
                best = max(best, (float(reduction[place]), column, place - correlations.reach))
        delays[best[1]] = best[2]
    for _ in range(_SWEEPS):
        before = dict(delays)
        for column in active:
            delays[column] = (
                int(np.argmax(_reductions(correlations, delays, column))) - correlations.reach
            )
        if delays == before:
            break
    return _with_common(correlations, delays)


def _with_common(correlations: _Correlations, delays: dict[int, int]) -> dict[int, int]:
    """Gives up delays that explain next to nothing, in favour of the strongest column's."""
    if not delays:
        return delays
    own = {j: _reductions(correlations, delays, j)[delays[j] + correlations.reach] for j in delays}
    common = delays[max(own, key=lambda j: own[j])]
    gram, target = _normal_equations(correlations, delays, list(delays))
    residual = max(correlations.energy - float(np.sum(target * np.linalg.solve(gram, target))), 0.0)
    for column in sorted(delays, key=lambda j: own[j]):
        reduction = _reductions(correlations, delays, column)
        lost = (
            reduction[delays[column] + correlations.reach] - reduction[common + correlations.reach]
        )
        if lost <= _WORTH * residual:
            delays[column] = common
    return delays
