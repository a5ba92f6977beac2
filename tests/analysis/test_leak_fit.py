"""What a microphone holds beyond what the others explain, in energies that are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reaper_drumgain.analysis.leak_fit import excesses, floor_fit


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.floats(0.01, 100.0), min_size=3, max_size=3))
def test_a_mixture_is_explained_whatever_its_weights(seed: int, weights: list[float]) -> None:
    sources = 10.0 ** np.random.default_rng(seed).uniform(-3.0, 0.0, (3, 200))
    energy = np.array(weights) @ sources
    np.testing.assert_allclose(floor_fit(energy, sources, steps=1000), energy, rtol=0.1)


def test_one_source_is_scaled_so_that_the_mean_square_of_the_ratio_is_one() -> None:
    random = np.random.default_rng(1)
    source, energy = 10.0 ** random.uniform(-1.0, 0.0, (2, 100))
    found = floor_fit(energy, source[None])
    # the optimum in closed form
    expected = source / np.sqrt(np.mean(np.square(source / energy)))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@given(st.floats(-60.0, 60.0), st.floats(-60.0, 60.0))
def test_recording_gains_change_nothing(own_db: float, others_db: float) -> None:
    random = np.random.default_rng(2)
    energy = 10.0 ** random.uniform(-2.0, 0.0, (50, 4))
    sources = 10.0 ** random.uniform(-2.0, 0.0, (3, 50, 4))
    scaled = excesses(10.0 ** (own_db / 10.0) * energy, 10.0 ** (others_db / 10.0) * sources)
    np.testing.assert_allclose(scaled, excesses(energy, sources), atol=1e-6)


@pytest.mark.parametrize("others", [4, 20, 100])
def test_own_strokes_stand_out_also_where_there_is_little_else(others: int) -> None:
    """A ride that is struck all the time, in its microphone and in an overhead; few snares."""
    ride = np.concatenate([np.zeros(others), np.ones(200)])[:, None]
    snare = 1.0 - ride
    energy = ride + 0.05 * snare
    overhead = 0.1 * ride + snare
    found = excesses(energy, np.stack([overhead, snare]))
    assert found[others:].min() > 10.0


def test_of_a_sound_in_two_bands_the_two_that_exceed_most_count() -> None:
    random = np.random.default_rng(3)
    leak = 10.0 ** random.uniform(-1.0, 0.0, (100, 4))
    energy = leak.copy()
    energy[50, :2] *= 100.0
    assert excesses(energy, leak[None], best=2)[50] == pytest.approx(20.0, abs=0.5)
    assert excesses(energy, leak[None])[50] == pytest.approx(10.0, abs=0.5)


@pytest.mark.filterwarnings("error")
def test_nothing_to_explain_or_to_be_explained_by() -> None:
    nothing = np.zeros((5, 4))
    assert not excesses(nothing, nothing[None]).any()
    assert not floor_fit(np.zeros(5), np.zeros((0, 5))).any()
    assert not floor_fit(np.ones(5), np.zeros((2, 5))).any()
