"""The scale of envelopes that are shown like a fader: gains to the API's numbers and back."""

import math

#: the fader's scale: REAPER's slider runs 0 to 1000, 716.2 is 0 dB (see ASSUMPTIONS)
_UNITY, _LOG = 716.21785031261, 0.11512925464970229


def to_fader_scale(gain: float) -> float:
    """The number that the API uses for a gain in an envelope with fader scaling."""
    if gain <= 0.0000000298023223876953125:
        return 0.0
    return _slider_of(20 * math.log10(gain))


def _slider_of(decibel: float) -> float:
    # 1 dB steps shrink below 0 dB: an exponential curve that is 0 at -inf and has unity
    # and +12 dB where REAPER shows them; only its inverse is relied upon
    if decibel >= 0:
        return _UNITY + decibel * (1000 - _UNITY) / 12
    return _UNITY * math.exp(decibel * _LOG / 2)


def from_fader_scale(value: float) -> float:
    """The gain behind a fader-scaled number."""
    if value <= 0:
        return 0.0
    if value >= _UNITY:
        decibel = (value - _UNITY) * 12 / (1000 - _UNITY)
    else:
        decibel = math.log(value / _UNITY) * 2 / _LOG
    return 10 ** (decibel / 20)
