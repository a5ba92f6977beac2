"""A fader ends at +12 dB: who needs more is told, and the others do not move for it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from balance_support import faders, loudness, mix
from hypothesis import given, settings
from hypothesis import strategies as st
from support import changed, clip, gain, write

from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.schema.session import Send, Session, Track
from reaper_drumgain.schema.settings import Level, Settings

SECONDS = 6.0
LIMITED = "limited"
OTHERS = ("Snare Top", "Hi-Hat", "OH L", "OH R")
METHODS = ("forest", "linear", "equal-loudness", "role-template", "partial-loudness")


def recorded(built: Session, index: int, level_db: float) -> Session:
    """The session with one track recorded louder or softer."""
    (one,) = built.tracks[index].clips
    return changed(built, index, clips=(dataclasses.replace(one, item_gain=gain(level_db)),))


def limits(plan):
    return {t.name: t.limited_db for t in plan.tracks if LIMITED in t.flags}


@pytest.mark.parametrize("method", METHODS)
def test_a_kick_recorded_30_db_low_ends_there_and_moves_nobody(kit, method):
    built, _ = kit
    plan = balance(recorded(built, 0, -32.0), Settings(method=method))
    assert list(limits(plan)) == ["Kick"]
    assert faders(plan)["Kick"] == pytest.approx(12.0, abs=1e-6)
    # how low it is makes no difference
    lower = faders(balance(recorded(built, 0, -36.0), Settings(method=method)))
    for name in OTHERS:
        assert faders(plan)[name] == pytest.approx(lower[name], abs=0.3), name


def test_the_others_stand_as_if_the_kick_had_a_fader_without_an_end(kit):
    """They are as far from each other as ever, and as loud as with a kick that gets its gain."""
    built, sounds = kit
    plan = balance(recorded(built, 0, -32.0), Settings(method="equal-loudness"))
    missing = plan.tracks[0].limited_db
    wanted = {**sounds, "Kick": gain(missing - 32.0) * sounds["Kick"]}
    mixed = sum(gain(faders(plan)[name]) * sound for name, sound in wanted.items())
    before = sum(sounds[name] for name in OTHERS)
    assert loudness(mixed) == pytest.approx(loudness(before), abs=0.1)
    alone = balance(changed(built, 0, muted=True), Settings(method="equal-loudness"))
    shifts = [faders(plan)[name] - faders(alone)[name] for name in OTHERS]
    assert max(shifts) - min(shifts) < 0.05
    assert -3.0 < shifts[0] < 0.0


def test_what_is_missing_is_told_in_the_plan_and_in_one_sentence(kit):
    built, _ = kit
    plan = balance(recorded(built, 0, -32.0), Settings(method="equal-loudness"))
    missing = limits(plan)["Kick"]
    assert list(limits(plan)) == ["Kick"]
    needs = (
        f"needs {missing:.1f} dB more than a fader gives: raise its item gain by {missing:.1f} dB"
    )
    assert f"track 'Kick' {needs}" in plan.warnings
    assert plan.tracks[0].reason.endswith(f"; {needs}")
    # and that is so: with that much more item gain all tracks are where they were to be
    mended = balance(recorded(built, 0, -32.0 + missing), Settings(method="equal-loudness"))
    # but for the little that the kick itself adds to the loudness that is kept
    assert all(rest < 0.3 for rest in limits(mended).values())
    assert mended.tracks[0].new_db - mended.tracks[1].new_db == pytest.approx(
        plan.tracks[0].new_db - plan.tracks[1].new_db, abs=0.3
    )


def test_a_second_run_with_a_limited_track_moves_nothing(kit):
    built, _ = kit
    low = recorded(built, 0, -32.0)
    plan = balance(low, Settings(method="equal-loudness"))
    for track in plan.tracks:
        low = changed(low, track.index, fader=gain(track.new_db))
    again = balance(low, Settings(method="equal-loudness"))
    for one, other in zip(plan.tracks, again.tracks, strict=True):
        assert other.new_db == pytest.approx(one.new_db, abs=0.05)


def test_a_pair_stops_as_one_and_is_told_as_one(kit):
    built, _ = kit
    low = changed(recorded(recorded(built, 3, -30.0), 4, -30.0), 4, fader=gain(3.0))
    plan = balance(low, Settings(method="equal-loudness"))
    left, right = plan.tracks[3:]
    assert right.new_db == pytest.approx(12.0, abs=1e-6)
    assert right.new_db - left.new_db == pytest.approx(3.0, abs=1e-6)
    assert left.limited_db == right.limited_db
    (told,) = [w for w in plan.warnings if "more than a fader gives" in w]
    amount = f"{left.limited_db:.1f}"
    assert told == (
        f"tracks 'OH L' and 'OH R' need {amount} dB more than a fader gives: raise their item "
        f"gain by {amount} dB"
    )


def test_a_silent_side_of_a_limited_pair_is_not_moved(kit, tmp_path):
    built, sounds = kit
    empty = write(tmp_path / "empty.wav", np.zeros_like(sounds["OH R"]))
    low = changed(recorded(built, 3, -40.0), 4, clips=(clip(empty, SECONDS),))
    left, right = balance(low, Settings(method="equal-loudness")).tracks[3:]
    assert left.new_db == pytest.approx(12.0, abs=1e-6)
    assert right.new_db == right.old_db == 0.0
    assert (LIMITED in left.flags, LIMITED in right.flags) == (True, False)


def test_a_loudness_that_falls_short_by_a_limited_track_is_told(kit):
    built, sounds = kit
    wanted = Settings(method="equal-loudness", level=Level("lufs", -26.0))
    full = faders(balance(built, wanted))
    plan = balance(recorded(built, 0, -32.0), wanted)
    sounds = {**sounds, "Kick": gain(-32.0) * sounds["Kick"]}
    for name in OTHERS:
        assert faders(plan)[name] == pytest.approx(full[name], abs=0.05), name
    short = -26.0 - loudness(mix(plan, sounds, new=True))
    assert short > 0.3
    told = f"the drums are {short:.1f} dB quieter than asked, because faders end at +12 dB"
    assert told in plan.warnings


@pytest.mark.parametrize("level", [Level("lufs", 0.0), Level("peak", 20.0)])
def test_a_level_beyond_all_faders_keeps_the_balance_and_is_told(kit, level):
    built, _ = kit
    plan = balance(built, Settings(method="equal-loudness", level=level))
    free = balance(built, Settings(method="equal-loudness"))
    shifts = [faders(plan)[name] - faders(free)[name] for name in faders(plan)]
    assert max(shifts) - min(shifts) < 0.05
    assert max(faders(plan).values()) == pytest.approx(12.0, abs=0.011)
    reached = plan.levels.after_lufs if level.kind == "lufs" else plan.levels.after_dbfs
    (told,) = [w for w in plan.warnings if "cannot be reached" in w]
    amount = float(told.split("the drums are ")[1].split(" dB")[0])
    assert amount == pytest.approx(level.target - reached, abs=0.15)


def test_a_level_below_what_stays_is_told_with_by_how_much(kit):
    """What a pre-fader send carries does not follow the fader, and is louder than the target."""
    built, sounds = kit
    bus = Track(index=5, name="Drum Bus")
    send = Send(source=0, target=5, mode="pre-fader")
    built = dataclasses.replace(built, tracks=(*built.tracks, bus), sends=(send,))
    plan = balance(built, Settings(method="equal-loudness", level=Level("lufs", -60.0)))
    over = loudness(mix(plan, sounds, new=True) + sounds["Kick"]) + 60.0
    (told,) = [w for w in plan.warnings if "level lufs:-60 cannot be reached" in w]
    assert f"(the drums end {over:.1f} dB over it)" in told


@settings(max_examples=12, deadline=None)
@given(
    low=st.lists(st.floats(-45.0, 10.0), min_size=5, max_size=5),
    old=st.lists(st.floats(-20.0, 12.0), min_size=5, max_size=5),
    method=st.sampled_from(("equal-loudness", "linear")),
)
def test_no_fader_passes_its_end_and_a_second_run_changes_nothing(kit, low, old, method):
    built, _ = kit
    for index, (level, fader) in enumerate(zip(low, old, strict=True)):
        built = changed(recorded(built, index, level), index, fader=gain(fader))
    plan = balance(built, Settings(method=method))
    for track in plan.tracks:
        assert track.new_db <= max(12.0, track.old_db) + 1e-6
        if LIMITED in track.flags:
            assert track.limited_db > 0.0
            assert track.new_db == pytest.approx(max(12.0, track.old_db)) or track.name[:2] == "OH"
        built = changed(built, track.index, fader=gain(track.new_db))
    again = balance(built, Settings(method=method))
    for one, two in zip(plan.tracks, again.tracks, strict=True):
        # loudness jumps where a block crosses the gate
        assert two.new_db == pytest.approx(one.new_db, abs=0.1)
