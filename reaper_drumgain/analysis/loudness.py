"""Loudness after ITU-R BS.1770-4 and EBU Tech 3342, of tracks and of any mix of them.

The K-weighting is the standard's two biquads, re-derived for the sample rate as libebur128
does, folded into one system of order four and run as an exact recursive filter in blocks:
with x a block of N samples and s the state before it,

    y = T x + O s        (T lower triangular Toeplitz: the impulse response)
    s' = A^N s + R x

so that nearly all work is matrix products over all blocks at once, and only the states
(4 numbers per block) need a scan. The products are float32 and the scan is float64. The state
space is scaled to a unit controllability Gramian (states have the size of the signal), so
each product rounds at about 1e-7 of the input: 110 dB below full scale at the very worst,
which moves the loudness of anything above the -70 LUFS gate by less than 0.001 LU.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.units import Decibel, power_to_decibel, to_linear, to_power

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

#: samples per matrix block and blocks per group of the state scan
BLOCK = 32
GROUP = 14
ORDER = 4

MIN_RATE = 8_000
MAX_RATE = 768_000
HOPS_PER_SECOND = 10
GATING_HOPS = 4
SHORT_TERM_HOPS = 30
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
RANGE_GATE_LU = -20.0
#: BS.1770-4: loudness of mean square p is -0.691 + 10 log10 p
OFFSET_DB = -0.691


def hop_length(rate: int) -> int:
    """Samples of the 100 ms hop by which gating blocks advance (rounded, as libebur128)."""
    return (rate + HOPS_PER_SECOND // 2) // HOPS_PER_SECOND


def k_weighting(rate: int) -> tuple[Float64, Float64, Float64, Float64]:
    """The two K-weighting biquads at ``rate``: (b, a) of the shelf, (b, a) of the high-pass.

    BS.1770-4 tabulates them at 48 kHz; the analogue prototypes behind the table are those
    of libebur128 (B. De Man, "Evaluation of implementations of the EBU R128 loudness
    measurement", 2018). Raises ValueError outside 8 to 768 kHz.
    """
    if not MIN_RATE <= rate <= MAX_RATE:
        raise ValueError(f"a sample rate must be {MIN_RATE} to {MAX_RATE} Hz, got {rate}")
    frequency, gain_db, q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    k = math.tan(math.pi * frequency / rate)
    high = to_linear(Decibel(gain_db))
    band = high**0.4996667741545416
    a0 = 1.0 + k / q + k * k
    shelf_b = np.array(
        [high + band * k / q + k * k, 2.0 * (k * k - high), high - band * k / q + k * k]
    )
    shelf_a = np.array([a0, 2.0 * (k * k - 1.0), 1.0 - k / q + k * k])
    frequency, q = 38.13547087602444, 0.5003270373238773
    k = math.tan(math.pi * frequency / rate)
    a0 = 1.0 + k / q + k * k
    pass_a = np.array([a0, 2.0 * (k * k - 1.0), 1.0 - k / q + k * k])
    return shelf_b / shelf_a[0], shelf_a / shelf_a[0], np.array([1.0, -2.0, 1.0]), pass_a / a0


def _state_space(b: Float64, a: Float64) -> tuple[Float64, Float64, Float64, float]:
    """A biquad as (A, B, C, D), transposed direct form II."""
    return (
        np.array([[-a[1], 1.0], [-a[2], 0.0]]),
        np.array([b[1] - a[1] * b[0], b[2] - a[2] * b[0]]),
        np.array([1.0, 0.0]),
        float(b[0]),
    )


class Weighting:
    """The matrices of two biquads, (b, a) of each. Immutable: threads may share one."""

    def __init__(self, biquads: tuple[Float64, Float64, Float64, Float64]) -> None:
        first_b, first_a, second_b, second_a = biquads
        A1, B1, C1, D1 = _state_space(first_b, first_a)
        A2, B2, C2, D2 = _state_space(second_b, second_a)
        A = np.zeros((ORDER, ORDER))
        A[:2, :2], A[2:, :2], A[2:, 2:] = A1, np.outer(B2, C1), A2
        B = np.concatenate([B1, B2 * D1])
        C = np.concatenate([D2 * C1, C2])
        gramian = np.linalg.solve(np.eye(16) - np.kron(A, A), np.outer(B, B).ravel())
        gramian = gramian.reshape(ORDER, ORDER)
        scale = np.linalg.cholesky((gramian + gramian.T) / 2.0)
        inverse = np.linalg.inv(scale)
        A, B, C = inverse @ A @ scale, inverse @ B, C @ scale

        observe = np.empty((BLOCK, ORDER))  # rows C A^i
        reach = np.empty((ORDER, BLOCK))  # columns A^(N-1-i) B
        row, column = C, B
        for i in range(BLOCK):
            observe[i], reach[:, BLOCK - 1 - i] = row, column
            row, column = row @ A, A @ column
        response = np.concatenate([[D1 * D2], observe[:-1] @ B])
        lag = np.subtract.outer(np.arange(BLOCK), np.arange(BLOCK))
        toeplitz = np.where(lag >= 0, response[np.abs(lag)], 0.0)
        self._step = A
        self._toeplitz: Float32 = np.ascontiguousarray(toeplitz.T, dtype=np.float32)
        self._observe: Float32 = np.ascontiguousarray(observe.T, dtype=np.float32)
        self._reach: Float32 = np.ascontiguousarray(reach.T, dtype=np.float32)
        self._levels: list[tuple[Float64, Float64]] = []
        power = np.linalg.matrix_power(A, BLOCK)
        for _ in range(6):  # GROUP^6 blocks: more samples per call than memory holds
            self._levels.append(_scan_matrices(power))
            power = np.linalg.matrix_power(power, GROUP)

    def process(self, samples: Float32, state: Float64, out: Float32) -> Float64:
        """Filter ``samples`` (n,) from ``state`` (4,) into ``out`` (n,); returns the new state.

        The first state is zeros. Any n gives the same signal, whole blocks are fast.
        """
        whole = samples.shape[0] // BLOCK
        if whole:
            split = whole * BLOCK
            blocks = samples[:split].reshape(whole, BLOCK)
            target = out[:split].reshape(whole, BLOCK)
            drive = np.matmul(blocks, self._reach).astype(np.float64)
            after = self._scan(drive, state, 0)
            before = np.empty((whole, ORDER), dtype=np.float32)
            before[0] = state
            before[1:] = after[:-1]
            np.matmul(blocks, self._toeplitz, out=target)
            target += before @ self._observe
            state = after[-1]
            samples, out = samples[split:], out[split:]
        rest = samples.shape[0]
        if rest:
            out[:] = samples @ self._toeplitz[:rest, :rest]
            out += state.astype(np.float32) @ self._observe[:, :rest]
            drive = (samples @ self._reach[BLOCK - rest :]).astype(np.float64)
            state = np.linalg.matrix_power(self._step, rest) @ state + drive
        return state

    def _scan(self, drive: Float64, state: Float64, level: int) -> Float64:
        """States after each step: s_k = M s_(k-1) + drive_k with M of the level."""
        count = drive.shape[0]
        within, carry = self._levels[level]
        if count <= GROUP:
            size = count * ORDER
            after = drive.reshape(size) @ within[:size, :size] + state @ carry[:, :size]
            return after.reshape(count, ORDER)
        groups = -(-count // GROUP)
        padded = np.zeros((groups * GROUP, ORDER))
        padded[:count] = drive
        grouped = padded.reshape(groups, GROUP * ORDER) @ within
        ends = self._scan(grouped[:, -ORDER:], state, level + 1)
        starts = np.concatenate([state[None], ends[:-1]])
        grouped += starts @ carry
        return grouped.reshape(padded.shape)[:count]


class KWeighting(Weighting):
    """The K-weighting of BS.1770-4 at one rate."""

    def __init__(self, rate: int) -> None:
        super().__init__(k_weighting(rate))


def _scan_matrices(step: Float64) -> tuple[Float64, Float64]:
    """Row-vector matrices of a group: its drives to its states, the state before to them."""
    powers = np.empty((GROUP + 1, ORDER, ORDER))
    powers[0] = np.eye(ORDER)
    for later in range(GROUP):
        powers[later + 1] = step.T @ powers[later]
    lag = np.arange(GROUP) - np.arange(GROUP)[:, None]  # of a state behind a drive
    within = np.where(lag[:, :, None, None] >= 0, powers[np.abs(lag)], 0.0).transpose(0, 2, 1, 3)
    size = GROUP * ORDER
    return within.reshape(size, size), powers[1:].transpose(1, 0, 2).reshape(ORDER, size)


def to_lufs(power: float) -> float:
    """Loudness of a K-weighted mean square; -inf for none."""
    return OFFSET_DB + power_to_decibel(power)


def from_lufs(loudness: float) -> float:
    """The K-weighted mean square of a loudness."""
    return to_power(Decibel(loudness - OFFSET_DB))


def _sliding_mean(hops: Float64, width: int) -> Float64:
    """Means of ``width`` neighbours: sums of two, four, eight, ... of which each makes its part."""
    count = hops.size - width + 1
    if count < 1:
        return np.empty(0)
    total = np.zeros(count)
    sums, size, at = hops, 1, 0
    while size <= width:
        if width & size:
            total += sums[at : at + count]
            at += size
        sums = sums[:-size] + sums[size:]
        size *= 2
    total /= width
    return total


def quantiles(values: Float64, shares: Sequence[float]) -> Float64:
    """Quantiles over the last axis, interpolated linearly, as ``np.quantile`` does: (shares, ...).

    On its own because ``np.quantile`` imports numpy.ma, a tenth of a short run's time.
    """
    ordered = np.sort(values)
    last = values.shape[-1] - 1
    found = np.empty((len(shares), *values.shape[:-1]))
    for place, share in enumerate(shares):
        below = int(share * last)
        low, high = ordered[..., below], ordered[..., min(below + 1, last)]
        found[place] = low + (high - low) * (share * last - below)
    return found


def gated_loudness(hops: npt.ArrayLike) -> float:
    """Integrated loudness in LUFS of the K-weighted mean squares of 100 ms hops (n,).

    BS.1770-4: blocks of 400 ms with 75 % overlap, those at or below -70 LUFS and then those
    at or below 10 LU under the mean of the rest are left out; an incomplete block at the end
    does not count. -inf where no block passes (silence), NaN where there is no whole block
    (less than 400 ms).
    """
    return gated_mean(_sliding_mean(np.asarray(hops, dtype=np.float64), GATING_HOPS))


def gated_mean(blocks: Float64) -> float:
    """Loudness in LUFS of the mean squares of gating blocks (n,), gated as ``gated_loudness``."""
    if not blocks.size:
        return math.nan
    loud = blocks[blocks > from_lufs(ABSOLUTE_GATE_LUFS)]
    if not loud.size:
        return -math.inf
    gate = loud.sum() / loud.size * to_power(Decibel(RELATIVE_GATE_LU))
    loud = loud[loud > gate]
    return to_lufs(float(loud.sum() / loud.size))


def loudness_range(hops: npt.ArrayLike) -> float:
    """Loudness range in LU after EBU Tech 3342 of the K-weighted mean squares of 100 ms hops.

    Short-term loudness of 3 s every 100 ms, gates at -70 LUFS and 20 LU under the mean,
    from the 10th to the 95th percentile (nearest rank). NaN below 3 s and for silence.
    """
    blocks = _sliding_mean(np.asarray(hops, dtype=np.float64), SHORT_TERM_HOPS)
    loud = blocks[blocks >= from_lufs(ABSOLUTE_GATE_LUFS)]
    if not loud.size:
        return math.nan
    loud = np.sort(loud[loud >= loud.mean() * to_power(Decibel(RANGE_GATE_LU))])
    last = loud.size - 1
    low, high = loud[int(last * 0.10 + 0.5)], loud[int(last * 0.95 + 0.5)]
    return power_to_decibel(float(high / low))


@functools.cache
def pairs(channels: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """First and second of all pairs of channels, as ``numpy.triu_indices``."""
    return np.triu_indices(channels)


@dataclass(frozen=True, slots=True)
class CovarianceRun:
    """Hops ``start`` to ``start + len(packed)`` in which only ``channels`` sound.

    ``packed``: (hops, pairs) mean products of the K-weighted channels a <= b in the order of
    ``numpy.triu_indices(len(channels))``.
    """

    start: int
    channels: npt.NDArray[np.intp]
    packed: Float32


@dataclass(frozen=True, slots=True)
class MixLoudness:
    """Loudness of any mix of the channels, from their K-weighted covariance per 100 ms hop.

    Channels are the tracks' in order, a stereo track has two; ``channel_slices`` gives each
    track's. Hops where nothing sounds, and silent channels, take no room.
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

    def hop_powers(self, gains: npt.ArrayLike) -> Float64:
        """K-weighted mean square per hop (hops,), summed over the outputs of ``gains``."""
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
        """As ``hop_powers``, for gains (outputs, channels, hops) that change from hop to hop."""
        powers = np.zeros(self.hops)
        for run in self.runs:
            span = slice(run.start, run.start + run.packed.shape[0])
            used = gains[:, run.channels, span]
            for pair, (a, b) in enumerate(zip(*pairs(run.channels.size), strict=True)):
                weight = (used[:, a] * used[:, b]).sum(axis=0)
                powers[span] += (1.0 if a == b else 2.0) * weight * run.packed[:, pair]
        return np.maximum(powers, 0.0)

    def integrated(self, gains: npt.ArrayLike) -> float:
        """Gated loudness in LUFS of the mix ``gains @ channels``.

        gains: (outputs, channels) linear factors; the outputs' powers are summed with weight
        one, as BS.1770-4 does for left and right. -inf where the mix is silent, and where it
        is shorter than 400 ms, so that no block can be gated.
        """
        loudness = gated_loudness(self.hop_powers(gains))
        return -math.inf if math.isnan(loudness) else loudness

    def track_loudness(self, track: int) -> float:
        """Gated loudness in LUFS of one track over the session's length; as ``integrated``."""
        chosen = self.channel_slices[track]
        return self.integrated(np.eye(self.channels)[chosen])


class CovarianceMeter:
    """Collects the covariance of K-weighted chunks into a ``MixLoudness``."""

    #: hops per stored run, so that joining runs never holds much twice
    LIMIT = 2048

    def __init__(self, channel_slices: Sequence[slice], hop: int) -> None:
        self._slices = tuple(channel_slices)
        self._hop = hop
        self._runs: list[CovarianceRun] = []
        self._open: list[CovarianceRun] = []

    def add(self, start: int, weighted: Float32, channels: npt.NDArray[np.intp]) -> None:
        """Add hops from ``start`` on: ``weighted`` (channels, hops * hop), those that sound."""
        if not channels.size:
            return
        hops = weighted.shape[1] // self._hop
        cube = weighted.reshape(channels.size, hops, self._hop).transpose(1, 0, 2)
        # not the first with itself: of one array by itself numpy takes a product that knows
        # its symmetry, which for so few channels is half as fast
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
