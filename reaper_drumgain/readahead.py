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
import os
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from reaper_drumgain.errors import MediaError
from reaper_drumgain.openfile import MAX_RATE, MIN_RATE, MediaInfo, checked_descriptor, is_cut
from reaper_drumgain.records import record
from reaper_drumgain.selection import select
from reaper_drumgain.session import Session
from reaper_drumgain.settings import Settings

#: samples of one file, and of all: 16 and 64 MB as float32
FILE_SAMPLES, ALL_SAMPLES = 4 << 20, 16 << 20
_USUAL_RATE = 48_000
#: SF_FORMAT_WAV, AIFF, FLAC and WAVEX: formats in which a frame does not depend on seeks
_FORMATS = frozenset({0x010000, 0x020000, 0x170000, 0x130000})

#: SF_FORMAT_FLOAT and DOUBLE
_FLOATING = frozenset({0x6, 0x7})
#: SFC_GET_LOG_INFO
_GET_LOG = 0x1001

Identity = tuple[int, ...]


@record
class Held:
    """A file that was decoded: its header, and all samples as float32, channels interleaved."""

    info: MediaInfo
    samples: memoryview


class _Ahead:
    """One file that is to be decoded; ``held`` once it is."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.identity: Identity = ()
        self.held: Held | None = None
        self.taken = threading.Lock()  # by whoever decodes it, for good
        self.done = threading.Lock()
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


def take(path: str, status: os.stat_result) -> Held | None:
    """What was decoded of a file; None where it is not here.

    ``status``: of the file as who asks finds it. Waits for a file that is being decoded; one
    that was not begun is left to who asks.
    """
    ahead = _waiting.get(path)
    if ahead is None:
        return None
    _give_up(ahead)
    return _finished(ahead, status)


def peek(path: str, status: os.stat_result) -> Held | None:
    """As ``take``, but one that was not begun stays to be decoded."""
    ahead = _waiting.get(path)
    if ahead is None or not ahead.taken.locked():
        return None
    return _finished(ahead, status)


def _finished(ahead: _Ahead, status: os.stat_result) -> Held | None:
    with ahead.done:
        return ahead.held if ahead.identity == _identity(status) else None


def _give_up(ahead: _Ahead) -> None:
    """Nobody is to begin it any more; does nothing where that was done."""
    if ahead.taken.acquire(blocking=False):
        ahead.done.release()


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _decode_all(files: tuple[_Ahead, ...]) -> None:
    try:
        ffi, library = _binding()
    except Exception:
        ffi = library = None
    left = ALL_SAMPLES
    for ahead in files:
        if not ahead.taken.acquire(blocking=False):
            continue
        try:
            if library is not None and left > 0:
                with contextlib.suppress(MediaError, OSError, ValueError):
                    left -= _decode(ffi, library, ahead, min(left, FILE_SAMPLES))
        finally:
            ahead.done.release()


def _binding() -> tuple[Any, Any]:
    import _soundfile
    import _soundfile_data

    folder = os.path.dirname(_soundfile_data.__file__)  # noqa: PTH120
    (name,) = (name for name in os.listdir(folder) if name.startswith("libsndfile"))  # noqa: PTH208
    return _soundfile.ffi, _soundfile.ffi.dlopen(os.path.join(folder, name))  # noqa: PTH118


def _decode(ffi: Any, library: Any, ahead: _Ahead, most: int) -> int:
    """Decode a whole file of at most so many samples; returns how many it has."""
    if os.name == "nt":  # a descriptor of ours may mean nothing to libsndfile there
        return 0
    descriptor = checked_descriptor(ahead.path)
    sound = None
    try:
        identity = _identity(os.fstat(descriptor))
        info = ffi.new("SF_INFO*")
        sound = library.sf_open_fd(descriptor, library.SFM_READ, info, 0)
        if not sound or info.format & library.SF_FORMAT_TYPEMASK not in _FORMATS:
            return 0
        frames, channels = info.frames, info.channels
        if not (0 < channels <= most and 0 < frames * channels <= most):
            return 0
        if not (MIN_RATE <= info.samplerate <= MAX_RATE and info.seekable):
            return 0
        samples = ffi.new_allocator(should_clear_after_alloc=False)("float[]", frames * channels)
        if library.sf_readf_float(sound, samples, frames) != frames or library.sf_error(sound):
            return 0
        floating = info.format & library.SF_FORMAT_SUBMASK in _FLOATING
        cut = is_cut(_log(ffi, library, sound))
        header = MediaInfo(info.samplerate, channels, frames, floating, cut)
        ahead.identity = identity
        ahead.held = Held(header, memoryview(ffi.buffer(samples)))
        return int(frames * channels)
    finally:
        if sound:
            library.sf_close(sound)
        os.close(descriptor)


def _log(ffi: Any, library: Any, sound: Any) -> str:
    """What libsndfile noted of a header."""
    log = ffi.new("char[]", 1 << 14)
    library.sf_command(sound, _GET_LOG, log, len(log))
    return bytes(ffi.string(log)).decode("utf-8", "replace")
