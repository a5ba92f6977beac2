"""Fits the forests of ``methods.forest`` and ``methods.multioutput`` to human faders.

The trees of ``methods.forest`` learn the residual R = target - linear part for every role slot
(see ``linear_part``). Those of ``methods.multioutput`` learn the target itself (Moffat & Sandler
2019, "Machine learning multitrack gain mixing of drums", AES 147th Convention). scikit-learn
refuses missing targets: an empty slot is given R = 0 (or the mean gain of its role in the
multi-output form), and is never scored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from reaper_drumgain.learn.data.human_faders import Float64
from reaper_drumgain.learn.data.rendered_songs import Rendering
from reaper_drumgain.learn.fitting.augmentation import augmented_songs
from reaper_drumgain.learn.fitting.leave_one_out import songs_of
from reaper_drumgain.learn.fitting.role_means import fit_role_levels
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.methods.drum_responses import DrumResponses
from reaper_drumgain.methods.forest import linear_gains
from reaper_drumgain.methods.forest_file import Forest, LinearPart
from reaper_drumgain.methods.multioutput import levelled
from reaper_drumgain.methods.slots import (
    SLOTS,
    SlotAssignment,
    input_names,
    input_row,
    role_of_slot,
)


@dataclass(frozen=True)
class TrainingRows:
    """What trees are fitted to.

    Attributes
    ----------
    x
        Shape (rows, inputs): NaN where a slot is empty.
    y
        Shape (rows, slots): targets in dB, without NaN.
    filled
        Shape (rows, slots): true where the target of an empty slot was filled in.
    """

    x: Float64
    y: Float64
    filled: npt.NDArray[np.bool_]


def training_rows(
    renderings: Sequence[Rendering],
    linear: LinearPart,
    responses: DrumResponses,
    settings: FitSettings,
) -> TrainingRows:
    """Rows for the trees on top of a linear part: inputs, and residuals of the targets.

    Parameters
    ----------
    renderings
        The training songs.
    linear
        The linear part.
    responses
        How microphones hear drums.
    settings
        Which inputs there are, and how songs are augmented.

    Returns
    -------
    TrainingRows
        One row for each augmented copy.
    """
    rows = []
    for copy in augmented_songs(renderings, settings):
        base, _ = linear_gains(linear, responses, copy.levels, copy.channels, copy.hits)
        left = copy.target - base
        x = input_row(copy.table, copy.slots, settings.columns)
        rows.append((x, left - left.mean(), copy.slots))
    return _in_slots(rows, np.zeros(len(SLOTS)))


def multioutput_rows(
    renderings: Sequence[Rendering], role_db: Mapping[str, float], settings: FitSettings
) -> TrainingRows:
    """Rows for the forest without a linear part.

    Parameters
    ----------
    renderings
        The training songs.
    role_db
        Mean gains by role in dB.
    settings
        Which inputs there are, and how songs are augmented.

    Returns
    -------
    TrainingRows
        One row for each augmented copy.
    """
    rows = []
    columns = multioutput_columns(settings)
    for copy in augmented_songs(renderings, settings):
        expected = np.array([role_db[role.name] for role in copy.roles])
        x = input_row(levelled(copy.table), copy.slots, columns)
        rows.append((x, copy.target - np.mean(copy.target - expected), copy.slots))
    return _in_slots(rows, np.array([role_db[role_of_slot(slot)] for slot in SLOTS]))


def multioutput_columns(settings: FitSettings) -> tuple[str, ...]:
    """Input columns of the forest without a linear part: the recorded level comes first."""
    return ("loudness_lufs", *settings.columns)


def _in_slots(
    rows: Sequence[tuple[Float64, Float64, Sequence[SlotAssignment]]], empty: Float64
) -> TrainingRows:
    """Rows of inputs, values per track and slots; ``empty`` (slots,) fills the unused ones."""
    y = np.tile(empty, (len(rows), 1))
    filled = np.ones(y.shape, bool)
    for row, (_, values, slots) in enumerate(rows):
        for one, value in zip(slots, values, strict=True):
            if not one.overflow:
                y[row, one.slot], filled[row, one.slot] = value, False
    return TrainingRows(np.array([x for x, _, _ in rows]), y, filled)


def fit_regressor(rows: TrainingRows, settings: FitSettings):  # type: ignore[no-untyped-def]
    """Fits scikit-learn's trees to the rows."""
    from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor

    kind = RandomForestRegressor if settings.kind == "random forest" else ExtraTreesRegressor
    regressor = kind(
        n_estimators=settings.trees,
        min_samples_leaf=settings.leaf,
        max_features=settings.max_features,
        random_state=settings.seed,
        n_jobs=settings.jobs,
    )
    return regressor.fit(rows.x, rows.y)


