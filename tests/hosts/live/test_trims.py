"""Given drums on the faders, when a trim is changed, then its family moves by that and keeps it."""

import math

import pytest

from reaper_drumgain.hosts import rpp
from reaper_drumgain.schema.fader_note import standing_note
from reaper_drumgain.schema.trims import KEY, TrimMark

from .test_small_actions import USUAL

OVERHEADS = {"OH L", "OH R"}


def moves(report, one, other):
    before, after = report.faders(one), report.faders(other)
    found = {n: round(20 * math.log10(after[n] / before[n]), 6) for n in after}
    return {name: move for name, move in found.items() if move}


def marks(report, step):
    found = {t["name"]: t["p_ext"].get(KEY) for t in report.state(step)["tracks"]}
    return {name: text for name, text in found.items() if text}


def settings(reaper, trims):
    return reaper.press("settings", {"values": [*USUAL[:-1], trims]})


def test_a_trim_of_the_overheads_survives_the_next_balance(reaper):
    report = reaper.play(
        reaper.press("balance_all"),
        reaper.press("overheads_down"),
        reaper.press("overheads_down"),
        reaper.press("balance_all"),
        {"do": {"fader": {"Kick In": 0.01}}},
        reaper.press("rebalance_all"),
    )
    assert moves(report, 0, 2) == dict.fromkeys(OVERHEADS, -2.0)
    assert report.faders(3) == report.faders(2)
    assert "trims overheads=-2 dB" in report.console.splitlines()[3]
    # balanced anew from a fader far off: the trim is in the overheads, and nowhere else
    relative = moves(report, 0, 5)
    common = relative["Snare Top"]
    wanted = {name: common - 2.0 * (name in OVERHEADS) for name in relative}
    assert relative == pytest.approx(wanted, abs=0.021)
    assert report.undo()[1] == "DrumGain: overheads down 1 dB"


def test_undo_takes_a_trim_back_for_good(fake):
    report = fake.play(
        {"ticks": 1},
        fake.press("balance_all"),
        fake.press("overheads_up"),
        {"do": {"undo": 1}},
        fake.press("overheads_up"),
        fake.press("amount_down"),
        {"do": {"undo": 3}},
    )
    assert report.state(3)["tracks"] == report.state(1)["tracks"]
    assert moves(report, 1, 4) == dict.fromkeys(OVERHEADS, 1.0)
    assert marks(report, 4) == dict.fromkeys(OVERHEADS, "1;overheads;1;1")
    # none counts as moved by hand, and a trim is no part of the amount
    assert "by hand" not in report.console
    one, two = moves(report, 0, 4)["OH L"], moves(report, 0, 5)["OH L"]
    assert two - 1.0 == pytest.approx(0.9 * (one - 1.0), abs=1e-5)
    assert report.state(6)["tracks"] == report.state(0)["tracks"]


def test_settings_show_the_trims_and_make_new_ones_at_once(fake, project):
    saved = project.with_name("saved.RPP")
    report = fake.play(
        fake.press("balance_all"),
        settings(fake, "kick=+1 toms=-1.5"),
        {"do": {"save": str(saved)}},
        settings(fake, "toms=-1.5, oh=2"),
        fake.press("settings", {"answer": "ok"}),
        settings(fake, ""),
    )
    toms = {"Tom 1": -1.5, "Tom 2": -1.5, "Floor Tom": -1.5}
    assert moves(report, 0, 1) == {"Kick In": 1.0, **toms}
    assert moves(report, 0, 3) == {**toms, "OH L": 2.0, "OH R": 2.0}
    assert report.faders(4) == report.faders(3)
    assert report.data["dialogs"][2]["values"][-1] == "toms=-1.5 overheads=+2"
    assert moves(report, 0, 5) == {}
    assert marks(report, 5) == {}
    tracks = {t.name: t for t in rpp.read_project(saved).session.tracks}
    assert TrimMark.parse(tracks["Tom 1"].trim) == TrimMark("toms", -1.5, -1.5)
    assert all(standing_note(tracks[name]) for name in toms)
    assert report.undo()[1] == "DrumGain: trim kick +1 dB, toms -1.5 dB"


@pytest.mark.parametrize(
    ("text", "told"),
    [("kik=1", "did you mean 'kick'?"), ("kick=13", "not within"), ("kick=x", "expected a number")],
)
def test_trims_that_are_none_change_nothing(fake, text, told):
    report = fake.play({"ticks": 1}, settings(fake, text), fake.press("settings", {"answer": "ok"}))
    assert told in report.data["dialogs"][1]["text"]
    assert report.state(1)["tracks"] == report.state(0)["tracks"]
    assert report.data["dialogs"][-1]["values"] == USUAL


def test_a_script_requests_trims_and_a_person_is_asked(fake):
    request = {"do": {"project_ext_state": [["DrumGain", "trims", "kick=+2 hi-hat=-1"]]}}
    report = fake.play(
        {"ticks": 1},
        request,
        fake.press("trims"),
        fake.press("trims", {"values": ["1", "", "0", "-1", "0", "0", "0", "0", "0"]}),
        {"do": {"project_ext_state": [["DrumGain", "trims", "percussion=2"]]}},
        fake.press("trims"),
    )
    assert moves(report, 0, 2) == {"Kick In": 2.0, "Hi-Hat": -1.0}
    assert moves(report, 0, 3) == {"Kick In": 1.0, "Hi-Hat": -1.0}
    first, error = report.data["dialogs"]
    assert first["values"][:4] == ["+2", "+0", "+0", "-1"]
    assert "no drum track belongs to percussion" in error["text"]
    assert report.faders(5) == report.faders(3)
    assert "trims" not in report.state(5)["ext_state"]["DrumGain"]


def test_compare_takes_the_trims_along(fake):
    report = fake.play(
        {"ticks": 1},
        fake.press("balance_all"),
        fake.press("overheads_up"),
        fake.press("compare"),
        fake.press("overheads_up"),
        fake.press("compare"),
    )
    assert report.faders(3) == report.faders(0)
    assert moves(report, 3, 4) == dict.fromkeys(OVERHEADS, 1.0)
    # on both sides, so that comparing goes on
    assert moves(report, 2, 5) == dict.fromkeys(OVERHEADS, 1.0)
    made = {step: TrimMark.parse(marks(report, step)["OH L"]).made for step in (2, 3, 4, 5)}
    assert made == {2: 1.0, 3: 0.0, 4: 1.0, 5: 2.0}


def test_trims_end_where_they_end_and_locked_tracks_stay(fake):
    report = fake.play(
        {"do": {"select": ["OH R"], "fader": {"OH L": 0.1, "OH R": 0.1}}},
        settings(fake, "overheads=12"),
        fake.press("overheads_up"),
        fake.press("toggle_lock"),
        settings(fake, "overheads=0"),
    )
    assert moves(report, 0, 1) == dict.fromkeys(OVERHEADS, 12.0)
    assert "trims end at 12 dB: nothing moved" in report.console
    # the locked side holds the other one
    assert report.faders(4) == report.faders(1)
    assert "no fader moved" in report.console
    assert marks(report, 4)["OH L"] == "1;overheads;0;12"
