"""How hard drums are played against each other: heard by the microphones of others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit_support import ROLES, invented_session

from reaper_drumgain.analysis.playing import FEWEST, heard_away, playing_db
from reaper_drumgain.analysis.recording_gain import GainModel
from reaper_drumgain.methods.drum_responses import DrumResponses
from reaper_drumgain.methods.microphone_places import drum_key
from reaper_drumgain.methods.session_levels import louder_hits, session_hits

RESPONSES = DrumResponses()


def heard(levels, hits=None):
    hits = hits or session_hits(levels)
    expected = RESPONSES.expected(levels.microphones, [drum_key(d) for d in hits.strokes.names])
    return hits.strokes.names, heard_away(hits, expected, GainModel())


def playing(levels, hits=None):
    names, found = heard(levels, hits)
    return dict(zip(names, playing_db(found, np.zeros(len(names))), strict=True))


@pytest.mark.parametrize("drum", ["kick", "snare", "tom 1"])
def test_a_drum_that_is_played_softer_is_told(drum):
    """By most of it: against the others, and to no other drum's account."""
    usual, soft = playing(invented_session(1)), playing(invented_session(1, softer_db={drum: 10.0}))
    change = {name: soft[name] - usual[name] for name in usual}
    own = change.pop(drum) - np.mean(list(change.values()))
    assert -12.0 < own < -6.0
    assert np.ptp(list(change.values())) < 2.0


@settings(max_examples=20, deadline=None)
@given(gains=st.lists(st.floats(-30.0, 30.0), min_size=len(ROLES), max_size=len(ROLES)))
def test_no_recording_gain_changes_what_is_heard_of_playing(gains):
    levels = invented_session(2)
    hits = session_hits(levels)
    shift = np.array(gains)
    louder = playing(levels.louder(shift), louder_hits(hits, shift))
    for name, level in playing(levels, hits).items():
        assert louder[name] == pytest.approx(level, abs=1e-6)


def test_one_drum_alone_is_played_as_usual():
    levels = invented_session(3, rates={"kick": 0.5})
    assert set(playing(levels).values()) == {0.0}


def test_a_drum_struck_less_than_three_times_is_left_out():
    levels = invented_session(4, rates={"kick": 0.4, "snare": 0.4, "tom 1": 1.0 / 240})
    names, found = heard(levels)
    counts = session_hits(levels).strokes.counts
    few = [name for name, count in zip(names, counts, strict=True) if count < FEWEST]
    assert few
    for name in few:
        assert np.isnan(found.level_db[names.index(name)]).all()
        assert playing(levels)[name] == 0.0


def test_a_drum_s_own_microphones_have_no_say():
    levels = invented_session(1)
    names, found = heard(levels)
    owners = session_hits(levels).strokes.owners
    assert np.isnan(found.level_db[owners]).all()
    assert np.isfinite(found.level_db[names.index("snare"), 4:]).all()


def test_the_usual_level_of_a_drum_is_no_playing():
    names, found = heard(invented_session(1))
    usual = np.array([3.0, -2.0, 5.0, 0.0])
    plain = playing_db(found, np.zeros(len(names)), 1e3)
    away = playing_db(found, usual, 1e3)
    np.testing.assert_allclose(plain - away, usual - usual.mean(), atol=0.01)
