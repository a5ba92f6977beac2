"""Given drum tracks with effects, when they are balanced through them, then the faders take back
what the effects add, and nothing that was changed for the moment stays so.

The effects of the stand-in halve the level (-6.02 dB); its meter is pyloudnorm's.
"""

from __future__ import annotations

import json
import math
import re
import shutil

import pytest

EFFECTED = ("Kick In", "Tom 1")
GAIN_DB = 20 * math.log10(0.5)
CHAIN = """    <FXCHAIN
      SHOW 0
      BYPASS 0 0 0
      <JS loser/3BandEQ ""
        0 0 0 0 0 0
      >
      WAK 0 0
    >
"""


def add_effects(project, names=EFFECTED):
    text = project.read_bytes().decode().replace("\r\n", "\n")
    for name in names:
        track = re.search(rf'NAME "?{re.escape(name)}"?\n', text)
        place = text.index("    <ITEM", track.start())
        text = text[:place] + CHAIN + text[place:]
    project.write_bytes(text.encode())


SETTINGS = {"kind": "settings", "schema": 1, "method": "equal-loudness", "scope": "all"}
SCOPE_ALL = {"do": {"project_ext_state": [["DrumGain", "settings", json.dumps(SETTINGS)]]}}


@pytest.fixture
def effected(reaper):
    add_effects(reaper.project)
    # each dry run starts a process that measures
    reaper.options["deadline"] = 240
    return reaper


@pytest.fixture
def faked(fake):
    """The same with a worker that gives the demo's plan at once, where it is not the question."""
    add_effects(fake.project)
    fake.options["deadline"] = 240
    return fake


def press(reaper, **more):
    return reaper.press("balance_effects", **more)


def decibels(report):
    return {name: 20 * math.log10(f) for name, f in report.faders().items() if f > 0}


def user_state(report, step):
    """All of a project but its ext state: what a measurement must leave alone."""
    state = dict(report.state(step))
    for key in ("ext_state", "dirty", "undo", "undo_place", "changed_since_undo_point"):
        del state[key]
    return state


def test_the_faders_take_back_what_the_effects_add(effected):
    """Against a run that measures the files: 6 dB for those with effects, the rest by as much as
    keeps the drums' loudness."""
    plain = effected.play(SCOPE_ALL, effected.press("repeat"))
    report = effected.play(SCOPE_ALL, press(effected), {"do": {"undo": 1}})
    before, after = decibels(plain), {}
    for name, fader in report.faders(1).items():
        after[name] = 20 * math.log10(fader) if fader > 0 else None
    shift = {name: after[name] - before[name] for name in before}
    others = [shift[name] for name in shift if name.startswith(("Snare", "Hi", "OH", "Room"))]
    assert max(others) - min(others) < 0.011
    end = pytest.approx(12.0, abs=1e-6)
    for name in EFFECTED:
        if after[name] != end:
            assert shift[name] - others[0] == pytest.approx(-GAIN_DB, abs=0.02), name
            assert f"{name}: effects -6.0 dB" in report.console
    assert "before effects" not in report.console
    # one undo step, in which everything else is as it was
    assert len(report.undo(1)) == 1
    assert user_state(report, 2) == user_state(report, 0)


def test_the_reason_says_what_was_subtracted(effected):
    report = effected.play(SCOPE_ALL, press(effected), effected.press("show_last"))
    line = next(x for x in report.console.splitlines() if x.startswith("Tom 1 "))
    assert "-6.0 dB added by its effects subtracted" in line
    assert "[effects" not in line


def test_for_the_moment_tracks_stand_at_unity_alone_and_with_names_of_ours(faked):
    """A solo elsewhere, a fader at -inf and a volume envelope do not change what is measured."""
    report = faked.play(
        SCOPE_ALL,
        {"do": {"select": ["Vocal"], "line": [["Bass", "MUTESOLO", 2, 2]]}},
        {"do": {"fader": {"Tom 1": 0.25}}},
        press(faked),
        {"do": {"undo": 1}},
    )
    runs = report.data["dry_runs"]
    assert [run["wet"] for run in runs] == [True, True, False, False]
    assert {run["fader"] for run in runs} == {1.0}
    assert all(run["name"].startswith("DrumGain-") for run in runs)
    assert report.console.count("effects -6.0 dB") == 2
    assert user_state(report, 4) == user_state(report, 2)


