"""Envelopes into project files: what a second reader plays, what stays to the byte, refusals."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
import reaper_parser
from envelope_reader import PlainEnvelope, read_tracks
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from reaper_drumgain.automation.envelope_points import GainCurve, multiplied, replaced
from reaper_drumgain.automation.existing_envelopes import existing_envelope
from reaper_drumgain.errors import ConflictError, InputError, ProjectError
from reaper_drumgain.hosts.rpp import apply_plan, clear_automation, read_project, restore
from reaper_drumgain.schema import envelope_note
from reaper_drumgain.schema.plan import GainPlan, TrackPlan
from reaper_drumgain.schema.session import EnvelopePoint
from reaper_drumgain.schema.settings import Automation, Settings

CURVE = GainCurve((5.95, 6.0, 17.95, 18.0), (-2.5, 4.0, 4.0, -1.0))
INSIDE = GainCurve((7.0, 7.05, 15.95, 16.0), (0.0, -3.0, -3.0, 0.0))


def planned(project, curve=CURVE, *, new_db=None, span=None, **wishes):
    """A plan that gives every track this curve, made as the package makes it."""
    wanted = Settings(method="unity", write="automation", automation=Automation(**wishes))
    rows = []
    for track in project.session.tracks:
        found = existing_envelope(track, wanted, span)
        made = None
        if found.refusal is None:
            if found.operation == "replace":
                points = replaced(curve, found.base, bounded=span is not None)
            else:
                points = multiplied(curve, found.base)
            made = found.automation(points)
        rows.append(
            TrackPlan(
                index=track.index,
                name=track.name,
                role="kick",
                old_db=None,
                new_db=new_db,
                guid=track.guid,
                automation=made,
                not_automated=found.refusal,
            )
        )
    return GainPlan(project=str(project.path), method="unity", settings=wanted, tracks=tuple(rows))


def envelope_text(shape, voltype, *, jump=False, act="ACT 1 -1\n      ", extra=""):
    rows = [(0.0, 0.4), (4.0, 1.2), (9.0, 0.7), (14.0, 1.0), (19.5, 0.5), (26.0, 0.9)]
    if jump:
        rows.insert(3, (9.0, 1.6))
    tension = " 0 1 0 0.6" if shape == 5 else ""
    points = "".join(f"      PT {t:g} {v:g} {shape}{tension}\n" for t, v in rows)
    kind = "      VOLTYPE 1\n" if voltype else ""
    return (
        "    <VOLENV2\n      EGUID {E}\n"
        f"      {act}VIS 1 1 1\n      LANEHEIGHT 0 0\n      ARM 1\n      DEFSHAPE 0 -1 -1\n"
        f"{kind}{extra}{points}    >\n"
    )


def track_text(name="Kick", envelope="", lines="", behind=""):
    return (
        f'  <TRACK {{{name}}}\n    NAME "{name}"\n    VOLPAN 0.7 0 -1 -1 1\n    AUTOMODE 0\n'
        f"{lines}    MAINSEND 1 0\n{envelope}{behind}"
        "    <ITEM\n      POSITION 0\n      LENGTH 30\n    >\n  >\n"
    )


def clear_of(times, jumps, room=3e-4):
    return times[np.abs(times[:, None] - np.array([*jumps])).min(axis=1) > room]


@pytest.mark.parametrize("voltype", [0, 1])
@pytest.mark.parametrize("shape", range(6))
@pytest.mark.parametrize("jump", [False, True])
@pytest.mark.parametrize("existing", ["trim", "replace"])
@pytest.mark.parametrize("bounded", [False, True])
def test_the_written_project_plays_the_planned_levels(
    make, tmp_path, shape, voltype, jump, existing, bounded
):
    """Fader and envelope together, by another reader, in every reading of what is new."""
    text = track_text("Kick", envelope_text(shape, voltype, jump=jump)) + track_text("Snare")
    project = read_project(make(text))
    curve, span = (INSIDE, (7.0, 16.0)) if bounded else (CURVE, None)
    plan = planned(project, curve, new_db=-3.0, span=span, existing=existing)
    written = apply_plan(project, plan, tmp_path / "out.RPP")
    assert written.automated == (0, 1)
    before = read_tracks(project.data)
    after = read_tracks((tmp_path / "out.RPP").read_bytes())
    square = [0.0, 4.0, 9.0, 14.0, 19.5, 26.0] if shape == 1 else []
    times = clear_of(np.linspace(0.0, 40.0, 801), [9.0, *square])
    for old, new in zip(before, after, strict=True):
        assert new[1] == pytest.approx(10 ** (-3 / 20))
        former = old[2].get("VOLENV2", PlainEnvelope())
        now = new[2]["VOLENV2"]
        assert now.active
        assert now.voltype == (voltype if old[0] == "Kick" else 1)
        want = former.gains(times) * curve.at(times)
        if existing == "replace" and not bounded:
            want = curve.at(times)
        elif existing == "replace":
            inner = (times > 7.05) & (times < 15.95)
            want = np.where(inner, curve.at(times), want)
            ramps = ((times > 7.0) & ~inner) & (times < 16.0)
            times, want = times[~ramps], want[~ramps]
        changed = (times > 7.0) & (times < 16.0) if bounded else times >= 0.0
        for reading in ("as set", "amplitude", "fader"):
            # what stays as it was is the user's, in whatever scale REAPER draws it
            chosen = slice(None) if reading == "as set" else changed
            got = 20.0 * np.log10(now.gains(times[chosen], reading))
            np.testing.assert_allclose(got, 20.0 * np.log10(want[chosen]), atol=0.1)


def test_only_what_was_meant_changes_and_clearing_brings_it_back(make):
    ext = "    <EXT\n      mixer y\n    >\n"
    text = (
        track_text("Kick")
        + track_text("Snare", envelope_text(0, 1), lines=ext)
        + track_text("OH", behind="    <FXCHAIN\n      SHOW 0\n    >\n", lines="    HWOUT 0 0 1\n")
    )
    path = make(text)
    project = read_project(path)
    plan = planned(project, existing="trim")
    report = apply_plan(project, plan)
    assert report.automated == (0, 1, 2)
    data = path.read_bytes()
    lines, former = data.split(b"\r\n"), project.data.split(b"\r\n")
    kept = [line for line in lines if line in former]
    assert [line for line in former if not line.strip().startswith(b"PT")] == [
        line for line in kept if not line.strip().startswith((b"PT", b"<EXT"))
    ] or set(former) - set(lines) <= {line for line in former if b"PT " in line}
    assert b"\n" not in data.replace(b"\r\n", b"")
    # behind MAINSEND and HWOUT, before effects and items; the note where REAPER has it
    first = data[: data.index(b"<ITEM")]
    assert first.index(b"<EXT") < first.index(b"MAINSEND") < first.index(b"<VOLENV2")
    last = data[data.rindex(b"<TRACK") :]
    assert last.index(b"HWOUT") < last.index(b"<VOLENV2") < last.index(b"<FXCHAIN")
    again = read_project(path)
    assert again.session.tracks[1].automation_note == plan.tracks[1].automation.mark
    cleared = clear_automation(again)
    assert cleared.cleared == (0, 1, 2)
    assert cleared.left == ()
    assert path.read_bytes() == project.data


def test_undo_is_the_backup(make):
    path = make(track_text("Kick", envelope_text(2, 1)))
    project = read_project(path)
    report = apply_plan(project, planned(project, existing="replace"))
    assert report.backup is not None
    assert path.read_bytes() != project.data
    restore(path)
    assert path.read_bytes() == project.data


def test_clearing_goes_to_another_file_too_and_says_what_it_leaves(make, tmp_path):
    path = make(track_text("Kick") + track_text("Snare"))
    project = read_project(path)
    apply_plan(project, planned(project))
    moved = path.read_bytes().replace(b"PT 5.95 ", b"PT 5.90 ", 1)
    path.write_bytes(moved)
    changed = read_project(path)
    report = clear_automation(changed, tmp_path / "cleared.RPP")
    assert report.cleared == (1,)
    assert "'Kick'" in report.left[0]
    assert "was changed since" in report.left[0]
    assert path.read_bytes() == moved
    kick, snare = read_tracks((tmp_path / "cleared.RPP").read_bytes())
    assert "VOLENV2" in kick[2]
    assert snare[2:] == [{}, {}]
    nothing = clear_automation(read_project(tmp_path / "cleared.RPP"))
    assert nothing.cleared == ()


def test_reapers_own_writing_of_the_numbers_is_no_change(make):
    path = make(track_text("Kick"))
    project = read_project(path)
    apply_plan(project, planned(project, GainCurve((1 / 3, 7.1234567), (-1.0, -5.4321))))
    data = path.read_bytes()

    def rewritten(match):
        time, value, rest = match.groups()
        return b"PT %.8f %.8f %b" % (float(time), float(value), rest)

    path.write_bytes(re.sub(rb"PT (\S+) (\S+) (.*)", rewritten, data))
    assert path.read_bytes() != data
    assert clear_automation(read_project(path)).cleared == (0,)
    assert b"VOLENV2" not in path.read_bytes()


def test_a_switched_off_envelope_is_switched_on_and_off_again(make):
    text = track_text("Kick", envelope_text(0, 1, act="ACT 0 -1\n      "))
    path = make(text)
    project = read_project(path)
    refused = planned(project)
    assert "is bypassed but has points" in refused.tracks[0].not_automated
    apply_plan(project, planned(project, existing="replace"))
    assert read_tracks(path.read_bytes())[0][2]["VOLENV2"].active
    clear_automation(read_project(path))
    assert path.read_bytes() == project.data


def test_an_envelope_without_points_or_with_damaged_ones_is_written(make):
    empty = "    <VOLENV2\n      ACT 1 -1\n    >\n"
    damaged = "    <VOLENV2\n      PT nan 1 0\n      PT 1 1 0\n    >\n"
    path = make(track_text("Kick", empty) + track_text("Snare", damaged))
    project = read_project(path)
    plan = planned(project)
    apply_plan(project, plan)
    for track in read_project(path).session.tracks:
        assert len(track.envelopes[0].points) == len(multiplied(CURVE, None))


def test_automation_items_and_other_modes_are_refused_and_the_file_stays(make):
    pooled = envelope_text(0, 1, extra="      POOLEDENVINST 1 0 4 0 1 0 0 1 0 0 0 0\n")
    text = track_text("Kick", pooled) + track_text("Snare").replace("AUTOMODE 0", "AUTOMODE 3")
    path = make(text)
    project = read_project(path)
    plan = planned(project, existing="replace")
    assert "automation items" in plan.tracks[0].not_automated
    assert "in write mode" in plan.tracks[1].not_automated
    assert apply_plan(project, plan).backup is None
    assert path.read_bytes() == project.data


def test_a_plan_for_another_envelope_is_refused(make, tmp_path):
    project = read_project(make(track_text("Kick", envelope_text(0, 1))))
    other = read_project(make(track_text("Kick"), name="other.RPP"))
    plan = planned(project, existing="trim")
    with pytest.raises(ConflictError, match="has 0 points, the plan was made for 6"):
        apply_plan(other, plan, tmp_path / "x.RPP")
    twice = read_project(make(track_text("Kick", 2 * envelope_text(0, 1)), name="twice.RPP"))
    with pytest.raises(ProjectError, match=r"twice.RPP:\d+: track 1 has more than one volume"):
        apply_plan(twice, plan, tmp_path / "x.RPP")
    assert not (tmp_path / "x.RPP").exists()


@pytest.mark.parametrize(
    "point",
    [
        EnvelopePoint(float("nan"), 1.0),
        EnvelopePoint(1.0, float("inf")),
        EnvelopePoint(1.0, -0.5),
        EnvelopePoint(1e12, 0.5),
    ],
)
def test_no_impossible_point_gets_into_a_file(make, tmp_path, point):
    project = read_project(make(track_text("Kick")))
    plan = planned(project)
    made = dataclasses.replace(plan.tracks[0].automation, points=(point,))
    track = dataclasses.replace(plan.tracks[0], automation=made)
    with pytest.raises(InputError, match="is not a valid envelope point"):
        apply_plan(project, dataclasses.replace(plan, tracks=(track,)), tmp_path / "x.RPP")
    assert not (tmp_path / "x.RPP").exists()


def test_the_trim_envelope_is_its_own_block(make):
    path = make(track_text("Kick", envelope_text(0, 1)))
    project = read_project(path)
    apply_plan(project, planned(project, envelope="trim"))
    found = read_tracks(path.read_bytes())[0][2]
    assert len(found["VOLENV2"].points) == 6
    assert found["VOLENV3"].gain(10.0) == pytest.approx(10 ** (4 / 20), rel=1e-3)


old_values = st.floats(0.0, 3.9) | st.sampled_from([0.0, 1.0])
old_rows = st.lists(
    st.tuples(st.integers(0, 300), old_values, st.integers(0, 5)), min_size=0, max_size=6
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(
    old_rows,
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\t"]),
    st.booleans(),
    st.sampled_from(["trim", "replace"]),
    st.sampled_from(["", " 0 0.25", "  1\t0.50000000 B '' "]),
)
def test_writing_and_clearing_any_envelope_is_as_if_nothing_had_been(
    make, rows, newline, indent, bounded, existing, tail
):
    points = "".join(
        f"{indent}PT {t / 10:.8f} {v!r} {s} 0 1{tail}\n"
        for t, v, s in sorted(rows, key=lambda r: r[0])
    )
    text = track_text("Kick", f"{indent}<VOLENV2\n{indent}ACT 1\n{points}{indent}>\n")
    path = make(text.replace("e-", "0"), newline=newline)
    project = read_project(path)
    span = (7.0, 16.0) if bounded else None
    plan = planned(project, INSIDE if bounded else CURVE, span=span, existing=existing)
    # an envelope at -inf stays one, whatever it is multiplied by
    assume(plan.automated)
    apply_plan(project, plan)
    written = read_project(path)
    assert written.session.tracks[0].envelopes[0].points == plan.tracks[0].automation.result(
        project.session.tracks[0].envelopes[0].points
    )
    assert clear_automation(written).cleared == (0,)
    assert path.read_bytes() == project.data


def outside_of_volume_envelopes(data):
    """The lines of a project but those of points and activity in volume envelopes of tracks."""
    kept, inside = [], []
    for line in data.split(b"\n"):
        text = line.strip()
        if text.startswith(b"<"):
            inside.append(text.split()[0])
        elif text.startswith(b">"):
            inside.pop()
        if inside[1:] != [b"<TRACK", b"<VOLENV2"] or not text.startswith((b"PT ", b"ACT ")):
            kept.append(line)
    return kept


def test_58_real_projects_take_envelopes_and_nothing_else_changes(shared_data, tmp_path):
    paths = sorted((shared_data / "projects").glob("*.RPP"))
    assert len(paths) == 58
    want = [(p.time, p.value, p.shape) for p in multiplied(CURVE, None)]
    inserted = over = parsed = 0
    for path in paths:
        copy = tmp_path / path.name
        copy.write_bytes(path.read_bytes())
        project = read_project(copy)
        plan = planned(project, existing="replace")
        report = apply_plan(project, plan)
        assert report.automated == tuple(track.index for track in plan.automated)
        written = copy.read_bytes()
        lines = iter(outside_of_volume_envelopes(written))
        assert all(line in lines for line in outside_of_volume_envelopes(project.data))
        peer = parsed_by_another(copy)
        parsed += peer is not None
        tracks = read_tracks(written)
        for track in plan.automated:
            had = any(e.kind == "volume" for e in project.session.tracks[track.index].envelopes)
            inserted, over = inserted + (not had), over + had
            assert [p[:3] for p in tracks[track.index][2]["VOLENV2"].points] == want
            if peer is not None:
                assert peer[track.index] == [want]
        if plan.automated:
            cleared = clear_automation(read_project(copy))
            assert len(cleared.cleared) == len(plan.automated)
            assert cleared.left == ()
            assert copy.read_bytes() == project.data
    # two of the projects override the automation mode of all tracks, which refuses their seven
    assert (inserted, over, parsed) == (1_463, 1, 57)


def parsed_by_another(path):
    """The points of the volume envelopes of each track, by reaper-parser."""
    try:
        peer = reaper_parser.parse(path).project
    except reaper_parser.RPPParseError:
        return None
    return [
        [
            [(float(t.raw), float(v.raw), int(s.raw)) for t, v, s, *_ in envelope.points]
            for envelope in track.envelopes
            if envelope.points and envelope.points[0][0].location == "VOLENV2"
        ]
        for track in peer.tracks
    ]


def test_the_note_of_a_plan_is_what_is_stored(make):
    path = make(track_text("Kick"))
    project = read_project(path)
    plan = planned(project)
    apply_plan(project, plan)
    stored = read_tracks(path.read_bytes())[0][3]
    assert stored == {envelope_note.KEY: plan.tracks[0].automation.mark}


def drawn(count, *, extra=""):
    """An envelope of many points, with the digits that REAPER writes."""
    values = np.random.default_rng(count).uniform(0.2, 1.4, count)
    points = "".join(
        f"      PT {n / 7:.8f} {value:.8f} {n % 6} 1 {n % 2} 0 {value - 0.5:.8f}\n"
        for n, value in enumerate(values)
    )
    return f"    <VOLENV2\n      ACT 1 -1\n      VOLTYPE 1\n{extra}{points}    >\n"


@pytest.mark.parametrize("count", [1, 120, 150, 5_000])
def test_a_long_envelope_comes_back_to_the_byte(make, count):
    path = make(track_text("Kick", drawn(count)) + track_text("Snare"))
    project = read_project(path)
    plan = planned(project, existing="replace")
    apply_plan(project, plan)
    longest = max(map(len, path.read_bytes().splitlines()))
    assert longest <= 4095
    written = read_project(path)
    assert written.session.tracks[0].automation_note == plan.tracks[0].automation.mark
    assert clear_automation(written).cleared == (0, 1)
    assert path.read_bytes() == project.data


def test_a_second_run_still_brings_the_first_envelope_back(make):
    rows = "      PT 0 1 0\n      PT 4 0.5 5 1 1 0 0.716\n      PT 6 1.00000 5 2\n"
    path = make(track_text("Kick", f"    <VOLENV2\n      ACT 0 -1\n{rows}    >\n"))
    project = read_project(path)
    apply_plan(project, planned(project, existing="replace"))
    for curve in (INSIDE, GainCurve((3.9, 4.0, 5.9, 6.0), (0.0, -6.0, -6.0, 0.0)), CURVE):
        again = read_project(path)
        apply_plan(again, planned(again, curve, existing="replace"))
    assert clear_automation(read_project(path)).cleared == (0,)
    assert path.read_bytes() == project.data


def test_a_selection_over_our_own_envelope_brings_that_back(make):
    path = make(track_text("Kick", envelope_text(0, 1)))
    project = read_project(path)
    apply_plan(project, planned(project, existing="replace"))
    once = read_project(path)
    apply_plan(once, planned(once, INSIDE, span=(7.0, 16.0), existing="replace"))
    clear_automation(read_project(path))
    assert read_tracks(path.read_bytes())[0][2] == read_tracks(once.data)[0][2]


@pytest.mark.parametrize(
    "lines",
    [
        "      ACT 0.0 -1\n      PT 0 0.5 0\n      PT 1 0.6 0\n",
        "      PT 0 0.5 0\n      VOLTYPE 1\n      PT 1 0.6 0\n",
        "      PT 0 0.5 0\n\n      PT 1 0.6 0\n",
        "      PT 0 0.5 0\n      PT x 1 0\n      PT 1 0.6 0\n",
    ],
)
def test_what_could_not_be_brought_back_is_refused_before_the_write(make, lines):
    path = make(track_text("Kick", f"    <VOLENV2\n{lines}    >\n"))
    project = read_project(path)
    plan = planned(project, existing="replace")
    assert plan.automated
    with pytest.raises(ProjectError, match="could not be brought back as it is: nothing was"):
        apply_plan(project, plan)
    assert path.read_bytes() == project.data


def test_an_envelope_that_no_note_can_keep_gets_no_automation(make):
    noise = np.random.default_rng(1)
    rows = "".join(f"      PT {n} 0.5 0 0 0 0 0 {noise.bytes(1900).hex()}\n" for n in range(600))
    path = make(track_text("Kick", f"    <VOLENV2\n      ACT 1 -1\n{rows}    >\n"))
    plan = planned(read_project(path), existing="replace")
    assert not plan.automated
    assert "too many points to be stored with the track" in plan.tracks[0].not_automated
