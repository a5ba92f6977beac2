"""Plans written into project files: backups, outputs, conflicts."""

from __future__ import annotations

import dataclasses
import math
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from project_edits import NOW, TWO, names, plan_for

from reaper_drumgain.errors import ConflictError, InputError, StorageError
from reaper_drumgain.hosts.rpp import (
    apply_plan,
    folder_lock,
    read_project,
)


def test_in_place_with_a_dated_backup(make: Callable[..., Path], tmp_path: Path) -> None:
    path = make(TWO)
    path.chmod(0o640)
    before = path.read_bytes()
    project = read_project(path)
    report = apply_plan(project, plan_for(project, {1: -12.0}), now=NOW)
    backup = tmp_path / "song.RPP.drumgain-0001-20261122-181530.bak"
    assert (report.path, report.backup, report.changed) == (path, backup, (1,))
    assert backup.read_bytes() == before
    assert read_project(path).session.tracks[1].fader == pytest.approx(10 ** (-12 / 20))
    assert {stat.S_IMODE(p.stat().st_mode) for p in (path, backup)} == {0o640}
    assert names(tmp_path) == {path.name, backup.name}


def test_a_private_project_is_private_while_it_is_written(
    make: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(TWO)
    path.chmod(0o600)
    seen: dict[str, int] = {}
    real = os.fsync

    def spy(descriptor: int) -> None:
        for entry in (entry for entry in tmp_path.iterdir() if entry.name != folder_lock.NAME):
            seen[entry.name] = seen.get(entry.name, 0) | stat.S_IMODE(entry.stat().st_mode)
        real(descriptor)

    real_open = os.open

    def first_look(name: str, flags: int, *more: int, **other: int) -> int:
        descriptor = real_open(name, flags, *more, **other)
        if flags & os.O_CREAT and Path(name).name != folder_lock.NAME:
            seen[Path(name).name] = stat.S_IMODE(os.fstat(descriptor).st_mode)
        return descriptor

    monkeypatch.setattr(os, "fsync", spy)
    monkeypatch.setattr(os, "open", first_look)
    project = read_project(path)
    apply_plan(project, plan_for(project, {1: -12.0}))
    assert len(seen) > 2, "the temporary files are among them"
    assert set(seen.values()) == {0o600}


def test_a_project_with_two_names_is_not_torn_apart(
    make: Callable[..., Path], tmp_path: Path
) -> None:
    path = make(TWO)
    os.link(path, tmp_path / "other.RPP")
    before = path.read_bytes()
    project = read_project(path)
    with pytest.raises(StorageError, match=r"has 2 names \(hard links\).*nothing was written"):
        apply_plan(project, plan_for(project, {1: -12.0}))
    assert (path.read_bytes(), names(tmp_path)) == (before, {"song.RPP", "other.RPP"})


def test_a_read_only_project_is_left_and_its_copy_can_be_saved(
    make: Callable[..., Path], tmp_path: Path
) -> None:
    path = make(TWO)
    path.chmod(0o444)
    before = path.read_bytes()
    project = read_project(path)
    plan = plan_for(project, {1: -12.0})
    other = make(TWO, name="other.RPP")
    for write in (
        lambda: apply_plan(project, plan, now=NOW),
        lambda: apply_plan(read_project(other), plan, path, overwrite=True),
    ):
        with pytest.raises(StorageError, match=r"song\.RPP is read-only: nothing was written"):
            write()
    assert path.read_bytes() == before
    assert names(tmp_path) == {"song.RPP", "other.RPP"}
    copy = apply_plan(project, plan, tmp_path / "copy.RPP").path
    assert stat.S_IMODE(copy.stat().st_mode) == 0o644


def test_backups_are_never_overwritten(make: Callable[..., Path], tmp_path: Path) -> None:
    path = make(TWO)
    kept = []
    for level in (-1.0, -2.0, -3.0):
        kept.append(path.read_bytes())
        project = read_project(path)
        apply_plan(project, plan_for(project, {0: level}), now=NOW)
    found = [
        (tmp_path / f"song.RPP.drumgain-000{number}-20261122-181530.bak").read_bytes()
        for number in (1, 2, 3)
    ]
    assert found == kept


def test_a_plan_without_moves_writes_nothing_in_place(
    make: Callable[..., Path], tmp_path: Path
) -> None:
    project = read_project(make(TWO))
    report = apply_plan(project, plan_for(project, {0: 0.0}))
    assert (report.backup, report.changed) == (None, ())
    assert names(tmp_path) == {"song.RPP"}


def test_to_another_file(make: Callable[..., Path], tmp_path: Path) -> None:
    path = make(TWO)
    path.chmod(0o600)
    before = path.read_bytes()
    project = read_project(path)
    output = tmp_path / "new.RPP"
    report = apply_plan(project, plan_for(project, {0: -6.0}), output)
    assert (report.path, report.backup, report.changed) == (output, None, (0,))
    assert path.read_bytes() == before
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    with pytest.raises(StorageError, match="exists already"):
        apply_plan(project, plan_for(project, {0: -9.0}), output)
    assert read_project(output).session.tracks[0].fader == pytest.approx(10 ** (-6 / 20))
    apply_plan(project, plan_for(project, {0: -9.0}), output, overwrite=True)
    assert read_project(output).session.tracks[0].fader == pytest.approx(10 ** (-9 / 20))
    assert names(tmp_path) == {"song.RPP", "new.RPP"}


def test_the_project_itself_as_output_is_in_place(
    make: Callable[..., Path], tmp_path: Path
) -> None:
    project = read_project(make(TWO))
    with pytest.raises(StorageError, match="exists already"):
        apply_plan(project, plan_for(project, {0: -6.0}), tmp_path / "." / "song.RPP")
    report = apply_plan(project, plan_for(project, {0: -6.0}), project.path, overwrite=True)
    assert report.backup is not None


def test_a_link_is_written_through(make: Callable[..., Path], tmp_path: Path) -> None:
    real = make(TWO, name="real/song.RPP")
    link = tmp_path / "link.RPP"
    link.symlink_to("real/song.RPP")
    project = read_project(link)
    report = apply_plan(project, plan_for(project, {0: -6.0}))
    assert link.is_symlink()
    assert not real.is_symlink()
    assert read_project(real).session.tracks[0].fader == pytest.approx(10 ** (-6 / 20))
    assert report.backup is not None
    assert report.backup.parent == real.parent
    assert names(tmp_path) == {"real", "link.RPP"}


def test_a_change_on_disk_is_a_conflict(make: Callable[..., Path], tmp_path: Path) -> None:
    path = make(TWO)
    project = read_project(path)
    plan = plan_for(project, {0: -6.0})
    path.write_bytes(path.read_bytes().replace(b"Kick", b"Kock"))
    changed = path.read_bytes()
    for output in (None, tmp_path / "new.RPP"):
        with pytest.raises(ConflictError, match="has changed since it was read"):
            apply_plan(project, plan, output)
    assert path.read_bytes() == changed
    path.unlink()
    with pytest.raises(ConflictError, match="is gone"):
        apply_plan(project, plan)
    assert names(tmp_path) == set()


def test_a_touched_file_is_no_conflict(make: Callable[..., Path]) -> None:
    project = read_project(make(TWO))
    os.utime(project.path, (1, 1))
    assert apply_plan(project, plan_for(project, {0: -6.0})).changed == (0,)


def test_a_plan_of_another_project_is_a_conflict(make: Callable[..., Path]) -> None:
    project = read_project(make(TWO))
    plan = plan_for(project, {0: -6.0})
    for change in ({"name": "Bass"}, {"guid": "{Z}"}, {"index": 1}, {"index": 7}):
        wrong = dataclasses.replace(plan, tracks=(dataclasses.replace(plan.tracks[0], **change),))
        with pytest.raises(ConflictError, match="make a new plan"):
            apply_plan(project, wrong)


def test_a_level_without_a_gain_is_refused(make: Callable[..., Path]) -> None:
    project = read_project(make(TWO))
    for level in (math.nan, math.inf, 1e6):
        with pytest.raises(InputError, match="track 'Kick'"):
            apply_plan(project, plan_for(project, {0: level}))


def test_a_missing_folder_is_a_storage_error(make: Callable[..., Path], tmp_path: Path) -> None:
    project = read_project(make(TWO))
    with pytest.raises(StorageError, match=r"cannot write .*new\.RPP: No such file"):
        apply_plan(project, plan_for(project, {0: -6.0}), tmp_path / "no" / "new.RPP")
