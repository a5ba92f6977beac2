"""Training from end to end, reduced."""

import json

import pytest

from reaper_drumgain import modelfile
from reaper_drumgain.errors import InputError
from reaper_drumgain.learn.train import REDUCED, train
from reaper_drumgain.methods.forest import SLOTS


@pytest.mark.slow
def test_a_reduced_run_makes_a_model_that_beats_the_simple_methods(shared_data, tmp_path):
    told: list[float] = []
    cache = tmp_path / "cache"
    first = train(
        shared_data,
        tmp_path / "one",
        cache=cache,
        draws=50,
        jobs=1,
        progress=lambda _what, share: told.append(share),
        **REDUCED,
    )
    rows = first.scores.summary()
    assert rows["forest"]["recorded"] < rows["equal-loudness"]["recorded"]
    assert rows["forest"]["shifted 12"] < rows["unity"]["shifted 12"]
    assert rows["forest"]["shifted 12"] < rows["equal-loudness"]["shifted 12"]
    assert first.scores.shifted[12.0]["forest"].shape == (10, 50)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert first.scores.text() in first.text

    model = modelfile.load(tmp_path / "one")
    assert model.outputs == SLOTS
    assert model.about["training_data"]["mixes"] == 69
    assert model.about["scores"]["error_db"] == rows
    card = (tmp_path / "one" / "README.md").read_text(encoding="utf-8")
    assert first.scores.text() in card

    train(shared_data, tmp_path / "two", cache=cache, draws=50, jobs=2, **REDUCED)
    for name in ("forest.npz", "forest.json", "README.md"):
        assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()


def test_the_bundled_manifest_says_what_it_was_made_from():
    about = modelfile.load(modelfile.bundled_folder()).about
    data = about["training_data"]
    assert (len(data["songs"]), data["mixes"], data["faders_muted_left_out"]) == (10, 69, 9)
    assert {"engineer_mixes.csv", "roles.csv", "muldjord", "gogodze"} <= set(data["sha256"])
    assert {"numpy", "scikit-learn"} <= set(about["made_with"])
    errors = about["scores"]["error_db"]
    assert about["scores"]["draws"] >= 50
    assert errors["forest"]["recorded"] < errors["equal-loudness"]["recorded"]
    assert errors["forest"]["shifted 12"] < errors["unity"]["shifted 12"]
    card = (modelfile.bundled_folder() / "README.md").read_text(encoding="utf-8")
    assert f"{errors['forest']['recorded']:.2f}" in card
    assert json.dumps(about, allow_nan=False)


@pytest.mark.parametrize("name", ["draws", "trees", "performances", "jobs"])
def test_numbers_below_one_are_refused_before_anything_is_done(tmp_path, name):
    with pytest.raises(InputError, match=f"{name} is 0"):
        train(tmp_path, tmp_path / "out", **{name: 0})
    assert not (tmp_path / "out").exists()
