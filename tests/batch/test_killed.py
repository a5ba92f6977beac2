"""However a run ends, every project is as it was or completely written, and can be gone on with."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from batch_support import contents, faders, make_songs

from reaper_drumgain.batch import journal as journal_module
from reaper_drumgain.cli import main
from reaper_drumgain.util.user_dirs import state_folder

HERE = Path(__file__).parent


@pytest.mark.parametrize("mode", ["in place", "beside", "output"])
def test_an_end_after_any_file_operation_loses_nothing(tmp_path: Path, mode: str) -> None:
    command = [sys.executable, str(HERE / "killer.py"), mode, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20, "locking, noting and writing were all ended at"


def command(songs: Path, *options: str, jobs: int = 1) -> list[str]:
    fixed = ("--recursive", "--in-place", "--amount", "50", "--jobs", str(jobs), "--json")
    return [sys.executable, "-m", "reaper_drumgain", "batch", str(songs), *fixed, *options]


def outcomes(text: str) -> list[dict[str, object]]:
    # the last line of a killed process may be cut
    whole = [line for line in text.splitlines(keepends=True) if line.endswith("\n")]
    return [one for one in map(json.loads, whole) if "project" in one]


@pytest.mark.parametrize("jobs", [1, 2])
def test_kill_9_at_random_moments_loses_nothing(tmp_path: Path, jobs: int) -> None:
    make_songs(tmp_path / "clean", 8)
    before = contents(tmp_path / "clean")
    clean = subprocess.run(command(tmp_path / "clean"), capture_output=True, check=True, text=True)
    assert len(outcomes(clean.stdout)) == 8
    expected = contents(tmp_path / "clean")
    chance = random.Random(jobs)
    songs = tmp_path / "songs"
    make_songs(songs, 8)
    assert {k: v.replace(b"/clean/", b"/songs/") for k, v in before.items()} == contents(songs)
    rounds, seen = 0, 0
    while True:
        process = subprocess.Popen(
            command(songs, "--resume", jobs=jobs), stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        told = []
        for _ in range(seen + chance.randint(1, 3)):
            line = process.stdout.readline()
            told.append(line)
        time.sleep(chance.uniform(0.0, 0.03))
        process.kill()
        rest = process.stdout.read()
        process.wait()
        process.stdout.close()
        rounds += 1
        complete = [one for one in outcomes("".join(told) + rest) if one["status"] == "written"]
        seen = len(complete)
        if '"summary"' in rest or '"summary"' in "".join(told):
            break
    assert rounds >= 2
    assert len(complete) == 8
    now = contents(songs)
    for name in before:
        assert now[name] == expected[name].replace(b"/clean/", b"/songs/"), name
        backups = [now[other] for other in now if other.startswith(f"{name}.drumgain-")]
        assert before[name].replace(b"/clean/", b"/songs/") in backups
    assert all(faders(songs / name) != [1.0, 0.5, 0.7] for name in before)


def run(songs: Path, *options: str, status: int = 0) -> None:
    fixed = ("--recursive", "--in-place", "--amount", "50", "--jobs", "1", "--no-cache")
    assert main(["batch", str(songs), *fixed, *options]) == status


class Interrupted:
    """Interrupts a run before its second write."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self._real = journal_module.Journal.writing
        self._count = 0

    def __enter__(self) -> None:
        def writing(*arguments: object) -> None:
            self._count += 1
            if self._count == 2:
                raise KeyboardInterrupt
            self._real(*arguments)  # type: ignore[arg-type]

        self._patch.setattr(journal_module.Journal, "writing", writing)

    def __exit__(self, *_: object) -> None:
        self._patch.setattr(journal_module.Journal, "writing", self._real)


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Interrupted:
    return Interrupted(monkeypatch)


def test_an_interrupt_says_what_was_done_and_how_to_go_on(
    songs: Path, interrupted: Interrupted, capsys: pytest.CaptureFixture[str]
) -> None:
    with interrupted:
        run(songs, status=130)
    out, _ = capsys.readouterr()
    assert "3 projects: 1 written" in out
    assert "2 projects were not started and are unchanged" in out
    assert "the same command with --resume continues" in out
    run(songs, "--resume")
    out, _ = capsys.readouterr()
    assert out.count("written (earlier)") == 1
    assert "3 projects: 3 written" in out


def test_an_interrupted_run_in_place_is_not_begun_again_by_mistake(
    songs: Path, interrupted: Interrupted, capsys: pytest.CaptureFixture[str]
) -> None:
    with interrupted:
        run(songs, status=130)
    before = contents(songs)
    run(songs, status=2)
    assert "--resume continues it; --no-resume starts again" in capsys.readouterr().err
    assert contents(songs) == before
    run(songs, "--no-resume")
    # the one that the interrupted run had written stands where it should
    assert "3 projects: 2 written, 1 stands right" in capsys.readouterr().out


