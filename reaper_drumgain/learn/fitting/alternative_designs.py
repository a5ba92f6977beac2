"""Alternative designs that are compared with the forest but cannot be selected.

The model card shows how they compare.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from reaper_drumgain.analysis.features import FeatureTable
from reaper_drumgain.learn.data.human_faders import Float64
from reaper_drumgain.learn.data.rendered_songs import Rendering
from reaper_drumgain.learn.fitting.augmentation import augmented_songs
from reaper_drumgain.learn.fitting.forests import as_arrays, fit_forest
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.methods.base import Method, MethodGains, MethodInput
from reaper_drumgain.methods.drum_responses import DrumResponses
from reaper_drumgain.methods.forest import (
    ForestMethod,
    is_stereo,
    linear_gains,
    linear_part,
    responses_of,
    session,
    sounding,
)
from reaper_drumgain.methods.forest_file import Forest, LinearPart
from reaper_drumgain.tracks.roles import ROLE_NAMES, Role

EXTRA_TREES, PER_TRACK_FOREST = (
    "extra trees on the linear part",
    "per-track forest on the linear part",
)
#: least share of rows in a leaf of the per-track forest
_LEAF = 0.02


def fit_alternative_designs(
    renderings: Sequence[Rendering],
    linear: LinearPart,
    responses: DrumResponses,
    settings: FitSettings,
) -> dict[str, Method]:
    """The alternative designs, fitted on top of a linear part.

    Parameters
    ----------
    renderings
        The training songs.
    linear
        The linear part.
    responses
        How microphones hear drums.
    settings
        How forests are fitted.

    Returns
    -------
    dict
        The methods by name.
    """
    extra = fit_forest(renderings, linear, responses, replace(settings, kind="extra trees"), {})
    return {
        EXTRA_TREES: ForestMethod(extra),
        PER_TRACK_FOREST: _fit_per_track(renderings, linear, responses, settings),
    }


@dataclass(frozen=True)
class PerTrackForest(Method):
    """A forest with one row per track: its role, its features, and the roles in the session."""

    model: Forest

    def gains(self, given: MethodInput) -> MethodGains:
        """The gains of the active tracks, NaN for the others."""
        wanted = np.full(len(given.roles), np.nan)
        levels, heard, all_channels, _ = session(given)
        chosen, roles, channels, table = sounding(given)
        if chosen.size:
            linear, responses = linear_part(self.model), responses_of(self.model)
            wanted[heard] = linear_gains(linear, responses, levels, all_channels)[0]
            rows = _rows(roles, channels, table, self.model.columns)
            wanted[chosen] += self.model.predict(rows)[:, 0]
        return MethodGains(wanted)


def _fit_per_track(
    renderings: Sequence[Rendering],
    linear: LinearPart,
    responses: DrumResponses,
    settings: FitSettings,
) -> PerTrackForest:
    from sklearn.ensemble import RandomForestRegressor

    rows, wanted = [], []
    for copy in augmented_songs(renderings, settings):
        base, _ = linear_gains(linear, responses, copy.levels, copy.channels, copy.hits)
        left = copy.target - base
        rows.append(_rows(copy.roles, copy.channels, copy.table, settings.columns))
        wanted.append(left - left.mean())
    trees = RandomForestRegressor(
        n_estimators=settings.trees,
        min_samples_leaf=_LEAF,
        max_features=settings.max_features,
        random_state=settings.seed,
        n_jobs=settings.jobs,
    )
    x = np.vstack(rows)
    trees.fit(x, np.concatenate(wanted))
    model = Forest(
        inputs=tuple(f"input {number}" for number in range(x.shape[1])),
        outputs=("gain",),
        columns=settings.columns,
        tie_column=settings.tie_column,
        linear=linear,
        arrays=as_arrays(trees),
        about={},
        responses=responses,
    )
    return PerTrackForest(model)


def _rows(
    roles: Sequence[Role], channels: Sequence[int], table: FeatureTable, columns: Sequence[str]
) -> Float64:
    """(tracks, inputs): role, stereo, number and features of the track, then the number of tracks
    of each role in the session."""
    counts = Counter(role.name for role in roles)
    session = [float(counts[name]) for name in ROLE_NAMES]
    own = [[float(role.name == name) for name in ROLE_NAMES] for role in roles]
    numbers = [[float(role.ordinal or 0), float(counts[role.name])] for role in roles]
    return np.column_stack(
        [
            own,
            is_stereo(roles, channels),
            numbers,
            *(table.column(name) for name in columns),
            np.tile(session, (len(roles), 1)),
        ]
    )
