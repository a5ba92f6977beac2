"""Faders and envelopes into a project file, without touching anything else in it.

Backups. A write in place keeps the former file beside it as
``song.RPP.drumgain-20261122-181530.bak`` (``-2`` and so on within one second). ``restore``
puts a copy of the last backup in place, after keeping the present file as
``song.RPP.drumgain-20261122-181530.undone.bak``: under the name of the backup that it gives
way to. A backup with such a partner counts as brought back, so a second restore goes one
balance further back, and a restore is taken back by naming the ``.undone.bak`` file. No
backup is ever overwritten or removed.
"""

from __future__ import annotations

import functools
import math
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reaper_drumgain.errors import ConflictError, InputError, ProjectError, StorageError
from reaper_drumgain.hosts.rpp.paths import relocation
from reaper_drumgain.hosts.rpp.read import ProjectFile, track_blocks
from reaper_drumgain.hosts.rpp.storage import (
    exists,
    name_of,
    put,
    read_file,
    real_target,
    refuse_changed,
    storage_errors,
    temporary_name,
)
from reaper_drumgain.hosts.rpp.syntax import (
    MAX_LINE,
    Block,
    Edit,
    first_setting,
    line_of,
    own_lines,
    scan,
    splice,
    unchanged_outside,
)
from reaper_drumgain.hosts.rpp.values import number
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.units import LinearGain, to_linear

