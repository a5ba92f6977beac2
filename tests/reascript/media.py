"""Length, rate and channels of media files, read off their headers with the standard library
alone, so that scripts' process needs no audio library."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from reascript import StandInError


@dataclass(frozen=True, slots=True)
class Header:
    seconds: float
    rate: int
    channels: int


def _wave(data: bytes, size: int) -> Header:
    at, rate, channels, block = 12, 0, 0, 0
    while at + 8 <= len(data):
        name, length = data[at : at + 4], struct.unpack("<I", data[at + 4 : at + 8])[0]
        if name == b"fmt ":
            channels, rate, _, block = struct.unpack("<HIIH", data[at + 10 : at + 22])
        elif name == b"data":
            held = min(length, size - at - 8)
            return Header(held / block / rate, rate, channels)
        at += 8 + length + (length & 1)
    raise StandInError("a wave file without data")


def _flac(data: bytes) -> Header:
    packed = int.from_bytes(data[18:26], "big")
    rate, channels, frames = packed >> 44, (packed >> 41 & 7) + 1, packed & (1 << 36) - 1
    return Header(frames / rate, rate, channels)


def read_header(path: str) -> Header | None:
    """What a media file holds, None where there is no such file.

    Raises StandInError for formats whose header the stand-in does not read.
    """
    file = Path(path)
    if not file.is_file():
        return None
    with file.open("rb") as stream:
        data = stream.read(1 << 16)
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return _wave(data, file.stat().st_size)
    if data[:4] == b"fLaC":
        return _flac(data)
    raise StandInError(f"the header of {file.name} is of a format that the stand-in does not read")
