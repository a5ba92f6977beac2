"""Where lines of a project file begin and end, how they are indented, and where new ones go."""

from __future__ import annotations

from reaper_drumgain.hosts.rpp.edits import Edit
from reaper_drumgain.hosts.rpp.syntax import Block, own_lines

#: what a track's envelopes follow, as REAPER writes them
_BEFORE_ENVELOPES = (b"HWOUT", b"MAINSEND", b"MIDIOUT", b"AUXRECV")


def line_ending(data: bytes, block: Block) -> bytes:
    """How the lines of a block end."""
    return b"\r\n" if data[block.body - 1] == 0x0D else b"\n"


def margin_of(data: bytes, position: int) -> bytes:
    """The blanks before a position on its line."""
    margin = data[data.rfind(b"\n", 0, position) + 1 : position]
    return margin if not margin.strip(b" \t") else b""


def next_line(data: bytes, position: int) -> int:
    """Where the line after a position begins."""
    end = data.find(b"\n", position)
    return len(data) if end < 0 else end + 1


def line_start(data: bytes, position: int) -> int:
    """Where the line of a position begins."""
    return data.rfind(b"\n", 0, position) + 1


def lines_of(data: bytes, block: Block) -> Edit:
    """The removal of a block with its lines."""
    return Edit(line_start(data, block.start), next_line(data, block.close), b"")


def indent_inside(data: bytes, block: Block) -> bytes:
    """How lines inside a block are indented: like its first one, else two blanks more."""
    first = next_line(data, block.body)
    line = data[first : data.find(b"\n", first)]
    text = line.strip()
    if text and not text.startswith(b">"):
        return line[: len(line) - len(line.lstrip(b" \t"))]
    return margin_of(data, block.start) + b"  "


def place_of_envelopes(data: bytes, block: Block) -> int:
    """Where a track's envelopes belong."""
    for key in _BEFORE_ENVELOPES:
        places = own_lines(data, block, key)
        if places:
            return next_line(data, places[-1])
    if block.children:
        return line_start(data, block.children[0].start)
    return line_start(data, block.close)
