"""``drumgain batch`` as a user meets it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from batch_support import SECONDS, contents, faders, make_media, make_project

from reaper_drumgain.balance import pipeline
from reaper_drumgain.batch import find, journal
from reaper_drumgain.batch.lock import NAME, locked
from reaper_drumgain.batch.run import Batch, Options
from reaper_drumgain.cli import main
from reaper_drumgain.hosts import rpp
from reaper_drumgain.schema.session import Session
from reaper_drumgain.schema.settings import Settings


class Command:
    """Runs the command line, and checks its exit status."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: object, status: int = 0) -> tuple[str, str]:
        returned = main(["batch", *map(str, arguments)])
        out, err = self._capsys.readouterr()
        assert returned == status, (out, err)
        return out, err

    def objects(self, *arguments: object, status: int = 0) -> list[dict[str, object]]:
        out, _ = self(*arguments, "--json", status=status)
        return [json.loads(line) for line in out.splitlines()]


@pytest.fixture
def batch(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


def outcome(objects: list[dict[str, object]], name: str) -> dict[str, object]:
    (found,) = [one for one in objects if Path(str(one.get("project", ""))).name == name]
    return found


# --- what is written, and where


def test_a_dry_run_shows_what_would_be_and_writes_nothing(batch: Command, songs: Path) -> None:
    before = contents(songs)
    out, _ = batch(songs, "--recursive", "--dry-run", "--jobs", 1)
    assert out.count("would be written") == 4
    assert "3 projects: 3 would be written" in out
    assert contents(songs) == before


def test_without_more_words_each_result_lies_beside_its_project(
    batch: Command, songs: Path
) -> None:
    before = contents(songs)
    batch(songs, "--recursive", "--jobs", 1)
    after = contents(songs)
    new = {f"song {n}/song {n}-drumgain.RPP" for n in range(3)}
    assert set(after) - set(before) == new
    assert {name: after[name] for name in before} == before
    # what was written is left out of the next run, whose results get the next names
    batch(songs, "--recursive", "--jobs", 1)
    again = contents(songs)
    assert {n for n in again if n not in after} == {
        name.replace("drumgain", "drumgain-2") for name in new
    }
    assert again["song 1/song 1-drumgain-2.RPP"] == after["song 1/song 1-drumgain.RPP"]


def test_each_project_gets_what_balance_gives_it(batch: Command, songs: Path) -> None:
    batch(songs, "--recursive", "--jobs", 1, "--amount", 40, "--method", "equal-loudness")
    for song in songs.glob("song */song ?.RPP"):
        alone = song.with_name("alone.RPP")
        options = ("--amount", "40", "--method", "equal-loudness", "--no-cache")
        assert main(["balance", str(song), "--output", str(alone), *options]) == 0
        assert alone.read_bytes() == song.with_name(f"{song.stem}-drumgain.RPP").read_bytes()


def test_in_place_keeps_backups_that_restore_finds(batch: Command, songs: Path) -> None:
    before = contents(songs)
    objects = batch.objects(songs, "--recursive", "--in-place", "--jobs", 1)
    for song in songs.glob("song */song ?.RPP"):
        name = str(song.relative_to(songs))
        assert song.read_bytes() != before[name]
        backup = outcome(objects, song.name)["backup"]
        assert Path(str(backup)).read_bytes() == before[name]
        assert main(["restore", str(song)]) == 0
        assert song.read_bytes() == before[name]
    assert not list(songs.rglob(NAME))
    assert not list(songs.rglob("*.tmp"))


def test_an_output_folder_gets_the_same_tree_with_media_that_is_found(
    batch: Command, songs: Path, tmp_path: Path
) -> None:
    before = contents(songs)
    make_media(songs / "song 0" / "own")
    make_project(songs / "song 0" / "song 0.RPP", Path("own"))
    before = contents(songs)
    batch(songs, "--recursive", "--output", tmp_path / "out" / "deep", "--jobs", 1)
    out = tmp_path / "out" / "deep"
    assert set(contents(out)) == {f"song {n}/song {n}.RPP" for n in range(3)}
    assert contents(songs) == before
    for path in out.rglob("*.RPP"):
        clips = [c for t in rpp.read_project(path).session.tracks for c in t.clips]
        assert all(clip.source.found for clip in clips)
    batch(songs, "--recursive", "--output", out, "--jobs", 1, status=4)
    batch(songs, "--recursive", "--output", out, "--overwrite", "--jobs", 1)


def test_results_within_the_tree_are_not_balanced_again(
    batch: Command, songs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = songs / "mixed"
    batch(songs, "--recursive", "--output", out, "--jobs", 1)
    results = contents(out)
    assert len([name for name in results if name.endswith(".RPP")]) == 3
    told, err = batch(songs, "--recursive", "--in-place", "--jobs", 1)
    assert "3 projects: 3 written" in told
    assert err.count("left out (written by DrumGain)") == 3
    assert contents(out) == results


def test_two_projects_of_one_name_do_not_meet_in_the_output_folder(
    batch: Command, tmp_path: Path
) -> None:
    for place in ("a", "b"):
        make_media(tmp_path / place / "media")
        make_project(tmp_path / place / "song.RPP", tmp_path / place / "media")
    one, two = tmp_path / "a", tmp_path / "b"
    batch(one, two, "--output", tmp_path / "out", "--jobs", 1)
    assert set(contents(tmp_path / "out")) == {"song.RPP", "song-2.RPP"}


def test_an_output_folder_that_is_that_of_the_projects_is_refused(
    batch: Command, songs: Path
) -> None:
    before = contents(songs)
    _, err = batch(songs, "--recursive", "--output", songs, status=2)
    assert "is one of the projects; use --in-place for that" in err
    (songs / "file").write_text("")
    _, err = batch(songs, "--recursive", "--output", songs / "file", status=2)
    assert "is a file: expected a folder" in err
    (songs / "file").unlink()
    assert contents(songs) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--jobs", "0"], "--jobs 0: expected 1 or more"),
        (["--dry-run", "--resume"], "nothing to --resume"),
        (["--overwrite"], "--overwrite is for --output only"),
        (["--amount", "101"], "expected 0 to 100 percent"),
        (["nowhere"], "nowhere: no such file or folder"),
    ],
)
def test_what_cannot_be_meant_is_told_before_anything_is_done(
    batch: Command, songs: Path, options: list[str], message: str
) -> None:
    before = contents(songs)
    _, err = batch(songs, *options, status=2)
    assert message in err
    assert contents(songs) == before


