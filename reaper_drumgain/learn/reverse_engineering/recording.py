"""Raw tracks and their mix, opened together and checked against each other.

A recording is a list of tracks and one mix, all of the same rate and length. Paths are opened as
``audio.safe_open`` does (regular local files only); arrays are (frames,) or (channels, frames).
A *column* is one channel of one track. Samples before the start and after the end are 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from types import TracebackType
from typing import Protocol

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.loudness import Float32
from reaper_drumgain.audio.decoder import MediaFile
from reaper_drumgain.audio.safe_open import MediaInfo, UnplayableMediaError
from reaper_drumgain.errors import InputError, MediaError

AudioInput = str | PathLike[str] | npt.NDArray[np.floating] | npt.NDArray[np.integer]


class Sound(Protocol):
    """Audio that can be read from any frame on."""

    @property
    def name(self) -> str:
        """For messages."""

    @property
    def channels(self) -> int:
        """1 or 2."""

    @property
    def frames(self) -> int:
        """Samples per channel."""

    @property
    def rate(self) -> int | None:
        """In Hz; None where it is not known."""

    def read(self, start: int, count: int) -> Float32:
        """Samples from any frame on.

        Parameters
        ----------
        start
            The first frame.
        count
            How many samples per channel.

        Returns
        -------
        ndarray
            Shape (channels, count): float32; zeros outside of the sound. Full scale is 1 for
            files; integers in arrays are not scaled.
        """
        ...

    def close(self) -> None:
        """Closes the file."""


class ArraySound:
    """An array as a sound.

    Parameters
    ----------
    samples
        Shape (frames,) or (channels, frames).
    name
        For messages.
    rate
        Sample rate in Hz, None where it is not known.

    Raises
    ------
    InputError
        It is not one or two channels of finite numbers.
    """

    def __init__(self, samples: npt.NDArray[np.generic], name: str, rate: int | None) -> None:
        whole = np.atleast_2d(samples)
        if whole.ndim != 2 or whole.shape[0] not in (1, 2) or whole.dtype.kind not in "fiu":
            raise InputError(
                f"{name}: expected numbers of shape (frames,) or (1 or 2 channels, frames), got "
                f"{whole.dtype} {samples.shape}: did you pass (frames, channels)?"
            )
        self._samples: Float32 = np.asarray(whole, dtype=np.float32)
        if not np.isfinite(self._samples).all():
            raise InputError(f"{name}: holds samples that are not finite: repair them first")
        self.name, self.rate = name, rate
        self.channels, self.frames = self._samples.shape

    def read(self, start: int, count: int) -> Float32:
        """As ``Sound.read``."""
        out = np.zeros((self.channels, count), np.float32)
        first, last = max(start, 0), min(start + count, self.frames)
        if first < last:
            out[:, first - start : last - start] = self._samples[:, first:last]
        return out

    def close(self) -> None:
        """Does nothing: there is no file."""


class FileSound:
    """An audio file as a sound.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    MediaError
        It cannot be opened or decoded.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.name = fspath(path)
        try:
            self._file = MediaFile(str(Path(path).absolute()))
        except UnplayableMediaError as error:
            raise MediaError(
                f"{self.name}: {error}: expected an audio file, like WAV, FLAC or MP3"
            ) from error
        self.info: MediaInfo = self._file.info
        self.rate: int | None = self.info.rate
        self.channels, self.frames = self.info.channels, self.info.frames
        try:
            _require_whole(self.name, self.info)
        except MediaError:
            self.close()
            raise

    def read(self, start: int, count: int) -> Float32:
        """As ``Sound.read``. Raises MediaError where the file is damaged."""
        out = np.zeros((self.channels, count), np.float32)
        first, last = max(start, 0), min(start + count, self.frames)
        if first >= last:
            return out
        target = np.zeros((self.channels, last - first), np.float32)
        try:
            got = self._file.read_into(target, first, tuple(range(self.channels)))
        except UnplayableMediaError as error:
            raise MediaError(f"{self.name}: {error}") from error
        if got < last - first:
            raise MediaError(
                f"{self.name}: expected {self.frames} frames, decoding ended at {first + got}: "
                "the file is damaged"
            )
        if self.info.floating and not np.isfinite(target).all():
            raise MediaError(f"{self.name}: holds samples that are not finite: repair it first")
        out[:, first - start : last - start] = target
        return out

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _require_whole(name: str, info: MediaInfo) -> None:
    if info.channels not in (1, 2):
        raise MediaError(f"{name}: expected 1 or 2 channels, got {info.channels}")
    if not info.frames:
        raise MediaError(f"{name}: holds no audio")
    if info.truncated:
        raise MediaError(f"{name}: is cut short, it declares more audio than it holds")


@dataclass(frozen=True)
class Recording(AbstractContextManager["Recording"]):
    """Tracks and their mix, of one rate and length.

    Attributes
    ----------
    tracks, mix
        The sounds.
    rate
        Sample rate in Hz, None where it is not known.
    frames
        Length in samples.
    """

    tracks: tuple[Sound, ...]
    mix: Sound
    rate: int | None
    frames: int

    @property
    def owners(self) -> npt.NDArray[np.intp]:
        """Shape (columns,): the index of the track of each column."""
        return np.repeat(np.arange(len(self.tracks)), [track.channels for track in self.tracks])

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for sound in (*self.tracks, self.mix):
            sound.close()


def open_recording(tracks: Sequence[AudioInput], mix: AudioInput, rate: int | None) -> Recording:
    """Opens tracks and mix and checks that they fit together.

    Parameters
    ----------
    tracks, mix
        Paths, or arrays of shape (frames,) or (channels, frames).
    rate
        Sample rate of arrays in Hz.

    Returns
    -------
    Recording
        To be closed by the caller.

    Raises
    ------
    InputError
        There is no track, or rates, lengths or channel counts do not fit together.
    MediaError
        A file cannot be read.
    """
    if isinstance(tracks, str | PathLike) or not len(tracks):
        raise InputError("expected a list of raw tracks with at least one track")
    with ExitStack() as stack:
        sounds: list[Sound] = []
        for place, given in enumerate([*tracks, mix]):
            name = "the mix" if place == len(tracks) else f"track {place + 1}"
            sound: Sound = (
                ArraySound(given, name, rate) if isinstance(given, np.ndarray) else FileSound(given)
            )
            stack.callback(sound.close)
            sounds.append(sound)
        _check_together(sounds)
        stack.pop_all()
    rates = [sound.rate for sound in sounds if sound.rate is not None]
    return Recording(tuple(sounds[:-1]), sounds[-1], next(iter(rates), None), sounds[-1].frames)


def _check_together(sounds: Sequence[Sound]) -> None:
    known = [sound for sound in sounds if sound.rate is not None]
    for sound in known:
        if sound.rate != known[0].rate:
            raise InputError(
                f"{sound.name} has {sound.rate} Hz, {known[0].name} has {known[0].rate} Hz: "
                "tracks and mix need one sample rate"
            )
    *tracks, mix = sounds
    lengths = {track.frames for track in tracks}
    if len(lengths) > 1:
        listed = ", ".join(f"{track.name} {track.frames}" for track in tracks)
        raise InputError(
            f"the raw tracks are not aligned, their lengths in frames differ: {listed}; export "
            "them again from one common start to one common end"
        )
    if mix.frames not in lengths:
        raise InputError(
            f"{mix.name} has {mix.frames} frames, the raw tracks have {tracks[0].frames}: expected "
            "the mix of these very tracks, from the same start to the same end"
        )
