"""Stems that the user rendered: taken in place of the tracks' files, checked and told."""

import dataclasses

import pytest
from balance_support import faders
from support import changed, clip, gain, hits, session, write

from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.errors import InputError
from reaper_drumgain.schema.session import Effect, Track
from reaper_drumgain.schema.settings import Settings

SECONDS = 4.0
SOUNDS = {
    "Kick": hits(SECONDS, every=0.5, frequency=60, level=0.4, seed=1),
    "Snare": hits(SECONDS, every=1.0, frequency=220, level=0.2, seed=2),
    "Hi-Hat": hits(SECONDS, every=0.25, frequency=6000, level=0.2, seed=3),
}


@pytest.fixture
def recorded(tmp_path):
    tracks = [
        Track(index=i, name=n, clips=(clip(write(tmp_path / f"{n}.wav", sound), SECONDS),))
        for i, (n, sound) in enumerate(SOUNDS.items())
    ]
    return dataclasses.replace(session(*tracks), path="/x/My Song.RPP")


def told(plan, text):
    return any(text in warning for warning in plan.warnings)


def test_a_stem_is_the_sound_of_its_track(recorded, tmp_path):
    """The instrument's stem holds what its file would: the plan is that of the plain kit."""
    plain = balance(recorded, Settings())
    synth = Effect(name="Sampler", enabled=True, instrument=True)
    built = changed(recorded, 0, clips=(), effects=(synth,))
    stems = tmp_path / "stems"
    write(stems / "My Song-Kick.wav", SOUNDS["Kick"])
    write(stems / "Guitar.wav", SOUNDS["Kick"])
    plan = balance(built, Settings(stems=str(stems)))
    assert faders(plan) == pytest.approx(faders(plain), abs=0.011)
    assert told(plan, "stems that belong to no track: 'Guitar.wav'")
    missing = changed(built, 1, effects=(Effect(name="EQ", enabled=True),))
    assert told(balance(missing, Settings(stems=str(stems))), "no stem for 'Snare'")


def test_effects_are_in_the_stem_and_its_level_counts(recorded, tmp_path):
    softer = tmp_path / "My Song"
    write(softer / "Kick.wav", gain(-4.0) * SOUNDS["Kick"])
    built = changed(recorded, 0, effects=(Effect(name="EQ", enabled=True),))
    settings = Settings(method="equal-loudness")
    plain = balance(recorded, settings)
    # in the folder with the project's name
    plan = balance(built, dataclasses.replace(settings, stems=str(tmp_path)))
    one, two = faders(plain), faders(plan)
    apart = (two["Kick"] - two["Snare"]) - (one["Kick"] - one["Snare"])
    assert apart == pytest.approx(4.0, abs=0.05)
    assert "effects" not in plan.tracks[0].flags


def test_what_does_not_fit_is_not_taken_and_told(recorded, tmp_path):
    stems = tmp_path / "stems"
    write(stems / "Kick.wav", SOUNDS["Kick"][:48_000])
    write(stems / "Snare.wav", SOUNDS["Snare"][::2], rate=24_000)
    (stems / "Hi-Hat.wav").write_bytes(b"no audio")
    built = dataclasses.replace(recorded, sample_rate=48_000)
    plan = balance(built, Settings(stems=str(stems)))
    assert told(plan, "its stem Kick.wav is not used: it has 1.0 s, the items of the track end at")
    assert told(
        plan, "its stem Snare.wav has 24000 Hz, the project 48000 Hz: it is used, resampled"
    )
    assert told(plan, "its stem Hi-Hat.wav is not used")
    assert plan.tracks[2].loudness_lufs == balance(built, Settings()).tracks[2].loudness_lufs


def test_a_stem_of_the_time_selection_lies_there(recorded, tmp_path):
    stems = tmp_path / "stems"
    write(stems / "Kick.wav", SOUNDS["Kick"][48_000:96_000])
    built = dataclasses.replace(recorded, time_selection=(1.0, 2.0))
    plan = balance(built, Settings(stems=str(stems)))
    assert not told(plan, "not taken")


@pytest.mark.parametrize(("files", "text"), [((), "holds 0 audio files"), (("Gtr",), "is named")])
def test_a_folder_without_stems_is_an_error(recorded, tmp_path, files, text):
    stems = tmp_path / "stems"
    stems.mkdir()
    for name in files:
        write(stems / f"{name}.wav", SOUNDS["Kick"])
    with pytest.raises(InputError, match=text):
        balance(recorded, Settings(stems=str(stems)))
    with pytest.raises(InputError, match="expected a folder"):
        balance(recorded, Settings(stems=str(tmp_path / "none")))
