"""Learns from kits how a microphone of each role usually hears each drum.

The sessions of one kit are recorded at the same gains, which nobody knows. So for each kit the
levels are averaged over its performances, the kit's own recording gains are estimated by the model
as it is so far, and what is left is laid over the places of things; three times, because the
estimate gets better with what was learned. A kit's level over the usual counts for half of its
gains: otherwise a kit would define by itself what is usual.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from reaper_drumgain.analysis.hit_levels import HitLevels
from reaper_drumgain.analysis.hits import Strokes
from reaper_drumgain.analysis.level_departure import LevelDeparture, strong_strokes
from reaper_drumgain.analysis.playing import heard_away, playing_db
from reaper_drumgain.analysis.recording_gain import (
    Z_80,
    GainModel,
    bleed_evidence,
    infer_recording_gain,
)
from reaper_drumgain.learn.data.human_faders import Float64
from reaper_drumgain.learn.data.kit_sessions import Kits, KitSession
from reaper_drumgain.methods import microphone_places as places
from reaper_drumgain.methods.drum_responses import KIT_VARIANCE, PLACES_VARIANCE, DrumResponses
from reaper_drumgain.methods.gain_law import decide, departure_as_played, placement_variances
from reaper_drumgain.methods.session_levels import louder_hits

#: share of a kit's level over the usual in what its gains are taken for
_ANCHOR = 0.5
_ROUNDS = 3
#: strokes that a drum must have in a performance to count; more than the last count no more
_FEWEST, _MOST, _MOST_OF_KIT = 3, 30, 60
#: levels of strokes that a microphone must have over all kits
_FEWEST_LEVELS = 4
#: variance of a drum's own microphone against that of others
_OWN_WEIGHT = GainModel().third_party / GainModel().own
#: as a prior on playing it leaves all to what is heard
_ANY_PLAYING_DB = 1000.0
#: injected recording gains for the widening: draws of each session, standard deviations in dB
_DRAWS, _SPREADS = 6, (2.5, 8.0)


def fit_drum_responses(kits: Kits, usual_lufs: Mapping[str, float]) -> DrumResponses:
    """What is usual by these kits, without the widening.

    Parameters
    ----------
    kits
        Sessions by the name of their kit.
    usual_lufs
        By role name, the loudness in LUFS that it is usually recorded at.

    Returns
    -------
    DrumResponses
        With an empty ``widening``.
    """
    responses = DrumResponses(kits=_counts(kits), stroke_db=_stroke_rises(kits))
    for _ in range(_ROUNDS):
        found: dict[str, list[tuple[Float64, float]]] = defaultdict(list)
        for sessions in kits.values():
            own = _links_of_kit(sessions, responses, usual_lufs)
            for key, (bands, weight) in own.items():
                found[key].append((bands, weight))
        links, link_kits = {}, {}
        for key, values in found.items():
            weights = [weight for _, weight in values]
            count = float(sum(weights))
            mean = np.average([bands for bands, _ in values], axis=0, weights=weights)
            learned = count / KIT_VARIANCE
            shrunk = mean * learned / (1.0 / PLACES_VARIANCE + learned)
            links[key] = tuple(round(float(level), 2) for level in shrunk)
            link_kits[key] = round(count, 2)
        responses = replace(responses, links=links, link_kits=link_kits)
    return replace(responses, drum_db=_usual_playing(kits, responses))


def fit_with_widening(kits: Kits, usual_lufs: Mapping[str, float], seed: int) -> DrumResponses:
    """The responses by all kits, with the widening of intervals found with each kit left out.

    Known recording gains are put on each session; the factor brings 80 % of them into the
    interval. By role, drawn halfway to that of all roles.

    Parameters
    ----------
    kits
        Sessions by the name of their kit.
    usual_lufs
        By role name, the loudness in LUFS that it is usually recorded at.
    seed
        Of the gains that are put on the sessions.

    Returns
    -------
    DrumResponses
        With the widening by role name; empty with fewer than two kits.
    """
    z: dict[str, list[float]] = defaultdict(list)
    for name in kits if len(kits) > 1 else ():
        rest = {other: sessions for other, sessions in kits.items() if other != name}
        responses = fit_drum_responses(rest, usual_lufs)
        flat = replace(responses, widening={r.name: 1.0 for r in kits[name][0].levels.roles})
        for role, values in standard_errors(kits[name], flat, usual_lufs, seed).items():
            z[role] += values
    return replace(fit_drum_responses(kits, usual_lufs), widening=widening_of(z))


def widening_of(standard_errors: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """By role, the factor on standard deviations that widens the intervals of recording gains.

    With it 80 % of the ``standard_errors`` of a role lie within the interval. The result is halfway
    between that factor and the one of all roles together. Empty where there are no errors.
    Never below 1: a few kits can show that an interval is too narrow, but that their errors are
    small says little of other kits.
    """
    everything = [value for values in standard_errors.values() for value in values]
    if not everything:
        return {}
    of_all = float(np.quantile(everything, 0.8)) / Z_80
    return {
        role: max(1.0, round((float(np.quantile(values, 0.8)) / Z_80 + of_all) / 2.0, 2))
        for role, values in standard_errors.items()
    }


def standard_errors(
    sessions: Sequence[KitSession],
    responses: DrumResponses,
    usual_lufs: Mapping[str, float],
    seed: int,
) -> dict[str, list[float]]:
    """The errors of estimated recording gains, in units of their standard deviations.

    Known gains are put on sessions of one kit. What the kit itself was recorded at counts as error.

    Parameters
    ----------
    sessions
        Sessions of one kit.
    responses
        How microphones usually hear the drums.
    usual_lufs
        By role name, the loudness in LUFS that it is usually recorded at.
    seed
        Of the gains that are put on the sessions.

    Returns
    -------
    dict
        By role name, |estimated - true gain| / standard deviation over sessions and draws.
    """
    found: dict[str, list[float]] = defaultdict(list)
    roles = sessions[0].levels.roles
    errors, deviations = injected_errors(sessions, responses, usual_lufs, seed)
    standard = np.abs(errors) / np.maximum(deviations, 1e-9)
    for row in standard.reshape(-1, len(roles)):
        for place in np.flatnonzero(np.isfinite(row)):
            found[roles[place].name].append(float(row[place]))
    return found


def injected_errors(
    sessions: Sequence[KitSession],
    responses: DrumResponses,
    usual_lufs: Mapping[str, float],
    seed: int,
) -> tuple[Float64, Float64]:
    """Put known gains on sessions of one kit, and estimate them.

    Parameters
    ----------
    sessions
        Sessions of one kit.
    responses
        How microphones usually hear the drums.
    usual_lufs
        By role name, the loudness in LUFS that it is usually recorded at.
    seed
        Of the gains.

    Returns
    -------
    tuple of arrays
        How far each estimate lies above its gain, and its standard deviation; each of shape
        (sessions, draws, tracks), in dB, NaN for held tracks.
    """
    rng = np.random.default_rng(seed)
    shape = (len(sessions), _DRAWS, len(sessions[0].levels.roles))
    errors, deviations = np.full((2, *shape), np.nan)
    for number, session in enumerate(sessions):
        for draw in range(_DRAWS):
            injected = rng.normal(0.0, _SPREADS[draw % len(_SPREADS)], shape[2])
            gain = decide(
                session.levels.louder(injected),
                responses,
                usual_lufs,
                hits=louder_hits(session.hits, injected),
            ).gain
            played = ~session.levels.held
            error = np.where(played, gain.mean_db - injected, np.nan)
            errors[number, draw] = error - np.nanmean(error)
            deviations[number, draw] = np.where(played, gain.sd_db, np.nan)
    return errors, deviations


def _counts(kits: Kits) -> dict[str, float]:
    """By microphone, how many kits have one."""
    counts: dict[str, float] = defaultdict(float)
    for sessions in kits.values():
        for key in set(sessions[0].levels.microphones):
            counts[key] += 1.0
    return dict(counts)


def _stroke_rises(kits: Kits) -> dict[str, float]:
    """By microphone, how far its strong strokes lie above its loudness in dB (the median)."""
    rises: dict[str, list[float]] = defaultdict(list)
    for session in (one for sessions in kits.values() for one in sessions):
        strong = strong_strokes(session.levels.energy.sum(axis=2), session.hits.strokes)
        rise = strong.level_lufs - session.levels.loudness_lufs
        known = np.isfinite(rise) & (strong.counts >= _FEWEST_LEVELS) & ~session.levels.held
        for place in np.flatnonzero(known):
            rises[session.levels.microphones[place]].append(float(rise[place]))
    return {
        key: round(float(np.median(values)), 2)
        for key, values in rises.items()
        if len(values) >= _FEWEST_LEVELS
    }


def _usual_playing(kits: Kits, responses: DrumResponses) -> dict[str, float]:
    """By drum, how much louder than the others it is heard from afar: the median over a kit's
    performances, then the mean over kits, of which one more, at 0, counts besides."""
    by_kit: dict[str, list[float]] = defaultdict(list)
    for sessions in kits.values():
        own: dict[str, list[float]] = defaultdict(list)
        for session in sessions:
            names = session.hits.strokes.names
            drums = [places.drum_key(name) for name in names]
            expected = responses.expected(session.levels.microphones, drums)
            heard = heard_away(session.hits, expected, GainModel())
            harder = playing_db(heard, np.zeros(len(names)), _ANY_PLAYING_DB)
            for place in np.flatnonzero(np.isfinite(heard.level_db).any(axis=1)):
                own[drums[place]].append(float(harder[place]))
        for drum, values in own.items():
            by_kit[drum].append(float(np.median(values)))
    return {drum: round(sum(found) / (len(found) + 1), 2) for drum, found in by_kit.items()}


def _links_of_kit(
    sessions: Sequence[KitSession], responses: DrumResponses, usual_lufs: Mapping[str, float]
) -> dict[str, tuple[Float64, float]]:
    """By "microphone|drum" what the kit has in dB per band over the places, and its weight."""
    hits, counts = _mean_hits(sessions)
    microphones = sessions[0].levels.microphones
    drums = [places.drum_key(name) for name in hits.strokes.names]
    gains = _gains_of_kit(sessions, hits, responses, usual_lufs)
    found: dict[str, list[tuple[Float64, float]]] = defaultdict(list)
    for drum, key in enumerate(drums):
        if counts[drum] < _FEWEST:
            continue
        usual = np.array([places.level_db(microphone, key) for microphone in microphones])
        left = hits.level_db[drum] - gains[:, None] - usual[:, None]
        owned = np.where(hits.strokes.owners[drum], _OWN_WEIGHT, 1.0)
        weight = owned[:, None] * np.minimum(2.0 * hits.share[drum], 1.0)
        weight = np.where(np.isfinite(left), weight, 0.0)
        left = np.where(np.isfinite(left), left, 0.0)
        left = left - (left * weight).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-9)
        whole = np.isfinite(hits.level_db[drum]).all(axis=1)
        share = np.minimum(2.0 * hits.share[drum].mean(axis=1), 1.0)
        for place in np.flatnonzero(whole):
            link = f"{microphones[place]}|{key}"
            found[link].append((left[place], float(owned[place] * share[place])))
    averaged = {}
    for link, values in found.items():
        weights = [max(weight, 1e-6) for _, weight in values]
        mean = np.average([bands for bands, _ in values], axis=0, weights=weights)
        averaged[link] = (np.asarray(mean), float(np.mean(weights)))
    return averaged


def _mean_hits(sessions: Sequence[KitSession]) -> tuple[HitLevels, Float64]:
    """One session in place of all of a kit, weighted by strokes and shares; and strokes by drum.

    A performance's own level and spectrum are taken out by its far microphones.
    """
    names = sorted({name for session in sessions for name in session.hits.strokes.names})
    tracks, bands = sessions[0].hits.level_db.shape[1:]
    shape = (len(names), tracks, bands)
    level, share, counts = np.full(shape, np.nan), np.zeros(shape), np.zeros(len(names))
    owners = np.zeros((len(names), tracks), dtype=bool)
    far = np.array([mic in places.FAR for mic in sessions[0].levels.microphones])
    for row, name in enumerate(names):
        total, weights = np.zeros((tracks, bands)), np.zeros((tracks, bands))
        for session in sessions:
            hits = session.hits
            if name not in hits.strokes.names:
                continue
            drum = hits.strokes.names.index(name)
            count = float(hits.strokes.counts[drum])
            if count < _FEWEST:
                continue
            owners[row] |= hits.strokes.owners[drum]
            relative = hits.level_db[drum] - np.nanmean(hits.level_db[drum][far], axis=0)
            weight = np.where(np.isfinite(relative), min(count, _MOST) * hits.share[drum], 0.0)
            total += weight * np.nan_to_num(relative)
            weights += weight
            share[row] += count * hits.share[drum]
            counts[row] += count
        if counts[row]:
            level[row] = np.where(weights > 0.0, total / np.maximum(weights, 1e-9), np.nan)
            share[row] /= counts[row]
    number = np.minimum(counts, _MOST_OF_KIT).astype(int)
    assigned = np.arange(_MOST_OF_KIT)[None, :] < number[:, None]
    fresh = np.ones((tracks, _MOST_OF_KIT), dtype=bool)
    return HitLevels(Strokes(tuple(names), owners, assigned, fresh), level, share), counts


def _gains_of_kit(
    sessions: Sequence[KitSession],
    hits: HitLevels,
    responses: DrumResponses,
    usual_lufs: Mapping[str, float],
) -> Float64:
    """(tracks,) what the kit's recording gains are taken for, in dB."""
    first = sessions[0].levels
    over = np.array(
        [
            departure_as_played(session.levels, responses, usual_lufs, session.hits).over_db
            for session in sessions
        ]
    )
    over -= np.nanmedian(over, axis=1, keepdims=True)
    known = np.isfinite(over).any(axis=0)
    middle = np.zeros(over.shape[1])
    middle[known] = np.nanmean(over[:, known], axis=0)
    middle -= np.median(middle)
    expected = responses.expected(
        first.microphones, [places.drum_key(name) for name in hits.strokes.names]
    )
    gain = infer_recording_gain(
        bleed_evidence(hits, expected),
        LevelDeparture(middle, np.where(known, 0.0, np.inf)),
        placement_variances(first.roles) + responses.gauge_variance(first.microphones),
        np.ones(len(first.roles)),
    )
    return np.asarray(_ANCHOR * middle + (1.0 - _ANCHOR) * gain.mean_db)
