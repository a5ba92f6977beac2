"""Which tracks play their own drum, in the song and in sections, and why others are held."""

from __future__ import annotations

import numpy as np
import pytest
from support import RATE, clip, gain, hits, session, write

from reaper_drumgain.analysis.features import feature_table
from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.faders.activity import (
    BLEED,
    FAINT,
    SILENT,
    activity_of,
    drum_labels,
    plays_in_section,
)
from reaper_drumgain.schema.session import Track
from reaper_drumgain.schema.settings import Level, Settings
from reaper_drumgain.tracks.roles import Role

SECONDS = 16.0
ROLES = ("kick", "snare top", "hi-hat", "tom 1", "tom 2", "overhead left", "overhead right")
#: level in dB of kick, snare, hi-hat, tom 1 and tom 2 in each microphone
WAYS = {
    "kick": (0, -26, -38, -25, -22),
    "snare top": (-28, 0, -22, -20, -26),
    "hi-hat": (-36, -20, 0, -28, -34),
    "tom 1": (-24, -18, -27, 0, -16),
    "tom 2": (-20, -24, -33, -15, 0),
    "overhead left": (-14, -10, -12, -12, -13),
    "overhead right": (-14, -10, -14, -13, -12),
}


class Stream:
    """Samples (n,) as a stream of one channel."""

    channels, rate = 1, RATE

    def __init__(self, sound: np.ndarray) -> None:
        self._sound, self._place = np.asarray(sound, dtype=np.float32)[None], 0
        self.frames = self._sound.shape[1]

    def read(self, frames: int) -> np.ndarray:
        block = self._sound[:, self._place : self._place + frames]
        self._place += block.shape[1]
        return block


def kit(*, resting: tuple[str, ...] = (), noise_db: float = -90.0) -> dict[str, np.ndarray]:
    """A groove in seven microphones; the toms are struck in its second half alone."""
    drums = {
        "kick": hits(SECONDS, every=0.5, frequency=60, level=0.5, seed=1),
        "snare top": hits(SECONDS, every=0.83, frequency=220, level=0.5, seed=2),
        "hi-hat": hits(SECONDS, every=0.27, frequency=6000, level=0.2, seed=3),
        "tom 1": hits(SECONDS, every=1.1, frequency=140, level=0.5, seed=4),
        "tom 2": hits(SECONDS, every=1.3, frequency=100, level=0.5, seed=5),
    }
    for name, sound in drums.items():
        if name in resting:
            sound[:] = 0.0
        if name.startswith("tom"):
            sound[: int(SECONDS / 2 * RATE)] = 0.0
    noise = np.random.default_rng(9)
    return {
        mic: sum(gain(level) * sound for level, sound in zip(levels, drums.values(), strict=True))
        + gain(noise_db) * noise.standard_normal(int(SECONDS * RATE))
        for mic, levels in WAYS.items()
    }


def heard(sounds: dict[str, np.ndarray], roles=None):
    """The activity of the tracks, and their measurement."""
    roles = [Role.parse(name) for name in roles or sounds]
    measurement = measure([Stream(sound) for sound in sounds.values()], threads=1)
    return activity_of(roles, measurement, feature_table(measurement)), measurement


def states(sounds: dict[str, np.ndarray]) -> dict[str, str | None]:
    return dict(zip(sounds, heard(sounds)[0].states, strict=True))


def planned(sounds: dict[str, np.ndarray], folder, **wishes):
    """The plan of tracks with these names, by name."""
    tracks = [
        Track(index=n, name=name, clips=(clip(write(folder / f"{n}.wav", sound), SECONDS),))
        for n, (name, sound) in enumerate(sounds.items())
    ]
    plan = balance(session(*tracks), Settings(method="equal-loudness", **wishes))
    return {track.name: track for track in plan.tracks}


def test_close_microphones_of_one_drum_share_a_label():
    names = ("kick in", "kick out", "snare top", "overhead", "overhead")
    labels = drum_labels([Role(name) for name in names])
    assert labels[0] == labels[1]
    assert len(set(labels)) == 4


def test_tracks_recorded_elsewhere_make_no_bleed():
    assert drum_labels([Role("sample"), Role("percussion")]) == [None, None]


def test_all_that_play_are_active():
    assert set(states(kit()).values()) == {None}


def test_a_room_of_hiss_alone_is_held_and_one_that_is_flat_from_compression_is_not():
    sounds = kit()
    hiss = gain(-50.0) * np.random.default_rng(8).standard_normal(int(SECONDS * RATE))
    assert states({**sounds, "room": hiss}) == {**dict.fromkeys(sounds), "room": FAINT}
    room = np.convolve(sounds["overhead left"], np.exp(-np.arange(RATE) / (0.3 * RATE)))
    flat = np.tanh(3.0 * room[: hiss.size] / np.abs(room).max()) + hiss
    assert set(states({**sounds, "room": flat}).values()) == {None}


@pytest.mark.parametrize("resting", [("tom 1",), ("hi-hat",), ("tom 1", "tom 2")])
def test_a_microphone_whose_drum_rests_is_held(resting):
    found = states(kit(resting=resting))
    assert found == {name: BLEED if name in resting else None for name in found}


def test_what_plays_in_a_section_is_told_by_the_song():
    activity, measurement = heard(kit())
    alone = tuple((place,) for place in range(len(ROLES)))
    first = plays_in_section(activity, measurement, (0, 80), alone)
    second = plays_in_section(activity, measurement, (80, 160), alone)
    assert dict(zip(ROLES, first, strict=True)) == {
        name: not name.startswith("tom") for name in ROLES
    }
    assert second.all()


