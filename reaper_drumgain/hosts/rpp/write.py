"""Writes faders, envelopes and their notes into a project file; nothing else in it changes."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reaper_drumgain.errors import ConflictError, InputError, ProjectError
from reaper_drumgain.hosts.rpp.atomic_write import put
from reaper_drumgain.hosts.rpp.automation import planned_edits, taking_back_edits
from reaper_drumgain.hosts.rpp.backups import backup_names, next_stamp
from reaper_drumgain.hosts.rpp.edits import Edit, EditCheck, splice, unchanged_outside
from reaper_drumgain.hosts.rpp.faders import (
    fader_at,
    fader_edits,
    faders_of,
    format_gain,
    refuse_other_track,
)
from reaper_drumgain.hosts.rpp.notes import note_edits
from reaper_drumgain.hosts.rpp.paths import refuse_media, relocation
from reaper_drumgain.hosts.rpp.read import ProjectFile, track_blocks
from reaper_drumgain.hosts.rpp.storage import (
    name_of,
    real_target,
    refuse_changed,
    refuse_existing,
    refuse_other_kind,
)
from reaper_drumgain.hosts.rpp.syntax import scan
from reaper_drumgain.schema import envelope_note, fader_note, trims
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.units import LinearGain


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What a write did.

    Attributes
    ----------
    path
        The file.
    backup
        The backup; None where there was none to make.
    changed
        The indexes of the tracks whose fader changed in the file.
    automated
        The indexes of the tracks whose envelope was written.
    """

    path: Path
    backup: Path | None
    changed: tuple[int, ...]
    automated: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ClearReport:
    """What ``clear_automation`` did.

    Attributes
    ----------
    path
        The file.
    backup
        The backup; None where there was none to make.
    cleared
        The indexes of the tracks whose envelope was taken back.
    left
        Why others were left, in sentences.
    """

    path: Path
    backup: Path | None
    cleared: tuple[int, ...]
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WriteIntent:
    """What is about to be written: the real file, and the SHA-256 of its new bytes."""

    target: Path
    after: str


def set_faders(project: ProjectFile, faders: Mapping[int, LinearGain]) -> bytes:
    """The project's bytes with the faders of these tracks (by index) set to linear gains.

    Only the first value of their VOLPAN lines changes; a track without one gets a line. A
    fader that has the value already stays as it is written. Raises ProjectError where a
    track's VOLPAN is not clear, InputError for unknown tracks and impossible gains.
    """
    return _edited(project, list(fader_edits(project, faders).values()), faders)


def relocate(project: ProjectFile, new_folder: str | os.PathLike[str]) -> bytes:
    """The project's bytes for a file in another folder.

    Relative paths of media and of recording folders become absolute, so that the audio is still
    found. Raises ProjectError where a path cannot be written in the format.
    """
    return _edited(project, relocation(project, Path(new_folder)), {})


def apply_plan(
    project: ProjectFile,
    plan: GainPlan,
    output: str | os.PathLike[str] | None = None,
    *,
    overwrite: bool = False,
    now: datetime | None = None,
    before_write: Callable[[WriteIntent], None] | None = None,
) -> WriteReport:
    """Writes the plan's new faders and envelopes, and a note for each on its track.

    An output in another folder gets paths that still find the media. A symbolic link is written
    through. Raises ConflictError, InputError, ProjectError and StorageError; every file is as
    before.

    Parameters
    ----------
    project, plan
        The project as read, and the plan that was made for it.
    output
        The file to write. None for the project itself, with a dated backup.
    overwrite
        Whether the output may exist.
    now
        The time in the name of the backup. None for the present.
    before_write
        Called once all is ready, if there is anything to write. Nothing is written where it raises.

    Returns
    -------
    WriteReport
        What was written.
    """
    faders = faders_of(project, plan)
    moved = fader_edits(project, faders)
    edits = list(moved.values())
    checks: list[EditCheck] = []
    # a fader that has its value already needs no note either
    notes: dict[int, dict[str, str | None]] = {
        track.index: {fader_note.KEY: track.note}
        for track in plan.moves
        if track.note and track.index in moved
    }
    for track in plan.tracks:
        if track.trim_mark is not None:
            refuse_other_track(project, track.index, track.name, track.guid)
            notes.setdefault(track.index, {})[trims.KEY] = track.trim_mark or None
    for track in plan.automated:
        refuse_other_track(project, track.index, track.name, track.guid)
        assert track.automation is not None
        added, check = planned_edits(project, track.index, track.automation)
        edits += added
        checks.append(check)
        notes.setdefault(track.index, {})[envelope_note.KEY] = track.automation.mark
    for index, texts in notes.items():
        edits += note_edits(project, index, texts)
    automated = tuple(track.index for track in plan.automated)
    path, backup = _write(project, edits, faders, checks, output, overwrite, now, before_write)
    return WriteReport(path, backup, tuple(sorted(moved)), automated)


