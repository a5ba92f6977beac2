"""Levels over the usual: strong strokes and loudness, by how much each is worth."""

import numpy as np
from kit_support import invented_session

from reaper_drumgain.analysis.level_departure import level_departure, strong_strokes
from reaper_drumgain.methods.gain_law import session_hits

NAN = np.nan


def departure(strokes, loudness, counts, close):
    return level_departure(np.array(strokes), np.array(loudness), np.array(counts), np.array(close))


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
