"""Audio files, opened with care and read in blocks.

A project names files that its author chose: a FIFO would hang the reader, a device would do
worse, a network path would send credentials. Only regular files of this machine are opened,
without waiting, and libsndfile gets the very descriptor that was checked. Nothing is ever
allocated by what a header declares.
"""

from __future__ import annotations

import functools
import os
import re
from collections import OrderedDict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from reaper_drumgain import readahead
from reaper_drumgain.openfile import UnplayableMediaError, checked_descriptor, is_local, reason_of
from reaper_drumgain.records import record

Samples = npt.NDArray[np.float32]

#: samples, all channels counted, that one read of a file with several channels holds at once
SCRATCH_SAMPLES = 1 << 16
#: files that one track keeps open at once
MAX_OPEN = 3
#: frames that are decoded and dropped before the wanted one of an MP3
MP3_LEAD = 9 * 1152
#: Hz; what lies beyond is no audio, or would make a resampler allocate without bound
MIN_RATE, MAX_RATE = 1_000, 6_144_000

_DECLARED = r"(?m)^\s*(?:data|SSND)\s*:\s*(\d+) \(should be (\d+)\)"


@record
class MediaInfo:
    """What a header says: rate in Hz, channels, frames; ``floating``: it may hold NaN;
    ``truncated``: it declares more than the file holds."""

    rate: int
    channels: int
    frames: int
    floating: bool
    truncated: bool


class _Sound(soundfile.SoundFile):  # type: ignore[misc]
    """A SoundFile that does not seek to where it stands after each read.

    The wrapper does so wherever ``seekable`` is true. It costs time with FLAC, and with MP3 it
    makes the decoder start over: a thousand wrong samples at each border of two blocks.
    """

    def seekable(self) -> bool:
        return False


