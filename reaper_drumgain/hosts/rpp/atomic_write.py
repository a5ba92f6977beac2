"""Puts a file in another's place so that a failure leaves everything as it was."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from reaper_drumgain.errors import ConflictError, StorageError
from reaper_drumgain.hosts.rpp.folder_lock import folder_locked
from reaper_drumgain.hosts.rpp.storage import name_of, storage_errors, sync_folder

#: errors of file systems without hard links
_NO_LINKS = (
    *(errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL),
    *(errno.EXDEV, errno.ENOTSUP),
)
#: the names of temporary files: of what will take a file's place, and of its backup
_TEMPORARY = re.compile(r"\.drumgain-[0-9a-f]{16}(?:\.bak)?\.tmp")


def put(
    target: Path,
    data: bytes,
    mode: int | None,
    last_check: Callable[[], None],
    backups: Iterator[Path] = iter(()),  # noqa: B008 - an iterator that is empty for good
    backup: bytes = b"",
) -> Path | None:
    """Puts data in a file's place in one step; either all of it is there or nothing changed.

    The data goes to a temporary file in the same folder and onto the disk. Then ``last_check`` may
    still object. Then the backup is kept, and the temporary file takes the target's place, with the
    owner and group of what was there. Any failure before that, an interrupt included, removes what
    was made. One writer at a time works in a folder: from ``last_check`` on nobody else changes the
    target. Files that killed writers left there are removed. Raises StorageError where the system
    refuses or the target is protected, and ConflictError where another writer does not end.

    Parameters
    ----------
    target
        The file.
    data
        Its new bytes.
    mode
        Its permissions; None for the usual ones of a new file.
    last_check
        May raise, and then nothing is changed.
    backups
        Names for the backup; the first free one is taken. Empty for no backup.
    backup
        The bytes of the backup.

    Returns
    -------
    Path or None
        The path of the backup, if one was asked for.
    """
    temporary = target.with_name(f".drumgain-{os.urandom(8).hex()}.tmp")
    with (
        storage_errors(f"cannot write {name_of(target)}"),
        folder_locked(target.parent) as is_locked,
    ):
        if is_locked:
            _remove_leftovers(target.parent)
        kept = _replaced(target, data, mode, last_check, backups, backup, temporary)
    sync_folder(target.parent)
    return kept


def _replaced(
    target: Path,
    data: bytes,
    mode: int | None,
    last_check: Callable[[], None],
    backups: Iterator[Path],
    backup: bytes,
    temporary: Path,
) -> Path | None:
    made: list[Path] = []
    kept: Path | None = None
    ready = False
    try:
        access = _Access(mode, _owner_of(target))
        _create(temporary, data, access, made)
        last_check()
        kept = _keep(backups, backup, access, temporary.with_suffix(".bak.tmp"), made)
        ready = True
        os.replace(temporary, target)  # noqa: PTH105
    except BaseException:
        # an interrupt can arrive when the replacement is done: then the backup must stay
        if not ready or os.path.lexists(temporary):
            _discard(made)
        raise
    return kept


@dataclass(frozen=True, slots=True)
class _Access:
    """The permissions of a new file, and its user and group; None for the usual ones."""

    mode: int | None
    owner: tuple[int, int] | None


def remove_leftovers(folder: Path) -> None:
    """Remove what killed runs left in a folder, unless another run is writing there."""
    with contextlib.suppress(OSError, ConflictError), folder_locked(folder) as is_locked:
        if is_locked:
            _remove_leftovers(folder)


def _remove_leftovers(folder: Path) -> None:
    """Remove temporary files of killed runs. Only while the folder is locked: a living run has
    its temporary files no longer than the lock."""
    with contextlib.suppress(OSError):
        _discard(folder / name for name in os.listdir(folder) if _TEMPORARY.fullmatch(name))  # noqa: PTH208


def _owner_of(target: Path) -> tuple[int, int] | None:
    """User and group of a file that is to be replaced; None where there is none.

    Raises StorageError where a new file must not take its place: one that its owner has made
    read-only, one that has other names too, what is no file.
    """
    with contextlib.suppress(FileNotFoundError):
        status = os.stat(target)  # noqa: PTH116
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, socket or device"
            raise StorageError(
                f"{name_of(target)} is {kind}: nothing was written; give the name of a file"
            )
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
        return status.st_uid, status.st_gid
    return None


def _keep(
    names: Iterator[Path], data: bytes, access: _Access, draft: Path, made: list[Path]
) -> Path | None:
    """A backup under the first free name, which it gets once it is whole and on disk."""
    for name in names:
        if draft not in made:
            _create(draft, data, access, made)
        try:
            _name_it(draft, name, data, access, made)
        except FileExistsError:
            continue
        os.unlink(draft)  # noqa: PTH108
        made.remove(draft)
        # the backup's name lasts before the file that it is of is gone
        sync_folder(draft.parent)
        return name
    return None


def _name_it(draft: Path, name: Path, data: bytes, access: _Access, made: list[Path]) -> None:
    made.append(name)
    try:
        os.link(draft, name)
    except OSError as error:
        made.remove(name)
        if error.errno not in _NO_LINKS:
            raise
        # no second names on this file system: there a kill can leave a backup that is cut
        _create(name, data, access, made)


def _create(path: Path, data: bytes, access: _Access, made: list[Path]) -> None:
    """Makes a file that must not exist yet; it is on disk when this returns."""
    made.append(path)
    opener = None if access.mode is None else _for_owner_alone
    try:
        file = open(path, "xb", buffering=0, opener=opener)  # noqa: SIM115 - closed below
    except FileExistsError:
        made.remove(path)
        raise
    with file:
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
        if access.owner is not None:
            _give_to(file.fileno(), access.owner, path)
        if access.mode is not None and hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), access.mode)
        os.fsync(file.fileno())


def _give_to(descriptor: int, owner: tuple[int, int], path: Path) -> None:
    """Give a new file the user and group of the one that it replaces."""
    status = os.fstat(descriptor)
    if not hasattr(os, "fchown") or (status.st_uid, status.st_gid) == owner:
        return
    try:
        os.fchown(descriptor, *owner)
    except PermissionError as error:
        whose = "user" if status.st_uid != owner[0] else "group"
        raise StorageError(
            f"the file belongs to another {whose}, which a new one in {name_of(path.parent)} "
            "would not: nothing was written; write to another file, or as that user"
        ) from error


def _for_owner_alone(path: str, flags: int) -> int:
    """Makes a file that nobody else can open: it gets its permissions when it is written."""
    return os.open(path, flags, 0o600)


def _discard(paths: Iterable[Path]) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108
