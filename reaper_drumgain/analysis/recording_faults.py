"""Faults of a recording that no fader can correct: clipping, DC, hum, a dead side of a pair.

``FaultMeter`` takes the samples of one track chunk by chunk, before any filter, and keeps a few
numbers per channel and one per second. Nothing depends on the gain of the track: levels count
relative to the track's own, and runs of equal samples stay equal when scaled.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.util.decibels import power_to_db

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

#: samples that a run at the extreme has at least, and by how many steps of the file's resolution
#: the signal falls beside it: a peak that is rounded, not cut, falls by less than three
RUN, EDGE_STEPS = 3, 6.0
#: runs from which a track is called clipped, or samples of the longest one
CLIPPED_RUNS, CLIPPED_LONGEST = 3, 20
#: share of the track's peak (-0.1 dB) that a stretch must reach to be searched for runs
NEAR_PEAK = np.float32(0.989)
#: mean of the samples against their root mean square, and against the peak
DC_SHARE, DC_OF_PEAK = 0.1, 1e-3
#: a side is dead where it is so many dB quieter than the other, in this share of the seconds that
#: are within ``SOUNDING_DB`` of the loudest; it fails where it is dead for ``FAILS_S``
DEAD_DB, DEAD_SHARE, SOUNDING_DB, FAILS_S = 40.0, 0.9, 30.0, 5
#: Hz of the mains, harmonics that are looked at, the rate to which samples are averaged for that
MAINS_HZ, HARMONICS, LOW_RATE = (50.0, 60.0), 6, 2000.0
#: seconds of a stretch that is looked at for hum, and about how many stretches of a track
HUM_SECONDS, HUM_STRETCHES = 4, 24
#: hum stands out by so many dB in the quietest stretches, in so many harmonics; in half of these
#: stretches a line's level is the same within ``STEADY_DB``
LINE_DB, LINES, STEADY_DB, QUIET_SHARE, FEWEST_QUIET = 10.0, 2, 3.0, 0.3, 4
#: dB under the loudest second: hum below this is not reported
HUM_WORTH_DB = -50.0
#: samples above this are damage and not clipping
_SANE_PEAK = 1e5
#: samples of each chunk from which the resolution of the file is read
_GAPS = 1 << 15
#: parts of a stretch, 0.1 s each, whose quietest one bounds what can be hum
_BLOCKS = 10 * HUM_SECONDS
#: bins beside a line, in steps of about 0.25 Hz
_BESIDE = np.concatenate([np.arange(-9, -3), np.arange(4, 10)])
_TINY = 1e-30


@dataclass(frozen=True, slots=True)
class Clipping:
    """Where a recording reached the end of its range.

    Attributes
    ----------
    runs
        How many runs of at least ``RUN`` equal samples there are at the extreme.
    samples
        How many samples they have together.
    longest
        Samples of the longest run.
    level_db
        Level of the extreme in dBFS.
    """

    runs: int
    samples: int
    longest: int
    level_db: float

    @property
    def told(self) -> bool:
        """Whether it is reported."""
        return self.runs >= CLIPPED_RUNS or self.longest >= CLIPPED_LONGEST


@dataclass(frozen=True, slots=True)
class Hum:
    """Hum of the mains.

    Attributes
    ----------
    mains_hz
        50 or 60.
    lines
        Numbers of the harmonics that stand out; none where there is no hum.
    above_db
        By how many dB they stand out, the mean.
    under_db
        Level of all of them together in dB, relative to the loudest second.
    """

    mains_hz: float
    lines: tuple[int, ...]
    above_db: float
    under_db: float

    @property
    def told(self) -> bool:
        """Whether it is reported."""
        return len(self.lines) >= LINES and self.under_db >= HUM_WORTH_DB


@dataclass(frozen=True, slots=True)
class ChannelFaults:
    """The faults of one channel.

    Attributes
    ----------
    clipping
        Runs of samples at the extreme.
    dc
        Mean of the samples, full scale is 1.0.
    dc_share
        Its absolute value as a share of the root mean square of the samples.
    peak
        Absolute peak, full scale is 1.0.
    hum
        Hum of the mains.
    seconds
        Shape (seconds,): mean square of each second.
    """

    clipping: Clipping
    dc: float
    dc_share: float
    peak: float
    hum: Hum
    seconds: Float64

    @property
    def dc_told(self) -> bool:
        """Whether the offset is reported."""
        return self.dc_share >= DC_SHARE and abs(self.dc) >= DC_OF_PEAK * self.peak


class FaultMeter:
    """The faults of one track, from its samples as they are read.

    Parameters
    ----------
    rate
        Sample rate in Hz.
    channels
        1 or 2.
    frames
        About how many samples will come; it decides how many seconds are searched for hum.
    """

    def __init__(self, rate: int, channels: int, frames: int) -> None:
        every = max(1, frames // (rate * HUM_SECONDS * HUM_STRETCHES))
        self._channels = [_Channel(rate, every) for _ in range(channels)]

    def add(self, samples: Float32 | None, length: int, peaks: Float32, step: int) -> None:
        """Take the next chunk.

        Parameters
        ----------
        samples
            Shape (channels, length), full scale is 1.0. None where all of it is silence.
        length
            Samples of the chunk.
        peaks
            Shape (channels, steps): absolute peak of every ``step`` samples.
        step
            Samples per step.
        """
        silence = np.zeros(length if samples is None else 0, dtype=np.float32)
        for number, channel in enumerate(self._channels):
            if samples is not None:
                channel.look_for_runs(samples[number], peaks[number], step)
            channel.add(silence if samples is None else samples[number])

    def finish(self) -> tuple[ChannelFaults, ...]:
        """One for each channel."""
        return tuple(channel.finish() for channel in self._channels)


class _RunCounter:
    """Counts runs of equal samples at the largest value of one channel, times ``sign``."""

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self.high = 0.0
        self.lengths: list[int] = []

    def add(self, samples: Float32, step: float) -> None:
        """The next samples (n,); ``step``: the resolution of the file."""
        high = float(samples.max() if self._sign > 0 else -samples.min())
        if not high > 0.0 or high < self.high - 0.5 * step:
            return
        if high > self.high + 0.5 * step:
            self.high, self.lengths = high, []
        limit = np.float32(self._sign * (self.high - 0.5 * step))
        at = np.flatnonzero(samples >= limit if self._sign > 0 else samples <= limit)
        starts = np.flatnonzero(np.diff(at, prepend=-2) > 1)
        first, last = at[starts], at[np.append(starts[1:], at.size) - 1]
        # a run at the edge of what is looked at has no neighbour there: not counted
        counts = (last - first + 1 >= RUN) & (first > 0) & (last < samples.size - 1)
        first, last = first[counts], last[counts]
        beside = np.stack([samples[first - 1], samples[last + 1]]) * self._sign
        fall = self.high - beside.max(axis=0, initial=-np.inf)
        self.lengths += (last - first + 1)[fall > EDGE_STEPS * step].tolist()


class _Channel:
    """What is measured of one channel. One of ``every`` stretches is searched for hum."""

    def __init__(self, rate: int, every: int) -> None:
        self._factor = max(int(rate // LOW_RATE), 1)
        #: a second, as a whole number of averages
        self._second = max(rate // self._factor, 1) * self._factor
        self._average: Float32 = np.full(self._factor, 1.0 / self._factor, dtype=np.float32)
        self._spacing = rate / self._second
        self._every = every
        self._runs = (_RunCounter(1), _RunCounter(-1))
        self._peak = 0.0
        self._gap = np.inf
        self._total = 0.0
        self._left: Float32 = np.zeros(0, dtype=np.float32)
        self._seconds: list[float] = []
        self._lines: list[Float64] = []
        self._low: list[Float64] = []

    def look_for_runs(self, samples: Float32, peaks: Float32, step: int) -> None:
        """Search the next samples (n,) for clipping, where their ``peaks`` per ``step`` reach the
        peak of the channel; elsewhere there is none."""
        peaks = np.where(peaks <= _SANE_PEAK, peaks, np.float32(0.0))
        self._peak = max(self._peak, float(peaks.max(initial=0.0)))
        gaps = np.abs(np.diff(samples[:_GAPS]))
        gaps = gaps[gaps > 0.0]
        self._gap = min(self._gap, float(gaps.min(initial=np.inf)))
        if not (self._peak > 0.0 and np.isfinite(self._gap)):
            return
        near = np.flatnonzero(peaks >= NEAR_PEAK * np.float32(self._peak))
        for group in np.split(near, np.flatnonzero(np.diff(near) > 1) + 1):
            if not group.size:
                continue
            part = samples[max(group[0] * step - 1, 0) : (group[-1] + 1) * step + 1]
            for counter in self._runs if part.size else ():
                counter.add(part, max(self._gap, 1e-6 * counter.high))

    def add(self, samples: Float32) -> None:
        """The next samples (n,)."""
        at = 0
        if self._left.size:
            at = min(self._second - self._left.size, samples.size)
            self._left = np.concatenate([self._left, samples[:at]])
            if self._left.size < self._second:
                return
            self._measure(self._left)
        whole = at + (samples.size - at) // self._second * self._second
        for start in range(at, whole, self._second):
            self._measure(samples[start : start + self._second])
        self._left = samples[whole:].copy()

    def _measure(self, samples: Float32) -> None:
        """One second of samples."""
        stretch = len(self._seconds) // HUM_SECONDS
        self._seconds.append(float(np.dot(samples, samples)) / samples.size)
        self._total += float(samples.sum())
        if stretch % self._every:
            return
        self._low.append((samples.reshape(-1, self._factor) @ self._average).astype(np.float64))
        if len(self._low) == HUM_SECONDS:
            low = np.concatenate(self._low)
            if low.any():
                self._lines.append(_lines(low, self._spacing / HUM_SECONDS))
            self._low = []

    def finish(self) -> ChannelFaults:
        """What was found up to here. What is left of the last second counts for clipping only."""
        # a polarity that stays under the other's peak was not searched throughout
        reached = [c for c in self._runs if c.high >= NEAR_PEAK * self._peak > 0.0]
        lengths = [length for counter in reached for length in counter.lengths]
        seconds = np.array(self._seconds, dtype=np.float64)
        root = float(seconds.mean()) ** 0.5 if seconds.size else 0.0
        mean = self._total / max(seconds.size * self._second, 1)
        share = abs(mean) / root if root > 0.0 else 0.0
        clipping = Clipping(len(lengths), sum(lengths), max(lengths, default=0), _db(self._peak**2))
        hum = _hum(self._lines, float(seconds.max(initial=0.0)))
        return ChannelFaults(clipping, mean, share, self._peak, hum, seconds)


def _db(power: float) -> float:
    return float(10.0 * np.log10(max(power, _TINY)))


@functools.lru_cache(maxsize=4)
def _hann(size: int) -> Float64:
    return np.asarray(0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(size) + 0.5) / size))


def _lines(low: Float64, spacing: float) -> Float64:
    """(mains, harmonics, 2): power of each line in a stretch, and the typical power beside it.

    ``low``: samples averaged to about ``LOW_RATE``; ``spacing`` of the bins of their transform.
    """
    shape = _hann(low.size)
    parts = np.fft.rfft(low * shape)
    power = (np.square(parts.real) + np.square(parts.imag)) * 2.0 / (shape.sum() ** 2)
    harmonics = np.outer(MAINS_HZ, np.arange(1, HARMONICS + 1))
    places = np.round(harmonics / spacing).astype(np.intp)[..., None]
    line = power[places + np.arange(-1, 2)].max(axis=-1)
    # hum never pauses; strokes at an even tempo have lines too, but pauses between them
    blocks = low[: low.size // _BLOCKS * _BLOCKS].reshape(_BLOCKS, -1)
    line = np.minimum(line, 2.0 * blocks.var(axis=1).min())
    beside = np.sort(power[places + _BESIDE], axis=-1)
    return np.stack([line, beside[..., _BESIDE.size // 2]], axis=-1)


def _hum(lines: Sequence[Float64], loudest: float) -> Hum:
    """The mains whose lines stand out most; ``loudest``: mean square of the loudest second."""
    best = Hum(MAINS_HZ[0], (), 0.0, -300.0)
    if len(lines) < FEWEST_QUIET:
        return best
    table = np.array(lines)
    count = max(FEWEST_QUIET, round(QUIET_SHARE * len(table)))
    for row, mains in enumerate(MAINS_HZ):
        quiet = np.argsort(table[:, row, :, 1].sum(axis=1))[:count]
        line = power_to_db(np.maximum(table[quiet, row, :, 0], _TINY))
        beside = power_to_db(np.maximum(table[quiet, row, :, 1], _TINY))
        above = np.median(line - beside, axis=0)
        low, high = np.percentile(line, (25.0, 75.0), axis=0)
        held = (above >= LINE_DB) & (high - low <= STEADY_DB)
        if np.count_nonzero(held) > len(best.lines):
            total = float((10.0 ** (np.median(line, axis=0)[held] / 10.0)).sum())
            numbers = tuple((np.flatnonzero(held) + 1).tolist())
            under = _db(total) - _db(loudest)
            best = Hum(mains, numbers, float(above[held].mean()), under)
    return best


@dataclass(frozen=True, slots=True)
class DeadSide:
    """How much quieter one side of a pair is than the other.

    Attributes
    ----------
    side
        The quieter one, 0 or 1.
    difference_db
        By how many dB it is quieter over all seconds that sound, at most 120.
    share
        Share of these seconds in which it is dead.
    seconds
        The longest time for which it is dead without a break.
    """

    side: int
    difference_db: float
    share: float
    seconds: int

    @property
    def told(self) -> bool:
        """Whether the side is dead, or fails for a while."""
        return self.share >= DEAD_SHARE or self.seconds >= FAILS_S


def dead_side(left: Float64, right: Float64) -> DeadSide | None:
    """Whether one side of a pair is dead.

    Recording gains count only where they differ by ``DEAD_DB``.

    Parameters
    ----------
    left, right
        Shape (seconds,): mean square of each second. Lengths may differ.

    Returns
    -------
    DeadSide or None
        The quieter side; its property ``told`` says whether it is dead. None where both are silent.
    """
    size = max(left.size, right.size)
    both = np.zeros((2, size))
    both[0, : left.size], both[1, : right.size] = left, right
    louder = both.max(axis=0)
    sounding = louder > louder.max(initial=0.0) * 10.0 ** (-SOUNDING_DB / 10.0)
    if not sounding.any():
        return None
    heard = both[:, sounding]
    total = heard.sum(axis=1)
    side = int(total[1] < total[0])
    dead = heard[side] <= heard[1 - side] * 10.0 ** (-DEAD_DB / 10.0)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], dead.astype(np.int8), [0]])))
    longest = int((edges[1::2] - edges[::2]).max(initial=0))
    difference = min(_db(total[1 - side]) - _db(total[side]), 120.0)
    return DeadSide(side, difference, float(dead.mean()), longest)
