"""Loudness of any mix of the tracks, from their covariance: no audio is read again."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.loudness import Float32, Float64, gated_loudness


@functools.cache
def pairs(channels: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Number all pairs of channels a <= b, in the order of ``numpy.triu_indices``.

    Parameters
    ----------
    channels
        How many there are.

    Returns
    -------
    tuple
        The first and the second channel of each pair, both of shape (pairs,).
    """
    return np.triu_indices(channels)


@dataclass(frozen=True, slots=True)
class CovarianceRun:
    """The covariance of consecutive hops in which the same channels sound.

    Attributes
    ----------
    start
        Number of the first hop.
    channels
        Shape (n,): the channels that sound.
    packed
        Shape (hops, pairs): mean products of the K-weighted channels, in the order of ``pairs(n)``.
    """

    start: int
    channels: npt.NDArray[np.intp]
    packed: Float32


@dataclass(frozen=True, slots=True)
class MixLoudness:
    """Loudness of any mix of the channels, from their K-weighted covariance per 100 ms hop.

    Attributes
    ----------
    hops
        Length of the session in hops.
    channel_slices
        The channels of each track. They follow each other; a stereo track has two.
    runs
        The covariance. Hops where nothing sounds, and silent channels, take no room.
    """

    hops: int
    channel_slices: tuple[slice, ...]
    runs: tuple[CovarianceRun, ...]

    @property
    def channels(self) -> int:
        """How many channels all tracks have together."""
        return self.channel_slices[-1].stop if self.channel_slices else 0

    def between(self, first: int, last: int) -> MixLoudness:
        """The same of hops ``first`` to ``last`` alone."""
        last = min(last, self.hops)
        runs = []
        for run in self.runs:
            low = max(run.start, first)
            high = min(run.start + run.packed.shape[0], last)
            if low < high:
                packed = run.packed[low - run.start : high - run.start]
                runs.append(CovarianceRun(low - first, run.channels, packed))
        return MixLoudness(max(last - first, 0), self.channel_slices, tuple(runs))

    def alone(self, track: int) -> MixLoudness:
        """The same of the channels of one track alone."""
        own = self.channel_slices[track]
        runs = []
        for run in self.runs:
            chosen = (run.channels >= own.start) & (run.channels < own.stop)
            if chosen.any():
                first, second = pairs(run.channels.size)
                packed = run.packed[:, chosen[first] & chosen[second]]
                runs.append(CovarianceRun(run.start, run.channels[chosen] - own.start, packed))
        return MixLoudness(self.hops, (slice(0, own.stop - own.start),), tuple(runs))

    def covariance(self) -> Float64:
        """The K-weighted covariance of all channels, summed over the hops.

        Returns
        -------
        array
            Shape (channels, channels): sums over all hops of the mean products.
        """
        total = np.zeros((self.channels, self.channels))
        for run in self.runs:
            first, second = pairs(run.channels.size)
            one, other = run.channels[first], run.channels[second]
            total[one, other] += run.packed.sum(axis=0, dtype=np.float64)
        return np.asarray(np.triu(total) + np.triu(total, 1).T)

    def hop_powers(self, gains: npt.ArrayLike) -> Float64:
        """The power of a mix, hop by hop.

        Parameters
        ----------
        gains
            Shape (outputs, channels) or (channels,): linear gains.

        Returns
        -------
        array
            Shape (hops,): K-weighted mean square, summed over the outputs.

        Raises
        ------
        ValueError
            ``gains`` has another number of channels.
        """
        matrix = np.atleast_2d(np.asarray(gains, dtype=np.float64))
        if matrix.shape[1] != self.channels:
            raise ValueError(f"gains have {matrix.shape[1]} channels, expected {self.channels}")
        products = matrix.T @ matrix
        products *= 2.0 - np.eye(self.channels)
        powers = np.zeros(self.hops)
        for run in self.runs:
            first, second = pairs(run.channels.size)
            weights = products[run.channels[first], run.channels[second]]
            powers[run.start : run.start + run.packed.shape[0]] = run.packed @ weights
        return np.maximum(powers, 0.0)

    def hop_powers_over_time(self, gains: Float64) -> Float64:
        """As ``hop_powers``, for gains that change from hop to hop.

        Parameters
        ----------
        gains
            Shape (outputs, channels, hops): linear gains.

        Returns
        -------
        array
            Shape (hops,): K-weighted mean square, summed over the outputs.
        """
        powers = np.zeros(self.hops)
        for run in self.runs:
            span = slice(run.start, run.start + run.packed.shape[0])
            used = gains[:, run.channels, span]
            for pair, (a, b) in enumerate(zip(*pairs(run.channels.size), strict=True)):
                weight = (used[:, a] * used[:, b]).sum(axis=0)
                powers[span] += (1.0 if a == b else 2.0) * weight * run.packed[:, pair]
        return np.maximum(powers, 0.0)

    def integrated(self, gains: npt.ArrayLike) -> float:
        """Gated loudness of the mix ``gains @ channels``.

        Parameters
        ----------
        gains
            Shape (outputs, channels) or (channels,): linear gains. The powers of the outputs are
            summed with weight one, as ITU-R BS.1770-4 does for left and right.

        Returns
        -------
        float
            In LUFS. -inf where the mix is silent, and where it is shorter than 400 ms and so has no
            whole gating block.
        """
        loudness = gated_loudness(self.hop_powers(gains))
        return -math.inf if math.isnan(loudness) else loudness


