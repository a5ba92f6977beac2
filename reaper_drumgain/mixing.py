"""The audio of the measured drum tracks: listened to in step, or mixed with given gains."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain import features
from reaper_drumgain.audio import TrackAudio, analysis_rate, open_track, playing_span
from reaper_drumgain.probes import Probe
from reaper_drumgain.selection import DrumTrack
from reaper_drumgain.session import Session

_BLOCK = 1 << 17

#: called with what is being done and the share of it that is done
Progress = Callable[[str, float], None]


class Sound:
    """The audio of the measured drum tracks, over the time that they play within ``span``."""

    def __init__(
        self,
        session: Session,
        drums: Sequence[DrumTrack],
        progress: Progress | None,
        span: tuple[float, float] | None = None,
    ) -> None:
        self._session = session
        self._drums = drums
        self._progress = progress
        tracks = [drum.track for drum in drums]
        self.rate = analysis_rate(session, tracks)
        self._start, self._end = playing_span(session, tracks, span)
        self._warnings: list[str] = []
        self.flags: list[tuple[str, ...]] = [()] * len(drums)

    @contextlib.contextmanager
    def _open(self) -> Iterator[list[TrackAudio]]:
        with contextlib.ExitStack() as stack:
            yield [
                stack.enter_context(
                    open_track(
                        self._session,
                        drum.track,
                        rate=self.rate,
                        start=self._start,
                        end=self._end,
                    )
                )
                for drum in self._drums
            ]

    def _tell(self, doing: str) -> Callable[[float], None]:
        progress = self._progress
        return lambda share: None if progress is None else progress(doing, share)

    def measure(self, threads: int, probes: Sequence[Probe] = ()) -> features.Measurement:
        """One pass over all tracks in step, with ``probes`` besides."""
        with self._open() as streams:
            tell = self._tell("listening")
            measurement = features.measure(streams, threads=threads, progress=tell, probes=probes)
            self.flags = [stream.flags for stream in streams]
            for drum, stream in zip(self._drums, streams, strict=True):
                self._warnings += [f"track {drum.track.name!r}: {w}" for w in stream.warnings]
        return measurement

    def channels(self) -> list[int]:
        """1 or 2 per track."""
        with self._open() as streams:
            return [stream.channels for stream in streams]

    def warnings(self) -> list[str]:
        """What the readers of project and media could not represent, track by track."""
        said = [f"track {d.track.name!r}: {w}" for d in self._drums for w in d.track.warnings]
        return said + self._warnings

    def peaks(self, mixes: Sequence[NDArray[np.float64]]) -> list[float]:
        """The sample peak in dBFS of each mix, given as (2, channels) linear gains.

        Reads the audio once more, because a peak does not follow from the covariance.
        """
        gains = np.concatenate([np.asarray(mix) for mix in mixes])
        highest = np.zeros(len(mixes))
        for block in self.mixed(gains, "finding the peak"):
            peaks = np.abs(block).max(axis=1).reshape(-1, 2).max(axis=1)
            highest = np.maximum(highest, peaks)
        with np.errstate(divide="ignore"):
            return [float(level) for level in 20.0 * np.log10(highest)]

    def mixed(self, gains: NDArray[np.float64], doing: str) -> Iterator[NDArray[np.float32]]:
        """Blocks (outputs, frames) of gains (outputs, channels) times the tracks' audio."""
        used = gains.astype(np.float32)
        tell = self._tell(doing)
        with self._open() as streams:
            total = max((stream.frames for stream in streams), default=0)
            for at in range(0, total, _BLOCK):
                frames = min(_BLOCK, total - at)
                block = np.zeros((len(used), frames), dtype=np.float32)
                column = 0
                for stream in streams:
                    audio = stream.read(frames)
                    if audio is not None and audio.shape[1]:
                        columns = used[:, column : column + stream.channels]
                        block[:, : audio.shape[1]] += columns @ audio
                    column += stream.channels
                yield block
                tell((at + frames) / total)
