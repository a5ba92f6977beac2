"""Intervals for the median engineer's gain, calibrated on songs that the model never saw.

Split-conformal prediction with normalised residuals (Lei et al. 2018, "Distribution-free
predictive inference for regression", JASA 113), nested: within the training songs each song is
left out in turn and predicted by a model of the others, as recorded and with shifted levels. A
residual is gain - target - common offset. The half width of a track is

    q sigma(role) (1 + rise sd)

with sigma the mean |residual| of the role (shrunk to the mean of all roles), sd the standard
deviation of the track's recording gain in dB (``analysis.recording_gain``), rise one of a few
values, chosen by the interval score, and q the quantile that gives the wanted coverage.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reaper_drumgain.learn.data.human_faders import Float64, Song
from reaper_drumgain.learn.data.rendered_songs import Rendering
from reaper_drumgain.learn.fitting.augmentation import SHIFT_DB
from reaper_drumgain.learn.fitting.forests import fit_forest
from reaper_drumgain.learn.fitting.leave_one_out import leave_one_out, songs_of
from reaper_drumgain.learn.fitting.linear_part import fit_linear
from reaper_drumgain.learn.fitting.role_means import SIBLINGS, fit_role_levels
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.methods.drum_responses import DrumResponses
from reaper_drumgain.methods.forest import predict
from reaper_drumgain.methods.forest_file import Forest, LinearPart
from reaper_drumgain.methods.session_levels import louder_hits
from reaper_drumgain.tracks.roles import ROLE_NAMES

#: draws of a song with shifted levels among the residuals, and as many with levels as recorded
DRAWS = 8
RISES = (0.0, 0.05, 0.1, 0.2, 0.4)


@dataclass(frozen=True)
class Residuals:
    """Residuals of one song. The first half of the draws is as recorded.

    Attributes
    ----------
    roles
        The name of the role of each track.
    errors
        Shape (draws, tracks): gain less target in dB, without the common offset.
    sd_db
        Shape (draws, tracks): standard deviation of the recording gains in dB.
    """

    roles: tuple[str, ...]
    errors: Float64
    sd_db: Float64


@dataclass(frozen=True)
class Widths:
    """Half widths of the intervals: ``role_db`` (1 + ``rise`` sd).

    Attributes
    ----------
    role_db
        In dB by role.
    rise
        By how much an interval widens per dB of the recording gain's standard deviation.
    """

    role_db: Mapping[str, float]
    rise: float

    def half_widths(self, roles: Sequence[str], sd_db: Float64 | float) -> Float64:
        """The half widths of the intervals of some tracks.

        Parameters
        ----------
        roles
            The name of the role of each track.
        sd_db
            Standard deviation of the recording gains in dB: one number, or shape (tracks,) or
            (draws, tracks).

        Returns
        -------
        ndarray
            Half widths in dB: shape (tracks,), or that of ``sd_db``.
        """
        return np.asarray(
            np.array([self.role_db[role] for role in roles]) * (1.0 + self.rise * sd_db)
        )


def with_intervals(
    linear: LinearPart,
    renderings: Sequence[Rendering],
    responses: DrumResponses,
    settings: FitSettings,
) -> LinearPart:
    """A linear part with the interval widths of its forest.

    Parameters
    ----------
    linear
        The linear part.
    renderings
        The training songs, on which intervals are calibrated.
    responses
        How microphones hear drums.
    settings
        How forests are fitted, and the coverage.

    Returns
    -------
    LinearPart
        The same except for the intervals.
    """
    inner = replace(settings, trees=settings.inner_trees)
    residuals = []
    for others, left_out in leave_one_out(songs_of(renderings)):
        names = {song.name for song in others}
        rest = [item for item in renderings if item.song.name in names]
        model = fit_forest(rest, fit_linear(rest, responses, inner), responses, inner, {})
        residuals += [
            _unseen(model, next(item for item in renderings if item.song is song), settings.seed)
            for song in left_out
        ]
    widths = calibrated(residuals, settings.coverage, settings.shrink, RISES)
    return replace(linear, interval_db=widths.role_db, interval_rise=widths.rise)


def _unseen(model: Forest, own: Rendering, seed: int) -> Residuals:
    """Residuals of a song that the model was not fitted to."""
    song = own.song
    channels = [track.channels for track in song.tracks]
    gains, sds = [], []
    for shift in _shifts(song, seed):
        hits = louder_hits(own.hits, shift)
        found, decision = predict(model, own.levels.louder(shift), own.table, channels, hits)
        gains.append(found + shift)
        sds.append(decision.gain.sd_db)
    return _residuals(song, np.array(gains), np.array(sds))


def role_mean_widths(songs: Sequence[Song], settings: FitSettings, *, shifted: bool) -> Widths:
    """Widths of the same kind around role means, as a baseline for those of the forest.

    Parameters
    ----------
    songs
        The training songs.
    settings
        The coverage, and how role means are fitted.
    shifted
        Calibrate on the same draws as the forest's; otherwise on songs as recorded.

    Returns
    -------
    Widths
        With a rise of 0.
    """
    residuals = []
    for others, left_out in leave_one_out(songs):
        means = fit_role_levels(others, settings.shrink).gain_db
        for song in left_out:
            gains = np.array([means[track.role.name] for track in song.tracks])
            shifts = _shifts(song, settings.seed) if shifted else np.zeros((1, len(gains)))
            residuals.append(_residuals(song, gains + shifts, np.zeros(shifts.shape)))
    return calibrated(residuals, settings.coverage, settings.shrink, (0.0,))


def _shifts(song: Song, seed: int) -> Float64:
    """Level shifts (2 DRAWS, tracks) in dB: half of them 0, then random ones."""
    rng = np.random.default_rng([seed, len(song.tracks)])
    shifts = rng.uniform(-SHIFT_DB, SHIFT_DB, (2 * DRAWS, len(song.tracks)))
    shifts[:DRAWS] = 0.0
    return shifts


def _residuals(song: Song, gains: Float64, sd_db: Float64) -> Residuals:
    errors = gains - song.target_db
    errors -= np.median(errors, axis=1, keepdims=True)
    return Residuals(tuple(track.role.name for track in song.tracks), errors, sd_db)


def calibrated(
    residuals: Sequence[Residuals], coverage: float, shrink: float, rises: Sequence[float]
) -> Widths:
    """The widths with the best interval score, among those with the wanted coverage.

    Parameters
    ----------
    residuals
        Residuals of songs that were left out of the fit.
    coverage
        Share of the tracks, 0 to 1, that intervals are to hold.
    shrink
        How many tracks at the mean of all roles each role counts besides.
    rises
        The values of ``rise`` that are tried.

    Returns
    -------
    Widths
        For all roles.

    References
    ----------
    Lei et al. 2018, "Distribution-free predictive inference for regression", JASA 113.
    """
    candidates = [_at_coverage(residuals, coverage, shrink, rise) for rise in rises]
    return min(candidates, key=lambda widths: _score(residuals, widths, coverage))


def _at_coverage(
    residuals: Sequence[Residuals], coverage: float, shrink: float, rise: float
) -> Widths:
    held: dict[str, list[float]] = defaultdict(list)
    for song in residuals:
        flat = np.abs(song.errors) / (1.0 + rise * song.sd_db)
        for role, value in zip(song.roles, flat.mean(axis=0), strict=True):
            held[role].append(float(value))
    tracks = [value for values in held.values() for value in values]
    middle = float(np.mean(tracks))
    scale = {
        role: (sum(values) + shrink * middle) / (len(values) + shrink)
        for role, values in held.items()
    }
    for role in ROLE_NAMES:
        scale.setdefault(role, max(middle, scale.get(SIBLINGS[role], middle)))
    normal = [
        np.abs(song.errors)
        / (np.array([scale[role] for role in song.roles]) * (1.0 + rise * song.sd_db))
        for song in residuals
    ]
    # the draws of one track are nearly equal: the finite-sample correction counts tracks
    level = min(math.ceil((len(tracks) + 1) * coverage) / len(tracks), 1.0)
    q = float(np.quantile(np.concatenate([values.ravel() for values in normal]), level))
    return Widths({role: q * scale[role] for role in ROLE_NAMES}, rise)


def _score(residuals: Sequence[Residuals], widths: Widths, coverage: float) -> float:
    scores = []
    for song in residuals:
        half_widths = widths.half_widths(song.roles, song.sd_db)
        scores.append(interval_score(-half_widths, half_widths, song.errors, coverage).mean())
    return float(np.mean(scores))


def interval_score(low: Float64, high: Float64, truth: Float64, coverage: float) -> Float64:
    """Winkler's interval score; smaller is better.

    It is the width, plus 2 / (1 - coverage) times the distance of the truth from the interval.

    Parameters
    ----------
    low, high
        Bounds of the intervals in dB, of any common shape.
    truth
        The true values in dB, of the same shape.
    coverage
        Share that the intervals are to hold, 0 to 1.

    Returns
    -------
    ndarray
        The score of each interval in dB, of the same shape.

    References
    ----------
    R. L. Winkler 1972; Gneiting & Raftery 2007, "Strictly proper scoring rules, prediction, and
    estimation", JASA 102.
    """
    outside = np.maximum(low - truth, 0.0) + np.maximum(truth - high, 0.0)
    return np.asarray(high - low + 2.0 / (1.0 - coverage) * outside)
