"""Filters that tracks and mix pass alike before a fit.

They do not change the gains that are estimated, only how much each frequency counts in the fit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.k_weighting import ORDER, KWeighting
from reaper_drumgain.analysis.loudness import Float32
from reaper_drumgain.errors import InputError
from reaper_drumgain.learn.reverse_engineering.recording import Sound

#: after this time the slow pole of the K-weighting (38 Hz, double) has decayed by over 200 dB
_WARM_SECONDS = 0.12
#: white noise that is added to the autocorrelation, as a share of the power
_WHITE_FLOOR = 1e-4


class Prefilter(Protocol):
    """A filter that can be started anywhere in a sound."""

    @property
    def warm(self) -> int:
        """Number of samples after which the state at the start no longer matters."""

    def start(self, channels: int) -> Callable[[Float32], Float32]:
        """A run of the filter from silence.

        Parameters
        ----------
        channels
            How many channels are filtered.

        Returns
        -------
        callable
            Filters consecutive blocks of shape (channels, n).
        """
        ...


class KPrefilter:
    """The K-weighting of ITU-R BS.1770-4.

    Parameters
    ----------
    rate
        Sample rate in Hz.

    Raises
    ------
    InputError
        There is no K-weighting for this rate.
    """

    def __init__(self, rate: int) -> None:
        try:
            self._weighting = KWeighting(rate)
        except ValueError as error:
            raise InputError(str(error)) from error
        self.rate = rate
        self.warm = round(_WARM_SECONDS * rate)

    def start(self, channels: int) -> Callable[[Float32], Float32]:
        """As ``Prefilter.start``."""
        states = [np.zeros(ORDER) for _ in range(channels)]

        def run(samples: Float32) -> Float32:
            out = np.empty_like(samples)
            for channel, piece in enumerate(samples):
                states[channel] = self._weighting.process(piece, states[channel], out[channel])
            return out

        return run


class ErrorFilter:
    """The prediction error filter of linear prediction.

    It flattens the spectrum that it was made from.

    Parameters
    ----------
    autocorrelation
        Shape (order + 1,): lags 0 to the order. A noise floor limits the gain.

    References
    ----------
    Makhoul 1975, "Linear prediction: a tutorial review", Proc. IEEE 63.
    """

    def __init__(self, autocorrelation: npt.NDArray[np.float64]) -> None:
        held = autocorrelation.copy()
        held[0] = held[0] * (1.0 + _WHITE_FLOOR) or 1.0
        order = held.size - 1
        lag = np.abs(np.subtract.outer(np.arange(order), np.arange(order)))
        self._response = np.concatenate([[1.0], -np.linalg.solve(held[lag], held[1:])])
        self.warm = order

    def start(self, channels: int) -> Callable[[Float32], Float32]:
        """As ``Prefilter.start``."""
        before = np.zeros((channels, self.warm))

        def run(samples: Float32) -> Float32:
            nonlocal before
            whole = np.concatenate([before, samples], axis=1)
            before = whole[:, whole.shape[1] - self.warm :]
            rows = [np.convolve(row, self._response, mode="valid") for row in whole]
            return np.asarray(rows if samples.shape[1] else samples, dtype=np.float32)

        return run


class Reader:
    """Reads consecutive blocks of one sound.

    Parameters
    ----------
    sound
        The sound.
    start
        The first frame that is read.
    prefilter
        Applied to what is read. None for none.
    """

    def __init__(self, sound: Sound, start: int, prefilter: Prefilter | None) -> None:
        self._sound = sound
        self._place = start
        self._run = prefilter.start(sound.channels) if prefilter else None
        if prefilter is not None and start > 0:
            self._place = start - prefilter.warm
            self.read(prefilter.warm)

    def read(self, count: int) -> Float32:
        """The next samples.

        Parameters
        ----------
        count
            How many samples per channel.

        Returns
        -------
        ndarray
            Shape (channels, count); zeros outside of the sound.
        """
        samples = self._sound.read(self._place, count)
        self._place += count
        return self._run(samples) if self._run else samples