def test_only_the_time_selection_is_played_where_that_is_the_scope(faked):
    settings = json.dumps({**SETTINGS, "scope": "time selection"})
    report = faked.play(
        {"do": {"project_ext_state": [["DrumGain", "settings", settings]]}},
        {"do": {"time_selection": [0.5, 4.5]}},
        press(faked),
    )
    assert {run["action"] for run in report.data["dry_runs"]} == {"42439"}
    assert "moved" in report.console


def test_many_tracks_are_played_in_parts(fake):
    names = ["Kick In", "Snare Top", "Snare Bottom", "Hi-Hat", "Tom 1", "Tom 2", "Floor Tom"]
    names += ["OH L", "OH R", "Room L"]
    add_effects(fake.project, names)
    report = fake.play(SCOPE_ALL, press(fake), deadline=240)
    assert len(report.data["dry_runs"]) == 2 * len(names)
    assert f"8 of {len(names)} tracks measured" in report.console
    # the absolute gate leaves out more of a quiet track that is made quieter
    told = re.findall(r"effects (-\d+\.\d) dB", report.console)
    assert [float(gain) for gain in told] == pytest.approx([GAIN_DB] * len(names), abs=1.0)


def test_without_effects_it_is_a_usual_balance(fake):
    report = fake.play(SCOPE_ALL, press(fake))
    assert "so there is nothing to measure" in report.console
    assert "moved" in report.console
    assert report.data["dry_runs"] == []