def test_going_on_with_other_settings_is_refused(
    songs: Path, interrupted: Interrupted, capsys: pytest.CaptureFixture[str]
) -> None:
    with interrupted:
        run(songs, status=130)
    before = contents(songs)
    run(songs, "--resume", "--amount", "60", status=2)
    assert "the interrupted run on these paths had other settings" in capsys.readouterr().err
    assert contents(songs) == before


def test_going_on_after_the_end_does_nothing(songs: Path) -> None:
    run(songs)
    after = contents(songs)
    run(songs, "--resume")
    assert contents(songs) == after
    # a new run is a new wish: the same one finds all faders in place, another one writes
    run(songs)
    assert contents(songs) == after
    run(songs, "--mode", "all", "--level", "lufs:-40")
    assert contents(songs) != after


def test_those_that_failed_are_tried_again(songs: Path) -> None:
    whole = (songs / "song 1" / "song 1.RPP").read_bytes()
    (songs / "song 1" / "song 1.RPP").write_bytes(whole[:200])
    run(songs, status=4)
    done = contents(songs)
    (songs / "song 1" / "song 1.RPP").write_bytes(whole)
    run(songs, "--resume")
    after = contents(songs)
    assert after["song 1/song 1.RPP"] != whole
    assert after["song 0/song 0.RPP"] == done["song 0/song 0.RPP"]


def test_a_project_that_was_edited_after_its_write_began_is_not_guessed_at(
    songs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither the bytes of before nor the intended ones: whether it was written is unknown."""
    with monkeypatch.context() as patch:

        def gone(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(journal_module.Journal, "finished_with", gone)
        run(songs, status=130)
    song = next(p for p in songs.glob("song */song ?.RPP") if list(p.parent.glob("*.bak")))
    song.write_bytes(song.read_bytes().replace(b'"Kick"', b'"Kick!"'))
    edited = song.read_bytes()
    run(songs, "--resume", status=4)
    assert "so it is not known whether it was written" in capsys.readouterr().out
    assert song.read_bytes() == edited


def journals() -> list[Path]:
    return list((state_folder() / "batch").glob("*.jsonl"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b'{"journal": 99, "how": ""}\n' + data,
        lambda data: b"nonsense\n" + data,
        lambda data: data.replace(b'"outcome"', b'"outcame"'),
        lambda data: data.replace(b'"written"', b'"invented"'),
        lambda data: b"[" * 100_000 + b"\n" + data,
    ],
)
def test_a_journal_that_makes_no_sense_is_not_gone_on_with(
    songs: Path, interrupted: Interrupted, damage: object, capsys: pytest.CaptureFixture[str]
) -> None:
    with interrupted:
        run(songs, status=130)
    before = contents(songs)
    (path,) = journals()
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    run(songs, "--resume", status=1)
    assert "delete the journal, and run again" in capsys.readouterr().err
    assert contents(songs) == before


def test_a_line_cut_off_at_the_end_is_dropped(songs: Path, interrupted: Interrupted) -> None:
    with interrupted:
        run(songs, status=130)
    (path,) = journals()
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"project": "/x", "writ')
    run(songs, "--resume")
    assert path.read_bytes().startswith(whole)
    assert all(json.loads(line) for line in path.read_bytes().splitlines())


def test_journals_of_old_runs_are_forgotten(songs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "_MOST_JOURNALS", 2)
    for n in range(3):
        run(songs / f"song {n}")
    run(songs)
    assert len(journals()) == 3


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupt_at_the_terminal_ends_all_and_says_what_was_done(
    tmp_path: Path, jobs: int
) -> None:
    """All processes of a terminal's foreground get it, the ones that listen as well."""
    songs = tmp_path / "songs"
    # so many that a busy machine is not done before the interrupt arrives
    count = 150
    make_songs(songs, count)
    before = contents(songs)
    fixed = ("--recursive", "--in-place", "--no-cache", "--jobs", str(jobs))
    process = subprocess.Popen(
        [sys.executable, "-m", "reaper_drumgain", "batch", str(songs), *fixed],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while len(list(songs.rglob("*.bak"))) < 2:
        assert process.poll() is None
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGINT)
    # to the end of what its processes print: none of them is left
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err == ""
    assert "interrupted: " in out
    now = contents(songs)
    written = [name for name in before if now[name] != before[name]]
    assert 1 <= len(written) < count
    # the last one may have been written at the very moment
    told = re.search(rf"{count} projects: (\d+) written", out)
    assert told is not None, out
    assert int(told[1]) in (len(written), len(written) - 1)
    assert not list(songs.rglob("*.tmp"))
    assert not list(songs.rglob(".drumgain-batch.lock"))


def test_what_a_killed_run_had_begun_ends_too(tmp_path: Path) -> None:
    songs = tmp_path / "songs"
    make_songs(songs, 30)
    process = subprocess.Popen(
        command(songs, "--no-cache", jobs=2), stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        while len(list(songs.rglob("*.bak"))) < 2:
            assert process.poll() is None
            time.sleep(0.005)
        process.kill()
        # its processes hold the pipe open for as long as they live
        process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
