"""Songs whose sections have known, different levels."""

import itertools

import pytest
from automation_support import BORDERS, LEVELS, REGIONS, SECONDS
from support import RATE, clip, gain, hits, session, write

from reaper_drumgain.schema.session import Track


def stepped(audio, levels):
    edges = [0, *(int(b * RATE) for b in BORDERS)]
    shaped = audio.copy()
    for (start, stop), level in zip(itertools.pairwise(edges), levels, strict=True):
        shaped[start:stop] *= gain(level)
    return shaped


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    folder = tmp_path_factory.mktemp("song")
    raw = {
        "Kick": hits(SECONDS, every=0.5, frequency=60, level=0.5, seed=1),
        "Snare Top": hits(SECONDS, every=1.0, frequency=220, level=0.5, seed=2),
        "Hi-Hat": hits(SECONDS, every=0.25, frequency=6000, level=0.2, seed=3),
        "OH L": hits(SECONDS, every=0.4, frequency=900, level=0.2, seed=4),
        "OH R": hits(SECONDS, every=0.45, frequency=1100, level=0.15, seed=5),
    }
    sounds = {name: stepped(audio, LEVELS[name]) for name, audio in raw.items()}
    tracks = [
        Track(index=index, name=name, clips=(clip(write(folder / f"{name}.wav", audio), SECONDS),))
        for index, (name, audio) in enumerate(sounds.items())
    ]
    return session(*tracks, regions=REGIONS), sounds


@pytest.fixture(scope="module")
def long_song(tmp_path_factory):
    """Two halves of 30 s, each drum at its own pace.

    In the second one the kick is 8 dB softer, the snare 4 dB louder.
    """
    folder = tmp_path_factory.mktemp("long")
    tracks, sounds = [], {}
    for index, (name, level) in enumerate((("Kick", -8.0), ("Snare Top", 4.0), ("Hi-Hat", 0.0))):
        audio = hits(
            60.0, every=0.25 + 0.03 * index, frequency=60 * 4**index, level=0.3, seed=index
        )
        audio[30 * RATE :] *= gain(level)
        sounds[name] = audio
        tracks.append(
            Track(index=index, name=name, clips=(clip(write(folder / f"{name}.wav", audio), 60.0),))
        )
    return session(*tracks), sounds


@pytest.fixture(scope="module")
def restless_song(tmp_path_factory):
    """Two minutes in which kick and snare change places every 6 s, by 10 dB."""
    folder = tmp_path_factory.mktemp("restless")
    tracks = []
    for index, name in enumerate(("Kick", "Snare Top", "Hi-Hat")):
        audio = hits(
            120.0, every=0.25 + 0.03 * index, frequency=60 * 4**index, level=0.3, seed=index
        )
        for turn in range(20):
            part = slice(turn * 6 * RATE, (turn + 1) * 6 * RATE)
            audio[part] *= gain((0.0, -10.0, 0.0)[(index + turn) % 2 if index < 2 else 2])
        path = write(folder / f"{name}.wav", audio)
        tracks.append(Track(index=index, name=name, clips=(clip(path, 120.0),)))
    return session(*tracks)
