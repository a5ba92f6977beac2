"""One clip as a stream of blocks on the grid of a track: source, rate, gain, fades, pan.

Frames here count from the start of the span that a track is read over, at the rate it is
read at. Frame i lies at ``start + i / rate`` seconds of the project.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reaper_drumgain.audio.envelope_curves import EnvelopeCurve, fade
from reaper_drumgain.audio.media_pool import MediaPool, Samples
from reaper_drumgain.audio.safe_open import MediaInfo, UnplayableMediaError
from reaper_drumgain.schema.session import Clip

if TYPE_CHECKING:
    import soxr  # type: ignore[import-untyped]

#: a looped source up to this many frames is kept in memory instead of read anew each time round
LOOP_IN_MEMORY = 1 << 16
#: source frames that are fed to the resampler at once
RESAMPLE_CHUNK = 1 << 15
#: frames before a resampled clip starts that let the resampler's filter fill, at the slower rate
WARM_UP = 1024
#: places among which a resampled clip looks for the start that falls nearest to a source frame
PHASES = 640
#: source frames per frame; beyond these a play rate is taken for a mistake
MIN_RATIO, MAX_RATIO = 1.0 / 256.0, 256.0

#: blocks of a damaged source that may fail before the rest of it counts as silence
MAX_FAILURES = 8
#: frames by which a file may fall short of its declared length, a guess in some MP3 files
LENGTH_DOUBT = 2 * 1152
TRUNCATED = "it ends before the length that it declares"
#: 100 dB over full scale; what is beyond was made by no microphone
MAX_SAMPLE = 1e5
#: frames; a shorter fade cannot be heard, and dividing by it overflows
MIN_FADE = 1e-6

Report = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Grid:
    """The frames of a span: rate in Hz, start in seconds, number of frames."""

    rate: int
    start: float
    frames: int

    def place(self, seconds: float) -> float:
        """Where a time lies, in frames; not rounded."""
        return (seconds - self.start) * self.rate

    def nearest(self, seconds: float) -> int:
        """The frame nearest to a time, held within a frame of the span."""
        return round(min(float(self.frames) + 1.0, max(-1.0, self.place(seconds))))


def channel_pick(channel_mode: int, channels: int) -> tuple[tuple[int, ...], bool]:
    """Which channels of a file a take's channel mode plays, and whether they are averaged.

    REAPER's numbers: 0 normal, 1 swapped, 2 mono of the first two, 3 to 66 one channel,
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
    """The endless line of source frames that a clip plays from: silence outside the source.

    A section is a part of the file with its own frame 0; reversed, that part runs backwards;
    looped, it repeats in both directions.
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
        # A bound far beyond any file keeps whatever a project says within integers.
        self._first = round(min(1e15, max(0.0, (source.section_start or 0.0) * info.rate)))
        length = (source.section_length or 0.0) * info.rate
        rest = max(0, info.frames - self._first)
        self.length = max(1, round(min(1e15, length))) if length > 0.0 else rest
        self._reversed = source.reversed
        self._end = info.frames  # where the file turns out to end
        self._looped: Samples | None = None
        self._failures = 0

    def read(self, first: int, frames: int) -> Samples | None:
        """Source frames from ``first`` on, shape (channels, frames); None where the source
        has nothing there."""
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

    def view(self, first: int, frames: int) -> Samples | None:
        """The same without a copy, and only to be read, where that can be had."""
        plain = not (self._reversed or self._info.floating) and self.pick == (0,)
        if not plain or first < 0 or first + frames > self.length:
            return None
        try:
            return self._pool.view(self._path, self._first + first, frames)
        except UnplayableMediaError:  # which reading it says
            return None

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
                self._failures += 1
                self._pool.release(self._path)  # the decoder does not recover, a new one may
                self._report(error.fault, str(error))
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

    def _require_finite(self, block: Samples) -> None:
        # a NaN stays in both, and compares as false
        if not block.size or (block.min() >= -MAX_SAMPLE and block.max() <= MAX_SAMPLE):
            return
        block[~(np.abs(block) <= MAX_SAMPLE)] = 0.0
        self._report(
            "non-finite samples",
            "it holds samples that are no numbers or beyond reason, taken as 0",
        )


#: more frames than any clip has
_NEVER = 1 << 62


class Resampler:
    """A source on the grid of a track: output frame i is source frame ``origin + i * ratio``.

    Frames between two source frames are made by soxr; the stream starts early enough for its
    filter to be full, at the place among many where the two grids lie closest together, so
    that what remains of a fraction is far below a frame and nothing drifts. What comes out does
    not depend on what was skipped: it starts before the frame ``first``, or whole periods of
    both grids later.
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
        """The frames from ``low`` up to ``high``, shape (channels, high - low)."""
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


#: frames that a resampler may ring on behind the end of a source
_TAIL = 4096


