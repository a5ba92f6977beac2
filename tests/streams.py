"""In-memory streams and drum-like sounds for the tests of loudness and features."""

from __future__ import annotations

import numpy as np


class ArrayStream:
    """Samples (n,) or (channels, n) as a stream. Digital silence is read as None.

    ``sizes``: how many samples the reads give at most, in turn (default: what is asked for).
    """

    def __init__(
        self, samples: np.ndarray, rate: int, *, sizes: tuple[int, ...] = (), nones: bool = True
    ) -> None:
        self._samples = np.atleast_2d(samples).astype(np.float32)
        self.rate = rate
        self.channels, self.frames = self._samples.shape
        self._sizes = sizes
        self._nones = nones
        self._reads = 0
        self._position = 0

    def read(self, frames: int) -> np.ndarray | None:
        """The next block; a short block where ``sizes`` says so, which is never None."""
        asked = frames
        if self._sizes:
            frames = min(frames, self._sizes[self._reads % len(self._sizes)])
            self._reads += 1
        block = self._samples[:, self._position : self._position + frames]
        self._position += block.shape[1]
        whole = frames == asked or self._position == self.frames
        if self._nones and whole and block.size and not block.any():
            return None
        return np.ascontiguousarray(block)


def drum_track(
    rate: int, seconds: float, *, seed: int, density: float = 1.0, level: float = 0.3
) -> np.ndarray:
    """Decaying noisy tones about twice a second; ``density`` is the share that sounds."""
    random = np.random.default_rng(seed)
    samples = np.zeros(round(seconds * rate), dtype=np.float32)
    length = int(0.4 * rate)
    time = np.arange(length) / rate
    starts = np.arange(0.02, max(seconds - 0.05, 0.03), 0.27)
    chosen = random.random(starts.size) < density
    chosen[starts.size // 2] = True
    for start in starts[chosen]:
        frequency = random.uniform(60.0, min(3_000.0, rate / 4))
        tone = np.sin(2 * np.pi * frequency * time) + 0.5 * random.standard_normal(length)
        hit = random.uniform(0.2, 1.0) * level * tone * np.exp(-time / random.uniform(0.02, 0.2))
        at = int(start * rate)
        stop = min(at + length, samples.size)
        samples[at:stop] += hit[: stop - at].astype(np.float32)
    return samples
