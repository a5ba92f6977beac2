"""Files of times: where the sections of a song begin and end.

One section per line: its start, its end or nothing (then it goes to the next start), and its
name or nothing, with blanks or tabs between them. Times are seconds (``83.5``) or minutes and
hours before them (``1:23.5``, ``1:02:03``). That is what Audacity's label tracks export. Lines
that begin with ``#`` and empty ones mean nothing.
"""

from __future__ import annotations

import re
from pathlib import Path

from reaper_drumgain.errors import InputError, StorageError

Row = tuple[float, float | None, str]

_TIME = re.compile(r"\d{1,9}(?:\.\d*)?|\d{1,4}(?::[0-5]?\d){1,2}(?:\.\d*)?")
_MOST_BYTES = 1 << 20


def read_times(path: Path) -> tuple[Row, ...]:
    """Read a file of times.

    Parameters
    ----------
    path
        A text file, as the module describes it.

    Returns
    -------
    tuple
        Start, end (None for the next start) and name of every line, in seconds.

    Raises
    ------
    InputError
        A line holds no times, or an end before its start; the message names file and line.
    StorageError
        The file cannot be read.
    """
    rows: list[Row] = []
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        columns = line.strip().split("\t") if "\t" in line.strip() else line.split(None, 2)
        words = [column.strip() for column in columns]
        start = _seconds(words[0])
        if start is None:
            raise InputError(
                f"{path}:{number}: {words[0][:40]!r} is not a time: expected the start of a "
                "section in seconds or minutes, like 83.5 or 1:23.5, then its end and its name "
                "(both may be left out)"
            )
        end = _seconds(words[1]) if len(words) > 1 else None
        name = " ".join(words[1 if end is None else 2 :])
        if end is not None and end <= start:
            raise InputError(f"{path}:{number}: the section ends at {words[1]}, before it starts")
        rows.append((start, end, name))
    if not rows:
        raise InputError(f"{path}: no times in it: expected one section per line")
    return tuple(rows)


def _seconds(word: str) -> float | None:
    if _TIME.fullmatch(word) is None:
        return None
    total = 0.0
    for part in word.split(":"):
        total = total * 60.0 + float(part)
    return total


def _text(path: Path) -> str:
    if not path.is_file():
        raise InputError(
            f"--sections {path}: there is no such file; expected a file of times, or regions, "
            "markers, time-selection or running"
        )
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise InputError(
                f"{path}: more than {_MOST_BYTES} bytes, which is too much for a file of times"
            )
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not text in UTF-8: {error}") from error
    except OSError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror or error}") from error
