"""Equal loudness with other weightings than that of BS.1770.

Both weightings are a high shelf and a high-pass by R. Bristow-Johnson's "Cookbook formulae
for audio EQ biquad filter coefficients", the form in which pyloudnorm has them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from reaper_drumgain.analysis.descriptors import STEPS_PER_SECOND, WeightedEnvelope
from reaper_drumgain.analysis.loudness import Float32, Float64, gated_mean
from reaper_drumgain.methods.base import Method, MethodGains, MethodInput
from reaper_drumgain.units import Decibel, to_linear

Biquads = tuple[Float64, Float64, Float64, Float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """A frequency weighting: a high shelf and a high-pass.

    Attributes
    ----------
    shelf_db, shelf_hz
        Gain of the shelf in dB and its middle in Hz.
    pass_hz
        Corner of the high-pass in Hz.
    """

    shelf_db: float
    shelf_hz: float
    pass_hz: float

    def biquads(self, rate: int) -> Biquads:
        """The filters at a sample rate in Hz.

        Returns
        -------
        tuple
            Coefficients b and a of the shelf (Q 0.707), then b and a of the high-pass (Q 0.5), each
            of shape (3,).
        """
        return (
            *_high_shelf(self.shelf_db, self.shelf_hz, math.sqrt(0.5), rate),
            *_high_pass(self.pass_hz, 0.5, rate),
        )


#: the K-weighting of BS.1770 with its shelf raised from 4 to 10 dB
PESTANA = Curve(10.0, 1500.0, 38.0)
PESTANA_BLOCK = 0.28
FENTON_LEE = Curve(5.0, 1500.0, 130.0)
FENTON_LEE_BLOCK = 0.4


def _high_shelf(gain_db: float, frequency: float, q: float, rate: int) -> tuple[Float64, Float64]:
    a = to_linear(Decibel(gain_db / 2.0))
    w = 2.0 * math.pi * frequency / rate
    cosine, slope = math.cos(w), math.sqrt(a) * math.sin(w) / q
    b = np.array(
        [
            a * ((a + 1.0) + (a - 1.0) * cosine + slope),
            -2.0 * a * ((a - 1.0) + (a + 1.0) * cosine),
            a * ((a + 1.0) + (a - 1.0) * cosine - slope),
        ]
    )
    below = np.array(
        [
            (a + 1.0) - (a - 1.0) * cosine + slope,
            2.0 * ((a - 1.0) - (a + 1.0) * cosine),
            (a + 1.0) - (a - 1.0) * cosine - slope,
        ]
    )
    return b / below[0], below / below[0]


def _high_pass(frequency: float, q: float, rate: int) -> tuple[Float64, Float64]:
    w = 2.0 * math.pi * frequency / rate
    cosine, alpha = math.cos(w), math.sin(w) / (2.0 * q)
    b = np.array([0.5, -1.0, 0.5]) * (1.0 + cosine)
    below = np.array([1.0 + alpha, -2.0 * cosine, 1.0 - alpha])
    return b / below[0], below / below[0]


def block_loudness(envelope: Float32, block: float) -> float:
    """Gated loudness, with the gates of ITU-R BS.1770-4 and another length of blocks.

    Parameters
    ----------
    envelope
        Shape (steps,): weighted mean square per 10 ms.
    block
        Length of the blocks in seconds, a multiple of 40 ms. They overlap by 75 %.

    Returns
    -------
    float
        In LUFS. -inf for silence, NaN where there is no whole block.
    """
    width = round(block * STEPS_PER_SECOND)
    if envelope.size < width:
        return math.nan
    windows = np.lib.stride_tricks.sliding_window_view(envelope, width)[:: width // 4]
    return gated_mean(windows.mean(axis=-1, dtype=np.float64))


class _EqualWeighted(Method):
    """G = -L, L the loudness behind a weighting."""

    def __init__(self, name: str, biquads: Callable[[int], Biquads], block: float) -> None:
        self.descriptors = (WeightedEnvelope(name, biquads),)
        self._block = block

    def gains(self, given: MethodInput) -> MethodGains:
        """The negative loudness of each track, NaN where it has none."""
        envelopes = given.measurement.described[self.descriptors[0].name]
        loudness = np.array([block_loudness(envelope, self._block) for envelope in envelopes])
        return MethodGains(np.where(np.isfinite(loudness), -loudness, np.nan))


class ModifiedLoudness(_EqualWeighted):
    """The loudness that P. D. Pestana, J. D. Reiss and A. Barbosa fitted to multitracks.

    "Loudness Measurement of Multitrack Audio Content Using Modifications of ITU-R BS.1770",
    AES 134th Convention, 2013: a shelf of 10 dB and blocks of 280 ms.
    """

    def __init__(self) -> None:
        super().__init__("modified-loudness", PESTANA.biquads, PESTANA_BLOCK)


class FentonLee(_EqualWeighted):
    """The weighting that S. Fenton and H. Lee proposed, as pyloudnorm's "Fenton/Lee 1".

    "Alternative Weighting Filters for Multi-Track Program Loudness Measurement", AES 143rd
    Convention, 2017.
    """

    def __init__(self) -> None:
        super().__init__("fenton-lee", FENTON_LEE.biquads, FENTON_LEE_BLOCK)
