"""What a fader must not depend on: the figures are right on faders that are known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from reaper_drumgain.balance.side_by_side import plans_of
from reaper_drumgain.learn.evidence import invariance
from reaper_drumgain.learn.evidence.invariance import Runs, Tried
from reaper_drumgain.learn.evidence.invariance_figures import invariance_table, summary_of
from reaper_drumgain.learn.evidence.project_files import faders, recording
from reaper_drumgain.methods.baselines import EqualLoudness, Unity

PLACES = np.array([-6.0, 0.0, 3.0, 1.0, -2.0])


def test_a_level_of_the_session_is_no_scatter_and_a_rest_shifts_nothing():
    levels = np.array([0.0, 5.0, -3.0, 1.0])
    found = PLACES + levels[:, None]
    found[1, 0] = found[2, 3] = np.nan
    spread, width = invariance.scatter(found)
    assert spread == pytest.approx(0.0)
    assert width == pytest.approx(0.0)


def test_one_fader_that_wanders_is_the_only_one_that_scatters():
    found = np.tile(PLACES, (4, 1))
    found[:, 2] += [2.0, -2.0, 2.0, -2.0]
    spread, width = invariance.scatter(found)
    assert spread == pytest.approx([0.0, 0.0, 2.0, 0.0, 0.0])
    assert width[2] == pytest.approx(4.0)


def test_a_track_that_plays_in_two_sessions_says_nothing():
    found = np.tile(PLACES, (5, 1))
    found[2:, 1] = np.nan
    assert np.isnan(invariance.scatter(found)[0]).tolist() == [False, True, False, False, False]


@settings(max_examples=30, deadline=None)
@given(
    arrays(np.float64, 6, elements=st.floats(-12.0, 12.0)).filter(lambda s: np.ptp(s) > 1.0),
    st.floats(0.0, 1.0),
    st.floats(-20.0, 20.0),
)
def test_the_share_that_is_undone_is_found_whatever_the_common_level(shift, share, level):
    before = np.linspace(-3.0, 3.0, shift.size)
    found, left = invariance.undone(before, before - share * shift + level, shift)
    assert found == pytest.approx(share, abs=1e-9)
    expected = (1.0 - share) * np.abs(shift - shift.mean()).mean()
    assert left == pytest.approx(expected, abs=1e-9)


def test_of_one_shifted_track_counts_what_it_moves_against_the_others():
    shift = 20.0 * np.eye(4)[1]
    before, after = np.zeros(4), np.array([2.0, -13.0, 2.0, 2.0])
    assert invariance.one_undone(before, after, shift) == pytest.approx(0.75)
    after[1] = np.nan
    assert np.isnan(invariance.one_undone(before, after, shift))


def test_the_figures_are_plain_json_and_hold_the_faders():
    shift = np.array([3.0, -3.0, 1.0, 0.0, -1.0])
    undone = {"all of it": PLACES - shift, "nothing": PLACES}
    runs = [
        Runs(
            dict.fromkeys(undone, PLACES + level),
            [(shift, {name: one + level for name, one in undone.items()})],
            [(20.0 * np.eye(5)[0], dict.fromkeys(undone, PLACES + level))],
            {"dual mono": dict.fromkeys(undone, 0.01)},
        )
        for level in (0.0, 1.0, 2.0, 3.0)
    ]
    figures = summary_of(Tried(("a", "b", "c", "d", "e"), runs), seed=1)
    json.dumps(figures, allow_nan=False)
    assert figures["all of it"]["undone"]["mean"] == pytest.approx(1.0)
    assert figures["nothing"]["left"]["mean"] == pytest.approx(1.6)
    assert figures["nothing"]["scatter95"] == [0.0, 0.0]
    assert figures["nothing"]["faders"][1] == (PLACES + 1.0).tolist()
    rows = invariance_table({"kit": figures}, "kit")
    assert [row[0] for row in rows] == ["", "all of it", "nothing"]
    assert len({len(row) for row in rows}) == 1


def test_a_kit_that_is_played_goes_through_all_of_the_program(shared_data):
    """What is known without listening: unity undoes nothing, equal loudness nearly all."""
    methods = {"gogodze": {"unity": Unity(), "equal-loudness": EqualLoudness()}}
    tried = invariance.try_kits(
        shared_data, plans_of, methods, performances=1, shifts=1, seed=3, seconds=10.0
    )["gogodze"]
    (runs,) = tried.runs
    ((shift, after),) = runs.shifted
    assert runs.before["unity"].shape == shift.shape == (7,)
    assert invariance.undone(runs.before["unity"], after["unity"], shift)[0] == pytest.approx(
        0.0, abs=0.01
    )
    assert np.abs(shift).max() <= invariance.SHIFT_DB
    assert set(runs.forms or {}) == {"dual mono", "take pan of 0.01", "silent stereo item"}
    for moved in (runs.forms or {}).values():
        assert max(moved.values()) <= 0.05
    # a track recorded 20 dB off ends where the others are, up to the end of its fader
    ((alone, then),) = runs.one_off
    undone = invariance.one_undone(runs.before["equal-loudness"], then["equal-loudness"], alone)
    assert 0.4 < undone < 1.1


def test_another_half_minute_of_a_recording_is_another_part_of_its_files(shared_data):
    session = recording(shared_data / "recordings" / "rohaar" / "rohaar.RPP")
    part = invariance.part_of(session, 60.0, 2.0)
    assert {clip.length for track in part.tracks for clip in track.clips} == {2.0}
    assert {clip.offset for track in part.tracks for clip in track.clips} == {60.0}
    plan = plans_of(part, {"unity": Unity()})["unity"]
    found = faders(plan, len(part.tracks))
    assert found.shape == (7,)
    assert np.isfinite(found).any()
