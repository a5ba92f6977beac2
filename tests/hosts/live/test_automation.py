"""Given a plan with automation, when it is written into the open project, then its envelopes are.

The plans are made by hand, so that every kind of envelope occurs."""

from __future__ import annotations

import dataclasses
import json
import math
import re

import pytest

from reaper_drumgain.hosts import rpp
from reaper_drumgain.schema import envelope_note, fader_note
from reaper_drumgain.schema.session import EnvelopePoint
from reaper_drumgain.units import to_linear

from .automation import (
    KEYS,
    automation,
    draw,
    envelope_of,
    gain,
    lines_of,
    read_by_parser,
    steps,
    with_automation,
)
from .conftest import GIVES_PLAN
from .test_small_actions import USUAL

#: how REAPER has envelopes that were never shown, and switches them on
REAPERS = {
    "7.45": {},
    "7.45, never null": {"faults": {"dormant_envelopes": True}},
    "6.20": {"version": "6.20/win64"},
}
#: an envelope as a user drew it: all kinds of lines, in the order of a project file
DRAWN = (
    *("ACT 1 -1", "VIS 1 1 1", "LANEHEIGHT 0 0", "ARM 0", "DEFSHAPE 0 -1 -1", "VOLTYPE 1"),
    *("PT 0 1 0", "PT 1 0.5 5 0 1 0 0.25", "PT 2 0.75 2", "PT 3 0.25 1", "PT 4 1.5 0"),
)
PLAIN = tuple(line for line in DRAWN if line != "VOLTYPE 1")
OFF = ("ACT 0 -1", *DRAWN[1:])


@pytest.fixture
def session(project):
    return rpp.read_project(project).session


@pytest.fixture
def write(fake, demo_plan, tmp_path):
    """Press the action with a plan in which these tracks get automation."""

    def press(parts, **more):
        put_plan(tmp_path, with_automation(demo_plan, **parts))
        return fake.press("write_automation", **more)

    return press


def put_plan(folder, plan):
    (folder / "plan.json").write_text(plan.to_json(), "utf-8")


def track(report, name, step=None):
    return next(t for t in report.state(step)["tracks"] if t["name"] == name)


def points_of(report, name, key="VOLENV2", step=None):
    found = [e for e in track(report, name, step)["envelopes"] if e["key"] == key]
    return [tuple(p) for p in found[0]["points"]] if found else None


def expected(points):
    return [pytest.approx((p.time, p.value, p.shape), rel=1e-9) for p in points]


def text_without_own_state(path):
    """A project's text but for what DrumGain remembers with the project."""
    text = path.read_bytes().decode()
    return re.sub(r"\r\n  <EXTSTATE\r\n.*?\r\n  >(?=\r\n)", "", text, flags=re.DOTALL)


def test_new_envelopes_are_made_in_one_undo_step(fake, write, session, demo_plan, project):
    """Given tracks without envelopes, then each planned one has an active, visible envelope with
    the plan's points, its note and its fader; the others have none; there is one undo step."""
    parts = {
        "Kick_In": automation(session, "Kick In", steps(0.0, -3.5)),
        "Snare_Top": automation(session, "Snare Top", steps(-1.0, 2.0, -6.0, length=1.5)),
        "OH_L": automation(session, "OH L", steps(0.0, 1.0), kind="trim volume"),
    }
    saved = project.with_name("saved.RPP")
    report = fake.play({"ticks": 1}, write(parts), {"do": {"save": str(saved)}})
    assert report.undo() == ["DrumGain: automate 3 drum tracks (forest)"]
    assert report.state()["undo"][0][1] == 1 | 32
    notes = {t.name: {fader_note.KEY: t.note} for t in demo_plan.moves if t.note}
    for name, part in parts.items():
        state = track(report, name.replace("_", " "))
        (envelope,) = state["envelopes"]
        assert envelope["key"] == KEYS[part.envelope][1:]
        assert (envelope["active"], envelope["visible"], envelope["sorted"]) == (True,) * 3
        assert envelope["fader_scaled"]
        assert [tuple(p) for p in envelope["points"]] == expected(part.points)
        assert state["p_ext"] == {envelope_note.KEY: part.mark, **notes.get(state["name"], {})}
    others = [t for t in report.state()["tracks"] if t["name"].replace(" ", "_") not in parts]
    assert [t["name"] for t in others if t["envelopes"]] == []
    assert all(t["p_ext"] == notes.get(t["name"], {}) for t in others)
    for planned in demo_plan.moves:
        assert report.faders()[planned.name] == pytest.approx(to_linear(planned.new_db), rel=1e-9)
    writes = [w for w in report.data["writes"] if w["function"] != "SetProjExtState"]
    assert all(w["in_block"] and w["ui_held"] for w in writes)
    peer = read_by_parser(saved)
    for name, part in parts.items():
        found = peer[name.replace("_", " ")][KEYS[part.envelope]]
        assert found == expected(part.points)
    assert "wrote automation on 3 (at most 5 points)" in report.console


