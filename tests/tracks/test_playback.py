"""The one list of what REAPER plays differently from the files."""

from __future__ import annotations

from typing import Any

import pytest

from reaper_drumgain.schema.session import Clip, Effect, Envelope, Source, Track
from reaper_drumgain.tracks.playback import clip_differences, is_better_rendered, track_difference

FILE = Source(kind="file", format="WAVE", path="/a.wav", found=True)


def track(clip: dict[str, Any] | None = None, **fields: Any) -> Track:
    made = Clip(**{"position": 0.0, "length": 1.0, "source": FILE, **(clip or {})})
    return Track(index=0, name="Kick", clips=(made,), **fields)


DIFFERENT = {
    "stretched": {"stretched": True},
    "pitch-preserved rate": {"play_rate": 0.5, "preserve_pitch": True},
    "pitch shifted": {"pitch": -12.0},
    "spectral edits": {"spectral_edits": True},
    "take effects": {"effects": (Effect("ReaComp"),)},
    "take envelope": {"envelopes": (Envelope("pan", active=True),)},
    "automation items": {"envelopes": (Envelope("volume", active=True, pooled=True),)},
    "unsupported source": {"source": Source(kind="other", format="RPP_PROJECT")},
}


@pytest.mark.parametrize("flag", DIFFERENT)
def test_each_difference_is_told_and_rendered(flag: str) -> None:
    one = track(DIFFERENT[flag])
    assert [found.flag for found in clip_differences(one.clips[0])] == [flag]
    assert track_difference(one) is not None
    assert is_better_rendered(one)
    silent = track({**DIFFERENT[flag], "plays": False})
    assert track_difference(silent) is None
    assert not is_better_rendered(silent)


@pytest.mark.parametrize(
    "same",
    [
        {},
        {"play_rate": 0.5},
        {"preserve_pitch": True},
        {"effects": (Effect("ReaComp", enabled=False),)},
        {"envelopes": (Envelope("volume", active=True), Envelope("pan", active=False))},
    ],
)
def test_what_is_played_as_it_is_needs_no_stem(same: dict[str, Any]) -> None:
    assert track_difference(track(same)) is None
    assert not is_better_rendered(track(same))


def test_formats_that_need_an_extra_are_better_rendered() -> None:
    for name in ("WAVPACK", "VIDEO"):
        source = Source(kind="file", format=name, path="/a", found=True)
        assert track_difference(track({"source": source})) is None
        assert is_better_rendered(track({"source": source}))


def test_effects_of_the_track_are_a_difference_where_they_are_on() -> None:
    effects = (Effect("ReaComp"),)
    assert track_difference(track(effects=effects)) == "effects"
    assert track_difference(track(effects=effects, effects_enabled=False)) is None
    assert track_difference(track(effects=(Effect("x", instrument=True),))) == "an instrument"
    pooled = Envelope("pre-fx volume", active=True, pooled=True)
    assert track_difference(track(envelopes=(pooled,))) == "automation items"
