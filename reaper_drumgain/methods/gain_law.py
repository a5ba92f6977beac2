"""From recording gains to what is undone at the faders.

    undone = E[g] + SHARE trust clip(rest, +-LIMIT_DB),    rest = departure - E[g]

g: the recording gain (``analysis.recording_gain``), E[g] what is expected of it. The departure is
how far a track's strokes and loudness lie above its role's usual level. What of it is no recording
gain counts as playing and taste, and is undone in small part, bounded, and the less the less is
known of the level (``trust``). Raising one track's raw level raises E[g] by at most as much, so
that its fader never rises; a sweep over all sessions here is among the tests.

Two sides of a pair are set right by what all drums and bands have in common of their difference
(``analysis.stereo_pairs``), neither by more nor by less: the rest belongs to the picture.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.hit_levels import HitLevels, hit_levels
from reaper_drumgain.analysis.hits import Strokes, find_strokes
from reaper_drumgain.analysis.level_departure import (
    WITNESS_VARIANCE,
    LevelDeparture,
    drums_playing,
    level_departure,
    strong_strokes,
)
from reaper_drumgain.analysis.onset_windows import BANDS, OnsetWindows
from reaper_drumgain.analysis.playing import FOLLOWS, MOST_DB, heard_away, playing_db
from reaper_drumgain.analysis.recording_gain import (
    ExpectedLevels,
    GainModel,
    RecordingGainEstimate,
    bleed_evidence,
    infer_recording_gain,
)
from reaper_drumgain.analysis.stereo_pairs import PairReading, read_pair
from reaper_drumgain.methods.drum_responses import DrumResponses
from reaper_drumgain.methods.microphone_places import drum_key, microphone_key
from reaper_drumgain.tracks.roles import Role, drum_of
from reaper_drumgain.util.decibels import db_to_power

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
Intp = npt.NDArray[np.intp]

SHARE = 0.2
LIMIT_DB = 4.0
#: what was not in the room with the others: no bleed of theirs is to be expected
APART = ("sample", "percussion")
#: roles of microphones that stand at no single drum
_NO_DRUM = ("cymbal", "overhead", "room", *APART)
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
class SessionLevels:
    """What is known of n sounding tracks of a session.

    ``energy``, ``before`` (n, onsets, bands): as in ``OnsetWindows``. ``loudness_lufs`` (n,).
    ``held`` (n,): tracks that only leak: they own no drum, and their level says nothing.
    """

    roles: tuple[Role, ...]
    energy: Float64
    before: Float64
    loudness_lufs: Float64
    held: Bool

    @classmethod
    def of(
        cls,
        roles: Sequence[Role],
        windows: OnsetWindows,
        loudness_lufs: Float64,
        active: Bool,
        chosen: Intp,
    ) -> SessionLevels:
        """Those of the ``chosen`` tracks of a session; what is not ``active`` (tracks,) is held."""
        onsets = windows.own[chosen].any(axis=0)
        return cls(
            tuple(roles[place] for place in chosen),
            windows.energy[chosen][:, onsets].astype(np.float64),
            windows.before[chosen][:, onsets].astype(np.float64),
            loudness_lufs[chosen],
            ~active[chosen],
        )

    @classmethod
    def without_onsets(cls, roles: Sequence[Role], loudness_lufs: Float64) -> SessionLevels:
        """A session of which only the loudness is known."""
        none = np.zeros((len(roles), 0, BANDS))
        return cls(tuple(roles), none, none, loudness_lufs, np.zeros(len(roles), dtype=bool))

    def take(self, chosen: Intp) -> SessionLevels:
        """Those of the ``chosen`` tracks alone."""
        return SessionLevels(
            tuple(self.roles[place] for place in chosen),
            self.energy[chosen],
            self.before[chosen],
            self.loudness_lufs[chosen],
            self.held[chosen],
        )

    def louder(self, gains_db: Float64) -> SessionLevels:
        """As if each track had been recorded louder by ``gains_db`` (n,)."""
        power = db_to_power(gains_db)[:, None, None]
        return replace(
            self,
            energy=self.energy * power,
            before=self.before * power,
            loudness_lufs=self.loudness_lufs + gains_db,
        )

    @property
    def microphones(self) -> list[str]:
        """Keys of ``microphone_places``, by track."""
        return [microphone_key(role.name, role.ordinal) for role in self.roles]


@dataclass(frozen=True)
class GainDecision:
    """What the levels of a session say.

    ``undone_db`` (n,): what is taken off the faders; its common offset carries no meaning.
    ``gain``: recording gains, ``departure``: levels over the usual. ``pair_db`` (n,): the part of
    ``undone_db`` by which the sides of a pair differ, 0 for tracks of no pair that could be read.
    """

    undone_db: Float64
    gain: RecordingGainEstimate
    departure: LevelDeparture
    pair_db: Float64


def louder_hits(hits: HitLevels, gains_db: Float64) -> HitLevels:
    """The hit levels as if each track had been recorded louder by ``gains_db``.

    Exact, because a gain changes all levels of a track alike.

    Parameters
    ----------
    hits
        Levels of shape (drums, tracks, bands).
    gains_db
        Shape (tracks,), in dB.
    """
    return HitLevels(hits.strokes, hits.level_db + gains_db[None, :, None], hits.share)


def session_hits(levels: SessionLevels) -> HitLevels:
    """The strokes of a session and their level in each microphone that was in the room."""
    drums = [
        None if role.name in _NO_DRUM or held else drum_of(role)
        for role, held in zip(levels.roles, levels.held, strict=True)
    ]
    strokes = find_strokes(levels.energy.sum(axis=2), levels.before.sum(axis=2), drums)
    found = hit_levels(levels.energy, levels.before, strokes)
    apart = np.array([role.name in APART for role in levels.roles], dtype=bool)
    level = np.where(apart[None, :, None], np.nan, found.level_db)
    return HitLevels(strokes, level, found.share)


def decide(
    levels: SessionLevels,
    responses: DrumResponses,
    usual_lufs: Mapping[str, float],
    *,
    hits: HitLevels | None = None,
    model: GainModel | None = None,
) -> GainDecision:
    """What of the recorded levels is undone.

    ``usual_lufs``: by role name, the loudness that it is usually recorded at. ``hits``: those of
    ``session_hits``, where they are known already.
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
    """(n,) variance in dB^2 of how near a microphone of its role stands to everything."""
    return np.array([_PLACEMENT.get(role.name, _PLACEMENT_ELSE) for role in roles])


