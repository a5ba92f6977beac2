"""Trims: exact, of their family alone, kept with the project, and told."""

import dataclasses

import pytest
from balance_support import faders, loudness, mix
from support import changed, gain

from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.schema.settings import Level, Settings
from reaper_drumgain.tracks.roles import ROLE_NAMES, Role
from reaper_drumgain.tracks.trims import family_of


def applied(built, plan):
    """The session as a host leaves it."""
    for track in plan.tracks:
        if track.moves:
            built = changed(built, track.index, fader=gain(track.new_db), fader_note=track.note)
        if track.trim_mark is not None:
            built = changed(built, track.index, trim=track.trim_mark or None)
    return built


def differences(one, other):
    before, after = faders(one), faders(other)
    return {n: round(after[n] - before[n], 4) for n in after if after[n] != before[n]}


def test_every_role_has_its_family():
    found = {name: family_of(Role(name)) for name in ROLE_NAMES}
    assert found["sub kick"] == "kick"
    assert found["snare bottom"] == "snare"
    assert found["ride"] == found["cymbal"] == "cymbals"
    assert found["tom"] == family_of(Role("tom", ordinal=2)) == "toms"


@pytest.mark.parametrize("amount", [100.0, 40.0, 0.0])
@pytest.mark.parametrize("mode", ["all", "outliers"])
def test_a_trim_moves_its_family_by_just_that_and_nothing_else(kit, amount, mode):
    built, _ = kit
    built = changed(built, 0, fader=gain(-14.0))
    settings = Settings(amount=amount, mode=mode)
    without = balance(built, settings)
    trims = (("overheads", -2.0), ("kick", 1.25))
    plan = balance(built, dataclasses.replace(settings, trims=trims))
    assert differences(without, plan) == {"Kick": 1.25, "OH L": -2.0, "OH R": -2.0}
    assert plan.trims == trims
    # kept: no option any more, and nothing changes
    kept = applied(built, plan)
    again = balance(kept, settings)
    assert not again.changes
    assert dict(again.trims) == dict(trims)
    # taken back: as it was without
    back = balance(kept, dataclasses.replace(settings, trims=(("overheads", 0.0), ("kick", 0.0))))
    assert faders(back) == pytest.approx(faders(without), abs=1e-6)
    assert all(track.trim is None for track in applied(kept, back).tracks)


def test_a_small_trim_is_made_and_a_new_balance_starts_without_it(kit):
    built, _ = kit
    done = applied(built, balance(built, Settings()))
    plan = balance(done, Settings(trims=(("hi-hat", 0.1),)))
    assert {t.name: round(t.new_db - t.old_db, 6) for t in plan.moves} == {"Hi-Hat": 0.1}
    assert plan.levels.after_lufs >= plan.levels.before_lufs
    (hat,) = plan.moves
    assert hat.reason == "raised 0.1 dB by its trim of +0.1 dB"
    # the user throws the kick far off: all are balanced anew, with the trim
    far = changed(applied(done, plan), 0, fader=gain(-30.0))
    redone = balance(far, Settings(mode="all"))
    names = faders(balance(done, Settings()))
    relative = {n: faders(redone)[n] - names[n] for n in names}
    assert relative["Hi-Hat"] - relative["Snare Top"] == pytest.approx(0.1, abs=0.011)
    assert relative["Kick"] - relative["Snare Top"] == pytest.approx(0.0, abs=0.011)


def test_a_stated_loudness_is_met_with_the_trims(kit):
    built, sounds = kit
    plan = balance(
        built,
        Settings(level=Level("lufs", -24.0), trims=(("snare", 6.0),), method="equal-loudness"),
    )
    assert plan.levels.after_lufs == pytest.approx(-24.0, abs=0.02)
    assert loudness(mix(plan, sounds, new=True)) == pytest.approx(-24.0, abs=0.1)


def test_a_stated_peak_is_met_with_the_trims(kit):
    built, _ = kit
    plan = balance(built, Settings(level=Level("peak", -9.0), trims=(("snare", 6.0),)))
    assert plan.levels.after_dbfs == pytest.approx(-9.0, abs=0.02)


def test_a_track_that_stays_gets_no_trim_until_it_may_move(kit):
    built, _ = kit
    trims = (("kick", 2.0), ("rooms", 1.0))
    plan = balance(built, Settings(trims=trims, locks=("Kick",)))
    kick = plan.tracks[0]
    assert not kick.moves
    assert any("trim stays +0 dB, not the +2 dB asked for (locked)" in w for w in plan.warnings)
    assert any("no drum track belongs to rooms" in w for w in plan.warnings)
    assert dict(plan.trims) == {"kick": 2.0}
    free = balance(applied(built, plan), Settings())
    assert free.tracks[0].trim_db == 2.0
    assert (free.tracks[0].old_trim_db, free.tracks[0].trim_mark) == (0.0, "1;kick;2;2")


def test_tracks_of_several_families_that_move_together_get_the_mean(kit):
    built, _ = kit
    for index in (0, 1):
        built = changed(built, index, volume_groups=(1,))
    without = balance(built, Settings())
    plan = balance(built, Settings(trims=(("kick", 1.0),)))
    assert differences(without, plan) == {"Kick": 0.5, "Snare Top": 0.5}
    assert any("not the +1 dB asked for (moves with other families)" in w for w in plan.warnings)
    assert not balance(applied(built, plan), Settings()).changes


def test_a_trim_ends_at_the_end_of_the_fader(kit):
    built, _ = kit
    built = changed(built, 0, fader=gain(11.0))
    plan = balance(built, Settings(trims=(("kick", 3.0),), amount=0.0))
    kick = plan.tracks[0]
    assert (kick.new_db, kick.limited_db) == (12.0, 2.0)


def test_faders_that_differ_by_their_trims_alone_are_no_mix(kit):
    built, _ = kit
    for index in (3, 4):
        built = changed(built, index, fader=gain(-3.0), trim="1;overheads;-3;-3")
    assert balance(built, Settings()).mode == "all"
    for index in (3, 4):
        built = changed(built, index, trim="no mark")
    plan = balance(built, Settings())
    assert plan.mode == "outliers"
    assert not plan.trims


def test_a_silent_track_is_never_raised_by_a_trim(kit):
    built, _ = kit
    hat = built.tracks[2].clips[0]
    built = changed(built, 2, clips=(dataclasses.replace(hat, item_gain=0.0),))
    up = balance(built, Settings(trims=(("hi-hat", 3.0),))).tracks[2]
    assert up.held
    assert up.new_db <= up.old_db
    assert up.trim_db == 0.0
    plan = balance(built, Settings(trims=(("hi-hat", -3.0),)))
    assert plan.tracks[2].new_db <= -3.0
    assert "with its trim of -3.0 dB" in plan.tracks[2].reason
    assert not balance(applied(built, plan), Settings()).changes
