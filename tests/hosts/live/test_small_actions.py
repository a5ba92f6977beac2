"""Given a balanced project, when a small action's key is pressed, then it does just that."""

import json
import math

import pytest

from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.hosts import rpp
from reaper_drumgain.schema.settings import Settings

#: what the settings dialog shows where nothing was set
USUAL = ["forest", "100", "keep", "selected", "volume", "files", "usual", "volume", "refuse"]
USUAL += ["no", "yes", "auto", ""]


def decibel(fader):
    return 20 * math.log10(fader)


def moved(report, one, other):
    before, after = report.faders(one), report.faders(other)
    return {name: decibel(after[name] / before[name]) for name in before if before[name] > 0}


def test_compare_goes_there_and_back_and_each_can_be_undone(fake):
    report = fake.play(
        {"ticks": 1},
        fake.press("balance_all"),
        fake.press("compare"),
        fake.press("compare"),
        {"do": {"undo": 2}},
        fake.press("compare"),
    )
    start, done = report.faders(0), report.faders(1)
    assert start != done
    assert report.faders(2) == start
    assert report.faders(3) == done
    assert report.faders(4) == done
    assert report.faders(5) == start
    names = ["DrumGain: balance 11 drum tracks (forest)", "DrumGain: compare, before"]
    assert report.undo() == names


def test_compare_keeps_what_was_moved_by_hand(fake):
    report = fake.play(
        fake.press("balance_all"),
        {"do": {"fader": {"Tom 1": 0.5}}},
        fake.press("compare"),
        fake.press("compare"),
    )
    assert report.faders(3)["Tom 1"] == 0.5
    assert report.faders(3) == report.faders(1)


def test_amount_scales_the_moves_from_the_faders_before(fake, demo_plan):
    report = fake.play(
        {"ticks": 1},
        fake.press("balance_all"),
        fake.press("amount_down"),
        fake.press("amount_down"),
        fake.press("amount_up"),
        fake.press("amount_up"),
        fake.press("amount_up"),
    )
    full = {t.name: t.new_db - t.old_db for t in demo_plan.tracks}
    for step, share in ((1, 1.0), (2, 0.9), (3, 0.8), (4, 0.9), (5, 1.0), (6, 1.0)):
        got = moved(report, 0, step)
        for name, move in full.items():
            assert got[name] == pytest.approx(share * move, abs=1e-6), (step, name)
    assert "amount is 100 % already" in report.console
    assert report.undo()[1:] == [f"DrumGain: amount {n} %" for n in (90, 80, 90, 100)]


def test_amount_stops_a_fader_at_its_end_and_leaves_the_others(reaper, demo_plan):
    """With all faders near the end some of the moves pass it, and no other fader is to give way."""
    names = [track.name for track in demo_plan.tracks]
    report = reaper.play(
        {"do": {"fader": dict.fromkeys(names, 3.6)}},
        reaper.press("balance_all"),
        reaper.press("amount_down"),
        reaper.press("amount_up"),
    )
    done, less, again = (report.faders(place) for place in (1, 2, 3))
    end = 10 ** (12 / 20)
    at_end = [name for name in names if done[name] == pytest.approx(end)]
    assert at_end
    assert "more than a fader gives" in json.dumps(report.data)
    for name in names:
        assert again[name] == pytest.approx(done[name], rel=1e-6), name
        if name not in at_end:
            share = decibel(less[name] / 3.6) / decibel(done[name] / 3.6)
            assert share == pytest.approx(0.9, abs=1e-3), name
        assert less[name] <= end * (1 + 1e-9)
    assert less["OH L"] == pytest.approx(less["OH R"])


