"""From a session with real audio to a plan. Levels are checked by mixing the plan's faders
with numpy and measuring with pyloudnorm."""

import dataclasses
import math

import numpy as np
import pytest
from balance_support import faders, loudness, mix
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support import changed, clip, gain, hits, session, write

from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer
from reaper_drumgain.errors import InputError
from reaper_drumgain.schema.session import Send, Track
from reaper_drumgain.schema.settings import Level, Settings

SECONDS = 6.0
BASELINES = ("unity", "equal-rms", "equal-loudness")


@pytest.mark.parametrize("method", BASELINES)
@pytest.mark.parametrize("amount", [100.0, 35.0])
def test_keep_leaves_the_drums_as_loud_as_they_were(kit, method, amount):
    built, sounds = kit
    built = changed(built, 0, fader=gain(-4.0))
    plan = balance(built, Settings(method=method, amount=amount))
    before, after = loudness(mix(plan, sounds, new=False)), loudness(mix(plan, sounds, new=True))
    assert after == pytest.approx(before, abs=0.05)
    assert plan.levels.before_lufs == pytest.approx(before, abs=0.05)
    assert plan.levels.after_lufs == pytest.approx(after, abs=0.05)
    assert plan.moves


def test_equal_loudness_makes_tracks_equally_loud_but_keeps_the_pair_together(kit):
    built, sounds = kit
    plan = balance(built, Settings(method="equal-loudness"))
    after = {t.name: loudness(gain(t.new_db) * sounds[t.name]) for t in plan.tracks}
    assert after["Kick"] == pytest.approx(after["Snare Top"], abs=0.1)
    assert after["Kick"] == pytest.approx(after["Hi-Hat"], abs=0.1)
    moves = {t.name: t.new_db - t.old_db for t in plan.tracks}
    assert moves["OH L"] == pytest.approx(moves["OH R"], abs=0.011)
    assert "pair" in next(t for t in plan.tracks if t.name == "OH L").flags


def test_unity_brings_unequal_faders_to_one_position(kit):
    built, _ = kit
    built = changed(changed(built, 0, fader=gain(-7.0)), 1, fader=gain(3.0))
    plan = balance(built, Settings(method="unity"))
    assert np.ptp([t.new_db for t in plan.tracks]) < 0.011


@pytest.mark.parametrize("target", [-12.0, -3.0])
@pytest.mark.parametrize("amount", [100.0, 50.0])
def test_a_peak_level_is_reached_by_the_share_asked_for(kit, target, amount):
    built, sounds = kit
    wanted = Settings(method="equal-loudness", level=Level("peak", target), amount=amount)
    plan = balance(built, wanted)
    if amount == 100.0:
        peak = 20 * math.log10(np.abs(mix(plan, sounds, new=True)).max())
        assert peak == pytest.approx(target, abs=0.02)
        assert plan.levels.after_dbfs == pytest.approx(target, abs=0.02)
    else:
        full = faders(balance(built, dataclasses.replace(wanted, amount=100.0)))
        for name, new in faders(plan).items():
            assert new == pytest.approx(full[name] / 2, abs=0.011)


def test_a_loudness_level_is_reached(kit):
    built, sounds = kit
    plan = balance(built, Settings(method="equal-rms", level=Level("lufs", -30.0)))
    assert loudness(mix(plan, sounds, new=True)) == pytest.approx(-30.0, abs=0.05)


def test_amount_zero_changes_nothing_at_all(kit):
    built, _ = kit
    built = changed(built, 2, fader=0.123456789)
    plan = balance(built, Settings(method="equal-loudness", amount=0.0))
    assert plan.moves == ()


@settings(max_examples=15, deadline=None)
@given(
    old=st.lists(st.floats(-30.0, 10.0), min_size=5, max_size=5),
    amount=st.floats(1.0, 100.0),
    method=st.sampled_from(BASELINES),
)
@example(old=[0.0, 0.0, 10.0, 0.125, -23.0], amount=71.0, method="equal-loudness")
def test_balancing_twice_is_balancing_once_and_no_fader_passes_its_end(kit, old, amount, method):
    built, _ = kit
    for index, level in enumerate(old):
        built = changed(built, index, fader=gain(level))
    plan = balance(built, Settings(method=method, amount=amount))
    assert all(t.new_db <= max(12.0, t.old_db) for t in plan.tracks)
    full = balance(built, Settings(method=method))
    for track in full.tracks:
        built = changed(built, track.index, fader=gain(track.new_db))
    again = balance(built, Settings(method=method))
    for one, two in zip(full.tracks, again.tracks, strict=True):
        # loudness jumps where a block crosses the gate
        assert two.new_db == pytest.approx(one.new_db, abs=0.1)


