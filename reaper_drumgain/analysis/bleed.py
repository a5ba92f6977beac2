"""Does a close microphone hold its own drum, or only what leaks in from the others?

At every onset of the kit each track has an energy. Where a track's energy comes from another
drum, the ratio of the two tracks' energies is at its lowest there, because nothing hears a
drum better than its own microphone: a snare hit in a tom microphone stands 30 dB under the
snare's, a tom hit 30 dB above. So the dominance of a track is how far, at its strongest
onsets, its ratio to *every* other track exceeds the low end (10th percentile) of that ratio.
Ratios of tracks are compared with themselves only: recording levels cancel.

Tracks whose ratio hardly changes hear the same things and say nothing about each other.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.loudness import Float32, Float64, quantiles
from reaper_drumgain.units import Decibel, to_power
from reaper_drumgain.util.decibels import power_to_db

#: in 10 ms steps: onsets closer than this are one; energy is summed from one step before the
#: onset, and what was there before it is measured as long
_MERGE = 3
_WINDOW = 6
#: levels under the track's loudest onset are cut off here
_FLOOR_DB = -60.0
#: onsets for the statistics of ratios
_SAMPLE = 1500
#: onsets this far under the strongest count as strongest
_NEAR_DB, _NEAREST_DB = 10.0, 6.0
#: a track is a source of bleed where it dominates by this
_SOURCE_DB = 12.0
#: what a track exceeds its sources by where it holds bleed only: at most this
_BLEED_DB = 5.0
#: spread of the ratio (5th to 95th percentile) above which two tracks hear different things
_SPREAD_DB = 12.0
_SPREAD_FAMILY_DB = 20.0
_SPREAD_BLIND_DB = 30.0


def onsets(envelope: Float32) -> npt.NDArray[np.intp]:
    """Indices of the onsets in an envelope of mean squares per 10 ms.

    Rises of 6 dB within 30 ms to within 30 dB of the loudest, the largest within 50 ms.
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
    """Levels of all tracks at the onsets of all, each relative to the track's loudest.

    ``level`` (tracks, onsets) in dB; ``fresh``: the same for what the onset adds to what was
    sounding before, -60 where that is less than half. ``low``, ``spread`` (tracks, tracks):
    10th percentile, and 5th to 95th, of the row's level less the column's.
    """

    level: Float64
    fresh: Float64
    low: Float64
    spread: Float64


def onset_levels(
    envelopes: Sequence[Float32], found: Sequence[npt.NDArray[np.intp]]
) -> OnsetLevels:
    """Compare the envelopes of all tracks (mean squares per 10 ms) at the onsets ``found`` in
    them."""
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


def dominance(
    levels: OnsetLevels, track: int, others: Sequence[int], *, near: float, spread: float
) -> float:
    """How far ``track`` stands out in dB over each of ``others`` at the best of its strongest
    onsets (those within ``near`` dB of the strongest).

    inf where none of the others hears anything different (a ratio that spreads by less than
    ``spread`` dB), or the track has no onset.
    """
    fresh = levels.fresh[track]
    strongest = fresh.max(initial=_FLOOR_DB)
    rivals = [o for o in others if o != track and levels.spread[track, o] >= spread]
    if strongest <= _FLOOR_DB or not rivals:
        return float("inf")
    chosen = np.flatnonzero(fresh >= strongest - near)
    level = levels.level
    excess = level[track, chosen] - level[rivals][:, chosen]
    excess -= levels.low[track, rivals][:, None]
    return float(excess.min(axis=0).max())


def dominances(levels: OnsetLevels, members: Sequence[int]) -> Float64:
    """The dominance of each of ``members`` over the other members in dB; NaN where none."""
    values = np.array(
        [dominance(levels, m, members, near=_NEAR_DB, spread=_SPREAD_DB) for m in members]
    )
    return np.where(np.isfinite(values), values, np.nan)


def only_bleed(
    levels: OnsetLevels, families: Sequence[Hashable] | None = None
) -> npt.NDArray[np.bool_]:
    """Which tracks hold nothing but bleed (tracks,).

    ``families``: one label per track; tracks with the same label (the microphones of one
    drum) do not explain each other away, and one labelled None explains nothing: it was not
    recorded with the others. Without labels only tracks are compared that hear very different
    things, and fewer cases are found.

    A track holds only bleed where all of its strongest onsets are explained by tracks that
    dominate on their own. In doubt it does not.
    """
    count = levels.level.shape[0]
    labels = list(range(count)) if families is None else list(families)
    if len(labels) != count:
        raise ValueError(f"families has {len(labels)} labels, expected {count}")
    spread = _SPREAD_BLIND_DB if families is None else _SPREAD_FAMILY_DB
    there = [t for t in range(count) if labels[t] is not None]
    others = [[o for o in there if labels[o] != labels[t]] for t in range(count)]
    sources = {
        t
        for t in there
        if _SOURCE_DB
        <= dominance(levels, t, others[t], near=_NEAR_DB, spread=spread)
        < float("inf")
    }
    return np.array(
        [
            dominance(
                levels, t, [o for o in others[t] if o in sources], near=_NEAREST_DB, spread=spread
            )
            <= _BLEED_DB
            for t in range(count)
        ],
        dtype=bool,
    )
