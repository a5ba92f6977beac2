"""What an action calls first. It starts the worker before anything slow is imported.

The worker takes about 0.3 s for its imports, and reapy with the rest of the live host takes
0.2 s. Both run side by side, so this module and those it imports at its top import neither reapy
nor the data classes. It is also the last place that can tell of a copy that is damaged, or that
is not the one of this REAPER: no exception may leave it as a traceback.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any

from reaper_drumgain.errors import HostError
from reaper_drumgain.hosts.live import BALANCE_SCOPES
from reaper_drumgain.hosts.live.link import Worker
from reaper_drumgain.hosts.live.setup import FOLDER, read_setup


def press(name: str) -> None:
    """Run the action of this name."""
    # REAPER's own module, which the action has imported already
    import reaper_python

    functions: Any = reaper_python
    # tells the menu, if it pressed this action, that REAPER's Python did start it
    functions.RPR_DeleteExtState("DrumGain", "pressed", False)
    resource_path = str(functions.RPR_GetResourcePath())
    problem = _foreign(resource_path)
    if problem is not None:
        _tell(functions, problem)
        return
    worker = _start_worker(functions, resource_path) if name in BALANCE_SCOPES else None
    try:
        from reaper_drumgain.hosts.live import commands
    except Exception as error:
        from reaper_drumgain.hosts.live import copied_files

        _abandon(worker)
        _tell(functions, copied_files.sentence(resource_path, error))
        return
    try:
        commands.press(name, worker)
    except BaseException:
        _abandon(worker)
        raise


def _foreign(resource_path: str) -> str | None:
    """What is wrong where another copy than that of this REAPER was imported."""
    own = Path(resource_path, *FOLDER, "lib").resolve()
    found = Path(__file__).resolve()
    if found.is_relative_to(own):
        return None
    return (
        f"Python finds another copy of DrumGain ({found.parents[3]}) before the one of this "
        f"REAPER ({own}): remove it from PYTHONPATH or from the folder of REAPER's Python, then "
        "restart REAPER"
    )


def _tell(functions: Any, text: str) -> None:
    functions.RPR_ShowMessageBox(text, "DrumGain", 0)
    # a script that defers gets no undo point of its own
    main: Any = sys.modules["__main__"]
    main.RPR_defer("")


def _abandon(worker: Worker | None) -> None:
    if worker is not None:
        worker.abandon()


def _start_worker(functions: Any, resource_path: str) -> Worker | None:
    """Start a worker; None if a run is going on or the worker cannot be started.

    The command meets the same problem again and reports it.
    """
    with contextlib.suppress(Exception):
        if functions.RPR_GetExtState("DrumGain", "running"):
            return None
        setup = read_setup(resource_path)
        worker = Worker(setup)
        with contextlib.suppress(HostError):
            worker.start()
            return worker
    return None
