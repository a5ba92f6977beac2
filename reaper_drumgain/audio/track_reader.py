"""A track's signal before its fader, streamed in blocks from the media files of its clips.

Gain, fades, envelopes, rate, loops, sections and channel modes are applied. Time stretching,
pitch, effects and instruments are not: such a clip plays as its plain audio, if it has any, and
the track says so in ``flags`` and ``warnings``. A file that cannot be played counts as silence.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from types import TracebackType

import numpy as np

from reaper_drumgain.audio.clip_reader import ClipReader, Grid
from reaper_drumgain.audio.envelope_curves import MAX_GAIN, EnvelopeCurve, apply_curve
from reaper_drumgain.audio.limitations import Limitations, clip_words
from reaper_drumgain.audio.media_pool import MediaPool, probe
from reaper_drumgain.audio.safe_open import UnplayableMediaError
from reaper_drumgain.audio.samples import Samples, sounds
from reaper_drumgain.schema.session import Clip, Session, Track

#: Hz: audio is read, and so measured, at rates from here to there; other files are resampled
LOWEST_RATE, HIGHEST_RATE = 8_000, 768_000
#: Hz, where neither the clips nor the project name a rate
DEFAULT_RATE = 48_000


class TrackAudio:
    """A track's signal before its fader over a span, read from its start to its end.

    A context manager; ``close`` closes the files. One thread at a time may read a track,
    several tracks may be read at once.

    Attributes
    ----------
    channels
        1 where left and right are equal throughout, else 2.
    rate
        Sample rate in Hz.
    frames
        Length of the whole span.
    """

    def __init__(self, track: Track, grid: Grid) -> None:
        self.rate = grid.rate
        self.frames = grid.frames
        self._grid = grid
        self._track = track
        self._limitations = Limitations(track)
        self._pool = MediaPool()
        self._position = 0
        self._active: list[ClipReader] = []
        self._waiting = self._readers()
        self._next = 0
        self.channels = max((reader.channels for reader in self._waiting), default=1)
        self._last_use: dict[str, int] = {}
        for reader in self._waiting:
            self._last_use[reader.path] = max(self._last_use.get(reader.path, 0), reader.last)
        self._envelopes = self._track_envelopes()

    def __enter__(self) -> TrackAudio:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the files; what was not read yet is silence from then on."""
        self._pool.close()
        self._active.clear()
        self._next = len(self._waiting)

    @property
    def flags(self) -> tuple[str, ...]:
        """What is not played as REAPER plays it, in short words, in the order in which it was
        found.

        Reading may find more, in the samples themselves.
        """
        return self._limitations.flags

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each flag and each file, which names clip and file and says what to do.

        Of many files with the same flag the first ones are named, and the others counted.
        """
        return self._limitations.sentences

    @property
    def sounding(self) -> tuple[tuple[int, int], ...]:
        """First frame of each clip that may sound and the one after its last, in order of time."""
        return tuple((reader.first, reader.last) for reader in self._waiting)

    def work(self, last: int) -> float:
        """The seconds of audio that have to be decoded up to a frame.

        A second is added for each clip, because many short ones cost more than one that is long.
        """
        frames = sum(
            (min(last, reader.last) - reader.first) * reader.cost
            for reader in self._waiting
            if reader.first < last
        )
        return frames / self.rate + len(self._waiting)

    def skip(self, frames: int) -> None:
        """Skip frames without reading; what follows is as after ``read``, up to rounding."""
        self._position = min(self.frames, self._position + frames)

    def read(self, frames: int) -> Samples | None:
        """Read the next block.

        Parameters
        ----------
        frames
            How many frames, at most.

        Returns
        -------
        array or None
            Shape (channels, n), C-contiguous, full scale is 1.0. n is the smaller of ``frames`` and
            what remains, 0 at the end of the span. None where all of it is digital silence. The
            caller may keep the block, and must not write to it.

        Raises
        ------
        ValueError
            ``frames`` is negative.
        """
        if frames < 0:
            raise ValueError(f"a block has 0 frames or more, got {frames}")
        low, high = self._position, min(self.frames, self._position + frames)
        if low == high:
            return np.empty((self.channels, 0), dtype=np.float32)
        self._position = high
        while self._next < len(self._waiting) and self._waiting[self._next].first < high:
            self._active.append(self._waiting[self._next])
            self._next += 1
        self._active = [reader for reader in self._active if reader.last > low]
        if not self._active:
            return None
        block = self._sum(low, high)
        for path in self._pool.paths:
            if self._last_use[path] <= high:
                self._pool.release(path)
        if block is None:
            return None
        for curve in self._envelopes:
            apply_curve(block, curve, self._grid.start + low / self.rate, 1.0 / self.rate)
        return block if sounds(block) else None

    def _sum(self, low: int, high: int) -> Samples | None:
        total: Samples | None = None
        for reader in self._active:
            first, last = max(low, reader.first), min(high, reader.last)
            part = reader.read(first, last)
            if part is None:
                continue
            if total is None:
                if part.shape == (self.channels, high - low):
                    total = part
                    continue
                total = np.zeros((self.channels, high - low), dtype=np.float32)
            total[:, first - low : last - low] += part
        return total

    def _readers(self) -> list[ClipReader]:
        readers: list[ClipReader] = []
        for clip in self._track.clips:
            if clip.plays and not _is_sound(clip):
                self._limitations.add("bad clip values", f"{clip_words(clip)} is left out.")
                continue
            if not (clip.plays and _overlaps(clip, self._grid)):
                continue
            info = self._limitations.examine(clip, self._grid)
            if info is None or clip.item_gain * clip.take_gain == 0.0:
                continue
            report = self._limitations.reporter(clip)
            reader = ClipReader(clip, self._grid, info, self._pool, report)
            if reader.first < reader.last:
                readers.append(reader)
        readers.sort(key=lambda reader: reader.first)
        return readers

    def _track_envelopes(self) -> list[EnvelopeCurve]:
        curves = []
        for envelope in self._track.envelopes:
            if envelope.kind != "pre-fx volume" or not envelope.active:
                continue
            if envelope.pooled:
                self._limitations.add(
                    "automation items",
                    "The pre-FX volume envelope holds automation items, which are not read: its "
                    "points are left out. Glue them, or render the track.",
                )
            elif envelope.points:
                curves.append(EnvelopeCurve(envelope))
        return curves


def analysis_rate(session: Session, tracks: Sequence[Track]) -> int:
    """The sample rate in Hz of the files that play for most of the time.

    Read at it, most audio needs no resampling. Without any file that opens: the session's
    rate, or 48000. Never outside ``LOWEST_RATE`` to ``HIGHEST_RATE``.
    """
    seconds: dict[int, float] = {}
    for clip in _playing(tracks):
        if not clip.source.path:
            continue
        try:
            rate = probe(clip.source.path).rate
        except UnplayableMediaError:
            continue
        seconds[rate] = seconds.get(rate, 0.0) + clip.length
    if seconds:
        most = max(seconds, key=lambda rate: (seconds[rate], rate))
    else:
        most = session.sample_rate or DEFAULT_RATE
    return min(HIGHEST_RATE, max(LOWEST_RATE, most))


def playing_span(
    tracks: Sequence[Track],
    limits: tuple[float, float] | None = None,
) -> tuple[float, float]:
    """Start and end in seconds of all that the tracks' clips play, cut to ``limits``.

    Where nothing plays there, both are equal.
    """
    starts_ends = [(clip.position, clip.position + clip.length) for clip in _playing(tracks)]
    start = max(0.0, min((first for first, _ in starts_ends), default=0.0))
    end = max((last for _, last in starts_ends), default=0.0)
    if limits is not None:
        start, end = max(start, limits[0]), min(end, limits[1])
    return start, max(start, end)


def open_track(
    track: Track,
    *,
    rate: int,
    start: float,
    end: float,
) -> TrackAudio:
    """Open the audio of a track. A file that cannot be read raises nothing: it counts as silence.

    Parameters
    ----------
    track
        The track.
    rate
        Sample rate in Hz at which it is read.
    start, end
        In seconds of the project.

    Returns
    -------
    TrackAudio
        The signal before the fader.

    Raises
    ------
    ValueError
        The span is not finite, or the rate is below 1 Hz.
    """
    if rate < 1 or not (math.isfinite(start) and math.isfinite(end)):
        raise ValueError(f"cannot read from {start} s to {end} s at {rate} Hz")
    return TrackAudio(track, Grid(rate, start, max(0, round((end - start) * rate))))


def _playing(tracks: Sequence[Track]) -> Iterator[Clip]:
    for track in tracks:
        for clip in track.clips:
            if clip.plays and clip.source.kind == "file" and _is_sound(clip):
                yield clip


def _is_sound(clip: Clip) -> bool:
    """Whether the numbers of a clip are finite and plausible."""
    numbers = (clip.position, clip.length, clip.offset, clip.play_rate, clip.take_pan)
    gain = clip.item_gain * clip.take_gain
    possible = all(abs(number) < 1e9 for number in numbers) and abs(gain) <= MAX_GAIN
    return possible and clip.length >= 0.0 < clip.play_rate


def _overlaps(clip: Clip, grid: Grid) -> bool:
    end = grid.nearest(clip.position + clip.length)
    return grid.nearest(clip.position) < grid.frames and end > 0
