"""The level of the drums along their path, and the common offset that reaches a level.

A path is the way of a track's audio to where all drums meet: faders and pans of folders, sends.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.util.decibels import db_to_gain

if TYPE_CHECKING:
    from reaper_drumgain.analysis.measurement import Measurement
    from reaper_drumgain.tracks.routing import Path

_SEARCH_DB = 120.0
_CLOSE_ENOUGH_DB = 1e-4
_GATE_JUMP_DB = 0.05


class PathGains:
    """The gains of every channel of n tracks to the left and right side where the drums meet.

    ``channels``: 1 or 2 per track. Matrices have one column per channel, in the order of the
    tracks; ``track_of_channel`` (channels,) says which track a column belongs to.
    """

    def __init__(self, paths: Sequence[Path], channels: Sequence[int]) -> None:
        self.track_of_channel: NDArray[np.intp] = np.repeat(np.arange(len(paths)), channels)
        self._through = _columns([path.through_fader for path in paths], channels)
        self._pre_fader = _columns([path.pre_fader for path in paths], channels)

    @property
    def has_pre_fader(self) -> bool:
        """Whether pre-fader sends carry audio of a track to the drum mix."""
        return bool(self._pre_fader.any())

    def mix(self, faders_db: NDArray[np.float64]) -> NDArray[np.float64]:
        """(2, channels) linear gains for (n,) faders in dB."""
        faders = db_to_gain(faders_db)
        return np.asarray(self._through * faders[self.track_of_channel] + self._pre_fader)

    def mix_over_time(self, faders_db: NDArray[np.float64]) -> NDArray[np.float64]:
        """(2, channels, hops) linear gains for (n, hops) faders in dB."""
        faders = db_to_gain(faders_db)[self.track_of_channel]
        return np.asarray(self._through[:, :, None] * faders + self._pre_fader[:, :, None])

    def peak_gain(self, place: int) -> float:
        """The linear gain on the louder side of a track through its fader at 0 dB.

        Exact for a mono track and for a stereo one whose sides stay apart.
        """
        return float(np.abs(self.alone(place)).max(axis=1).max(initial=0.0))

    def alone(self, place: int) -> NDArray[np.float64]:
        """(2, channels) linear gains of one track through its fader at 0 dB, others silent."""
        return np.asarray(self._through * (self.track_of_channel == place))


def _columns(
    matrices: Sequence[Sequence[Sequence[float]]], channels: Sequence[int]
) -> NDArray[np.float64]:
    blocks = [np.zeros((2, 0))]
    for matrix, count in zip(matrices, channels, strict=True):
        block = np.asarray(matrix)
        # a mono track plays on both sides
        blocks.append(block.sum(axis=1, keepdims=True) if count == 1 else block)
    joined: NDArray[np.float64] = np.concatenate(blocks, axis=1)
    return joined


class PathLevels:
    """The loudness of the drums where they meet, for any faders, from one measurement."""

    def __init__(self, measurement: Measurement, paths: Sequence[Path]) -> None:
        self._meter = measurement.mix
        counts = [columns.stop - columns.start for columns in self._meter.channel_slices]
        self.gains = PathGains(paths, counts)

    def loudness(
        self, faders_db: NDArray[np.float64], members: NDArray[np.bool_] | None = None
    ) -> float:
        """Gated loudness in LUFS of the drums together with (n,) faders in dB.

        ``members`` (n,): only these tracks sound.
        """
        mix = self.gains.mix(faders_db)
        if members is not None:
            mix = mix * members[self.gains.track_of_channel]
        return float(self._meter.integrated(mix))

    def powers(self, faders_db: NDArray[np.float64]) -> NDArray[np.float64]:
        """K-weighted mean square of the drums together per 100 ms hop (hops,), both sides
        summed, with (n,) faders in dB, or (n, hops) that change."""
        if faders_db.ndim == 1:
            return self._meter.hop_powers(self.gains.mix(faders_db))
        return self._meter.hop_powers_over_time(self.gains.mix_over_time(faders_db))

    def path_db(self, place: int, loudness: float) -> float | None:
        """The gain in dB of the path behind one track's fader; None where nothing arrives.

        ``loudness``: of the track before its fader, in LUFS.
        """
        level = float(self._meter.integrated(self.gains.alone(place))) - loudness
        return level if math.isfinite(level) else None


def offset_for(level: Callable[[float], float], target: float) -> float | None:
    """The offset in dB with which ``level`` reaches the target, or None.

    ``level``: rises with the offset. None where the level is silent, or where tracks that
    do not move keep it from the target.
    """
    reached = level(0.0)
    if not math.isfinite(reached):
        return None
    low, high, guess = -_SEARCH_DB, _SEARCH_DB, 0.0
    while high - low > _CLOSE_ENOUGH_DB:
        if abs(reached - target) < _CLOSE_ENOUGH_DB:
            return guess
        if reached < target:
            low = guess
        else:
            high = guess
        # a common gain usually shifts the level by as much, so this step is most often the last
        guess += target - reached
        if not low < guess < high:
            guess = (low + high) / 2.0
        reached = level(guess)
    # loudness jumps slightly where a block crosses the gate; a larger gap is out of reach
    return guess if abs(reached - target) < _GATE_JUMP_DB else None
