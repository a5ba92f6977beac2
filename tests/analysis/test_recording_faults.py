"""Clipping, DC, hum and dead sides, on audio that is made here."""

from __future__ import annotations

import numpy as np
import pytest
from streams import ArrayStream
from struck import RATE, drum

from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.analysis.recording_faults import ChannelFaults, dead_side


def faults(audio: np.ndarray, rate: int = RATE, threads: int = 1) -> tuple[ChannelFaults, ...]:
    return measure([ArrayStream(audio, rate)], threads=threads).tracks[0].faults


def in_16_bit(audio: np.ndarray) -> np.ndarray:
    return np.round(np.clip(audio, -1.0, 32767 / 32768) * 32768) / 32768


@pytest.fixture(scope="module")
def snare() -> np.ndarray:
    # at 120 beats a minute, so that it has lines where hum has them
    audio = drum(24.0, at=0.3, every=0.5, frequency=180.0, seed=1)
    return audio - audio.mean()


def hum(seconds: float, mains: float = 50.0) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    return sum(np.sin(2 * np.pi * mains * n * time + n) / n for n in (1, 2, 3, 5))


def test_a_sound_recording_has_no_fault(snare):
    (own,) = faults(in_16_bit(snare))
    assert not own.clipping.told
    assert not own.dc_told
    assert not own.hum.told


@pytest.mark.parametrize("gain", [1.0, 0.1, -0.3])
@pytest.mark.parametrize("threads", [1, 2])
def test_clipping_is_found_at_any_item_gain(snare, gain, threads):
    clipped = in_16_bit(3.0 * snare / np.abs(snare).max()) * gain
    (own,) = faults(clipped, threads=threads)
    assert own.clipping.told
    assert own.clipping.longest >= 3
    assert own.clipping.level_db == pytest.approx(20 * np.log10(abs(gain)), abs=0.05)


def test_a_clipped_stroke_is_found_over_the_edge_of_a_peak_step():
    # one plateau of 100 samples around each boundary between steps of 20 ms
    audio = 0.2 * np.sin(np.arange(8 * RATE) / 30.0)
    for step in (50, 100, 150):
        at = step * 882
        audio[at - 50 : at + 50] = 1.0
    (own,) = faults(audio)
    assert (own.clipping.runs, own.clipping.longest) == (3, 100)


def test_coarse_resolution_is_not_clipping(snare):
    for bits in (8, 12):
        scale = 2.0 ** (bits - 1)
        assert not faults(np.round(0.5 * snare * scale) / scale)[0].clipping.told
    assert not faults(np.round(0.01 * snare * 32768) / 32768)[0].clipping.told


def test_one_peak_that_is_cut_shortly_is_not_told(snare):
    limit = np.sort(np.abs(snare))[-2]
    assert not faults(np.clip(snare, -limit, limit))[0].clipping.told


def test_an_offset_is_told_from_a_tenth_of_the_rms(snare):
    rms = np.sqrt(np.mean(snare**2))
    (strong,) = faults(snare + 0.2 * rms)
    (weak,) = faults(snare + 0.05 * rms)
    assert strong.dc_told
    assert strong.dc_share == pytest.approx(0.2, abs=0.01)
    assert strong.dc == pytest.approx(0.2 * rms, rel=0.03)
    assert not weak.dc_told


@pytest.mark.parametrize("mains", [50.0, 60.0])
def test_hum_is_found_with_its_mains_and_lines(mains):
    audio = drum(40.0, at=0.3, every=2.0, frequency=180.0, seed=1)
    audio += np.random.default_rng(2).standard_normal(audio.size) * 1e-5
    (own,) = faults(audio + 0.005 * hum(40.0, mains))
    assert own.hum.told
    assert own.hum.mains_hz == mains
    assert {1, 5} <= set(own.hum.lines)
    assert not faults(audio)[0].hum.told


def test_a_long_track_is_looked_at_in_parts_and_its_hum_still_found():
    audio = np.tile(drum(20.0, at=0.3, every=2.0, frequency=180.0, seed=1), 15)
    assert faults(audio + 0.005 * hum(300.0))[0].hum.told


def test_no_fault_depends_on_the_gain(snare):
    audio = snare + 0.002 + 0.003 * hum(24.0)
    (one,), (other,) = faults(audio), faults(0.01 * audio)
    assert one.hum.lines == other.hum.lines
    assert one.hum.under_db == pytest.approx(other.hum.under_db, abs=0.01)
    assert one.dc_share == pytest.approx(other.dc_share, rel=1e-3)


def test_silence_and_damage_have_no_fault():
    silent = np.zeros(5 * RATE)
    damaged = silent.copy()
    damaged[1000:1100] = np.nan
    damaged[5000:5100] = 1e9
    for audio in (silent, damaged):
        (own,) = faults(audio)
        assert not own.clipping.told
        assert not own.dc_told
        assert not own.hum.told


def test_both_channels_of_a_stereo_file_are_measured(snare):
    one, two = faults(np.stack([snare, snare + 0.1]))
    assert not one.dc_told
    assert two.dc_told


def test_a_dead_side_and_one_that_fails_for_a_while():
    sound = np.full(60, 0.01)
    assert not dead_side(sound, 0.01 * sound).told  # 20 dB of recording gain
    dead = dead_side(sound, 1e-6 * sound)
    assert (dead.told, dead.side) == (True, 1)
    failing = sound.copy()
    failing[10:18] = 1e-9
    found = dead_side(failing, sound)
    assert (found.told, found.side, found.seconds) == (True, 0, 8)
    assert dead_side(0.0 * sound, 0.0 * sound) is None
