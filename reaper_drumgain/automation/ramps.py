"""From gains per section to one curve over time: short ramps before each section begins."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.automation.envelope_points import GainCurve
from reaper_drumgain.automation.sections import Section

Array = NDArray[np.float64]

#: of a change between two sections; ours: short, but no click
RAMP_S = 0.05


def stepped(
    sections: Sequence[Section],
    changes: Array,
    playing: tuple[float, float],
    span: tuple[float, float] | None,
) -> GainCurve:
    """What an envelope adds over time for what it adds in each section, ``changes`` (n,) in dB.

    ``playing``: from and up to when the drums play. With a ``span`` all changes are in it.
    """
    pieces = _pieces(sections, changes, playing, free=span is None)
    times: list[float] = []
    levels: list[float] = []
    for place in range(1, len(pieces)):
        (start, end, level), (before, _, former) = pieces[place], pieces[place - 1]
        if math.isinf(before) and span is not None:
            # nothing before the span may change
            ramp = min(RAMP_S, (end - start) / 4.0)
            ramp_times = (start, start + ramp)
        else:
            ramp = min(RAMP_S, (start - before) / 4.0)
            ramp_times = (max(0.0, start - ramp), start)
        times += ramp_times
        levels += [former, level]
    return GainCurve(tuple(times), tuple(levels))


def _pieces(
    sections: Sequence[Section], changes: Array, playing: tuple[float, float], *, free: bool
) -> list[tuple[float, float, float]]:
    """(start, end, level) from minus to plus infinity; what no drum plays in is not worth
    a change, unless nothing may change there."""
    pieces: list[tuple[float, float, float]] = []
    at, level = -math.inf, 0.0
    if free and sections[0].start <= playing[0] + RAMP_S:
        level = float(changes[0])
    for section, change in zip(sections, changes.tolist(), strict=True):
        if section.start > at:
            pieces.append((at, section.start, level))
        pieces.append((section.start, section.end, change))
        at, level = section.end, 0.0
    if free and at >= playing[1] - RAMP_S:
        level = pieces[-1][2]
    return [*pieces, (at, math.inf, level)]
