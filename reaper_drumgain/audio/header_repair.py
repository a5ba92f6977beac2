"""Headers that say too little: sizes never written or too small, 24 bits in blocks of four bytes.

A recorder that is cut off leaves sizes of 0 or 0xFFFFFFFF, one that writes beyond 4 GB a size
that has wrapped. Such files get a new header in memory, with the sizes that they have. Formats:
RIFF and RF64 (EBU Tech 3306), Sony Wave64, AIFF and AIFF-C, Core Audio Format, and Sun AU.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from reaper_drumgain.audio.byte_view import ByteView
from reaper_drumgain.audio.safe_open import UnplayableMediaError

#: chunks of one file that are looked at
_MAX_CHUNKS = 10_000
#: so few bytes behind the declared end do not mean that the size is wrong
_FEW_BYTES = 1 << 12
#: zeros behind the declared end up to here are padding
_PADDING = 1 << 16
#: sizes around 2 or 4 GB are written by programs that cannot go back to write the real one
_PLACEHOLDER_32, _PLACEHOLDER_64 = 0x7FFF0000, 1 << 62
#: what programs put behind the last chunk
_TAGS = (b"TAG", b"ID3", b"APET", b"LYRI")
_PCM, _FLOAT, _ALAW, _MULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE

_RIFF64 = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_WAVE_TAIL = b"\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"

Kind = Literal["riff", "w64", "aiff", "caf", "au"]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the samples of a file lie: ``declared`` None where the size is a placeholder.

    ``form``: the chunk that describes the samples. ``aligned``: chunks start at multiples of it.
    ``known``: whether libsndfile knows the container.
    """

    kind: Kind
    form: bytes
    start: int
    declared: int | None
    aligned: int = 2
    known: bool = True


@dataclass(frozen=True, slots=True)
class Header:
    """What was found of a file's header.

    Attributes
    ----------
    prefix
        A header in place of the file's own. None where that one serves.
    start, length
        Where the samples begin, and how long they are, in bytes.
    gain
        Factor of the samples.
    unfinished
        Its length was never written or is too small.
    truncated
        It declares more than the file holds.
    """

    prefix: bytes | None = None
    start: int = 0
    length: int = 0
    gain: float = 1.0
    unfinished: bool = False
    truncated: bool = False


def examine(view: ByteView) -> Header:
    """Find what is wrong or missing in the header of a file.

    Raises
    ------
    UnplayableMediaError
        Its samples have no known form.
    """
    layout = _layout(view)
    if layout is None:
        return Header()
    there = view.size - layout.start
    declared = layout.declared
    unfinished = truncated = False
    length = there if declared is None else min(declared, there)
    if declared is None:
        unfinished = there > 0
    elif declared > there:
        truncated = True
    elif _goes_on(view, layout, layout.start + declared):
        unfinished, length = True, there
    header = Header(None, layout.start, length, 1.0, unfinished, truncated)
    packed = layout.kind in ("riff", "w64") and _is_24_in_4(layout.form)
    if packed:
        return _with_24_in_4(view, layout, header)
    misread = not layout.known or (layout.kind == "w64" and _is_extensible_float(layout.form))
    if unfinished or misread or (truncated and layout.kind == "caf"):
        return replace(header, prefix=_prefix(layout, length))
    return header


def _layout(view: ByteView) -> _Layout | None:
    head = view.at(0, 40)
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return _riff(view, head[:4])
    if head[:16] == _RIFF64 and len(head) == 40:
        return _w64(view)
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return _aiff(view)
    if head[:4] == b"caff":
        return _caf(view)
    if head[:4] == b".snd" and len(head) >= 24:
        start, size = struct.unpack_from(">II", head, 4)
        return _Layout("au", b"", start, size if size < _PLACEHOLDER_32 else view.size - start)
    return None


