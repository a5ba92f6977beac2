"""Short files, decoded beside the imports of a run.

Half of a short run is the import of numpy, which keeps one core busy. Decoding is C code that
needs neither numpy nor the interpreter, so with a second core the files of a short session are
read by the time something can measure them. It goes through the binding that soundfile is made
of, because soundfile itself imports numpy first.

Nothing depends on it: what is not here (other systems' libraries, long files, odd formats, any
error) ``media`` opens and decodes as ever, and says what is wrong. Files are opened with the
same care as there, and sizes are bounded before anything is allocated.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from reaper_drumgain.audio.safe_open import (
    MAX_RATE,
    MIN_RATE,
    MediaInfo,
    checked_descriptor,
    is_cut,
)
from reaper_drumgain.schema.session import Session
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.selection import select

#: samples of one file, and of all: 16 and 64 MB as float32
FILE_SAMPLES, ALL_SAMPLES = 4 << 20, 16 << 20
_USUAL_RATE = 48_000
#: SF_FORMAT_WAV, AIFF, FLAC and WAVEX: formats in which a frame does not depend on seeks
_FLAC = 0x170000
_FORMATS = frozenset({0x010000, 0x020000, _FLAC, 0x130000})

#: files that stay open from their header to their samples; more are opened a second time
_MOST_OPEN = 64

#: SF_FORMAT_FLOAT and DOUBLE
_FLOATING = frozenset({0x6, 0x7})
#: SFC_GET_LOG_INFO
_GET_LOG = 0x1001

Identity = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """A file that was decoded: its header, and all samples as float32, channels interleaved."""

    info: MediaInfo
    samples: memoryview


class _Ahead:
    """One file that is to be decoded; ``info`` once its header was read, ``samples`` later."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.identity: Identity = ()
        self.info: MediaInfo | None = None
        self.samples: memoryview | None = None
        self.opened: _Opened | None = None
        self.taken = threading.Lock()  # by whoever decodes it, for good
        self.told, self.done = threading.Lock(), threading.Lock()  # free once that is so
        self.told.acquire()
        self.done.acquire()


_waiting: dict[str, _Ahead] = {}


def files_of(session: Session, settings: Settings) -> list[str]:
    """The files that a balance listens to, in the order in which it needs them.

    None where it listens to a part of the time alone, and where all of them together are more
    than is decoded ahead. Raises InputError as ``select`` does.
    """
    if settings.span is not None:
        return []
    drums = [drum.track for drum in select(session, settings).drums if drum.measured]
    clips = [clip for track in drums for clip in track.clips if clip.plays]
    if not sum(clip.length for clip in clips) * _USUAL_RATE <= ALL_SAMPLES:
        return []
    return list(dict.fromkeys(clip.source.path for clip in clips if clip.source.path))


@contextlib.contextmanager
def reading_ahead(paths: Iterable[str]) -> Iterator[None]:
    """Decode the files of ``paths`` in another thread, in this order, and forget them at the end
    of the context."""
    found = {path: _Ahead(path) for path in paths}
    _waiting.update(found)
    thread = threading.Thread(target=_decode_all, args=(tuple(found.values()),))
    thread.start()
    try:
        yield
    finally:
        for path, ahead in found.items():
            _waiting.pop(path, None)
            _give_up(ahead)
        thread.join()


def in_memory() -> bool:
    """Whether files are read ahead now: what is listened to lies in memory, or soon will."""
    return bool(_waiting)


def take(path: str, status: os.stat_result) -> Held | None:
    """What was decoded of a file; None where it is not here.

    ``status``: of the file as who asks finds it. Waits for a file that is being decoded; one
    that was not begun is left to who asks.
    """
    ahead = _waiting.get(path)
    if ahead is None:
        return None
    _give_up(ahead)
    with ahead.done:
        if ahead.info is None or ahead.samples is None or ahead.identity != _identity(status):
            return None
        return Held(ahead.info, ahead.samples)


def peek(path: str, status: os.stat_result) -> MediaInfo | None:
    """The header of a file that is to be read ahead; None where it is not one."""
    ahead = _waiting.get(path)
    if ahead is None:
        return None
    with ahead.told:
        return ahead.info if ahead.identity == _identity(status) else None


@functools.cache
def decoder_version() -> str:
    """The version of libsndfile, without soundfile where that can be."""
    with contextlib.suppress(Exception):
        return _Library().version()
    import soundfile

    return str(soundfile.__libsndfile_version__)


