"""What an action calls first: it starts the worker before anything slow is imported.

The worker needs a third of a second for its own imports and reapy a tenth for its: they run
side by side. So this module and those it imports at its top know neither reapy nor dataclasses.
"""

from __future__ import annotations

import contextlib
from typing import Any

from reaper_drumgain.errors import HostError
from reaper_drumgain.hosts.live.link import Worker
from reaper_drumgain.hosts.live.setup import read_setup

#: the commands that need the worker
_RUNS = (
    *("balance_selected", "balance_all", "balance_time_selection", "repeat"),
    "write_automation",
)


def press(name: str) -> None:
    """Do what the action of this name is for."""
    worker = _early_worker() if name in _RUNS else None
    try:
        from reaper_drumgain.hosts.live import commands

        commands.press(name, worker)
    except BaseException:
        if worker is not None:
            worker.abandon()
        raise


def _early_worker() -> Worker | None:
    """A worker that has just been started; None where there seems to be nothing for it to do.

    Whatever is wrong here is found again, and told, by the command.
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
