"""Training and evaluation from end to end, reduced."""

import json

import numpy as np
import pytest

from reaper_drumgain import cli, methods
from reaper_drumgain.errors import InputError
from reaper_drumgain.learn.evidence import kit_left_out, run, tables
from reaper_drumgain.learn.evidence.human_mixes import HumanMixes
from reaper_drumgain.learn.evidence.recording_card import PAGE
from reaper_drumgain.learn.evidence.run import REDUCED_SETTINGS, train
from reaper_drumgain.methods import forest_file
from reaper_drumgain.methods.slots import SLOTS


@pytest.fixture
def few(shared_data, tmp_path):
    """Four of the songs."""
    folder = tmp_path / "data"
    (folder / "human_faders").mkdir(parents=True)
    for name in ("kits", "groove"):
        (folder / name).symlink_to(shared_data / name)
    for name in ("engineer_mixes.csv", "roles.csv"):
        head, *rows = (shared_data / "human_faders" / name).read_text("utf-8").splitlines()
        songs = list(dict.fromkeys(row.split(",")[0] for row in rows))
        chosen = songs[2], *songs[5:8]
        kept = [row for row in rows if row.split(",")[0] in chosen]
        (folder / "human_faders" / name).write_text("\n".join([head, *kept]) + "\n", "utf-8")
    return folder


@pytest.mark.slow
def test_a_reduced_run_makes_models_figures_and_a_card_the_same_each_time(
    few, tmp_path, capsys, monkeypatch
):
    told: list[float] = []
    cache = tmp_path / "cache"
    first = train(
        HumanMixes.reduced(few),
        tmp_path / "one",
        cache=cache,
        draws=3,
        jobs=2,
        progress=lambda _what, share: told.append(share),
        settings=REDUCED_SETTINGS,
    )
    figures = first.evaluation.figures
    errors = {
        name: {condition: held["error"] for condition, held in by.items()}
        for name, by in figures["against the median engineer"]["with gate"].items()
    }
    assert errors["forest"]["recorded"] < errors["equal-loudness"]["recorded"]
    assert errors["forest"]["+-12"] < errors["unity"]["+-12"]
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert tables.text(figures) in first.text

    model = forest_file.load(tmp_path / "one")
    assert model.outputs == SLOTS
    assert len(model.about["training_data"]["songs"]) == 4
    assert model.about["scores"]["error_db"] == errors
    card = (tmp_path / "one" / "README.md").read_text(encoding="utf-8")
    assert tables.error_table(figures, "with gate") in card
    # a reduced run says so wherever its figures are, and how they came about
    page = (tmp_path / "one" / PAGE).read_text(encoding="utf-8")
    for text in (card, page, first.text):
        assert tables.REDUCED in text
    assert figures["run"]["reduced"]
    assert (figures["run"]["seed"], figures["run"]["draws"]) == (527, 3)
    assert figures["run"]["made with"]["numpy"] == np.__version__
    for song, held in figures["gains"].items():
        assert {len(gains) for gains in held["methods"].values()} == {len(held["tracks"])}, song
    assert set(figures[kit_left_out.FIGURES]["methods"]) == set(methods.names())

    # what goes through all of the program is tried for itself, in shorter tests
    monkeypatch.setattr("reaper_drumgain.balance.side_by_side.plans_of", None)
    shared = ["--data", str(few), "--reduced", "--draws", "3", "--jobs", "1"]
    assert cli.main(["train", *shared, "--output", str(tmp_path / "two")]) == 0
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(names) == 8
    for name in names:
        assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()

    where, plots = tmp_path / "figures.json", tmp_path / "plots"
    asked = {}

    def measured_before(data_set, **options):
        asked.update(options, data_set=data_set)
        return first.evaluation

    monkeypatch.setattr(run, "run_evaluation", measured_before)
    assert cli.main(["evaluate", *shared, "--json", str(where), "--plots", str(plots)]) == 0
    assert (asked["draws"], asked["jobs"]) == (3, 1)
    assert asked["data_set"] == HumanMixes.reduced(few)
    assert len(list(plots.iterdir())) == 3
    assert json.loads(where.read_text(encoding="utf-8")) == figures
    assert tables.difference_table(figures) in capsys.readouterr().out


def test_the_bundled_manifest_says_what_it_was_made_from():
    about = forest_file.load(forest_file.bundled_folder()).about
    data = about["training_data"]
    assert (len(data["songs"]), data["mixes"], data["faders_muted_left_out"]) == (10, 69, 9)
    assert {"engineer_mixes.csv", "roles.csv", "muldjord", "gogodze"} <= set(data["sha256"])
    assert {"numpy", "scikit-learn"} <= set(about["made_with"])
    assert json.dumps(about, allow_nan=False)


def test_the_bundled_forest_is_not_above_the_baselines_and_its_card_says_by_how_much():
    about = forest_file.load(forest_file.bundled_folder()).about
    errors = about["scores"]["error_db"]
    assert about["scores"]["draws"] >= 50
    ours = errors["forest"]
    assert ours["recorded"] <= 3.0
    assert ours["+-12"] <= 3.4
    learned = ("forest", "forest-multioutput", "linear")
    for name, by in errors.items():
        if name not in learned and "linear part" not in name:
            assert ours["recorded"] < by["recorded"], name
            # the songs are rendered and scaled to the listed loudness: what these rules take for
            # the preamp, all of it, is what the forest in part leaves to the drummer
            assert ours["+-12"] < by["+-12"] + 0.3, name
    card = (forest_file.bundled_folder() / "README.md").read_text(encoding="utf-8")
    assert f"{ours['recorded']:.2f}" in card
    assert f"{ours['+-12']:.2f}" in card


@pytest.mark.parametrize("name", ["performances", "sounds"])
def test_data_set_sizes_below_one_are_refused_before_anything_is_done(tmp_path, name):
    with pytest.raises(InputError, match=f"{name} is 0"):
        train(HumanMixes(tmp_path, **{name: 0}), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["draws", "jobs"])
def test_options_below_one_are_refused_before_anything_is_done(tmp_path, name):
    with pytest.raises(InputError, match=f"{name} is 0"):
        train(HumanMixes(tmp_path), tmp_path / "out", **{name: 0})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_a_data_folder_that_is_not_there_is_told(tmp_path, capsys, command):
    assert cli.main([command, "--data", str(tmp_path / "none")]) == 2
    assert "expected one with human_faders, kits, groove" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--part", "recording", "--plots", "pictures"], "which --part recording leaves out"),
        (["--enst", "anywhere", "--part", "recording"], "leave out --enst"),
        (["--enst", "anywhere", "--card", "page.md"], "leave out --enst"),
    ],
)
def test_parts_that_have_no_such_figures_are_refused(capsys, options, words):
    assert cli.main(["evaluate", *options]) == 2
    assert words in capsys.readouterr().err
