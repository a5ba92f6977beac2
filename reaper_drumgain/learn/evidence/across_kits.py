"""How well drums are told by their sound, from one sampled kit to the other.

A forest is fitted to one kit and tested on the other, with other performances. For sounds that are
no drums, each kind in turn is left out of the fit. More drums are tested than ``methods.by_sound``
tells, to show what two kits support.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from reaper_drumgain.learn.data.kits import KITS
from reaper_drumgain.learn.data.labelled_sounds import LabelledSounds
from reaper_drumgain.learn.data.other_sounds import KINDS
from reaper_drumgain.learn.fitting.by_sound import TREES, fit_by_sound
from reaper_drumgain.methods.by_sound import DRUMS, SURE
from reaper_drumgain.methods.forest_file import Forest

#: drums that are tested: both kits have them
CANDIDATES = ("kick", "snare", "overhead")
#: trees of forests that are fitted only to leave out one kind of other sounds
_FEWER_TREES = 60


def across_kits(
    sounds: LabelledSounds, *, trees: int = TREES, seed: int, jobs: int = 1
) -> dict[str, Any]:
    """Tests forests of one kit on the other, and forests without one kind of other sounds.

    Parameters
    ----------
    sounds
        Tracks with known content.
    trees
        The number of trees.
    seed
        Of the random generators.
    jobs
        How many threads fit trees.

    Returns
    -------
    dict
        Plain JSON data. By direction ("muldjord to gogodze"), for each of ``CANDIDATES`` and a
        forest that tells this drum alone: how many ``tracks`` it has, how many of them are
        ``found``, and how many microphones of other drums and other sounds are ``taken for it``.
        ``kinds left out``: for each kind of other sounds how many are ``taken for a drum``.
    """
    even = sounds.performances % 2 == 0
    figures: dict[str, Any] = {}
    for kit in KITS:
        other = next(name for name in KITS if name != kit)
        learnt, tested = (sounds.kits == kit) & even, (sounds.kits == other) & ~even
        figures[f"{kit} to {other}"] = {
            drum: _counts(
                fit_by_sound(sounds, learnt, drums=(drum,), trees=trees, seed=seed, jobs=jobs),
                sounds,
                tested,
            )
            for drum in CANDIDATES
        }
    unknown: dict[str, Any] = {}
    for kind in KINDS:
        left = sounds.labels == kind
        if left.any():
            few = min(trees, _FEWER_TREES)
            model = fit_by_sound(sounds, ~left, trees=few, seed=seed, jobs=jobs)
            taken = (model.predict(sounds.values[left])[:, : len(DRUMS)] >= SURE).any(axis=1)
            unknown[kind] = {"tracks": int(left.sum()), "taken for a drum": int(taken.sum())}
    return figures | {"kinds left out": unknown}


def _counts(model: Forest, sounds: LabelledSounds, tested: npt.NDArray[np.bool_]) -> dict[str, int]:
    """Counts of right and wrong answers of a forest that tells one drum."""
    drum = model.outputs[0]
    taken = model.predict(sounds.values[tested])[:, 0] >= SURE
    is_drum, other = sounds.labels[tested] == drum, sounds.others[tested]
    groups = {"microphones": ~is_drum & ~other, "other sounds": other}
    figures = {"tracks": int(is_drum.sum()), "found": int((taken & is_drum).sum())}
    for name, group in groups.items():
        figures[name] = int(group.sum())
        figures[f"{name} taken for it"] = int((taken & group).sum())
    return figures