def test_a_folder_without_projects_says_where_it_looked(batch: Command, tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    _, err = batch(tmp_path, status=3)
    assert (
        "no project files (.RPP) or audio files there; --recursive also looks into subfolders"
        in err
    )
    _, err = batch(tmp_path, "--recursive", status=3)
    assert "--recursive" not in err


# --- many at once


def test_the_number_of_jobs_changes_nothing(batch: Command, songs: Path, tmp_path: Path) -> None:
    written = []
    for jobs in (1, 2, 3):
        out = tmp_path / f"out {jobs}"
        batch(songs, "--recursive", "--output", out, "--jobs", jobs, "--no-cache")
        written.append(contents(out))
    assert len(written[0]) == 3
    assert written[0] == written[1] == written[2]


def test_settings_reach_every_project(batch: Command, songs: Path) -> None:
    options = ("--lock", "Snare", "--role", "OH=none", "--level", "lufs:-20", "--jobs", 1)
    batch(songs, "--recursive", *options, "--in-place", "--mode", "all")
    for n in range(3):
        kick, snare, overhead = faders(songs / f"song {n}" / f"song {n}.RPP")
        assert kick != 1.0
        assert snare == pytest.approx(0.5 + 0.01 * n)
        assert overhead == 0.7


def test_a_project_without_stems_is_balanced_without_them_and_that_is_told(
    batch: Command, songs: Path, tmp_path: Path
) -> None:
    """One song of three has stems: its snare is 12 dB softer there."""
    stems = tmp_path / "stems" / "song 1"
    make_media(stems)
    sound, rate = sf.read(stems / "Snare.wav")
    sf.write(stems / "Snare.wav", 0.25 * sound, rate, "PCM_16")
    told = batch.objects(songs, "--recursive", "--dry-run", "--stems", stems.parent)
    plain = batch.objects(songs, "--recursive", "--dry-run")
    for name in ("song 0.RPP", "song 2.RPP"):
        with_stems, without = outcome(told, name), outcome(plain, name)
        assert (with_stems["status"], without["status"]) == ("planned", "planned")
        assert with_stems["levels"] == without["levels"]
        assert "balanced without stems" in str(with_stems["message"])
        assert without["message"] is None
    own = outcome(told, "song 1.RPP")
    assert own["message"] is None
    assert own["levels"] != outcome(plain, "song 1.RPP")["levels"]
    out, _ = batch(songs, "--recursive", "--in-place", "--stems", stems.parent)
    assert out.count("balanced without stems") == 2
    missing = tmp_path / "no such folder"
    out, _ = batch(songs, "--recursive", "--dry-run", "--stems", missing, status=4)
    assert "expected a folder" in out


def test_gains_over_time_reach_every_project(batch: Command, songs: Path, tmp_path: Path) -> None:
    for name, level in (("Kick", 0.5), ("Snare", 1.0), ("OH", 1.0)):
        once, rate = sf.read(songs / "media" / f"{name}.wav")
        sound = np.tile(once, 10)
        sound[4 * rate :] *= level
        sf.write(songs / "media" / f"{name}.wav", sound, rate, "PCM_16")
    for song in songs.glob("song */song ?.RPP"):
        song.write_text(song.read_text().replace(f"LENGTH {SECONDS}", f"LENGTH {10 * SECONDS}"))
    sections = tmp_path / "sections.txt"
    sections.write_text("0 4 Verse\n4 9 Chorus\n")
    over_time = ("--write", "automation", "--sections", sections, "--method", "equal-loudness")
    batch(songs, "--recursive", *over_time, "--in-place", "--jobs", 1)
    for song in songs.glob("song */song ?.RPP"):
        alone = song.with_name("alone.RPP")
        backup = next(song.parent.glob("*.bak"))
        backup.rename(song.with_name("before.RPP"))
        command = ["balance", song.with_name("before.RPP"), *over_time, "--output", alone]
        assert main([str(word) for word in command]) == 0
        assert b"<VOLENV2" in song.read_bytes()
        assert alone.read_bytes() == song.read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="names are not bytes there")
