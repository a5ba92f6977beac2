"""One writer at a time, leftovers of killed ones, and files whose place must not be taken."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from project_edits import TWO, names, plan_for

from reaper_drumgain.errors import ConflictError, DrumGainError, InputError, StorageError
from reaper_drumgain.hosts.rpp import apply_plan, folder_lock, read_project, restore, write

LEFT = (".drumgain-0123456789abcdef.tmp", ".drumgain-0123456789abcdef.bak.tmp")
#: holds the lock of a folder, with a temporary file in it, until its input ends
HOLDER = """
import sys
from pathlib import Path
from reaper_drumgain.hosts.rpp.folder_lock import folder_locked
folder = Path(sys.argv[1])
with folder_locked(folder):
    (folder / sys.argv[2]).write_bytes(b"not done yet")
    print("held", flush=True)
    sys.stdin.read()
    (folder / sys.argv[2]).rename(folder / "done")
"""


# --- two writers at once


@pytest.mark.parametrize("output", [None, "new.RPP"])
def test_of_two_writers_of_one_original_one_is_refused(
    make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, output: str | None
) -> None:
    path = make(TWO)
    before = path.read_bytes()
    target = None if output is None else path.with_name(output)
    checked, both_read = threading.Semaphore(0), threading.Barrier(2)
    real = write.refuse_changed

    def slow_check(*arguments: object) -> None:
        real(*arguments)  # type: ignore[arg-type]
        checked.release()
        # the other one would come to the same check meanwhile, were it let
        checked.acquire(timeout=0.3)
        checked.acquire(timeout=0.3)

    monkeypatch.setattr(write, "refuse_changed", slow_check)
    results: dict[float, object] = {}

    def run(level: float) -> None:
        project = read_project(path)
        both_read.wait(10)
        try:
            results[level] = apply_plan(project, plan_for(project, {0: level}), target)
        except DrumGainError as error:
            results[level] = error

    threads = [threading.Thread(target=run, args=(level,)) for level in (-6.0, -9.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [result for result in results.values() if isinstance(result, DrumGainError)]
    assert len(refused) == 1, results
    kind, words = (ConflictError, "has changed") if output is None else (StorageError, "exists")
    assert isinstance(refused[0], kind)
    assert words in str(refused[0])
    (level,) = [level for level, result in results.items() if result is not refused[0]]
    written = target or path
    assert read_project(written).session.tracks[0].fader == pytest.approx(10 ** (level / 20))
    backups = [p for p in path.parent.iterdir() if p.name.endswith(".bak")]
    assert [p.read_bytes() for p in backups] == ([before] if output is None else [])
    assert folder_lock.NAME not in names(path.parent)


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLDER, str(tmp_path), LEFT[0]]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process  # type: ignore[misc]
        process.kill()


def test_a_writer_that_does_not_end_is_told(
    make: Callable[..., Path], holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_lock, "_WAIT_S", 0.1)
    path = make(TWO)
    before = path.read_bytes()
    project = read_project(path)
    with pytest.raises(ConflictError, match=r"another DrumGain has been writing in .* 0.1 s"):
        apply_plan(project, plan_for(project, {0: -6.0}))
    assert path.read_bytes() == before
    assert names(path.parent) == {"song.RPP", LEFT[0], folder_lock.NAME}


def test_what_a_living_writer_has_begun_stays(
    make: Callable[..., Path], tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    path = make(TWO)
    project = read_project(path)
    waiting = threading.Thread(
        target=apply_plan, args=(project, plan_for(project, {0: -6.0}), tmp_path / "new.RPP")
    )
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    assert names(tmp_path) == {"song.RPP", LEFT[0], folder_lock.NAME}
    assert holder.stdin is not None
    holder.stdin.close()
    holder.wait()
    waiting.join()
    assert names(tmp_path) == {"song.RPP", "new.RPP", "done"}


# --- what killed runs leave


@pytest.mark.parametrize("what", ["write", "restore"])
def test_the_next_run_removes_what_a_killed_one_left(
    make: Callable[..., Path], tmp_path: Path, holder: subprocess.Popen[str], what: str
) -> None:
    path = make(TWO)
    project = read_project(path)
    holder.kill()
    holder.wait()
    assert names(tmp_path) == {"song.RPP", LEFT[0], folder_lock.NAME}
    (tmp_path / LEFT[1]).write_bytes(b"half a back")
    others = (".drumgain-mine.tmp", "drumgain-0123456789abcdef.tmp", "a.tmp")
    for name in others:
        (tmp_path / name).write_bytes(b"of somebody else")
    report = apply_plan(project, plan_for(project, {0: -6.0}))
    assert report.backup is not None
    left = {"song.RPP", report.backup.name, *others}
    assert names(tmp_path) == left
    if what == "restore":
        (tmp_path / LEFT[0]).write_bytes(b"half a pro")
        restore(path)
        assert len(names(tmp_path)) == len(left) + 1


def test_a_file_system_without_locks_is_written_to_and_nothing_is_removed(
    make: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    import filelock

    def no_locks(*_: object, **__: object) -> bool:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(filelock, "lock_descriptor", no_locks)
    path = make(TWO)
    (tmp_path / LEFT[0]).write_bytes(b"perhaps of a living run")
    project = read_project(path)
    report = apply_plan(project, plan_for(project, {0: -6.0}))
    assert report.backup is not None
    assert names(tmp_path) == {"song.RPP", LEFT[0], report.backup.name}


# --- files whose place must not be taken


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("way", ["in place", "over another"])
def test_user_and_group_are_kept(make: Callable[..., Path], way: str) -> None:
    path = make(TWO)
    target = path if way == "in place" else make(TWO, name="other.RPP")
    os.chown(target, 12345, 23456)
    target.chmod(0o640)
    project = read_project(path)
    output = None if way == "in place" else target
    report = apply_plan(project, plan_for(project, {0: -6.0}), output, overwrite=True)
    kept = [target] if report.backup is None else [target, report.backup]
    for file in kept:
        assert (file.stat().st_uid, file.stat().st_gid) == (12345, 23456)
    if way == "in place":
        assert {file.stat().st_mode & 0o777 for file in kept} == {0o640}
        restore(path)
        assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)


@pytest.mark.skipif(os.name != "posix", reason="files have owners on POSIX alone")
@pytest.mark.parametrize(("uid", "gid", "whose"), [(1, 0, "user"), (0, 1, "group")])
def test_a_file_that_would_change_hands_is_not_replaced(
    make: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    uid: int,
    gid: int,
    whose: str,
) -> None:
    from reaper_drumgain.hosts.rpp import atomic_write

    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    path = make(TWO)
    owner = path.stat().st_uid + uid, path.stat().st_gid + gid
    monkeypatch.setattr(atomic_write, "_owner_of", lambda _: owner)
    monkeypatch.setattr(os, "fchown", refused)
    before = path.read_bytes()
    project = read_project(path)
    with pytest.raises(StorageError, match=f"belongs to another {whose}.*nothing was written"):
        apply_plan(project, plan_for(project, {0: -6.0}))
    assert (path.read_bytes(), names(path.parent)) == (before, {"song.RPP"})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_only_a_file_is_replaced(make: Callable[..., Path], tmp_path: Path, kind: str) -> None:
    path = make(TWO)
    target = tmp_path / "target"
    if kind == "pipe":
        os.mkfifo(target)
    elif kind == "folder":
        target.mkdir()
    else:
        # a link to it: should this fail to be refused, only the link would be lost
        target.symlink_to(os.devnull)
    project = read_project(path)
    with pytest.raises(StorageError, match=r"is a .*nothing was written"):
        apply_plan(project, plan_for(project, {0: -6.0}), target, overwrite=True)
    assert names(tmp_path) == {"song.RPP", "target"}
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("way", ["beside", "by another name", "in the recording folder"])
def test_an_output_never_takes_the_place_of_the_project_s_media(
    make: Callable[..., Path], tmp_path: Path, there: bool, way: str
) -> None:
    folder = tmp_path / ("Audio" if way == "in the recording folder" else "")
    folder.mkdir(exist_ok=True)
    media = folder / "Kick.wav"
    if there:
        sf.write(media, np.zeros(10), 44100)
    before = media.read_bytes() if there else None
    item = "<ITEM\n      <SOURCE WAVE\n        FILE Kick.wav\n      >\n"
    path = make(TWO.replace("<ITEM\n", item), '  RECORD_PATH "Audio" ""\n')
    target = media
    if way == "by another name":
        target = tmp_path / "link.RPP"
        target.symlink_to(media)
    if way == "in the recording folder" and not there:
        pytest.skip("where it is not, it is looked for beside the project first")
    project = read_project(path)
    with pytest.raises(InputError, match=r"Kick\.wav is a media file of the project .*another"):
        apply_plan(project, plan_for(project, {0: -6.0}), target, overwrite=True)
    assert (media.read_bytes() if media.exists() else None) == before


def test_only_a_project_is_replaced(make: Callable[..., Path], tmp_path: Path) -> None:
    path = make(TWO)
    project = read_project(path)
    target = tmp_path / "lyrics.txt"
    target.write_text("la la la")
    with pytest.raises(StorageError, match=r"is not a REAPER project: it is not replaced"):
        apply_plan(project, plan_for(project, {0: -6.0}), target, overwrite=True)
    assert target.read_text() == "la la la"
    target.write_text("")
    apply_plan(project, plan_for(project, {0: -6.0}), target, overwrite=True)
    assert read_project(target).session.tracks[0].name == "Kick"