def clear_automation(
    project: ProjectFile,
    output: str | os.PathLike[str] | None = None,
    *,
    overwrite: bool = False,
    now: datetime | None = None,
) -> ClearReport:
    """Takes back the envelopes that DrumGain wrote and that are unchanged since; faders stay.

    Parameters
    ----------
    project, output, overwrite, now
        As for ``apply_plan``, with the same errors.

    Returns
    -------
    ClearReport
        With the envelopes that were left, and why.
    """
    edits: list[Edit] = []
    checks: list[EditCheck] = []
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
            edits += [*added, *note_edits(project, track.index, {envelope_note.KEY: None})]
            checks.append(check)
            cleared.append(track.index)
    if not cleared:
        return ClearReport(project.path, None, (), tuple(left))
    path, backup = _write(project, edits, {}, checks, output, overwrite, now, None)
    return ClearReport(path, backup, tuple(cleared), tuple(left))


def _write(
    project: ProjectFile,
    edits: list[Edit],
    faders: Mapping[int, LinearGain],
    checks: Sequence[EditCheck],
    output: str | os.PathLike[str] | None,
    overwrite: bool,
    now: datetime | None,
    before_write: Callable[[WriteIntent], None] | None,
) -> tuple[Path, Path | None]:
    """Writes the edited project; returns its path and that of the backup."""
    if project.made and output is None:
        raise InputError(
            f"{name_of(project.path.parent)} is a folder of audio files: there is no project to "
            "change in place; name an output"
        )
    source = real_target(project.path)
    target = source if output is None else real_target(Path(output))
    in_place = target == source and not project.made
    if output is not None and not overwrite:
        refuse_existing(target)
    if not in_place:
        refuse_media(project, target)
        refuse_other_kind(target)
        edits = edits + relocation(project, target.parent)
    data = _edited(project, edits, faders, checks)
    if in_place and not edits:
        refuse_changed(source, project.data)
        return project.path, None

    def last_check() -> None:
        if not project.made:
            refuse_changed(source, project.data)
        if output is not None and not overwrite:
            refuse_existing(target)
        if not in_place:
            refuse_other_kind(target)

    if before_write is not None:
        before_write(WriteIntent(target, hashlib.sha256(data).hexdigest()))
    backup = put(
        target,
        data,
        # a copy of a read-only project is there to be worked on
        project.mode if in_place else project.mode | stat.S_IWUSR,
        last_check,
        backup_names(target, next_stamp(target, now)) if in_place else iter(()),
        project.data,
    )
    return project.path if output is None else Path(output), backup


def _edited(
    project: ProjectFile,
    edits: list[Edit],
    faders: Mapping[int, LinearGain],
    checks: Sequence[EditCheck] = (),
) -> bytes:
    """The bytes with the edits, read again and compared with what was meant."""
    data = splice(project.data, edits)
    name = name_of(project.path)
    again = track_blocks(scan(data, name, keep=2))
    as_meant = len(again) == len(project.tracks) and unchanged_outside(project.data, data, edits)
    for index, gain in faders.items():
        if not as_meant:
            break
        value = fader_at(data, again[index])
        as_meant = value is not None and format_gain(value) == format_gain(gain)
    if not as_meant:
        raise ProjectError(f"{name}: the edited project does not read as meant: nothing written")
    for check in checks:
        check(data, again)
    return data
