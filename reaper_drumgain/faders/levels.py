"""The level of the drums along their path, and the common offset that reaches a level.

A path is the way of a track's audio from behind its fader to where all drums meet: pan and pan
law, faders and pans of folders and buses, sends. **The level of a microphone is that with which
it reaches the master.** So a method's gain is what a microphone's audio is to be multiplied by on
its whole way, and the fader gives the part of it that the path does not: ``PathLevels.path_db`` is
subtracted in full (``PathLevels.fader_gains``). Only methods that set faders without regard to
levels (every fader at 0 dB, at its role's, by chance) get their faders as they say
(``PathLevels.master_gains``). What follows from that:

- A track of one channel plays on both sides, as a file with the same signal twice does; the path
  of both is 0 dB at the centre under the 0 dB pan law. Panned hard to one side it reaches the
  master 3 dB softer and gets 3 dB more. So does each side of a pair, as each is one microphone:
  both together are then 3 dB louder than one of them. Engineers' faders, which the forest learned
  from, were mostly set under pan laws that keep a track's power, so their gains mean the same.
- A linked pair makes one move: the mean of what its sides want, so that different paths of the
  sides stay different.
- Parallel ways add up, as they do in REAPER: a track that is also sent to a bus is as loud as both
  ways together make it. What a pre-fader send carries does not follow the fader, and is no part of
  this; in the level of the drums together it counts.
- Intervals lie around the fader at the end of the full move, so they need no path; levels in
  reasons, reports and pictures are ``loudness + path_db + fader``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.units import LinearGain, to_decibel
from reaper_drumgain.util.decibels import db_to_gain

if TYPE_CHECKING:
    from reaper_drumgain.analysis.measurement import Measurement
    from reaper_drumgain.tracks.routing import Path

_SEARCH_DB = 120.0
_CLOSE_ENOUGH_DB = 1e-4
_GATE_JUMP_DB = 0.05
#: a path so far below the most open one is in effect a mute
_CLOSED_DB = 30.0


class PathGains:
    """The gains of every channel of n tracks to the left and right side where the drums meet.

    Matrices have one column per channel, in the order of the tracks. ``track_of_channel``, shape
    (channels,), says which track a column belongs to.

    Parameters
    ----------
    paths
        The path of each track.
    channels
        1 or 2 for each track.
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
        """The gains of all channels with the faders of one moment.

        Parameters
        ----------
        faders_db
            Shape (n,): faders in dB.

        Returns
        -------
        ndarray
            Shape (2, channels): linear gains.
        """
        faders = db_to_gain(faders_db)
        return np.asarray(self._through * faders[self.track_of_channel] + self._pre_fader)

    def mix_over_time(self, faders_db: NDArray[np.float64]) -> NDArray[np.float64]:
        """The gains of all channels with faders that change.

        Parameters
        ----------
        faders_db
            Shape (n, hops): faders in dB.

        Returns
        -------
        ndarray
            Shape (2, channels, hops): linear gains.
        """
        faders = db_to_gain(faders_db)[self.track_of_channel]
        return np.asarray(self._through[:, :, None] * faders + self._pre_fader[:, :, None])

    def peak_gain(self, place: int) -> float:
        """The linear gain on the louder side of a track through its fader at 0 dB.

        Exact for a mono track and for a stereo one whose sides stay apart.
        """
        return float(np.abs(self.alone(place)).max(initial=0.0))

    def alone(self, place: int) -> NDArray[np.float64]:
        """The gains of one track through its fader at 0 dB.

        Parameters
        ----------
        place
            The place of the track.

        Returns
        -------
        ndarray
            Shape (2, channels of that track): linear gains.
        """
        return np.asarray(self._through[:, self.track_of_channel == place])


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
        """The loudness of the drums together.

        Parameters
        ----------
        faders_db
            Shape (n,): faders in dB.
        members
            Shape (n,): only these tracks sound. None for all.

        Returns
        -------
        float
            Gated loudness in LUFS, -inf for silence.

        References
        ----------
        ITU-R BS.1770
        """
        mix = self.gains.mix(faders_db)
        if members is not None:
            mix = mix * members[self.gains.track_of_channel]
        return float(self._meter.integrated(mix))

    def powers(self, faders_db: NDArray[np.float64]) -> NDArray[np.float64]:
        """The power of the drums together over time.

        Parameters
        ----------
        faders_db
            Faders in dB: shape (n,), or (n, hops) where they change.

        Returns
        -------
        ndarray
            Shape (hops,): K-weighted mean square per hop of 100 ms, both sides summed.
        """
        if faders_db.ndim == 1:
            return self._meter.hop_powers(self.gains.mix(faders_db))
        return self._meter.hop_powers_over_time(self.gains.mix_over_time(faders_db))

    @cached_property
    def path_db(self) -> NDArray[np.float64]:
        """Shape (n,): the gain in dB of the path behind each fader.

        It is the loudness of the track alone at the master with its fader at 0 dB, less that before
        the fader. NaN where nothing arrives.
        """
        return np.array([self._path_db(place) for place in range(len(self._meter.channel_slices))])

    def _path_db(self, place: int) -> float:
        gains = self.gains.alone(place)
        # at the scale of the raw track, so that a low path does not end below the absolute gate
        scale = float(np.abs(gains).max(initial=0.0))
        if not scale > 0.0:
            return math.nan
        alone = self._meter.alone(place)
        both = np.eye(2) if gains.shape[1] == 2 else np.ones((2, 1))
        level = alone.integrated(gains / scale) - alone.integrated(both)
        return level + to_decibel(LinearGain(scale)) if math.isfinite(level) else math.nan

    def fader_gains(self, gains_db: NDArray[np.float64]) -> NDArray[np.float64]:
        """The part of gains up to the master that the faders give; the path gives the rest.

        A path counts as closed where nothing arrives, or 30 dB less than along the most open path,
        which is in effect a mute. A fader does not make up for that: the median of the other paths
        is taken.

        Parameters
        ----------
        gains_db
            Gains in dB from the track to the master, shape (n,) or (n, hops).

        Returns
        -------
        ndarray
            Faders in dB, of the same shape.
        """
        return np.asarray((gains_db.T - self._taken_off).T)

    def master_gains(self, faders_db: NDArray[np.float64]) -> NDArray[np.float64]:
        """The gains up to the master of which ``fader_gains`` makes these faders.

        Parameters
        ----------
        faders_db
            Shape (n,): faders in dB.

        Returns
        -------
        ndarray
            Shape (n,): gains in dB.
        """
        return faders_db + self._taken_off

    @cached_property
    def _taken_off(self) -> NDArray[np.float64]:
        """(n,) what ``fader_gains`` takes off, in dB."""
        path = self.path_db
        heard = np.isfinite(path)
        if not heard.any():
            return np.zeros(path.shape)
        is_open = heard & (np.nan_to_num(path) > path[heard].max() - _CLOSED_DB)
        return np.where(is_open, path, np.median(path[is_open]))


def offset_for(level: Callable[[float], float], target: float) -> float | None:
    """The offset in dB with which a level reaches the target.

    None where the level is silent, or where tracks that do not move keep it from the target.
    ``level`` gives the level for an offset, and rises with it.
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
