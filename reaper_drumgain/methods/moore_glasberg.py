"""Loudness and partial loudness of steady sounds after Moore, Glasberg and Baer.

B. C. J. Moore, B. R. Glasberg, T. Baer, "A Model for the Prediction of Thresholds, Loudness,
and Partial Loudness", J. Audio Eng. Soc. 45 (1997) 224-240; the ear's transmission and the
constants as revised in ANSI S3.4-2007. Thresholds, exponents and the form for very loud sounds
agree with the authors' published programs; the ratios of ``_DETECTION`` are read off a figure
of the paper, and were compared with nothing. Sounds are powers in bands of half an ERB
(``EDGES``), in units of 0 dB SPL, from the front in a free field, to both ears. Excitation is
in units of that of a 1 kHz tone at 0 dB SPL. Stages: transmission, excitation pattern by
rounded exponential filters whose lower skirt flattens with level, specific loudness, sum.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from reaper_drumgain.units import power_to_decibel
from reaper_drumgain.util.decibels import db_to_power, power_to_db

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

#: distance of the channels, and of the bands, on the ERB-number scale
STEP = 0.5
#: factor of specific loudness at one ear, in sone per ERB
C = 0.046871
#: excitation at threshold in quiet from 500 Hz up
QUIET = 2.31
#: above this excitation the compression is (E / 1.0707)^0.2, as revised; it was a square root
HIGH = 1e10
_HIGH_DIVISOR, _HIGH_EXPONENT = 1.0707, 0.2
#: mean power of a band that counts as none: no sound is 60 dB below hearing
_TINY = 1e-6

#: Hz, dB: free field to eardrum plus eardrum to cochlea; nothing at 1 kHz
_TRANSMISSION = np.array(
    [
        *((20, -39.6), (25, -32.0), (31.5, -25.85), (40, -21.4), (50, -18.5), (63, -15.9)),
        *((80, -14.1), (100, -12.4), (125, -10.9), (160, -9.3), (200, -7.8), (250, -6.5)),
        *((315, -4.8), (400, -3.2), (500, -2.1), (630, -0.8), (750, -0.2), (800, 0.0)),
        *((1000, 0.0), (1250, -1.3), (1500, -0.2), (1600, 0.5), (2000, 3.5), (2500, 6.4)),
        *((3000, 8.0), (3150, 8.2), (4000, 7.6), (5000, 3.7), (6000, -2.1), (6300, -3.8)),
        *((8000, -10.4), (9000, -11.7), (10000, -11.7), (11200, -10.8), (12500, -10.1)),
        *((14000, -16.2), (15000, -25.8), (16000, -29.8), (20000, -43.0)),
    ]
)
#: Hz, dB: excitation at threshold in quiet, which rises towards low frequencies
_THRESHOLD = np.array(
    [
        *((50, 28.18), (63, 23.9), (80, 19.2), (100, 15.68), (125, 12.67), (160, 10.09)),
        *((200, 8.08), (250, 6.3), (315, 5.3), (400, 4.5), (500, 3.63)),
    ]
)
#: Hz, dB: ratio of a signal to a masker at which it is just heard, per channel
_DETECTION = np.array([(50, 13.3), (100, 5.0), (300, -1.0), (400, -2.0), (1000, -3.0)])
#: dB, exponent: the compression where the low-level gain of the ear is less than full
_EXPONENT = np.array(
    [(-25, 0.26692), (-20, 0.25016), (-15, 0.23679), (-10, 0.22228), (-5, 0.21055), (0, 0.2)]
)
#: levels per ERB in dB for which the lower skirts are tabulated
_LEVELS = np.arange(20.0, 111.0, 5.0)


def erb_number(frequency: npt.ArrayLike) -> Float64:
    """The ERB number of a frequency, ``21.366 log10(0.004368 f + 1)`` (Glasberg and Moore 1990).

    Parameters
    ----------
    frequency
        In Hz, any shape.

    Returns
    -------
    array
        ERB numbers (Cams), of the same shape.
    """
    return np.asarray(21.366 * np.log10(4.368e-3 * np.asarray(frequency, dtype=np.float64) + 1.0))


def frequency_of(number: npt.ArrayLike) -> Float64:
    """The frequency of an ERB number: the inverse of ``erb_number``.

    Parameters
    ----------
    number
        ERB numbers (Cams), any shape.

    Returns
    -------
    array
        In Hz, of the same shape.
    """
    return np.asarray((10.0 ** (np.asarray(number, dtype=np.float64) / 21.366) - 1.0) / 4.368e-3)


def bandwidth(frequency: npt.ArrayLike) -> Float64:
    """The equivalent rectangular bandwidth (ERB) of the auditory filter at a frequency.

    Parameters
    ----------
    frequency
        In Hz, any shape.

    Returns
    -------
    array
        ``24.673 (0.004368 f + 1)`` in Hz (Glasberg and Moore 1990), of the same shape.
    """
    return np.asarray(24.673 * (4.368e-3 * np.asarray(frequency, dtype=np.float64) + 1.0))


#: centres of the channels, and of the bands, in Hz: 1.8 to 38.8 on the ERB-number scale
CENTRES: Float64 = frequency_of(np.arange(1.8, 38.9, STEP))
#: edges of the bands in Hz
EDGES: tuple[float, ...] = tuple(
    frequency_of(np.arange(1.8 - STEP / 2, 38.9 + STEP / 2, STEP)).tolist()
)


def _interpolated(table: Float64, at: Float64) -> Float64:
    return np.asarray(np.interp(np.log(at), np.log(table[:, 0]), table[:, 1]))


class Ear:
    """The model's fixed parts. Immutable."""

    def __init__(self) -> None:
        self._transmission = db_to_power(_interpolated(_TRANSMISSION, CENTRES))
        threshold_db = _interpolated(_THRESHOLD, CENTRES)
        self.quiet: Float64 = db_to_power(threshold_db)
        gain_db = power_to_decibel(QUIET) - threshold_db
        self._gain = QUIET / self.quiet
        self._exponent = np.interp(gain_db, _EXPONENT[:, 0], _EXPONENT[:, 1])
        self._constant = _constants(self._exponent)
        self._detection = db_to_power(_interpolated(_DETECTION, CENTRES))
        # (bands, channels): how far a band lies from a channel's centre, as a share of it
        away = (CENTRES[:, None] - CENTRES) / CENTRES
        sharpness = 4.0 * CENTRES / bandwidth(CENTRES)
        reference = 4.0 * 1000.0 / float(bandwidth(1000.0))
        above = _roex(sharpness * np.maximum(away, 0.0))
        self._upper: Float32 = np.where(away >= 0.0, above, 0.0).astype(np.float32)
        lower = []
        for level in _LEVELS:
            slope = sharpness - 0.35 * sharpness / reference * (level - 51.0)
            lower.append(np.where(away < 0.0, _roex(slope * np.maximum(-away, 0.0)), 0.0))
        skirts = np.stack(lower, axis=1).reshape(-1, CENTRES.size)
        self._lower: Float32 = np.ascontiguousarray(skirts, dtype=np.float32)

    def excitation(self, powers: npt.NDArray[np.floating]) -> Float32:
        """Excitation patterns of sounds.

        Each band's own level within one ERB decides how far it spreads upwards.

        Parameters
        ----------
        powers
            Power per band relative to 0 dB SPL, shape (sounds, bands).

        Returns
        -------
        array
            Shape (sounds, channels), relative to the excitation by a 1 kHz tone of 0 dB SPL.
        """
        inner = (powers * self._transmission).astype(np.float32)
        around = inner.copy()
        around[:, 1:] += inner[:, :-1] / 2
        around[:, :-1] += inner[:, 1:] / 2
        level = power_to_db(np.maximum(around * (1.0 / (2.0 * STEP)), np.float32(_TINY)))
        place = np.clip((level - _LEVELS[0]) / (_LEVELS[1] - _LEVELS[0]), 0, _LEVELS.size - 1)
        places = np.arange(_LEVELS.size, dtype=np.float32)
        hats = np.maximum(1 - np.abs(place.astype(np.float32)[..., None] - places), 0)
        hats *= inner[..., None]
        return np.asarray(hats.reshape(len(inner), -1) @ self._lower + inner @ self._upper)

    def loudness(self, excitation: npt.NDArray[np.floating]) -> Float64:
        """Loudness of sounds in quiet (Moore, Glasberg and Baer 1997).

        Parameters
        ----------
        excitation
            Excitation patterns as ``excitation`` gives them, shape (sounds, channels).

        Returns
        -------
        array
            Shape (sounds,), in sone.
        """
        return self.partial_loudness(excitation, np.zeros_like(excitation))

    def partial_loudness(
        self, excitation: npt.NDArray[np.floating], masker: npt.NDArray[np.floating]
    ) -> Float64:
        """Loudness of sounds in the presence of a masker (Moore, Glasberg and Baer 1997).

        Parameters
        ----------
        excitation
            Excitation patterns as ``excitation`` gives them, shape (sounds, channels).
        masker
            Excitation patterns of what is heard at the same time, of the same shape.

        Returns
        -------
        array
            Shape (sounds,), in sone.

        Notes
        -----
        Equations 17 to 20 of the paper, in which the compression is (G E + A)^a where both
        together are up to 1e10, and that of ANSI S3.4-2007 where they are above.
        """
        signal = np.maximum(excitation.astype(np.float64), _TINY)
        noise = masker.astype(np.float64)
        total = signal + noise
        threshold = self._detection * noise + self.quiet
        high = total > HIGH
        at_quiet = (QUIET + self._constant) ** self._exponent
        at_zero = self._constant**self._exponent

        def compressed(value: Float64) -> Float64:
            low: Float64 = (self._gain * value + self._constant) ** self._exponent
            if not high.any():
                return low
            return np.where(high, (value / _HIGH_DIVISOR) ** _HIGH_EXPONENT + at_zero, low)

        over_noise = compressed(noise + threshold)
        above = compressed(total) - at_zero
        above -= (over_noise - at_quiet) * (threshold / signal) ** 0.3
        faint = signal < threshold
        if faint.any():
            noise_alone = compressed(noise)
            below = (2.0 * signal / (signal + threshold)) ** 1.5 * (at_quiet - at_zero)
            below *= (compressed(total) - noise_alone) / (over_noise - noise_alone)
            above = np.where(faint, below, above)
        return np.asarray(2.0 * C * STEP * np.maximum(above, 0.0).sum(axis=1))


def _roex(distance: Float64) -> Float64:
    return np.asarray((1.0 + distance) * np.exp(-distance))


def _constants(exponents: Float64) -> Float64:
    """A for each exponent: a sound at threshold is equally loud at every frequency."""
    a = 2.0 * QUIET
    wanted = (QUIET + a) ** 0.2 - a**0.2
    low, high = np.full_like(exponents, 1.0), np.full_like(exponents, 100.0)
    for _ in range(60):
        middle = (low + high) / 2.0
        less = (QUIET + middle) ** exponents - middle**exponents > wanted
        low, high = np.where(less, middle, low), np.where(less, high, middle)
    return np.asarray((low + high) / 2.0)
