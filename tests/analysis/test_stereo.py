"""Which tracks hold a stereo picture, and which one microphone in a file of two channels."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from streams import ArrayStream, drum_track

from reaper_drumgain.analysis.loudness import gated_loudness
from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.analysis.measurement import Measurement

RATE = 44_100
DRUM = drum_track(RATE, 4.0, seed=1)
OTHER = drum_track(RATE, 4.0, seed=2)
SILENCE = np.zeros_like(DRUM)


def measured(*tracks: np.ndarray) -> Measurement:
    return measure([ArrayStream(samples, RATE) for samples in tracks], threads=1)


def pair(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.stack([left, right])


ONE_SOUND = {
    "mono": DRUM,
    "the same twice": pair(DRUM, DRUM),
    "inverted on one side": pair(DRUM, -DRUM),
    "panned": pair(0.2 * DRUM, DRUM),
    "on one side": pair(DRUM, SILENCE),
    "with the other side's noise floor": pair(DRUM, 1e-3 * OTHER),
    "silence": pair(SILENCE, SILENCE),
    "a little of the kit on one side": pair(DRUM, DRUM + 0.05 * OTHER),
}
PICTURES = {
    "two sounds": pair(DRUM, OTHER),
    "one side much softer": pair(DRUM, 0.05 * OTHER),
    "a wide picture": pair(DRUM + 0.5 * OTHER, DRUM - 0.5 * OTHER),
}


@pytest.mark.parametrize("name", ONE_SOUND)
def test_one_microphone_is_no_stereo_picture(name: str) -> None:
    assert measured(OTHER, ONE_SOUND[name]).stereo.tolist() == [False, False]


@pytest.mark.parametrize("name", PICTURES)
def test_two_different_channels_are_a_stereo_picture(name: str) -> None:
    assert measured(OTHER, PICTURES[name]).stereo.tolist() == [False, True]


def test_the_correlation_is_that_of_the_whole_song_and_of_each_part() -> None:
    """The same twice for half of the time, two sounds for the rest."""
    late = np.concatenate([DRUM, OTHER])
    whole = measured(pair(np.concatenate([DRUM, DRUM]), late))
    assert whole.stereo.tolist() == [True]
    part = dataclasses.replace(whole, mix=whole.mix.between(0, 39))
    assert part.stereo.tolist() == [False]


def test_one_microphone_has_one_loudness_in_any_file() -> None:
    mono, twice, inverted = measured(DRUM, pair(DRUM, DRUM), pair(DRUM, -DRUM)).tracks
    levels = [gated_loudness(track.hop_powers) for track in (mono, twice, inverted)]
    assert levels == pytest.approx([levels[0]] * 3, abs=1e-4)
