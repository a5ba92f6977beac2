"""Edits of a project file: spans of its bytes that are replaced, while every other byte stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter

from reaper_drumgain.hosts.rpp.syntax import Block

#: looks at the edited bytes and their track blocks, and raises ProjectError where they do not
#: read as meant
EditCheck = Callable[[bytes, list[Block]], None]
_SPAN = attrgetter("start", "end")


@dataclass(frozen=True, slots=True)
class Edit:
    """A span of bytes that is to be replaced; an empty span inserts.

    Attributes
    ----------
    start, end
        The first byte of the span, and the byte behind it.
    new
        What is to stand there.
    """

    start: int
    end: int
    new: bytes


def splice(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The data with its spans replaced. Raises ValueError where spans overlap."""
    pieces: list[bytes | memoryview] = []
    view = memoryview(data)
    position = 0
    for edit in sorted(edits, key=_SPAN):
        if not position <= edit.start <= edit.end <= len(data):
            raise ValueError(
                f"edit {edit.start} to {edit.end} overlaps another or is outside the data"
            )
        pieces += (view[position : edit.start], edit.new)
        position = edit.end
    pieces.append(view[position:])
    return b"".join(pieces)


def unchanged_outside(old: bytes, new: bytes, edits: Iterable[Edit]) -> bool:
    """Whether new bytes are the old ones with exactly these spans replaced.

    Parameters
    ----------
    old, new
        The bytes before and after.
    edits
        The spans.

    Returns
    -------
    bool
        False for any other difference.
    """
    here = there = 0
    for edit in sorted(edits, key=_SPAN):
        size = edit.start - here
        if not _same(old, here, new, there, size):
            return False
        there += size
        if new[there : there + len(edit.new)] != edit.new:
            return False
        there += len(edit.new)
        here = edit.end
    size = len(old) - here
    return there + size == len(new) and _same(old, here, new, there, size)


def _same(old: bytes, here: int, new: bytes, there: int, size: int) -> bool:
    """Whether two spans of bytes are equal.

    They are compared in pieces, so that nothing large is copied.
    """
    piece = 1 << 16
    if size <= piece:
        return old[here : here + size] == new[there : there + size]
    return all(
        old[here + at : here + min(at + piece, size)]
        == new[there + at : there + min(at + piece, size)]
        for at in range(0, size, piece)
    )
