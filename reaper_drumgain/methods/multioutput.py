"""The plain form of the multi-output forest: levels and spectra in, a gain for each slot out.

As in D. Moffat and M. Sandler 2019 the trees themselves learn the effect of recorded levels.
Levels are relative to the session's mean, so that the loudness of the whole recording does
not matter. The gain is no monotonic function of a track's level: a track that was recorded louder
may get a higher fader.
"""

from __future__ import annotations

import numpy as np

from reaper_drumgain.analysis.features import FeatureTable
from reaper_drumgain.methods.base import Method, MethodGains, MethodInput
from reaper_drumgain.methods.forest import check_fits, slot_values, sounding
from reaper_drumgain.methods.forest_file import MULTIOUTPUT, Forest, bundled_folder, load


class MultiOutputForest(Method):
    """The bundled forest of this form, or another model of the same make."""

    def __init__(self, model: Forest | None = None) -> None:
        self._model = model

    @property
    def model(self) -> Forest:
        """The model, loaded when first needed. Raises ModelError."""
        if self._model is None:
            self._model = load(bundled_folder(), MULTIOUTPUT)
        check_fits(self._model)
        return self._model

    def gains(self, given: MethodInput) -> MethodGains:
        """The gains of the active tracks, NaN for the others."""
        wanted = np.full(len(given.roles), np.nan)
        chosen, roles, channels, table = sounding(given)
        if chosen.size:
            wanted[chosen] = slot_values(self.model, levelled(table), roles, channels)
        return MethodGains(wanted)


def levelled(table: FeatureTable) -> FeatureTable:
    """The same features with loudness relative to its mean over the tracks."""
    values = table.values.copy()
    column = table.columns.index("loudness_lufs")
    values[:, column] -= values[:, column].mean()
    return FeatureTable(table.columns, values)
