"""Gains by role, from the numbers of a manifest."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
from method_support import ROLES, gains_of, method_input, scaled, sounds

from reaper_drumgain.errors import ModelError
from reaper_drumgain.methods.forest_file import bundled_folder, load
from reaper_drumgain.methods.role_levels import GAINS, KEY, LOUDNESS, RoleMean, RoleTemplate
from reaper_drumgain.tracks.roles import ROLE_NAMES

BUNDLED = load(bundled_folder())


def model(gain_db=None, loudness_lu=None):
    return replace(BUNDLED, about={KEY: {GAINS: gain_db, LOUDNESS: loudness_lu}})


TABLE = {name: float(place) for place, name in enumerate(ROLE_NAMES)}


def test_role_mean_reads_the_table_whatever_the_level():
    wanted = [TABLE[role.name] for role in ROLES]
    for shift in (0.0, -20.0):
        tracks = [scaled(track, shift) for track in sounds()]
        np.testing.assert_array_equal(gains_of(RoleMean(model(TABLE)), tracks), wanted)


def test_role_template_brings_each_track_to_its_roles_loudness():
    method = RoleTemplate(model(None, TABLE))
    given = method_input(method, sounds())
    heard = given.table.column("loudness_lufs") + method.gains(given).gains_db
    np.testing.assert_allclose(heard, [TABLE[role.name] for role in ROLES])


def test_the_bundled_tables_are_plausible():
    gains = gains_of(RoleMean(), sounds())
    assert np.abs(gains).max() < 12.0
    assert BUNDLED.about[KEY][LOUDNESS]["kick in"] > BUNDLED.about[KEY][LOUDNESS]["hi-hat"]


def test_the_bundled_tables_are_those_of_the_training_mixes(shared_data):
    pytest.importorskip("sklearn")
    from reaper_drumgain.learn.data.human_faders import load_human_faders
    from reaper_drumgain.learn.fitting.role_means import fit_role_levels
    from reaper_drumgain.learn.fitting.settings import FitSettings

    songs = load_human_faders(shared_data / "human_faders").songs
    found = asdict(fit_role_levels(songs, FitSettings().shrink))
    for name, table in found.items():
        assert BUNDLED.about[KEY][name] == pytest.approx(table, abs=1e-9)


@pytest.mark.parametrize(
    "table",
    [
        None,
        [],
        {},
        {**TABLE, "cowbell": 1.0},
        {**TABLE, "kick": "1"},
        {**TABLE, "kick": True},
        {**TABLE, "kick": float("nan")},
        {**TABLE, "kick": 1e9},
    ],
)
def test_a_manifest_without_sane_tables_is_refused(table):
    for method in (RoleMean(model(table)), RoleTemplate(model(None, table))):
        with pytest.raises(ModelError, match=r"forest\.json"):
            gains_of(method, sounds(1.0, 2))
    with pytest.raises(ModelError, match="train it again"):
        gains_of(RoleMean(replace(BUNDLED, about={})), sounds(1.0, 2))
