"""Whatever fails after a write says what was written, and where the backup is."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from batch_support import contents, make_songs

from reaper_drumgain.cli import main
from reaper_drumgain.errors import StorageError

BALANCE = ("--in-place", "--method", "equal-loudness", "--no-cache")


@pytest.fixture
def song(tmp_path: Path) -> Path:
    folder = tmp_path / "song"
    shutil.copytree(str(resources.files("reaper_drumgain") / "demo" / "session"), folder)
    return folder / "DrumGain demo.RPP"


def backups(song: Path) -> list[Path]:
    return sorted(song.parent.glob("*.bak"))


def check_told(song: Path, before: bytes, err: str) -> None:
    assert song.read_bytes() != before
    (backup,) = backups(song)
    assert backup.read_bytes() == before
    assert f"{song.name} was written before the error; backup: " in err
    assert backup.name in err
    assert "unexpected" not in err


def failing(error: BaseException) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("place", "option", "error", "status", "words"),
    [
        ("cli.picture.save_png", "--picture", StorageError("no room"), 1, "drumgain: no room"),
        (
            "cli.picture.save_png",
            "--picture",
            KeyboardInterrupt(),
            130,
            "interrupted: nothing more",
        ),
        ("report.build.save", "--report", StorageError("no room"), 1, "drumgain: no room"),
        ("cli.plan_text.print_plan", "", KeyboardInterrupt(), 130, "interrupted: nothing more"),
        ("cli.plan_text.print_plan", "", BrokenPipeError(), 1, ""),
        ("cli.plan_text.print_plan", "", OSError(28, "No space left"), 1, "output cannot be writ"),
    ],
)
def test_a_failure_after_the_write_says_so(
    song: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    option: str,
    error: BaseException,
    status: int,
    words: str,
) -> None:
    monkeypatch.setattr(f"reaper_drumgain.{place}", failing(error))
    before = song.read_bytes()
    where = {"--picture": song.with_name("plan.png"), "--report": song.with_name("report")}
    more = (option, str(where[option])) if option else ()
    assert main(["balance", str(song), *BALANCE, *more]) == status
    err = capsys.readouterr().err
    assert words in err
    check_told(song, before, err)


def test_an_interrupt_while_the_file_is_replaced_waits_and_is_told(
    song: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.replace

    def replace(*arguments: Any) -> None:
        real(*arguments)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(os, "replace", replace)
    before = song.read_bytes()
    assert main(["balance", str(song), *BALANCE]) == 130
    err = capsys.readouterr().err
    assert "interrupted" in err
    check_told(song, before, err)


def test_before_the_write_nothing_is_claimed(
    song: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reaper_drumgain.cli.picture.save_png", failing(StorageError("no room")))
    before = song.read_bytes()
    options = ("--dry-run", "--no-cache", "--picture", str(song.with_name("plan.png")))
    assert main(["balance", str(song), *options]) == 1
    assert "was written" not in capsys.readouterr().err
    assert song.read_bytes() == before


def in_shell(redirection: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "reaper_drumgain", *map(str, arguments)]
    script = f'exec "$@" {redirection}'
    return subprocess.run(
        ["bash", "-c", script, "drumgain", *words], capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("command", ["balance", "restore", "clear-automation"])
@pytest.mark.parametrize(
    ("redirection", "words"),
    [(">&-", "output cannot be written: Bad file descriptor"), (">/dev/full", "No space left")],
)
def test_an_output_that_is_closed_or_full_is_told_with_what_was_written(
    song: Path, redirection: str, words: str, command: str
) -> None:
    before = song.read_bytes()
    if command == "balance":
        done = in_shell(redirection, "balance", song, *BALANCE)
        check_told(song, before, done.stderr)
    else:
        automation = ("--write", "automation", "--method", "cross-adaptive")
        assert main(["balance", str(song), *automation, "--in-place", "--no-cache"]) == 0
        written = song.read_bytes()
        done = in_shell(redirection, command, song)
        told = (
            "is again as it was before" if command == "restore" else "was written before the error"
        )
        assert told in done.stderr
        assert song.read_bytes() != written
    assert done.returncode == 1
    assert words in done.stderr
    assert "unexpected" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="streams are closed by numbers on POSIX alone")
def test_closed_streams_do_not_get_into_the_project(song: Path) -> None:
    before = song.read_bytes()
    in_shell("<&- >&- 2>&-", "balance", song, *BALANCE)
    (backup,) = backups(song)
    assert backup.read_bytes() == before
    assert song.read_bytes().startswith(b"<REAPER_PROJECT")
    assert song.read_bytes().rstrip().endswith(b">")


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(28, "No space left on device")])
def test_a_batch_whose_output_fails_says_what_was_written(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: OSError,
) -> None:
    make_songs(tmp_path / "songs", 2)
    before = contents(tmp_path / "songs")
    monkeypatch.setattr("reaper_drumgain.cli.batch.print_table", failing(error))
    options = ("--recursive", "--in-place", "--jobs", "1", "--no-cache")
    assert main(["batch", str(tmp_path / "songs"), *options]) == 1
    err = capsys.readouterr().err
    assert "2 of 2 projects were written before that, each with a backup beside it" in err
    assert contents(tmp_path / "songs") != before


# --- checked before anything is read


@pytest.mark.parametrize(
    ("name", "words", "status"),
    [
        ("plan.jpg", "expected a name that ends in .png", 2),
        ("plan", "expected a name that ends in .png", 2),
        ("nowhere/plan.png", "there is no folder", 2),
        ("folder.png", "is not a file", 2),
        ("out.png", "is also the output", 2),
        ("closed/plan.png", "no permission to write into", 1),
    ],
)
def test_a_picture_that_cannot_be_written_is_told_before_anything_is(
    song: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    words: str,
    status: int,
) -> None:
    (song.parent / "folder.png").mkdir()
    (song.parent / "closed").mkdir()
    real = os.access
    monkeypatch.setattr(os, "access", lambda p, mode: Path(p).name != "closed" and real(p, mode))
    monkeypatch.setattr("reaper_drumgain.hosts.rpp.read_project", failing(AssertionError("read")))
    before = song.read_bytes()
    picture = song.parent / name
    output = ("--output", str(picture)) if name == "out.png" else ("--in-place",)
    assert main(["balance", str(song), *output, "--picture", str(picture)]) == status
    assert words in capsys.readouterr().err
    assert song.read_bytes() == before


def test_a_report_below_a_file_is_told_before_anything_is_written(
    song: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = song.read_bytes()
    assert main(["balance", str(song), *BALANCE, "--report", str(song / "report")]) == 2
    assert "is a file: expected a folder" in capsys.readouterr().err
    assert song.read_bytes() == before
