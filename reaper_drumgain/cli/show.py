"""Plans and progress for a person at a terminal or in a log.

Track names are anybody's text: control and bidirectional characters never reach a terminal.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from reaper_drumgain.schema.plan import GainPlan, TrackPlan
from reaper_drumgain.units import Decibel

#: Unicode categories that can move the cursor, reorder or hide text
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_PATIENCE_S = 0.5


def printable(text: str) -> str:
    """The text with every character that could act on a terminal escaped."""
    if text.isprintable():  # which holds for none of those categories
        return text
    import unicodedata

    return "".join(
        c.encode("unicode_escape").decode("ascii") if unicodedata.category(c) in _UNSAFE else c
        for c in text
    )


def printable_lines(text: str) -> str:
    """The text with every line made safe for a terminal."""
    return "\n".join(printable(line) for line in text.splitlines())


def decibels(level: Decibel | None, *, sign: bool = False) -> str:
    """A level as REAPER shows it, ``-inf`` for None."""
    if level is None:
        return "-inf"
    return f"{level:+.2f}" if sign else f"{level:.2f}"


def plan_table(plan: GainPlan) -> None:
    """Print old and new fader, move and reason of every drum track."""
    header = ["#", "Track", "Role", "Old dB", "New dB", "Move", "Engineers dB", "Why"]
    rows = [_row(track) for track in plan.tracks]
    if all(track.interval_db is None for track in plan.tracks):
        for row in (header, *rows):
            del row[6]
    table(header, rows, numbers=set(range(3, len(header) - 1)) | {0})


def _row(track: TrackPlan) -> list[str]:
    words = (track.role, track.ordinal, track.side)
    move = ""
    if track.moves and track.new_db is not None and track.old_db is not None:
        move = decibels(Decibel(track.new_db - track.old_db), sign=True)
    between = ""
    if track.interval_db is not None:
        between = " .. ".join(f"{bound:+.1f}" for bound in track.interval_db)
    return [
        str(track.index + 1),
        track.name,
        " ".join(str(word) for word in words if word is not None),
        decibels(track.old_db),
        decibels(track.new_db),
        move,
        between,
        track.reason or "",
    ]


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: set[int] | None = None
) -> None:
    """Print rows under a header; on a terminal with rich, elsewhere as plain columns.

    ``numbers``: the columns that are aligned to the right.
    """
    right = numbers or set()
    clean = [[printable(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _rich_table(header, clean, right)
        return
    widths = [max(len(row[i]) for row in [list(header), *clean]) for i in range(len(header))]
    for row in [list(header), *clean]:
        cells = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def _rich_table(header: Sequence[str], rows: Sequence[Sequence[str]], right: set[int]) -> None:
    # imported late: together they take as long as half of numpy
    import shutil

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold")
    last = len(header) - 1
    for i, title in enumerate(header):
        # the reason wraps, numbers and names do not
        shown.add_column(
            title, justify="right" if i in right else "left", no_wrap=i != last, overflow="fold"
        )
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))
    Console(width=shutil.get_terminal_size((120, 24)).columns).print(shown)


def levels_line(plan: GainPlan) -> str | None:
    """One line on the drums' level before and after, None where nothing was measured."""
    levels = plan.levels
    if levels.before_lufs is None or levels.after_lufs is None:
        return None
    text = f"drums together: {levels.before_lufs:.1f} LUFS before, {levels.after_lufs:.1f} after"
    if levels.before_dbfs is not None and levels.after_dbfs is not None:
        text += f"; peak {levels.before_dbfs:.1f} dBFS before, {levels.after_dbfs:.1f} after"
    return text


def warn(warnings: Sequence[str]) -> None:
    """Print warnings where they do not get into the output."""
    for warning in warnings:
        print(f"warning: {printable(warning)}", file=sys.stderr)


class ProgressLine:
    """A line on a terminal that says what takes time; silent for short work and in logs."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._shown = ""

    def __call__(self, doing: str, share: float) -> None:
        """Show what is being done and the share of it that is done."""
        if not sys.stderr.isatty() or time.monotonic() - self._start < _PATIENCE_S:
            return
        text = f"{doing} {share:4.0%}"
        if text != self._shown:
            self._shown = text
            print(f"\r{text}\x1b[K", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take the line back."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
