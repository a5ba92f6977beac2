"""Dated backups of a project file, and bringing them back.

A write in place keeps the former file beside it as
``song.RPP.drumgain-20261122-181530.bak`` (``-2`` and so on within one second). ``restore``
puts a copy of the last backup in place, after keeping the present file as
``song.RPP.drumgain-20261122-181530.undone.bak``: under the name of the backup that it gives
way to. A backup with such a partner counts as brought back, so a second restore goes one
balance further back, and a restore is taken back by naming the ``.undone.bak`` file. No
backup is ever overwritten or removed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from reaper_drumgain.errors import StorageError
from reaper_drumgain.hosts.rpp.storage import (
    exists,
    name_of,
    put,
    read_file,
    real_target,
    refuse_changed,
    refuse_existing,
    storage_errors,
)
from reaper_drumgain.hosts.rpp.syntax import scan

_BACKUP = re.compile(r"\.drumgain-((\d{8}-\d{6})(?:-(\d+))?)(\.undone(?:-\d+)?)?\.bak")
_MAX_BACKUPS = 1000


def restore(
    path: str | os.PathLike[str],
    backup: str | os.PathLike[str] | None = None,
    *,
    now: datetime | None = None,
) -> Path:
    """Brings the last backup of a project back, or the one that is named, and returns that
    backup's path. The module's text says what becomes of the present file.

    Raises StorageError where there is no backup, ProjectError where the backup is not whole,
    ConflictError where the project changes meanwhile, StorageError where the system refuses.
    After an error every file is as before.
    """
    target = real_target(Path(path))
    chosen = _last_backup(target) if backup is None else Path(backup)
    data, mode = read_file(chosen)
    scan(data, name_of(chosen), keep=1)
    if not exists(target):
        put(target, data, mode, lambda: refuse_existing(target))
        return chosen
    present, _ = read_file(target)
    match = _BACKUP.fullmatch(chosen.name.removeprefix(target.name))
    stamp = match.group(1) if match is not None else time_stamp(now)
    put(
        target,
        data,
        mode,
        lambda: refuse_changed(target, present),
        backup_names(target, f"{stamp}.undone"),
        present,
    )
    return chosen


def time_stamp(now: datetime | None) -> str:
    """The local time, for people to read in a file's name."""
    return (now or datetime.now()).strftime("%Y%m%d-%H%M%S")


def backup_names(target: Path, stamp: str) -> Iterator[Path]:
    """Names for a backup of a file, the plain one first."""
    for count in range(1, _MAX_BACKUPS):
        extra = "" if count == 1 else f"-{count}"
        yield target.with_name(f"{target.name}.drumgain-{stamp}{extra}.bak")
    raise StorageError(
        f"{name_of(target)} has {_MAX_BACKUPS - 1} backups named {stamp}: nothing was written"
    )


def _last_backup(target: Path) -> Path:
    """The latest backup that was not brought back yet."""
    found: dict[str, tuple[str, int, str]] = {}
    brought_back = set()
    with storage_errors(f"cannot list the folder of {name_of(target)}"):
        names = os.listdir(target.parent)  # noqa: PTH208
    for name in names:
        match = _BACKUP.fullmatch(name[len(target.name) :])
        if match is None or not name.startswith(target.name):
            continue
        if match.group(4):
            brought_back.add(match.group(1))
        else:
            found[match.group(1)] = (match.group(2), int(match.group(3) or 1), name)
    if not found:
        raise StorageError(f"{name_of(target)} has no backup made by DrumGain beside it")
    left = [entry for stamp, entry in found.items() if stamp not in brought_back]
    if not left:
        raise StorageError(
            f"every backup of {name_of(target)} was brought back already; to go forward again, "
            "copy one of the .undone.bak files beside it over it"
        )
    return target.with_name(max(left)[2])