def test_amount_keeps_the_distance_of_a_fader_moved_by_hand(fake, demo_plan):
    report = fake.play(
        {"ticks": 1},
        fake.press("balance_all"),
        {"do": {"fader": {"Hi-Hat": 0.5}}},
        fake.press("amount_down"),
    )
    move = next(t.new_db - t.old_db for t in demo_plan.tracks if t.name == "Hi-Hat")
    assert decibel(report.faders(3)["Hi-Hat"] / 0.5) == pytest.approx(-0.1 * move, abs=1e-6)
    assert "1 track that you moved since" in report.console


@pytest.mark.parametrize(
    "pressed",
    [
        ("amount_down", "amount_down", "amount_up"),
        ("compare", "amount_down"),
        ("compare", "compare", "amount_down"),
        ("amount_down", "compare", "amount_up", "amount_down"),
    ],
)
def test_what_was_moved_by_hand_outlives_all_presses(fake, demo_plan, pressed):
    report = fake.play(
        {"ticks": 1},
        fake.press("balance_all"),
        {"do": {"fader": {"Hi-Hat": 0.5}}},
        *map(fake.press, pressed),
    )
    last = report.faders(2 + len(pressed))
    for track in demo_plan.tracks:
        full = track.new_db - track.old_db
        start = 0.5 if track.name == "Hi-Hat" else report.faders(1)[track.name]
        got = decibel(last[track.name] / start)
        assert got == pytest.approx(-0.1 * full, abs=1e-6), track.name


def test_a_fader_that_is_moved_twice_between_presses_keeps_both(fake, demo_plan):
    report = fake.play(
        {"ticks": 1},
        fake.press("balance_all"),
        {"do": {"fader": {"Hi-Hat": 0.5}}},
        fake.press("amount_down"),
        {"do": {"fader": {"Hi-Hat": 0.25}}},
        fake.press("amount_up"),
    )
    move = next(t.new_db - t.old_db for t in demo_plan.tracks if t.name == "Hi-Hat")
    assert decibel(report.faders(5)["Hi-Hat"] / 0.25) == pytest.approx(0.1 * move, abs=1e-6)


def test_a_fader_moved_on_the_side_before_does_not_lose_the_other(fake):
    report = fake.play(
        {"ticks": 1},
        fake.press("balance_all"),
        fake.press("compare"),
        {"do": {"fader": {"Hi-Hat": 0.5}}},
        fake.press("compare"),
        fake.press("compare"),
    )
    assert report.faders(4) == report.faders(1)
    assert report.faders(5) == {**report.faders(0), "Hi-Hat": 0.5}


def test_amount_after_a_fader_moved_on_the_side_before(fake, demo_plan):
    report = fake.play(
        {"ticks": 1},
        fake.press("balance_all"),
        fake.press("compare"),
        {"do": {"fader": {"Hi-Hat": 0.5}}},
        fake.press("amount_down"),
    )
    for track in demo_plan.tracks:
        start = 0.5 if track.name == "Hi-Hat" else report.faders(0)[track.name]
        got = decibel(report.faders(4)[track.name] / start)
        assert got == pytest.approx(0.9 * (track.new_db - track.old_db), abs=1e-6), track.name
    assert "by hand" not in report.console


def test_a_track_that_was_taken_out_stays_out_until_its_fader_is_raised(fake, demo_plan):
    report = fake.play(
        {"ticks": 1},
        fake.press("balance_all"),
        {"do": {"fader": {"Hi-Hat": 0.0}}},
        fake.press("amount_down"),
        fake.press("compare"),
        fake.press("compare"),
        {"do": {"fader": {"Hi-Hat": 0.5}}},
        fake.press("amount_down"),
        fake.press("amount_up"),
    )
    move = next(t.new_db - t.old_db for t in demo_plan.tracks if t.name == "Hi-Hat")
    assert [report.faders(step)["Hi-Hat"] for step in (3, 5)] == [0.0, 0.0]
    assert report.faders(4)["Hi-Hat"] == report.faders(0)["Hi-Hat"]
    assert decibel(report.faders(7)["Hi-Hat"] / 0.5) == pytest.approx(-0.1 * move, abs=1e-6)
    assert report.faders(8)["Hi-Hat"] == pytest.approx(0.5, rel=1e-9)


