"""Action "learn from this project", and the user's own model in settings, menu and balance."""

import json
import os
from pathlib import Path

import pytest

from reaper_drumgain.balance.learning import learn_one
from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.hosts import rpp
from reaper_drumgain.hosts.live.preferences import Preferences
from reaper_drumgain.hosts.live.setup import Setup
from reaper_drumgain.methods import user_models
from reaper_drumgain.schema.settings import Settings

FADERS = {
    "Kick In": 1.0,
    "Snare Top": 1.5,
    "Snare Bottom": 0.4,
    "Hi-Hat": 0.2,
    "Tom 1": 1.2,
    "Tom 2": 0.5,
    "Floor Tom": 1.4,
    "OH L": 0.35,
    "OH R": 0.35,
    "Room L": 0.13,
    "Room R": 0.13,
}
MIXED = {"do": {"fader": FADERS}}


@pytest.fixture(autouse=True)
def _no_models():
    """The folder of the set-up, empty."""
    folder = Path(os.environ["DRUMGAIN_DATA"]) / "models"
    yield
    for path in folder.glob("*.*"):
        path.unlink()


def named(name, effects="no"):
    fields = {"Name of the model": name, "Measure effects (no; yes)": effects}
    return {"kind": "GetUserInputs", "fields": fields}


def learn(reaper, name, effects="no", **more):
    return reaper.press("learn", named(name, effects), deadline=240, **more)


def chosen(reaper, method):
    return reaper.press(
        "settings", {"kind": "GetUserInputs", "fields": {"Method (name; number; ? lists)": method}}
    )


def test_a_project_teaches_a_model_and_the_model_balances(reaper, project):
    report = reaper.play(
        MIXED,
        learn(reaper, "live rock"),
        chosen(reaper, "Live Rock"),
        reaper.press("rebalance_all"),
    )
    console = report.data["console"]
    assert "model 'live rock' has learned from this project: 11 drum tracks" in console
    assert "too little material: one session" in console
    assert "model live rock at 100 %" in console
    # learning changes nothing and leaves no undo point
    assert report.faders(1) == report.faders(0)
    assert len(report.undo()) <= 2
    model = user_models.load("live rock")
    assert [len(one.tracks) for one in model.projects] == [11]
    assert model.projects[0].name == str(project)
    saved = rpp.read_project(project)
    faders = {track.name: FADERS.get(track.name, track.fader) for track in saved.session.tracks}
    data = rpp.set_faders(saved, {t.index: faders[t.name] for t in saved.session.tracks})
    project.write_bytes(data)
    plan = balance(rpp.read_project(project).session, Settings(model="live rock", mode="all"))
    after = report.faders(3)
    for track in plan.tracks:
        assert after[track.name] == pytest.approx(10 ** (track.new_db / 20), rel=1e-6)
    assert any(abs(t.new_db - t.bundled_db) > 0.5 for t in plan.tracks)


def test_learning_again_from_the_same_project_replaces_what_it_said(project):
    saved = rpp.read_project(project)
    gains = {t.index: FADERS[t.name] for t in saved.session.tracks if t.name in FADERS}
    project.write_bytes(rpp.set_faders(saved, gains))
    session = rpp.read_project(project).session
    learn_one("mine", session, Settings())
    told = learn_one("MINE", session, Settings())
    assert "1 project of 1 session in all" in told[0]
    (kept,) = user_models.kept()
    assert (kept.name, len(kept.model.projects), kept.older) == ("mine", 1, 1)


def test_what_nobody_has_mixed_teaches_nothing(reaper):
    report = reaper.play(learn(reaper, "flat"))
    assert "it is not mixed yet" in report.data["console"]
    assert user_models.names() == ()


@pytest.mark.parametrize("name", ["../x", "a/b", ""])
def test_a_path_is_no_name(reaper, name):
    report = reaper.play_out(
        MIXED,
        {
            **learn(reaper, name),
            "dialogs": [
                {
                    "kind": "GetUserInputs",
                    "fields": {"Name of the model": name, "Measure effects (no; yes)": "no"},
                },
                {"kind": "ShowMessageBox", "answer": 1},
            ],
        },
    )
    said = json.dumps(report.data["dialogs"])
    assert "name" in said
    assert user_models.names() == ()


def test_a_model_is_in_the_menus_list_and_one_that_is_gone_is_not_used(tmp_path):
    for name in ("rock.json", ".rock.json", "a|b.json", "rock.json.json", "rock.md"):
        (tmp_path / name).write_text("{}")
    setup = Setup("python", (("forest", ""),), str(tmp_path))
    assert setup.names == ("forest", "model rock")
    assert Preferences("model rock").settings() == Settings(model="rock")
    (tmp_path / "rock.json").unlink()
    assert setup.names == ("forest",)
    assert Setup("python", (("forest", ""),), None).models == ()