def fit_forest(
    renderings: Sequence[Rendering],
    linear: LinearPart,
    responses: DrumResponses,
    settings: FitSettings,
    about: Mapping[str, object],
) -> Forest:
    """Fits the trees on top of a linear part.

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
    about
        What is noted in the model's manifest.

    Returns
    -------
    Forest
        With the linear part in it.
    """
    rows = training_rows(renderings, linear, responses, settings)
    regressor = fit_regressor(rows, settings)
    return Forest(
        inputs=input_names(settings.columns),
        outputs=SLOTS,
        columns=settings.columns,
        tie_column=settings.tie_column,
        linear=linear,
        arrays=as_arrays(regressor),
        about=about,
        responses=responses,
    )


def fit_multioutput(
    renderings: Sequence[Rendering], settings: FitSettings, about: Mapping[str, object]
) -> Forest:
    """Fits the forest of ``methods.multioutput``.

    Parameters
    ----------
    renderings
        The training songs.
    settings
        How forests are fitted.
    about
        What is noted in the model's manifest.

    Returns
    -------
    Forest
        Without a linear part.

    References
    ----------
    Moffat & Sandler 2019, "Machine learning multitrack gain mixing of drums", AES 147th
    Convention.
    """
    levels = fit_role_levels(songs_of(renderings), settings.shrink)
    rows = multioutput_rows(renderings, levels.gain_db, settings)
    regressor = fit_regressor(rows, replace(settings, leaf=settings.multioutput_leaf))
    columns = multioutput_columns(settings)
    return Forest(
        inputs=input_names(columns),
        outputs=SLOTS,
        columns=columns,
        tie_column=settings.tie_column,
        linear=None,
        arrays=as_arrays(regressor),
        about=about,
    )


def as_arrays(regressor) -> dict[str, npt.NDArray[np.generic]]:  # type: ignore[no-untyped-def]
    """scikit-learn's trees as the arrays that ``methods.forest_file`` writes.

    Parameters
    ----------
    regressor
        A fitted ensemble of trees.

    Returns
    -------
    dict
        By name: arrays of shape (nodes,) for all trees one after the other, ``root`` of shape
        (trees,), ``value`` of shape (leaves, outputs).
    """
    parts: dict[str, list[npt.NDArray[np.generic]]] = defaultdict(list)
    nodes = leaves = 0
    largest = float(np.finfo(np.float32).max)
    for estimator in regressor.estimators_:
        tree = estimator.tree_
        inner = tree.children_left >= 0
        count = tree.node_count
        leaf = np.full(count, -1)
        leaf[~inner] = leaves + np.arange(count - inner.sum())
        parts["root"].append(np.array([nodes]))
        parts["left"].append(np.where(inner, tree.children_left + nodes, -1))
        parts["right"].append(np.where(inner, tree.children_right + nodes, -1))
        parts["feature"].append(np.where(inner, tree.feature, 0))
        # an infinite threshold separates missing values from all others; so does the largest float
        parts["threshold"].append(np.where(inner, np.clip(tree.threshold, -largest, largest), 0.0))
        parts["missing_left"].append(np.where(inner, tree.missing_go_to_left, 0))
        parts["leaf"].append(leaf)
        parts["value"].append(tree.value[~inner, :, 0])
        nodes += count
        leaves += int(count - inner.sum())
    return {name: np.concatenate(held) for name, held in parts.items()}
