"""Gains that follow the song without sections, for the methods that have running gains.

The method's gains over time (``methods.cross_adaptive``: running loudness, hysteresis gate,
smoothing, hold while a track rests) become the fader moves of an engineer in four steps; their
constants are our choice:

- a common offset over time keeps the running loudness of the drums along their path, so that the
  song's dynamics stay; where locked and unselected tracks play, those set the level instead;
- while a track rests its curve holds, and so does that offset;
- a dead band: a curve stays until it is ``DEAD_BAND_DB`` from where it should be, and then goes
  there, so that single hits move nothing and few points draw it;
- it never moves faster than ``MOST_DB_PER_S``.

A curve that takes more points than ``POINTS_PER_MINUTE`` (``MOST_AT_LEAST`` in a short song) is
drawn more loosely until it does not (``envelope_points.fitted``), which costs less than a wider
dead band: on six rendered songs of 270 to 300 s (11 microphones of one sampled kit, raw levels
drawn at random) 31 of 66 tracks took more, up to 109 points; drawn with few, they lie within 0.35
to 2.1 dB of their curves. For those tracks the root mean square distance from what the method
asks for is 1.95 instead of 1.93 dB; with a dead band as wide as needed it would be 2.77 dB.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.analysis.loudness import HOPS_PER_SECOND, gated_loudness
from reaper_drumgain.automation.envelope_points import GainCurve, fitted
from reaper_drumgain.automation.inputs import MAX_ENVELOPE, AutomationInput
from reaper_drumgain.automation.kit_inputs import joined, of_each_kit
from reaper_drumgain.automation.ramps import RAMP_S
from reaper_drumgain.automation.records import GainsOverTime
from reaper_drumgain.errors import InputError
from reaper_drumgain.faders.levels import offset_for
from reaper_drumgain.faders.links import any_linked, linked_moves
from reaper_drumgain.methods.base import MethodInput, RunningGains
from reaper_drumgain.methods.cross_adaptive import LOUDNESS_SECONDS
from reaper_drumgain.util.decibels import gain_to_db, power_to_db

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

DEAD_BAND_DB = 1.5
MOST_DB_PER_S = 1.0
#: how many points a curve takes at most, so that it can still be edited by hand
POINTS_PER_MINUTE, MOST_AT_LEAST = 8, 12
#: a running power below this is silence
_SILENT = 1e-12


def riding_gains(given: AutomationInput) -> GainsOverTime:
    """Curves that follow the song, and the fader at which each curve stays for most of the time.

    With a span the faders stay, and the curves begin and end at 0 dB within it. Several kits are
    followed one by one.

    Raises
    ------
    InputError
        Nothing plays in the song.
    """
    kits = of_each_kit(given)
    found = [_riding_gains(kit) for kit in kits]
    if len(found) == 1:
        return found[0]
    curves = tuple(joined(given, [own.curves for own in found]))
    faders = np.array(joined(given, [own.faders_db.tolist() for own in found]))
    drawn = _drawn_faders(replace(given, faders_db=faders), curves)
    return GainsOverTime(
        faders_db=faders,
        curves=curves,
        sections=((),) * len(curves),
        automatable=np.array(joined(given, [own.automatable.tolist() for own in found])),
        powers=given.path.powers(drawn),
    )


def _riding_gains(given: AutomationInput) -> GainsOverTime:
    """As ``riding_gains``, of one kit."""
    if not given.analysis.measurement.mix.hops:
        raise InputError("no drum track has audio that can be read, so there is nothing to follow")
    gains = _running_gains(given)
    plays = given.activity.active & gains.open.any(axis=1)
    given = replace(given, automatable=given.automatable & plays)
    faders = riding_faders(given, gains, plays & given.anchors)
    if given.span is None:
        given = replace(given, faders_db=_centred(given, faders))
    changes = faders - given.faders_db[:, None]
    curves = tuple(_curve(given, own) for own in changes)
    return GainsOverTime(
        faders_db=given.faders_db,
        curves=curves,
        sections=((),) * len(curves),
        automatable=given.automatable,
        powers=given.path.powers(_drawn_faders(given, curves)),
    )


def _running_gains(given: AutomationInput) -> RunningGains:
    """The method's gains over time, turned into faders."""
    roles = tuple(drum.role for drum in given.drums)
    measurement = given.analysis.measurement
    gains = given.method.running(
        MethodInput(roles, given.activity.table, measurement, given.activity.active)
    )
    return replace(gains, gains_db=given.path.fader_gains(gains.gains_db))


