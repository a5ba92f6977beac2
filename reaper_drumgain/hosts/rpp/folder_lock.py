"""One writer at a time in a folder: whoever replaces a file there holds its lock file meanwhile.

The file ``.drumgain-write.lock`` is locked by the operating system, which releases the lock when
its process ends, however that ends. It is there for the moment of a write only; what a killed
process leaves is taken over and removed by the next.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from reaper_drumgain.errors import ConflictError
from reaper_drumgain.hosts.rpp.storage import name_of

NAME = ".drumgain-write.lock"
#: a write takes a moment; one that takes longer is stuck
_WAIT_S = 20.0
_LOOK_EVERY_S = 0.02
#: Windows has no such flag
_NOFOLLOW = 0 if sys.platform == "win32" else os.O_NOFOLLOW
#: errors of file systems without locks
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF)


@contextlib.contextmanager
def folder_locked(folder: Path) -> Iterator[bool]:
    """Keep other writers out of a folder. Yields whether they are: some file systems have no locks.

    Raises ConflictError where another one holds the lock for too long, OSError where the lock
    file cannot be made.
    """
    path = folder / NAME
    descriptor, is_locked = _open_locked(path)
    try:
        yield is_locked
    finally:
        _release(path, descriptor)


def _release(path: Path, descriptor: int) -> None:
    from filelock import unlock_descriptor

    try:
        # while the lock is held, so that no other's file is removed; Windows refuses to, and the
        # next run takes the file over
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108
    finally:
        # an interrupt can come in between
        with contextlib.suppress(OSError):
            unlock_descriptor(descriptor)
        with contextlib.suppress(OSError):
            os.close(descriptor)


def _open_locked(path: Path) -> tuple[int, bool]:
    # imported here, because most runs only read
    from filelock import lock_descriptor

    end = time.monotonic() + _WAIT_S
    while time.monotonic() < end:
        descriptor = _open(path)
        mine = False
        try:
            # the one before may have removed this file between the opening and the locking
            mine = lock_descriptor(descriptor, blocking=False) and _is_there(path, descriptor)
            if mine:
                return descriptor, True
        except OSError as error:
            mine = error.errno in _NO_LOCKS
            if not mine:
                raise
            return descriptor, False
        finally:
            if not mine:
                os.close(descriptor)
        time.sleep(_LOOK_EVERY_S)
    raise ConflictError(
        f"another DrumGain has been writing in {name_of(path.parent)} for {_WAIT_S:g} s: nothing "
        "was written; run the command again when it is done"
    )


def _is_there(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))  # noqa: PTH116
    except OSError:
        return False


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | _NOFOLLOW, 0o666)
    except PermissionError:
        # left by another user of the folder: it can be locked, too
        with contextlib.suppress(FileNotFoundError):
            return os.open(path, os.O_RDONLY | _NOFOLLOW)
        raise
