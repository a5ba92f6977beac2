"""The text of a menu as ``gfx.showmenu`` documents it, read to entries.

Fields are separated by ``|``. An empty one is a line; ``>`` in front opens a submenu and ``<``
marks its last entry; ``#`` is grayed, ``!`` ticked; ``&`` underlines the next letter, ``&&`` is
one. The result counts the entries that can be chosen: lines and titles of submenus do not count.
"""

from __future__ import annotations

from dataclasses import dataclass

from reascript import StandInError


@dataclass(frozen=True)
class Entry:
    """An entry with the titles of the submenus that it lies in."""

    path: tuple[str, ...]
    checked: bool
    grayed: bool


def parse(text: str) -> list[Entry]:
    """The entries in the order in which they count. Refuses a text that is ambiguous."""
    entries: list[Entry] = []
    within: list[str] = []
    if "\n" in text or "\r" in text:
        raise StandInError(f"a menu with a line's end: {text!r}")
    for field in text.split("|"):
        name = field.lstrip("<>#!")
        marks = field[: len(field) - len(name)]
        name = name.replace("&&", "\0").replace("&", "").replace("\0", "&").strip()
        if not name and not marks:
            continue
        if not name:
            raise StandInError(f"an entry of marks alone: {field!r}")
        if ">" in marks:
            if marks != ">":
                raise StandInError(f"a submenu that is also something else: {field!r}")
            within.append(name)
            continue
        entries.append(Entry((*within, name), "!" in marks, "#" in marks))
        if "<" in marks:
            if not within:
                raise StandInError(f"the end of a submenu outside of one: {field!r}")
            within.pop()
    if within:
        raise StandInError(f"submenus without an end: {within}")
    return entries


def choose(entries: list[Entry], wanted: str) -> int:
    """The number of the entry at ``wanted``: the beginnings of its titles, joined by `` > ``."""
    parts = wanted.split(" > ")
    found = [
        number
        for number, entry in enumerate(entries, 1)
        if len(entry.path) == len(parts)
        and all(title.startswith(part) for title, part in zip(entry.path, parts, strict=True))
    ]
    exact = [number for number in found if entries[number - 1].path[-1] == parts[-1]]
    found = exact or found
    if len(found) != 1:
        raise StandInError(f"{len(found)} entries are {wanted!r} in {[e.path for e in entries]}")
    if entries[found[0] - 1].grayed:
        raise StandInError(f"{wanted!r} is grayed: nobody can choose it")
    return found[0]
