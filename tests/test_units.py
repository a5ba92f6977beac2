import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper_drumgain.units import (
    Decibel,
    LinearGain,
    decibel_or_none,
    power_to_decibel,
    to_decibel,
    to_linear,
    to_power,
)


@given(st.floats(-120.0, 120.0))
def test_there_and_back(level):
    assert to_decibel(to_linear(Decibel(level))) == pytest.approx(level, abs=1e-9)


def test_fixed_points():
    assert to_decibel(LinearGain(1.0)) == 0.0
    assert to_linear(Decibel(20.0)) == pytest.approx(10.0)
    assert to_decibel(LinearGain(-0.5)) == pytest.approx(-6.0206, abs=1e-4)


def test_silence_is_an_explicit_case():
    assert to_decibel(LinearGain(0.0)) == -math.inf
    assert to_linear(Decibel(-math.inf)) == 0.0
    assert decibel_or_none(LinearGain(0.0)) is None


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_no_level_is_refused(bad):
    with pytest.raises(ValueError, match="must be"):
        to_decibel(LinearGain(bad))
    with pytest.raises(ValueError, match="must be"):
        to_linear(Decibel(bad))


def test_a_level_beyond_floats_is_refused():
    with pytest.raises(ValueError, match="no finite gain"):
        to_linear(Decibel(1e9))


@given(st.floats(-120.0, 120.0))
def test_powers_there_and_back(level):
    assert power_to_decibel(to_power(Decibel(level))) == pytest.approx(level, abs=1e-9)
    assert to_power(Decibel(level)) == pytest.approx(to_linear(Decibel(level)) ** 2)
    assert power_to_decibel(0.0) == -math.inf