class MediaFile:
    """One open audio file that reads from any frame on. Not for two threads at once."""

    def __init__(self, path: str) -> None:
        """Open a file. Raises UnplayableMediaError."""
        self._path = path
        self._descriptor = checked_descriptor(path)
        try:
            self._sound = _decoder(path, self._descriptor)
        except BaseException:
            os.close(self._descriptor)
            raise
        self.info = MediaInfo(
            self._sound.samplerate,
            self._sound.channels,
            max(0, self._sound.frames),
            self._sound.subtype in ("FLOAT", "DOUBLE"),
            _is_cut(self._sound.extra_info),
        )
        # After a seek the bit reservoir and the overlap of an MP3 have to fill again.
        self._lead = MP3_LEAD if self._sound.subtype.startswith("MPEG") else 0
        self._position = 0
        self._asked = False
        self._ahead: Samples | None = None

    def close(self) -> None:
        """Close the file; once is enough, twice does no harm."""
        if self._descriptor >= 0:
            self._sound.close()
            os.close(self._descriptor)
            self._descriptor = -1

    def read_into(self, target: Samples, frame: int, pick: tuple[int, ...]) -> int:
        """Read the frames from ``frame`` on into ``target``, shape (len(pick), n).

        ``pick`` names the channels of the file; a channel that it does not have stays as it
        is. Returns how many frames the file gave; the rest of ``target`` is untouched.
        Raises UnplayableMediaError where the decoder gives up.
        """
        wanted = target.shape[1]
        decoded = self._decoded_ahead()
        if decoded is not None:
            return _copied(target, decoded[frame : frame + wanted], pick)
        try:
            if frame != self._position:
                self._seek(frame)
            if self.info.channels == 1 and pick == (0,) and target[0].flags.c_contiguous:
                got = len(self._sound.read(dtype="float32", out=target[0]))
                self._position += got
                return got
            return self._read_picked(target, wanted, pick)
        except (soundfile.SoundFileError, RuntimeError) as error:
            self._position = -1
            raise UnplayableMediaError(
                "unreadable media", f"decoding stopped at frame {frame} ({reason_of(error)})"
            ) from error

    def _decoded_ahead(self) -> Samples | None:
        """All samples (frames, channels), where they were read ahead."""
        if not self._asked:
            self._asked = True
            held = readahead.take(self._path, os.fstat(self._descriptor))
            info = self.info
            if held is not None and held.nbytes == 4 * info.frames * info.channels:
                self._ahead = np.frombuffer(held, np.float32).reshape(-1, info.channels)
        return self._ahead

    def _seek(self, frame: int) -> None:
        start = max(0, frame - self._lead)
        if not start <= self._position < frame:
            self._sound.seek(start)
            self._position = start
        while self._position < frame:
            step = min(frame - self._position, max(1, SCRATCH_SAMPLES // self.info.channels))
            if not len(self._sound.read(step, dtype="float32")):
                break
            self._position += step
        self._position = frame

    def _read_picked(self, target: Samples, wanted: int, pick: tuple[int, ...]) -> int:
        channels = self.info.channels
        step = min(wanted, max(1, SCRATCH_SAMPLES // channels))
        scratch = np.empty((step, channels), dtype=np.float32)
        done = 0
        while done < wanted:
            piece = scratch[: min(step, wanted - done)]
            got = len(self._sound.read(dtype="float32", always_2d=True, out=piece))
            self._position += got
            _copied(target[:, done:], piece[:got], pick)
            done += got
            if got < len(piece):
                break
        return done


def _copied(target: Samples, frames: Samples, pick: tuple[int, ...]) -> int:
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
        self._open: OrderedDict[str, MediaFile] = OrderedDict()

    def get(self, path: str) -> MediaFile:
        """The open file of a path. Raises UnplayableMediaError."""
        found = self._open.get(path)
        if found is None:
            while len(self._open) >= self._limit:
                self._open.popitem(last=False)[1].close()
            found = self._open[path] = MediaFile(path)
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


def probe(path: str) -> MediaInfo:
    """What the header of a file says. Raises UnplayableMediaError."""
    try:
        status = Path(path).stat() if is_local(path) else None
    except (OSError, ValueError):
        status = None
    if status is None:  # the opener finds the words for it
        return _header(path)
    return _cached_header(path, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=4096)
def _cached_header(path: str, *_identity: int) -> MediaInfo:
    # A sliced recording is one file behind thousands of clips; the identity keeps it honest.
    return _header(path)


def _header(path: str) -> MediaInfo:
    media = MediaFile(path)
    media.close()
    if not media.info.frames:
        raise UnplayableMediaError("unreadable media", "it holds no audio")
    return media.info


def _decoder(path: str, descriptor: int) -> _Sound:
    # closefd=False: where opening fails libsndfile would close the descriptor on its own, and
    # a second close could then hit a file that another thread has just opened. On Windows
    # libsndfile may have a C library of its own, to which our descriptor means nothing; there
    # a path cannot name a pipe without starting with two backslashes.
    try:
        sound = _Sound(path if os.name == "nt" else descriptor, closefd=False)
    except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError) as error:
        raise UnplayableMediaError(
            "unreadable media", f"it does not decode ({reason_of(error)})"
        ) from error
    seekable = soundfile.SoundFile.seekable(sound)
    if not (MIN_RATE <= sound.samplerate <= MAX_RATE and sound.channels >= 1 and seekable):
        rate, channels = sound.samplerate, sound.channels
        sound.close()
        raise UnplayableMediaError(
            "unreadable media", f"its header names {channels} channels at {rate} Hz"
        )
    return sound


def _is_cut(log: str) -> bool:
    """Whether libsndfile's log of a header tells of a data chunk that goes on past the end.

    Writers that cannot go back declare a size around 2 or 4 GB, which says nothing.
    """
    found = re.search(_DECLARED, log) if "should be" in log else None
    return found is not None and int(found[2]) < int(found[1]) < 0x7FFF0000
