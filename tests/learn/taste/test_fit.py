"""Given finished projects with a known taste, when a model is learned, then it has that taste."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from learn.taste.invented import CONSTANT, KIT, TEMPLATE, constant, errors, model_of, project

from reaper_drumgain.learn.taste.check import check
from reaper_drumgain.learn.taste.fit import fit, sessions
from reaper_drumgain.tracks.roles import ROLE_NAMES, Role


def learned(count, taste=constant, seed=1, **options):
    rng = np.random.default_rng(seed)
    return [project(rng, taste, number, **options) for number in range(count)]


def test_eight_projects_give_a_taste_and_what_it_costs():
    own, bundled, best = errors(fit(learned(8), TEMPLATE), constant, seed=9)
    assert own <= 1.5
    assert own < bundled / 2
    assert own <= best + 0.1


def test_few_projects_move_less_than_many():
    few, many = (fit(learned(count), TEMPLATE).roles for count in (1, 8))
    distance = CONSTANT["snare top"] - CONSTANT["room"]
    first = few["snare top"].offset_db - few["room"].offset_db
    last = many["snare top"].offset_db - many["room"].offset_db
    assert 0.0 < first < last
    assert last == pytest.approx(distance, abs=0.8)
    assert few["room"].sd_db > 1.5 * many["room"].sd_db


@pytest.mark.parametrize("count", [1, 3])
def test_an_engineer_without_a_taste_of_his_own_is_left_with_the_bundled_model(count):
    for seed in range(5):
        found = fit(learned(count, lambda role, over: 0.0, seed=seed), TEMPLATE)
        own, bundled, _ = errors(found, lambda role, over: 0.0, seed=100 + seed, count=10)
        assert own <= bundled + 0.2


def test_a_taste_that_depends_on_level_is_better_than_plain_offsets():
    def by_level(role, over):
        return (
            constant(role, over)
            + {"snare top": 0.4, "tom": 0.4, "overhead": -0.3}.get(role, 0.0) * over
        )

    projects = learned(8, by_level)
    own, _, best = errors(fit(projects, TEMPLATE), by_level, seed=9)
    plain = fit(projects[:3], TEMPLATE)
    assert all(taste.slope == 0.0 for taste in plain.roles.values())
    offsets, _, _ = errors(plain, by_level, seed=9)
    assert own < offsets - 0.2
    assert own < best + 0.35


def test_a_role_that_was_never_seen_takes_after_its_family():
    found = fit(learned(6), TEMPLATE).roles
    assert found["snare"].tracks == 0
    assert found["snare"].offset_db > 1.0
    assert found["snare"].sd_db > found["snare top"].sd_db


def test_unmeasured_effects_say_less():
    plain, effects = (
        fit(learned(2, effects=given_), TEMPLATE).roles["room"] for given_ in (False, True)
    )
    assert effects.sd_db > plain.sd_db


def test_one_odd_project_does_not_turn_the_model():
    projects = learned(7)
    odd = learned(8, lambda role, over: 12.0 if role == "room" else 0.0)[-1]
    with_it = fit([*projects, odd], TEMPLATE).roles
    distance = with_it["snare top"].offset_db - with_it["room"].offset_db
    mean_would_be = (7 * 8.0 - 12.0) / 8
    assert distance > mean_would_be + 0.5


def test_two_projects_of_one_session_count_once():
    one, other = learned(2)
    again = other.__class__(name="again", media=one.media[:7], tracks=other.tracks)
    assert sessions([one, again]) == [0, 0]
    assert sessions([one, other]) == [0, 1]
    assert check([one, again], TEMPLATE).sessions == 1
    single, double = fit([one], TEMPLATE), fit([one, one], TEMPLATE)
    assert double.roles["room"].sd_db == pytest.approx(single.roles["room"].sd_db, rel=0.15)


def test_the_check_says_what_helps():
    good = check(learned(6), TEMPLATE)
    assert good.error_db < good.bundled_db
    assert good.verdict[0].startswith("it helps")
    rng = np.random.default_rng(3)

    def moody(role, over):
        return float(rng.normal(0.0, 5.0))

    bad = check(learned(5, moody), TEMPLATE)
    assert any("inconsistent" in sentence or "no role" in sentence for sentence in bad.verdict)
    assert "too little material" in check(learned(1), TEMPLATE).verdict[0]
    assert any("effects" in s for s in check(learned(3, effects=True), TEMPLATE).verdict)


@given(
    st.lists(st.sampled_from(ROLE_NAMES), min_size=1, max_size=12),
    st.floats(-60, 0),
    st.integers(0, 5),
)
def test_departures_are_relative(roles, level, seed):
    model = model_of(FITTED)
    loudness = level + np.random.default_rng(seed).normal(0.0, 5.0, len(roles))
    given_ = model.departures([Role(role) for role in roles], loudness)
    louder = model.departures([Role(role) for role in roles], loudness + 7.0)
    assert given_.mean() == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_allclose(given_, louder, atol=1e-9)


FITTED = fit(learned(5), TEMPLATE)
assert len(KIT) == 12
