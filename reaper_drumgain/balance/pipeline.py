"""The only way from a Session to a GainPlan; every front end comes through here."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain import methods
from reaper_drumgain.analysis.analyze import AnalysisRequest
from reaper_drumgain.analysis.multitrack import MultitrackAnalysis
from reaper_drumgain.balance import reasons
from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer
from reaper_drumgain.errors import NothingToBalanceError
from reaper_drumgain.faders.activity import (
    BLEED,
    FAINT,
    SILENT,
    UNREADABLE,
    TrackActivity,
    track_activity,
)
from reaper_drumgain.faders.levels import PathLevels
from reaper_drumgain.faders.solver import PeakMeter, Solution, Solver
from reaper_drumgain.methods.base import Method, MethodInput
from reaper_drumgain.schema.plan import GainPlan, Levels, TrackPlan
from reaper_drumgain.schema.session import Session, Track
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.selection import (
    EMPTY,
    NAMELESS,
    DrumTrack,
    Selection,
    select,
    wants_to_listen,
)
from reaper_drumgain.units import HEARD_DB, Decibel, decibel_or_none

if TYPE_CHECKING:
    from reaper_drumgain.automation.section_gains import Automated

LIMITED, PAIR, GROUP, EFFECTS = "limited", "pair", "grouped", "effects"
_HELD = {
    SILENT: "silent",
    FAINT: "too short or too quiet to have a loudness",
    BLEED: "holds only bleed of the other drums",
}
#: a disk that is not there would hide everything else behind a line per file
_MOST_TOLD = 5
#: a smaller change into a compressor is no news
_BUS_DB = 0.5


def balance(
    session: Session,
    settings: Settings,
    *,
    analyzer: ProjectAnalyzer | None = None,
) -> GainPlan:
    """The faders that the settings' method gives to the drum tracks of a session.

    ``analyzer`` reads the audio; None for one without a cache.

    Roles that are to be told by sound are told first, and stand in the plan's settings as if
    they had been stated. Raises InputError where the settings name what is not there,
    NothingToBalanceError where no drum track may be moved. Nothing is written.
    """
    analyzer = analyzer or ProjectAnalyzer()
    method = methods.create(settings.method)
    told: list[str] = []
    if wants_to_listen(session, settings):
        from reaper_drumgain.balance import roles_by_sound

        by_sound = roles_by_sound.listened(session, settings, analyzer)
        settings, told = (
            roles_by_sound.with_roles(settings, by_sound),
            roles_by_sound.sentences(by_sound),
        )
    selection = select(session, settings)
    drums = measured_drums(selection)
    if not any(drum.flag is None for drum in drums):
        raise NothingToBalanceError(_why_nothing(session, selection))
    span, descriptors = settings.span, method.descriptors
    if settings.write == "automation":
        # only here: most runs have no need of it
        from reaper_drumgain.automation import section_gains
        from reaper_drumgain.automation.sections import span_of

        span = span_of(session, settings)
        descriptors += section_gains.descriptors_for(settings, method)
    analysis = analyzer.analyze(AnalysisRequest(session, drums, span, descriptors))
    plan = decide(session, settings, selection, analysis, method, analyzer.peaks)
    return replace(plan, warnings=(*told, *plan.warnings)) if told else plan


def measured_drums(selection: Selection) -> tuple[DrumTrack, ...]:
    """The drum tracks whose audio counts: what is listened to, in this order."""
    return tuple(drum for drum in selection.drums if drum.measured)


def decide(
    session: Session,
    settings: Settings,
    selection: Selection,
    analysis: MultitrackAnalysis,
    method: Method,
    peaks: PeakMeter,
) -> GainPlan:
    """The plan for what was heard of ``measured_drums(selection)``; reads no audio itself.

    ``peaks`` is asked only for the level ``peak``.
    """
    drums = measured_drums(selection)
    found = track_activity(drums, analysis.measurement, analysis.flags)
    path = PathLevels(analysis.measurement, [drum.path for drum in drums])
    wanted = method.gains(
        MethodInput(
            tuple(drum.role for drum in drums), found.table, analysis.measurement, found.active
        )
    )
    solver = Solver(drums, found.active, found.readable, path, settings, peaks)
    solution = solver.solve(wanted.gains_db, wanted.intervals_db)
    automated: Automated | None = None
    if settings.write == "automation":
        from reaper_drumgain.automation.section_gains import Automator

        automator = Automator(session, settings, drums, analysis, method, found, path, solution)
        automated = automator.run()
        solution = _with_automation(solution, automated)
    measured = {
        drum.track.index: _measured_plan(drum, place, found, analysis.flags[place], path, solution)
        for place, drum in enumerate(drums)
    }
    if automated is not None:
        for place, drum in enumerate(drums):
            plan = measured[drum.track.index]
            measured[drum.track.index] = _automated_plan(plan, place, automated)
    plans = [measured.get(d.track.index) or _still_plan(d) for d in selection.drums]
    warnings = [*session.warnings, *selection.warnings, *_reader_warnings(session, selection)]
    warnings += [*analysis.warnings, *solution.warnings]
    warnings += _level_warnings(drums, path, solution)
    warnings += _headroom_warnings(drums, path, found.peaks_dbfs + solution.faders)
    return GainPlan(
        project=session.path,
        method=settings.method,
        settings=settings,
        tracks=tuple(_with_reasons(plans, selection)),
        untouched=selection.untouched,
        levels=_levels(solution),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _with_automation(solution: Solution, automated: Automated) -> Solution:
    """The constant part of a plan with automation, and the drums' loudness with all of it."""
    # a peak does not follow from what was heard section by section
    return replace(
        solution,
        faders=automated.constant,
        after_lufs=automated.after_lufs,
        before_dbfs=-math.inf,
        after_dbfs=-math.inf,
        intervals=None if automated.constant is solution.old else solution.intervals,
        warnings=(*solution.warnings, *automated.warnings),
    )


