"""The note beside a fader."""

import pytest
from support import gain

from reaper_drumgain.schema.fader_note import FaderNote, standing_note
from reaper_drumgain.schema.session import Track


def test_a_note_counts_while_the_fader_equals_it():
    note = FaderNote("all", gain(-3.25), gain(0.0))
    text = note.text
    assert text == "1;all;0.68785991230881;1"
    stands = Track(index=0, name="Kick", fader=gain(-3.25), fader_note=text)
    found = standing_note(stands)
    assert found is not None
    assert found.mode == "all"
    assert (found.fader, found.before) == pytest.approx((gain(-3.25), 1.0))
    assert standing_note(Track(index=0, name="Kick", fader=gain(-3.2), fader_note=text)) is None
    assert standing_note(Track(index=0, name="Kick", fader=gain(-3.25))) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "1", "2;all;1;1", "1;auto;1;1", "1;all;nan;1", "1;all;1e0;1", "1;all;1"),
        *("1;all;1;1;1", "1;all;١;1", "1;all;" + "1" * 5000 + ";1", "1;all;-1;1"),
    ],
)
def test_a_damaged_note_is_none(text):
    assert standing_note(Track(index=0, name="Kick", fader_note=text)) is None
