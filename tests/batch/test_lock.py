"""Two runs never work in one folder; what a killed one left is no obstacle."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from reaper_drumgain.batch.lock import NAME, locked
from reaper_drumgain.errors import ConflictError, StorageError

HOLDER = """
import sys, time
from pathlib import Path
from reaper_drumgain.batch.lock import locked
with locked([Path(sys.argv[1])]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[str]:
    (tmp_path / "songs" / "below").mkdir(parents=True)
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "songs")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("where", ["songs", "songs/below", ".", "songs/../songs"])
def test_a_second_run_is_told_who_is_at_work(
    tmp_path: Path, holder: subprocess.Popen[str], where: str
) -> None:
    who = f"process {holder.pid} on {socket.gethostname()}"
    below = [tmp_path / "songs" / "below", tmp_path / "not there yet"]
    with pytest.raises(ConflictError, match=rf"another 'drumgain batch' is running.*{who}"):
        with locked([tmp_path / where], below):
            pass
    assert not (tmp_path / "songs" / "below" / NAME).exists()


def test_a_killed_run_leaves_no_obstacle(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / "songs" / NAME).exists()
    with locked([tmp_path / "songs"]):
        held = json.loads((tmp_path / "songs" / NAME).read_text())
        assert held == {"pid": os.getpid(), "host": socket.gethostname()}
    assert not (tmp_path / "songs" / NAME).exists()


def test_a_folder_next_to_it_is_free(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    (tmp_path / "others").mkdir()
    with locked([tmp_path / "others"]):
        assert (tmp_path / "others" / NAME).exists()


def test_several_folders_are_all_held_or_none(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(ConflictError):
        with locked([tmp_path / "a", tmp_path / "songs"]):
            pass
    assert not (tmp_path / "a" / NAME).exists()


@pytest.mark.parametrize(
    ("holder_of_it", "free"),
    [
        (None, True),
        ({"pid": 2**22 + 1, "host": socket.gethostname()}, True),
        ({"pid": os.getppid(), "host": socket.gethostname()}, False),
        ({"pid": 1, "host": "another.example"}, False),
        ({"pid": "1", "host": socket.gethostname()}, True),
    ],
)
def test_where_there_are_no_locks_the_process_in_the_file_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, holder_of_it: object, free: bool
) -> None:
    fcntl = pytest.importorskip("fcntl", reason="needs POSIX locks")

    def no_locks(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    (tmp_path / NAME).write_text(" " + json.dumps(holder_of_it))
    if free:
        with locked([tmp_path]):
            assert json.loads((tmp_path / NAME).read_text())["pid"] == os.getpid()
        return
    with pytest.raises(ConflictError, match=r"another 'drumgain batch' is running there \(process"):
        with locked([tmp_path]):
            pass
    assert json.loads((tmp_path / NAME).read_text()) == holder_of_it


def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def refused(path: object, flags: int, *rest: int) -> int:
        if str(path).endswith(NAME):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, flags, *rest)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(StorageError, match="no lock file can be written there: Permission"):
        with locked([tmp_path]):
            pass


def test_what_can_be_locked_below_a_folder_that_cannot_be_written_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "free").mkdir()
    (tmp_path / "shut").mkdir()
    real = os.open

    def refused(path: object, flags: int, *rest: int) -> int:
        if Path(str(path)) in (tmp_path / NAME, tmp_path / "shut" / NAME):
            raise OSError(errno.EROFS, "Read-only file system")
        return real(path, flags, *rest)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "open", refused)
    below = [tmp_path / "free", tmp_path / "shut"]
    with locked([tmp_path], below) as shut:
        assert list(shut) == [tmp_path / "shut"]
        assert "no lock file can be written there: Read-only" in shut[tmp_path / "shut"]
        with pytest.raises(ConflictError), locked([tmp_path / "free"]):
            pass
        with pytest.raises(ConflictError), locked([tmp_path], below):
            pass
    with locked([tmp_path / "free"]):
        pass


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "songs").mkdir()
    (tmp_path / "songs" / NAME).symlink_to(tmp_path / "precious")
    with pytest.raises(StorageError, match="no lock file can be written there"):
        with locked([tmp_path / "songs"]):
            pass
    assert (tmp_path / "precious").read_text() == "precious"


@pytest.mark.parametrize("call", ["write", "ftruncate"])
def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with (
        pytest.raises(StorageError, match="no lock file can be written there: No space"),
        locked([tmp_path]),
    ):
        pass
    monkeypatch.undo()
    assert not list(tmp_path.iterdir()), "nothing is left, not even the lock"
    with locked([tmp_path]):
        pass


@pytest.mark.parametrize("pid", [10**400, 1 << 40, -1, 1e999, "1"])
def test_a_process_that_cannot_be_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pid: object
) -> None:
    def no_locks(*_: object, **__: object) -> bool:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr("reaper_drumgain.batch.lock.lock_descriptor", no_locks)
    owner = json.dumps({"pid": pid, "host": socket.gethostname()}).replace("Infinity", "1e999")
    (tmp_path / NAME).write_text(f" {owner}")
    with locked([tmp_path]) as refused:
        assert refused == {}
