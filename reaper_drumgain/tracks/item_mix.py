"""Which parts of a track's items do not play because another item covers them.

A project says how items that overlap on a track play (REAPER's item mix behavior): 0, an item
that lies within another one replaces it there (what REAPER starts with); 1, all are mixed; 2,
each replaces those that began earlier. An item can have a behavior of its own (``MIXFLAG``).

Assumed of REAPER (not confirmed here): items that do not play and items without a source
replace nothing; of two with the same extent the one that comes later in the project replaces
the other; where items say differently, the one that would replace the other decides; items in
other fixed lanes do not count; an item that begins earlier still plays
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


def with_covered_ranges(
    items: Sequence[Sequence[Clip]], project_behavior: int, free_mode: int, warnings: list[str]
) -> tuple[Clip, ...]:
    """The clips of a track, with the seconds that other items replace in ``covered``.

    Parameters
    ----------
    items
        The clips of each item, in project order.
    project_behavior
        REAPER's number of the project's item mix behavior, which items may override.
    free_mode
        REAPER's number. With free item positioning no item covers another.
    warnings
        Gets a sentence where there are too many items to compare; all are then mixed.

    Returns
    -------
    tuple of Clip
        All clips of the track in the order given.
    """
    clips = tuple(clip for item in items for clip in item)
    if free_mode == FREE_POSITIONING or one_after_another(items):
        return clips

    def behavior_of(item: Sequence[Clip]) -> int:
        own = item[0].mix_behavior
        return project_behavior if own is None else own

    if not any(behavior_of(item) in (ENCLOSED, LATER) for item in items):
        return clips
    spans = sorted(
        (item[0].position, -item[0].position - item[0].length, place)
        for place, item in enumerate(items)
        if any(clip.plays and clip.source.kind != "empty" for clip in item)
    )
    covered: dict[int, list[tuple[float, float]]] = {}
    pairs = 0
    for number, (_, negative_end, place) in enumerate(spans):
        lower = items[place][0]
        end = -negative_end
        for after in range(number + 1, len(spans)):
            other = items[spans[after][2]]
            if spans[after][0] > end - _SLACK:
                break
            pairs += 1
            if pairs > _MOST_PAIRS:
                warnings.append("too many of its items overlap: all are mixed")
                return clips
            if other[0].lane == lower.lane:
                span = _replaced(other[0], behavior_of(other), end)
                if span is not None:
                    covered.setdefault(place, []).append(span)
    if not covered:
        return clips
    return tuple(
        replace(clip, covered=_merged(covered[place])) if place in covered else clip
        for place, item in enumerate(items)
        for clip in item
    )


def _replaced(over: Clip, behavior: int, end: float) -> tuple[float, float] | None:
    """The seconds in which an item replaces one that began before it and ends at ``end``."""
    start, over_end = over.position, over.position + over.length
    if behavior == LATER:
        start += over.fade_in.length
    elif behavior != ENCLOSED or over_end > end + _SLACK:
        return None
    return (start, min(end, over_end)) if start < min(end, over_end) else None


def one_after_another(items: Sequence[Sequence[Clip]]) -> bool:
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
