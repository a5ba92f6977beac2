"""Which parts of a track's items do not play because another item covers them.

A project says how items that overlap on a track play (REAPER's item mix behavior): 0, an item
that lies within another one replaces it there (what REAPER starts with); 1, all are mixed; 2,
each replaces those that began earlier.

Assumed of REAPER (not confirmed here): items that do not play and items without a source
replace nothing; of two with the same extent the one that comes later in the project replaces
the other; items in other fixed lanes do not count; an item that begins earlier still plays
under the fade-in of one that replaces it in the last of the three ways (their crossfade).
Standard library only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from reaper_drumgain.schema.session import Clip
from reaper_drumgain.tracks.reaper_rules import FREE_POSITIONING

ENCLOSED, MIXED, LATER = 0, 1, 2
#: pairs of items of one track that are compared; no edited song has as many
_MOST_PAIRS = 200_000
#: seconds by which items overlap that were meant to touch
_SLACK = 1e-6


def behavior_on_track(project_behavior: int, free_mode: int) -> int:
    """The item mix behavior of a track, from the project's and REAPER's free mode number.

    With free item positioning items lie beside each other, so none covers another.
    """
    return MIXED if free_mode == FREE_POSITIONING else project_behavior


def with_covered_ranges(
    items: Sequence[Sequence[Clip]], behavior: int, warnings: list[str]
) -> tuple[Clip, ...]:
    """The clips of a track, given per item, with the seconds that others replace in ``covered``.

    ``behavior``: REAPER's number of the item mix behavior. What is too much to compare is
    taken as mixed and goes to ``warnings``.
    """
    clips = tuple(clip for item in items for clip in item)
    if behavior not in (ENCLOSED, LATER) or _one_after_another(items):
        return clips
    spans = sorted(
        (item[0].position, -item[0].position - item[0].length, place)
        for place, item in enumerate(items)
        if any(clip.plays and clip.source.kind != "empty" for clip in item)
    )
    covered: dict[int, list[tuple[float, float]]] = {}
    pairs = 0
    for number, (_, negative_end, place) in enumerate(spans):
        lane, end = items[place][0].lane, -negative_end
        for after in range(number + 1, len(spans)):
            start, other_end, other = spans[after][0], -spans[after][1], spans[after][2]
            if start > end - _SLACK:
                break
            pairs += 1
            if pairs > _MOST_PAIRS:
                warnings.append("its items overlap too often to be told apart: all are mixed")
                return clips
            over = items[other][0]
            if over.lane != lane:
                continue
            if behavior == LATER:
                start += over.fade_in.length
            elif other_end > end + _SLACK:
                continue
            if start < min(end, other_end):
                covered.setdefault(place, []).append((start, min(end, other_end)))
    if not covered:
        return clips
    return tuple(
        replace(clip, covered=_merged(covered[place])) if place in covered else clip
        for place, item in enumerate(items)
        for clip in item
    )


def _one_after_another(items: Sequence[Sequence[Clip]]) -> bool:
    """Whether they are in order and none overlaps another, as on most tracks."""
    end = -math.inf
    for item in items:
        if item[0].position < end - _SLACK:
            return False
        end = item[0].position + item[0].length
    return True


def _merged(ranges: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    merged: list[tuple[float, float]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return tuple(merged)