FAULTS = {
    "nothing": "was it cancelled? Nothing was changed",
    "cancelled": "REAPER measured 1 of 2 tracks: was it cancelled?",
    "no statistics": "does not report the loudness of a dry run",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_dry_run_that_fails_changes_nothing(faked, fault):
    report = faked.play(
        SCOPE_ALL,
        {"do": {"select": ["Vocal"]}},
        press(faked),
        faults={"dry_run": fault},
    )
    said = report.console + " ".join(d.get("text", "") for d in report.data["dialogs"])
    assert FAULTS[fault] in said
    assert user_state(report, 2) == user_state(report, 1)
    assert report.undo()[1:] == []
    assert "DrumGain/put back" not in report.data["ext_state"]


def test_statistics_of_an_earlier_run_are_not_taken_for_these(faked):
    """REAPER gives them again where a dry run is cancelled at once."""
    report = faked.play(
        SCOPE_ALL, press(faked), {"do": {"faults": {"dry_run": "nothing"}}}, press(faked)
    )
    assert "REAPER measured 0 of 2 tracks" in report.console
    assert len(report.undo()) == 1


#: a call of a dry run's changes that fails: the first ones make them, the later ones take them back
FAILING = [("SetMediaTrackInfo_Value", nth) for nth in range(1, 9)]
FAILING += [("GetSetProjectInfo_String", 1), ("GetSetProjectInfo_String", 2)]


@pytest.mark.parametrize("effect", ["raise", "ignore"])
def test_a_failure_anywhere_puts_everything_back(faked, effect):
    """Each in turn; where the run gets through all the same it is undone."""
    steps = [SCOPE_ALL, {"do": {"select": ["Vocal"], "fader": {"Tom 1": 0.25}}}]
    for call, nth in FAILING:
        fail = [{"call": call, "nth": nth, "effect": effect}]
        steps.append(press(faked, fail=fail))
    report = faked.play(*steps)
    names = {t["name"] for t in report.state(1)["tracks"]}
    for step, failed in enumerate(FAILING, 2):
        state = report.state(step)
        assert {t["name"] for t in state["tracks"]} == names, failed
        assert [t["name"] for t in state["tracks"] if t["selected"]] == ["Vocal"], failed
        assert "DrumGain/put back" not in report.data["ext_state"]
        assert all(t["fader"] != 1.0 for t in state["tracks"] if t["name"] == "Tom 1"), failed


def test_a_fader_that_is_held_by_something_else_is_told(faked):
    report = faked.play(
        SCOPE_ALL,
        {"do": {"select": ["Vocal"], "fader": {"Tom 1": 0.25}}},
        press(faked),
        faults={"stuck_faders": {"Tom 1": 0.25}},
    )
    (said,) = [dialog["text"] for dialog in report.data["dialogs"]]
    assert "did not set D_VOL" in said
    assert user_state(report, 2) == user_state(report, 1)


def test_it_can_be_cancelled_between_two_dry_runs(faked):
    # how far a run gets in a tick depends on how busy the machine is
    for ticks in range(2, 20):
        report = faked.play(
            SCOPE_ALL,
            {"do": {"select": ["Vocal"]}},
            press(faked, ticks=ticks),
            faked.press("cancel"),
        )
        if report.data["dry_runs"]:
            break
    assert len(report.data["dry_runs"]) in (2, 4), ticks
    assert "cancelled, nothing was changed" in report.console
    assert user_state(report, 3) == user_state(report, 1)


def died(faked):
    """The user's ext state that is on disk after REAPER died within a dry run. The project was
    saved in the middle of it, which is the worst case."""
    with pytest.raises(AssertionError, match="left behind"):
        faked.play_out(
            SCOPE_ALL,
            {"do": {"select": ["Vocal"], "line": [["Bass", "MUTESOLO", 2, 2]]}},
            {"do": {"fader": {"Tom 1": 0.25}}},
            press(faked),
            faults={"dry_run": "crash"},
        )
    shutil.rmtree(faked.folder / "tmp")
    left = faked.resource_path / "ext state.json"
    kept = json.loads(left.read_text("utf-8"))
    left.unlink()
    assert [key for _, key, _ in kept] == ["put back"]
    return kept


def test_the_next_action_mends_what_a_crash_left(faked):
    kept = died(faked)
    report = faked.play(
        {"do": {"ext_state": kept}}, {"ticks": 1}, faked.press("cancel"), {"do": {"undo": 1}}
    )
    during, now, undone = ({t["name"]: t for t in report.state(s)["tracks"]} for s in (1, 2, 3))
    assert sum(name.startswith("DrumGain-") for name in during) == 2
    assert not any(name.startswith("DrumGain-") for name in now)
    assert now["Tom 1"]["fader"] == 0.25
    assert [name for name, track in now.items() if track["selected"]] == ["Vocal"]
    assert "its temporary changes on" in report.console
    assert report.undo(2) == ["DrumGain: temporary changes of a measurement were set back"]
    assert set(undone) == set(during)
    assert "DrumGain/put back" not in report.data["ext_state"]


def test_what_the_user_changed_since_a_crash_stays(faked):
    kept = died(faked)
    report = faked.play(
        {"do": {"ext_state": kept, "select": ["Bass"]}},
        {"do": {"rename": {"Vocal": "Singer"}, "fader": {"Snare Top": 0.7}}},
        faked.press("cancel"),
    )
    now = {t["name"]: t for t in report.state()["tracks"]}
    assert now["Snare Top"]["fader"] == 0.7
    assert "Singer" in now


def test_a_crash_waits_for_its_own_project(faked, tmp_path):
    note = json.dumps({"project": "/elsewhere.RPP", "changes": [["{A}", "D_VOL", 0.5, 1.0]]})
    report = faked.play(
        {"do": {"ext_state": [["DrumGain", "put back", note]]}}, faked.press("cancel")
    )
    assert report.data["ext_state"]["DrumGain/put back"] == note


@pytest.mark.parametrize(
    "note",
    [
        *("{", "[]", '{"project": ""}', '{"project": "", "changes": [["{A}", "D_PAN", 0, 1]]}'),
        *('{"project": "", "changes": 7}', '{"project": "", "changes": [["a", "D_VOL", NaN, 1]]}'),
    ],
)
def test_a_note_that_is_none_is_dropped(faked, note):
    report = faked.play(
        {"do": {"ext_state": [["DrumGain", "put back", note]]}}, faked.press("cancel")
    )
    assert "DrumGain/put back" not in report.data["ext_state"]
    assert report.undo() == []
