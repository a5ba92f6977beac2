"""Fitting: role means, the level part, and trees that predict alike in both forms."""

import numpy as np
import pytest

from reaper_drumgain import features
from reaper_drumgain.features import FeatureTable
from reaper_drumgain.learn.dataset import Rendering
from reaper_drumgain.learn.fit import (
    FitSettings,
    as_arrays,
    centred_error,
    choose_width,
    fit_forest,
    fit_level_part,
    fit_regressor,
    role_effects,
    training_rows,
)
from reaper_drumgain.learn.human_faders import RawTrack, Song
from reaper_drumgain.learn.scores import leave_one_song_out
from reaper_drumgain.methods.forest import SLOTS, input_names, predict
from reaper_drumgain.modelfile import load, save
from reaper_drumgain.roles import ROLE_NAMES, Role

WISH = {"kick in": 0.0, "snare top": 3.0, "hi-hat": -9.0, "tom": -2.0, "overhead": -4.0}
USUAL = {"kick in": -28.0, "snare top": -27.0, "hi-hat": -30.0, "tom": -32.0, "overhead": -25.0}
SETTINGS = FitSettings(trees=12, copies=3, leaf=0.05, jobs=1)


def invented(seed: int, careless_db: float = 4.0) -> Rendering:
    """A song whose engineer wants each role at its own loudness, whatever it was recorded at."""
    rng = np.random.default_rng(seed)
    roles = [Role("kick in"), Role("snare top"), Role("hi-hat"), Role("tom", None, 1), Role("tom")]
    roles += [Role("overhead", "left"), Role("overhead", "right")]
    loudness = np.array([USUAL[role.name] for role in roles]) + rng.normal(0, careless_db, 7)
    target = np.array([USUAL[role.name] + WISH[role.name] for role in roles]) - loudness
    target -= target.mean()
    tracks = tuple(
        RawTrack(f"{place}.wav", role, True, level, 1)
        for place, (role, level) in enumerate(zip(roles, loudness, strict=True))
    )
    values = np.full((7, len(features.COLUMNS)), np.nan)
    for name in ("crest_db", "centroid_hz", "bandwidth_hz", "flatness"):
        values[:, features.COLUMNS.index(name)] = rng.uniform(1, 100, 7)
    values[0, features.COLUMNS.index("crest_db")] = np.nan
    for name in ("loudness_lufs", "rms_dbfs"):
        values[:, features.COLUMNS.index(name)] = loudness
    song = Song(f"song {seed}", tracks, ("one",), target[None, :], target)
    return Rendering(song, "invented", "none", FeatureTable(features.COLUMNS, values))


RENDERINGS = [invented(seed) for seed in range(8)]


def test_role_effects_part_songs_from_roles():
    roles = [[Role("kick in"), Role("tom")], [Role("kick in"), Role("tom"), Role("tom")]]
    means, offsets = role_effects(roles, [np.array([1.0, 5]), np.array([11.0, 15, 15])], 0.0)
    assert means["tom"] - means["kick in"] == pytest.approx(4.0)
    assert offsets[1] - offsets[0] == pytest.approx(10.0)
    assert set(means) == set(ROLE_NAMES)
    assert means["kick"] == means["kick in"]


def test_shrinking_draws_role_means_together():
    roles = [[Role("kick in"), Role("tom")]] * 3
    values = [np.array([-3.0, 3.0])] * 3
    free, _ = role_effects(roles, values, 0.0)
    drawn, _ = role_effects(roles, values, 4.0)
    assert 0 < drawn["tom"] - drawn["kick in"] < free["tom"] - free["kick in"]


def test_error_does_not_count_the_common_offset():
    target = np.array([1.0, -2.0, 4.0])
    assert centred_error(target + 7.0, target) == 0.0
    assert centred_error(target + np.array([0.0, 0.0, 3.0]), target) == pytest.approx(1.0)


def test_the_level_part_learns_what_the_songs_agree_on():
    songs = [item.song for item in RENDERINGS]
    part = fit_level_part(songs, 1.0, 0.0, seed=1)
    found = part.gains([t.role for t in songs[0].tracks], songs[0].raw_lufs)
    assert centred_error(found, songs[0].target_db) < 1.0


