"""What is undone: recording gain by far the most, playing in small part, pictures not at all."""

import dataclasses

import numpy as np
import pytest
from kit_support import RATES, ROLES, invented_session

from reaper_drumgain.analysis.level_departure import LevelDeparture
from reaper_drumgain.methods.forest_file import bundled_folder, load
from reaper_drumgain.methods.gain_law import LIMIT_DB, SHARE, decide, undone_db
from reaper_drumgain.methods.session_levels import louder_hits, session_hits
from reaper_drumgain.methods.side_pairs import side_pairs
from reaper_drumgain.tracks.roles import Role

MODEL = load(bundled_folder())
USUAL = MODEL.linear.template_lufs


def decision(levels, hits=None):
    return decide(levels, MODEL.responses, USUAL, hits=hits)


def centred(values):
    return values - np.median(values)


def undone_share(levels, hits, shift):
    before, after = decision(levels, hits), decision(levels.louder(shift), louder_hits(hits, shift))
    moved, away = after.undone_db - before.undone_db, shift - shift.mean()
    moved = moved - moved.mean()
    return float(moved @ away / (away @ away))


@pytest.mark.parametrize("seed", range(4))
def test_most_of_careless_recording_gains_is_undone(seed):
    levels = invented_session(seed, placement_seed=seed)
    hits = session_hits(levels)
    rng = np.random.default_rng(seed)
    shares = [undone_share(levels, hits, rng.uniform(-12.0, 12.0, len(ROLES))) for _ in range(6)]
    assert np.mean(shares) > 0.65


@pytest.mark.parametrize("track", range(len(ROLES)))
def test_a_raw_track_turned_up_never_gets_a_higher_fader(track):
    """Against every other track, over 60 dB, from sessions recorded with care and without."""
    for seed, base in ((1, np.zeros(7)), (2, np.random.default_rng(5).uniform(-12, 12, 7))):
        levels = invented_session(seed)
        hits = session_hits(levels)
        undone = []
        for by in np.arange(-30.0, 30.1, 2.0):
            shift = base.copy()
            shift[track] += by
            undone.append(decision(levels.louder(shift), louder_hits(hits, shift)).undone_db)
        against = np.array(undone)[:, [track]] - np.array(undone)
        assert np.diff(against, axis=0).min() > -1e-9


def test_all_tracks_louder_changes_nothing():
    levels = invented_session(1)
    louder = levels.louder(np.full(len(ROLES), 9.0))
    np.testing.assert_allclose(decision(louder).undone_db, decision(levels).undone_db, atol=1e-6)


@pytest.mark.parametrize("drum", ["kick", "snare", "hi-hat"])
def test_soft_playing_is_no_recording_gain(drum):
    """Played 15 dB softer: less than a third of it at its own fader, nothing at the others."""
    usual, soft = invented_session(1), invented_session(1, softer_db={drum: 15.0})
    change = decision(soft).undone_db - decision(usual).undone_db
    own = [drum in role.name for role in ROLES]
    change = change - np.median(change[~np.array(own)])
    assert np.abs(change[~np.array(own)]).max() < 1.0
    assert -4.5 < change[own].min() <= 1.0


def test_a_kick_far_louder_than_a_softly_played_snare_is_not_lowered_for_it():
    usual = invented_session(3)
    soft = invented_session(3, softer_db={"snare": 21.0})
    assert soft.loudness_lufs[0] - soft.loudness_lufs[1] > 10.0
    change = decision(soft).undone_db - decision(usual).undone_db
    # its fader against overheads and room: a dB or so, and not the 13 dB of a rule on loudness
    assert change[0] - np.median(change[4:]) < 2.0


def test_another_groove_changes_little():
    grooves = (
        RATES,
        RATES | {"kick": 0.6},
        RATES | {"snare": 0.1},
        RATES | {"hi-hat": 0.2, "tom 1": 0.3},
        RATES | {"tom 1": 0.0},
    )
    found = [
        centred(decision(invented_session(20 + seed, rates=rates)).undone_db)
        for seed, rates in enumerate(grooves)
    ]
    spread = np.ptp(np.array(found)[:, [0, 1, 2, 4, 5, 6]], axis=0)
    loudness = np.ptp(
        [invented_session(20 + s, rates=r).loudness_lufs for s, r in enumerate(grooves)], axis=0
    )
    assert loudness.max() > 6.0
    assert spread.max() < loudness.max() / 2.0
    assert np.median(spread) < 1.0


def test_playing_and_taste_are_undone_in_small_part_and_bounded():
    over = np.array([0.0, 2.0, -2.0, 30.0, 0.0])
    found = undone_db(np.zeros(5), LevelDeparture(over, np.zeros(5)))
    np.testing.assert_allclose(found, SHARE * np.clip(over, -LIMIT_DB, LIMIT_DB))
    unsure = undone_db(np.zeros(5), LevelDeparture(over, np.full(5, 100.0)))
    assert (np.abs(unsure) <= np.abs(found) / 4.0).all()
    unknown = undone_db(np.zeros(1), LevelDeparture(np.array([np.nan]), np.array([np.inf])))
    assert unknown.tolist() == [0.0]


