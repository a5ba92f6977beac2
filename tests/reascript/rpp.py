"""Project text as a tree of lines, kept as written where nothing changed.

Written apart from the package's own reader, from the facts about the format alone: a line
that starts with ``<`` opens a block, one that starts with ``>`` closes it, the rest is
tokens; indentation means nothing. Saved files have CRLF and two spaces per level.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from reascript import StandInError

Value = str | int | float

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_BREAKS = " \t"


def split(text: str) -> tuple[str, ...]:
    """The tokens of a line. A token that starts with a quote runs to the next such quote."""
    tokens: list[str] = []
    at, end = 0, len(text)
    while at < end:
        first = text[at]
        if first in _BREAKS:
            at += 1
            continue
        if first in "\"'`":
            close = text.find(first, at + 1)
            close = end if close < 0 else close
            tokens.append(text[at + 1 : close])
            at = close + 1
        else:
            close = at
            while close < end and text[close] not in _BREAKS:
                close += 1
            tokens.append(text[at:close])
            at = close
    return tuple(tokens)


def quote(value: str) -> str:
    """A token as REAPER writes it; a backquote gives way where all three quotes occur."""
    if value and not any(mark in value for mark in _BREAKS) and value[0] not in "\"'`#;<>|":
        return value
    for mark in "\"'`":
        if mark not in value:
            return mark + value + mark
    return "`" + value.replace("`", "'") + "`"


def number_text(value: float, digits: int = 14) -> str:
    """A number in fixed notation with at most so many decimals, no trailing zeros."""
    if not math.isfinite(value):
        raise StandInError(f"{value} cannot be written to a project")
    text = f"{value:.{digits}f}" if isinstance(value, float) else str(value)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def to_number(token: str) -> float:
    """The number at the start of a token, 0.0 where there is none; a comma is a point."""
    try:
        return float(token)
    except ValueError:
        found = _NUMBER.match(token.replace(",", "."))
        return float(found.group()) if found else 0.0


class Line:
    """One line: as written, or made of values. Never changed, only replaced."""

    __slots__ = ("_raw", "_tokens", "key")

    def __init__(self, raw: str | None = None, values: tuple[Value, ...] = ()) -> None:
        self._raw = raw
        self._tokens: tuple[Value, ...] | None = None if raw is not None else values
        if raw is None:
            self.key = str(values[0])
        else:
            # the key is needed for every line on loading, the tokens only for a few
            head = raw.split(None, 1)
            self.key = head[0] if head else ""
            if self.key[:1] in ("'", '"', "`"):
                self.key = split(raw)[0]

    @property
    def tokens(self) -> tuple[Value, ...]:
        if self._tokens is None:
            self._tokens = split(self._raw or "")
        return self._tokens

    def text(self) -> str:
        if self._raw is not None:
            return self._raw
        parts = [
            quote(token) if isinstance(token, str) else number_text(token) for token in self.tokens
        ]
        if self.key.startswith("<"):
            parts[0] = self.key
        return " ".join(parts)

    def string(self, place: int, default: str = "") -> str:
        tokens = self.tokens
        if place >= len(tokens):
            return default
        token = tokens[place]
        return token if isinstance(token, str) else number_text(token)

    def number(self, place: int, default: float = 0.0) -> float:
        tokens = self.tokens
        if place >= len(tokens):
            return default
        token = tokens[place]
        return to_number(token) if isinstance(token, str) else float(token)

    def with_value(self, place: int, value: Value, fill: tuple[Value, ...] = ()) -> Line:
        """A copy with one token replaced; missing ones before it come from ``fill``, then 0."""
        tokens = list(self.tokens)
        while len(tokens) <= place:
            tokens.append(fill[len(tokens)] if len(tokens) < len(fill) else 0)
        tokens[place] = value
        return Line(values=tuple(tokens))


class Node:
    """A block. ``children`` is changed through the methods only: they keep the index true."""

    #: grows whenever blocks or lines are added, removed or exchanged, in any tree
    epoch = 0

    def __init__(self, head: Line, parent: Node | None = None) -> None:
        self.head = head
        self.parent = parent
        self.children: list[Line | Node] = []
        self._index: dict[str, int] | None = None
        self._blocks: tuple[Node, ...] | None = None
        self._state: tuple[Node, Line, tuple[Line | Node, ...]] | None = None

    @property
    def key(self) -> str:
        return self.head.key

    def _places(self) -> dict[str, int]:
        if self._index is None:
            self._index = {}
            for place, child in enumerate(self.children):
                self._index.setdefault(child.key, place)
        return self._index

    def changed(self) -> None:
        """Forget what was remembered about the children."""
        self._index = self._blocks = self._state = None
        Node.epoch += 1

    @property
    def blocks(self) -> tuple[Node, ...]:
        """The children that are blocks."""
        if self._blocks is None:
            self._blocks = tuple(child for child in self.children if isinstance(child, Node))
        return self._blocks

    @property
    def state(self) -> tuple[Node, Line, tuple[Line | Node, ...]]:
        """What an undo state keeps of this block itself."""
        if self._state is None or self._state[1] is not self.head:
            self._state = (self, self.head, tuple(self.children))
        return self._state

    def line(self, key: str) -> Line | None:
        """The first line with this key."""
        place = self._places().get(key)
        child = None if place is None else self.children[place]
        return child if isinstance(child, Line) else None

    def lines(self, key: str) -> Iterator[Line]:
        return (c for c in self.children if isinstance(c, Line) and c.key == key)

    def nodes(self, *keys: str) -> Iterator[Node]:
        return (c for c in self.blocks if not keys or c.key in keys)

    def node(self, key: str) -> Node | None:
        return next(self.nodes(key), None)

    def number(self, key: str, place: int, default: float = 0.0) -> float:
        line = self.line(key)
        return default if line is None else line.number(place, default)

    def string(self, key: str, place: int = 1, default: str = "") -> str:
        line = self.line(key)
        return default if line is None else line.string(place, default)

    def put(self, key: str, place: int, value: Value, fill: tuple[Value, ...] = ()) -> None:
        """Set one token of the first line with this key; a missing line is added before the
        first block, where REAPER has its plain lines."""
        at = self._places().get(key)
        if at is None:
            line = Line(values=(key,)).with_value(place, value, fill)
            at = next(
                (i for i, c in enumerate(self.children) if isinstance(c, Node)), len(self.children)
            )
            self.insert(at, line)
        else:
            old = self.children[at]
            assert isinstance(old, Line)
            self.children[at] = old.with_value(place, value, fill)
            self._state = None

    def insert(self, at: int, child: Line | Node) -> None:
        if isinstance(child, Node):
            child.parent = self
        self.children.insert(at, child)
        self.changed()

    def append(self, child: Line | Node) -> None:
        self.insert(len(self.children), child)

    def remove(self, child: Line | Node) -> None:
        at = next(i for i, c in enumerate(self.children) if c is child)
        del self.children[at]
        self.changed()

    def replace(self, old: Line | Node, new: Line | Node) -> None:
        at = next(i for i, c in enumerate(self.children) if c is old)
        if isinstance(new, Node):
            new.parent = self
        self.children[at] = new
        self.changed()

    def sleeps(self, child: Node) -> bool:
        """Whether a block belongs to this one although the text does not have it yet."""
        return False

    def write(self, out: list[str], level: int) -> None:
        indent = "  " * level
        out.append(indent + self.head.text())
        for child in self.children:
            if isinstance(child, Node):
                child.write(out, level + 1)
            else:
                text = child.text()
                out.append(f"{indent}  {text}" if text else "")
        out.append(indent + ">")

    def text(self, newline: str = "\r\n") -> str:
        """The block as REAPER writes it, ending with a line end."""
        out: list[str] = []
        self.write(out, 0)
        return newline.join(out) + newline


def parse(text: str, make: type[Node] | None = None) -> Node:
    """The one block that a text holds. ``make`` has ``of(head, parent)`` to choose node types.

    Raises StandInError where blocks do not close, or where there is no or more than one.
    """
    build = getattr(make, "of", Node)
    top: Node | None = None
    stack: list[Node] = []
    for count, raw in enumerate(text.split("\n"), 1):
        line = raw.removesuffix("\r").lstrip(" \t\r")
        first = line[:1]
        if first == "<":
            parent = stack[-1] if stack else None
            node = build(Line(line), parent)
            if parent is not None:
                parent.children.append(node)
            elif top is not None:
                raise StandInError(f"line {count}: a second block at the top")
            else:
                top = node
            stack.append(node)
        elif first == ">":
            if not stack:
                raise StandInError(f"line {count}: nothing to close")
            stack.pop()
        elif stack:
            if line:
                stack[-1].children.append(Line(line))
        elif line and top is not None:
            raise StandInError(f"line {count}: text after the project")
    if top is None or stack:
        raise StandInError("the text is no whole block")
    return top
