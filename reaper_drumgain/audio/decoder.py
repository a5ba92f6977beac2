"""One audio file, decoded by libsndfile through soundfile: any part of it, in blocks.

Memory is never allocated by the size that a header declares.
"""

from __future__ import annotations

import os
import threading

import numpy as np
import numpy.typing as npt
import soundfile

from reaper_drumgain.audio import header_repair
from reaper_drumgain.audio.byte_view import ByteView
from reaper_drumgain.audio.container_decoder import formats_version
from reaper_drumgain.audio.quiet import quiet_decoder
from reaper_drumgain.audio.safe_open import (
    MAX_RATE,
    MIN_RATE,
    MediaInfo,
    UnplayableMediaError,
    checked_descriptor,
    reason_of,
)
from reaper_drumgain.audio.samples import Samples, pick_channels

#: samples, all channels counted, that one read of a file with several channels holds at once
SCRATCH_SAMPLES = 1 << 16
#: the same of what is read as bytes: few calls, so that other threads run meanwhile
PACKED_SAMPLES = 1 << 19
#: frames that are decoded and dropped before the wanted one of an MP3
MP3_LEAD = 9 * 1152
#: the same of an Ogg Vorbis: libsndfile may begin with wrong samples, the more so near the start
VORBIS_LEAD = 1 << 15

#: first bytes of files that libsndfile does not take for MP3
_NO_MP3 = (b"fLaC", b"OggS", b"FORM", b"caff", b".snd", b"riff", b"RF64", b"BW64")

#: bytes per sample of the subtypes that are read as bytes, and the formats that hold them
_WIDTHS = {"PCM_16": 2, "PCM_24": 3, "PCM_32": 4}
_PACKED_FORMATS = frozenset({"WAV", "WAVEX", "RF64", "W64"})


def decoder_version() -> str:
    """The versions of all decoders that are installed."""
    return f"{soundfile.__libsndfile_version__} {formats_version()}".rstrip()


class _Sound(soundfile.SoundFile):  # type: ignore[misc]
    """A SoundFile that does not seek to where it stands after each read.

    The wrapper does so wherever ``seekable`` is true. It costs time with FLAC, and with MP3 it
    makes the decoder start over: a thousand wrong samples at each border of two blocks.
    """

    def seekable(self) -> bool:
        return False


class _Scratch(threading.local):
    """Work arrays of one thread: fresh ones of this size would cost more than what they hold."""

    def __init__(self) -> None:
        # three bytes are read as the upper ones of four, so one byte is needed before the first
        self.data = np.empty(1 + 4 * PACKED_SAMPLES, dtype=np.uint8)
        self.whole = np.empty(PACKED_SAMPLES, dtype=np.int32)


_scratch = _Scratch()


def _sample_width(sound: _Sound) -> int:
    """Bytes per sample of a file that ``_read_bytes`` can read; 0 for any other file."""
    is_packed = sound.format in _PACKED_FORMATS and sound.endian != "BIG"
    # not in soundfile's public interface: where it is missing, libsndfile makes the floats
    if not is_packed or not hasattr(getattr(soundfile, "_snd", None), "sf_read_raw"):
        return 0
    return _WIDTHS.get(sound.subtype, 0)


