"""Gains along the path, and the offset that reaches a level."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import session, silent_clip

from reaper_drumgain.faders.levels import PathGains, offset_for
from reaper_drumgain.schema.session import Track
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.selection import select


def paths(*tracks):
    return [drum.path for drum in select(session(*tracks), Settings()).measured]


def test_a_mono_track_plays_on_both_sides_and_a_stereo_track_keeps_them_apart():
    kick = Track(index=0, name="Kick", clips=(silent_clip(),))
    room = Track(index=1, name="Room", clips=(silent_clip(),))
    gains = PathGains(paths(kick, room), (1, 2))
    mix = gains.mix(np.array([0.0, -6.0]))
    half = 10 ** (-6 / 20)
    np.testing.assert_allclose(mix, [[1.0, half, 0.0], [1.0, 0.0, half]], atol=1e-12)
    assert gains.track_of_channel.tolist() == [0, 1, 1]
    assert gains.peak_gain(0) == pytest.approx(1.0)


def test_faders_over_time_give_the_gains_of_each_moment():
    gains = PathGains(paths(Track(index=0, name="Kick", clips=(silent_clip(),))), (1,))
    over_time = gains.mix_over_time(np.array([[0.0, -20.0]]))
    np.testing.assert_allclose(over_time[:, 0], [[1.0, 0.1], [1.0, 0.1]])


@given(st.floats(-60.0, 0.0), st.floats(-60.0, 0.0))
def test_a_level_that_shifts_with_the_offset_is_reached(level, target):
    assert offset_for(lambda offset: level + offset, target) == pytest.approx(
        target - level, abs=1e-3
    )


def test_no_offset_reaches_a_level_below_tracks_that_stay_or_of_silence():
    def with_a_fixed_part(offset):
        return 10 * math.log10(10 ** (offset / 10) + 10 ** (-10 / 10))

    assert offset_for(with_a_fixed_part, -20.0) is None
    assert offset_for(with_a_fixed_part, 3.0) is not None
    assert offset_for(lambda _: -math.inf, -20.0) is None