_BACKUP = re.compile(r"\.drumgain-((\d{8}-\d{6})(?:-(\d+))?)(\.undone(?:-\d+)?)?\.bak")
_MOST_BACKUPS = 1000
_MAX_GAIN = 1e6
#: looks at the edited bytes and their tracks, and raises ProjectError where they are not as meant
Check = Callable[[bytes, list[Block]], None]


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What a write did: the file, the backup (None where there was none to make), and the
    indices of the tracks whose fader changed in the file, and whose envelope was written."""

    path: Path
    backup: Path | None
    changed: tuple[int, ...]
    automated: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ClearReport:
    """What ``clear_automation`` did: the file, the backup (None where there was none to make),
    the indices of the tracks whose envelope was taken back, and why others were left."""

    path: Path
    backup: Path | None
    cleared: tuple[int, ...]
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WriteIntent:
    """What is about to be written, told before anything is: the real file, the SHA-256 of the
    bytes that are meant for it, and the name of the temporary file that takes its place (what
    is left, should the process end in between: that file, and ``backup_draft`` of it)."""

    target: Path
    after: str
    temporary: Path


def set_faders(project: ProjectFile, faders: Mapping[int, LinearGain]) -> bytes:
    """The project's bytes with the faders of these tracks (by index) set to linear gains.

    Only the first value of their VOLPAN lines changes; a track without one gets a line. A
    fader that has the value already stays as it is written. Raises ProjectError where a
    track's VOLPAN is not clear, InputError for unknown tracks and impossible gains.
    """
    return _edited(project, list(fader_edits(project, faders).values()), faders)


def relocate(project: ProjectFile, new_folder: str | os.PathLike[str]) -> bytes:
    """The project's bytes for a file in another folder: the paths of its media (and of its
    recording folders) that are relative become absolute, so that the audio is still found.

    Raises ProjectError where a path cannot be written in the format.
    """
    return _edited(project, relocation(project, Path(new_folder)), {})


def apply_plan(
    project: ProjectFile,
    plan: GainPlan,
    output: str | os.PathLike[str] | None = None,
    *,
    overwrite: bool = False,
    now: datetime | None = None,
    note: Callable[[WriteIntent], None] | None = None,
) -> WriteReport:
    """Writes the plan's new faders and envelopes: to ``output``, or in place with a dated backup.

    An output in another folder gets paths that still find the media. A symbolic link is
    written through. Raises ConflictError where the project has changed since it was read or
    the plan belongs to another, StorageError where the system refuses, or
    the output exists and ``overwrite`` is false. After an error every file is as before.

    ``note`` is called once all is ready and before anything is written; nothing is where it
    raises, and not at all where there is nothing to write.
    """
    faders = _faders_of(project, plan)
    moved = fader_edits(project, faders)
    edits = list(moved.values())
    checks: list[Check] = []
    for track in plan.automated:
        # only here: most plans have none
        from reaper_drumgain.hosts.rpp.automation import planned_edits

        _refuse_other_track(project, track.index, track.name, track.guid)
        assert track.automation is not None
        added, check = planned_edits(project, track.index, track.automation)
        edits += added
        checks.append(check)
    automated = tuple(track.index for track in plan.automated)
    path, backup = _put(project, edits, faders, checks, output, overwrite, now, note)
    return WriteReport(path, backup, tuple(sorted(moved)), automated)


def clear_automation(
    project: ProjectFile,
    output: str | os.PathLike[str] | None = None,
    *,
    overwrite: bool = False,
    now: datetime | None = None,
) -> ClearReport:
    """Takes back the envelopes that DrumGain wrote and nobody changed since; faders stay.

    To ``output`` or in place, as ``apply_plan``, with its errors. What is left is told.
    """
    from reaper_drumgain.hosts.rpp.automation import taking_back_edits
    from reaper_drumgain.schema import envelope_note

    edits: list[Edit] = []
    checks: list[Check] = []
    cleared: list[int] = []
    left: list[str] = []
    for track in project.session.tracks:
        try:
            taken = envelope_note.take_back(track)
        except ConflictError as error:
            left.append(str(error))
            continue
        if taken is not None:
            added, check = taking_back_edits(project, track.index, taken)
            edits += added
            checks.append(check)
            cleared.append(track.index)
    if not cleared:
        return ClearReport(project.path, None, (), tuple(left))
    path, backup = _put(project, edits, {}, checks, output, overwrite, now, None)
    return ClearReport(path, backup, tuple(cleared), tuple(left))


def _put(
    project: ProjectFile,
    edits: list[Edit],
    faders: Mapping[int, LinearGain],
    checks: Sequence[Check],
    output: str | os.PathLike[str] | None,
    overwrite: bool,
    now: datetime | None,
    note: Callable[[WriteIntent], None] | None,
) -> tuple[Path, Path | None]:
    """Writes the edited project; returns its path and that of the backup."""
    source = real_target(project.path)
    target = source if output is None else real_target(Path(output))
    in_place = target == source
    if output is not None and not overwrite:
        _refuse_existing(target)
    if not in_place:
        edits = edits + relocation(project, target.parent)
    data = _edited(project, edits, faders, checks)
    if in_place and not edits:
        refuse_changed(source, project.data)
        return project.path, None

    def last_check() -> None:
        refuse_changed(source, project.data)
        if output is not None and not overwrite:
            _refuse_existing(target)

    temporary = temporary_name(target)
    if note is not None:
        import hashlib

        note(WriteIntent(target, hashlib.sha256(data).hexdigest(), temporary))
    backup = put(
        target,
        data,
        # a copy of a read-only project is there to be worked on
        project.mode if in_place else project.mode | stat.S_IWUSR,
        last_check,
        _names(target, _stamp(now)) if in_place else iter(()),
        project.data,
        temporary=temporary,
    )
    return project.path if output is None else Path(output), backup


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
        put(target, data, mode, lambda: _refuse_existing(target))
        return chosen
    present, _ = read_file(target)
    match = _BACKUP.fullmatch(chosen.name.removeprefix(target.name))
    stamp = match.group(1) if match is not None else _stamp(now)
    put(
        target,
        data,
        mode,
        lambda: refuse_changed(target, present),
        _names(target, f"{stamp}.undone"),
        present,
    )
    return chosen


def fader_edits(project: ProjectFile, faders: Mapping[int, LinearGain]) -> dict[int, Edit]:
    """The spans that set these faders, by track; none for a fader that has its value."""
    blocks = project.tracks
    edits = {}
    for index, gain in faders.items():
        if not 0 <= index < len(blocks):
            raise InputError(
                f"{name_of(project.path)} has no track {index + 1}: it has {len(blocks)} tracks"
            )
        if not (math.isfinite(gain) and 0.0 <= gain <= _MAX_GAIN):
            name = project.session.tracks[index].name
            raise InputError(f"track {name!r}: {gain!r} is no gain for a fader")
        edit = _fader_edit(project, blocks[index], index, gain)
        if edit is not None:
            edits[index] = edit
    return edits


@functools.lru_cache(maxsize=4096)
def format_gain(gain: float) -> bytes:
    """A number as REAPER writes it: a point, at most 14 decimals, no trailing zeros."""
    return f"{gain:.14f}".rstrip("0").rstrip(".").encode("ascii")


def _fader_edit(project: ProjectFile, block: Block, index: int, gain: LinearGain) -> Edit | None:
    data = project.data
    places = own_lines(data, block, b"VOLPAN")
    new = format_gain(gain)
    if not places:
        return _new_line(data, block, new)
    if len(places) > 1:
        raise _unclear(
            project,
            index,
            places[1],
            "has more than one VOLPAN line, expected one: open and save the project in REAPER",
        )
    old = first_setting(data, places[0])
    if old is None:
        raise _unclear(project, index, places[0], "has a damaged VOLPAN line: its fader is not set")
    start, end, value = old
    present = number(value)
    if present is not None and format_gain(present) == new:
        return None
    if _line_length(data, start) + len(new) - (end - start) > MAX_LINE:
        raise _unclear(project, index, places[0], "has a VOLPAN line too long to be edited")
    return Edit(start, end, new)


def _unclear(project: ProjectFile, index: int, position: int, what: str) -> ProjectError:
    where = f"{name_of(project.path)}:{line_of(project.data, position)}"
    return ProjectError(f"{where}: track {index + 1} {project.session.tracks[index].name!r} {what}")


def _line_length(data: bytes, position: int) -> int:
    start = data.rfind(b"\n", 0, position) + 1
    end = data.find(b"\n", position)
    return (len(data) if end < 0 else end) - start


def _new_line(data: bytes, block: Block, new: bytes) -> Edit:
    """A VOLPAN line for a track that has none, in the file's own manner."""
    ending = b"\r\n" if data[block.body - 1] == 0x0D else b"\n"
    margin = data[data.rfind(b"\n", 0, block.start) + 1 : block.start]
    indent = margin + b"  " if not margin.strip(b" \t") else b"    "
    line = indent + b"VOLPAN " + new + b" 0 -1 -1 1" + ending
    return Edit(block.body + 1, block.body + 1, line)