def test_compare_after_an_undo_and_a_fader_moved_since(fake):
    report = fake.play(
        {"ticks": 1},
        fake.press("balance_all"),
        {"do": {"undo": 1}},
        {"do": {"fader": {"Hi-Hat": 0.5}}},
        fake.press("compare"),
        fake.press("compare"),
    )
    assert report.faders(4) == report.faders(1)
    assert report.faders(5) == {**report.faders(0), "Hi-Hat": 0.5}


def test_amount_after_an_undo_starts_from_the_faders_that_are_there(fake, demo_plan):
    report = fake.play(
        {"ticks": 1}, fake.press("balance_all"), {"do": {"undo": 1}}, fake.press("amount_down")
    )
    got = moved(report, 0, 3)
    for track in demo_plan.tracks:
        assert got[track.name] == pytest.approx(0.9 * (track.new_db - track.old_db), abs=1e-6)


@pytest.mark.parametrize(("action", "move"), [("overheads_up", 1.0), ("overheads_down", -1.0)])
def test_overheads_move_against_the_others(fake, action, move):
    report = fake.play({"ticks": 1}, fake.press(action), {"do": {"undo": 1}})
    got = moved(report, 0, 1)
    assert got == pytest.approx({n: move if n.startswith("OH") else 0.0 for n in got})
    assert report.faders(2) == report.faders(0)


def test_overheads_stop_at_the_end_of_the_fader(fake):
    report = fake.play({"do": {"fader": {"OH R": 3.9}}}, fake.press("overheads_up"))
    assert report.faders(1) == report.faders(0)
    assert "end of its fader" in report.console


def test_a_role_is_kept_on_the_tracks_and_read_from_the_file(fake, project):
    saved = project.with_name("saved.RPP")
    report = fake.play(
        {"do": {"select": ["Bass", "Vocal"]}},
        fake.press("set_role", {"values": [" tom 2 "]}),
        {"do": {"save": str(saved)}},
        fake.press("set_role", {"answer": "ok"}),
        fake.press("set_role", {"values": [""]}),
    )
    tracks = {t.name: t for t in rpp.read_project(saved).session.tracks}
    assert tracks["Bass"].role == tracks["Vocal"].role == "tom 2"
    assert tracks["Tom 1"].role is None
    assert report.data["dialogs"][1]["values"] == ["tom 2"]
    assert report.state()["tracks"][-1]["p_ext"] == {}
    assert report.undo()[1] == "DrumGain: set role of 2 tracks"


def test_a_track_can_be_told_by_its_sound_from_then_on(reaper, project):
    """Given a kick without a name and a bass, when their role is to be told by their sound, then
    the kick is balanced as one and the bass stays, and the last result says so."""
    saved = project.with_name("saved.RPP")
    report = reaper.play(
        {"do": {"rename": {"Kick In": "Audio 07"}, "select": ["Audio 07", "Bass"]}},
        reaper.press("set_role", {"values": ["Listen"]}),
        {"do": {"save": str(saved)}},
        reaper.press("balance_all"),
        reaper.press("show_last"),
    )
    plan = balance(rpp.read_project(saved).session, Settings())
    want = {track.name: track.new_db for track in plan.tracks}
    assert {n: round(decibel(report.faders()[n]), 2) for n in want} == want
    assert "Audio 07" in want
    assert report.faders()["Bass"] == report.faders(0)["Bass"]
    assert "2 tracks: role recognised by its sound" in report.console
    assert "note: track 'Audio 07' sounds like a kick" in report.console
    assert "note: track 'Bass' sounds like no kick" in report.console


