"""Track audio against a second, straightforward mixer, and resampling against known signals."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import reference_mixer
import soundfile
import soxr
from audio_support import (
    RATE,
    file_source,
    opened,
    play,
    session_of,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reaper_drumgain.audio.decoder import MediaFile
from reaper_drumgain.schema.session import Clip, Envelope, EnvelopePoint, Fade, Source

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
    edges = sorted(draw(st.sets(st.integers(0, 9000), max_size=6)))
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
        covered=tuple((a / RATE, b / RATE) for a, b in zip(edges[::2], edges[1::2], strict=False)),
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


@st.composite
def plain_clips(draw: st.DrawFn, source: Source) -> Clip:
    return Clip(
        position=draw(PLACES),
        length=draw(st.sampled_from([0.05, 0.3, 0.61, 1.0])),
        source=source,
        offset=draw(OFFSETS),
        item_gain=draw(st.sampled_from([1.0, 1.0, 1.0, 0.5])),
        take_pan=draw(st.sampled_from([0.0, 0.0, 0.0, 0.3])),
        fade_in=draw(FADES),
        fade_out=draw(FADES),
        loop=draw(st.sampled_from([False, False, False, True])),
    )


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_clips_that_change_nothing_equal_the_reference(
    noise: list[Source], data: st.DataObject
) -> None:
    mono = noise[0]
    chosen = tuple(data.draw(st.lists(plain_clips(mono), min_size=1, max_size=4)))
    half = Envelope("pre-fx volume", True, (EnvelopePoint(0.0, 0.5), EnvelopePoint(1.0, 0.25)))
    pre_fx = data.draw(st.sampled_from([(), (half,)]))
    session = session_of(*chosen, envelopes=pre_fx)
    block = data.draw(st.sampled_from([97, 1000, 40000]))
    expected = reference_mixer.mix(session.tracks[0], RATE, 0.0, 2.0)
    signal, _ = play(session, 2.0, block=block)
    assert np.abs(both_sides(signal) - expected).max() < 1e-6 * max(1.0, np.abs(expected).max())


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_what_was_skipped_changes_nothing(noise: list[Source], data: st.DataObject) -> None:
    chosen = tuple(data.draw(st.lists(clips(noise), min_size=1, max_size=4)))
    pre_fx = tuple(data.draw(st.lists(envelopes("pre-fx volume"), max_size=1)))
    session = session_of(*chosen, envelopes=pre_fx)
    whole, _ = play(session, 2.0)
    sizes = data.draw(st.lists(st.sampled_from([1, 30, 700, 3000, 5500]), min_size=2, max_size=12))
    with opened(session, 2.0) as audio:
        place = 0
        for number, size in enumerate(sizes):
            if number % 2 == 0:
                audio.skip(size)
            else:
                expected = whole[:, place : place + size]
                block = audio.read(size)
                found = np.zeros_like(expected) if block is None else block
                assert found.shape == expected.shape
                assert np.abs(found - expected).max(initial=0.0) < 2e-6
            place += size


@pytest.mark.parametrize(
    ("file_rate", "play_rate", "jumps"),
    [(44100, 1.0, True), (96000, 1.0, True), (48000, 1.0371, False), (44056, 1.0, False)],
)
def test_a_resampled_clip_is_skipped_only_where_it_comes_out_the_same(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    file_rate: int,
    play_rate: float,
    jumps: bool,
) -> None:
    samples = np.random.default_rng(5).uniform(-0.5, 0.5, 21 * file_rate).astype(np.float32)
    soundfile.write(tmp_path / "noise.wav", samples, file_rate, subtype="FLOAT")
    source = file_source(tmp_path / "noise.wav")
    clip = Clip(
        position=0.0333333, length=20.0, source=source, offset=0.0123456, play_rate=play_rate
    )
    whole, _ = play(session_of(clip), 20.0, rate=48000, block=48000)
    read = 0
    real = MediaFile.read_into

    def counted(self: MediaFile, target: np.ndarray, *others: Any) -> int:
        nonlocal read
        read += target.shape[1]
        return real(self, target, *others)

    monkeypatch.setattr(MediaFile, "read_into", counted)
    with opened(session_of(clip), 20.0, rate=48000) as audio:
        passed = 0
        for place in (100_000, 333_333, 901_234):
            audio.skip(place - passed)
            passed = place + 2000
            block = audio.read(2000)
            assert block is not None
            assert np.abs(block - whole[:, place : place + 2000]).max() < 2e-6
    assert (read < 40_000) == jumps


@pytest.mark.parametrize("block", [1, 50, 333, 5000])
def test_the_size_of_the_blocks_changes_nothing(noise: list[Source], block: int) -> None:
    session = session_of(
        Clip(position=0.1, length=0.3, source=noise[0], fade_in=Fade(0.1, 1)),
        Clip(position=0.2, length=0.4, source=noise[4], offset=0.0123, play_rate=1.07, loop=True),
    )
    signal, _ = play(session, 0.7, block=block)
    whole, _ = play(session, 0.7, block=100_000)
    assert np.abs(signal - whole).max() < 1e-6


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
    clip = Clip(
        position=position,
        length=seconds,
        source=file_source(path),
        offset=offset,
        play_rate=play_rate,
    )
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
    clip = Clip(position=0.0, length=2.0, source=file_source(tmp_path / "noise.wav"))
    for block in (1000, 48000):
        signal, _ = play(session_of(clip), 2.0, rate=48000, block=block)
        assert np.abs(signal - whole).max() < 1e-6


def test_a_rate_that_cannot_be_meant_is_left_out(ones: Source) -> None:
    for rate in (1e-7, 1e7, 0.0, -1.0, math.nan):
        signal, flags = play(
            session_of(Clip(position=0.0, length=1.0, source=ones, play_rate=rate)), 1.0
        )
        assert not signal.any()
        assert flags == ("bad clip values",)
