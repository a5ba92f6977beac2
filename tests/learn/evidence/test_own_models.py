"""The figures of own models and of known mixes are made on data that need no collection."""

import numpy as np
import pytest
from learn.taste.invented import KIT, TEMPLATE
from mix_support import drums

from reaper_drumgain.learn.data.kits import RATE
from reaper_drumgain.learn.evidence import known_mixes, own_models


def bench() -> own_models.Bench:
    rng = np.random.default_rng(1)
    songs = []
    for number in range(6):
        bundled, level = rng.normal(0.0, 3.0, (2, len(KIT)))
        shift = rng.uniform(-12.0, 12.0, len(KIT))
        # a bundled model that undoes two thirds of careless levels
        careless = bundled - shift / 1.5
        mixes = bundled + rng.normal(0.0, 1.0, (4, len(KIT)))
        loud = level - 20.0
        songs.append(
            own_models.Recorded(
                *(f"song {number}", KIT, bundled, loud, careless, loud + shift, shift),
                *(bundled, mixes),
            )
        )
    return own_models.Bench(songs, TEMPLATE)


@pytest.mark.parametrize("careless", [False, True])
def test_a_draw_compares_the_model_with_the_truth_on_unseen_songs(careless):
    rng = np.random.default_rng(2)
    found = own_models.draw(bench(), own_models.constant, rng, 4, careless=careless)
    assert found["own model"] < found["bundled"]
    # careless levels that are always undone in part are learned, too
    assert found["own model"] < found["true taste"] + 0.3


def test_mixes_of_one_song_are_compared_with_those_of_others():
    told = own_models.human(bench(), lambda _: None).splitlines()
    assert len(told) == 6 + 3
    assert told[-1].endswith("of 6 songs")


@pytest.mark.parametrize(
    "how", ["gains and pan", "... and delays up to 14 ms", "... the same, given"]
)
def test_known_mixes_have_the_gains_that_are_told(how):
    tracks = drums(3, 4.0, RATE, seed=1)
    known = known_mixes.mixed(tracks, how, seed=2)
    errors, residual = known_mixes.measure(known, taps=1)
    assert np.nanmax(errors) < 0.1
    assert residual < -40


def test_a_mix_of_another_recording_is_told_from_the_right_one():
    one, other = (drums(3, 6.0, RATE, seed=seed) for seed in (1, 2))
    mix = known_mixes.mixed(one, "... and noise at -6 dB", seed=3).mix
    assert known_mixes.recognize_of(one, mix)[2]
    assert not known_mixes.recognize_of(other, mix)[2]