@pytest.mark.parametrize("which", REAPERS)
@pytest.mark.parametrize("trim_moves", [False, True], ids=["", "trim moves"])
def test_every_reaper_and_preference_gives_the_same(
    fake, write, session, project, which, trim_moves
):
    """Given a REAPER of some version, in which an envelope that is switched on takes over the
    fader or not, then envelopes and faders are the plan's, and undo takes all of it back."""
    draw(project, "Tom 1", *OFF)
    draw(project, "OH R", *PLAIN)
    session = rpp.read_project(project).session
    parts = {
        "Kick_In": automation(session, "Kick In", steps(0.0, -3.5)),
        "Tom_1": automation(session, "Tom 1", steps(-1.0, start=1.5), (2, 2)),
        "OH_R": automation(session, "OH R", steps(2.0, 1.0)),
    }
    places = [project.with_name(f"{name}.RPP") for name in ("before", "after", "undone", "redone")]
    how = REAPERS[which]
    report = fake.play(
        {"do": {"save": str(places[0])}},
        write(parts),
        {"do": {"save": str(places[1])}},
        {"do": {"undo": 1, "save": str(places[2])}},
        {"do": {"redo": 1, "save": str(places[3])}},
        **{**how, "faults": {**how.get("faults", {}), "trim_moves": trim_moves}},
    )
    peer = read_by_parser(places[1])
    for name, part in parts.items():
        title = name.replace("_", " ")
        old = envelope_of(session, title, "volume")
        want = part.result(old.points if old else ())
        assert peer[title]["<VOLENV2"] == expected(want), title
        assert track(report, title, 1)["envelopes"][0]["active"]
    after = rpp.read_project(places[1]).session
    assert [e.fader_scaled for t in after.tracks for e in t.envelopes] == [True, True, False]
    plan = json.loads((fake.folder / "plan.json").read_text("utf-8"))
    for planned in plan["tracks"]:
        want = to_linear(planned["new_db"])
        assert report.faders(1)[planned["name"]] == pytest.approx(want, rel=1e-9)
    before, done, undone, redone = map(text_without_own_state, places)
    assert before == undone != done
    assert done == redone


def test_what_lies_outside_the_time_selection_stays_line_by_line(fake, write, project):
    """Given an envelope with points before, in and behind a time selection, some of them at its
    very borders, then the lines outside are as they were, in their order."""
    lines = [
        *DRAWN[:6],
        *("PT 0 1 0", "PT 1 0.5 5 0 1 0 0.25", "PT 2 0.75 1", "PT 2 0.7 0", "PT 3 0.25 1"),
        *("PT 4 1.5 0", "PT 4 1.25 5 0 1 0 -0.5", "PT 9 0.1 3"),
    ]
    draw(project, "Tom 1", *lines)
    draw(project, "Tom 2", *lines)
    session = rpp.read_project(project).session
    points = (
        EnvelopePoint(2.0, 0.7),
        EnvelopePoint(2.5, gain(-3.0), 2),
        EnvelopePoint(3.5, gain(1.0), 5, 0.5),
        EnvelopePoint(4.0, 1.5),
    )
    # between points of one time: the second of two at 2 s and the first of two at 4 s are old
    parts = {
        "Tom_1": automation(session, "Tom 1", points, (4, 2)),
        "Tom_2": automation(session, "Tom 2", points, (3, 3)),
    }
    saved = project.with_name("saved.RPP")
    report = fake.play(write(parts), {"do": {"save": str(saved)}})
    after = rpp.read_project(saved).session
    for name, part in parts.items():
        title = name.replace("_", " ")
        old = envelope_of(session, title, "volume").points
        new = envelope_of(after, title, "volume").points
        want = part.result(old)
        assert [(p.time, p.shape, p.tension) for p in new] == [
            (p.time, p.shape, p.tension) for p in want
        ]
        assert [p.value for p in new] == pytest.approx([p.value for p in want], rel=1e-9)
        before = lines_of(project, title)
        kept = lines_of(saved, title)
        # those of one time with the last new point are put behind it anew
        assert kept[: 6 + part.kept_before] == before[: 6 + part.kept_before]
        assert kept[-1] == before[-1]
    assert report.undo() == ["DrumGain: automate 2 drum tracks (forest)"]


def refused(report, start=0):
    """Nothing was written, and it was told once."""
    names = {w["function"] for w in report.data["writes"]} - {"SetProjExtState"}
    assert names == set()
    assert [n for n in report.undo() if "DrumGain" in n] == []
    said = [d["text"] for d in report.data["dialogs"]] + report.console.splitlines()
    (line,) = said
    return line


@pytest.mark.parametrize("mode", ["read", "touch", "write", "latch", "latch preview"])
def test_a_plan_for_a_track_in_another_mode_is_refused(fake, write, session, mode):
    number = ["trim/read", "read", "touch", "write", "latch", "latch preview"].index(mode)
    press = write({"Kick_In": automation(session, "Kick In", steps(0.0, -3.5))})
    report = fake.play({"do": {"line": [["Kick In", "AUTOMODE", 1, number]]}}, press)
    assert f"automation mode '{mode}', expected 'trim/read'" in refused(report)


@pytest.mark.parametrize(("override", "name"), [(1, "read"), (6, "bypass"), (9, "9")])
def test_an_override_for_all_tracks_is_refused(fake, write, session, override, name):
    press = write({"Kick_In": automation(session, "Kick In", steps(0.0, -3.5))})
    report = fake.play(press, faults={"automation_override": override})
    assert f"override is '{name}'" in refused(report)