def test_names_of_any_bytes_come_through(batch: Command, tmp_path: Path) -> None:
    make_media(tmp_path / "media")
    songs = os.fsencode(tmp_path / "songs")
    name = os.fsdecode(songs + b"/k\xfcche \xff\n.RPP")
    make_project(Path(name), tmp_path / "media")
    options = ("--in-place", "--jobs", 2, "--report", tmp_path / "report")
    objects = batch.objects(tmp_path / "songs", *options)
    assert [one.get("status") for one in objects] == ["written", None]
    assert objects[0]["project"] == name
    out, _ = batch(tmp_path / "songs", *options, "--resume")
    assert "written (earlier)" in out
    assert len(list((tmp_path / "report").glob("*.html"))) == 2


def test_real_projects_come_through(batch: Command, shared_data: Path, tmp_path: Path) -> None:
    shutil.copytree(shared_data / "projects", tmp_path / "projects")
    demo = resources.files("reaper_drumgain") / "demo" / "session"
    shutil.copytree(str(demo), tmp_path / "projects", dirs_exist_ok=True)
    before = contents(tmp_path)
    objects = batch.objects(tmp_path / "projects", "--dry-run", "--jobs", 2, status=0)
    *outcomes, last = objects
    assert len(outcomes) == len(list((tmp_path / "projects").glob("*.[Rr][Pp][Pp]")))
    assert {one["status"] for one in outcomes} == {"planned", "nothing"}
    assert last["summary"]["projects"] == len(outcomes)
    assert contents(tmp_path) == before


# --- what goes wrong