def _automated_plan(plan: TrackPlan, place: int, automated: Automated) -> TrackPlan:
    from reaper_drumgain.automation.existing_envelopes import NOT_AUTOMATED

    refused = automated.refused[place]
    flags = plan.flags if refused is None else (*plan.flags, NOT_AUTOMATED)
    written = automated.tracks[place]
    return replace(plan, flags=flags, automation=written, not_automated=refused)


def _why_nothing(session: Session, selection: Selection) -> str:
    if not selection.drums:
        named = sum(other.why == EMPTY for other in selection.untouched)
        silent = any(other.why == NAMELESS for other in selection.untouched)
        nameless = (
            "; --listen (in REAPER the settings) tells a kick drum by its sound" if silent else ""
        )
        found = f", {named} have the name but no items" if named else ""
        return (
            f"{session.path}: no drum track to balance: none of its {len(session.tracks)} tracks "
            f"has a drum's name and items that play{found}; 'drumgain tracks' shows what each is "
            f"taken for, and --role says what one is (in REAPER the action 'set role'){nameless}"
        )
    stays = "; ".join(f"{d.track.name!r}: {d.why}" for d in selection.drums[:8])
    more = f"; and {len(selection.drums) - 8} more" if len(selection.drums) > 8 else ""
    return f"{session.path}: no drum track to balance: {stays}{more}"


def _levels(solution: Solution) -> Levels:
    return Levels(
        before_lufs=_rounded(solution.before_lufs),
        after_lufs=_rounded(solution.after_lufs),
        before_dbfs=_rounded(solution.before_dbfs),
        after_dbfs=_rounded(solution.after_dbfs),
    )


def _rounded(level: float | None) -> Decibel | None:
    return None if level is None or not math.isfinite(level) else Decibel(round(level, 2))


def _fader(level: Decibel | None) -> Decibel | None:
    """A fader to a millionth of a decibel: rounding to less would bend offsets of pairs."""
    return None if level is None else Decibel(round(level, 6))


def _still_plan(drum: DrumTrack) -> TrackPlan:
    """The plan of a drum track that is neither measured nor moved."""
    old = _fader(decibel_or_none(drum.track.fader))
    return TrackPlan(
        index=drum.track.index,
        name=drum.track.name,
        role=drum.role.name,
        old_db=old,
        new_db=old,
        guid=drum.track.guid,
        side=drum.role.side,
        ordinal=drum.role.ordinal,
        flags=(drum.flag,) if drum.flag else (),
        reason=drum.why,
    )


def _measured_plan(
    drum: DrumTrack,
    place: int,
    found: TrackActivity,
    media_flags: Sequence[str],
    path: PathLevels,
    solution: Solution,
) -> TrackPlan:
    still = _still_plan(drum)
    state = found.states[place]
    flags = [*still.flags, *([state] if state else []), *media_flags]
    if drum.track.effects_enabled and _enabled(drum.track):
        flags.append(EFFECTS)
    if drum.links:
        flags.append(GROUP if drum.track.volume_groups else PAIR)
    if solution.limited_db and drum.flag is None:
        flags.append(LIMITED)
    own = float(found.loudness_lufs[place])
    return replace(
        still,
        new_db=_fader(Decibel(float(solution.faders[place]))),
        interval_db=_interval(solution, place),
        flags=tuple(dict.fromkeys(flags)),
        loudness_lufs=_rounded(own),
        path_db=_rounded(path.path_db(place, own) if math.isfinite(own) else None),
    )


