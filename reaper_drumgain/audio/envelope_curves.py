"""Gain over time inside a clip: REAPER's fades and envelopes, evaluated for whole blocks.

What REAPER's documentation does not give as a formula is collected here, each with its
source, so that a measurement in REAPER has one place to correct.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from reaper_drumgain.audio.samples import Samples
from reaper_drumgain.schema.session import Envelope, EnvelopePoint
from reaper_drumgain.units import Decibel, to_linear
from reaper_drumgain.util.decibels import db_to_gain, gain_to_db

Curve = npt.NDArray[np.float64]

#: a larger linear gain is taken for damage
MAX_GAIN = 1e6

# Assumed: REAPER names its fades linear, inverted quadratic, quadratic, inverted quartic,
# quartic, cosine S, quartic S and (7, written 1.1) equal power, but publishes no formula, and
# none for the curvature. Names and curves agree in public importers and extensions; that a
# positive curvature bends a fade-in down and a fade-out up, and how far, is estimated from
# curves that others matched to REAPER's by eye. Each entry is (log2 of the exponent at
# curvature 0, its change per unit of curvature).
_BEND: dict[int, tuple[float, float]] = {
    0: (0.0, 2.0),
    1: (-1.0, 3.0),
    2: (1.0, 1.0),
    3: (-2.0, 1.0),
    4: (2.0, 1.0),
    5: (0.0, 1.0),
    6: (0.0, 1.0),
    7: (0.0, 1.0),
}

# Assumed: REAPER's fader scale has no published formula. Known are its ends, unity at
# 716.2178503126 and +6.02 dB at 852.7744544070 (values that ReaScript returns), and a fit to
# values read off by users: 714.75 + 21.62 x + 0.1908 x^2 above -23 dB, 702.83 * 1.035972^x
# below. Between the knots the scale is taken as linear in decibels.
_LOW_DB = np.array([-150.0, -120.0, -90.0, -72.0, -60.0, -48.0, -36.0, -30.0, -23.1])
_HIGH_DB = np.array([-18.0, -12.0, -9.0, -6.0, -3.0])
_FADER_DB = np.concatenate([_LOW_DB, _HIGH_DB, [0.0, 6.0206, 12.0412, 24.0]])
_FADER_POSITION = np.concatenate(
    [
        702.833988 * 1.035972147**_LOW_DB,
        716.2178503126 + 21.62084026 * _HIGH_DB + 0.1907747361 * _HIGH_DB**2,
        [716.2178503126, 852.7744544070, 1000.0, 1250.0],
    ]
)


def fade(x: Curve, shape: int, curvature: float) -> Curve:
    """The gain of a fade, from 0 at x = 0 to 1 at x = 1.

    Parameters
    ----------
    x
        Shape (n,): place in the fade; values outside 0 to 1 are clipped.
    shape
        REAPER's number, 0 to 7. An unknown one is taken as linear.
    curvature
        -1 to 1, as for a fade-in. A fade-out is the same curve run backwards in time, with the
        curvature's sign turned.

    Returns
    -------
    array
        Shape (n,): linear gains. The formulas are assumed, see ``_BEND``.
    """
    x = np.clip(x, 0.0, 1.0)
    bend, slope = _BEND.get(shape, _BEND[0])
    curvature = min(1.0, max(-1.0, curvature)) if math.isfinite(curvature) else 0.0
    bend += slope * curvature
    if bend > 0.0:
        x = x ** (2.0**bend)
    elif bend < 0.0:
        x = 1.0 - (1.0 - x) ** (2.0**-bend)
    if shape == 5:
        return 0.5 - 0.5 * np.cos(np.pi * x)
    if shape == 6:
        return np.where(x < 0.5, 8.0 * x**4, 1.0 - 8.0 * (1.0 - x) ** 4)
    if shape == 7:
        return np.sin(0.5 * np.pi * x)
    return x


class EnvelopeCurve:
    """An envelope's points, ready to be evaluated over time.

    Before the first point its value holds, after the last one the last. Between two points the
    shape of the earlier one applies. The polynomials and the Bezier handles are those of the SWS
    extension (BR_EnvelopeUtil.cpp), which its authors matched to REAPER.
    """

    def __init__(self, envelope: Envelope) -> None:
        points = sorted(
            (p for p in envelope.points if math.isfinite(p.time) and math.isfinite(p.value)),
            key=lambda point: point.time,
        )
        points = [replace(p, value=min(MAX_GAIN, max(-MAX_GAIN, p.value))) for p in points]
        self._points = points
        self._times = np.array([point.time for point in points])
        self._scaled = envelope.fader_scaled

    def __len__(self) -> int:
        return len(self._points)

    def constant(self, first: float, last: float) -> float | None:
        """The one value that holds from ``first`` to ``last`` seconds, or None."""
        low = max(0, int(np.searchsorted(self._times, first, side="right")) - 1)
        high = int(np.searchsorted(self._times, last, side="right"))
        values = {point.value for point in self._points[low : high + 1]}
        bent = any(point.shape == 5 for point in self._points[low : high + 1])
        return values.pop() if len(values) == 1 and not bent else None

    def values(self, times: Curve) -> Curve:
        """Evaluate the envelope.

        Parameters
        ----------
        times
            Shape (n,): in seconds, rising.

        Returns
        -------
        array
            Shape (n,): the values; linear gains for volume.
        """
        result = np.empty(len(times))
        # The index of the point whose segment a time falls into; -1 before the first point.
        segment = np.searchsorted(self._times, times, side="right") - 1
        edges = np.flatnonzero(np.diff(segment)) + 1
        for part in np.split(np.arange(len(times)), edges) if len(times) else []:
            place = slice(part[0], part[-1] + 1)
            result[place] = self._segment(int(segment[part[0]]), times[place])
        return result

    def _segment(self, index: int, times: Curve) -> Curve | float:
        points = self._points
        if index < 0:
            return points[0].value
        here = points[index]
        if index + 1 == len(points):
            return here.value
        after = points[index + 1]
        if here.shape == 1 or (here.value == after.value and here.shape != 5):
            return here.value
        scaled = self._scaled and here.value >= 0.0 and after.value >= 0.0
        start, end = here.value, after.value
        if scaled:
            start, end = (float(v) for v in to_fader(np.array([start, end])))
        if here.shape == 5:
            around = (
                points[max(0, index - 1)],
                here,
                after,
                points[min(index + 2, len(points) - 1)],
            )
            bent = _bezier(times, around, scaled=scaled)
            return from_fader(bent) if scaled else bent
        x = (times - here.time) / (after.time - here.time)
        if here.shape == 2:
            x = x * x * (3.0 - 2.0 * x)
        elif here.shape == 3:
            x = 1.0 - (1.0 - x) ** 3
        elif here.shape == 4:
            x = x**3
        bent = start + (end - start) * x
        return from_fader(bent) if scaled else bent


def _bezier(times: Curve, around: Sequence[EnvelopePoint], *, scaled: bool) -> Curve:
    """The cubic between the middle two of four points, bent by the second one's tension."""
    t = [point.time for point in around]
    v = [point.value for point in around]
    if scaled:
        v = [float(value) for value in to_fader(np.maximum(0.0, np.array(v)))]
    tension = min(1.0, max(-1.0, around[1].tension)) if math.isfinite(around[1].tension) else 0.0

    def handle(left: int, middle: int, right: int, side: int) -> tuple[float, float]:
        reach = 0.25 * (t[middle + (side > 0)] - t[middle - (side < 0)])
        slope = 0.0 if t[left] == t[right] else (v[right] - v[left]) / (t[right] - t[left])
        return t[middle] + side * reach, v[middle] + side * slope * reach

    x1, y1 = handle(0, 1, 2, 1)
    x2, y2 = handle(1, 2, 3, -1)
    x1 += tension * ((t[2] - x1) if tension > 0 else (x1 - t[1]))
    x2 += tension * ((t[2] - x2) if tension > 0 else (x2 - t[1]))
    y1 -= tension * ((y1 - v[1]) if tension > 0 else (v[2] - y1))
    y2 -= tension * ((y2 - v[1]) if tension > 0 else (v[2] - y2))
    x1, x2 = (min(t[2], max(t[1], x)) for x in (x1, x2))
    y1, y2 = max(0.0, y1), max(0.0, y2)
    # x(s) does not fall, so bisection finds the s of every time.
    low, high = np.zeros(len(times)), np.ones(len(times))
    for _ in range(48):
        s = 0.5 * (low + high)
        late = _cubic(s, t[1], x1, x2, t[2]) < times
        low, high = np.where(late, s, low), np.where(late, high, s)
    return _cubic(0.5 * (low + high), v[1], y1, y2, v[2])


