"""Curves that follow a song: slow, seldom, and where they should be in the end."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from reaper_drumgain.automation.gain_riding import (
    DEAD_BAND_DB,
    MOST_DB_PER_S,
    corners,
    with_dead_band,
)

STEP = MOST_DB_PER_S / 10.0
any_curves = arrays(
    float, st.tuples(st.integers(1, 3), st.integers(1, 80)), elements=st.floats(-20.0, 20.0)
)


@given(any_curves)
def test_no_curve_is_steeper_than_the_limit_or_beyond_what_is_asked(curves):
    moved = with_dead_band(curves)
    assert np.abs(np.diff(moved, axis=1)).max(initial=0.0) <= STEP + 1e-9
    assert (moved >= curves.min(axis=1, keepdims=True) - DEAD_BAND_DB - 1e-9).all()
    assert (moved <= curves.max(axis=1, keepdims=True) + DEAD_BAND_DB + 1e-9).all()
    assert (np.abs(moved[:, 0] - curves[:, 0]) <= DEAD_BAND_DB + 1e-9).all()


@given(st.floats(-20.0, 20.0), arrays(float, 50, elements=st.floats(-0.7, 0.7)))
def test_what_stays_within_the_dead_band_moves_nothing(level, wiggle):
    moved = with_dead_band((level + wiggle)[None, :])
    assert np.ptp(moved) == 0.0


def test_a_step_is_followed_all_the_way_and_then_it_rests():
    wanted = np.concatenate([np.zeros(160), np.full(140, 6.0)])[None, :]
    moved = with_dead_band(wanted)[0]
    assert (moved[:160] == 0.0).all()
    assert moved[-1] == pytest.approx(6.0)
    seconds = np.flatnonzero(moved > 5.999)[0] / 10 - 16.0
    assert seconds == pytest.approx(6.0 / MOST_DB_PER_S, abs=0.2)
    times, levels = corners(lambda hop: hop / 10, moved)
    assert len(times) == 4
    assert levels == pytest.approx([0.0, 0.0, 6.0, 6.0])


def test_nothing_is_a_curve_too():
    assert with_dead_band(np.zeros((0, 10))).shape == (0, 10)
    assert with_dead_band(np.zeros((2, 0))).shape == (2, 0)