def _interval(solution: Solution, place: int) -> tuple[Decibel, Decibel] | None:
    if solution.intervals is None or not np.isfinite(solution.intervals[place]).all():
        return None
    low, high = solution.intervals[place].tolist()
    return Decibel(round(low, 2)), Decibel(round(high, 2))


def _with_reasons(plans: Sequence[TrackPlan], selection: Selection) -> list[TrackPlan]:
    names = {plan.index: plan.name for plan in plans}
    sounding = [plan for plan in plans if not {*_HELD, UNREADABLE} & set(plan.flags)]
    compared, ranks = reasons.references(sounding), reasons.ranks(sounding)

    def reason(plan: TrackPlan, drum: DrumTrack) -> str | None:
        if plan.reason is not None:
            return plan.reason
        if UNREADABLE in plan.flags:
            return "none of its media can be read: stays"
        for flag, cause in _HELD.items():
            if flag in plan.flags:
                return reasons.held_sentence(plan, cause)
        partners = [names[index] for index in drum.links]
        return reasons.sentence(plan, compared, partners, ranks.get(plan.index))

    pairs = zip(plans, selection.drums, strict=True)
    return [replace(plan, reason=reason(plan, drum)) for plan, drum in pairs]


def _reader_warnings(session: Session, selection: Selection) -> Iterator[str]:
    """What the reader could not represent, of the drum tracks and of those on their way."""
    drums = [drum.track for drum in selection.drums]
    seen = {track.index for track in drums}
    told = list(drums)
    while drums:
        track = drums.pop()
        targets = [session.tracks[s.target] for s in session.sends if s.source == track.index]
        for other in (*session.folders_of(track), *targets):
            if other.index not in seen:
                seen.add(other.index)
                told.append(other)
                drums.append(other)
    for track in told:
        shown = track.warnings[:_MOST_TOLD]
        yield from (f"track {track.name!r}: {warning}" for warning in shown)
        left = len(track.warnings) - len(shown)
        if left:
            yield f"track {track.name!r}: {left} more, which 'drumgain tracks' lists"


def _level_warnings(
    drums: Sequence[DrumTrack], path: PathLevels, solution: Solution
) -> Iterator[str]:
    """What buses and sends with effects hear of the moves: no effect is in our levels."""
    moves = solution.faders - solution.old
    for drum in drums:
        if drum.path.loops:
            yield (
                f"track {drum.track.name!r}: part of its way feeds back or is nested too deep, and "
                "is not counted in the levels"
            )
    dry = [d.track.name for d in drums if d.track.effects_enabled and _enabled(d.track)]
    if dry:
        yield f"measured before their effects: {', '.join(map(repr, dry))}"
    for drum, move in zip(drums, moves, strict=True):
        if abs(move) >= HEARD_DB and drum.path.unheard_sends:
            targets = ", ".join(repr(name) for name in drum.path.unheard_sends)
            yield (
                f"track {drum.track.name!r} also feeds {targets} (with effects), which now hears "
                f"it {move:+.1f} dB"
            )
    buses = dict.fromkeys(name for drum in drums for name in drum.path.effects_on_way)
    for bus in buses:
        through = np.array([bus in drum.path.effects_on_way for drum in drums])
        change = path.loudness(solution.faders, through) - path.loudness(solution.old, through)
        if math.isfinite(change) and abs(change) >= _BUS_DB:
            yield (
                f"the drums now reach {bus!r} (with effects) {change:+.1f} dB: check its thresholds"
            )


def _enabled(track: Track) -> bool:
    return any(effect.enabled for effect in track.effects)


def _headroom_warnings(
    drums: Sequence[DrumTrack], path: PathLevels, peaks: NDArray[np.float64]
) -> Iterator[str]:
    """Tracks that pass full scale by themselves, before any other adds to them.

    The peak of all together takes another reading of the audio: ``--level peak`` does that.
    """
    over = []
    for place, drum in enumerate(drums):
        gain = path.gains.peak_gain(place)
        level = peaks[place] + (20.0 * math.log10(gain) if gain > 0.0 else -math.inf)
        if level > HEARD_DB:
            over.append(f"{drum.track.name!r} by {level:.1f} dB")
    if over:
        yield (
            f"over full scale at the master: {', '.join(over)}; "
            "--level peak:-1 (in REAPER the action 'settings') lowers the whole kit"
        )
