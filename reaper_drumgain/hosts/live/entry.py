"""What an action calls first. It starts the worker before anything slow is imported.

The worker takes about 0.3 s for its imports, and reapy with the rest of the live host takes
0.2 s. Both run side by side, so this module and those it imports at its top import neither reapy
nor the data classes.
"""

from __future__ import annotations

import contextlib
from typing import Any

from reaper_drumgain.errors import HostError
from reaper_drumgain.hosts.live import BALANCE_SCOPES
from reaper_drumgain.hosts.live.link import Worker
from reaper_drumgain.hosts.live.setup import read_setup


def press(name: str) -> None:
    """Run the action of this name."""
    _answer_menu()
    worker = _start_worker() if name in BALANCE_SCOPES else None
    try:
        from reaper_drumgain.hosts.live import commands

        commands.press(name, worker)
    except BaseException:
        if worker is not None:
            worker.abandon()
        raise


def _answer_menu() -> None:
    """Tell the menu, if it pressed this action, that REAPER's Python did start it."""
    import reaper_python

    functions: Any = reaper_python
    functions.RPR_DeleteExtState("DrumGain", "pressed", False)


def _start_worker() -> Worker | None:
    """Start a worker; None if a run is going on or the worker cannot be started.

    The command meets the same problem again and reports it.
    """
    # REAPER's own module, which the action has imported already
    import reaper_python

    functions: Any = reaper_python
    with contextlib.suppress(Exception):
        if functions.RPR_GetExtState("DrumGain", "running"):
            return None
        setup = read_setup(str(functions.RPR_GetResourcePath()))
        worker = Worker(setup)
        with contextlib.suppress(HostError):
            worker.start()
            return worker
    return None
