"""Fits the forest of ``methods.by_sound``, which tells drums by their sound.

``evidence.across_kits`` decides which drums it may tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from reaper_drumgain.learn.data.labelled_sounds import LabelledSounds
from reaper_drumgain.learn.fitting.forests import as_arrays
from reaper_drumgain.methods.by_sound import COLUMNS, DRUMS, OUTPUTS, TIE_COLUMN
from reaper_drumgain.methods.forest_file import Forest

#: number of trees, least number of rows in a leaf, share of the features tried per split
TREES, LEAF, FEATURES = 200, 2, 0.3


def fit_by_sound(
    sounds: LabelledSounds,
    chosen: npt.NDArray[np.bool_],
    *,
    drums: Sequence[str] = DRUMS,
    trees: int = TREES,
    seed: int,
    jobs: int = 1,
    about: Mapping[str, object] | None = None,
) -> Forest:
    """Fits the forest that tells drums by their sound.

    It is a regression on answers of 0 and 1: the mean over the trees is the share of the vote. All
    answers have the same weight together, however many tracks have them.

    Parameters
    ----------
    sounds
        All tracks.
    chosen
        Shape (tracks,): true for the tracks to learn from.
    drums
        What the forest tells; all else is one more answer.
    trees
        The number of trees.
    seed
        Of the random generator.
    jobs
        How many threads fit trees.
    about
        What is noted in the model's manifest.

    Returns
    -------
    Forest
        With one output for each drum, and one for all else.
    """
    from sklearn.ensemble import RandomForestRegressor

    answers = sounds.answers(drums)[chosen]
    counts = np.bincount(answers, minlength=len(drums) + 1)
    forest = RandomForestRegressor(
        n_estimators=trees,
        min_samples_leaf=LEAF,
        max_features=FEATURES,
        random_state=seed,
        n_jobs=jobs,
    )
    weights = 1.0 / counts[answers]
    forest.fit(sounds.values[chosen], np.eye(len(drums) + 1)[answers], sample_weight=weights)
    return Forest(
        inputs=COLUMNS,
        outputs=(*drums, OUTPUTS[-1]),
        columns=COLUMNS,
        tie_column=TIE_COLUMN,
        linear=None,
        arrays=as_arrays(forest),
        about=dict(about or {}),
    )
