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
    """Linear gains or amplitudes in decibels.

    Parameters
    ----------
    gain
        Any shape, none negative.

    Returns
    -------
    array
        The same shape, in dB: 20 log10 of each; -inf for 0.
    """
    return np.asarray(20.0 * np.log10(gain))


def db_to_gain(level: Values) -> Values:
    """Decibels as linear gains.

    Parameters
    ----------
    level
        Any shape, in dB.

    Returns
    -------
    array
        The same shape: 10^(level / 20); 0 for -inf.
    """
    return np.asarray(10.0 ** (level / 20.0))


def power_to_db(power: Values) -> Values:
    """Powers (mean squares, or ratios of two) in decibels.

    Parameters
    ----------
    power
        Any shape, none negative.

    Returns
    -------
    array
        The same shape, in dB: 10 log10 of each; -inf for 0.
    """
    return np.asarray(10.0 * np.log10(power))


def db_to_power(level: Values) -> Values:
    """Decibels as powers, or as ratios of two powers.

    Parameters
    ----------
    level
        Any shape, in dB.

    Returns
    -------
    array
        The same shape: 10^(level / 10); 0 for -inf.
    """
    return np.asarray(10.0 ** (level / 10.0))
