"""The tracks of a plan as CSV for spreadsheets, and the plan as JSON for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from reaper_drumgain.report.facts import TrackFacts

_HEADER = (
    *("number", "track", "role", "side", "ordinal", "old_db", "new_db", "move_db"),
    *("interval_low_db", "interval_high_db", "level_before_lu", "level_after_lu"),
    *("human_low_lu", "human_high_lu", "loudness_lufs", "path_db", "flags", "reason"),
)
#: with these a spreadsheet begins a formula
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Cell = str | float | int | None


def track_table(tracks: Sequence[TrackFacts]) -> bytes:
    """A line per drum track; levels in dB or LU, empty where unknown."""
    return _table(_HEADER, map(_row, tracks))


def _row(track: TrackFacts) -> Sequence[Cell]:
    plan = track.plan
    return (
        *(plan.index + 1, plan.name, plan.role, plan.side, plan.ordinal, plan.old_db),
        *(plan.new_db, track.move_db, *(plan.interval_db or (None, None))),
        *(track.before_lu, track.after_lu, *(track.human or (None, None))),
        *(plan.loudness_lufs, plan.path_db, ", ".join(plan.flags), plan.reason),
    )


def summary_table(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A line per project of a batch."""
    return _table(header, rows)


def _table(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    text = io.StringIO(newline="")
    # every text in quotes: where the comma is no separator, another one in a name must not be one
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(header)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    # the mark at the beginning tells spreadsheets that it is UTF-8
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8", "backslashreplace")


def _cell(value: Cell) -> Cell:
    """A text that a spreadsheet would take for a formula gets an apostrophe, which it hides."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, str):
        text = value.replace("\0", "\ufffd")
        return f"'{text}" if text.lstrip(" \u00a0\ufeff").startswith(_FORMULA) else text
    return value
