"""How far a track lies above its role's usual level: by its strong strokes and by its loudness.

Neither of the two is the recording gain, because both depend on the playing. The level of strong
strokes leaves out how often a drum is struck, ghost notes and rests; loudness averages over all of
it. Where there are strokes, both have the same weight. With fewer strokes less is known. A close
microphone whose drum nobody strikes gives no level while others have strokes. Without strokes
anywhere (samplers, no onsets) only loudness is used.

The level of an overhead or room depends on which drums play, so it is less certain where few do:
the level of a kick alone, or of kick and snare, is that of a whole kit at a lower gain. The two
sides of a pair hear the same playing from the same place, so together they count as one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.hit_levels import STRONG_SHARE
from reaper_drumgain.analysis.hits import Strokes
from reaper_drumgain.analysis.loudness import OFFSET_DB
from reaper_drumgain.util.decibels import power_to_db

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
Intp = npt.NDArray[np.intp]

#: variance in dB^2 of either level (strokes, loudness), and of that of a single stroke
LEVEL_VARIANCE = 25.0
STROKE_VARIANCE = 100.0
#: strokes and loudness of one track differ by no more than this where a drum is played seldom, for
#: the gate of the loudness leaves the rests out;
#: a larger difference means that the microphone does not hold what its name says
AGREE_DB = 8.0
#: the quantile of the onsets of an overhead or room that is taken as the level of a strong one
FAR_STRONG_SHARE = 0.9
#: variance in dB^2 of the level of an overhead or room where one drum alone plays; of n drums it
#: is this by n^2. Onsets of some drums alone against all onsets, in performances of both kits, have
#: a root mean square of 3 to 10 dB for one drum, 3.2 to 3.9 for two, 2.0 to 2.9 for three, 1.5 to
#: 2.2 for four
FEW_DRUMS_VARIANCE = 64.0
#: onsets with less than this share of the energy of a strong one do not count
_LOUD = 0.1
#: a drum without strokes is taken to have so many
_NO_STROKE = 0.25


@dataclass(frozen=True)
class StrongStrokes:
    """Level of each track's strong strokes.

    Attributes
    ----------
    level_lufs
        Shape (tracks,): mean square on the scale of loudness, NaN where there is no stroke.
    counts
        Shape (tracks,): number of strokes of its own drum; for a track without a drum of its own,
        of all onsets at which the sound is new in it.
    close
        Shape (tracks,): which tracks have a drum of their own.
    """

    level_lufs: Float64
    counts: Intp
    close: Bool


@dataclass(frozen=True)
class LevelDeparture:
    """How far tracks lie above the usual level of their roles.

    Attributes
    ----------
    over_db
        Shape (tracks,), in dB; NaN where nothing is known.
    doubt
        Shape (tracks,): variance in dB^2 beyond that of a track with many strokes; infinite where
        nothing is known.
    """

    over_db: Float64
    doubt: Float64


def strong_strokes(energy: Float64, strokes: Strokes) -> StrongStrokes:
    """The level of the strong strokes in each track.

    A strong stroke is at a quantile of the energies: ``STRONG_SHARE`` for a track with a drum of
    its own, ``FAR_STRONG_SHARE`` for others.

    Parameters
    ----------
    energy
        Shape (tracks, onsets): mean square in a short window at each onset.
    strokes
        Which onsets are strokes of which drum.

    Returns
    -------
    StrongStrokes
        Levels and counts by track.
    """
    close = np.asarray(strokes.owners.any(axis=0))
    chosen = strokes.fresh.copy()
    for track in np.flatnonzero(close).tolist():
        chosen[track] = strokes.assigned[strokes.owners[:, track]].any(axis=0)
    level = np.full(energy.shape[0], np.nan)
    for track, own in enumerate(chosen & (energy > 0.0)):
        if own.any():
            share = STRONG_SHARE if close[track] else FAR_STRONG_SHARE
            level[track] = OFFSET_DB + power_to_db(np.quantile(energy[track, own], share))
    return StrongStrokes(level, np.asarray(chosen.sum(axis=1)), close)


def drums_playing(energy: Float64, strokes: Strokes) -> Float64:
    """How many drums make up what a track holds.

    The exponential of the entropy of the strokes by drum, so that a drum which is struck seldom
    counts less. Strong onsets that are no drum's, such as those of cymbals, count as one more drum.

    Parameters
    ----------
    energy
        Shape (tracks, onsets): mean square in a short window at each onset.
    strokes
        Which onsets are strokes of which drum.

    Returns
    -------
    array
        Shape (tracks,): number of drums; infinite where no drum has strokes.

    References
    ----------
    L. Jost, "Entropy and diversity", Oikos 113, 2006: the exponential of the entropy is the number
    of kinds that are equally frequent.
    """
    counts = strokes.counts.astype(float)
    found = np.full(energy.shape[0], np.inf)
    if not counts.any():
        return found
    others = ~strokes.assigned.any(axis=0)
    for track, own in enumerate(energy):
        fresh = strokes.fresh[track] & (own > 0.0)
        least = _LOUD * np.quantile(own[fresh], FAR_STRONG_SHARE) if fresh.any() else np.inf
        held = np.append(counts, np.count_nonzero(fresh & others & (own >= least)))
        share = held[held > 0.0] / held.sum()
        found[track] = np.exp(-(share @ np.log(share)))
    return found


def level_departure(
    strokes_over: Float64,
    loudness_over: Float64,
    counts: Intp,
    close: Bool,
    drums: Float64 | None = None,
    paired: Bool | None = None,
) -> LevelDeparture:
    """Strokes and loudness together, weighted by their variances.

    Parameters
    ----------
    strokes_over
        Shape (tracks,): level of the strong strokes over the role's usual in dB, NaN where unknown.
    loudness_over
        Shape (tracks,): the same of the gated loudness, in LU.
    counts
        Shape (tracks,): number of strokes, as in ``StrongStrokes``.
    close
        Shape (tracks,): which tracks have a drum of their own.
    drums
        Shape (tracks,): number of drums, as from ``drums_playing``. None where all play.
    paired
        Shape (tracks,): which tracks are one of two sides of a pair. None where none is.

    Returns
    -------
    LevelDeparture
        Departure in dB and its variance in dB^2.
    """
    few = LEVEL_VARIANCE + STROKE_VARIANCE / np.maximum(counts, _NO_STROKE)
    strokes = np.where(np.isfinite(strokes_over) & (counts > 0), 1.0 / few, 0.0)
    needs = close & bool((counts[close] > 0).any())
    loudness = np.where(needs, 1.0 / few, 1.0 / LEVEL_VARIANCE)
    loudness = np.where(np.isfinite(loudness_over), loudness, 0.0)
    total = strokes + loudness
    known = total > 0.0
    over = strokes * np.nan_to_num(strokes_over) + loudness * np.nan_to_num(loudness_over)
    safe = np.where(known, total, 1.0)
    apart = np.abs(np.nan_to_num(strokes_over - loudness_over)) * (strokes > 0.0)
    apart = np.maximum(apart - AGREE_DB, 0.0) / 2.0
    doubt = np.maximum(1.0 / safe - LEVEL_VARIANCE / 2.0, 0.0) + apart**2
    if drums is not None:
        doubt = doubt + np.where(close, 0.0, FEW_DRUMS_VARIANCE / drums**2)
    if paired is not None:
        doubt = np.where(paired, 2.0 * doubt + LEVEL_VARIANCE, doubt)
    return LevelDeparture(np.where(known, over / safe, np.nan), np.where(known, doubt, np.inf))
