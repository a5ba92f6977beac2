"""The work of a balance run: read the project, have the worker make a plan, write it, report it."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Sequence
from typing import Any

from reaper_drumgain.errors import InputError
from reaper_drumgain.hosts.live import (
    WAIT,
    apply,
    automate,
    dialogs,
    effects_level,
    export,
    project_state,
)
from reaper_drumgain.hosts.live.console import one_line, print_line, print_result
from reaper_drumgain.hosts.live.last_result import LastResult, SectionResult, TrackResult
from reaper_drumgain.hosts.live.link import Worker
from reaper_drumgain.hosts.live.preferences import Preferences
from reaper_drumgain.hosts.live.reaper import RPR, Project, is_open
from reaper_drumgain.hosts.live.snapshot import Snapshot, take_snapshot
from reaper_drumgain.hosts.live.tasks import Steps
from reaper_drumgain.schema.plan import GainPlan, TrackPlan
from reaper_drumgain.schema.session import Session
from reaper_drumgain.schema.settings import Mode, Settings
from reaper_drumgain.schema.trims import trims_text
from reaper_drumgain.tracks.playback import is_better_rendered, track_difference
from reaper_drumgain.tracks.selection import select, tracks_to_classify
from reaper_drumgain.units import to_linear

#: progress is printed once, at this report of the worker: about 3 s after the start
_PRINT_PROGRESS_AT = 10
_SECTION, _TOLD = "DrumGain", "told_task_control"
_TASK_CONTROL = (
    "To cancel, run the action again; if REAPER then shows the dialog 'ReaScript task control', "
    "choose 'New instance' and tick 'Remember my answer for this script'. The action "
    "'DrumGain_Cancel' and the menu cancel without a question"
)
#: flags of drum tracks without a file to measure, of which REAPER can render stems
_RENDERED_FLAGS = ("instrument", "not readable")


def run(
    project: Project,
    preferences: Preferences,
    worker: Worker,
    mode: Mode | None = None,
    *,
    preview: bool = False,
    effects: bool = False,
) -> Steps:
    """Reads the project, gets a plan from the worker, writes it, stores and prints the result.

    Parameters
    ----------
    project, preferences, worker
        The project, what the user wants, and the process that makes the plan.
    mode, preview
        The mode of this run alone, None for that of the preferences. Only print the plan.
    effects
        Have REAPER measure what the tracks' effects add, and take that off the faders.

    Returns
    -------
    Steps
        The slices of the run.
    """
    snapshot = yield from take_snapshot(project)
    settings = run_settings(snapshot.session, preferences)
    if mode is not None:
        settings = dataclasses.replace(settings, mode=mode)
    session, settings, pre_effects = yield from _with_audio(
        snapshot, settings, preferences, worker, effects=effects
    )
    yield
    # stems are rendered again in each run, so their analysis would never be looked up
    use_cache = preferences.remember and (effects or session is snapshot.session)
    yield from worker.send(session, settings, remember=use_cache)
    if settings.write == "automation":
        # before the worker has analyzed everything in vain
        automate.check_override()
    yield WAIT
    apply.warm_up()
    plan = yield from worker.answer(Progress())
    apply.check_fits(snapshot, plan)
    result = result_of(snapshot, plan, summary(plan, pre_effects, preview=preview))
    yield
    if preview:
        print_line(dialogs.report(result))
        return
    if plan.automated:
        yield from automate.write_plan(snapshot, plan)
    else:
        # no tick passes between the checks and the last write
        moves = apply.plan_moves(snapshot, plan)
        if moves:
            apply.set_faders(project, moves, apply.undo_name(plan))
    print_result(result.summary)
    yield WAIT
    if is_open(project):
        project_state.store_preferences(project, preferences)
        project_state.store_result(project, result)


def _with_audio(
    snapshot: Snapshot,
    settings: Settings,
    preferences: Preferences,
    worker: Worker,
    *,
    effects: bool,
) -> Generator[Any, None, tuple[Session, Settings, tuple[str, ...]]]:
    """Session and settings with the audio that is wanted; tracks measured before their effects."""
    session = snapshot.session
    if effects:
        # in place of leaving such tracks out, or of rendering them
        session = yield from effects_level.measured(snapshot, settings)
        return session, *apply_audio_setting(session, settings, as_files(preferences))
    if preferences.audio == "export":
        return (yield from _with_stems(snapshot, settings, worker)), settings, ()
    return session, *apply_audio_setting(session, settings, preferences)


def as_files(preferences: Preferences) -> Preferences:
    """The same preferences with the audio of the files."""
    return dataclasses.replace(preferences, audio="files")


def _with_stems(
    snapshot: Snapshot, settings: Settings, worker: Worker
) -> Generator[Any, None, Session]:
    """The session with stems for those drum tracks whose files are not what REAPER plays."""
    drums = select(snapshot.session, settings).drums
    yield
    measured = {d.track.index for d in drums if d.measured or d.flag in _RENDERED_FLAGS}
    measured |= {d.track.index for d in tracks_to_classify(snapshot.session, settings)}
    yield
    tracks = [
        track
        for track in snapshot.session.tracks
        if track.index in measured and is_better_rendered(track)
    ]
    if not tracks:
        return snapshot.session
    return (yield from export.with_stems(snapshot, tracks, worker.folder / "stems"))


class Progress:
    """Prints the progress once, when a run takes so long that the user may wonder."""

    def __init__(self) -> None:
        self._reports = 0

    def __call__(self, doing: str, share: float) -> None:
        """Count a report of the worker."""
        self._reports += 1
        if self._reports == _PRINT_PROGRESS_AT:
            line = f"DrumGain: {one_line(doing)}, {share:.0%} (run the action again to cancel)"
            if RPR.GetExtState(_SECTION, _TOLD):
                print_result(line)
                return
            # kept from session to session: it is told once
            RPR.SetExtState(_SECTION, _TOLD, "1", True)
            print_line(f"{line}. {_TASK_CONTROL}")


def run_settings(session: Session, preferences: Preferences) -> Settings:
    """The settings for a scope.

    Parameters
    ----------
    session
        The project as it was read.
    preferences
        What the user wants.

    Returns
    -------
    Settings
        With the tracks or the part of the song that are meant.

    Raises
    ------
    InputError
        The selection does not fit the scope.
    """
    settings = preferences.settings()
    chosen = [t for t in session.tracks if t.selected]
    if preferences.scope == "time selection":
        if session.time_selection is None:
            raise InputError("there is no time selection any more: nothing was changed")
        settings = dataclasses.replace(settings, span=session.time_selection)
    elif (
        settings.write == "automation"
        and settings.automation.sections == "time selection"
        and session.time_selection is None
    ):
        raise InputError(
            "the settings say automation within the time selection, but there is none: select a "
            "part of the song, or choose regions or markers in the settings. Nothing was changed"
        )
    elif preferences.scope == "selected" and not chosen:
        raise InputError("no track is selected any more: nothing was changed")
    if preferences.scope == "all" or not chosen:
        return settings
    folders = {track.index for track in chosen if track.folder}
    inside = [
        track
        for track in session.tracks
        if track.selected or folders & {f.index for f in session.folders_of(track)}
    ]
    return dataclasses.replace(settings, only=tuple(f"#{t.index + 1}" for t in inside))


def apply_audio_setting(
    session: Session, settings: Settings, preferences: Preferences
) -> tuple[Settings, tuple[str, ...]]:
    """The settings with the preference ``audio``.

    Parameters
    ----------
    session
        The project as it was read.
    settings
        The settings without it.
    preferences
        What the user wants.

    Returns
    -------
    settings : Settings
        The new settings.
    names : tuple of str
        Tracks that are measured before their effects.
    """
    pre_effects = [track for track in session.tracks if track_difference(track) is not None]
    if preferences.audio != "skip":
        return settings, tuple(track.name for track in pre_effects)
    skipped = tuple((f"#{track.index + 1}", "none") for track in pre_effects)
    return dataclasses.replace(settings, roles=settings.roles + skipped), ()


def summary(plan: GainPlan, pre_effects: Sequence[str], *, preview: bool = False) -> str:
    """What was moved and what was left, in one line.

    Parameters
    ----------
    plan
        The plan.
    pre_effects
        The names of tracks that were measured before their effects.
    preview
        Whether nothing was written.

    Returns
    -------
    str
        The line.
    """
    moved = plan.moves
    verb = "preview, nothing was written: would move" if preview else "moved"
    parts = [f"DrumGain: {verb} {len(moved)} of {len(plan.tracks)} drum tracks ({plan.method})"]
    if plan.settings.amount != 100.0:
        parts[0] += f" at {plan.settings.amount:g} %"
    if plan.automated or plan.settings.write == "automation":
        parts.append(_automated(plan, "would write" if preview else "wrote"))
    left = [track for track in plan.tracks if not (track.moves or track.automation)]
    if left:
        shown = ", ".join(f"{one_line(t.name)} ({_why(t)})" for t in left[:3])
        more = f" and {len(left) - 3} more" if len(left) > 3 else ""
        parts.append(f"left {shown}{more}")
    if plan.untouched:
        parts.append(f"{len(plan.untouched)} other tracks not changed")
    measured = {track.name for track in moved}
    before_effects = [name for name in pre_effects if name in measured]
    if before_effects:
        parts.append(f"{len(before_effects)} tracks measured from their files, without effects")
    if plan.trims:
        parts.append(f"trims {trims_text(plan.trims)} dB")
    parts.append(plan.mode_line("'rebalance everything'", "mode 'outliers' in the settings"))
    if plan.warnings:
        parts.append(f"{len(plan.warnings)} warnings: the action 'Show last result' shows them")
    return "; ".join(parts)


def _automated(plan: GainPlan, wrote: str) -> str:
    """How much automation was written, and why some tracks got none."""
    points = [len(t.automation.points) for t in plan.automated if t.automation is not None]
    line = f"{wrote} automation on {len(points)}"
    if points:
        line += f" (at most {max(points)} points)"
    refused = [track for track in plan.tracks if track.not_automated]
    if refused:
        shown = ", ".join(
            f"{one_line(t.name)} ({one_line(t.not_automated or '')})" for t in refused[:3]
        )
        more = f" and {len(refused) - 3} more" if len(refused) > 3 else ""
        line += f", not on {shown}{more}"
    return line


def _why(track: TrackPlan) -> str:
    return track.flags[0] if track.flags else "already there"


def _sections(planned: TrackPlan) -> tuple[SectionResult, ...]:
    if planned.automation is None:
        return ()
    return tuple(
        SectionResult(s.name, s.start, s.end, s.fader_db, s.state)
        for s in planned.automation.sections
    )


def result_of(snapshot: Snapshot, plan: GainPlan, line: str) -> LastResult:
    """The result of a run, as it is stored with the project.

    Parameters
    ----------
    snapshot
        The project as it was read.
    plan
        The plan that was written.
    line
        The summary.

    Returns
    -------
    LastResult
        With all drum tracks.
    """
    share = plan.settings.amount / 100.0
    tracks = []
    for planned in plan.tracks:
        track = snapshot.session.tracks[planned.index]
        after = to_linear(planned.new_db) if planned.moves and planned.new_db is not None else None
        full = project_state.move_db(track.fader, after) if after is not None else 0.0
        if full is not None:
            full -= planned.trim_db - planned.old_trim_db
            # a fader that met its end makes more of its move at a smaller amount
            full += planned.limited_db or 0.0
        may_move = share > 0.0 and full is not None
        tracks.append(
            TrackResult(
                guid=track.guid or "",
                name=track.name,
                role=planned.role,
                before=track.fader,
                after=track.fader if after is None else after,
                full_db=full / share if may_move and full is not None else None,
                flags=planned.flags,
                reason=planned.reason,
                automated=planned.automation is not None,
                sections=_sections(planned),
                not_automated=planned.not_automated,
                trim_db=planned.trim_db,
                trim_before_db=planned.old_trim_db,
                held=planned.held,
            )
        )
    return LastResult(
        line,
        plan.method,
        plan.settings.amount,
        tuple(tracks),
        plan.warnings,
        mode=plan.mode,
    )