def session_departure(
    levels: SessionLevels,
    responses: DrumResponses,
    usual_lufs: Mapping[str, float],
    hits: HitLevels,
) -> LevelDeparture:
    """How far each track lies above its role's usual level, without what is told to be playing;
    held ones say nothing."""
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
    """(drums,) how much harder than usual each drum is played, in dB: see ``analysis.playing``."""
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
    trust = np.where(known, 1.0 / (1.0 + np.where(known, doubt, 0.0) / WITNESS_VARIANCE), 0.0)
    return np.asarray(recording_gain_db + share * trust * np.clip(rest, -limit_db, limit_db))


def side_pairs(roles: Sequence[Role]) -> list[tuple[int, int]]:
    """Places (left, right) of the microphones that are two sides of one pair: one left and one
    right of a role and number."""
    sides: dict[tuple[str, int | None], dict[str, list[int]]] = {}
    for place, role in enumerate(roles):
        if role.side in ("left", "right"):
            by = sides.setdefault((role.name, role.ordinal), {"left": [], "right": []})
            by[role.side].append(place)
    pairs = [(by["left"], by["right"]) for by in sides.values()]
    return [(left[0], right[0]) for left, right in pairs if len(left) == len(right) == 1]


def pair_sides(roles: Sequence[Role]) -> Bool:
    """(n,) which microphones are a side of a pair. Both stand alike and hear the same playing, so
    that the errors of both are one: each counts half."""
    found = np.zeros(len(roles), dtype=bool)
    for pair in side_pairs(roles):
        found[list(pair)] = True
    return found


def read_sides(left: int, right: int, levels: SessionLevels, strokes: Strokes) -> PairReading:
    """How the two sides differ at onsets at which one drum alone has a stroke."""
    one = strokes.assigned.sum(axis=0) == 1
    alone: dict[Hashable, Bool] = {
        name: strokes.assigned[drum] & one
        for drum, name in enumerate(strokes.names)
        if not strokes.owners[drum, [left, right]].any()
    }
    return read_pair(levels.energy[left], levels.energy[right], alone)


def with_pairs(undone: Float64, levels: SessionLevels, strokes: Strokes) -> tuple[Float64, Float64]:
    """``undone`` (n,) with pairs that can be read set right by what is recording gain, and the
    part of it by which their sides differ (n,)."""
    undone, pair_db = undone.copy(), np.zeros(undone.size)
    for left, right in side_pairs(levels.roles):
        reading = read_sides(left, right, levels, strokes)
        if np.isfinite(reading.at_hits_db):
            middle = (undone[left] + undone[right]) / 2.0
            pair_db[left], pair_db[right] = reading.amount_db / 2.0, -reading.amount_db / 2.0
            undone[left], undone[right] = middle + pair_db[left], middle + pair_db[right]
    return undone, pair_db
