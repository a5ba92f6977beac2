"""One audio file, decoded by libsndfile through soundfile: any part of it, in blocks.

Imported only where something has to be decoded that was not read ahead (``media``): soundfile
and what it imports take as long as a short file. Nothing is ever allocated by what a header
declares.
"""

from __future__ import annotations

import os

import numpy as np
import soundfile

from reaper_drumgain.media import Samples, copied
from reaper_drumgain.openfile import (
    MAX_RATE,
    MIN_RATE,
    MediaInfo,
    UnplayableMediaError,
    checked_descriptor,
    is_cut,
    reason_of,
)

#: samples, all channels counted, that one read of a file with several channels holds at once
SCRATCH_SAMPLES = 1 << 16
#: frames that are decoded and dropped before the wanted one of an MP3
MP3_LEAD = 9 * 1152
#: the same of an Ogg Vorbis: libsndfile may begin with wrong samples, the more so near the start
VORBIS_LEAD = 1 << 15


class _Sound(soundfile.SoundFile):  # type: ignore[misc]
    """A SoundFile that does not seek to where it stands after each read.

    The wrapper does so wherever ``seekable`` is true. It costs time with FLAC, and with MP3 it
    makes the decoder start over: a thousand wrong samples at each border of two blocks.
    """

    def seekable(self) -> bool:
        return False


class MediaFile:
    """One open audio file that reads from any frame on. Not for two threads at once."""

    def __init__(self, path: str) -> None:
        """Open a file. Raises UnplayableMediaError."""
        self._descriptor = checked_descriptor(path)
        try:
            self._sound = _decoder(path, self._descriptor)
        except BaseException:
            os.close(self._descriptor)
            raise
        self.info = MediaInfo(
            self._sound.samplerate,
            self._sound.channels,
            max(0, self._sound.frames),
            self._sound.subtype in ("FLOAT", "DOUBLE"),
            is_cut(self._sound.extra_info),
        )
        # After a seek the bit reservoir and the overlap of an MP3 have to fill again.
        self._lead = MP3_LEAD if self._sound.subtype.startswith("MPEG") else 0
        self._vorbis = self._sound.subtype == "VORBIS"
        if self._vorbis:
            self._lead = VORBIS_LEAD
        self._position = 0

    def close(self) -> None:
        """Close the file; once is enough, twice does no harm."""
        if self._descriptor >= 0:
            self._sound.close()
            os.close(self._descriptor)
            self._descriptor = -1

    def read_into(self, target: Samples, frame: int, pick: tuple[int, ...]) -> int:
        """Read the frames from ``frame`` on into ``target``, shape (len(pick), n).

        ``pick`` names the channels of the file; a channel that it does not have stays as it
        is. Returns how many frames the file gave; the rest of ``target`` is untouched.
        Raises UnplayableMediaError where the decoder gives up.
        """
        wanted = target.shape[1]
        try:
            if frame != self._position:
                self._seek(frame)
            if self.info.channels == 1 and pick == (0,) and target[0].flags.c_contiguous:
                got = len(self._sound.read(dtype="float32", out=target[0]))
                self._position += got
                return got
            return self._read_picked(target, wanted, pick)
        except (soundfile.SoundFileError, RuntimeError) as error:
            self._position = -1
            raise UnplayableMediaError(
                "unreadable media", f"decoding stopped at frame {frame} ({reason_of(error)})"
            ) from error

    def _seek(self, frame: int) -> None:
        start = max(0, frame - self._lead)
        if not start <= self._position < frame:
            if self._vorbis:  # seeking from anywhere else may end at another frame
                self._sound.seek(0)
            self._sound.seek(start)
            self._position = start
        while self._position < frame:
            step = min(frame - self._position, max(1, SCRATCH_SAMPLES // self.info.channels))
            if not len(self._sound.read(step, dtype="float32")):
                break
            self._position += step
        self._position = frame

    def _read_picked(self, target: Samples, wanted: int, pick: tuple[int, ...]) -> int:
        channels = self.info.channels
        step = min(wanted, max(1, SCRATCH_SAMPLES // channels))
        scratch = np.empty((step, channels), dtype=np.float32)
        done = 0
        while done < wanted:
            piece = scratch[: min(step, wanted - done)]
            got = len(self._sound.read(dtype="float32", always_2d=True, out=piece))
            self._position += got
            copied(target[:, done:], piece[:got], pick)
            done += got
            if got < len(piece):
                break
        return done


def _decoder(path: str, descriptor: int) -> _Sound:
    # closefd=False: where opening fails libsndfile would close the descriptor on its own, and
    # a second close could then hit a file that another thread has just opened. On Windows
    # libsndfile may have a C library of its own, to which our descriptor means nothing; there
    # a path cannot name a pipe without starting with two backslashes.
    try:
        sound = _Sound(path if os.name == "nt" else descriptor, closefd=False)
    except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError) as error:
        raise UnplayableMediaError(
            "unreadable media", f"it does not decode ({reason_of(error)})"
        ) from error
    seekable = soundfile.SoundFile.seekable(sound)
    if not (MIN_RATE <= sound.samplerate <= MAX_RATE and sound.channels >= 1 and seekable):
        rate, channels = sound.samplerate, sound.channels
        sound.close()
        raise UnplayableMediaError(
            "unreadable media", f"its header names {channels} channels at {rate} Hz"
        )
    return sound
