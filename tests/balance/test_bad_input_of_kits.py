"""Sessions that no engineer would hand in, made of real hits with real bleed: a sane plan, or a
sentence.

A kit is as it was sampled. No move over 6 dB whose reason does not name the recording gain, unless
the plan says what is wrong with the session.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support import clip, session, write

from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.learn.data.kits import RATE, cached_kit
from reaper_drumgain.learn.data.microphones import virtual_mics_for
from reaper_drumgain.learn.data.odd_grooves import HABITS, strokes_of
from reaper_drumgain.learn.data.odd_recordings import rendered_habit
from reaper_drumgain.learn.data.render import render
from reaper_drumgain.learn.evidence.odd_sessions import EXPLAINED_DB, explained_by_gain
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.schema.session import Track
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.roles import Role

SECONDS = 14.0
GROOVE = next(habit for habit in HABITS if habit.name == "one fill in the song")
#: a name and the file of one microphone
Tracks = list[tuple[str, np.ndarray]]
#: what stands around a kit in a big studio: the names of tracks and their roles
FORTY = {
    "Kick In": "kick in",
    "Kick Out": "kick out",
    "Kick Front": "kick",
    "Snare Top": "snare top",
    "Snare Bottom": "snare bottom",
    "Snare Side": "snare",
    "Snare 2": "snare 2",
    "Snare 2 Bottom": "snare bottom",
    **{f"Tom {number}": f"tom {min(number, 3)}" for number in range(1, 9)},
    "Hi-Hat": "hi-hat",
    "Hi-Hat 2": "hi-hat",
    "Ride": "ride",
    "Ride 2": "ride",
    **dict.fromkeys(("Crash L", "Crash R", "China", "Splash"), "cymbal"),
    "OH L": "overhead left",
    "OH R": "overhead right",
    "OH Mono": "overhead",
    "OH Far L": "overhead left",
    "OH Far R": "overhead right",
    "Room L": "room left",
    "Room R": "room right",
    "Room Mono": "room",
    "Room Far L": "room left",
    "Room Far R": "room right",
    "Room Far": "room",
    **dict.fromkeys(("Cowbell", "Tambourine", "Shaker", "Claves", "Bongo"), "percussion"),
}


@pytest.fixture(scope="module")
def kit(shared_data) -> Tracks:
    roles, sound = rendered_habit(shared_data, "muldjord", GROOVE, 3)
    return [
        (str(role), row[: round(SECONDS * RATE)]) for role, row in zip(roles, sound, strict=True)
    ]


def plan_of(folder: Path, tracks: Tracks) -> GainPlan:
    made = []
    for index, (name, sound) in enumerate(tracks):
        path = write(folder / f"{index}.wav", sound, rate=RATE)
        made.append(Track(index=index, name=name, clips=(clip(path, len(sound) / RATE),)))
    return balance(session(*made), Settings())


def only(*words: str) -> Callable[[Tracks], Tracks]:
    """The tracks whose names begin so."""
    return lambda kit: [track for track in kit if track[0].startswith(words)]


def with_a_click(kit: Tracks) -> Tracks:
    """On a track of its own, and on one that is named like a drum."""
    time = np.arange(800) / RATE
    tick = 0.7 * np.sin(2 * np.pi * 1500.0 * time) * np.exp(-time / 0.0035)
    click = np.zeros(round(SECONDS * RATE), np.float32)
    for start in range(0, click.size - tick.size, RATE // 2):
        click[start : start + tick.size] += tick.astype(np.float32)
    return [*kit, ("Click", click), ("Cowbell", click)]


CASES: dict[str, Callable[[Tracks], Tracks]] = {
    "kick and snare": only("kick", "snare top"),
    "kick and one overhead": only("kick", "overhead left"),
    "one drum": only("snare"),
    "one microphone": only("snare top"),
    "one file for all": lambda kit: [(name, kit[1][1]) for name, _ in kit],
    "a click": with_a_click,
    "no overheads": only("kick", "snare", "hi-hat", "tom", "ride"),
    "overheads alone": only("overhead"),
    "three seconds": lambda kit: [(name, sound[: 3 * RATE]) for name, sound in kit],
    "one second": lambda kit: [(name, sound[:RATE]) for name, sound in kit],
    "an inverted overhead": lambda kit: [
        (name, -sound if name == "overhead right" else sound) for name, sound in kit
    ],
}


def moves_of(plan: GainPlan) -> dict[str, float]:
    found = {track.name: (track.new_db or 0.0) - (track.old_db or 0.0) for track in plan.tracks}
    assert all(math.isfinite(move) for move in found.values())
    return found


@pytest.fixture(scope="module")
def forty(shared_data) -> Tracks:
    """Each microphone with a sound of its own, set with care: within a few dB."""
    assert len(FORTY) == 40
    random = np.random.default_rng(5)
    mics = []
    for name in FORTY.values():
        role = Role.parse(name)
        assert role is not None
        (mic,) = virtual_mics_for(role, 1, "muldjord")
        mics.append(dataclasses.replace(mic, tilt_db=mic.tilt_db + random.normal(0.0, 3.0)))
    strokes = strokes_of(GROOVE.lines, [3])
    sound = render(cached_kit(shared_data / "kits" / "muldjord"), strokes, mics, SECONDS, seed=3)
    sound *= 10.0 ** (random.normal(0.0, 2.0, (len(mics), 1)) / 20.0)
    return list(zip(FORTY, sound, strict=True))


@pytest.mark.parametrize("case", [*CASES, "forty tracks"])
def test_nothing_goes_far_without_a_recording_gain_that_explains_it(kit, tmp_path, case, request):
    many = case == "forty tracks"
    plan = plan_of(tmp_path, request.getfixturevalue("forty") if many else CASES[case](kit))
    explained = explained_by_gain(plan)
    far = [
        (track.name, track.reason)
        for track, move in zip(plan.tracks, moves_of(plan).values(), strict=True)
        if abs(move) > EXPLAINED_DB and track.index not in explained
    ]
    assert far == []


def test_copies_in_opposite_polarity_are_told(kit, tmp_path):
    """Nothing is left of them in the mix: how far they move, nobody hears."""
    copies = [(f"{name} 2", -sound) for name, sound in kit if name in ("kick", "snare top")]
    plan = plan_of(tmp_path, [*kit, *copies])
    told = [warning for warning in plan.warnings if "cancel each other" in warning]
    assert "'kick 2'" in " ".join(told)
    assert "'snare top 2'" in " ".join(told)
    found = moves_of(plan)
    assert found["kick 2"] == pytest.approx(found["kick"], abs=1e-6)
