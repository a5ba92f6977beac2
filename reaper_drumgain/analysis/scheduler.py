"""All tracks in step, chunk by chunk: what is measured at a time, and by which thread."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.loudness import Float32
from reaper_drumgain.analysis.mix_loudness import CovarianceMeter
from reaper_drumgain.util.thread_pool import thread_pool

#: hops read at a time, fewer where all tracks together would take more than this
CHUNK_HOPS = 64
CHUNK_BYTES = 40_000_000
#: chunks of one track each that are read before they are needed
READ_AHEAD = 4
#: hops filtered at a time: what a chunk is made of, so that no sum depends on its length
PIECE_HOPS = 16


class Chunk(Protocol):
    """What a track plays next."""

    @property
    def last(self) -> bool:
        """Whether nothing comes after it."""


C = TypeVar("C", bound=Chunk)


class TrackMeter(Protocol[C]):
    """Measures one track in steps, each of them chunk by chunk."""

    hop: int

    def hear(self, wanted: int, /) -> C:
        """What the track plays next."""

    def weigh(self, chunk: C, weighted: Float32, beside: Executor | None, /) -> bool:
        """Measure it, a part of it ``beside``; False where nothing sounds."""

    def settle(self) -> None:
        """Wait for that part."""


def chunk_hops(samples_per_hop: int) -> int:
    """A power of two, so that a chunk is a whole number of the filter's blocks."""
    hops = CHUNK_HOPS
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


def run(
    meters: Sequence[TrackMeter[C]],
    slices: Sequence[slice],
    covariance: CovarianceMeter,
    chunks: Chunks,
    report: Callable[[int], None],
    *,
    threads: int,
) -> None:
    """Measure all tracks to their ends; ``report`` is told the samples that are done.

    With more than one of ``threads``, others than this one read what comes next and transform
    what was read, in few long calls each: threads that take turns at many short calls spend the
    time that they win on waiting for the interpreter.
    """
    turns = _turns(meters, chunks)
    if threads <= 1:
        heard: Iterator[tuple[int, C]] = ((n, meter.hear(n)) for meter, n in turns)
        _weigh(meters, slices, covariance, chunks.longest, heard, report, None)
        return
    with thread_pool(1) as beside, thread_pool(threads) as readers:
        heard = _heard_ahead(readers, turns, len(meters))
        _weigh(meters, slices, covariance, chunks.longest, heard, report, beside)


def _turns(meters: Sequence[TrackMeter[C]], chunks: Chunks) -> Iterator[tuple[TrackMeter[C], int]]:
    """Each track with the samples of each chunk, chunk by chunk, without an end."""
    while True:
        samples = chunks.next()
        for meter in meters:
            yield meter, samples


def _heard_ahead(
    pool: Executor, turns: Iterator[tuple[TrackMeter[C], int]], most: int
) -> Iterator[tuple[int, C]]:
    """Chunks in turn, of which some are under way: never two of one track, of which there are
    ``most``."""
    ahead = itertools.islice(turns, min(most, READ_AHEAD))
    jobs = deque((samples, pool.submit(meter.hear, samples)) for meter, samples in ahead)
    for meter, samples in turns:
        count, job = jobs.popleft()
        chunk = job.result()
        jobs.append((samples, pool.submit(meter.hear, samples)))
        yield count, chunk


def _weigh(
    meters: Sequence[TrackMeter[C]],
    slices: Sequence[slice],
    covariance: CovarianceMeter,
    longest: int,
    heard: Iterator[tuple[int, C]],
    report: Callable[[int], None],
    beside: Executor | None,
) -> None:
    buffer = np.zeros((slices[-1].stop, longest), dtype=np.float32)
    hop, done, ended = meters[0].hop, 0, False
    while not ended:
        samples, ended = 0, True
        sounds = []
        for meter, place in zip(meters, slices, strict=True):
            samples, chunk = next(heard)
            sounds.append(meter.weigh(chunk, buffer[place, :samples], beside))
            ended = ended and chunk.last
        _collect(covariance, done // hop, buffer[:, :samples], slices, sounds)
        done += samples
        report(done)
    for meter in meters:
        meter.settle()