class ClipReader:
    """What one clip adds to its track, block by block."""

    def __init__(
        self,
        clip: Clip,
        grid: Grid,
        info: MediaInfo,
        pool: MediaPool,
        report: Report,
    ) -> None:
        assert clip.source.path is not None
        self.path = clip.source.path
        self.first = max(0, grid.nearest(clip.position))
        self.last = min(grid.frames, grid.nearest(clip.position + clip.length))
        self._clip, self._grid = clip, grid
        self._source = SourceReader(clip, self.path, info, pool, report)
        if not clip.loop:
            # behind the end of its source a clip is silent, however long it claims to be
            plays = max(0.0, self._source.length / info.rate - clip.offset) / clip.play_rate
            self.last = min(self.last, grid.nearest(clip.position + plays) + _TAIL)
        self._gain = clip.item_gain * clip.take_gain
        self.channels = 2 if clip.take_pan else self._source.channels
        ratio = info.rate * clip.play_rate / grid.rate
        origin = clip.offset * info.rate - grid.place(clip.position) * ratio
        self._shift = round(origin)
        self._resampler = (
            Resampler(self._source, grid.rate, ratio, origin, self.first)
            if abs(ratio - 1.0) > 1e-12
            else None
        )
        self._covered = [(grid.nearest(start), grid.nearest(end)) for start, end in clip.covered]
        self._envelopes = [
            (envelope.kind, EnvelopeCurve(envelope))
            for envelope in clip.envelopes
            if envelope.active and not envelope.pooled and envelope.kind in ("volume", "mute")
        ]

    def read(self, low: int, high: int) -> Samples | None:
        """The frames from ``low`` up to ``high``, which lie within the clip, of shape (channels,
        high - low), not always to be written to; None where it is silent."""
        if self._unchanged(low, high):
            view = self._source.view(low + self._shift, high - low)
            if view is not None:
                return view if sounds(view) else None
        if self._resampler is None:
            block = self._source.read(low + self._shift, high - low)
        else:
            block = self._resampler.read(low, high)
        if block is None or not sounds(block):
            return None
        if self._gain != 1.0:
            block *= np.float32(self._gain)
        self._fade(block, low, high)
        self._automate(block, low)
        self._cover(block, low, high)
        return self._panned(block)

    def _unchanged(self, low: int, high: int) -> bool:
        """Whether the clip plays these frames as its source holds them."""
        clip, grid = self._clip, self._grid
        if self._resampler or self._gain != 1.0 or self._envelopes or self._covered:
            return False
        fade_in, fade_out = clip.fade_in.length, clip.fade_out.length
        if fade_in > 0.0 and low < grid.place(clip.position + fade_in):
            return False
        if fade_out > 0.0 and high - 1 > grid.place(clip.position + clip.length - fade_out):
            return False
        return not clip.take_pan

    def _fade(self, block: Samples, low: int, high: int) -> None:
        clip, grid = self._clip, self._grid
        length = clip.fade_in.length * grid.rate
        if length > MIN_FADE:
            start = grid.place(clip.position)
            end = min(high, math.ceil(min(start + length, high)))
            if end > low:
                x = (np.arange(low, end, dtype=np.float64) - start) / length
                gain = fade(x, clip.fade_in.shape, clip.fade_in.curvature)
                block[:, : end - low] *= gain.astype(np.float32)
        length = clip.fade_out.length * grid.rate
        if length > MIN_FADE:
            stop = grid.place(clip.position + clip.length)
            begin = max(low, math.floor(max(stop - length, low)))
            if begin < high:
                x = (stop - np.arange(begin, high, dtype=np.float64)) / length
                gain = fade(x, clip.fade_out.shape, -clip.fade_out.curvature)
                block[:, begin - low :] *= gain.astype(np.float32)

    def _automate(self, block: Samples, low: int) -> None:
        # A take envelope runs in the time of its take, so it is played faster with it.
        rate, grid = self._clip.play_rate, self._grid
        ahead = grid.place(self._clip.position)
        for kind, curve in self._envelopes:
            if not len(curve):
                continue
            apply_curve(
                block,
                curve,
                (low - ahead) / grid.rate * rate,
                rate / grid.rate,
                mute=kind == "mute",
            )

    def _cover(self, block: Samples, low: int, high: int) -> None:
        place = bisect.bisect_right(self._covered, low, key=lambda covered: covered[1])
        while place < len(self._covered) and self._covered[place][0] < high:
            start, end = self._covered[place]
            block[:, max(0, start - low) : end - low] = 0.0
            place += 1

    def _panned(self, block: Samples) -> Samples:
        pan = min(1.0, max(-1.0, self._clip.take_pan))
        if not pan:
            return block
        # Assumed: a take's pan is a balance, whatever the pan law of the project.
        if len(block) == 1:
            block = np.repeat(block, 2, axis=0)
        if pan > 0.0:
            block[0] *= np.float32(1.0 - pan)
        else:
            block[1] *= np.float32(1.0 + pan)
        return block


def apply_curve(
    block: Samples, curve: EnvelopeCurve, first: float, step: float, *, mute: bool = False
) -> None:
    """Multiply a block by an envelope, its frames lying ``step`` seconds apart from ``first``.

    A mute envelope is open from 0.25 on, as the SWS extension reads it.
    """
    frames = block.shape[1]
    fixed = curve.constant(first, first + step * frames)
    if fixed is not None:
        gain = float(fixed >= 0.25) if mute else fixed
        if gain != 1.0:
            block *= np.float32(gain)
        return
    gains = curve.values(first + step * np.arange(frames, dtype=np.float64))
    block *= (gains >= 0.25 if mute else gains).astype(np.float32)


def sounds(block: Samples) -> bool:
    """Whether a block holds any sample but 0; a sounding one is told from a few samples."""
    return bool(block[:, ::61].any()) or bool(block.any())
