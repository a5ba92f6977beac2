"""Small sessions and sounds that several tests build on."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import soundfile as sf

from reaper_drumgain.schema.session import Clip, Session, Source, Track
from reaper_drumgain.units import LinearGain

RATE = 48_000


def gain(decibel: float) -> LinearGain:
    return LinearGain(10.0 ** (decibel / 20.0))


def hits(seconds: float, *, every: float, frequency: float, level: float, seed: int) -> np.ndarray:
    """Decaying noisy tones, like a close microphone without bleed; peaks at about ``level``."""
    noise = np.random.default_rng(seed)
    audio = np.zeros(int(seconds * RATE))
    length = int(0.2 * RATE)
    time = np.arange(length) / RATE
    for at in np.arange(0.05, seconds - 0.25, every):
        start = int(at * RATE)
        tone = np.sin(2 * np.pi * frequency * time) + 0.5 * noise.standard_normal(length)
        audio[start : start + length] += level * np.exp(-time / 0.05) * tone / 2
    return audio


def write(path: Path, audio: np.ndarray, *, rate: int = RATE) -> Path:
    """A float WAV, so that levels in tests are not bent by rounding."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sf.write(path, audio, rate, subtype="FLOAT")
    return path


def clip(path: Path, seconds: float, *, position: float = 0.0) -> Clip:
    source = Source(
        kind="file", format="WAVE", path=str(path), written=path.name, found=path.is_file()
    )
    return Clip(position=position, length=seconds, source=source)


def silent_clip() -> Clip:
    """A clip of a file that need not exist, for tests that read no audio."""
    return Clip(
        position=0.0,
        length=1.0,
        source=Source(kind="file", format="WAVE", path="/nowhere.wav", written="x.wav", found=True),
    )


def session(*tracks: Track, **fields: object) -> Session:
    return Session(path="test.RPP", tracks=tracks, **fields)  # type: ignore[arg-type]


def changed(built: Session, index: int, **fields: object) -> Session:
    """The session with other fields of one track."""
    tracks = list(built.tracks)
    tracks[index] = dataclasses.replace(tracks[index], **fields)  # type: ignore[arg-type]
    return dataclasses.replace(built, tracks=tuple(tracks))
