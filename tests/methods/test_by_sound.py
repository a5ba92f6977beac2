"""The bundled ear for drums: what it tells, and what it must leave alone."""

from __future__ import annotations

import dataclasses
from importlib import resources

import numpy as np
import pytest
import soundfile as sf
from method_support import scaled
from streams import ArrayStream

from reaper_drumgain.analysis import features
from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.errors import ModelError
from reaper_drumgain.learn.data.kits import RATE
from reaper_drumgain.learn.data.other_sounds import KINDS, other_sound
from reaper_drumgain.methods import forest_file
from reaper_drumgain.methods.by_sound import COLUMNS, DRUMS, OUTPUTS, SURE, Likeness, likenesses

MEDIA = resources.files("reaper_drumgain") / "demo" / "session" / "media"


def table_of(*tracks: np.ndarray, rate: int = RATE) -> features.FeatureTable:
    streams = [ArrayStream(track.astype(np.float32), rate) for track in tracks]
    return features.feature_table(measure(streams, threads=1))


@pytest.fixture(scope="module")
def kick():
    samples, rate = sf.read(str(MEDIA / "01 Kick In.flac"), dtype="float32", always_2d=True)
    return samples[:, 0], rate


def test_a_real_kick_is_told_whatever_its_level(kick):
    samples, rate = kick
    loud, soft = likenesses(table_of(samples, scaled(samples, -25.0), rate=rate))
    assert loud.drum == soft.drum == "kick"
    assert str(loud.role) == "kick"
    assert soft.confidence == pytest.approx(loud.confidence, abs=0.05)


def test_what_else_plays_changes_nothing(kick):
    samples, rate = kick
    other = other_sound("bass", np.random.default_rng(5), len(samples) / RATE)[: len(samples)]
    alone = likenesses(table_of(samples, rate=rate))[0]
    assert likenesses(table_of(samples, 0.1 * other, rate=rate))[0] == alone


@pytest.mark.parametrize("kind", KINDS)
def test_other_sounds_are_no_drums(kind):
    tracks = [0.1 * other_sound(kind, np.random.default_rng([9, n]), 8.0) for n in range(4)]
    for likeness in likenesses(table_of(*tracks)):
        assert likeness.role is None, likeness


def test_silence_sounds_like_nothing(kick):
    samples, rate = kick
    sound, silence = likenesses(table_of(samples, np.zeros_like(samples), rate=rate))
    assert sound is not None
    assert silence is None


def test_below_the_threshold_no_role_is_taken():
    assert Likeness("kick", SURE).role is not None
    assert Likeness("kick", SURE - 1e-9).role is None


def test_a_model_for_other_drums_is_refused(kick):
    model = forest_file.load(forest_file.bundled_folder(), forest_file.BY_SOUND)
    assert (model.outputs, model.inputs, model.linear) == (OUTPUTS, COLUMNS, None)
    wrong = dataclasses.replace(model, outputs=(*DRUMS, "piano"))
    samples, rate = kick
    with pytest.raises(ModelError, match="other drums"):
        likenesses(table_of(samples, rate=rate), wrong)


def test_the_bundled_ear_never_took_another_microphone_for_a_kick():
    scores = forest_file.load(forest_file.bundled_folder(), forest_file.BY_SOUND).about["scores"]
    for direction in ("muldjord to gogodze", "gogodze to muldjord"):
        held = scores[direction]["kick"]
        assert held["found"] >= 0.8 * held["tracks"]
        assert held["microphones"] >= 100
        assert held["microphones taken for it"] == held["other sounds taken for it"] == 0
