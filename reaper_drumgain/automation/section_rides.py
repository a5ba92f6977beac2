"""Sections that ride what is played: for methods that tell recording gain from playing.

A recording gain does not change in a song. So the gains of the whole song stay, and a section
follows only what is *played* in it louder or softer than in the song, by the method's small share
of that (``Method.playing_gains``), so that a tom that is hit softly in one part is raised there by
some tenths of a decibel, and nothing else moves. In this order:

1. The departure of a track in a section (``analysis.stroke_levels``), for tracks that really play
   there. Linked tracks have one: the mean of those that play.
2. Less what the whole kit departs by in the section: the median over the drums (kick, snare,
   hi-hat, toms, ... each with one voice). A soft verse is the song's dynamics, and stays.
3. The method's share of it.
4. Less its mean over the sections in which the track plays, by their length: zero over the song.
5. Made smaller as a whole where it would pass the limit of the settings (3 dB) in a section, times
   the amount; and cut where fader and envelope would pass their end.
6. The kit keeps its loudness: where the rides change it in a section by more than ``KEPT_DB``,
   all that play there move back by all of that. A smaller change is not heard, and tracks that play
   as always stay for it.

A track that rests in a section has its constant gain there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.analysis.loudness import GATING_HOPS, gated_loudness
from reaper_drumgain.analysis.stroke_levels import playing_departures
from reaper_drumgain.automation.inputs import AutomationInput
from reaper_drumgain.automation.records import SectionFaders
from reaper_drumgain.automation.section_levels import hops_of
from reaper_drumgain.automation.section_states import section_states
from reaper_drumgain.automation.sections import Section, is_short
from reaper_drumgain.faders.activity import FAINT, section_onsets
from reaper_drumgain.faders.levels import offset_for
from reaper_drumgain.tracks.roles import drum_of
from reaper_drumgain.tracks.selection import DrumTrack

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: a change of the kit's loudness in a section up to this counts as none
KEPT_DB = 0.2
#: a track whose rides stay below this in all sections has none
_LEAST_DB = 0.1


def ride_sections(
    given: AutomationInput, sections: Sequence[Section]
) -> list[SectionFaders | None]:
    """The gains of every section, None for those that are too short."""
    measured = [place for place, one in enumerate(sections) if not is_short(one)]
    hops = [_hops(given, sections[place]) for place in measured]
    states = [_states(given, own) for own in hops]
    plays = np.array([[state is None for state in own] for own in states], dtype=bool).reshape(
        len(hops), len(given.drums)
    )
    rides = section_rides(given, hops, plays)
    found: list[SectionFaders | None] = [None] * len(sections)
    for row, place in enumerate(measured):
        faders = given.solved_db + _at_loudness(given, hops[row], rides[row], plays[row])
        faders = np.where(given.automatable, faders, given.faders_db)
        found[place] = SectionFaders(faders, states[row])
    return found


def section_rides(given: AutomationInput, hops: Sequence[tuple[int, int]], plays: Mask) -> Array:
    """By how much each track departs in each section from its gain of the whole song.

    Parameters
    ----------
    given
        What automation starts from, of n tracks.
    hops
        The first hop of each section, and the hop after its last one.
    plays
        Shape (sections, n): where tracks play.

    Returns
    -------
    ndarray
        Shape (sections, n): rides in dB, before the kit's loudness is kept.
    """
    measurement = given.analysis.measurement
    onsets = [section_onsets(measurement, own) for own in hops]
    kinds = [_kind(drum) for drum in given.drums]
    departures = playing_departures(given.activity.heard, onsets, plays, kinds)
    departures = _linked(departures, given)
    departures -= _of_the_kit(departures, given)[:, None]
    shares = given.method.playing_gains(np.nan_to_num(departures))
    riding = plays & given.automatable
    lengths = np.array([last - first for first, last in hops], dtype=np.float64)
    rides = _around_zero(np.where(riding, shares, 0.0), riding, lengths)
    largest = np.abs(rides).max(axis=0, initial=0.0)
    limit = given.settings.automation.ride_limit
    rides *= np.minimum(1.0, limit / np.maximum(largest, 1e-9))
    rides *= (largest >= _LEAST_DB) * given.settings.amount / 100.0
    for place, leader in given.leaders.items():
        rides[:, place] = np.where(riding[:, place], rides[:, leader], 0.0)
    room = [min(_room(given)[list(members)]) for members in given.links]
    return np.asarray(np.minimum(rides, np.array(room)))


def _room(given: AutomationInput) -> Array:
    """(n,) how far each track can go up from its gain of the whole song, in dB."""
    return np.maximum(given.highest_faders_db - given.solved_db, 0.0)


def _hops(given: AutomationInput, section: Section) -> tuple[int, int]:
    first, last = hops_of(given, section)
    return first, min(last, given.analysis.measurement.mix.hops)


def _states(given: AutomationInput, hops: tuple[int, int]) -> tuple[str | None, ...]:
    if hops[1] - hops[0] < GATING_HOPS:
        return (FAINT,) * len(given.drums)
    return section_states(given, hops)


def _linked(departures: Array, given: AutomationInput) -> Array:
    """The departures (sections, n) with one for linked tracks: the mean of those that play."""
    common = departures.copy()
    for place, members in enumerate(given.links):
        own = departures[:, list(members)]
        known = np.isfinite(own)
        mean = np.where(known, own, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        common[:, place] = np.where(np.isfinite(departures[:, place]), mean, np.nan)
    return common


def _of_the_kit(departures: Array, given: AutomationInput) -> Array:
    """(sections,) what the whole kit departs by: the median over its drums, in dB."""
    voices: dict[str, list[int]] = {}
    for place, drum in enumerate(given.drums):
        voices.setdefault(_kind(drum), []).append(place)
    common = np.zeros(len(departures))
    for row, own in enumerate(departures):
        known = [own[places][np.isfinite(own[places])] for places in voices.values()]
        means = [float(one.mean()) for one in known if one.size]
        common[row] = np.median(means) if means else 0.0
    return common


def _kind(drum: DrumTrack) -> str:
    """What a microphone stands at; the same for all toms."""
    return "tom" if drum.role.name == "tom" else drum_of(drum.role)


def _around_zero(gains: Array, counts: Mask, lengths: Array) -> Array:
    """Gains (sections, n) less their mean over the sections that count, by ``lengths``."""
    weights = counts * lengths[:, None]
    total = weights.sum(axis=0)
    mean = (weights * gains).sum(axis=0) / np.where(total > 0.0, total, 1.0)
    return np.where(counts, gains - mean, 0.0)


def _at_loudness(given: AutomationInput, hops: tuple[int, int], rides: Array, plays: Mask) -> Array:
    """The rides (n,) of a section, moved back in common where they change the kit's loudness."""
    moving = plays & given.automatable
    if (plays & given.anchors).any() or not np.abs(rides).max(initial=0.0) > 0.0:
        return rides

    def loudness(faders: Array) -> float:
        return gated_loudness(given.path.powers(faders)[slice(*hops)])

    target = loudness(given.solved_db)
    if abs(loudness(given.solved_db + rides) - target) <= KEPT_DB:
        return rides
    offset = offset_for(lambda o: loudness(given.solved_db + rides + o * moving), target)
    return np.asarray(np.minimum(rides + (offset or 0.0) * moving, _room(given)))
