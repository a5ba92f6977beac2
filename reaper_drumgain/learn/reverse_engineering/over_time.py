"""Gains over time: how far each track departs from its gain in the whole mix, piece by piece.

The tracks are first passed through the filters that the whole mix gave them. Then each piece of
the recording is a small least squares problem: the mix channels y_c as sum_i a_i z_ic, with one
factor a_i for each track, drawn to 1 where the piece says little (a ridge, as if the factors were
known to 6 dB beforehand). A compressor on the bus shows as a movement that all tracks share.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.learn.reverse_engineering.fit_window import FitWindow, blocks
from reaper_drumgain.learn.reverse_engineering.prefilters import Prefilter
from reaper_drumgain.learn.reverse_engineering.recording import Recording
from reaper_drumgain.units import power_to_decibel

Float64 = npt.NDArray[np.float64]

#: what is assumed of a factor before a piece is heard: 1, to within so much
_PRIOR_SD = 1.0
#: a departure with a larger standard error is not told, in dB
MAX_ERROR_DB = 1.5
#: a track with less of the power of a piece rests in it, in dB
_RESTS_DB = -40.0
_DB = 20.0 / math.log(10.0)


@dataclass(frozen=True, slots=True)
class GainsOverTime:
    """How far each track departs from its gain in the whole mix, piece by piece.

    Attributes
    ----------
    starts_s
        Shape (pieces,): seconds from the start of the recording.
    departure_db
        Shape (tracks, pieces): departures in dB, NaN where a track rests or its gain cannot be
        told.
    common_db
        Shape (pieces,): the movement that the tracks share, weighted by their power, in dB.
    residual_db
        Shape (pieces,): power that is left of the mix, in dB against that of the mix.
    """

    starts_s: Float64
    departure_db: Float64
    common_db: Float64
    residual_db: Float64


def gains_over_time(
    recording: Recording,
    window: FitWindow,
    prefilter: Prefilter | None,
    filters: Float64,
    piece_s: float,
) -> GainsOverTime:
    """The gains of the tracks piece by piece.

    Parameters
    ----------
    recording, window
        Tracks and mix, and range and filter length of the fit of the whole mix.
    prefilter
        Applied to tracks and mix first. None for none.
    filters
        Shape (channels, columns, taps): the filters of the whole mix.
    piece_s
        Seconds of a piece, about.

    Returns
    -------
    GainsOverTime
        With one or more pieces.
    """
    owners = recording.owners
    tracks = len(recording.tracks)
    per_piece = max(1, round(piece_s * (recording.rate or 48_000) / window.block))
    responses = np.fft.rfft(filters, n=window.size)
    member = (owners[:, None] == np.arange(tracks)).astype(float)
    gram, target, energy, count = np.zeros((tracks, tracks)), np.zeros(tracks), 0.0, 0
    found: list[tuple[Float64, float, float]] = []
    starts: list[float] = []
    done = place = 0
    for block in blocks(recording, window, prefilter):
        whole = np.fft.rfft(block.tracks, n=window.size)
        heard = np.fft.irfft(responses * whole[None], n=window.size)
        heard = heard[..., window.taps - 1 :][..., : block.mix.shape[1]]
        own = np.einsum("cjn,jt->ctn", heard, member)
        gram += np.einsum("ctn,cun->tu", own, own)
        target += np.einsum("ctn,cn->t", own, block.mix)
        energy += float(np.square(block.mix).sum())
        count += block.mix.size
        if not done:
            starts.append((window.start + place) / (recording.rate or 48_000))
        done += 1
        place += block.mix.shape[1]
        if done == per_piece:
            found.append(_piece(gram, target, energy, count))
            gram, target, energy, count, done = np.zeros_like(gram), np.zeros(tracks), 0.0, 0, 0
    if done:
        found.append(_piece(gram, target, energy, count))
    departures = np.stack([one[0] for one in found], axis=1)
    return GainsOverTime(
        np.array(starts),
        departures,
        np.array([one[1] for one in found]),
        np.array([one[2] for one in found]),
    )


def _piece(
    gram: Float64, target: Float64, energy: float, count: int
) -> tuple[Float64, float, float]:
    """The departures of one piece in dB, their common movement, and the residual in dB."""
    nothing = np.full(target.size, np.nan)
    if not energy > 0.0:
        return nothing, math.nan, math.nan
    power = np.diag(gram)
    rest = max(energy - 2.0 * target.sum() + float(gram.sum()), 1e-12 * energy)
    noise = rest / max(count / 8.0, 1.0)  # neighbouring samples say nearly the same
    precision = gram / noise + np.eye(target.size) / _PRIOR_SD**2
    covariance = np.linalg.inv(precision)
    factor = covariance @ (target / noise + 1.0 / _PRIOR_SD**2)
    error = max(energy - 2.0 * float(factor @ target) + float(factor @ gram @ factor), 0.0)
    deviation = np.sqrt(np.diag(covariance)) / np.maximum(np.abs(factor), 1e-6)
    plays = power > energy * 10.0 ** (_RESTS_DB / 10.0)
    told = plays & (factor > 0.0) & (_DB * deviation <= MAX_ERROR_DB)
    departure = np.where(told, _DB * np.log(np.maximum(factor, 1e-6)), np.nan)
    total = float(gram.sum())
    common = _DB * math.log(max(float(target.sum()) / total, 1e-6)) if total > 0.0 else math.nan
    return departure, common, power_to_decibel(error / energy)
