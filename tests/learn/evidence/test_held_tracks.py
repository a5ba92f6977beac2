"""Sessions with drums at rest: what is held in them is counted right."""

from __future__ import annotations

import json

import numpy as np
import pytest

from reaper_drumgain.learn.data.kits import KITS
from reaper_drumgain.learn.data.performances import HI_HATS, PIECES, TOMS, Stroke
from reaper_drumgain.learn.evidence.held_tracks import (
    GROUPS,
    SECTION,
    SONG,
    count_held_tracks,
    habitual,
    held_table,
)

EVERYTHING = tuple(Stroke(0.1 * n, piece, 0.8) for n, piece in enumerate(PIECES * 3))


def test_habits_strike_whole_drums_out_and_are_the_same_for_a_seed():
    played = [habitual(EVERYTHING, [1, place]) for place in range(200)]
    assert played == [habitual(EVERYTHING, [1, place]) for place in range(200)]
    for drum, often in (("hi-hat", 0.25), ("tom 2", 0.2), ("kick", 0.08)):
        pieces = HI_HATS if drum == "hi-hat" else (drum,)
        rests = [not any(s.piece in pieces for s in strokes) for strokes in played]
        assert np.mean(rests) == pytest.approx(often, abs=0.08)
    # of a drum that plays every stroke is there
    assert all(sum(s.piece in HI_HATS for s in strokes) in (0, 9) for strokes in played)
    assert {s.velocity for strokes in played for s in strokes} != {0.8}
    assert {len([s for s in strokes if s.piece in TOMS]) for strokes in played} == {0, 3, 6, 9}


def test_every_close_microphone_is_counted_once(shared_data):
    figures = count_held_tracks(shared_data, sessions=2, seconds=16.0, seed=4)
    json.dumps(figures, allow_nan=False)
    assert set(figures) == set(KITS)
    for kit in KITS:
        for where in (SONG, SECTION):
            for group, count in zip(GROUPS, (3, 2, 3), strict=True):
                held = figures[kit][where][group]
                assert held["unplayed"] + held["played"] == 2 * count
                assert held["unplayed held"] <= held["unplayed"]
                assert held["played three times"] <= held["played"]
    assert len({len(row) for row in held_table(figures)}) == 1


def test_toms_at_rest_are_held_and_played_ones_are_not(shared_data):
    """The aim on a kit with little bleed: 98 % and 0."""
    toms = count_held_tracks(shared_data, sessions=8, seconds=30.0, seed=5)["muldjord"][SONG][
        "toms"
    ]
    assert toms["unplayed held"] >= toms["unplayed"] - 1
    assert toms["unplayed"] >= 5
    assert toms["played held by mistake"] == 0
