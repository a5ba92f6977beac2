"""Track audio before the fader against hand-made impulses, a second mixer and resamplers."""

from __future__ import annotations

import dataclasses
import importlib.util
import itertools
import math
import os
import struct
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reaper_drumgain.audio import TrackAudio, analysis_rate, open_track, playing_span
from reaper_drumgain.curves import EnvelopeCurve, fade, from_fader, to_fader
from reaper_drumgain.media import MediaFile
from reaper_drumgain.session import (
    Clip,
    Effect,
    Envelope,
    EnvelopePoint,
    Fade,
    Session,
    Source,
    Track,
)

_spec = importlib.util.spec_from_file_location(
    "reference_mixer", Path(__file__).with_name("reference_mixer.py")
)
assert _spec is not None
assert _spec.loader is not None
reference_mixer = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference_mixer)

RATE = 8000


def session_of(*clips: Clip, **fields: Any) -> Session:
    return Session("test.RPP", (Track(0, "Kick in", clips=clips, **fields),))


def opened(session: Session, end: float, start: float = 0.0, rate: int = RATE) -> TrackAudio:
    return open_track(session, session.tracks[0], rate=rate, start=start, end=end)


def drain(audio: TrackAudio, block: int = 1000) -> np.ndarray:
    """All of a track's audio, its silent blocks as zeros; checks the promises on blocks."""
    parts, place = [], 0
    while place < audio.frames:
        wanted = min(block, audio.frames - place)
        part = audio.read(block)
        if part is None:
            part = np.zeros((audio.channels, wanted), dtype=np.float32)
        else:
            assert part.dtype == np.float32
            assert part.flags.c_contiguous
            assert part.any()
        assert part.shape == (audio.channels, wanted)
        parts.append(part)
        place += wanted
    rest = audio.read(block)
    assert rest is not None
    assert rest.shape == (audio.channels, 0)
    return np.concatenate(parts, axis=1) if parts else np.zeros((audio.channels, 0))


def play(session: Session, end: float, start: float = 0.0, rate: int = RATE, block: int = 1000):
    with opened(session, end, start, rate) as audio:
        return drain(audio, block), audio.flags


def file_source(path: Path, **fields: Any) -> Source:
    return Source("file", "WAVE", str(path), path.name, found=True, **fields)


@pytest.fixture
def impulses(tmp_path: Path) -> Source:
    """One second at 8 kHz: 0.5 at frame 0, 0.25 at frame 800, -0.5 at frame 7999."""
    samples = np.zeros(RATE)
    samples[[0, 800, 7999]] = 0.5, 0.25, -0.5
    soundfile.write(tmp_path / "impulses.wav", samples, RATE, subtype="PCM_24")
    return file_source(tmp_path / "impulses.wav")


@pytest.fixture
def ones(tmp_path: Path) -> Source:
    """Two seconds at 8 kHz in which every sample is 0.5."""
    soundfile.write(tmp_path / "ones.wav", np.full(2 * RATE, 0.5), RATE, subtype="FLOAT")
    return file_source(tmp_path / "ones.wav")


def peaks(signal: np.ndarray) -> dict[int, float]:
    return {int(i): round(float(signal[i]), 6) for i in np.flatnonzero(np.abs(signal) > 1e-6)}


# Hand-computed impulses, one property at a time.


def test_position_offset_and_length(impulses: Source) -> None:
    clip = Clip(0.25, 0.5, impulses, offset=0.05)
    signal, flags = play(session_of(clip), 2.0)
    assert signal.shape == (1, 16000)
    assert peaks(signal[0]) == {2000 + 400: 0.25}  # frame 800 of the file, 400 before it cut off
    assert flags == ()


def test_span_starts_within_a_clip(impulses: Source) -> None:
    signal, _ = play(session_of(Clip(0.25, 1.0, impulses)), 1.3, start=0.3)
    assert signal.shape == (1, 8000)
    assert peaks(signal[0]) == {-400 + 800: 0.25, -400 + 7999: -0.5}


def test_offset_before_the_source_and_length_past_its_end_are_silence(impulses: Source) -> None:
    signal, _ = play(session_of(Clip(0.0, 3.0, impulses, offset=-0.5)), 3.0)
    assert peaks(signal[0]) == {4000: 0.5, 4800: 0.25, 11999: -0.5}


def test_gains_multiply_and_a_negative_take_gain_inverts(impulses: Source) -> None:
    clip = Clip(0.0, 1.0, impulses, item_gain=0.5, take_gain=-3.0)
    signal, _ = play(session_of(clip), 1.0)
    assert peaks(signal[0]) == {0: -0.75, 800: -0.375, 7999: 0.75}


def test_muted_clips_and_gain_zero_are_silence(impulses: Source) -> None:
    muted = Clip(0.0, 1.0, impulses, plays=False)
    signal, flags = play(session_of(muted, Clip(0.0, 1.0, impulses, item_gain=0.0)), 1.0)
    assert not signal.any()
    assert flags == ()


def test_overlapping_clips_sum(impulses: Source) -> None:
    signal, _ = play(session_of(Clip(0.1, 1.0, impulses), Clip(0.0, 1.0, impulses)), 1.2)
    assert peaks(signal[0]) == {0: 0.5, 800: 0.75, 1600: 0.25, 7999: -0.5, 8799: -0.5}


def test_loop_repeats_the_source_in_both_directions(impulses: Source) -> None:
    clip = Clip(0.0, 2.5, impulses, offset=-0.5, loop=True)
    signal, _ = play(session_of(clip), 3.0, block=777)
    assert peaks(signal[0]) == {
        3999: -0.5, 4000: 0.5, 4800: 0.25, 11999: -0.5, 12000: 0.5, 12800: 0.25, 19999: -0.5,
    }  # fmt: skip


def test_section_bounds_the_source_and_loops_by_its_own_length(impulses: Source) -> None:
    source = dataclasses.replace(impulses, section_start=0.1, section_length=0.2)
    once, _ = play(session_of(Clip(0.0, 1.0, source)), 1.0)
    assert peaks(once[0]) == {0: 0.25}
    again, _ = play(session_of(Clip(0.0, 0.5, source, loop=True)), 1.0)
    assert peaks(again[0]) == {0: 0.25, 1600: 0.25, 3200: 0.25}


