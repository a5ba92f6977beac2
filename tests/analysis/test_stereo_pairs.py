"""What two sides of a pair have in common over drums and bands is recording gain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reaper_drumgain.analysis.stereo_pairs import PairReading, alone, common, read_pair

BANDS = 4
#: left less right in dB: kick in the middle, the hi-hat on the left, a tom on the right
PICTURE = {"kick": 0.5, "snare": 1.0, "hat": 7.0, "tom": -5.0}


def reading(error_db: float, picture: dict[str, float] = PICTURE, seed: int = 0) -> PairReading:
    """A pair whose left side was recorded ``error_db`` louder."""
    random = np.random.default_rng(seed)
    names = list(picture)
    owner = np.arange(120) % len(names)
    right = 10.0 ** random.uniform(-2.0, 0.0, (120, BANDS))
    away = np.array([picture[names[drum]] for drum in owner])[:, None]
    left = right * 10.0 ** ((away + error_db + random.normal(0.0, 0.3, right.shape)) / 10.0)
    return read_pair(left, right, {name: owner == n for n, name in enumerate(names)})


def test_a_picture_with_drums_on_both_sides_stays() -> None:
    found = reading(0.0)
    assert found.amount_db == 0.0
    assert found.at_hits_db == pytest.approx(0.75, abs=0.3)


def test_a_preamp_that_is_far_off_comes_back_but_for_the_picture() -> None:
    assert reading(11.0).amount_db == pytest.approx(11.0 - 5.0, abs=0.4)
    assert reading(-11.0).amount_db == pytest.approx(-11.0 + 7.0, abs=0.4)


@settings(max_examples=30, deadline=None)
@given(st.floats(-20.0, 20.0))
def test_exchanging_the_sides_changes_the_sign(error_db: float) -> None:
    random = np.random.default_rng(4)
    left = 10.0 ** random.uniform(-2.0, 0.0, (60, BANDS)) * 10.0 ** (error_db / 10.0)
    right = 10.0 ** random.uniform(-2.0, 0.0, (60, BANDS))
    onsets = {"kick": np.arange(60) < 30, "snare": np.arange(60) >= 30}
    one, other = read_pair(left, right, onsets), read_pair(right, left, onsets)
    assert one.amount_db == pytest.approx(-other.amount_db, abs=1e-9)
    assert one.at_hits_db == pytest.approx(-other.at_hits_db, abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-15.0, 15.0), min_size=8, max_size=8))
def test_never_more_than_the_least_of_what_all_drums_say(values: list[float]) -> None:
    table = np.array(values).reshape(2, BANDS)
    amount = common(table)
    by_drum = table.mean(axis=1)
    assert abs(amount) <= np.abs(by_drum).min() + 1e-12
    if amount:
        assert (np.sign(by_drum) == np.sign(amount)).all()


def test_one_drum_alone_or_two_bands_say_nothing() -> None:
    assert common(np.full((1, BANDS), 8.0)) == 0.0
    assert common(np.full((3, 2), 8.0)) == 0.0
    assert reading(11.0, {"kick": 0.0}).amount_db == 0.0


def test_without_the_kick_less_is_undone() -> None:
    side = {"snare": 0.0, "tom": 0.0}
    assert reading(8.0, side).amount_db == pytest.approx(5.0, abs=0.3)


def test_silence_on_one_side_is_no_difference() -> None:
    found = read_pair(np.zeros((20, BANDS)), np.ones((20, BANDS)), {"kick": np.ones(20, bool)})
    assert found.amount_db == 0.0
    assert found.drums == ()


def test_only_onsets_of_one_drum_alone_count() -> None:
    over = np.array([[9.0, 9.0, 0.0], [np.nan, 9.0, 9.0], [9.0, 9.0, 9.0]])
    found = alone(over, [0, 1, 2], np.array([True, True, False]), 6.0)
    assert {family: mask.tolist() for family, mask in found.items()} == {
        0: [True, False, False],
        1: [False, False, True],
    }


@settings(deadline=None)
@given(
    drums=st.integers(2, 4),
    seed=st.integers(0, 2**32 - 1),
    start=st.floats(-15.0, 15.0),
    by=st.floats(0.0, 5.0),
)
def test_a_side_turned_up_is_never_set_right_by_less_nor_by_more_than_that(drums, seed, start, by):
    """Else turning a raw track up could raise its fader: bands change their sign one by one."""
    picture = np.random.default_rng(seed).normal(0.0, 4.0, (drums, 4)) + start
    before, after = common(picture), common(picture + by)
    assert -1e-9 <= after - before <= by + 1e-9
