"""Track audio before the fader: each property of a clip against hand-made impulses."""

from __future__ import annotations

import dataclasses
import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import soundfile
from audio_support import (
    RATE,
    file_source,
    play,
    points,
    session_of,
)

from reaper_drumgain.audio.envelope_curves import EnvelopeCurve, fade, from_fader, to_fader
from reaper_drumgain.schema.session import Clip, Envelope, EnvelopePoint, Fade, Source


@pytest.fixture
def impulses(tmp_path: Path) -> Source:
    """One second at 8 kHz: 0.5 at frame 0, 0.25 at frame 800, -0.5 at frame 7999."""
    samples = np.zeros(RATE)
    samples[[0, 800, 7999]] = 0.5, 0.25, -0.5
    soundfile.write(tmp_path / "impulses.wav", samples, RATE, subtype="PCM_24")
    return file_source(tmp_path / "impulses.wav")


@pytest.fixture
def five(tmp_path: Path) -> Source:
    """A file of five channels that hold 0.1 to 0.5."""
    samples = np.tile(np.arange(1, 6) / 10.0, (RATE, 1))
    soundfile.write(tmp_path / "five.wav", samples, RATE, subtype="FLOAT")
    return file_source(tmp_path / "five.wav")


def peaks(signal: np.ndarray) -> dict[int, float]:
    return {int(i): round(float(signal[i]), 6) for i in np.flatnonzero(np.abs(signal) > 1e-6)}


def test_position_offset_and_length(impulses: Source) -> None:
    clip = Clip(position=0.25, length=0.5, source=impulses, offset=0.05)
    signal, flags = play(session_of(clip), 2.0)
    assert signal.shape == (1, 16000)
    assert peaks(signal[0]) == {2000 + 400: 0.25}  # frame 800 of the file, 400 before it cut off
    assert flags == ()


def test_span_starts_within_a_clip(impulses: Source) -> None:
    signal, _ = play(session_of(Clip(position=0.25, length=1.0, source=impulses)), 1.3, start=0.3)
    assert signal.shape == (1, 8000)
    assert peaks(signal[0]) == {-400 + 800: 0.25, -400 + 7999: -0.5}


def test_offset_before_the_source_and_length_past_its_end_are_silence(impulses: Source) -> None:
    signal, _ = play(session_of(Clip(position=0.0, length=3.0, source=impulses, offset=-0.5)), 3.0)
    assert peaks(signal[0]) == {4000: 0.5, 4800: 0.25, 11999: -0.5}


def test_gains_multiply_and_a_negative_take_gain_inverts(impulses: Source) -> None:
    clip = Clip(position=0.0, length=1.0, source=impulses, item_gain=0.5, take_gain=-3.0)
    signal, _ = play(session_of(clip), 1.0)
    assert peaks(signal[0]) == {0: -0.75, 800: -0.375, 7999: 0.75}


def test_muted_clips_and_gain_zero_are_silence(impulses: Source) -> None:
    muted = Clip(position=0.0, length=1.0, source=impulses, plays=False)
    signal, flags = play(
        session_of(muted, Clip(position=0.0, length=1.0, source=impulses, item_gain=0.0)), 1.0
    )
    assert not signal.any()
    assert flags == ()


def test_overlapping_clips_sum(impulses: Source) -> None:
    signal, _ = play(
        session_of(
            Clip(position=0.1, length=1.0, source=impulses),
            Clip(position=0.0, length=1.0, source=impulses),
        ),
        1.2,
    )
    assert peaks(signal[0]) == {0: 0.5, 800: 0.75, 1600: 0.25, 7999: -0.5, 8799: -0.5}


def test_loop_repeats_the_source_in_both_directions(impulses: Source) -> None:
    clip = Clip(position=0.0, length=2.5, source=impulses, offset=-0.5, loop=True)
    signal, _ = play(session_of(clip), 3.0, block=777)
    assert peaks(signal[0]) == {
        3999: -0.5, 4000: 0.5, 4800: 0.25, 11999: -0.5, 12000: 0.5, 12800: 0.25, 19999: -0.5,
    }  # fmt: skip


def test_section_bounds_the_source_and_loops_by_its_own_length(impulses: Source) -> None:
    source = dataclasses.replace(impulses, section_start=0.1, section_length=0.2)
    once, _ = play(session_of(Clip(position=0.0, length=1.0, source=source)), 1.0)
    assert peaks(once[0]) == {0: 0.25}
    again, _ = play(session_of(Clip(position=0.0, length=0.5, source=source, loop=True)), 1.0)
    assert peaks(again[0]) == {0: 0.25, 1600: 0.25, 3200: 0.25}


def test_reversed_plays_the_section_backwards(impulses: Source) -> None:
    whole = dataclasses.replace(impulses, reversed=True)
    signal, flags = play(session_of(Clip(position=0.0, length=1.0, source=whole)), 1.0, block=300)
    assert peaks(signal[0]) == {0: -0.5, 7199: 0.25, 7999: 0.5}
    assert flags == ()
    part = dataclasses.replace(whole, section_start=0.0, section_length=0.2)
    signal, _ = play(
        session_of(Clip(position=0.0, length=1.0, source=part, offset=0.05)), 1.0, block=300
    )
    assert peaks(signal[0]) == {1599 - 800 - 400: 0.25, 1599 - 400: 0.5}


