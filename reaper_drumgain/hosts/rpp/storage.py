"""Files read whole and written so that a failure leaves everything as it was."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from reaper_drumgain.errors import ConflictError, ProjectError, StorageError
from reaper_drumgain.hosts.rpp.syntax import MAX_BYTES
from reaper_drumgain.hosts.rpp.values import text

_CHUNK_BYTES = 1 << 16
#: errors of file systems without hard links
_NO_LINKS = (
    *(errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL),
    *(errno.EXDEV, errno.ENOTSUP),
)


def name_of(path: str | os.PathLike[str]) -> str:
    """A path as text for messages, whatever bytes its name holds."""
    return text(os.fsencode(path))


@contextlib.contextmanager
def storage_errors(what: str) -> Iterator[None]:
    """Turns an OSError into a StorageError that begins with ``what``."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        raise StorageError(f"{what}: {reason}") from error


def read_file(path: Path) -> tuple[bytes, int]:
    """All bytes of a regular file, and its permissions.

    Raises ProjectError for a folder, pipe or device and for more than MAX_BYTES,
    StorageError where the system refuses, ConflictError where it changes meanwhile.
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
    """Raises ConflictError where a file no longer holds what was read, byte for byte."""
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
    """The file that a path means, symbolic links followed: it is written, the link stays.

    The file itself need not exist. Raises StorageError where the way to it cannot be seen.
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
    """Whether anything is there. Raises StorageError where that cannot be seen: what is not
    seen must not be taken for free."""
    with storage_errors(f"cannot look for {name_of(path)}"):
        try:
            os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
    return True


def refuse_existing(target: Path) -> None:
    """Raises StorageError where something is there already."""
    if exists(target):
        raise StorageError(
            f"{name_of(target)} exists already: give another name, or allow overwriting"
        )


def temporary_name(target: Path) -> Path:
    """A free name in the folder of a file, for the temporary file that will take its place."""
    return target.with_name(f".drumgain-{os.urandom(8).hex()}.tmp")


def put(
    target: Path,
    data: bytes,
    mode: int | None,
    last_check: Callable[[], None],
    backups: Iterator[Path] = iter(()),  # noqa: B008 - an iterator that is empty for good
    backup: bytes = b"",
    *,
    temporary: Path | None = None,
) -> Path | None:
    """Puts data in a file's place in one step; either all of it is there or nothing changed.

    The data goes to a temporary file in the same folder and onto the disk, then
    ``last_check`` may still object, then ``backup`` is kept under the first free name of
    ``backups``, then the temporary file takes the target's place. Any failure before that,
    an interrupt included, removes what was made. Returns the backup's path, if one was asked
    for. ``mode``: the permissions, None for the usual ones of a new file. ``temporary``: as
    ``temporary_name`` gives one.
    """
    made: list[Path] = []
    kept: Path | None = None
    temporary = temporary or temporary_name(target)
    ready = False
    try:
        with storage_errors(f"cannot write {name_of(target)}"):
            _refuse_protected(target)
            _create(temporary, data, mode, made)
            last_check()
            kept = _keep(backups, backup, mode, backup_draft(temporary), made)
            ready = True
            os.replace(temporary, target)  # noqa: PTH105
    except BaseException:
        # an interrupt can arrive when the replacement is done: then the backup must stay
        if not ready or os.path.lexists(temporary):
            _discard(made)
        raise
    sync_folder(target.parent)
    return kept


def _refuse_protected(target: Path) -> None:
    """A new file would take the place of one that its owner has made read-only, or of only one
    of the names that a file has."""
    with contextlib.suppress(FileNotFoundError):
        status = os.stat(target)  # noqa: PTH116
        if status.st_nlink > 1:
            raise StorageError(
                f"{name_of(target)} has {status.st_nlink} names (hard links), which would no "
                "longer be one file: nothing was written; write to another file, or make it a "
                "copy of its own"
            )
        if not status.st_mode & 0o222:
            raise StorageError(
                f"{name_of(target)} is read-only: nothing was written; allow writing to it, or "
                "write to another file"
            )


def backup_draft(temporary: Path) -> Path:
    """The name under which a backup is first written, next to the temporary file of that write."""
    return temporary.with_suffix(".bak.tmp")


def _keep(
    names: Iterator[Path], data: bytes, mode: int | None, draft: Path, made: list[Path]
) -> Path | None:
    """A backup under the first free name, which it gets once it is whole and on disk."""
    for name in names:
        if draft not in made:
            _create(draft, data, mode, made)
        try:
            _name_it(draft, name, data, mode, made)
        except FileExistsError:
            continue
        os.unlink(draft)  # noqa: PTH108
        made.remove(draft)
        # the backup's name lasts before the file that it is of is gone
        sync_folder(draft.parent)
        return name
    return None


def _name_it(draft: Path, name: Path, data: bytes, mode: int | None, made: list[Path]) -> None:
    made.append(name)
    try:
        os.link(draft, name)
    except OSError as error:
        made.remove(name)
        if error.errno not in _NO_LINKS:
            raise
        # no second names on this file system: there a kill can leave a backup that is cut
        _create(name, data, mode, made)


def _create(path: Path, data: bytes, mode: int | None, made: list[Path]) -> None:
    """Makes a file that must not exist yet; it is on disk when this returns."""
    made.append(path)
    opener = None if mode is None else _for_owner_alone
    try:
        file = open(path, "xb", buffering=0, opener=opener)  # noqa: SIM115 - closed below
    except FileExistsError:
        made.remove(path)
        raise
    with file:
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
        if mode is not None and hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())


def _for_owner_alone(path: str, flags: int) -> int:
    """Makes a file that nobody else can open: it gets its permissions when it is written."""
    return os.open(path, flags, 0o600)


def _discard(paths: Iterable[Path]) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108


def sync_folder(folder: Path) -> None:
    """Makes a rename last. Some systems refuse to: the files themselves are whole then too."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
