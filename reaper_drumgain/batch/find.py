"""Finds project files in folders: each once, without backups, autosaves and own outputs.

A folder without any project in it or below is searched for folders of audio files instead, each of
which is a project of its own. So media folders beside projects are never taken for projects.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reaper_drumgain.balance import folders
from reaper_drumgain.batch import written_list
from reaper_drumgain.errors import InputError
from reaper_drumgain.hosts.rpp.paths import is_own_output

#: names of folders in which REAPER, or people, keep backups of projects
_BACKUP_FOLDER = re.compile(r"(?:auto-?saves?|(?:auto-?|project-?)?back-?ups?)", re.IGNORECASE)
#: what REAPER appends to the name of a timestamped save
_STAMPED = re.compile(r"[-_ ](?:19|20)\d\d-\d\d-\d\d[-_ ]\d{4,6}$")
_AUTOSAVED = re.compile(r"(?:^|[-_. (])(?:auto-?save|backup)(?:[-_. )]?\d*)$", re.IGNORECASE)
_SUFFIX = ".rpp"
#: where Python keeps packages, also ours with its demo project
_PYTHON_FOLDERS = ("site-packages", "dist-packages")
_OURS = "written by DrumGain"


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A project file, or a folder of audio files.

    ``root`` is the given path under which it was found; the project itself where that was named.
    """

    path: Path
    root: Path

    @property
    def within(self) -> Path:
        """The path relative to the root; the file's name where the file itself was given."""
        if self.path.is_dir():
            return file_of(self.path).relative_to(self.root)
        return self.path.relative_to(self.root) if self.path != self.root else Path(self.path.name)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in the given paths.

    Attributes
    ----------
    projects
        In a fixed order.
    left_out
        Files and folders that were left out, and why.
    unreadable
        Folders that cannot be read, and the reason that the system gives.
    """

    projects: tuple[ProjectFile, ...]
    left_out: tuple[tuple[Path, str], ...] = ()
    unreadable: tuple[tuple[Path, str], ...] = ()


@dataclass(slots=True)
class _Search:
    recursive: bool
    skip: frozenset[tuple[int, int]]
    files: list[ProjectFile] = field(default_factory=list)
    left_out: list[tuple[Path, str]] = field(default_factory=list)
    unreadable: list[tuple[Path, str]] = field(default_factory=list)
    seen: set[tuple[int, int]] = field(default_factory=set)
    written: set[str] = field(default_factory=set)


def find_projects(
    paths: Sequence[Path], *, recursive: bool = False, skip: Sequence[Path] = ()
) -> Found:
    """The project files that are named or lie in the named folders.

    A file that is named is always taken. A file with several paths, links included, counts once:
    under its real path where that is among them. Links to folders are followed, and each folder is
    searched once.

    Parameters
    ----------
    paths
        Files and folders.
    recursive
        Search the folders below, too.
    skip
        Folders that are not searched.

    Returns
    -------
    Found
        The projects, and what was left out.

    Raises
    ------
    InputError
        A path does not exist.
    """
    search = _Search(recursive, frozenset(filter(None, map(_identity, skip))))
    for path in paths:
        if not os.path.lexists(path):
            raise InputError(f"{path}: no such file or folder")
        if os.path.isdir(path):  # noqa: PTH112 - false, where Path's own would raise
            before = len(search.files), len(search.left_out)
            audio = _search_folder(path, path, search)
            theirs = [place for place, why in search.left_out[before[1] :] if why != _OURS]
            if len(search.files) == before[0] and not theirs:
                search.files += [ProjectFile(folder, path) for folder in audio]
        else:
            search.files.append(ProjectFile(path, path))
    return Found(
        tuple(_each_once(search.files)),
        tuple(sorted(set(search.left_out))),
        tuple(search.unreadable),
    )


def file_of(project: Path) -> Path:
    """The project's file; for a folder of audio files the one that its project would be."""
    return folders.project_name(project) if project.is_dir() else project


def _search_folder(top: Path, root: Path, search: _Search) -> list[Path]:
    """Adds the projects; returns the folders that hold audio files."""
    audio: list[Path] = []
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            status = folder.stat()
            identity = status.st_dev, status.st_ino
            if identity in search.seen or identity in search.skip:
                continue
            search.seen.add(identity)
            with os.scandir(folder) as entries:
                names = sorted((entry.name, _is_folder(entry)) for entry in entries)
        except OSError as error:
            why = f"the folder cannot be read: {error.strerror or error}"
            search.unreadable.append((folder, why))
            continue
        inner = []
        if folder != root and any(name == written_list.NAME for name, _ in names):
            search.written |= written_list.written_in(folder)
        if any(_is_audio(name) for name, is_folder in names if not is_folder):
            audio.append(folder)
        for name, is_folder in names:
            path = folder / name
            if is_folder:
                if search.recursive and _is_worth_entering(path, search):
                    inner.append(path)
            elif path.suffix.lower() == _SUFFIX and _is_wanted(path, search):
                search.files.append(ProjectFile(path, root))
        waiting += reversed(inner)
    return audio


def _is_audio(name: str) -> bool:
    return Path(name).suffix.lower() in folders.SUFFIXES and not name.startswith(".")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # a broken link: reported when it is read, should it be named like a project
        return False


def _is_worth_entering(folder: Path, search: _Search) -> bool:
    if folder.name.startswith("."):
        return False
    if _BACKUP_FOLDER.fullmatch(folder.name):
        search.left_out.append((folder, "folder of backups"))
        return False
    if folder.name in _PYTHON_FOLDERS:
        search.left_out.append((folder, "Python packages"))
        return False
    return True


def _is_wanted(path: Path, search: _Search) -> bool:
    if path.name.startswith("."):
        why = "hidden"
    elif is_own_output(path.name) or str(path) in search.written:
        why = _OURS
    elif _STAMPED.search(path.stem) or _AUTOSAVED.search(path.stem):
        why = "backup or autosave"
    else:
        return True
    search.left_out.append((path, why))
    return False


def _each_once(files: Sequence[ProjectFile]) -> Iterator[ProjectFile]:
    """One path per file, in the order in which they were found."""
    by_file: dict[object, list[ProjectFile]] = {}
    for place in files:
        # a broken link has no identity, and is reported when it is read
        by_file.setdefault(_identity(place.path) or str(place.path.absolute()), []).append(place)
    for places in by_file.values():
        yield next((place for place in places if _is_own(place.path)), places[0])


def _is_own(path: Path) -> bool:
    """Whether no link is on the way to the file."""
    try:
        return os.path.realpath(path, strict=True) == os.path.abspath(path)  # noqa: PTH100
    except OSError:
        return False


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    if not status.st_ino and not stat.S_ISDIR(status.st_mode):
        return None
    return status.st_dev, status.st_ino
