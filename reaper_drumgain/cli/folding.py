"""Text in lines that fit a terminal; in a pipe or a file a line stays one line."""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from typing import TextIO

#: a number and its unit are one word
_WITH_UNIT = re.compile(r"(?<=\d) (?=(?:dB|dBFS|LUFS|LU|Hz|kHz|s|ms|%|min)\b)")
#: stands for a blank at which no line ends
_HELD = "\x00"
#: the side of a track's name stays with it: "Room R"
_WITH_SIDE = re.compile(r"(?<=\w) (?=[LR]\b)")
#: what stands between quotation marks, like 'tom 2', is read as one
_QUOTED = re.compile(r"(?<!\w)'[^'\s][^']{0,22}[^'\s]'(?!\w)")


def terminal_width(stream: TextIO) -> int | None:
    """The columns of the terminal that a stream goes to, None where it goes elsewhere."""
    if not stream.isatty():
        return None
    try:
        found = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        found = 0
    # COLUMNS counts first; the fallback is for terminals that do not say their width
    return shutil.get_terminal_size((found or 80, 24)).columns


def display_width(text: str) -> int:
    """The columns that a text takes at a terminal: wide characters take two, accents none."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.category(c) in ("Mn", "Me")
        else 2
        if unicodedata.east_asian_width(c) in "WF"
        else 1
        for c in text
    )


def folded(text: str, width: int, *, break_words: bool = False, indent: str = "") -> list[str]:
    """Fold a text into lines, at blanks.

    A number stays with its unit, a side with its name ("Room R"), and a short quotation whole.

    Parameters
    ----------
    text
        One line.
    width
        Columns of a line, at most.
    break_words
        Whether a word that is longer than a line is broken, so that columns stay in line; else it
        stays whole, such as a path that somebody copies.
    indent
        Comes before all lines but the first.

    Returns
    -------
    list
        The lines.
    """
    if display_width(text) <= width:
        return [text]
    start = text[: len(text) - len(text.lstrip(" "))]
    lines: list[str] = [start]
    held = _WITH_SIDE.sub(_HELD, _WITH_UNIT.sub(_HELD, text[len(start) :]))
    held = _QUOTED.sub(lambda found: found[0].replace(" ", _HELD), held)
    for word in held.split(" "):
        begun = lines[-1] not in (start, indent)
        joined = f"{lines[-1]} {word}" if begun else lines[-1] + word
        if display_width(joined) <= width:
            lines[-1] = joined
            continue
        if begun:
            lines.append(indent)
        if not break_words:
            lines[-1] += word
            continue
        for character in word:
            if lines[-1] != indent and display_width(lines[-1] + character) > width:
                lines.append(indent)
            lines[-1] += character
    return [line.replace(_HELD, " ") for line in lines]