def test_locked_tracks_stay_and_anchor_the_level_of_the_rest(kit):
    built, sounds = kit
    plan = balance(built, Settings(method="equal-loudness", locks=("Kick",)))
    assert faders(plan)["Kick"] == 0.0
    kick, snare = sounds["Kick"], sounds["Snare Top"]
    assert loudness(gain(faders(plan)["Snare Top"]) * snare) == pytest.approx(
        loudness(kick), abs=0.1
    )
    flags = {t.name: t.flags for t in plan.tracks}
    assert "locked" in flags["Kick"]


def test_a_level_setting_is_ignored_with_a_warning_where_tracks_are_locked(kit):
    built, _ = kit
    wanted = Settings(method="equal-loudness", locks=("Kick",), level=Level("peak", -6.0))
    assert any("peak:-6 is not applied" in w for w in balance(built, wanted).warnings)


def test_only_moves_what_is_named_and_gives_it_the_place_it_has_in_the_whole(kit):
    built, _ = kit
    whole = faders(balance(built, Settings(method="equal-loudness", locks=("Kick",))))
    plan = balance(built, Settings(method="equal-loudness", only=("Snare Top",)))
    assert [t.name for t in plan.moves] == ["Snare Top"]
    # three other roles anchor it in place of one, at their recorded levels
    assert faders(plan)["Snare Top"] != whole["Snare Top"]


def test_a_level_beyond_the_faders_never_costs_the_balance(kit):
    built, _ = kit
    free = balance(built, Settings(method="equal-loudness", level=Level("lufs", -30.0)))
    plan = balance(built, Settings(method="equal-loudness", level=Level("lufs", 3.0)))
    assert max(faders(plan).values()) == pytest.approx(12.0, abs=0.011)
    shifts = [faders(plan)[name] - faders(free)[name] for name in faders(plan)]
    assert np.ptp(shifts) < 0.03
    missing = 3.0 - loudness(mix(plan, kit[1], new=True))
    (told,) = [w for w in plan.warnings if "level lufs:3 cannot be reached" in w]
    assert f"the drums are {missing:.1f} dB lower than asked" in told
    assert not any("limited" in t.flags for t in plan.tracks)


def add(kit, folder, name, audio, **fields):
    built, sounds = kit
    path = write(folder / f"{name}.wav", audio)
    track = Track(index=len(built.tracks), name=name, clips=(clip(path, SECONDS),), **fields)
    return dataclasses.replace(built, tracks=(*built.tracks, track)), {**sounds, name: audio}


@pytest.mark.parametrize("method", BASELINES)
@pytest.mark.parametrize("kind", ["silent", "bleed only"])
def test_a_tom_that_nobody_hit_is_never_raised_and_moves_nobody(kit, tmp_path, method, kind):
    built, sounds = kit
    kit_sound = sum(sounds[name] for name in ("Kick", "Snare Top", "Hi-Hat"))
    tom = 0.03 * kit_sound if kind == "bleed only" else np.zeros_like(kit_sound)
    with_tom, _ = add(kit, tmp_path, "Tom 1", tom)
    plan = balance(with_tom, Settings(method=method))
    track = plan.tracks[-1]
    assert kind in track.flags
    assert track.new_db <= track.old_db
    without = faders(balance(built, Settings(method=method)))
    for name, level in without.items():
        assert faders(plan)[name] == pytest.approx(level, abs=0.05), name


def test_a_silent_side_of_a_pair_follows_down_and_never_up(kit, tmp_path):
    built, sounds = kit
    empty = write(tmp_path / "empty.wav", np.zeros_like(sounds["OH R"]))
    built = changed(built, 4, clips=(clip(empty, SECONDS),))
    left, right = balance(built, Settings(method="equal-loudness")).tracks[3:]
    assert left.new_db > left.old_db
    assert right.new_db == right.old_db
    assert right.reason == "silent: not raised; OH L moves without it"
    louder = changed(built, 3, fader=gain(12.0))
    left, right = balance(louder, Settings(method="equal-loudness")).tracks[3:]
    assert left.new_db < left.old_db
    assert right.new_db - right.old_db == pytest.approx(left.new_db - left.old_db)
    assert "not raised, lowered" in right.reason


