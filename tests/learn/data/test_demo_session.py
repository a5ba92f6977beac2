"""The packaged session, as a user would find it."""

import re
from pathlib import Path

import numpy as np
import pytest
import reaper_parser
import soundfile

import reaper_drumgain
from reaper_drumgain.learn.data import make_demo

SESSION = Path(reaper_drumgain.__file__).parent / "demo" / "session"
PROJECT = SESSION / "DrumGain demo.RPP"


def test_the_package_holds_the_session_within_its_size():
    total = sum(path.stat().st_size for path in SESSION.rglob("*") if path.is_file())
    assert total < 3.5e6
    assert "DrumGizmo.org" in (SESSION / "CREDITS.txt").read_text(encoding="utf-8")


def test_the_project_is_what_the_module_writes_and_ends_lines_as_reaper_does():
    content = PROJECT.read_bytes()
    assert content == make_demo.project_text().encode("ascii")
    assert content.count(b"\n") == content.count(b"\r\n")


def test_an_independent_parser_reads_the_project():
    project = reaper_parser.parse(PROJECT.read_bytes().decode("ascii")).project
    names = [track.name for track in project.tracks]
    assert names == ["Drums", *(track.name for track in make_demo.DRUMS), "Bass", "Vocal"]
    assert [len(track.items) for track in project.tracks] == [0] + [1] * (len(names) - 1)


def test_folder_depths_close_at_the_last_drum_track():
    changes = [int(n) for n in re.findall(rb"ISBUS \d (-?\d+)", PROJECT.read_bytes())]
    depths = np.cumsum(changes)
    assert depths.tolist() == [1] * len(make_demo.DRUMS) + [0, 0, 0]


def test_every_source_is_there_whole_and_not_clipped():
    files = re.findall(rb'FILE "(.+?)"', PROJECT.read_bytes())
    assert len(files) == len(make_demo.DRUMS) + 2
    for name in files:
        sound, rate = soundfile.read(SESSION / name.decode())
        assert rate == make_demo.RATE
        assert sound.shape == (round(make_demo.LENGTH * rate),)
        assert 0.01 < np.max(np.abs(sound)) < 0.9


@pytest.mark.slow
def test_the_audio_is_made_from_the_data_again(shared_data: Path, tmp_path: Path):
    project = make_demo.make_demo(shared_data, tmp_path)
    assert project.read_bytes() == PROJECT.read_bytes()
    for path in sorted((SESSION / "media").iterdir()):
        packaged, _ = soundfile.read(path, dtype="int16")
        made, _ = soundfile.read(tmp_path / "media" / path.name, dtype="int16")
        assert np.max(np.abs(packaged.astype(int) - made)) <= 1