def test_an_override_that_is_trim_read_is_none(fake, write, session):
    press = write({"Kick_In": automation(session, "Kick In", steps(0.0, -3.5))})
    report = fake.play(press, faults={"automation_override": 0})
    assert len(report.undo()) == 1


def test_automation_items_are_refused(fake, write, session, project):
    press = write({"Kick_In": automation(session, "Kick In", steps(0.0, -3.5))})
    items = {"envelope": {"Kick In": {"points": [], "pooled": 2}}}
    assert "automation items" in refused(fake.play({"do": items}, press))


PLANS = [
    ({"old_points": 3}, "has 0 points, the plan expects 3"),
    ({"kept_before": 1}, "has 0 points"),
    ({"kept_after": -1}, "has 0 points"),
    ({"points": ()}, "0 points"),
    ({"points": (EnvelopePoint(0.0, -0.5),)}, "an invalid point"),
    ({"points": (EnvelopePoint(0.0, 1e6),)}, "an invalid point"),
    ({"points": (EnvelopePoint(1e12, 1.0),)}, "an invalid point"),
    ({"points": (EnvelopePoint(0.0, 1.0, 9),)}, "an invalid point"),
    ({"points": (EnvelopePoint(0.0, 1.0, 5, 2.0),)}, "an invalid point"),
    ({"points": (EnvelopePoint(1.0, 1.0), EnvelopePoint(0.0, 1.0))}, "out of order"),
    ({"mark": ""}, "no valid note for it"),
    ({"mark": "x\ny"}, "no valid note for it"),
    ({"mark": "x" * (envelope_note.MAX_NOTE + 1)}, "no valid note for it"),
    ({"envelope": "pan"}, "names its pan envelope"),
]


def test_a_plan_that_cannot_be_is_refused(fake, session, demo_plan, tmp_path, make_fake):
    """One press after the other, each with the next kind of nonsense from the worker."""
    good = automation(session, "Kick In", steps(0.0, -3.5))
    plans = [
        with_automation(demo_plan, Kick_In=dataclasses.replace(good, **change))
        for change, _ in PLANS
    ]
    (tmp_path / "plans.json").write_text(json.dumps([json.loads(p.to_json()) for p in plans]))
    (tmp_path / "count").write_text("0")
    reaper = make_fake(
        f"place = {str(tmp_path / 'count')!r}\n"
        "number = int(open(place).read())\n"
        "open(place, 'w').write(str(number + 1))\n"
        f"plan = json.load(open({str(tmp_path / 'plans.json')!r}))[number]\n" + GIVES_PLAN
    )
    report = reaper.play(*(reaper.press("write_automation") for _ in PLANS))
    texts = [d["text"] for d in report.data["dialogs"]]
    assert len(texts) == len(PLANS)
    for text, (change, said) in zip(texts, PLANS, strict=True):
        assert said in text, change
    assert report.data["writes"] == []
    assert report.undo() == []


MEANWHILE = [
    ({"envelope": {"Tom 1": {"points": [[0, 1, 0]]}}}, "envelope of 'Tom 1' was changed"),
    ({"envelope": {"Tom 1": {"active": 0}}}, "envelope of 'Tom 1' was changed"),
    ({"envelope": {"Tom 1": {"pooled": 1}}}, "envelope of 'Tom 1' was changed"),
    ({"envelope": {"Kick In": {"points": [[0, 1, 0]]}}}, "envelope of 'Kick In' was changed"),
    ({"line": [["Tom 1", "AUTOMODE", 1, 1]]}, "automation mode of 'Tom 1' was changed"),
    ({"p_ext": {"Kick In": {envelope_note.KEY: "x"}}}, "note on 'Kick In' was changed"),
    ({"delete_track": "Tom 1"}, "'Tom 1' was deleted"),
    ({"fader": {"Tom 1": 0.5}}, "fader of 'Tom 1' was moved"),
]


#: the first reading of the project asks for the override too
BEFORE_THE_CHECKS = {"before": "GetGlobalAutomationOverride", "nth": 2}


def test_what_the_user_changes_meanwhile_is_a_conflict(fake, write, project, make_fake, demo_plan):
    """Given a change while the worker listens, then nothing is changed and it is said what."""
    draw(project, "Tom 1", *DRAWN)
    session = rpp.read_project(project).session
    wait = fake.folder / "go"
    reaper = make_fake(f"while not os.path.exists({str(wait)!r}): time.sleep(0.002)\n" + GIVES_PLAN)
    reaper.options["clock"] = "real"
    write(
        {
            "Kick_In": automation(session, "Kick In", steps(0.0, -3.5)),
            "Tom_1": automation(session, "Tom 1", steps(0.0, 2.0), (2, 1)),
        }
    )
    steps_ = []
    wait.touch()
    for deeds, _ in MEANWHILE:
        # what was changed is undone, so that each press finds the same project
        steps_ += [
            reaper.press("write_automation", events=[{**BEFORE_THE_CHECKS, "do": deeds}]),
            {"do": {"undo": 1}},
        ]
    report = reaper.play(*steps_)
    lines = report.console.splitlines()
    assert len(lines) == len(MEANWHILE)
    for line, (deeds, said) in zip(lines, MEANWHILE, strict=True):
        assert said in line, deeds
    assert report.data["writes"] == []
    assert report.undo() == []