def test_a_silent_side_has_no_say_in_the_move_of_its_pair(kit, tmp_path):
    built, sounds = kit
    empty = write(tmp_path / "empty.wav", np.zeros_like(sounds["OH R"]))
    uneven = changed(changed(built, 4, clips=(clip(empty, SECONDS),)), 3, fader=gain(-9.0))
    alone = changed(changed(built, 4, muted=True), 3, fader=gain(-9.0))
    method = Settings(method="unity")
    with_it, without = (list(faders(balance(b, method)).values())[:4] for b in (uneven, alone))
    assert with_it == pytest.approx(without, abs=1e-9)


def test_a_fader_beyond_the_end_that_is_lowered_does_not_lower_the_kit(kit):
    built, sounds = kit
    built = changed(built, 0, fader=gain(30.0))
    plan = balance(built, Settings(method="equal-loudness", amount=20.0))
    assert 12.0 < plan.tracks[0].new_db < 30.0
    assert not any("limited" in track.flags for track in plan.tracks)
    before, after = loudness(mix(plan, sounds, new=False)), loudness(mix(plan, sounds, new=True))
    assert after == pytest.approx(before, abs=0.05)


def test_a_track_whose_media_cannot_be_read_stays(kit, tmp_path):
    built, _ = kit
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF not a sound")
    built = changed(built, 4, clips=(clip(broken, SECONDS),), fader=gain(-3.0))
    plan = balance(built, Settings(method="equal-loudness", level=Level("lufs", -60.0)))
    track = plan.tracks[4]
    assert "unreadable" in track.flags
    assert track.new_db == track.old_db
    assert any("broken.wav" in w for w in plan.warnings)


def test_a_sound_too_short_to_have_a_loudness_has_its_own_flag(tmp_path):
    path = write(tmp_path / "a.wav", hits(0.35, every=0.5, frequency=60, level=0.5, seed=1))
    built = session(Track(index=0, name="Kick", clips=(clip(path, 0.35),)))
    (track,) = balance(built, Settings(method="equal-loudness")).tracks
    assert "too short or quiet" in track.flags
    assert track.new_db == track.old_db


def test_hours_of_silence_cost_and_change_nothing(kit):
    built, _ = kit
    near = balance(built, Settings(method="equal-loudness"))
    shifted = dataclasses.replace(built.tracks[0].clips[0], position=4e8)
    far = changed(
        built, 0, clips=(*built.tracks[0].clips, shifted, dataclasses.replace(shifted, length=9e8))
    )
    again = balance(far, Settings(method="equal-loudness", level=Level("peak", -6.0)))
    assert faders(again).keys() == faders(near).keys()
    assert again.levels.after_dbfs == pytest.approx(-6.0, abs=0.02)


def test_a_loop_of_years_is_measured_for_some_hours_and_told(kit, monkeypatch):
    from reaper_drumgain.analysis import multitrack

    monkeypatch.setattr(multitrack, "_LONGEST_S", 20)
    built, _ = kit
    looped = dataclasses.replace(built.tracks[0].clips[0], length=9e8, loop=True)
    plan = balance(changed(built, 0, clips=(looped,)), Settings(method="equal-loudness"))
    assert any("is not measured" in w for w in plan.warnings)


def test_a_peak_on_one_side_alone_counts(kit):
    built, sounds = kit
    built = session(dataclasses.replace(built.tracks[0], pan=1.0))
    plan = balance(built, Settings(method="unity", level=Level("peak", -9.0)))
    peak = 20 * math.log10(np.abs(gain(plan.tracks[0].new_db) * sounds["Kick"]).max())
    assert peak == pytest.approx(-9.0, abs=0.02)


def test_half_the_way_to_a_loudness_is_half_of_every_move(kit):
    built, _ = kit
    full = balance(built, Settings(method="equal-rms", level=Level("lufs", -30.0)))
    half = balance(built, Settings(method="equal-rms", level=Level("lufs", -30.0), amount=50.0))
    for one, two in zip(full.tracks, half.tracks, strict=True):
        assert two.new_db == pytest.approx(one.new_db / 2, abs=0.011)


