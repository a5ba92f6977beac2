"""Given a project, when the key is pressed, then its faders move. The worker is the real one."""

import json
import math

import pytest

from reaper_drumgain import methods
from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.hosts import rpp
from reaper_drumgain.schema.settings import Settings

#: the rest of the settings dialog: write, audio, sections, envelope, existing, listen, remember,
#: mode
AS_USUAL = ("volume", "files", "usual", "volume", "refuse", "no", "yes", "auto", "")


def decibels(faders):
    return {n: round(20 * math.log10(f), 2) if f > 0 else None for n, f in faders.items()}


def planned(plan):
    return {track.name: track.new_db for track in plan.tracks}


def test_the_plain_press_moves_the_faders_in_one_undo_step(reaper, demo_plan, project):
    """Given the demo, when all drums are balanced, then the faders stand where the plan of the
    project's file puts them, in one undo step, and one line says so."""
    saved = project.with_name("saved.RPP")
    report = reaper.play(reaper.press("balance_all"), {"do": {"save": str(saved)}})
    got, want = decibels(report.faders()), planned(demo_plan)
    assert {name: got[name] for name in want} == want
    assert report.undo() == [f"DrumGain: balance {len(demo_plan.moves)} drum tracks (forest)"]
    (line,) = report.console.splitlines()
    assert line.startswith("DrumGain: moved 11 of 11 drum tracks (forest)")
    assert report.data["dialogs"] == []
    # what was written, read by the file host: only the faders differ
    before, after = rpp.read_project(project).session, rpp.read_project(saved).session
    for old, new in zip(before.tracks, after.tracks, strict=True):
        assert old.guid == new.guid
        assert round(20 * math.log10(new.fader), 2) == got[new.name]
        assert old.clips == new.clips
        assert (old.pan, old.muted, old.envelopes) == (new.pan, new.muted, new.envelopes)
    assert before.sends == after.sends


def test_only_planned_faders_are_written_within_the_block_and_with_the_screen_held(
    reaper, demo_plan
):
    report = reaper.play(reaper.press("balance_all"))
    faders = [w for w in report.data["writes"] if w["name"] == "D_VOL"]
    assert {w["target"] for w in faders} == {t.name for t in demo_plan.moves}
    assert len(faders) == len(demo_plan.moves)
    assert all(w["in_block"] and w["ui_held"] for w in faders)
    others = {w["function"] for w in report.data["writes"]} - {"SetMediaTrackInfo_Value"}
    assert others == {"SetProjExtState", "GetSetMediaTrackInfo_String"}


@pytest.mark.parametrize("name", [n for n in methods.names() if n in ("equal-rms", "unity")])
def test_each_method_gives_the_numbers_of_the_command_line(reaper, project, name):
    """Given a method chosen in the dialog by its number, when pressed, then its plan holds."""
    number = str(methods.names().index(name) + 1)
    report = reaper.play(
        reaper.press("settings", {"values": [number, "50", "lufs:-23", "all", *AS_USUAL]}),
        reaper.press("repeat"),
    )
    settings = Settings(method=name, amount=50.0, level=Settings().level.parse("lufs:-23"))
    want = planned(balance(rpp.read_project(project).session, settings))
    got = decibels(report.faders())
    assert {n: got[n] for n in want} == want


def test_selected_tracks_move_and_the_others_hold_the_level(reaper, project):
    """Given two selected tracks, when pressed, then they alone move, as in the plan with only."""
    chosen = ["Hi-Hat", "Floor Tom"]
    report = reaper.play({"do": {"select": chosen}}, reaper.press("balance_selected"))
    before = report.faders(0)
    want = planned(balance(rpp.read_project(project).session, Settings(only=tuple(chosen))))
    got = decibels(report.faders())
    assert {n: got[n] for n in want} == want
    assert {n for n, f in report.faders().items() if f != before[n]} == set(chosen)
    state = report.state()
    assert {t["name"] for t in state["tracks"] if t["selected"]} == set(chosen)


def test_balance_within_the_time_selection(reaper, project):
    report = reaper.play(
        {"do": {"time_selection": [0.5, 5.0]}}, reaper.press("balance_time_selection")
    )
    plan = balance(rpp.read_project(project).session, Settings(span=(0.5, 5.0)))
    want = planned(plan)
    got = decibels(report.faders())
    assert {n: got[n] for n in want} == want
    assert want != planned(balance(rpp.read_project(project).session, Settings()))
    assert report.state()["time_selection"] == [0.5, 5.0]


