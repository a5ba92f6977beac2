"""Tables as plain columns: the same in a pipe and at a terminal, where they also fit its width."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Sequence
from itertools import zip_longest

from reaper_drumgain.cli.folding import display_width, folded, terminal_width
from reaper_drumgain.schema.printable import printable

_GAP = "  "
#: before what stands below the others of its row
_BELOW = "    "
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

    Parameters
    ----------
    header
        The names of the columns.
    rows
        The cells of each row.
    numbers
        The columns that are aligned to the right.
    dim
        The rows that matter less, which a terminal shows dimmed.
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

    Numbers are never folded. Text columns are, the last one only after the others. Columns for
    which too little width is left go below the others of their row.
    """
    natural = [max(display_width(row[i]) for row in rows) for i in range(len(rows[0]))]
    groups = _groups(natural, numbers, columns)
    for row in rows:
        lines: list[str] = []
        for place, (first, widths) in enumerate(groups):
            cells = [
                folded(cell, width, break_words=True)
                for cell, width in zip(row[first:], widths, strict=False)
            ]
            indent = _BELOW if place else ""
            for parts in zip_longest(*cells, fillvalue=""):
                texts = [
                    _padded(part, width, right=first + i in numbers)
                    for i, (part, width) in enumerate(zip(parts, widths, strict=True))
                ]
                line = indent + _GAP.join(texts).rstrip()
                if line.strip() or not place:
                    lines.append(line)
        yield lines


def _groups(
    natural: Sequence[int], numbers: Collection[int], columns: int | None
) -> list[tuple[int, list[int]]]:
    """The columns that stand beside each other: the first of them, and the widths of all."""
    groups: list[tuple[int, list[int]]] = []
    first = 0
    while first < len(natural):
        room = None if columns is None else columns - (len(_BELOW) if groups else 0)
        rest = range(first, len(natural))
        # "#" says nothing without the name that follows it
        least = min(2 if not groups else 1, len(rest))
        for count in range(len(rest), least - 1, -1):
            widths = _fitted(natural, numbers, rest[:count], room)
            if count == least or room is None or sum(widths) + len(_GAP) * (count - 1) <= room:
                break
        groups.append((first, widths))
        first += count
    return groups


def _fitted(
    natural: Sequence[int], numbers: Collection[int], places: range, room: int | None
) -> list[int]:
    """The widths of some columns beside each other, fitted into ``room`` as far as possible."""
    widths = [natural[i] for i in places]
    over = -1 if room is None else sum(widths) + len(_GAP) * (len(widths) - 1) - room
    if room is None or over <= 0:
        return widths
    if len(places) == 1 and places[0] not in numbers:
        return [max(room, 1)]
    last = len(natural) - 1
    texts = [k for k, i in enumerate(places) if i not in numbers and i != last]
    for k in texts:
        widths[k] = min(widths[k], max(int(room * _MOST_SHARE), _LEAST_TEXT))
    if places[-1] == last and last not in numbers:
        rest = room - sum(widths[:-1]) - len(_GAP) * (len(widths) - 1)
        widths[-1] = min(widths[-1], max(rest, _LEAST_LAST))
        return widths
    over = sum(widths) + len(_GAP) * (len(widths) - 1) - room
    for k in sorted(texts, key=lambda k: -widths[k]):
        taken = max(min(over, widths[k] - _LEAST_TEXT), 0)
        widths[k] -= taken
        over -= taken
    return widths


def _padded(text: str, width: int, *, right: bool) -> str:
    blanks = " " * (width - display_width(text))
    return blanks + text if right else text + blanks
