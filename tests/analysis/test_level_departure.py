"""Levels over the usual: strong strokes and loudness, by how much each is worth."""

import numpy as np
import pytest
from kit_support import invented_session

from reaper_drumgain.analysis.hits import Strokes
from reaper_drumgain.analysis.level_departure import (
    LEVEL_VARIANCE,
    drums_playing,
    level_departure,
    strong_strokes,
)
from reaper_drumgain.methods.session_levels import session_hits

NAN = np.nan


def departure(strokes, loudness, counts, close, **more):
    given = map(np.array, (strokes, loudness, counts, close))
    return level_departure(*given, **{name: np.array(value) for name, value in more.items()})


def test_with_strokes_both_count_alike():
    found = departure([4.0, 0.0], [2.0, 0.0], [1000, 1000], [True, False])
    np.testing.assert_allclose(found.over_db, [3.0, 0.0], atol=0.01)
    assert (found.doubt < 1.0).all()


def test_fewer_strokes_leave_more_doubt():
    found = departure([1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [100, 4, 1], [True] * 3)
    assert (np.diff(found.doubt) > 0.0).all()


def test_an_unstruck_microphone_says_little_while_others_are_struck():
    found = departure([1.0, NAN], [1.0, 9.0], [50, 0], [True, True])
    assert found.doubt[1] > 100.0
    alone = departure([NAN, NAN], [1.0, 9.0], [0, 0], [True, True])
    np.testing.assert_allclose(alone.over_db, [1.0, 9.0])
    assert (alone.doubt < 20.0).all()


def test_nothing_known_is_said():
    found = departure([NAN], [NAN], [0], [True])
    assert np.isnan(found.over_db[0])
    assert np.isinf(found.doubt[0])


def test_how_often_a_drum_is_struck_hardly_changes_its_strong_strokes():
    full = invented_session(1, rates={"kick": 0.3, "snare": 0.4, "hi-hat": 0.6})
    seldom = invented_session(1, rates={"kick": 0.3, "snare": 0.15, "hi-hat": 0.6})
    strong = [
        strong_strokes(levels.energy.sum(axis=2), session_hits(levels).strokes).level_lufs
        for levels in (full, seldom)
    ]
    np.testing.assert_allclose(strong[1][:3], strong[0][:3], atol=2.0)
    loudness = seldom.loudness_lufs[1] - full.loudness_lufs[1]
    assert loudness < -5.0


def playing_drums(counts, cymbals=0, level=1.0):
    """(2,) of a far microphone that hears all alike, and of one that hears no cymbals."""
    drums, total = len(counts), sum(counts) + cymbals
    assigned = np.zeros((drums, total), dtype=bool)
    assigned[np.repeat(np.arange(drums), counts), np.arange(sum(counts))] = True
    owners = np.zeros((drums, 2), dtype=bool)
    energy = np.ones((2, total))
    energy[:, sum(counts) :] = [[level], [1e-3]]
    names = tuple(str(drum) for drum in range(drums))
    return drums_playing(energy, Strokes(names, owners, assigned, np.ones_like(energy, bool)))


def test_the_drums_that_play_are_counted_by_their_strokes():
    assert playing_drums([40])[0] == pytest.approx(1.0)
    assert playing_drums([40, 40])[0] == pytest.approx(2.0)
    assert playing_drums([40, 40, 40, 40])[0] == pytest.approx(4.0)
    assert 1.0 < playing_drums([100, 2])[0] < 1.2


def test_strong_onsets_of_no_drum_count_as_those_of_one_more():
    """Cymbals, of which nobody has a microphone."""
    np.testing.assert_allclose(playing_drums([40], cymbals=40), [2.0, 1.0])
    np.testing.assert_allclose(playing_drums([40], cymbals=40, level=0.01), [1.0, 1.0])


def test_a_session_without_strokes_is_held_to_be_a_whole_kit():
    assert np.isinf(playing_drums([0], cymbals=40)).all()


def test_of_few_drums_the_level_of_a_far_microphone_says_little():
    far = [
        departure([0.0] * 2, [0.0] * 2, [50] * 2, [True, False], drums=[n, n]).doubt
        for n in (1.0, 2.0, 4.0, np.inf)
    ]
    own, overhead = np.array(far).T
    np.testing.assert_allclose(own, own[0])
    assert overhead[0] > 60.0
    np.testing.assert_allclose(overhead[:3] - overhead[3], [64.0, 16.0, 4.0])


def test_two_sides_of_a_pair_say_as_much_as_one_microphone():
    """Whatever the doubt: that of each side is twice that of one alone."""
    for drums in (1.0, 3.0):
        one = departure([0.0], [0.0], [50], [False], drums=[drums]).doubt
        two = departure(
            [0.0] * 2, [0.0] * 2, [50] * 2, [False] * 2, drums=[drums] * 2, paired=[True] * 2
        ).doubt
        assert (two + LEVEL_VARIANCE).tolist() == pytest.approx(
            (2.0 * (one + LEVEL_VARIANCE)).repeat(2).tolist()
        )
