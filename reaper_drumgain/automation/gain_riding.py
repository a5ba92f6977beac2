"""Faders that follow the song without sections, for the methods that have such gains.

The method's gains over time (see ``methods.cross_adaptive``: running loudness, hysteresis gate,
smoothing, hold while a track rests) become curves for an engineer's ears in four steps, whose
constants are ours:

- a common offset over time keeps the drums' running loudness along their path, so that the
  song's dynamics stay; locked and unselected tracks that play take its place;
- while a track rests its curve holds, also that offset;
- a dead band: a curve stays until it is ``DEAD_BAND_DB`` from where it should be, and then goes
  there; so single hits move nothing, and few points draw it;
- it never moves faster than ``MOST_DB_PER_S``.

A curve that takes more points than ``POINTS_PER_MINUTE`` (``MOST_AT_LEAST`` in a short song) is
drawn more loosely until it does not (``points.fitted``), which loses less than a wider dead band:
on six rendered songs of 270 to 300 s (11 microphones of one sampled kit, raw levels drawn at
random) 31 of 66 tracks took more, up to 109 points; drawn with few, they lie within 0.35 to 2.1 dB
of their curves. Where the most were taken, the root mean square distance from what the method asks
for is 1.95 instead of 1.93 dB; with a dead band as wide as needed it would be 2.77 dB.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.analysis.loudness import HOPS_PER_SECOND, gated_loudness
from reaper_drumgain.faders.levels import PathLevels, offset_for
from reaper_drumgain.methods.base import RunningGains
from reaper_drumgain.methods.cross_adaptive import LOUDNESS_SECONDS

Array = NDArray[np.float64]

DEAD_BAND_DB = 1.5
MOST_DB_PER_S = 1.0
#: more than this nobody wants to look through
POINTS_PER_MINUTE, MOST_AT_LEAST = 8, 12
#: how long a mix must be silent for its running loudness to mean nothing
_SILENT = 1e-12


def running_faders(
    wanted: Array,
    running: RunningGains,
    path: PathLevels,
    old: Array,
    before: Array,
    constant: Array,
    moving: NDArray[np.bool_],
    anchors: NDArray[np.bool_],
    shift_db: float,
    highest: Array,
) -> Array:
    """Faders over time (n, hops) in dB.

    ``wanted`` (n, hops): where each fader should be, but for a common offset; NaN before a
    track first plays. ``old``, ``constant`` (n,): the faders before, and those of the tracks
    that do not move. ``before`` (hops,): the power of the drums before. ``moving``, ``anchors``
    (n,): tracks that follow, and tracks that stay and hold the level of the others.
    ``shift_db``: how much louder the drums are to become.
    ``highest`` (n,): where each fader ends; one that should be higher stays there meanwhile,
    because the whole kit cannot go down for a moment of one track.
    """
    hops = wanted.shape[1]
    faders = np.repeat(constant[:, None], hops, axis=1)
    faders[moving] = _filled(wanted[moving])
    if anchors.any():
        # the wanted moves of the tracks that stay say where the others have to be
        offset = -np.mean(_filled(wanted[anchors]) - old[anchors, None], axis=0)
    else:
        offset = shift_db + _slow_ratio_db(before, path.powers(faders))
    faders[moving] = _filled(np.where(running.open, faders + offset, np.nan)[moving])
    faders[moving] = with_dead_band(faders[moving])

    def capped(step: float) -> Array:
        return np.where(moving[:, None], np.minimum(faders + step, highest[:, None]), faders)

    if anchors.any():
        return capped(0.0)
    target = gated_loudness(before) + shift_db
    step = offset_for(lambda o: gated_loudness(path.powers(capped(o))), target)
    return capped(step or 0.0)


def most_points(hops: int) -> int:
    """How many points a curve over so many hops may take."""
    return max(MOST_AT_LEAST, POINTS_PER_MINUTE * hops // (60 * HOPS_PER_SECOND))


def with_dead_band(curves: Array) -> Array:
    """Curves (n, hops) that stay until the given ones are further away than the dead band, and
    then go there, never steeper than the limit."""
    step = MOST_DB_PER_S / HOPS_PER_SECOND
    moved = np.empty_like(curves)
    if not curves.size:
        return moved
    # what it does most of the time is where it begins, as far as that is near enough
    now = np.median(curves, axis=1)
    now = np.clip(now, curves[:, 0] - DEAD_BAND_DB, curves[:, 0] + DEAD_BAND_DB)
    moves = np.zeros(now.shape, dtype=bool)
    for hop in range(curves.shape[1]):
        away = curves[:, hop] - now
        moves = (moves & (np.abs(away) > step)) | (np.abs(away) > DEAD_BAND_DB)
        now = now + np.where(moves, np.clip(away, -step, step), 0.0)
        moved[:, hop] = now
    return moved


def _filled(curves: Array) -> Array:
    """Gaps hold the value before them, one at the beginning the first value."""
    known = ~np.isnan(curves)
    places = np.where(known, np.arange(curves.shape[1]), -1)
    last = np.maximum.accumulate(places, axis=1)
    first = np.argmax(known, axis=1)
    return np.take_along_axis(curves, np.where(last < 0, first[:, None], last), axis=1)


def _slow_ratio_db(one: Array, other: Array) -> Array:
    """The ratio of two powers over time, each smoothed forwards and backwards."""
    slow_one, slow_other = _smoothed(one), _smoothed(other)
    heard = (slow_one > _SILENT) & (slow_other > _SILENT)
    return np.where(heard, 10.0 * np.log10(np.where(heard, slow_one / slow_other, 1.0)), 0.0)


def _smoothed(powers: Array) -> Array:
    share = 1.0 - np.exp(-1.0 / (HOPS_PER_SECOND * LOUDNESS_SECONDS))
    for _ in range(2):
        total = 0.0
        made = np.empty_like(powers)
        for place, power in enumerate(powers.tolist()):
            total += share * (power - total)
            made[place] = total
        powers = made[::-1]
    return powers


def corners(times: Callable[[int], float], curve: Array) -> tuple[list[float], list[float]]:
    """The nodes of a curve per hop: where its slope changes. ``times``: when a hop begins."""
    if curve.size < 3:
        places = list(range(curve.size))
    else:
        bends = np.flatnonzero(np.abs(np.diff(curve, 2)) > 1e-9) + 1
        places = [0, *bends.tolist(), curve.size - 1]
    # a hop's gain is known at its end
    return [times(place + 1) for place in places], [float(curve[place]) for place in places]
