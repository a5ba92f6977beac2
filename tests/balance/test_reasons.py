"""The reasons of a plan, and of no plan."""

import dataclasses
import re
from dataclasses import replace

import pytest
from support import changed, gain, session

from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.balance.reasons import KitMove, held_sentence, level_of, sentence
from reaper_drumgain.errors import NothingToBalanceError
from reaper_drumgain.schema.plan import GainPlan, TrackPlan
from reaper_drumgain.schema.session import Track
from reaper_drumgain.schema.settings import Level, Settings

KICK = TrackPlan(
    index=0, name="Kick", role="kick", old_db=-4.0, new_db=-1.0, interval_db=(-5.0, 3.0)
)


def told(track: TrackPlan, *linked: TrackPlan, kit: KitMove | None = None) -> str:
    return sentence(track, (), linked, kit or KitMove())


def test_numbers_in_reasons_follow_from_the_plan(kit):
    built, _ = kit
    plan = balance(built, Settings(method="equal-loudness"))
    by_name = {t.name: t for t in plan.tracks}
    hat, snare = by_name["Hi-Hat"], by_name["Snare Top"]
    move = f"{abs(hat.new_db - hat.old_db):.1f} dB"
    assert move in hat.reason
    distance = level_of(hat) - level_of(snare)
    where = "as loud as" if abs(distance) < 0.05 else f"{abs(distance):.1f} dB"
    assert where in hat.reason
    assert "Snare Top" in hat.reason
    assert "the same move as OH R" in by_name["OH L"].reason


def test_every_number_of_the_forest_s_reasons_follows_from_the_stored_plan(kit):
    built, _ = kit
    for place, level in enumerate((-20.0, 9.0, 0.0, -12.0, -12.0)):
        built = changed(built, place, fader=gain(level))
    plan = GainPlan.from_json(balance(built, Settings()).to_json())
    told = set()
    for track in plan.tracks:
        low, high = track.interval_db
        expected = {
            "moved": abs(track.new_db - track.old_db),
            "recorded": abs(track.recording_gain_db),
            "over": track.old_db - high,
            "under": low - track.old_db,
        }
        for word, pattern in {
            "moved": r"^(?:raised|lowered) ([\d.]+) dB",
            "recorded": r"recorded (\d+) dB",
            "over": r"was ([\d.]+) dB above",
            "under": r"was ([\d.]+) dB below",
        }.items():
            found = re.search(pattern, track.reason)
            if found:
                told.add(word)
                error = 0.501 if word == "recorded" else 0.061
                assert float(found[1]) == pytest.approx(expected[word], abs=error)
    assert told >= {"moved", "over", "under"}


def test_a_fader_within_the_engineers_range_goes_to_its_middle():
    assert told(KICK) == "raised 3.0 dB to the middle of the engineers' range"
    half = replace(KICK, new_db=-2.5)
    assert told(half) == "raised 1.5 dB towards the middle of the engineers' range"
    assert told(replace(KICK, new_db=-4.0)) == "not moved, within the engineers' range"


def test_a_fader_outside_the_engineers_range_says_by_how_much():
    low = replace(KICK, old_db=-8.0)
    assert told(low) == "raised 7.0 dB: was 3.0 dB below the engineers' range"
    high = replace(KICK, old_db=5.2)
    assert told(high) == "lowered 6.2 dB: was 2.2 dB above the engineers' range"
    stays = replace(KICK, old_db=5.2, new_db=5.2)
    assert told(stays) == "not moved, 2.2 dB above the engineers' range"


def test_recording_gain_is_the_reason_where_it_explains_the_move():
    quiet = replace(KICK, old_db=-8.0, recording_gain_db=-8.2, recording_gain_sd_db=4.0)
    recorded = "recorded 8 dB quieter than usual for a kick microphone"
    stood = "was 3.0 dB below the engineers' range"
    assert told(quiet) == f"raised 7.0 dB: {recorded}; {stood}"
    within = replace(quiet, old_db=-4.0)
    middle = "raised 3.0 dB to the middle of the engineers' range"
    assert told(within) == f"{middle}: {recorded}"
    overhead = replace(
        KICK, role="overhead", old_db=5.2, recording_gain_db=4.0, recording_gain_sd_db=1.0
    )
    assert "recorded 4 dB louder than usual for an overhead microphone;" in told(overhead)


@pytest.mark.parametrize(
    ("recorded", "sd"),
    [
        (8.2, 4.0),  # would lower it
        (-8.2, 7.0),  # may as well be nothing
        (-0.9, 0.1),  # too small to tell
        (-1.1, 0.1),  # a small part of the move
        (-30.0, 4.0),  # undone long ago, by the fader that was there
        (None, None),
    ],
)
def test_recording_gain_is_no_reason_for_a_move_that_it_does_not_explain(recorded, sd):
    track = replace(KICK, old_db=-8.0, recording_gain_db=recorded, recording_gain_sd_db=sd)
    assert "recorded" not in told(track)


def test_a_level_for_the_whole_kit_is_not_taken_for_the_track_s_own_move():
    kit = KitMove(made_db=10.0, full_db=10.0)
    # beside the others it stood at -4 + 10 = 6 dB, 3 dB over the range that is around the end
    assert told(KICK, kit=kit) == (
        "raised 3.0 dB (the kit +10.0 dB): was 3.0 dB above the engineers' range"
    )


