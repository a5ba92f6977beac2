"""Backups that are brought back."""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from project_edits import NOW, TWO, names, plan_for

from reaper_drumgain.errors import ProjectError, StorageError
from reaper_drumgain.hosts.rpp import (
    apply_plan,
    clear_automation,
    list_backups,
    read_project,
    restore,
)
from reaper_drumgain.schema import envelope_note
from reaper_drumgain.schema.envelope_note import KEY
from reaper_drumgain.schema.plan import GainPlan, TrackAutomation
from reaper_drumgain.schema.session import EnvelopePoint


def test_restores_go_back_one_balance_at_a_time(make: Callable[..., Path], tmp_path: Path) -> None:
    path = make(TWO)
    states = [path.read_bytes()]
    for minute, level in enumerate((-3.0, -6.0)):
        project = read_project(path)
        apply_plan(project, plan_for(project, {0: level}), now=NOW.replace(minute=minute))
        states.append(path.read_bytes())
    before = names(tmp_path)
    assert restore(path).name == "song.RPP.drumgain-0002-20261122-180130.bak"
    assert path.read_bytes() == states[1]
    assert restore(path).name == "song.RPP.drumgain-0001-20261122-180030.bak"
    assert path.read_bytes() == states[0]
    with pytest.raises(StorageError, match=r"every backup .* was brought back"):
        restore(path)
    assert names(tmp_path) > before, "no backup is removed"
    undone = tmp_path / "song.RPP.drumgain-0002-20261122-180130.undone.bak"
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


def balanced(path: Path, *levels: float, minutes: tuple[int, ...] = ()) -> list[bytes]:
    """The bytes of the project before, between and after so many writes in place."""
    states = [path.read_bytes()]
    for place, level in enumerate(levels):
        project = read_project(path)
        minute = minutes[place] if minutes else 15
        apply_plan(project, plan_for(project, {0: level}), now=NOW.replace(minute=minute))
        states.append(path.read_bytes())
    return states


@pytest.mark.parametrize("minutes", [(15, 15, 15), (30, 20, 10)])
def test_the_order_needs_no_clock(make: Callable[..., Path], minutes: tuple[int, ...]) -> None:
    path = make(TWO)
    states = balanced(path, -3.0, -6.0, -9.0, minutes=minutes)
    for state in reversed(states[:-1]):
        restore(path)
        assert path.read_bytes() == state


def test_backups_without_a_number_come_first(make: Callable[..., Path], tmp_path: Path) -> None:
    path = make(TWO)
    text = path.read_text()
    for stamp, level in (("20301122-181530", "0.2"), ("20301122-181530-2", "0.3")):
        older = text.replace("VOLPAN 1 0 -1 -1 1", f"VOLPAN {level} 0 -1 -1 1")
        (tmp_path / f"song.RPP.drumgain-{stamp}.bak").write_text(older)
    balanced(path, -3.0)
    found = [backup.path.name for backup in list_backups(path)]
    assert found == [
        "song.RPP.drumgain-0001-20261122-181530.bak",
        "song.RPP.drumgain-20301122-181530-2.bak",
        "song.RPP.drumgain-20301122-181530.bak",
    ]


def killed_before_replacing(work: Callable[[], object]) -> None:
    """What a kill leaves between the backup and the step that puts the new file in place."""
    pid = os.fork()
    if not pid:
        os.replace = lambda *_: os._exit(0)  # type: ignore[assignment]
        try:
            work()
        finally:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0


def test_a_restore_that_was_killed_is_done_by_the_next(make: Callable[..., Path]) -> None:
    path = make(TWO)
    states = balanced(path, -3.0, -6.0)
    killed_before_replacing(lambda: restore(path))
    assert path.read_bytes() == states[2]
    assert list_backups(path)[0].state == "ready"
    restore(path)
    assert path.read_bytes() == states[1]
    killed_before_replacing(lambda: restore(path))
    restore(path)
    assert path.read_bytes() == states[0]


def test_the_backup_of_a_write_that_was_killed_is_passed_over(make: Callable[..., Path]) -> None:
    path = make(TWO)
    states = balanced(path, -3.0)
    project = read_project(path)
    killed_before_replacing(lambda: apply_plan(project, plan_for(project, {0: -6.0})))
    assert [backup.state for backup in list_backups(path)] == ["as the project", "ready"]
    restore(path)
    assert path.read_bytes() == states[0]


