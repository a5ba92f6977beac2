"""How much harder than usual each drum is played, from the bleed.

A microphone away from two drums hears both through one preamp: the ratio of their strokes in it
does not depend on any recording gain. So the levels z_kj of drum k in the microphones j of others
are separated into a_k + t_j, after the usual attenuation from each drum to each microphone is
subtracted. What a_k has over its usual value is playing, up to an offset that all drums share.

A soft stroke is soft in its own microphone too. Without this correction it would be taken for a low
recording gain. The level in the own microphone follows by about half, in both kits: performances
of one kit at one recording gain, levels of kick over snare; a regression of the own microphones'
levels on a_k has slopes of 0.54 to 0.58 with correlations of 0.85 to 0.96.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.hit_levels import HitLevels
from reaper_drumgain.analysis.recording_gain import ExpectedLevels, GainModel

Float64 = npt.NDArray[np.float64]

#: standard deviation in dB of how hard drums are played, relative to each other
PLAYING_DB = 6.0
#: share of the playing that is taken off the level in a drum's own microphone: a little less than
#: the share by which this level follows
FOLLOWS = 0.45
#: bound of the estimate in dB: what lies beyond is more likely an error
MOST_DB = 6.0
#: strokes that a drum must have to count
FEWEST = 3


@dataclass(frozen=True)
class HeardAway:
    """The strokes of the drums in microphones that stand at other drums, or at none.

    Attributes
    ----------
    level_db
        Shape (drums, tracks), in dB over what is expected; NaN where a drum is not heard, and in
        its own microphones.
    variance
        Shape (drums, tracks), in dB^2.
    """

    level_db: Float64
    variance: Float64


def heard_away(levels: HitLevels, expected: ExpectedLevels, model: GainModel) -> HeardAway:
    """How loud the drums are in microphones away from them, as the mean over the bands.

    Drums with few strokes are left out.

    Parameters
    ----------
    levels
        Measured levels of the hits, arrays of shape (drums, tracks, bands).
    expected
        The usual levels of the same drums at the same microphones.
    model
        Variances of the levels.

    Returns
    -------
    HeardAway
        Levels in dB and their variances.
    """
    counts = levels.strokes.counts.astype(float)[:, None]
    away = (levels.level_db - expected.level_db).mean(axis=2)
    away = np.where(levels.strokes.owners | (counts < FEWEST), np.nan, away)
    share = np.maximum(levels.share.mean(axis=2), 1e-3)
    noise = model.stroke / np.maximum(counts, 1.0) + model.blur * (1.0 - share) / share
    return HeardAway(away, model.third_party + expected.variance + noise)


def playing_db(heard: HeardAway, usual_db: Float64, spread_db: float = PLAYING_DB) -> Float64:
    """How much harder than usual each drum is played.

    Parameters
    ----------
    heard
        The strokes of the drums in the microphones of others.
    usual_db
        Shape (drums,): level a_k of each drum in usual playing, in dB.
    spread_db
        Standard deviation of a_k in dB.

    Returns
    -------
    array
        Shape (drums,), in dB, the mean over the drums that are heard removed; 0 for drums that are
        not heard, and for all where fewer than two are.
    """
    weight = np.where(np.isfinite(heard.level_db), 1.0 / heard.variance, 0.0)
    drums = np.flatnonzero(weight.sum(axis=1) > 0.0)
    tracks = np.flatnonzero(weight.sum(axis=0) > 0.0)
    found = np.zeros(heard.level_db.shape[0])
    if drums.size < 2:
        return found
    weight = weight[np.ix_(drums, tracks)]
    level = weight * np.nan_to_num(heard.level_db[np.ix_(drums, tracks)])
    # the unknown offsets t_j are eliminated from the normal equations
    share = weight / weight.sum(axis=0)
    precision = np.diag(weight.sum(axis=1)) - share @ weight.T
    vector = level.sum(axis=1) - share @ level.sum(axis=0) - precision @ usual_db[drums]
    prior = (np.eye(drums.size) - 1.0 / drums.size) / spread_db**2
    harder = np.linalg.pinv(precision + prior, rcond=1e-9, hermitian=True) @ vector
    found[drums] = harder - harder.mean()
    return found
