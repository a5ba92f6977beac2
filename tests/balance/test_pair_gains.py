"""The two sides of a pair make one move, but for what a method sets right between them."""

from dataclasses import replace

import numpy as np
import pytest
from support import clip, hits, session, write

from reaper_drumgain import methods
from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.methods.base import Method, MethodGains
from reaper_drumgain.schema.session import Track
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.units import Decibel, to_linear

NAMES = ("Kick", "Snare", "OH L", "OH R")


class Pairs(Method):
    """Kick up by 2 dB, and a difference of ``apart`` between the overheads."""

    def __init__(self, apart: float) -> None:
        self.apart = apart

    def gains(self, given):
        half = self.apart / 2.0
        pair = np.array([0.0, 0.0, half, -half])
        return MethodGains(np.array([2.0, 0.0, 0.0, 0.0]) + pair, pair_db=pair)


@pytest.fixture
def kit(tmp_path):
    tracks = []
    for index, name in enumerate(NAMES):
        sound = hits(4.0, every=0.5, frequency=60.0 * 2**index, level=0.2, seed=index)
        path = write(tmp_path / f"{index}.wav", sound)
        tracks.append(Track(index=index, name=name, clips=(clip(path, 4.0),)))
    return session(*tracks)


def faders(built, monkeypatch, apart, **settings):
    monkeypatch.setattr(methods, "create", lambda _name: Pairs(apart))
    return {t.name: t.new_db for t in balance(built, Settings(**settings)).tracks}


def with_faders(built, values):
    return replace(
        built,
        tracks=tuple(
            replace(track, fader=to_linear(Decibel(values[track.name]))) for track in built.tracks
        ),
    )


def test_a_difference_that_sets_the_sides_right_survives(kit, monkeypatch):
    found = faders(kit, monkeypatch, -6.0)
    assert found["OH L"] - found["OH R"] == pytest.approx(-6.0, abs=0.02)
    again = faders(with_faders(kit, found), monkeypatch, -6.0)
    assert again == pytest.approx(found, abs=0.02)


def test_it_takes_the_place_of_what_the_faders_differed_by(kit, monkeypatch):
    before = with_faders(kit, dict.fromkeys(NAMES, 0.0) | {"OH L": -3.0})
    found = faders(before, monkeypatch, -6.0)
    assert found["OH L"] - found["OH R"] == pytest.approx(-6.0, abs=0.02)
    kept = faders(before, monkeypatch, 0.0)
    assert kept["OH L"] - kept["OH R"] == pytest.approx(-3.0, abs=0.02)


def test_half_the_amount_is_half_the_way(kit, monkeypatch):
    found = faders(kit, monkeypatch, -6.0, amount=50.0)
    assert found["OH L"] - found["OH R"] == pytest.approx(-3.0, abs=0.02)


def test_a_volume_group_stays_as_one(kit, monkeypatch):
    tracks = [
        replace(track, volume_groups=(1,)) if "OH" in track.name else track for track in kit.tracks
    ]
    found = faders(replace(kit, tracks=tuple(tracks)), monkeypatch, -6.0)
    assert found["OH L"] == pytest.approx(found["OH R"], abs=0.02)
