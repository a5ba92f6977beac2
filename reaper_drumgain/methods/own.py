"""The bundled forest with a user's departures from it (``--model NAME``)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from reaper_drumgain.methods.base import MethodGains, MethodInput
from reaper_drumgain.methods.forest import ForestMethod
from reaper_drumgain.methods.forest_file import ARRAYS_NAME, Forest, bundled_folder
from reaper_drumgain.methods.user_model import UserModel


class OwnModel(ForestMethod):
    """The forest's gains plus what the user's own model adds to them.

    Intervals are shifted by the same: they keep their width, around the user's gains.
    """

    def __init__(self, user: UserModel, model: Forest | None = None) -> None:
        super().__init__(model)
        self.user = user

    @property
    def notes(self) -> tuple[str, ...]:
        """A warning where the model was learned against another version of the bundled forest."""
        if self.user.bundled_sha256 == bundled_digest():
            return ()
        return (
            f"model {self.user.name!r} was learned as departures from another version of the "
            "bundled model: learn it again from the same projects",
        )

    def gains(self, given: MethodInput) -> MethodGains:
        """The gains of the active tracks with their intervals, and the bundled ones."""
        bundled = super().gains(given)
        known = np.flatnonzero(np.isfinite(bundled.gains_db))
        added = np.zeros(len(given.roles))
        loudness = given.table.column("loudness_lufs")[known]
        added[known] = self.user.departures([given.roles[place] for place in known], loudness)
        intervals = bundled.intervals_db
        return replace(
            bundled,
            gains_db=bundled.gains_db + added,
            intervals_db=None if intervals is None else intervals + added[:, None],
            bundled_db=bundled.gains_db,
        )


def bundled_digest() -> str:
    """SHA-256 of the trees of the bundled forest, "" where they cannot be read."""
    try:
        return hashlib.sha256((bundled_folder() / ARRAYS_NAME).read_bytes()).hexdigest()
    except OSError:
        return ""
