"""Where a project's audio files are on this machine. Looks, opens nothing."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# // and \\ name another machine or a device, /net is where automounters put machines
_NETWORK = ("//", "\\\\", "/\\", "\\/", "/net/")
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Found:
    """``path`` is absolute, or None where nothing may be touched; ``problem`` says what is
    wrong where ``found`` is false, in words that follow the file's name."""

    path: str | None
    found: bool
    problem: str | None = None


def is_network(written: str) -> bool:
    """Whether a path leads to another machine or a device. Looking at such a path can
    send the user's credentials there."""
    if written.startswith(_NETWORK):
        return True
    return "://" in written and re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", written) is not None


def is_absolute(written: str) -> bool:
    """Whether a path is absolute in the manner of any system."""
    drive, rest = written[:1], written[1:3]
    on_drive = drive.isascii() and drive.isalpha() and rest in (":/", ":\\")
    return written.startswith(("/", "\\")) or on_drive


class Resolver:
    """Finds media as REAPER does, and more forgivingly: relative to the project's folder,
    then in the recording folders, then by its bare name beside the project; in each place
    without regard to case and to how accents are composed, and with the separators of any system.
    """

    def __init__(self, project: Path, record_paths: tuple[str, ...] = ()) -> None:
        self.folder = os.path.dirname(os.path.abspath(project))  # noqa: PTH100, PTH120
        # a project reached through a link may have its media beside the link or the file
        real = os.path.dirname(os.path.realpath(project))  # noqa: PTH120
        self._project_folders = list(dict.fromkeys((self.folder, real)))
        self._record = [
            self._join(self.folder, path)
            for path in record_paths
            if path and not is_network(path) and self._usable(path)
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
            return Found(None, found=False, problem="has a name longer than any file's")
        if is_network(written):
            return Found(None, found=False, problem="lies on the network or a device: not touched")
        first: str | None = None
        for candidate in self._candidates(written):
            first = first or candidate
            actual = self._on_disk(candidate)
            if actual is None:
                continue
            kind = _kind(actual)
            if not _is_text(actual):
                return Found(None, found=False, problem="lies in a folder whose name is no text")
            if kind == "file":
                return Found(actual, found=True)
            if kind is not None:
                return Found(actual, found=False, problem=f"is {kind}, not a file: not opened")
        if first is not None and not _is_text(first):
            first = None
        return Found(first, found=False, problem="is missing")

    def _candidates(self, written: str) -> Iterator[str]:
        base = written.replace("\\", "/").rpartition("/")[2]
        if self._usable(written):
            for folder in self._project_folders:
                yield self._join(folder, written)
        if not is_absolute(written):
            for folder in self._record:
                yield self._join(folder, written)
        for folder in self._record:
            yield self._join(folder, base)
        for folder in self._project_folders:
            yield self._join(folder, base)

    @staticmethod
    def _usable(written: str) -> bool:
        """Whether this system can have a path of this form (no drive letters on POSIX)."""
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
