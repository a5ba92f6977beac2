"""Arrays and audio files as streams that ``analysis`` measures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reaper_drumgain.analysis.descriptors import Descriptor
from reaper_drumgain.analysis.loudness import Float32
from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.analysis.measurement import Measurement
from reaper_drumgain.learn.data.kits import RATE, Audio
from reaper_drumgain.learn.reverse_engineering.recording import FileSound


class ArrayStream:
    """A signal in memory as a stream that ``measure`` reads.

    Parameters
    ----------
    sound
        Shape (channels, frames): samples at ``RATE``.
    """

    def __init__(self, sound: Audio) -> None:
        self._sound = sound
        self._place = 0

    @property
    def channels(self) -> int:
        """1 or 2."""
        return int(self._sound.shape[0])

    @property
    def rate(self) -> int:
        """Samples per second."""
        return RATE

    @property
    def frames(self) -> int:
        """Length in samples per channel."""
        return int(self._sound.shape[1])

    def read(self, frames: int) -> Audio | None:
        """The next samples.

        Parameters
        ----------
        frames
            How many samples per channel at most.

        Returns
        -------
        ndarray
            Shape (channels, n); n is 0 at the end.
        """
        block = self._sound[:, self._place : self._place + frames]
        self._place += block.shape[1]
        return block


class FileStream:
    """A file as a stream that ``measure`` reads."""

    def __init__(self, path: Path) -> None:
        self._sound = FileSound(path)
        self.channels, self.frames = self._sound.channels, self._sound.frames
        self.rate = self._sound.info.rate
        self._place = 0

    def read(self, frames: int) -> Float32 | None:
        """The next samples.

        Parameters
        ----------
        frames
            How many samples per channel at most.

        Returns
        -------
        ndarray
            Shape (channels, n); n is 0 at the end.
        """
        count = min(frames, self.frames - self._place)
        block = self._sound.read(self._place, count)
        self._place += count
        return block

    def close(self) -> None:
        """Close the file."""
        self._sound.close()


def measure_files(files: Sequence[Path], descriptors: Sequence[Descriptor] = ()) -> Measurement:
    """The files of one take as tracks, measured. Raises MediaError."""
    streams: list[FileStream] = []
    try:
        for path in files:
            streams.append(FileStream(path))  # noqa: PERF401 (those before are to be closed)
        return measure(streams, threads=1, descriptors=descriptors)
    finally:
        for stream in streams:
            stream.close()
