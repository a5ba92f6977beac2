"""A track's level is that of its microphone as it reaches the master, in whatever file it lies."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import reference_mixer
from balance_support import faders, loudness
from support import RATE, changed, clip, gain, session, write

from reaper_drumgain import methods
from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.schema.session import Clip, Send, Session, Track
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.units import Decibel

SECONDS = 6.0
every_method = pytest.mark.parametrize("name", methods.names())
#: methods that say where faders stand, whatever is recorded
SET_FADERS = ("unity", "role-mean", "random")
follows_levels = pytest.mark.parametrize(
    "name", [name for name in methods.names() if name not in SET_FADERS]
)


def balance_gains(pan: float, law: float) -> np.ndarray:
    """Left and right under REAPER's balance pan: (2, 1)."""
    centre = law + (1.0 - law) * abs(pan)
    return centre * np.array([[min(1.0, 1.0 - pan)], [min(1.0, 1.0 + pan)]])


def at_the_master(built: Session, track: Track, fader_db: float) -> np.ndarray:
    """A track alone at the master's input, mixed sample by sample (2, samples)."""
    raw = reference_mixer.mix(track, RATE, 0.0, SECONDS)

    def onward(audio: np.ndarray, track: Track, fader: float) -> np.ndarray:
        law = built.pan_law if track.pan_law is None else track.pan_law
        audio = audio * fader * balance_gains(track.pan, law)
        total = np.zeros_like(audio)
        parent = None if track.parent is None else built.tracks[track.parent]
        total += audio if parent is None else onward(audio, parent, parent.fader)
        for send in built.sends:
            if send.source == track.index:
                target = built.tracks[send.target]
                total += onward(audio * send.gain, target, target.fader)
        return total

    return onward(raw, track, gain(fader_db))


@pytest.fixture(scope="module")
def routed(kit, tmp_path_factory) -> Session:
    """Mono, dual-mono and stereo tracks under pans, pan laws, a folder and parallel buses."""
    folder = tmp_path_factory.mktemp("routed")
    _, sounds = kit
    hat, snare = sounds["Hi-Hat"], sounds["Snare Top"]
    room = np.stack([sounds["OH L"] + 0.3 * hat, 0.4 * sounds["OH R"] + snare])
    audio = {
        "Kick In": sounds["Kick"],
        "Snare Top": np.stack([snare, snare]),
        "Hi-Hat": hat,
        "Tom 1": 0.5 * (sounds["OH L"] - 0.3 * sounds["Kick"]),
        "Overhead": np.stack([sounds["OH L"], sounds["OH R"]]),
        "Room": room,
    }
    clips = {
        name: (clip(write(folder / f"{name}.wav", sound.T), SECONDS),)
        for name, sound in audio.items()
    }
    tracks = (
        Track(index=0, name="Drums", folder=True, fader=gain(-3.0), pan=0.2),
        Track(index=1, name="Kick In", parent=0, pan_law=0.5, clips=clips["Kick In"]),
        Track(index=2, name="Snare Top", parent=0, clips=clips["Snare Top"]),
        Track(index=3, name="Hi-Hat", pan=-1.0, clips=clips["Hi-Hat"]),
        Track(index=4, name="Tom 1", pan=0.4, clips=clips["Tom 1"]),
        Track(index=5, name="Overhead", pan_law=gain(-3.0), clips=clips["Overhead"]),
        Track(index=6, name="Room", pan=-0.5, fader=gain(3.0), clips=clips["Room"]),
        Track(index=7, name="Drum Bus", fader=gain(-3.0)),
        Track(index=8, name="Kit Bus", fader=gain(2.0), pan=-0.3),
    )
    sends = (
        Send(source=4, target=7),
        Send(source=5, target=8, gain=gain(-6.0)),
        Send(source=1, target=8, mode="pre-fader", gain=gain(-40.0)),
    )
    return dataclasses.replace(session(*tracks), sends=sends)


def test_equal_loudness_is_equal_at_the_master(routed):
    plan = balance(routed, Settings(method="equal-loudness"))
    assert not {"limited", "bleed only"} & {flag for t in plan.tracks for flag in t.flags}
    silent_send = dataclasses.replace(routed, sends=routed.sends[:2])
    levels = {
        t.name: loudness(at_the_master(silent_send, routed.tracks[t.index], t.new_db))
        for t in plan.tracks
    }
    assert len(levels) == 6
    assert max(levels.values()) - min(levels.values()) < 0.05, levels
    for track in plan.tracks:
        told = track.loudness_lufs + track.path_db + track.new_db
        assert told == pytest.approx(levels[track.name], abs=0.02), track.name


@follows_levels
def test_what_the_path_gives_is_taken_off_the_fader_in_full(routed, name):
    plain = balance(routed, Settings(method=name))
    for change in ({"fader": gain(2.0)}, {"pan": -0.4}):
        moved = balance(changed(routed, 0, **change), Settings(method=name))
        assert moved.tracks[0].path_db != plain.tracks[0].path_db
        ways = []
        for one, other in zip(plain.tracks, moved.tracks, strict=True):
            ways.append(other.new_db + other.path_db - one.new_db - one.path_db)
        # the level of the whole kit carries no meaning for a method
        assert max(ways) - min(ways) < 0.05, (change, ways)


