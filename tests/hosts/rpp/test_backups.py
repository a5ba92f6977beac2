"""Backups that are brought back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from project_edits import NOW, TWO, names, plan_for

from reaper_drumgain.errors import ProjectError, StorageError
from reaper_drumgain.hosts.rpp import (
    apply_plan,
    read_project,
    restore,
)


def test_restores_go_back_one_balance_at_a_time(make: Callable[..., Path], tmp_path: Path) -> None:
    path = make(TWO)
    states = [path.read_bytes()]
    for minute, level in enumerate((-3.0, -6.0)):
        project = read_project(path)
        apply_plan(project, plan_for(project, {0: level}), now=NOW.replace(minute=minute))
        states.append(path.read_bytes())
    before = names(tmp_path)
    assert restore(path).name == "song.RPP.drumgain-20261122-180130.bak"
    assert path.read_bytes() == states[1]
    assert restore(path).name == "song.RPP.drumgain-20261122-180030.bak"
    assert path.read_bytes() == states[0]
    with pytest.raises(StorageError, match=r"every backup .* was brought back"):
        restore(path)
    assert names(tmp_path) > before, "no backup is removed"
    undone = tmp_path / "song.RPP.drumgain-20261122-180130.undone.bak"
    assert undone.read_bytes() == states[2]
    assert restore(path, undone) == undone
    assert path.read_bytes() == states[2]
    kept = {(tmp_path / name).read_bytes() for name in names(tmp_path)}
    assert kept == set(states)


def test_restore_without_a_backup(make: Callable[..., Path], tmp_path: Path) -> None:
    path = make(TWO)
    (tmp_path / "song.RPP.bak").write_bytes(b"")
    (tmp_path / "other.RPP.drumgain-20261122-181530.bak").write_bytes(b"")
    (tmp_path / "song.RPP-bak").write_bytes(b"")
    with pytest.raises(StorageError, match="no backup made by DrumGain"):
        restore(path)


def test_restore_of_a_project_that_is_gone(make: Callable[..., Path]) -> None:
    path = make(TWO)
    before = path.read_bytes()
    project = read_project(path)
    apply_plan(project, plan_for(project, {0: -6.0}))
    path.unlink()
    restore(path)
    assert path.read_bytes() == before


def test_a_damaged_backup_is_not_brought_back(make: Callable[..., Path]) -> None:
    project = read_project(make(TWO))
    report = apply_plan(project, plan_for(project, {0: -6.0}))
    present = project.path.read_bytes()
    assert report.backup is not None
    report.backup.write_bytes(report.backup.read_bytes()[:-4])
    with pytest.raises(ProjectError, match="never ends"):
        restore(project.path)
    assert project.path.read_bytes() == present
