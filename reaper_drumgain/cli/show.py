"""Text, warnings and progress for a person at a terminal or in a log.

Track names are untrusted text: control and bidirectional characters never reach a terminal.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from reaper_drumgain.schema.printable import printable
from reaper_drumgain.units import Decibel

_SHOWN_AFTER_S = 0.5


def printable_lines(text: str) -> str:
    """The text with every line made safe for a terminal."""
    return "\n".join(printable(line) for line in text.splitlines())


def decibels(level: Decibel | None, *, sign: bool = False) -> str:
    """A level as REAPER shows it, ``-inf`` for None."""
    if level is None:
        return "-inf"
    return f"{level:+.2f}" if sign else f"{level:.2f}"


def warn(warnings: Sequence[str]) -> None:
    """Print warnings to standard error, apart from the output."""
    for warning in warnings:
        print(f"warning: {printable(warning)}", file=sys.stderr)


class ProgressLine:
    """A progress line at a terminal; silent for short work and in logs."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._shown = ""

    def __call__(self, doing: str, share: float) -> None:
        """Show what is being done and the share of it that is done."""
        if not sys.stderr.isatty() or time.monotonic() - self._start < _SHOWN_AFTER_S:
            return
        text = f"{doing} {share:4.0%}"
        if text != self._shown:
            self._shown = text
            print(f"\r{text}\x1b[K", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Remove the line."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
