"""A folder of audio files as a project: one track for each file, roles from the files' names.

The project is not on disk: ``hosts.rpp.apply_plan`` writes it, to a new file. What all names have
in common ("MySong_Kick", "MySong_Snare") says nothing of a single one, and is left out of the
names of the tracks where it holds no word of drums.
"""

from __future__ import annotations

import itertools
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from reaper_drumgain.errors import DrumGainError, InputError, NothingToBalanceError
from reaper_drumgain.hosts import rpp
from reaper_drumgain.hosts.rpp.new_project import NewTrack, new_project
from reaper_drumgain.hosts.rpp.paths import is_own_output
from reaper_drumgain.schema.printable import printable
from reaper_drumgain.tracks.role_names import role_of
from reaper_drumgain.tracks.vocabulary import read

#: what names of audio files end in
SUFFIXES = frozenset(
    (
        *(".wav", ".wave", ".bwf", ".rf64", ".w64", ".aif", ".aiff", ".aifc", ".flac", ".ogg"),
        *(".opus", ".mp3", ".caf", ".au", ".snd", ".wv", ".m4a", ".mp4", ".mov"),
    )
)
MAX_FILES = 1000
#: with fewer names than this, what they have in common may be the name of a drum
_FEWEST_NAMES = 3
_SAYS_NOTHING = frozenset(("unknown", "number", "noise"))
_DEFAULT_RATE = 48_000


def open_project(path: str | os.PathLike[str]) -> rpp.ProjectFile:
    """The project in a file, or one made of the audio files in a folder; reads headers only.

    Raises as ``rpp.read_project`` for files, and as ``open_folder`` for folders.
    """
    place = Path(path)
    return open_folder(place) if place.is_dir() else rpp.read_project(place)


def project_name(folder: Path) -> Path:
    """The file that a folder's project would be: in it, with its name."""
    name = folder.resolve().name or "drums"
    return folder / f"{name}.RPP"


def audio_files(folder: Path) -> list[str]:
    """The names of the audio files directly in a folder, in the order in which people count.

    Parameters
    ----------
    folder
        The folder. Folders in it are not looked into.

    Returns
    -------
    list of str
        Names with their ending; hidden files are left out.

    Raises
    ------
    InputError
        The folder cannot be read.
    """
    try:
        names = [
            entry.name
            for entry in os.scandir(folder)
            if not entry.name.startswith(".")
            and Path(entry.name).suffix.lower() in SUFFIXES
            and entry.is_file()
        ]
    except OSError as error:
        raise InputError(f"{folder}: the folder cannot be read: {error.strerror}") from error
    return sorted(names, key=_as_people_count)


def open_folder(folder: Path) -> rpp.ProjectFile:
    """The project of a folder of audio files. Its session's warnings name what was left out.

    Parameters
    ----------
    folder
        The folder with one file for each track.

    Returns
    -------
    ProjectFile
        A project that is not on disk.

    Raises
    ------
    NothingToBalanceError
        There is no audio file that can be read.
    InputError
        There are too many files, or the folder holds a project already.
    """
    # numpy takes its time, and to look for projects needs none
    from reaper_drumgain.audio.media_pool import probe

    _refuse_projects(folder)
    names = audio_files(folder)
    if not names:
        raise NothingToBalanceError(
            f"{folder}: no audio files there, and no project: expected a folder with one file for "
            "each track, or a project (.RPP)"
        )
    if len(names) > MAX_FILES:
        raise InputError(f"{folder}: {len(names)} audio files: at most {MAX_FILES} are allowed")
    tracks: list[NewTrack] = []
    rates: Counter[int] = Counter()
    warnings: list[str] = []
    for name, title in zip(names, _each_its_own(names), strict=True):
        try:
            info = probe(str((folder / name).absolute()))
            track = NewTrack(title, name, info.frames / info.rate, _pan(title, info.channels))
            new_project(folder, [track], info.rate)  # refuses names that no project can hold
        except DrumGainError as error:
            warnings.append(f"{printable(name)} is left out: {error}")
            continue
        tracks.append(track)
        rates[info.rate] += 1
    if not tracks:
        raise NothingToBalanceError(f"{folder}: no audio file can be read: {'; '.join(warnings)}")
    rate = rates.most_common(1)[0][0] if rates else _DEFAULT_RATE
    made = new_project(project_name(folder), tracks, rate)
    session = replace(made.session, path=str(folder), warnings=(*made.session.warnings, *warnings))
    return replace(made, session=session)


def track_names(stems: Sequence[str]) -> list[str]:
    """The names of tracks that are made of files with these names.

    What all names begin with is left out, where it holds no word of drums.
    """
    if len(stems) < _FEWEST_NAMES:
        return list(stems)
    first, last = min(stems), max(stems)
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    common = "".join(letter for letter, _ in same)
    # up to the end of a word
    common = common[: max(common.rfind(mark) for mark in " _-") + 1]
    tokens = read(common).tokens
    if not tokens or any(token.meaning not in _SAYS_NOTHING for token in tokens):
        return list(stems)
    shorter = [stem[len(common) :].strip() for stem in stems]
    return shorter if all(shorter) else list(stems)


def _each_its_own(names: Sequence[str]) -> list[str]:
    """The names of the tracks of files; "Kick.wav" and "Kick.flac" are told apart."""
    titles = track_names([Path(name).stem for name in names])
    counts = Counter(title.casefold() for title in titles)
    return [
        f"{title} ({Path(name).suffix[1:]})" if counts[title.casefold()] > 1 else title
        for name, title in zip(names, titles, strict=True)
    ]


def _pan(name: str, channels: int) -> float:
    """Overheads and rooms in files named left and right are panned so."""
    role = role_of(name)
    if role is None or channels != 1 or role.name not in ("overhead", "room"):
        return 0.0
    return {"left": -1.0, "right": 1.0}.get(role.side or "", 0.0)


def _refuse_projects(folder: Path) -> None:
    try:
        found = sorted(p.name for p in folder.iterdir() if p.suffix.lower() == ".rpp")
    except OSError as error:
        raise InputError(f"{folder}: the folder cannot be read: {error.strerror}") from error
    theirs = [name for name in found if not is_own_output(name)]
    if theirs:
        shown = ", ".join(map(printable, theirs[:3])) + (", ..." if len(theirs) > 3 else "")
        raise InputError(
            f"{folder} holds projects ({shown}): name one of them, or use 'drumgain batch' for all"
        )


def _as_people_count(name: str) -> list[tuple[int, str]]:
    parts = re.findall(r"\d+|\D+", name.casefold())
    return [(int(part[:18]), "") if part.isdecimal() else (-1, part) for part in parts]
