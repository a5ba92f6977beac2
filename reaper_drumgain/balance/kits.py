"""The faders of the drum tracks, each kit balanced on its own.

Several kits in one project are solved one by one, each as loud as it was, so that the offset
between them stays. A stated level, a peak or a loudness, is then met by all of them together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.analysis.measurement import Measurement, MultitrackAnalysis
from reaper_drumgain.analysis.subsets import of_tracks
from reaper_drumgain.balance import modes
from reaper_drumgain.balance.modes import ModeChoice
from reaper_drumgain.faders.activity import TrackActivity, track_activity
from reaper_drumgain.faders.followers import Following, all_following, same_audio
from reaper_drumgain.faders.levels import PathLevels, offset_for
from reaper_drumgain.faders.solution import Solution
from reaper_drumgain.faders.solver import PeakMeter, Solver
from reaper_drumgain.faders.trims import track_trims
from reaper_drumgain.methods.base import Method, MethodGains, MethodInput
from reaper_drumgain.schema.settings import Level, Settings
from reaper_drumgain.tracks.kits import Kits, within_kit
from reaper_drumgain.tracks.selection import DrumTrack
from reaper_drumgain.units import MAX_FADER, Decibel

T = TypeVar("T")
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class KitResult:
    """What was found for the n measured tracks.

    Attributes
    ----------
    activity
        Which tracks play their own drum.
    gains
        The gains of the method.
    solution
        The faders.
    following
        By place the tracks that make the move of another one.
    bundled_db
        Shape (n,): the faders by the bundled model in dB, where the method is the user's own model;
        else None.
    """

    activity: TrackActivity
    gains: MethodGains
    solution: Solution
    following: Mapping[int, Following]
    bundled_db: Array | None = None


@dataclass(frozen=True, slots=True)
class KitRequest:
    """What kits are solved with.

    Attributes
    ----------
    settings
        What the user wants.
    method
        Gives relative gains.
    choice
        Whether all faders are balanced anew.
    trims
        The trims in use in dB, by family of drums.
    peaks
        Measures sample peaks, for a peak level.
    """

    settings: Settings
    method: Method
    choice: ModeChoice
    trims: Mapping[str, Decibel]
    peaks: PeakMeter


def balance_kits(
    drums: Sequence[DrumTrack], analysis: MultitrackAnalysis, kits: Kits, request: KitRequest
) -> KitResult:
    """The faders of the measured tracks.

    Parameters
    ----------
    drums
        The n measured tracks in project order.
    analysis
        The analysis of their audio.
    kits
        The places of the tracks of each kit. Each kit is balanced on its own.
    request
        What they are solved with.

    Returns
    -------
    KitResult
        Over all n tracks.
    """
    if len(kits) == 1 or request.method.whole_session:
        return _one_kit(drums, analysis.measurement, analysis.flags, request)
    kept = replace(request, settings=replace(request.settings, level=Level()))
    parts = [
        _one_kit(
            [within_kit(drums[place], [drums[other] for other in kit]) for place in kit],
            of_tracks(analysis.measurement, kit),
            [analysis.flags[place] for place in kit],
            kept,
        )
        for kit in kits
    ]
    activity = track_activity(drums, analysis.measurement, analysis.flags)
    states: list[str | None] = _joined(kits, [part.activity.states for part in parts])
    causes: list[str | None] = _joined(kits, [part.activity.causes for part in parts])
    short: list[bool] = _joined(kits, [part.activity.short.tolist() for part in parts])
    activity = replace(
        activity, states=tuple(states), causes=tuple(causes), short=np.array(short, dtype=bool)
    )
    path = PathLevels(analysis.measurement, [drum.path for drum in drums])
    solution = _joined_solution(kits, [part.solution for part in parts], path)
    following = {
        kit[place]: replace(own, leader=kit[own.leader])
        for kit, part in zip(kits, parts, strict=True)
        for place, own in part.following.items()
    }
    bundled = [part.bundled_db for part in parts]
    return KitResult(
        activity,
        _joined_gains(kits, [part.gains for part in parts]),
        _to_level(solution, drums, activity, path, request),
        following,
        _joined_array(kits, bundled),
    )


def _one_kit(
    drums: Sequence[DrumTrack],
    measurement: Measurement,
    flags: Sequence[tuple[str, ...]],
    request: KitRequest,
) -> KitResult:
    path = PathLevels(measurement, [drum.path for drum in drums])
    copies = {} if request.method.whole_session else same_audio(drums, measurement, path)
    own = [place for place in range(len(drums)) if place not in copies]
    counted = measurement if not copies else of_tracks(measurement, own)
    heard = [within_kit(drums[place], [drums[i] for i in own]) for place in own]
    counted_activity = track_activity(heard, counted, [flags[place] for place in own])
    gains = request.method.gains(
        MethodInput(
            tuple(drum.role for drum in heard),
            counted_activity.table,
            counted,
            counted_activity.active,
        )
    )
    activity = counted_activity
    if copies:
        gains = _joined_gains([own], [gains], len(drums))
        activity = _with_copies(
            track_activity(drums, measurement, flags), counted_activity, own, copies
        )
    following = dict(copies)
    if not request.method.whole_session:
        following = all_following(drums, measurement, activity.active, copies)
    if request.method.sets_faders:
        gains = replace(gains, gains_db=path.master_gains(gains.gains_db))
    solver = Solver(
        drums,
        activity.active,
        activity.judged,
        path,
        request.settings,
        request.peaks,
        modes.starting_faders(request.settings, drums, request.choice.mode),
        track_trims(drums, request.trims),
        [following[place].leader if place in following else None for place in range(len(drums))],
    )
    solution = _solution(solver, gains, request.choice)
    bundled = None
    if gains.bundled_db is not None:
        own_model = replace(gains, gains_db=gains.bundled_db)
        bundled = _solution(solver, own_model, request.choice).faders
    return KitResult(activity, gains, solution, following, bundled)


def _solution(solver: Solver, gains: MethodGains, choice: ModeChoice) -> Solution:
    if choice.mode == "outliers" and gains.intervals_db is not None:
        return solver.solve_outliers(gains.gains_db, gains.intervals_db)
    return solver.solve(gains.gains_db, gains.intervals_db, gains.pair_db)


def _with_copies(
    everything: TrackActivity,
    counted: TrackActivity,
    own: Sequence[int],
    copies: Mapping[int, Following],
) -> TrackActivity:
    """The activity of all tracks: as counted without copies, and copies like their leaders."""
    place_of = {place: number for number, place in enumerate(own)}
    source = [
        place_of[copies[place].leader if place in copies else place]
        for place in range(len(everything.states))
    ]
    return replace(
        everything,
        states=tuple(counted.states[number] for number in source),
        causes=tuple(counted.causes[number] for number in source),
        short=counted.short[source],
    )


def _joined(kits: Kits, parts: Sequence[Sequence[T]]) -> list[T]:
    """What is known of the tracks of each kit, in the order of all tracks."""
    found = {
        place: value
        for kit, part in zip(kits, parts, strict=True)
        for place, value in zip(kit, part, strict=True)
    }
    return [found[place] for place in sorted(found)]


def _joined_array(
    kits: Sequence[Sequence[int]], parts: Sequence[Array | None], count: int | None = None
) -> Array | None:
    """Arrays over the tracks of each kit as one over all; None where one is missing.

    ``count``: of all tracks, where some are in no kit; those get NaN.
    """
    known = [part for part in parts if part is not None]
    if len(known) != len(parts):
        return None
    total = sum(map(len, kits)) if count is None else count
    joined = np.full((total, *known[0].shape[1:]), np.nan, dtype=np.float64)
    for kit, part in zip(kits, known, strict=True):
        joined[list(kit)] = part
    return joined


def _joined_gains(
    kits: Sequence[Sequence[int]], parts: Sequence[MethodGains], count: int | None = None
) -> MethodGains:
    names = [field.name for field in fields(MethodGains)]
    joined = {
        name: _joined_array(kits, [getattr(part, name) for part in parts], count) for name in names
    }
    if joined["pair_db"] is not None:
        joined["pair_db"] = np.nan_to_num(joined["pair_db"])
    gains_db = joined.pop("gains_db")
    assert gains_db is not None
    return MethodGains(gains_db, **joined)


def _joined_solution(kits: Kits, parts: Sequence[Solution], path: PathLevels) -> Solution:
    """The solutions of all kits as one, with the levels of all of them together."""

    def array(name: str) -> Array:
        joined = _joined_array(kits, [getattr(part, name) for part in parts])
        assert joined is not None
        return joined

    within = None
    if all(part.within is not None for part in parts):
        within = array("within").astype(bool)
    old, faders = array("old"), array("faders")
    told = dict.fromkeys(sentence for part in parts for sentence in part.warnings)
    return Solution(
        old,
        faders,
        array("limited_db"),
        array("trims"),
        array("old_trims"),
        before_lufs=path.loudness(old),
        after_lufs=path.loudness(faders),
        short_db=max(part.short_db for part in parts),
        intervals=_joined_array(kits, [part.intervals for part in parts]),
        warnings=tuple(told),
        within=within,
    )


def _to_level(
    solution: Solution,
    drums: Sequence[DrumTrack],
    activity: TrackActivity,
    path: PathLevels,
    request: KitRequest,
) -> Solution:
    """The solution with one offset for all kits, so that together they meet a stated level."""
    level, share = request.settings.level, request.settings.amount / 100.0
    if level.target is None:
        return solution
    if request.choice.mode == "outliers" or any(drum.anchors for drum in drums):
        text = (
            f"level {level} is not applied: the tracks that are not moved set the level of the "
            "others"
        )
        return replace(solution, warnings=(*solution.warnings, text))
    movable = np.array([drum.flag is None for drum in drums]) & activity.judged

    def moved(offset: float) -> Array:
        return np.where(movable, solution.faders + offset, solution.faders)

    if level.kind == "lufs":
        offset = offset_for(lambda step: path.loudness(moved(step)), level.target) or 0.0
    else:
        offset = level.target - request.peaks([path.gains.mix(solution.faders)])[0]
    # a louder kit keeps its balance: no fader passes its end
    room = np.where(movable, np.maximum(MAX_FADER, solution.old) - solution.faders, np.inf)
    offset = min(offset * share, float(room.min())) if math.isfinite(offset) else 0.0
    faders = moved(round(offset, 2))
    done = replace(solution, faders=faders, after_lufs=path.loudness(faders))
    if solution.intervals is not None:
        done = replace(done, intervals=solution.intervals + round(offset, 2))
    if level.kind == "peak":
        before, after = request.peaks([path.gains.mix(solution.old), path.gains.mix(faders)])
        done = replace(done, before_dbfs=before, after_dbfs=after)
    return done
