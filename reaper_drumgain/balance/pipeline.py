"""The only way from a session to a plan; every front end calls ``balance``.

session -> selection of drum tracks -> analysis of their audio -> activity (which tracks play
their own drum) -> relative gains of a method -> fader values -> (gains over time) -> plan with
reasons and warnings.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain import methods
from reaper_drumgain.analysis.analyze import AnalysisRequest
from reaper_drumgain.analysis.measurement import MultitrackAnalysis
from reaper_drumgain.balance import (
    fault_warnings,
    kit_warnings,
    modes,
    reasons,
    track_plans,
    trim_marks,
    warnings,
)
from reaper_drumgain.balance.kits import KitRequest, KitResult, balance_kits
from reaper_drumgain.balance.modes import ModeChoice
from reaper_drumgain.balance.nothing_to_move import why_nothing_moves
from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer
from reaper_drumgain.errors import NothingToBalanceError
from reaper_drumgain.faders.activity import TrackActivity
from reaper_drumgain.faders.followers import Following
from reaper_drumgain.faders.levels import PathLevels
from reaper_drumgain.faders.solution import Solution
from reaper_drumgain.methods.base import Method, MethodGains
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.schema.session import Session
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.kits import Kits, kits_of
from reaper_drumgain.tracks.selection import Selection, select, wants_roles_by_sound
from reaper_drumgain.tracks.trims import trims_in_use
from reaper_drumgain.units import NOISE_DB, Decibel

if TYPE_CHECKING:
    from reaper_drumgain.automation.records import AutomationResult


#: moves are rounded to 0.01 dB
_HALF_STEP = 0.005


def balance(
    session: Session,
    settings: Settings,
    *,
    analyzer: ProjectAnalyzer | None = None,
    method: Method | None = None,
) -> GainPlan:
    """The faders that the settings' method gives to the drum tracks of a session.

    Nothing is written. Roles that are to be recognised by sound are found first. The plan's
    settings hold them as if the user had stated them.

    Parameters
    ----------
    session
        The project as a host has read it.
    settings
        Method, amount, level, and what the user says of the tracks.
    analyzer
        Reads and measures the audio. None for one without a cache.
    method
        Used in place of the method that the settings name.

    Returns
    -------
    GainPlan
        Old and new fader of every drum track, with reasons and warnings.

    Raises
    ------
    InputError
        The settings name a track, role, method or section that is not there.
    NothingToBalanceError
        No drum track may be moved.
    """
    analyzer = analyzer or ProjectAnalyzer()
    method = method or _method(settings)
    session, told = _with_stems(session, settings)
    settings, found_by_sound = _with_roles_by_sound(session, settings, analyzer)
    selection = _selection(session, settings)
    choice = modes.choose_mode(settings, selection.measured, has_intervals=method.has_intervals)
    analysis = analyzer.analyze(_analysis_request(session, settings, selection, method))
    trims = trims_in_use(selection.drums, settings.trims)
    kits = kits_of(session, selection.measured)
    result = balance_kits(
        selection.measured,
        analysis,
        kits,
        KitRequest(settings, method, choice, trims, analyzer.peaks),
    )
    found = _Balanced.of(session, settings, selection, choice, analysis, result, trims, kits)
    if settings.write == "automation":
        found = _with_automation(found, method)
    notes = [*found_by_sound, *method.notes, *told]
    return _plan(_without_noise(found), notes, effects_count=not method.sets_faders)


def _method(settings: Settings) -> Method:
    if settings.model:
        return methods.create_own(settings.method, settings.model)
    return methods.create(settings.method)


def _selection(session: Session, settings: Settings) -> Selection:
    """The drum tracks. Raises NothingToBalanceError where none of them may move."""
    selection = select(session, settings)
    if not any(drum.flag is None for drum in selection.measured):
        raise NothingToBalanceError(why_nothing_moves(session, selection))
    return selection


@dataclass(frozen=True, slots=True)
class _Balanced:
    """The results of all steps, from which the plan is made."""

    session: Session
    settings: Settings
    selection: Selection
    choice: ModeChoice
    analysis: MultitrackAnalysis
    activity: TrackActivity
    path: PathLevels
    solution: Solution
    gains: MethodGains
    bundled: NDArray[np.float64] | None
    trims: Mapping[str, Decibel]
    following: Mapping[int, Following]
    kits: Kits
    automation: AutomationResult | None = None

    @classmethod
    def of(
        cls,
        session: Session,
        settings: Settings,
        selection: Selection,
        choice: ModeChoice,
        analysis: MultitrackAnalysis,
        result: KitResult,
        trims: Mapping[str, Decibel],
        kits: Kits,
    ) -> _Balanced:
        """The results where no automation is made yet."""
        return cls(
            session,
            settings,
            selection,
            choice,
            analysis,
            result.activity,
            PathLevels(analysis.measurement, [drum.path for drum in selection.measured]),
            result.solution,
            result.gains,
            result.bundled_db,
            trims,
            result.following,
            kits,
        )


def _with_stems(session: Session, settings: Settings) -> tuple[Session, tuple[str, ...]]:
    """The session with stems from outside where the settings name a folder, and what is told."""
    if not settings.stems:
        return session, ()
    from reaper_drumgain.balance.stems import with_stems

    return with_stems(session, Path(settings.stems))


def _with_roles_by_sound(
    session: Session, settings: Settings, analyzer: ProjectAnalyzer
) -> tuple[Settings, list[str]]:
    """The settings with roles found by sound where they ask for it, and sentences about them."""
    if not wants_roles_by_sound(session, settings):
        return settings, []
    from reaper_drumgain.balance import roles_by_sound

    found = roles_by_sound.track_sounds(session, settings, analyzer)
    return roles_by_sound.with_roles(settings, found), roles_by_sound.sentences(found)


def _analysis_request(
    session: Session, settings: Settings, selection: Selection, method: Method
) -> AnalysisRequest:
    """What is measured of which part of the song."""
    span, descriptors = settings.span, method.descriptors
    if settings.write == "automation":
        from reaper_drumgain.automation.automate import descriptors_for
        from reaper_drumgain.automation.sections import span_of

        span = span_of(session, settings)
        descriptors += descriptors_for(settings, method)
    return AnalysisRequest(session, selection.measured, span, descriptors)


def _with_automation(found: _Balanced, method: Method) -> _Balanced:
    """The results with gains over time, and with the drums' loudness with all of it."""
    from reaper_drumgain.automation.automate import automate
    from reaper_drumgain.automation.inputs import automation_input

    solution = found.solution
    given = automation_input(
        found.session,
        found.settings,
        found.selection.measured,
        found.analysis,
        method,
        found.activity,
        found.path,
        solution,
        found.kits,
        {place: own.leader for place, own in found.following.items()},
    )
    automation = automate(given)
    solution = replace(
        solution,
        faders=automation.faders_db,
        after_lufs=automation.after_lufs,
        # a peak does not follow from the analysis of each section
        before_dbfs=-math.inf,
        after_dbfs=-math.inf,
        # with a span the faders stay: none meets its end, and intervals are around new faders
        limited_db=solution.limited_db if given.span is None else 0.0 * solution.limited_db,
        short_db=solution.short_db if given.span is None else 0.0,
        intervals=solution.intervals if given.span is None else None,
        warnings=(*solution.warnings, *automation.warnings),
    )
    return replace(found, solution=solution, automation=automation)


