"""REAPER project files (.RPP): read to a Session; faders and envelopes written, nothing else.

``read_project(path)`` gives a ``ProjectFile`` with its ``session``. ``apply_plan`` writes the
faders and envelopes of a plan to another file, or in place with a dated backup that ``restore``
brings back; ``clear_automation`` takes written envelopes back. ``set_faders`` and ``relocate``
give the edited bytes without writing. Media files are looked for, never opened; paths that lead
to another machine are not even looked for. Standard library only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reaper_drumgain.hosts.rpp.read import ProjectFile, read_project

if TYPE_CHECKING:
    from reaper_drumgain.hosts.rpp.backups import list_backups, restore, saved_at
    from reaper_drumgain.hosts.rpp.paths import free_name_beside
    from reaper_drumgain.hosts.rpp.write import (
        ClearReport,
        WriteIntent,
        WriteReport,
        apply_plan,
        clear_automation,
        relocate,
        set_faders,
    )

__all__ = [
    "ClearReport",
    "ProjectFile",
    "WriteIntent",
    "WriteReport",
    "apply_plan",
    "clear_automation",
    "free_name_beside",
    "list_backups",
    "read_project",
    "relocate",
    "restore",
    "saved_at",
    "set_faders",
]


def __getattr__(name: str) -> Any:
    """What writes is imported when it is used: most runs only read."""
    if name in __all__:
        from reaper_drumgain.hosts.rpp import backups, paths, write

        for_backups = ("restore", "list_backups", "saved_at")
        module = backups if name in for_backups else paths if name == "free_name_beside" else write
        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
