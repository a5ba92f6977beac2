"""One clip as a stream of blocks on the grid of a track: source, rate, gain, fades, pan.

Frames here count from the start of the span that a track is read over, at the rate it is
read at. Frame i lies at ``start + i / rate`` seconds of the project.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass

import numpy as np

from reaper_drumgain.audio.envelope_curves import EnvelopeCurve, apply_curve, fade
from reaper_drumgain.audio.media_pool import MediaPool
from reaper_drumgain.audio.safe_open import MediaInfo
from reaper_drumgain.audio.samples import Samples, sounds
from reaper_drumgain.audio.source_reader import Report, Resampler, SourceReader
from reaper_drumgain.schema.session import Clip

#: frames; a shorter fade cannot be heard, and dividing by it overflows
MIN_FADE = 1e-6


@dataclass(frozen=True, slots=True)
class Grid:
    """The frames of a span of time.

    Attributes
    ----------
    rate
        Sample rate in Hz.
    start
        Time of the first frame, in seconds of the project.
    frames
        How many frames.
    """

    rate: int
    start: float
    frames: int

    def place(self, seconds: float) -> float:
        """Where a time lies, in frames; not rounded."""
        return (seconds - self.start) * self.rate

    def nearest(self, seconds: float) -> int:
        """The frame nearest to a time, limited to one frame before and after the span."""
        return round(min(float(self.frames) + 1.0, max(-1.0, self.place(seconds))))


#: frames that the filter of a resampler may ring behind the end of a source
_TAIL = 4096


class ClipReader:
    """What one clip adds to its track, block by block.

    Parameters
    ----------
    clip
        The clip. Its source has a path.
    grid
        The frames that the track is read over.
    info
        What the header of its file says.
    pool
        Opens and keeps files.
    report
        Called with a flag and the reason where reading finds a fault.
    """

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
            # behind the end of its source a clip is silent, whatever its length
            plays = max(0.0, self._source.length / info.rate - clip.offset) / clip.play_rate
            self.last = min(self.last, grid.nearest(clip.position + plays) + _TAIL)
        #: source frames that are decoded for one frame, at least 1: making a frame costs as well
        self.cost = max(1.0, info.rate * clip.play_rate / grid.rate)
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
        """Read a block with gains, fades and pan applied.

        Parameters
        ----------
        low, high
            The first frame, and the one after the last; both lie within the clip.

        Returns
        -------
        array or None
            Shape (channels, high - low), full scale is 1.0. None where the clip is silent.
        """
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
