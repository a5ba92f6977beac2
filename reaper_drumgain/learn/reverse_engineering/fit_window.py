"""The range and the size of a fit, and the recording in blocks within that range."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.errors import InputError
from reaper_drumgain.learn.reverse_engineering.prefilters import Prefilter, Reader
from reaper_drumgain.learn.reverse_engineering.recording import Recording

Float64 = npt.NDArray[np.float64]

MAX_TAPS = 2048
MAX_COLUMNS = 32
#: columns times taps: the matrix takes 128 MB, solving it a few seconds
MAX_UNKNOWNS = 4096
#: samples per unknown below which nothing is fitted
_FEWEST_PER_UNKNOWN = 4


@dataclass(frozen=True)
class FitWindow:
    """The range and the size of a fit.

    Attributes
    ----------
    taps
        Length of the filter of each column in samples.
    lead
        The index of the main tap.
    delays
        Shape (tracks,): delays in samples.
    start, end
        The mix samples, the end left out, for which all taps lie within the recording.
    """

    taps: int
    lead: int
    delays: npt.NDArray[np.intp]
    start: int
    end: int

    @property
    def size(self) -> int:
        """FFT length: blocks of size - taps + 1 samples, 32 and more where taps allow it."""
        few = (self.end - self.start) // 32
        return max(1 << int(np.ceil(np.log2(4 * self.taps))), min(1 << 13, 1 << few.bit_length()))

    @property
    def block(self) -> int:
        """Samples per block."""
        return self.size - self.taps + 1


def fit_window(recording: Recording, taps: int, delays: npt.NDArray[np.intp]) -> FitWindow:
    """The window of a fit.

    Parameters
    ----------
    recording
        Tracks and mix.
    taps
        Length of the filters in samples.
    delays
        Shape (tracks,): delays in samples.

    Returns
    -------
    FitWindow
        The largest range that the delays allow.

    Raises
    ------
    InputError
        The fit is too large, or the recording too short.
    """
    columns = len(recording.owners)
    if not 1 <= taps <= MAX_TAPS:
        raise InputError(f"taps is {taps}, expected 1 to {MAX_TAPS}")
    if columns > MAX_COLUMNS or columns * taps > MAX_UNKNOWNS:
        raise InputError(
            f"{columns} track channels with {taps} taps each are too many: expected at most "
            f"{MAX_COLUMNS} channels and {MAX_UNKNOWNS} taps together: give fewer tracks"
        )
    lead = taps // 8
    start = max(0, int(delays.max()) + taps - 1 - lead)
    end = recording.frames + min(0, int(delays.min()) - lead)
    if end - start < _FEWEST_PER_UNKNOWN * columns * taps:
        raise InputError(
            f"{recording.mix.name}: {max(end - start, 0)} samples are too few to fit {columns} "
            f"track channels with {taps} taps each, expected at least "
            f"{_FEWEST_PER_UNKNOWN * columns * taps}"
        )
    return FitWindow(taps, lead, delays, start, end)


@dataclass(frozen=True)
class Block:
    """A block of n samples.

    Attributes
    ----------
    tracks
        Shape (columns, taps - 1 + n): with the samples before the block.
    mix
        Shape (channels, n).
    """

    tracks: Float64
    mix: Float64


def blocks(recording: Recording, window: FitWindow, prefilter: Prefilter | None) -> Iterator[Block]:
    """The range of a window in blocks, tracks aligned by their delays, all filtered.

    Parameters
    ----------
    recording
        Tracks and mix.
    window
        The range and the size of a block.
    prefilter
        Applied to tracks and mix first. None for none.

    Yields
    ------
    Block
        In order of time.
    """
    readers = [
        Reader(track, window.start - int(delay) + window.lead - window.taps + 1, prefilter)
        for track, delay in zip(recording.tracks, window.delays, strict=True)
    ]
    mix = Reader(recording.mix, window.start, prefilter)
    before = np.concatenate([reader.read(window.taps - 1) for reader in readers])
    for start in range(window.start, window.end, window.block):
        count = min(window.block, window.end - start)
        fresh = np.concatenate([reader.read(count) for reader in readers])
        tracks = np.concatenate([before, fresh], axis=1)
        before = tracks[:, tracks.shape[1] - (window.taps - 1) :]
        yield Block(tracks.astype(np.float64), mix.read(count).astype(np.float64))
