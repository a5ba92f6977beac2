"""WavPack files and the audio of MP4 and QuickTime files, decoded by FFmpeg through PyAV.

PyAV is the extra ``formats``. FFmpeg gets the bytes of one open file and no path, one demuxer,
a list of decoders, and no protocol: nothing that a file refers to is opened. What comes out is
what the program ``ffmpeg`` makes of the first audio stream, sample for sample: priming and edit
list are followed, gaps between packets are not filled. That REAPER does the same is assumed.

After a seek sample positions are right, and so are the samples of WavPack and ALAC. AAC with
noise substitution makes its noise by chance: there the noise differs from that of reading on.
"""

from __future__ import annotations

import importlib.util
import os
import re
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from reaper_drumgain.audio.byte_view import ByteView
from reaper_drumgain.audio.mp4_guard import MAX_ENTRIES, check_boxes
from reaper_drumgain.audio.safe_open import (
    MAX_RATE,
    MIN_RATE,
    MediaInfo,
    UnplayableMediaError,
    reason_of,
)
from reaper_drumgain.audio.samples import Samples, pick_channels

#: FFmpeg's name of the demuxer, and the decoders whose streams are read
_DECODERS = {
    "wv": ("wavpack",),
    "mov": (
        *("aac", "alac", "mp3float", "mp3", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be"),
        *("pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be"),
        *("pcm_u8", "pcm_s8"),
    ),
}
_NAMES = {"wv": "WavPack", "mov": "an MP4 or QuickTime file"}
_MP4_STARTS = frozenset((b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"))
#: frames that a lossy decoder needs before the wanted one, for overlaps and band replication
LEAD = 16 * 1024
#: seconds that are decoded and dropped rather than sought
_AHEAD_S = 60
#: damaged packets at the start of a file that are skipped to find its format
_DAMAGED_PACKETS = 20
#: bytes at the end of a WavPack file in which its last block is looked for
_TAIL = 1 << 21
_WAVPACK_UNKNOWN = 0xFFFFFFFF

_SCALES = {"u8": 2.0**-7, "s16": 2.0**-15, "s32": 2.0**-31, "flt": 1.0, "dbl": 1.0}


def container_kind(head: bytes) -> str | None:
    """The demuxer for a file that begins with these bytes; None for files that libsndfile reads."""
    if head[:4] == b"wvpk":
        return "wv"
    return "mov" if head[4:8] in _MP4_STARTS else None


def formats_version() -> str:
    """The version of PyAV, empty where it is not installed. Does not import it."""
    spec = importlib.util.find_spec("av")
    if spec is None or not spec.submodule_search_locations:
        return ""
    try:
        about = Path(spec.submodule_search_locations[0], "about.py").read_text(encoding="utf-8")
    except OSError:
        return "unknown"
    found = re.search(r"__version__ = \"([^\"]+)\"", about)
    return found[1] if found else "unknown"


class ContainerFile:
    """The first audio stream of a file, read from any frame on. Not for two threads at once."""

    def __init__(self, descriptor: int, kind: str) -> None:
        """``kind`` is from ``container_kind``. The descriptor is closed with this object.

        Raises UnplayableMediaError; the descriptor is the caller's then.
        """
        self._kind = kind
        self._descriptor = descriptor
        self._view = ByteView(descriptor)
        self._rest: Samples = np.empty((0, 0), dtype=np.float32)
        self._position = 0
        if not formats_version():
            raise UnplayableMediaError(
                "unreadable media",
                f"it is {_NAMES[kind]}, which needs DrumGain's extra 'formats' "
                "(pip install '.[formats]')",
            )
        try:
            import av as _  # noqa: F401
        except ImportError as error:
            raise UnplayableMediaError(
                "unreadable media",
                f"it is {_NAMES[kind]}, and DrumGain's extra 'formats' does not load ({error})",
            ) from error
        if kind == "mov":
            check_boxes(self._view)
        self._container: Any = None
        try:
            self._restart()
            self.info = self._examine()
            self._restart()
        except UnplayableMediaError:
            self._release()
            raise
        except _decoder_errors() as error:
            self._release()
            raise UnplayableMediaError(
                "unreadable media", f"it does not decode ({reason_of(error)})"
            ) from error

    def close(self) -> None:
        """Close the file; closing it twice is harmless."""
        if self._descriptor >= 0:
            self._release()
            os.close(self._descriptor)
            self._descriptor = -1

    def read_into(self, target: Samples, frame: int, pick: tuple[int, ...]) -> int:
        """As ``MediaFile.read_into``."""
        wanted, done = target.shape[1], 0
        try:
            if frame != self._position:
                self._seek(frame)
            while done < wanted and (self._rest.shape[1] or self._decode()):
                piece = self._rest[:, : wanted - done]
                pick_channels(target[:, done:], piece.T, pick)
                done += piece.shape[1]
                self._rest = self._rest[:, piece.shape[1] :]
        except _decoder_errors() as error:
            self._position = -1
            raise UnplayableMediaError(
                "unreadable media", f"decoding stopped at frame {frame} ({reason_of(error)})"
            ) from error
        self._position = frame + done
        return done

    def _release(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None

    def _restart(self) -> None:
        """Open the file again, at its first frame, with a new decoder."""
        import av

        self._release()
        self._view.seek(0)
        self._container = av.open(
            self._view,
            format=self._kind,
            options={
                "protocol_whitelist": "none",
                "format_whitelist": self._kind,
                "codec_whitelist": ",".join(_DECODERS[self._kind]),
                "max_streams": "64",
                **({"enable_drefs": "0"} if self._kind == "mov" else {}),
            },
            metadata_errors="replace",
            io_open=_refuse_to_open,
        )
        streams = self._container.streams.audio
        if not streams:
            raise UnplayableMediaError("unreadable media", "it holds no audio")
        self._stream = streams[0]
        codec = self._stream.codec_context
        if codec is None or codec.name not in _DECODERS[self._kind]:
            what = "of a kind" if codec is None else f"{codec.name},"
            raise UnplayableMediaError(
                "unreadable media", f"its sound is {what} which cannot be read"
            )
        codec.thread_count = 1
        self._frames: Iterator[Any] = iter(self._container.decode(self._stream))
        self._rest = self._rest[:, :0]
        self._position = 0

    def _examine(self) -> MediaInfo:
        first = self._first_frame()
        if first is None:
            raise UnplayableMediaError("unreadable media", "it holds no audio")
        rate, channels = int(first.sample_rate), int(first.layout.nb_channels)
        if not (MIN_RATE <= rate <= MAX_RATE and channels >= 1):
            raise UnplayableMediaError(
                "unreadable media", f"its header names {channels} channels at {rate} Hz"
            )
        self._rate, self._channels = rate, channels
        self._ticks = Fraction(self._stream.time_base or Fraction(1, rate)) * rate
        self._origin = self._place(first) if first.pts is not None else 0
        if self._stream.start_time is not None:  # the first packets may be damaged
            self._origin = min(self._origin, round(self._stream.start_time * self._ticks))
        self._lossy = self._stream.codec_context.name in ("aac", "mp3", "mp3float")
        floating = _sample_kind(first) in ("flt", "dbl") and not self._lossy
        truncated = unfinished = False
        if self._kind == "wv":
            self._may_seek = first.pts is not None
            frames, truncated, unfinished = self._wavpack_length(first)
        else:
            self._may_seek, truncated = self._check_index(first)
            frames = self._mp4_length()
        return MediaInfo(rate, channels, frames, floating, truncated, unfinished)

    def _first_frame(self) -> Any:
        """The first frame that decodes, None where there is none."""
        for _ in range(_DAMAGED_PACKETS):
            try:
                return next(self._frames, None)
            except _decoder_errors():
                self._frames = iter(self._container.decode(self._stream))
        return None

    def _place(self, frame: Any) -> int:
        """The sample at which a decoded frame lies on the time line of its stream."""
        place: int = round(frame.pts * self._ticks)
        return place

    def _wavpack_length(self, first: Any) -> tuple[int, bool, bool]:
        """Frames, whether fewer are there than declared, and whether none are declared."""
        header = self._view.at(0, 32)
        total = struct.unpack_from("<I", header, 12)[0] if len(header) == 32 else 0
        declared = _WAVPACK_UNKNOWN if total == _WAVPACK_UNKNOWN else total | header[11] << 32
        there = self._wavpack_end() - self._origin
        if declared == _WAVPACK_UNKNOWN or not declared:
            return max(there, int(first.samples)), False, True
        return declared, there < declared, False

    def _wavpack_end(self) -> int:
        """The frame behind the last whole block."""
        base = max(0, self._view.size - _TAIL)
        tail = self._view.at(base, _TAIL)
        place = len(tail)
        while (place := tail.rfind(b"wvpk", 0, place)) >= 0:
            if place + 32 > len(tail):
                continue
            size = struct.unpack_from("<I", tail, place + 4)[0]
            index, samples = struct.unpack_from("<II", tail, place + 16)
            if samples and place + 8 + size <= len(tail):
                return int(index | tail[place + 10] << 32) + int(samples)
        return 0

    def _entries(self) -> Any:
        """The index of the stream; older versions of PyAV do not show it."""
        return getattr(self._stream, "index_entries", ())

    def _check_index(self, first: Any) -> tuple[bool, bool]:
        """Whether times name samples, so that seeking is exact; whether data are missing."""
        entries = self._entries()
        if len(entries) > MAX_ENTRIES:
            raise UnplayableMediaError("unreadable media", "its index is too long")
        if not len(entries):
            return False, False
        last = entries[len(entries) - 1]
        truncated = last.pos + last.size > self._view.size
        whole = self._ticks.denominator == 1 or self._ticks.numerator == 1
        regular = True
        if not self._stream.codec_context.name.startswith("pcm"):
            # Where times jump (several edits), ffmpeg goes on without a gap: only counting helps.
            times = np.fromiter((entry.timestamp for entry in entries), np.int64, len(entries))
            steps = np.diff(times)[1:]
            regular = not steps.size or bool((steps == steps[0]).all())
        return whole and regular and first.pts is not None, truncated

    def _mp4_length(self) -> int:
        """Frames up to the end of the last packet, or as declared where that is not known."""
        declared = round((self._stream.duration or 0) * self._ticks)
        entries = self._entries()
        if not self._may_seek or not len(entries):
            return self._count()
        end = 0
        try:
            last = entries[len(entries) - 1].timestamp
            self._container.seek(
                max(0, last - int(LEAD / self._ticks)), stream=self._stream, backward=True
            )
            for frame in self._container.decode(self._stream):
                if frame.pts is None:
                    return self._count()
                end = self._place(frame) + int(frame.samples) - self._origin
        except _decoder_errors():
            end = 0
        return end if end > 0 else declared

    def _count(self) -> int:
        """All frames, decoded to be counted: without times that name samples nothing else helps."""
        self._restart()
        total = 0
        try:
            for frame in self._frames:
                total += int(frame.samples)
        except _decoder_errors():
            pass  # reading stops there as well, and reports it
        return total

    def _decode(self) -> bool:
        """Decode the next packet; False at the end."""
        frame = next(self._frames, None)
        if frame is None:
            return False
        self._take(frame)
        return True

    def _take(self, frame: Any) -> None:
        data = frame.to_ndarray()
        channels = int(frame.layout.nb_channels)
        planes = data if frame.format.is_planar else data.reshape(-1, channels).T
        kind = _sample_kind(frame)
        block = planes.astype(np.float32)
        if kind == "u8":
            block -= np.float32(128.0)
        if _SCALES[kind] != 1.0:
            block *= np.float32(_SCALES[kind])
        self._rest = block

    def _seek(self, frame: int) -> None:
        near = 0 <= self._position <= frame <= self._position + _AHEAD_S * self._rate
        if not near and not self._jump(frame):
            self._restart()
        try:
            self._pass_over(frame)
        except _decoder_errors():
            if not self._jump(frame):  # seeking may get past what is damaged
                raise
            self._pass_over(frame)

    def _pass_over(self, frame: int) -> None:
        """Decode up to a frame, and drop what comes before it."""
        while self._position < frame and (self._rest.shape[1] or self._decode()):
            step = min(frame - self._position, self._rest.shape[1])
            self._rest = self._rest[:, step:]
            self._position += step
        self._position = frame

    def _jump(self, frame: int) -> bool:
        """Go to a packet early enough for a right ``frame``; False where that cannot be done."""
        start = frame - (LEAD if self._lossy else 0)
        if not self._may_seek or start <= 0:
            return False
        ticks = int((start + self._origin) / self._ticks)
        self._container.seek(ticks, stream=self._stream, backward=True)
        self._frames = iter(self._container.decode(self._stream))
        first = next(self._frames, None)
        if first is None or first.pts is None:
            return False
        place = self._place(first) - self._origin
        if not 0 <= place <= max(0, frame - 1):
            return False
        self._take(first)
        self._position = place
        return True


def _sample_kind(frame: Any) -> str:
    name = str(frame.format.name).removesuffix("p")
    if name not in _SCALES:
        raise UnplayableMediaError("unreadable media", f"its samples are of the kind {name}")
    return name


def _refuse_to_open(url: str, flags: int, options: dict[str, str]) -> Any:
    raise PermissionError(f"a media file asked for another one: {url!r}, flags {flags}, {options}")


def _decoder_errors() -> tuple[type[BaseException], ...]:
    import av

    return (av.FFmpegError, ValueError, OSError, RuntimeError, EOFError)
