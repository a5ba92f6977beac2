"""Curves of gain over time as the fewest envelope points, around and over existing points.

REAPER draws a line between two points in amplitude, or in the scale of its faders, as the
envelope's own setting says; which setting a newly made envelope gets depends on preferences.
So points are chosen such that both lines stay within ``TOLERANCE_DB`` of the curve, down to -60 dB.

An existing envelope is read as its setting says (``curves.EnvelopeCurve``). Its points stay
where the curve does not change, with two exceptions: a bent piece (slow, fast, Bezier) that
the change begins or ends within is drawn anew up to its points, and so are the Bezier pieces
beside it, whose form depends on their neighbours. Jumps stay jumps.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.audio.envelope_curves import EnvelopeCurve, from_fader, to_fader
from reaper_drumgain.schema.envelope_note import TIME_STEPS, VALUE_STEPS
from reaper_drumgain.schema.session import Envelope, EnvelopePoint
from reaper_drumgain.units import Decibel, LinearGain, to_decibel, to_linear
from reaper_drumgain.util.decibels import db_to_gain, gain_to_db

Array = NDArray[np.float64]
Gain = Callable[[Array], Array]

#: how far a line between two points may lie from the curve
TOLERANCE_DB = 0.1
#: what is aimed at, the rest is for rounding
_AIM_DB = 0.085
#: by how much the tolerance grows for a curve that gets only so many points
GROWTH_DB = 0.25
#: gains this far off are right whatever that is in dB (0.02 dB at -60 dB)
_SLACK = 2e-6
#: samples of a curve lie at most this far apart, in level or else in time
_STEP_DB, _STEP_S = 0.25, 1e-3
#: of a bent piece, and of any other, at least
_BENT_SAMPLES, _SAMPLES = 64, 8
#: with more samples than this, lines begin and end only where the curve bends by more than
#: this part of the tolerance
_MANY, _PART = 300, 0.25
#: just before a jump
_BEFORE_S = 1e-7
#: how long before a jump a slope ends
_LANDING_S = 1e-4
_BENT = (2, 3, 4, 5)
_LINEAR, _SQUARE, _BEZIER = 0, 1, 5
_WINDOW = 256


@dataclass(frozen=True, slots=True)
class GainCurve:
    """A gain in dB over time; the first and last values hold before and behind its nodes.

    Between two nodes it lies halfway, in dB, between the two lines that REAPER may draw, so
    that a change of up to 3 dB needs no points between them. ``times`` rise. ``aim_db``: how far
    its points' lines may lie from it, but for rounding.
    """

    times: tuple[float, ...]
    levels_db: tuple[float, ...]
    aim_db: float = _AIM_DB

    def at(self, times: Array) -> Array:
        """Linear gains at times."""
        gains = db_to_gain(np.asarray(self.levels_db))
        one = np.interp(times, self.times, gains)
        other = from_fader(np.interp(times, self.times, to_fader(gains)))
        return np.asarray(np.sqrt(one * other))

    @property
    def tolerance_db(self) -> float:
        """How far what is drawn lies from the curve at most."""
        return self.aim_db + TOLERANCE_DB - _AIM_DB

    @property
    def drawn(self) -> GainCurve:
        """The curve as its points draw it, with its first two and last two nodes."""
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
        """From when to when it is not 0 dB, infinite where it never begins or ends; None where
        it is 0 dB throughout, within the tolerance."""
        if max(map(abs, self.levels_db), default=0.0) <= _AIM_DB:
            return None
        sounding = np.flatnonzero(np.abs(self.levels_db) > 1e-9)
        if not sounding.size:
            return None
        first, last = int(sounding[0]), int(sounding[-1])
        begin = -np.inf if first == 0 else self.times[first - 1]
        return begin, (np.inf if last + 1 == len(self.times) else self.times[last + 1])


def fitted(curve: GainCurve, most: int) -> GainCurve:
    """The curve with the smallest tolerance, in steps of ``GROWTH_DB``, at which at most
    ``most`` points (two at least) draw it."""
    aims = (_AIM_DB + step * GROWTH_DB for step in itertools.count())
    loose = (replace(curve, aim_db=aim) for aim in aims)
    return next(one for one in loose if len(multiplied(one, None)) <= most)


def settled(time: float) -> float:
    """A time as it is written: whole microseconds, clear of the borders between the steps in
    which ``marks`` compares."""
    rounded = round(time, 6)
    step = rounded * TIME_STEPS % 1.0
    return round(rounded + 1e-5, 6) if abs(step - 0.5) < 3e-3 else rounded


def multiplied(curve: GainCurve, envelope: Envelope | None) -> tuple[EnvelopePoint, ...]:
    """The points of an envelope times the curve; None, or one without points, is 0 dB.

    Where the curve is 0 dB throughout, the envelope's own points.
    """
    points = envelope.points if envelope is not None else ()
    hull = curve.changed
    if hull is None:
        return points
    if envelope is None or not points:
        return tuple(_drawn(curve.at, curve.times, (), hull, aim_db=curve.aim_db))
    existing, curve = EnvelopeCurve(envelope), curve.drawn
    hull = curve.changed  # of few points it may come back to 0 dB later than what it draws
    if hull is None:
        return points
    return _within(points, existing, lambda t: existing.values(t) * curve.at(t), curve.times, hull)


def replaced(
    curve: GainCurve, envelope: Envelope | None, *, bounded: bool
) -> tuple[EnvelopePoint, ...]:
    """The points of an envelope that becomes the curve, everywhere or from its first to its
    last node (``bounded``).

    Then the former values lead over into the curve until its second node, and back into them
    from its last but one.
    """
    points = envelope.points if envelope is not None else ()
    if not bounded or envelope is None or not points:
        hull = curve.changed
        if hull is None:
            return (EnvelopePoint(0.0, 1.0),)
        return tuple(_drawn(curve.at, curve.times, (), hull, aim_db=curve.aim_db))
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
    hull: tuple[float, float],
) -> tuple[EnvelopePoint, ...]:
    """The points outside of ``hull``, and between them those that draw ``gain``."""
    times = [point.time for point in points]
    first = int(np.searchsorted(times, hull[0], side="left"))
    behind = int(np.searchsorted(times, hull[1], side="right"))
    begin, end = hull
    closing = _LINEAR
    if 0 < first < len(points) and _is_bent(points, first - 1) and times[first] > begin:
        first -= 1
        begin = times[first]
    # the form of a Bezier piece depends on the points before and behind it
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
        gain, [*knots, *times], _jumps(points, existing), (begin, end), _within_pieces(points)
    )
    held = first > 0 and points[first - 1].shape == _SQUARE
    if np.isfinite(begin) and _is_jump(existing, begin) and not held:
        # the slope before a jump that stands right at the beginning needs its end
        drawn.insert(0, EnvelopePoint(settled(begin), _value(existing.values, begin - _BEFORE_S)))
    if end == hull[1]:
        drawn[-1] = replace(drawn[-1], shape=closing)
    else:
        # what was redrawn ends in an existing point, which stays
        drawn = [point for point in drawn if point.time < settled(end)]
        reached = _value(existing.values, end - _BEFORE_S)
        if drawn[-1].shape != _SQUARE and abs(reached - points[behind].value) > _SLACK:
            # of several points at one time the first that stays is not where the curve comes to
            drawn.append(EnvelopePoint(settled(end), reached))
    return (*points[:first], *drawn, *points[behind:])


def _within_pieces(points: Sequence[EnvelopePoint]) -> Array:
    """Times within the pieces of an envelope: a curve times a piece can bulge between both ends."""
    # closer together at both ends, where Bezier pieces are at their steepest
    shares = {n: 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, n)) for n in (_BENT_SAMPLES, _SAMPLES)}
    pieces = [
        a.time + (b.time - a.time) * shares[_BENT_SAMPLES if a.shape in _BENT else _SAMPLES]
        for a, b in itertools.pairwise(points)
    ]
    return np.concatenate([np.zeros(0), *pieces])


def _is_bent(points: Sequence[EnvelopePoint], place: int) -> bool:
    """Whether the piece behind a point is no line, nor one value (of which Bezier bulges)."""
    shape = points[place].shape
    return shape == _BEZIER or (shape in _BENT and points[place].value != points[place + 1].value)


def _value(gain: Gain, time: float) -> float:
    return round(float(gain(np.array([time]))[0]) * VALUE_STEPS) / VALUE_STEPS


def _is_jump(curve: EnvelopeCurve, time: float) -> bool:
    before, after = curve.values(np.array([time - _BEFORE_S, time]))
    return bool(abs(before - after) > max(_SLACK, 1e-3 * max(before, after)))


def _jumps(points: Sequence[EnvelopePoint], curve: EnvelopeCurve) -> list[float]:
    return [time for time in dict.fromkeys(p.time for p in points) if _is_jump(curve, time)]


def _drawn(
    gain: Gain,
    knots: Sequence[float],
    jumps: Sequence[float],
    hull: tuple[float, float],
    between: Array | None = None,
    *,
    aim_db: float = _AIM_DB,
) -> list[EnvelopePoint]:
    """The fewest points that draw ``gain`` from and up to the ends of ``hull``.

    ``between``: times at which it is to be looked at beside its ``knots``.
    Without an end the first or last value holds, which takes no point of its own.
    """
    begin, end = (t if np.isfinite(t) else None for t in hull)
    inner = [t for t in knots if hull[0] < t < hull[1]]
    marks = sorted(t for t in (begin, *inner, end) if t is not None)
    if begin is None and marks[0] in jumps:
        marks.insert(0, marks[0] - _STEP_S)
    borders = sorted(t for t in jumps if marks[0] < t <= marks[-1])
    made: list[EnvelopePoint] = []
    edges = [marks[0], *borders, marks[-1]]
    looked_at = np.union1d(marks, np.zeros(0) if between is None else between)
    for place, (low, high) in enumerate(itertools.pairwise(edges)):
        jump = place < len(borders)
        inside = looked_at[(looked_at > low) & (looked_at < high)]
        times, values = _sampled(gain, inside, low, high, jump=jump)
        nodes = np.isin(times, [settled(t) for t in marks])
        kept = [EnvelopePoint(*pair) for pair in _fewest(times, values, nodes, aim_db)]
        made += _landing(kept, gain) if jump and len(kept) > 1 else kept
    if begin is None and len(made) > 1 and made[0].value == made[1].value:
        del made[0]
    if end is None and len(made) > 1 and made[-1].value == made[-2].value:
        del made[-1]
    return made


def _landing(kept: list[EnvelopePoint], gain: Gain) -> list[EnvelopePoint]:
    """Points up to a jump: the last one holds until it, in place of one at the jump itself."""
    before, last = kept[-2], kept[-1]
    at = settled(last.time - _LANDING_S)
    if before.value == last.value or at <= before.time:
        return [*kept[:-2], replace(before, shape=_SQUARE)]
    return [*kept[:-1], EnvelopePoint(at, _value(gain, at), _SQUARE)]


def _sampled(
    gain: Gain, inside: Array, begin: float, end: float, *, jump: bool
) -> tuple[Array, Array]:
    """Times from ``begin`` to ``end`` and the gains there, as they are written, close enough
    together that nothing hides between them. ``jump``: the last gain is that before the end."""
    last = end - _BEFORE_S if jump else end
    times = np.unique([begin, *inside[inside < last], last])
    while True:
        levels = gain_to_db(np.maximum(gain(times), _SLACK))
        wide = (np.abs(np.diff(levels)) > _STEP_DB) & (np.diff(times) > _STEP_S)
        if not wide.any():
            break
        times = np.sort(np.concatenate([times, (times[:-1] + np.diff(times) / 2.0)[wide]]))
    written = {settled(begin): begin}
    written |= {settled(t): t for t in times.tolist() if settled(begin) < settled(t) < settled(end)}
    written |= {settled(end): last}
    values = np.round(gain(np.array(list(written.values()))) * VALUE_STEPS) / VALUE_STEPS
    return np.array(list(written)), values


def _fewest(
    times: Array, values: Array, nodes: NDArray[np.bool_], aim_db: float
) -> list[tuple[float, float]]:
    """The fewest of these (time, value), first and last among them, whose lines stay within
    the tolerance of all others, in amplitude and in fader scale: a shortest path. Among equals
    the one through the most of the curve's ``nodes``."""
    flat = values[1:] == values[:-1]
    corners = np.concatenate([[True], ~(flat[:-1] & flat[1:]), [True]])[: len(times)]
    times, values = times[corners], values[corners]
    price = np.where(nodes[corners], 1.0, 1.0 + 1e-6)
    ratio = to_linear(Decibel(aim_db))
    low, high = np.maximum(values / ratio - _SLACK, 0.0), values * ratio + _SLACK
    scales = [(values, low, high), (to_fader(values), to_fader(low), to_fader(high))]
    count = len(times)
    paid = np.full(count, np.inf)
    paid[0] = 0.0
    came = np.zeros(count, dtype=int)
    ends = _bends(times, scales) if count > _MANY else np.ones(count, dtype=bool)
    for here in np.flatnonzero(ends[:-1]).tolist():
        ahead = _reachable(times, scales, here)
        ahead = ahead[ends[ahead]]
        offer = paid[here] + price[ahead]
        better = offer < paid[ahead]
        paid[ahead[better]], came[ahead[better]] = offer[better], here
    path = [count - 1]
    while path[-1]:
        path.append(int(came[path[-1]]))
    return [(float(times[i]), float(values[i])) for i in reversed(path)]


