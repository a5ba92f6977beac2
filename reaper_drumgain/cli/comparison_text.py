"""A comparison of methods for a person, for programs and for spreadsheets."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from reaper_drumgain.balance.comparison import Comparison, Difference
from reaper_drumgain.cli import show
from reaper_drumgain.cli.folding import display_width, terminal_width
from reaper_drumgain.cli.table import print_table
from reaper_drumgain.report.tables import summary_table
from reaper_drumgain.schema.plan import SCHEMA
from reaper_drumgain.schema.printable import printable
from reaper_drumgain.units import Decibel

#: tracks that are named as those where methods differ most
_MOST_NAMED = 3
#: columns of a terminal that names of tracks take at most
_MOST_NAME = 20
#: and a fader with one digit behind the point
_NUMBER = 5


def print_comparison(comparison: Comparison) -> None:
    """Print the fader of each drum track by each method, levels, and where methods differ most.

    Where a terminal is too narrow for the methods' names, they get numbers, and the table goes on
    below.
    """
    names = list(comparison.plans)
    columns = terminal_width(sys.stdout)
    numbered = columns is not None and _width(comparison) > columns
    parts = _parts(comparison, columns) if numbered and columns else [names]
    for part in parts:
        heads = [str(names.index(name) + 1) if numbered else name for name in part]
        first, last = part is parts[0], part is parts[-1]
        header = ["#", "Track", *(["Now"] if first else []), *heads, *(["Span"] if last else [])]
        rows = _rows(comparison, part, 1 if numbered else 2, now=first, span=last)
        print_table(header, rows, numbers={0, *range(2, len(header))})
    if numbered:
        show.say(", ".join(f"{number}={name}" for number, name in enumerate(names, 1)))
    show.say(
        "faders in dB, all balanced anew; span: highest minus lowest fader of all methods except "
        "random"
    )
    for line in _most_different(comparison):
        show.say(line)


def _rows(
    comparison: Comparison, part: Sequence[str], digits: int, *, now: bool, span: bool
) -> list[list[str]]:
    """A row for each track and one of levels; with the faders ``now``, with the ``span``."""
    spans = {one.track.index: f"{one.span_db:.1f}" for one in comparison.differences()}
    plans = [comparison.plans[name] for name in part]
    rows = [
        [
            str(track.index + 1),
            track.name,
            *([_fader(track.old_db, digits)] if now else []),
            *(_fader(plan.tracks[place].new_db, digits) for plan in plans),
            *([spans.get(track.index, "")] if span else []),
        ]
        for place, track in enumerate(comparison.tracks)
    ]
    levels = [
        *([plans[0].levels.before_lufs] if now else []),
        *(p.levels.after_lufs for p in plans),
    ]
    shown = ["" if level is None else f"{level:z.1f}" for level in levels]
    rows.append(["", "drums, LUFS", *shown, *([""] if span else [])])
    return rows


def warnings(comparison: Comparison) -> list[str]:
    """What is to be known of all plans, then of single ones with the method's name, and which
    methods gave none."""
    plans = comparison.plans.values()
    common = [
        warning
        for warning in next(iter(plans)).warnings
        if all(warning in plan.warnings for plan in plans)
    ]
    single = [
        f"{name}: {warning}"
        for name, plan in comparison.plans.items()
        for warning in plan.warnings
        if warning not in common
    ]
    return [*common, *single, *comparison.problems.values()]


def document(comparison: Comparison, project: str) -> dict[str, Any]:
    """The JSON object of a comparison: the stable interface for programs."""
    differences = {one.track.index: one for one in comparison.differences()}
    return {
        "schema": SCHEMA,
        "project": project,
        "methods": [
            {
                "name": name,
                "before_lufs": plan.levels.before_lufs,
                "after_lufs": plan.levels.after_lufs,
            }
            for name, plan in comparison.plans.items()
        ],
        "problems": comparison.problems,
        "warnings": warnings(comparison),
        "tracks": [
            {
                "index": track.index,
                "name": track.name,
                "role": track.role,
                "side": track.side,
                "ordinal": track.ordinal,
                "drum": track.drum,
                "old_db": track.old_db,
                "new_db": comparison.faders(place),
                "span_db": round(differences[track.index].span_db, 6)
                if track.index in differences
                else None,
            }
            for place, track in enumerate(comparison.tracks)
        ],
    }


def csv_table(comparison: Comparison) -> bytes:
    """A line per drum track: number, name, role, fader now, fader by each method, span; in dB."""
    spans = {one.track.index: one.span_db for one in comparison.differences()}
    header = ("track", "name", "role", "old_db", *comparison.plans, "span_db")
    return summary_table(
        header,
        (
            (
                track.index + 1,
                track.name,
                track.role_text,
                track.old_db,
                *comparison.faders(place).values(),
                spans.get(track.index),
            )
            for place, track in enumerate(comparison.tracks)
        ),
    )


def _track_width(comparison: Comparison) -> int:
    """The columns of number and name of a track, with the gap between them."""
    longest = max((display_width(printable(t.name)) for t in comparison.tracks), default=0)
    return 2 + 2 + max(min(longest, _MOST_NAME), len("drums, LUFS"))


def _width(comparison: Comparison) -> int:
    """The columns of the whole table with names of methods and two digits."""
    methods = sum(2 + max(len(name), _NUMBER + 1) for name in comparison.plans)
    return _track_width(comparison) + 2 + _NUMBER + 1 + methods + 2 + len("Span")


def _parts(comparison: Comparison, columns: int) -> list[list[str]]:
    """The methods that stand beside each other where they have numbers for names."""
    names = list(comparison.plans)
    track, one, span = _track_width(comparison), 2 + _NUMBER, 2 + len("Span")
    parts: list[list[str]] = [[]]
    # the first part has the faders as they are now, too
    left = columns - track - one
    for number, name in enumerate(names, 1):
        if parts[-1] and one + (span if number == len(names) else 0) > left:
            parts.append([])
            left = columns - track
        parts[-1].append(name)
        left -= one
    return parts


def _fader(level: Decibel | None, digits: int) -> str:
    return show.decibels(level) if digits == 2 or level is None else f"{level:z.1f}"


def _most_different(comparison: Comparison) -> Iterator[str]:
    """A line for each track on which the methods differ most; the sides of a pair in one."""
    places = {track.index: place for place, track in enumerate(comparison.tracks)}
    together: dict[tuple[float | None, ...], list[Difference]] = {}
    for one in sorted(comparison.differences(), key=lambda one: -one.span_db):
        faders = comparison.faders(places[one.track.index])
        together.setdefault(tuple(faders.values()), []).append(one)
    for number, same in enumerate(list(together.values())[:_MOST_NAMED]):
        first = same[0]
        faders = comparison.faders(places[first.track.index])
        ends = " to ".join(
            f"{faders[name]:+.2f} by {name}" for name in (first.lowest, first.highest)
        )
        tracks = " and ".join(printable(one.track.name) for one in same)
        start = "they differ most on" if number == 0 else "then on"
        yield f"{start} {tracks}: {first.span_db:.1f} dB, {ends}"
