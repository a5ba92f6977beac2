"""The audio files of a track: which are open, and what their headers say."""

from __future__ import annotations

import functools
import os
from collections import OrderedDict
from typing import Protocol

from reaper_drumgain.audio.byte_view import ByteView
from reaper_drumgain.audio.container_decoder import ContainerFile, container_kind
from reaper_drumgain.audio.decoder import MediaFile
from reaper_drumgain.audio.safe_open import (
    MediaInfo,
    UnplayableMediaError,
    checked_descriptor,
    is_trusted,
)
from reaper_drumgain.audio.samples import Samples

#: files that one track keeps open at once
MAX_OPEN = 3


class OpenMedia(Protocol):
    """An open file of any format, as ``decoder.MediaFile`` has it."""

    info: MediaInfo

    def read_into(self, target: Samples, frame: int, pick: tuple[int, ...]) -> int:
        """As ``MediaFile.read_into``."""

    def close(self) -> None:
        """Close the file."""


def open_media(path: str) -> OpenMedia:
    """Open a file with the decoder that its first bytes ask for, whatever its name is.

    Raises
    ------
    UnplayableMediaError
        The file cannot be opened or decoded.
    """
    descriptor = checked_descriptor(path)
    try:
        kind = container_kind(ByteView(descriptor).at(0, 16))
        if kind is None:
            return MediaFile(path, descriptor)
        return ContainerFile(descriptor, kind)
    except BaseException:
        os.close(descriptor)
        raise


class MediaPool:
    """The few files that a track has open. The least recently used one is closed first."""

    def __init__(self, limit: int = MAX_OPEN) -> None:
        self._limit = limit
        self._open: OrderedDict[str, OpenMedia] = OrderedDict()

    def get(self, path: str) -> OpenMedia:
        """The open file of a path.

        Raises
        ------
        UnplayableMediaError
            The file cannot be opened or decoded.
        """
        found = self._open.get(path)
        if found is None:
            while len(self._open) >= self._limit:
                self._open.popitem(last=False)[1].close()
            found = self._open[path] = open_media(path)
        self._open.move_to_end(path)
        return found

    def release(self, path: str) -> None:
        """Close the file of a path, if it is open."""
        found = self._open.pop(path, None)
        if found is not None:
            found.close()

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of the files that are open now."""
        return tuple(self._open)

    def close(self) -> None:
        """Close all files."""
        for path in self.paths:
            self.release(path)


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path) if is_trusted(path) else None  # noqa: PTH116
    except (OSError, ValueError):
        return None


def probe(path: str) -> MediaInfo:
    """What the header of a file says; kept while the file stays the same.

    Raises
    ------
    UnplayableMediaError
        The file cannot be played, or holds no audio.
    """
    status = _status(path)
    if status is None:  # opening it raises an error with the reason
        return _header(path)
    return _cached_header(path, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=4096)
def _cached_header(path: str, *_identity: int) -> MediaInfo:
    # one file may have thousands of clips; a changed file has another identity
    return _header(path)


def _header(path: str) -> MediaInfo:
    media = open_media(path)
    media.close()
    if not media.info.frames:
        raise UnplayableMediaError("unreadable media", "it holds no audio")
    return media.info
