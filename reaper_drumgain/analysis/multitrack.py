"""The audio of the measured drum tracks: measured in one pass, or mixed with given gains."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.analysis.descriptors import Descriptor
from reaper_drumgain.analysis.loudness import hop_length
from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.analysis.measurement import MultitrackAnalysis, Progress
from reaper_drumgain.analysis.peaks import Stretch, frames_of, most_promising, upper_bounds, within
from reaper_drumgain.audio.track_reader import TrackAudio, analysis_rate, open_track, playing_span
from reaper_drumgain.errors import ConflictError, InputError
from reaper_drumgain.schema.session import Session
from reaper_drumgain.tracks.selection import DrumTrack
from reaper_drumgain.util.decibels import gain_to_db
from reaper_drumgain.util.thread_pool import thread_pool

#: frames that are mixed at a time: many, because threads wait for each other at every block;
#: fewer where all tracks together would take more than this
_MOST_FRAMES, _LEAST_FRAMES, _BLOCK_BYTES = 1 << 19, 1 << 16, 1 << 25
#: silences of all tracks are shortened to this; loudness range looks at 3 s at a time
_SILENCE_S = 10.0
#: more than any session plays; the length of a looped item may be years
_LONGEST_S = 12 * 3600
#: hours of audio, of all tracks together, that are decoded at most: 40 tracks of 12 hours are less
_MOST_HOURS = 500
#: tracks that are measured together; each pair of them takes time and memory
_MOST_TRACKS = 256


def stretches(
    sounding: Sequence[Sequence[tuple[int, int]]], rate: int
) -> tuple[tuple[int, int], ...]:
    """The stretches of time to be analyzed, with long silence shortened.

    Of a silence of all tracks that is longer than ``_SILENCE_S``, whole hops in its middle are
    left out.

    Parameters
    ----------
    sounding
        Per track the first frame at which each clip may sound, and the one after its last.
    rate
        Sample rate in Hz.

    Returns
    -------
    tuple
        First frame of each stretch and the one after its last, in order of time.
    """
    hop = hop_length(rate)
    shortest = round(_SILENCE_S * rate)
    kept: list[tuple[int, int]] = []
    begin, end = 0, 0
    for first, last in sorted(clip for track in sounding for clip in track):
        if first - end > shortest:
            left_out = (first - end - shortest) // hop * hop
            kept.append((begin, end + shortest // 2))
            begin = end + shortest // 2 + left_out
        end = max(end, last)
    return (*kept, (begin, end))


class SilenceTrimmed:
    """A track's audio over the stretches that are kept, as one stream.

    Parameters
    ----------
    track
        The audio of the track, at its start.
    kept
        First frame of each stretch and the one after its last, in order of time.
    """

    def __init__(self, track: TrackAudio, kept: Sequence[tuple[int, int]]) -> None:
        self._track = track
        self._kept = kept
        self._place = 0
        self._at = 0
        self.channels = track.channels
        self.rate = track.rate
        self.frames = sum(last - first for first, last in kept)

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags of the track."""
        return self._track.flags

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings of the track."""
        return self._track.warnings

    def read(self, frames: int) -> NDArray[np.float32] | None:
        """As ``Stream.read``."""
        parts: list[tuple[int, NDArray[np.float32] | None]] = []
        wanted = frames
        while wanted and self._place < len(self._kept):
            first, last = self._kept[self._place]
            if self._at < first:
                self._track.skip(first - self._at)
                self._at = first
            count = min(wanted, last - self._at)
            parts.append((count, self._track.read(count)))
            self._at += count
            wanted -= count
            if self._at == last:
                self._place += 1
        if len(parts) == 1:
            return parts[0][1]
        if parts and all(part is None for _, part in parts):
            return None
        empty = np.zeros((self.channels, 0), dtype=np.float32)
        filled = [
            np.zeros((self.channels, count), dtype=np.float32) if part is None else part
            for count, part in parts
        ]
        return np.concatenate([empty, *filled], axis=1)


class Multitrack:
    """The audio of the measured drum tracks, over the time that they play.

    Silence of all tracks is shortened, so that a stray item at the end of a project does not cost
    the hours before it. The silence that stays is longer than any window of the measurements,
    and whole hops are taken out, so that no loudness changes.

    Parameters
    ----------
    session
        The session that holds the tracks.
    drums
        The tracks, in the order of all results.
    progress
        Called with what is being done and the share of it that is done, 0 to 1.
    span
        Start and end in seconds of the project. None for all that plays.

    Raises
    ------
    InputError
        There are too many tracks or, once the media are opened, too many hours of audio to read.
    """

    def __init__(
        self,
        session: Session,
        drums: Sequence[DrumTrack],
        progress: Progress | None,
        span: tuple[float, float] | None = None,
    ) -> None:
        if len(drums) > _MOST_TRACKS:
            raise InputError(
                f"{len(drums)} drum tracks are more than any kit has: at most {_MOST_TRACKS} are "
                "balanced together. Leave some out with --role 'TRACK=none'"
            )
        self._drums = drums
        self._progress = progress
        tracks = [drum.track for drum in drums]
        self.rate = analysis_rate(session, tracks)
        self._start, self._end = playing_span(tracks, span)
        self._warnings: list[str] = []
        self._kept: tuple[tuple[int, int], ...] | None = None
        self._known: tuple[tuple[str, ...], ...] | None = None

    @contextlib.contextmanager
    def _open(self, part: Sequence[Stretch] | None = None) -> Iterator[list[SilenceTrimmed]]:
        """Open the tracks; ``part``: only these frames of the analyzed audio."""
        with contextlib.ExitStack() as stack:
            tracks = [
                stack.enter_context(
                    open_track(
                        drum.track,
                        rate=self.rate,
                        start=self._start,
                        end=self._end,
                    )
                )
                for drum in self._drums
            ]
            if self._kept is None:
                self._kept = self._stretches(tracks)
                self._require_bounded_work(tracks, self._kept[-1][1])
            kept = self._kept if part is None else within(self._kept, part)
            yield [SilenceTrimmed(track, kept) for track in tracks]

    def _stretches(self, tracks: Sequence[TrackAudio]) -> tuple[tuple[int, int], ...]:
        kept = stretches([track.sounding for track in tracks], self.rate)
        longest = _LONGEST_S * self.rate
        total = 0
        for place, (first, last) in enumerate(kept):
            total += last - first
            if total > longest:
                self._warnings.append(
                    f"the drums play for more than {_LONGEST_S // 3600} hours: what comes after "
                    "is not measured"
                )
                return (*kept[:place], (first, last - (total - longest)))
        return kept

    def _require_bounded_work(self, tracks: Sequence[TrackAudio], last: int) -> None:
        work = [track.work(last) / 3600.0 for track in tracks]
        if sum(work) <= _MOST_HOURS:
            return
        most = int(np.argmax(work))
        raise InputError(
            f"{sum(work):.0f} hours of audio would have to be read, {work[most]:.0f} of them for "
            f"track {self._drums[most].track.name!r}: at most {_MOST_HOURS} are. Do its items play "
            "at a very high rate, or are they very many? Glue or shorten them, or leave the track "
            "out with --role 'TRACK=none'"
        )

    def _tell(self, doing: str) -> Callable[[float], None]:
        progress = self._progress
        return lambda share: None if progress is None else progress(doing, share)

    def measure(self, threads: int, descriptors: Sequence[Descriptor] = ()) -> MultitrackAnalysis:
        """Measure all tracks in one pass.

        Parameters
        ----------
        threads
            See ``measure.measure``.
        descriptors
            What is measured in addition.

        Returns
        -------
        MultitrackAnalysis
            One entry per track.
        """
        with self._open() as streams:
            tell = self._tell("listening")
            measurement = measure(
                streams,
                threads=threads,
                progress=tell,
                descriptors=descriptors,
            )
            flags = tuple(stream.flags for stream in streams)
            for drum, stream in zip(self._drums, streams, strict=True):
                self._warnings += [f"track {drum.track.name!r}: {w}" for w in stream.warnings]
            timeline = tuple(
                (self._start + first / self.rate, self._start + last / self.rate)
                for first, last in self._kept or ()
            )
        return MultitrackAnalysis(measurement, flags, tuple(self._warnings), timeline)

    def channels(self) -> list[int]:
        """1 or 2 per track."""
        with self._open() as streams:
            return [stream.channels for stream in streams]

    def peaks(
        self,
        mixes: Sequence[NDArray[np.float64]],
        analysis: MultitrackAnalysis | None = None,
    ) -> list[float]:
        """Find the sample peaks of mixes.

        This reads the audio once more, because a peak does not follow from the covariance.

        Parameters
        ----------
        mixes
            Of each mix the linear gains, shape (2, channels): left and right.
        analysis
            The analysis of the same audio: with it, only the places where a peak may be are read.

        Returns
        -------
        list
            The peak of each mix in dBFS; -inf for silence.

        Raises
        ------
        ConflictError
            Media could be read for the analysis and cannot be read any more.
        """
        measurement = None if analysis is None else analysis.measurement
        self._known = None if analysis is None else analysis.flags
        # a clip at another speed is read from its start in any case: then all tracks are read once
        clips = (clip for drum in self._drums for clip in drum.track.clips if clip.plays)
        if any(clip.play_rate != 1.0 for clip in clips):
            measurement = None
        # microphones in the middle give left and right alike: no need to mix both
        rows, places = np.unique(np.concatenate(mixes), axis=0, return_inverse=True)
        sides = places.reshape(-1, 2)

        def look(part: Sequence[Stretch] | None) -> NDArray[np.float64]:
            found = np.zeros(len(rows))
            for block in self.mixed(rows, "finding the peak", part=part):
                found = np.maximum(found, np.maximum(block.max(axis=1), -block.min(axis=1)))
            return np.asarray(found[sides].max(axis=1))

        if measurement is None:
            found = look(None)
        else:
            bounds = upper_bounds(measurement, rows)[sides].max(axis=1)
            looked = most_promising(bounds)
            found = look(frames_of(looked, self.rate))
            left = (bounds > found[:, None]).any(axis=0) & ~looked
            if left.any():
                found = np.maximum(found, look(frames_of(left, self.rate)))
        with np.errstate(divide="ignore"):
            return [float(level) for level in gain_to_db(found)]

    def mixed(
        self,
        gains: NDArray[np.float64],
        doing: str,
        threads: int = 2,
        part: Sequence[Stretch] | None = None,
    ) -> Iterator[NDArray[np.float32]]:
        """Mix the audio of the tracks with given gains, block by block.

        Parameters
        ----------
        gains
            Shape (outputs, channels): linear gains.
        doing
            What the progress says.
        threads
            How many threads decode.
        part
            Only these frames of the analyzed audio. None for all.

        Returns
        -------
        iterator
            Blocks of shape (outputs, frames).
        """
        used = gains.astype(np.float32)
        tell = self._tell(doing)
        with self._open(part) as streams, thread_pool(threads) as pool:
            total = max((stream.frames for stream in streams), default=0)
            channels = sum(stream.channels for stream in streams)
            size = min(_MOST_FRAMES, max(_LEAST_FRAMES, _BLOCK_BYTES // (4 * max(channels, 1))))
            self._require_the_same(streams)
            # the next block is decoded while this one is mixed
            waiting = [pool.submit(stream.read, size) for stream in streams]
            for at in range(0, total, size):
                blocks = [future.result() for future in waiting]
                waiting = [pool.submit(stream.read, size) for stream in streams]
                yield _mix(used, streams, blocks, min(size, total - at))
                tell(min(1.0, (at + size) / total))
            self._require_the_same(streams)

    def _require_the_same(self, streams: Sequence[SilenceTrimmed]) -> None:
        """Raises ConflictError where a track has flags that it had not when it was analyzed."""
        for drum, stream, known in zip(self._drums, streams, self._known or (), strict=False):
            new = [flag for flag in stream.flags if flag not in known]
            if new:
                raise ConflictError(
                    f"track {drum.track.name!r}: its media changed while it was read "
                    f"({', '.join(new)}): nothing was written; run it again"
                )


def _mix(
    gains: NDArray[np.float32],
    streams: Sequence[SilenceTrimmed],
    blocks: Sequence[NDArray[np.float32] | None],
    frames: int,
) -> NDArray[np.float32]:
    """(outputs, frames): gains (outputs, channels) times the blocks, None for silence."""
    ends = np.cumsum([stream.channels for stream in streams])
    sounding = [
        (block[:, :frames], gains[:, end - len(block) : end])
        for block, end in zip(blocks, ends, strict=True)
        if block is not None and block.shape[1]
    ]
    if not sounding:
        return np.zeros((len(gains), frames), dtype=np.float32)
    audio = np.concatenate([block for block, _ in sounding])
    mixed: NDArray[np.float32] = np.concatenate([gain for _, gain in sounding], axis=1) @ audio
    return mixed
