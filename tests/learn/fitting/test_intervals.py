"""Calibration: coverage on residuals of known spread, and what widths depend on."""

import numpy as np
import pytest

from reaper_drumgain.learn.data.human_faders import RawTrack, Song
from reaper_drumgain.learn.fitting.intervals import RISES, Residuals, calibrated, role_mean_widths
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.tracks.roles import ROLE_NAMES, Role


def residuals(seed, songs=40, tracks=8, rise=0.0):
    """Toms are three times as uncertain as kicks; unknown recording gains add a share to both."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(songs):
        sd = np.repeat([[0.0], [0.0], [5.0], [5.0]], tracks, axis=1)
        scale = np.tile([1.0, 3.0], tracks // 2) * (1.0 + rise * sd)
        errors = rng.normal(size=(4, tracks)) * scale
        made.append(Residuals(("kick", "tom") * (tracks // 2), errors, sd))
    return made


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.95])
def test_new_songs_are_covered_as_wanted_role_by_role(coverage):
    widths = calibrated(residuals(1), coverage, 0.0, (0.0,))
    new = residuals(2, songs=200)
    for place, role in enumerate(("kick", "tom")):
        errors = np.concatenate([song.errors[:, place::2].ravel() for song in new])
        inside = np.abs(errors) <= widths.role_db[role]
        assert inside.mean() == pytest.approx(coverage, abs=0.03)
    assert set(widths.role_db) == set(ROLE_NAMES)


def test_the_rise_is_found_where_there_is_one():
    assert calibrated(residuals(3, rise=0.2), 0.8, 0.0, RISES).rise == 0.2
    assert calibrated(residuals(4, rise=0.0), 0.8, 0.0, RISES).rise == 0.0


def test_few_tracks_are_drawn_to_the_mean_and_unseen_roles_are_not_narrow():
    free = calibrated(residuals(5, songs=2), 0.8, 0.0, (0.0,)).role_db
    drawn = calibrated(residuals(5, songs=2), 0.8, 50.0, (0.0,)).role_db
    assert drawn["tom"] / drawn["kick"] < free["tom"] / free["kick"]
    assert free["sub kick"] >= free["kick"]


def test_role_means_need_wider_intervals_where_levels_are_careless():
    rng = np.random.default_rng(6)
    songs = []
    for number in range(8):
        roles = [Role("kick"), Role("snare"), Role("hi-hat"), Role("tom"), Role("room")]
        tracks = tuple(RawTrack(f"{role}.wav", role, True, -25.0, 1) for role in roles)
        target = np.array([3.0, 2.0, -6.0, 0.0, 1.0]) + rng.normal(0, 1, 5)
        songs.append(Song(f"{number}", tracks, ("one",), target[None], target - target.mean()))
    careful = role_mean_widths(songs, FitSettings(), shifted=False)
    careless = role_mean_widths(songs, FitSettings(), shifted=True)
    assert careless.role_db["kick"] > 2 * careful.role_db["kick"]