def test_the_project_is_closed_meanwhile(fake, write, session, project, tmp_path):
    other = tmp_path / "other.RPP"
    other.write_bytes(project.read_bytes())
    press = write(
        {"Kick_In": automation(session, "Kick In", steps(0.0, -3.5))},
        events=[{**BEFORE_THE_CHECKS, "do": {"close_tab": 0}}],
    )
    report = fake.play(press, projects=[str(project), str(other)])
    assert "closed in the meantime" in report.console
    assert report.data["writes"] == []


#: what goes wrong in the middle of the writing, and what then says so
BROKEN = [
    *(
        (
            {"call": "InsertEnvelopePointEx", "nth": nth, "effect": "ignore"},
            "did not store the point",
        )
        for nth in (1, 4, 9)
    ),
    ({"call": "Envelope_SortPointsEx", "nth": 2, "effect": "ignore"}, "as it was written"),
    ({"call": "DeleteEnvelopePointRangeEx", "nth": 2, "effect": "ignore"}, "points after writing"),
    ({"call": "SetTrackStateChunk", "nth": 1, "effect": "ignore"}, "did not create it"),
    ({"call": "SetTrackStateChunk", "nth": 2, "effect": "ignore"}, "did not create it"),
    ({"call": "SetMediaTrackInfo_Value", "nth": 1, "effect": "ignore"}, "the fader of"),
    ({"call": "SetMediaTrackInfo_Value", "nth": 9, "effect": "raise"}, "planned failure"),
]


def test_what_fails_in_the_middle_is_put_back(fake, write, project):
    """Given a REAPER that does not do one thing, early or late, then the saved project is as
    before, there is no undo step, and a sentence says what it was."""
    draw(project, "Tom 1", *OFF)
    draw(project, "Tom 2", *DRAWN)
    session = rpp.read_project(project).session
    parts = {
        "Kick_In": automation(session, "Kick In", steps(0.0, -3.5)),
        "Tom_1": automation(session, "Tom 1", steps(-1.0, start=1.5), (2, 2)),
        "Tom_2": automation(session, "Tom 2", steps(-1.0, 4.0, start=1.5, length=0.7), (2, 1)),
        "OH_R": automation(session, "OH R", steps(2.0, 1.0), kind="trim volume"),
    }
    saved = [project.with_name(f"{n}.RPP") for n in range(len(BROKEN) + 1)]
    presses = [{"do": {"save": str(saved[0])}}]
    for path, (fault, _) in zip(saved[1:], BROKEN, strict=True):
        presses += [write(parts, fail=[fault]), {"do": {"save": str(path)}}]
    report = fake.play(*presses, write(parts))
    texts = [d["text"] for d in report.data["dialogs"]]
    start = text_without_own_state(saved[0])
    for path, text, (fault, said) in zip(saved[1:], texts, BROKEN, strict=True):
        assert text_without_own_state(path) == start, fault
        assert said in text, fault
    assert report.undo() == ["DrumGain: automate 4 drum tracks (forest)"]


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ({"stuck_faders": {"Snare Top": 0.77}}, "did not set the fader of 'Snare Top'"),
        ({"envelope_range": 0.9}, "the range of volume envelopes"),
        ({"null_envelopes": ["Volume"]}, "gives no access to the volume envelope of 'Tom 2'"),
    ],
    ids=str,
)
def test_a_reaper_that_does_not_take_it_is_left_as_it_was(fake, write, project, faults, said):
    session = rpp.read_project(project).session
    parts = {"Kick_In": automation(session, "Kick In", steps(0.0, -3.5))}
    if "null_envelopes" in faults:
        parts["Tom_2"] = automation(session, "Tom 2", steps(0.0, -3.5))
        draw(project, "Tom 2", *DRAWN)
    saved = [project.with_name(f"{n}.RPP") for n in range(2)]
    report = fake.play(
        {"do": {"save": str(saved[0])}},
        write(parts),
        {"do": {"faults": {"stuck_faders": {}}, "save": str(saved[1])}},
        faults=faults,
    )
    assert said in report.data["dialogs"][0]["text"]
    before, after = map(text_without_own_state, saved)
    if "stuck_faders" not in faults:
        # a fader that takes no value cannot be put back either
        assert before == after
    assert report.undo() == []


def test_what_cannot_be_put_back_is_said(fake, write, project):
    draw(project, "Tom 2", *DRAWN)
    session = rpp.read_project(project).session
    parts = {"Tom_2": automation(session, "Tom 2", steps(-1.0, start=1.5), (2, 2))}
    refuse = [
        {"call": "Envelope_SortPointsEx", "nth": 1, "effect": "ignore"},
        {"call": "GetEnvelopeStateChunk", "nth": 4, "effect": "ignore"},
    ]
    report = fake.play(write(parts, fail=refuse))
    text = report.data["dialogs"][0]["text"]
    assert "The old envelopes of 'Tom 2' could not be restored" in text


