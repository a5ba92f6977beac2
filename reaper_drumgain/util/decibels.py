"""Decibels, linear gains and powers as NumPy arrays; ``units`` converts single numbers.

All keep the shape and the floating-point type of what they are given. A gain or power of 0
gives -inf, with NumPy's warning of a division by zero unless that is switched off.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[Any]


def gain_to_db(gain: Values) -> Values:
    """20 log10 of linear gains or amplitudes that are not negative."""
    return np.asarray(20.0 * np.log10(gain))


def db_to_gain(level: Values) -> Values:
    """10^(level / 20): the linear gains of levels in dB."""
    return np.asarray(10.0 ** (level / 20.0))


def power_to_db(power: Values) -> Values:
    """10 log10 of powers (mean squares, or ratios of two)."""
    return np.asarray(10.0 * np.log10(power))


def db_to_power(level: Values) -> Values:
    """10^(level / 10): the powers, or ratios of two, of levels in dB."""
    return np.asarray(10.0 ** (level / 10.0))
