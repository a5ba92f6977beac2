"""Names and numbers of project files: any bytes in, clean values out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

#: a larger number is taken for damage: 30,000 years in seconds
MAX_NUMBER = 1e12

# half of all numbers in projects
_FREQUENT = {b"0": 0.0, b"1": 1.0, b"-1": -1.0, b"2": 2.0, b"0.5": 0.5}
_NUMBER = rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"


def text(raw: bytes) -> str:
    """A name or path as text without surrogates, whatever its encoding: UTF-8 as REAPER
    writes it, else the Western Windows code page of files from its first years."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def number(raw: bytes) -> float | None:
    """The number at the start of a token, a comma read as a point; None where there is
    none that is finite and of a sane size (``nan``, ``1.#QNAN``, ``1e300``)."""
    known = _FREQUENT.get(raw)
    if known is not None:
        return known
    try:
        value = float(raw)
    except ValueError:
        match = re.match(_NUMBER, raw.replace(b",", b"."))
        if match is None or raw[match.end() : match.end() + 1] == b"#":
            return None
        value = float(match.group())
    # false for NaN as well
    return value if -MAX_NUMBER <= value <= MAX_NUMBER else None


class Fields:
    """The values of one line, with defaults.

    Parameters
    ----------
    key
        The first word of the line.
    values
        What stands behind it, cut into fields.
    faults
        Gets a sentence for each damaged value.
    """

    __slots__ = ("faults", "key", "values")

    def __init__(self, key: str, values: Sequence[bytes], faults: list[str]) -> None:
        self.key = key
        self.values = values
        self.faults = faults

    def __len__(self) -> int:
        return len(self.values)

    def real(self, place: int, default: float) -> float:
        """The number at a place, from 0; the default where it is missing or damaged."""
        if place >= len(self.values):
            return default
        value = number(self.values[place])
        if value is None:
            self._fault(place, f"{default:g}")
            return default
        return value

    def whole(self, place: int, default: int) -> int:
        """Like ``real``, without its fraction."""
        return int(self.real(place, default))

    def flag(self, place: int, default: bool = False) -> bool:
        """Whether the number at a place is not zero."""
        return self.real(place, float(default)) != 0.0

    def word(self, place: int, default: str = "") -> str:
        """The text at a place."""
        return text(self.values[place]) if place < len(self.values) else default

    def _fault(self, place: int, default: str) -> None:
        got = text(self.values[place])[:40]
        self.faults.append(f"{self.key} holds {got!r} where a number belongs: read as {default}")


class Memo:
    """Caches the values of lines: most lines of a project stand in it many times over.

    Lines that hold something damaged are read anew each time, so that each is reported.
    """

    _MOST = 8192

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, bytes], object] = {}

    def read(
        self,
        key: bytes,
        line: bytes,
        parse: Callable[[Fields], T],
        faults: list[str],
        split: Callable[[bytes], list[bytes]] = bytes.split,
    ) -> T:
        """The values of a line, read once for equal lines.

        One key always goes with one ``parse`` and one ``split``.

        Parameters
        ----------
        key
            The first word of the line.
        line
            What stands behind it.
        parse
            Makes the values of the fields.
        faults
            Gets a sentence for each damaged value.
        split
            Cuts the line into fields.

        Returns
        -------
        object
            What ``parse`` returns.
        """
        try:
            return self._known[key, line]  # type: ignore[return-value]
        except KeyError:
            pass
        found: list[str] = []
        value = parse(Fields(key.decode(), split(line), found))
        if found:
            faults += found
        elif len(self._known) < self._MOST:
            self._known[key, line] = value
        return value
