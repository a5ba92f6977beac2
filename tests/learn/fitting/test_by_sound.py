"""The forest that tells drums by their sound, and the test across kits."""

from __future__ import annotations

import numpy as np
import pytest

from reaper_drumgain.learn.data.kits import KITS
from reaper_drumgain.learn.data.labelled_sounds import LabelledSounds
from reaper_drumgain.learn.data.other_sounds import KINDS
from reaper_drumgain.learn.evidence.across_kits import CANDIDATES, across_kits
from reaper_drumgain.learn.fitting.by_sound import fit_by_sound
from reaper_drumgain.methods.by_sound import COLUMNS, OUTPUTS


def invented(kick_of: dict[str, float]) -> LabelledSounds:
    """Kicks stand out in the first columns by as much as their kit says, the rest is chance."""
    rng = np.random.default_rng(3)
    labels, kits, numbers = [], [], []
    for kit in KITS:
        for number in range(12):
            for label in ("kick", "snare", "overhead", "room", *rng.choice(list(KINDS), 2)):
                labels.append(str(label))
                kits.append(kit)
                numbers.append(number)
    values = rng.normal(size=(len(labels), len(COLUMNS)))
    is_kick = np.array(labels) == "kick"
    values[:, :8] += np.where(is_kick, [kick_of[kit] for kit in kits], 0.0)[:, None]
    return LabelledSounds(values, np.array(kits), np.array(numbers), np.array(labels))


def test_what_both_kits_share_is_found_across_them():
    figures = across_kits(invented(dict.fromkeys(KITS, 20.0)), trees=30, seed=1)
    for first, second in (KITS, KITS[::-1]):
        held = figures[f"{first} to {second}"]
        assert list(held) == list(CANDIDATES)
        assert held["kick"]["found"] == held["kick"]["tracks"] == 6
        assert held["kick"]["microphones taken for it"] == 0
        assert held["kick"]["microphones"] + held["kick"]["other sounds"] == 6 * 5
        assert held["snare"]["found"] <= 1
    unknown = figures["kinds left out"]
    assert sum(held["tracks"] for held in unknown.values()) == 2 * 12 * 2
    assert not any(held["taken for a drum"] for held in unknown.values())


def test_what_one_kit_alone_shows_is_not_found_across_kits():
    figures = across_kits(invented({KITS[0]: 20.0, KITS[1]: -20.0}), trees=30, seed=1)
    assert figures[f"{KITS[0]} to {KITS[1]}"]["kick"]["found"] == 0


def test_answers_have_the_same_weight_however_many_have_them():
    sounds = invented(dict.fromkeys(KITS, 0.0))
    model = fit_by_sound(sounds, np.ones(len(sounds.labels), bool), trees=60, seed=1)
    assert (model.inputs, model.outputs) == (COLUMNS, OUTPUTS)
    fresh = np.random.default_rng(4).normal(size=(200, len(COLUMNS)))
    assert model.predict(fresh)[:, 0].mean() == pytest.approx(0.5, abs=0.25)
    np.testing.assert_allclose(model.predict(fresh).sum(axis=1), 1.0)
