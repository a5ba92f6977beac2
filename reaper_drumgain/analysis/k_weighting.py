"""The K-weighting filter of ITU-R BS.1770-4.

It is the standard's two biquads, re-derived for the sample rate as libebur128
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

import math

import numpy as np

from reaper_drumgain.analysis.loudness import Float32, Float64
from reaper_drumgain.audio.track_reader import HIGHEST_RATE, LOWEST_RATE
from reaper_drumgain.units import Decibel, to_linear

#: samples per matrix block and blocks per group of the state scan
BLOCK = 32
GROUP = 14
ORDER = 4

MIN_RATE, MAX_RATE = LOWEST_RATE, HIGHEST_RATE


def k_weighting(rate: int) -> tuple[Float64, Float64, Float64, Float64]:
    """The two K-weighting biquads of ITU-R BS.1770-4 at a sample rate.

    Parameters
    ----------
    rate
        Sample rate in Hz.

    Returns
    -------
    tuple
        Coefficients b and a of the shelf, then b and a of the high-pass, each of shape (3,).

    Raises
    ------
    ValueError
        The rate is outside 8 to 768 kHz.

    Notes
    -----
    BS.1770-4 tabulates the filters at 48 kHz. The analogue prototypes behind the table are those
    of libebur128 (B. De Man, "Evaluation of implementations of the EBU R128 loudness
    measurement", 2018).
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
    """The matrices of two biquads in series. Immutable: threads may share one.

    Parameters
    ----------
    biquads
        Coefficients (b, a, b, a) of both, each of shape (3,).
    """

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
        """Filter samples of one channel.

        Any number of samples gives the same signal; whole blocks of ``BLOCK`` samples are fast.

        Parameters
        ----------
        samples
            Shape (n,).
        state
            Shape (4,): the state of the filter before them. Zeros to begin with.
        out
            Shape (n,): the filtered samples are written here.

        Returns
        -------
        array
            Shape (4,): the state after them.
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