def _give_up(ahead: _Ahead) -> None:
    """Nobody is to begin it any more; does nothing where that was done."""
    if ahead.taken.acquire(blocking=False):
        ahead.done.release()


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _decode_all(files: tuple[_Ahead, ...]) -> None:
    """All headers first, which is quick and lets the measuring begin with the first file.

    Whatever goes wrong here, somebody waits for every lock; ``media`` finds the words for it.
    """
    library: _Library | None = None
    memory = memoryview(b"")
    with contextlib.suppress(Exception):
        library = _Library()
    left, kept = ALL_SAMPLES, 0
    for ahead in files:
        if library is not None and not ahead.taken.locked():
            with contextlib.suppress(Exception):
                left -= library.examine(ahead, min(left, FILE_SAMPLES), keep=kept < _MOST_OPEN)
                kept += ahead.opened is not None
        ahead.told.release()
    with contextlib.suppress(Exception):
        memory = _memory(4 * (ALL_SAMPLES - left))
    for ahead in files:
        mine = ahead.taken.acquire(blocking=False)
        if mine and library is not None and ahead.info is not None:
            size = 4 * ahead.info.frames * ahead.info.channels
            with contextlib.suppress(Exception):
                library.decode(ahead, memory[:size])
            memory = memory[size:]
        if ahead.opened is not None:
            ahead.opened.close()
        if mine:
            ahead.done.release()


def _memory(size: int) -> memoryview:
    """Bytes for all samples, in large pages: each of small ones costs at its first touch."""
    import mmap

    if hasattr(mmap, "MAP_PRIVATE"):  # Linux knows no large pages for shared memory, the default
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        memory = mmap.mmap(-1, max(size, 1), flags=flags)
    else:
        memory = mmap.mmap(-1, max(size, 1))
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):
            memory.madvise(mmap.MADV_HUGEPAGE)
    return memoryview(memory)


class _Opened:
    """An open file: its status, its header, and its handle, which is null where it does not
    decode."""

    def __init__(self, library: _Library, path: str) -> None:
        self._descriptor = checked_descriptor(path)
        self._c = library.c
        self.sound: Any = None
        try:
            self.identity = _identity(os.fstat(self._descriptor))
            self.info: Any = library.ffi.new("SF_INFO*")
            self.sound = self._c.sf_open_fd(self._descriptor, self._c.SFM_READ, self.info, 0)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close it; once is enough, twice does no harm."""
        if self.sound:
            self._c.sf_close(self.sound)
            self.sound = None
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class _Library:
    """libsndfile, by the binding that soundfile is made of."""

    def __init__(self) -> None:
        import _soundfile
        import _soundfile_data

        if os.name == "nt":  # a descriptor of ours may mean nothing to libsndfile there
            raise OSError("no descriptors")
        folder = os.path.dirname(_soundfile_data.__file__)  # noqa: PTH120
        (name,) = (n for n in os.listdir(folder) if n.startswith("libsndfile"))  # noqa: PTH208
        self.ffi: Any = _soundfile.ffi
        self.c: Any = self.ffi.dlopen(os.path.join(folder, name))  # noqa: PTH118

    def version(self) -> str:
        """Its version, as soundfile tells it."""
        told: bytes = self.ffi.string(self.c.sf_version_string())
        return told.decode("utf-8", "replace").removeprefix("libsndfile-")

    def examine(self, ahead: _Ahead, most: int, *, keep: bool) -> int:
        """Read the header of a file; returns how many samples it has, 0 where it is left to
        ``media``: another format, or more than so many samples. ``keep``: it stays open."""
        opened = _Opened(self, ahead.path)
        try:
            ahead.info = self._header(opened, most)
        finally:
            if not keep or ahead.info is None:
                opened.close()
        if ahead.info is None:
            return 0
        ahead.identity = opened.identity
        ahead.opened = opened if keep else None
        return ahead.info.frames * ahead.info.channels

    def _header(self, opened: _Opened, most: int) -> MediaInfo | None:
        info, c = opened.info, self.c
        frames, channels, rate = info.frames, info.channels, info.samplerate
        kind = info.format & c.SF_FORMAT_TYPEMASK
        if not opened.sound or kind not in _FORMATS:
            return None
        if not (0 < channels <= most and 0 < frames * channels <= most):
            return None
        if not (MIN_RATE <= rate <= MAX_RATE and info.seekable):
            return None
        floating = info.format & c.SF_FORMAT_SUBMASK in _FLOATING
        cut = kind != _FLAC and is_cut(self._log(opened.sound))
        return MediaInfo(rate, channels, frames, floating, cut)

    def _log(self, sound: Any) -> str:
        log = self.ffi.new("char[]", 1 << 14)
        self.c.sf_command(sound, _GET_LOG, log, len(log))
        told: bytes = self.ffi.string(log)
        return told.decode("utf-8", "replace")

    def decode(self, ahead: _Ahead, memory: memoryview) -> None:
        """Decode the whole of a file that was examined, if it is still the same."""
        header = ahead.info
        opened = ahead.opened = ahead.opened or _Opened(self, ahead.path)
        if header is None or not opened.sound or opened.identity != ahead.identity:
            return
        if (opened.info.frames, opened.info.channels) != (header.frames, header.channels):
            return
        if memory.nbytes != 4 * header.frames * header.channels:  # C would write past its end
            return
        samples = self.ffi.from_buffer("float[]", memory)
        got = self.c.sf_readf_float(opened.sound, samples, header.frames)
        if got == header.frames and not self.c.sf_error(opened.sound):
            ahead.samples = memory