def test_a_large_move_says_what_it_is_made_of():
    large = replace(KICK, old_db=-8.0, undone_db=1.5)
    text = "was 1.0 dB below the engineers' range"
    assert told(replace(large, interval_db=(-7.0, 3.0)), kit=KitMove(mean_db=2.0)) == (
        f"raised 7.0 dB: {text}; +3.5 dB for its role, +1.5 dB for how it was recorded and "
        "played, +2.0 dB common to all drums"
    )
    assert "for its role" not in told(replace(large, old_db=-4.0))
    # what a fader ends at, and what a method does not tell, is no sum of parts
    assert "for its role" not in told(replace(large, limited_db=2.0))
    assert "for its role" not in told(replace(large, undone_db=None))


@pytest.mark.parametrize("settings", [Settings(), Settings(amount=60), Settings(mode="outliers")])
def test_the_parts_of_a_move_are_those_of_the_model(kit, settings):
    """A track recorded 12 dB hotter: what its part for the recording loses is what its move loses
    against the others, and roles stay as they were."""
    built, _ = kit
    hot = dataclasses.replace(built.tracks[1].clips[0], item_gain=gain(12.0))
    plans = [balance(b, settings) for b in (built, changed(built, 1, clips=(hot,)))]
    if settings.mode == "outliers":
        assert all(track.undone_db is None for plan in plans for track in plan.tracks)
        return
    free = [[t for t in plan.tracks if t.undone_db is not None] for plan in plans]
    for tracks in free:
        assert sum(t.undone_db for t in tracks) == pytest.approx(0.0, abs=0.05)
    roles = []
    for tracks in free:
        moves = [t.new_db - t.old_db for t in tracks]
        mean = sum(moves) / len(moves)
        # sides of a pair share one move
        roles.append(
            [m - mean - t.undone_db for m, t in zip(moves, tracks, strict=True) if not t.side]
        )
    assert roles[0] == pytest.approx(roles[1], abs=0.3)
    assert free[1][1].undone_db < free[0][1].undone_db - 2.0


def test_linked_tracks_name_each_other():
    left = replace(KICK, name="OH L")
    right = replace(KICK, index=1, name="OH R", old_db=-6.0, new_db=-3.0)
    assert told(left, right).endswith("range; the same move as OH R")
    further = replace(right, new_db=-1.5)
    assert told(left, further).endswith("range; 1.5 dB less than OH R, its other side")
    assert told(further, left).endswith("; 1.5 dB more than OH L, its other side")


def test_a_held_track_says_what_it_follows():
    held = replace(KICK, new_db=-6.0)
    left = replace(KICK, name="OH L", new_db=-6.0)
    assert held_sentence(held, "silent", ()) == "silent: not raised, lowered 2.0 dB with the kit"
    assert held_sentence(held, "silent", [left]) == "silent: not raised, lowered 2.0 dB with OH L"
    stays = replace(KICK, new_db=-4.0)
    assert held_sentence(stays, "silent", ()) == "silent: not raised"
    assert held_sentence(stays, "silent", [KICK]) == "silent: not raised; Kick moves without it"


def test_limits_follow_the_reason():
    short = replace(KICK, limited_db=9.4)
    assert told(short).endswith(
        "; needs 9.4 dB more than a fader gives: raise its item gain by 9.4 dB"
    )


def test_a_muted_side_is_told_on_both_rows(kit):
    built, _ = kit
    plan = balance(changed(built, 4, muted=True), Settings(method="equal-loudness"))
    left, right = plan.tracks[3:]
    assert left.reason.endswith("; 'OH R' (muted) belongs to it but is not moved")
    assert right.reason == "muted: not moved; 'OH L' moves without it"


def test_a_stated_level_names_the_move_of_the_kit(kit):
    built, _ = kit
    plan = balance(built, Settings(method="unity", level=Level("lufs", -30.0)))
    moved = plan.levels.after_lufs - plan.levels.before_lufs
    assert all(f"(the kit {moved:+.1f} dB)" in track.reason for track in plan.moves)
    kept = balance(built, Settings(method="equal-loudness"))
    assert not any("the kit" in track.reason for track in kept.moves)


def test_in_mode_outliers_faders_that_stay_say_so_and_others_go_as_far_as_they_are_outside(kit):
    built, _ = kit
    for place, level in enumerate((-20.0, 9.0, 0.0, -12.0, -12.0)):
        built = changed(built, place, fader=gain(level))
    # the level is not applied: faders that stay set it
    level = Level("lufs", -30.0)
    plan = balance(built, Settings(mode="outliers", level=level))
    for track in plan.tracks:
        move = track.new_db - track.old_db
        if move:
            assert re.search(
                rf"was {abs(move):.1f} dB (above|below) the engineers' range", track.reason
            )
        else:
            assert track.reason.startswith("not moved, within the engineers' range")
    assert 0 < len(plan.moves) < len(plan.tracks)


def test_nothing_to_balance_says_why():
    with pytest.raises(NothingToBalanceError, match="none of its 1 tracks"):
        balance(session(Track(index=0, name="Bass")), Settings(method="unity"))


def test_all_locked_is_nothing_to_balance(kit):
    built, _ = kit
    with pytest.raises(NothingToBalanceError, match="locked"):
        balance(built, Settings(method="unity", locks=tuple(track.name for track in built.tracks)))