def test_many_points_go_in_as_text(fake, write, project, demo_plan):
    """Given more points than there is time to insert one by one, in new and drawn envelopes, in
    every REAPER, then they are the same."""
    draw(project, "Tom 1", *OFF)
    draw(project, "Tom 2", *PLAIN)
    session = rpp.read_project(project).session
    many = tuple(
        EnvelopePoint(n / 100, gain(n % 7 - 3.0), n % 6, 0.25 if n % 6 == 5 else 0.0)
        for n in range(400)
    )
    parts = {
        "Kick_In": automation(session, "Kick In", many),
        "Tom_1": automation(session, "Tom 1", many[100:200], (1, 3)),
        "Tom_2": automation(session, "Tom 2", many),
        "OH_R": automation(session, "OH R", many, kind="trim volume"),
    }
    for number, how in enumerate(REAPERS.values()):
        saved = project.with_name(f"{number}.RPP")
        report = fake.play(write(parts), {"do": {"save": str(saved)}}, **how)
        assert report.undo() == ["DrumGain: automate 4 drum tracks (forest)"]
        assert "InsertEnvelopePointEx" not in report.data["calls"]
        after = rpp.read_project(saved).session
        for name, part in parts.items():
            title = name.replace("_", " ")
            old = envelope_of(session, title, part.envelope)
            want = part.result(old.points if old else ())
            assert envelope_of(after, title, part.envelope).points == want, title
            assert envelope_of(after, title, part.envelope).active


def test_how_an_envelope_is_made_depends_on_reaper(fake, write, session):
    """Where REAPER gives one that was never shown, the track's state text is not touched."""
    parts = {"Kick_In": automation(session, "Kick In", steps(0.0, -3.5))}
    made = {}
    for name, how in REAPERS.items():
        report = fake.play(write(parts), **how)
        made[name] = {w["function"] for w in report.data["writes"]} - {
            *("InsertEnvelopePointEx", "DeleteEnvelopePointRangeEx", "SetMediaTrackInfo_Value"),
            *("GetSetMediaTrackInfo_String", "SetProjExtState"),
        }
    assert made == {
        "7.45": {"SetTrackStateChunk", "GetSetEnvelopeInfo_String"},
        "7.45, never null": {"GetSetEnvelopeInfo_String"},
        "6.20": {"SetTrackStateChunk"},
    }


def test_a_long_state_text_is_read_whole(fake, write, project):
    """Given a track whose effects take megabytes, then not a byte of them is lost."""
    text = project.read_bytes().decode()
    at = text.index("MAINSEND", text.index('NAME "Kick In"'))
    at = text.index("\n", at) + 1
    state = "\n".join(["        " + "QUJD" * 30] * 20_000)
    chain = (
        '    <FXCHAIN\n      BYPASS 0 0 0\n      <VST "VST: big" big.dll 0 "" 1 ""\n'
        f"{state}\n      >\n    >\n"
    )
    project.write_bytes((text[:at] + chain + text[at:]).encode())
    session = rpp.read_project(project).session
    parts = {"Kick_In": automation(session, "Kick In", steps(0.0, -3.5))}
    saved = [project.with_name(f"{n}.RPP") for n in range(3)]
    report = fake.play(
        {"do": {"save": str(saved[0])}},
        write(parts),
        {"do": {"save": str(saved[1])}},
        {"do": {"undo": 1, "save": str(saved[2])}},
    )
    assert len(report.undo()) == 0
    before, after, undone = map(text_without_own_state, saved)
    assert before == undone
    assert after.count("QUJD") == before.count("QUJD") == 600_000


def test_a_state_text_that_does_not_come_whole_is_refused(fake, write, session):
    parts = {"Kick_In": automation(session, "Kick In", steps(0.0, -3.5))}
    report = fake.play(
        write(parts, fail=[{"call": "GetTrackStateChunk", "nth": 1, "effect": "ignore"}])
    )
    assert "an incomplete track state" in refused(report)


# ---- taking it back


@pytest.mark.parametrize("which", REAPERS)
def test_clear_takes_back_what_was_written(fake, write, project, which):
    """Given envelopes that DrumGain made, switched on, extended and replaced, also after saving,
    then clear brings back what was there, but for the faders; undo brings it all back."""
    draw(project, "Tom 1", *OFF)
    draw(project, "OH R", *DRAWN)
    session = rpp.read_project(project).session
    parts = {
        "Kick_In": automation(session, "Kick In", steps(0.0, -3.5)),
        "Tom_1": automation(session, "Tom 1", steps(-1.0, start=1.5), (2, 2)),
        "OH_R": automation(session, "OH R", steps(2.0, 1.0)),
        "OH_L": automation(session, "OH L", steps(2.0, 1.0), kind="trim volume"),
    }
    saved = [project.with_name(f"{n}.RPP") for n in range(3)]
    how = REAPERS[which]
    fake.play(write(parts), {"do": {"save": str(saved[0])}}, **how)
    report = fake.play(
        {"do": {"save": str(saved[0])}},
        fake.press("clear_automation"),
        {"do": {"save": str(saved[1])}},
        {"do": {"undo": 1, "save": str(saved[2])}},
        projects=[str(saved[0])],
        **how,
    )
    assert "removed its automation from 4 tracks; the faders are unchanged" in report.console
    assert report.undo(1) == ["DrumGain: clear automation of 4 tracks"]
    cleared = rpp.read_project(saved[1]).session
    written = rpp.read_project(saved[0]).session
    for old, with_it, now in zip(session.tracks, written.tracks, cleared.tracks, strict=True):
        assert now.fader == with_it.fader
        assert now.automation_note is None
        assert [(e.kind, e.active, e.points) for e in now.envelopes] == [
            (e.kind, e.active, e.points) for e in old.envelopes
        ], old.name
    assert text_without_own_state(saved[0]) == text_without_own_state(saved[2])


