"""All tracks in step, chunk by chunk: what is measured at a time, and by which thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from reaper_drumgain.loudness import CovarianceMeter, Float32

if TYPE_CHECKING:
    from reaper_drumgain.threads import Job, Pool

#: hops read at a time, fewer where all tracks together would take more than this
CHUNK_HOPS = 64
CHUNK_BYTES = 40_000_000
#: the same where the audio lies in memory, and a second thread has the fewer calls to make
MEMORY_HOPS = 128
#: hops filtered at a time: what a chunk is made of, so that no sum depends on its length
PIECE_HOPS = 16


class TrackMeter(Protocol):
    """Measures one track, step by step."""

    hop: int
    frames: int
    ended: bool

    def step(self, weighted: Float32, beside: Pool | None = None) -> bool:
        """Measure the next chunk; False where nothing sounds. ``beside``: does a part of it."""

    def settle(self) -> None:
        """Wait for that part and take it in."""


def chunk_hops(samples_per_hop: int, *, in_memory: bool = False) -> int:
    """A power of two, so that a chunk is a whole number of the filter's blocks."""
    hops = MEMORY_HOPS if in_memory else CHUNK_HOPS
    while hops > 8 and 4 * hops * samples_per_hop > CHUNK_BYTES:
        hops //= 2
    return hops


def _sounding(slices: Sequence[slice], sounds: Sequence[bool]) -> npt.NDArray[np.intp]:
    chosen = [np.arange(s.start, s.stop) for s, on in zip(slices, sounds, strict=True) if on]
    return np.concatenate(chosen) if chosen else np.zeros(0, dtype=np.intp)


def _collect(
    covariance: CovarianceMeter,
    start: int,
    weighted: Float32,
    slices: Sequence[slice],
    sounds: Sequence[bool],
) -> None:
    channels = _sounding(slices, sounds)
    block = weighted if channels.size == weighted.shape[0] else weighted[channels]
    covariance.add(start, block, channels)


class Chunks:
    """How long each chunk is: the last one only as long as the streams need it."""

    def __init__(self, hop: int, longest: int, expected: int) -> None:
        self.longest = longest
        self._hop, self._left = hop, expected

    def next(self) -> int:
        """Samples of the next chunk, whole pieces."""
        piece = PIECE_HOPS * self._hop
        needed = max(1, -(-self._left // piece)) * piece
        self._left -= self.longest
        return min(needed, self.longest)


def run_inline(
    meters: Sequence[TrackMeter],
    slices: Sequence[slice],
    covariance: CovarianceMeter,
    chunks: Chunks,
    _threads: int,
    report: Callable[[int], None],
    beside: Pool | None = None,
) -> None:
    """Measure all tracks to their ends in this thread, but for what is done ``beside``."""
    buffer = np.zeros((slices[-1].stop, chunks.longest), dtype=np.float32)
    start = 0
    while not all(meter.ended for meter in meters):
        weighted = buffer[:, : chunks.next()]
        pairs = zip(meters, slices, strict=True)
        sounds = [meter.step(weighted[place], beside) for meter, place in pairs]
        _collect(covariance, start, weighted, slices, sounds)
        for meter in meters if beside else ():
            meter.settle()
        start += weighted.shape[1] // meters[0].hop
        report(max(meter.frames for meter in meters))


def run_beside(
    meters: Sequence[TrackMeter],
    slices: Sequence[slice],
    covariance: CovarianceMeter,
    chunks: Chunks,
    threads: int,
    report: Callable[[int], None],
) -> None:
    """Measure all tracks to their ends in this thread, with another one for what takes few and
    long calls: threads that take turns at many short ones spend the time that they win on that.
    """
    from reaper_drumgain.threads import Pool

    with Pool(1) as pool:
        run_inline(meters, slices, covariance, chunks, threads, report, pool)


def run_threaded(
    meters: Sequence[TrackMeter],
    slices: Sequence[slice],
    covariance: CovarianceMeter,
    chunks: Chunks,
    threads: int,
    report: Callable[[int], None],
) -> None:
    """Measure all tracks to their ends, ``threads`` of them at once."""
    from reaper_drumgain.threads import Pool

    # two chunks are under way, so that no worker waits for the last track of a chunk, and the
    # covariance of one is taken while the next is measured
    buffers = [np.zeros((slices[-1].stop, chunks.longest), dtype=np.float32) for _ in range(2)]
    with Pool(threads) as pool:
        latest: list[Job[bool] | None] = [None] * len(meters)

        def submit(buffer: Float32) -> tuple[Float32, list[Job[bool]]]:
            target = buffer[:, : chunks.next()]
            jobs = [
                pool.submit(_after, before, meter, target[place])
                for before, meter, place in zip(latest, meters, slices, strict=True)
            ]
            latest[:] = jobs
            return target, jobs

        under_way = deque([submit(buffer) for buffer in buffers])
        start = 0
        while under_way:
            weighted, jobs = under_way.popleft()
            sounds = [job.result() for job in jobs]
            _collect(covariance, start, weighted, slices, sounds)
            start += weighted.shape[1] // meters[0].hop
            report(max(meter.frames for meter in meters))
            if not all(meter.ended for meter in meters):
                under_way.append(submit(buffers[0]))
            buffers.reverse()


def _after(before: Job[bool] | None, meter: TrackMeter, target: Float32) -> bool:
    """The next step of a track, once its last one is done (it started earlier)."""
    if before is not None:
        before.result()
    return meter.step(target)
