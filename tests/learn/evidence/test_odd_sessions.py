"""Sessions of odd habits: the list of large moves is whole, and says what explains each."""

from __future__ import annotations

import json

import numpy as np
import pytest

from reaper_drumgain import methods
from reaper_drumgain.balance.side_by_side import plans_of
from reaper_drumgain.learn.data.kits import KITS, RATE
from reaper_drumgain.learn.data.odd_grooves import HABITS, PLAIN, SECONDS, strokes_of
from reaper_drumgain.learn.data.odd_recordings import can_play, rendered_habit
from reaper_drumgain.learn.data.performances import PIECES, TOMS
from reaper_drumgain.learn.evidence import odd_sessions, recording_card, tables
from reaper_drumgain.learn.evidence.odd_sessions import (
    BAND,
    EXPLAINED_DB,
    FIGURES,
    LISTED_DB,
    explained_by_gain,
    list_moves,
    summary_of,
)
from reaper_drumgain.learn.evidence.project_files import recorded_louder, write_session
from reaper_drumgain.schema.plan import GainPlan, TrackPlan
from reaper_drumgain.schema.settings import Settings

BY_NAME = {habit.name: habit for habit in HABITS}


def test_every_groove_is_played_as_long_as_it_says_and_the_same_for_a_seed():
    assert len(BY_NAME) == len(HABITS) >= 20
    assert HABITS[0].name == PLAIN
    for habit in HABITS:
        strokes = strokes_of(habit.lines, [1])
        assert strokes == strokes_of(habit.lines, [1])
        assert strokes != strokes_of(habit.lines, [2])
        times = [stroke.time for stroke in strokes]
        assert times == sorted(times)
        assert times[0] >= 0.0
        assert SECONDS - 4.5 < times[-1] < SECONDS + 0.1
        assert habit.pieces <= set(PIECES)
        assert all(0.0 < stroke.velocity <= 1.0 for stroke in strokes)


@pytest.mark.parametrize(
    ("name", "never"),
    [
        ("kick alone", {"snare", "hi-hat closed", *TOMS}),
        ("four on the floor, no snare", {"snare", "side stick"}),
        ("ride, no stroke of the hi-hat", {"hi-hat closed", "hi-hat open", "hi-hat pedal"}),
        ("side stick", {"snare"}),
    ],
)
def test_a_habit_leaves_out_what_its_name_says(name, never):
    assert not BY_NAME[name].pieces & never


def test_a_kit_plays_only_what_it_has():
    washes = BY_NAME["cymbal washes"]
    assert [can_play(kit, washes) for kit in KITS] == [True, False]
    assert all(sum(can_play(kit, habit) for habit in HABITS) >= 20 for kit in KITS)


@pytest.mark.parametrize("kit", KITS)
def test_a_second_snare_has_a_microphone_that_hears_it_best(shared_data, kit):
    plain, _ = rendered_habit(shared_data, kit, BY_NAME[PLAIN], 3)
    roles, both = rendered_habit(shared_data, kit, BY_NAME["two snares"], 3)
    _, one = rendered_habit(shared_data, kit, BY_NAME[PLAIN], 3)
    assert roles[:-1] == plain
    assert str(roles[-1]) == "snare 2"
    # what the second snare adds: everywhere something, 12 dB more in its own than in the first's
    peaks = np.abs(both[:-1] - one).max(axis=1)
    assert np.all(peaks > 0.0)
    first = next(at for at, role in enumerate(plain) if role.name in ("snare", "snare top"))
    stroke = round(0.75 * RATE)
    window = slice(stroke - 900, stroke + 4000)
    own = np.abs(both[-1, window]).max()
    assert 20 * np.log10(own / np.abs(both[first] - one[first])[window].max()) > 8.0


def test_microphones_that_a_habit_leaves_out_are_not_there(shared_data):
    roles, sound = rendered_habit(
        shared_data, "gogodze", BY_NAME["a plain beat with kick and one overhead alone"], 3
    )
    assert [str(role) for role in roles] == ["kick", "overhead"]
    assert len(sound) == 2
    roles, _ = rendered_habit(shared_data, "gogodze", BY_NAME["a plain beat without overheads"], 3)
    assert "overhead" not in {role.name for role in roles}
    assert len(roles) == 6


def move(track: str, db: float, reason: str = "raised", *, held: bool = False, struck=True):
    return {
        "track": track,
        "role": track,
        "move_db": db,
        "reason": reason,
        "explained": "recorded" in reason,
        "held": held,
        "struck": struck,
    }


