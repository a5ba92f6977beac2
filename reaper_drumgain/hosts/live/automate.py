"""A plan with automation into the open project, and DrumGain's automation out of it again.

Everything is looked at before the first write: tracks, faders, modes, notes, every point of the
envelopes. Where something changes while that goes on, it is looked at anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from typing import Any

from reaper_drumgain.errors import ConflictError, HostError
from reaper_drumgain.hosts.live import apply, reaper, undo_block
from reaper_drumgain.hosts.live.apply import Move
from reaper_drumgain.hosts.live.envelopes import read_envelope
from reaper_drumgain.hosts.live.points import Scale
from reaper_drumgain.hosts.live.reaper import RPR, Calls, Project
from reaper_drumgain.hosts.live.snapshot import Snapshot, state_of, take_snapshot
from reaper_drumgain.hosts.live.state_chunks import Chunks
from reaper_drumgain.hosts.live.tasks import say, tick_number
from reaper_drumgain.hosts.live.undo_block import Ready, Work
from reaper_drumgain.schema import envelope_note
from reaper_drumgain.schema.plan import GainPlan, TrackAutomation
from reaper_drumgain.schema.session import AUTOMATION_MODES, EnvelopePoint, Track

Steps = Generator[Any, None, None]

_MOST_LOOKS = 5
_TRIM_READ = 0
_MAX_POINTS, _MAX_SECONDS, _MAX_GAIN = 100_000, 1e9, 1e3
#: the scaling mode of REAPER's volume envelopes, but for those that were made by old versions
_FADER_SCALE = 1
#: what writing takes
_S_PER_WORK, _S_PER_POINT = 2e-4, 5e-6
_OVERRIDES = (*AUTOMATION_MODES, "bypass")


def check_override() -> None:
    """Raises HostError where a mode for all tracks stands above those of the tracks."""
    if not reaper.has("GetGlobalAutomationOverride"):
        return
    mode = int(RPR.GetGlobalAutomationOverride())
    if mode > _TRIM_READ:
        name = _OVERRIDES[mode] if mode < len(_OVERRIDES) else str(mode)
        raise HostError(
            f"REAPER's global automation override is {name!r}, in which fader and envelope are not "
            "multiplied: set it to none or trim/read; nothing was changed"
        )


def write_plan(snapshot: Snapshot, plan: GainPlan) -> Steps:
    """The plan's envelopes and faders as one undo step.

    Raises ConflictError where the project is not what the plan was made for, HostError where
    the plan or REAPER does not allow it; nothing is changed then.
    """
    works = yield from works_of(snapshot, plan)
    yield from _write(snapshot, works, lambda: apply.plan_moves(snapshot, plan), undo_name(plan))


def undo_name(plan: GainPlan) -> str:
    """What the undo history says: ``DrumGain: automate 9 drum tracks (forest)``."""
    count = len(plan.automated)
    return f"DrumGain: automate {count} drum track{'' if count == 1 else 's'} ({plan.method})"


def works_of(snapshot: Snapshot, plan: GainPlan) -> Generator[Any, None, list[Work]]:
    """What a plan wants of each envelope. Raises HostError where it wants what must not be."""
    works = []
    for planned in plan.automated:
        track, automation = snapshot.session.tracks[planned.index], planned.automation
        assert automation is not None
        found = [e for e in track.envelopes if e.kind == automation.envelope]
        old = found[0] if found else None
        problem = _problem(track, automation)
        yield
        if problem is not None:
            raise HostError(f"track {track.name!r} gets no automation: {problem}. No change")
        kept = (automation.kept_before, automation.kept_after)
        works.append(
            Work(
                track=snapshot.pointers[planned.index],
                name=track.name,
                kind=automation.envelope,
                old=old,
                points=automation.points,
                kept=kept,
                mark=automation.mark,
                old_note=track.automation_note or "",
            )
        )
    return works


def _problem(track: Track, automation: TrackAutomation) -> str | None:
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
    problem = _no_points(automation.points)
    if problem is not None:
        return f"the plan has {problem}"
    mark = automation.mark
    if (
        not mark
        or len(mark) > envelope_note.MAX_MARK
        or not mark.isascii()
        or not mark.isprintable()
    ):
        return "the plan's note for it is none"
    return None


def _no_points(points: Sequence[EnvelopePoint]) -> str | None:
    """What is wrong with points that are to be written."""
    for point in points:
        sane = math.isfinite(point.time) and abs(point.time) <= _MAX_SECONDS
        sane = sane and 0.0 <= point.value <= _MAX_GAIN and 0 <= point.shape <= 5
        if not (sane and abs(point.tension) <= 1.0):
            return f"a point that is none: {point}"
    times = [point.time for point in points]
    return None if times == sorted(times) else "points out of order"


def _write(
    snapshot: Snapshot, works: Sequence[Work], find_moves: Callable[[], list[Move]], name: str
) -> Steps:
    """Look and prepare in slices until nothing changes under it; then write, in one tick."""
    project, calls = snapshot.project, Calls()
    scale, chunks = Scale(calls), Chunks(calls)
    for work in works:
        yield from scale.prepare(_FADER_SCALE, work.points)
    count_of_points = sum(len(work.points) for work in works)
    few = count_of_points <= undo_block.MOST_CALLS
    for _ in range(_MOST_LOOKS):
        count, tick = state_of(project), tick_number()
        check_override()
        moves = find_moves()
        found: list[Ready] = []
        for _ in _look(calls, chunks, snapshot, works, found, few=few):
            yield
            if tick_number() != tick:
                tick = tick_number()
                if state_of(project) != count:
                    break
        else:
            # in the tick of the writing all still has to be as it was looked at
            yield _S_PER_WORK * len(works) + _S_PER_POINT * count_of_points
            if state_of(project) == count:
                undo_block.write(project, calls, scale, found, moves, name)
                return
    raise ConflictError(f"{project.name} changed all the time: nothing was changed, press again")


def _look(
    calls: Calls,
    chunks: Chunks,
    snapshot: Snapshot,
    works: Sequence[Work],
    found: list[Ready],
    *,
    few: bool,
) -> Steps:
    """Prepare all works. Raises ConflictError where an envelope, a mode or a note is not as it
    was read."""
    changed: list[str] = []
    for work in works:
        if not reaper.is_track(snapshot.project.pointer, work.track):
            changed.append(f"{work.name!r} was deleted")
            continue
        if calls.number("GetMediaTrackInfo_Value", work.track, b"I_AUTOMODE") != _TRIM_READ:
            changed.append(f"the automation mode of {work.name!r} was changed")
        elif undo_block.note_on(calls, work.track) != work.old_note:
            changed.append(f"DrumGain's note on {work.name!r} was changed")
        elif not (yield from _as_read(calls, work)):
            changed.append(f"the {work.kind} envelope of {work.name!r} was changed")
        elif not changed:
            found.append((yield from undo_block.ready(calls, chunks, work, few=few)))
        yield
    if changed:
        raise ConflictError(
            f"{snapshot.project.name} changed while DrumGain was listening: "
            f"{'; '.join(changed[:5])}. Nothing was changed: press again"
        )


def _as_read(calls: Calls, work: Work) -> Generator[Any, None, bool]:
    envelope = undo_block.find_envelope(calls, work.track, work.kind)
    if not envelope:
        return work.old is None
    now = yield from read_envelope(calls, envelope, work.kind)
    if work.old is None:
        # some versions of REAPER give one that was never shown
        return not now.active and len(now.points) <= 1
    return now == work.old


def clear(project: Project) -> Steps:
    """Take back the envelopes that DrumGain wrote, where they are unchanged since."""
    snapshot = yield from take_snapshot(project)
    works, left = _taken_back(snapshot)
    lines = [f"DrumGain: left {reason}" for reason in left]
    if works:
        count = f"{len(works)} track{'' if len(works) == 1 else 's'}"
        name = f"DrumGain: clear automation of {count}"
        yield from _write(snapshot, works, list, name)
        lines.insert(0, f"DrumGain: took its automation back from {count}; the faders stay")
    elif not left:
        lines = [f"DrumGain: {project.name} has no automation that DrumGain wrote"]
    say("\n".join(lines))


def _taken_back(snapshot: Snapshot) -> tuple[list[Work], list[str]]:
    """What is done to take envelopes back, and why others are left."""
    works, left = [], []
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
        problem = _no_points(back.points)
        if problem is not None:
            left.append(f"track {track.name!r}: DrumGain's note on it has {problem}")
            continue
        found = [e for e in track.envelopes if e.kind == back.envelope]
        works.append(
            Work(
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
    return works, left
