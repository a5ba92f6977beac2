"""Equal partial loudness."""

from __future__ import annotations

import numpy as np
import pytest
from method_support import RATE, gains_of, method_input, scaled, sounds

from reaper_drumgain.methods.moore_glasberg import CENTRES, Ear
from reaper_drumgain.methods.partial_loudness import (
    LISTENING_DB,
    PartialLoudness,
    equal_partial_loudness,
)
from reaper_drumgain.tracks.roles import Role


def noise(low: float, high: float, seed: int, seconds: float = 4.0) -> np.ndarray:
    """Steady noise between two frequencies, at an RMS of about -26 dBFS."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(int(seconds * RATE)))
    frequency = np.fft.rfftfreq(int(seconds * RATE), 1 / RATE)
    spectrum[(frequency < low) | (frequency > high)] = 0.0
    samples = np.fft.irfft(spectrum)
    return (0.05 * samples / np.sqrt(np.mean(samples**2))).astype(np.float32)


def test_the_tracks_end_up_equally_loud_among_each_other():
    tracks = [noise(60, 200, 1), scaled(noise(300, 3_000, 2), -17.0), noise(2_000, 9_000, 3)]
    given = method_input(PartialLoudness(), tracks)
    gains = PartialLoudness().gains(given).gains_db
    # the whole of the sounds at once, which the method samples frame by frame
    powers = [held.mean(axis=0) for held in given.measurement.described["partial-loudness"]]
    played = np.array(powers) * 10.0 ** (gains[:, None] / 10.0)
    played *= 10.0 ** (LISTENING_DB / 10.0) / played.sum()
    ear = Ear()
    patterns = ear.excitation(played)
    loudness = ear.partial_loudness(patterns, patterns.sum(axis=0) - patterns)
    phon = 40.0 + 10.0 * np.log2(loudness)
    # loudness is a curve: that of the mean is not the mean of all frames'
    assert np.ptp(phon) < 1.0
    assert phon.min() > 40.0


def test_masked_tracks_are_raised_against_one_that_nothing_masks():
    low, other_low, high = noise(300, 900, 1), noise(300, 900, 2), noise(5_000, 9_000, 3)
    alone = gains_of(PartialLoudness(), [low, high])
    among = gains_of(PartialLoudness(), [low, high, other_low])
    assert (among[0] - among[1]) - (alone[0] - alone[1]) > 3.0
    assert among[0] == pytest.approx(among[2], abs=1.0)


def test_tracks_that_play_in_turn_do_not_mask_each_other():
    first, second = noise(300, 900, 1, 8.0), noise(300, 900, 2, 8.0)
    third = noise(5_000, 9_000, 3, 8.0)
    half = 4 * RATE
    in_turn = [first.copy(), second.copy(), third]
    in_turn[0][half:] = 0.0
    in_turn[1][:half] = 0.0
    together = gains_of(PartialLoudness(), [first, second, third])
    apart = gains_of(PartialLoudness(), in_turn)
    assert (apart[0] - apart[2]) < (together[0] - together[2]) - 3.0


def test_microphones_of_one_drum_do_not_mask_each_other():
    """Of the same sound in two tracks no gains are equally loud beside a third: they would rise
    for ever."""
    drum, other = noise(60, 300, 1), noise(2_000, 9_000, 3)
    roles = (Role("kick in"), Role("kick out"), Role("hi-hat"))
    alone = gains_of(PartialLoudness(), [drum, other], (roles[0], roles[2]))
    twice = gains_of(PartialLoudness(), [drum, scaled(drum, -9.0), other], roles)
    assert twice[1] - twice[0] == pytest.approx(9.0, abs=0.1)
    assert twice[0] - twice[2] == pytest.approx(alone[0] - alone[1], abs=1.5)
    several = (Role("tom", ordinal=1), Role("tom", ordinal=2), Role("hi-hat"))
    apart = gains_of(PartialLoudness(), [drum, scaled(drum, -9.0), other], several)
    assert apart[0] - apart[2] > twice[0] - twice[2] + 3.0


def test_gains_settle_for_tracks_that_mask_each_other_like_real_microphones():
    drums = sounds(6.0)
    bled = [sum(drums) * 0.3 + drum for drum in drums]
    given = method_input(PartialLoudness(), bled)
    powers = list(given.measurement.described["partial-loudness"])
    gains = equal_partial_loudness(powers, range(len(powers)), 80.0)
    assert np.isfinite(gains).all()
    # a start from elsewhere ends at the same place
    starts = np.array([0.0, 12.0, -12.0, 6.0])
    moved = equal_partial_loudness(
        [p * np.float32(10 ** (s / 10)) for p, s in zip(powers, starts, strict=True)],
        range(len(powers)),
        80.0,
    )
    np.testing.assert_allclose(moved + starts, gains, atol=1e-3)


def test_the_listening_level_is_a_setting_and_matters_where_bass_is_soft():
    tracks = [noise(50, 90, 1), noise(800, 2_000, 2)]
    soft, loud = (gains_of(PartialLoudness(level), tracks) for level in (50.0, 90.0))
    assert (soft[0] - soft[1]) > (loud[0] - loud[1]) + 1.0
    np.testing.assert_array_equal(
        gains_of(PartialLoudness(), tracks), gains_of(PartialLoudness(LISTENING_DB), tracks)
    )


def test_one_frame_is_enough_and_less_than_one_is_too_little():
    frame = 4096
    tracks = [noise(300, 900, 1)[:frame], noise(300, 900, 2)[: frame - 1]]
    gains = gains_of(PartialLoudness(), tracks, active=[True, True])
    assert np.isfinite(gains[0])
    assert np.isnan(gains[1])
    assert np.isnan(gains_of(PartialLoudness(), tracks, active=[False, False])).all()


def test_many_tracks_share_a_bounded_number_of_frames():
    powers = [
        np.random.default_rng(n).uniform(0.5, 1.0, (50, CENTRES.size)).astype(np.float32)
        for n in range(40)
    ]
    gains = equal_partial_loudness(powers, range(len(powers)), LISTENING_DB)
    assert np.ptp(gains) < 2.0
