"""Linked tracks make one common move."""

import numpy as np
import pytest
from support import session, silent_clip

from reaper_drumgain.faders.links import any_linked, linked_moves, linked_places
from reaper_drumgain.schema.session import Track
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.selection import select


def test_the_sides_of_a_pair_are_linked_and_other_tracks_only_to_themselves():
    names = ("OH L", "Kick", "OH R")
    tracks = [Track(index=i, name=name, clips=(silent_clip(),)) for i, name in enumerate(names)]
    assert linked_places(select(session(*tracks), Settings()).measured) == ((0, 2), (1,), (0, 2))


def test_tracks_that_count_set_the_common_move():
    links = ((0, 2), (1,), (0, 2))
    moves = np.array([1.0, 5.0, 4.0])
    assert linked_moves(moves, links, np.array([True] * 3)) == pytest.approx([2.5, 5.0, 2.5])
    one = np.array([True, True, False])
    assert linked_moves(moves, links, one) == pytest.approx([1.0, 5.0, 1.0])


def test_without_any_track_that_counts_all_linked_tracks_do():
    moves = np.array([1.0, 4.0])
    none = np.zeros(2, dtype=bool)
    assert linked_moves(moves, ((0, 1), (0, 1)), none) == pytest.approx([2.5, 2.5])


def test_moves_over_time_are_common_wherever_a_linked_track_has_one():
    moves = np.array([[np.nan, 1.0, 2.0], [np.nan, np.nan, 4.0]])
    common = linked_moves(moves, ((0, 1), (0, 1)), np.isfinite(moves))
    np.testing.assert_allclose(common, [[np.nan, 1.0, 3.0]] * 2)


def test_one_linked_track_with_a_flag_is_enough():
    links = ((0, 1), (0, 1), (2,))
    assert any_linked(np.array([False, True, False]), links).tolist() == [True, True, False]
    over_time = np.array([[True, False], [False, False], [False, True]])
    assert any_linked(over_time, links).tolist() == [[True, False], [True, False], [False, True]]
