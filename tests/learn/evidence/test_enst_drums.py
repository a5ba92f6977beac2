"""Evaluation and training on an invented ENST-Drums."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from enst_tree import NAMES

from reaper_drumgain import cli
from reaper_drumgain.errors import InputError
from reaper_drumgain.learn.data.enst import PROVENANCE, EnstDrums
from reaper_drumgain.learn.evidence import evaluate as evaluation
from reaper_drumgain.learn.evidence import tables
from reaper_drumgain.learn.evidence.enst_drums import EnstMixes, enst_renderings
from reaper_drumgain.learn.evidence.figures import ONE_OTHER
from reaper_drumgain.learn.evidence.run import run_evaluation, train
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.methods import forest_file

QUICK = {"settings": FitSettings(trees=5, inner_trees=3, copies=2), "draws": 2}
TAPS = 16


@pytest.fixture(scope="module")
def trained(whole_tree, known, tmp_path_factory):
    told: list[float] = []
    folder = tmp_path_factory.mktemp("models")
    made = train(
        EnstMixes(whole_tree, TAPS),
        folder,
        cache=known,
        jobs=1,
        progress=lambda _what, share: told.append(share),
        **QUICK,
    )
    return made, told


def test_training_on_enst_makes_models_figures_and_a_card(trained):
    made, told = trained
    figures = made.evaluation.figures
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    assert figures["data"]["what is what"] == [PROVENANCE]
    assert len(figures["data"]["songs"]) == 2 * len(NAMES)
    # one engineer made all mixes: there is nobody to compare with
    assert ONE_OTHER not in figures["against one engineer"]
    held = figures["against the median engineer"]["with gate"]
    # every drummer's mix has the same gains, so a constant per role is right
    assert held["role-mean"]["recorded"]["error"] < held["unity"]["recorded"]["error"] / 2
    for name in (forest_file.DEFAULT, forest_file.MULTIOUTPUT):
        model = forest_file.load(made.folder, name)
        assert model.about["training_data"]["name"] == "ENST-Drums"
        assert len(model.about["training_data"]["takes"]) == 2 * len(NAMES)
    card = (made.folder / "README.md").read_text(encoding="utf-8")
    assert "6 takes of 2 drummers; left out: none" in card
    assert tables.error_table(figures, "with gate") in card


def test_nothing_of_the_drummer_who_is_measured_was_learnt_from(whole_tree, known, monkeypatch):
    seen = []
    fit = evaluation.fit_fold

    def watched(renderings, kits, settings):
        seen.append({item.song.group for item in renderings})
        return fit(renderings, kits, settings)

    monkeypatch.setattr(evaluation, "fit_fold", watched)
    done = run_evaluation(EnstMixes(whole_tree, TAPS), cache=known, jobs=1, **QUICK)
    assert seen == [{"drummer_2"}, {"drummer_1"}]
    assert [r.song.group for r in done.results] == ["drummer_1"] * 3 + ["drummer_2"] * 3


def test_the_number_of_processes_changes_nothing_on_enst(whole_tree, known, trained):
    again = run_evaluation(EnstMixes(whole_tree, TAPS), cache=known, jobs=2, **QUICK)
    assert again.figures == trained[0].evaluation.figures


def test_evaluate_takes_enst_from_the_command_line(whole_tree, known, tmp_path, capsys):
    where, plots = tmp_path / "figures.json", tmp_path / "plots"
    shared = ["--enst", str(whole_tree), "--cache", str(known), "--jobs", "1", "--reduced"]
    shared += ["--draws", "2", "--json", str(where), "--plots", str(plots)]
    assert cli.main(["evaluate", *shared]) == 0
    assert PROVENANCE in capsys.readouterr().out
    assert json.loads(where.read_text("utf-8"))["data"]["mixes"] == 6
    assert len(list(plots.iterdir())) == 3


def test_one_drummer_alone_cannot_be_measured(tree, known):
    shutil.rmtree(tree / "drummer_2")
    with pytest.raises(InputError, match="usable takes of 1 drummers, expected 2"):
        run_evaluation(EnstMixes(tree, TAPS), cache=known, jobs=1, **QUICK)


def test_a_take_with_one_known_gain_is_left_out_and_named(loaded):
    song = loaded.songs[0]
    alone = np.where(np.arange(song.target_db.size) == 0, 0.0, np.nan)
    few = EnstDrums((replace(song, target_db=alone), *loaded.songs[1:]), ("x.wav: damaged",))
    made, left_out = enst_renderings(few, ())
    assert len(made) == len(loaded.songs) - 1
    assert left_out[0] == "x.wav: damaged"
    assert left_out[1] == "drummer_1/036_phrase_disco_simple_slow_sticks: 1 tracks with a gain " + (
        "that is known"
    )


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_an_enst_folder_that_is_not_there_is_told(tmp_path, capsys, command):
    assert cli.main([command, "--enst", str(tmp_path / "none")]) == 2
    assert "expected one with drummer_1/audio" in capsys.readouterr().err
