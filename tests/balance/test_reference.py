"""Given a mix of the session, when it is the reference, then the faders reproduce its balance."""

import json
import shutil
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import soxr

from reaper_drumgain.cli import main
from reaper_drumgain.hosts import rpp
from reaper_drumgain.tracks.routing import path_of

PROJECT = "DrumGain demo.RPP"
LEVELS = {
    "Kick In": -2.0,
    "Snare Top": -6.5,
    "Snare Bottom": -9.0,
    "Hi-Hat": -10.0,
    "Tom 1": 0.5,
    "Tom 2": 2.0,
    "Floor Tom": -2.0,
    "OH L": -0.5,
    "OH R": -1.5,
    "Room L": 2.0,
    "Room R": 2.0,
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The project, the mix (2, frames) of its drums with LEVELS, its other tracks, the rate."""
    folder = tmp_path_factory.mktemp("reference") / "demo"
    shutil.copytree(str(resources.files("reaper_drumgain") / "demo" / "session"), folder)
    session = rpp.read_project(folder / PROJECT).session
    mix, others, rate = 0.0, 0.0, 0
    for track in session.tracks:
        if not track.clips:
            continue
        sound, rate = sf.read(track.clips[0].source.path)
        if track.name not in LEVELS:
            others = others + sound
            continue
        way = np.array(path_of(session, track).through_fader).sum(axis=1)
        mix = mix + 10 ** (LEVELS[track.name] / 20) * way[:, None] * sound
    return folder / PROJECT, mix, others, rate


def write(path: Path, mix: np.ndarray, rate: int) -> Path:
    sf.write(path, mix.T, rate, subtype="FLOAT")
    return path


def balanced(capsys, *words, status=0):
    returned = main(["balance", *map(str, words), "--dry-run", "--json"])
    out, err = capsys.readouterr()
    assert returned == status, err
    answer = json.loads(out)
    return answer["error"]["message"] if status else answer


def distance(plan) -> np.ndarray:
    """How far each fader is from the mix's, the common level removed."""
    rest = np.array([track["new_db"] - LEVELS[track["name"]] for track in plan["tracks"]])
    return np.abs(rest - np.median(rest))


def test_the_faders_of_a_mix_of_the_drums(demo, capsys, tmp_path):
    project, mix, _, rate = demo
    plan = balanced(capsys, project, "--reference", write(tmp_path / "mix.wav", mix, rate))
    assert plan["method"] == "reference"
    # the path's level is gated, which is a little off for a few quiet strokes of one tom
    assert distance(plan).max() < 0.2
    assert any("explain 100% of the reference" in told for told in plan["warnings"])
    assert not any("polarity" in told and "reference" in told for told in plan["warnings"])


def test_the_projects_other_tracks_are_no_noise(demo, capsys, tmp_path):
    project, mix, others, rate = demo
    loud = 2.0 * others * np.linalg.norm(mix) / np.linalg.norm(np.stack([others, others]))
    plan = balanced(capsys, project, "--reference", write(tmp_path / "a.wav", mix + loud, rate))
    assert distance(plan).max() < 0.3
    assert any("2 other tracks of the project" in told for told in plan["warnings"])


def test_a_part_at_another_rate_with_inverted_polarity_and_in_mono(demo, capsys, tmp_path):
    project, mix, _, rate = demo
    part = -soxr.resample(mix.T[rate : int(7.3 * rate)], rate, 48_000).T
    plan = balanced(capsys, project, "--reference", write(tmp_path / "p.wav", part, 48_000))
    assert distance(plan).max() < 1.0
    assert any("resampled" in told for told in plan["warnings"])
    assert any("opposite polarity" in told for told in plan["warnings"])
    mono = balanced(
        capsys, project, "--reference", write(tmp_path / "m.wav", mix.mean(axis=0)[None], rate)
    )
    middle = [not track["name"].endswith((" L", " R")) for track in mono["tracks"]]
    assert distance(mono)[middle].max() < 1.0


def test_a_clipped_mix_is_told(demo, capsys, tmp_path):
    project, mix, _, rate = demo
    top = 0.35 * np.abs(mix).max()
    path = write(tmp_path / "clipped.wav", np.clip(mix, -top, top), rate)
    plan = balanced(capsys, project, "--reference", path)
    assert any("is clipped or limited hard" in told for told in plan["warnings"])
    assert distance(plan).max() < 2.5


def test_another_recording_is_refused(demo, capsys, tmp_path):
    project, mix, others, rate = demo
    before = project.read_bytes()
    shuffled = np.concatenate([mix[:, 3 * rate :], mix[:, : 3 * rate]], axis=1)[:, ::-1]
    for name, wrong in (("others", np.stack([others, others])), ("backwards", shuffled)):
        path = write(tmp_path / f"{name}.wav", wrong, rate)
        err = balanced(capsys, project, "--reference", path, status=2)
        assert "not a mix of this session" in err
    assert project.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--method", "unity"), "it cannot be used with --method"),
        (("--model", "rock"), "it cannot be used with --model"),
        (("--mode", "outliers"), "it cannot be used with --mode outliers"),
        (("--write", "automation"), "it cannot be used with --write automation"),
        (("--listen",), "stated with --role"),
    ],
)
def test_options_that_say_something_else_are_refused(demo, capsys, tmp_path, words, message):
    project, mix, _, rate = demo
    path = write(tmp_path / "mix.wav", mix[:, :rate], rate)
    assert message in balanced(capsys, project, "--reference", path, *words, status=2)


def test_what_is_no_mix_is_told(demo, capsys, tmp_path):
    project, mix, _, rate = demo
    silent = write(tmp_path / "silent.wav", np.zeros_like(mix), rate)
    assert "the mix is silent" in balanced(capsys, project, "--reference", silent, status=2)
    short = write(tmp_path / "short.wav", mix[:, : rate // 2], rate)
    told = balanced(capsys, project, "--reference", short, status=2)
    assert "expected 4.0 s or more" in told
    (tmp_path / "no.wav").write_bytes(b"nothing")
    balanced(capsys, project, "--reference", tmp_path / "no.wav", status=1)
    balanced(capsys, project, "--reference", tmp_path / "gone.wav", status=2)
