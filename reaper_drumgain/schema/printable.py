"""Untrusted text, such as the names of tracks, made safe to print. Standard library only."""

from __future__ import annotations

#: Unicode categories that can move the cursor, reorder or hide text
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(text: str) -> str:
    """The text with every character that could act on a terminal escaped; it is one line then."""
    if text.isprintable():  # true of no text with a character of those categories
        return text
    import unicodedata

    return "".join(
        c.encode("unicode_escape").decode("ascii") if unicodedata.category(c) in _UNSAFE else c
        for c in text
    )
