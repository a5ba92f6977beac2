"""One run at a time in a folder: a lock file in it that says who is at work.

The file ``.drumgain-batch.lock`` is held with ``flock`` (a byte lock on Windows), which ends
with its process however that ends; what is left of a killed run is then just a file, and taken
over. Where the file system knows no such locks the process named in the file decides: a dead
one of this machine is taken over, one of another machine is not.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from reaper_drumgain.errors import ConflictError, StorageError

NAME = ".drumgain-batch.lock"
_LIMIT = 4096
#: what else a run has open, and its processes
_OTHER_FILES = 256
_HELD = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
_UNKNOWN = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


@contextlib.contextmanager
def locked(folders: Iterable[Path], below: Iterable[Path] = ()) -> Iterator[dict[Path, str]]:
    """Keeps other runs out of these folders; gives those of ``below`` that cannot be locked,
    and why: nothing may be written in them.

    ``below``: folders in them that will be written in. A run that is at work in one of those,
    or in a folder above, is noticed as well. Where a folder cannot be written, those below it
    are locked one by one. Raises ConflictError where another run is at work there, StorageError
    where none of them can be locked.
    """
    tops = sorted({Path(os.path.realpath(folder)) for folder in folders})
    inner = {Path(os.path.realpath(folder)) for folder in below}
    _allow_open(len(tops) + len(inner))
    mine: set[Path] = set()
    refused: dict[Path, str] = {}
    with contextlib.ExitStack() as stack:
        waiting = list(tops)
        while waiting:
            folder = waiting.pop(0)
            try:
                stack.enter_context(_lock(folder))
                mine.add(folder)
            except StorageError as error:
                refused[folder] = str(error)
                if folder in tops:
                    waiting += sorted(f for f in inner - {folder} if folder in f.parents)
        if refused and not mine:
            raise StorageError(next(iter(refused.values())))
        # after the own locks, so that of two runs at least one sees the other
        between = {parent for folder in (*inner, *tops) for parent in (folder, *folder.parents)}
        for folder in sorted(between - mine):
            _refuse_held(folder)
        yield {folder: why for folder, why in refused.items() if folder in inner}


def _allow_open(count: int) -> None:
    """Each lock keeps a file open, of which systems allow a process few unless it asks."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY and soft < count + _OTHER_FILES:
            resource.setrlimit(resource.RLIMIT_NOFILE, (count + _OTHER_FILES, hard))


def _refuse_held(folder: Path) -> None:
    """Raises ConflictError where another run is at work in exactly this folder."""
    path = folder / NAME
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        # nobody's, or none of ours: then its files are not ours to write either
        return
    try:
        if not _acquire(descriptor):
            raise ConflictError(_held_by(path, descriptor))
        _release(descriptor)
    except OSError:
        if _alive(_holder(descriptor)):
            raise ConflictError(_held_by(path, descriptor)) from None
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    path = folder / NAME
    descriptor = _open_locked(path)
    try:
        me = {"pid": os.getpid(), "host": socket.gethostname()}
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, json.dumps(me).encode())
        yield
    finally:
        # while it is held, so that nobody's new file is removed; Windows refuses, which is fine
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108
        with contextlib.suppress(OSError):
            _release(descriptor)
        os.close(descriptor)


def _open_locked(path: Path) -> int:
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
        except OSError as error:
            raise StorageError(
                f"{path.parent}: cannot be written, not even to lock it: {error.strerror or error}"
            ) from error
        try:
            if not _acquire(descriptor):
                raise ConflictError(_held_by(path, descriptor))
        except OSError as error:
            if error.errno not in _UNKNOWN or _alive(_holder(descriptor)):
                message = _held_by(path, descriptor)
                os.close(descriptor)
                raise ConflictError(message) from error
        except BaseException:
            os.close(descriptor)
            raise
        # whoever held it before may have removed the very file that was opened
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):  # noqa: PTH116
                return descriptor
        os.close(descriptor)


def _holder(descriptor: int) -> dict[str, Any]:
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        found = json.loads(os.read(descriptor, _LIMIT))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _held_by(path: Path, descriptor: int) -> str:
    holder = _holder(descriptor)
    host, pid = str(holder.get("host", ""))[:100], str(holder.get("pid", ""))[:20]
    who = f"process {pid} on {host}" if host and pid else "another process"
    return (
        f"{path.parent}: another 'drumgain batch' is at work there ({who}): wait until it is done, "
        f"or stop it; if there is none, delete {path}"
    )


def _alive(holder: dict[str, Any]) -> bool:
    """Whether the process of a lock file may still be there."""
    pid = holder.get("pid")
    if not isinstance(pid, int) or pid <= 0:
        return False
    if holder.get("host") != socket.gethostname():
        return True
    if pid == os.getpid():
        return False
    if os.name == "nt":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


if os.name == "nt":  # pragma: no cover - tried by hand only
    import msvcrt

    def _acquire(descriptor: int) -> bool:
        os.lseek(descriptor, _LIMIT, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError as error:
            if error.errno in _HELD:
                return False
            raise
        return True

    def _release(descriptor: int) -> None:
        os.lseek(descriptor, _LIMIT, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined,unused-ignore]

else:
    import fcntl

    def _acquire(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _HELD:
                return False
            raise
        return True

    def _release(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
