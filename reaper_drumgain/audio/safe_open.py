"""Files that a project names, opened with care.

A project names files that its author chose: a FIFO would hang the reader, a device would do
worse, a network path would send credentials. Only regular files of this machine are opened,
without waiting. Standard library only.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reaper_drumgain.errors import MediaError
from reaper_drumgain.tracks.media_paths import network_root, roots_of_project

MediaFault = Literal["missing media", "refused media", "unreadable media"]

#: Hz; what lies beyond is no audio, or would make a resampler allocate without bound
MIN_RATE, MAX_RATE = 1_000, 6_144_000

_OPEN_FLAGS = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY", "O_NOINHERIT"):
    _OPEN_FLAGS |= getattr(os, _name, 0)


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What the header of a file says.

    Attributes
    ----------
    rate
        Sample rate in Hz.
    channels
        How many channels.
    frames
        Length in samples per channel.
    floating
        Whether samples are floats, so that they may be NaN.
    truncated
        It declares more than the file holds.
    unfinished
        Its length was never written or is too small; the file is read to its end.
    """

    rate: int
    channels: int
    frames: int
    floating: bool
    truncated: bool
    unfinished: bool = False


class UnplayableMediaError(MediaError):
    """A file that cannot be played; ``fault`` is the flag that its track gets."""

    def __init__(self, fault: MediaFault, message: str) -> None:
        super().__init__(message)
        self.fault: MediaFault = fault


#: the shares from which the user opened a project
_opened_shares: set[str] = set()


def trust_shares_of(project: str) -> None:
    """Allow files on the network share that a project lies on, if it lies on one."""
    _opened_shares.update(roots_of_project(project))


def is_trusted(path: str) -> bool:
    """Whether a path names this machine, or a share from which a project was opened."""
    root = network_root(path)
    return root is None or root in _opened_shares


def checked_descriptor(path: str) -> int:
    """Open a regular local file without waiting.

    Parameters
    ----------
    path
        An absolute path.

    Returns
    -------
    int
        The descriptor, which is the caller's to close.

    Raises
    ------
    UnplayableMediaError
        The file is missing, empty, no regular file, on a network share that no project was opened
        from, or cannot be opened.
    """
    if not is_trusted(path):
        raise UnplayableMediaError("refused media", "it lies on a network share")
    if "\0" in path or not Path(path).is_absolute():
        raise UnplayableMediaError("missing media", "it was not found")
    try:
        # Looked at before it is opened: with some devices opening alone has an effect.
        _require_regular(Path(path).stat())
        descriptor = os.open(path, _OPEN_FLAGS)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UnplayableMediaError("missing media", "it was not found") from error
    except (OSError, ValueError) as error:
        raise UnplayableMediaError(
            "unreadable media", f"it cannot be opened ({reason_of(error)})"
        ) from error
    try:
        _require_regular(os.fstat(descriptor))  # it may have been replaced in between
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _require_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnplayableMediaError("refused media", "it is not a regular file")
    if status.st_size == 0:
        raise UnplayableMediaError("unreadable media", "it is empty")


def reason_of(error: BaseException) -> str:
    """The words of an error without the descriptor's number that libsndfile's wrapper adds."""
    for name in ("error_string", "strerror"):
        text = getattr(error, name, None)
        if text:
            return str(text).rstrip(".")
    return str(error) or type(error).__name__
