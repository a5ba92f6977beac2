"""A stand-in for REAPER: the C functions that its Python sees, over an engine of our own.

Layers, lowest first: ``rpp`` (project text), ``model`` (projects, tracks, items, envelopes as
views of that text), ``history`` (undo), ``engine`` (tabs, ext state, dialogs, clock, faults),
``api_*`` (the documented functions over the engine), ``table`` (their C addresses),
``python_api`` (the module ``reaper_python`` made from the table's signatures), ``scripts``
(running actions as REAPER does), ``run`` (one process per scenario).

What is taken for granted about REAPER stands in ASSUMPTIONS.md. What the engine does not
know, it refuses: the scenario then counts as failed.
"""

from __future__ import annotations


class StandInError(Exception):
    """The stand-in was asked for something that it does not know, or that REAPER would not
    survive (a dangling pointer). The scenario has failed, whatever the script does next."""
