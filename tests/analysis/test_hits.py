"""Strokes by dominance: found where they were struck, whatever the recording gains."""

import numpy as np
import pytest
from kit_support import ROLES, invented_session

from reaper_drumgain.analysis.hits import find_strokes, missing_bleed
from reaper_drumgain.tracks.roles import drum_of

DRUMS = [None if role.name in ("overhead", "room") else drum_of(role) for role in ROLES]


def strokes_of(levels):
    return find_strokes(levels.energy.sum(axis=2), levels.before.sum(axis=2), DRUMS)


def alone(drum):
    """A session in which only this drum and, elsewhere, the kick are struck."""
    rates = {"kick": 0.5, drum: 0.4}
    levels = invented_session(3, rates=rates, placement_db=0.0)
    rng = np.random.default_rng(3)
    struck = {}
    for name, rate in rates.items():
        struck[name] = rng.uniform(size=levels.energy.shape[1]) < rate
        rng.normal(size=levels.energy.shape[1])
    return levels, struck


@pytest.mark.parametrize("drum", ["snare", "hi-hat", "tom 1"])
def test_strokes_are_where_the_drum_was_struck(drum):
    levels, struck = alone(drum)
    found = strokes_of(levels)
    assigned = found.assigned[found.names.index(drum)]
    assert not (assigned & ~struck[drum]).any()
    assert (assigned & struck[drum]).sum() > 0.7 * struck[drum].sum()


def test_recording_gains_change_no_stroke():
    levels = invented_session(1)
    shift = np.random.default_rng(2).uniform(-20.0, 20.0, len(ROLES))
    np.testing.assert_array_equal(
        strokes_of(levels).assigned, strokes_of(levels.louder(shift)).assigned
    )


def test_a_drum_that_rests_has_no_strokes():
    found = strokes_of(invented_session(1, rates={"kick": 0.4, "snare": 0.3, "hi-hat": 0.7}))
    assert found.counts[found.names.index("tom 1")] == 0
    assert found.counts[found.names.index("kick")] > 20


def test_a_decaying_sound_is_no_new_stroke():
    levels = invented_session(1)
    energy = levels.energy.sum(axis=2)
    assert not find_strokes(energy, energy * 0.9, DRUMS).assigned.any()


def test_no_onsets_one_track_and_copies_of_one_file_have_no_strokes():
    empty = find_strokes(np.zeros((7, 0)), np.zeros((7, 0)), DRUMS)
    assert empty.counts.tolist() == [0, 0, 0, 0]
    rng = np.random.default_rng(1)
    one = rng.uniform(0.1, 1.0, (1, 50))
    assert find_strokes(one, one * 0.1, ["kick"]).counts.tolist() == [0]
    copies = np.tile(one, (3, 1))
    assert find_strokes(copies, copies * 0.1, ["kick", "snare", None]).counts.tolist() == [0, 0]


def test_a_gated_microphone_misses_its_bleed():
    levels = invented_session(1)
    energy = levels.energy.sum(axis=2)
    assert not missing_bleed(energy).any()
    gated = energy.copy()
    gated[1, energy[1] < 0.1 * energy[1].max()] = 0.0
    assert missing_bleed(gated).tolist() == [False, True, *[False] * 5]