@pytest.mark.parametrize("listen", ["yes", "no"])
def test_kicks_among_tracks_without_a_name_are_told_where_the_settings_say_so(reaper, listen):
    report = reaper.play(
        {"do": {"rename": {"Kick In": "Audio 07", "Vocal": "Track 9"}}},
        reaper.press("settings", {"values": [*USUAL[:3], "all", *USUAL[4:9], listen, *USUAL[10:]]}),
        reaper.press("repeat"),
        reaper.press("show_last"),
    )
    told = listen == "yes"
    assert ("moved 11 of 11" if told else "moved 10 of 10") in report.console
    assert ("note: track 'Audio 07' sounds like a kick" in report.console) == told
    assert ("note: track 'Track 9' sounds like no kick" in report.console) == told


def test_a_role_that_is_none_is_refused(fake):
    nonsense = ["trombone", "tom zero", "x" * 3000, "<>\"'`", "none none"]
    report = fake.play(
        {"do": {"select": ["Bass"]}},
        *(fake.press("set_role", {"values": [text]}) for text in nonsense),
    )
    assert report.state()["tracks"][-2]["p_ext"] == {}
    assert len(report.undo()) == 1
    boxes = [d for d in report.data["dialogs"] if d["kind"] == "ShowMessageBox"]
    assert len(boxes) == len(nonsense)


def test_cancelled_dialogs_change_nothing(fake):
    report = fake.play(
        {"do": {"select": ["Bass"]}},
        fake.press("set_role", {"answer": "cancel"}),
        fake.press("settings", {"answer": "cancel"}),
    )
    assert report.data["writes"] == []
    assert report.undo() == ["Change track selection"]
    assert report.console == ""


def test_lock_is_toggled_for_all_selected_tracks_and_kept_in_the_file(fake, project):
    saved = [project.with_name(f"{i}.RPP") for i in range(3)]
    fake.play(
        {"do": {"select": ["Hi-Hat"]}},
        fake.press("toggle_lock"),
        {"do": {"save": str(saved[0]), "select": ["Hi-Hat", "Tom 1"]}},
        fake.press("toggle_lock"),
        {"do": {"save": str(saved[1])}},
        fake.press("toggle_lock"),
        {"do": {"save": str(saved[2])}},
    )
    locked = [{t.name for t in rpp.read_project(path).session.tracks if t.locked} for path in saved]
    assert locked == [{"Hi-Hat"}, {"Hi-Hat", "Tom 1"}, set()]


def test_settings_are_filled_in_and_remembered_with_the_project(fake):
    wanted = ["fenton-lee", "62,5 %", "peak:-3", "all", "automation", "skip"]
    wanted += ["time selection", "trim", "replace", "yes", "no", "outliers", ""]
    report = fake.play(
        fake.press("settings", {"values": wanted}),
        fake.press("settings", {"answer": "ok"}),
        fake.press("settings", {"values": ["1", "100", "keep", "Selected", *USUAL[4:]]}),
        fake.press("settings", {"answer": "cancel"}),
    )
    shown = [dialog["values"] for dialog in report.data["dialogs"]]
    wanted[1] = "62.5"
    assert shown == [USUAL, wanted, wanted, USUAL]
    assert report.undo() == []
    lines = report.console.splitlines()
    wanted = "automation by time selection in the trim envelope, existing envelopes: replace"
    assert wanted in lines[0]
    assert "kicks found by sound, analysis results not cached" in lines[0]
    assert not any(word in lines[2] for word in ("automation", "sound", "heard"))


def test_settings_of_a_project_from_before_a_field_was_there_are_kept(fake):
    stored = {"kind": "settings", "schema": 1, "method": "unity", "amount": 50.0, "scope": "all"}
    report = fake.play(
        {"do": {"project_ext_state": [["DrumGain", "settings", json.dumps(stored)]]}},
        fake.press("settings", {"answer": "ok"}),
    )
    (dialog,) = report.data["dialogs"]
    assert dialog["values"] == ["unity", "50", "keep", "all", *USUAL[4:]]


