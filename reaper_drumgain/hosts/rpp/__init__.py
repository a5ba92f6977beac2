"""REAPER project files (.RPP): read to a Session, faders written back, nothing else touched.

``read_project(path)`` gives a ``ProjectFile`` with its ``session``. ``apply_plan`` writes a
plan's faders to another file, or in place with a dated backup that ``restore`` brings back;
``set_faders`` and ``relocate`` give the edited bytes without writing. Media is looked for,
never opened; paths that lead to another machine are not even looked at. Standard library
only.
"""

from reaper_drumgain.hosts.rpp.read import ProjectFile, read_project
from reaper_drumgain.hosts.rpp.storage import Fingerprint
from reaper_drumgain.hosts.rpp.tracks import LOCK_KEY, ROLE_KEY
from reaper_drumgain.hosts.rpp.write import (
    WriteReport,
    apply_plan,
    relocate,
    restore,
    set_faders,
)

__all__ = [
    "LOCK_KEY",
    "ROLE_KEY",
    "Fingerprint",
    "ProjectFile",
    "WriteReport",
    "apply_plan",
    "read_project",
    "relocate",
    "restore",
    "set_faders",
]
