"""Which tracks play in a section, by the same rule as in the whole song."""

from __future__ import annotations

import math

import numpy as np

from reaper_drumgain.analysis.loudness import GATING_HOPS, from_lufs, gated_loudness
from reaper_drumgain.automation.inputs import AutomationInput
from reaper_drumgain.faders.activity import BLEED, FAINT, SILENT, pairs_of, plays_in_section
from reaper_drumgain.methods.cross_adaptive import CLOSE_LU, OPEN_LU
from reaper_drumgain.units import Decibel, to_power

#: a hop of 100 ms with less power is silent
_SILENCE = to_power(Decibel(-200.0))


def section_states(given: AutomationInput, hops: tuple[int, int]) -> tuple[str | None, ...]:
    """Why each track is held in a section of ``hops`` (first, last), None where it plays.

    A track that is held in the song is held in all of its sections. Any other track rests in a
    section where it is silent, holds only bleed, or is faint: over 20 LU softer than in the whole
    song (there the gate of cross-adaptive closes), or louder than 10 LU below its loudness in the
    whole song for less than a gating block of 0.4 s. A pair plays where one side does, and a track
    that follows another one plays where that one does.
    """
    measurement = given.analysis.measurement
    powers = [track.hop_powers[hops[0] : hops[1]] for track in measurement.tracks]
    loudness = [gated_loudness(own) for own in powers]
    plays = plays_in_section(given.activity, measurement, hops, pairs_of(given.drums))
    whole = given.activity.loudness_lufs.tolist()
    loud = [
        np.count_nonzero(own > from_lufs(level + OPEN_LU)) if math.isfinite(level) else 0
        for own, level in zip(powers, whole, strict=True)
    ]
    # one side of a pair must not stay where the other moves
    loudest = [max(loud[other] for other in members) for members in given.links]

    def state(place: int) -> str | None:
        if given.activity.states[place] is not None:
            return given.activity.states[place]
        if not math.isfinite(loudness[place]):
            return FAINT if powers[place].max(initial=0.0) > _SILENCE else SILENT
        if not plays[place]:
            return BLEED
        quiet = loudness[place] < whole[place] + CLOSE_LU
        return FAINT if quiet or loudest[place] < GATING_HOPS else None

    return tuple(state(given.leaders.get(place, place)) for place in range(len(powers)))