@follows_levels
def test_what_effects_were_measured_to_add_is_taken_off_in_full(routed, name):
    plain = balance(routed, Settings(method=name))
    played = balance(changed(routed, 3, effects_db=Decibel(4.0)), Settings(method=name))
    shifts = {
        other.name: other.new_db - one.new_db
        for one, other in zip(plain.tracks, played.tracks, strict=True)
    }
    wet = shifts.pop("Hi-Hat")
    assert max(shifts.values()) - min(shifts.values()) < 0.05, shifts
    assert wet - shifts["Kick In"] == pytest.approx(-4.0, abs=0.05)
    (hat,) = (track for track in played.tracks if track.name == "Hi-Hat")
    assert "+4.0 dB added by its effects subtracted" in hat.reason


def test_unity_counts_no_effects_either(routed):
    plan = balance(changed(routed, 3, effects_db=Decibel(4.0)), Settings(method="unity"))
    assert np.ptp([track.new_db for track in plan.tracks]) < 0.011
    assert not any("effects" in track.reason for track in plan.tracks)


@pytest.mark.parametrize("name", SET_FADERS)
def test_methods_that_set_faders_set_them_whatever_the_path_gives(routed, name):
    plain = balance(routed, Settings(method=name))
    assert np.ptp([track.path_db for track in plain.tracks]) > 2.0
    for change in ({"fader": gain(2.0)}, {"pan": -0.4}, {"fader": gain(-60.0)}):
        moved = faders(balance(changed(routed, 0, **change), Settings(method=name)))
        apart = [moved[track.name] - track.new_db for track in plain.tracks]
        # the level of the whole kit is a setting
        assert max(apart) - min(apart) < 0.011, change
    assert name != "unity" or np.ptp([track.new_db for track in plain.tracks]) < 0.011


def test_unity_leaves_faders_at_0_db_where_they_are(routed):
    level = routed
    for track in routed.tracks:
        level = changed(level, track.index, fader=gain(0.0))
    plan = balance(level, Settings(method="unity"))
    assert [track.new_db for track in plan.tracks] == [0.0] * 6


def test_a_closed_path_is_none_to_make_up_for(routed):
    """A folder at -60 dB is in effect muted; a kick in it must not be raised by 60 dB."""
    plain = faders(balance(routed, Settings(method="equal-loudness")))
    closed = balance(changed(routed, 0, fader=gain(-60.0)), Settings(method="equal-loudness"))
    assert "limited" not in {flag for track in closed.tracks for flag in track.flags}
    moved = faders(closed)
    assert abs(moved["Kick In"] - plain["Kick In"]) < 15.0
    others = ("Hi-Hat", "Tom 1", "Overhead", "Room")
    shifts = [moved[name] - plain[name] for name in others]
    assert max(shifts) - min(shifts) < 0.05


def as_dual_mono(folder: Path, one: Clip, sound: np.ndarray, name: str) -> tuple[Clip, ...]:
    return (clip(write(folder / f"{name} twice.wav", np.stack([sound, sound], 1)), SECONDS),)


def with_a_take_pan(folder: Path, one: Clip, sound: np.ndarray, name: str) -> tuple[Clip, ...]:
    return (dataclasses.replace(one, take_pan=0.01),)


def beside_a_silent_stereo_item(
    folder: Path, one: Clip, sound: np.ndarray, name: str
) -> tuple[Clip, ...]:
    silence = write(folder / f"{name} silence.wav", np.zeros((RATE, 2)))
    return (one, clip(silence, 1.0, position=SECONDS + 1.0))


def under_a_silent_stereo_item(
    folder: Path, one: Clip, sound: np.ndarray, name: str
) -> tuple[Clip, ...]:
    silence = write(folder / f"{name} silence.wav", np.zeros((2 * RATE, 2)))
    return (one, clip(silence, 2.0, position=1.0))


FILES = (as_dual_mono, with_a_take_pan, beside_a_silent_stereo_item, under_a_silent_stereo_item)


@every_method
@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("which", [("Kick",), ("OH L",), ("Kick", "Snare Top", "OH L", "OH R")])
def test_one_microphone_gets_one_fader_in_any_file(kit, tmp_path, name, file, which):
    built, sounds = kit
    plain = faders(balance(built, Settings(method=name)))
    other = built
    for track in built.tracks:
        if track.name in which:
            made = file(tmp_path, track.clips[0], sounds[track.name], track.name)
            other = changed(other, track.index, clips=made)
    again = faders(balance(other, Settings(method=name)))
    # the trees of the plain form step at levels
    close = 0.1 if name == "forest-multioutput" else 0.05
    for track, level in plain.items():
        assert again[track] == pytest.approx(level, abs=close), track
