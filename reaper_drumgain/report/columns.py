"""The columns of the report: what the table and the page show of each drum track.

To add one, add an entry to ``COLUMNS``: its fields are columns of the CSV table; with a heading
it is a column of the page as well. A new number of a track is a field of ``facts.TrackFacts``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from reaper_drumgain.report.facts import TrackFacts

Cell = str | float | int | None
#: the smallest move that a figure with two decimals shows
_SHOWN_DB = 0.005


def _no_text(_: TrackFacts) -> str:
    return ""


def _number_css(_: TrackFacts) -> str:
    return "n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of the page, and the columns of the table that hold the same.

    Attributes
    ----------
    fields
        Headings of the table, and the value under each.
    heading
        The heading on the page; empty where only the table has it.
    label
        What stands before the value on narrow screens.
    kind
        How the page shows it: as a number with ``text``, or as a cell that the template builds.
    text
        The text of a number.
    css
        The classes of a number on the page.
    """

    fields: Mapping[str, Callable[[TrackFacts], Cell]]
    heading: str = ""
    label: str = ""
    kind: Literal["number", "name", "why"] = "number"
    text: Callable[[TrackFacts], str] = _no_text
    css: Callable[[TrackFacts], str] = _number_css


def fader_text(level: float | None) -> str:
    """A fader in dB with two decimals."""
    return "-inf" if level is None else f"{level:.2f}"


def _moves(track: TrackFacts) -> bool:
    return track.move_db is not None and abs(track.move_db) >= _SHOWN_DB


def _move_text(track: TrackFacts) -> str:
    return f"{track.move_db:+.2f}" if _moves(track) else ""


def _move_css(track: TrackFacts) -> str:
    if track.move_db is None or not _moves(track):
        return "n move"
    return "n move up" if track.move_db > 0 else "n move down"


def _interval_text(track: TrackFacts) -> str:
    interval = track.plan.interval_db
    return "" if interval is None else f"{interval[0]:+.1f} .. {interval[1]:+.1f}"


def _low(pair: tuple[float, float] | None) -> float | None:
    return None if pair is None else pair[0]


def _high(pair: tuple[float, float] | None) -> float | None:
    return None if pair is None else pair[1]


#: the heading of the range of faders, and with a model of the user's own
ENGINEERS, OWN = "Engineers dB", "Your range dB"

COLUMNS: tuple[Column, ...] = (
    Column(fields={"number": lambda track: track.plan.index + 1}),
    Column(
        heading="Track",
        kind="name",
        fields={
            "track": lambda track: track.plan.name,
            "role": lambda track: track.plan.role,
            "side": lambda track: track.plan.side,
            "ordinal": lambda track: track.plan.ordinal,
        },
    ),
    Column(
        heading="Old dB",
        label="from",
        text=lambda track: fader_text(track.plan.old_db),
        fields={"old_db": lambda track: track.plan.old_db},
    ),
    Column(
        heading="New dB",
        label="to",
        text=lambda track: fader_text(track.plan.new_db),
        fields={"new_db": lambda track: track.plan.new_db},
    ),
    Column(
        heading="Bundled dB",
        label="bundled model",
        text=lambda track: "" if track.plan.bundled_db is None else f"{track.plan.bundled_db:.2f}",
        fields={"bundled_db": lambda track: track.plan.bundled_db},
    ),
    Column(
        heading="Move",
        label="move",
        text=_move_text,
        css=_move_css,
        fields={"move_db": lambda track: track.move_db},
    ),
    Column(
        heading=ENGINEERS,
        label="range",
        text=_interval_text,
        fields={
            "interval_low_db": lambda track: _low(track.plan.interval_db),
            "interval_high_db": lambda track: _high(track.plan.interval_db),
        },
    ),
    Column(
        fields={
            "level_before_lu": lambda track: track.before_lu,
            "level_after_lu": lambda track: track.after_lu,
            "human_low_lu": lambda track: _low(track.engineers_lu),
            "human_high_lu": lambda track: _high(track.engineers_lu),
            "loudness_lufs": lambda track: track.plan.loudness_lufs,
            "path_db": lambda track: track.plan.path_db,
        }
    ),
    Column(
        heading="Why",
        kind="why",
        fields={
            "flags": lambda track: ", ".join(track.plan.flags),
            "reason": lambda track: track.plan.reason,
        },
    ),
    Column(fields={"trim_db": lambda track: track.plan.trim_db}),
)
#: the columns of the page
PAGE_COLUMNS = tuple(column for column in COLUMNS if column.heading)