def _read_floats(sound: _Sound, target: Samples, pick: tuple[int, ...]) -> int:
    """Read the next frames into ``target`` (len(pick), frames) by soundfile's own interface.

    ``pick`` names channels of the file. Returns how many frames there were.
    """
    wanted, channels = target.shape[1], sound.channels
    if channels == 1 and pick == (0,) and target[0].flags.c_contiguous:
        return len(sound.read(dtype="float32", out=target[0]))
    step = min(wanted, max(1, SCRATCH_SAMPLES // channels))
    scratch = np.empty((step, channels), dtype=np.float32)
    done = 0
    while done < wanted:
        piece = scratch[: min(step, wanted - done)]
        got = len(sound.read(dtype="float32", always_2d=True, out=piece))
        pick_channels(target[:, done:], piece[:got], pick)
        done += got
        if got < len(piece):
            break
    return done


def _read_bytes(sound: _Sound, target: Samples, pick: tuple[int, ...]) -> int:
    """The same as ``_read_floats``, to the last bit, of a WAV file with integer samples.

    libsndfile reads the bytes and NumPy converts them, at a third of the time. This uses
    soundfile's private binding; it saves 0.45 s on eight tracks of four minutes.
    """
    wanted, channels, width = target.shape[1], sound.channels, _sample_width(sound)
    step = max(1, PACKED_SAMPLES // channels)
    data, whole = _scratch.data, _scratch.whole
    kind, offset = ("<i2", 1) if width == 2 else ("<i4", width - 3)
    scale = np.float32(2.0 ** (-15 if width == 2 else -31))
    done = 0
    while done < wanted:
        count = min(step, wanted - done)
        raw = data[1 : 1 + count * channels * width]
        got = soundfile._snd.sf_read_raw(sound._file, soundfile._ffi.from_buffer(raw), raw.size)
        code = soundfile._snd.sf_error(sound._file)
        if code:
            raise soundfile.LibsndfileError(code)
        got //= channels * width
        values: npt.NDArray[np.int32] = np.ndarray(
            (got, channels), kind, data, offset, (channels * width, width)
        )
        for place, channel in enumerate(pick):
            if channel < channels:
                part = target[place, done : done + got]
                one = values[:, channel]
                part[:] = one if width != 3 else np.bitwise_and(one, ~0xFF, out=whole[:got])
                part *= scale
        done += got
        if got < count:
            break
    return done


class MediaFile:
    """One open audio file that reads from any frame on. Not for two threads at once."""

    def __init__(self, path: str, descriptor: int | None = None) -> None:
        """Open a file; with its descriptor where that is open, which is closed with this object.

        Raises UnplayableMediaError; a given descriptor is the caller's then.
        """
        self._descriptor = checked_descriptor(path) if descriptor is None else descriptor
        try:
            self._header = header_repair.examine(ByteView(self._descriptor))
            self._sound = _decoder(path, self._descriptor, self._header)
        except BaseException:
            if descriptor is None:
                os.close(self._descriptor)
            raise
        self.info = MediaInfo(
            self._sound.samplerate,
            self._sound.channels,
            max(0, self._sound.frames),
            self._sound.subtype in ("FLOAT", "DOUBLE"),
            self._header.truncated,
            self._header.unfinished,
        )
        # After a seek the bit reservoir and the overlap of an MP3 have to fill again.
        self._talks = self._sound.subtype.startswith("MPEG")
        self._lead = MP3_LEAD if self._talks else 0
        self._vorbis = self._sound.subtype == "VORBIS"
        if self._vorbis:
            self._lead = VORBIS_LEAD
        self._read = _read_bytes if _sample_width(self._sound) else _read_floats
        self._position = 0

    def close(self) -> None:
        """Close the file; closing it twice is harmless."""
        if self._descriptor >= 0:
            self._sound.close()
            os.close(self._descriptor)
            self._descriptor = -1

    def read_into(self, target: Samples, frame: int, pick: tuple[int, ...]) -> int:
        """Read frames into an array.

        Parameters
        ----------
        target
            Shape (len(pick), n): filled from its start on, full scale is 1.0. Where the file ends
            before, the rest is undefined.
        frame
            The first frame.
        pick
            The channels of the file, from 0, one for each row. A row whose channel is not there
            stays as it is.

        Returns
        -------
        int
            How many frames the file gave.

        Raises
        ------
        UnplayableMediaError
            The decoder gives up.
        """
        try:
            if frame != self._position:
                with quiet_decoder(self._talks):
                    self._seek(frame)
            with quiet_decoder(self._talks):
                got = self._read(self._sound, target, pick)
            if self._header.gain != 1.0:
                target[:, :got] *= np.float32(self._header.gain)
        except (soundfile.SoundFileError, RuntimeError) as error:
            self._position = -1
            raise UnplayableMediaError(
                "unreadable media", f"decoding stopped at frame {frame} ({reason_of(error)})"
            ) from error
        self._position += got
        return got

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


def _decoder(path: str, descriptor: int, header: header_repair.Header) -> _Sound:
    # closefd=False: where opening fails libsndfile would close the descriptor on its own, and
    # a second close could then hit a file that another thread has just opened. On Windows
    # libsndfile may have a C library of its own, to which our descriptor means nothing; there
    # a path cannot name a pipe without starting with two backslashes.
    source: object = path if os.name == "nt" else descriptor
    if header.prefix is not None:
        source = ByteView(descriptor, header.prefix, header.start, header.length)
    head = ByteView(descriptor).at(0, 4)
    os.lseek(descriptor, 0, os.SEEK_SET)
    try:
        with quiet_decoder(head not in _NO_MP3):
            sound = _Sound(source, closefd=False)
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
