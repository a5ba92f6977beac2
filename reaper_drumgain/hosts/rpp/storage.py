"""Files read whole, and what is asked about files before they are written."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from reaper_drumgain.errors import ConflictError, ProjectError, StorageError
from reaper_drumgain.hosts.rpp.syntax import MAX_BYTES
from reaper_drumgain.hosts.rpp.values import text

_CHUNK_BYTES = 1 << 16


def name_of(path: str | os.PathLike[str]) -> str:
    """A path as text for messages, whatever bytes its name holds."""
    return text(os.fsencode(path))


@contextlib.contextmanager
def storage_errors(what: str) -> Iterator[None]:
    """Turns an OSError into a StorageError.

    Parameters
    ----------
    what
        How the message begins.

    Yields
    ------
    None
        While the system is asked.

    Raises
    ------
    StorageError
        In place of the OSError.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        raise StorageError(f"{what}: {reason}") from error


def read_file(path: Path) -> tuple[bytes, int]:
    """All bytes of a regular file, and its permissions.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    data : bytes
        All of it.
    mode : int
        The permissions.

    Raises
    ------
    ConflictError
        The file changes meanwhile.
    StorageError
        The system refuses.
    ProjectError
        It is a folder, a pipe or a device, or larger than MAX_BYTES.
    """
    name = name_of(path)
    try:
        with storage_errors(f"cannot read {name}"):
            # asked before opening: to open a pipe waits, to open a device acts
            _refuse_irregular(os.stat(path), name)  # noqa: PTH116
            with open(path, "rb", opener=_without_waiting) as file:
                status = os.fstat(file.fileno())
                _refuse_irregular(status, name)
                data = file.read(status.st_size + 1)
    except ValueError as error:
        raise StorageError(f"cannot read {name!r}: {error}") from error
    if len(data) != status.st_size:
        raise ConflictError(f"{name} is being written by another program: try again")
    return data, stat.S_IMODE(status.st_mode)


def _refuse_irregular(status: os.stat_result, name: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, socket or device"
        raise ProjectError(f"{name} is {kind}: expected a REAPER project file (.RPP)")
    if status.st_size > MAX_BYTES:
        raise ProjectError(
            f"{name} has {status.st_size} bytes: projects up to {MAX_BYTES} are read"
        )


def _without_waiting(path: str, flags: int) -> int:
    """Opens without waiting for a partner, should a pipe have come between."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def refuse_changed(path: Path, read: bytes) -> None:
    """Checks that a file still holds what was read, byte for byte.

    Parameters
    ----------
    path
        The file.
    read
        What was read.

    Raises
    ------
    ConflictError
        It holds something else, or is gone.
    """
    name = name_of(path)
    place, same = 0, True
    try:
        with storage_errors(f"cannot read {name} again"), open(path, "rb") as file:  # noqa: PTH123
            while same and (chunk := file.read(_CHUNK_BYTES)):
                same = read[place : place + len(chunk)] == chunk
                place += len(chunk)
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise ConflictError(f"{name} is gone since it was read: nothing was written") from error
        raise
    if not same or place != len(read):
        raise ConflictError(
            f"{name} has changed since it was read (saved from REAPER?): nothing was written; "
            "run the command again"
        )


def real_target(path: Path) -> Path:
    """The file behind a path, with symbolic links resolved: it is written, and the link stays.

    Parameters
    ----------
    path
        The file, which need not exist.

    Returns
    -------
    Path
        Without links.

    Raises
    ------
    StorageError
        The way to the file cannot be seen.
    """
    try:
        with storage_errors(f"cannot follow {name_of(path)}"):
            try:
                return Path(os.path.realpath(path, strict=True))
            except FileNotFoundError:
                return Path(os.path.realpath(path))
    except ValueError as error:
        raise StorageError(f"cannot follow {name_of(path)!r}: {error}") from error


def exists(path: Path) -> bool:
    """Whether anything is at a path. Raises StorageError if that cannot be found out: otherwise
    an existing file might be overwritten."""
    with storage_errors(f"cannot look for {name_of(path)}"):
        try:
            os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
    return True


def refuse_existing(target: Path) -> None:
    """Checks that nothing is at a path.

    Parameters
    ----------
    target
        The path.

    Raises
    ------
    StorageError
        Something is there already.
    """
    if exists(target):
        raise StorageError(
            f"{name_of(target)} exists already: give another name, or allow overwriting"
        )


def refuse_other_kind(target: Path) -> None:
    """Checks that a path holds nothing, an empty file or a project.

    Whatever such a file is, a project must not take its place.

    Parameters
    ----------
    target
        The path.

    Raises
    ------
    StorageError
        There is such a file.
    """
    name = name_of(target)
    with storage_errors(f"cannot look at {name}"), contextlib.suppress(FileNotFoundError):
        status = os.stat(target)  # noqa: PTH116
        if stat.S_ISREG(status.st_mode):
            with open(target, "rb", opener=_without_waiting) as file:
                start = file.read(_CHUNK_BYTES)
            if start and b"<REAPER_PROJECT" not in start:
                raise StorageError(
                    f"{name} exists and is not a REAPER project: it is not replaced; give another "
                    "name"
                )


def sync_folder(folder: Path) -> None:
    """Makes a rename last. Some systems refuse to: the files themselves are whole then too."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
