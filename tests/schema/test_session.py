import dataclasses
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reaper_drumgain.errors import InputError
from reaper_drumgain.schema.plan import GainPlan, SectionGain, TrackAutomation, TrackPlan
from reaper_drumgain.schema.session import (
    Clip,
    Effect,
    Envelope,
    EnvelopePoint,
    Fade,
    Marker,
    Send,
    Session,
    Source,
    Track,
)
from reaper_drumgain.schema.settings import Level, Settings

number = st.floats(-1e6, 1e6)
text = st.text(max_size=12)
points = st.builds(EnvelopePoint, number, number, st.integers(0, 5), st.floats(-1, 1))
envelopes = st.builds(
    Envelope, st.sampled_from(["volume", "pre-fx volume"]), st.booleans(), st.tuples(points)
)
sources = st.builds(
    Source,
    kind=st.sampled_from(["file", "midi", "empty", "other"]),
    format=text,
    path=st.none() | text,
    written=st.none() | text,
    found=st.booleans(),
    section_start=st.none() | number,
)
clips = st.builds(
    Clip,
    position=number,
    length=number,
    source=sources,
    item_gain=number,
    fade_in=st.builds(Fade, number, st.integers(0, 6), number),
    envelopes=st.tuples(envelopes),
    lane=st.none() | st.integers(0, 9),
)


@st.composite
def sessions(draw):
    count = draw(st.integers(0, 4))
    tracks = tuple(
        Track(
            index=index,
            name=draw(text),
            guid=draw(st.none() | text),
            fader=draw(st.floats(0, 10)),
            parent=draw(st.none() | st.integers(0, index - 1)) if index else None,
            effects=draw(st.tuples(st.builds(Effect, text, st.booleans()))),
            clips=draw(st.tuples(clips)),
            volume_groups=draw(st.tuples(st.integers(0, 31))),
            dual_pan=draw(st.none() | st.tuples(number, number)),
        )
        for index in range(count)
    )
    ends = st.integers(0, count - 1)
    sends = (
        draw(st.lists(st.builds(Send, source=ends, target=ends, gain=number), max_size=2))
        if count
        else []
    )
    return Session(
        path=draw(text),
        tracks=tracks,
        sends=tuple(sends),
        markers=(Marker(1.0, "a"),),
        time_selection=draw(st.none() | st.tuples(number, number)),
    )


@settings(max_examples=60, deadline=None)
@given(sessions())
def test_a_session_survives_json(session):
    assert Session.from_json(session.to_json()) == session


def test_settings_and_plan_survive_json():
    wanted = Settings("unity", 50.0, Level.parse("peak:-6"), ("#1",), (), (("a=b", "tom 2"),))
    assert Settings.from_json(wanted.to_json()) == wanted
    plan = GainPlan(
        project="p",
        method="unity",
        settings=wanted,
        tracks=(TrackPlan(index=3, name="T", role="tom", old_db=-1.0, new_db=None),),
    )
    assert GainPlan.from_json(plan.to_json()) == plan
    section = SectionGain(name="verse", start=0.0, end=10.0, fader_db=-2.5, state="bleed only")
    points = (EnvelopePoint(0.0, 0.9), EnvelopePoint(9.95, 0.9, 1))
    added = TrackAutomation(
        envelope="volume",
        points=points,
        mark="1;volume",
        old_points=3,
        kept_before=1,
        kept_after=1,
        sections=(section,),
    )
    track = dataclasses.replace(plan.tracks[0], automation=added)
    plan = dataclasses.replace(plan, tracks=(track,))
    assert GainPlan.from_json(plan.to_json()) == plan
    assert plan.automated == (track,)


def test_an_envelope_keeps_its_points_around_the_planned_ones():
    new = (EnvelopePoint(2.0, 0.5),)
    old = tuple(EnvelopePoint(float(time), 1.0) for time in range(5))
    planned = TrackAutomation(
        envelope="volume", points=new, mark="", old_points=5, kept_before=2, kept_after=1
    )
    assert planned.result(old) == (*old[:2], *new, old[4])
    assert TrackAutomation(envelope="volume", points=new, mark="").result(()) == new
    with pytest.raises(ValueError, match="has 4 points, expected 5"):
        planned.result(old[1:])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_no_nan_or_infinity_gets_into_json(bad):
    with pytest.raises(ValueError, match="no place in JSON"):
        Session(path="p", tempo=bad).to_json()


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_no_nan_or_infinity_is_read(constant):
    document = Session(path="p").to_json().replace("120.0", constant)
    with pytest.raises(InputError, match="no JSON number"):
        Session.from_json(document)


def _document(**changes):
    return json.dumps(
        {
            **json.loads(Session(path="p", tracks=(Track(index=0, name="Kick"),)).to_json()),
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "not a session document"),
        ("[]", "expected a session document, got 'list'"),
        (_document(kind="plan"), "got 'plan'"),
        (_document(schema=99), "has schema 99"),
        (_document(colour=3), r"unknown fields \['colour'\]"),
        (_document(tempo="fast"), "session.tempo: expected float, got 'fast'"),
        (_document(tempo=True), "session.tempo: expected float, got True"),
        (_document(tracks=[{"index": 0}]), "tracks.0.: .*missing"),
        (_document(tracks=3), "session.tracks: expected a list"),
        (_document(time_selection=[1.0]), "expected 2 values, got 1"),
        (_document(tracks=[{"index": 5, "name": "x"}]), "has index 5, expected 0"),
        (_document(sends=[{"source": 0, "target": 7}]), "no such track"),
        ("[" * 200_000, "not a session document"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(document, message):
    with pytest.raises(InputError, match=message):
        Session.from_json(document)


def test_a_later_field_takes_its_default_from_an_older_document():
    document = json.loads(
        Session(path="p", tracks=(Track(index=0, name="Kick", locked=True),)).to_json()
    )
    del document["tracks"][0]["locked"]
    (track,) = Session.from_json(json.dumps(document)).tracks
    assert track == dataclasses.replace(Track(index=0, name="Kick"), locked=False)


def test_folders_of_names_the_nearest_first():
    session = Session(
        path="p",
        tracks=(
            Track(index=0, name="Band"),
            Track(index=1, name="Drums", parent=0),
            Track(index=2, name="K", parent=1),
        ),
    )
    assert [t.name for t in session.folders_of(session.tracks[2])] == ["Drums", "Band"]
    assert session.folders_of(session.tracks[0]) == ()


@pytest.mark.parametrize("digits", ["9" * 400, "9" * 5000, "1e999"])
def test_a_number_of_many_digits_is_an_input_error(digits):
    text = Session(path="x", tempo=123.0).to_json().replace("123.0", digits)
    with pytest.raises(InputError):
        Session.from_json(text)