NONSENSE = [
    *[(0, "trombone"), (0, "0"), (0, "9" * 40), (1, "-5"), (1, "nan"), (1, "lots")],
    *[(2, "peak"), (2, "lufs:1e9"), (3, "none"), (4, "trim"), (5, "rm -rf")],
    *[(6, "times"), (7, "pan"), (8, "overwrite"), (9, "maybe"), (10, ""), (11, "both")],
]


def test_nonsense_in_a_field_is_told_and_nothing_is_saved(fake):
    answers = []
    for place, text in NONSENSE:
        values = list(USUAL)
        values[place] = text
        answers.append(values)
    report = fake.play(*(fake.press("settings", {"values": values}) for values in answers))
    assert report.data["writes"] == []
    boxes = [d["text"] for d in report.data["dialogs"] if d["kind"] == "ShowMessageBox"]
    assert len(boxes) == len(NONSENSE)
    for box, (_, text) in zip(boxes, NONSENSE, strict=True):
        assert any(word in box for word in ("expected", "needs", "not within")), (text, box)


def test_the_last_result_is_shown_with_reasons(fake, demo_plan):
    report = fake.play(fake.press("balance_all"), fake.press("show_last"))
    for track in demo_plan.tracks:
        assert track.name in report.console
        assert track.reason in report.console
    assert report.undo() == [f"DrumGain: balance {len(demo_plan.moves)} drum tracks (forest)"]


def test_without_a_last_result_they_say_so(fake):
    names = ["compare", "amount_up", "amount_down", "show_last"]
    report = fake.play(*(fake.press(name) for name in names))
    assert len(report.data["dialogs"]) == len(names)
    assert all("balance its drum tracks first" in d["text"] for d in report.data["dialogs"])
    assert report.undo() == []
    assert report.data["writes"] == []


def test_nothing_selected_and_no_time_selection_are_told_without_a_question(fake):
    report = fake.play(
        fake.press("balance_selected"), fake.press("balance_time_selection"), fake.press("cancel")
    )
    lines = report.console.splitlines()
    assert "no track is selected" in lines[0]
    assert "no time selection" in lines[1]
    assert "nothing is running" in lines[2]
    assert report.data["dialogs"] == []
    assert report.undo() == []
    assert report.data["writes"] == []


HOSTILE = [
    "{",
    "[" * 100_000,
    json.dumps({"kind": "last", "schema": 1}),
    json.dumps({"kind": "last", "schema": 1, "summary": 3}),
    "x" * (2 << 20),
]


def last(**changes):
    track = {"guid": "{X}", "name": "Kick In", "role": "kick", "before": 1.0, "after": 1.0}
    return json.dumps(
        {
            "kind": "last",
            "schema": 1,
            "summary": "s",
            "method": "forest",
            "amount": 100.0,
            "tracks": [{**track, **changes}],
        }
    )


def test_what_a_project_claims_as_last_result_is_not_believed(fake):
    texts = [
        *HOSTILE,
        *(last(after=1e300), last(before=-1.0), last(full_db=1e300), last(full_db="NaN")),
        *(last(path="/etc/passwd"), last(guid="{00000000-0000-0000-0000-000000000000}")),
        *(last(sections=[{}]), last(sections=[{"name": "x", "start": "a"}]), last(automated=3)),
        last(sections=[{"name": "", "start": 0.0, "end": 1.0, "fader_db": 0.0}] * 20_000),
    ]
    steps = []
    for text in texts:
        steps.append({"do": {"project_ext_state": [["DrumGain", "last", text]]}})
        steps += [fake.press("compare"), fake.press("amount_down")]
    report = fake.play(*steps)
    assert report.faders(0) == report.faders()
    assert {w["function"] for w in report.data["writes"]} == {"SetProjExtState"}
    assert len(report.data["writes"]) == len(texts)