def test_clear_brings_a_long_envelope_back_and_leaves_no_part_of_its_note(fake, write, project):
    """Also where a shorter note takes the place of a long one."""
    rows = [f"PT {n / 8} {0.3 + n % 17 / 23:.8f} {n % 5}" for n in range(900)]
    draw(project, "Tom 1", *DRAWN[:6], *rows)
    session = rpp.read_project(project).session
    saved = [project.with_name(f"{n}.RPP") for n in range(2)]
    made = automation(session, "Tom 1", steps(0.0, -3.5))
    assert len(envelope_note.parts_of(made.mark)) > 1
    fake.play(write({"Tom_1": made}), {"do": {"save": str(saved[0])}})
    written = rpp.read_project(saved[0])
    assert {t.automation_note for t in written.session.tracks} == {None, made.mark}
    fake.play(
        fake.press("clear_automation"), {"do": {"save": str(saved[1])}}, projects=[str(saved[0])]
    )
    assert envelope_note.KEY not in saved[1].read_text()
    now = envelope_of(rpp.read_project(saved[1]).session, "Tom 1", "volume")
    assert now.points == envelope_of(session, "Tom 1", "volume").points
    rpp.clear_automation(written)
    assert lines_of(saved[0], "Tom 1")[6:] == rows


def test_clear_leaves_what_was_changed_since_and_says_so(fake, write, project):
    session = rpp.read_project(project).session
    parts = {
        name: automation(session, name.replace("_", " "), steps(0.0, -3.5))
        for name in ("Kick_In", "Tom_1", "Tom_2", "OH_L", "OH_R")
    }
    report = fake.play(
        write(parts),
        {"do": {"envelope": {"Tom 1": {"points": [[0, 0.5, 0], [1, 0.5, 0]]}}}},
        {"do": {"line": [["Tom 2", "AUTOMODE", 1, 1]]}},
        {
            "do": {
                "p_ext": {
                    "OH L": {envelope_note.KEY: "rubbish"},
                    "Bass": {envelope_note.KEY: "1;volume;no"},
                }
            }
        },
        fake.press("clear_automation"),
        fake.press("clear_automation"),
    )
    lines = report.console.splitlines()[1:]
    assert lines[0] == "DrumGain: removed its automation from 2 tracks; the faders are unchanged"
    left = sorted(
        re.search(r"not changed: track '(.*?)': (.*)", line).groups() for line in lines[1:5]
    )
    assert [name for name, _ in left] == ["Bass", "OH L", "Tom 1", "Tom 2"]
    assert [("changed since" in why, "damaged" in why, "mode" in why) for _, why in left] == [
        *((False, True, False), (False, True, False)),
        *((True, False, False), (False, False, True)),
    ]
    # the second press finds the same four, and changes nothing
    assert len(lines) == 9
    assert [n for n in report.undo() if "clear" in n] == ["DrumGain: clear automation of 2 tracks"]
    assert points_of(report, "Tom 1") == [(0, 0.5, 0), (1, 0.5, 0)]
    assert points_of(report, "Kick In") is None


def test_clear_without_anything_to_clear(fake):
    report = fake.play(fake.press("clear_automation"))
    assert "no automation that DrumGain wrote" in report.console
    assert report.data["writes"] == []
    assert report.undo() == []


@pytest.mark.parametrize("nth", [1, 2])
def test_clear_that_fails_in_the_middle_is_put_back(fake, write, project, nth):
    """Where the state text is not taken, the envelope is emptied, switched off and hidden; where
    the note stays, all is put back."""
    draw(project, "Tom 1", *DRAWN)
    session = rpp.read_project(project).session
    parts = {
        "Kick_In": automation(session, "Kick In", steps(0.0, -3.5)),
        "Tom_1": automation(session, "Tom 1", steps(0.0, -3.5)),
    }
    saved = [project.with_name(f"{n}.RPP") for n in range(2)]
    ignored = "SetTrackStateChunk" if nth == 1 else "DeleteEnvelopePointRangeEx"
    fault = {"call": ignored, "nth": 1, "effect": "ignore"}
    report = fake.play(
        write(parts),
        {"do": {"save": str(saved[0])}},
        fake.press("clear_automation", fail=[fault]),
        {"do": {"save": str(saved[1])}},
    )
    if nth == 1:
        (envelope,) = track(report, "Kick In")["envelopes"]
        assert (envelope["active"], envelope["visible"], envelope["points"]) == (False, False, [])
        assert "removed its automation from 2 tracks" in report.console
    else:
        assert "everything was restored" in report.data["dialogs"][0]["text"]
        assert text_without_own_state(saved[0]) == text_without_own_state(saved[1])
        assert len(report.undo()) == 1


# ---- what the user sees of it, and the small actions afterwards


def seen_by_worker(folder):
    return json.loads((folder / "seen.json").read_text("utf-8"))


