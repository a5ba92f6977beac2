"""How low errors can be where recorded levels say little: bounds for rules on roles and levels.

With careless levels a method has to correct shifts that it cannot see. The faders of other
engineers are not affected: they are shifted with the tracks, so their error stays the same. Three
figures show what a rule on roles and loudness can reach (``fitting.level_rule``), without a gate:

- on songs that were left out of the fit;
- with the best share s for each draw, chosen with knowledge of the target;
- fitted to all songs, including the one that is measured.

A fourth is in closed form. Departures as recorded have the variance W
(``fitting.level_rule.usual_width``), uniform shifts of up to d the variance U = d^2 / 3. The
best linear estimate of the shift from their sum leaves the variance W U / (W + U).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from reaper_drumgain.learn.data.human_faders import Float64, Song
from reaper_drumgain.learn.evidence.metrics import centred_error, error_to_engineers
from reaper_drumgain.learn.fitting.augmentation import SHIFT_DB
from reaper_drumgain.learn.fitting.leave_one_out import leave_one_out
from reaper_drumgain.learn.fitting.level_rule import (
    LevelRule,
    departures,
    fit_level_rule,
    usual_width,
)
from reaper_drumgain.learn.fitting.settings import FitSettings

LEFT_OUT, BEST_SHARE, SEEN = "songs left out", "best share for each draw", "songs seen in the fit"
_SHARES = np.linspace(0.0, 1.0, 41)


def level_limits(songs: Sequence[Song], settings: FitSettings, draws: int) -> dict[str, Any]:
    """How low errors can be for rules on roles and levels, with shifts of up to 12 dB.

    Parameters
    ----------
    songs
        Songs with the engineers' faders.
    settings
        How the rules are fitted.
    draws
        Random shifts for each song.

    Returns
    -------
    dict
        Plain JSON data: errors in dB, means over songs.
    """
    everything = fit_level_rule(songs, settings)
    held: dict[str, list[tuple[float, float]]] = {LEFT_OUT: [], BEST_SHARE: [], SEEN: []}
    for place, (song, others) in enumerate(
        (s, rest) for rest, own in leave_one_out(songs) for s in own
    ):
        rng = np.random.default_rng([settings.seed, place])
        shifts = rng.uniform(-SHIFT_DB, SHIFT_DB, (draws, len(song.tracks)))
        unseen = fit_level_rule(others, settings)
        held[LEFT_OUT].append(_errors(song, _effective(unseen, song, shifts)))
        held[BEST_SHARE].append(_errors(song, _with_best_share(unseen, song, shifts)))
        held[SEEN].append(_errors(song, _effective(everything, song, shifts)))
    usual = usual_width(songs, settings.shrink)
    uniform = SHIFT_DB**2 / 3.0
    left = usual**2 * uniform / (usual**2 + uniform)
    figures: dict[str, Any] = {
        name: {
            "median engineer": round(float(np.mean([median for median, _ in errors])), 4),
            "one engineer": round(float(np.mean([one for _, one in errors])), 4),
        }
        for name, errors in held.items()
    }
    return figures | {
        "usual departure (SD)": round(usual, 4),
        "shift (SD)": round(float(np.sqrt(uniform)), 4),
        "left of a shift (SD)": round(float(np.sqrt(left)), 4),
    }


def _errors(song: Song, effective: Float64) -> tuple[float, float]:
    return (
        centred_error(effective, song.target_db),
        error_to_engineers(effective, song.gains_db),
    )


def _effective(part: LevelRule, song: Song, shifts: Float64) -> Float64:
    """Effective gains (draws, tracks) in dB, as in ``evaluate``."""
    roles = [track.role for track in song.tracks]
    channels = [track.channels for track in song.tracks]
    return np.array(
        [part.gains(song.raw_lufs + shift, roles, channels) + shift for shift in shifts]
    )


def _with_best_share(part: LevelRule, song: Song, shifts: Float64) -> Float64:
    roles = [track.role for track in song.tracks]
    channels = [track.channels for track in song.tracks]
    # with infinite W no level is corrected: only the gains of the roles remain
    level_free = replace(part, width_db=np.inf)
    fixed = level_free.gains(song.raw_lufs, roles, channels)
    best = []
    for shift in shifts:
        away = departures(song.raw_lufs + shift, roles, part.template_lufs)
        candidates = fixed - _SHARES[:, None] * away + shift
        errors = [centred_error(candidate, song.target_db) for candidate in candidates]
        best.append(candidates[int(np.argmin(errors))])
    return np.array(best)
