"""The level of the drums along their path, and the common offset that a setting asks for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from reaper_drumgain.features import Measurement
    from reaper_drumgain.routing import Path

_SEARCH_DB = 120.0
_CLOSE_ENOUGH_DB = 1e-4


class PathLevels:
    """The drums where they meet, for any faders, from one measurement.

    ``paths``: of the measured tracks, in the measurement's order (n).
    """

    def __init__(self, measurement: Measurement, paths: Sequence[Path]) -> None:
        self._mix = measurement.mix
        channels = sum(s.stop - s.start for s in self._mix.channel_slices)
        self._through: NDArray[np.float64] = np.zeros((2, channels))
        self._beside: NDArray[np.float64] = np.zeros((2, channels))
        self._track_of_channel: NDArray[np.intp] = np.zeros(channels, dtype=np.intp)
        for place, (path, columns) in enumerate(zip(paths, self._mix.channel_slices, strict=True)):
            mono = columns.stop - columns.start == 1
            for target, matrix in (
                (self._through, path.through_fader),
                (self._beside, path.beside_fader),
            ):
                block = np.asarray(matrix)
                target[:, columns] = block.sum(axis=1, keepdims=True) if mono else block
            self._track_of_channel[columns] = place

    @property
    def has_beside(self) -> bool:
        """Whether sends carry a track's audio beside its fader."""
        return bool(self._beside.any())

    def gains(self, faders: NDArray[np.float64]) -> NDArray[np.float64]:
        """(2, channels) linear gains from every channel to left and right, for (n,) faders."""
        return self._through * faders[self._track_of_channel] + self._beside

    def loudness(
        self, faders_db: NDArray[np.float64], members: NDArray[np.bool_] | None = None
    ) -> float:
        """Gated loudness in LUFS of the drums together with (n,) faders in dB.

        ``members`` (n,): only these tracks sound.
        """
        gains = self.gains(np.power(10.0, faders_db / 20.0))
        if members is not None:
            gains = gains * members[self._track_of_channel]
        return float(self._mix.integrated(gains))

    def path_db(self, place: int, loudness: float) -> float | None:
        """What the way behind the fader adds to the loudness of one track, in dB."""
        own = np.where(self._track_of_channel == place, 1.0, 0.0)
        arriving = float(self._mix.integrated(self._through * own))
        level = arriving - loudness
        return level if math.isfinite(level) else None


def offset_for(level: Callable[[float], float], target: float) -> float | None:
    """The offset in dB at which a rising level of offset reaches the target, or None.

    None where the level is silent, or where fixed parts of it keep it from the target.
    """
    first = level(0.0)
    if not math.isfinite(first):
        return None
    if abs(first - target) < _CLOSE_ENOUGH_DB:
        return 0.0
    low, high = -_SEARCH_DB, _SEARCH_DB
    # a common gain shifts a level by itself: the first guess is most often the answer
    guess = target - first
    for _ in range(60):
        if not low <= guess <= high:
            guess = (low + high) / 2.0
        reached = level(guess)
        if abs(reached - target) < _CLOSE_ENOUGH_DB:
            return guess
        if reached < target:
            low = guess
        else:
            high = guess
        guess = guess + (target - reached)
        if high - low < _CLOSE_ENOUGH_DB:
            # gating makes loudness jump by a hair where a block crosses the gate
            return guess if abs(level(guess) - target) < 0.05 else None
    return None
