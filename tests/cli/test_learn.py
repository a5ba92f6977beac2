"""``drumgain learn`` and ``--model`` on the packaged demo session."""

import json
import re
import shutil
from html import unescape
from importlib import resources
from pathlib import Path

import pytest

from reaper_drumgain.balance.comparison import compare_methods
from reaper_drumgain.cli import main
from reaper_drumgain.hosts import rpp
from reaper_drumgain.methods import user_models
from reaper_drumgain.schema.settings import Settings

FADERS = {
    "Kick In": 0.0,
    "Snare Top": 3.0,
    "Snare Bottom": -8.0,
    "Hi-Hat": -15.0,
    "Tom 1": 2.0,
    "Tom 2": -6.0,
    "Floor Tom": 4.0,
    "OH L": -9.0,
    "OH R": -9.0,
    "Room L": -18.0,
    "Room R": -18.0,
}
PROJECT = "DrumGain demo.RPP"


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A copy of the demo session, and in it ``mine.RPP``, which somebody has mixed."""
    monkeypatch.setenv("DRUMGAIN_DATA", str(tmp_path / "data"))
    with resources.as_file(resources.files("reaper_drumgain") / "demo" / "session") as source:
        session = Path(shutil.copytree(source, tmp_path / "session"))
    write(session / "mine.RPP", mixed((session / PROJECT).read_bytes(), FADERS))
    return session


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def mixed(project: bytes, faders: dict[str, float]) -> bytes:
    for name, level in faders.items():
        head = rb'(NAME "?%s"?\r\n(?:.*\r\n){3}    VOLPAN )\S+' % name.encode()
        gain = b"%.6f" % 10 ** (level / 20)
        project, count = re.subn(head, lambda found, gain=gain: found[1] + gain, project)
        assert count == 1, name
    return project


def run(capsys, *words) -> tuple[int, dict, str]:
    status = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return status, json.loads(out) if out.startswith("{") else {}, out + err


def test_a_learned_model_moves_the_plan_towards_the_user(folder, capsys):
    before = (folder / "mine.RPP").read_bytes()
    status, learned, _ = run(capsys, "learn", folder / "mine.RPP", "--name", "rock", "--json")
    assert status == 0
    assert learned["projects"][0]["tracks"] == 11
    assert "too little material" in learned["check"]["verdict"][0]
    assert (folder / "mine.RPP").read_bytes() == before
    words = ("balance", folder / "mine.RPP", "--dry-run", "--mode", "all", "--json")
    _, own, _ = run(capsys, *words, "--model", "rock")
    _, bundled, _ = run(capsys, *words)
    assert own["settings"]["model"] == "rock"
    assert bundled["settings"]["model"] is None
    faders = {track["name"]: track for track in own["tracks"]}
    plain = {track["name"]: track["new_db"] for track in bundled["tracks"]}
    for name, track in faders.items():
        assert track["bundled_db"] == pytest.approx(plain[name], abs=0.011)
    wide = FADERS["Snare Top"] - FADERS["Room L"]
    distance = faders["Snare Top"]["new_db"] - faders["Room L"]["new_db"]
    assert plain["Snare Top"] - plain["Room L"] + 1.0 < distance < wide


def test_the_model_is_listed_with_its_card_and_shown_in_a_report(folder, capsys, tmp_path):
    run(capsys, "learn", folder / "mine.RPP", "--name", "rock")
    _, listed, _ = run(capsys, "models", "--json")
    assert [model["name"] for model in listed["models"]] == ["rock"]
    _, _, card = run(capsys, "models", "rock")
    assert "| room | 2 | 1 |" in card
    report = tmp_path / "report"
    words = ("--model", "rock", "--mode", "all", "--dry-run", "--report", report)
    status, _, text = run(capsys, "balance", folder / "mine.RPP", *words)
    assert status == 0
    assert "Bundled dB" in text
    assert "your model rock" in text
    page = next(report.glob("*.html")).read_text("utf-8")
    assert "Bundled dB" in page
    _, _, plain = run(capsys, "balance", folder / "mine.RPP", "--mode", "all", "--dry-run")
    assert "Bundled dB" not in plain
    # column, sentences and picture name the same range
    for shown in (text, page):
        assert "Your range dB: the engineers' range" in unescape(shown)
        assert "your model's range" in unescape(shown)
        assert "Engineers dB" not in shown
    assert "outside your model's range" in text
    assert "Engineers dB: on about 80 % of tracks" in plain
    assert "your model" not in plain


def test_a_batch_takes_the_model(folder, capsys, tmp_path):
    run(capsys, "learn", folder / "mine.RPP", "--name", "rock")
    (folder / PROJECT).unlink()
    words = ("--model", "rock", "--mode", "all", "--output", tmp_path / "out", "--jobs", "1")
    status, _, _ = run(capsys, "batch", folder, *words)
    assert status == 0
    status, plan, _ = run(
        capsys, *("balance", folder / "mine.RPP", "--model", "rock", "--mode", "all", "--json")
    )
    written = (tmp_path / "out" / "mine.RPP").read_bytes()
    same = Path(plan["output"]).read_bytes()
    faders = re.compile(rb"    VOLPAN (\S+)")
    assert faders.findall(written) == faders.findall(same)


def test_what_nobody_has_mixed_teaches_nothing(folder, capsys):
    status, _, text = run(capsys, "learn", folder / PROJECT, "--name", "rock")
    assert status == 3
    assert "11 of 11 drum faders share one value: it is not mixed yet" in text
    run(capsys, "balance", folder / PROJECT, "--output", folder / "ours.RPP")
    status, _, text = run(capsys, "learn", folder / "ours.RPP", "--name", "rock")
    assert status == 3
    assert "are where DrumGain set them" in text
    _, listed, _ = run(capsys, "models", "--json")
    assert listed["models"] == []


def test_few_faders_off_one_value_are_no_mix_yet_and_trims_in_them_do_not_make_it_one(
    folder, capsys
):
    flat = (folder / PROJECT).read_bytes()
    write(folder / "few.RPP", mixed(flat, {"Kick In": -3.0, "Snare Top": -2.0, "Hi-Hat": -6.0}))
    status, _, text = run(capsys, "learn", folder / "few.RPP", "--name", "rock")
    assert status == 3
    assert "8 of 11 drum faders share one value: it is not mixed yet" in text
    own = {name: level for name, level in FADERS.items() if "Tom" not in name}
    write(folder / "four.RPP", mixed(flat, own))
    status, learned, _ = run(capsys, "learn", folder / "four.RPP", "--name", "rock", "--json")
    assert (status, learned["projects"][0]["tracks"]) == (0, 11)


def test_faders_that_are_all_off_and_folders_without_a_project_are_told(folder, capsys):
    off = re.sub(rb"(\r\n    VOLPAN )\S+", rb"\g<1>0", (folder / PROJECT).read_bytes())
    write(folder / "off.RPP", off)
    status, _, text = run(capsys, "learn", folder / "off.RPP", "--name", "rock")
    assert status == 3
    assert "Kick In: its fader is at -inf" in text
    status, _, text = run(capsys, "learn", folder / "media", "--name", "rock")
    assert status == 3
    assert "has no faders to learn from: name the project" in text
    assert run(capsys, "models", "--json")[1]["models"] == []


def test_a_trim_in_a_mix_is_taste_and_is_learned(folder, capsys):
    mark = rb"\r\n    <EXT\r\n      drumgain_trim 1;snare;4;4\r\n    >"
    plain = (folder / "mine.RPP").read_bytes()
    raised = mixed(plain, {"Snare Top": 7.0, "Snare Bottom": -4.0})
    trimmed, count = re.subn(rb'    NAME "Snare (?:Top|Bottom)"', rb"\g<0>" + mark, raised)
    assert count == 2
    write(folder / "trimmed.RPP", trimmed)
    # without a trim in it at all
    write(folder / "raised.RPP", raised)
    found = []
    for name in ("trimmed", "raised"):
        words = ("learn", folder / f"{name}.RPP", "--name", name, "--dry-run", "--json")
        found.append(run(capsys, *words)[1]["roles"])
    assert rpp.read_project(folder / "trimmed.RPP").session.tracks[2].trim == "1;snare;4;4"
    assert found[0] == found[1]


def test_one_project_that_says_nothing_does_not_stop_the_others(folder, capsys):
    words = ("learn", folder / PROJECT, folder / "mine.RPP", "--name", "rock", "--json")
    status, learned, _ = run(capsys, *words)
    assert status == 4
    assert len(learned["projects"]) == 1
    assert "it is not mixed yet" in learned["problems"][0]


def test_tracks_under_envelopes_are_left_out_and_effects_are_counted(folder, capsys):
    data = (folder / "mine.RPP").read_bytes()
    envelope = b"    <VOLENV2\r\n      ACT 1 -1\r\n      PT 0 0.5 0\r\n      PT 4 1 0\r\n    >\r\n"
    at = data.index(b"NAME Hi-Hat")
    at = data.index(b"    MAINSEND", at)
    data = data[:at] + envelope + data[at:]
    chain = b'    <FXCHAIN\r\n      BYPASS 0 0 0\r\n      <VST "VST: ReaComp" a.dll 0 "" 1\r\n'
    chain += b"      >\r\n    >\r\n"
    at = data.index(b"    MAINSEND", data.index(b'NAME "Kick In"'))
    write(folder / "mine.RPP", data[:at] + chain + data[at:])
    status, learned, _ = run(capsys, "learn", folder / "mine.RPP", "--name", "rock", "--json")
    assert status == 0
    (project,) = learned["projects"]
    assert project["effects_not_measured"] == 1
    assert project["left_out"] == [
        "Hi-Hat: its volume envelope changes its level, so its fader alone says little"
    ]


def test_learning_more_keeps_what_was_there(folder, capsys, tmp_path):
    run(capsys, "learn", folder / "mine.RPP", "--name", "rock")
    again = write(folder / "again.RPP", (folder / "mine.RPP").read_bytes())
    status, learned, text = run(capsys, "learn", again, "--name", "rock", "--add", "--json")
    assert status == 0
    assert len(learned["projects"]) == 2
    assert learned["check"]["sessions"] == 1
    assert Path(learned["former"]).is_file()
    status, _, text = run(capsys, "learn", again, "--name", "other", "--add")
    assert status == 2
    assert "there is no model 'other'" in text


@pytest.mark.parametrize("name", ["../rock", "a/b", " "])
def test_a_path_is_no_name(folder, capsys, name):
    status, _, text = run(capsys, "learn", folder / "mine.RPP", "--name", name)
    assert status == 2
    assert "is no name of a model" in text


def test_a_dry_run_keeps_nothing(folder, capsys, tmp_path):
    status, _, text = run(capsys, "learn", folder / "mine.RPP", "--name", "rock", "--dry-run")
    assert status == 0
    assert "nothing was written" in text
    assert not (tmp_path / "data").exists()


def test_the_table_of_methods_shows_the_model_beside_the_bundled_one(folder, capsys):
    run(capsys, "learn", folder / "mine.RPP", "--name", "rock")
    _, listed, _ = run(capsys, "methods", "--json")
    assert listed["models"] == ["rock"]
    _, _, text = run(capsys, "methods")
    assert "--model 'rock'" in text
    session = rpp.read_project(folder / "mine.RPP").session
    found = compare_methods(session, Settings())
    assert list(found.plans)[:2] == ["forest", "model rock"]
    own, bundled = found.plans["model rock"], found.plans["forest"]
    for one, other in zip(own.tracks, bundled.tracks, strict=True):
        assert one.bundled_db == pytest.approx(other.new_db, abs=0.011)
    (user_models.models_folder() / "rock.json").write_text("{")
    assert "model rock" in compare_methods(session, Settings()).problems
