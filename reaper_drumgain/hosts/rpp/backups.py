"""Numbered and dated backups of a project file, and bringing them back.

A write in place keeps the former file beside it as
``song.RPP.drumgain-0007-20261122-181530.bak``: the number counts the backups of this file, so
their order needs no clock; the date is for people. Backups of earlier versions have no number
and come first, by date. ``restore`` puts a copy of a backup in place, after keeping the present
file as ``...-181530.undone.bak``: under the name of the backup that it gives way to.

Contents decide which backup is the next one. A backup has nothing to bring back where the project
holds what it holds (its write was cut off). A backup counts as brought back where it has such a
partner, unless the project still holds what the partner holds: then the restore was cut off, or
taken back. Where the project is as a restore left it, later backups do not count: theirs was a
write that was cut off before that. So a second restore goes one write further back, whatever was
killed in between. No backup is ever overwritten or removed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from reaper_drumgain.errors import StorageError
from reaper_drumgain.hosts.rpp.atomic_write import put
from reaper_drumgain.hosts.rpp.storage import (
    exists,
    name_of,
    read_file,
    real_target,
    refuse_changed,
    refuse_existing,
    storage_errors,
)
from reaper_drumgain.hosts.rpp.syntax import scan

_BACKUP = re.compile(
    r"\.drumgain-((?:(\d{4,7})-)?(\d{8}-\d{6})(?:-(\d{1,6}))?)(\.undone(?:-\d+)?)?\.bak"
)
_MAX_BACKUPS = 1000

State = Literal["ready", "brought back", "as the project"]
READY: State = "ready"
BROUGHT_BACK: State = "brought back"
AS_PROJECT: State = "as the project"


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup of a project.

    Attributes
    ----------
    path
        Its file.
    saved
        The local time of the write that it was made for; None where its name does not say it.
    state
        Whether it can be brought back, was brought back, or holds what the project holds.
    """

    path: Path
    saved: datetime | None
    state: State


@dataclass(slots=True)
class _Entry:
    """A backup and what was kept when it was brought back, by name."""

    order: tuple[int, str, int]
    name: str = ""
    undone: list[str] = field(default_factory=list)


def restore(
    path: str | os.PathLike[str],
    backup: str | os.PathLike[str] | None = None,
    *,
    now: datetime | None = None,
) -> Path:
    """Brings a backup of a project back.

    The text of the module says what becomes of the present file. Raises StorageError where there is
    no backup or the system refuses, ProjectError where the backup is not whole, and ConflictError
    where the project changes meanwhile. After an error every file is as before.

    Parameters
    ----------
    path
        The project.
    backup
        The backup. None for the last one that was not brought back yet.
    now
        The time in the name of the file that is kept. None for the present.

    Returns
    -------
    Path
        The backup that was brought back.
    """
    target = real_target(Path(path))
    present = read_file(target)[0] if exists(target) else None
    chosen = _last_backup(target, present) if backup is None else Path(backup)
    data, mode = read_file(chosen)
    scan(data, name_of(chosen), keep=1)
    if present is None:
        put(target, data, mode, lambda: refuse_existing(target))
        return chosen
    match = _BACKUP.fullmatch(chosen.name.removeprefix(target.name))
    stamp = match.group(1) if match is not None else next_stamp(target, now)
    put(
        target,
        data,
        mode,
        lambda: refuse_changed(target, present),
        backup_names(target, f"{stamp}.undone"),
        present,
    )
    return chosen


def saved_at(backup: Path) -> datetime | None:
    """The local time in the name of a backup; None where it has another name."""
    match = re.search(_BACKUP.pattern + r"\Z", backup.name)
    try:
        return None if match is None else datetime.strptime(match.group(3), "%Y%m%d-%H%M%S")
    except ValueError:
        return None


def list_backups(path: str | os.PathLike[str]) -> tuple[Backup, ...]:
    """The backups of a project, the last one first: ``restore`` brings the first one back that is
    ``ready``. Raises StorageError where they cannot be read."""
    target = real_target(Path(path))
    present = read_file(target)[0] if exists(target) else None
    return _backups(target, present)


def next_stamp(target: Path, now: datetime | None) -> str:
    """What the name of the next backup of a file says: its number and the local time."""
    number = max((entry.order[0] for entry in _entries(target)), default=0) + 1
    return f"{number:04}-{(now or datetime.now()).strftime('%Y%m%d-%H%M%S')}"


def backup_names(target: Path, stamp: str) -> Iterator[Path]:
    """Names for a backup of a file, the plain one first.

    Parameters
    ----------
    target
        The file.
    stamp
        Number and time, as ``next_stamp`` gives them.

    Yields
    ------
    Path
        A name beside the file.

    Raises
    ------
    StorageError
        All names were passed over.
    """
    for count in range(1, _MAX_BACKUPS):
        extra = "" if count == 1 else f"-{count}"
        yield target.with_name(f"{target.name}.drumgain-{stamp}{extra}.bak")
    raise StorageError(
        f"{name_of(target)} has {_MAX_BACKUPS - 1} backups named {stamp}: nothing was written"
    )


def _entries(target: Path) -> Sequence[_Entry]:
    """All that was kept of a file, by the part of the name that a backup and its partner share."""
    found: dict[str, _Entry] = {}
    with storage_errors(f"cannot list the folder of {name_of(target)}"):
        names = sorted(os.listdir(target.parent))  # noqa: PTH208
    for name in names:
        match = _BACKUP.fullmatch(name[len(target.name) :])
        if match is None or not name.startswith(target.name):
            continue
        stamp, number, date, count, undone = match.groups()
        entry = found.setdefault(stamp, _Entry((int(number or 0), date, int(count or 1))))
        if undone:
            entry.undone.append(name)
        else:
            entry.name = name
    return tuple(found.values())


def _backups(target: Path, present: bytes | None) -> tuple[Backup, ...]:
    """The backups of a file that holds ``present``, the last one first."""
    entries = [entry for entry in _entries(target) if entry.name]
    entries.sort(key=lambda entry: entry.order, reverse=True)
    states = [_state(target, entry, present) for entry in entries]
    restored = (n for n, entry in enumerate(entries) if entry.undone and states[n] == AS_PROJECT)
    for place in range(next(restored, 0)):
        if states[place] == READY:
            states[place] = BROUGHT_BACK
    paths = [target.with_name(entry.name) for entry in entries]
    return tuple(
        Backup(path, saved_at(path), state) for path, state in zip(paths, states, strict=True)
    )


def _state(target: Path, entry: _Entry, present: bytes | None) -> State:
    def holds(name: str) -> bytes:
        return read_file(target.with_name(name))[0]

    if present is None:
        return BROUGHT_BACK if entry.undone else READY
    # the beginning of it: where files have no second names, a kill leaves a backup that is cut
    if present.startswith(holds(entry.name)):
        return AS_PROJECT
    if entry.undone and not any(holds(name) == present for name in entry.undone):
        return BROUGHT_BACK
    return READY


def _last_backup(target: Path, present: bytes | None) -> Path:
    """The latest backup that was not brought back yet."""
    backups = _backups(target, present)
    if not backups:
        raise StorageError(
            f"{name_of(target)} has no backup made by DrumGain beside it; "
            "--backup FILE takes one that is elsewhere"
        )
    for backup in backups:
        if backup.state == READY:
            return backup.path
    raise StorageError(
        f"every backup of {name_of(target)} was brought back already; 'drumgain restore --list' "
        "shows them, and --backup with an .undone.bak file beside it goes forward again"
    )
