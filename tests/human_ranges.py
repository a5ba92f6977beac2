"""How ``reaper_drumgain/report/ranges.json`` was made from the faders of engineers."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from reaper_drumgain.learn.data.human_faders import Song


def role_ranges(songs: Iterable[Song], *, coverage: float = 0.8) -> dict[str, tuple[float, float]]:
    """Between which levels engineers have most tracks of a role, in LU re the whole kit.

    The level of a track is its raw loudness and fader, that of the kit the sum of the tracks'
    powers. The middle ``coverage`` of all mixes and tracks,
    each song with the same weight; only roles of two songs or more.
    """
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    songs_of: dict[str, set[str]] = defaultdict(set)
    for song in songs:
        levels = song.raw_lufs + song.gains_db
        kit = 10.0 * np.log10(np.nansum(10.0 ** (levels / 10.0), axis=1, keepdims=True))
        for track, column in zip(song.tracks, (levels - kit).T, strict=True):
            heard = column[np.isfinite(column)]
            found[track.role.name] += [(float(level), 1.0 / len(song.mixes)) for level in heard]
            songs_of[track.role.name].add(song.name)
    tail = (1.0 - coverage) / 2.0
    return {
        role: (_weighted_quantile(found[role], tail), _weighted_quantile(found[role], 1.0 - tail))
        for role in sorted(found)
        if len(songs_of[role]) > 1
    }


def _weighted_quantile(pairs: list[tuple[float, float]], share: float) -> float:
    values, weights = np.array(sorted(pairs)).T
    middles = np.cumsum(weights) - weights / 2.0
    return float(np.interp(share * weights.sum(), middles, values))
