"""Struck drums with several microphones, made for the tests of polarity and faults."""

from __future__ import annotations

import numpy as np

RATE = 44_100


def drum(
    seconds: float, *, at: float, every: float, frequency: float, seed: int, hits: int = 99
) -> np.ndarray:
    """Strokes on a resonator with a short bright attack: what a microphone at the head hears."""
    random = np.random.default_rng(seed)
    audio = np.zeros(round(seconds * RATE))
    length = round(0.3 * RATE)
    time = np.arange(length) / RATE
    starts = np.arange(at, seconds - 0.4, every)[:hits]
    for start in starts:
        body = np.sin(2.0 * np.pi * frequency * time) * np.exp(-time / 0.06)
        stick = random.standard_normal(length) * np.exp(-time / 0.004)
        place = round(start * RATE)
        audio[place : place + length] += random.uniform(0.6, 1.0) * (0.4 * body + 0.2 * stick)
    return audio


def later(audio: np.ndarray, ms: float) -> np.ndarray:
    """The same, ``ms`` later (earlier where negative), whole samples."""
    shift = round(ms * RATE / 1000.0)
    moved = np.zeros_like(audio)
    if shift >= 0:
        moved[shift:] = audio[: audio.size - shift]
    else:
        moved[:shift] = audio[-shift:]
    return moved


def kit(seconds: float = 14.0) -> dict[str, np.ndarray]:
    """A kit of which everything plays together as it should: kick with two microphones, snare
    with two, two toms, overheads; every microphone hears a little of the others."""
    kick = drum(seconds, at=0.3, every=1.0, frequency=62.0, seed=1)
    snare = drum(seconds, at=0.8, every=1.0, frequency=180.0, seed=2)
    tom = drum(seconds, at=0.55, every=2.0, frequency=120.0, seed=3)
    floor = drum(seconds, at=1.55, every=2.0, frequency=90.0, seed=4)
    everything = kick + snare + tom + floor
    bleed = 0.01 * later(everything, 2.0)
    over = 0.3 * later(everything, 3.0)
    noise = np.random.default_rng(5).standard_normal((8, everything.size)) * 1e-5
    sounds = {
        "Kick In": kick + bleed,
        "Kick Out": 0.7 * later(kick, 1.2) + bleed,
        "Snare Top": snare + bleed,
        "Snare Bottom": 0.6 * later(snare, 0.5) + bleed,
        "Tom 1": tom + bleed,
        "Floor Tom": floor + bleed,
        "OH L": over,
        "OH R": later(over, 0.1),
    }
    return {name: own + noise[n] for n, (name, own) in enumerate(sounds.items())}
