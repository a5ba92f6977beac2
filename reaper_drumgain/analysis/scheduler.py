"""The pass over all tracks in step, chunk by chunk: chunk sizes and threads."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.loudness import Float32
from reaper_drumgain.analysis.mix_loudness import CovarianceMeter
from reaper_drumgain.analysis.onset_windows import OnsetWindowMeter
from reaper_drumgain.util.thread_pool import thread_pool

#: hops read at a time, fewer where all tracks together would take more than this
CHUNK_HOPS = 64
CHUNK_BYTES = 40_000_000
#: chunks of one track each that are read before they are needed
READ_AHEAD = 4
#: hops filtered at a time, whatever the length of a chunk, so that no sum depends on it
PIECE_HOPS = 16


class Chunk(Protocol):
    """The next part of a track's audio."""

    @property
    def last(self) -> bool:
        """Whether it is the last one of its track."""


C = TypeVar("C", bound=Chunk)


class TrackMeter(Protocol[C]):
    """Reads and measures one track, chunk by chunk."""

    hop: int
    #: K-weighted mean squares per 10 ms of the last chunk (steps,)
    chunk_envelope: Float32

    def read_chunk(self, wanted: int, /) -> C:
        """The next ``wanted`` samples; fewer at the end. Any thread may call it."""

    def measure_chunk(self, chunk: C, weighted: Float32, helper: Executor | None, /) -> bool:
        """Measure a chunk.

        Parameters
        ----------
        chunk
            The chunk after the one that was measured last.
        weighted
            Shape (channels, samples): its K-weighted samples are written here.
        helper
            Does a part of the work. None where all is done in the calling thread.

        Returns
        -------
        bool
            False where all is silent; ``weighted`` is not written then.
        """

    def settle(self) -> None:
        """Wait for the work given to the helper."""


def chunk_hops(samples_per_hop: int) -> int:
    """How many hops a chunk has: a power of two, so that it is whole blocks of the filter.

    ``samples_per_hop``: of all channels together.
    """
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
    """How long each chunk is: the last one only as long as the streams need it.

    Parameters
    ----------
    hop
        Samples of a hop.
    longest
        Samples of all chunks but the last one.
    expected
        Samples that the longest stream holds.
    """

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
    onsets: OnsetWindowMeter,
    chunks: Chunks,
    report: Callable[[int], None],
    *,
    threads: int,
) -> None:
    """Measure all tracks to their ends.

    With more than one thread each makes few and long calls: with many short ones, threads wait for
    the interpreter longer than they save.

    Parameters
    ----------
    meters
        Of each track the meter that reads and measures it.
    slices
        The channels of each track.
    covariance, onsets
        Take the K-weighted samples of all tracks, chunk by chunk.
    chunks
        Says how long each chunk is.
    report
        Called with how many samples are done.
    threads
        With 1 everything runs in the calling thread. With more, that many read the next chunks, one
        more computes spectra, windows at onsets and descriptors, and the calling thread filters
        and sums.
    """
    turns = _turns(meters, chunks)
    if threads <= 1:
        arriving: Iterator[tuple[int, C]] = ((n, meter.read_chunk(n)) for meter, n in turns)
        _measure_all(meters, slices, covariance, onsets, chunks.longest, arriving, report, None)
        return
    with thread_pool(1) as helper, thread_pool(threads) as readers:
        arriving = _read_ahead(readers, turns, len(meters))
        _measure_all(meters, slices, covariance, onsets, chunks.longest, arriving, report, helper)


def _turns(meters: Sequence[TrackMeter[C]], chunks: Chunks) -> Iterator[tuple[TrackMeter[C], int]]:
    """Each track with the length of its next chunk, chunk by chunk, without an end."""
    while True:
        samples = chunks.next()
        for meter in meters:
            yield meter, samples


def _read_ahead(
    pool: Executor, turns: Iterator[tuple[TrackMeter[C], int]], most: int
) -> Iterator[tuple[int, C]]:
    """Chunks in turn, the next ones already being read: never two of one track at once.

    ``most``: the number of tracks.
    """
    ahead = itertools.islice(turns, min(most, READ_AHEAD))
    jobs = deque((samples, pool.submit(meter.read_chunk, samples)) for meter, samples in ahead)
    for meter, samples in turns:
        count, job = jobs.popleft()
        chunk = job.result()
        jobs.append((samples, pool.submit(meter.read_chunk, samples)))
        yield count, chunk


def _measure_all(
    meters: Sequence[TrackMeter[C]],
    slices: Sequence[slice],
    covariance: CovarianceMeter,
    onsets: OnsetWindowMeter,
    longest: int,
    arriving: Iterator[tuple[int, C]],
    report: Callable[[int], None],
    helper: Executor | None,
) -> None:
    buffer = np.zeros((slices[-1].stop, longest), dtype=np.float32)
    hop, done, ended = meters[0].hop, 0, False
    windows: Future[None] | None = None
    while not ended:
        samples, ended = 0, True
        sounds = []
        for meter, place in zip(meters, slices, strict=True):
            samples, chunk = next(arriving)
            sounds.append(meter.measure_chunk(chunk, buffer[place, :samples], helper))
            if not sounds[-1]:
                buffer[place, :samples] = 0.0
            ended = ended and chunk.last
        _collect(covariance, done // hop, buffer[:, :samples], slices, sounds)
        if windows is not None:
            windows.result()
        onsets.add(buffer[:, :samples], np.stack([meter.chunk_envelope for meter in meters]))
        if helper is None:
            onsets.measure()
        else:
            windows = helper.submit(onsets.measure)
        done += samples
        report(done)
    if windows is not None:
        windows.result()
    for meter in meters:
        meter.settle()