def _edited(
    project: ProjectFile,
    edits: list[Edit],
    faders: Mapping[int, LinearGain],
    checks: Sequence[Check] = (),
) -> bytes:
    """The bytes with the edits, read again and compared with what was meant."""
    data = splice(project.data, edits)
    name = name_of(project.path)
    again = track_blocks(scan(data, name, keep=2))
    sound = len(again) == len(project.tracks) and unchanged_outside(project.data, data, edits)
    for index, gain in faders.items():
        if not sound:
            break
        places = own_lines(data, again[index], b"VOLPAN")
        value = _fader_at(data, places)
        sound = value is not None and format_gain(value) == format_gain(gain)
    if not sound:
        raise ProjectError(f"{name}: the edited project does not read as meant: nothing written")
    for check in checks:
        check(data, again)
    return data


def _fader_at(data: bytes, places: list[int]) -> float | None:
    """The value of the only VOLPAN line."""
    found = first_setting(data, places[0]) if len(places) == 1 else None
    return None if found is None else number(found[2])


def _faders_of(project: ProjectFile, plan: GainPlan) -> dict[int, LinearGain]:
    faders: dict[int, LinearGain] = {}
    for move in plan.moves:
        _refuse_other_track(project, move.index, move.name, move.guid)
        assert move.new_db is not None
        try:
            faders[move.index] = to_linear(move.new_db)
        except ValueError as error:
            raise InputError(f"track {move.name!r}: {error}") from error
    return faders


def _refuse_other_track(project: ProjectFile, index: int, name: str, guid: str | None) -> None:
    """Raises ConflictError where a plan's track is not this one of the project."""
    tracks = project.session.tracks
    if not 0 <= index < len(tracks):
        raise ConflictError(
            f"the plan moves track {index + 1}, {name_of(project.path)} has "
            f"{len(tracks)} tracks: make a new plan"
        )
    track = tracks[index]
    if track.name != name or (guid is not None and track.guid != guid):
        raise ConflictError(
            f"the plan moves track {index + 1} {name!r}, in "
            f"{name_of(project.path)} that is {track.name!r}: make a new plan"
        )


def _refuse_existing(target: Path) -> None:
    if exists(target):
        raise StorageError(
            f"{name_of(target)} exists already: give another name, or allow overwriting"
        )


def _stamp(now: datetime | None) -> str:
    """The local time, for people to read in a file's name."""
    return (now or datetime.now()).strftime("%Y%m%d-%H%M%S")


def _names(target: Path, stamp: str) -> Iterator[Path]:
    """Names for a backup of a file, the plain one first."""
    for count in range(1, _MOST_BACKUPS):
        extra = "" if count == 1 else f"-{count}"
        yield target.with_name(f"{target.name}.drumgain-{stamp}{extra}.bak")
    raise StorageError(
        f"{name_of(target)} has {_MOST_BACKUPS - 1} backups named {stamp}: nothing was written"
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
