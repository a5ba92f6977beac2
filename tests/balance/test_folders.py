"""Given a folder of audio files, when it is balanced, then it is a project like any other."""

import json
import os
import shutil
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from support import RATE, hits

from reaper_drumgain.balance.folders import open_folder, track_names
from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.cli import main
from reaper_drumgain.errors import InputError, NothingToBalanceError
from reaper_drumgain.hosts import rpp
from reaper_drumgain.schema.settings import Settings

DEMO = resources.files("reaper_drumgain") / "demo" / "session"


@pytest.fixture
def stems(tmp_path) -> Path:
    """The audio of the demo session without its project."""
    return Path(shutil.copytree(str(DEMO / "media"), tmp_path / "My Söng"))


def run(capsys, *words):
    status = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return status, json.loads(out) if out.startswith("{") else out, err


def kick(path: Path, level: float = 0.5) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    sf.write(path, hits(4.0, every=0.5, frequency=60.0, level=level, seed=1), RATE)


def snare(path: Path, level: float = 0.5) -> None:
    sf.write(path, hits(4.0, every=1.0, frequency=200.0, level=level, seed=2), RATE)


def test_a_folder_gives_the_faders_of_its_project(stems, tmp_path):
    project = shutil.copytree(str(DEMO), tmp_path / "demo") / "DrumGain demo.RPP"
    known = balance(rpp.read_project(project).session, Settings(mode="all"))
    plan = balance(open_folder(stems).session, Settings(mode="all"))
    by_name = {track.name: track.new_db for track in known.tracks}
    assert len(plan.tracks) == len(known.tracks) == 11
    # pans and bus differ, which faders make up for: the distances between drums are the same
    found = np.array([[track.new_db, by_name[track.name[3:]]] for track in plan.tracks])
    own, other = found[:, 0] - found[0, 0], found[:, 1] - found[0, 1]
    close = [not track.name.endswith(("L", "R", "Hi-Hat", "Tom")) for track in plan.tracks]
    assert own[close] == pytest.approx(other[close], abs=1.0)


def test_the_new_project_reads_as_planned_and_holds_all_files(stems, capsys):
    status, plan, _ = run(capsys, "balance", stems, "--json")
    assert status == 0
    assert Path(plan["output"]) == stems / "My Söng-drumgain.RPP"
    session = rpp.read_project(plan["output"]).session
    assert len(session.tracks) == 13
    assert all(clip.source.found for track in session.tracks for clip in track.clips)
    written = {track.name: 20 * np.log10(track.fader) for track in session.tracks}
    for track in plan["tracks"]:
        assert written[track["name"]] == pytest.approx(track["new_db"], abs=1e-5)
    assert [t.pan for t in session.tracks if t.name.endswith((" L", " R"))] == [-1, 1, -1, 1]
    # a second run changes none of its faders
    status, again, _ = run(capsys, "balance", plan["output"], "--json", "--dry-run")
    assert status == 0
    assert all(abs(t["new_db"] - t["old_db"]) < 0.3 for t in again["tracks"])


def test_nothing_that_is_there_is_written_over(stems, capsys):
    _, first, _ = run(capsys, "balance", stems, "--json")
    before = Path(first["output"]).read_bytes()
    _, second, _ = run(capsys, "balance", stems, "--json")
    assert second["output"] != first["output"]
    assert Path(first["output"]).read_bytes() == before
    assert Path(second["output"]).read_bytes() == before
    status, _, err = run(capsys, "balance", stems, "--output", first["output"])
    assert status == 1
    assert "exists already" in err
    status, _, err = run(capsys, "balance", stems, "--in-place")
    assert status == 2
    assert "is a folder" in err


def test_another_output_folder_still_finds_the_files(stems, capsys, tmp_path):
    (tmp_path / "out").mkdir()
    status, plan, _ = run(capsys, "balance", stems, "--output", tmp_path / "out", "--json")
    assert status == 0
    session = rpp.read_project(plan["output"]).session
    assert all(clip.source.found for track in session.tracks for clip in track.clips)