def test_pairs_are_one_left_and_one_right():
    roles = [
        Role("overhead", "right"),
        Role("overhead", "left"),
        Role("room", "left"),
        Role("kick"),
    ]
    assert side_pairs(roles) == [(1, 0)]
    assert side_pairs([*roles, Role("overhead", "left")]) == []


@pytest.mark.parametrize("by", [-11.0, 0.0, 11.0])
def test_sides_of_a_pair_are_set_right_by_their_common_difference(by):
    levels = invented_session(1, placement_db=0.0)
    shift = np.array([0.0, 0.0, 0.0, 0.0, by, 0.0, 0.0])
    found = decision(levels.louder(shift))
    assert found.undone_db[4] - found.undone_db[5] == pytest.approx(by, abs=1.0)
    assert found.pair_db[4] - found.pair_db[5] == pytest.approx(by, abs=1.0)
    np.testing.assert_allclose(np.delete(found.pair_db, [4, 5]), 0.0)


def test_two_sides_of_a_pair_know_no_more_than_one_overhead():
    """They stand alike, so that what both say may be one error."""
    pair = invented_session(1, placement_db=0.0)
    one = pair.take(np.array([0, 1, 2, 3, 4, 6]))
    found, sd = [], []
    for levels, sides in ((pair, [4, 5]), (one, [4])):
        low = np.zeros(len(levels.roles))
        low[sides] = -12.0
        before, after = decision(levels), decision(levels.louder(low))
        change = after.undone_db - before.undone_db
        found.append(change[4] - np.median(change[:4]))
        sd.append(before.gain.sd_db[4])
    assert sd[0] > sd[1]
    assert -12.0 < found[1] < -4.0
    assert found[1] < found[0] < -4.0


def test_a_difference_that_belongs_to_the_picture_stays():
    """The hi-hat stands at the left, the tom at the right."""
    levels = invented_session(1, placement_db=0.0)
    energy = levels.energy.copy()
    hits = session_hits(levels).strokes
    for drum, by in (("hi-hat", 4.0), ("tom 1", 0.25)):
        energy[4, hits.assigned[hits.names.index(drum)]] *= by
    found = decision(dataclasses.replace(levels, energy=energy))
    assert found.undone_db[4] == pytest.approx(found.undone_db[5], abs=1e-9)


def test_held_tracks_say_nothing_by_their_level():
    rates = RATES | {"tom 1": 0.0}
    levels = invented_session(1, rates=rates)
    assert levels.held.tolist() == [False, False, False, True, False, False, False]
    found = decision(levels)
    assert np.isnan(found.departure.over_db[3])
    without = decision(levels.take(np.array([0, 1, 2, 4, 5, 6])))
    kept = np.delete(found.undone_db, 3)
    np.testing.assert_allclose(centred(kept), centred(without.undone_db), atol=1.5)


ODD = {
    "two tracks": [Role("kick"), Role("snare")],
    "one drum": [Role("snare top"), Role("snare bottom")],
    "far alone": [Role("overhead", "left"), Role("overhead", "right"), Role("room")],
    "close alone": [Role("kick"), Role("snare top"), Role("hi-hat")],
    "one": [Role("kick")],
    "with a sample": [Role("kick"), Role("snare"), Role("overhead"), Role("sample")],
    "two snares": [Role("kick"), Role("snare"), Role("snare", None, 2), Role("overhead")],
    "forty": [Role("kick"), Role("snare top"), Role("hi-hat"), Role("overhead"), Role("room")] * 8,
}


@pytest.mark.parametrize("case", ODD)
def test_odd_sessions_get_small_moves(case):
    levels = invented_session(1, roles=ODD[case], placement_db=0.0)
    found = decision(levels)
    assert np.isfinite(found.undone_db).all()
    played = [role.name != "sample" for role in ODD[case]]
    unexplained = found.undone_db - found.gain.mean_db
    assert np.ptp(unexplained[played]) < 2.0 * SHARE * LIMIT_DB + 1e-6


def test_a_session_without_onsets_goes_by_loudness():
    levels = invented_session(1)
    quiet = type(levels).without_onsets(
        levels.roles, np.array([USUAL[role.name] for role in levels.roles])
    )
    np.testing.assert_allclose(decision(quiet).undone_db, 0.0, atol=1e-6)
    shift = np.array([9.0, 0.0, -9.0, 0.0, 0.0, 0.0, 0.0])
    found = centred(decision(quiet.louder(shift)).undone_db)
    assert 3.0 < found[0] < 9.0
    assert -9.0 < found[2] < -3.0