def test_broken_projects_do_not_stop_the_others(batch: Command, songs: Path) -> None:
    whole = (songs / "song 0" / "song 0.RPP").read_bytes()
    (songs / "cut.RPP").write_bytes(whole[:300])
    (songs / "none.RPP").write_bytes(b"<REAPER_PROJECT 0.1\n>\n")
    (songs / "gone.RPP").symlink_to(songs / "nowhere")
    os.mkfifo(songs / "pipe.RPP")
    objects = batch.objects(songs, "--recursive", "--jobs", 2, "--mode", "all", status=4)
    assert {one["mode"] for one in objects[:-1]} == {"all", None}
    assert objects[-1]["summary"] == {
        "modes": {"all": 3, "outliers": 0},
        "projects": 7,
        "written": 3,
        "planned": 0,
        "unchanged": 0,
        "nothing": 1,
        "failed": 3,
        "interrupted": False,
    }
    assert "never ends" in outcome(objects, "cut.RPP")["message"]
    assert "No such file" in outcome(objects, "gone.RPP")["message"]
    assert "is a pipe, socket or device" in outcome(objects, "pipe.RPP")["message"]
    assert outcome(objects, "none.RPP")["status"] == "nothing"
    assert len(list(songs.rglob("*-drumgain.RPP"))) == 3


def test_media_of_which_nothing_can_be_read_is_told_by_project(batch: Command, songs: Path) -> None:
    make_project(songs / "song 1" / "song 1.RPP", songs / "nowhere")
    out, _ = batch(songs, "--recursive", "--dry-run", "--jobs", 1)
    assert "no drum track to balance" in out
    assert "2 would be written, 1 no drum track" in out


def test_projects_without_drums_have_a_status_of_their_own(batch: Command, tmp_path: Path) -> None:
    (tmp_path / "song.RPP").write_bytes(b"<REAPER_PROJECT 0.1\n>\n")
    out, _ = batch(tmp_path, "--jobs", 1, status=3)
    assert "1 project: 1 no drum track" in out


def test_a_folder_that_cannot_be_read_is_told_and_counted(
    batch: Command, songs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def scandir(path: os.PathLike[str]) -> object:
        if Path(path).name == "song 1":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    out, _ = batch(songs, "--recursive", "--jobs", 1, status=4)
    assert "the folder cannot be read: Permission denied" in out
    assert len(list(songs.rglob("*-drumgain.RPP"))) == 2


@pytest.mark.parametrize("mode", [["--in-place"], []])
def test_a_folder_that_cannot_be_written_stops_only_its_projects(
    batch: Command, songs: Path, monkeypatch: pytest.MonkeyPatch, mode: list[str]
) -> None:
    real, before = os.open, contents(songs / "song 1")

    def refused(path: object, flags: int, *rest: int) -> int:
        if flags & os.O_CREAT and Path(str(path)).parent.name == "song 1":
            raise PermissionError(13, "Permission denied")
        return real(path, flags, *rest)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "open", refused)
    folders = sorted(songs.glob("song *"))
    objects = batch.objects(*folders, *mode, "--jobs", 1, status=4)
    assert "no lock file can be written there" in outcome(objects, "song 1.RPP")["message"]
    assert objects[-1]["summary"]["written"] == len(folders) - 1
    assert contents(songs / "song 1") == before


def test_a_link_to_nothing_stops_nothing(batch: Command, songs: Path, tmp_path: Path) -> None:
    (songs / "lost.RPP").symlink_to(tmp_path / "gone" / "lost.RPP")
    objects = batch.objects(songs, "--recursive", "--in-place", "--jobs", 1, status=4)
    assert "No such file" in outcome(objects, "lost.RPP")["message"]
    assert objects[-1]["summary"]["written"] == 3