class CovarianceMeter:
    """Collects the covariance of K-weighted chunks into a ``MixLoudness``."""

    #: hops per stored run: while runs are joined, only one is in memory twice
    LIMIT = 2048

    def __init__(self, channel_slices: Sequence[slice], hop: int) -> None:
        self._slices = tuple(channel_slices)
        self._hop = hop
        self._runs: list[CovarianceRun] = []
        self._open: list[CovarianceRun] = []

    def add(self, start: int, weighted: Float32, channels: npt.NDArray[np.intp]) -> None:
        """Add the covariance of a chunk.

        Parameters
        ----------
        start
            Number of its first hop.
        weighted
            Shape (n, hops * samples per hop): K-weighted samples of the channels that sound.
        channels
            Shape (n,): the numbers of these channels.
        """
        if not channels.size:
            return
        hops = weighted.shape[1] // self._hop
        cube = weighted.reshape(channels.size, hops, self._hop).transpose(1, 0, 2)
        # the product of the first channel with itself is computed apart: for one array times itself
        # numpy takes a routine for symmetric results, which for few channels is half as fast
        lower = np.matmul(cube[:, 1:], cube.transpose(0, 2, 1))
        first, second = pairs(channels.size)
        packed = np.empty((hops, first.size), dtype=np.float32)
        packed[:, 0] = np.einsum("ij,ij->i", cube[:, 0], cube[:, 0])
        packed[:, 1:] = lower[:, second[1:] - 1, first[1:]]
        packed /= np.float32(self._hop)
        if self._open and not (
            np.array_equal(self._open[0].channels, channels)
            and start - self._open[0].start < self.LIMIT
            and start == self._open[-1].start + self._open[-1].packed.shape[0]
        ):
            self._close()
        self._open.append(CovarianceRun(start, channels, packed))

    def _close(self) -> None:
        if self._open:
            packed = np.concatenate([run.packed for run in self._open])
            self._runs.append(CovarianceRun(self._open[0].start, self._open[0].channels, packed))
            self._open.clear()

    def finish(self, hops: int) -> MixLoudness:
        """The covariance of the first ``hops`` hops."""
        self._close()
        runs = [
            CovarianceRun(run.start, run.channels, run.packed[: hops - run.start])
            for run in self._runs
            if run.start < hops
        ]
        return MixLoudness(hops, self._slices, tuple(runs))
