"""The work behind the actions that listen: read, ask the worker, set the faders, say so."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from reaper_drumgain.errors import InputError
from reaper_drumgain.hosts.live import WAIT, project_state, tasks
from reaper_drumgain.hosts.live.link import Worker
from reaper_drumgain.hosts.live.project_state import LastRun, LastSection, LastTrack, Preferences
from reaper_drumgain.hosts.live.reaper import Project, is_open
from reaper_drumgain.hosts.live.snapshot import Snapshot, take_snapshot
from reaper_drumgain.hosts.live.tasks import say
from reaper_drumgain.schema.session import Session, Track
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.units import to_linear

if TYPE_CHECKING:
    from reaper_drumgain.schema.plan import GainPlan, TrackPlan

_SAY_PROGRESS_AFTER = 10
#: what checking and setting a track's fader takes, for the slices of the main thread's time
_S_PER_TRACK = 1.5e-4
#: words that say where a track's own sound differs from its files
_EFFECTS, _STRETCHED, _INSTRUMENT = "effects", "stretch markers", "an instrument"


def printable(text: str) -> str:
    """A name from a project for one line of the console."""
    return "".join(c if c.isprintable() else "?" for c in text)[:200]


def work(project: Project, wanted: Preferences, worker: Worker) -> Generator[Any, None, None]:
    """Read the project, have a plan made, set the faders, remember and say it."""
    snapshot = yield from take_snapshot(project)
    settings = run_settings(snapshot.session, wanted)
    session = snapshot.session
    asides: tuple[str, ...] = ()
    if wanted.audio == "export":
        session = yield from _exported(snapshot, settings, worker)
    else:
        settings, asides = as_wished(session, settings, wanted)
    yield
    # a stem is rendered anew each time: what was heard of it is never asked for again
    remember = wanted.remember and session is snapshot.session
    yield from worker.send(session, settings, remember=remember)
    # what writes the result is imported while the worker listens
    yield from tasks.imports(tasks.WRITE_MODULES)
    if settings.write == "automation":
        yield from tasks.imports(tasks.AUTOMATION_MODULES)
        from reaper_drumgain.hosts.live import automate

        # told before the worker has listened to everything
        automate.check_override()
    from reaper_drumgain.hosts.live import apply

    yield WAIT
    apply.warm_up()
    plan = yield from worker.answer(_Progress())
    needed = _S_PER_TRACK * len(session.tracks)
    yield needed
    apply.check_fits(snapshot, plan)
    run = run_of(snapshot, plan, summary(plan, asides))
    yield needed
    if plan.automated:
        from reaper_drumgain.hosts.live import automate

        yield from automate.write_plan(snapshot, plan)
    else:
        # from the checks to the last write nothing else of REAPER runs
        moves = apply.plan_moves(snapshot, plan)
        if moves:
            apply.set_faders(project, moves, apply.undo_name(plan))
    say(run.summary)
    yield WAIT
    if is_open(project):
        project_state.remember_preferences(project, wanted)
        project_state.remember_run(project, run)


def _exported(
    snapshot: Snapshot, settings: Settings, worker: Worker
) -> Generator[Any, None, Session]:
    """The session with stems for the drum tracks whose files are not what REAPER plays."""
    yield from tasks.imports((*tasks.ROLE_MODULES, "reaper_drumgain.hosts.live.export"))
    from reaper_drumgain.hosts.live import export
    from reaper_drumgain.tracks.selection import select, to_listen

    drums = select(snapshot.session, settings).drums
    yield
    measured = {d.track.index for d in drums if d.measured or d.flag == "instrument"}
    measured |= {d.track.index for d in to_listen(snapshot.session, settings)}
    yield
    wanted = [
        track
        for track in snapshot.session.tracks
        if track.index in measured and other_sound(track) is not None
    ]
    if not wanted:
        return snapshot.session
    return (yield from export.with_stems(snapshot, wanted, worker.folder / "stems"))


class _Progress:
    """Says once how far it is, when it takes so long that somebody may wonder."""

    def __init__(self) -> None:
        self._heard = 0

    def __call__(self, doing: str, share: float) -> None:
        self._heard += 1
        if self._heard == _SAY_PROGRESS_AFTER:
            say(f"DrumGain: {printable(doing)}, {share:.0%} (press again to cancel)")


def run_settings(session: Session, wanted: Preferences) -> Settings:
    """The settings for a scope. Raises InputError where the selection does not fit it."""
    settings = wanted.settings()
    chosen = [t for t in session.tracks if t.selected]
    if wanted.scope == "time selection":
        if session.time_selection is None:
            raise InputError("the time selection is gone: nothing was changed")
        settings = dataclasses.replace(settings, span=session.time_selection)
    elif (
        settings.write == "automation"
        and settings.automation.sections == "time selection"
        and session.time_selection is None
    ):
        raise InputError(
            "automation per time selection needs a time selection: select a part of the song, or "
            "choose regions or markers in the settings; nothing was changed"
        )
    elif wanted.scope == "selected" and not chosen:
        raise InputError("no track is selected any more: nothing was changed")
    if wanted.scope == "all" or not chosen:
        return settings
    folders = {track.index for track in chosen if track.folder}
    inside = [
        track
        for track in session.tracks
        if track.selected or folders & {f.index for f in session.folders_of(track)}
    ]
    return dataclasses.replace(settings, only=tuple(f"#{t.index + 1}" for t in inside))


def as_wished(
    session: Session, settings: Settings, wanted: Preferences
) -> tuple[Settings, tuple[str, ...]]:
    """The settings under the audio setting, and the tracks of which the summary says that they
    were measured before their effects."""
    asides = [track for track in session.tracks if other_sound(track) is not None]
    if wanted.audio != "skip":
        return settings, tuple(track.name for track in asides)
    skipped = tuple((f"#{track.index + 1}", "none") for track in asides)
    return dataclasses.replace(settings, roles=settings.roles + skipped), ()


def other_sound(track: Track) -> str | None:
    """Why REAPER plays something else than the track's files before its fader, or None."""
    on = [e for e in track.effects if e.enabled] if track.effects_enabled else []
    clips = [clip for clip in track.clips if clip.plays]
    if any(effect.instrument for effect in on):
        return _INSTRUMENT
    if on or any(effect.enabled for clip in clips for effect in clip.effects):
        return _EFFECTS
    return _STRETCHED if any(clip.stretched for clip in clips) else None


