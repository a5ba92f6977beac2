"""The tracks of a plan and the projects of a batch as CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from reaper_drumgain.report.columns import COLUMNS, Cell
from reaper_drumgain.report.facts import TrackFacts

#: characters that begin a formula in a spreadsheet
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def track_table(tracks: Sequence[TrackFacts]) -> bytes:
    """A line per drum track; levels in dB or LU, empty where unknown."""
    fields = {name: value for column in COLUMNS for name, value in column.fields.items()}
    rows = ([value(track) for value in fields.values()] for track in tracks)
    return _table(tuple(fields), rows)


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
