"""Mean gains and levels of the roles, with a common offset per song taken out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reaper_drumgain.learn.data.human_faders import Float64, Song
from reaper_drumgain.tracks.roles import ROLE_NAMES, Role

#: the role whose mean a role without training tracks takes
SIBLINGS: Mapping[str, str] = {
    "kick in": "kick",
    "kick": "kick in",
    "kick out": "kick in",
    "sub kick": "kick out",
    "snare top": "snare",
    "snare": "snare top",
    "snare bottom": "snare top",
    "hi-hat": "ride",
    "tom": "snare top",
    "ride": "hi-hat",
    "cymbal": "overhead",
    "overhead": "room",
    "room": "overhead",
    "sample": "snare top",
    "percussion": "hi-hat",
}


def role_effects(
    roles: Sequence[Sequence[Role]], values: Sequence[Float64], shrink: float
) -> tuple[dict[str, float], Float64]:
    """Fits values = offset of the song + mean of the role, by alternating between the two.

    Parameters
    ----------
    roles
        For each song the role of each track.
    values
        Shape (tracks,) for each song, in dB or LUFS.
    shrink
        How many tracks at 0 each role mean counts besides.

    Returns
    -------
    means : dict
        The mean of every role of ``ROLE_NAMES``. A role without a track has the mean of its
        sibling, or 0.
    offsets : ndarray
        Shape (songs,): the offset of each song.
    """
    offsets = np.array([float(np.median(song)) for song in values])
    means: dict[str, float] = {}
    for _ in range(50):
        found: dict[str, list[float]] = defaultdict(list)
        for names, song, offset in zip(roles, values, offsets, strict=True):
            for role, value in zip(names, song, strict=True):
                found[role.name].append(float(value - offset))
        means = {name: sum(held) / (len(held) + shrink) for name, held in found.items()}
        offsets = np.array(
            [
                float(np.mean([v - means[r.name] for r, v in zip(names, song, strict=True)]))
                for names, song in zip(roles, values, strict=True)
            ]
        )
    return {name: mean_or_sibling(name, means) for name in ROLE_NAMES}, offsets


def mean_or_sibling(name: str, means: Mapping[str, float]) -> float:
    """The mean of a role, or that of the nearest sibling that has one, or 0."""
    seen: set[str] = set()
    while name not in means:
        seen.add(name)
        name = SIBLINGS[name]
        if name in seen:
            return 0.0
    return means[name]


@dataclass(frozen=True)
class RoleLevels:
    """Mean gains and levels by role. Only differences between roles have a meaning.

    The gain of a track is that of the median engineer; offsets of songs and small numbers of tracks
    are treated as in ``role_effects``.

    Attributes
    ----------
    gain_db
        By role, the mean human gain in dB.
    loudness_lu
        By role, the mean loudness after the fader in LU.
    """

    gain_db: Mapping[str, float]
    loudness_lu: Mapping[str, float]


def fit_role_levels(songs: Sequence[Song], shrink: float) -> RoleLevels:
    """Fits the role levels of ``methods.role_levels``. ``shrink``: see ``role_effects``."""
    roles = [[track.role for track in song.tracks] for song in songs]
    gains, _ = role_effects(roles, [song.target_db for song in songs], shrink)
    loudness, _ = role_effects(roles, [song.raw_lufs + song.target_db for song in songs], shrink)
    return RoleLevels(gains, loudness)