def _without_noise(found: _Balanced) -> _Balanced:
    """The results with the old faders where no move can be heard and nothing else is written.

    A trim that the user changed is made however small it is, and alone where nothing else is heard.
    """
    solution, automation = found.solution, found.automation
    written = automation is not None and any(track is not None for track in automation.tracks)
    with_trims = solution.old + (solution.trims - solution.old_trims)
    moves = np.abs(solution.faders - with_trims)
    if written or not moves.any() or moves.max() >= NOISE_DB - _HALF_STEP:
        return found
    after_lufs, after_dbfs = solution.before_lufs, solution.before_dbfs
    if (with_trims != solution.old).any():
        if solution.limited_db.any() or found.settings.level.kind != "keep":
            # an end of a fader, or a level that is met with the trims
            return found
        after_lufs = found.path.loudness(with_trims)
    solution = replace(solution, faders=with_trims, after_lufs=after_lufs, after_dbfs=after_dbfs)
    return replace(found, solution=solution)


def _plan(found: _Balanced, found_by_sound: list[str], *, effects_count: bool) -> GainPlan:
    """The plan with reasons and warnings; ``found_by_sound``: the first of these."""
    plans = track_plans.track_plans(
        found.selection,
        found.activity,
        found.analysis.flags,
        found.path,
        found.solution,
        found.automation,
        found.gains,
        found.bundled,
        found.following,
        None if found.choice.mode == "outliers" else found.settings.amount / 100.0,
    )
    drums, solution = found.selection.measured, found.solution
    start = modes.starting_faders(found.settings, drums, found.choice.mode).tolist()
    starts = {drum.track.index: level for drum, level in zip(drums, start, strict=True)}
    plans = list(modes.with_notes(plans, found.choice.mode, starts))
    plans = trim_marks.with_marks(plans, found.selection.drums, found.trims)
    held = zip(drums, found.activity.causes, strict=True)
    causes = {drum.track.index: cause for drum, cause in held if cause is not None}
    following = {drums[place].track.index: own for place, own in found.following.items()}
    faults = fault_warnings.faults(drums, found.activity, found.analysis.measurement)
    told = (
        *found.session.warnings,
        *found.selection.warnings,
        *warnings.reader_warnings(found.session, found.selection),
        *found.analysis.warnings,
        *(fault.sentence for fault in faults),
        *kit_warnings.sentences(found.session, drums, found.kits, found.following),
        *solution.warnings,
        *trim_marks.warnings(plans, found.selection.drums, found.settings),
        *warnings.limit_warnings(drums, solution),
        *warnings.level_warnings(drums, found.path, solution),
        *warnings.headroom_warnings(drums, found.path, found.activity.peaks_dbfs + solution.faders),
    )
    return GainPlan(
        project=found.session.path,
        method=found.settings.method,
        settings=found.settings,
        tracks=reasons.with_reasons(
            plans,
            found.selection,
            causes,
            _kit_move(found),
            following,
            effects_count=effects_count,
        ),
        untouched=found.selection.untouched,
        levels=track_plans.levels_of(solution),
        warnings=(*found_by_sound, *warnings.one_line_each(told)),
        mode=found.choice.mode,
        mode_why=found.choice.why,
        other_mode=found.choice.other,
        faults=faults,
        trims=tuple(found.trims.items()),
    )


def _kit_move(found: _Balanced) -> reasons.KitMove:
    """What the level setting moves all drums by; nothing where tracks that stay set the level. And
    their mean move beyond that, where there is one kit."""
    solution, settings = found.solution, found.settings
    moved = solution.after_lufs + solution.short_db - solution.before_lufs
    anchored = found.choice.mode == "outliers" or any(
        drum.anchors for drum in found.selection.measured
    )
    if settings.level.kind == "keep" or anchored or not math.isfinite(moved):
        moved = 0.0
    own = solution.faders - solution.trims - (solution.old - solution.old_trims)
    free = found.activity.active & np.isfinite(own)
    free[list(found.following)] = False
    mean = float(np.mean(own[free])) - moved if free.any() and len(found.kits) == 1 else 0.0
    full = moved * 100.0 / settings.amount if settings.amount else 0.0
    return reasons.KitMove(moved, full, mean)
