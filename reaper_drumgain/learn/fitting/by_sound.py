"""The ear for drums: rendered microphones and other sounds in, a forest and its test out.

Two kits are two kicks and two snares, so what a microphone hears is varied widely: each is
tilted by up to 15 dB from bass to treble, hears its drum up to 24 dB better than it did, or the
other microphones up to 10 dB under itself, and none is there every time. Other sounds are made
by formulas (``other_sounds``). All audio is simulated but for the hits of the kits.

The test across kits decides what may be told: a forest is fitted to one kit and tried on the
other, with other performances, and for other sounds with the kind in question left out. It is
made for more drums than are told (``CANDIDATES``), to show which two kits support.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from reaper_drumgain.learn.data.labelled_sounds import (
    LabelledSounds,
)
from reaper_drumgain.learn.fitting.forests import as_arrays
from reaper_drumgain.methods.by_sound import COLUMNS, DRUMS, OUTPUTS, TIE_COLUMN
from reaper_drumgain.methods.forest_file import Forest

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
    """The forest of ``methods.by_sound`` from the ``chosen`` tracks, or one for other drums.

    A regression on answers of 0 and 1: the mean over the trees is the share of the vote. Each
    answer has the same weight, however many tracks have it.
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
