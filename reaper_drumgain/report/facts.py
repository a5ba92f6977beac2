"""The numbers that pictures and page show of each track."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reaper_drumgain.analysis.loudness import HOPS_PER_SECOND, Float64
from reaper_drumgain.analysis.measurement import FINE, MultitrackAnalysis
from reaper_drumgain.schema.plan import GainPlan, TrackPlan

#: values of a waveform, enough for a screen
COLUMNS = 420


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackFacts:
    """The numbers of one drum track.

    Attributes
    ----------
    plan
        The plan of the track.
    before_lu, after_lu
        Its level in LU against the drums together, before and after; None where unknown.
    engineers_lu
        The levels between which most engineers have it: the plan's interval. None for methods that
        give none.
    shape
        Linear levels over time before the fader; empty for a track that was not analyzed.
    seconds
        The time that ``shape`` lasts.
    """

    plan: TrackPlan
    before_lu: float | None = None
    after_lu: float | None = None
    engineers_lu: tuple[float, float] | None = None
    shape: Sequence[float] = ()
    seconds: float = 0.0

    @property
    def move_db(self) -> float | None:
        """The move of the fader in dB."""
        if self.plan.new_db is None or self.plan.old_db is None:
            return None
        return self.plan.new_db - self.plan.old_db


def facts_of(
    plan: GainPlan, analysis: MultitrackAnalysis | None, indexes: Sequence[int]
) -> list[TrackFacts]:
    """The facts of all drum tracks.

    Parameters
    ----------
    plan
        The plan.
    analysis
        The analysis behind it. None for none.
    indexes
        The indexes of the analyzed tracks, in their order.

    Returns
    -------
    list of TrackFacts
        In the order of the plan.
    """
    kit = _kit_after_full_moves(plan)
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
                engineers_lu=_range(track, kit),
                shape=shape,
                seconds=seconds,
            )
        )
    return found


def _kit_after_full_moves(plan: GainPlan) -> float | None:
    """The drums' loudness in LUFS with the whole of each move, around which intervals lie."""
    before, after, settings = plan.levels.before_lufs, plan.levels.after_lufs, plan.settings
    if before is None or after is None or settings.level.kind == "keep" or not settings.amount:
        return after
    return before + (after - before) * 100.0 / settings.amount


def _range(track: TrackPlan, kit: float | None) -> tuple[float, float] | None:
    if track.interval_db is None:
        return None
    low, high = (_level(track, fader, kit) for fader in track.interval_db)
    return None if low is None or high is None else (low, high)


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
