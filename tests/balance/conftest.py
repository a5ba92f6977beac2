"""The kit that the tests of this folder balance."""

import pytest
from support import clip, hits, session, write

from reaper_drumgain.schema.session import Track

SECONDS = 6.0
NAMES = ("Kick", "Snare Top", "Hi-Hat", "OH L", "OH R")


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    """Five microphones whose recorded levels have nothing to do with each other."""
    folder = tmp_path_factory.mktemp("kit")
    sounds = {
        "Kick": hits(SECONDS, every=0.5, frequency=60, level=0.5, seed=1),
        "Snare Top": hits(SECONDS, every=1.0, frequency=220, level=0.2, seed=2),
        "Hi-Hat": hits(SECONDS, every=0.25, frequency=6000, level=0.2, seed=3),
    }
    kit_sound = sum(sounds.values())
    sounds["OH L"] = 0.3 * kit_sound + hits(SECONDS, every=1.5, frequency=900, level=0.2, seed=4)
    sounds["OH R"] = 0.2 * kit_sound + hits(SECONDS, every=1.3, frequency=1100, level=0.15, seed=5)
    tracks = []
    for index, name in enumerate(NAMES):
        path = write(folder / f"{name}.wav", sounds[name])
        tracks.append(Track(index=index, name=name, clips=(clip(path, SECONDS),)))
    return session(*tracks), sounds
