"""Onsets and their windows: the same however the audio is cut into chunks, at any gain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reaper_drumgain.analysis import bleed
from reaper_drumgain.analysis.onset_windows import (
    BAND_EDGES,
    MERGE_STEPS,
    OnsetWindowMeter,
    OnsetWindows,
)

RATE = 44_100
STEP = RATE // 100
HOP = RATE // 10


def strokes(times: list[float], seconds: float, frequency: float, level: float = 0.5) -> np.ndarray:
    """Decaying tones that begin at ``times``, over faint noise."""
    audio = 1e-5 * np.random.default_rng(1).standard_normal(int(seconds * RATE))
    time = np.arange(int(0.3 * RATE)) / RATE
    for at in times:
        start = int(at * RATE)
        tone = level * np.exp(-time / 0.05) * np.sin(2 * np.pi * frequency * time)
        audio[start : start + tone.size] += tone[: audio.size - start]
    return audio.astype(np.float32)


def measure(tracks: list[np.ndarray], chunk_hops: int, **options: int) -> OnsetWindows:
    """Tracks (mono, whole hops) through the meter, so many hops at a time."""
    audio = np.array(tracks, dtype=np.float32)
    envelope = np.square(audio).reshape(len(audio), -1, STEP).mean(axis=2, dtype=np.float32)
    slices = [slice(n, n + 1) for n in range(len(audio))]
    meter = OnsetWindowMeter(RATE, slices, **options)
    for at in range(0, audio.shape[1], chunk_hops * HOP):
        part = slice(at, at + chunk_hops * HOP)
        steps = slice(at // STEP, (at + chunk_hops * HOP) // STEP)
        meter.add(audio[:, part], envelope[:, steps])
        meter.measure()
    return meter.finish()


KICK = strokes([0.5, 1.0, 2.0, 3.35], 4.0, 80.0)
SNARE = strokes([1.5, 2.01, 3.0], 4.0, 900.0, 0.2)


def test_onsets_are_where_the_strokes_are() -> None:
    found = measure([KICK, SNARE], 8)
    assert found.steps.tolist() == pytest.approx([50, 100, 150, 200, 300, 335], abs=1)
    assert found.own.tolist() == [
        [True, True, False, True, False, True],
        [False, False, True, True, True, False],
    ]


def test_each_track_is_loud_in_its_own_band_at_its_own_strokes() -> None:
    found = measure([KICK, SNARE], 8)
    bands = np.searchsorted(BAND_EDGES, [80.0, 900.0]) - 1
    assert found.energy[0, 0].argmax() == bands[0]
    assert found.energy[1, 2].argmax() == bands[1]
    assert found.energy[0, 0].sum() > 1e4 * found.energy[1, 0].sum()
    assert found.energy[0, 0].sum() > 1e4 * found.before[0, 0].sum()


def test_energies_are_mean_squares_in_a_band() -> None:
    """A steady tone that starts once has half its squared amplitude on each side, in one band."""
    time = np.arange(2 * RATE) / RATE
    tone = np.where(time >= 1.0, 0.25 * np.sin(2 * np.pi * 1000.0 * time), 0.0)
    found = measure([tone.astype(np.float32)], 4)
    assert len(found.steps) == 1
    # the window begins 10 ms before the tone does, while it rises: little is lost
    assert found.energy[0, 0].sum() == pytest.approx(2 * 0.25**2 / 2, rel=0.3)
    assert found.energy[0, 0, 2] > 0.99 * found.energy[0, 0].sum()


@settings(max_examples=25, deadline=None)
@given(chunks=st.integers(1, 45), gain_db=st.floats(-60.0, 60.0))
def test_neither_chunks_nor_recording_gain_change_anything(chunks: int, gain_db: float) -> None:
    gain = np.float32(10.0 ** (gain_db / 20.0))
    whole, parts = measure([KICK, SNARE], 40), measure([KICK * gain, SNARE], chunks)
    np.testing.assert_array_equal(whole.steps, parts.steps)
    np.testing.assert_array_equal(whole.own, parts.own)
    scaled = whole.scaled(np.array([gain, 1.0]))
    np.testing.assert_allclose(parts.energy, scaled.energy, rtol=2e-3, atol=1e-30)
    np.testing.assert_allclose(parts.before, scaled.before, rtol=2e-2, atol=1e-14 * gain**2)


def test_a_louder_end_removes_onsets_that_are_then_out_of_range() -> None:
    soft = strokes([0.5, 1.5], 4.0, 200.0, 0.01) + strokes([3.0], 4.0, 200.0, 0.9)
    for chunk in (2, 40):
        assert measure([soft], chunk).steps.tolist() == pytest.approx([300], abs=1)


def test_the_streamed_onsets_are_those_of_the_whole_envelope() -> None:
    envelope = np.square(KICK).reshape(-1, STEP).mean(axis=1, dtype=np.float32)
    found = bleed.onsets(envelope)
    merged = [
        n for n, before in zip(found, [-99, *found], strict=False) if n - before > MERGE_STEPS
    ]
    assert measure([KICK], 7).steps.tolist() == merged


@pytest.mark.parametrize("chunk", [4, 16])
def test_of_too_many_onsets_each_track_keeps_its_share_all_along(chunk: int) -> None:
    # on a strict grid, where every second onset is the hi-hat alone
    beats = [0.1 * n for n in range(1, 201)]
    tracks = [
        strokes(beats, 21.0, 5000.0),
        strokes(beats[::4], 21.0, 80.0),
        strokes(beats[2::4], 21.0, 900.0),
    ]
    found = measure(tracks, chunk, most=110)
    assert 70 <= len(found.steps) <= 110
    assert found.own[0].all()
    for own in found.own[1:]:
        assert 12 <= own.sum() <= 38
        assert 3 <= own[found.steps < 1000].sum() <= own.sum() - 3
    np.testing.assert_array_equal(found.steps, measure(tracks, 210, most=110).steps)


def test_between_gives_a_part_by_itself() -> None:
    whole = measure([KICK, SNARE], 8)
    part = whole.between(120, 250)
    assert part.steps.tolist() == pytest.approx([30, 80], abs=1)
    np.testing.assert_array_equal(part.energy, whole.energy[:, 2:4])


@pytest.mark.parametrize("level", [0.0, 1e-12])
def test_silence_and_what_is_nearly_silence_have_no_onsets_that_count(level: float) -> None:
    quiet = np.full(4 * RATE, level, dtype=np.float32)
    found = measure([KICK, quiet], 8)
    assert not found.own[1, 1:].any()
    assert np.isfinite(found.energy).all()


def test_nothing_but_silence_has_no_onsets() -> None:
    found = measure([np.zeros(RATE, dtype=np.float32)], 4)
    assert found.energy.shape == (1, 0, len(BAND_EDGES) - 1)