@pytest.mark.parametrize("claim", [0.0, -1.0, 1e300])
def test_a_claimed_move_by_hand_is_not_believed(fake, claim):
    report = fake.play(fake.press("balance_all"))
    run = json.loads(report.state()["ext_state"]["DrumGain"]["last"])
    run["tracks"][0]["by_hand"] = claim
    steps = [{"do": {"project_ext_state": [["DrumGain", "last", json.dumps(run)]]}}]
    report = fake.play(*steps, fake.press("amount_down"))
    assert report.faders(0) == report.faders()
    assert "has impossible values" in report.data["dialogs"][0]["text"]


def test_what_a_project_claims_as_settings_is_not_believed(fake):
    usual = {"kind": "settings", "schema": 1, "method": "forest"}
    texts = [
        *HOSTILE,
        *(
            json.dumps({**usual, **more})
            for more in (
                {"method": "/bin/sh"},
                {"amount": 1e9},
                {"scope": "everything"},
                {"interpreter": "/bin/sh"},
                {"audio": "http://example.org"},
                {"level": None},
                *({"write": "everything"}, {"sections": "times"}, {"envelope": "pan"}),
                *({"existing": "overwrite"}, {"automated": "yes"}, {"listen": 1}),
                {"remember": "/etc/passwd"},
                {"mode": "everything"},
            )
        ),
    ]
    steps = []
    for text in texts:
        steps.append({"do": {"project_ext_state": [["DrumGain", "settings", text]]}})
        steps.append(fake.press("settings", {"answer": "cancel"}))
    report = fake.play(*steps)
    shown = [dialog["values"] for dialog in report.data["dialogs"]]
    assert shown == [USUAL] * len(texts)


def test_settings_of_a_newer_version_outlive_the_dialog(fake):
    """Its keys are not known here; what is known of the rest counts, and both are kept."""
    stored = {"kind": "settings", "schema": 1, "method": "unity", "amount": 40, "newer": {"a": [1]}}
    report = fake.play(
        {"do": {"project_ext_state": [["DrumGain", "settings", json.dumps(stored)]]}},
        fake.press("settings", {"fields": {"Amount in %": "60"}}),
    )
    assert report.data["dialogs"][0]["values"][:2] == ["unity", "40"]
    now = json.loads(report.state()["ext_state"]["DrumGain"]["settings"])
    assert (now["newer"], now["method"], now["amount"]) == ({"a": [1]}, "unity", 60)


def test_the_beginning_of_a_word_is_enough_in_the_dialog(fake):
    fields = {"Scope (selected; all; time)": "time", "Sections (? lists them)": "reg"}
    report = fake.play(fake.press("settings", {"fields": fields}))
    now = json.loads(report.state()["ext_state"]["DrumGain"]["settings"])
    assert (now["scope"], now["sections"]) == ("time selection", "regions")


def test_a_question_mark_lists_what_a_field_takes(fake):
    report = fake.play(fake.press("settings", {"fields": {"Sections (? lists them)": "?"}}))
    (text,) = [d["text"] for d in report.data["dialogs"] if d["kind"] == "ShowMessageBox"]
    assert "usual, regions, markers, time selection, running" in text
    assert "settings" not in report.state()["ext_state"].get("DrumGain", {})


def test_a_reaper_that_keeps_no_text_on_tracks_is_told(fake):
    """Given a write that REAPER ignores, then no role is claimed and there is no undo point."""
    ignored = {"call": "GetSetMediaTrackInfo_String", "nth": 3, "effect": "ignore"}
    report = fake.play(
        {"do": {"select": ["Bass"]}},
        fake.press("set_role", {"values": ["tom 2"]}, fail=[ignored]),
    )
    (box,) = [d["text"] for d in report.data["dialogs"] if d["kind"] == "ShowMessageBox"]
    assert "did not store DrumGain's text" in box
    assert "role tom 2" not in report.console
    assert report.undo() == ["Change track selection"]
