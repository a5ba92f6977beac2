"""Trims as texts: what users write, and what is stored on tracks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper_drumgain.errors import InputError
from reaper_drumgain.schema.trims import FAMILIES, MAX_TRIM, TrimMark, parse_trims, trims_text

LEVELS = st.integers(-1200, 1200).map(lambda steps: steps / 100)


@given(st.dictionaries(st.sampled_from(FAMILIES), LEVELS))
def test_what_is_written_is_read_again(trims):
    assert dict(parse_trims([trims_text(trims.items())])) == trims
    assert dict(parse_trims(trims_text([pair]) for pair in trims.items())) == trims


@given(st.sampled_from(FAMILIES), LEVELS, st.integers(-120000, 120000).map(lambda n: n / 10000))
def test_a_mark_is_read_as_it_was_stored(family, wanted, made):
    mark = TrimMark(family, wanted, made)
    assert TrimMark.parse(mark.text) == (mark if mark.text else None)


@given(st.text(max_size=60))
def test_any_other_text_is_no_mark(text):
    mark = TrimMark.parse(text)
    assert mark is None or (mark.family in FAMILIES and abs(mark.made) <= MAX_TRIM)


@pytest.mark.parametrize(
    ("text", "trims"),
    [
        ("kick=+1 cymbals=-2", {"kick": 1.0, "cymbals": -2.0}),
        ("Kick = 1,5; Hi Hat=-0.25", {"kick": 1.5, "hi-hat": -0.25}),
        ("oh=2, tom=0", {"overheads": 2.0, "toms": 0.0}),
        ("", {}),
    ],
)
def test_forms_that_users_write(text, trims):
    assert dict(parse_trims([text])) == trims


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cymbols=1", "did you mean 'cymbals'?"),
        ("ride=1", "did you mean 'cymbals'?"),
        ("guitar=1", "families: kick, snare, toms, hi-hat, cymbals, overheads, rooms"),
        ("kick=12.5", "not within -12 to \\+12 dB"),
        ("kick=nan", "not within"),
        ("kick=0.001", "steps of 0.01 dB"),
        ("kick=loud", "expected a number from -12"),
        ("kick", "expected FAMILY=DB"),
        ("kick=1 kick=2", "named twice"),
        ("kick=1 " * 100, "too long"),
    ],
)
def test_what_is_wrong_is_said(text, told):
    with pytest.raises(InputError, match=told):
        parse_trims([text])
