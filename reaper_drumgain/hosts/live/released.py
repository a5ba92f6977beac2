"""Workers that go on storing their analysis after the run that started them has ended.

A script that waited for them would meet REAPER's dialog on running scripts at the next press. They
are noted in REAPER's ext state, which ends with it; the next action tells what they left.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

from reaper_drumgain.hosts.live.link import FOLDER_PREFIX, NOTES, Worker, notes_in
from reaper_drumgain.hosts.live.reaper import RPR

_SECTION, _STORING = "DrumGain", "storing"
#: a worker ends itself well before this time
_GONE_AFTER_S = 120.0


def release(worker: Worker) -> list[str]:
    """Let a worker store its analysis and end by itself.

    Returns its notes so far on what it could not store.
    """
    process = worker.release()
    if process is not None:
        number, folder = process
        line = f"{number} {time.time():.0f} {folder}"
        _keep([*_lines(), line])
    return worker.notes


def collect() -> list[str]:
    """The notes of workers that have ended since; their folders are removed."""
    lines = _lines()
    if not lines:
        return []
    notes: list[str] = []
    waiting: list[str] = []
    for line in lines:
        number, _, rest = line.partition(" ")
        started, _, name = rest.partition(" ")
        folder = Path(name)
        if not (number.isdecimal() and started.isdecimal() and _is_own(folder)):
            continue
        _reap(int(number))
        if (folder / NOTES).exists() or time.time() - int(started) > _GONE_AFTER_S:
            notes += notes_in(folder)
            shutil.rmtree(folder, ignore_errors=True)
        elif folder.exists():
            waiting.append(line)
    _keep(waiting)
    return notes


def _is_own(folder: Path) -> bool:
    """Whether a path is that of a worker's folder: others are never removed."""
    return folder.parent == Path(tempfile.gettempdir()) and folder.name.startswith(FOLDER_PREFIX)


def _reap(number: int) -> None:
    """Take the exit status of a child process, which stays in the system's table else."""
    if hasattr(os, "WNOHANG"):
        with contextlib.suppress(OSError):
            os.waitpid(number, os.WNOHANG)


def _lines() -> list[str]:
    return [line for line in str(RPR.GetExtState(_SECTION, _STORING)).splitlines() if line]


def _keep(lines: list[str]) -> None:
    if lines:
        RPR.SetExtState(_SECTION, _STORING, "\n".join(lines), False)
    else:
        RPR.DeleteExtState(_SECTION, _STORING, False)
