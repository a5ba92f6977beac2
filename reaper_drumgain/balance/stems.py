"""Pre-fader stems that the user rendered, in place of what the tracks' own files hold.

For tracks with effects, instruments and sources that cannot be read. A stem is taken as the sound
of its track before its fader; that it was rendered so, nobody can tell from the file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath, PureWindowsPath

from reaper_drumgain.audio.media_pool import probe
from reaper_drumgain.audio.safe_open import MediaInfo, UnplayableMediaError
from reaper_drumgain.errors import InputError, NoStemsError, StorageError
from reaper_drumgain.schema.session import Clip, Session, Source, Track
from reaper_drumgain.tracks.playback import track_difference
from reaper_drumgain.tracks.role_names import role_of
from reaper_drumgain.tracks.stem_names import Matches, match_stems

_ENDINGS = frozenset(
    {".wav", ".w64", ".rf64", ".aif", ".aiff", ".flac", ".wv", ".mp3", ".ogg", ".caf"}
)
_MOST_FILES, _MOST_TOLD = 5000, 6
#: seconds by which a stem may end before the last item of its track: silence at its end
_SHORTER_S = 1.0
#: seconds by which the length of a stem may differ from that of the time selection
_SPAN_S = 0.05
#: envelopes that a stem holds already
_IN_STEM = ("pre-fx volume",)


def with_stems(session: Session, folder: Path) -> tuple[Session, tuple[str, ...]]:
    """The session with stems in place of the items and effects of tracks.

    Parameters
    ----------
    session
        The project as a host has read it.
    folder
        Where the stems are; in it, the folder with the project's name counts where there is one.

    Returns
    -------
    session : Session
        Tracks without a stem are as they were.
    told : tuple of str
        Sentences on stems that are not taken, and on tracks that lack one.

    Raises
    ------
    NoStemsError
        The folder holds none for the session.
    InputError
        It is no folder, or holds too many files.
    StorageError
        The folder cannot be read.
    """
    project = _stem(session.path)
    inner = folder / project
    folder = inner if inner.is_dir() else folder
    paths = _files(folder)
    matches = match_stems(project, session.tracks, list(paths))
    told: list[str] = []
    tracks = list(session.tracks)
    for index, name in matches.found.items():
        track = tracks[index]
        replaced = _replaced(session, track, paths[name], told)
        if replaced is not None:
            tracks[index] = replaced
    if not matches.found and not matches.several:
        raise NoStemsError(
            f"--stems {folder}: none of its {len(paths)} audio files is named after a track of "
            f"{project!r}: expected names like {project}-{session.tracks[0].name}.wav"
            if session.tracks
            else f"--stems {folder}: the project has no tracks"
        )
    told += _sentences(session, matches, paths)
    return dataclasses.replace(session, tracks=tuple(tracks)), tuple(told)


def _files(folder: Path) -> dict[str, Path]:
    """The audio files of a folder by name without ending. Raises InputError, StorageError."""
    if not folder.is_dir():
        raise InputError(f"--stems {folder}: expected a folder with audio files")
    try:
        paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in _ENDINGS)
    except OSError as error:
        raise StorageError(f"--stems {folder} cannot be read: {error.strerror}") from error
    if not paths or len(paths) > _MOST_FILES:
        kind = InputError if paths else NoStemsError
        raise kind(f"--stems {folder} holds {len(paths)} audio files: expected 1 to {_MOST_FILES}")
    names = [path.stem for path in paths]
    return {p.stem if names.count(p.stem) == 1 else p.name: p for p in paths}


def _stem(path: str) -> str:
    pure = PureWindowsPath(path) if "\\" in path else PurePath(path)
    return pure.stem


def _replaced(session: Session, track: Track, path: Path, told: list[str]) -> Track | None:
    """The track with its stem; None, and a sentence why, where it cannot be taken."""
    try:
        info = probe(str(path))
    except UnplayableMediaError as error:
        told.append(f"track {track.name!r}: its stem {path.name} is not used: {error}")
        return None
    seconds = info.frames / info.rate
    start, problem = _place(session, track, seconds, info)
    if problem is not None:
        told.append(f"track {track.name!r}: its stem {path.name} is not used: {problem}")
        return None
    if session.sample_rate is not None and info.rate != session.sample_rate:
        told.append(
            f"track {track.name!r}: its stem {path.name} has {info.rate} Hz, the project "
            f"{session.sample_rate} Hz: it is used, resampled"
        )
    source = Source(kind="file", format="WAVE", path=str(path), written=path.name, found=True)
    return dataclasses.replace(
        track,
        clips=(Clip(position=start, length=seconds, source=source),),
        effects=(),
        envelopes=tuple(e for e in track.envelopes if e.kind not in _IN_STEM),
    )


def _place(
    session: Session, track: Track, seconds: float, info: MediaInfo
) -> tuple[float, str | None]:
    """When a stem begins, in seconds of the project; or why it cannot belong to this track."""
    if info.channels > 2:
        return 0.0, f"it has {info.channels} channels: expected 1 or 2"
    end = max((clip.position + clip.length for clip in track.clips if clip.plays), default=0.0)
    if seconds >= end - _SHORTER_S:
        return 0.0, None
    if session.time_selection is not None:
        first, last = session.time_selection
        if abs(seconds - (last - first)) <= _SPAN_S:
            return first, None
    return 0.0, (
        f"it has {seconds:.1f} s, the items of the track end at {end:.1f} s: render the whole "
        "project, from its start"
    )


def _sentences(session: Session, matches: Matches, paths: Mapping[str, Path]) -> list[str]:
    """Sentences on files and tracks that do not belong together."""
    told = []
    for index, names in matches.several.items():
        files = ", ".join(paths[name].name for name in names)
        told.append(
            f"track {session.tracks[index].name!r}: several stems fit ({files}), so none is used: "
            "give the right one the name of the track alone, with the track's number before it "
            "where several tracks have that name"
        )
    missing = [
        track.name
        for track in session.tracks
        if track.index not in matches.found
        and track.index not in matches.several
        and not track.folder
        and track_difference(track) is not None
        and role_of(track.name, [f.name for f in session.folders_of(track)]) is not None
    ]
    if missing:
        told.append(
            f"no stem for {_listed(missing)}: REAPER does not play these tracks as their files are"
        )
    if matches.left:
        told.append(
            f"stems that belong to no track: {_listed([paths[name].name for name in matches.left])}"
        )
    return told


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_TOLD} more" if len(names) > _MOST_TOLD else ""
    return ", ".join(repr(name) for name in names[:_MOST_TOLD]) + more
