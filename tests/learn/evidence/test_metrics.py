"""Errors, human references, bootstrap and interval score, against what can be counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper_drumgain.learn.evidence.metrics import (
    bootstrap,
    centred_error,
    error_to_engineers,
    human_references,
    track_errors,
)
from reaper_drumgain.learn.fitting.intervals import interval_score

levels = st.lists(st.floats(-30.0, 30.0), min_size=1, max_size=20)


def test_error_does_not_count_the_common_offset():
    target = np.array([1.0, -2.0, 4.0])
    assert centred_error(target + 7.0, target) == 0.0
    assert centred_error(target + np.array([0.0, 0.0, 3.0]), target) == pytest.approx(1.0)
    assert centred_error(target + np.array([0.0, 0.0, 3.0]), target, "mean") == pytest.approx(4 / 3)


@given(levels, st.floats(-20.0, 20.0), st.sampled_from(["median", "mean"]))
def test_a_common_offset_changes_no_error(gains, offset, how):
    one = np.array(gains)
    target = np.linspace(-5.0, 5.0, len(one))
    np.testing.assert_allclose(
        track_errors(one + offset, target, how), track_errors(one, target, how), atol=1e-9
    )


@given(levels)
def test_no_other_offset_has_a_smaller_error_than_the_median(gains):
    one = np.array(gains)
    best = centred_error(one, np.zeros(len(one)))
    for offset in np.linspace(-30.0, 30.0, 41):
        assert best <= np.abs(one - offset).mean() + 1e-9


def test_tracks_that_an_engineer_lacks_do_not_count():
    engineers = np.array([[0.0, 2.0, np.nan], [0.0, np.nan, np.nan], [1.0, 1.0, 5.0]])
    gains = np.array([0.0, 2.0, 50.0])
    # the second has one track alone: no balance; the errors of the third are 1, 1 - 2 and 49 - 5
    third = np.array([-1.0, 1.0, 45.0]) - 1.0
    assert error_to_engineers(gains, engineers) == pytest.approx(np.abs(third).mean() / 2)


def test_human_references_by_hand():
    engineers = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 3.0], [0.0, 0.0, 3.0]])
    one, middle = human_references(engineers)
    # pairs: 0-1 and 0-2 differ by 3 on one of three tracks, 1-2 not at all
    assert one == pytest.approx(4 * 1.0 / 6)
    # of the others' medians: (0, 0, 3) for the first, (0, 0, 1.5) for each of the rest
    assert middle == pytest.approx((1.0 + 0.5 + 0.5) / 3)


def test_the_bootstrap_interval_is_that_of_the_mean():
    rng = np.random.default_rng(1)
    values = rng.normal(3.0, 2.0, 400)
    low, high = bootstrap(values, 5)
    assert (low, high) == bootstrap(values, 5) != bootstrap(values, 6)
    assert high - low == pytest.approx(2 * 1.96 * 2.0 / 20, rel=0.15)
    assert low < values.mean() < high
    assert bootstrap(np.full(7, 1.5), 1) == (1.5, 1.5)


def test_the_interval_score_is_the_width_inside_and_grows_outside():
    truth = np.array([0.0, 3.0, -4.0])
    score = interval_score(np.full(3, -2.0), np.full(3, 2.0), truth, 0.8)
    np.testing.assert_allclose(score, [4.0, 4.0 + 10.0, 4.0 + 20.0])
    # the quantiles of the truth have the best score of all intervals
    many = np.random.default_rng(2).normal(size=20_000)
    low, high = np.quantile(many, [0.1, 0.9])

    def mean(scale: float) -> float:
        ones = np.ones(many.size)
        return float(interval_score(low * scale * ones, high * scale * ones, many, 0.8).mean())

    assert mean(1.0) < min(mean(0.8), mean(1.2))
