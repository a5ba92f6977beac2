"""Strokes of each drum, recognized by the microphone that stands out.

Terms. A *drum* is what one or more close microphones stand at; a microphone's *own* drum is that
one. An onset is a *stroke* of a drum where three things hold: its own microphone stands out over
all others that hear anything different (*dominance*), the sound is new there, and it is not far
softer than the loudest onset of that microphone.

Everything scales exactly with recording gain: levels are compared with the same track only, and
ratios of two tracks with the same ratio at other onsets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.units import Decibel, to_power
from reaper_drumgain.util.decibels import power_to_db

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

#: a stroke belongs to a drum where its microphone stands out by this over every close one
DOMINANCE_DB = 10.0
#: and by this over overheads and rooms, which on small kits hear a drum nearly as well
FAR_DOMINANCE_DB = 6.0
#: levels under the track's loudest onset are cut off here
FLOOR_DB = -60.0
#: softer strokes, relative to the drum's loudest, are not used
SOFTEST_DB = -30.0
#: two microphones whose ratio spreads by less (5th to 95th percentile) hear the same things
SPREAD_DB = 12.0
#: a new stroke has at least this many times the energy of the window before it; the amplitude
#: beats of a decaying drum have less
FRESH = 2.0
#: dB relative to a microphone's loudest onset: below is only what a gate or a clean-up left
GATED_DB = -75.0
#: a microphone with this share of such onsets was cleaned: its bleed is missing, not low
GATED_SHARE = 0.15


@dataclass(frozen=True)
class Strokes:
    """The strokes of a session by drum.

    Attributes
    ----------
    names
        Names of the drums.
    owners
        Shape (drums, tracks): which close microphones stand at the drum.
    assigned
        Shape (drums, onsets): which onsets are its strokes.
    fresh
        Shape (tracks, onsets): where the sound is new in a track.
    """

    names: tuple[str, ...]
    owners: Bool
    assigned: Bool
    fresh: Bool

    @property
    def counts(self) -> npt.NDArray[np.intp]:
        """Shape (drums,): how many strokes each drum has."""
        return np.asarray(self.assigned.sum(axis=1))


def find_strokes(energy: Float64, before: Float64, drums: Sequence[str | None]) -> Strokes:
    """The strokes of each drum by the dominance of its own microphones.

    Parameters
    ----------
    energy, before
        Shape (tracks, onsets): mean squares in a short window at each onset of the kit, and in the
        window before it.
    drums
        By track, the drum that it stands at; None for overheads, rooms and whatever else owns no
        drum.

    Returns
    -------
    Strokes
        The drums in the order in which ``drums`` names them first.

    Notes
    -----
    The excess of a microphone over another at an onset is the ratio of their levels less the low
    end (10th percentile over the onsets) of that ratio. Of a microphone the smallest excess over
    all microphones that stand elsewhere and hear anything different counts; of the microphones of
    a drum the largest.
    """
    level = _floored_db(energy)
    fresh = (energy >= FRESH * before) & (energy > 0.0)
    names = tuple(dict.fromkeys(drum for drum in drums if drum is not None))
    owners = np.array([[drum == name for drum in drums] for name in names], dtype=bool)
    owners = owners.reshape(len(names), len(drums))
    far = np.array([drum is None for drum in drums], dtype=bool)
    excess = np.full((len(names), level.shape[1]), -np.inf)
    for row, own in enumerate(owners):
        handicap = np.where(far[~own], DOMINANCE_DB - FAR_DOMINANCE_DB, 0.0)
        for track in np.flatnonzero(own):
            found = _excess(level[track], level[~own], handicap)
            counts = fresh[track] & (level[track] > SOFTEST_DB)
            excess[row] = np.maximum(excess[row], np.where(counts, found, -np.inf))
    return Strokes(names, owners, excess >= DOMINANCE_DB, fresh)


def missing_bleed(energy: Float64) -> Bool:
    """Which microphones were gated or cleaned, so that their bleed is missing.

    These have more than ``GATED_SHARE`` of the onsets ``GATED_DB`` under their loudest. A
    microphone in a room with the kit hears more than that.

    Parameters
    ----------
    energy
        Shape (tracks, onsets): mean squares at the onsets.

    Returns
    -------
    array
        Shape (tracks,), booleans.
    """
    if not energy.shape[1]:
        return np.zeros(energy.shape[0], dtype=bool)
    return np.asarray((~heard_at(energy)).mean(axis=1) > GATED_SHARE)


def heard_at(energy: Float64) -> Bool:
    """At which onsets a track holds more than a closed gate or a clean-up leaves.

    Parameters
    ----------
    energy
        Shape (tracks, onsets): mean squares at the onsets.

    Returns
    -------
    array
        Shape (tracks, onsets), booleans.
    """
    loudest = energy.max(axis=1, keepdims=True, initial=0.0)
    return np.asarray(energy > loudest * to_power(Decibel(GATED_DB)))


def _floored_db(energy: Float64) -> Float64:
    """(tracks, onsets) dB under the track's loudest onset, cut off at ``FLOOR_DB``."""
    loudest = energy.max(axis=-1, keepdims=True, initial=0.0)
    ratio = np.divide(energy, loudest, out=np.zeros_like(energy), where=loudest > 0.0)
    return np.asarray(power_to_db(np.maximum(ratio, to_power(Decibel(FLOOR_DB)))))


def _excess(own: Float64, rivals: Float64, handicap: Float64) -> Float64:
    """(onsets,) how far a level stands out over each of the rivals' (rivals, onsets), with
    ``handicap`` (rivals,) in dB added."""
    if not rivals.size:
        return np.full(own.shape, -np.inf)
    ratio = own - rivals
    low, tenth, high = np.quantile(ratio, (0.05, 0.1, 0.95), axis=1)
    different = high - low >= SPREAD_DB
    if not different.any():
        return np.full(own.shape, -np.inf)
    return np.asarray((ratio - (tenth - handicap)[:, None])[different].min(axis=0))
