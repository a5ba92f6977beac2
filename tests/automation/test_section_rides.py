"""Sections of a song with the forest: what is played softer or louder is followed a little."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from automation_support import automated, level_at, loudness, mixed, written
from support import RATE, changed, clip, gain, session, write

from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.errors import InputError
from reaper_drumgain.methods.gain_law import LIMIT_DB, SHARE
from reaper_drumgain.schema.session import Marker, Session, Track
from reaper_drumgain.schema.settings import Automation, Settings

SECTION, SECTIONS = 8.0, 4
REGIONS = tuple(
    Marker(SECTION * n, f"part {n + 1}", n + 1, end=SECTION * (n + 1)) for n in range(SECTIONS)
)
#: dB of kick, snare, hi-hat, tom 1 and tom 2 in each microphone
WAYS = {
    "Kick": (0, -30, -40, -26, -24),
    "Snare Top": (-30, 0, -24, -22, -28),
    "Hi-Hat": (-38, -22, 0, -30, -34),
    "Tom 1": (-26, -22, -30, 0, -18),
    "Tom 2": (-24, -26, -34, -17, 0),
    "OH L": (-14, -10, -12, -12, -15),
    "OH R": (-14, -11, -15, -14, -12),
}
DRUMS = {"Kick": 60, "Snare Top": 220, "Hi-Hat": 6000, "Tom 1": 140, "Tom 2": 95}
#: seconds of the strokes of a section; the drums hardly ever coincide
STROKES = {
    "Kick": np.arange(0.1, 7.8, 0.5),
    "Snare Top": np.arange(0.35, 7.8, 1.0),
    "Hi-Hat": np.arange(0.22, 7.8, 0.25),
    "Tom 1": np.arange(0.9, 7.8, 1.3),
    "Tom 2": np.arange(1.55, 7.8, 1.3),
}
Levels = dict[tuple[str, int], float | None]


def song(folder, levels: Levels, scatter_db: float = 1.0) -> tuple[Session, dict[str, np.ndarray]]:
    """Four sections of one groove; ``levels``: by drum and section dB, or None for a rest."""
    sounds = dict.fromkeys(WAYS, 0.0)
    for column, (drum, frequency) in enumerate(DRUMS.items()):
        played = np.zeros(int(SECTION * SECTIONS * RATE))
        strokes = np.random.default_rng(column)
        for section in range(SECTIONS):
            level = levels.get((drum, section), 0.0)
            # the same strokes in every section
            strokes = np.random.default_rng(column)
            for at in STROKES[drum]:
                length = int(0.2 * RATE)
                time = np.arange(length) / RATE
                tone = np.sin(2 * np.pi * frequency * time) + 0.3 * strokes.standard_normal(length)
                loud = 0.3 * gain(strokes.uniform(-scatter_db, scatter_db))
                start = int((section * SECTION + at) * RATE)
                if level is not None:
                    played[start : start + length] += (
                        gain(level) * loud * np.exp(-time / 0.04) * tone
                    )
        for name, ways in WAYS.items():
            sounds[name] = sounds[name] + gain(ways[column]) * played
    noise = np.random.default_rng(7)
    tracks = []
    for index, name in enumerate(sounds):
        sounds[name] = sounds[name] + 1e-5 * noise.standard_normal(len(sounds[name]))
        path = write(folder / f"{index}.wav", sounds[name])
        tracks.append(Track(index=index, name=name, clips=(clip(path, SECTION * SECTIONS),)))
    return session(*tracks, regions=REGIONS), sounds


def rides(built: Session, plan) -> dict[str, np.ndarray]:
    """By track, how far it is from its fader in each section."""
    middles = [(region.position + region.end) / 2 for region in REGIONS]
    return {
        track.name: np.array([level_at(built, track, time) for time in middles]) - track.new_db
        for track in plan.tracks
    }


def test_equal_sections_get_no_envelope(tmp_path):
    built, _ = song(tmp_path, {})
    plan = balance(built, automated("forest", sections="regions"))
    assert plan.automated == ()
    plain = balance(built, Settings(method="forest"))
    assert [track.new_db for track in plan.tracks] == [track.new_db for track in plain.tracks]


def test_softer_toms_are_raised_by_the_share_and_nothing_else_moves(tmp_path):
    built, sounds = song(tmp_path, {("Tom 1", 1): -6.0, ("Tom 2", 1): -6.0})
    plan = balance(built, automated("forest", sections="regions"))
    assert [track.name for track in plan.automated] == ["Tom 1", "Tom 2"]
    share = SHARE * min(6.0, LIMIT_DB)
    for name in ("Tom 1", "Tom 2"):
        got = rides(built, plan)[name]
        # zero over the song
        assert got.mean() == pytest.approx(0.0, abs=0.03)
        assert got[1] - got[[0, 2, 3]] == pytest.approx(share, abs=0.05)
    for region in REGIONS:
        start, end = region.position + 0.1, region.end - 0.1
        plain = dataclasses.replace(
            plan, tracks=tuple(dataclasses.replace(t, automation=None) for t in plan.tracks)
        )
        before = loudness(mixed(built, plain, sounds, start, end))
        assert loudness(mixed(built, plan, sounds, start, end)) == pytest.approx(before, abs=0.2)


def test_a_section_that_is_softer_as_a_whole_is_the_songs_dynamics(tmp_path):
    built, _ = song(tmp_path, {(drum, 2): -8.0 for drum in DRUMS})
    assert balance(built, automated("forest", sections="regions")).automated == ()


def test_a_recording_gain_makes_no_rides(tmp_path):
    built, _ = song(tmp_path, {("Tom 1", 1): -6.0})
    louder = dataclasses.replace(built.tracks[3].clips[0], item_gain=gain(9.0))
    plans = [
        balance(one, automated("forest", sections="regions"))
        for one in (built, changed(built, 3, clips=(louder,)))
    ]
    for one, other in zip(*(rides(built, plan).values() for plan in plans), strict=True):
        np.testing.assert_allclose(one, other, atol=0.02)


def test_a_track_that_rests_in_a_section_is_held_there(tmp_path):
    rests: Levels = {(drum, 3): None for drum in ("Tom 1", "Tom 2", "Hi-Hat")}
    built, _ = song(tmp_path, {**rests, ("Tom 1", 0): -6.0})
    plan = balance(built, automated("forest", sections="regions"))
    moved = rides(built, plan)
    (tom,) = plan.automated
    assert tom.name == "Tom 1"
    assert [s.state for s in tom.automation.sections] == [None, None, None, "bleed only"]
    assert moved["Tom 1"][3] == pytest.approx(0.0, abs=0.01)
    # zero over the sections in which it plays
    assert moved["Tom 1"][:3].mean() == pytest.approx(0.0, abs=0.03)


@pytest.mark.parametrize("method", ["equal-loudness", "fenton-lee", "forest"])
def test_a_hi_hat_microphone_that_only_leaks_in_a_section_is_not_raised(tmp_path, method):
    built, _ = song(tmp_path, {("Hi-Hat", 1): None, ("Kick", 0): -6.0, ("Snare Top", 2): -5.0})
    plan = balance(built, automated(method, sections="regions"))
    hat = next(track for track in plan.tracks if track.name == "Hi-Hat")
    assert rides(built, plan)["Hi-Hat"][1] <= 0.03
    if hat.automation is not None:
        assert [s.state for s in hat.automation.sections] == [None, "bleed only", None, None]


def test_sides_of_a_pair_ride_as_one(tmp_path):
    built, sounds = song(tmp_path, {})
    # one side alone is turned down in one section
    for name, level in (("OH L", -8.0), ("OH R", -3.0)):
        part = slice(int(SECTION * RATE), int(2 * SECTION * RATE))
        sounds[name][part] *= gain(level)
        index = list(WAYS).index(name)
        path = write(tmp_path / f"{name}.wav", sounds[name])
        built = changed(built, index, clips=(clip(path, SECTION * SECTIONS),))
    plan = balance(built, automated("forest", sections="regions"))
    left, right = plan.tracks[5].automation, plan.tracks[6].automation
    assert left.points == right.points
    assert rides(built, plan)["OH L"][1] > 0.3


@pytest.mark.parametrize("limit", [0.0, 0.3])
def test_the_limit_of_the_settings_holds(tmp_path, limit):
    built, _ = song(tmp_path, {("Tom 1", 1): -6.0})
    plan = balance(built, automated("forest", sections="regions", ride_limit=limit))
    largest = max(np.abs(moved).max() for moved in rides(built, plan).values())
    assert largest == pytest.approx(limit, abs=0.02)


def test_an_amount_makes_rides_smaller(tmp_path):
    built, _ = song(tmp_path, {("Tom 1", 1): -6.0})
    full, half = (
        rides(built, balance(built, automated("forest", sections="regions", amount=amount)))
        for amount in (100.0, 50.0)
    )
    np.testing.assert_allclose(half["Tom 1"], full["Tom 1"] / 2, atol=0.03)


def test_a_second_run_changes_nothing(tmp_path):
    built, _ = song(tmp_path, {("Tom 1", 1): -6.0, ("Snare Top", 2): 5.0})
    wanted = automated("forest", sections="regions")
    first = balance(built, wanted)
    again = written(built, first)
    second = balance(again, wanted)
    assert [t.new_db for t in second.tracks] == pytest.approx(
        [t.new_db for t in first.tracks], abs=0.02
    )
    for one, other in zip(rides(built, first).values(), rides(again, second).values(), strict=True):
        np.testing.assert_allclose(one, other, atol=0.02)


def test_with_a_time_selection_its_sections_have_the_new_faders_and_the_rest_stays(tmp_path):
    built, _ = song(tmp_path, {("Tom 1", 1): -6.0})
    plan = balance(built, automated("forest", sections="regions", span=(0.0, 16.0)))
    alone = balance(built, Settings(method="forest", span=(0.0, 16.0)))
    assert plan.moves == ()
    for track, own in zip(plan.tracks, alone.tracks, strict=True):
        if track.name != "Tom 1":
            assert level_at(built, track, 4.0) == pytest.approx(own.new_db, abs=0.15)
        assert level_at(built, track, 20.0) == pytest.approx(own.old_db, abs=0.1)


@pytest.mark.parametrize("limit", [-1.0, 12.5, float("nan")])
def test_a_limit_out_of_range_is_refused(limit):
    with pytest.raises(InputError, match="ride limit"):
        Automation(ride_limit=limit)


def test_the_limit_is_part_of_the_settings_document():
    settings = Settings(write="automation", automation=Automation(ride_limit=1.5))
    assert Settings.from_json(settings.to_json()) == settings