def test_a_restore_that_was_taken_back_can_be_done_again(make: Callable[..., Path]) -> None:
    path = make(TWO)
    states = balanced(path, -3.0)
    first = restore(path)
    restore(path, first.with_name(first.name.replace(".bak", ".undone.bak")))
    assert path.read_bytes() == states[1]
    assert restore(path) == first
    assert path.read_bytes() == states[0]


#: what a write or a restore calls to change the folder, or to wait for the disk
OPERATIONS = ("open", "fsync", "link", "unlink", "replace", "fchmod")


def _killing(real: Callable[..., object], left: Iterator[int]) -> Callable[..., object]:
    def call(*arguments: object, **more: object) -> object:
        if not next(left):
            os._exit(9)
        return real(*arguments, **more)

    return call


def killed_at(operation: int, work: Callable[[], object]) -> bool:
    """Whether ``work``, in a process of its own, was killed right before its n-th operation."""
    pid = os.fork()
    if not pid:
        left = itertools.count(1 - operation)
        for name in OPERATIONS:
            setattr(os, name, _killing(getattr(os, name), left))
        try:
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status in (0, 9)
    return status == 9


@pytest.mark.parametrize("what", ["restore", "write", "automation", "clear"])
def test_a_kill_anywhere_leaves_an_order_that_restore_can_tell(
    make: Callable[..., Path], tmp_path: Path, what: str
) -> None:
    """After a kill ``restore`` goes one state back from what the project then holds."""
    operation, killed = 0, True
    while killed:
        operation += 1
        path = make(TWO, name=f"{operation}/song.RPP")
        states = balanced(path, -3.0, -6.0)

        def work(path: Path = path) -> None:
            if what == "restore":
                restore(path)
            elif what == "write":
                project = read_project(path)
                apply_plan(project, plan_for(project, {0: -9.0}))
            elif what == "automation":
                project = read_project(path)
                apply_plan(project, automated(plan_for(project, {0: -9.0})))
            else:
                clear_automation(read_project(path))

        if what == "clear":
            path.write_bytes(with_our_envelope(path))
            states[-1] = path.read_bytes()
        killed = killed_at(operation, work)
        present = path.read_bytes()
        read_project(path)
        assert what == "restore" or present == states[-1] or is_done(path, what)
        before = states if present in states else [*states, present]
        place = before.index(present)
        for state in reversed(before[:place]):
            restore(path)
            assert path.read_bytes() == state, operation
        with pytest.raises(StorageError, match="every backup"):
            restore(path)
        # the next write, of restore or of anybody, removes what the killed one left
        left = [name for name in names(path.parent) if name.endswith((".tmp", ".lock"))]
        assert not left, operation
    assert operation > 8


def automated(plan: GainPlan) -> GainPlan:
    """The plan with an envelope on its first track."""
    points = (EnvelopePoint(0.0, 0.5), EnvelopePoint(2.0, 0.25))
    mark = envelope_note.note_of("volume", points, 0, 0, None)
    made = TrackAutomation(envelope="volume", points=points, sections=(), mark=mark)
    return dataclasses.replace(
        plan, tracks=(dataclasses.replace(plan.tracks[0], automation=made), *plan.tracks[1:])
    )


def is_done(path: Path, what: str) -> bool:
    """Whether the write is done in full: fader, envelope and notes, or none of ours."""
    track = read_project(path).session.tracks[0]
    if what == "clear":
        return not track.envelopes and not track.automation_note
    assert track.fader == pytest.approx(10 ** (-9 / 20))
    assert bool(track.envelopes) == bool(track.automation_note) == (what == "automation")
    return what != "automation" or envelope_note.take_back(track) is not None


def with_our_envelope(path: Path) -> bytes:
    """The project's bytes with an envelope that DrumGain wrote on its first track."""
    points = (EnvelopePoint(0.0, 0.5),)
    note = envelope_note.note_of("volume", points, 0, 0, None)
    lines = ("<VOLENV2", "ACT 1 -1", "PT 0 0.5 0", ">", "<EXT", f"{KEY} {note}", ">", "<ITEM")
    return path.read_bytes().replace(b"<ITEM", "\r\n    ".join(lines).encode(), 1)
