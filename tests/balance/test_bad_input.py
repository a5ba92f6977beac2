"""Sessions that no engineer would hand in: a sane plan, or a sentence.

The microphones are recorded with care (each at the same loudness), so no recording gain explains
a large move.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile
from balance_support import loudness
from support import RATE, clip, gain, hits, session, write

from reaper_drumgain import methods
from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.errors import InputError
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.schema.session import Session, Track
from reaper_drumgain.schema.settings import Automation, Settings

#: dB; a larger move needs a reason in how a track was recorded
MOST_DB = 6.0
SECONDS = 8.0
#: how the drums are played: seconds between strokes, and pitch
DRUMS = {
    "Kick": (1.0, 60.0),
    "Snare": (2.0, 220.0),
    "Hi-Hat": (0.5, 6000.0),
    "Tom 1": (4.0, 130.0),
    "Floor Tom": (4.0, 90.0),
}


def microphones(seconds: float = SECONDS) -> dict[str, np.ndarray]:
    """A kit with bleed into every microphone, and a pair of overheads."""
    drums = {
        name: hits(seconds, every=every, frequency=pitch, level=0.3, seed=number)
        for number, (name, (every, pitch)) in enumerate(DRUMS.items())
    }
    # so that not all strokes fall together
    for number, name in enumerate(drums):
        drums[name] = np.roll(drums[name], number * 9000)
    kit = sum(drums.values())
    sounds = {name: drum + 0.03 * kit for name, drum in drums.items()}
    sounds["OH L"] = 0.2 * kit + 0.2 * drums["Hi-Hat"]
    sounds["OH R"] = 0.2 * kit + 0.2 * drums["Floor Tom"]
    return sounds


def recorded(folder: Path, sounds: Mapping[str, np.ndarray]) -> Session:
    """A session of these tracks, each at -23 LUFS."""
    tracks = []
    for index, (name, sound) in enumerate(sounds.items()):
        level = loudness(sound) if len(sound) > RATE else -math.inf
        careful = sound * gain(-23.0 - level) if math.isfinite(level) else sound
        path = write(folder / f"{index}.wav", careful)
        items = (clip(path, len(sound) / RATE),)
        tracks.append(Track(index=index, name=name, clips=items))
    return session(*tracks)


def chosen(*names: str) -> Callable[[], dict[str, np.ndarray]]:
    return lambda: {name: microphones()[name] for name in names}


def one_file() -> dict[str, np.ndarray]:
    sound = microphones()["Snare"]
    return dict.fromkeys(microphones(), sound)


def inverted_copies() -> dict[str, np.ndarray]:
    """Each drum a second time in opposite polarity: in the mix they leave nothing."""
    sounds = {f"{name} {1 + n}": (-1) ** n * s for name, s in microphones().items() for n in (0, 1)}
    return {name.replace("Tom 1 ", "Rack "): sound for name, sound in sounds.items()}


def inverted_bottom() -> dict[str, np.ndarray]:
    sounds = microphones()
    top = sounds.pop("Snare")
    return {"Snare Top": top, "Snare Bottom": -top, **sounds}


def with_a_click() -> dict[str, np.ndarray]:
    """A metronome on a track of its own, and one on a track that is named like a drum."""
    click = hits(SECONDS, every=0.5, frequency=1000, level=0.9, seed=9)
    return {**microphones(), "Click": click, "Cowbell": click}


def forty_tracks() -> dict[str, np.ndarray]:
    names = [
        *(f"Kick {place}" for place in ("In", "Out", "Sub", "Trig")),
        *(f"Snare {place}" for place in ("Top", "Bottom", "Side", "Sample", "2 Top", "2 Bottom")),
        *(f"Tom {number}" for number in range(1, 9)),
        *("Hi-Hat", "Hi-Hat 2", "Ride", "Ride 2", "Crash L", "Crash R", "China", "Splash"),
        *(f"OH {side}" for side in ("L", "R", "Mono", "Far L", "Far R")),
        *(f"Room {side}" for side in ("L", "R", "Mono", "Far L", "Far R", "Crush")),
        *("Cowbell", "Tambourine", "Shaker"),
    ]
    assert len(names) == 40
    of_kit = list(microphones().values())
    sounds = {}
    for place, name in enumerate(names):
        # no two are the same microphone: each hears another drum, too
        other = of_kit[(place + 1 + place // len(of_kit)) % len(of_kit)]
        sounds[name] = of_kit[place % len(of_kit)] + 0.2 * other
    return sounds


CASES: Mapping[str, Callable[[], dict[str, np.ndarray]]] = {
    "two tracks": chosen("Kick", "Snare"),
    "one side of the overheads": chosen("Kick", "OH L"),
    "one drum": chosen("Snare"),
    "no overheads": chosen(*DRUMS),
    "overheads alone": chosen("OH L", "OH R"),
    "one file for all": one_file,
    "inverted copies": inverted_copies,
    "an inverted snare bottom": inverted_bottom,
    "a click": with_a_click,
    "three seconds": lambda: microphones(3.0),
    "forty tracks": forty_tracks,
    "silence": lambda: {name: np.zeros(RATE) for name in DRUMS},
    "a sample": lambda: {name: sound[:1] for name, sound in microphones().items()},
}


@pytest.fixture(scope="module")
def sessions(tmp_path_factory) -> dict[str, Session]:
    return {
        name: recorded(tmp_path_factory.mktemp("bad"), build()) for name, build in CASES.items()
    }


def moves(plan: GainPlan) -> dict[str, float]:
    found = {}
    for track in plan.tracks:
        assert track.new_db is not None
        assert track.old_db is not None
        found[track.name] = track.new_db - track.old_db
    return found


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("method", methods.names())
@pytest.mark.parametrize("case", CASES)
def test_every_method_makes_a_finite_plan(sessions, case, method):
    plan = balance(sessions[case], Settings(method=method))
    for name, move in moves(plan).items():
        assert math.isfinite(move), name
    assert all(track.reason for track in plan.tracks)
    assert GainPlan.from_json(plan.to_json()) == plan
    assert "nan" not in plan.to_json().casefold().replace("dominance", "")


@pytest.mark.parametrize("method", ["forest", "linear"])
@pytest.mark.parametrize("case", CASES)
def test_nothing_moves_far_in_a_careful_recording(sessions, case, method):
    plan = balance(sessions[case], Settings(method=method))
    found = moves(plan)
    assert all(abs(move) <= MOST_DB for move in found.values()), found


@pytest.mark.parametrize("shift", [-18.0, 18.0])
@pytest.mark.parametrize("case", ["two tracks", "no overheads", "three seconds", "forty tracks"])
def test_the_others_of_a_track_recorded_with_another_gain_move_no_farther(sessions, case, shift):
    """Its own fader may make up for the gain. The others move together, where the drums are to stay
    as loud as they were; none has a reason to leave them, but for a sample that follows it."""
    built = sessions[case]
    first = built.tracks[0]
    careless = dataclasses.replace(first.clips[0], item_gain=gain(shift))
    tracks = (dataclasses.replace(first, clips=(careless,)), *built.tracks[1:])
    careful = moves(balance(built, Settings()))
    plan = balance(dataclasses.replace(built, tracks=tracks), Settings())
    found = moves(plan)
    for follower in (t.name for t in plan.tracks if t.reason.startswith(f"follows {first.name},")):
        assert found.pop(follower) == pytest.approx(found[first.name], abs=0.011)
    away = {name: found[name] - careful[name] for name in found}
    own = away.pop(first.name)
    common = float(np.median(list(away.values())))
    assert -0.1 <= (own - common) * math.copysign(1.0, -shift) <= abs(shift) + 0.1
    assert all(abs(move - common) <= MOST_DB for move in away.values()), away


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("method", [m for m in methods.names() if m != "random"])
def test_a_track_of_pure_dc_stays_and_moves_no_other(tmp_path, method):
    sounds = microphones()
    names = ("Kick", "Snare", "OH L")
    without = recorded(tmp_path / "a", {name: sounds[name] for name in names})
    dc = {**{name: sounds[name] for name in names}, "Tom 1": np.full(len(sounds["Kick"]), 0.5)}
    plan = balance(recorded(tmp_path / "b", dc), Settings(method=method))
    found = moves(plan)
    assert found.pop("Tom 1") == 0.0
    assert found == pytest.approx(moves(balance(without, Settings(method=method))), abs=0.5)


@pytest.mark.parametrize("stereo", [("Kick",), ("Kick", "Snare", "OH L")])
@pytest.mark.parametrize("method", ["forest", "equal-loudness", "equal-rms", "partial-loudness"])
def test_the_same_sound_on_both_sides_of_a_file_is_a_mono_file(tmp_path, method, stereo):
    sounds = {name: microphones()[name] for name in ("Kick", "Snare", "OH L")}
    built = recorded(tmp_path / "mono", sounds)
    tracks = []
    for track in built.tracks:
        samples, rate = soundfile.read(track.clips[0].source.path, dtype="float32")
        if track.name in stereo:
            samples = np.stack([samples, samples], axis=1)
        path = write(tmp_path / "stereo" / f"{track.index}.wav", samples, rate=rate)
        tracks.append(dataclasses.replace(track, clips=(clip(path, SECONDS),)))
    both = balance(session(*tracks), Settings(method=method))
    mono = balance(built, Settings(method=method))
    assert moves(both) == pytest.approx(moves(mono), abs=0.011)


def test_files_of_4_khz_are_measured(tmp_path):
    sounds = {name: microphones()[name][::12] for name in ("Kick", "Snare", "Tom 1")}
    tracks = []
    for index, (name, sound) in enumerate(sounds.items()):
        path = write(tmp_path / f"{index}.wav", sound, rate=RATE // 12)
        tracks.append(Track(index=index, name=name, clips=(clip(path, SECONDS),)))
    plan = balance(session(*tracks), Settings(method="equal-loudness"))
    assert all(track.loudness_lufs is not None for track in plan.tracks)
    assert any(moves(plan).values())


SECOND = np.arange(int(SECONDS * RATE)) / RATE
BELOW_HEARING = {
    "hum of 5 Hz": 0.5 * np.sin(2 * np.pi * 5.0 * SECOND),
    "hum of 15 Hz": 0.5 * np.sin(2 * np.pi * 15.0 * SECOND),
    "DC and hiss": 0.5 + 1e-4 * np.random.default_rng(1).standard_normal(SECOND.size),
}


@pytest.mark.parametrize("name", ["Tom 1", "Room"])
@pytest.mark.parametrize("sound", BELOW_HEARING)
@pytest.mark.parametrize("method", ["fenton-lee", "partial-loudness"])
def test_what_nobody_hears_stays_and_moves_no_other(tmp_path, method, sound, name):
    sounds = {key: microphones()[key] for key in ("Kick", "Snare", "OH L")}
    without = balance(recorded(tmp_path / "a", sounds), Settings(method=method))
    built = recorded(tmp_path / "b", {**sounds, name: BELOW_HEARING[sound]})
    *kit, added = built.tracks
    softer = dataclasses.replace(added.clips[0], item_gain=gain(-20.0))
    tracks = (*kit, dataclasses.replace(added, clips=(softer,)))
    plan = balance(dataclasses.replace(built, tracks=tracks), Settings(method=method))
    found = moves(plan)
    assert found.pop(name) == pytest.approx(0.0, abs=0.5)
    assert ("too low in frequency to be heard" in str(plan.tracks[-1].reason)) == (
        sound != "DC and hiss"
    )
    assert found == pytest.approx(moves(without), abs=0.5)


@pytest.mark.parametrize("added", ["rumble", "offset"])
def test_a_drum_with_rumble_or_an_offset_is_a_drum(tmp_path, added):
    """20 dB more of what is not heard than of the drum."""
    sounds = microphones()
    low = {"rumble": np.sin(2 * np.pi * 8.0 * SECOND), "offset": np.ones(SECOND.size)}[added]
    mixed = {**sounds, "Snare": sounds["Snare"] + 10 * np.std(sounds["Snare"]) * low}
    plan = balance(recorded(tmp_path, mixed), Settings(method="equal-rms"))
    assert "too low in frequency to be heard" not in " ".join(
        str(track.reason) for track in plan.tracks
    )


@pytest.mark.filterwarnings("error")
def test_running_gains_of_silence_leave_the_faders(sessions):
    running = Settings(
        method="cross-adaptive", write="automation", automation=Automation("running")
    )
    plan = balance(sessions["silence"], running)
    assert set(moves(plan).values()) == {0.0}
    assert not plan.automated


def test_running_gains_of_what_cannot_be_read_are_a_sentence(tmp_path):
    (tmp_path / "text.wav").write_text("no audio")
    unreadable = clip(tmp_path / "text.wav", 2.0)
    built = session(Track(index=0, name="Kick", clips=(unreadable,)))
    running = Settings(
        method="cross-adaptive", write="automation", automation=Automation("running")
    )
    with pytest.raises(InputError, match="there is nothing to follow"):
        balance(built, running)
