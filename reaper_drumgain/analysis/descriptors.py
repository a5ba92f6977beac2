"""Measurements that only some methods need, made in the same pass as the ordinary ones.

A method that needs more than ``features`` measures lists descriptors; ``measure`` gives
each of them every track's audio. What no chosen method asks for is not computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from reaper_drumgain.analysis.k_weighting import ORDER, Weighting
from reaper_drumgain.analysis.loudness import HOPS_PER_SECOND, Float32, Float64, hop_length
from reaper_drumgain.analysis.spectrum import band_weights, fft_length

#: steps of a ``WeightedEnvelope`` per second
STEPS_PER_SECOND = 100
_STEPS = STEPS_PER_SECOND // HOPS_PER_SECOND


class Meter(Protocol):
    """Measures one track."""

    def add(self, samples: Float32 | None, frames: int) -> None:
        """Measure the next samples. All calls but the last come with whole hops of 100 ms.

        Parameters
        ----------
        samples
            Shape (channels, frames), full scale is 1.0. None for silence.
        frames
            How many samples per channel.
        """

    def finish(self) -> Float32:
        """The result, after the last samples.

        Returns
        -------
        array
            Time along the first axis; further axes are the descriptor's.
        """


class Descriptor(Protocol):
    """Something to measure of every track."""

    @property
    def name(self) -> str:
        """The key of its results in ``Measurement.described``."""

    @property
    def identity(self) -> str:
        """The name and all parameters: descriptors of one identity measure the same."""

    def meter(self, rate: int, channels: int, frames: int) -> Meter:
        """Make the meter of one track.

        Parameters
        ----------
        rate, channels
            Sample rate in Hz; channels of the track.
        frames
            Length of the session in samples.

        Returns
        -------
        Meter
            A new meter.
        """

    def cut(self, measured: Float32, rate: int, frames: int, start: int, stop: int) -> Float32:
        """The part of a track's results that belongs to a part of the session.

        Parameters
        ----------
        measured
            The results of the track, as its meter gave them.
        rate, frames
            Sample rate in Hz; length of the session in samples.
        start, stop
            The first sample, and the one after the last; both are whole hops of 100 ms.

        Returns
        -------
        array
            The rows of ``measured`` between these.
        """

    def scaled(self, measured: Float32, power: float) -> Float32:
        """The results as if the track had been recorded louder.

        Parameters
        ----------
        measured
            The results of the track.
        power
            Factor of the power: all samples are multiplied by its square root.

        Returns
        -------
        array
            Of the shape of ``measured``.
        """


def by_name(descriptors: Iterable[Descriptor]) -> dict[str, Descriptor]:
    """The descriptors by name, each once.

    Raises
    ------
    ValueError
        Two of the same name do not measure the same.
    """
    found: dict[str, Descriptor] = {}
    for descriptor in descriptors:
        known = found.setdefault(descriptor.name, descriptor)
        if known.identity != descriptor.identity:
            raise ValueError(
                f"two different descriptors have the name {descriptor.name!r}: {known.identity} "
                f"and {descriptor.identity}"
            )
    return found


@dataclass(frozen=True, slots=True)
class SegmentLevels:
    """Peak and sum of squares of each hop of 100 ms: shape (hops, 2).

    The last hop may be incomplete. With this descriptor and ``SegmentFrames``,
    ``segments.between`` measures any part of a session without reading audio again.
    """

    name: str = "segments"

    @property
    def identity(self) -> str:
        """It has no parameters."""
        return self.name

    def meter(self, rate: int, channels: int, frames: int) -> Meter:  # noqa: ARG002
        """As ``Descriptor.meter``; the length of the session does not matter."""
        return _LevelMeter(hop_length(rate))

    def cut(self, measured: Float32, rate: int, frames: int, start: int, stop: int) -> Float32:  # noqa: ARG002
        """As ``Descriptor.cut``: whole hops."""
        hop = hop_length(rate)
        return measured[start // hop : stop // hop]

    def scaled(self, measured: Float32, power: float) -> Float32:
        """As ``Descriptor.scaled``: peaks with the samples, sums with their squares."""
        factors: Float32 = np.array([np.sqrt(power), power], dtype=np.float32)
        return measured * factors


@dataclass(frozen=True, slots=True)
class SegmentFrames:
    """Every frame of the spectrum that ``measure`` computes in any case.

    Shape (frames, ``spectrum.FRAME_COLUMNS``). Without this descriptor only their averages are
    kept.
    """

    name: str = "segments: frames"

    @property
    def identity(self) -> str:
        """It has no parameters."""
        return self.name

    def meter(self, rate: int, channels: int, frames: int) -> Meter:  # noqa: ARG002
        """As ``Descriptor.meter``, but it measures nothing: ``measure`` keeps its own frames."""
        return _NoMeter()

    def cut(self, measured: Float32, rate: int, frames: int, start: int, stop: int) -> Float32:  # noqa: ARG002
        """As ``Descriptor.cut``: the frames that begin there."""
        n_fft = fft_length(rate)
        first, last = np.searchsorted(measured[:, 0], [-(-start // n_fft), -(-stop // n_fft)])
        return measured[first:last]

    def scaled(self, measured: Float32, power: float) -> Float32:
        """As ``Descriptor.scaled``: all columns but the frame's number are energies, or weighted by
        them.
        """
        scaled = _times(measured, power)
        scaled[:, 0] = measured[:, 0]
        return scaled


@dataclass(frozen=True, slots=True)
class WeightedEnvelope:
    """Mean square per 10 ms behind a frequency weighting other than K, both sides summed.

    Shape (steps,).

    Attributes
    ----------
    name
        The key of the results.
    biquads
        Gives the coefficients (b, a, b, a) of both filter stages, each of shape (3,), at a sample
        rate in Hz.
    """

    name: str
    biquads: Callable[[int], tuple[Float64, Float64, Float64, Float64]]

    @property
    def identity(self) -> str:
        """The name, and the coefficients at 48 kHz, which identify the curve."""
        return f"{self.name}: {[part.tolist() for part in self.biquads(48_000)]}"

    def meter(self, rate: int, channels: int, frames: int) -> Meter:  # noqa: ARG002
        """As ``Descriptor.meter``; the length of the session does not matter."""
        return _EnvelopeMeter(Weighting(self.biquads(rate)), hop_length(rate), channels)

    def cut(self, measured: Float32, rate: int, frames: int, start: int, stop: int) -> Float32:  # noqa: ARG002
        """As ``Descriptor.cut``: whole steps."""
        hop = hop_length(rate)
        return measured[start // hop * _STEPS : stop // hop * _STEPS]

    def scaled(self, measured: Float32, power: float) -> Float32:
        """As ``Descriptor.scaled``: mean squares times ``power``."""
        return _times(measured, power)


@dataclass(frozen=True, slots=True)
class BandPowers:
    """Mean square in frequency bands, frame by frame, both sides summed: shape (frames, bands).

    Frames have twice the length of those of ``spectrum`` (93 ms at 44.1 kHz) and a Hann window,
    and follow each other without overlap. Of a long session every second, third, ... frame is
    taken.

    Attributes
    ----------
    name
        The key of the results.
    edges
        Rising edges of the bands in Hz. A band above half the sample rate holds nothing.
    most
        How many frames are taken at most.
    """

    name: str
    edges: tuple[float, ...]
    most: int = 4096

    @property
    def identity(self) -> str:
        """The name, the edges of the bands, the most frames."""
        return f"{self.name}: {self.edges}, {self.most}"

    def meter(self, rate: int, channels: int, frames: int) -> Meter:
        """As ``Descriptor.meter``; frame n is at the same time in all tracks."""
        n_fft, stride = self._steps(rate, frames)
        return _BandMeter(band_weights(rate, self.edges, n_fft), n_fft, stride, channels)

    def cut(self, measured: Float32, rate: int, frames: int, start: int, stop: int) -> Float32:
        """As ``Descriptor.cut``: the frames that begin there."""
        n_fft, stride = self._steps(rate, frames)
        step = n_fft * stride
        return measured[-(-start // step) : -(-stop // step)]

    def scaled(self, measured: Float32, power: float) -> Float32:
        """As ``Descriptor.scaled``: mean squares times ``power``."""
        return _times(measured, power)

    def _steps(self, rate: int, frames: int) -> tuple[int, int]:
        n_fft = 2 * fft_length(rate)
        return n_fft, max(-(-(frames // n_fft) // self.most), 1)


def _times(measured: Float32, power: float) -> Float32:
    return (measured * np.float64(power)).astype(np.float32)


class _NoMeter:
    def add(self, samples: Float32 | None, frames: int) -> None:
        """The meter of the ordinary spectrum keeps the frames."""

    def finish(self) -> Float32:
        return np.zeros(0, dtype=np.float32)


class _LevelMeter:
    def __init__(self, hop: int) -> None:
        self._hop = hop
        self._parts: list[Float32] = []

    def add(self, samples: Float32 | None, frames: int) -> None:
        levels = np.zeros((-(-frames // self._hop), 2), dtype=np.float32)
        self._parts.append(levels)
        if samples is None:
            return
        starts = np.arange(0, samples.shape[1], self._hop)
        used = levels[: starts.size]
        for channel in samples:
            for edge in (np.maximum, np.minimum):
                np.maximum(used[:, 0], np.abs(edge.reduceat(channel, starts)), out=used[:, 0])
            whole = channel.shape[0] // self._hop
            rows = channel[: whole * self._hop].reshape(-1, self._hop)
            used[:whole, 1] += np.einsum("ij,ij->i", rows, rows)
            rest = channel[whole * self._hop :]
            used[whole:, 1] += np.dot(rest, rest)

    def finish(self) -> Float32:
        return np.concatenate([np.zeros((0, 2), dtype=np.float32), *self._parts])


class _EnvelopeMeter:
    def __init__(self, weighting: Weighting, hop: int, channels: int) -> None:
        self._weighting = weighting
        self._hop = hop
        self._edges = np.round(np.linspace(0, hop, _STEPS + 1)).astype(np.intp)
        self._states = [np.zeros(ORDER) for _ in range(channels)]
        self._rings = False
        self._parts: list[Float32] = []
        self._frames = 0

    def add(self, samples: Float32 | None, frames: int) -> None:
        self._frames += frames
        hops = -(-frames // self._hop)
        envelope = np.zeros(hops * _STEPS, dtype=np.float32)
        self._parts.append(envelope)
        if samples is None and not self._rings:
            return
        # the filter's ringing ends well within one call
        self._rings = samples is not None
        for channel, state in enumerate(self._states):
            sound = np.zeros(hops * self._hop, dtype=np.float32)
            if samples is not None:
                sound[:frames] = samples[channel]
            out = np.empty_like(sound)
            self._states[channel] = self._weighting.process(sound, state, out)
            squares = np.square(out).reshape(hops, self._hop)
            envelope += np.add.reduceat(squares, self._edges[:-1], axis=1).ravel()
        # a track of one channel plays on both sides
        envelope *= 2.0 / len(self._states)
        envelope /= np.tile(np.diff(self._edges), hops).astype(np.float32)
        if not self._rings:
            self._states = [np.zeros(ORDER) for _ in self._states]

    def finish(self) -> Float32:
        whole = self._frames * _STEPS // self._hop
        return np.concatenate([np.zeros(0, dtype=np.float32), *self._parts])[:whole]


class _BandMeter:
    def __init__(self, weights: Float64, n_fft: int, stride: int, channels: int) -> None:
        self._n_fft = n_fft
        self._stride = stride
        window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(n_fft) / n_fft)
        # times n_fft, which norm="forward" takes out again and which keeps float32 inside
        self._window: Float32 = (n_fft * window).astype(np.float32)
        # so that the sum over all bands from 0 on is the frame's mean square, both sides summed;
        # a track of one channel plays on both
        scaled = weights * (4.0 / (channels * n_fft * np.square(window).sum()))
        self._weights: Float32 = np.ascontiguousarray(scaled, dtype=np.float32)
        self._rest: Float32 = np.zeros((channels, 0), dtype=np.float32)
        self._next = 0
        self._parts: list[Float32] = []

    def add(self, samples: Float32 | None, frames: int) -> None:
        channels, held = self._rest.shape
        count = (held + frames) // self._n_fft
        if samples is None:
            samples = np.zeros((channels, frames), dtype=np.float32)
        sound = np.concatenate([self._rest, samples], axis=1)
        split = count * self._n_fft
        self._rest = sound[:, split:].copy()
        cut = sound[:, :split].reshape(channels, count, self._n_fft)[:, self._next :: self._stride]
        if count > self._next:
            self._measure(cut)
        ahead = self._next - count
        self._next = ahead if ahead >= 0 else ahead % self._stride

    def _measure(self, cut: Float32) -> None:
        powers = np.zeros((cut.shape[1], self._weights.shape[1]), dtype=np.float32)
        self._parts.append(powers)
        for channel in cut:
            sounds = np.flatnonzero(channel.any(axis=1))
            if sounds.size:
                spectrum = np.fft.rfft(channel[sounds] * self._window, norm="forward")
                power = np.square(spectrum.real) + np.square(spectrum.imag)
                powers[sounds] += power.astype(np.float32, copy=False) @ self._weights

    def finish(self) -> Float32:
        none = np.zeros((0, self._weights.shape[1]), dtype=np.float32)
        return np.concatenate([none, *self._parts])
