"""The numbers that pictures and page show of each track."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from reaper_drumgain.analysis.loudness import HOPS_PER_SECOND, Float64
from reaper_drumgain.analysis.measurement import FINE, MultitrackAnalysis
from reaper_drumgain.schema.plan import GainPlan, TrackPlan

#: values of a waveform, enough for a screen
COLUMNS = 420


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackFacts:
    """A drum track. Levels are LU re the drums together, before and after (None: unknown).

    ``human``: the range of levels in which most engineers have tracks of this role. ``shape``:
    its level over time before the fader (columns,), linear, empty for a track that was not
    analyzed.
    """

    plan: TrackPlan
    before_lu: float | None = None
    after_lu: float | None = None
    human: tuple[float, float] | None = None
    shape: Sequence[float] = ()
    seconds: float = 0.0

    @property
    def move_db(self) -> float | None:
        """The move of the fader in dB."""
        if self.plan.new_db is None or self.plan.old_db is None:
            return None
        return self.plan.new_db - self.plan.old_db

    @property
    def usual(self) -> bool:
        """Whether it ends within the human range of its role."""
        if self.human is None or self.after_lu is None:
            return False
        return self.human[0] <= self.after_lu <= self.human[1]

    @property
    def compared(self) -> str | None:
        """Its new level compared with the human range of its role, in words."""
        if self.human is None or self.after_lu is None:
            return None
        low, high = self.human
        if self.usual:
            return "as loud as most engineers have it"
        over = self.after_lu > high
        off = self.after_lu - high if over else low - self.after_lu
        return f"{off:.1f} LU {'louder' if over else 'quieter'} than most engineers have it"


@cache
def human_ranges() -> Mapping[str, tuple[float, float]]:
    """By role: the middle 80 % of engineers' levels in LU re the whole kit."""
    text = (resources.files("reaper_drumgain.report") / "ranges.json").read_text("utf-8")
    found = json.loads(text)["ranges_lu"]
    return {role: (float(low), float(high)) for role, (low, high) in found.items()}


def facts_of(
    plan: GainPlan, analysis: MultitrackAnalysis | None, indexes: Sequence[int]
) -> list[TrackFacts]:
    """The facts of all drum tracks. ``indexes``: of the analyzed tracks, in their order."""
    ranges = human_ranges()
    places = {index: place for place, index in enumerate(indexes)}
    found = []
    for track in plan.tracks:
        place = places.get(track.index)
        shape, seconds = (
            _shape(analysis, place) if analysis is not None and place is not None else ((), 0.0)
        )
        found.append(
            TrackFacts(
                plan=track,
                before_lu=_level(track, track.old_db, plan.levels.before_lufs),
                after_lu=_level(track, track.new_db, plan.levels.after_lufs),
                human=ranges.get(track.role),
                shape=shape,
                seconds=seconds,
            )
        )
    return found


def _level(track: TrackPlan, fader: float | None, kit: float | None) -> float | None:
    if track.loudness_lufs is None or track.path_db is None or fader is None or kit is None:
        return None
    level = track.loudness_lufs + track.path_db + fader - kit
    return level if math.isfinite(level) else None


def _shape(analysis: MultitrackAnalysis, place: int) -> tuple[Sequence[float], float]:
    envelope = analysis.measurement.tracks[place].envelope
    seconds = envelope.size / (FINE * HOPS_PER_SECOND)
    if not envelope.size or not np.isfinite(envelope).all():
        return (), seconds
    edges = np.unique(np.linspace(0, envelope.size, COLUMNS + 1).astype(int))[:-1]
    # the loudest 10 ms of each column, so that a hit is never averaged away
    peaks: Float64 = np.sqrt(np.maximum.reduceat(envelope.astype(np.float64), edges))
    return tuple(peaks.tolist()), seconds
