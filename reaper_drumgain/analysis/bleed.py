"""How far a track stands out over the others at its onsets, as a feature of the track.

At every onset of the kit each track has an energy. Where a track's energy comes from another
drum, the ratio of the two tracks' energies is at its lowest, because nothing hears a drum better
than its own microphone: a snare hit in a tom microphone is 30 dB below the same hit in the snare
microphone, a tom hit 30 dB above. So the dominance of a track is how far, at its strongest
onsets, its ratio to *every* other track exceeds the low end (10th percentile) of that ratio.
Ratios are compared only with ratios of the same two tracks: recording levels cancel.

Two tracks whose ratio hardly changes hear the same things, and their ratio gives no information.
Which tracks hold only bleed is decided in ``leakage``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.loudness import Float32, Float64, quantiles
from reaper_drumgain.units import Decibel, to_power
from reaper_drumgain.util.decibels import power_to_db

#: in steps of 10 ms: onsets that are closer count as one; the length of the window that begins one
#: step before the onset, and of the window before it
_MERGE = 3
_WINDOW = 6
#: levels under the track's loudest onset are cut off here
_FLOOR_DB = -60.0
#: onsets for the statistics of ratios
_SAMPLE = 1500
#: onsets this far under the strongest count as strongest
_NEAR_DB = 10.0
#: spread of the ratio (5th to 95th percentile) above which two tracks hear different things
_SPREAD_DB = 12.0


def onsets(envelope: Float32) -> npt.NDArray[np.intp]:
    """Find the onsets in the envelope of one track.

    An onset is a rise of 6 dB within 30 ms to a level within 30 dB of the loudest step. Of several
    within 50 ms the largest rise counts.

    Parameters
    ----------
    envelope
        Shape (steps,): mean square per 10 ms.

    Returns
    -------
    array
        Shape (onsets,): the numbers of their steps, rising.
    """
    loudest = float(envelope.max()) if envelope.size else 0.0
    if envelope.size < 4 or not loudest > 0.0:
        return np.zeros(0, dtype=np.intp)
    level = power_to_db(np.maximum(envelope / np.float32(loudest), np.float32(1e-6)))
    padded = np.concatenate([np.full(3, -60.0, dtype=np.float32), level])
    reach = 5
    rises = np.zeros(level.size + 2 * reach, dtype=np.float32)
    rise = rises[reach:-reach]
    rise[:] = level - np.minimum(np.minimum(padded[:-3], padded[1:-2]), padded[2:-1])
    candidates = np.flatnonzero((rise >= 6.0) & (level > -30.0))
    around = rises[candidates[:, None] + np.arange(2 * reach + 1)]
    found = candidates[rise[candidates] >= around.max(axis=1, initial=-np.inf)]
    return np.asarray(found)


@dataclass(frozen=True, slots=True)
class OnsetLevels:
    """Levels of all tracks at the onsets of all tracks, relative to each track's loudest onset.

    Attributes
    ----------
    level
        Shape (tracks, onsets), in dB, at least -60.
    fresh
        Shape (tracks, onsets), in dB: the level of what the onset adds to the sound before it; -60
        where that is less than half of the energy.
    low
        Shape (tracks, tracks), in dB: 10th percentile over the onsets of the level of the row's
        track less that of the column's.
    spread
        Shape (tracks, tracks), in dB: range of the same difference from the 5th to the 95th
        percentile.
    """

    level: Float64
    fresh: Float64
    low: Float64
    spread: Float64


def onset_levels(
    envelopes: Sequence[Float32], found: Sequence[npt.NDArray[np.intp]]
) -> OnsetLevels:
    """Compare the levels of all tracks at the onsets of all tracks.

    Parameters
    ----------
    envelopes
        Per track an array of shape (steps,): mean square per 10 ms. Lengths may differ.
    found
        Per track its onsets as numbers of steps, shape (own onsets,). Onsets of several tracks
        within 30 ms count as one.

    Returns
    -------
    OnsetLevels
        Levels in dB, one column per onset.
    """
    length = max(envelope.size for envelope in envelopes)
    marks = np.sort(np.concatenate(found))
    kept: list[int] = []
    for mark in marks.tolist():
        if not kept or mark - kept[-1] > _MERGE:
            kept.append(mark)
    start = np.maximum(np.array(kept, dtype=np.intp) - 1, 0)
    stop = np.minimum(start + _WINDOW, length)
    before = np.maximum(start - _WINDOW, 0)
    count = len(envelopes)
    level = np.full((count, start.size), _FLOOR_DB)
    fresh = level.copy()
    for index, envelope in enumerate(envelopes):
        total = np.zeros(length + 1)
        np.cumsum(envelope, dtype=np.float64, out=total[1 : envelope.size + 1])
        total[envelope.size + 1 :] = total[envelope.size]
        energy = total[stop] - total[start]
        loudest = energy.max(initial=0.0)
        if loudest > 0.0:
            added = energy - (total[start] - total[before])
            added = np.where(added >= 0.5 * energy, added, 0.0)
            floor = to_power(Decibel(_FLOOR_DB))
            level[index] = power_to_db(np.maximum(energy / loudest, floor))
            fresh[index] = power_to_db(np.maximum(added / loudest, floor))
    low, spread = np.zeros((count, count)), np.zeros((count, count))
    if start.size:
        sampled = level[:, :: -(-start.size // _SAMPLE)]
        for row in range(1, count):
            ratio = quantiles(sampled[row] - sampled[:row], (0.05, 0.1, 0.9, 0.95))
            low[row, :row], low[:row, row] = ratio[1], -ratio[2]
            spread[row, :row] = spread[:row, row] = ratio[3] - ratio[0]
    return OnsetLevels(level, fresh, low, spread)


def dominance(levels: OnsetLevels, track: int, others: Sequence[int]) -> float:
    """How far a track stands out over others at the best of its strongest onsets.

    The strongest onsets are those within 10 dB of the strongest.

    Parameters
    ----------
    levels
        Levels of all tracks at all onsets.
    track
        Number of the track.
    others
        Numbers of the tracks that it is compared with; its own is ignored.

    Returns
    -------
    float
        In dB. inf where none of the others hears anything different (the ratio of their levels
        spreads by less than 12 dB), or where the track has no onset.
    """
    fresh = levels.fresh[track]
    strongest = fresh.max(initial=_FLOOR_DB)
    rivals = [o for o in others if o != track and levels.spread[track, o] >= _SPREAD_DB]
    if strongest <= _FLOOR_DB or not rivals:
        return float("inf")
    chosen = np.flatnonzero(fresh >= strongest - _NEAR_DB)
    level = levels.level
    excess = level[track, chosen] - level[rivals][:, chosen]
    excess -= levels.low[track, rivals][:, None]
    return float(excess.min(axis=0).max())


def dominances(levels: OnsetLevels, members: Sequence[int]) -> Float64:
    """How far each of some tracks stands out over the rest of them (see ``dominance``).

    Parameters
    ----------
    levels
        Levels of all tracks at all onsets.
    members
        Numbers of the n tracks.

    Returns
    -------
    array
        Shape (n,), in dB; NaN where ``dominance`` is infinite.
    """
    values = np.array([dominance(levels, member, members) for member in members])
    return np.where(np.isfinite(values), values, np.nan)
