"""REAPER's rules for fades, mute and item solo, and types of media sources."""

import pytest

from reaper_drumgain.schema.session import Fade
from reaper_drumgain.tracks.item_rules import item_fade, item_muted, play_rate, source_type


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((3, 0.1, 0.0, 0.5), Fade(0.1, 3, 0.5)),
        ((1.1, 0.1, 0.2, 0.0), Fade(0.2, 7, 0.0)),
        ((1, 0.1, -1.0, 2.0), Fade(0.1, 1, 1.0)),
        ((2, 0.0, 0.0, 0.5), Fade()),
    ],
    ids=["own length", "equal power, automatic crossfade", "curvature is limited", "no length"],
)
def test_fades(values, expected):
    faults: list[str] = []
    assert item_fade("in", *values, faults) == expected
    assert faults == []


@pytest.mark.parametrize("shape", [-1, 8, 99.5])
def test_an_unknown_shape_is_linear_and_said(shape):
    faults: list[str] = []
    assert item_fade("in", shape, 0.5, 0.0, 0.0, faults) == Fade(0.5)
    assert faults == [f"its fade-in has shape {int(shape)}: read as linear"]


@pytest.mark.parametrize("rate", [0.0, -1.0, 1e6])
def test_a_play_rate_that_cannot_be_meant_is_1_and_said(rate):
    faults: list[str] = []
    assert (play_rate(0.5, faults), play_rate(rate, faults)) == (0.5, 1.0)
    assert faults == [f"its play rate is {rate:g}: read as 1"]


@pytest.mark.parametrize(
    ("mute", "solo", "silent"),
    [
        (False, 0, False),
        (True, 0, True),
        (True, -1, False),
        (False, -1, False),
        (False, 1, True),
    ],
)
def test_item_solo_goes_before_mute(mute, solo, silent):
    assert item_muted(mute=mute, solo=solo) is silent


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("WAVE", ("WAVE", "file", False)),
        ("_OFFLINE_FLAC", ("FLAC", "file", True)),
        ("MIDI", ("MIDI", "midi", False)),
        ("MIDIPOOL", ("MIDI", "midi", False)),
        ("", ("", "empty", False)),
        ("EMPTY", ("EMPTY", "empty", False)),
        ("VIDEO", ("VIDEO", "file", False)),
        ("WAVPACK", ("WAVPACK", "file", False)),
        ("RPP_PROJECT", ("RPP_PROJECT", "other", False)),
    ],
)
def test_types_of_sources(written, expected):
    assert source_type(written) == expected
