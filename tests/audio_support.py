"""Shared by the tests of track audio: sessions of one track, reading it, known sources."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from reaper_drumgain.audio.track_reader import TrackAudio, open_track
from reaper_drumgain.schema.session import Clip, EnvelopePoint, Session, Source, Track

RATE = 8000


def session_of(*clips: Clip, **fields: Any) -> Session:
    return Session(path="test.RPP", tracks=(Track(index=0, name="Kick in", clips=clips, **fields),))


def opened(session: Session, end: float, start: float = 0.0, rate: int = RATE) -> TrackAudio:
    return open_track(session.tracks[0], rate=rate, start=start, end=end)


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
    return Source(
        kind="file", format="WAVE", path=str(path), written=path.name, found=True, **fields
    )


def points(*pairs: tuple[float, float], shape: int = 0) -> tuple[EnvelopePoint, ...]:
    return tuple(EnvelopePoint(time, value, shape) for time, value in pairs)


def allocated(action: Callable[[], Any]) -> tuple[Any, int]:
    tracemalloc.start()
    try:
        return action(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def ones_in(folder: Path) -> Source:
    """Two seconds at 8 kHz in which every sample is 0.5."""
    soundfile.write(folder / "ones.wav", np.full(2 * RATE, 0.5), RATE, subtype="FLOAT")
    return file_source(folder / "ones.wav")


def noise_in(folder: Path) -> list[Source]:
    """Noise as mono, stereo and four channels, at one, two and one and a half times 8 kHz."""
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
