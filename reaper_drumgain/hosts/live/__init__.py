"""The front end inside running REAPER, through python-reapy.

Comes in: a key press (``entry.press``) and the open project. Goes out: faders and envelopes of
that project, changed in one undo step. ``snapshot`` reads the project to a Session, ``link`` has
the worker process make a plan of it, ``apply`` and ``automate`` write the plan, and ``commands``
holds one function per action. REAPER's Python may import only the standard library, reapy and
the folders that ``cli.install`` copies. Importing this package alone imports none of these.
"""

#: yielded by a step that has nothing more to do in this tick (see ``tasks``)
WAIT = "wait"
#: the actions that need the worker, with their scope; None is the scope of the last run
BALANCE_SCOPES: dict[str, str | None] = {
    "balance_selected": "selected",
    "balance_all": "all",
    "rebalance_all": "all",
    "balance_time_selection": "time selection",
    "repeat": None,
    "preview": None,
    "balance_effects": None,
    "write_automation": "all",
}
