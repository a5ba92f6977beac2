"""Damaged bytes and texts, always the same for the same seed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

#: numbers that no field holds: beyond float, beyond an index, none at all
NUMBERS = (
    *("1e999", "-1e999", "1" * 400, "-" + "9" * 400, "1" * 5000, "NaN", "Infinity", "-Infinity"),
    *("1e308", "-1e308", "1e-400", "-1", "2147483648", "18446744073709551616", "0", "-0.0"),
    *("null", "true", '"x"', "[]", "{}", "[[[[[[]]]]]]"),
)
_NUMBER = re.compile(r"(?<![\w.\"])-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.\"])")
_PIECES = (b"", b"\0", b"\xff", b"\n", b"<", b">", b'"', b" ", b";", b"nan", b"1e999", b"\r\n")


def damaged(whole: bytes, count: int, seed: int, within: int | None = None) -> Iterator[bytes]:
    """Copies of ``whole`` that are cut, or have bytes changed, doubled, left out or put in.

    ``within``: most of it in so many bytes from the start.
    """
    chance = random.Random(seed)
    for _ in range(count):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 5)):
            size = min(len(data), within or len(data)) if chance.random() < 0.8 else len(data)
            start = chance.randrange(size) if size else 0
            kind = chance.randrange(5)
            if kind == 0:
                data[start : start + 1] = bytes([chance.randrange(256)])
            elif kind == 1:
                data[start : start + 4] = chance.choice((b"\0\0\0\0", b"\xff\xff\xff\xff"))
            elif kind == 2:
                data[start : start + chance.randrange(40)] = chance.choice(_PIECES)
            elif kind == 3:
                data[start:start] = data[start : start + chance.randrange(200)]
            else:
                end = chance.randrange(len(data) + 1)
                data = data[: max(start, end)]
        yield bytes(data)


def with_odd_numbers(text: str, count: int, seed: int) -> Iterator[str]:
    """Copies of a text in which one to three numbers are odd ones."""
    chance = random.Random(seed)
    places = [match.span() for match in _NUMBER.finditer(text)]
    assert places
    for _ in range(count):
        changed = text
        chosen = chance.sample(places, min(len(places), chance.randint(1, 3)))
        for start, end in sorted(chosen, reverse=True):
            changed = changed[:start] + chance.choice(NUMBERS) + changed[end:]
        yield changed