def test_reversed_plays_the_section_backwards(impulses: Source) -> None:
    whole = dataclasses.replace(impulses, reversed=True)
    signal, flags = play(session_of(Clip(0.0, 1.0, whole)), 1.0, block=300)
    assert peaks(signal[0]) == {0: -0.5, 7199: 0.25, 7999: 0.5}
    assert flags == ()
    part = dataclasses.replace(whole, section_start=0.0, section_length=0.2)
    signal, _ = play(session_of(Clip(0.0, 1.0, part, offset=0.05)), 1.0, block=300)
    assert peaks(signal[0]) == {1599 - 800 - 400: 0.25, 1599 - 400: 0.5}


def test_play_rate_resamples(tmp_path: Path) -> None:
    # A sine of 200 Hz at twice the rate is one of 400 Hz, half as long.
    times = np.arange(RATE) / RATE
    soundfile.write(tmp_path / "sine.wav", 0.5 * np.sin(2 * np.pi * 200 * times), RATE, "FLOAT")
    source = file_source(tmp_path / "sine.wav")
    signal, flags = play(session_of(Clip(0.0, 1.0, source, play_rate=2.0)), 1.0)
    expected = 0.5 * np.sin(2 * np.pi * 400 * times[:4000])
    assert np.abs(signal[0, 100:3900] - expected[100:3900]).max() < 1e-4
    assert np.abs(signal[0, 4100:]).max() < 1e-4
    assert flags == ()


def test_linear_fades(ones: Source) -> None:
    clip = Clip(0.5, 1.0, ones, fade_in=Fade(0.25), fade_out=Fade(0.5))
    signal, _ = play(session_of(clip), 2.0, block=512)
    assert signal[0, 4000] == 0.0
    assert signal[0, 5000] == pytest.approx(0.25, abs=1e-7)
    assert signal[0, 6000] == pytest.approx(0.5, abs=1e-7)
    assert signal[0, 10000] == pytest.approx(0.25, abs=1e-7)
    assert signal[0, 11999] == pytest.approx(0.5 / 4000, abs=1e-7)
    assert not signal[0, 12000:].any()


@pytest.mark.parametrize(
    ("shape", "middle"),
    [(0, 0.5), (1, 0.75), (2, 0.25), (3, 0.9375), (4, 0.0625), (5, 0.5), (6, 0.5), (7, 0.5**0.5)],
)
def test_fade_shapes_at_their_middle(ones: Source, shape: int, middle: float) -> None:
    clip = Clip(0.0, 2.0, ones, fade_in=Fade(0.5, shape), fade_out=Fade(0.5, shape))
    signal, _ = play(session_of(clip), 2.0)
    assert signal[0, 2000] == pytest.approx(0.5 * middle, abs=1e-6)
    assert signal[0, 14000] == pytest.approx(0.5 * middle, abs=1e-6)


@pytest.mark.parametrize("shape", range(8))
def test_fades_rise_from_0_to_1_whatever_the_curvature(shape: int) -> None:
    x = np.linspace(0.0, 1.0, 101)
    curves = [fade(x, shape, curvature) for curvature in (-1.0, -0.3, 0.0, 0.7, 1.0)]
    for curve in curves:
        assert curve[0] == 0.0
        assert curve[-1] == pytest.approx(1.0)
        assert (np.diff(curve) >= -1e-12).all()
    for gentle, strong in itertools.pairwise(curves):
        assert (gentle[1:-1] > strong[1:-1]).all()  # positive curvature bends a fade-in down


def test_a_fade_out_turns_the_sign_of_its_curvature(ones: Source) -> None:
    clip = Clip(0.0, 2.0, ones, fade_in=Fade(0.5, 0, 0.5), fade_out=Fade(0.5, 0, -0.5))
    signal, _ = play(session_of(clip), 2.0)
    # Frame i from the start mirrors the time i from the end, one frame inwards.
    assert signal[0, 1:4000] == pytest.approx(signal[0, :-4000:-1], abs=1e-6)
    assert signal[0, 2000] < 0.2


@pytest.fixture
def five(tmp_path: Path) -> Source:
    """A file of five channels that hold 0.1 to 0.5."""
    samples = np.tile(np.arange(1, 6) / 10.0, (RATE, 1))
    soundfile.write(tmp_path / "five.wav", samples, RATE, subtype="FLOAT")
    return file_source(tmp_path / "five.wav")


@pytest.mark.parametrize(
    ("mode", "expected", "flag"),
    [
        (0, (0.1, 0.2), "more than two channels"),
        (1, (0.2, 0.1), "more than two channels"),
        (2, (0.15,), None),
        (3, (0.1,), None),
        (4, (0.2,), None),
        (5, (0.3,), None),
        (7, (0.5,), None),
        (8, (0.0,), "missing channel"),
        (67, (0.1, 0.2), None),
        (69, (0.3, 0.4), None),
        (71, (0.5, 0.0), "missing channel"),
    ],
)
def test_channel_modes(
    five: Source, mode: int, expected: tuple[float, ...], flag: str | None
) -> None:
    signal, flags = play(session_of(Clip(0.0, 1.0, five, channel_mode=mode)), 1.0)
    assert signal.shape == (len(expected), RATE)
    assert signal[:, 100] == pytest.approx(expected, abs=1e-6)
    assert flags == ((flag,) if flag else ())


def test_a_mono_file_plays_in_every_mode_that_asks_for_the_first_two(ones: Source) -> None:
    for mode in (0, 1, 2, 3, 4, 67):
        signal, flags = play(session_of(Clip(0.0, 1.0, ones, channel_mode=mode)), 1.0)
        assert signal.shape == (1, RATE)
        assert (signal == 0.5).all()
        assert flags == ()


def test_take_pan_is_a_balance(ones: Source) -> None:
    signal, _ = play(session_of(Clip(0.0, 1.0, ones, take_pan=0.25)), 1.0)
    assert signal[:, 0] == pytest.approx((0.375, 0.5))
    signal, _ = play(session_of(Clip(0.0, 1.0, ones, take_pan=-1.0)), 1.0)
    assert signal[:, 0] == pytest.approx((0.5, 0.0))


def test_a_mono_clip_among_stereo_ones_plays_on_both_sides(ones: Source, five: Source) -> None:
    signal, _ = play(session_of(Clip(0.0, 1.0, ones), Clip(1.0, 1.0, five)), 2.0, block=3000)
    assert signal[:, 100] == pytest.approx((0.5, 0.5))
    assert signal[:, 8100] == pytest.approx((0.1, 0.2))


