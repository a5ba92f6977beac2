"""The trims in the faders of the measured tracks, before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.tracks.selection import DrumTrack
from reaper_drumgain.tracks.trims import made_trim, wanted_trims
from reaper_drumgain.units import Decibel

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TrackTrims:
    """The trims of n tracks.

    Attributes
    ----------
    made
        Shape (n,): the trim in dB that is in the fader now.
    wanted
        Shape (n,): the trim in dB that is wanted.
    """

    made: Array
    wanted: Array

    @classmethod
    def none(cls, count: int) -> TrackTrims:
        """No trims of so many tracks."""
        return cls(np.zeros(count), np.zeros(count))

    def after(self, movable: NDArray[np.bool_], active: NDArray[np.bool_]) -> Array:
        """The trims that are in the faders afterwards.

        A track that may not move keeps what it has; one that is held (not ``active``) is never
        raised.

        Parameters
        ----------
        movable
            Shape (n,): tracks whose fader may move.
        active
            Shape (n,): tracks that hold their own drum.

        Returns
        -------
        ndarray
            Shape (n,): trims in dB.
        """
        made = movable & (active | (self.wanted < self.made))
        return np.where(made, self.wanted, self.made)


def track_trims(drums: Sequence[DrumTrack], trims: Mapping[str, Decibel]) -> TrackTrims:
    """The trims of the measured tracks. ``trims``: those in use, by family."""
    wanted = wanted_trims(drums, trims)
    return TrackTrims(
        np.array([made_trim(drum) for drum in drums], dtype=float),
        np.array([wanted[drum.track.index] for drum in drums], dtype=float),
    )
