"""The gain that each raw track was given in a mix, by least squares.

Without filters (``taps`` 1) there is one solution per mix channel (Barchiesi & Reiss 2010,
"Reverse engineering of a mix", JAES 58): g = argmin ||y - X g||^2, and the total gain of a track
is sqrt(gL^2 + gR^2). So a mono track panned to the middle at 0 dB without a pan law has +3 dB; the
common offset of a mix has no meaning. Tracks and mix are first whitened by the same filter (linear
prediction of the mix), which does not change gains, but makes direct sound short compared with
its own reverberation.

With more taps each track gets an FIR filter instead. It takes up equalisation, fractions of a
sample and what remains of a delay. Tracks and mix are K-weighted first (ITU-R BS.1770-4), so that
the fit weighs frequencies as loudness does. The gain of a track is the change of its K-weighted
power by its filters h_c, summed over the mix channels c: with R the K-weighted autocorrelation of
the track, 10 log10(sum_c h_c' R h_c / R[0]).

The standard error is a sandwich estimate from the scores of the fit in segments of about a second.
It holds for residuals that are coloured or come and go. A residual that repeats with the track,
such as its own reverberation, biases the gain and does not show in the standard error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.loudness import ABSOLUTE_GATE_LUFS, to_lufs
from reaper_drumgain.errors import InputError
from reaper_drumgain.learn.reverse_engineering.delays import find_delays
from reaper_drumgain.learn.reverse_engineering.fit_window import FitWindow, fit_window
from reaper_drumgain.learn.reverse_engineering.normal_equations import (
    NormalEquations,
    autocorrelations,
    collect,
    residual_scores,
    survey,
)
from reaper_drumgain.learn.reverse_engineering.over_time import gains_over_time
from reaper_drumgain.learn.reverse_engineering.prefilters import ErrorFilter, KPrefilter, Prefilter
from reaper_drumgain.learn.reverse_engineering.recording import (
    AudioInput,
    Recording,
    open_recording,
)
from reaper_drumgain.learn.reverse_engineering.track_gains import MixGains, Reason, TrackGain
from reaper_drumgain.units import power_to_decibel

Float64 = npt.NDArray[np.float64]

VERSION = 1
MAX_DELAY_SECONDS = 1.0
#: ridge, as a share of each column's power: keeps taps small where a band is empty
_RIDGE = 1e-8
#: a track with less power of its own than this (see ``unique_db``) gets no gain
_LEAST_UNIQUE_DB = -60.0
#: an uncertain contribution below this counts as not in the mix
_UNHEARD_DB = -50.0
_SEGMENT_SECONDS = 1.0
_WHITE_ORDER = 32
_DB = 10.0 / math.log(10.0)


def reverse_engineer(
    tracks: Sequence[AudioInput],
    mix: AudioInput,
    *,
    taps: int = 128,
    rate: int | None = None,
    max_delay: float = 0.5,
    max_error_db: float = 1.0,
    whiten: bool = True,
    progress: Callable[[float], None] | None = None,
) -> MixGains:
    """Estimates the gain of each raw track in a mix of them (Barchiesi and Reiss 2010).

    Files are read in blocks, several times; memory does not grow with their length.

    Parameters
    ----------
    tracks, mix
        Paths, or arrays of shape (frames,) or (channels, frames) with 1 or 2 channels. All have one
        length and sample rate and start together.
    taps
        Length of the FIR filter per track and mix channel in samples; 1 for a gain alone.
    rate
        Sample rate of arrays in Hz.
    max_delay
        By how many seconds a track may be late or early in the mix; 0 for no search.
    max_error_db
        A gain with a larger standard error in dB is not identifiable.
    whiten
        False fits gains to the signals as they are, as published; it has no effect on filters.
    progress
        Called with the share that is done, 0 to 1.

    Returns
    -------
    MixGains
        The gains of all tracks.

    Raises
    ------
    InputError
        Tracks and mix do not fit together, or a setting is out of range.
    MediaError
        A file cannot be read.

    References
    ----------
    Barchiesi & Reiss 2010, "Reverse engineering of a mix", JAES 58.
    """
    with open_recording(tracks, mix, rate) as recording:
        return estimate(
            recording,
            taps=taps,
            max_delay=max_delay,
            max_error_db=max_error_db,
            whiten=whiten,
            progress=progress,
        )


def estimate(
    recording: Recording,
    *,
    taps: int = 128,
    max_delay: float = 0.5,
    max_error_db: float = 1.0,
    whiten: bool = True,
    piece_s: float | None = None,
    progress: Callable[[float], None] | None = None,
) -> MixGains:
    """The gain of each raw track in a mix, for a recording that is open. It stays open.

    Parameters
    ----------
    recording, piece_s
        Tracks and mix. Seconds of a piece, for gains over time as well; None for none.
    taps, max_delay, max_error_db, whiten, progress
        As for ``reverse_engineer``.

    Returns
    -------
    MixGains
        The gains of all tracks.

    Raises
    ------
    InputError
        A setting is out of range, the sample rate is not known, or the mix is silent.
    """
    if not 0.0 <= max_delay <= MAX_DELAY_SECONDS:
        raise InputError(f"max_delay is {max_delay} s, expected 0 to {MAX_DELAY_SECONDS:g}")
    if not max_error_db > 0.0:
        raise InputError(f"max_error_db is {max_error_db}, expected a level above 0")
    tell = progress or (lambda _share: None)
    if recording.rate is None:
        raise InputError("arrays have no sample rate of their own: pass rate= in Hz")
    weighting = KPrefilter(recording.rate)
    reach = min(round(max_delay * recording.rate), recording.frames // 4)
    delays, at_edge = np.zeros(len(recording.tracks), np.intp), [False] * len(recording.tracks)
    fit_window(recording, taps, delays)  # refuses what is too large before any work
    if reach:
        delays, at_edge = find_delays(recording, reach)
    tell(0.4)
    window = fit_window(recording, taps, delays)
    fit, influences, residual_db = _fitted(recording, window, weighting, whiten, tell)
    over_time = None
    if piece_s is not None:
        over_time = gains_over_time(recording, window, weighting, fit.filters, piece_s)
    return MixGains(
        tuple(
            fit.track(place, influences, max_error_db, searched=reach > 0, at_edge=edge)
            for place, edge in enumerate(at_edge)
        ),
        residual_db,
        fit.condition(),
        "least squares" if taps == 1 else f"FIR, {taps} taps",
        recording.rate,
        over_time,
    )


def _fitted(
    recording: Recording,
    window: FitWindow,
    weighting: KPrefilter,
    whiten: bool,
    tell: Callable[[float], None],
) -> tuple[_Fit, Float64, float]:
    """Returns the fit, the influences of its segments (see ``_Fit.influences``), and the K-weighted
    power of the residual in dB re that of the mix. Raises InputError where the mix is silent."""
    peaks, lags = survey(recording, _WHITE_ORDER)
    if not lags[0] > 0.0:
        raise InputError(f"{recording.mix.name}: the mix is silent")
    prefilter: Prefilter | None = weighting
    if window.taps == 1:
        prefilter = ErrorFilter(lags) if whiten else None
    equations = collect(recording, window, prefilter, lambda share: tell(0.4 + 0.3 * share))
    own = autocorrelations(recording, window, prefilter)
    fit = _Fit(recording, window, equations, own, peaks)
    scores = residual_scores(
        recording,
        window,
        prefilter,
        fit.filters,
        min(_SEGMENT_SECONDS, recording.frames / weighting.rate / 16),
        lambda share: tell(0.7 + 0.3 * share),
    )
    influences = fit.influences(scores.scores)
    if prefilter is not weighting:
        equations = collect(recording, window, weighting)
        scores = residual_scores(recording, window, weighting, fit.filters, math.inf)
    return fit, influences, power_to_decibel(scores.energy.sum() / equations.energy.sum())


class _Estimate(NamedTuple):
    """Powers of a track in the mix channels, its sign, its main lag, variance and bias."""

    powers: Float64
    sign: int
    lag: int
    error_db: float
    bias: float


class _Fit:
    """The solution of normal equations, and what follows from it for each track."""

    def __init__(
        self,
        recording: Recording,
        window: FitWindow,
        equations: NormalEquations,
        own: list[Float64],
        peaks: Float64,
    ) -> None:
        self._own = own
        self._names = [track.name for track in recording.tracks]
        self._owners = recording.owners
        self._window = window
        self._equations = equations
        self._sounds = np.array([to_lufs(peak) > ABSOLUTE_GATE_LUFS for peak in peaks])
        taps, columns = window.taps, len(self._owners)
        self._kept = np.repeat(self._sounds, taps)
        size = columns * taps
        scale = np.repeat(np.sqrt(equations.powers), taps)[self._kept]
        gram = equations.gram.reshape(size, size)[np.ix_(self._kept, self._kept)]
        gram = gram / np.multiply.outer(scale, scale)
        gram[np.diag_indices_from(gram)] += _RIDGE
        self._inverse = np.linalg.inv(gram) if gram.size else gram
        self._scale = scale
        channels = equations.target.shape[0]
        target = equations.target.reshape(channels, size)[:, self._kept] / scale
        solved = target @ self._inverse
        # one step of refinement takes off what the inverse of a nearly singular matrix lost
        solved += (target - solved @ gram) @ self._inverse
        flat = np.zeros((channels, size))
        flat[:, self._kept] = solved / scale
        #: (channels, columns, taps)
        self.filters = flat.reshape(channels, columns, taps)

    def condition(self) -> float:
        """Condition number of the sounding columns at their delays, each of power one."""
        lead = self._window.lead
        sounding = np.flatnonzero(self._sounds)
        gram = self._equations.gram[:, lead, :, lead][np.ix_(sounding, sounding)]
        if not gram.size:
            return math.nan
        scale = np.sqrt(np.diag(gram))
        values = np.linalg.eigvalsh(gram / np.multiply.outer(scale, scale))
        return float(np.sqrt(values[-1] / max(values[0], np.finfo(float).eps)))

    def influences(self, scores: Float64) -> Float64:
        """(segments, channels, columns * taps): how far each segment alone moves the filters."""
        flat = scores.reshape(*scores.shape[:2], -1)
        moved = np.zeros_like(flat)
        held = flat[..., self._kept] / self._scale
        moved[..., self._kept] = held @ self._inverse / self._scale
        return moved

    def track(
        self, place: int, influences: Float64, max_error_db: float, *, searched: bool, at_edge: bool
    ) -> TrackGain:
        """What the mix did to one track."""
        delay = int(self._window.delays[place])
        columns = np.flatnonzero(self._owners == place)
        if not self._sounds[columns].any():
            nothing = (math.nan,) * self.filters.shape[0]
            return TrackGain(
                *(self._names[place], math.nan, nothing, 0, delay, False, "silent"),
                *(math.inf, math.nan, -math.inf),
            )
        found = self._estimate(place, columns, influences)
        power = found.powers.sum() - found.bias
        raw = float(np.diag(self._own[place])[:: self._window.taps].sum())
        contribution = power_to_decibel(power / self._equations.energy.sum())
        unique = self._unique_db(columns)
        reason: Reason = ""
        if unique < _LEAST_UNIQUE_DB:
            reason = "same sound as other tracks"
        elif not found.error_db <= max_error_db:
            reason = "not heard in the mix" if contribution < _UNHEARD_DB else "uncertain"
        elif at_edge:
            reason = "delay"
        return TrackGain(
            self._names[place],
            power_to_decibel(power / raw) if not reason else math.nan,
            tuple(power_to_decibel(channel / raw) for channel in found.powers),
            found.sign,
            delay if searched else delay + found.lag,
            not reason,
            reason,
            found.error_db,
            unique,
            contribution,
        )

    def _estimate(
        self, place: int, columns: npt.NDArray[np.intp], influences: Float64
    ) -> _Estimate:
        taps = self._window.taps
        chosen = (columns[:, None] * taps + np.arange(taps)).ravel()
        gram = self._own[place]
        filters = self.filters[:, columns].reshape(-1, chosen.size)
        filtered = filters @ gram
        powers = np.einsum("ck,ck->c", filters, filtered)
        own = influences[..., chosen]
        segments = own.shape[0]
        freedom = segments / max(segments - 1, 1)
        moves = np.einsum("ck,sck->s", filtered, own)
        bias = freedom * float(np.einsum("sck,kl,scl->", own, gram, own))
        power = powers.sum() - bias
        spread = math.sqrt(freedom * float(moves @ moves)) if segments > 1 else math.inf
        error = 2.0 * _DB * spread / power if power > 0.0 else math.inf
        peak = int(np.argmax(np.abs(filtered)))
        sign = int(np.sign(filtered.flat[peak]))
        return _Estimate(powers, sign, peak % taps - self._window.lead, error, bias)

    def _unique_db(self, columns: npt.NDArray[np.intp]) -> float:
        """Of the track's main taps, the power that no tap of another track explains."""
        taps = self._window.taps
        where = np.flatnonzero(
            np.isin(np.repeat(self._owners, taps)[self._kept], self._owners[columns])
        )
        rest = np.linalg.inv(self._inverse[np.ix_(where, where)])
        return power_to_decibel(float(np.diag(rest)[self._window.lead :: taps].max()) - _RIDGE)
