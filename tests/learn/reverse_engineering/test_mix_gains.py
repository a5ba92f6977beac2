"""Reverse engineering: known gains come back, and what cannot be known is said to be so."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mix_support import LOW_RATE, decibel, drums, k_power, late, rounded
from scipy.signal import fftconvolve, lfilter

from reaper_drumgain.analysis.k_weighting import k_weighting
from reaper_drumgain.learn.reverse_engineering.mix_gains import reverse_engineer

# --- against least squares written out -------------------------------------------------------


def test_gains_are_those_of_least_squares_written_out():
    raw = drums(4, 2.0, LOW_RATE, seed=1)
    chance = np.random.default_rng(2)
    mix = chance.normal(size=(2, 4)) @ raw + 0.02 * chance.standard_normal((2, raw.shape[1]))
    found = reverse_engineer(list(raw), mix, taps=1, rate=LOW_RATE, max_delay=0.0, whiten=False)
    known = np.linalg.lstsq(raw.T, mix.T, rcond=None)[0].T
    got = np.array([track.channel_gains_db for track in found.tracks]).T
    np.testing.assert_allclose(got, decibel(known), atol=1e-3)
    np.testing.assert_allclose(found.gains_db, decibel(np.hypot(*known)), atol=0.01)
    scaled = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    assert found.condition == pytest.approx(np.linalg.cond(scaled), rel=1e-3)
    assert found.method == "least squares"


@pytest.mark.parametrize("delay", [0, 11, -6])
def test_filters_are_those_of_least_squares_written_out(delay):
    taps, lead = 16, 2
    raw = drums(3, 1.5, LOW_RATE, seed=3, bleed=0.5)
    chance = np.random.default_rng(4)
    responses = chance.normal(size=(2, 3, 5)) * 0.5
    mix = np.array([sum(map(np.convolve, raw, row))[: raw.shape[1]] for row in responses])
    mix = np.array([late(row, delay) for row in mix])
    mix += 0.01 * chance.standard_normal(mix.shape)
    found = reverse_engineer(list(raw), mix, taps=taps, rate=LOW_RATE, max_delay=0.01)
    shelf_b, shelf_a, pass_b, pass_a = k_weighting(LOW_RATE)
    weigh = lambda x: lfilter(pass_b, pass_a, lfilter(shelf_b, shelf_a, x))  # noqa: E731
    lags = [[t.delay_samples - lead + k for k in range(taps)] for t in found.tracks]
    columns = np.array([late(weigh(x), n) for x, own in zip(raw, lags, strict=True) for n in own])
    low, high = max(max(own) for own in lags), raw.shape[1] + min(0, *(min(o) for o in lags))
    known = np.linalg.lstsq(columns[:, low:high].T, weigh(mix)[:, low:high].T, rcond=None)[0]
    for place, track in enumerate(found.tracks):
        for channel in range(2):
            filtered = np.convolve(raw[place], known[place * taps : place * taps + taps, channel])
            change = 10 * np.log10(k_power(filtered, LOW_RATE) / k_power(raw[place], LOW_RATE))
            assert track.channel_gains_db[channel] == pytest.approx(change, abs=0.01)
    rest = weigh(mix)[:, low:high] - (columns[:, low:high].T @ known).T
    share = np.square(rest).sum() / np.square(weigh(mix)[:, low:high]).sum()
    assert found.residual_db == pytest.approx(10 * np.log10(share), abs=0.01)


# --- known gains come back -------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    gains=st.lists(st.floats(-20, 6), min_size=2, max_size=5),
    taps=st.sampled_from([1, 64]),
)
def test_known_gains_come_back_with_pan_bleed_polarity_and_rounding(seed, gains, taps):
    chance = np.random.default_rng(seed)
    raw = rounded(drums(len(gains), 3.0, LOW_RATE, seed))
    signs = chance.choice([-1, 1], len(gains))
    total = 10 ** (np.array(gains) / 20)
    pan = chance.uniform(0, np.pi / 2, len(gains))
    mix = rounded(0.25 * np.array([np.cos(pan), np.sin(pan)]) * (signs * total) @ raw)
    found = reverse_engineer(list(raw), mix, taps=taps, rate=LOW_RATE)
    assert all(track.identifiable for track in found.tracks)
    np.testing.assert_allclose(found.gains_db, gains + decibel(0.25), atol=0.1)
    assert [track.sign for track in found.tracks] == signs.tolist()
    assert not any(track.delay_samples for track in found.tracks)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    delays=st.lists(st.integers(-700, 1500), min_size=2, max_size=4),
    taps=st.sampled_from([1, 32]),
)
def test_delays_are_found_to_the_sample_in_spite_of_bleed(seed, delays, taps):
    chance = np.random.default_rng(seed)
    raw = drums(len(delays), 3.0, LOW_RATE, seed, bleed=0.3)
    gains = chance.uniform(0.3, 1.5, len(delays)) * chance.choice([-1, 1], len(delays))
    moved = np.array([late(x, n) for x, n in zip(raw, delays, strict=True)])
    mix = gains @ moved + 1e-3 * chance.standard_normal(raw.shape[1])
    found = reverse_engineer(list(raw), mix, taps=taps, rate=LOW_RATE)
    assert [track.delay_samples for track in found.tracks] == delays
    np.testing.assert_allclose(found.gains_db, decibel(gains), atol=0.1)


def test_a_stereo_track_has_one_gain():
    left, right, other = drums(3, 3.0, LOW_RATE, seed=5)
    stereo = np.array([left, right + 0.5 * left])
    mix = 0.5 * stereo - 2.0 * other
    for taps in (1, 32):
        found = reverse_engineer([stereo, other], mix, taps=taps, rate=LOW_RATE)
        np.testing.assert_allclose(found.gains_db, decibel([0.5, 2.0 * 2**0.5]), atol=0.01)
        assert [track.sign for track in found.tracks] == [1, -1]


def test_reverberation_hardly_moves_a_gain_on_whitened_signals():
    raw = drums(4, 6.0, LOW_RATE, seed=6)
    gains = np.array([1.0, 0.5, -0.7, 0.25])
    chance = np.random.default_rng(7)
    tail = chance.standard_normal((2, LOW_RATE)) * np.exp(-np.arange(LOW_RATE) / (0.2 * LOW_RATE))
    tail[:, :40] = 0.0
    dry = np.array([gains @ raw] * 2)
    wet = fftconvolve(dry, tail, axes=1)[:, : raw.shape[1]]
    wet *= 0.2 * np.linalg.norm(dry) / np.linalg.norm(wet)
    errors = {}
    for whiten in (True, False):
        found = reverse_engineer(list(raw), dry + wet, taps=1, rate=LOW_RATE, whiten=whiten)
        errors[whiten] = np.abs(found.gains_db - decibel(gains * 2**0.5)).max()
        assert -16 < found.residual_db < -12
    assert errors[True] < 0.1
    assert errors[True] < errors[False]


def test_the_standard_error_says_how_far_a_gain_scatters():
    raw = drums(3, 4.0, LOW_RATE, seed=8)
    gains = np.array([1.0, 0.3, 0.1])
    clean = gains @ raw
    chance = np.random.default_rng(9)
    ratios = []
    for _ in range(30):
        # noise that comes and goes and has a colour
        noise = lfilter([1], [1, -0.9], chance.standard_normal(clean.size))
        mix = clean + 0.004 * noise * (np.arange(clean.size) // 2000 % 2)
        found = reverse_engineer(list(raw), mix, taps=16, rate=LOW_RATE, max_delay=0.0)
        stated = np.array([track.standard_error_db for track in found.tracks])
        ratios.append((found.gains_db - decibel(gains)) / stated)
    spread = np.sqrt(np.nanmean(np.square(ratios), axis=0))
    assert np.isfinite(ratios).mean() > 0.9
    assert ((spread > 0.6) & (spread < 1.6)).all()


# --- what cannot be known --------------------------------------------------------------------


@pytest.mark.parametrize("taps", [1, 64])
def test_a_silent_track_is_flagged_and_changes_nothing(taps):
    raw = drums(2, 3.0, LOW_RATE, seed=10)
    mix = 0.5 * raw[0] + 0.7 * raw[1]
    hiss = 1e-5 * np.random.default_rng(0).standard_normal(raw.shape[1])
    without = reverse_engineer(list(raw), mix, taps=taps, rate=LOW_RATE)
    found = reverse_engineer([raw[0], hiss, raw[1], 0 * hiss], mix, taps=taps, rate=LOW_RATE)
    assert [track.reason for track in found.tracks] == ["", "silent", "", "silent"]
    assert np.isnan(found.gains_db[[1, 3]]).all()
    np.testing.assert_allclose(found.gains_db[[0, 2]], without.gains_db, atol=1e-9)


@pytest.mark.parametrize("taps", [1, 64])
def test_tracks_with_the_same_sound_have_no_gains_of_their_own(taps):
    raw = drums(2, 3.0, LOW_RATE, seed=11)
    found = reverse_engineer([raw[0], raw[1], raw[0]], raw[0] + raw[1], taps=taps, rate=LOW_RATE)
    same = "same sound as other tracks"
    assert [track.reason for track in found.tracks] == [same, "", same]
    assert found.gains_db[1] == pytest.approx(0.0, abs=0.01)
    assert found.condition > 1000


@pytest.mark.parametrize("taps", [1, 64])
def test_a_track_that_the_mix_lacks_is_flagged(taps):
    raw = drums(3, 3.0, LOW_RATE, seed=12)
    noise = 1e-3 * np.random.default_rng(1).standard_normal(raw.shape[1])
    found = reverse_engineer(list(raw), raw[0] + raw[1] + noise, taps=taps, rate=LOW_RATE)
    assert [track.identifiable for track in found.tracks] == [True, True, False]
    assert found.tracks[2].reason in ("not heard in the mix", "uncertain")
    assert np.isnan(found.tracks[2].gain_db)


def test_a_gain_lost_in_noise_is_uncertain():
    raw = drums(2, 3.0, LOW_RATE, seed=13)
    noise = 0.1 * np.random.default_rng(2).standard_normal(raw.shape[1])
    mix = raw[0] + 0.02 * raw[1] + noise
    found = reverse_engineer(list(raw), mix, taps=16, rate=LOW_RATE, max_delay=0.0)
    assert not found.tracks[1].identifiable
    assert found.tracks[1].standard_error_db > 1.0
    assert found.tracks[0].identifiable
    lenient = reverse_engineer(
        list(raw), mix, taps=16, rate=LOW_RATE, max_delay=0.0, max_error_db=0.01
    )
    assert not any(track.identifiable for track in lenient.tracks)


def test_a_delay_beyond_the_search_is_not_taken_for_a_gain():
    raw = drums(2, 3.0, LOW_RATE, seed=14)
    mix = raw[0] + late(raw[1], 900)
    found = reverse_engineer(list(raw), mix, taps=1, rate=LOW_RATE, max_delay=0.02)
    assert found.tracks[0].gain_db == pytest.approx(0.0, abs=0.3)
    assert not found.tracks[1].identifiable
