"""A folder of multitracks on disk: for each song its raw tracks and its finished mixes.

Layout: ``FOLDER/SONG/tracks/*.wav`` beside ``FOLDER/SONG/mixes/*.wav`` or ``FOLDER/SONG/mix*.wav``.
The folder of the tracks may also be called ``raw``, ``multitracks`` or ``stems``, and its name may
begin with that of the song, as MedleyDB has it (``SONG_RAW``, ``SONG_MIX.wav``; Bittner et al.
2014, ISMIR). Where there is none of these, the audio files of the song's folder that are no mix
are its tracks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reaper_drumgain.errors import InputError

LAYOUT = "FOLDER/SONG/tracks/*.wav and FOLDER/SONG/mixes/*.wav (or FOLDER/SONG/mix*.wav)"
#: names of the folder of the tracks; raw tracks are taken before stems, which are often processed
TRACK_FOLDERS = ("tracks", "raw", "multitracks", "multitrack", "stems")
MIX_FOLDERS = ("mixes", "mix")
SUFFIXES = (".wav", ".wave", ".flac", ".aif", ".aiff", ".ogg", ".mp3")
_MIX_NAME = re.compile(r"(.*[ _.-])?mix(down)?([ _.-]?\d+|[ _.-].*)?$", re.IGNORECASE)
_FEWEST_TRACKS = 2


@dataclass(frozen=True, slots=True)
class Multitrack:
    """The files of one song.

    Attributes
    ----------
    name
        The name of its folder.
    tracks
        The raw tracks.
    mixes
        Finished mixes of them.
    """

    name: str
    tracks: tuple[Path, ...]
    mixes: tuple[Path, ...]


def find_multitracks(folder: Path) -> tuple[list[Multitrack], list[str]]:
    """Find the songs of a folder.

    Parameters
    ----------
    folder
        The folder of the songs, or the folder of a single song.

    Returns
    -------
    songs : list of Multitrack
        By name.
    left_out : list of str
        For each folder that cannot be used a sentence that says why.

    Raises
    ------
    InputError
        The folder cannot be read, or holds no song at all.
    """
    try:
        inside = sorted(path for path in folder.iterdir() if _is_shown_folder(path))
    except OSError as error:
        raise InputError(f"{folder}: the folder cannot be read: {error.strerror}") from error
    alone = _song(folder)
    if isinstance(alone, Multitrack):
        return [alone], []
    songs: list[Multitrack] = []
    left_out: list[str] = []
    for path in inside:
        found = _song(path)
        if isinstance(found, Multitrack):
            songs.append(found)
        else:
            left_out.append(f"{path.name}: {found}")
    if not songs:
        details = f" ({'; '.join(left_out[:5])})" if left_out else ""
        raise InputError(
            f"{folder}: no song with tracks and mixes there{details}; expected {LAYOUT}"
        )
    return songs, left_out


def _song(folder: Path) -> Multitrack | str:
    """The song in a folder, or what is missing there."""
    try:
        folders = [path for path in folder.iterdir() if _is_shown_folder(path)]
        own = _audio(folder)
        mixes = [path for path in own if _MIX_NAME.match(path.stem)]
        mix_folder = _named(folders, MIX_FOLDERS)
        if mix_folder is not None:
            mixes += _audio(mix_folder)
        track_folder = _named(folders, TRACK_FOLDERS)
        if track_folder is None:
            tracks = [path for path in own if path not in mixes]
        else:
            tracks = _audio(track_folder)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if len(tracks) < _FEWEST_TRACKS:
        return f"{len(tracks)} raw tracks, expected {_FEWEST_TRACKS} or more in SONG/tracks"
    if not mixes:
        return "no mix, expected SONG/mixes/*.wav or SONG/mix*.wav"
    return Multitrack(folder.resolve().name, tuple(tracks), tuple(mixes))


def _is_shown_folder(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(".")


def _named(folders: Sequence[Path], names: Sequence[str]) -> Path | None:
    """The first folder that has one of these names, alone or behind a song's ("SONG_RAW")."""
    for name in names:
        for folder in sorted(folders):
            own = folder.name.casefold()
            if own == name or own.endswith((f"_{name}", f" {name}", f"-{name}")):
                return folder
    return None


def _audio(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    )
