"""Track audio from every file format, and the flags of what cannot be played as it is."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from audio_support import (
    drain,
    file_source,
    opened,
    play,
    points,
    session_of,
)

from reaper_drumgain.audio.track_reader import TrackAudio
from reaper_drumgain.schema.session import Clip, Effect, Envelope, Source


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
        clip = Clip(position=0.0, length=3.0 - offset, source=source, offset=offset)
        signal, flags = play(session_of(clip), 3.0 - offset, rate=44100, block=10_007)
        expected = whole[round(offset * 44100) :].T
        assert np.abs(signal[:, : expected.shape[1]] - expected).max() < 1e-6
        assert flags == ()
    with opened(
        session_of(Clip(position=0.0, length=3.0, source=source)), 3.0, rate=44100
    ) as audio:
        passed = 0
        for place in (900, 41_000, 100_001):
            audio.skip(place - passed)
            passed = place + 3000
            block = audio.read(3000)
            assert block is not None
            assert np.abs(block - whole[place : place + 3000].T).max() < 1e-6
    backwards = dataclasses.replace(source, reversed=True)
    signal, _ = play(
        session_of(Clip(position=0.0, length=3.0, source=backwards)), 3.0, rate=44100, block=20_001
    )
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
        clip = Clip(
            position=0.0,
            length=1.0,
            source=file_source(tmp_path / "hits.mp3"),
            offset=start / 48000,
        )
        signal, _ = play(session_of(clip), 1.0, rate=48000, block=4800)
        assert np.abs(signal[0] - whole[start : start + 48000]).max() < 1e-6


def test_an_ogg_is_exact_wherever_reading_goes_on(tmp_path: Path) -> None:
    # libsndfile loses its way where it seeks in a Vorbis that it has read from.
    hits = np.tile(np.linspace(1.0, 0.0, 24000) ** 3, 12)
    noise = np.random.default_rng(0).normal(size=len(hits)) * 0.1 * hits
    soundfile.write(tmp_path / "hits.ogg", noise, 48000)
    whole, _ = soundfile.read(tmp_path / "hits.ogg", dtype="float32")
    places = np.random.default_rng(1).integers(0, len(hits) - 4800, 150)
    source = file_source(tmp_path / "hits.ogg")
    slices = [
        Clip(position=n / 10, length=0.1, source=source, offset=at / 48000)
        for n, at in enumerate(places)
    ]
    signal, _ = play(session_of(*slices), 15.0, rate=48000, block=4800)
    expected = np.concatenate([whole[at : at + 4800] for at in places])
    assert np.abs(signal[0] - expected).max() < 1e-6


def test_real_recordings_play_as_they_are(shared_data: Path) -> None:
    paths = sorted((shared_data / "kits" / "muldjord" / "Snare").glob("*.flac"))[:12]
    assert paths
    for path in paths:
        whole, rate = soundfile.read(path, dtype="float32")
        session = session_of(Clip(position=0.0, length=len(whole) / rate, source=file_source(path)))
        signal, flags = play(session, len(whole) / rate, rate=rate, block=rate)
        assert np.array_equal(signal[0], whole)
        assert flags == ()


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
    signal, audio = flagged(Clip(position=0.0, length=1.0, source=ones, name="K in-03", **fields))
    assert (signal == 0.5).all()
    assert audio.flags == (flag,)
    assert len(audio.warnings) == 1
    assert "Glue it" in audio.warnings[0] or "Check" in audio.warnings[0]
    assert "K in-03" in audio.warnings[0]


def test_a_rate_that_keeps_the_pitch_is_resampled_and_flagged(ones: Source) -> None:
    signal, audio = flagged(
        Clip(position=0.0, length=1.0, source=ones, play_rate=2.0, preserve_pitch=True)
    )
    assert audio.flags == ("pitch-preserved rate",)
    assert signal[0, 4000] == pytest.approx(0.5, abs=1e-4)
    _, audio = flagged(
        Clip(position=0.0, length=1.0, source=ones, play_rate=1.0, preserve_pitch=True)
    )
    assert audio.flags == ()


@pytest.mark.parametrize(
    ("source", "flag"),
    [
        (Source(kind="midi", format="MIDI"), "MIDI"),
        (Source(kind="other", format="RPP_PROJECT", written="x.rpp"), "unsupported source"),
        (Source(kind="other", format="CLICK"), "unsupported source"),
        (Source(kind="file", format="WAVE", path=None, written="gone.wav"), "missing media"),
        (Source(kind="file", format="WAVE", path="/no/such/file.wav"), "missing media"),
        (Source(kind="file", format="WAVE", path="relative.wav"), "missing media"),
        (Source(kind="file", format="WAVE", path="/nul\0byte.wav"), "missing media"),
    ],
)
def test_sources_without_audio_are_silent_and_the_rest_plays(
    ones: Source, source: Source, flag: str
) -> None:
    session = session_of(
        Clip(position=0.0, length=1.0, source=source), Clip(position=0.5, length=0.5, source=ones)
    )
    with opened(session, 1.0) as audio:
        signal = drain(audio)
    assert not signal[0, :4000].any()
    assert (signal[0, 4000:] == 0.5).all()
    assert audio.flags == (flag,)


def test_an_empty_take_is_silence_and_nothing_to_speak_of() -> None:
    signal, audio = flagged(Clip(position=0.0, length=1.0, source=Source()))
    assert not signal.any()
    assert audio.flags == ()


def test_an_instrument_on_the_track_is_flagged(ones: Source) -> None:
    effects = (Effect("Kontakt", instrument=True),)
    _, audio = flagged(Clip(position=0.0, length=1.0, source=ones), effects=effects)
    assert audio.flags == ("instrument",)
    off = (Effect("Kontakt", enabled=False, instrument=True),)
    assert flagged(Clip(position=0.0, length=1.0, source=ones), effects=off)[1].flags == ()


def test_pre_fx_automation_items_are_flagged(ones: Source) -> None:
    pooled = Envelope("pre-fx volume", True, points((0.0, 0.0)), pooled=True)
    signal, audio = flagged(Clip(position=0.0, length=1.0, source=ones), envelopes=(pooled,))
    assert (signal == 0.5).all()
    assert audio.flags == ("automation items",)


def test_a_thousand_missing_clips_make_one_sentence() -> None:
    gone = Source(kind="file", format="WAVE", path="/no/such/file.wav")
    with opened(
        session_of(*[Clip(position=i / 1000, length=0.001, source=gone) for i in range(1000)]), 1.0
    ) as audio:
        assert len(audio.warnings) == 1
        assert "999 more" in audio.warnings[0]
