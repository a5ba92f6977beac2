"""Roles that the command line states: ``--role TRACK=ROLE``, and tables for ``--roles FILE``.

A table is a CSV file with two columns, the name of a track and its role, as Excel, LibreOffice and
text editors write them: with commas, semicolons or tabs, with or without a first row of headings.
Empty lines, and lines that begin with ``#``, are ignored; ``#3`` as a name is the third track.
"""

from __future__ import annotations

import argparse
import csv
import io
import re
from difflib import get_close_matches
from pathlib import Path

from reaper_drumgain.errors import InputError, StorageError
from reaper_drumgain.tracks.role_names import role_of
from reaper_drumgain.tracks.roles import ROLE_NAMES, Role
from reaper_drumgain.tracks.stated_roles import LISTEN, asks_for_role_by_sound

_MOST_BYTES = 1 << 20
_HEADINGS = (("name", "track", "track name"), ("role", "drum", "drum role"))
_COMMENT = re.compile(r"\s*#(?!\d+\s*[,;\t])")


def read_role_table(path: Path) -> tuple[tuple[str, str], ...]:
    """Read a table of roles.

    Parameters
    ----------
    path
        A CSV file, as the module describes it.

    Returns
    -------
    tuple
        Name and role of every row.

    Raises
    ------
    InputError
        A row has other columns, a role is not known, or a name has two; the message names file and
        line.
    StorageError
        The file cannot be read.
    """
    lines = _text(path).splitlines()
    separator = _separator(lines)
    rows: list[tuple[str, str]] = []
    said: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or _COMMENT.match(line):
            continue
        where = f"{path}:{number}"
        try:
            cells = [cell.strip() for cell in next(csv.reader([line], delimiter=separator))]
        except csv.Error as error:
            raise InputError(f"{where}: not a row of a CSV table: {error}") from error
        if not rows and tuple(map(str.lower, cells)) in _headings():
            continue
        name, role = _row(cells, where)
        check_role(role, where)
        before = said.setdefault(name.lower(), (role, number))
        if before[0].lower() != role.lower():
            raise InputError(
                f"{where}: {name!r} is {role!r} here and {before[0]!r} in line {before[1]}: "
                "expected one role for each name"
            )
        rows.append((name, role))
    if not rows:
        raise InputError(
            f"{path}: no roles in it: expected a line like 'Audio 01,kick in' per track"
        )
    return tuple(rows)


def check_role(text: str, where: str) -> None:
    """Check that a text names a role.

    Parameters
    ----------
    text
        What the user wrote.
    where
        Begins the message.

    Raises
    ------
    InputError
        It names none; the message says which role may be meant.
    """
    if asks_for_role_by_sound(text):
        return
    try:
        Role.parse(text)
    except InputError as error:
        close = close_role(text)
        hint = f". Did you mean {close!r}?" if close else ""
        raise InputError(f"{where}: {error}{hint}") from None


def roles_from(arguments: argparse.Namespace) -> tuple[tuple[str, str], ...]:
    """The pairs of ``--role``, track and role. A track name may hold ``=``: the last one divides.

    Parameters
    ----------
    arguments
        The options of a command that has it.

    Returns
    -------
    tuple
        Track and role of each.

    Raises
    ------
    InputError
        A pair is not complete, or its role is not known.
    """
    pairs: list[tuple[str, str]] = []
    for text in arguments.role:
        track, equals, role = text.rpartition("=")
        if not equals or not track.strip() or not role.strip():
            raise InputError(f"--role {text!r}: expected TRACK=ROLE, like 'Audio 07=tom 2'")
        check_role(role.strip(), f"--role {text!r}")
        pairs.append((track.strip(), role.strip()))
    return tuple(pairs)


def role_table_from(arguments: argparse.Namespace) -> tuple[tuple[str, str], ...]:
    """The rows of ``--roles``. Raises InputError with file and line, StorageError."""
    return () if arguments.roles is None else read_role_table(arguments.roles)


def close_role(text: str) -> str | None:
    """The role that a text may mean: by its words, else by its letters; None where none is near."""
    meant = role_of(text)
    if meant is not None:
        return str(meant)
    near = get_close_matches(text.strip().lower(), (*ROLE_NAMES, "none", LISTEN), n=1)
    return near[0] if near else None


def _headings() -> set[tuple[str, str]]:
    return {(name, role) for name in _HEADINGS[0] for role in _HEADINGS[1]}


def _row(cells: list[str], where: str) -> tuple[str, str]:
    while len(cells) > 2 and not cells[-1]:
        cells.pop()
    if len(cells) != 2 or not all(cells):
        raise InputError(
            f"{where}: {len(cells)} columns, {sum(map(bool, cells))} of them filled: expected the "
            "name of a track and its role, like 'Audio 01,kick in' (a name with a comma stands in "
            'double quotes: "Gtr, left",none)'
        )
    return cells[0], cells[1]


def _separator(lines: list[str]) -> str:
    """The character between the columns: the one that most lines have."""
    counted = {mark: sum(mark in line for line in lines) for mark in (",", ";", "\t")}
    return max(counted, key=lambda mark: counted[mark])


def _text(path: Path) -> str:
    if not path.is_file():
        kind = "is a folder" if path.is_dir() else "there is no such file"
        raise InputError(f"--roles {path}: {kind}; expected a table with 'name,role' in each line")
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(data) > _MOST_BYTES:
        raise InputError(
            f"{path}: more than {_MOST_BYTES} bytes, which is too much for a table of roles"
        )
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not text in UTF-8 ({error}): save it as 'CSV UTF-8'") from error
    if "\x00" in text:
        raise InputError(f"{path}: not a text file: expected a CSV file, not a spreadsheet")
    return io.StringIO(text, newline=None).read()