def riding_faders(given: AutomationInput, gains: RunningGains, anchors: Mask) -> Array:
    """Fader values over time.

    A fader that should go beyond its upper end stays there meanwhile, so that the whole kit does
    not get softer for a moment of one track.

    Parameters
    ----------
    given
        What automation starts from, of n tracks.
    gains
        The method's gains over time, shape (n, hops), in dB.
    anchors
        Shape (n,): tracks that play, stay, and set the level of the others.

    Returns
    -------
    ndarray
        Shape (n, hops): faders in dB, one for each 100 ms.
    """
    old, moving = given.old_faders_db, given.automatable
    start = (old - given.trims.made)[:, None]
    moves = (gains.gains_db - start) * (given.settings.amount / 100.0)
    moves = linked_moves(moves, given.links, np.isfinite(moves))
    is_open = gains.open.copy()
    for place, leader in given.leaders.items():
        moves[place] = moves[leader] if moving[leader] else 0.0
        is_open[place] = is_open[leader]
    wanted = start + given.trims.wanted[:, None] + moves
    # linked tracks get the same curve, so they rest together
    is_open = any_linked(is_open, given.links)
    faders = np.repeat(given.faders_db[:, None], wanted.shape[1], axis=1)
    faders[moving] = _filled(wanted[moving])
    if anchors.any():
        # the wanted moves of the tracks that stay say where the others have to be
        offset = -np.mean(_filled(wanted[anchors]) - old[anchors, None], axis=0)
    else:
        ratio = _slow_ratio_db(given.powers_before, given.path.powers(faders))
        offset = given.level_change_db + ratio
    faders[moving] = _filled(np.where(is_open, faders + offset, np.nan)[moving])
    faders[moving] = with_dead_band(faders[moving])
    highest = given.highest_faders_db[:, None]

    def capped(step: float) -> Array:
        return np.where(moving[:, None], np.minimum(faders + step, highest), faders)

    if anchors.any():
        return capped(0.0)
    target = gated_loudness(given.powers_before) + given.level_change_db
    step = offset_for(lambda o: gated_loudness(given.path.powers(capped(o))), target)
    return capped(step or 0.0)


def _centred(given: AutomationInput, faders: Array) -> Array:
    """The constant part (n,) in dB: where the faders over time (n, hops) are most of the time."""
    changes = faders - given.faders_db[:, None]
    shifts = np.round(np.median(changes, axis=1), 2)
    # the rest must be within an envelope's reach
    shifts = np.maximum(shifts, changes.max(axis=1) - MAX_ENVELOPE)
    # linked tracks differ only where one of them meets the end of its fader
    common = np.array([shifts[list(members)].min() for members in given.links])
    return np.where(given.automatable, given.faders_db + common, given.faders_db)


def _curve(given: AutomationInput, changes: Array) -> GainCurve:
    """The curve of an envelope that adds ``changes`` (hops,) in dB to a fader."""
    times, levels = corners(given.analysis.time_of, changes)
    if given.span is not None:
        start, end = given.span
        inner = (start + RAMP_S, end - RAMP_S)
        pairs = zip(times, levels, strict=True)
        inside = [(t, v) for t, v in pairs if inner[0] < t < inner[1]]
        first, last = (float(np.interp(t, times, levels)) for t in inner)
        nodes = [(start, 0.0), (inner[0], first), *inside, (inner[1], last), (end, 0.0)]
        times, levels = (list(column) for column in zip(*nodes, strict=True))
    return fitted(GainCurve(tuple(times), tuple(levels)), most_points(changes.size))


def _drawn_faders(given: AutomationInput, curves: Sequence[GainCurve]) -> Array:
    """Faders and envelopes together over time (n, hops) in dB, as the curves are drawn."""
    hops = given.analysis.measurement.mix.hops
    times = np.array([given.analysis.time_of(hop + 1) for hop in range(hops)])
    levels = [gain_to_db(curve.drawn.at(times)) for curve in curves]
    return np.asarray(given.faders_db[:, None] + np.array(levels))


def most_points(hops: int) -> int:
    """How many points a curve over so many hops of 100 ms may take."""
    return max(MOST_AT_LEAST, POINTS_PER_MINUTE * hops // (60 * HOPS_PER_SECOND))


def with_dead_band(curves: Array) -> Array:
    """Curves that move only where the given ones leave the dead band.

    Then they go to the given curve, never faster than ``MOST_DB_PER_S``.

    Parameters
    ----------
    curves
        Shape (n, hops): faders in dB.

    Returns
    -------
    ndarray
        Shape (n, hops): faders in dB.
    """
    step = MOST_DB_PER_S / HOPS_PER_SECOND
    moved = np.empty_like(curves)
    if not curves.size:
        return moved
    # a curve begins where it is most of the time, if that is within the dead band
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
    """Gaps (NaN) filled with the value before them, or at the beginning with the first value."""
    known = ~np.isnan(curves)
    places = np.where(known, np.arange(curves.shape[1]), -1)
    last = np.maximum.accumulate(places, axis=1)
    first = np.argmax(known, axis=1)
    return np.take_along_axis(curves, np.where(last < 0, first[:, None], last), axis=1)


def _slow_ratio_db(one: Array, other: Array) -> Array:
    """The ratio of two powers over time, each smoothed forwards and backwards."""
    slow_one, slow_other = _smoothed(one), _smoothed(other)
    heard = (slow_one > _SILENT) & (slow_other > _SILENT)
    ratio = np.divide(slow_one, slow_other, out=np.ones_like(slow_one), where=heard)
    return np.where(heard, power_to_db(ratio), 0.0)


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
    """The nodes of a curve: where its slope changes.

    Parameters
    ----------
    times
        Gives the second of the project at which a hop begins.
    curve
        Shape (hops,): levels in dB.

    Returns
    -------
    times : list of float
        Seconds of the nodes. The gain of a hop is that at its end.
    levels : list of float
        Levels of the nodes in dB.
    """
    if curve.size < 3:
        places = list(range(curve.size))
    else:
        bends = np.flatnonzero(np.abs(np.diff(curve, 2)) > 1e-9) + 1
        places = [0, *bends.tolist(), curve.size - 1]
    # a hop's gain is known at its end
    return [times(place + 1) for place in places], [float(curve[place]) for place in places]
