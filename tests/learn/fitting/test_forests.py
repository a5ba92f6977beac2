"""Fitting: role means, the level part, and trees that predict alike in both forms."""

from dataclasses import replace

import numpy as np
import pytest

from reaper_drumgain.analysis import features
from reaper_drumgain.analysis.features import FeatureTable
from reaper_drumgain.learn.data.human_faders import RawTrack, Song
from reaper_drumgain.learn.data.rendered_songs import Rendering
from reaper_drumgain.learn.evidence.metrics import centred_error
from reaper_drumgain.learn.fitting.augmentation import augmented_songs
from reaper_drumgain.learn.fitting.forests import (
    fit_forest,
    fit_multioutput,
    fit_regressor,
    multioutput_rows,
    training_rows,
)
from reaper_drumgain.learn.fitting.level_rule import (
    departures,
    fit_level_rule,
    slope,
    usual_width,
)
from reaper_drumgain.learn.fitting.linear_part import fit_linear
from reaper_drumgain.learn.fitting.role_means import fit_role_levels, role_effects
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.methods.drum_responses import DrumResponses
from reaper_drumgain.methods.forest import linear_gains, predict
from reaper_drumgain.methods.forest_file import load, save
from reaper_drumgain.methods.slots import SLOTS, input_names
from reaper_drumgain.tracks.roles import ROLE_NAMES, Role

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


SONGS = [item.song for item in RENDERINGS]
RESPONSES = DrumResponses()
LINEAR = fit_linear(RENDERINGS, RESPONSES, SETTINGS)
FREE = replace(SETTINGS, ridge=0.01, shrink=0.01)


def test_a_rule_on_loudness_learns_what_the_songs_agree_on():
    part = fit_level_rule(SONGS, FREE)
    song = SONGS[0]
    roles = [t.role for t in song.tracks]
    found = part.gains(song.raw_lufs, roles, [1] * 7)
    # half of what the song was recorded away from the rest is left, and nothing else
    away = departures(song.raw_lufs, roles, part.template_lufs)
    left = -(1 - slope(away, part.width_db)) * away
    np.testing.assert_allclose(song.target_db - found, left, atol=1.5)
    usual = np.array([USUAL[role.name] for role in roles])
    wish = np.array([WISH[role.name] for role in roles])
    assert centred_error(part.gains(usual, roles, [1] * 7), wish) < 2.0
    assert part.role_db["kick out"] == part.role_db["kick in"]


def test_careful_levels_are_undone_less_than_careless_ones():
    assert slope(np.array([-0.5, 0.5, 0.0]), 5.0) < 0.02
    assert slope(np.array([-20.0, 20.0, 0.0]), 5.0) > 0.9
    assert slope(np.zeros(1), 5.0) == 1.0
    roles = [Role("kick"), Role("hi-hat")]
    away = departures(np.array([-20.0, -30.0]), roles, {"kick": -25.0, "hi-hat": -28.0})
    np.testing.assert_allclose(away, [3.5, -3.5])


def test_the_linear_part_learns_what_the_songs_agree_on():
    renderings = [invented(seed, careless_db=0.5) for seed in range(8)]
    part = fit_linear(renderings, RESPONSES, FREE)
    song = renderings[0].song
    roles = [track.role for track in song.tracks]
    found, _ = linear_gains(part, RESPONSES, renderings[0].levels, [1] * 7)
    assert centred_error(found, np.array([WISH[role.name] for role in roles])) < 1.0
    assert part.role_db["kick out"] == part.role_db["kick in"]


def test_the_linear_part_learns_what_stereo_is_worth():
    """Songs in which overheads on one stereo track are 6 dB louder than elsewhere."""
    renderings = []
    for place, item in enumerate(invented(seed, careless_db=0.5) for seed in range(8)):
        song, channels = item.song, 1 + place % 2
        extra = np.array([6.0 * (channels - 1) * (t.role.name == "overhead") for t in song.tracks])
        tracks = tuple(
            replace(t, channels=channels if t.role.name == "overhead" else 1) for t in song.tracks
        )
        song = replace(song, tracks=tracks, target_db=song.target_db + extra)
        renderings.append(replace(item, song=song))
    part = fit_linear(renderings, RESPONSES, FREE)
    assert part.stereo_db == pytest.approx(6.0, abs=0.7)