def test_a_pair_plays_where_one_side_does():
    sounds = kit()
    early = np.arange(sounds["tom 1"].size) < 10 * RATE
    # the left microphone of the tom is struck from the middle on, the right one is muted by a hand
    sounds = {**sounds, "tom 1 right": np.where(early, sounds["tom 1"], 0.2 * sounds["tom 2"])}
    roles = [*ROLES, "tom 1 right"]
    activity, measurement = heard(sounds, roles)
    pairs = tuple((3, 7) if place in (3, 7) else (place,) for place in range(len(roles)))
    plays = plays_in_section(activity, measurement, (110, 160), pairs)
    assert plays[3] == plays[7] == activity.active[3]


def test_a_leftover_item_is_too_short_to_judge_and_stays(tmp_path):
    sounds = kit()
    sounds["tom 2"] = np.zeros_like(sounds["tom 2"])
    sounds["tom 2"][5 * RATE : 5 * RATE + 16] = 0.5
    with_it = planned(sounds, tmp_path / "with")
    tom = with_it["tom 2"]
    assert FAINT in tom.flags
    assert tom.reason.startswith("too short to judge (only 0.0")
    assert tom.new_db == tom.old_db
    without = {name: sound for name, sound in sounds.items() if name != "tom 2"}
    for name, track in planned(without, tmp_path / "without").items():
        assert track.new_db == pytest.approx(with_it[name].new_db, abs=0.1)


def test_a_short_track_stays_though_the_kit_goes_down(tmp_path):
    sounds = kit()
    sounds["tom 2"] = np.zeros_like(sounds["tom 2"])
    sounds["tom 2"][5 * RATE : 5 * RATE + 16] = 0.5
    tracks = planned(sounds, tmp_path, level=Level("lufs", -30.0))
    assert tracks["kick"].new_db < -5.0
    assert tracks["tom 2"].new_db == tracks["tom 2"].old_db


def test_denormal_sound_is_silence(tmp_path):
    sounds = kit()
    sounds["tom 2"] = np.full_like(sounds["tom 2"], 1e-25)
    assert states(sounds)["tom 2"] == SILENT
    tom = planned(sounds, tmp_path)["tom 2"]
    assert SILENT in tom.flags
    assert tom.reason.startswith("silent: not raised, ")


def test_the_reason_says_what_leaks_in(tmp_path):
    tom = planned(kit(resting=("tom 1",)), tmp_path)["tom 1"]
    assert tom.reason.startswith("holds only bleed from the other drums: not raised, ")
    assert BLEED in tom.flags


def test_the_reason_says_what_cleaning_left(tmp_path):
    sounds = kit(resting=("tom 2",))
    left = np.zeros_like(sounds["tom 2"])
    for start in np.arange(0.05, 8.0, 1.0):
        part = slice(int(start * RATE), int((start + 0.05) * RATE))
        left[part] = gain(-20.0) * sounds["tom 2"][part]
    sounds["tom 2"] = left
    tom = planned(sounds, tmp_path)["tom 2"]
    assert tom.reason.startswith(
        "holds only what is left after cleaning (gate or cuts): not raised, "
    )
    assert BLEED in tom.flags


def test_the_reason_says_that_there_is_only_hiss(tmp_path):
    sounds = kit()
    noise = np.random.default_rng(1).standard_normal(sounds["tom 2"].size)
    sounds["tom 2"] = gain(-40.0) * noise
    tom = planned(sounds, tmp_path)["tom 2"]
    assert tom.reason.startswith("holds no hits, only hiss or hum: not raised, ")
    assert FAINT in tom.flags


def changed_session(name: str) -> dict[str, np.ndarray]:
    """Sessions that are odd, by what is odd."""
    sounds = kit()
    one = sounds["snare top"]
    if name == "two tracks":
        return {mic: sounds[mic] for mic in ("kick", "snare top")}
    if name == "one drum":
        return kit(resting=("kick", "hi-hat", "tom 1", "tom 2"))
    if name == "one track":
        return {"snare top": one}
    if name == "the same file":
        return dict.fromkeys(sounds, one)
    if name == "inverted copies":
        return sounds | {"snare bottom": -one, "kick out": -sounds["kick"]}
    if name == "a click among the drums":
        click = np.zeros_like(one)
        click[:: RATE // 2] = 0.8
        return sounds | {"tom 3": click}
    if name == "close only":
        return {mic: sound for mic, sound in sounds.items() if not mic.startswith("overhead")}
    if name == "3 s":
        return {mic: sound[9 * RATE : 12 * RATE] for mic, sound in sounds.items()}
    assert name == "40 tracks"
    scaled = np.random.default_rng(0).uniform(0.1, 2.0, 40)
    mics = [list(sounds)[n % len(sounds)] for n in range(40)]
    return {f"{mic}#{n}": scaled[n] * sounds[mic] for n, mic in enumerate(mics)}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "name",
    [
        *("two tracks", "one track", "one drum", "the same file", "inverted copies"),
        *("a click among the drums", "close only", "3 s", "40 tracks"),
    ],
)
def test_odd_sessions_hold_nothing_that_plays(name):
    sounds = changed_session(name)
    activity, _ = heard(sounds, [mic.partition("#")[0] for mic in sounds])
    assert activity.active.all()


@pytest.mark.filterwarnings("error")
def test_a_session_without_a_sample_is_silent():
    activity, _ = heard(dict.fromkeys(ROLES, np.zeros(0)))
    assert set(activity.states) == {SILENT}
