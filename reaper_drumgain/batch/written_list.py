"""The list of what a batch wrote into a folder, kept in that folder.

So that a later batch over a tree with that folder in it does not balance the results again. The
file ``.drumgain-written`` holds one path a line, relative to its folder, as a JSON string.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path, PurePath

from reaper_drumgain.hosts.rpp.storage import storage_errors

NAME = ".drumgain-written"
#: far more than any run writes
_MAX_BYTES = 64 << 20


def written_in(folder: Path) -> frozenset[str]:
    """The paths of what was written into a folder. Lines that make no sense are passed over."""
    found = set()
    with contextlib.suppress(OSError, ValueError):
        path = folder / NAME
        if not path.is_file():
            return frozenset()
        with open(path, "rb") as file:  # noqa: PTH123
            lines = file.read(_MAX_BYTES).splitlines()
        for line in lines:
            with contextlib.suppress(ValueError, RecursionError):
                within = json.loads(line)
                if isinstance(within, str):
                    found.add(os.path.join(folder, *PurePath(within).parts))  # noqa: PTH118
    return frozenset(found)


class WrittenList:
    """The list of one folder, to be added to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._known = set(written_in(self._folder))

    def add(self, target: Path) -> None:
        """Note a file that is about to be written. Raises StorageError."""
        if str(target) in self._known:
            return
        within = target.relative_to(self._folder).as_posix()
        # a line that was cut off when a run was killed is closed first
        line = f"\n{json.dumps(within)}\n".encode()
        with (
            storage_errors(f"cannot note what is written into {self._folder}"),
            open(self._folder / NAME, "ab") as file,  # noqa: PTH123
        ):
            file.write(line)
        self._known.add(str(target))
