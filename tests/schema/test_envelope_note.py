"""What DrumGain notes on a track about an envelope that it wrote, and what it allows then."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper_drumgain.errors import ConflictError
from reaper_drumgain.schema import envelope_note
from reaper_drumgain.schema.session import Envelope, EnvelopePoint, Track

steps = st.integers(0, 10_000_000)
written_points = st.lists(
    st.builds(
        lambda t, v, s: EnvelopePoint(t / 1000, v / 1_000_000, s), steps, steps, st.integers(0, 1)
    ),
    min_size=1,
    max_size=40,
).map(tuple)
any_points = st.lists(
    st.builds(
        EnvelopePoint,
        st.floats(0, 1e5),
        st.floats(0, 4),
        st.integers(0, 5),
        st.floats(-1, 1),
    ),
    max_size=20,
).map(tuple)


def noted(points, note, kind="volume"):
    return Track(
        index=0, name="Kick", envelopes=(Envelope(kind, True, points),), automation_note=note
    )


@given(written_points, any_points, any_points, any_points, st.booleans())
def test_what_was_replaced_comes_back(new, before, replaced, after, active):
    former = Envelope("volume", active, (*before, *replaced, *after))
    note = envelope_note.note_of("volume", new, len(before), len(after), former)
    assert len(note) <= envelope_note.MAX_NOTE
    assert not set(note) & set(" \t\r\n\"'`")
    present = (*before, *new, *after)
    back = envelope_note.take_back(noted(present, note))
    assert back is not None
    assert back.active is active
    for got, want in zip(back.result(present), former.points, strict=True):
        assert got.time == pytest.approx(want.time, abs=1e-11)
        assert got.value == pytest.approx(want.value, abs=1e-11)
        assert got.shape == want.shape
        assert got.tension == pytest.approx(want.tension, abs=1e-11)


@given(written_points, st.integers(5, 9))
def test_the_digits_that_reaper_writes_change_nothing(new, digits):
    note = envelope_note.note_of("trim volume", new, 0, 0, None)
    saved = tuple(
        EnvelopePoint(float(f"{p.time:.{digits}f}"), float(f"{p.value:.{digits + 2}f}"), p.shape)
        for p in new
    )
    back = envelope_note.take_back(noted(saved, note, "trim volume"))
    assert back is not None
    assert back.removed
    assert back.result(saved) == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda points: points[:-1],
        lambda points: (*points, points[-1]),
        lambda points: (dataclasses.replace(points[0], time=points[0].time + 0.01), *points[1:]),
        lambda points: (dataclasses.replace(points[0], value=points[0].value * 1.01), *points[1:]),
        lambda points: (dataclasses.replace(points[0], shape=5), *points[1:]),
    ],
)
def test_what_was_changed_since_is_left(change):
    points = (EnvelopePoint(1.0, 0.5), EnvelopePoint(2.0, 0.7))
    note = envelope_note.note_of("volume", points, 0, 0, None)
    assert envelope_note.take_back(noted(points, note)) is not None
    with pytest.raises(ConflictError, match=r"'Kick'.*was changed since"):
        envelope_note.take_back(noted(change(points), note))


def test_a_track_without_a_note_is_not_ours():
    assert envelope_note.take_back(Track(index=0, name="Kick")) is None


def test_too_many_points_for_a_note_are_said_to_be_lost():
    former = Envelope("volume", True, tuple(EnvelopePoint(n / 7, 0.3) for n in range(1000)))
    new = (EnvelopePoint(1.0, 0.5),)
    note = envelope_note.note_of("volume", new, 0, 0, former)
    with pytest.raises(ConflictError, match="bring back the backup"):
        envelope_note.take_back(noted(new, note))


@given(st.text(max_size=80) | st.from_regex(r"1;volume;1;0;0;[0-9a-f]{32};(on|off):\S{0,30}"))
def test_any_note_is_read_or_refused(text):
    # no digest of other points fits by chance, so nothing but a refusal or no note is right
    track = noted((EnvelopePoint(1.0, 0.5),), text)
    if text:
        with pytest.raises(ConflictError, match="left as it is"):
            envelope_note.take_back(track)
    else:
        assert envelope_note.take_back(track) is None
