"""Decibels and linear gains as distinct types, and their conversion.

Here single numbers are converted, with the standard library only; ``util.decibels`` does the
same for arrays. Nothing else in the package converts by itself.

Inside the package levels and gains are decibels; linear factors appear at the hosts
(a REAPER fader is a linear factor) and in audio. Silence is -inf dB and gain 0.0.
"""

from __future__ import annotations

import math
from typing import NewType

Decibel = NewType("Decibel", float)
LinearGain = NewType("LinearGain", float)

SILENCE = Decibel(-math.inf)
UNITY = LinearGain(1.0)
#: the upper end of a REAPER fader
MAX_FADER = Decibel(12.0)
#: at and below this a REAPER fader shows -inf
FADER_OFF = Decibel(-150.0)
#: a smaller change is not audible, and is shown as 0.0 dB
HEARD_DB = 0.05
#: where no move reaches this, nothing is written
NOISE_DB = 0.3


_FADER_OFF_GAIN: float = 10.0 ** (FADER_OFF / 20.0)


def to_decibel(gain: LinearGain) -> Decibel:
    """A linear gain in decibels.

    Parameters
    ----------
    gain
        A linear gain. Its sign, which is its polarity, does not count.

    Returns
    -------
    Decibel
        20 log10 of its magnitude; -inf for 0.0.

    Raises
    ------
    ValueError
        The gain is not finite.
    """
    if not math.isfinite(gain):
        raise ValueError(f"a gain must be finite, got {gain!r}")
    magnitude = abs(gain)
    return Decibel(20.0 * math.log10(magnitude)) if magnitude > 0.0 else SILENCE


def to_linear(level: Decibel) -> LinearGain:
    """A level in decibels as a linear gain.

    Parameters
    ----------
    level
        In dB.

    Returns
    -------
    LinearGain
        10^(level / 20); 0.0 for -inf.

    Raises
    ------
    ValueError
        The level is NaN or +inf, or so high that its gain overflows.
    """
    if math.isnan(level) or level == math.inf:
        raise ValueError(f"a level must be below +inf dB, got {level!r}")
    try:
        return LinearGain(math.pow(10.0, level / 20.0))
    except OverflowError:
        raise ValueError(f"a level of {level!r} dB has no finite gain") from None


def is_off(fader: float) -> bool:
    """Whether a fader's linear gain counts as -inf: nothing of it is heard."""
    return abs(fader) <= _FADER_OFF_GAIN


def power_to_decibel(power: float) -> Decibel:
    """10 log10 of a power (a mean square, or a ratio of two); 0.0 gives -inf."""
    return Decibel(10.0 * math.log10(power)) if power > 0.0 else SILENCE


def to_power(level: Decibel) -> float:
    """10^(level / 10): the power, or the ratio of two, that a level stands for."""
    return math.pow(10.0, level / 10.0)


def decibel_or_none(gain: LinearGain) -> Decibel | None:
    """The level of a gain for JSON, where a fader at -inf is null."""
    level = to_decibel(gain)
    return level if math.isfinite(level) else None
