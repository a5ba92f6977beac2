"""An invented copy of the layout of ENST-Drums, with known gains."""

from pathlib import Path

import numpy as np
import soundfile

from reaper_drumgain.learn.data.enst_takes import MICROPHONES

RATE = 8000
SECONDS = 2.5
#: the second drummer has no third tom, as a drummer of the real data set
FOLDERS = {
    "drummer_1": tuple(MICROPHONES),
    "drummer_2": tuple(name for name in MICROPHONES if name != "tom_3"),
}
NAMES = (
    "036_phrase_disco_simple_slow_sticks",
    "107_minus-one_salsa_sticks",
    "115_MIDI-minus-one_fusion-125_sticks",
)
LEFT_OUT = ("001_hits_snare-drum_sticks_x6", "037_phrase_disco_norm_slow_sticks", "readme")
#: left and right gain of each microphone in the dry mix
PANNED = {
    "kick": (0.4, 0.4),
    "snare": (-0.5, -0.5),
    "hi-hat": (0.1, 0.3),
    "tom_1": (0.3, 0.2),
    "tom_2": (0.2, 0.2),
    "tom_3": (0.1, 0.35),
    "overhead_L": (0.05, 0.6),
    "overhead_R": (0.6, 0.05),
}
TOTAL_DB = {name: 20 * np.log10(np.hypot(*gain)) for name, gain in PANNED.items()}


def _strokes(seed: int) -> np.ndarray:
    chance = np.random.default_rng(seed)
    frames = int(RATE * SECONDS)
    sound = np.zeros(frames)
    time = np.arange(RATE // 5) / RATE
    for start in chance.integers(0, frames - time.size, 10):
        noise = chance.standard_normal(time.size)
        sound[start : start + time.size] += 0.1 * np.exp(-time / 0.04) * noise
    return sound


def write_take(audio: Path, folders: tuple[str, ...], name: str, seed: int) -> None:
    close = np.array([_strokes(seed * 100 + place) for place in range(len(folders))])
    bleed = np.eye(len(folders)) + 0.05
    tracks = bleed @ close
    gains = np.array([PANNED[folder] for folder in folders]).T
    for folder, samples in zip(folders, tracks, strict=True):
        soundfile.write(audio / folder / f"{name}.wav", samples, RATE, subtype="PCM_16")
    for mix, level in (("dry_mix", 1.0), ("wet_mix", 0.8)):
        wet = level * (gains @ tracks).T
        soundfile.write(audio / mix / f"{name}.wav", wet, RATE, subtype="PCM_16")
