"""Synthesised sounds that are not drums, as counter-examples for telling drums by their sound.

Simple simulations of basses, guitars, keys, voices, pads, noises, clicks, and percussion that is
not part of a kit. Each is a function of a random generator and a length in seconds, and returns a
mono track (frames,) at ``kits.RATE`` with its largest sample at 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.random import Generator

from reaper_drumgain.learn.data.human_faders import Float64
from reaper_drumgain.learn.data.kits import RATE
from reaper_drumgain.units import Decibel, to_linear


def other_sound(kind: str, rng: Generator, seconds: float) -> Float64:
    """A track with one sound that is no drum, over a noise floor of -60 to -90 dB.

    Parameters
    ----------
    kind
        One of KINDS.
    rng
        Draws what is random.
    seconds
        Length of the track.

    Returns
    -------
    ndarray
        Shape (frames,): samples at ``kits.RATE``; the sound's own largest sample is 1.
    """
    track = KINDS[kind](rng, seconds)
    track = track / np.abs(track).max()
    floor = to_linear(Decibel(rng.uniform(-90.0, -60.0)))
    return np.asarray(track + floor * rng.normal(size=track.size))


def _notes(
    rng: Generator, seconds: float, pitches: tuple[int, int], rate: float
) -> Iterator[tuple[float, float, float]]:
    """Start, length and frequency in Hz of notes, about ``rate`` per second."""
    time = 0.0
    while time < seconds:
        length = float(rng.choice([0.5, 1.0, 1.0, 2.0])) / rate
        yield time, length, 440.0 * 2.0 ** ((int(rng.integers(*pitches)) - 69) / 12.0)
        time += length


def _silence(seconds: float) -> Float64:
    return np.zeros(round(seconds * RATE))


def _time(seconds: float) -> Float64:
    return np.arange(max(round(seconds * RATE), 1)) / RATE


def _add(track: Float64, start: float, sound: Float64) -> None:
    begin = round(start * RATE)
    count = min(sound.size, track.size - begin)
    if count > 0:
        track[begin : begin + count] += sound[:count]


def _filtered(sound: Float64, low: float, high: float) -> Float64:
    """Between two frequencies, with gentle slopes."""
    frequency = np.maximum(np.fft.rfftfreq(sound.size, 1.0 / RATE), 1.0)
    curve = np.sqrt((1.0 + (frequency / high) ** 4) * (1.0 + (low / frequency) ** 4))
    return np.asarray(np.fft.irfft(np.fft.rfft(sound) / curve, sound.size))


def _saw(frequency: float, time: Float64, phase: float = 0.0) -> Float64:
    return np.asarray(2.0 * ((frequency * time + phase) % 1.0) - 1.0)


def _string(rng: Generator, frequency: float, seconds: float, bright: float) -> Float64:
    """A plucked string: noise in a delay line with a low-pass filter (Karplus & Strong 1983,
    "Digital synthesis of plucked-string and drum timbres", CMJ 7)."""
    period = max(round(RATE / frequency), 2)
    frames = round(seconds * RATE)
    loop = rng.uniform(-1.0, 1.0, period)
    rounds = []
    for _ in range(-(-frames // period)):
        rounds.append(loop)
        before = np.roll(loop, 1)
        loop = 0.995 * (
            (1.0 - bright) * 0.5 * (loop + before) + bright * (0.9 * loop + 0.1 * before)
        )
    return np.concatenate(rounds)[:frames] if rounds else np.zeros(1)


def _bass(rng: Generator, seconds: float) -> Float64:
    track = _silence(seconds)
    kind = int(rng.integers(3))
    for start, length, frequency in _notes(rng, seconds, (28, 46), rng.uniform(1.5, 5.0)):
        time = _time(length * rng.uniform(0.6, 1.0))
        if kind == 0:
            note = np.sin(2 * np.pi * frequency * time) * np.exp(-time * rng.uniform(1.0, 5.0))
        elif kind == 1:
            note = _filtered(_saw(frequency, time), 20.0, rng.uniform(200.0, 1500.0))
            note *= np.exp(-2.0 * time)
        else:
            note = _string(rng, frequency, float(time[-1]) + 0.01, 0.3)
        fade = min(200, note.size)
        note[note.size - fade :] *= np.linspace(1.0, 0.0, fade)
        _add(track, start, note * rng.uniform(0.6, 1.0))
    return track


def _strummed(rng: Generator, seconds: float) -> Float64:
    track = _silence(seconds)
    for start, length, frequency in _notes(rng, seconds, (40, 55), rng.uniform(2.0, 6.0)):
        for place, ratio in enumerate((1.0, 1.5, 2.0, 2.5, 3.0)):
            note = _string(rng, frequency * ratio, min(1.5 * length, 2.0), 0.6)
            _add(track, start + 0.012 * place, note * rng.uniform(0.5, 1.0))
    return _filtered(track, 90.0, rng.uniform(3000.0, 9000.0))


def _distorted(rng: Generator, seconds: float) -> Float64:
    track = _silence(seconds)
    damping = float(rng.choice([2.0, 25.0]))
    for start, length, frequency in _notes(rng, seconds, (36, 48), rng.uniform(3.0, 8.0)):
        chord = sum(_string(rng, frequency * r, length, 0.5) for r in (1.0, 1.5, 2.0))
        note = np.tanh(8.0 * np.asarray(chord))
        _add(track, start, note * np.exp(-damping * np.arange(note.size) / RATE))
    return _filtered(track, 100.0, 5000.0)


def _pad(rng: Generator, seconds: float) -> Float64:
    track = _silence(seconds)
    for start, length, frequency in _notes(rng, seconds, (48, 64), 0.4):
        time = _time(length)
        swell = np.minimum(1.0, np.minimum(time, time[::-1]) / 0.3)
        for ratio in (1.0, 1.26, 1.5):
            for detune in (0.997, 1.003):
                _add(track, start, swell * _saw(frequency * ratio * detune, time, rng.uniform()))
    return _filtered(track, 20.0, rng.uniform(500.0, 4000.0))


def _keys(rng: Generator, seconds: float) -> Float64:
    track = _silence(seconds)
    time = _time(2.0)
    for start, _, frequency in _notes(rng, seconds, (40, 84), rng.uniform(1.0, 5.0)):
        note = np.zeros(time.size)
        for partial in range(1, 9):
            pitch = frequency * partial * np.sqrt(1.0 + 4e-4 * partial**2)
            note += (
                np.sin(2 * np.pi * pitch * time) * np.exp(-time * (1.5 + 0.7 * partial)) / partial
            )
        note[:300] += 0.2 * rng.normal(size=300) * np.exp(-np.arange(300) / 60.0)
        _add(track, start, note * rng.uniform(0.3, 1.0))
    return track


def _voice(rng: Generator, seconds: float) -> Float64:
    """Syllables of a buzz through three formants, some of them hisses, with pauses."""
    track = _silence(seconds)
    pitch, now = rng.uniform(90.0, 260.0), 0.0
    while now < seconds:
        length = rng.uniform(0.08, 0.35)
        time = _time(length)
        if rng.uniform() < 0.25:
            syllable = 0.4 * _filtered(rng.normal(size=time.size), 3000.0, 9000.0)
        else:
            buzz = _saw(pitch * rng.uniform(0.8, 1.3), time)
            buzz += 0.05 * rng.normal(size=time.size)
            formants = rng.uniform([300.0, 900.0, 2300.0], [800.0, 2200.0, 3000.0])
            syllable = np.sum([_filtered(buzz, 0.9 * f, 1.1 * f) for f in formants], axis=0)
        _add(track, now, syllable * np.hanning(time.size))
        pause = rng.uniform(0.2, 0.8) if rng.uniform() < 0.12 else 0.0
        now += length * rng.uniform(0.8, 1.2) + pause
    return track


def _noise(rng: Generator, seconds: float) -> Float64:
    time = _time(seconds)
    swell = 1.0 + 0.3 * np.sin(2 * np.pi * rng.uniform(0.1, 1.0) * time)
    noise = rng.normal(size=time.size)
    low, high = rng.uniform(20.0, 500.0), rng.uniform(1000.0, 15000.0)
    return np.asarray(swell * _filtered(noise, low, high))


def _tones(rng: Generator, seconds: float) -> Float64:
    time = _time(seconds)
    pitches = rng.uniform(50.0, 5000.0, int(rng.integers(1, 4)))
    return np.asarray(np.sin(2 * np.pi * pitches[:, None] * time).sum(axis=0))


def _click(rng: Generator, seconds: float) -> Float64:
    """A metronome."""
    track, time = _silence(seconds), _time(0.04)
    pitch, damping = rng.uniform(600.0, 2500.0), rng.uniform(60.0, 140.0)
    for place, start in enumerate(np.arange(0.0, seconds, 60.0 / rng.uniform(70.0, 180.0))):
        high = 1.5 if place % 4 == 0 else 1.0
        _add(track, start, np.sin(2 * np.pi * high * pitch * time) * np.exp(-damping * time))
    return track


def _shaker(rng: Generator, seconds: float) -> Float64:
    track, frames = _silence(seconds), round(0.09 * RATE)
    low = rng.uniform(2500.0, 6000.0)
    for place, start in enumerate(np.arange(0.0, seconds, 30.0 / rng.uniform(80.0, 160.0))):
        stroke = _filtered(rng.normal(size=frames), low, 15000.0) * np.hanning(frames)
        _add(track, start, stroke * (0.5 if place % 2 else 1.0))
    return track


def _lead(rng: Generator, seconds: float) -> Float64:
    track = _silence(seconds)
    for start, length, frequency in _notes(rng, seconds, (55, 84), rng.uniform(2.0, 8.0)):
        time = _time(0.9 * length)
        note = np.sign(np.sin(2 * np.pi * frequency * time)) * np.exp(-time * rng.uniform(0, 6))
        _add(track, start, _filtered(note, 20.0, rng.uniform(1500.0, 8000.0)))
    return track


def _brass(rng: Generator, seconds: float) -> Float64:
    track = _silence(seconds)
    for start, length, frequency in _notes(rng, seconds, (50, 74), rng.uniform(1.0, 4.0)):
        time = _time(0.8 * length)
        swell = np.minimum(1.0, np.minimum(time / 0.04, time[::-1] / 0.02))
        _add(track, start, swell * np.tanh(2.0 * _filtered(_saw(frequency, time), 20.0, 2500.0)))
    return track


def _claps(rng: Generator, seconds: float) -> Float64:
    """A drum machine's, on two and four."""
    track, time = _silence(seconds), _time(0.25)
    beat = 60.0 / rng.uniform(80.0, 150.0)
    for start in np.arange(beat, seconds, 2.0 * beat):
        burst = _filtered(rng.normal(size=time.size), 700.0, 4000.0)
        _add(track, start, burst * np.exp(-18.0 * time))
    return track


KINDS: dict[str, Callable[[Generator, float], Float64]] = {
    "bass": _bass,
    "strummed strings": _strummed,
    "distorted guitar": _distorted,
    "pad": _pad,
    "keys": _keys,
    "voice": _voice,
    "noise": _noise,
    "tones": _tones,
    "click": _click,
    "shaker": _shaker,
    "lead": _lead,
    "brass": _brass,
    "claps": _claps,
}