def summary(plan: GainPlan, asides: Sequence[str]) -> str:
    """What was done and left, in one line."""
    moved = plan.moves
    parts = [f"DrumGain: moved {len(moved)} of {len(plan.tracks)} drum tracks ({plan.method})"]
    if plan.settings.amount != 100.0:
        parts[0] += f" at {plan.settings.amount:g} %"
    if plan.automated or plan.settings.write == "automation":
        parts.append(_automated(plan))
    left = [track for track in plan.tracks if not (track.moves or track.automation)]
    if left:
        shown = ", ".join(f"{printable(t.name)} ({_why(t)})" for t in left[:3])
        more = f" and {len(left) - 3} more" if len(left) > 3 else ""
        parts.append(f"left {shown}{more}")
    if plan.untouched:
        parts.append(f"{len(plan.untouched)} other tracks untouched")
    measured = {track.name for track in moved}
    before_effects = [name for name in asides if name in measured]
    if before_effects:
        parts.append(f"{len(before_effects)} measured from their files, before effects")
    if plan.warnings:
        parts.append(f"{len(plan.warnings)} notes under 'show last result'")
    return "; ".join(parts)


def _automated(plan: GainPlan) -> str:
    """How much automation was written, and why not more."""
    points = [len(t.automation.points) for t in plan.automated if t.automation is not None]
    line = f"wrote automation on {len(points)}"
    if points:
        line += f" (at most {max(points)} points)"
    refused = [track for track in plan.tracks if track.not_automated]
    if refused:
        shown = ", ".join(
            f"{printable(t.name)} ({printable(t.not_automated or '')})" for t in refused[:3]
        )
        more = f" and {len(refused) - 3} more" if len(refused) > 3 else ""
        line += f", not on {shown}{more}"
    return line


def _why(track: TrackPlan) -> str:
    return track.flags[0] if track.flags else "already there"


def _sections(planned: TrackPlan) -> tuple[LastSection, ...]:
    if planned.automation is None:
        return ()
    return tuple(
        LastSection(s.name, s.start, s.end, s.fader_db, s.state)
        for s in planned.automation.sections
    )


def run_of(snapshot: Snapshot, plan: GainPlan, line: str) -> LastRun:
    """What is remembered of a run."""
    share = plan.settings.amount / 100.0
    tracks = []
    for planned in plan.tracks:
        track = snapshot.session.tracks[planned.index]
        after = to_linear(planned.new_db) if planned.moves and planned.new_db is not None else None
        full = project_state.move_db(track.fader, after) if after is not None else 0.0
        may_move = share > 0.0 and full is not None
        tracks.append(
            LastTrack(
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
            )
        )
    return LastRun(line, plan.method, plan.settings.amount, tuple(tracks), plan.warnings)
