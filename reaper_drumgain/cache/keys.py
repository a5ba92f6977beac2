"""The key of a cached analysis: all that decides its result, and nothing else.

Standard library only.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reaper_drumgain import __version__
from reaper_drumgain.schema.session import Clip, Session, Track
from reaper_drumgain.tracks.selection import DrumTrack

#: version of the keys and of the bytes that are stored under them
FORMAT = 3
#: the coarsest clock of a file system (FAT) ticks every 2 s
SETTLED_S = 2.5

#: device, inode, mode, size and both times of a file, None for one that is not there
FileIdentity = tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class AnalyzedAudio:
    """The audio that an analysis reads. Nothing else decides the result, so the key is made of it.

    Attributes
    ----------
    session
        The drum tracks alone, with what plays before their faders.
    drums
        The drum tracks in that session.
    span
        Start and end of the analyzed part in seconds; None for the whole song.
    files
        The identity of each media file by its path.
    """

    session: Session
    drums: tuple[DrumTrack, ...]
    span: tuple[float, float] | None
    files: Mapping[str, FileIdentity]

    @property
    def key(self) -> bytes:
        """The key of its analysis by this version of the package."""
        decides = (FORMAT, __version__, self.session, self.span, sorted(self.files.items()))
        return digest(repr(decides).encode("utf-8", "surrogatepass"))

    def is_settled(self, began: float) -> bool:
        """Whether the files still are what they were when the analysis began.

        False also where one was changed shortly before: another change within one tick of the
        file system's clock would not show. ``began``: seconds, as of ``time.time``.
        """
        times = [max(found[-2:]) for found in self.files.values() if found is not None]
        old = began - max(times, default=0) / 1e9 > SETTLED_S
        return old and file_identities(self.session) == self.files


def analyzed_audio(
    session: Session, drums: Sequence[DrumTrack], span: tuple[float, float] | None
) -> AnalyzedAudio:
    """The audio of some tracks, with the media files as they are now.

    Parameters
    ----------
    session
        The project.
    drums
        The tracks that are analyzed.
    span
        Start and end in seconds; None for the whole song.

    Returns
    -------
    AnalyzedAudio
        With the identities of the files.
    """
    reduced, own = _reduced(session, drums)
    return AnalyzedAudio(reduced, own, span, file_identities(reduced))


def file_identities(session: Session) -> dict[str, FileIdentity]:
    """The identity of each media file that the tracks of a session play, by path."""
    return {path: _identity(path) for path in sorted(set(_media(session)))}


def digest(data: bytes) -> bytes:
    """The SHA-256 of bytes."""
    return hashlib.sha256(data).digest()


def _reduced(session: Session, drums: Sequence[DrumTrack]) -> tuple[Session, tuple[DrumTrack, ...]]:
    """A session of the drum tracks alone, with what plays before their faders and no more."""
    tracks = tuple(
        Track(
            index=place,
            name=drum.track.name,
            clips=drum.track.clips,
            effects=tuple(e for e in drum.track.effects if e.instrument and e.enabled),
            envelopes=tuple(e for e in drum.track.envelopes if e.kind == "pre-fx volume"),
        )
        for place, drum in enumerate(drums)
    )
    reduced = Session(path="", tracks=tracks, sample_rate=session.sample_rate)
    pairs = zip(drums, tracks, strict=True)
    return reduced, tuple(replace(drum, track=track) for drum, track in pairs)


def _media(session: Session) -> Iterator[str]:
    for track in session.tracks:
        for clip in track.clips:
            if _reads_file(clip) and clip.source.path:
                yield clip.source.path


def _reads_file(clip: Clip) -> bool:
    return clip.plays and clip.source.kind == "file"


def _identity(path: str) -> FileIdentity:
    if path[:2].replace("\\", "/") == "//":
        # never read, so not even asked about
        return None
    try:
        status = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return None
    return (
        *(status.st_dev, status.st_ino, status.st_mode, status.st_size),
        *(status.st_mtime_ns, status.st_ctime_ns),
    )