def _bends(times: Array, scales: Sequence[tuple[Array, Array, Array]]) -> NDArray[np.bool_]:
    """Where lines meet that stay well within the bounds, each as long as it can be."""
    chosen = np.zeros(len(times), dtype=bool)
    chosen[[0, -1]] = True
    seconds = times.tolist()
    # a part of the bounds on either side
    rows = [
        list(zip(v.tolist(), (v + _PART * (low - v)).tolist(), (v + _PART * (high - v)).tolist(),
                 strict=True))
        for v, low, high in scales
    ]  # fmt: skip
    here = 0
    cones = [(-np.inf, np.inf)] * len(rows)
    for place in range(1, len(seconds)):
        if not all(
            flat <= (row[place][0] - row[here][0]) / (seconds[place] - seconds[here]) <= steep
            for row, (flat, steep) in zip(rows, cones, strict=True)
        ):
            here, cones = place - 1, [(-np.inf, np.inf)] * len(rows)
            chosen[here] = True
        length = seconds[place] - seconds[here]
        cones = [
            (
                max(flat, (row[place][1] - row[here][0]) / length),
                min(steep, (row[place][2] - row[here][0]) / length),
            )
            for row, (flat, steep) in zip(rows, cones, strict=True)
        ]
    return chosen


def _reachable(
    times: Array, scales: Sequence[tuple[Array, Array, Array]], here: int
) -> NDArray[np.intp]:
    """The samples to which a line from ``here`` stays within the bounds of those between."""
    reach = _WINDOW
    while True:
        stop = min(len(times), here + 1 + reach)
        ahead = slice(here + 1, stop)
        length = times[ahead] - times[here]
        fits = np.ones(length.size, dtype=bool)
        open_still = True
        for values, low, high in scales:
            steepest = np.minimum.accumulate((high[ahead] - values[here]) / length)
            flattest = np.maximum.accumulate((low[ahead] - values[here]) / length)
            slope = (values[ahead] - values[here]) / length
            fits[1:] &= (slope[1:] <= steepest[:-1]) & (slope[1:] >= flattest[:-1])
            open_still &= bool(steepest[-1] >= flattest[-1])
        if stop == len(times) or not open_still:
            return here + 1 + np.flatnonzero(fits)
        reach *= 4
