"""What the modes do to an engineer's mix, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from method_support import method_input, sounds

from reaper_drumgain.learn.data.human_faders import RawTrack, Song
from reaper_drumgain.learn.evidence.mixed_sessions import (
    mixed_figures,
    mixed_sessions,
    mixed_table,
    pairs,
)
from reaper_drumgain.methods.base import Method, MethodGains
from reaper_drumgain.tracks.roles import Role

ROLES = (Role("kick"), Role("snare"), Role("hi-hat"), Role("overhead"), Role("room"))


class Flat(Method):
    """All tracks at 0 dB, give or take 2 dB."""

    has_intervals = True

    def gains(self, given):
        gains = np.zeros(len(given.roles))
        return MethodGains(gains, np.stack([gains - 2.0, gains + 2.0], axis=1))


@pytest.fixture(scope="module")
def given():
    return method_input(Flat(), sounds(count=len(ROLES)), ROLES, [True] * len(ROLES))


def song_of(*mixes: list[float]) -> Song:
    tracks = tuple(RawTrack(str(role), role, True, -25.0, 1) for role in ROLES)
    gains = np.array(mixes, dtype=float)
    return Song("one", tracks, tuple(map(str, range(len(mixes)))), gains, gains[0])


def test_auto_moves_the_outlier_alone_and_all_moves_the_rest_too(given):
    song = song_of([0.5, -0.5, 8.0, 0.4, -0.6], [0.0, 0.1, 0.0, 0.2, 0.0])
    mixed = mixed_sessions(song, Flat(), [given])
    assert mixed["moved, auto"].tolist() == [0.2, 0.0]
    assert mixed["moved, all"][0] > 0.5
    assert mixed["untouched"].tolist() == [0.0, 0.0]
    # the hi-hat goes from 8 dB to the edge, 2 dB over the place of the kit
    assert mixed["as it was"][0] - mixed["auto"][0] == pytest.approx((8.0 - 2.0 - 0.4) / 5, abs=0.3)
    assert mixed["all"][0] == pytest.approx(0.06, abs=0.02)
    figures = mixed_figures({"one": mixed}, 1)
    assert figures["mixes"] == 2
    assert figures["auto minus as it was"]["mean"] < 0.0
    assert len({len(row) for row in mixed_table(figures)}) == 1


def test_faders_that_share_one_value_are_balanced_anew(given):
    song = song_of([0.0, 0.0, 0.0, 0.0, 9.0], [1.0, -1.0, 2.0, 0.5, 0.0])
    mixed = mixed_sessions(song, Flat(), [given])
    assert mixed["untouched"].tolist() == [1.0, 0.0]
    assert mixed["auto"][0] == mixed["all"][0]


def test_a_mix_without_another_engineer_says_nothing(given):
    mixed = mixed_sessions(song_of([0.0, 1.0, 2.0, 3.0, 4.0]), Flat(), [given])
    assert mixed == {}
    assert mixed_figures({"one": mixed}, 1) == {}


def test_two_sides_are_a_pair_and_two_toms_are_not():
    roles = (
        *(Role("overhead", "left"), Role("tom", "left", 1), Role("overhead", "right")),
        *(Role("tom", None, 2), Role("room", "right")),
    )
    assert pairs(roles) == ((0, 2), (1,), (0, 2), (3,), (4,))
