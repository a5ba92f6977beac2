"""Text, warnings and progress for a person at a terminal or in a log.

Track names are untrusted text: control and bidirectional characters never reach a terminal.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TextIO

from reaper_drumgain.cli.folding import display_width, folded, terminal_width
from reaper_drumgain.schema.printable import printable
from reaper_drumgain.units import Decibel

_SHOWN_AFTER_S = 0.5
#: of the lines after the first of a sentence that is folded
_INDENT = "  "


def printable_lines(text: str) -> str:
    """The text with every line made safe for a terminal."""
    return "\n".join(printable(line) for line in text.splitlines())


def decibels(level: Decibel | None, *, sign: bool = False) -> str:
    """A level as REAPER shows it, ``-inf`` for None."""
    if level is None:
        return "-inf"
    return f"{level:+z.2f}" if sign else f"{level:z.2f}"


def say(*lines: str, flush: bool = False) -> None:
    """Print lines for a person: made safe, and folded where they go to a terminal."""
    _print_folded([part for line in lines for part in line.split("\n")], sys.stdout)
    if flush:
        sys.stdout.flush()


def complain(message: str) -> None:
    """Print a message of one or more lines to standard error."""
    _print_folded(message.splitlines() or [""], sys.stderr)


def _print_folded(lines: Sequence[str], stream: TextIO) -> None:
    columns = terminal_width(stream)
    for line in lines:
        text = printable(line)
        blanks = text[: len(text) - len(text.lstrip(" "))]
        shown = [text] if columns is None else folded(text, columns, indent=blanks + _INDENT)
        print("\n".join(shown), file=stream)


def warn(warnings: Sequence[str]) -> None:
    """Print warnings to standard error, apart from the output."""
    for warning in warnings:
        _print_folded([f"warning: {warning}"], sys.stderr)


def _cut(text: str, columns: int) -> str:
    """The text, with dots for its end where it is wider than ``columns``."""
    if display_width(text) <= columns:
        return text
    while text and display_width(text) > columns - 3:
        text = text[:-1]
    return f"{text}..."


class ProgressLine:
    """A progress line at a terminal; silent for short work and in logs."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._shown = ""

    def __call__(self, doing: str, share: float) -> None:
        """Show what is being done and the share of it that is done."""
        columns = terminal_width(sys.stderr)
        if columns is None or time.monotonic() - self._start < _SHOWN_AFTER_S:
            return
        # a line that breaks could not be taken back
        end = f" {share:4.0%}"
        text = _cut(printable(doing), columns - len(end) - 1) + end
        if text != self._shown:
            self._shown = text
            print(f"\r{text}\x1b[K", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Remove the line."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
