"""From gains per section to one curve over time: short ramps before each section begins."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.automation.envelope_points import GainCurve
from reaper_drumgain.automation.sections import Section

Array = NDArray[np.float64]

#: seconds of a change between two sections; our choice: short, but without a click
RAMP_S = 0.05


def section_curve(
    sections: Sequence[Section],
    changes: Array,
    playing: tuple[float, float],
    span: tuple[float, float] | None,
) -> GainCurve:
    """The curve of an envelope that gives each section its own gain.

    Parameters
    ----------
    sections
        One or more sections, in order.
    changes
        Shape (sections,): what the envelope adds in each, in dB.
    playing
        Seconds at which the drums begin and end to play.
    span
        Start and end in seconds; all changes lie within. None for the whole song.

    Returns
    -------
    GainCurve
        With a ramp of at most ``RAMP_S`` before each section.
    """
    parts = _levels_over_time(sections, changes, playing, free=span is None)
    times: list[float] = []
    levels: list[float] = []
    for (before, _, level_before), (start, end, level) in itertools.pairwise(parts):
        if math.isinf(before) and span is not None:
            # nothing before the span may change
            ramp = min(RAMP_S, (end - start) / 4.0)
            ramp_times = (start, start + ramp)
        else:
            ramp = min(RAMP_S, (start - before) / 4.0)
            ramp_times = (max(0.0, start - ramp), start)
        times += ramp_times
        levels += [level_before, level]
    return GainCurve(tuple(times), tuple(levels))


def _levels_over_time(
    sections: Sequence[Section], changes: Array, playing: tuple[float, float], *, free: bool
) -> list[tuple[float, float, float]]:
    """(start, end, level in dB) without gaps from minus to plus infinity.

    ``free``: changes may go on before and behind the drums, which saves points. Otherwise it is
    0 dB outside of the sections.
    """
    parts: list[tuple[float, float, float]] = []
    at, level = -math.inf, 0.0
    if free and sections[0].start <= playing[0] + RAMP_S:
        level = float(changes[0])
    for section, change in zip(sections, changes.tolist(), strict=True):
        if section.start > at:
            parts.append((at, section.start, level))
        parts.append((section.start, section.end, change))
        at, level = section.end, 0.0
    if free and at >= playing[1] - RAMP_S:
        level = parts[-1][2]
    return [*parts, (at, math.inf, level)]
