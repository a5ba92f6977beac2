"""The reasons of a plan, and of no plan."""

import pytest
from support import session

from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.balance.reasons import level_of
from reaper_drumgain.errors import NothingToBalanceError
from reaper_drumgain.schema.session import Track
from reaper_drumgain.schema.settings import Settings


def test_numbers_in_reasons_follow_from_the_plan(kit):
    built, _ = kit
    plan = balance(built, Settings(method="equal-loudness"))
    by_name = {t.name: t for t in plan.tracks}
    hat, snare = by_name["Hi-Hat"], by_name["Snare Top"]
    move = f"{abs(hat.new_db - hat.old_db):.1f} dB"
    assert move in hat.reason
    distance = level_of(hat) - level_of(snare)
    where = "level with" if abs(distance) < 0.05 else f"{abs(distance):.1f} dB"
    assert where in hat.reason
    assert "Snare Top" in hat.reason
    assert "the same move as OH R" in by_name["OH L"].reason
    assert "recorded quietest" in snare.reason or "recorded quietest" in by_name["OH R"].reason


def test_nothing_to_balance_says_why():
    with pytest.raises(NothingToBalanceError, match="none of its 1 tracks"):
        balance(session(Track(index=0, name="Bass")), Settings(method="unity"))


def test_all_locked_is_nothing_to_balance(kit):
    built, _ = kit
    with pytest.raises(NothingToBalanceError, match="locked"):
        balance(built, Settings(method="unity", locks=tuple(track.name for track in built.tracks)))
