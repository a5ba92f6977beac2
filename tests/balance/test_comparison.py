"""All methods on one project, from one listening."""

import pytest

from reaper_drumgain.balance.comparison import Comparison, compare_methods
from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer
from reaper_drumgain.errors import InputError
from reaper_drumgain.methods import names
from reaper_drumgain.schema.plan import GainPlan, TrackPlan
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.units import Decibel


@pytest.fixture(scope="module")
def compared(kit):
    analyzer = ProjectAnalyzer()
    return compare_methods(kit[0], Settings(), analyzer=analyzer), analyzer.passes


def test_the_audio_is_read_once_for_all_methods(compared):
    comparison, passes = compared
    assert passes == 1
    assert set(names()) <= set(comparison.plans)
    assert comparison.problems == {}


@pytest.mark.parametrize("name", ["forest", "partial-loudness", "equal-rms"])
def test_each_plan_is_that_of_the_method_alone(kit, compared, name):
    alone = balance(kit[0], Settings(method=name, mode="all"))
    together = compared[0].plans[name]
    assert [t.new_db for t in together.tracks] == [t.new_db for t in alone.tracks]
    assert together.levels == alone.levels
    assert together.warnings == alone.warnings


def track(index, name, new_db):
    return TrackPlan(
        index=index,
        name=name,
        role="kick",
        old_db=Decibel(0.0),
        new_db=None if new_db is None else Decibel(new_db),
    )


def plan(method, *faders):
    tracks = tuple(track(i, f"T{i}", fader) for i, fader in enumerate(faders))
    return GainPlan(project="song.RPP", method=method, settings=Settings(), tracks=tracks)


def test_the_span_goes_from_the_lowest_to_the_highest_without_chance():
    plans = {
        "forest": plan("forest", 1.0, -3.0, None),
        "unity": plan("unity", 0.0, 4.5, None),
        "random": plan("random", -40.0, 9.0, None),
    }
    one, two = Comparison(plans, {}).differences()
    assert (one.lowest, one.highest, one.span_db) == ("unity", "forest", 1.0)
    assert (two.lowest, two.highest, two.span_db) == ("forest", "unity", 7.5)


def test_a_method_that_is_named_has_to_be_there(kit):
    with pytest.raises(InputError, match="'forrest' is not known"):
        compare_methods(kit[0], Settings(), ["forrest"])


def test_a_lock_holds_for_all_methods(kit):
    found = compare_methods(kit[0], Settings(locks=("Kick",)), ["forest", "equal-rms"])
    assert found.faders(0) == {"forest": 0.0, "equal-rms": 0.0}
    assert list(found.plans) == ["forest", "equal-rms"]
