"""What DrumGain notes on a track about an envelope that it wrote, and what it allows then."""

import base64
import dataclasses
import random
import zlib

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
    assert not set(note) & set(" \t\r\n\"'`")
    present = (*before, *new, *after)
    back = envelope_note.take_back(noted(present, note))
    assert back is not None
    assert back.active is active
    assert back.result(present) == former.points


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


ODD_LINES = (
    "      PT 4 0.5 5 1 1 0 0.716",
    "PT\t8,25 0.8",
    "  PT 1.00000000 0.50000000 0 0 1",
    "    PT 0.1234567890123456789 5e-1 0 \u00e4 | =x",
    "  PT 12 1.5 99999 4 0 1 0.25 B",
)


@given(st.lists(st.sampled_from(ODD_LINES), min_size=1, max_size=20), st.integers(0, 3))
def test_the_lines_of_the_file_come_back_to_the_last_character(lines, kept):
    values = [(4, 0.5, 5, 0.716), (8.25, 0.8, 0, 0), (1, 0.5, 0, 0)]
    values += [(0.1234567890123456789, 0.5, 0, 0), (12, 1.5, 99999, 0.25)]
    points = tuple(EnvelopePoint(*values[ODD_LINES.index(line)]) for line in lines)
    before = min(kept, len(lines))
    former = Envelope("volume", False, points, written=tuple(lines))
    new = (EnvelopePoint(3.0, 0.25),)
    note = envelope_note.note_of("volume", new, before, 0, former)
    back = envelope_note.take_back(noted((*points[:before], *new), note))
    assert back is not None
    assert (back.points, back.written) == (points[before:], tuple(lines[before:]))
    assert back.active is False


def test_a_long_note_is_stored_in_parts():
    points = tuple(EnvelopePoint(n / 7, 0.3 + n % 11 / 7, n % 6, 1 / (n + 1)) for n in range(3000))
    former = Envelope("volume", True, points)
    new = (EnvelopePoint(1.0, 0.5),)
    note = envelope_note.note_of("volume", new, 0, 0, former)
    parts = envelope_note.parts_of(note)
    assert len(parts) > 2
    assert max(map(len, parts)) <= envelope_note.PART
    stored = {envelope_note.key_of_part(n): part for n, part in enumerate(parts, 1)}
    assert envelope_note.joined(stored.get) == note
    back = envelope_note.take_back(noted(new, note))
    assert back is not None
    assert back.points == points


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_note_that_misses_a_part_is_damaged(missing):
    points = tuple(EnvelopePoint(n / 7, 0.3 + n % 11 / 7, n % 6, 1 / (n + 1)) for n in range(3000))
    new = (EnvelopePoint(1.0, 0.5),)
    note = envelope_note.note_of("volume", new, 0, 0, Envelope("volume", True, points))
    stored = {
        envelope_note.key_of_part(n): part
        for n, part in enumerate(envelope_note.parts_of(note), 1)
        if n != missing
    }
    left = envelope_note.joined(stored.get)
    if missing == 1:
        assert left == ""
        return
    with pytest.raises(ConflictError, match="note on it is damaged"):
        envelope_note.take_back(noted(new, left))


def test_what_no_note_can_keep_is_known_before():
    lines = tuple(f"PT {n} 1 0 {random.Random(n).randbytes(2000).hex()}" for n in range(1500))
    points = tuple(EnvelopePoint(float(n), 1.0) for n in range(1500))
    long = Envelope("volume", True, points, written=lines)
    assert not envelope_note.can_keep(long)
    assert envelope_note.can_keep(dataclasses.replace(long, written=()))
    note = envelope_note.note_of("volume", (points[1],), 0, 0, long)
    with pytest.raises(ConflictError, match="bring back the backup"):
        envelope_note.take_back(noted((points[1],), note))


def test_notes_of_earlier_versions_are_read():
    new = (EnvelopePoint(1.0, 0.5),)
    digest = envelope_note.digest_of(new)
    note = f"1;volume;1;0;0;{digest};off:0,1,0,/4,0.5,5,0.716".replace("0,1,0,/", "0,1,0,0/")
    back = envelope_note.take_back(noted(new, note))
    assert back is not None
    assert back.points == (EnvelopePoint(0, 1), EnvelopePoint(4, 0.5, 5, 0.716))
    with pytest.raises(ConflictError, match="bring back the backup"):
        envelope_note.take_back(noted(new, f"1;volume;1;0;0;{digest};lost"))


@pytest.mark.parametrize("rows", [b">", b"> 1 2", b"VOLPAN 1 0", b"=1 2", b"=1 2 0 x", b"PT x 1"])
def test_a_line_that_is_no_point_is_not_taken_from_a_note(rows):
    new = (EnvelopePoint(1.0, 0.5),)
    packed = base64.b64encode(zlib.compress(rows)).decode()
    note = f"2;volume;1;0;0;{envelope_note.digest_of(new)};on:{packed}"
    with pytest.raises(ConflictError, match="damaged"):
        envelope_note.take_back(noted(new, note))


@given(st.text(max_size=80) | st.from_regex(r"[12];volume;1;0;0;[0-9a-f]{32};(on|off):\S{0,30}"))
def test_any_note_is_read_or_refused(text):
    # no digest of other points fits by chance, so nothing but a refusal or no note is right
    track = noted((EnvelopePoint(1.0, 0.5),), text)
    if text:
        with pytest.raises(ConflictError, match="left as it is"):
            envelope_note.take_back(track)
    else:
        assert envelope_note.take_back(track) is None
