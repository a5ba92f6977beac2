"""How far the two sides of a pair of microphones differ, and how much of it is recording gain.

Two sides (overheads, rooms, or two microphones named as sides) hear each drum at different levels.
This has two causes. The stereo picture, which depends on where the drum stands and how the
microphones hang, is different for each drum. A preamp that is set wrong adds the same difference
to all drums in all bands. So only what all drums and all bands have in common is taken as the
preamp's, and of these differences the smallest is corrected. That is too little where the picture
points the other way, and never more than all of them agree on.

Coinciding strokes do not mix the drums up: a drum is read at onsets at which its own microphone
alone has a stroke (``alone``), as the median over them. No number depends on the gain of any other
track, and exchanging the sides only changes the signs.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.units import Decibel, to_power
from reaper_drumgain.util.decibels import power_to_db

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

#: fewest strokes of a drum, and fewest drums and bands of a pair, that are judged
MIN_STROKES, MIN_DRUMS, MIN_BANDS = 3, 2, 3
#: the drum that is in the middle of every picture. Without it the others may all stand on one side,
#: so up to this difference may be picture
CENTRE, CENTRE_DB = "kick", 3.0
#: an onset so many dB under a side's loudest in a band is not heard there
SILENT_DB = -70.0


@dataclass(frozen=True)
class PairReading:
    """What is known of the two sides of a pair.

    Attributes
    ----------
    drums
        The drums that were read.
    differences_db
        Shape (drums, bands): left less right, in dB; NaN for a band without sound.
    strokes
        From how many onsets each drum was read.
    at_hits_db
        Median over the drums of their means over the bands; NaN where no drum was read.
    amount_db
        What of it is recording gain, left less right: lower the left side by half of it and raise
        the right by half, or move one of them by all of it.
    """

    drums: tuple[Hashable, ...]
    differences_db: Float64
    strokes: tuple[int, ...]
    at_hits_db: float
    amount_db: float


def alone(
    over: Float64, families: Sequence[int], standing: Bool, limit_db: float
) -> dict[int, Bool]:
    """Onsets at which a single drum has a stroke.

    Parameters
    ----------
    over
        Shape (tracks, onsets), in dB: by how much an onset is louder than the other microphones
        predict; NaN for tracks that are not judged.
    families
        One number per track; the microphones of one drum have the same.
    standing
        Shape (tracks,): which tracks are close microphones whose drum is played.
    limit_db
        From this value of ``over`` on an onset is a stroke.

    Returns
    -------
    dict
        By family, which onsets (onsets,) are strokes of this drum alone.
    """
    strokes: dict[int, Bool] = {}
    for track in np.flatnonzero(standing).tolist():
        found = np.nan_to_num(over[track], nan=-np.inf) >= limit_db
        before = strokes.get(families[track])
        strokes[families[track]] = found if before is None else before | found
    if not strokes:
        return {}
    count = np.sum(list(strokes.values()), axis=0)
    return {family: found & (count == 1) for family, found in strokes.items()}


def read_pair(left: Float64, right: Float64, onsets: Mapping[Hashable, Bool]) -> PairReading:
    """The difference of recording gain between the two sides of a pair.

    Parameters
    ----------
    left, right
        Shape (onsets, bands): mean squares at the onsets.
    onsets
        By drum at which onsets it sounds alone, shape (onsets,), booleans.

    Returns
    -------
    PairReading
        Differences in dB, left minus right, and the part of them that is recording gain.
    """
    left = np.maximum(np.nan_to_num(left), 0.0)
    right = np.maximum(np.nan_to_num(right), 0.0)
    share = to_power(Decibel(SILENT_DB))
    heard = (left > left.max(axis=0, initial=0.0) * share) & (
        right > right.max(axis=0, initial=0.0) * share
    )
    ratio = np.full(left.shape, np.nan)
    ratio[heard] = power_to_db(left[heard] / right[heard])
    drums: list[Hashable] = []
    rows: list[Float64] = []
    strokes: list[int] = []
    for drum, where in onsets.items():
        row = np.array([_median(ratio[where, band]) for band in range(left.shape[1])])
        if np.count_nonzero(where) >= MIN_STROKES and np.isfinite(row).sum() >= MIN_BANDS:
            drums.append(drum)
            rows.append(row)
            strokes.append(int(np.count_nonzero(where)))
    table = np.array(rows).reshape(len(rows), left.shape[1])
    by_drum = np.array([row[np.isfinite(row)].mean() for row in rows])
    at_hits = float(np.median(by_drum)) if rows else float("nan")
    amount = common(table)
    if CENTRE not in drums:
        amount = float(np.sign(amount) * max(abs(amount) - CENTRE_DB, 0.0))
    return PairReading(tuple(drums), table, tuple(strokes), at_hits, amount)


def common(differences: Float64) -> float:
    """The part of the differences that all drums and bands have in common.

    Each drum counts by its mean over the bands, each band by its median over the drums.

    Parameters
    ----------
    differences
        Shape (drums, bands), in dB, NaN where nothing was heard.

    Returns
    -------
    float
        In dB. The smallest of these values where all drums and at least three bands agree in sign;
        else 0, as with fewer than two drums. One band may disagree, because a microphone that is
        turned away or of another make changes the balance of the bands. Order statistics are used
        because they rise with the level of the left side and never jump.
    """
    used = np.isfinite(differences).all(axis=0) if differences.size else np.zeros(0, dtype=bool)
    if differences.shape[0] < MIN_DRUMS or used.sum() < MIN_BANDS:
        return 0.0
    by_drum = differences[:, used].mean(axis=1)
    by_band = np.median(differences[:, used], axis=0)
    for sign in (1.0, -1.0):
        agreeing = np.sort(sign * by_band)[-MIN_BANDS:]
        smallest = min(float((sign * by_drum).min()), float(agreeing.min()))
        if smallest > 0.0:
            return sign * smallest
    return 0.0


def _median(values: Float64) -> float:
    """The median of the finite values, NaN where there are fewer than ``MIN_STROKES``."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size >= MIN_STROKES else float("nan")
