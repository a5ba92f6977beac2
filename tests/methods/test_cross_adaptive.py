"""Cross-adaptive gains over time and their mean."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from method_support import gains_of, scaled, sounds

from reaper_drumgain.methods.cross_adaptive import CrossAdaptive, running_gains


def hops(*levels_db: float, length: int = 100) -> np.ndarray:
    """Steady tracks: (tracks, length) mean squares."""
    return np.tile(10.0 ** (np.array(levels_db)[:, None] / 10.0), (1, length))


def test_steady_tracks_go_to_the_mean_of_all():
    running = running_gains(hops(-30.0, -20.0, -25.0))
    assert running.open[:, 3:].all()
    np.testing.assert_allclose(running.gains_db[:, 3:], [[5.0], [-5.0], [0.0]] * np.ones(97))
    np.testing.assert_allclose(running.static(), [5.0, -5.0, 0.0])


def test_a_track_follows_only_those_that_play_with_it_and_holds_while_it_rests():
    levels = hops(-20.0, -30.0, -10.0, length=600)
    levels[1, 300:] = 1e-9
    levels[2, :300] = 1e-9
    running = running_gains(levels)
    first, second, third = running.gains_db
    assert first[250] == pytest.approx(-5.0)
    assert second[250] == pytest.approx(5.0)
    assert first[599] == pytest.approx(5.0, abs=0.01)
    assert np.isnan(third[:300]).all()
    assert third[599] == pytest.approx(-5.0, abs=0.01)
    rests = ~running.open[1]
    assert rests[310:].all()
    assert np.ptp(second[310:]) == 0.0
    assert running.static()[1] == pytest.approx(5.0, abs=0.05)


def test_the_gate_has_two_thresholds():
    # loudness about -20 dB: opens above -30, closes below -40
    pattern = [-60.0] * 20 + [-35.0] * 20 + [-20.0] * 40 + [-35.0] * 20 + [-60.0] * 20
    levels = 10.0 ** (np.array([pattern, [-20.0] * len(pattern)]) / 10.0)
    is_open = running_gains(levels).open[0]
    assert not is_open[:38].any()
    assert is_open[45:98].all()
    assert not is_open[106:].any()


def test_gains_move_smoothly():
    levels = hops(-20.0, -20.0, length=400)
    levels[1, 200:] *= 10.0
    gains = running_gains(levels).gains_db
    assert np.abs(np.diff(gains[:, 3:], axis=1)).max() < 0.6
    assert gains[1, 399] - gains[0, 399] == pytest.approx(-10.0, abs=0.1)


@settings(deadline=None)
@given(st.lists(st.floats(-45, 0), min_size=2, max_size=5), st.floats(-20, 20))
def test_of_tracks_that_always_play_a_louder_one_is_lowered_as_much(levels, shift):
    before = running_gains(hops(*levels)).static()
    after = running_gains(hops(levels[0] + shift, *levels[1:])).static()
    moved = after - before
    np.testing.assert_allclose(moved[0] - moved[1:], -shift, atol=1e-6)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 3), st.floats(0.5, 15))
def test_a_louder_recording_never_gets_a_higher_fader(track, louder):
    tracks = sounds()
    before = gains_of(CrossAdaptive(), tracks)
    tracks[track] = scaled(tracks[track], louder)
    moved = gains_of(CrossAdaptive(), tracks) - before
    assert (np.delete(moved, track) >= moved[track] - 1e-3).all()


def test_below_the_absolute_gate_nothing_plays():
    running = running_gains(hops(-80.0, -20.0))
    assert not running.open[0].any()
    np.testing.assert_allclose(running.static(), [np.nan, 0.0])


def test_too_short_a_session_has_no_gains():
    running = running_gains(hops(-20.0, -30.0, length=3))
    assert not running.open.any()
    assert np.isnan(running.static()).all()
    assert running_gains(np.zeros((2, 0))).gains_db.shape == (2, 0)
