"""Given a song with sections, when automation is written, then it is that of the project's file.

The worker is the real one; what both hosts wrote is read by reaper-parser, and played by a
second reader of envelopes."""

from __future__ import annotations

import dataclasses
import math

import pytest
from envelope_reader import read_tracks

from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.hosts import rpp
from reaper_drumgain.schema import envelope_note
from reaper_drumgain.schema.settings import Automation, Settings

from .automation import draw, read_by_parser
from .test_automation import text_without_own_state

REGIONS = (
    '  MARKER 1 0 verse 1\n  MARKER 1 4.5 "" 1\n  MARKER 2 4.5 "big fill" 1\n  MARKER 2 8 "" 1\n'
)
#: what a user drew: every shape, points of one time, in either scale
DRAWN = (
    *("ACT 1 -1", "VIS 1 1 1", "LANEHEIGHT 0 0", "ARM 0", "DEFSHAPE 0 -1 -1"),
    *("PT 0 0.4 2", "PT 1.5 1.2 1", "PT 3 0.7 3", "PT 3 1.6 4", "PT 4.25 1 5 0 1 0 0.6"),
    *("PT 5.5 0.5 0", "PT 7 0.9 0"),
)
METHOD = "equal-loudness"
#: what the settings say, and from when to when the time selection goes
CASES = {
    "regions": ({}, None),
    "the trim envelope": ({"envelope": "trim"}, None),
    "trimmed": ({"existing": "trim"}, None),
    "replaced within a time selection": (
        {"sections": "time selection", "existing": "replace"},
        (1.0, 4.0),
    ),
    "trimmed within a time selection": (
        {"sections": "time selection", "existing": "trim"},
        (0.5, 5.5),
    ),
}


@pytest.fixture
def song(project):
    """The demo with regions or markers and drawn envelopes on two tracks."""

    def make(sections=REGIONS, scaled=("Tom 1",), plain=("OH R",)):
        for name in scaled:
            draw(project, name, *DRAWN[:5], "VOLTYPE 1", *DRAWN[5:])
        for name in plain:
            draw(project, name, *DRAWN)
        text = project.read_bytes().decode()
        at = text.index("  <TRACK")
        project.write_bytes((text[:at] + sections + text[at:]).encode())
        return project

    return make


def settings_dialog(reaper, wishes, method=METHOD):
    usual = {"sections": "usual", "envelope": "volume", "existing": "refuse", **wishes}
    values = [method, "100", "keep", "all", "volume", "files", *usual.values(), "no", "yes", "auto"]
    return reaper.press("settings", {"values": values})


def planned(path, wishes, method=METHOD):
    settings = Settings(method=method, write="automation", automation=Automation(**wishes))
    project = rpp.read_project(path)
    return project, balance(project.session, settings)


@pytest.mark.parametrize("case", CASES)
def test_file_and_reaper_get_the_same(reaper, song, case):
    """The same song, from its file and from REAPER: the same points of time and shape, gains
    within 1e-9, the same notes and faders; and undo gives the song before."""
    wishes, selection = CASES[case]
    path = song()
    deeds = {"time_selection": selection} if selection else {}
    places = [path.with_name(f"{name}.RPP") for name in ("start", "live", "undone", "file")]
    report = reaper.play(
        settings_dialog(reaper, wishes),
        {"do": {**deeds, "save": str(places[0])}},
        reaper.press("write_automation"),
        {"do": {"save": str(places[1])}},
        {"do": {"undo": 1, "save": str(places[2])}},
    )
    project, plan = planned(places[0], wishes)
    rpp.apply_plan(project, plan, places[3])
    live, file = read_by_parser(places[1]), read_by_parser(places[3])
    for name, envelopes in file.items():
        assert list(live[name]) == list(envelopes), name
        for block, points in envelopes.items():
            assert [(t, s) for t, _, s in live[name][block]] == [(t, s) for t, _, s in points]
            assert [v for _, v, _ in live[name][block]] == pytest.approx(
                [v for _, v, _ in points], rel=1e-9, abs=1e-12
            )
    one, other = rpp.read_project(places[1]).session, rpp.read_project(places[3]).session
    # the file's note also keeps the lines of the points, so notes are compared by what they do
    for mine, theirs in zip(one.tracks, other.tracks, strict=True):
        back, want = envelope_note.take_back(mine), envelope_note.take_back(theirs)
        assert (back is None) == (want is None)
        if back is not None:
            assert dataclasses.replace(back, written=()) == dataclasses.replace(want, written=())
    assert [t.fader for t in one.tracks] == pytest.approx([t.fader for t in other.tracks])
    assert [[e.active for e in t.envelopes] for t in one.tracks] == [
        [e.active for e in t.envelopes] for t in other.tracks
    ]
    count = len(plan.automated)
    assert count >= 8
    assert report.undo(2)[-1:] == [f"DrumGain: automate {count} drum tracks ({METHOD})"]
    assert text_without_own_state(places[0]) == text_without_own_state(places[2])


def test_what_is_heard_is_what_the_plan_says(reaper, song):
    """Fader times envelope, as a second reader plays them, in the middle of each section."""
    path = song()
    saved = path.with_name("live.RPP")
    reaper.play(
        settings_dialog(reaper, {"existing": "replace"}),
        reaper.press("write_automation"),
        {"do": {"save": str(saved)}},
    )
    _, plan = planned(path, {"existing": "replace"})
    tracks = read_tracks(saved.read_bytes())
    checked = 0
    for track in plan.automated:
        name, fader, envelopes, _ = tracks[track.index]
        assert name == track.name
        for section in track.automation.sections:
            middle = (section.start + section.end) / 2
            level = fader * envelopes["VOLENV2"].gain(middle)
            assert 20 * math.log10(level) == pytest.approx(section.fader_db, abs=0.1)
            checked += 1
    assert checked == 22