def points(*pairs: tuple[float, float], shape: int = 0) -> tuple[EnvelopePoint, ...]:
    return tuple(EnvelopePoint(time, value, shape) for time, value in pairs)


def test_take_envelope_runs_in_the_time_of_the_take(ones: Source) -> None:
    envelope = Envelope("volume", True, points((0.0, 1.0), (1.0, 0.0)))
    signal, _ = play(session_of(Clip(0.5, 1.0, ones, envelopes=(envelope,))), 1.5)
    assert signal[0, 4000 + 2000] == pytest.approx(0.5 * 0.75, abs=1e-6)
    fast = Clip(0.5, 1.0, ones, play_rate=2.0, envelopes=(envelope,))
    signal, _ = play(session_of(fast), 1.5)
    assert signal[0, 4000 + 2000] == pytest.approx(0.5 * 0.5, abs=1e-4)


def test_pre_fx_envelope_runs_in_project_time(ones: Source) -> None:
    envelope = Envelope("pre-fx volume", True, points((0.5, 1.0), (1.5, 0.5)))
    session = session_of(Clip(0.0, 2.0, ones), envelopes=(envelope,))
    signal, _ = play(session, 2.0, start=0.25)
    assert signal[0, 0] == pytest.approx(0.5)
    assert signal[0, 6000] == pytest.approx(0.375, abs=1e-6)
    assert signal[0, -1] == pytest.approx(0.25)


def test_other_and_inactive_envelopes_leave_the_track_as_it_is(ones: Source) -> None:
    half = points((0.0, 0.5))
    envelopes = (
        Envelope("volume", True, half),
        Envelope("trim volume", True, half),
        Envelope("pre-fx volume", False, half),
    )
    signal, flags = play(session_of(Clip(0.0, 1.0, ones), envelopes=envelopes), 1.0)
    assert (signal == 0.5).all()
    assert flags == ()


def test_mute_envelope_of_a_take(ones: Source) -> None:
    envelope = Envelope("mute", True, points((0.0, 1.0), (0.25, 0.0), (0.5, 1.0), shape=1))
    signal, _ = play(session_of(Clip(0.0, 1.0, ones, envelopes=(envelope,))), 1.0)
    assert (signal[0, :2000] == 0.5).all()
    assert not signal[0, 2000:4000].any()
    assert (signal[0, 4000:] == 0.5).all()


@pytest.mark.parametrize(
    ("shape", "quarter"), [(0, 0.25), (1, 0.0), (2, 0.15625), (3, 0.578125), (4, 0.015625)]
)
def test_envelope_shapes(shape: int, quarter: float) -> None:
    curve = EnvelopeCurve(Envelope("volume", True, points((1.0, 0.0), (3.0, 1.0), shape=shape)))
    found = curve.values(np.array([0.0, 1.0, 1.5, 3.0, 9.0]))
    assert found == pytest.approx([0.0, 0.0, quarter, 1.0, 1.0])


def test_bezier_points() -> None:
    def curve(tension: float) -> np.ndarray:
        ends = (EnvelopePoint(0.0, 0.2, 5, tension), EnvelopePoint(1.0, 0.8))
        return EnvelopeCurve(Envelope("volume", True, ends)).values(np.linspace(0.0, 1.0, 11))

    flat, late, early = curve(0.0), curve(0.9), curve(-0.9)
    for values in (flat, late, early):
        assert values[[0, -1]] == pytest.approx([0.2, 0.8], abs=1e-6)
        assert (np.diff(values) >= 0.0).all()
    assert flat + flat[::-1] == pytest.approx(np.full(11, 1.0), abs=1e-6)  # symmetric
    assert (late[1:-1] < flat[1:-1]).all()
    assert (early[1:-1] > flat[1:-1]).all()


def test_bezier_points_on_a_line_stay_on_it() -> None:
    line = points((0.0, 0.0), (1.0, 0.3), (2.0, 0.6), (3.0, 0.9), shape=5)
    times = np.linspace(1.0, 2.0, 21)
    values = EnvelopeCurve(Envelope("volume", True, line)).values(times)
    assert values == pytest.approx(0.3 * times, abs=1e-9)


def test_fader_scale_goes_there_and_back() -> None:
    gains = np.concatenate([[0.0, 1e-9], np.logspace(-7, 0.7, 200)])
    assert from_fader(to_fader(gains)) == pytest.approx(gains, rel=1e-9, abs=1e-15)
    assert (np.diff(to_fader(gains)) > 0.0).all()
    assert to_fader(np.array([1.0, 2.0])) == pytest.approx([716.2178503, 852.7744544], rel=1e-5)


def test_fader_scaled_envelope_meets_its_points_and_falls_slower_than_a_straight_line() -> None:
    ends = points((0.0, 1.0), (1.0, 0.0))
    scaled = EnvelopeCurve(Envelope("volume", True, ends, fader_scaled=True))
    values = scaled.values(np.array([0.0, 0.5, 1.0]))
    assert values[[0, 2]] == pytest.approx([1.0, 0.0], abs=1e-12)
    # Half way down the fader's 716 is 358, which REAPER's fader shows as about -20 dB.
    assert 20.0 * math.log10(values[1]) == pytest.approx(-20.0, abs=0.5)