def test_undo_and_redo_leave_the_saved_project_as_it_was(reaper, project, tmp_path):
    """Then, after undo, the saved project equals the one before, our own ext state exempt."""
    places = [tmp_path / f"{name}.RPP" for name in ("before", "after", "undone", "redone")]
    report = reaper.play(
        {"do": {"save": str(places[0])}},
        reaper.press("balance_all"),
        {"do": {"save": str(places[1])}},
        {"do": {"undo": 1}},
        {"do": {"save": str(places[2])}},
        {"do": {"redo": 1}},
        {"do": {"save": str(places[3])}},
    )
    before, after, undone, redone = (rpp.read_project(place).session for place in places)
    assert before.tracks == undone.tracks
    assert after.tracks == redone.tracks != before.tracks
    assert report.state()["undo_place"] == 1


def test_run_twice_moves_nothing_more(reaper):
    report = reaper.play(reaper.press("balance_all"), reaper.press("repeat"))
    assert report.faders(0) == pytest.approx(report.faders(1), rel=0.02)
    assert len(report.undo()) <= 2


def test_what_is_remembered_is_plain_data_of_the_project(reaper):
    report = reaper.play(reaper.press("balance_all"))
    stored = report.state()["ext_state"]["DrumGain"]
    assert set(stored) == {"settings", "last"}
    last = json.loads(stored["last"])
    assert {t["name"] for t in last["tracks"]} >= {"Kick In", "OH L"}
    text = json.dumps(stored)
    assert "/" not in text.replace("trim/read", "")


def test_tracks_that_cannot_or_must_not_move_stay(reaper, project):
    """Given locked, muted, silent, hidden, missing and stated tracks, then the numbers are those
    of the same project's file, and the line says why the others stay."""
    (project.parent / "media" / "05 Tom 1.flac").unlink()
    saved = project.with_name("saved.RPP")
    deeds = {
        "p_ext": {
            "Hi-Hat": {"drumgain_lock": "1"},
            "Vocal": {"drumgain_role": "snare top"},
            "Bass": {"drumgain_role": "no such role"},
        },
        "line": [["Snare Bottom", "MUTESOLO", 1, 1], ["Room L", "VOLPAN", 1, 0]],
        "mute_items": "Floor Tom",
        "save": str(saved),
    }
    report = reaper.play({"do": deeds}, reaper.press("balance_all"))
    plan = balance(rpp.read_project(saved).session, Settings())
    want = planned(plan)
    got = decibels(report.faders())
    assert {n: got[n] for n in want} == want
    assert "Vocal" in want
    flags = {t.name: t.flags[:1] for t in plan.tracks}
    assert flags["Hi-Hat"] == ("locked",)
    assert flags["Snare Bottom"] == ("muted",)
    assert flags["Tom 1"] == ("missing media",)
    untouched = {name: fader for name, fader in report.faders(0).items() if name not in want}
    assert untouched == {name: report.faders()[name] for name in untouched}
    assert "Floor Tom" in untouched
    assert "left " in report.console


def test_two_tabs_keep_their_own_settings_and_results(reaper, tmp_path):
    other = reaper.project.with_name("other.RPP")
    other.write_bytes(reaper.project.read_bytes())
    report = reaper.play(
        reaper.press("settings", {"values": ["unity", "100", "keep", "all", *AS_USUAL]}),
        reaper.press("repeat"),
        {"do": {"switch_tab": 1}},
        reaper.press("settings", {"answer": "ok"}),
        reaper.press("balance_all"),
        projects=[str(reaper.project), str(other)],
    )
    assert report.data["dialogs"][1]["values"][0] == "forest"
    assert report.undo(project=1) == ["DrumGain: balance 11 drum tracks (forest)"]
    assert all("(unity)" in name for name in report.undo(project=0))
    assert report.faders(4, project=0) == report.faders(1, project=0)


def test_a_project_without_drums_says_so_without_a_dialog(reaper, tmp_path):
    empty = tmp_path / "empty.RPP"
    empty.write_text('<REAPER_PROJECT 0.1 "7.27/linux-x86_64" 0\n>\n')
    report = reaper.play(reaper.press("balance_all"), projects=[str(empty)])
    assert "no drum track to balance" in report.console
    assert report.data["dialogs"] == []
    assert report.undo() == []