def _riff(view: ByteView, name: bytes) -> _Layout | None:
    place, form, long_size = 12, b"", None
    for _ in range(_MAX_CHUNKS):
        head = view.at(place, 8)
        if len(head) < 8:
            return None
        size = struct.unpack("<I", head[4:])[0]
        if head[:4] == b"fmt ":
            form = view.at(place + 8, min(size, 40))
        elif head[:4] == b"ds64" and name != b"RIFF" and size >= 24:
            long_size = struct.unpack_from("<Q", view.at(place + 8, 24).ljust(24, b"\0"), 8)[0]
        elif head[:4] == b"data":
            declared: int | None = size
            if long_size is not None:
                declared = None if not 0 < long_size < _PLACEHOLDER_64 else long_size
            elif size >= _PLACEHOLDER_32 and size > view.size - place - 8:
                declared = None
            if declared == 0 and not _is_chunk(view, place + 8, 2):
                declared = None
            if len(form) < 16:
                return None
            return _Layout("riff", form, place + 8, declared, known=name != b"BW64")
        place += 8 + size + (size & 1)
    return None


def _w64(view: ByteView) -> _Layout | None:
    place, form = 40, b""
    for _ in range(_MAX_CHUNKS):
        head = view.at(place, 24)
        if len(head) < 24:
            return None
        size = struct.unpack("<Q", head[16:])[0]
        if head[:4] == b"fmt ":
            form = view.at(place + 24, min(max(0, size - 24), 40))
        elif head[:4] == b"data":
            known = 24 < size < _PLACEHOLDER_64
            declared = size - 24 if known else None
            if not known and _is_chunk(view, place + 24, 8):
                declared = 0
            return _Layout("w64", form, place + 24, declared, 8) if len(form) >= 16 else None
        if size < 24:
            return None
        place += (size + 7) // 8 * 8
    return None


def _aiff(view: ByteView) -> _Layout | None:
    place, form = 12, b""
    for _ in range(_MAX_CHUNKS):
        head = view.at(place, 16)
        if len(head) < 8:
            return None
        size = struct.unpack_from(">I", head, 4)[0]
        if head[:4] == b"COMM":
            form = view.at(place + 8, min(size, 64))
        elif head[:4] == b"SSND" and len(head) == 16:
            if len(form) < 18:
                return None
            start = place + 16 + struct.unpack_from(">I", head, 8)[0]
            declared: int | None = size - 8 - (start - place - 16)
            large = size >= _PLACEHOLDER_32 and size > view.size - place - 8
            if large or (size <= 8 and not _is_chunk(view, place + 16, 2)):
                declared = None
            return _Layout("aiff", form, start, declared)
        place += 8 + size + (size & 1)
    return None


def _caf(view: ByteView) -> _Layout | None:
    place, form = 8, b""
    for _ in range(_MAX_CHUNKS):
        head = view.at(place, 12)
        if len(head) < 12:
            return None
        size = struct.unpack_from(">q", head, 4)[0]
        if head[:4] == b"desc":
            form = view.at(place + 12, 32)
        elif head[:4] == b"data":
            # CAF allows -1 for a last chunk; packets of variable size need more than this header
            if len(form) < 32 or form[8:12] != b"lpcm":
                return None
            start = place + 16
            declared = view.size - start if size == -1 else size - 4 if size > 4 else None
            return _Layout("caf", form, start, declared, 1)
        if size < 0:
            return None
        place += 12 + size
    return None


def _goes_on(view: ByteView, layout: _Layout, end: int) -> bool:
    """Whether what lies behind the declared end is audio: neither chunks nor a tag nor padding."""
    rest = view.size - end
    if rest < _FEW_BYTES or layout.kind in ("au", "caf") or _is_chunk(view, end, layout.aligned):
        return False
    return rest > _PADDING or any(view.at(end, rest))


