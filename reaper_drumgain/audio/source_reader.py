"""The audio that a clip plays from: one source, its channels, loops and sections, resampled.

Source frames count from the start of the source (a section of a file has its own frame 0), at
the rate of its file.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from reaper_drumgain.audio.media_pool import MediaPool
from reaper_drumgain.audio.safe_open import MediaInfo, UnplayableMediaError
from reaper_drumgain.audio.samples import Samples
from reaper_drumgain.schema.session import Clip

if TYPE_CHECKING:
    import soxr

#: a looped source of up to so many frames is kept in memory instead of being read again each time
LOOP_IN_MEMORY = 1 << 16
#: source frames that are fed to the resampler at once
RESAMPLE_CHUNK = 1 << 15
#: frames before a resampled clip starts that let the resampler's filter fill, at the slower rate
WARM_UP = 1024
#: among so many places the start of a resampled clip is the one nearest to a source frame
PHASES = 640
#: source frames per frame; beyond these a play rate is taken for a mistake
MIN_RATIO, MAX_RATIO = 1.0 / 256.0, 256.0

#: where decoding stops, a block is read again in pieces of this many frames
PIECE = 4096
#: pieces of a damaged source that may fail before the rest of it counts as silence
MAX_FAILURES = 64
#: frames by which a file may fall short of its declared length, a guess in some MP3 files
LENGTH_DOUBT = 1152
TRUNCATED = "it ends before the length that it declares"
#: 100 dB over full scale: larger samples are damage
MAX_SAMPLE = 1e5

#: called with a flag and the reason for it
Report = Callable[[str, str], None]


def channel_pick(channel_mode: int, channels: int) -> tuple[tuple[int, ...], bool]:
    """Which channels of a file a take's channel mode plays, and whether they are averaged.

    REAPER's numbers are 0 normal, 1 swapped, 2 mono of the first two, 3 to 66 one channel, and
    from 67 on the pair that starts at channel ``mode - 67``. A file of one channel plays it
    in every mode that asks for the first two.
    """
    if channel_mode >= 67:
        first = channel_mode - 67
        if channels == 1 and first == 0:
            return (0,), False
        return (first, first + 1), False
    if channels == 1 and channel_mode <= 4:
        return (0,), False
    if channel_mode >= 3:
        return (channel_mode - 3,), False
    if channel_mode == 2:
        return (0, 1), True
    return ((1, 0) if channel_mode == 1 else (0, 1)), False


class SourceReader:
    """The source frames that a clip plays from, without end: silence outside the source.

    A section is a part of the file with its own frame 0; reversed, that part runs backwards;
    looped, it repeats in both directions.

    Parameters
    ----------
    clip
        The clip.
    path
        The file.
    info
        What its header says.
    pool
        Opens and keeps files.
    report
        Called with a flag and the reason where reading finds a fault.
    """

    def __init__(
        self, clip: Clip, path: str, info: MediaInfo, pool: MediaPool, report: Report
    ) -> None:
        self.pick, self._average = channel_pick(clip.channel_mode, info.channels)
        self.channels = 1 if self._average else len(self.pick)
        self.loop = clip.loop
        self._path, self._info, self._pool, self._report = path, info, pool, report
        self._lacking = any(channel >= info.channels for channel in self.pick)
        source = clip.source
        # bounded far beyond any file, so that every number in a project fits into an integer
        self._first = round(min(1e15, max(0.0, (source.section_start or 0.0) * info.rate)))
        length = (source.section_length or 0.0) * info.rate
        rest = max(0, info.frames - self._first)
        self.length = max(1, round(min(1e15, length))) if length > 0.0 else rest
        self._reversed = source.reversed
        self._end = info.frames  # where the file turns out to end
        self._looped: Samples | None = None
        self._failures = 0

    def read(self, first: int, frames: int) -> Samples | None:
        """Read frames of the source.

        Parameters
        ----------
        first
            The first frame; it may lie before the source.
        frames
            How many.

        Returns
        -------
        array or None
            Shape (channels, frames), full scale is 1.0. None where the source has nothing there.
        """
        if self.length <= 0 or self._failures >= MAX_FAILURES:
            return None
        if not self.loop:
            if first >= self.length or first + frames <= 0:
                return None
            return self._mixed(self._line(first, frames))
        if self.length <= LOOP_IN_MEMORY:
            if self._looped is None:
                self._looped = self._mixed(self._line(0, self.length))
            return self._looped.take(np.arange(first, first + frames) % self.length, axis=1)
        out = np.empty((len(self.pick), frames), dtype=np.float32)
        done = 0
        while done < frames:
            place = (first + done) % self.length
            step = min(frames - done, self.length - place)
            self._fill(out[:, done : done + step], place)
            done += step
        return self._mixed(out)

    def _mixed(self, block: Samples) -> Samples:
        if not self._average:
            return block
        block[0] += block[1]
        block[0] *= np.float32(0.5)
        return block[:1]

    def _line(self, first: int, frames: int) -> Samples:
        out = np.empty((len(self.pick), frames), dtype=np.float32)
        low = min(frames, max(0, -first))
        high = max(low, min(frames, self.length - first))
        out[:, :low] = 0.0
        out[:, high:] = 0.0
        if high > low:
            self._fill(out[:, low:high], first + low)
        return out

    def _fill(self, target: Samples, first: int) -> None:
        """Read frames that lie within the source."""
        frames = target.shape[1]
        start = self._first + (self.length - first - frames if self._reversed else first)
        # A section may reach beyond its file.
        high = max(0, min(frames, self._end - start))
        part = target[:, :high]
        if self._lacking:
            part[...] = 0.0
        got = 0
        if high and self._failures < MAX_FAILURES:
            try:
                got = self._pool.get(self._path).read_into(part, start, self.pick)
            except UnplayableMediaError as error:
                self._report(error.fault, str(error))
                got = self._salvage(part, start)
            else:
                if got < high:
                    self._end = start + got
                    if self._info.frames - self._end > LENGTH_DOUBT:
                        self._report("truncated media", TRUNCATED)
        target[:, got:] = 0.0
        if self._info.floating:
            self._require_finite(part[:, :got])
        if self._reversed:
            target[...] = target[:, ::-1].copy()

    def _salvage(self, part: Samples, start: int) -> int:
        """Read a block in which decoding stopped, piece by piece: silence where a piece fails.

        Returns how many frames that makes.
        """
        self._pool.release(self._path)  # the decoder does not recover, a new one may
        part[...] = 0.0
        done = 0
        while done < part.shape[1] and self._failures < MAX_FAILURES:
            piece = part[:, done : done + PIECE]
            try:
                got = self._pool.get(self._path).read_into(piece, start + done, self.pick)
            except UnplayableMediaError:
                self._failures += 1
                self._pool.release(self._path)
                got = 0
            piece[:, got:] = 0.0
            done += piece.shape[1]
        return done

    def _require_finite(self, block: Samples) -> None:
        # a NaN stays in both, and compares as false
        if not block.size or (block.min() >= -MAX_SAMPLE and block.max() <= MAX_SAMPLE):
            return
        block[~(np.abs(block) <= MAX_SAMPLE)] = 0.0
        self._report(
            "non-finite samples",
            "it holds samples that are not numbers or impossibly large; 0 is used for them",
        )


#: more frames than any clip has
_NEVER = 1 << 62


class Resampler:
    """A source on the grid of a track: output frame i is source frame ``origin + i * ratio``.

    Frames between two source frames are computed by soxr. The stream starts early enough for its
    filter to be full, at the place among many where the two grids lie closest together. So what
    remains of a fraction is far below a frame, and nothing drifts. The result does not depend on
    what was skipped: the stream starts before the frame ``first``, or whole periods of both grids
    later.

    Parameters
    ----------
    source
        The source.
    rate
        Rate of the track in Hz.
    ratio
        Source frames per output frame.
    origin
        Source frame of output frame 0.
    first
        The first output frame of the clip.
    """

    def __init__(
        self, source: SourceReader, rate: int, ratio: float, origin: float, first: int
    ) -> None:
        self._source, self._rate, self._ratio, self._origin = source, rate, ratio, origin
        starts = first - self._lead() - np.arange(PHASES)
        places = origin + starts * ratio
        distance = np.abs(places - np.rint(places))
        best = int(np.argmax(distance <= distance.min() + 1e-7))
        self._start = int(starts[best]), int(np.rint(places[best]))
        turns = np.arange(1, PHASES + 1) * ratio
        whole = np.flatnonzero(np.abs(turns - np.rint(turns)) < 1e-10)
        self._period = int(whole[0]) + 1 if whole.size else _NEVER
        self._stream: soxr.ResampleStream | None = None
        self._made = 0  # the frame that follows those in _rest
        self._fed = 0  # the source frame to be fed next
        self._rest = np.empty((0, source.channels), dtype=np.float32)

    def read(self, low: int, high: int) -> Samples | None:
        """Read frames of the track.

        Parameters
        ----------
        low, high
            The first output frame, and the one after the last.

        Returns
        -------
        array or None
            Shape (channels, high - low). None behind the end of the source.
        """
        past = self._origin + low * self._ratio > self._source.length + self._lead() * self._ratio
        if past and not self._source.loop:
            return None
        ahead = low - self._made > self._lead() + self._period
        if self._stream is None or ahead or low < self._made - len(self._rest):
            self._begin(low)
        assert self._stream is not None
        out = np.empty((self._source.channels, high - low), dtype=np.float32)
        done = 0
        while done < high - low:
            skip = low + done - (self._made - len(self._rest))
            if skip < len(self._rest):
                piece = self._rest[skip : skip + high - low - done]
                out[:, done : done + len(piece)] = piece.T
                done += len(piece)
                self._rest = self._rest[skip + len(piece) :]
                continue
            missing = math.ceil((high - self._made) * self._ratio) + 1
            self._feed(min(RESAMPLE_CHUNK, max(256, missing)))
        return out

    def _lead(self) -> int:
        return math.ceil(WARM_UP * max(1.0, 1.0 / self._ratio))

    def _begin(self, low: int) -> None:
        import soxr  # only where rates differ: most projects never need it

        self._made, self._fed = self._start
        periods = max(0, (low - self._lead() - self._made) // self._period)
        self._made += periods * self._period
        self._fed += periods * round(self._period * self._ratio)
        self._rest = self._rest[:0]
        self._stream = soxr.ResampleStream(
            self._ratio * self._rate, self._rate, self._source.channels, dtype="float32"
        )

    def _feed(self, frames: int) -> None:
        assert self._stream is not None
        block = self._source.read(self._fed, frames)
        if block is None:
            fed = np.zeros((frames, self._source.channels), dtype=np.float32)
        else:
            fed = np.ascontiguousarray(block.T)
        self._fed += frames
        self._rest = self._stream.resample_chunk(fed)
        self._made += len(self._rest)