def test_every_large_move_is_listed_beside_the_plain_beat_and_those_without_a_gain_apart():
    gain = "raised 9.0 dB: recorded 7 dB quieter than usual for a kick microphone"
    figures = summary_of(
        {
            PLAIN: [
                move("kick", 1.0),
                move("snare", 5.0),
                move("tom", 0.0, held=True, struck=False),
            ],
            "odd": [
                move("kick", 9.0, gain, struck=False),
                move("snare", -6.5, "lowered 6.5 dB"),
                move("tom", 4.1),
                move("hat", -LISTED_DB),
                move("ride", 0.0, held=True),
                move("crash", 0.0, held=True, struck=False),
                move("cowbell", -2.6, struck=False),
            ],
        }
    )
    large = [(one["session"], one["track"], one["plain_db"]) for one in figures["large"]]
    assert large == [
        (PLAIN, "snare", 5.0),
        ("odd", "kick", 1.0),
        ("odd", "snare", 5.0),
        ("odd", "tom", None),
    ]
    assert figures["largest"]["track"] == "kick"
    assert (figures["faders"], figures["over limit"]) == (10, 2)
    assert [one["track"] for one in figures["unexplained"]] == ["snare"]
    assert [one["track"] for one in figures["held by mistake"]] == ["ride"]
    assert [one["track"] for one in figures["not held by mistake"]] == ["kick", "cowbell"]

    row = odd_sessions.odd_table({"kit": figures})[1]
    assert row == ["kit", "2", "10", "4", "2", "1", "1", "1", "2", "+9.0 dB"]
    # the mean of 9, -6.5, 4.1, -4 and -2.6 is 0
    assert [one["own_db"] for one in figures["unexplained against the others"]] == [-6.5]
    lists = dict(odd_sessions.move_lists({"kit": figures}))
    lines = [line for own in lists.values() for line in own]
    assert lists[f"kit, over {EXPLAINED_DB:g} dB, and the reason names no recording gain"] == [
        "odd: snare (-6.5 dB against the others, plain beat: +5.0 dB): lowered 6.5 dB"
    ]
    own = "+9.0 dB against the others"
    assert f"odd: kick (nobody strikes it, {own}, plain beat: +1.0 dB): {gain}" in lines
    assert f"{PLAIN}: snare (+2.0 dB against the others): raised" in lines
    assert "odd: ride: raised" in lists["kit, held though the drum is struck"]
    assert len(lines) == 6


def test_a_session_goes_through_all_of_the_program_and_its_reasons_are_the_plans(
    shared_data, tmp_path
):
    told: list[float] = []
    forest = methods.create("forest")
    habits = HABITS[:2]
    figures = list_moves(
        shared_data,
        plans_of,
        forest,
        habits,
        kits=("gogodze",),
        band=False,
        seed=3,
        progress=lambda _what, share: told.append(share),
    )
    json.dumps(figures, allow_nan=False)
    assert told == sorted(told)
    assert told[-1] == 1.0
    held = figures["gogodze"]
    assert list(held["sessions"]) == [habit.name for habit in habits]
    assert held["faders"] == 2 * 7

    roles, sound = rendered_habit(shared_data, "gogodze", habits[1], 3)
    plan = plans_of(write_session(tmp_path, roles, sound), {"forest": forest})["forest"]
    found = {one["track"]: one for one in held["sessions"][habits[1].name]}
    for track in plan.tracks:
        assert found[track.name]["reason"] == track.reason
        assert found[track.name]["move_db"] == pytest.approx(track.new_db - track.old_db, abs=0.01)
    large = [name for name, one in found.items() if abs(one["move_db"]) > LISTED_DB]
    assert [one["track"] for one in held["large"] if one["session"] == habits[1].name] == large

    run = {"seed": 3, "made with": {}, "reduced": True}
    page = recording_card.page({"run": run, FIGURES: figures})
    assert tables.REDUCED in page
    for one in held["large"]:
        assert one["reason"] in page


def test_a_microphone_that_was_recorded_softly_is_explained_by_that(shared_data, tmp_path):
    """The words of a reason are those that the list looks for."""
    roles, sound = rendered_habit(shared_data, "gogodze", BY_NAME[PLAIN], 3)
    session = write_session(tmp_path, roles, sound)
    place = [role.name for role in roles].index("overhead")
    forest = {"forest": methods.create("forest")}
    plans = [
        plans_of(recorded_louder(session, shift * np.eye(len(roles))[place]), forest)
        for shift in (0.0, -20.0, 20.0)
    ]
    explained = [place in explained_by_gain(plan["forest"]) for plan in plans]
    assert explained == [False, True, True]


def test_a_side_of_a_pair_is_explained_by_the_other_where_both_make_the_same_move():
    gain = "raised 7.0 dB: recorded 7 dB quieter than usual for an overhead microphone"

    def track(index: int, reason: str, new_db: float, role: str = "overhead") -> TrackPlan:
        return TrackPlan(
            index=index,
            name=str(index),
            role=role,
            old_db=0.0,
            new_db=new_db,
            reason=reason,
            flags=("pair",) if role != "snare" else (),
        )

    tracks = (
        track(0, gain, 7.0),
        track(1, "raised 7.0 dB; the same move as 0", 7.0),
        track(2, "raised 6.5 dB; 0.5 dB less than 0, its other side", 6.5),
        track(3, "raised 7.0 dB: +7.0 dB for how it was recorded and played", 7.0, "snare"),
        track(4, "raised 7.0 dB", 7.0, "room"),
    )
    plan = GainPlan(project="", method="forest", settings=Settings(), tracks=tracks)
    assert explained_by_gain(plan) == {0, 1}


def test_the_real_band_is_balanced_as_a_whole(shared_data, tmp_path):
    forest = methods.create("forest")
    figures = list_moves(shared_data, plans_of, forest, (), seed=3)
    assert list(figures) == [BAND]
    assert figures[BAND]["faders"] == 7
    # nobody says which strokes there are
    assert {one["struck"] for own in figures[BAND]["sessions"].values() for one in own} == {None}
    assert list_moves(tmp_path, plans_of, forest, (), seed=3) == {}


def test_a_move_with_all_drums_is_no_move_against_the_others():
    tracks = [move(name, 7.0) for name in ("kick", "snare", "hat")] + [move("room", -1.0)]
    figures = summary_of({"odd": tracks})
    assert len(figures["unexplained"]) == 3
    assert figures["unexplained against the others"] == []
    tracks[3] = move("room", -2.0)
    figures = summary_of({"odd": tracks})
    assert [one["track"] for one in figures["unexplained against the others"]] == ["room"]
    heads = [heading for heading, _ in odd_sessions.move_lists({"kit": figures})]
    assert any("against the others" in heading for heading in heads)