def test_a_project_that_vanishes_is_told(
    batch: Command, songs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pipeline.balance

    def vanish(session: Session, *rest: object, **options: object) -> object:
        if session.path.endswith("song 1.RPP"):
            Path(session.path).unlink()
        return real(session, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "balance", vanish)
    objects = batch.objects(songs, "--recursive", "--in-place", "--jobs", 1, status=4)
    assert "No such file" in outcome(objects, "song 1.RPP")["message"]
    assert objects[-1]["summary"]["written"] == 2


def test_a_project_saved_while_it_is_listened_to_is_not_overwritten(
    batch: Command, songs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pipeline.balance

    def save(session: Session, *rest: object, **options: object) -> object:
        plan = real(session, *rest, **options)  # type: ignore[arg-type]
        if session.path.endswith("song 1.RPP"):
            path = Path(session.path)
            path.write_bytes(path.read_bytes().replace(b"Kick", b"Kick in"))
        return plan

    monkeypatch.setattr(pipeline, "balance", save)
    objects = batch.objects(songs, "--recursive", "--in-place", "--jobs", 1, status=4)
    assert "changed while its audio was analysed" in outcome(objects, "song 1.RPP")["message"]
    assert faders(songs / "song 1" / "song 1.RPP") == [1.0, 0.51, 0.7]


def test_an_error_of_ours_stops_only_its_project(
    batch: Command, songs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pipeline.balance

    def fail(session: Session, *rest: object, **options: object) -> object:
        if session.path.endswith("song 1.RPP"):
            raise RuntimeError("surprise")
        return real(session, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "balance", fail)
    out, _ = batch(songs, "--recursive", "--jobs", 1, status=4)
    assert "unexpected RuntimeError: surprise. Please report it" in out
    assert len(list(songs.rglob("*-drumgain.RPP"))) == 2


def test_a_process_that_dies_takes_only_its_project_with_it(songs: Path, tmp_path: Path) -> None:
    """A project whose path kills the process that reads it, as a decoder might."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import os\n"
        "from reaper_drumgain.batch import work\n"
        "real = work.plan_of\n"
        "def plan(path, job):\n"
        "    if path.endswith('song 1.RPP'):\n"
        "        os.kill(os.getpid(), 9)\n"
        "    return real(path, job)\n"
        "work.plan_of = plan\n"
    )
    command = [sys.executable, "-m", "reaper_drumgain", "batch", str(songs), "--recursive"]
    done = subprocess.run(
        [*command, "--jobs", "2"],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4, done.stderr
    assert "the process that analysed its audio ended" in done.stdout
    assert "3 projects: 2 written, 1 FAILED" in done.stdout
    assert "Traceback" not in done.stderr


BROKEN = {
    "every process ends at its start": (
        # the folder that a process of ours is told not to import from
        "import os\nif 'PYTHONSAFEPATH' in os.environ: os._exit(3)\n",
        "the processes that analyse audio end as soon as they start, for every project: try "
        "--jobs 1",
    ),
    "numpy ends every process": (
        "import os, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'numpy' and 'PYTHONSAFEPATH' in os.environ: os._exit(3)\n"
        "sys.meta_path.insert(0, Finder())\n",
        "end as soon as they start, for every project: try --jobs 1",
    ),
    "numpy is gone": (
        "import sys\nsys.modules['numpy'] = None\n",
        "cannot import the packages that it needs (",
    ),
}


@pytest.mark.parametrize(
    ("how", "jobs"), [*((how, 2) for how in BROKEN), ("numpy is gone", 1)], ids=str
)
def test_a_broken_python_is_one_sentence_for_the_whole_run(
    songs: Path, tmp_path: Path, how: str, jobs: int
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    code, said = BROKEN[how]
    (site / "sitecustomize.py").write_text(code)
    command = [sys.executable, "-m", "reaper_drumgain", "batch", str(songs), "--recursive"]
    before = contents(songs)
    done = subprocess.run(
        [*command, "--jobs", str(jobs), "--in-place"],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, (done.stdout, done.stderr)
    (line,) = done.stderr.splitlines()
    assert said in line
    assert sys.executable in line
    assert "install DrumGain again" in line
    assert done.stdout == ""
    assert contents(songs) == before


def test_nothing_is_imported_from_the_working_folder(songs: Path) -> None:
    """A project folder may come from anybody."""
    for name in ("numpy", "soundfile", "joblib", "cloudpickle", "threading"):
        (songs / f"{name}.py").write_text("open('imported', 'w').close(); raise SystemExit('evil')")
    for start in (
        [sys.executable, "-m", "reaper_drumgain"],
        [str(Path(sys.executable).parent / "drumgain")],
    ):
        command = [*start, "batch", ".", "--recursive", "--dry-run", "--jobs", "2"]
        done = subprocess.run(command, cwd=songs, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "3 projects: 3 would be written" in done.stdout
        assert not (songs / "imported").exists()


def test_a_second_run_on_the_same_folder_says_so(batch: Command, songs: Path) -> None:
    before = contents(songs)
    with locked([songs]):
        _, err = batch(songs / "song 1", "--in-place", "--jobs", 1, status=1)
    assert "another 'drumgain batch' is running there" in err
    with locked([songs / "song 1"]):
        _, err = batch(songs, "--recursive", "--jobs", 1, status=1)
    assert "another 'drumgain batch' is running there" in err
    assert contents(songs) == before


FEW_FILES = """
import resource, sys
from reaper_drumgain.cli import main
resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
sys.exit(main(["batch", "--jobs", "1", *sys.argv[1:]]))
"""


def test_more_folders_than_files_may_be_open_are_locked(tmp_path: Path) -> None:
    songs = [tmp_path / f"{n}" / "song.RPP" for n in range(100)]
    for song in songs:
        song.parent.mkdir()
        song.write_bytes(b"<REAPER_PROJECT 0.1\n>\n")
    command = [sys.executable, "-c", FEW_FILES, *map(str, songs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert "100 projects: 100 no drum track" in done.stdout


def test_a_full_disk_is_told_by_project_and_nothing_is_lost(
    batch: Command, songs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(songs)
    real = os.replace

    def full(source: object, target: object) -> None:
        if str(target).endswith("song 1.RPP"):
            raise OSError(28, "No space left on device")
        real(source, target)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "replace", full)
    out, _ = batch(songs, "--recursive", "--in-place", "--jobs", 1, status=4)
    assert "No space left on device" in out
    assert contents(songs)["song 1/song 1.RPP"] == before["song 1/song 1.RPP"]
    assert "2 written, 1 FAILED" in out
    # with room again, going on does what is left, and only that
    monkeypatch.undo()


def test_a_journal_that_cannot_be_kept_keeps_from_writing(
    batch: Command, songs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(songs)
    real = os.fsync
    calls = []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) > 2:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(journal.os, "fsync", full)
    out, _ = batch(songs, "--recursive", "--in-place", "--jobs", 1, status=4)
    assert "cannot keep the journal" in out
    assert contents(songs) == before


def test_a_state_folder_that_cannot_be_made_is_told_at_once(
    batch: Command, songs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DRUMGAIN_STATE", str(tmp_path / "file" / "state"))
    before = contents(songs)
    _, err = batch(songs, "--recursive", "--in-place", "--jobs", 1, status=1)
    assert "cannot" in err
    assert "journal" in err
    assert contents(songs) == before


# --- progress and summary


def test_hostile_names_do_not_reach_the_terminal(batch: Command, tmp_path: Path) -> None:
    make_media(tmp_path / "media")
    evil = "a\x1b[2J\u202ename"
    make_project(tmp_path / f"{evil}.RPP", tmp_path / "media")
    out, err = batch(tmp_path, "--dry-run", "--jobs", 1)
    assert "\x1b" not in out + err
    assert "\u202e" not in out + err
    assert "\\x1b[2J" in out


def test_left_out_files_are_told(batch: Command, songs: Path) -> None:
    (songs / "song 0" / "song 0-drumgain.RPP").write_text("x")
    _, err = batch(songs, "--recursive", "--dry-run", "--jobs", 1)
    assert "left out (written by DrumGain):" in err


def test_progress_tells_rate_and_time_left(
    capsys: pytest.CaptureFixture[str], songs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reaper_drumgain.cli.batch._TELL_EVERY_S", 0.0)
    assert main(["batch", str(songs), "--recursive", "--dry-run", "--jobs", "1"]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "left" in line]
    assert len(lines) == 3
    assert lines[1].startswith("2 of 3 projects, ")
    assert lines[-1].endswith("0 s left")


def test_a_cached_analysis_serves_the_next_method(
    songs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from reaper_drumgain.balance import project_analyzer
    from reaper_drumgain.cache import keys

    monkeypatch.setattr(keys, "SETTLED_S", -1e9)
    arguments = ["batch", str(songs), "--recursive", "--dry-run", "--jobs", "1"]
    assert main(arguments) == 0
    again = lambda *given, **options: pytest.fail("audio was read again")  # noqa: E731
    monkeypatch.setattr(project_analyzer, "analyze", again)
    assert main([*arguments, "--method", "equal-loudness"]) == 0
    monkeypatch.undo()
    assert "FAILED" not in capsys.readouterr().out


def test_a_batch_from_python_gives_outcomes(songs: Path) -> None:
    made = Batch(Options((songs,), Settings(), recursive=True, mode="dry run"))
    found = list(made.outcomes(pytest.fail))
    assert [outcome.status for outcome in found] == ["planned"] * 3
    assert all(outcome.drums == 3 for outcome in found)
    assert isinstance(made.found, find.Found)