def test_a_ridge_draws_roles_together():
    free = fit_linear(RENDERINGS, RESPONSES, FREE).role_db
    drawn = fit_linear(RENDERINGS, RESPONSES, replace(FREE, ridge=100.0)).role_db
    assert abs(drawn["snare top"] - drawn["hi-hat"]) < abs(free["snare top"] - free["hi-hat"]) / 2


@pytest.mark.parametrize("spread", [1.0, 4.0])
def test_the_width_is_how_far_recordings_stray(spread):
    songs = [invented(seed, careless_db=spread).song for seed in range(40)]
    assert usual_width(songs, 0.01) == pytest.approx(spread, rel=0.1)
    assert fit_level_rule(songs, FREE).width_db == usual_width(songs, 0.01)
    assert usual_width(songs[:1], 4.0) >= 0.0


def test_copies_are_as_recorded_or_shifted_and_lead_to_the_same_place():
    held = list(augmented_songs(RENDERINGS, SETTINGS))
    assert len(held) == 8 * SETTINGS.copies
    shifted = 0
    for place, copy in enumerate(held):
        song = SONGS[place // SETTINGS.copies]
        ends = {round(e, 9) for e in (song.raw_lufs + song.target_db).tolist()}
        assert {round(e, 9) for e in (copy.loudness + copy.target).tolist()} <= ends
        np.testing.assert_array_equal(copy.table.column("loudness_lufs"), copy.loudness)
        shifted += not set(copy.loudness.tolist()) <= set(song.raw_lufs.tolist())
    assert shifted == 8 * (SETTINGS.copies // 2)


def test_rows_hold_missing_inputs_and_whole_targets():
    rows = training_rows(RENDERINGS, LINEAR, RESPONSES, SETTINGS)
    assert rows.x.shape == (8 * 3, len(input_names(SETTINGS.columns)))
    assert rows.y.shape == rows.filled.shape == (8 * 3, len(SLOTS))
    assert np.isnan(rows.x).any()
    assert np.isfinite(rows.y).all()
    room = SLOTS.index("room stereo 1")
    assert rows.filled[:, room].all()
    assert set(rows.y[:, room]) == {0.0}
    again = training_rows(RENDERINGS, LINEAR, RESPONSES, SETTINGS)
    np.testing.assert_array_equal(rows.x, again.x)
    np.testing.assert_array_equal(rows.y, again.y)


def test_the_plain_form_sees_levels_and_fills_with_role_means():
    means = fit_role_levels(SONGS, 4.0).gain_db
    rows = multioutput_rows(RENDERINGS, means, SETTINGS)
    names = input_names(fit_multioutput(RENDERINGS, SETTINGS, {}).columns)
    level = rows.x[:, names.index("kick in 1: loudness_lufs")]
    assert np.nanstd(level) > 3.0
    assert set(rows.y[:, SLOTS.index("room stereo 1")]) == {means["room"]}


@pytest.mark.parametrize("kind", ["random forest", "extra trees"])
def test_arrays_predict_as_scikit_learn_does_with_missing_values(tmp_path, kind):
    rng = np.random.default_rng(4)
    settings = FitSettings(trees=40, copies=8, leaf=0.01, kind=kind)
    regressor = fit_regressor(training_rows(RENDERINGS, LINEAR, RESPONSES, settings), settings)
    save(fit_forest(RENDERINGS, LINEAR, RESPONSES, settings, {"settings": {}}), tmp_path)
    rows = training_rows(RENDERINGS, LINEAR, RESPONSES, settings).x
    rows = np.concatenate([rows, rows * rng.normal(1, 0.5, rows.shape)])
    rows[rng.uniform(size=rows.shape) < 0.2] = np.nan
    rows[-1], rows[-2] = np.nan, 1e30
    found = load(tmp_path).predict(rows)
    np.testing.assert_allclose(found, regressor.predict(rows), atol=1e-6, rtol=0)
    assert np.ptp(found, axis=0).max() > 0.1


def test_a_fitted_forest_finds_the_wishes_of_a_song_it_never_saw():
    forest = fit_forest(RENDERINGS, LINEAR, RESPONSES, SETTINGS, {})
    new = invented(99)
    tracks = new.song.tracks
    found, _ = predict(forest, new.levels, new.table, [1] * len(tracks))
    assert centred_error(found, new.song.target_db) < centred_error(
        np.zeros(len(tracks)), new.song.target_db
    )