@pytest.fixture
def asked(make_fake, demo_plan, tmp_path, project):
    """A REAPER whose worker keeps what it was asked, and gives a plan with automation."""
    session = rpp.read_project(project).session
    parts = {
        "Kick_In": automation(session, "Kick In", steps(0.0, -3.5)),
        "OH_L": automation(session, "OH L", steps(0.0, 1.0)),
    }
    seen = tmp_path / "seen.json"
    keep = (
        "import shutil\n"
        f"shutil.copy(os.path.join(folder, 'request.json'), {str(seen)!r})\n" + GIVES_PLAN
    )
    reaper = make_fake(keep)
    put_plan(tmp_path, with_automation(demo_plan, **parts))
    return reaper


def test_the_worker_is_asked_for_what_the_settings_say(asked, tmp_path):
    """The action writes automation whatever the dialog says, the balance actions as it says;
    repeat repeats the last of them."""
    values = ["forest", "100", "keep", "all", "volume", "files", "markers", "trim", "replace"]
    values += ["no", "yes", "auto"]
    wanted = {"sections": "markers", "times": [], "envelope": "trim", "existing": "replace"}
    wanted["ride_limit"] = 3.0

    def asked_by(*presses):
        report = asked.play(asked.press("settings", {"values": values}), *presses)
        assert report.undo()
        settings = seen_by_worker(tmp_path)["settings"]
        assert settings["automation"] == wanted
        return settings["write"]

    press = asked.press
    assert asked_by(press("write_automation")) == "automation"
    assert asked_by(press("write_automation"), {"do": {"undo": 1}}, press("repeat")) == "automation"
    again = [press("write_automation"), {"do": {"undo": 1}}]
    assert asked_by(*again, press("balance_all")) == "volume"
    assert asked_by(*again, press("balance_all"), {"do": {"undo": 1}}, press("repeat")) == "volume"
    values[4] = "automation"
    assert asked_by(press("balance_all")) == "automation"


def test_a_time_selection_is_needed_where_the_settings_say_so(asked, tmp_path):
    values = ["forest", "100", "keep", "all", "volume", "files", "time selection", *USUAL[7:]]
    settings = asked.press("settings", {"values": values})
    report = asked.play(settings, asked.press("write_automation"))
    assert (
        "automation within the time selection, but there is none"
        in report.data["dialogs"][1]["text"]
    )
    assert report.undo() == []
    report = asked.play(
        settings, {"do": {"time_selection": [1.0, 4.0]}}, asked.press("write_automation")
    )
    assert report.undo()[-1] == "DrumGain: automate 2 drum tracks (forest)"
    seen = seen_by_worker(tmp_path)
    assert seen["settings"]["automation"]["sections"] == "time selection"
    assert seen["session"]["time_selection"] == [1.0, 4.0]
    # a balance within it listens there too
    asked.play({"do": {"time_selection": [1.0, 4.0]}}, asked.press("balance_time_selection"))
    assert seen_by_worker(tmp_path)["settings"]["span"] == [1.0, 4.0]


def test_the_worker_is_told_of_names_and_notes(asked, tmp_path, project):
    """Regions with their names, and what DrumGain wrote before, so that it may be replaced."""
    text = project.read_bytes().decode()
    at = text.index("  <TRACK")
    regions = '  MARKER 1 0 "first verse" 1\n  MARKER 1 4 "" 1\n  MARKER 2 3 here 0\n'
    project.write_bytes((text[:at] + regions + text[at:]).encode())
    report = asked.play(asked.press("write_automation"), asked.press("write_automation"))
    seen = seen_by_worker(tmp_path)["session"]
    assert [(r["name"], r["position"], r["end"]) for r in seen["regions"]] == [
        ("first verse", 0.0, 4.0)
    ]
    assert [m["name"] for m in seen["markers"]] == ["here"]
    noted = {t["name"]: t["automation_note"] for t in seen["tracks"] if t["automation_note"]}
    assert set(noted) == {"Kick In", "OH L"}
    assert noted["Kick In"] == track(report, "Kick In")["p_ext"][envelope_note.KEY]


def test_the_last_result_shows_sections(asked):
    report = asked.play(asked.press("write_automation"), asked.press("show_last"))
    shown = report.console.split("\n", 1)[1]
    assert shown.count("0:00.0 to 0:02.0:   +0.00 dB verse") == 2
    assert shown.count("0:02.0 to 0:05.0:   +0.00 dB chorus") == 2
    assert shown.count("no automation: it holds only bleed") == 9
    (summary,) = report.console.splitlines()[:1]
    assert "wrote automation on 2 (at most 3 points), not on" in summary
    assert "and 6 more" in summary
    stored = report.state()["ext_state"]["DrumGain"]["last"]
    assert "P_EXT" not in stored
    assert "1;volume" not in stored


def test_amount_and_compare_are_refused_after_automation_and_overheads_move_the_fader(asked):
    report = asked.play(
        asked.press("write_automation"),
        asked.press("amount_down"),
        asked.press("amount_up"),
        asked.press("compare"),
        asked.press("overheads_up"),
        asked.press("balance_all"),
    )
    texts = [d["text"] for d in report.data["dialogs"]]
    assert all("the last run wrote automation" in text for text in texts[:3])
    assert "change the amount in the settings" in texts[0]
    assert "use undo and redo to compare" in texts[2]
    for step in (1, 2, 3):
        assert report.state(step)["tracks"] == report.state(0)["tracks"]
    before, after = report.faders(0), report.faders(4)
    moved = {n: 20 * math.log10(after[n] / before[n]) for n in after if after[n] != before[n]}
    assert moved == {"OH L": pytest.approx(1.0), "OH R": pytest.approx(1.0)}
    assert points_of(report, "OH L", step=4) == points_of(report, "OH L", step=0)


