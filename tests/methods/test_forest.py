"""The forest at run time: slot assignment, slopes, what changes nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reaper_drumgain import methods
from reaper_drumgain.analysis import features
from reaper_drumgain.analysis.features import FeatureTable
from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.errors import ModelError
from reaper_drumgain.methods.base import MethodInput
from reaper_drumgain.methods.forest import (
    ForestMethod,
    LinearMethod,
    interval_halves,
    linear_gains,
    predict,
    session,
)
from reaper_drumgain.methods.forest_file import MULTIOUTPUT, bundled_folder, load
from reaper_drumgain.methods.multioutput import MultiOutputForest
from reaper_drumgain.methods.session_levels import SessionLevels
from reaper_drumgain.methods.slots import SLOTS, SlotAssignment, assign_slots, role_of_slot
from reaper_drumgain.tracks.roles import ROLE_NAMES, SIDES, Role

MODEL = load(bundled_folder())


def table(loudness, rng) -> FeatureTable:
    """Plausible features of tracks at these levels."""
    count = len(loudness)
    values = np.full((count, len(features.COLUMNS)), np.nan)
    held = {
        "loudness_lufs": np.asarray(loudness, float),
        "crest_db": rng.uniform(8, 30, count),
        "centroid_hz": rng.uniform(60, 9000, count),
        "bandwidth_hz": rng.uniform(60, 5000, count),
        "flatness": rng.uniform(1e-5, 0.2, count),
    }
    for name, column in held.items():
        values[:, features.COLUMNS.index(name)] = column
    return FeatureTable(features.COLUMNS, values)


def shifted(given: FeatureTable, track: int, by: float) -> FeatureTable:
    values = given.values.copy()
    values[track, features.COLUMNS.index("loudness_lufs")] += by
    return FeatureTable(given.columns, values)


def gains_of(given: FeatureTable, roles, channels):
    """Gains of a session of which only loudness and sound are known."""
    levels = SessionLevels.without_onsets(roles, given.column("loudness_lufs"))
    return predict(MODEL, levels, given, channels)[0]


role = st.builds(
    Role,
    st.sampled_from(ROLE_NAMES),
    st.sampled_from([None, *SIDES]),
    st.one_of(st.none(), st.integers(1, 9)),
)
sessions = st.lists(st.tuples(role, st.floats(-60.0, -8.0)), min_size=1, max_size=24)


def slots(*roles: Role, channels=None) -> list[str]:
    assigned = assign_slots(roles, channels or [1] * len(roles), np.arange(float(len(roles))))
    return [SLOTS[one.slot] + (" beyond" if one.overflow else "") for one in assigned]


def test_every_role_has_slots():
    assert {role_of_slot(slot) for slot in SLOTS} == set(ROLE_NAMES)


def test_tracks_take_slots_in_the_order_of_their_numbers():
    tom = [Role("tom", None, number) for number in (None, 4, 1)]
    assert slots(*tom) == ["tom 3", "tom 2", "tom 1"]
    assert slots(Role("snare top", None, 2)) == ["snare top 1"]
    both = slots(Role("snare top", None, 2), Role("snare top"))
    assert both == ["snare top 2", "snare top 1"]


def test_sides_and_channels_choose_the_slot():
    left, right = Role("overhead", "left"), Role("overhead", "right")
    assert slots(left, right) == ["overhead left 1", "overhead right 1"]
    assert slots(Role("overhead"), Role("room", "stereo"), Role("room")) == [
        "overhead mono 1",
        "room stereo 1",
        "room mono 1",
    ]
    assert slots(Role("room"), channels=[2]) == ["room stereo 1"]
    assert slots(Role("hi-hat", "left"), Role("cymbal", "right")) == ["hi-hat 1", "cymbal 1"]


def test_a_track_beyond_the_slots_reads_from_its_sibling():
    assert slots(*[Role("percussion")] * 4) == [
        "percussion 1",
        "percussion 2",
        "percussion 2 beyond",
        "percussion 2 beyond",
    ]


@settings(deadline=None)
@given(sessions, st.integers(0, 2**32 - 1))
def test_every_session_gets_finite_gains_and_one_track_a_slot(tracks, seed):
    rng = np.random.default_rng(seed)
    roles = [role for role, _ in tracks]
    channels = rng.integers(1, 3, len(tracks)).tolist()
    given_table = table([level for _, level in tracks], rng)
    assert np.isfinite(gains_of(given_table, roles, channels)).all()
    assigned = assign_slots(roles, channels, given_table.column("centroid_hz"))
    inside = [one.slot for one in assigned if not one.overflow]
    assert len(set(inside)) == len(inside)
    assert {one.slot for one in assigned} == set(inside)


@settings(max_examples=100, deadline=None)
@given(sessions.filter(lambda tracks: len(tracks) > 1), st.data())
def test_a_track_recorded_louder_never_gets_a_higher_fader_against_any_other(tracks, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    roles, channels = [role for role, _ in tracks], [1] * len(tracks)
    before = table([level for _, level in tracks], rng)
    track = data.draw(st.integers(0, len(tracks) - 1))
    by = data.draw(st.floats(0.1, 24.0))
    old = gains_of(before, roles, channels)
    new = gains_of(shifted(before, track, by), roles, channels)
    moved = (new - new[track]) - (old - old[track])
    assert np.delete(moved, track).min() >= -1e-9


@settings(deadline=None)
@given(sessions, st.floats(-20.0, 20.0), st.integers(0, 2**32 - 1))
def test_a_change_of_all_levels_changes_nothing(tracks, by, seed):
    roles, channels = [role for role, _ in tracks], [1] * len(tracks)
    levels = np.array([level for _, level in tracks])
    quiet = gains_of(table(levels, np.random.default_rng(seed)), roles, channels)
    loud = gains_of(table(levels + by, np.random.default_rng(seed)), roles, channels)
    np.testing.assert_allclose(loud, quiet, atol=1e-9)


@settings(deadline=None)
@given(sessions, st.integers(0, 2**32 - 1))
def test_the_order_of_tracks_changes_nothing(tracks, seed):
    rng = np.random.default_rng(seed)
    roles, channels = [role for role, _ in tracks], rng.integers(1, 3, len(tracks))
    given_table = table([level for _, level in tracks], rng)
    order = rng.permutation(len(tracks))
    straight = gains_of(given_table, roles, channels.tolist())
    mixed = gains_of(
        FeatureTable(given_table.columns, given_table.values[order]),
        [roles[place] for place in order],
        channels[order].tolist(),
    )
    np.testing.assert_allclose(mixed, straight[order], atol=1e-9)


def test_intervals_lie_around_the_gains_and_are_wider_where_less_is_known():
    roles = [Role("kick"), Role("snare top"), Role("hi-hat")]
    found = ForestMethod().gains(method_input([-30, -25, -20], roles, [True, True, False]))
    low, high = found.intervals_db.T
    np.testing.assert_allclose((low + high)[:2] / 2, found.gains_db[:2])
    assert (high - low)[:2].min() > 2.0
    assert np.isnan(found.intervals_db[2]).all()
    known = interval_halves(MODEL.linear, roles, np.full(3, 2.0))
    unknown = interval_halves(MODEL.linear, roles, np.full(3, 6.0))
    assert (unknown > known).all()


def test_the_linear_method_is_the_forest_without_its_trees():
    roles = [Role("kick"), Role("snare top"), Role("overhead", "stereo")]
    given_input = method_input([-30, -25, -20], roles, [True, False, True])
    found = LinearMethod().gains(given_input)
    levels, chosen, channels, _ = session(given_input)
    expected, _ = linear_gains(MODEL.linear, MODEL.responses, levels, channels)
    np.testing.assert_array_equal(chosen, [0, 1, 2])
    np.testing.assert_allclose(found.gains_db, expected)
    assert np.isnan(found.gains_db[1])
    assert found.intervals_db is None


def test_the_plain_form_does_not_mind_how_loud_the_whole_recording_is():
    roles = [Role("kick"), Role("snare top"), Role("hi-hat")]
    quiet = MultiOutputForest().gains(method_input([-40, -35, -30], roles, [True] * 3)).gains_db
    loud = MultiOutputForest().gains(method_input([-30, -25, -20], roles, [True] * 3)).gains_db
    np.testing.assert_allclose(loud, quiet, atol=1e-6)
    assert np.ptp(quiet) > 0.1


def test_a_forest_for_one_method_is_refused_by_the_other():
    given_input = method_input([-30.0, -25.0], [Role("kick"), Role("snare")], [True, True])
    with pytest.raises(ModelError, match="no linear part"):
        ForestMethod(load(bundled_folder(), MULTIOUTPUT)).gains(given_input)


class Streamed:
    """A track of noise at a level."""

    channels, rate = 1, 44100

    def __init__(self, level_db: float, seed: int) -> None:
        noise = np.random.default_rng(seed).normal(size=2 * self.rate)
        self.sound = (10 ** (level_db / 20) * noise).astype(np.float32)[None, :]
        self.frames = self.sound.shape[1]
        self.place = 0

    def read(self, frames: int):
        block = self.sound[:, self.place : self.place + frames]
        self.place += block.shape[1]
        return block


def method_input(levels, roles, active) -> MethodInput:
    measurement = measure([Streamed(v, seed) for seed, v in enumerate(levels)], threads=1)
    return MethodInput(
        tuple(roles), features.feature_table(measurement), measurement, np.asarray(active)
    )


def test_silent_and_inactive_tracks_get_no_gain_and_change_nothing():
    """A track that is too soft to have a loudness."""
    roles = [Role("kick"), Role("snare top"), Role("hi-hat")]
    alone = ForestMethod().gains(method_input([-30, -25, -20], roles, [True] * 3)).gains_db
    levels, active = [-30, -25, -20, -90], [True, True, True, False]
    more = ForestMethod().gains(method_input(levels, [*roles, Role("tom")], active)).gains_db
    assert np.isnan(more[3])
    np.testing.assert_array_equal(more[:3], alone)
    none = ForestMethod().gains(method_input([-30, -25], roles[:2], [False, False])).gains_db
    assert np.isnan(none).all()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("forest", ForestMethod),
        ("linear", LinearMethod),
        ("forest-multioutput", MultiOutputForest),
    ],
)
def test_the_registry_makes_it(name, kind):
    assert type(methods.create(name)) is kind


def test_a_model_for_other_slots_or_inputs_is_refused():
    from dataclasses import replace

    given_input = method_input([-30.0, -25.0], [Role("kick"), Role("snare")], [True, True])
    renamed = replace(MODEL, outputs=(*SLOTS[:-1], "cowbell 1"))
    with pytest.raises(ModelError, match="other slots"):
        ForestMethod(renamed).gains(given_input)
    with pytest.raises(ModelError, match="other inputs"):
        ForestMethod(replace(MODEL, columns=())).gains(given_input)


def test_a_track_without_an_ordering_feature_still_gets_its_slot():
    ride = SlotAssignment(SLOTS.index("ride 1"), overflow=False)
    assert assign_slots([Role("ride")], [1], np.array([np.nan])) == [ride]
