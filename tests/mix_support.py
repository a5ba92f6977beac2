"""Invented drums and filters for the tests of reverse engineering a mix."""

import numpy as np
from scipy.signal import lfilter

from reaper_drumgain.analysis.k_weighting import k_weighting

LOW_RATE = 8000


def decibel(factor):
    return 20 * np.log10(np.abs(factor))


def drums(tracks: int, seconds: float, rate: int, seed: int, bleed: float = 0.1) -> np.ndarray:
    """Decaying noisy tones at random times; every track hears every drum a little."""
    chance = np.random.default_rng(seed)
    frames = int(seconds * rate)
    time = np.arange(int(0.2 * rate)) / rate
    sources = np.zeros((tracks, frames))
    for source, frequency in zip(sources, np.geomspace(80, rate / 5, tracks), strict=True):
        for start in chance.integers(0, frames - time.size, max(4, round(3 * seconds))):
            tone = np.sin(2 * np.pi * frequency * time) + 0.5 * chance.standard_normal(time.size)
            shape = np.exp(-time / 0.05) * chance.uniform(0.05, 0.2)
            source[start : start + time.size] += tone * shape
    heard = np.eye(tracks) + bleed * chance.uniform(-1, 1, (tracks, tracks))
    return heard @ sources


def rounded(samples: np.ndarray) -> np.ndarray:
    """As a 16-bit file holds them."""
    assert np.abs(samples).max() < 1.0
    return np.round(samples * 32768) / 32768


def k_power(samples: np.ndarray, rate: int) -> float:
    """K-weighted energy by scipy's filter, apart from the package's own."""
    shelf_b, shelf_a, pass_b, pass_a = k_weighting(rate)
    return float(np.square(lfilter(pass_b, pass_a, lfilter(shelf_b, shelf_a, samples))).sum())


def peak_filter(rate: int, frequency: float, gain_db: float, q: float = 1.0):
    """A bell of the Audio EQ Cookbook (Bristow-Johnson)."""
    amplitude = 10 ** (gain_db / 40)
    angle = 2 * np.pi * frequency / rate
    alpha = np.sin(angle) / (2 * q)
    b = np.array([1 + alpha * amplitude, -2 * np.cos(angle), 1 - alpha * amplitude])
    a = np.array([1 + alpha / amplitude, -2 * np.cos(angle), 1 - alpha / amplitude])
    return b / a[0], a / a[0]


def shelf_filter(rate: int, frequency: float, gain_db: float):
    """A high shelf of slope 1 of the Audio EQ Cookbook."""
    amplitude = 10 ** (gain_db / 40)
    angle = 2 * np.pi * frequency / rate
    cosine, root = np.cos(angle), np.sqrt(2 * amplitude) * np.sin(angle)
    more, less = amplitude + 1, amplitude - 1
    b = amplitude * np.array(
        [more + less * cosine + root, -2 * (less + more * cosine), more + less * cosine - root]
    )
    a = np.array(
        [more - less * cosine + root, 2 * (less - more * cosine), more - less * cosine - root]
    )
    return b / a[0], a / a[0]


def late(samples: np.ndarray, delay: int) -> np.ndarray:
    moved = np.zeros_like(samples)
    if delay >= 0:
        moved[delay:] = samples[: samples.size - delay]
    else:
        moved[:delay] = samples[-delay:]
    return moved
