"""What an MP4 or QuickTime file declares, checked before a demuxer builds tables from it.

A file of some hundred bytes can declare samples by the billion. Tables that do not fit into the
file, and features that unpack or repeat (compressed indexes, long edit lists), are refused.
Source: ISO/IEC 14496-12 (boxes), QuickTime File Format (``cmov``).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from reaper_drumgain.audio.byte_view import ByteView
from reaper_drumgain.audio.safe_open import UnplayableMediaError

#: entries of one track's index that are accepted: twelve hours of AAC
MAX_ENTRIES = 1 << 21
#: boxes of one file; a fragmented recording has five for each fragment
MAX_BOXES = 1 << 17
#: samples in one packet of ALAC; Apple's encoder makes 4096
MAX_PACKET = 1 << 16

_CONTAINERS = frozenset(
    (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"mvex", b"moof", b"traf")
)
#: bytes of an entry in tables of this form: version and flags, a count, then the entries
_ENTRY = {b"stts": 8, b"ctts": 8, b"stsc": 12, b"stco": 4, b"co64": 8, b"stss": 4}
_COOKIE = re.compile(rb"\0\0\0\x24alac....(....)", re.DOTALL)


class _Track:
    """The counts of one track."""

    def __init__(self) -> None:
        self.samples = 0
        self.edits = 0
        #: counts and duration of the table of times, to know whole-number audio
        self.times: list[tuple[int, int]] = []

    def check(self) -> None:
        # Of uncompressed audio, where each sample takes one tick, no table per sample is made.
        plain = len(self.times) == 1 and self.times[0][1] == 1
        if plain and self.edits <= 1024:
            return
        timed = sum(count for count, _ in self.times)
        if max(self.samples, timed) * max(1, self.edits) > MAX_ENTRIES:
            raise _refused("its index is longer than any recording's")


def _refused(reason: str) -> UnplayableMediaError:
    return UnplayableMediaError("unreadable media", reason)


def check_boxes(view: ByteView) -> None:
    """Raises UnplayableMediaError where a file declares more than it can hold, or has no index."""
    track, fragments, has_index = _Track(), 0, False
    for name, start, size in _boxes(view):
        if name == b"trak":
            track.check()
            track = _Track()
        elif name == b"trun":
            fragments += _fragment(view, start, size)
            if fragments > MAX_ENTRIES:
                raise _refused("its index is longer than any recording's")
        else:
            has_index = has_index or name == b"moov"
            _check_box(view, name, start, size, track)
    track.check()
    if not has_index:
        raise _refused("its index is missing, as in a recording that was never finished")


def _check_box(view: ByteView, name: bytes, start: int, size: int, track: _Track) -> None:
    if name in (b"cmov", b"meta"):
        raise _refused("its index is packed, which is not read")
    if name in _ENTRY:
        _check_table(view, name, start, size, track)
    elif name == b"stsz":
        _check_sizes(view, start, size, track)
    elif name == b"elst":
        head = view.at(start, 8).ljust(8, b"\0")
        track.edits = struct.unpack(">I", head[4:])[0]
        _fits(track.edits * (20 if head[0] else 12), size)
    elif name == b"stsd":
        cookies = _COOKIE.findall(view.at(start, min(size, 1 << 16)))
        if any(struct.unpack(">I", length)[0] > MAX_PACKET for length in cookies):
            raise _refused("its packets are longer than any recording's")


def _boxes(view: ByteView) -> Iterator[tuple[bytes, int, int]]:
    """Name, start of the content and its size, of all boxes from the start on."""
    ends = [view.size]
    place, count = 0, 0
    while True:
        while ends and place + 8 > ends[-1]:
            place = max(place, ends.pop()) if len(ends) > 1 else ends.pop()
        if not ends:
            return
        count += 1
        if count > MAX_BOXES:
            raise _refused("it has more parts than any recording")
        head = view.at(place, 16)
        if len(head) < 8:
            return
        size, start = struct.unpack(">I", head[:4])[0], place + 8
        if size == 1 and len(head) == 16:
            size, start = struct.unpack(">Q", head[8:])[0], place + 16
        end = min(ends[-1], place + size) if size else ends[-1]
        if end < start:
            return
        name = head[4:8]
        # iTunes puts its texts into a meta box within moov; at the top it holds pictures
        if name != b"meta" or len(ends) == 1:
            yield name, start, end - start
        if name in _CONTAINERS and len(ends) < 10:
            ends.append(end)
            place = start
        else:
            place = end


def _fits(needed: int, size: int) -> None:
    if needed > size:
        raise _refused("its index is damaged: it is longer than the file has room for")


def _check_table(view: ByteView, name: bytes, start: int, size: int, track: _Track) -> None:
    head = view.at(start, 8).ljust(8, b"\0")
    count = struct.unpack(">I", head[4:])[0]
    _fits(8 + count * _ENTRY[name], size)
    if count > MAX_ENTRIES:
        raise _refused("its index is longer than any recording's")
    if name == b"stts":
        data = view.at(start + 8, 8 * count)
        track.times = list(struct.iter_unpack(">II", data[: len(data) // 8 * 8]))
    elif name == b"ctts":
        data = view.at(start + 8, 8 * count)
        repeated = sum(own for own, _ in struct.iter_unpack(">II", data[: len(data) // 8 * 8]))
        if repeated > MAX_ENTRIES:
            raise _refused("its index is longer than any recording's")


def _check_sizes(view: ByteView, start: int, size: int, track: _Track) -> None:
    head = view.at(start, 12).ljust(12, b"\0")
    fixed, track.samples = struct.unpack(">II", head[4:])
    if fixed:
        _fits(fixed * track.samples, view.size)
    else:
        _fits(12 + 4 * track.samples, size)


def _fragment(view: ByteView, start: int, size: int) -> int:
    """The samples of a fragment."""
    head = view.at(start, 8).ljust(8, b"\0")
    flags, count = struct.unpack(">II", head)
    each = 4 * ((flags >> 8) & 0xF).bit_count()
    _fits(8 + each * count, size)
    return int(count)
