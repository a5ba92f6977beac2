"""Fits the linear part of ``methods.forest`` to songs as they were recorded.

First the templates, the usual loudness of each role; then W, the variance of the departures from
them that careful recordings have; then role and stereo gains, by ridge regression on what the
level correction leaves of the targets.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reaper_drumgain.learn.data.human_faders import Song
from reaper_drumgain.learn.fitting.leave_one_out import leave_one_out
from reaper_drumgain.learn.fitting.role_means import mean_or_sibling, role_effects
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.methods.forest import departures, is_stereo, slope
from reaper_drumgain.methods.forest_file import LinearPart
from reaper_drumgain.tracks.roles import ROLE_NAMES, Role


def _roles(song: Song) -> list[Role]:
    return [track.role for track in song.tracks]


def _channels(song: Song) -> list[int]:
    return [track.channels for track in song.tracks]


def usual_width(songs: Sequence[Song], shrink: float) -> float:
    """How far the raw tracks of a song usually lie from the usual levels of their roles, in dB.

    The root of the mean over songs of the variance (n - 1) of the departures from the templates
    of the other songs: an estimate for the next careful recording.
    """
    variances = []
    for others, own in leave_one_out(songs):
        known = others or own
        template, _ = role_effects(
            [_roles(song) for song in known], [song.raw_lufs for song in known], shrink
        )
        for song in own:
            away = departures(song.raw_lufs, _roles(song), template)
            variances.append(float(away @ away) / max(len(away) - 1, 1))
    return float(np.sqrt(np.mean(variances)))


def fit_linear(songs: Sequence[Song], settings: FitSettings) -> LinearPart:
    """Fits the linear part; its intervals are 0 (see ``intervals.with_intervals``)."""
    template, _ = role_effects(
        [_roles(song) for song in songs], [song.raw_lufs for song in songs], settings.shrink
    )
    width = usual_width(songs, settings.shrink)
    designs, wanted = [], []
    for song in songs:
        roles = _roles(song)
        away = departures(song.raw_lufs, roles, template)
        target = song.target_db + slope(away, width) * away
        one_hot = [[role.name == name for name in ROLE_NAMES] for role in roles]
        design = np.column_stack([one_hot, is_stereo(roles, _channels(song))]).astype(float)
        designs.append(design - design.mean(axis=0))
        wanted.append(target - target.mean())
    x, y = np.vstack(designs), np.concatenate(wanted)
    found = np.linalg.solve(x.T @ x + settings.ridge * np.eye(x.shape[1]), x.T @ y)
    present = {role.name for song in songs for role in _roles(song)}
    means = {n: float(v) for n, v in zip(ROLE_NAMES, found[:-1], strict=True) if n in present}
    return LinearPart(
        template_lufs=template,
        width_db=width,
        role_db={name: mean_or_sibling(name, means) for name in ROLE_NAMES},
        stereo_db=float(found[-1]),
        interval_db=dict.fromkeys(ROLE_NAMES, 0.0),
        interval_rise=0.0,
        coverage=settings.coverage,
    )
