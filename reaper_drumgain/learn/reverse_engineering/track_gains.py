"""What was found of a mix: the gain of each track, and how well the gains explain the mix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from reaper_drumgain.learn.reverse_engineering.over_time import GainsOverTime

Float64 = npt.NDArray[np.float64]
Reason = Literal[
    "", "silent", "same sound as other tracks", "not heard in the mix", "uncertain", "delay"
]


@dataclass(frozen=True, slots=True)
class TrackGain:
    """The gain of one track in the mix.

    Attributes
    ----------
    name
        The track's name.
    gain_db
        Its total gain in dB, against the raw file; NaN where it is not identifiable.
    channel_gains_db
        The same for each mix channel, which shows the pan; -inf where the track is not in it.
    sign
        -1 where the polarity is inverted, 0 where unknown.
    delay_samples
        How late the track is in the mix.
    identifiable
        Whether the gain can be told.
    reason
        Why it cannot; empty where it can.
    standard_error_db
        Of ``gain_db``.
    unique_db
        The share of the track's power that no other track explains, in dB.
    contribution_db
        Its power in the mix, in dB against that of the mix.
    """

    name: str
    gain_db: float
    channel_gains_db: tuple[float, ...]
    sign: int
    delay_samples: int
    identifiable: bool
    reason: Reason
    standard_error_db: float
    unique_db: float
    contribution_db: float


@dataclass(frozen=True, slots=True)
class MixGains:
    """The gains of all tracks, and how well they explain the mix.

    Attributes
    ----------
    tracks
        One for each track.
    residual_db
        K-weighted power of the residual, in dB against that of the mix.
    condition
        Condition number of the tracks as they were fitted, aligned and each scaled to power one; 1
        where they have nothing in common.
    method
        "least squares" or "FIR, N taps".
    rate
        Sample rate in Hz.
    over_time
        Gains over time, where they were asked for.
    """

    tracks: tuple[TrackGain, ...]
    residual_db: float
    condition: float
    method: str
    rate: int
    over_time: GainsOverTime | None = None

    @property
    def gains_db(self) -> Float64:
        """Shape (tracks,): gains in dB, NaN where not identifiable."""
        return np.array([track.gain_db for track in self.tracks])
