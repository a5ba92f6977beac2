"""Which faders that an engineer set move, and where to. All numbers are worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper_drumgain.faders.outliers import outlier_moves


def single(count):
    return tuple((place,) for place in range(count))


def moves_of(faders, gains, half, active=None, links=None):
    faders, gains = np.array(faders, dtype=float), np.array(gains, dtype=float)
    intervals = gains[:, None] + np.outer(np.array(half, dtype=float), [-1.0, 1.0])
    active = np.ones(faders.size, dtype=bool) if active is None else np.array(active)
    return outlier_moves(faders, gains, intervals, active, links or single(faders.size))


def test_only_what_stands_outside_moves_to_the_edge_of_its_interval():
    # places: 1, 0, 11, -8, 2; the median is 1, so the level is 1
    found = moves_of([1, -2, 12, -9, -1], [0, -2, 1, -1, -3], [4, 4, 5, 6, 3])
    # 11 is 10 over the level, 5 beyond; -8 is 9 under it, 3 beyond
    assert found.moves == pytest.approx([0, 0, -5, 3, 0])
    assert found.within.tolist() == [True, True, False, False, True]
    # the interval of the third: gain 1, level 1, 5 either way
    assert found.intervals[2] == pytest.approx([-3, 7])
    assert found.intervals[3] == pytest.approx([-6, 6])


def test_of_an_even_number_the_lower_one_in_the_middle_sets_the_level():
    found = moves_of([0, 0, 3, 20], [0, 0, 0, 0], [4, 4, 4, 4])
    # the level is 0, not 1.5: the last one comes down to 4
    assert found.moves == pytest.approx([0, 0, 0, -16])


def test_a_pair_is_compared_as_one_and_makes_one_move():
    # the pair's mean place is 9 over its mean interval of 5: 4 down for both sides
    found = moves_of(
        [0, 0, 0, 8, 10], [0, 0, 0, 0, 0], [3, 3, 3, 4, 6], links=((0,), (1,), (2,), (3, 4), (3, 4))
    )
    assert found.moves == pytest.approx([0, 0, 0, -4, -4])


def test_tracks_that_hold_nothing_neither_move_nor_count():
    found = moves_of([0, 1, -40, 0], [0, 0, 0, np.nan], [2, 2, 2, 2], active=[1, 1, 0, 1])
    assert found.moves == pytest.approx([0, 0, 0, 0])
    assert np.isnan(found.intervals[2:]).all()
    nothing = moves_of([0, 1], [0, 0], [2, 2], active=[False, False])
    assert nothing.moves.tolist() == [0, 0]
    assert not nothing.within.any()


TRACKS = st.lists(
    st.tuples(st.floats(-30, 12), st.floats(-20, 10), st.floats(0.5, 8)), min_size=1, max_size=14
)


@given(TRACKS)
def test_a_second_time_nothing_moves_and_no_track_leaves_its_interval(tracks):
    faders, gains, half = (np.array(column) for column in zip(*tracks, strict=True))
    found = moves_of(faders, gains, half)
    after = faders + found.moves
    assert (after >= found.intervals[:, 0] - 1e-9).all()
    assert (after <= found.intervals[:, 1] + 1e-9).all()
    assert moves_of(after, gains, half).moves == pytest.approx(np.zeros(faders.size), abs=1e-9)