def test_two_hundred_files_of_which_eight_are_drums(tmp_path, capsys):
    folder = tmp_path / "big"
    names = ("Kick", "Snare Top", "Snare Btm", "Hat", "Rack Tom", "Floor Tom", "OH L", "OH R")
    kick(folder / "Kick.wav")
    for name in names[1:]:
        snare(folder / f"{name}.wav")
    quiet = np.zeros(RATE // 10)
    for number in range(192):
        sf.write(folder / f"Guitar {number}.wav", quiet, RATE)
    status, plan, _ = run(capsys, "balance", folder, "--json")
    assert status == 0
    assert sorted(track["name"] for track in plan["tracks"]) == sorted(names)
    assert len(plan["untouched"]) == 192
    assert len(rpp.read_project(plan["output"]).session.tracks) == 200


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_odd_files_are_left_out_and_told(tmp_path):
    folder = tmp_path / "odd"
    kick(folder / "Kick.wav")
    snare(folder / "Snare.wav")
    (folder / "Tom.wav").write_bytes(b"RIFF no audio at all")
    (folder / "._Kick.wav").write_bytes(b"of a Mac")
    (folder / "notes.txt").write_text("kick")
    kick(folder / "a\nb\"'`.wav")
    (folder / "Room.wav").mkdir()
    session = open_folder(folder).session
    assert [track.name for track in session.tracks] == ["Kick", "Snare"]
    told = " ".join(session.warnings)
    assert "Tom.wav is left out" in told
    assert "cannot be written in a project file" in told


def test_two_files_of_one_name_are_two_tracks_that_can_be_told_apart(tmp_path, capsys):
    for name in ("Kick.wav", "Kick.flac"):
        kick(tmp_path / name)
    snare(tmp_path / "Snare.wav")
    words = ("balance", tmp_path, "--role", "Kick (flac)=none", "--dry-run", "--json")
    status, plan, err = run(capsys, *words)
    assert status == 0, err
    assert [(t["name"], t["role"]) for t in plan["tracks"]] == [
        ("Kick (wav)", "kick"),
        ("Snare", "snare"),
    ]


def test_folders_that_are_none(tmp_path):
    with pytest.raises(NothingToBalanceError, match="no audio files there"):
        open_folder(tmp_path)
    kick(tmp_path / "Kick.wav")
    (tmp_path / "song.RPP").write_text("<REAPER_PROJECT 0.1\n>\n")
    with pytest.raises(InputError, match=r"holds projects \(song.RPP\)"):
        open_folder(tmp_path)


@pytest.mark.parametrize(
    ("stems", "names"),
    [
        (("My Song_Kick", "My Song_Snare", "My Song_OH"), ("Kick", "Snare", "OH")),
        (("Tom 1", "Tom 2", "Tom 3"), ("Tom 1", "Tom 2", "Tom 3")),
        (("01_Kick", "02_Snare", "03_Hat"), ("01_Kick", "02_Snare", "03_Hat")),
        (("X Kick", "X Snare"), ("X Kick", "X Snare")),
        (("Song-01 K", "Song-02 S", "Song-03 H"), ("01 K", "02 S", "03 H")),
        (("Drums_A", "Drums_B", "Drums_C"), ("Drums_A", "Drums_B", "Drums_C")),
    ],
)
def test_what_all_names_begin_with_says_nothing(stems, names):
    assert tuple(track_names(stems)) == names


def test_a_batch_takes_folders_where_there_is_no_project(tmp_path, capsys):
    for song in ("one", "two"):
        kick(tmp_path / "stems" / song / "Kick.wav")
        snare(tmp_path / "stems" / song / "Snare.wav", level=0.1)
    words = ("batch", tmp_path / "stems", "--recursive", "--jobs", "1")
    status, out, _ = run(capsys, *words)
    assert status == 0
    written = sorted(tmp_path.rglob("*.RPP"))
    assert [path.name for path in written] == ["one-drumgain.RPP", "two-drumgain.RPP"]
    before = [path.read_bytes() for path in written]
    status, out, _ = run(capsys, *words, "--output", tmp_path / "out")
    assert status == 0
    assert len(list((tmp_path / "out").rglob("*.RPP"))) == 2
    assert [path.read_bytes() for path in written] == before
    status, out, _ = run(capsys, *words, "--in-place")
    assert status == 4
    assert "no project to change in place" in out


def test_media_beside_projects_are_no_projects(tmp_path, capsys):
    songs = tmp_path / "songs"
    shutil.copytree(str(DEMO), songs / "demo")
    kick(songs / "loose" / "Kick.wav")
    status, out, _ = run(capsys, "batch", songs, "--recursive", "--dry-run", "--jobs", "1")
    assert status == 0
    assert "1 project: " in out
