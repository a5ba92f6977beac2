"""A rule on roles and loudness alone, which does not use the bleed.

    gain of track m = role(m) + stereo(m) - s (d_m - mean d)
    d_m = L_m - template(role of m),   s = V / (V + W),   V = variance of d (n - 1)

L is the gated loudness of the raw track, ``template`` the loudness at which the role was recorded
in the training songs, W the average of V over those songs. It was the forest's linear part before
the recording gain was estimated from the bleed; ``evidence.level_limits`` compares with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reaper_drumgain.learn.data.human_faders import Float64, Song
from reaper_drumgain.learn.fitting.leave_one_out import leave_one_out
from reaper_drumgain.learn.fitting.linear_part import fit_roles
from reaper_drumgain.learn.fitting.role_means import role_effects
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.methods.forest import is_stereo
from reaper_drumgain.tracks.roles import Role


@dataclass(frozen=True, slots=True)
class LevelRule:
    """The rule of the module's formula, fitted.

    Attributes
    ----------
    template_lufs
        By role, the loudness in LUFS at which it was recorded.
    width_db
        The root of W in dB.
    role_db
        By role, its gain in dB.
    stereo_db
        What a stereo track gets besides, in dB.
    """

    template_lufs: Mapping[str, float]
    width_db: float
    role_db: Mapping[str, float]
    stereo_db: float

    def gains(self, loudness: Float64, roles: Sequence[Role], channels: Sequence[int]) -> Float64:
        """The gains of the rule.

        Parameters
        ----------
        loudness
            Shape (tracks,): loudness of the raw tracks in LUFS.
        roles, channels
            The role of each track, and its number of channels.

        Returns
        -------
        ndarray
            Shape (tracks,): gains in dB.
        """
        away = departures(loudness, roles, self.template_lufs)
        fixed = np.array([self.role_db[role.name] for role in roles])
        stereo = self.stereo_db * is_stereo(roles, channels)
        return np.asarray(fixed + stereo - slope(away, self.width_db) * away)


def departures(loudness: Float64, roles: Sequence[Role], template: Mapping[str, float]) -> Float64:
    """How far each track was recorded above its role's template, the mean removed.

    Parameters
    ----------
    loudness
        Shape (tracks,): loudness of the raw tracks in LUFS.
    roles
        The role of each track.
    template
        By role, the usual loudness in LUFS.

    Returns
    -------
    ndarray
        Shape (tracks,): departures in dB.
    """
    above = loudness - np.array([template[role.name] for role in roles])
    return np.asarray(above - above.mean())


def slope(departure: Float64, width_db: float) -> float:
    """How much of the departures to undo: s of the module's formula, with W = width^2.

    Parameters
    ----------
    departure
        Shape (tracks,): departures in dB.
    width_db
        Standard deviation of departures in a careful recording, in dB.

    Returns
    -------
    float
        0 to 1; 1 for a single track.
    """
    if len(departure) < 2:
        return 1.0
    variance = float(np.var(departure, ddof=1))
    total = variance + width_db**2
    return variance / total if total > 0.0 else 1.0


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


def fit_level_rule(songs: Sequence[Song], settings: FitSettings) -> LevelRule:
    """Fits the rule to songs as they were recorded."""
    template, _ = role_effects(
        [_roles(song) for song in songs], [song.raw_lufs for song in songs], settings.shrink
    )
    width = usual_width(songs, settings.shrink)
    wanted = []
    for song in songs:
        away = departures(song.raw_lufs, _roles(song), template)
        wanted.append(song.target_db + slope(away, width) * away)
    role_db, stereo_db = fit_roles(songs, wanted, settings.ridge)
    return LevelRule(template, width, role_db, stereo_db)


def _roles(song: Song) -> list[Role]:
    return [track.role for track in song.tracks]
