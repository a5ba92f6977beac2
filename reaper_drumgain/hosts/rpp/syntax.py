"""Project files as bytes: blocks, lines and tokens.

A project is a tree of blocks. A block opens with a line whose first byte is ``<`` and
closes with a line whose first byte is ``>``; blanks before that byte and one quote sign
mean nothing. Whatever stands later in a line cannot open or close a block, so notes,
code and base64 data need no knowledge of their own. Everything here works on positions
in the file's bytes; ``edits`` replaces spans of them.

The rules of lines and tokens are those of Cockos' WDL (projectcontext.cpp, lineparse.h).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator

from reaper_drumgain.errors import ProjectError

#: the largest project that is read; the largest that we have seen is below a fifth of it
MAX_BYTES = 1 << 30
#: REAPER itself nests fewer than 20
MAX_DEPTH = 1000
#: a project of 200 MB that is made of audio items alone holds half of this
MAX_BLOCKS = 2_000_000
#: WDL reads lines into buffers of 4096 bytes, terminator included
MAX_LINE = 4095

# possessive, so that a long run of blanks costs no backtracking
_BOUNDARY = re.compile(rb"""\n[ \t\r]*+(?=[<>"'`])["'`]?(?:(<)([^ \t\r\n]*+)[^\n]*+|>)""")
_HEADER = re.compile(rb"(?m)^[ \t\r]*+(<)(?:(REAPER_PROJECT)(?=[ \t\r\n]|\Z)[^\n]*+)?")
#: what may stand behind the end of a project
_BEHIND = b"\0 \t\r\n"
_VERSION_HEAD = re.compile(rb"(?m)^<REAPER_PROJECT(?=[ \t\r\n])")
#: how other files of REAPER begin that people take for projects
_FOREIGN = re.compile(rb"\A[ \t\r\n]*+<?(TRACK|ITEM|BYPASS|FXCHAIN|SOURCE)(?=[ \t\r\n])")
_KINDS = {
    b"TRACK": "a track template, no project (insert it in a project and save that)",
    b"ITEM": "an item template, no project",
    b"BYPASS": "an effect chain, no project",
    b"FXCHAIN": "an effect chain, no project",
    b"SOURCE": "a media source, no project",
}
_VISIBLE = re.compile(rb"\S")
#: key and rest of a line that starts with a word in capitals
SETTING = re.compile(rb"\n[ \t\r]*+([A-Z_]\w*+)(?![^ \t\r\n])([^\r\n]*)")
_TOKEN = re.compile(rb'"[^"\r\n]*+"?|\'[^\'\r\n]*+\'?|`[^`\r\n]*+`?|[^ \t\r\n]++')
#: a word and its first value on a line without quotes
_PLAIN_SETTING = rb"[^ \t\r\n\"'`]++[ \t]++([^ \t\r\n\"'`]++)[^\n\"'`]*+(?=\n|\Z)"
_QUOTES = b"\"'`"
_ENDS_TOKEN = (b" ", b"\t", b"\r", b"\n", b"")
_PREAMBLE = 4096
_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\xef\xbb\xbf": "a byte-order mark"}


@functools.cache
def compiled(pattern: bytes) -> re.Pattern[bytes]:
    """A pattern that not every run needs, compiled when it is first used."""
    return re.compile(pattern)


class Token:
    """One token of a line.

    Parameters
    ----------
    start, end
        Its span in the file, quotes included.
    value
        Its bytes without quotes.
    closed
        False where a quote has no partner on the line.
    """

    __slots__ = ("closed", "end", "start", "value")

    def __init__(self, start: int, end: int, value: bytes, closed: bool = True) -> None:
        self.start = start
        self.end = end
        self.value = value
        self.closed = closed


class Block:
    """One block of a project.

    ``close`` is the position of its ``>``, ``children`` are the blocks directly inside.

    Parameters
    ----------
    start
        The position of its ``<``.
    body
        The position of the end of that line.
    keyword
        The word behind ``<``.
    """

    __slots__ = ("body", "children", "close", "keyword", "start")

    def __init__(self, start: int, body: int, keyword: bytes) -> None:
        self.start = start
        self.body = body
        self.close = -1
        self.keyword = keyword
        # most blocks have none: a list for each would double the tree
        self.children: list[Block] | tuple[Block, ...] = ()

    def __repr__(self) -> str:
        return f"Block({self.keyword!r}, {self.start}, {self.close})"

    def segments(self) -> Iterable[tuple[int, int]]:
        """The spans of the block's own lines: its body without its children.

        Each starts before the end of a line, so that patterns which start with a line's end
        find every line; the search for that one byte is what makes them fast.
        """
        if not self.children:
            return ((self.body, self.close),)
        return self._between_children()

    def _between_children(self) -> Iterator[tuple[int, int]]:
        position = self.body
        for child in self.children:
            yield position, child.start
            position = child.close + 1
        yield position, self.close


def line_of(data: bytes, position: int) -> int:
    """The number of the line, from 1, that holds a position."""
    return data.count(b"\n", 0, position) + 1


def scan(data: bytes, name: str, keep: int = MAX_DEPTH) -> Block:
    """The whole project as a tree of blocks, read in one pass without recursion.

    Parameters
    ----------
    data, name
        The bytes of the file, and its name for messages.
    keep
        Blocks more than so many levels inside the project are checked, but left out of the tree.

    Returns
    -------
    Block
        The project.

    Raises
    ------
    ProjectError
        It is not one whole project: other content, UTF-16, NUL bytes, blocks that do not balance.
        The message says file:line.
    """
    _refuse_foreign(data, name)
    header = _project_header(data, name)
    root = top = Block(header.start(1), header.end(), b"REAPER_PROJECT")
    stack = [root]
    keywords: dict[bytes, bytes] = {}
    count = 0
    for found in _BOUNDARY.finditer(data, header.end()):
        if found.lastindex is None:  # a line that closes
            top.close = found.end() - 1
            stack.pop()
            if not stack:
                _refuse_tail(data, top.close, name)
                return root
            top = stack[-1]
            continue
        keyword = found.group(2)
        block = Block(found.start(1), found.end(), keywords.setdefault(keyword, keyword))
        depth = len(stack)
        if depth <= keep:
            if top.children:
                top.children.append(block)  # type: ignore[union-attr]
            else:
                top.children = [block]
        stack.append(block)
        top = block
        count += 1
        if depth >= MAX_DEPTH or count > MAX_BLOCKS:
            raise ProjectError(
                f"{name}:{line_of(data, block.start)}: more blocks than a project can hold (at "
                f"most {MAX_DEPTH} inside each other, {MAX_BLOCKS} in all): nothing was changed"
            )
    raise ProjectError(
        f"{name}:{line_of(data, top.start)}: the block <{_printable(top.keyword)} never ends "
        f"({len(stack)} open at the end of the file): the file is cut short, nothing was changed"
    )


def _refuse_foreign(data: bytes, name: str) -> None:
    if len(data) > MAX_BYTES:
        raise ProjectError(f"{name}: {len(data)} bytes, more than the {MAX_BYTES} that are read")
    if _VISIBLE.search(data) is None:
        raise ProjectError(f"{name}: the file is empty: expected a REAPER project")
    for mark, what in _BOMS.items():
        if data.startswith(mark):
            raise ProjectError(
                f"{name}: starts with {what}: expected a REAPER project as REAPER saves it (plain "
                "UTF-8); save it again from REAPER"
            )
    place = data.find(b"\0")
    # one real project ends in a NUL behind its last line
    if place >= 0 and data[place:].strip(_BEHIND):
        raise ProjectError(
            f"{name}:{line_of(data, place)}: holds a NUL byte: expected text, this is a binary "
            "or UTF-16 file"
        )


def _project_header(data: bytes, name: str) -> re.Match[bytes]:
    """The line ``<REAPER_PROJECT``; tools may put a comment line before it."""
    match = _HEADER.search(data, 0, _PREAMBLE)
    if match is None or match.group(2) is None:
        kind = _FOREIGN.search(data, 0, _PREAMBLE)
        what = "not a REAPER project" if kind is None else _KINDS[kind.group(1)]
        raise ProjectError(f"{name}:1: {what}: expected a line <REAPER_PROJECT")
    return match


def _refuse_tail(data: bytes, close: int, name: str) -> None:
    end = data.find(b"\n", close)
    rest = b"" if end < 0 else data[end:].strip(_BEHIND)
    if not rest:
        return
    if rest.startswith(b"<REAPER_PROJECT"):
        raise ProjectError(
            f"{name}:{line_of(data, end + 1)}: this is REAPER's backup of several versions, "
            f"{1 + len(_VERSION_HEAD.findall(rest))} whole projects one after another: open it in "
            "REAPER, choose one and save it under a name of its own"
        )
    raise ProjectError(
        f"{name}:{line_of(data, end + 1)}: there is text after the end of the project: the file "
        "is damaged, nothing was changed"
    )


def _printable(raw: bytes) -> str:
    return raw[:40].decode("ascii", "backslashreplace")


def tokens(data: bytes, start: int, end: int | None = None) -> list[Token]:
    """The tokens of one line.

    Parameters
    ----------
    data, start
        The bytes of the file, and where the line starts.
    end
        Where to stop; None for the end of the line.

    Returns
    -------
    list of Token
        In order.
    """
    stop = data.find(b"\n", start)
    if stop < 0:
        stop = len(data)
    if end is not None:
        stop = min(stop, end)
    found = []
    for match in _TOKEN.finditer(data, start, stop):
        value = match.group()
        if value[0] not in _QUOTES:
            found.append(Token(match.start(), match.end(), value))
            continue
        closed = len(value) > 1 and value[-1] == value[0]
        value = value[1:-1] if closed else value[1:]
        found.append(Token(match.start(), match.end(), value, closed))
    return found


def first_setting(data: bytes, start: int) -> tuple[int, int, bytes] | None:
    """The second token of the line that starts with a word at ``start``: its span and its value.

    None where the line has no second token, or where a quote on the line has no partner.
    """
    plain = compiled(_PLAIN_SETTING).match(data, start)
    if plain is not None:
        return *plain.span(1), plain.group(1)
    words = tokens(data, start)
    if len(words) < 2 or not all(word.closed for word in words):
        return None
    return words[1].start, words[1].end, words[1].value


def first_value(line: bytes) -> bytes:
    """The value of the first token of one line; empty where there is none."""
    line = line.lstrip(b" \t")
    quote = line[:1]
    if not quote or quote not in _QUOTES:
        words = line.split(None, 1)
        return words[0] if words else b""
    end = line.find(quote, 1)
    return line[1:end] if end > 0 else line[1:]


def values(line: bytes) -> list[bytes]:
    """The values of the tokens of one line, where their places do not matter."""
    if b'"' in line or b"'" in line or b"`" in line:
        return [token.value for token in tokens(line, 0)]
    return line.split()


def own_lines(data: bytes, block: Block, key: bytes) -> list[int]:
    """The lines of a block, without those of blocks inside it, that begin with a certain token.

    Parameters
    ----------
    data
        The bytes of the file.
    block
        The block.
    key
        The first token of the lines.

    Returns
    -------
    list of int
        Where each line's first token starts.
    """
    found = []
    for start, end in block.segments():
        at = data.find(key, start, end)
        while at >= 0:
            line = data.rfind(b"\n", start, at)
            # a line that starts before the span is the one that closes a block
            if line >= 0 and not data[line + 1 : at].strip(b" \t\r"):
                after = at + len(key)
                if data[after : after + 1] in _ENDS_TOKEN:
                    found.append(at)
            # on from the next line, or a long one would be gone through for each key in it
            line = data.find(b"\n", at, end)
            at = data.find(key, line, end) if line >= 0 else -1
    return found