def _is_chunk(view: ByteView, end: int, aligned: int) -> bool:
    """Whether a chunk begins behind a place, or at the next aligned one; or the file ends there."""
    if end >= view.size:
        return True
    for place in {end, -(-end // aligned) * aligned}:
        head = view.at(place, 24)
        if head.startswith(_TAGS):
            return True
        if not head[:4].isascii() or not head[:4].decode("ascii").isprintable():
            continue
        if aligned == 8:
            size = struct.unpack_from("<Q", head.ljust(24, b"\0"), 16)[0]
            if 24 <= size <= view.size - place + 7:
                return True
        else:
            sizes = struct.unpack_from("<I", head, 4) + struct.unpack_from(">I", head, 4)
            if min(sizes) <= view.size - place - 8 + 1:
                return True
    return False


def _prefix(layout: _Layout, length: int) -> bytes | None:
    """A header for so many bytes of samples."""
    if layout.kind == "caf":
        desc = b"desc" + struct.pack(">q", len(layout.form)) + layout.form
        data = b"data" + struct.pack(">qI", length + 4, 0)
        return b"caff\0\1\0\0" + desc + data
    if layout.kind == "aiff":
        return _aiff_prefix(layout.form, length)
    if layout.kind == "au":
        return None
    return _w64_prefix(layout.form, length)


def _aiff_prefix(form: bytes, length: int) -> bytes:
    channels, _, bits = struct.unpack_from(">hIh", form)
    frame = max(1, channels * ((bits + 7) // 8))
    frames = min(length, 0xFFFFFF00) // frame
    comm = form[:2] + struct.pack(">I", frames) + form[6:]
    comm += b"\0" * (len(comm) & 1)
    size = frames * frame
    body = b"COMM" + struct.pack(">I", len(form)) + comm
    body += b"SSND" + struct.pack(">III", size + 8, 0, 0)
    kind = b"AIFC" if len(form) > 18 else b"AIFF"
    return b"FORM" + struct.pack(">I", min(0xFFFFFFFF, len(body) + size + 4)) + kind + body


def _w64_prefix(form: bytes, length: int) -> bytes | None:
    tag = _sample_tag(form)
    if tag not in (_PCM, _FLOAT, _ALAW, _MULAW):
        return None
    # the plain form: in Wave64 libsndfile takes extensible floats for whole numbers
    plain = struct.pack("<H", tag) + form[2:16]
    fmt = b"fmt " + _WAVE_TAIL + struct.pack("<Q", 24 + len(plain)) + plain
    data = b"data" + _WAVE_TAIL + struct.pack("<Q", 24 + length)
    size = 40 + len(fmt) + len(data) + length
    return _RIFF64 + struct.pack("<Q", size) + b"wave" + _WAVE_TAIL + fmt + data


def _sample_tag(form: bytes) -> int:
    tag = int(struct.unpack_from("<H", form)[0])
    if tag == _EXTENSIBLE and len(form) >= 26:
        return int(struct.unpack_from("<H", form, 24)[0])
    return tag


def _is_extensible_float(form: bytes) -> bool:
    return form[:2] == struct.pack("<H", _EXTENSIBLE) and _sample_tag(form) == _FLOAT


def _is_24_in_4(form: bytes) -> bool:
    channels, align, bits = struct.unpack_from("<H8xHH", form, 2)
    return _sample_tag(form) == _PCM and bits == 24 and channels and align == 4 * channels


def _with_24_in_4(view: ByteView, layout: _Layout, header: Header) -> Header:
    """A header for 24-bit samples in blocks of four bytes, whose layout is found from the samples.

    Standard: the upper three bytes of four. Some programs write the lower three, Cool Edit
    floats up to 32768.
    """
    pieces = []
    for part in range(8):
        place = layout.start + header.length * part // 8 // 4 * 4
        # not whole frames from the start on, but whole samples
        data = view.at(place - (place - layout.start) % 4, 1 << 14)
        pieces.append(np.frombuffer(data[: len(data) // 4 * 4], dtype="<i4"))
    values = np.concatenate(pieces)
    values = values[values != 0]
    with np.errstate(invalid="ignore"):
        sizes = np.abs(values.view("<f4"))
    tag, gain = _PCM, 1.0
    if bool(((sizes >= 2.0**-24) & (sizes <= 2.0**17)).all()) and values.size:
        tag, gain = _FLOAT, 2.0**-15 if float(sizes.max()) > 8.0 else 1.0
    elif not (values & 0xFF).any():
        pass
    elif bool(((values >= -(2**23)) & (values < 2**23)).all()):
        gain = 256.0
    else:
        raise UnplayableMediaError(
            "unreadable media",
            "its header says 24 bits in blocks of 4 bytes, but the samples have no known layout",
        )
    channels, rate = struct.unpack_from("<HI", layout.form, 2)
    align = 4 * channels
    form = struct.pack("<HHIIHH", tag, channels, rate, min(rate * align, 0xFFFFFFFF), align, 32)
    return replace(header, prefix=_w64_prefix(form, header.length), gain=gain)
