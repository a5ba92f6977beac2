"""Tables as plain columns: the same in a pipe and at a terminal, where they also fit its width."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Sequence
from itertools import zip_longest

from reaper_drumgain.cli.folding import display_width, folded, terminal_width
from reaper_drumgain.schema.printable import printable

_GAP = "  "
#: a last column narrower than this goes below its row instead
_LEAST_LAST = 30
#: a text column takes at most this share of a terminal, and at least so many characters
_MOST_SHARE, _LEAST_TEXT = 1 / 3, 12
_BOLD, _DIM, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def print_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: Collection[int] = (),
    dim: Collection[int] = (),
) -> None:
    """Print rows under a header.

    ``numbers``: the columns that are aligned to the right. ``dim``: the rows that matter less,
    which a terminal shows so.
    """
    clean = [[printable(cell) for cell in row] for row in (header, *rows)]
    columns = terminal_width(sys.stdout)
    styled = columns is not None and _knows_styles()
    for place, lines in enumerate(_laid_out(clean, numbers, columns)):
        style = _BOLD if place == 0 else _DIM if place - 1 in dim else ""
        for line in lines:
            print(f"{style}{line}{_PLAIN}" if styled and style else line)


def _knows_styles() -> bool:
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    # the older consoles of Windows show the codes themselves
    return os.name != "nt" or "WT_SESSION" in os.environ


def _laid_out(
    rows: Sequence[Sequence[str]], numbers: Collection[int], columns: int | None
) -> Iterator[list[str]]:
    """The lines of each row, fitted into ``columns`` where that is given and possible.

    Numbers are never folded. Text columns are, the last one only after the others. Where too little
    width is left for the last column, its text goes below the row.
    """
    last = len(rows[0]) - 1
    widths = [max(display_width(row[i]) for row in rows) for i in range(last + 1)]
    below = False
    if columns is not None and sum(widths) + len(_GAP) * last > columns:
        texts = [i for i in range(last) if i not in numbers]
        for i in texts:
            widths[i] = min(widths[i], max(int(columns * _MOST_SHARE), _LEAST_TEXT))
        if last not in numbers:
            rest = columns - sum(widths[:last]) - len(_GAP) * last
            below = rest < min(_LEAST_LAST, widths[last])
            widths[last] = min(widths[last], columns - 2 * len(_GAP) if below else rest)
        beside = range(last if below else last + 1)
        over = sum(widths[i] for i in beside) + len(_GAP) * (len(beside) - 1) - columns
        for i in sorted(texts, key=lambda i: -widths[i]):
            taken = max(min(over, widths[i] - _LEAST_TEXT), 0)
            widths[i] -= taken
            over -= taken
    for row in rows:
        cells = [
            folded(cell, width, break_words=True) for cell, width in zip(row, widths, strict=True)
        ]
        upper = cells[:last] if below else cells
        lines = [
            _GAP.join(
                _padded(part, width, right=i in numbers)
                for i, (part, width) in enumerate(zip(parts, widths, strict=False))
            ).rstrip()
            for parts in zip_longest(*upper, fillvalue="")
        ]
        if below:
            lines += [f"{_GAP * 2}{part}" for part in cells[last] if part]
        yield lines


def _padded(text: str, width: int, *, right: bool) -> str:
    blanks = " " * (width - display_width(text))
    return blanks + text if right else text + blanks
