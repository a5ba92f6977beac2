"""Methods that use a track's role only, with mean values from the human training mixes.

The values, in dB by role, are in the manifest of the trained model under ``role_levels``, made by
``learn.fitting``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from reaper_drumgain.analysis.loudness import Float64
from reaper_drumgain.errors import ModelError
from reaper_drumgain.methods.base import Method, MethodGains, MethodInput
from reaper_drumgain.methods.forest_file import (
    MANIFEST_NAME,
    Forest,
    bundled_folder,
    load,
)
from reaper_drumgain.methods.tree_checks import MAX_LEVEL_DB
from reaper_drumgain.tracks.roles import ROLE_NAMES, Role

#: the manifest's key, and those of the two tables in it
KEY, GAINS, LOUDNESS = "role_levels", "gain_db", "loudness_lu"


class RoleMean(Method):
    """Every fader where engineers had it for the role, in the mean; no level matters."""

    sets_faders = True

    def __init__(self, model: Forest | None = None) -> None:
        self._model = model

    def gains(self, given: MethodInput) -> MethodGains:
        """The role's gain for every track.

        Raises
        ------
        ModelError
            The bundled model cannot be read, or lacks the table of roles.
        """
        return MethodGains(_of_roles(given.roles, _table(self._model, GAINS)))


class RoleTemplate(Method):
    """G = L_role - L, L_role the mean loudness after the fader that engineers gave the role."""

    def __init__(self, model: Forest | None = None) -> None:
        self._model = model

    def gains(self, given: MethodInput) -> MethodGains:
        """The distance of each track to its role's loudness, NaN where it has no loudness.

        Raises
        ------
        ModelError
            The bundled model cannot be read, or lacks the table of roles.
        """
        wanted = _of_roles(given.roles, _table(self._model, LOUDNESS))
        return MethodGains(wanted - given.table.column("loudness_lufs"))


def _of_roles(roles: tuple[Role, ...], table: Mapping[str, float]) -> Float64:
    return np.array([table[role.name] for role in roles], dtype=np.float64)


def _table(model: Forest | None, name: str) -> Mapping[str, float]:
    """One of the manifest's tables, checked: a model file is untrusted input."""
    held = (model or load(bundled_folder())).about.get(KEY)
    table = held.get(name) if isinstance(held, dict) else None
    if not isinstance(table, dict) or set(table) != set(ROLE_NAMES):
        raise ModelError(f"{MANIFEST_NAME}: {KEY} has no {name} of every role: train it again")
    for role, value in table.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ModelError(f"{MANIFEST_NAME}: {name} of {role!r} is {value!r}, not a number")
        if not (math.isfinite(value) and abs(value) <= MAX_LEVEL_DB):
            raise ModelError(f"{MANIFEST_NAME}: {name} of {role!r} is {value!r}, out of bounds")
    return table