def _cubic(s: Curve, a: float, b: float, c: float, d: float) -> Curve:
    r = 1.0 - s
    return r**3 * a + 3.0 * r * r * s * b + 3.0 * r * s * s * c + s**3 * d


def to_fader(gain: Curve) -> Curve:
    """Linear gains as places on REAPER's fader scale.

    Parameters
    ----------
    gain
        Any shape, none negative.

    Returns
    -------
    array
        The same shape: 0 to 1000 at +12 dB. The scale is assumed, see ``_FADER_POSITION``.
    """
    with np.errstate(divide="ignore"):
        level = gain_to_db(gain)
    place: Curve = np.interp(level, _FADER_DB, _FADER_POSITION)
    floor = to_linear(Decibel(_FADER_DB[0]))
    return np.where(gain < floor, gain / floor * _FADER_POSITION[0], place)


def from_fader(place: Curve) -> Curve:
    """Places on REAPER's fader scale as linear gains; the inverse of ``to_fader``.

    Parameters
    ----------
    place
        Any shape: 0 to 1000 at +12 dB.

    Returns
    -------
    array
        The same shape.
    """
    level: Curve = np.interp(place, _FADER_POSITION, _FADER_DB)
    floor = to_linear(Decibel(_FADER_DB[0]))
    low = np.maximum(0.0, place) / _FADER_POSITION[0] * floor
    gain: Curve = np.where(place < _FADER_POSITION[0], low, db_to_gain(level))
    return gain


def apply_curve(
    block: Samples, curve: EnvelopeCurve, first: float, step: float, *, mute: bool = False
) -> None:
    """Multiply a block by an envelope, in place.

    Parameters
    ----------
    block
        Shape (channels, frames).
    curve
        The envelope.
    first
        Time of the first frame, in seconds of the envelope.
    step
        Seconds from frame to frame.
    mute
        Whether it is a mute envelope. That is open from 0.25 on, as the SWS extension reads it.
    """
    frames = block.shape[1]
    fixed = curve.constant(first, first + step * frames)
    if fixed is not None:
        gain = float(fixed >= 0.25) if mute else fixed
        if gain != 1.0:
            block *= np.float32(gain)
        return
    gains = curve.values(first + step * np.arange(frames, dtype=np.float64))
    block *= (gains >= 0.25 if mute else gains).astype(np.float32)
