"""State texts ("chunks") of tracks and envelopes, for what REAPER's functions cannot do.

A track's chunk is the ``<TRACK`` block of a project file. It is edited as bytes: one block is
added or removed or one number is changed, and every other byte stays as REAPER gave it.
"""

from __future__ import annotations

import ctypes
import re
from typing import TYPE_CHECKING

from reaper_drumgain.errors import HostError
from reaper_drumgain.tracks.reaper_rules import NEW_ENVELOPE

if TYPE_CHECKING:
    from reaper_drumgain.hosts.live.reaper import Calls

#: a chunk that fills the buffer may have been cut: the next size is tried
_SIZES = (1 << 20, 1 << 24, 1 << 28)
#: what opens a block, with its word, or closes one (a quote before it is skipped by REAPER)
_EDGE = re.compile(rb"^[ \t]*(?:<(\S*)[^\n]*|[\"'`]?>[^\n]*)\n?", re.MULTILINE)
_PLACE = re.compile(rb"^[ \t]*(?:MAINSEND|HWOUT)[ \t][^\n]*\n", re.MULTILINE)
_MIX = re.compile(rb"^[ \t]*MIXFLAG[ \t]+(\d{1,9})", re.MULTILINE)
_ACTIVE = re.compile(rb"^[ \t]*ACT[ \t]+(\S+)", re.MULTILINE)
_NEW = "\n".join((*NEW_ENVELOPE, "PT 0 1 0", ">", "")).encode()


class Chunks:
    """Reads and writes chunks. Chunks that are cut or broken are refused."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._buffer = ctypes.create_string_buffer(_SIZES[0])

    def of_track(self, track: int) -> bytes:
        """The chunk of a track. Raises HostError if it is not complete."""
        return self._get("GetTrackStateChunk", track)

    def of_envelope(self, envelope: int) -> bytes:
        """The chunk of an envelope. Raises HostError if it is not complete."""
        return self._get("GetEnvelopeStateChunk", envelope)

    def of_item(self, item: int) -> bytes:
        """The chunk of an item. Raises HostError if it is not complete."""
        return self._get("GetItemStateChunk", item)

    def set_track(self, track: int, text: bytes) -> bool:
        """Set the chunk of a track. Returns whether REAPER says that it took it."""
        return self._set("SetTrackStateChunk", track, text)

    def set_envelope(self, envelope: int, text: bytes) -> bool:
        """Set the chunk of an envelope. Returns whether REAPER says that it took it."""
        return self._set("SetEnvelopeStateChunk", envelope, text)

    def _get(self, name: str, thing: int) -> bytes:
        get = self._calls.function(name, "bool", "pointer", "buffer", "int", "bool")
        for size in _SIZES:
            if len(self._buffer) < size:
                self._buffer = ctypes.create_string_buffer(size)
            self._buffer[0] = b"\0"
            if not get(thing, ctypes.addressof(self._buffer), len(self._buffer), 0):
                break
            text = self._buffer.value
            if len(text) < len(self._buffer) - 1:
                if not _is_whole(text):
                    break
                return text
        raise HostError(f"REAPER returned an incomplete track state ({name}): nothing was changed")

    def _set(self, name: str, thing: int, text: bytes) -> bool:
        return bool(self._calls.function(name, "bool", "pointer", "text", "bool")(thing, text, 0))


def _is_whole(text: bytes) -> bool:
    depth = 0
    for edge in _EDGE.finditer(text):
        depth += 1 if edge.group(1) is not None else -1
        if depth <= 0:
            return depth == 0 and not text[edge.end() :].strip()
    return False


def own_block(text: bytes, key: bytes) -> tuple[int, int] | None:
    """Start and end of a block of the track itself, like ``<VOLENV2``, in the track's chunk; None
    if the track has none."""
    depth, start = 0, None
    for edge in _EDGE.finditer(text):
        word = edge.group(1)
        if word is None:
            depth -= 1
            if depth == 1 and start is not None:
                return start, edge.end()
        else:
            depth += 1
            if depth == 2 and b"<" + word == key:
                start = edge.start()
    return None


def with_block(text: bytes, key: bytes, block: bytes | None = None) -> bytes:
    """A track's chunk with one more envelope block.

    Parameters
    ----------
    text
        The chunk.
    key
        How the block begins.
    block
        The block. None for a new envelope that is on and visible and has one point at 0 dB.

    Returns
    -------
    bytes
        The new chunk.
    """
    first = _first_block(text)
    head = text[:first]
    # REAPER writes envelopes after the sends and before effects and items
    places = [found.end() for found in _PLACE.finditer(head)]
    at = places[-1] if places else first
    return text[:at] + (block or key + b"\n" + _NEW) + text[at:]


def _first_block(text: bytes) -> int:
    """Where the first block within a track's chunk starts, or the track ends."""
    edges = _EDGE.finditer(text)
    next(edges)
    return next(edges).start()


def without_block(text: bytes, key: bytes) -> bytes:
    """A track's chunk without its own block of this kind."""
    found = own_block(text, key)
    return text if found is None else text[: found[0]] + text[found[1] :]


def is_on(text: bytes) -> bool:
    """Whether an envelope with this chunk plays."""
    found = _ACTIVE.search(text)
    return found is None or found.group(1) != b"0"


def item_mix_of(text: bytes) -> int | None:
    """REAPER's number of the mix behavior that an item with this chunk has of its own."""
    found = _MIX.search(text)
    return None if found is None else int(found.group(1))


def switched(text: bytes, *, active: bool, visible: bool | None = None) -> bytes:
    """An envelope's chunk, switched on or off.

    Parameters
    ----------
    text
        The chunk.
    active
        Whether the envelope is to play.
    visible
        Whether it is to be seen. None leaves that as it is.

    Returns
    -------
    bytes
        The new chunk.
    """
    text = _with_first(text, b"ACT", active)
    return text if visible is None else _with_first(text, b"VIS", visible)


def _with_first(text: bytes, key: bytes, value: bool) -> bytes:
    """Replace the first number of a line; a line that is missing is added at the top."""
    number = b"1" if value else b"0"
    line = re.compile(rb"^([ \t]*" + key + rb"[ \t]+)[^ \t\r\n]+", re.MULTILINE)
    changed, count = line.subn(rb"\g<1>" + number, text, count=1)
    if count:
        return changed
    end = text.index(b"\n") + 1
    more = b" -1\n" if key == b"ACT" else b" 1 1\n"
    return text[:end] + key + b" " + number + more + text[end:]
