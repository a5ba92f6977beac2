"""Learning to tell drums by their sound: other sounds, the test across kits, the cache."""

from __future__ import annotations

import numpy as np
import pytest

from reaper_drumgain.errors import InputError
from reaper_drumgain.learn.data.other_sounds import KINDS, other_sound
from reaper_drumgain.learn.data.render import KITS
from reaper_drumgain.learn.fitting import by_sound
from reaper_drumgain.learn.fitting.by_sound import (
    CANDIDATES,
    Sounds,
    across_kits,
    choose,
    fit_by_sound,
)
from reaper_drumgain.methods.by_sound import COLUMNS, OUTPUTS


def invented(kick_of: dict[str, float]) -> Sounds:
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
    return Sounds(values, np.array(kits), np.array(numbers), np.array(labels))


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
    heard = invented(dict.fromkeys(KITS, 0.0))
    model = fit_by_sound(heard, np.ones(len(heard.labels), bool), trees=60, seed=1)
    assert (model.inputs, model.outputs) == (COLUMNS, OUTPUTS)
    fresh = np.random.default_rng(4).normal(size=(200, len(COLUMNS)))
    assert model.predict(fresh)[:, 0].mean() == pytest.approx(0.5, abs=0.25)
    np.testing.assert_allclose(model.predict(fresh).sum(axis=1), 1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_other_sounds_are_sounds_and_the_same_each_time(kind):
    one, again = (other_sound(kind, np.random.default_rng(7), 3.0) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    assert one.size == 3 * 44100
    assert np.isfinite(one).all()
    assert 0.9 < np.abs(one).max() < 1.1


def test_sounds_are_rendered_labelled_and_kept(shared_data, tmp_path):
    options = {"performances": 1, "seed": 5, "cache": tmp_path}
    told: list[float] = []
    made = by_sound.sounds(shared_data, **options, progress=lambda _what, share: told.append(share))
    assert made.values.shape == (len(made.labels), len(COLUMNS))
    assert np.isfinite(made.values).mean() > 0.99
    assert set(made.kits) == set(KITS)
    assert "kick" in made.labels
    assert made.others.sum() == 2 * 2 * 2
    assert told[-1] == 1.0
    again = by_sound.sounds(shared_data, **options)
    np.testing.assert_array_equal(again.values, made.values)
    np.testing.assert_array_equal(again.labels, made.labels)
    (held,) = tmp_path.iterdir()
    held.write_bytes(held.read_bytes()[:-40])
    with pytest.raises(InputError, match="damaged, delete it"):
        by_sound.sounds(shared_data, **options)


def test_too_few_performances_are_told(shared_data, tmp_path):
    with pytest.raises(InputError, match="not the Groove data set"):
        choose(tmp_path, 1, 0)
    head, row, *_ = (shared_data / "groove" / "info.csv").read_text("utf-8").splitlines()
    (tmp_path / "info.csv").write_text(f"{head}\n{row}\n", "utf-8")
    (tmp_path / "drummer1").symlink_to(shared_data / "groove" / "drummer1")
    with pytest.raises(InputError, match="expected 2 performances"):
        choose(tmp_path, 2, 0)
