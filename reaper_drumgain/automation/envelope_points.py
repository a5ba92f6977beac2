"""Curves of gain over time as the fewest envelope points, alone or over existing points.

REAPER draws a line between two points in amplitude, or in the scale of its faders, as the
setting of the envelope says; which setting a new envelope gets depends on the user's preferences.
So points are chosen such that both lines stay within ``TOLERANCE_DB`` of the curve, down to -60 dB.

An existing envelope is read as its setting says (``audio.envelope_curves``). Its points stay
where the curve does not change, with two exceptions: a curved segment (slow, fast, Bezier) in
which the change begins or ends is drawn anew up to its points, and so are the Bezier segments
next to it, whose form depends on their neighbours. Jumps stay jumps.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.audio.envelope_curves import EnvelopeCurve, from_fader, to_fader
from reaper_drumgain.automation.fewest_points import SLACK, fewest_points
from reaper_drumgain.schema.envelope_note import TIME_STEPS, VALUE_STEPS
from reaper_drumgain.schema.session import Envelope, EnvelopePoint
from reaper_drumgain.units import LinearGain, to_decibel
from reaper_drumgain.util.decibels import db_to_gain, gain_to_db

Array = NDArray[np.float64]
Gain = Callable[[Array], Array]

#: how far a line between two points may lie from the curve
TOLERANCE_DB = 0.1
#: the tolerance without rounding
_AIM_DB = 0.085
#: the step by which the tolerance grows for a curve that may have only so many points
GROWTH_DB = 0.25
#: samples of a curve lie at most this far apart, in level or else in time
_STEP_DB, _STEP_S = 0.25, 1e-3
#: the least number of samples in a curved segment, and in any other
_BENT_SAMPLES, _SAMPLES = 64, 8
#: just before a jump
_BEFORE_S = 1e-7
#: how long before a jump a slope ends
_LANDING_S = 1e-4
_BENT = (2, 3, 4, 5)
_LINEAR, _SQUARE, _BEZIER = 0, 1, 5


@dataclass(frozen=True, slots=True)
class GainCurve:
    """A gain over time.

    The first and the last level hold before and behind the nodes. Between two nodes the curve lies
    halfway, in dB, between the two lines that REAPER may draw. So a change of up to 3 dB needs no
    points between its nodes.

    Attributes
    ----------
    times
        Seconds at which the nodes lie, rising.
    levels_db
        The gain at each node in dB.
    aim_db
        How far in dB the lines of the points may lie from the curve, rounding aside.
    """

    times: tuple[float, ...]
    levels_db: tuple[float, ...]
    aim_db: float = _AIM_DB

    def at(self, times: Array) -> Array:
        """The gain of the curve at any time.

        Parameters
        ----------
        times
            Seconds, of any shape.

        Returns
        -------
        ndarray
            Linear gains in the shape of ``times``.
        """
        gains = db_to_gain(np.asarray(self.levels_db))
        one = np.interp(times, self.times, gains)
        other = from_fader(np.interp(times, self.times, to_fader(gains)))
        return np.asarray(np.sqrt(one * other))

    @property
    def tolerance_db(self) -> float:
        """The largest distance in dB between the curve and the lines of its points."""
        return self.aim_db + TOLERANCE_DB - _AIM_DB

    @property
    def drawn(self) -> GainCurve:
        """The curve that the lines of its points draw, with its first two and last two nodes."""
        if self.aim_db == _AIM_DB or len(self.times) < 4:
            return self
        inner = (self.times[1], self.times[-2])
        points = _drawn(self.at, self.times, (), inner, aim_db=self.aim_db)
        rows = [(point.time, to_decibel(LinearGain(point.value))) for point in points[1:-1]]
        level_at = dict(zip(self.times, self.levels_db, strict=True))
        ends = [(time, level_at[time]) for time in (self.times[0], *inner, self.times[-1])]
        times, levels = zip(*ends[:2], *rows, *ends[2:], strict=True)
        return GainCurve(times, levels)

    @property
    def changed(self) -> tuple[float, float] | None:
        """Start and end in seconds of the time in which the curve is not 0 dB.

        Infinite where that has no start or no end; None where the curve is 0 dB throughout.
        """
        if max(map(abs, self.levels_db), default=0.0) <= _AIM_DB:
            return None
        sounding = np.flatnonzero(np.abs(self.levels_db) > 1e-9)
        if not sounding.size:
            return None
        first, last = int(sounding[0]), int(sounding[-1])
        begin = -np.inf if first == 0 else self.times[first - 1]
        return begin, (np.inf if last + 1 == len(self.times) else self.times[last + 1])


def fitted(curve: GainCurve, most: int) -> GainCurve:
    """The curve with the smallest tolerance at which ``most`` points or fewer (2 at least) draw it.

    The tolerance grows in steps of ``GROWTH_DB``.
    """
    aims = (_AIM_DB + step * GROWTH_DB for step in itertools.count())
    loose = (replace(curve, aim_db=aim) for aim in aims)
    return next(one for one in loose if len(multiplied(one, None)) <= most)


def written_time(time: float) -> float:
    """A time in seconds as it is written.

    Whole microseconds, and clear of the borders between the steps in which ``envelope_note``
    compares times.
    """
    rounded = round(time, 6)
    step = rounded * TIME_STEPS % 1.0
    return round(rounded + 1e-5, 6) if abs(step - 0.5) < 3e-3 else rounded


def multiplied(curve: GainCurve, envelope: Envelope | None) -> tuple[EnvelopePoint, ...]:
    """The points of ``envelope`` multiplied by the curve.

    An envelope that is None or has no points is 0 dB. Where the curve is 0 dB throughout, the
    result is the envelope's own points.
    """
    points = envelope.points if envelope is not None else ()
    extent = curve.changed
    if extent is None:
        return points
    if envelope is None or not points:
        return tuple(_drawn(curve.at, curve.times, (), extent, aim_db=curve.aim_db))
    existing, curve = EnvelopeCurve(envelope), curve.drawn
    extent = curve.changed  # drawn with few points it may return to 0 dB later
    if extent is None:
        return points
    return _within(
        points, existing, lambda t: existing.values(t) * curve.at(t), curve.times, extent
    )


def replaced(
    curve: GainCurve, envelope: Envelope | None, *, bounded: bool
) -> tuple[EnvelopePoint, ...]:
    """The points of an envelope that is replaced by a curve.

    Parameters
    ----------
    curve
        The new gain over time.
    envelope
        The envelope that is replaced. None, or one without points, is 0 dB.
    bounded
        Replace only from the first to the last node of the curve. The old values then fade into the
        curve up to its second node, and back from its last node but one.

    Returns
    -------
    tuple of EnvelopePoint
        All points that the envelope then has, at least one where it is not bounded.
    """
    points = envelope.points if envelope is not None else ()
    if not bounded or envelope is None or not points:
        extent = curve.changed
        if extent is None:
            return (EnvelopePoint(0.0, 1.0),)
        return tuple(_drawn(curve.at, curve.times, (), extent, aim_db=curve.aim_db))
    existing, curve = EnvelopeCurve(envelope), curve.drawn
    inner = (curve.times[1], curve.times[-2])
    span = (curve.times[0], curve.times[-1])
    knots = (span[0], *inner, span[1])

    def gain(times: Array) -> Array:
        share = np.interp(times, knots, (0.0, 1.0, 1.0, 0.0))
        # only the curve's end values, so that its own ramp is not counted twice
        inside = curve.at(np.clip(times, *inner))
        return np.asarray(share * inside + (1.0 - share) * existing.values(times))

    return _within(points, existing, gain, (*knots, *curve.times), span)


def _within(
    points: tuple[EnvelopePoint, ...],
    existing: EnvelopeCurve,
    gain: Gain,
    knots: Sequence[float],
    extent: tuple[float, float],
) -> tuple[EnvelopePoint, ...]:
    """The points outside of ``extent``, and between them those that draw ``gain``."""
    times = [point.time for point in points]
    first = int(np.searchsorted(times, extent[0], side="left"))
    behind = int(np.searchsorted(times, extent[1], side="right"))
    begin, end = extent
    closing = _LINEAR
    if 0 < first < len(points) and _is_bent(points, first - 1) and times[first] > begin:
        first -= 1
        begin = times[first]
    # the form of a Bezier segment depends on the points before and behind it
    while any(points[n].shape == _BEZIER for n in range(max(0, first - 2), first)):
        first -= 1
        begin = times[first]
    if 0 < behind < len(points):
        if times[behind - 1] == end and points[behind - 1].shape != _BEZIER:
            closing = points[behind - 1].shape
        elif _is_bent(points, behind - 1):
            end = times[behind]
        elif points[behind - 1].shape == _SQUARE:
            closing = _SQUARE
    while behind + 1 < len(points) and points[behind].shape == _BEZIER:
        behind += 1
        end = times[behind]
    drawn = _drawn(
        gain,
        [*knots, *times],
        _jumps(points, existing),
        (begin, end),
        _times_within_segments(points),
    )
    held = first > 0 and points[first - 1].shape == _SQUARE
    if np.isfinite(begin) and _is_jump(existing, begin) and not held:
        # the slope before a jump that stands right at the beginning needs its end
        drawn.insert(
            0, EnvelopePoint(written_time(begin), _value(existing.values, begin - _BEFORE_S))
        )
    if end == extent[1]:
        drawn[-1] = replace(drawn[-1], shape=closing)
    else:
        # what was redrawn ends in an existing point, which stays
        drawn = [point for point in drawn if point.time < written_time(end)]
        reached = _value(existing.values, end - _BEFORE_S)
        if drawn[-1].shape != _SQUARE and abs(reached - points[behind].value) > SLACK:
            # where several points share a time, the curve ends at the first of them, not at the
            # one that stays
            drawn.append(EnvelopePoint(written_time(end), reached))
    return (*points[:first], *drawn, *points[behind:])


def _times_within_segments(points: Sequence[EnvelopePoint]) -> Array:
    """Times inside the segments of an envelope, where it may bulge when multiplied."""
    # closer together at both ends, where Bezier segments are at their steepest
    shares = {n: 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, n)) for n in (_BENT_SAMPLES, _SAMPLES)}
    segments = [
        a.time + (b.time - a.time) * shares[_BENT_SAMPLES if a.shape in _BENT else _SAMPLES]
        for a, b in itertools.pairwise(points)
    ]
    return np.concatenate([np.zeros(0), *segments])


def _is_bent(points: Sequence[EnvelopePoint], place: int) -> bool:
    """Whether the segment behind a point is a curve; between equal values only Bezier is one."""
    shape = points[place].shape
    return shape == _BEZIER or (shape in _BENT and points[place].value != points[place + 1].value)


def _value(gain: Gain, time: float) -> float:
    return round(float(gain(np.array([time]))[0]) * VALUE_STEPS) / VALUE_STEPS


def _is_jump(curve: EnvelopeCurve, time: float) -> bool:
    before, after = curve.values(np.array([time - _BEFORE_S, time]))
    return bool(abs(before - after) > max(SLACK, 1e-3 * max(before, after)))


def _jumps(points: Sequence[EnvelopePoint], curve: EnvelopeCurve) -> list[float]:
    return [time for time in dict.fromkeys(p.time for p in points) if _is_jump(curve, time)]


def _drawn(
    gain: Gain,
    knots: Sequence[float],
    jumps: Sequence[float],
    extent: tuple[float, float],
    between: Array | None = None,
    *,
    aim_db: float = _AIM_DB,
) -> list[EnvelopePoint]:
    """The fewest points that draw ``gain`` from the start to the end of ``extent``.

    ``between``: further times at which the curve is sampled, beside its ``knots``. Where the extent
    has no start or end, the first or last value holds, which needs no point of its own.
    """
    begin, end = (t if np.isfinite(t) else None for t in extent)
    inner = [t for t in knots if extent[0] < t < extent[1]]
    fixed = sorted(t for t in (begin, *inner, end) if t is not None)
    if begin is None and fixed[0] in jumps:
        fixed.insert(0, fixed[0] - _STEP_S)
    borders = sorted(t for t in jumps if fixed[0] < t <= fixed[-1])
    made: list[EnvelopePoint] = []
    edges = [fixed[0], *borders, fixed[-1]]
    looked_at = np.union1d(fixed, np.zeros(0) if between is None else between)
    for place, (low, high) in enumerate(itertools.pairwise(edges)):
        jump = place < len(borders)
        inside = looked_at[(looked_at > low) & (looked_at < high)]
        times, values = _sampled(gain, inside, low, high, jump=jump)
        nodes = np.isin(times, [written_time(t) for t in fixed])
        kept = [EnvelopePoint(*pair) for pair in fewest_points(times, values, nodes, aim_db)]
        made += _landing(kept, gain) if jump and len(kept) > 1 else kept
    if begin is None and len(made) > 1 and made[0].value == made[1].value:
        del made[0]
    if end is None and len(made) > 1 and made[-1].value == made[-2].value:
        del made[-1]
    return made


def _landing(kept: list[EnvelopePoint], gain: Gain) -> list[EnvelopePoint]:
    """Points up to a jump: the last one holds until it, in place of one at the jump itself."""
    before, last = kept[-2], kept[-1]
    at = written_time(last.time - _LANDING_S)
    if before.value == last.value or at <= before.time:
        return [*kept[:-2], replace(before, shape=_SQUARE)]
    return [*kept[:-1], EnvelopePoint(at, _value(gain, at), _SQUARE)]


def _sampled(
    gain: Gain, inside: Array, begin: float, end: float, *, jump: bool
) -> tuple[Array, Array]:
    """Times from ``begin`` to ``end`` and the gains there, as they are written.

    They are so close together that the curve is nearly straight between them. With ``jump`` the
    last gain is that just before the end.
    """
    last = end - _BEFORE_S if jump else end
    times = np.unique([begin, *inside[inside < last], last])
    while True:
        levels = gain_to_db(np.maximum(gain(times), SLACK))
        wide = (np.abs(np.diff(levels)) > _STEP_DB) & (np.diff(times) > _STEP_S)
        if not wide.any():
            break
        times = np.sort(np.concatenate([times, (times[:-1] + np.diff(times) / 2.0)[wide]]))
    written = {written_time(begin): begin}
    written |= {
        written_time(t): t
        for t in times.tolist()
        if written_time(begin) < written_time(t) < written_time(end)
    }
    written |= {written_time(end): last}
    values = np.round(gain(np.array(list(written.values()))) * VALUE_STEPS) / VALUE_STEPS
    return np.array(list(written)), values
