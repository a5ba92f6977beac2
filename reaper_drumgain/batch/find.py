"""Project files under folders: each once, without backups, autosaves and our own outputs."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reaper_drumgain.errors import InputError

#: folders in which REAPER, or people, keep former states of projects
_FORMER = re.compile(r"(?:auto-?saves?|(?:auto-?|project-?)?back-?ups?)", re.IGNORECASE)
#: what REAPER appends to the name of a timestamped save, by hand or by itself
_STAMPED = re.compile(r"[-_ ](?:19|20)\d\d-\d\d-\d\d[-_ ]\d{4,6}$")
_AUTOSAVED = re.compile(r"(?:^|[-_. (])(?:auto-?save|backup)(?:[-_. )]?\d*)$", re.IGNORECASE)
_OURS = re.compile(r"-drumgain(?:-\d+)?$")
_SUFFIX = ".rpp"


@dataclass(frozen=True, slots=True)
class Place:
    """A project file, and the given path under which it was found (itself, where it was named)."""

    path: Path
    root: Path

    @property
    def within(self) -> Path:
        """Where it lies under the root, its name for one that was named itself."""
        return self.path.relative_to(self.root) if self.path != self.root else Path(self.path.name)


@dataclass(frozen=True, slots=True)
class Found:
    """The projects in a fixed order; what was left out and why; folders that cannot be
    read, and what the system says."""

    projects: tuple[Place, ...]
    left_out: tuple[tuple[Path, str], ...] = ()
    troubles: tuple[tuple[Path, str], ...] = ()


@dataclass(slots=True)
class _Search:
    recursive: bool
    skip: frozenset[tuple[int, int]]
    files: list[Place] = field(default_factory=list)
    left_out: list[tuple[Path, str]] = field(default_factory=list)
    troubles: list[tuple[Path, str]] = field(default_factory=list)
    seen: set[tuple[int, int]] = field(default_factory=set)


def find_projects(
    paths: Sequence[Path], *, recursive: bool = False, skip: Sequence[Path] = ()
) -> Found:
    """The project files that are named or lie in the named folders, and below if ``recursive``.

    A file that is named is always taken. One that is there by several paths, links included,
    counts once: by its own path where that is among them. Links to folders are followed, each
    folder is looked into once. ``skip``: folders that are not looked into.

    Raises InputError where a path does not exist.
    """
    search = _Search(recursive, frozenset(filter(None, map(_identity, skip))))
    for path in paths:
        if not os.path.lexists(path):
            raise InputError(f"{path}: no such file or folder")
        if os.path.isdir(path):  # noqa: PTH112 - false, where Path's own would raise
            _look_into(path, path, search)
        else:
            search.files.append(Place(path, path))
    return Found(
        tuple(_each_once(search.files)),
        tuple(sorted(set(search.left_out))),
        tuple(search.troubles),
    )


def _look_into(top: Path, root: Path, search: _Search) -> None:
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
            search.troubles.append((folder, why))
            continue
        inner = []
        for name, is_folder in names:
            path = folder / name
            if is_folder:
                if search.recursive and _worth(path, search):
                    inner.append(path)
            elif path.suffix.lower() == _SUFFIX and _wanted(path, search):
                search.files.append(Place(path, root))
        waiting += reversed(inner)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # a link to what cannot be seen: said when it is read, should it be named like a project
        return False


def _worth(folder: Path, search: _Search) -> bool:
    if folder.name.startswith("."):
        return False
    if _FORMER.fullmatch(folder.name):
        search.left_out.append((folder, "folder of backups"))
        return False
    return True


def _wanted(path: Path, search: _Search) -> bool:
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


def _each_once(files: Sequence[Place]) -> Iterator[Place]:
    """One place per file, in the order in which they were found."""
    by_file: dict[object, list[Place]] = {}
    for place in files:
        # what cannot be seen (a link to nothing) is reported when it is read
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
