"""Fits the linear part of ``methods.forest`` to songs as they were recorded.

First the templates, the usual loudness of each role; then role and stereo gains, by ridge
regression on the targets after what the gain law undoes (its mean over a song's renderings).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reaper_drumgain.learn.data.human_faders import Float64, Song
from reaper_drumgain.learn.data.rendered_songs import Rendering
from reaper_drumgain.learn.fitting.leave_one_out import songs_of
from reaper_drumgain.learn.fitting.role_means import mean_or_sibling, role_effects
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.methods.drum_responses import DrumResponses
from reaper_drumgain.methods.forest import is_stereo
from reaper_drumgain.methods.forest_file import LinearPart
from reaper_drumgain.methods.gain_law import decide
from reaper_drumgain.tracks.roles import ROLE_NAMES


def usual_loudness(songs: Sequence[Song], shrink: float) -> dict[str, float]:
    """By role, the loudness that it is usually recorded at. ``shrink``: see ``role_effects``."""
    roles = [[track.role for track in song.tracks] for song in songs]
    return role_effects(roles, [song.raw_lufs for song in songs], shrink)[0]


def fit_linear(
    renderings: Sequence[Rendering], responses: DrumResponses, settings: FitSettings
) -> LinearPart:
    """Fits the linear part; its intervals are 0 (see ``intervals.with_intervals``).

    Parameters
    ----------
    renderings
        The training songs.
    responses
        How microphones hear drums.
    settings
        The penalties.

    Returns
    -------
    LinearPart
        For all roles.
    """
    songs = songs_of(renderings)
    template = usual_loudness(songs, settings.shrink)
    wanted = []
    for song in songs:
        own = [item for item in renderings if item.song is song]
        undone = [decide(r.levels, responses, template, hits=r.hits).undone_db for r in own]
        wanted.append(song.target_db + np.mean(undone, axis=0))
    role_db, stereo_db = fit_roles(songs, wanted, settings.ridge)
    return LinearPart(
        template_lufs=template,
        role_db=role_db,
        stereo_db=stereo_db,
        interval_db=dict.fromkeys(ROLE_NAMES, 0.0),
        interval_rise=0.0,
        coverage=settings.coverage,
    )


def fit_roles(
    songs: Sequence[Song], wanted: Sequence[Float64], ridge: float
) -> tuple[dict[str, float], float]:
    """Gains of every role, and of stereo tracks besides, by ridge regression.

    Parameters
    ----------
    songs
        The training songs.
    wanted
        Shape (tracks,) for each song: gains in dB, whose common offset does not matter.
    ridge
        The penalty.

    Returns
    -------
    role_db : dict
        By role, its gain in dB.
    stereo_db : float
        What a stereo track gets besides, in dB.
    """
    designs, centred = [], []
    for song, gains in zip(songs, wanted, strict=True):
        roles = [track.role for track in song.tracks]
        channels = [track.channels for track in song.tracks]
        one_hot = [[role.name == name for name in ROLE_NAMES] for role in roles]
        design = np.column_stack([one_hot, is_stereo(roles, channels)]).astype(float)
        designs.append(design - design.mean(axis=0))
        centred.append(gains - gains.mean())
    x, y = np.vstack(designs), np.concatenate(centred)
    found = np.linalg.solve(x.T @ x + ridge * np.eye(x.shape[1]), x.T @ y)
    present = {track.role.name for song in songs for track in song.tracks}
    means = {n: float(v) for n, v in zip(ROLE_NAMES, found[:-1], strict=True) if n in present}
    return {name: mean_or_sibling(name, means) for name in ROLE_NAMES}, float(found[-1])
