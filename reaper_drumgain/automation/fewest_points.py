"""The fewest points whose connecting lines follow a sampled curve within a tolerance.

REAPER draws the line between two points in amplitude or in the scale of its faders, as the
setting of the envelope says. The lines of both kinds stay within the tolerance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.audio.envelope_curves import to_fader
from reaper_drumgain.units import Decibel, to_linear

Array = NDArray[np.float64]

#: linear gains this near to each other count as equal (0.02 dB at -60 dB)
SLACK = 2e-6
#: with more samples than this, lines begin and end only where the curve bends by more than
#: this part of the tolerance
_MANY, _PART = 300, 0.25
#: samples ahead that are looked at first
_WINDOW = 256


def fewest_points(
    times: Array, values: Array, nodes: NDArray[np.bool_], aim_db: float
) -> list[tuple[float, float]]:
    """The fewest of the samples whose lines stay within the tolerance of all others.

    It is a shortest path through the samples; among equally short ones the path through the most
    ``nodes``.

    Parameters
    ----------
    times, values
        Shape (samples,): rising times in seconds, and linear gains.
    nodes
        Shape (samples,): true where the curve itself has a node.
    aim_db
        The tolerance in dB, for lines in amplitude and for lines in the scale of the faders.

    Returns
    -------
    list of tuple
        Time and value of each point; the first and the last sample are among them.
    """
    flat = values[1:] == values[:-1]
    corners = np.concatenate([[True], ~(flat[:-1] & flat[1:]), [True]])[: len(times)]
    times, values = times[corners], values[corners]
    price = np.where(nodes[corners], 1.0, 1.0 + 1e-6)
    ratio = to_linear(Decibel(aim_db))
    low, high = np.maximum(values / ratio - SLACK, 0.0), values * ratio + SLACK
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
    """(samples,) where lines meet that stay well within the bounds, each as long as possible."""
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
    """The places to which a line from ``here`` stays within the bounds of all samples between."""
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