# The second mixer.


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> list[Source]:
    """Noise as mono, stereo and four channels, at one, two and one and a half times 8 kHz."""
    folder = tmp_path_factory.mktemp("noise")
    generator = np.random.default_rng(7)
    sources = []
    for name, channels, rate, subtype in (
        ("mono.wav", 1, RATE, "PCM_16"),
        ("stereo.flac", 2, RATE, "PCM_24"),
        ("four.wav", 4, RATE, "FLOAT"),
        ("mono16.aiff", 1, 2 * RATE, "PCM_24"),
        ("stereo12.wav", 2, RATE * 3 // 2, "PCM_32"),
    ):
        samples = generator.uniform(-0.5, 0.5, (rate * 3 // 4, channels))
        soundfile.write(folder / name, samples, rate, subtype=subtype)
        sources.append(file_source(folder / name))
    return sources


GAINS = st.sampled_from([1.0, 1.0, 0.0, 0.5, 1.7, -0.8])
# Fractions of a frame that never add up to a half, where either neighbour would be right.
PLACES = st.builds(
    lambda n, part: (n + part) / RATE, st.integers(0, 9000), st.sampled_from([0, 0.3, 0.7])
)
OFFSETS = st.builds(
    lambda n, part: (n + part) / RATE, st.integers(-3000, 5000), st.sampled_from([0, 0.1, 0.4])
)
FADES = st.builds(Fade, st.sampled_from([0.0, 0.0, 0.01, 0.3]), st.integers(0, 6))


@st.composite
def envelopes(draw: st.DrawFn, kind: str) -> Envelope:
    times = sorted(draw(st.sets(st.integers(-200, 1800), max_size=4)))
    values = [draw(st.sampled_from([0.0, 0.5, 1.0, 2.0])) for _ in times]
    shapes = [draw(st.integers(0, 4)) for _ in times]
    made = tuple(
        EnvelopePoint(time / 1000.0 + 1e-5, value, shape)
        for time, value, shape in zip(times, values, shapes, strict=True)
    )
    return Envelope(kind, draw(st.booleans()), made)  # type: ignore[arg-type]


@st.composite
def clips(draw: st.DrawFn, sources: list[Source]) -> Clip:
    source = draw(st.sampled_from(sources))
    rate = draw(st.sampled_from([1.0, 1.0, 1.0, 0.5, 2.0]))
    resampled = rate != 1.0 or "1" in Path(str(source.path)).stem
    section = draw(st.sampled_from([None, None, (0.1, 0.25), (0.25, 1.0), (0.0, 0.05)]))
    if section is not None:
        source = dataclasses.replace(source, section_start=section[0], section_length=section[1])
    position, offset = draw(PLACES), draw(OFFSETS)
    if resampled:  # the reference needs places that are frames of both
        position, offset = round(position * 100) / 100, round(offset * 100) / 100
    take = draw(st.lists(envelopes("volume"), max_size=1))
    return Clip(
        position=position,
        length=draw(st.sampled_from([0.05, 0.3, 0.61, 1.0])),
        source=dataclasses.replace(source, reversed=draw(st.booleans())),
        offset=offset,
        play_rate=rate,
        loop=draw(st.booleans()),
        plays=draw(st.sampled_from([True, True, True, False])),
        item_gain=abs(draw(GAINS)),  # type: ignore[arg-type]
        take_gain=draw(GAINS),  # type: ignore[arg-type]
        take_pan=draw(st.sampled_from([0.0, 0.0, 0.3, -1.0])),
        channel_mode=draw(st.sampled_from([0, 0, 1, 2, 3, 4, 5, 67, 69])),
        fade_in=draw(FADES),
        fade_out=draw(FADES),
        envelopes=tuple(take),
    )


def both_sides(signal: np.ndarray) -> np.ndarray:
    return np.repeat(signal, 2, axis=0) if len(signal) == 1 else signal


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_random_sessions_equal_the_reference(noise: list[Source], data: st.DataObject) -> None:
    chosen = tuple(data.draw(st.lists(clips(noise), min_size=1, max_size=4)))
    pre_fx = tuple(data.draw(st.lists(envelopes("pre-fx volume"), max_size=1)))
    session = session_of(*chosen, envelopes=pre_fx)
    start = data.draw(st.sampled_from([0.0, 0.0, 0.4]))
    block = data.draw(st.sampled_from([97, 1000, 4096, 40000]))
    expected = reference_mixer.mix(session.tracks[0], RATE, start, 2.0)
    signal, _ = play(session, 2.0, start=start, block=block)
    assert np.abs(both_sides(signal) - expected).max() < 1e-6 * max(1.0, np.abs(expected).max())


@pytest.mark.parametrize("block", [1, 50, 333, 5000])
def test_the_size_of_the_blocks_changes_nothing(noise: list[Source], block: int) -> None:
    session = session_of(
        Clip(0.1, 0.3, noise[0], fade_in=Fade(0.1, 1)),
        Clip(0.2, 0.4, noise[4], offset=0.0123, play_rate=1.07, loop=True),
    )
    signal, _ = play(session, 0.7, block=block)
    whole, _ = play(session, 0.7, block=100_000)
    assert np.abs(signal - whole).max() < 1e-6


# Resampling.


@pytest.mark.parametrize(
    ("file_rate", "rate", "play_rate"),
    [(44100, 48000, 1.0), (48000, 44100, 1.0), (96000, 48000, 1.0), (48000, 48000, 1.0371)],
)
def test_resampled_sine_stays_in_place(
    tmp_path: Path, file_rate: int, rate: int, play_rate: float
) -> None:
    # A sine knows its value between any two frames: 40 s show a drift, a fractional offset a
    # place that is off, odd blocks a click at a border.
    seconds, tone, offset, position = 40.0, 997.0, 1.2345678, 0.1234567
    times = np.arange(round((seconds + 3) * play_rate * file_rate)) / file_rate
    path = tmp_path / "sine.wav"
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * tone * times), file_rate, subtype="FLOAT")
    clip = Clip(position, seconds, file_source(path), offset=offset, play_rate=play_rate)
    signal, _ = play(session_of(clip), seconds, rate=rate, block=12_347)
    at = np.arange(rate, signal.shape[1] - rate)
    expected = 0.5 * np.sin(2 * np.pi * tone * (offset + (at / rate - position) * play_rate))
    # The nearest place of the two grids: half a frame where both are whole multiples.
    whole = (file_rate / rate).is_integer() and play_rate == 1.0
    misplaced = (0.5 if whole else 1 / 150) / rate
    if whole:
        misplaced /= file_rate / rate
    bound = 0.5 * 2 * np.pi * tone * play_rate * misplaced + 2e-5
    assert np.abs(signal[0, at] - expected).max() < bound


def test_resampling_in_blocks_equals_soxr_on_the_whole_file(tmp_path: Path) -> None:
    samples = np.random.default_rng(3).uniform(-0.5, 0.5, (44100 * 2, 2)).astype(np.float32)
    soundfile.write(tmp_path / "noise.wav", samples, 44100, subtype="FLOAT")
    # Ten periods of both grids of silence in front: soxr rounds off a sudden start.
    whole = soxr.resample(np.pad(samples, ((1470, 1470), (0, 0))), 44100, 48000).T[:, 1600:97600]
    clip = Clip(0.0, 2.0, file_source(tmp_path / "noise.wav"))
    for block in (1000, 48000):
        signal, _ = play(session_of(clip), 2.0, rate=48000, block=block)
        assert np.abs(signal - whole).max() < 1e-6


def test_a_rate_that_cannot_be_meant_is_left_out(ones: Source) -> None:
    for rate in (1e-7, 1e7, 0.0, -1.0, math.nan):
        signal, flags = play(session_of(Clip(0.0, 1.0, ones, play_rate=rate)), 1.0)
        assert not signal.any()
        assert flags == ("bad clip values",)


# Formats.


@pytest.mark.parametrize(
    ("name", "container", "subtype"),
    [
        ("a.wav", "WAV", "PCM_16"),
        ("a.wav", "WAV", "PCM_24"),
        ("a.wav", "WAV", "PCM_32"),
        ("a.wav", "WAV", "FLOAT"),
        ("a.wav", "WAV", "DOUBLE"),
        ("a.wav", "RF64", "PCM_24"),
        ("a.wav", "WAVEX", "PCM_24"),
        ("a.aif", "AIFF", "PCM_24"),
        ("a.flac", "FLAC", "PCM_24"),
        ("a.ogg", "OGG", "VORBIS"),
        ("a.mp3", "MP3", "MPEG_LAYER_III"),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_blocks_of_every_format_equal_the_whole_file(
    tmp_path: Path, name: str, container: str, subtype: str, channels: int
) -> None:
    samples = np.random.default_rng(1).uniform(-0.3, 0.3, (3 * 44100, channels))
    soundfile.write(tmp_path / name, samples, 44100, subtype=subtype, format=container)
    whole, _ = soundfile.read(tmp_path / name, dtype="float32", always_2d=True)
    source = file_source(tmp_path / name)
    for offset in (0.0, 1.75):
        clip = Clip(0.0, 3.0 - offset, source, offset=offset)
        signal, flags = play(session_of(clip), 3.0 - offset, rate=44100, block=10_007)
        expected = whole[round(offset * 44100) :].T
        assert np.abs(signal[:, : expected.shape[1]] - expected).max() < 1e-6
        assert flags == ()
    backwards = dataclasses.replace(source, reversed=True)
    signal, _ = play(session_of(Clip(0.0, 3.0, backwards)), 3.0, rate=44100, block=20_001)
    expected = whole[::-1].T[:, : signal.shape[1]]
    assert np.abs(signal[:, : expected.shape[1]] - expected).max() < 1e-6


def test_an_mp3_is_exact_wherever_reading_starts(tmp_path: Path) -> None:
    # Hits over silence make the encoder save bits for later frames; a decoder that starts
    # among those frames without the ones before gets them wrong.
    hits = np.tile(np.linspace(1.0, 0.0, 48000) ** 3, 6)
    noise = np.random.default_rng(0).normal(size=len(hits)) * 0.1 * hits
    soundfile.write(tmp_path / "hits.mp3", noise, 48000)
    whole, _ = soundfile.read(tmp_path / "hits.mp3", dtype="float32")
    for start in (1000, 47000, 48000, 96000, 150_000, 200_001):
        clip = Clip(0.0, 1.0, file_source(tmp_path / "hits.mp3"), offset=start / 48000)
        signal, _ = play(session_of(clip), 1.0, rate=48000, block=4800)
        assert np.abs(signal[0] - whole[start : start + 48000]).max() < 1e-6


def test_real_recordings_play_as_they_are(shared_data: Path) -> None:
    paths = sorted((shared_data / "kits" / "muldjord" / "Snare").glob("*.flac"))[:12]
    assert paths
    for path in paths:
        whole, rate = soundfile.read(path, dtype="float32")
        session = session_of(Clip(0.0, len(whole) / rate, file_source(path)))
        signal, flags = play(session, len(whole) / rate, rate=rate, block=rate)
        assert np.array_equal(signal[0], whole)
        assert flags == ()


# What cannot be played as it is.


def flagged(clip: Clip, end: float = 1.0, **fields: Any) -> tuple[np.ndarray, TrackAudio]:
    """The audio of a track with this clip, then one of ones at 1 s, and the closed track."""
    audio = opened(session_of(clip, **fields), end)
    with audio:
        return drain(audio), audio


@pytest.mark.parametrize(
    ("fields", "flag"),
    [
        ({"stretched": True}, "stretched"),
        ({"pitch": -2.0}, "pitch shifted"),
        ({"effects": (Effect("ReaGate", enabled=False), Effect("ReaComp"))}, "take effects"),
        ({"envelopes": (Envelope("pan", True, points((0.0, 0.5))),)}, "take envelope"),
        ({"envelopes": (Envelope("volume", True, pooled=True),)}, "automation items"),
    ],
)
def test_what_is_played_plain_is_flagged(ones: Source, fields: dict[str, Any], flag: str) -> None:
    signal, audio = flagged(Clip(0.0, 1.0, ones, name="K in-03", **fields))
    assert (signal == 0.5).all()
    assert audio.flags == (flag,)
    assert len(audio.warnings) == 1
    assert "Kick in" in audio.warnings[0]
    assert "K in-03" in audio.warnings[0]


def test_a_rate_that_keeps_the_pitch_is_resampled_and_flagged(ones: Source) -> None:
    signal, audio = flagged(Clip(0.0, 1.0, ones, play_rate=2.0, preserve_pitch=True))
    assert audio.flags == ("pitch-preserved rate",)
    assert signal[0, 4000] == pytest.approx(0.5, abs=1e-4)
    _, audio = flagged(Clip(0.0, 1.0, ones, play_rate=1.0, preserve_pitch=True))
    assert audio.flags == ()


@pytest.mark.parametrize(
    ("source", "flag"),
    [
        (Source("midi", "MIDI"), "MIDI"),
        (Source("other", "VIDEO", "/x.mp4"), "video"),
        (Source("other", "CLICK"), "unsupported source"),
        (Source("file", "WAVE", None, "gone.wav"), "missing media"),
        (Source("file", "WAVE", "/no/such/file.wav"), "missing media"),
        (Source("file", "WAVE", "relative.wav"), "missing media"),
        (Source("file", "WAVE", "/nul\0byte.wav"), "missing media"),
    ],
)
def test_sources_without_audio_are_silent_and_the_rest_plays(
    ones: Source, source: Source, flag: str
) -> None:
    session = session_of(Clip(0.0, 1.0, source), Clip(0.5, 0.5, ones))
    with opened(session, 1.0) as audio:
        signal = drain(audio)
    assert not signal[0, :4000].any()
    assert (signal[0, 4000:] == 0.5).all()
    assert audio.flags == (flag,)


def test_an_empty_take_is_silence_and_nothing_to_speak_of() -> None:
    signal, audio = flagged(Clip(0.0, 1.0, Source()))
    assert not signal.any()
    assert audio.flags == ()


def test_an_instrument_on_the_track_is_flagged(ones: Source) -> None:
    effects = (Effect("Kontakt", instrument=True),)
    _, audio = flagged(Clip(0.0, 1.0, ones), effects=effects)
    assert audio.flags == ("instrument",)
    off = (Effect("Kontakt", enabled=False, instrument=True),)
    assert flagged(Clip(0.0, 1.0, ones), effects=off)[1].flags == ()


def test_pre_fx_automation_items_are_flagged(ones: Source) -> None:
    pooled = Envelope("pre-fx volume", True, points((0.0, 0.0)), pooled=True)
    signal, audio = flagged(Clip(0.0, 1.0, ones), envelopes=(pooled,))
    assert (signal == 0.5).all()
    assert audio.flags == ("automation items",)


def test_a_thousand_missing_clips_make_one_sentence() -> None:
    gone = Source("file", "WAVE", "/no/such/file.wav")
    with opened(session_of(*[Clip(i / 1000, 0.001, gone) for i in range(1000)]), 1.0) as audio:
        assert len(audio.warnings) == 1
        assert "999 more" in audio.warnings[0]


# Hostile and broken files.


def only_flag(path: Path | str, play_end: float = 1.0) -> tuple[str, np.ndarray]:
    source = Source("file", "WAVE", str(path))
    with opened(session_of(Clip(0.0, play_end, source)), play_end) as audio:
        signal = drain(audio)
    assert len(audio.flags) == 1, audio.warnings
    return audio.flags[0], signal


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_fifo_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.wav")
    assert only_flag(tmp_path / "fifo.wav")[0] == "refused media"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs device files")
def test_devices_and_folders_are_refused(tmp_path: Path) -> None:
    assert only_flag("/dev/zero")[0] == "refused media"
    assert only_flag(tmp_path)[0] == "refused media"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_file_that_becomes_a_fifo_while_it_is_opened_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "swapped.wav"
    path.write_bytes(b"RIFF")
    real = os.open

    def swapped(name: Any, *arguments: Any, **options: Any) -> int:
        if str(name) == str(path):
            path.unlink()
            os.mkfifo(path)
        return real(name, *arguments, **options)

    monkeypatch.setattr(os, "open", swapped)
    assert only_flag(path)[0] == "refused media"


@pytest.mark.parametrize(
    "path", ["//server/share/a.wav", r"\\server\share\a.wav", r"\/server\a.wav", r"\\?\UNC\s\a.wav"]
)
def test_network_paths_are_never_touched(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def touched(name: Any, *arguments: Any, **options: Any) -> Any:
        raise AssertionError(f"touched {name}")

    session = session_of(Clip(0.0, 1.0, Source("file", "WAVE", path)))
    with monkeypatch.context() as patch:
        for function in ("stat", "lstat", "open"):
            patch.setattr(os, function, touched)
        with opened(session, 1.0) as audio:
            flags = audio.flags
        rate = analysis_rate(session, session.tracks)
    assert flags == ("refused media",)
    assert rate == 48000


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not audio at all" * 100, bytes(5000)])
def test_what_is_no_audio_is_unreadable(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    flag, signal = only_flag(tmp_path / "a.wav")
    assert flag == "unreadable media"
    assert not signal.any()


def test_a_file_without_permission_is_unreadable(tmp_path: Path, ones: Source) -> None:
    path = Path(str(ones.path))
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read every file")
    assert only_flag(path)[0] == "unreadable media"


def wav(tmp_path: Path, frames: int = RATE) -> tuple[Path, bytearray]:
    path = tmp_path / "forged.wav"
    soundfile.write(path, np.full(frames, 0.5), RATE, subtype="PCM_16")
    return path, bytearray(path.read_bytes())


def allocated(action: Callable[[], Any]) -> tuple[Any, int]:
    tracemalloc.start()
    try:
        return action(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("declared", [0x7FFFFF00, 0xFFFFFFF0, 0x70000000])
def test_a_forged_data_size_allocates_nothing_and_plays_what_is_there(
    tmp_path: Path, declared: int
) -> None:
    path, content = wav(tmp_path)
    place = content.index(b"data") + 4
    content[place : place + 4] = struct.pack("<I", declared)
    path.write_bytes(content)
    clip = Clip(0.0, 100_000.0, Source("file", "WAVE", str(path)))
    with opened(session_of(clip), 100_000.0) as audio:
        block, peak = allocated(lambda: audio.read(RATE))
        assert block[0] == pytest.approx(np.full(RATE, 0.5))
        assert audio.read(RATE) is None
    assert peak < 1_000_000
    assert audio.flags == (("truncated media",) if declared < 0x7FFF0000 else ())


def test_a_forged_channel_count_keeps_memory_bounded(tmp_path: Path) -> None:
    path, content = wav(tmp_path, 3_000_000)
    place = content.index(b"fmt ") + 10
    content[place : place + 2] = struct.pack("<H", 1000)
    content[place + 10 : place + 12] = struct.pack("<H", 2000)
    path.write_bytes(content)
    clip = Clip(0.0, 5.0, Source("file", "WAVE", str(path)))
    with opened(session_of(clip), 5.0) as audio:
        block, peak = allocated(lambda: audio.read(5 * RATE))
    assert block.shape == (2, 5 * RATE)
    assert peak < 3_000_000
    assert audio.flags == ("more than two channels",)


def test_a_forged_flac_length_ends_in_silence(tmp_path: Path) -> None:
    path = tmp_path / "forged.flac"
    soundfile.write(path, np.full(RATE, 0.5), RATE)
    content = bytearray(path.read_bytes())
    # The 36 bits of the total number of samples end at byte 26 of the file; the checksum of
    # the samples follows and is not looked at.
    content[21:26] = bytes([content[21] & 0xF0 | 0x0F, 0xFF, 0xFF, 0xFF, 0xFF])
    path.write_bytes(content)
    flag, signal = only_flag(path, 3.0)
    assert flag in ("truncated media", "unreadable media")
    assert not signal[0, RATE:].any()


@pytest.mark.parametrize("name", ["cut.wav", "cut.aiff", "cut.flac", "cut.mp3"])
def test_truncated_files_play_as_far_as_they_go(tmp_path: Path, name: str) -> None:
    samples = np.random.default_rng(5).uniform(-0.5, 0.5, 4 * 44100)
    path = tmp_path / name
    soundfile.write(path, samples, 44100)
    whole, _ = soundfile.read(path, dtype="float32")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 4])
    source = Source("file", "WAVE", str(path))
    with opened(session_of(Clip(0.0, 4.0, source)), 4.0, rate=44100) as audio:
        signal = drain(audio, 22050)
    assert np.abs(signal[0, :88200] - whole[:88200]).max() < 1e-6
    assert not signal[0, -22050:].any()
    assert set(audio.flags) <= {"truncated media", "unreadable media"}
    assert audio.flags


def test_a_damaged_middle_is_left_out_and_the_rest_plays(tmp_path: Path) -> None:
    samples = np.random.default_rng(5).uniform(-0.5, 0.5, 4 * 44100)
    path = tmp_path / "hurt.flac"
    soundfile.write(path, samples, 44100)
    whole, _ = soundfile.read(path, dtype="float32")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 5000] = bytes(5000)
    path.write_bytes(content)
    source = Source("file", "FLAC", str(path))
    with opened(session_of(Clip(0.0, 4.0, source)), 4.0, rate=44100) as audio:
        signal = drain(audio, 4410)
    wrong = np.flatnonzero(np.abs(signal[0] - whole) > 1e-6)
    assert 0 < len(wrong) < 44100
    assert 44100 < wrong.min() < wrong.max() < 3 * 44100
    assert audio.flags == ("unreadable media",)


def test_a_truncated_ogg_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "cut.ogg"
    soundfile.write(path, np.random.default_rng(5).uniform(-0.5, 0.5, 4 * RATE), RATE)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 4])
    signal, _ = play(session_of(Clip(0.0, 4.0, file_source(path))), 4.0)
    assert signal[0, : 2 * RATE].any()
    assert not signal[0, -RATE // 2 :].any()  # an Ogg stream declares no length to miss


def test_samples_that_are_no_numbers_become_0(tmp_path: Path) -> None:
    samples = np.full((RATE, 2), 0.5, dtype=np.float32)
    samples[10, 0], samples[20, 1], samples[30] = np.nan, np.inf, -np.inf
    soundfile.write(tmp_path / "nan.wav", samples, RATE, subtype="FLOAT")
    flag, signal = only_flag(tmp_path / "nan.wav")
    expected = np.nan_to_num(samples.T, nan=0.0, posinf=0.0, neginf=0.0)
    assert flag == "non-finite samples"
    assert np.array_equal(signal, expected)


def test_huge_samples_that_are_numbers_stay(tmp_path: Path) -> None:
    samples = np.full(RATE, 3e38, dtype=np.float32)
    soundfile.write(tmp_path / "huge.wav", samples, RATE, subtype="FLOAT")
    signal, flags = play(session_of(Clip(0.0, 1.0, file_source(tmp_path / "huge.wav"))), 1.0)
    assert (signal == np.float32(3e38)).all()
    assert flags == ()


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.sampled_from(["a.wav", "a.aiff", "a.flac", "a.ogg", "a.mp3"]),
    cut=st.floats(0.0, 1.0),
    flips=st.lists(st.tuples(st.floats(0.0, 0.999), st.integers(0, 255)), max_size=8),
)
def test_damaged_files_never_raise(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    cut: float,
    flips: list[tuple[float, int]],
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    soundfile.write(folder / name, np.random.default_rng(2).uniform(-1, 1, (4000, 2)), RATE)
    content = bytearray((folder / name).read_bytes())
    for place, value in flips:
        content[int(place * min(len(content), 400))] = value  # mostly in the header
    (folder / name).write_bytes(content[: int(cut * len(content)) + 1])
    clip = Clip(0.0, 1.0, file_source(folder / name), loop=True)
    signal, _ = play(session_of(clip), 1.0, block=3000)
    assert np.isfinite(signal).all()


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_number_in_a_project_makes_it_raise(noise: list[Source], data: st.DataObject) -> None:
    number = st.one_of(st.floats(), st.sampled_from([0.0, 1.0, 0.5, -1.0, 1e-300, 1e300]))
    fields: dict[str, Any] = {
        name: data.draw(number)
        for name in (
            "position",
            "length",
            "offset",
            "play_rate",
            "item_gain",
            "take_gain",
            "take_pan",
        )
        if data.draw(st.booleans())
    }
    part = {
        name: data.draw(number)
        for name in ("section_start", "section_length")
        if data.draw(st.booleans())
    }
    fade_of = st.builds(Fade, number, st.integers(-5, 20), number)
    clip = Clip(
        **{"position": 0.0, "length": 1.0, **fields},
        source=dataclasses.replace(noise[1], reversed=data.draw(st.booleans()), **part),
        loop=data.draw(st.booleans()),
        channel_mode=data.draw(st.integers(-3, 200)),
        fade_in=data.draw(fade_of),
        fade_out=data.draw(fade_of),
        envelopes=(
            Envelope(
                "volume",
                True,
                tuple(
                    data.draw(
                        st.lists(
                            st.builds(EnvelopePoint, number, number, st.integers(-1, 9), number),
                            max_size=3,
                        )
                    )
                ),
                fader_scaled=data.draw(st.booleans()),
            ),
        ),
    )
    session = session_of(clip)
    limits = playing_span(session, session.tracks, (0.0, 1.5))
    assert 0.0 <= limits[0] <= limits[1] <= 1.5 or limits[0] == limits[1]
    assert analysis_rate(session, session.tracks) in (RATE, 48000)
    signal, _ = play(session, 1.5, block=5000)
    assert np.isfinite(signal).all()


# Cost, and use of the machine.


def test_silence_costs_nothing(ones: Source, tmp_path: Path) -> None:
    zeros = tmp_path / "zeros.wav"
    soundfile.write(zeros, np.zeros(RATE), RATE)
    session = session_of(Clip(1e6, 1.0, ones), Clip(0.0, 1.0, file_source(zeros)))
    with opened(session, 2e6) as audio:
        assert audio.channels == 1
        assert audio.read(RATE) is None  # the zeros of a file
        assert audio.silent_until() == 1_000_000 * RATE

        def skip() -> Any:
            return audio.read(1_000_000 * RATE - 2 * RATE), audio.read(RATE)

        parts, peak = allocated(skip)
        assert parts == (None, None)
        assert peak < 10_000
        block = audio.read(RATE)
        assert block is not None
        assert (block == 0.5).all()
        assert audio.silent_until() == 2_000_000 * RATE


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_few_files_are_open_at_once_and_none_after(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.wav" for number in range(300)]
    for path in paths:
        soundfile.write(path, np.full(80, 0.5), RATE)
    before = open_descriptors()
    most = 0
    session = session_of(*[Clip(i * 0.01, 0.02, file_source(path)) for i, path in enumerate(paths)])
    with opened(session, 3.02) as audio:
        assert open_descriptors() == before  # nothing is open before it is needed
        for _ in range(303):
            audio.read(80)
            most = max(most, open_descriptors() - before)
        assert open_descriptors() == before  # all clips are passed
    assert 1 <= most <= 4
    with opened(session, 3.0) as audio:
        audio.read(100)
    assert open_descriptors() == before


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_overlapping_clips_share_the_few_open_files(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.wav" for number in range(9)]
    for number, path in enumerate(paths):
        soundfile.write(path, np.full(RATE, 0.01 * (number + 1)), RATE, subtype="FLOAT")
    before = open_descriptors()
    with opened(session_of(*[Clip(0.0, 1.0, file_source(path)) for path in paths]), 1.0) as audio:
        for _ in range(8):
            block = audio.read(1000)
            assert block is not None
            assert block[0] == pytest.approx(np.full(1000, 0.45), abs=1e-6)
            assert open_descriptors() - before <= 3
    assert open_descriptors() == before


def test_a_tiny_loop_is_read_once(ones: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    real = MediaFile.read_into

    def counted(self: MediaFile, *arguments: Any) -> int:
        reads.append(arguments)
        return real(self, *arguments)

    monkeypatch.setattr(MediaFile, "read_into", counted)
    tiny = dataclasses.replace(ones, section_start=0.1, section_length=2 / RATE)
    signal, _ = play(session_of(Clip(0.0, 60.0, tiny, loop=True)), 60.0, block=RATE)
    assert (signal == 0.5).all()
    assert len(reads) == 1


def test_thousands_of_slices_of_one_file_cost_little(noise: list[Source]) -> None:
    slices = [Clip(i * 0.01, 0.01, noise[0], offset=(i % 70) * 0.01) for i in range(5000)]
    session = session_of(*reversed(slices))
    signal, flags = play(session, 50.0, block=RATE)
    whole, _ = soundfile.read(noise[0].path, dtype="float32")
    assert signal.shape == (1, 50 * RATE)
    assert np.array_equal(signal[0, :5600], whole[:5600])
    assert flags == ()


def test_memory_stays_within_a_few_blocks(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.1, 0.1, (120 * RATE, 2)), RATE)
    clip = Clip(0.0, 120.0, file_source(path), play_rate=0.99, fade_in=Fade(100.0, 5))
    block = 4 * RATE

    def run() -> None:
        with opened(session_of(clip), 120.0) as audio:
            while (part := audio.read(block)) is None or part.shape[1]:
                pass

    _, peak = allocated(run)
    assert peak < 8 * block * 2 * 4


def test_tracks_may_be_read_by_several_threads(noise: list[Source]) -> None:
    sessions = [session_of(Clip(0.0, 0.7, source, loop=True)) for source in noise * 2]
    expected = [play(session, 5.0)[0] for session in sessions]
    found: dict[int, np.ndarray] = {}
    threads = [
        threading.Thread(target=lambda i=i, s=s: found.update({i: play(s, 5.0)[0]}))
        for i, s in enumerate(sessions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(found[i], signal) for i, signal in enumerate(expected))


def test_a_block_belongs_to_the_caller(noise: list[Source]) -> None:
    with opened(session_of(Clip(0.0, 2.0, noise[0], loop=True)), 2.0) as audio:
        first = audio.read(RATE)
        assert first is not None
        kept = first.copy()
        first[...] = 9.0
        second = audio.read(RATE)
    assert second is not None
    assert np.abs(second).max() < 1.0
    assert kept.shape == second.shape


def test_reading_plain_audio_imports_no_resampler() -> None:
    code = "import sys, reaper_drumgain.audio; print(*sys.modules)"
    names = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(names.stdout.split())
    assert "numpy" in loaded
    assert not {"soxr", "scipy", "sklearn", "librosa", "numba"} & loaded


# The span and the rate.


def test_analysis_rate_is_that_of_most_playing_seconds(noise: list[Source], ones: Source) -> None:
    long = Clip(0.0, 5.0, noise[3])
    session = session_of(Clip(0.0, 2.0, ones), long, Clip(0.0, 2.0, ones))
    assert analysis_rate(session, session.tracks) == 2 * RATE
    muted = session_of(Clip(0.0, 2.0, ones), dataclasses.replace(long, plays=False))
    assert analysis_rate(muted, muted.tracks) == RATE
    empty = dataclasses.replace(session_of(), sample_rate=96000)
    assert analysis_rate(empty, empty.tracks) == 96000
    assert analysis_rate(session_of(), ()) == 48000


def test_playing_span(ones: Source) -> None:
    session = session_of(
        Clip(3.0, 2.0, ones),
        Clip(1.5, 1.0, ones),
        Clip(0.0, 99.0, ones, plays=False),
        Clip(0.0, 99.0, Source("midi")),
    )
    assert playing_span(session, session.tracks) == (1.5, 5.0)
    assert playing_span(session, session.tracks, (2.0, 4.0)) == (2.0, 4.0)
    assert playing_span(session, session.tracks, (0.0, 99.0)) == (1.5, 5.0)
    first, last = playing_span(session, session.tracks, (7.0, 9.0))
    assert first == last
    assert playing_span(session, ()) == (0.0, 0.0)


def test_spans_that_make_no_sense_are_refused(ones: Source) -> None:
    session = session_of(Clip(0.0, 1.0, ones))
    for rate, start, end in ((0, 0.0, 1.0), (RATE, math.nan, 1.0), (RATE, 0.0, math.inf)):
        with pytest.raises(ValueError, match="cannot read"):
            open_track(session, session.tracks[0], rate=rate, start=start, end=end)
    with opened(session, 1.0) as audio, pytest.raises(ValueError, match="0 frames or more"):
        audio.read(-1)
    with opened(session, -1.0) as audio:
        assert audio.frames == 0
