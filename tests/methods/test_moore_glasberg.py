"""The loudness model against what is known of hearing, and against its own definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reaper_drumgain.methods.moore_glasberg import (
    CENTRES,
    EDGES,
    Ear,
    bandwidth,
    erb_number,
    frequency_of,
)

EAR = Ear()
BANDS = CENTRES.size
#: band powers of sounds from inaudible to very loud; excitations stay below 1e10
SPECTRA = hnp.arrays(np.float64, (1, BANDS), elements=st.floats(-20, 75)).map(
    lambda level: 10.0 ** (level / 10.0)
)


def tone(frequency: float, level_db: float) -> np.ndarray:
    """The band powers of a tone at the band's centre nearest to a frequency."""
    powers = np.zeros((1, BANDS))
    powers[0, np.argmin(np.abs(CENTRES - frequency))] = 10.0 ** (level_db / 10.0)
    return powers


def sone(powers: np.ndarray) -> float:
    return float(EAR.loudness(EAR.excitation(powers))[0])


def level_of(frequency: float, wanted: float) -> float:
    """The level at which a tone is ``wanted`` sone loud."""
    low, high = -20.0, 130.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if sone(tone(frequency, middle)) < wanted else (low, middle)
    return low


def test_a_tone_of_1_khz_and_40_db_is_1_sone():
    assert sone(tone(1000.0, 40.0)) == pytest.approx(1.0, rel=0.05)


#: phon and sone of 1 kHz tones, from the table of ANSI S3.4-2007
@pytest.mark.parametrize(
    ("phon", "expected"),
    [
        *((20, 0.1367), (30, 0.4204), (40, 0.998), (50, 2.089), (60, 4.106), (70, 7.881)),
        *((80, 15.24), (90, 30.93), (100, 64.55), (110, 137.99)),
    ],
)
def test_loudness_grows_as_in_the_standard(phon, expected):
    assert sone(tone(1000.0, phon)) == pytest.approx(expected, rel=0.1)


#: Hz, threshold of hearing and 40 phon in dB SPL, of ISO 226:2003
@pytest.mark.parametrize(
    ("frequency", "threshold", "forty_phon"),
    [
        *((50, 44.0, 77.8), (100, 26.5, 64.4), (200, 14.4, 53.4), (500, 4.4, 43.1)),
        *((2000, -1.3, 39.2), (4000, -5.4, 36.7), (8000, 12.6, 51.8), (12500, 12.3, 51.5)),
    ],
)
def test_tones_are_heard_and_weighed_as_people_do(frequency, threshold, forty_phon):
    # the paper: the same loudness at threshold at all frequencies, 2.4 dB at 1 kHz
    at_threshold = sone(tone(1000.0, 2.4))
    assert level_of(frequency, at_threshold) == pytest.approx(threshold, abs=3.0)
    assert level_of(frequency, sone(tone(1000.0, 40.0))) == pytest.approx(forty_phon, abs=4.5)


def test_spreading_a_sound_over_more_bands_makes_it_louder_at_the_same_power():
    middle = BANDS // 2
    loudness = []
    for width in (1, 5, 15, 31):
        powers = np.zeros((1, BANDS))
        powers[0, middle - width // 2 : middle + width // 2 + 1] = 1e6 / width
        loudness.append(sone(powers))
    assert (np.diff(loudness) > 0.0).all()


def test_excitation_spreads_upwards_more_when_a_sound_is_loud():
    place = int(np.argmin(np.abs(CENTRES - 1000.0)))
    soft, loud = (EAR.excitation(tone(1000.0, level))[0] for level in (40.0, 90.0))
    assert np.argmax(soft) == np.argmax(loud) == place
    near = slice(place - 8, place + 9)
    relative = 10 * np.log10(loud[near] / soft[near]) - 50.0
    np.testing.assert_allclose(relative[:9], 0.0, atol=0.01)
    assert relative[-1] > 10.0


@settings(deadline=None)
@given(SPECTRA)
def test_no_masker_gives_the_loudness_of_the_sound_alone(spectrum):
    excitation = EAR.excitation(spectrum)
    alone = EAR.loudness(excitation)
    np.testing.assert_array_equal(
        EAR.partial_loudness(excitation, np.zeros_like(excitation)), alone
    )
    # equation for quiet: C ((G E + A)^a - A^a) per ERB, less below threshold
    assert alone[0] >= 0.0


@settings(deadline=None)
@given(SPECTRA, SPECTRA)
def test_a_masker_takes_loudness_away_the_more_the_louder_it_is(spectrum, masker):
    signal, noise = EAR.excitation(spectrum), EAR.excitation(masker)
    alone = EAR.loudness(signal)[0]
    masked = [
        EAR.partial_loudness(signal, noise * 10.0 ** (level / 10.0))[0]
        for level in (-200.0, -30.0, -20.0, -10.0, -3.0, 0.0, 3.0, 10.0)
    ]
    assert masked[0] == pytest.approx(alone, rel=1e-3)
    assert all(
        louder <= softer * (1 + 1e-9)
        for softer, louder in zip([alone, *masked[:-1]], masked, strict=True)
    )
    assert masked[-1] >= 0.0


@settings(deadline=None)
@given(SPECTRA, SPECTRA, st.floats(0.1, 20.0))
def test_a_louder_sound_has_more_partial_loudness(spectrum, masker, louder_db):
    noise = EAR.excitation(masker)
    soft = EAR.partial_loudness(EAR.excitation(spectrum), noise)[0]
    loud = EAR.partial_loudness(EAR.excitation(spectrum * 10 ** (louder_db / 10)), noise)[0]
    assert loud > soft * (1 - 1e-6)


def test_a_sound_at_masked_threshold_is_as_loud_as_one_at_threshold_in_quiet():
    high = CENTRES > 1000.0
    quiet = np.where(high, EAR.quiet, 0.0)[None]
    noise = np.where(high, 1e5, 0.0)[None]
    # from 1 kHz up a signal is heard 3 dB below the masker
    masked = np.where(high, 1e5 * 10**-0.3 + EAR.quiet, 0.0)[None]
    assert EAR.partial_loudness(masked, noise)[0] == pytest.approx(EAR.loudness(quiet)[0], rel=1e-3)


def test_the_form_for_very_loud_sounds_joins_the_rest():
    flat = np.ones((1, BANDS))
    levels = 10.0 ** np.array([8.0, 9.0, 9.999, 10.001, 11.0, 12.0])
    loudness = np.array([EAR.loudness(flat * level)[0] for level in levels])
    assert loudness[3] == pytest.approx(loudness[2], rel=0.02)
    slopes = np.diff(np.log10(loudness)) / np.diff(np.log10(levels))
    np.testing.assert_allclose(slopes[[0, 3, 4]], 0.2, atol=0.01)
    masked = [EAR.partial_loudness(flat * 1e11, flat * n)[0] for n in (1e8, 1e9, 1e10, 1e11)]
    assert EAR.loudness(flat * 1e11)[0] > masked[0]
    assert (np.diff(masked) < 0.0).all()


def test_the_erb_scale():
    assert bandwidth(1000.0) == pytest.approx(132.4, abs=0.1)
    assert erb_number(1000.0) == pytest.approx(15.6, abs=0.05)
    np.testing.assert_allclose(frequency_of(erb_number(CENTRES)), CENTRES)
    assert len(EDGES) == BANDS + 1
    assert (np.asarray(EDGES[:-1]) < CENTRES).all()
    assert (np.asarray(EDGES[1:]) > CENTRES).all()