def test_play_rate_resamples(tmp_path: Path) -> None:
    # A sine of 200 Hz at twice the rate is one of 400 Hz, half as long.
    times = np.arange(RATE) / RATE
    soundfile.write(tmp_path / "sine.wav", 0.5 * np.sin(2 * np.pi * 200 * times), RATE, "FLOAT")
    source = file_source(tmp_path / "sine.wav")
    signal, flags = play(
        session_of(Clip(position=0.0, length=1.0, source=source, play_rate=2.0)), 1.0
    )
    expected = 0.5 * np.sin(2 * np.pi * 400 * times[:4000])
    assert np.abs(signal[0, 100:3900] - expected[100:3900]).max() < 1e-4
    assert np.abs(signal[0, 4100:]).max() < 1e-4
    assert flags == ()


def test_linear_fades(ones: Source) -> None:
    clip = Clip(position=0.5, length=1.0, source=ones, fade_in=Fade(0.25), fade_out=Fade(0.5))
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
    clip = Clip(
        position=0.0, length=2.0, source=ones, fade_in=Fade(0.5, shape), fade_out=Fade(0.5, shape)
    )
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
    clip = Clip(
        position=0.0,
        length=2.0,
        source=ones,
        fade_in=Fade(0.5, 0, 0.5),
        fade_out=Fade(0.5, 0, -0.5),
    )
    signal, _ = play(session_of(clip), 2.0)
    # Frame i from the start mirrors the time i from the end, one frame inwards.
    assert signal[0, 1:4000] == pytest.approx(signal[0, :-4000:-1], abs=1e-6)
    assert signal[0, 2000] < 0.2


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
    signal, flags = play(
        session_of(Clip(position=0.0, length=1.0, source=five, channel_mode=mode)), 1.0
    )
    assert signal.shape == (len(expected), RATE)
    assert signal[:, 100] == pytest.approx(expected, abs=1e-6)
    assert flags == ((flag,) if flag else ())


def test_a_mono_file_plays_in_every_mode_that_asks_for_the_first_two(ones: Source) -> None:
    for mode in (0, 1, 2, 3, 4, 67):
        signal, flags = play(
            session_of(Clip(position=0.0, length=1.0, source=ones, channel_mode=mode)), 1.0
        )
        assert signal.shape == (1, RATE)
        assert (signal == 0.5).all()
        assert flags == ()


def test_take_pan_is_a_balance(ones: Source) -> None:
    signal, _ = play(session_of(Clip(position=0.0, length=1.0, source=ones, take_pan=0.25)), 1.0)
    assert signal[:, 0] == pytest.approx((0.375, 0.5))
    signal, _ = play(session_of(Clip(position=0.0, length=1.0, source=ones, take_pan=-1.0)), 1.0)
    assert signal[:, 0] == pytest.approx((0.5, 0.0))


def test_a_mono_clip_among_stereo_ones_plays_on_both_sides(ones: Source, five: Source) -> None:
    signal, _ = play(
        session_of(
            Clip(position=0.0, length=1.0, source=ones), Clip(position=1.0, length=1.0, source=five)
        ),
        2.0,
        block=3000,
    )
    assert signal[:, 100] == pytest.approx((0.5, 0.5))
    assert signal[:, 8100] == pytest.approx((0.1, 0.2))


def test_take_envelope_runs_in_the_time_of_the_take(ones: Source) -> None:
    envelope = Envelope("volume", True, points((0.0, 1.0), (1.0, 0.0)))
    signal, _ = play(
        session_of(Clip(position=0.5, length=1.0, source=ones, envelopes=(envelope,))), 1.5
    )
    assert signal[0, 4000 + 2000] == pytest.approx(0.5 * 0.75, abs=1e-6)
    fast = Clip(position=0.5, length=1.0, source=ones, play_rate=2.0, envelopes=(envelope,))
    signal, _ = play(session_of(fast), 1.5)
    assert signal[0, 4000 + 2000] == pytest.approx(0.5 * 0.5, abs=1e-4)


def test_pre_fx_envelope_runs_in_project_time(ones: Source) -> None:
    envelope = Envelope("pre-fx volume", True, points((0.5, 1.0), (1.5, 0.5)))
    session = session_of(Clip(position=0.0, length=2.0, source=ones), envelopes=(envelope,))
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
    signal, flags = play(
        session_of(Clip(position=0.0, length=1.0, source=ones), envelopes=envelopes), 1.0
    )
    assert (signal == 0.5).all()
    assert flags == ()


def test_mute_envelope_of_a_take(ones: Source) -> None:
    envelope = Envelope("mute", True, points((0.0, 1.0), (0.25, 0.0), (0.5, 1.0), shape=1))
    signal, _ = play(
        session_of(Clip(position=0.0, length=1.0, source=ones, envelopes=(envelope,))), 1.0
    )
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
