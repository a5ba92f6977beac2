"""Polarity and delay of two microphones from spectra of hits that are made for it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from reaper_drumgain.analysis import polarity
from reaper_drumgain.analysis.hit_spectra import kept_bins
from reaper_drumgain.analysis.polarity import OPPOSITE, SAME, THROUGH_SNARE_MS, read_one_drum

RATE, LENGTH, HITS = 44_100, 2048, 20
BINS = kept_bins(RATE, LENGTH)
FREQUENCIES = np.arange(BINS.start, BINS.stop) * RATE / LENGTH
#: about that of ``BandWindow``: it rises over an eighth and falls over the last half
SHAPE = np.minimum(
    np.clip(np.arange(LENGTH) / (LENGTH / 8), 0.0, 1.0),
    0.5 - 0.5 * np.cos(np.pi * np.clip(2.0 * (LENGTH - np.arange(LENGTH)) / LENGTH, 0.0, 1.0)),
)


def microphone(delays_ms: np.ndarray, sign: float = 1.0, tone_hz: float = 180.0) -> np.ndarray:
    """Spectra (hits, bins) of decaying tones with a click, each later by its delay in ms."""
    time = np.arange(LENGTH) / RATE
    found = []
    for number, delay in enumerate(delays_ms):
        noise = np.random.default_rng(number).standard_normal(LENGTH)
        since = time - 0.010 - delay / 1000.0
        begun = since >= 0.0
        body = np.sin(2 * np.pi * tone_hz * since) * np.exp(-since / 0.03)
        click = 0.5 * noise[: begun.sum()] * np.exp(-since[begun] / 0.002)
        sound = np.where(begun, body, 0.0)
        sound[begun] += click
        found.append(sign * np.fft.rfft(sound * SHAPE)[BINS])
    return np.array(found)


NOW = np.zeros(HITS)


@pytest.mark.parametrize(("sign", "verdict"), [(1.0, SAME), (-1.0, OPPOSITE)])
def test_the_sum_as_recorded_decides_where_it_leaves_no_doubt(sign, verdict):
    reading = read_one_drum(
        microphone(NOW), microphone(NOW + 0.3, sign), FREQUENCIES, THROUGH_SNARE_MS
    )
    assert reading.polarity == verdict
    assert not reading.late
    assert reading.now * sign > 0.5


def test_it_decides_also_where_another_delay_would_say_the_opposite():
    """2 ms are more than a quarter of the wave: both together are softer as they are."""
    reading = read_one_drum(microphone(NOW), microphone(NOW + 2.0), FREQUENCIES, THROUGH_SNARE_MS)
    assert reading.now < -polarity.NOW
    assert reading.polarity == OPPOSITE
    assert polarity.flip_gain_db(reading.now) > 2.0


@pytest.mark.parametrize("spread_ms", [0.0, 2.0])
def test_a_delay_beyond_doubt_is_told_with_its_size(spread_ms):
    delays = 8.0 + spread_ms * np.linspace(-1.0, 1.0, HITS)
    reading = read_one_drum(microphone(NOW), microphone(delays), FREQUENCIES, THROUGH_SNARE_MS)
    assert reading.late
    assert reading.delay_ms == pytest.approx(8.0, abs=0.5)
    assert reading.polarity == polarity.UNSURE


def test_hits_that_do_not_agree_on_the_delay_tell_none():
    delays = 9.0 + 6.5 * np.linspace(-1.0, 1.0, HITS)
    reading = read_one_drum(microphone(NOW), microphone(delays), FREQUENCIES, THROUGH_SNARE_MS)
    assert not reading.late
    assert math.isnan(reading.delay_ms)
