"""Where a project's audio files are on this machine. Looks, opens nothing.

Standard library only.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reaper_drumgain.tracks.media_paths import is_absolute, network_root, roots_of_project

_LONGEST = 4096
_ELSEWHERE = "is on the network or a device: not opened"


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for the path of one audio file.

    Attributes
    ----------
    path
        The absolute path; None where nothing may be touched.
    found
        Whether there is a file.
    problem
        What is wrong, in words that follow the file's name: why there is no file, or that another
        file of the same name stands in for it.
    """

    path: str | None
    found: bool
    problem: str | None = None


class Resolver:
    """Finds media as REAPER does.

    It looks for the path as written, then relative to the project's folder, then in the recording
    folders. Letter case does not matter, nor how accents are composed, nor which system's
    separators are used. Where nothing is found, a file of the same name in the recording folders or
    beside the project is taken, and the user is told. Other machines are not looked at, unless the
    project itself lies on that share.

    ``project`` is the project's file, empty for one that was never saved.
    """

    def __init__(self, project: str | os.PathLike[str], record_paths: tuple[str, ...] = ()) -> None:
        self._project_folders: list[str] = []
        self._shares: frozenset[str] = frozenset()
        if os.fspath(project):
            folder = os.path.dirname(os.path.abspath(project))  # noqa: PTH100, PTH120
            # a project reached through a link may have its media beside the link or the file
            real = os.path.dirname(os.path.realpath(project))  # noqa: PTH120
            self._project_folders = list(dict.fromkeys((folder, real)))
            self._shares = roots_of_project(project)
        self._record = [
            self._join(folder, path)
            for folder in self._project_folders[:1]
            for path in record_paths
            if path and self._usable(path)
        ]
        self._known: dict[str, Found] = {}
        self._names: dict[str, dict[str, str]] = {}
        self._folders: dict[str, str | None] = {}

    def find(self, written: str) -> Found:
        """The file that a FILE line means."""
        known = self._known.get(written)
        if known is None:
            known = self._known[written] = self._find(written)
        return known

    def _find(self, written: str) -> Found:
        if not written:
            return Found(None, found=False, problem="has no name")
        if len(written) > _LONGEST:
            return Found(None, found=False, problem="has a name that is too long for a file")
        first: str | None = None
        refused = not self._is_allowed(written)
        for candidate in self._as_written(written):
            if not self._is_allowed(candidate):
                refused = True
                continue
            first = first or candidate
            here = self._look(candidate)
            if here is not None:
                return here
        why = _ELSEWHERE if refused else "is missing"
        for candidate in self._of_same_name(written):
            if not self._is_allowed(candidate):
                continue
            first = first or candidate
            here = self._look(candidate)
            if here is not None and here.found:
                return Found(here.path, found=True, problem=f"{why}; {self._instead(here.path)}")
        if refused or first is None or not _is_text(first):
            first = None
        return Found(first, found=False, problem=why)

    def _look(self, candidate: str) -> Found | None:
        """What is at a place; None for nothing."""
        actual = self._on_disk(candidate)
        if actual is None:
            return None
        kind = _kind(actual)
        if not _is_text(actual):
            return Found(
                None, found=False, problem="is in a folder whose name cannot be read as text"
            )
        if kind is None:
            return None
        if kind != "file":
            return Found(actual, found=False, problem=f"is {kind}, not a file: not opened")
        return Found(actual, found=True)

    def _instead(self, path: str | None) -> str:
        shown = path or ""
        for folder in self._project_folders:
            if shown.startswith(folder + os.sep):
                shown = shown[len(folder) + 1 :]
                break
        return f"another file of that name is used instead: {shown!r}"

    def _is_allowed(self, path: str) -> bool:
        root = network_root(path)
        return root is None or root in self._shares

    def _as_written(self, written: str) -> Iterator[str]:
        absolute = is_absolute(written)
        if self._usable(written):
            if absolute and not self._project_folders:
                yield self._join(os.sep, written)
            for folder in self._project_folders:
                yield self._join(folder, written)
        if not absolute:
            for folder in self._record:
                yield self._join(folder, written)

    def _of_same_name(self, written: str) -> Iterator[str]:
        base = written.replace("\\", "/").rpartition("/")[2]
        for folder in (*self._record, *self._project_folders):
            yield self._join(folder, base)

    @staticmethod
    def _usable(written: str) -> bool:
        """Whether this system can have a path of this form (no drive letters on POSIX)."""
        if "://" in written:
            return network_root(written) is None
        if os.name == "nt":
            return True
        return not is_absolute(written) or written.startswith("/")

    @staticmethod
    def _join(folder: str, written: str) -> str:
        if os.name != "nt":
            written = written.replace("\\", "/")
        return os.path.normpath(os.path.join(folder, written))  # noqa: PTH118

    def _on_disk(self, path: str) -> str | None:
        """The path as it is spelled on disk, or None where there is nothing."""
        try:
            os.lstat(path)
        except (OSError, ValueError):
            return self._any_case(path)
        return path

    def _any_case(self, path: str) -> str | None:
        """The path with each name in the case it has on disk; None where one is missing."""
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = self._any_case_folder(folder)
        actual = self._folders[folder]
        spelled = None if actual is None else self._listing(actual).get(_folded(name))
        return None if actual is None or spelled is None else os.path.join(actual, spelled)  # noqa: PTH118

    def _any_case_folder(self, folder: str) -> str | None:
        drive, rest = os.path.splitdrive(folder)
        actual = drive + os.sep
        for name in Path(rest).parts[1:]:
            step = os.path.join(actual, name)  # noqa: PTH118
            if not os.path.isdir(step):  # noqa: PTH112
                spelled = self._listing(actual).get(_folded(name))
                if spelled is None:
                    return None
                step = os.path.join(actual, spelled)  # noqa: PTH118
            actual = step
        return actual

    def _listing(self, folder: str) -> dict[str, str]:
        """The names in a folder by their folded form; empty where it cannot be listed."""
        names = self._names.get(folder)
        if names is None:
            try:
                names = {_folded(name): name for name in sorted(os.listdir(folder))}  # noqa: PTH208
            except (OSError, ValueError):
                names = {}
            self._names[folder] = names
        return names


def _folded(name: str) -> str:
    """A name regardless of case, and of how it composes its accents: macOS takes them apart."""
    return unicodedata.normalize("NFC", name.casefold())


def _is_text(path: str) -> bool:
    """Whether a path can be written to JSON: names on disk may hold any bytes."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _kind(path: str) -> str | None:
    """``file``, or what else is there in words, or None where a link leads nowhere."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116
    except (OSError, ValueError):
        return None
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a pipe, socket or device"