def test_a_tom_that_is_hit_is_no_bleed(kit, tmp_path):
    _, sounds = kit
    bleed = 0.03 * sum(sounds[name] for name in ("Kick", "Snare Top", "Hi-Hat"))
    tom = bleed + hits(SECONDS, every=2.0, frequency=110, level=0.05, seed=9)
    with_tom, _ = add(kit, tmp_path, "Tom 1", tom)
    track = balance(with_tom, Settings(method="equal-loudness")).tracks[-1]
    assert "bleed only" not in track.flags
    assert track.new_db > track.old_db


@pytest.mark.parametrize(
    ("drum", "other"), [("Snare Top", "Snare Sample"), ("Hi-Hat", "Tambourine")]
)
def test_a_sample_or_a_tambourine_does_not_make_bleed_of_the_drum_it_plays_with(
    kit, tmp_path, drum, other
):
    """Both are clean where the drum's own microphone holds bleed, and sound at its strokes."""
    built, sounds = kit
    close = ("Kick", "Snare Top", "Hi-Hat")
    for index, name in enumerate(close):
        rest = sum(sounds[n] for n in close if n != name)
        path = write(tmp_path / f"{name}.wav", sounds[name] + 0.03 * rest)
        built = changed(built, index, clips=(clip(path, SECONDS),))
    played_along, _ = add((built, sounds), tmp_path, other, sounds[drum])
    plan = balance(played_along, Settings(method="equal-loudness"))
    assert not any("bleed only" in track.flags for track in plan.tracks)
    assert plan.tracks[-1].role in ("sample", "percussion")


def test_tracks_that_are_no_drums_or_cannot_move_stay(kit):
    built, _ = kit
    built = changed(built, 0, muted=True)
    bass = Track(index=5, name="Bass", clips=built.tracks[0].clips)
    built = dataclasses.replace(built, tracks=(*built.tracks, bass))
    plan = balance(built, Settings(method="equal-loudness"))
    kick = plan.tracks[0]
    assert kick.flags == ("muted",)
    assert kick.new_db == kick.old_db == 0.0
    assert [u.name for u in plan.untouched] == ["Bass"]


def test_folder_faders_count_in_the_level_and_stay(kit):
    built, sounds = kit
    tracks = [Track(index=0, name="Drums", folder=True, fader=gain(-10.0))]
    tracks += [dataclasses.replace(t, index=t.index + 1, parent=0) for t in built.tracks]
    plan = balance(session(*tracks), Settings(method="equal-loudness"))
    expected = loudness(gain(-10.0) * mix(plan, sounds, new=False))
    assert plan.levels.before_lufs == pytest.approx(expected, abs=0.05)
    assert plan.levels.after_lufs == pytest.approx(expected, abs=0.05)
    assert "Drums" not in faders(plan)


def test_a_pre_fader_send_that_stays_is_counted_in_the_level(kit):
    built, sounds = kit
    bus = Track(index=5, name="Drum Bus")
    built = dataclasses.replace(
        built, tracks=(*built.tracks, bus), sends=(Send(source=0, target=5, mode="pre-fader"),)
    )
    plan = balance(built, Settings(method="equal-loudness"))
    for new, level in ((False, plan.levels.before_lufs), (True, plan.levels.after_lufs)):
        heard = mix(plan, sounds, new=new) + sounds["Kick"]
        assert level == pytest.approx(loudness(heard), abs=0.05)


def test_one_drum_track_alone_keeps_its_level(kit):
    built, _ = kit
    plan = balance(session(built.tracks[0]), Settings(method="equal-loudness"))
    assert plan.moves == ()
    assert plan.tracks[0].reason


def test_an_unknown_method_lists_the_known(kit):
    with pytest.raises(InputError, match="available are forest, forest-multioutput"):
        balance(kit[0], Settings(method="magic"))


def test_progress_ends_at_one(kit):
    built, _ = kit
    told = []
    balance(
        built,
        Settings(method="unity", level=Level("peak", -6.0)),
        analyzer=ProjectAnalyzer(progress=lambda doing, share: told.append((doing, share))),
    )
    assert ("listening", 1.0) in told
    assert ("finding the peak", 1.0) in told


def test_a_hundred_tracks(kit):
    built, _ = kit
    tracks = [
        dataclasses.replace(built.tracks[i % 3], index=i, name=f"Tom {i}") for i in range(100)
    ]
    plan = balance(session(*tracks), Settings(method="equal-loudness"))
    assert len(plan.tracks) == 100
