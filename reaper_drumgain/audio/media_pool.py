"""The audio files of a track: which are open, and what their headers say.

A project names files that its author chose: a FIFO would hang the reader, a device would do
worse, a network path would send credentials. Only regular files of this machine are opened,
without waiting, and libsndfile gets the very descriptor that was checked (``openfile``).
"""

from __future__ import annotations

import functools
import os
from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from reaper_drumgain.audio import readahead
from reaper_drumgain.audio.safe_open import MediaInfo, UnplayableMediaError, is_local

if TYPE_CHECKING:
    from reaper_drumgain.audio.decoder import MediaFile

Samples = npt.NDArray[np.float32]

#: files that one track keeps open at once
MAX_OPEN = 3


class DecodedFile:
    """A file that was read ahead, in the place of a ``MediaFile``: nothing of it is open."""

    def __init__(self, held: readahead.Held) -> None:
        self.info = held.info
        self._samples = np.frombuffer(held.samples, np.float32).reshape(-1, held.info.channels)
        self._samples.flags.writeable = False

    def close(self) -> None:
        """There is nothing to close."""

    def read_into(self, target: Samples, frame: int, pick: tuple[int, ...]) -> int:
        """As ``MediaFile.read_into``."""
        return copied(target, self._samples[frame : frame + target.shape[1]], pick)

    def view(self, frame: int, frames: int) -> Samples | None:
        """The samples themselves, (1, frames) and only to be read, where one channel is all
        there is and the file holds all of these frames."""
        found = self._samples[frame : frame + frames]
        return found.T if found.shape == (frames, 1) else None


def copied(target: Samples, frames: Samples, pick: tuple[int, ...]) -> int:
    """Copy ``frames`` (n, channels) to the start of ``target``; returns n."""
    count, channels = frames.shape
    for place, channel in enumerate(pick):
        if channel < channels:
            target[place, :count] = frames[:, channel]
    return int(count)


class MediaPool:
    """The few files that a track has open; the one used longest ago is closed first."""

    def __init__(self, limit: int = MAX_OPEN) -> None:
        self._limit = limit
        self._open: OrderedDict[str, MediaFile | DecodedFile] = OrderedDict()

    def get(self, path: str) -> MediaFile | DecodedFile:
        """The open file of a path. Raises UnplayableMediaError."""
        found = self._open.get(path)
        if found is None:
            while len(self._open) >= self._limit:
                self._open.popitem(last=False)[1].close()
            found = self._open[path] = _opened(path)
        self._open.move_to_end(path)
        return found

    def view(self, path: str, frame: int, frames: int) -> Samples | None:
        """Samples of a file that was read ahead, as ``DecodedFile.view``; None for others."""
        file = self.get(path)
        return file.view(frame, frames) if isinstance(file, DecodedFile) else None

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


def _opened(path: str) -> MediaFile | DecodedFile:
    status = _status(path)
    held = readahead.take(path, status) if status else None
    if held is not None:
        return DecodedFile(held)
    from reaper_drumgain.audio.decoder import MediaFile

    return MediaFile(path)


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path) if is_local(path) else None  # noqa: PTH116
    except (OSError, ValueError):
        return None


def probe(path: str) -> MediaInfo:
    """What the header of a file says. Raises UnplayableMediaError."""
    status = _status(path)
    if status is None:  # the opener finds the words for it
        return _header(path)
    info = readahead.peek(path, status)
    if info is not None:
        return info
    return _cached_header(path, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=4096)
def _cached_header(path: str, *_identity: int) -> MediaInfo:
    # A sliced recording is one file behind thousands of clips; the identity keeps it honest.
    return _header(path)


def _header(path: str) -> MediaInfo:
    from reaper_drumgain.audio.decoder import MediaFile

    media = MediaFile(path)
    media.close()
    if not media.info.frames:
        raise UnplayableMediaError("unreadable media", "it holds no audio")
    return media.info