def test_the_width_follows_the_data():
    """Where engineers undo all departures a narrow width is best."""
    songs = [item.song for item in RENDERINGS]
    assert choose_width(songs, FitSettings(widths_db=(0.5, 20.0), shrink=0.5)) == 0.5


def test_rows_hold_missing_inputs_and_whole_targets():
    part = fit_level_part([item.song for item in RENDERINGS], 4.0, 4.0, seed=1)
    rows = training_rows(RENDERINGS, part, SETTINGS)
    assert rows.x.shape == (8 * 3, len(input_names(SETTINGS.columns)))
    assert rows.y.shape == rows.filled.shape == (8 * 3, len(SLOTS))
    assert np.isnan(rows.x).any()
    assert np.isfinite(rows.y).all()
    room = SLOTS.index("room stereo 1")
    assert rows.filled[:, room].all()
    assert set(rows.y[:, room]) == {part.residual_db["room"]}
    again = training_rows(RENDERINGS, part, SETTINGS)
    np.testing.assert_array_equal(rows.x, again.x)
    np.testing.assert_array_equal(rows.y, again.y)


def test_arrays_predict_as_scikit_learn_does_with_missing_values(tmp_path):
    rng = np.random.default_rng(4)
    part = fit_level_part([item.song for item in RENDERINGS], 4.0, 4.0, seed=1)
    settings = FitSettings(trees=40, copies=8, leaf=0.01, jobs=1)
    regressor = fit_regressor(training_rows(RENDERINGS, part, settings), settings)
    forest = fit_forest(RENDERINGS, settings, {"settings": {}})
    forest.arrays.update(as_arrays(regressor))
    save(forest, tmp_path)
    rows = training_rows(RENDERINGS, part, settings).x
    rows = np.concatenate([rows, rows * rng.normal(1, 0.5, rows.shape)])
    rows[rng.uniform(size=rows.shape) < 0.2] = np.nan
    rows[-1], rows[-2] = np.nan, 1e30
    found = load(tmp_path).predict(rows)
    np.testing.assert_allclose(found, regressor.predict(rows), atol=1e-6, rtol=0)
    assert np.ptp(found, axis=0).max() > 0.1


def test_a_fitted_forest_finds_the_wishes_of_a_song_it_never_saw():
    forest = fit_forest(RENDERINGS, SETTINGS, {})
    new = invented(99)
    tracks = new.song.tracks
    found = predict(forest, new.table, [t.role for t in tracks], [1] * len(tracks))
    assert centred_error(found, new.song.target_db) < centred_error(
        np.zeros(len(tracks)), new.song.target_db
    )


def test_scores_know_what_is_true_of_the_baselines():
    scores = leave_one_song_out(RENDERINGS[:5], SETTINGS, draws=5, widths_db=(12.0,))
    assert scores.songs == tuple(item.song.name for item in RENDERINGS[:5])
    assert scores.slopes["unity"] == 0.0
    assert scores.slopes["equal-loudness"] == pytest.approx(-1.0)
    assert -1.0 < scores.slopes["forest"] < 0.0
    shifted = scores.shifted[12.0]
    for method in ("equal-loudness", "equal-rms", "role-template"):
        expected = np.repeat(scores.recorded[method][:, None], 5, axis=1)
        np.testing.assert_allclose(shifted[method], expected, atol=1e-9)
    assert shifted["unity"].mean() > scores.recorded["unity"].mean()
    for item, error in zip(RENDERINGS[:5], scores.recorded["unity"], strict=True):
        assert error == pytest.approx(centred_error(np.zeros(7), item.song.target_db))
    assert "forest" in scores.text()
    assert scores.summary()["unity"]["recorded"] == pytest.approx(
        scores.recorded["unity"].mean(), abs=1e-4
    )


def test_no_song_is_measured_by_what_was_fitted_to_it(monkeypatch):
    from reaper_drumgain.learn import scores

    seen = []
    fit = scores.fold_rules

    def watched(renderings, settings):
        seen.append({item.song.name for item in renderings})
        return fit(renderings, settings)

    monkeypatch.setattr(scores, "fold_rules", watched)
    result = leave_one_song_out(RENDERINGS[:3], SETTINGS, draws=1, widths_db=(12.0,))
    assert seen == [set(result.songs) - {song} for song in result.songs]
