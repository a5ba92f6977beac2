"""Descriptors against plain computation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from streams import ArrayStream, drum_track

from reaper_drumgain.analysis.descriptors import (
    BandPowers,
    SegmentFrames,
    SegmentLevels,
    WeightedEnvelope,
    by_name,
)
from reaper_drumgain.analysis.k_weighting import k_weighting
from reaper_drumgain.analysis.measure import measure

K = WeightedEnvelope("k", k_weighting)


def described(descriptor, tracks, rate, **options):
    streams = [ArrayStream(samples, rate, **options) for samples in tracks]
    return measure(streams, threads=1, descriptors=[descriptor])


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_the_k_weighted_envelope_is_that_of_the_ordinary_measurement(rate):
    sparse = drum_track(rate, 23.4, seed=1)
    sparse[5 * rate : 16 * rate] = 0.0
    stereo = np.stack([drum_track(rate, 20.03, seed=2), drum_track(rate, 20.03, seed=3)])
    measurement = described(K, [sparse, stereo, np.zeros(2 * rate)], rate)
    for track, envelope in zip(measurement.tracks, measurement.described["k"], strict=True):
        assert 0 <= envelope.size - track.envelope.size < 10
        np.testing.assert_allclose(
            envelope[: track.envelope.size], track.envelope, rtol=1e-4, atol=1e-12
        )


def test_what_nobody_asks_for_is_not_measured():
    streams = [ArrayStream(drum_track(8_000, 1.0, seed=1), 8_000)]
    assert measure(streams, threads=1).described == {}


def plain_bands(samples, rate, edges, n_fft, stride):
    """Mean squares by the Fourier transform of each frame, bin by bin in float64."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    width, rows = rate / n_fft, []
    for start in range(0, samples.shape[1] - n_fft + 1, n_fft * stride):
        row = np.zeros(len(edges) - 1)
        for channel in samples.astype(np.float64):
            power = np.abs(np.fft.rfft(channel[start : start + n_fft] * window)) ** 2
            for k, value in enumerate(power * 2 / (n_fft * np.square(window).sum())):
                for band, (low, high) in enumerate(itertools.pairwise(edges)):
                    inside = min(high, (k + 0.5) * width) - max(low, (k - 0.5) * width)
                    row[band] += value * max(inside, 0.0) / width
        rows.append(row)
    return np.array(rows)


@pytest.mark.parametrize(("most", "stride"), [(4096, 1), (4, 3)])
def test_band_powers_are_those_of_each_frame(most, stride):
    rate, edges, n_fft = 8_000, (100.0, 440.0, 1_003.0, 4_200.0), 4096
    stereo = np.stack([drum_track(rate, 6.0, seed=2), drum_track(rate, 6.0, seed=3)])
    measurement = described(BandPowers("b", edges, most), [stereo], rate)
    (powers,) = measurement.described["b"]
    wanted = plain_bands(stereo, rate, edges, n_fft, stride)
    np.testing.assert_allclose(powers, wanted, rtol=1e-3, atol=1e-9)


def test_all_bands_together_hold_the_power_of_steady_sound():
    rate = 44_100
    noise = np.random.default_rng(1).standard_normal(10 * rate).astype(np.float32) * 0.1
    measurement = described(BandPowers("b", (0.0, 500.0, 30_000.0)), [noise], rate)
    total = measurement.described["b"][0].sum(axis=1).mean()
    # the noise plays on both sides
    assert total == pytest.approx(2.0 * np.mean(np.square(noise)), rel=0.02)


def test_frames_of_all_tracks_lie_at_the_same_times_however_they_are_read():
    rate, descriptor = 44_100, BandPowers("b", (50.0, 15_000.0), 7)
    late = np.zeros(12 * rate, dtype=np.float32)
    late[8 * rate :] = drum_track(rate, 4.0, seed=1)
    short = drum_track(rate, 5.0, seed=2)
    whole = described(descriptor, [late, short], rate).described["b"]
    pieces = described(
        descriptor, [late, short], rate, sizes=(1_000, 77, 90_001), nones=False
    ).described["b"]
    for one, other in zip(whole, pieces, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
    assert len(whole[0]) <= 7
    assert not whole[0][: len(whole[0]) // 2].any()
    assert whole[0][-1].any()
    assert len(whole[1]) < len(whole[0])


def test_a_track_shorter_than_a_frame_has_none():
    measurement = described(BandPowers("b", (50.0, 15_000.0)), [np.ones(100)], 44_100)
    assert measurement.described["b"][0].shape == (0, 1)


BANDS = BandPowers("b", (50.0, 500.0, 4_000.0))


def test_two_descriptors_of_one_name_must_measure_the_same():
    assert by_name([K, BANDS, K, SegmentLevels()]) == {
        "k": K,
        "b": BANDS,
        "segments": SegmentLevels(),
    }
    steeper = WeightedEnvelope("k", lambda rate: tuple(2.0 * part for part in k_weighting(rate)))
    for one, other in ((K, steeper), (BANDS, BandPowers("b", (50.0, 400.0, 4_000.0)))):
        with pytest.raises(ValueError, match=f"two different .* name '{one.name}'"):
            by_name([one, other])


@pytest.mark.parametrize(
    "descriptor", [K, BANDS, SegmentLevels(), SegmentFrames()], ids=lambda each: each.name
)
def test_scaled_is_what_a_louder_track_gives(descriptor):
    rate, gain = 44_100, 4.0
    track = drum_track(rate, 2.0, seed=3)
    quiet, loud = (
        described(descriptor, [samples], rate).described[descriptor.name][0]
        for samples in (track, gain * track)
    )
    assert quiet.any()
    np.testing.assert_allclose(descriptor.scaled(quiet, gain**2), loud, rtol=1e-4, atol=1e-12)
