"""Finds project files in folders: each once, without backups, autosaves and own outputs."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reaper_drumgain.errors import InputError

#: names of folders in which REAPER, or people, keep backups of projects
_BACKUP_FOLDER = re.compile(r"(?:auto-?saves?|(?:auto-?|project-?)?back-?ups?)", re.IGNORECASE)
#: what REAPER appends to the name of a timestamped save
_STAMPED = re.compile(r"[-_ ](?:19|20)\d\d-\d\d-\d\d[-_ ]\d{4,6}$")
_AUTOSAVED = re.compile(r"(?:^|[-_. (])(?:auto-?save|backup)(?:[-_. )]?\d*)$", re.IGNORECASE)
_OURS = re.compile(r"-drumgain(?:-\d+)?$")
_SUFFIX = ".rpp"


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A project file, and the given path under which it was found (itself, where it was named)."""

    path: Path
    root: Path

    @property
    def within(self) -> Path:
        """The path relative to the root; the file's name where the file itself was given."""
        return self.path.relative_to(self.root) if self.path != self.root else Path(self.path.name)


@dataclass(frozen=True, slots=True)
class Found:
    """The projects in a fixed order; what was left out and why; folders that cannot be
    read and the system's reason."""

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


def find_projects(
    paths: Sequence[Path], *, recursive: bool = False, skip: Sequence[Path] = ()
) -> Found:
    """The project files that are named or lie in the named folders, and below if ``recursive``.

    A file that is named is always taken. A file with several paths, links included, counts
    once: under its real path where that is among them. Links to folders are followed, each
    folder is searched once. ``skip``: folders that are not searched.

    Raises InputError where a path does not exist.
    """
    search = _Search(recursive, frozenset(filter(None, map(_identity, skip))))
    for path in paths:
        if not os.path.lexists(path):
            raise InputError(f"{path}: no such file or folder")
        if os.path.isdir(path):  # noqa: PTH112 - false, where Path's own would raise
            _search_folder(path, path, search)
        else:
            search.files.append(ProjectFile(path, path))
    return Found(
        tuple(_each_once(search.files)),
        tuple(sorted(set(search.left_out))),
        tuple(search.unreadable),
    )


def _search_folder(top: Path, root: Path, search: _Search) -> None:
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
        for name, is_folder in names:
            path = folder / name
            if is_folder:
                if search.recursive and _is_worth_entering(path, search):
                    inner.append(path)
            elif path.suffix.lower() == _SUFFIX and _is_wanted(path, search):
                search.files.append(ProjectFile(path, root))
        waiting += reversed(inner)


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
    return True


def _is_wanted(path: Path, search: _Search) -> bool:
    if path.name.startswith("."):
        why = "hidden"
    elif _OURS.search(path.stem):
        why = "written by DrumGain"
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