def test_nothing_outside_of_a_time_selection_changes(reaper, song):
    """Faders stay, and so does what the envelopes play there."""
    path = song()
    saved = [path.with_name(f"{n}.RPP") for n in range(2)]
    wishes = {"sections": "time selection", "existing": "trim"}
    report = reaper.play(
        settings_dialog(reaper, wishes),
        {"do": {"time_selection": [1.0, 4.0], "save": str(saved[0])}},
        reaper.press("write_automation"),
        {"do": {"save": str(saved[1])}},
    )
    assert report.faders() == report.faders(0)
    before, after = (read_tracks(place.read_bytes()) for place in saved)
    changed = 0
    for (name, fader, old, _), (_, same, new, _) in zip(before, after, strict=True):
        assert fader == same
        for time in (0.0, 0.3, 0.99, 4.01, 4.2, 5.0, 6.9, 7.5):
            was = old["VOLENV2"].gain(time) if "VOLENV2" in old else 1.0
            now = new["VOLENV2"].gain(time) if "VOLENV2" in new else 1.0
            # within what a curve is thinned by: 0.1 dB
            assert now == pytest.approx(was, rel=0.0115), (name, time)
        changed += old.keys() != new.keys() or (
            bool(new) and old["VOLENV2"].gain(2.5) != new["VOLENV2"].gain(2.5)
        )
    assert changed >= 9


def test_an_existing_envelope_is_refused_with_the_reason_unless_it_is_ours(reaper, song):
    """The user's envelope stays, line by line; the second press replaces what the first wrote."""
    path = song()
    saved = [path.with_name(f"{n}.RPP") for n in range(3)]
    report = reaper.play(
        settings_dialog(reaper, {}),
        {"do": {"save": str(saved[0])}},
        *(reaper.press("write_automation"), {"do": {"save": str(saved[1])}}),
        *(reaper.press("repeat"), {"do": {"save": str(saved[2])}}),
        reaper.press("show_last"),
    )
    lines = [line for line in report.console.splitlines() if line.startswith("DrumGain: moved")]
    for line in lines:
        assert "wrote automation on" in line
        assert "not on Tom 1 (" in line
    start, once, twice = (read_by_parser(place) for place in saved)
    for name in ("Tom 1", "OH R"):
        assert start[name] == once[name] == twice[name]
    others = [n for n in once if once[n] != start[n]]
    # OH L has to go with OH R, and moves only together with it
    assert set(others) >= {"Kick In", "Snare Top"}
    for place in saved[1:]:
        noted = {t.name: t.automation_note for t in rpp.read_project(place).session.tracks}
        # what was there before is still known as nothing, after the second press too
        assert all(noted[name].endswith(";none") for name in others)
    assert all(twice[name] for name in others)
    assert "no automation: " in report.console.split("track", 1)[1]


def test_what_reaper_wrote_the_command_line_takes_back_and_the_other_way_round(reaper, song):
    """The notes of both hosts are the same."""
    path = song()
    live, cleared = path.with_name("live.RPP"), path.with_name("cleared.RPP")
    wishes = {"existing": "replace"}
    reaper.play(
        settings_dialog(reaper, wishes),
        reaper.press("write_automation"),
        {"do": {"save": str(live)}},
    )
    rpp.clear_automation(rpp.read_project(live), cleared)
    file = path.with_name("file.RPP")
    rpp.apply_plan(*planned(path, wishes), file)
    report = reaper.play(
        reaper.press("clear_automation"), {"do": {"save": str(live)}}, projects=[str(file)]
    )
    assert "removed its automation from 11 tracks" in report.console
    start = read_by_parser(path)
    for place in (cleared, live):
        assert read_by_parser(place) == {
            name: {
                block: [(t, pytest.approx(v, rel=1e-9), s) for t, v, s in points]
                for block, points in envelopes.items()
            }
            for name, envelopes in start.items()
        }
        session = rpp.read_project(place).session
        assert [t.automation_note for t in session.tracks if t.automation_note] == []
    assert envelope_note.KEY not in live.read_text("utf-8")


def test_gains_that_follow_the_song(reaper, song):
    """cross-adaptive needs no sections, and writes more points than sections have."""
    path = song("", scaled=(), plain=())
    saved = path.with_name("live.RPP")
    report = reaper.play(
        settings_dialog(reaper, {}, "cross-adaptive"),
        reaper.press("write_automation"),
        {"do": {"save": str(saved)}},
        reaper.press("show_last"),
    )
    _, plan = planned(path, {}, "cross-adaptive")
    live = read_by_parser(saved)
    assert len(plan.automated) >= 4
    for track in plan.automated:
        want = [
            (p.time, pytest.approx(p.value, rel=1e-9), p.shape) for p in track.automation.points
        ]
        assert live[track.name]["<VOLENV2"] == want
    assert report.console.count("automation that follows the song") == len(plan.automated)


def test_a_song_without_sections_says_so(reaper, song):
    song("")
    report = reaper.play(settings_dialog(reaper, {}), reaper.press("write_automation"))
    (box,) = [d["text"] for d in report.data["dialogs"] if d["kind"] == "ShowMessageBox"]
    assert "regions" in box
    assert report.undo() == []
