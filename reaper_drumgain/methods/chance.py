"""Random gains: the reference that every method must beat."""

from __future__ import annotations

import numpy as np

from reaper_drumgain.methods.base import Method, MethodGains, MethodInput
from reaper_drumgain.util.decibels import gain_to_db

#: fixed, so that a session always gets the same gains
SEED = 147
#: columns that order tracks of one role before the draw: neither depends on recorded level
_ORDER = ("centroid_hz", "crest_db")


class Random(Method):
    """Linear gains whose direction is uniform on the positive part of the unit hypersphere.

    A. Wilson, B. M. Fazenda, "Populating the Mix Space: Parametric Methods for Generating
    Multitrack Audio Mixtures", Applied Sciences 7 (2017) 1329: no balance is likelier than
    another. Absolute values of a normal vector point that way.
    """

    sets_faders = True

    def __init__(self, seed: int = SEED) -> None:
        self._seed = seed

    def gains(self, given: MethodInput) -> MethodGains:
        """A draw for each active track, NaN for the others.

        Tracks draw in the order of their roles and then of their sound, so that the order of
        tracks decides nothing.
        """
        gains = np.full(len(given.roles), np.nan)
        chosen = np.flatnonzero(given.active).tolist()
        columns = [given.table.column(name) for name in _ORDER]
        chosen.sort(
            key=lambda place: (
                str(given.roles[place]),
                *(float(np.nan_to_num(column[place])) for column in columns),
            )
        )
        if chosen:
            # NumPy promises that this stream stays the same in all versions and on all systems;
            # of its newer generators only the bits stay, not the normal numbers (NEP 19)
            stream = np.random.RandomState(self._seed)
            draw = np.abs(stream.standard_normal(len(chosen)))
            gains[chosen] = gain_to_db(draw / np.linalg.norm(draw))
        return MethodGains(gains)