def test_an_action_that_is_pressed_again_cancels(make_fake, demo_plan, session, tmp_path):
    reaper = make_fake("time.sleep(60)\n")
    parts = {"Kick_In": automation(session, "Kick In", steps(0.0, -3.5))}
    put_plan(tmp_path, with_automation(demo_plan, **parts))
    report = reaper.play(
        reaper.press("write_automation", ticks=20),
        reaper.press("clear_automation", ticks=3),
        reaper.press("write_automation", {"kind": "TaskControl", "answer": "new"}),
    )
    lines = report.console.splitlines()
    assert "still running" in lines[0]
    assert lines[1:] == ["DrumGain: cancelled, nothing was changed"]
    assert report.data["writes"] == []


def test_an_envelope_that_holds_the_right_points_is_only_switched_on_or_thinned(
    fake, write, project
):
    """Given plans that keep old points and add none, then those that stay are untouched."""
    draw(project, "Tom 1", *OFF)
    draw(project, "Tom 2", *DRAWN)
    session = rpp.read_project(project).session
    parts = {
        "Tom_1": automation(session, "Tom 1", (), (5, 0)),
        "Tom_2": automation(session, "Tom 2", (), (2, 1)),
    }
    saved = project.with_name("saved.RPP")
    report = fake.play(write(parts), {"do": {"save": str(saved)}})
    assert report.undo() == ["DrumGain: automate 2 drum tracks (forest)"]
    on = ["ACT 1 -1", *OFF[1:]]
    assert lines_of(saved, "Tom 1") == on
    assert lines_of(saved, "Tom 2") == [*DRAWN[:8], DRAWN[-1]]


def forged(points, former, size=None, before=0, after=0):
    """A note as a hostile project may hold it, for an envelope with these points."""
    count = len(points) - before - after if size is None else size
    written = points[before : before + count]
    return f"1;volume;{count};{before};{after};{envelope_note.digest_of(written)};{former}"


def test_notes_of_hostile_projects(fake, project):
    """Given notes that ask for nonsense, then what they ask for is refused or put back, each by
    itself, and nothing but envelopes with such a note is ever touched."""
    draw(project, "Tom 1", *DRAWN)
    session = rpp.read_project(project).session
    points = envelope_of(session, "Tom 1", "volume").points
    notes = [
        forged(points, "on:0,-5,0,0"),
        forged(points, "on:0,1e11,0,0"),
        forged(points, "on:0,1,999,0"),
        forged(points, "on:nan,1,0,0"),
        forged(points, "on:5,1,0,0/1,1,0,0"),
        forged(points, "lost"),
        forged(points, "on:", size=0, before=5),
        forged(points, "on:", size=9),
        forged(points, "none").replace("volume", "trim"),
        forged(points, "none") + ";none",
        "x" * 4000,
    ]
    saved = [[project.with_name(f"{n} {when}.RPP") for when in "ab"] for n in range(len(notes))]
    presses = [{"ticks": 1}]
    for note, (before, after) in zip(notes, saved, strict=True):
        presses += [
            {"do": {"p_ext": {"Tom 1": {envelope_note.KEY: note}}, "save": str(before)}},
            fake.press("clear_automation"),
            {"do": {"save": str(after)}},
        ]
    report = fake.play(*presses)
    changed = [text_without_own_state(a) != text_without_own_state(b) for a, b in saved]
    # only what leaves all points as they are is done: the note is gone then
    assert [n for n, different in enumerate(changed) if different] == [6]
    sessions = [rpp.read_project(path).session for pair in saved for path in pair]
    assert all(envelope_of(s, "Tom 1", "volume").points == points for s in sessions)
    told = report.console.splitlines() + [d["text"] for d in report.data["dialogs"]]
    assert sum("Tom 1" in line for line in told) == len(notes) - 1
    assert [n for n in report.undo() if "DrumGain" in n] == [
        "DrumGain: clear automation of 1 track"
    ]


def test_an_envelope_that_does_not_go_on(fake, write, project):
    """Where the function for that does nothing the state text is used; where neither does it,
    all is put back."""
    draw(project, "Tom 1", *OFF)
    session = rpp.read_project(project).session
    press = {"Tom_1": automation(session, "Tom 1", steps(-1.0, start=1.5), (2, 2))}
    saved = [project.with_name(f"{n}.RPP") for n in range(2)]
    idle = {"call": "GetSetEnvelopeInfo_String", "nth": 3, "effect": "ignore"}
    deaf = {"call": "SetEnvelopeStateChunk", "nth": 1, "effect": "ignore"}
    report = fake.play(
        {"do": {"save": str(saved[0])}},
        write(press, fail=[idle, deaf]),
        {"do": {"save": str(saved[1])}},
        write(press, fail=[idle]),
    )
    assert "did not switch it on" in report.data["dialogs"][0]["text"]
    assert text_without_own_state(saved[0]) == text_without_own_state(saved[1])
    assert len(report.undo()) == 1
    assert track(report, "Tom 1")["envelopes"][0]["active"]
