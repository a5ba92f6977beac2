"""Coinciding strokes are taken apart: each drum's level in each microphone is the true one."""

import numpy as np
import pytest
from kit_support import ROLES, invented_session

from reaper_drumgain.methods import microphone_places as places
from reaper_drumgain.methods.session_levels import louder_hits, session_hits

GROOVES = (
    {"kick": 0.35, "snare": 0.3, "hi-hat": 0.7, "tom 1": 0.1},
    {"kick": 0.2, "snare": 0.5, "hi-hat": 0.9, "tom 1": 0.05},
    {"kick": 0.6, "snare": 0.25, "hi-hat": 0.4, "tom 1": 0.2},
)


@pytest.mark.parametrize("rates", GROOVES)
def test_the_ratio_of_two_microphones_is_that_of_the_drum_alone(rates):
    hits = session_hits(invented_session(5, rates=rates, placement_db=0.0))
    keys = [places.microphone_key(role.name, role.ordinal) for role in ROLES]
    for drum, name in enumerate(hits.strokes.names):
        known = hits.share[drum].mean(axis=1) > 0.5
        if hits.strokes.counts[drum] < 20:
            continue
        true = np.array([places.level_db(key, places.drum_key(name)) for key in keys])
        error = (hits.level_db[drum] - true[:, None])[known]
        error -= np.median(error, axis=0)
        assert np.abs(error).max() < 2.0


def test_levels_follow_recording_gains_exactly_and_shares_stay():
    levels = invented_session(5)
    shift = np.random.default_rng(4).uniform(-20.0, 20.0, len(ROLES))
    before, after = session_hits(levels), session_hits(levels.louder(shift))
    expected = louder_hits(before, shift)
    np.testing.assert_allclose(after.level_db, expected.level_db, atol=1e-6)
    np.testing.assert_allclose(after.share, expected.share, atol=1e-6)


def test_missing_bleed_is_unknown_and_not_low():
    levels = invented_session(5)
    total = levels.energy.sum(axis=2)
    cleaned = levels.energy.copy()
    cleaned[3, total[3] < 0.02 * total[3].max()] = 0.0
    hits = session_hits(type(levels)(levels.roles, cleaned, *_rest(levels)))
    for drum, name in enumerate(hits.strokes.names):
        assert np.isnan(hits.level_db[drum, 3]).all() == (name != "tom 1")


def _rest(levels):
    return levels.before * (levels.energy > 0), levels.loudness_lufs, levels.held


def test_a_session_without_strokes_says_nothing():
    levels = invented_session(5)
    none = type(levels).without_onsets(levels.roles, levels.loudness_lufs)
    hits = session_hits(none)
    assert np.isnan(hits.level_db).all()
    assert not hits.share.any()
