"""Write a plan with automation to the open project, and clear DrumGain's automation again.

Before the first write everything is checked: tracks, faders, automation modes, notes and every
point of the envelopes. The check takes several ticks; if the project changes meanwhile, it starts
again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from typing import Any

from reaper_drumgain.errors import ConflictError, HostError
from reaper_drumgain.hosts.live import apply, reaper, undo_block
from reaper_drumgain.hosts.live.apply import Move
from reaper_drumgain.hosts.live.console import print_line
from reaper_drumgain.hosts.live.envelopes import read_envelope
from reaper_drumgain.hosts.live.points import Scale
from reaper_drumgain.hosts.live.reaper import RPR, Calls, Project
from reaper_drumgain.hosts.live.snapshot import Snapshot, change_count, take_snapshot
from reaper_drumgain.hosts.live.state_chunks import Chunks
from reaper_drumgain.hosts.live.tasks import Steps, tick_number
from reaper_drumgain.hosts.live.undo_block import EnvelopeEdit, PreparedEdit
from reaper_drumgain.schema import envelope_note
from reaper_drumgain.schema.plan import GainPlan, TrackAutomation
from reaper_drumgain.schema.session import AUTOMATION_MODES, EnvelopePoint, Track

_MAX_CHECKS = 5
_TRIM_READ = 0
_MAX_POINTS, _MAX_SECONDS, _MAX_GAIN = 100_000, 1e9, 1e3
#: scaling mode of REAPER's volume envelopes; those of old versions have none
_FADER_SCALE = 1
_OVERRIDES = (*AUTOMATION_MODES, "bypass")


def check_override() -> None:
    """Checks that no global override replaces the automation modes of the tracks.

    Raises
    ------
    HostError
        One does.
    """
    if not reaper.has("GetGlobalAutomationOverride"):
        return
    mode = int(RPR.GetGlobalAutomationOverride())
    if mode > _TRIM_READ:
        name = _OVERRIDES[mode] if mode < len(_OVERRIDES) else str(mode)
        raise HostError(
            f"REAPER's global automation override is {name!r}, in which an envelope replaces the "
            "fader instead of multiplying with it: set it to none or trim/read. Nothing was "
            "changed"
        )


def write_plan(snapshot: Snapshot, plan: GainPlan) -> Steps:
    """Write the plan's envelopes and faders as one undo step.

    Raises ConflictError if the project changed since the plan was made, HostError if the plan or
    REAPER does not allow it. Nothing is changed then.
    """
    edits = yield from edits_of(snapshot, plan)
    yield from _write(snapshot, edits, lambda: apply.plan_moves(snapshot, plan), undo_name(plan))


def undo_name(plan: GainPlan) -> str:
    """What the undo history says: ``DrumGain: automate 9 drum tracks (forest)``."""
    count = len(plan.automated)
    return f"DrumGain: automate {count} drum track{'' if count == 1 else 's'} ({plan.method})"


def edits_of(snapshot: Snapshot, plan: GainPlan) -> Generator[Any, None, list[EnvelopeEdit]]:
    """The edit of each envelope, in slices.

    Parameters
    ----------
    snapshot
        The project as it was read.
    plan
        The plan that was made of it.

    Returns
    -------
    list of EnvelopeEdit
        In the order of the plan.

    Raises
    ------
    HostError
        The plan is not safe to write.
    """
    edits = []
    for planned in plan.automated:
        track, automation = snapshot.session.tracks[planned.index], planned.automation
        assert automation is not None
        found = [e for e in track.envelopes if e.kind == automation.envelope]
        old = found[0] if found else None
        problem = _problem(track, automation)
        yield
        if problem is not None:
            raise HostError(
                f"track {track.name!r} gets no automation: {problem}. Nothing was changed"
            )
        kept = (automation.kept_before, automation.kept_after)
        edits.append(
            EnvelopeEdit(
                track=snapshot.pointers[planned.index],
                name=track.name,
                kind=automation.envelope,
                old=old,
                points=automation.points,
                kept=kept,
                note=automation.mark,
                old_note=track.automation_note or "",
            )
        )
    return edits


def _problem(track: Track, automation: TrackAutomation) -> str | None:
    """Why this automation must not be written on this track; None if it may."""
    if automation.envelope not in undo_block.KEYS:
        return f"the plan names its {automation.envelope} envelope"
    if track.automation_mode != "trim/read":
        return f"it is in automation mode {track.automation_mode!r}, expected 'trim/read'"
    found = [e for e in track.envelopes if e.kind == automation.envelope]
    if any(envelope.pooled for envelope in found):
        return "its envelope holds automation items"
    old = found[0].points if found else ()
    before, after = automation.kept_before, automation.kept_after
    if min(before, after) < 0 or before + after > len(old) or len(old) != automation.old_points:
        return f"its envelope has {len(old)} points, the plan expects {automation.old_points}"
    left = len(automation.points) + before + after
    if not left or len(automation.points) > _MAX_POINTS:
        return f"the plan has {len(automation.points)} points for it"
    problem = _point_problem(automation.points)
    if problem is not None:
        return f"the plan has {problem}"
    note = automation.mark
    if (
        not note
        or len(note) > envelope_note.MAX_NOTE
        or not note.isascii()
        or not note.isprintable()
    ):
        return "the plan has no valid note for it"
    return None


def _point_problem(points: Sequence[EnvelopePoint]) -> str | None:
    """What is wrong with points that are to be written; None if they are fine."""
    for point in points:
        sane = math.isfinite(point.time) and abs(point.time) <= _MAX_SECONDS
        sane = sane and 0.0 <= point.value <= _MAX_GAIN and 0 <= point.shape <= 5
        if not (sane and abs(point.tension) <= 1.0):
            return f"an invalid point: {point}"
    times = [point.time for point in points]
    return None if times == sorted(times) else "points out of order"


def _write(
    snapshot: Snapshot,
    edits: Sequence[EnvelopeEdit],
    find_moves: Callable[[], list[Move]],
    name: str,
) -> Steps:
    """Check and prepare in slices until nothing changes meanwhile; then write, in one tick."""
    project, calls = snapshot.project, Calls()
    scale, chunks = Scale(calls), Chunks(calls)
    for edit in edits:
        yield from scale.prepare(_FADER_SCALE, edit.points)
    count_of_points = sum(len(edit.points) for edit in edits)
    few = count_of_points <= undo_block.MAX_INSERT_CALLS
    for _ in range(_MAX_CHECKS):
        count, tick = change_count(project), tick_number()
        check_override()
        moves = find_moves()
        found: list[PreparedEdit] = []
        for _ in _prepare_all(calls, chunks, snapshot, edits, found, few=few):
            yield
            if tick_number() != tick:
                tick = tick_number()
                if change_count(project) != count:
                    break
        else:
            # the project must still be as it was checked in the tick that writes
            yield
            if change_count(project) == count:
                undo_block.write(project, calls, scale, found, moves, name)
                return
    raise ConflictError(
        f"{project.name} kept changing while it was read: nothing was changed, run the action again"
    )


def _prepare_all(
    calls: Calls,
    chunks: Chunks,
    snapshot: Snapshot,
    edits: Sequence[EnvelopeEdit],
    found: list[PreparedEdit],
    *,
    few: bool,
) -> Steps:
    """Prepare all edits. Raises ConflictError if an envelope, an automation mode or a note is not
    as in the snapshot."""
    changed: list[str] = []
    for edit in edits:
        if not reaper.is_track(snapshot.project.pointer, edit.track):
            changed.append(f"{edit.name!r} was deleted")
            continue
        if calls.number("GetMediaTrackInfo_Value", edit.track, b"I_AUTOMODE") != _TRIM_READ:
            changed.append(f"the automation mode of {edit.name!r} was changed")
        elif undo_block.note_on(calls, edit.track) != edit.old_note:
            changed.append(f"DrumGain's note on {edit.name!r} was changed")
        elif not (yield from _is_unchanged(calls, edit)):
            changed.append(f"the {edit.kind} envelope of {edit.name!r} was changed")
        elif not changed:
            found.append((yield from undo_block.prepare(calls, chunks, edit, few=few)))
        yield
    if changed:
        raise ConflictError(
            f"{snapshot.project.name} changed while DrumGain analysed the audio: "
            f"{'; '.join(changed[:5])}. Nothing was changed: run the action again"
        )


def _is_unchanged(calls: Calls, edit: EnvelopeEdit) -> Generator[Any, None, bool]:
    envelope = undo_block.find_envelope(calls, edit.track, edit.kind)
    if not envelope:
        return edit.old is None
    now = yield from read_envelope(calls, envelope, edit.kind)
    if edit.old is None:
        # some versions of REAPER give an envelope that was never shown
        return not now.active and len(now.points) <= 1
    return now == edit.old


def clear(project: Project) -> Steps:
    """Remove the envelopes that DrumGain wrote, if they are unchanged since."""
    snapshot = yield from take_snapshot(project)
    edits, left = _clear_edits(snapshot)
    lines = [f"DrumGain: not changed: {reason}" for reason in left]
    if edits:
        count = f"{len(edits)} track{'' if len(edits) == 1 else 's'}"
        name = f"DrumGain: clear automation of {count}"
        yield from _write(snapshot, edits, list, name)
        lines.insert(0, f"DrumGain: removed its automation from {count}; the faders are unchanged")
    elif not left:
        lines = [f"DrumGain: {project.name} has no automation that DrumGain wrote"]
    print_line("\n".join(lines))


def _clear_edits(snapshot: Snapshot) -> tuple[list[EnvelopeEdit], list[str]]:
    """The edits that clear envelopes, and why other envelopes are left."""
    edits, left = [], []
    for track, pointer in zip(snapshot.session.tracks, snapshot.pointers, strict=True):
        try:
            back = envelope_note.take_back(track)
        except ConflictError as error:
            left.append(str(error))
            continue
        if back is None:
            continue
        if track.automation_mode != "trim/read":
            mode = track.automation_mode
            left.append(f"track {track.name!r}: it is in automation mode {mode!r} now")
            continue
        problem = _point_problem(back.points)
        if problem is not None:
            left.append(f"track {track.name!r}: DrumGain's note on it has {problem}")
            continue
        found = [e for e in track.envelopes if e.kind == back.envelope]
        edits.append(
            EnvelopeEdit(
                track=pointer,
                name=track.name,
                kind=back.envelope,
                old=found[0],
                points=back.points,
                kept=(back.kept_before, back.kept_after),
                old_note=track.automation_note or "",
                active=back.active,
                removed=back.removed,
            )
        )
    return edits, left
