"""Arrays are converted like single numbers, in their own shape and precision."""

import numpy as np
import pytest

from reaper_drumgain.units import (
    Decibel,
    LinearGain,
    power_to_decibel,
    to_decibel,
    to_linear,
    to_power,
)
from reaper_drumgain.util.decibels import db_to_gain, db_to_power, gain_to_db, power_to_db

LEVELS = np.array([[-120.0, -6.0, 0.0], [0.05, 12.0, 96.0]])


def test_arrays_agree_with_single_numbers():
    gains, powers = db_to_gain(LEVELS), db_to_power(LEVELS)
    assert gains == pytest.approx(np.vectorize(lambda x: to_linear(Decibel(x)))(LEVELS))
    assert powers == pytest.approx(np.vectorize(lambda x: to_power(Decibel(x)))(LEVELS))
    assert gain_to_db(gains) == pytest.approx(
        np.vectorize(lambda x: to_decibel(LinearGain(x)))(gains)
    )
    assert power_to_db(powers) == pytest.approx(np.vectorize(power_to_decibel)(powers))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_shape_and_precision_stay(kind):
    for convert in (db_to_gain, db_to_power, gain_to_db, power_to_db):
        made = convert(np.ones((2, 3), kind))
        assert (made.dtype, made.shape) == (kind, (2, 3))


def test_silence_is_minus_infinity():
    with np.errstate(divide="ignore"):
        assert gain_to_db(np.zeros(2)).tolist() == [-np.inf, -np.inf]
    assert db_to_gain(np.array([-np.inf])).tolist() == [0.0]
