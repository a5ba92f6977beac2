"""One run at a time in a folder: a lock file in it that names the process at work.

The file ``.drumgain-batch.lock`` is locked by the operating system, which releases the lock
when its process ends, however that ends; the file that a killed run leaves is taken over. Where
the file system has no such locks, the process named in the file decides: a dead one of this
machine is taken over, one of another machine is not.

The lock itself is filelock's (``lock_descriptor``). Its ``FileLock`` class would not do: it does
not tell who holds a lock, cannot test one without creating its file, and on POSIX leaves the
file behind.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from filelock import lock_descriptor, unlock_descriptor

from reaper_drumgain.errors import ConflictError, StorageError
from reaper_drumgain.schema import json_codec

NAME = ".drumgain-batch.lock"
#: the owner's name begins behind the first byte, which Windows locks against reading, too
_OWNER_AT = 1
_MAX_OWNER_BYTES = 4096
#: of any system
_MOST_PID = (1 << 31) - 1
#: files that a run opens besides, with those of its processes
_OTHER_FILES = 256
#: Windows has no such flag
_NOFOLLOW = 0 if sys.platform == "win32" else os.O_NOFOLLOW
#: errors of file systems without locks
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


@contextlib.contextmanager
def locked(folders: Iterable[Path], below: Iterable[Path] = ()) -> Iterator[dict[Path, str]]:
    """Keep other runs out of these folders. Never waits.

    A run that is at work in one of ``below``, or in a folder above, is found as well. Where a
    folder is read-only, those below it are locked one by one.

    Parameters
    ----------
    folders
        Where this run works.
    below
        Folders inside them that will be written in.

    Yields
    ------
    dict
        The folders of ``below`` that cannot be locked, with the reason: nothing may be written in
        them.

    Raises
    ------
    ConflictError
        Another run is at work there.
    StorageError
        None of the folders can be locked.
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
        # after our own locks are held, so that of two runs at least one sees the other
        between = {parent for folder in (*inner, *tops) for parent in (folder, *folder.parents)}
        for folder in sorted(between - mine):
            _refuse_held(folder)
        yield {folder: why for folder, why in refused.items() if folder in inner}


def _allow_open(count: int) -> None:
    """Raise the process's limit of open files: each lock keeps one open."""
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
        # no lock file, or one of another user: then the files there are not ours to write either
        return
    try:
        if not lock_descriptor(descriptor, blocking=False):
            raise ConflictError(_held_by(path, descriptor))
        unlock_descriptor(descriptor)
    except OSError:
        if _may_be_alive(_owner(descriptor)):
            raise ConflictError(_held_by(path, descriptor)) from None
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    path = folder / NAME
    descriptor = _open_locked(path)
    try:
        try:
            me = {"pid": os.getpid(), "host": socket.gethostname()}
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
            os.write(descriptor, b" " * _OWNER_AT + json.dumps(me).encode())
        except OSError as error:
            raise StorageError(
                f"{folder}: no lock file can be written there: {error.strerror or error}"
            ) from error
        yield
    finally:
        # while the lock is held, so that no other run's file is removed; Windows refuses to,
        # and the next run takes the file over
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108
        with contextlib.suppress(OSError):
            unlock_descriptor(descriptor)
        os.close(descriptor)


def _open_locked(path: Path) -> int:
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _NOFOLLOW, 0o644)
        except OSError as error:
            raise StorageError(
                f"{path.parent}: no lock file can be written there: {error.strerror or error}"
            ) from error
        try:
            if not lock_descriptor(descriptor, blocking=False):
                raise ConflictError(_held_by(path, descriptor))
        except OSError as error:
            if error.errno not in _NO_LOCKS or _may_be_alive(_owner(descriptor)):
                message = _held_by(path, descriptor)
                os.close(descriptor)
                raise ConflictError(message) from error
        except BaseException:
            os.close(descriptor)
            raise
        # the run before may have removed this file between the opening and the locking
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):  # noqa: PTH116
                return descriptor
        os.close(descriptor)


def _owner(descriptor: int) -> dict[str, Any]:
    """``pid`` and ``host`` of the process that wrote the file, empty where it says none."""
    try:
        os.lseek(descriptor, _OWNER_AT, os.SEEK_SET)
        found = json_codec.read_json(os.read(descriptor, _MAX_OWNER_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _held_by(path: Path, descriptor: int) -> str:
    owner = _owner(descriptor)
    host, pid = str(owner.get("host", ""))[:100], str(owner.get("pid", ""))[:20]
    who = f"process {pid} on {host}" if host and pid else "another process"
    return (
        f"{path.parent}: another 'drumgain batch' is running there ({who}): wait until it is "
        f"done, or stop it; if none is running, delete {path}"
    )


def _may_be_alive(owner: dict[str, Any]) -> bool:
    """Whether the process named in a lock file may still run; yes for another machine's."""
    pid = owner.get("pid")
    if not isinstance(pid, int) or not 0 < pid <= _MOST_PID:
        return False
    if owner.get("host") != socket.gethostname():
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
