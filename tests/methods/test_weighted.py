"""The weightings against pyloudnorm's."""

from __future__ import annotations

import math

import numpy as np
import pyloudnorm
import pytest
from method_support import gains_of, sounds
from pyloudnorm.iirfilter import IIRfilter
from streams import ArrayStream, drum_track

from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.methods.weighted import (
    FENTON_LEE,
    FENTON_LEE_BLOCK,
    PESTANA,
    PESTANA_BLOCK,
    FentonLee,
    ModifiedLoudness,
    block_loudness,
)


def pestana_meter(rate: int) -> pyloudnorm.Meter:
    meter = pyloudnorm.Meter(rate, filter_class="custom", block_size=0.28)
    meter._filters["high_shelf"] = IIRfilter(10.0, 1 / np.sqrt(2), 1500.0, rate, "high_shelf")
    meter._filters["high_pass"] = IIRfilter(0.0, 0.5, 38.0, rate, "high_pass")
    return meter


def fenton_lee_meter(rate: int) -> pyloudnorm.Meter:
    return pyloudnorm.Meter(rate, filter_class="Fenton/Lee 1")


CASES = {
    "modified-loudness": (ModifiedLoudness, PESTANA_BLOCK, pestana_meter),
    "fenton-lee": (FentonLee, FENTON_LEE_BLOCK, fenton_lee_meter),
}


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("name", CASES)
def test_the_loudness_is_that_of_pyloudnorm(name, rate):
    method, block, meter = CASES[name]
    # a whole number of blocks' hops for both block lengths
    stereo = np.stack([drum_track(rate, 5.6, seed=1), drum_track(rate, 5.6, seed=2)])
    sparse = drum_track(rate, 5.6, seed=3)
    sparse[2 * rate : 4 * rate] = 0.0
    streams = [ArrayStream(stereo, rate), ArrayStream(sparse, rate)]
    measurement = measure(streams, threads=1, descriptors=method().descriptors)
    # a track of one channel plays on both sides
    both = np.stack([sparse, sparse])
    for envelope, samples in zip(measurement.described[name], (stereo, both), strict=True):
        wanted = meter(rate).integrated_loudness(samples.T.astype(np.float64))
        assert block_loudness(envelope, block) == pytest.approx(wanted, abs=0.02)


def response_db(curve, frequency: float, rate: int = 48_000) -> float:
    """How much a curve lets through at a frequency."""
    z = np.exp(-2j * np.pi * frequency / rate * np.arange(3))
    b1, a1, b2, a2 = curve.biquads(rate)
    return float(20 * np.log10(abs((b1 @ z) / (a1 @ z) * (b2 @ z) / (a2 @ z))))


def test_the_curves_are_as_published():
    assert response_db(PESTANA, 20_000.0) == pytest.approx(10.0, abs=0.1)
    assert response_db(FENTON_LEE, 20_000.0) == pytest.approx(5.0, abs=0.1)
    # Q 0.5 is -6 dB at the corner
    assert response_db(PESTANA, 38.0) == pytest.approx(-6.0, abs=0.1)
    assert response_db(FENTON_LEE, 130.0) == pytest.approx(-6.0, abs=0.1)


def test_silence_and_too_little_have_no_loudness():
    assert math.isnan(block_loudness(np.ones(27, dtype=np.float32), PESTANA_BLOCK))
    assert math.isfinite(block_loudness(np.ones(28, dtype=np.float32), PESTANA_BLOCK))
    assert block_loudness(np.zeros(100, dtype=np.float32), PESTANA_BLOCK) == -math.inf


def test_treble_weighs_more_and_bass_less_than_in_k_weighting():
    time = np.arange(4 * 44_100) / 44_100
    low, high = (np.sin(2 * np.pi * f * time).astype(np.float32) / 4 for f in (70.0, 6_000.0))
    k_difference = 4.0 + 2.2
    for method in (ModifiedLoudness(), FentonLee()):
        gains = gains_of(method, [low, high])
        assert gains[0] - gains[1] > k_difference
    assert np.isfinite(gains_of(FentonLee(), sounds())).all()
