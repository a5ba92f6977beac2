"""From recording gains to what is undone at the faders.

    undone = E[g] + SHARE trust clip(rest, +-LIMIT_DB),    rest = departure - E[g]

g: the recording gain (``analysis.recording_gain``), E[g] its expected value. The departure is
how far a track's strokes and loudness lie above its role's usual level. The part of it that is no
recording gain counts as playing and taste. Of this a small, bounded share is undone, less where
the level is uncertain (``trust``). Raising one track's raw level raises E[g] by at most as much, so
that its fader never rises; a sweep over all sessions here is among the tests.

The two sides of a pair are corrected by what all drums and bands have in common of their difference
(``analysis.stereo_pairs``), neither by more nor by less: the rest belongs to the picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.hit_levels import HitLevels
from reaper_drumgain.analysis.level_departure import (
    LEVEL_VARIANCE,
    LevelDeparture,
    drums_playing,
    level_departure,
    strong_strokes,
)
from reaper_drumgain.analysis.playing import FOLLOWS, MOST_DB, heard_away, playing_db
from reaper_drumgain.analysis.recording_gain import (
    ExpectedLevels,
    GainModel,
    RecordingGainEstimate,
    bleed_evidence,
    infer_recording_gain,
)
from reaper_drumgain.methods.drum_responses import DrumResponses
from reaper_drumgain.methods.microphone_places import drum_key
from reaper_drumgain.methods.session_levels import SessionLevels, session_hits
from reaper_drumgain.methods.side_pairs import pair_sides, with_pairs
from reaper_drumgain.tracks.roles import Role

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
Intp = npt.NDArray[np.intp]

SHARE = 0.2
LIMIT_DB = 4.0
#: by role, variance in dB^2 of how near a microphone stands to everything; of others the last
_PLACEMENT = {
    "kick": 64.0,
    "kick in": 64.0,
    "kick out": 64.0,
    "sub kick": 64.0,
    "room": 16.0,
    "snare bottom": 16.0,
}
_PLACEMENT_ELSE = 6.0


@dataclass(frozen=True)
class GainDecision:
    """What the levels of a session say.

    Attributes
    ----------
    undone_db
        Shape (n,), in dB: what is taken off the faders. Its common offset carries no meaning.
    gain
        The recording gains.
    departure
        How far the levels lie above the usual.
    pair_db
        Shape (n,), in dB: the part of ``undone_db`` by which the sides of a pair differ; 0 for
        tracks of no pair, or of one that could not be read.
    """

    undone_db: Float64
    gain: RecordingGainEstimate
    departure: LevelDeparture
    pair_db: Float64


def decide(
    levels: SessionLevels,
    responses: DrumResponses,
    usual_lufs: Mapping[str, float],
    *,
    hits: HitLevels | None = None,
    model: GainModel | None = None,
) -> GainDecision:
    """What of the recorded levels is undone.

    Parameters
    ----------
    levels
        The sounding tracks of a session.
    responses
        How microphones usually hear the drums.
    usual_lufs
        By role name, the loudness in LUFS that it is usually recorded at.
    hits
        Those of ``session_hits``, where they are known already.
    model
        Variances and priors. None for those of the shipped model.

    Returns
    -------
    GainDecision
        By track, in dB.
    """
    hits = hits or session_hits(levels)
    departure = session_departure(levels, responses, usual_lufs, hits)
    sides = np.where(pair_sides(levels.roles), 2.0, 1.0)
    placement = placement_variances(levels.roles) + responses.gauge_variance(levels.microphones)
    gain = infer_recording_gain(
        bleed_evidence(hits, _expected(levels, responses, hits, sides), model),
        departure,
        placement * sides,
        responses.widenings([role.name for role in levels.roles]),
        model,
    )
    undone = undone_db(gain.mean_db, departure)
    undone, pair = with_pairs(undone, levels, hits.strokes)
    return GainDecision(undone, gain, departure, pair)


def placement_variances(roles: Sequence[Role]) -> Float64:
    """How much the level of a microphone varies with where it stands, for all drums alike.

    Parameters
    ----------
    roles
        The roles of n tracks.

    Returns
    -------
    array
        Shape (n,): variance in dB^2.
    """
    return np.array([_PLACEMENT.get(role.name, _PLACEMENT_ELSE) for role in roles])


def session_departure(
    levels: SessionLevels,
    responses: DrumResponses,
    usual_lufs: Mapping[str, float],
    hits: HitLevels,
) -> LevelDeparture:
    """How far each track lies above its role's usual level, without what is known to be playing.

    Parameters
    ----------
    levels
        The sounding tracks of a session; held ones say nothing.
    responses
        How microphones usually hear the drums.
    usual_lufs
        By role name, the loudness in LUFS that it is usually recorded at.
    hits
        Those of ``session_hits``.

    Returns
    -------
    LevelDeparture
        By track, in dB.
    """
    found = departure_as_played(levels, responses, usual_lufs, hits)
    harder = hits.strokes.owners.T @ session_playing(levels, responses, hits)
    return replace(found, over_db=found.over_db - FOLLOWS * harder)


def departure_as_played(
    levels: SessionLevels,
    responses: DrumResponses,
    usual_lufs: Mapping[str, float],
    hits: HitLevels,
) -> LevelDeparture:
    """As ``session_departure``, however hard or softly the drums are played."""
    energy = levels.energy.sum(axis=2)
    strong = strong_strokes(energy, hits.strokes)
    usual = np.array([usual_lufs[role.name] for role in levels.roles])
    usual = np.where(levels.held, np.nan, usual)
    return level_departure(
        strong.level_lufs - responses.stroke_rise(levels.microphones) - usual,
        levels.loudness_lufs - usual,
        strong.counts,
        strong.close,
        drums_playing(energy, hits.strokes),
        pair_sides(levels.roles),
    )


def session_playing(
    levels: SessionLevels, responses: DrumResponses, hits: HitLevels, model: GainModel | None = None
) -> Float64:
    """How much harder than usual each drum is played: see ``analysis.playing``.

    Parameters
    ----------
    levels
        The sounding tracks of a session.
    responses
        How microphones usually hear the drums.
    hits
        Those of ``session_hits``.
    model
        Variances of the levels. None for those of the shipped model.

    Returns
    -------
    array
        Shape (drums,), in dB, at most ``MOST_DB`` to either side.
    """
    heard = heard_away(hits, _expected(levels, responses, hits), model or GainModel())
    usual = responses.drum_levels([drum_key(name) for name in hits.strokes.names])
    return np.clip(playing_db(heard, usual), -MOST_DB, MOST_DB)


def _expected(
    levels: SessionLevels,
    responses: DrumResponses,
    hits: HitLevels,
    factor: Float64 | None = None,
) -> ExpectedLevels:
    """What the microphones should hear of the session's drums. ``factor`` (n,): on the variance
    with which a microphone hears the drums of others."""
    keys = [drum_key(name) for name in hits.strokes.names]
    found = responses.expected(levels.microphones, keys)
    if factor is None:
        return found
    more = (factor - 1.0) * (GainModel().third_party + found.variance)
    return replace(found, variance=found.variance + more)


def undone_db(
    recording_gain_db: Float64,
    departure: LevelDeparture,
    share: float = SHARE,
    limit_db: float = LIMIT_DB,
) -> Float64:
    """How much of the recorded levels the faders undo, the two sides of a pair not yet matched.

    Parameters
    ----------
    recording_gain_db
        Shape (n,): the expected recording gain of each track in dB.
    departure
        How far each track lies above the usual level of its role, and how uncertain that is.
    share
        How much of the rest, which counts as playing and taste, is undone, 0 to 1.
    limit_db
        Bound of the rest in dB.

    Returns
    -------
    array
        Shape (n,), in dB, to be subtracted from the faders: see the formula of the module.
    """
    over, doubt = departure.over_db, departure.doubt
    known = np.isfinite(over) & np.isfinite(doubt)
    rest = np.where(known, over - recording_gain_db, 0.0)
    if known.any():
        rest = np.where(known, rest - np.median(rest[known]), 0.0)
    trust = np.where(known, 1.0 / (1.0 + np.where(known, doubt, 0.0) / LEVEL_VARIANCE), 0.0)
    return np.asarray(recording_gain_db + share * trust * np.clip(rest, -limit_db, limit_db))
