"""Keeps what libmpg123 prints off the terminal.

libsndfile offers no way to switch its notes off ("Note: Trying to resync..."). They go to the
process's standard error. So that is redirected into a file while an MP3 is decoded, and what
others wrote meanwhile is passed on.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import threading
from collections.abc import Iterator

_NOTES = re.compile(rb"^\n?(?:Note: |Warning: |\[[^\n]*libmpg123)[^\n]*\n?", re.MULTILINE)
_STANDARD_ERROR = 2


class _Detour:
    """Standard error redirected into a file, while at least one thread asks for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._file = -1
        self._real = -1

    def enter(self) -> None:
        with self._lock:
            if not self._users:
                self._begin()
            self._users += 1

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._real < 0:
                return
            if not self._users:
                os.dup2(self._real, _STANDARD_ERROR)
            self._pass_on()
            if not self._users:
                os.close(self._real)
                self._real = -1

    def _begin(self) -> None:
        try:
            if self._file < 0:
                with tempfile.TemporaryFile() as file:
                    self._file = os.dup(file.fileno())
            self._real = os.dup(_STANDARD_ERROR)
        except OSError:  # no standard error, or no place for a temporary file
            self._real = -1
            return
        os.dup2(self._file, _STANDARD_ERROR)

    def _pass_on(self) -> None:
        size = os.fstat(self._file).st_size
        if not size:
            return
        os.lseek(self._file, 0, os.SEEK_SET)
        text = os.read(self._file, size)
        os.lseek(self._file, 0, os.SEEK_SET)
        os.ftruncate(self._file, 0)
        others = _NOTES.sub(b"", text)
        with contextlib.suppress(OSError):
            os.write(self._real, others)


_detour = _Detour()


@contextlib.contextmanager
def quiet_decoder(talks: bool = True) -> Iterator[None]:
    """Suppress libmpg123's notes within the block; does nothing where ``talks`` is false."""
    if not talks:
        yield
        return
    _detour.enter()
    try:
        yield
    finally:
        _detour.leave()
