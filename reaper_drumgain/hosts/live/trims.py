"""Trims in REAPER: asked for or requested, made on the faders at once, and kept on the tracks.

No audio is measured. A request is a text like ``kick=+1 cymbals=-2`` in the project's ext state
(section ``DrumGain``, key ``trims``): families that it names get these trims, the others keep
theirs. The action ``trims`` takes it away and follows it; without one it asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reaper_drumgain.errors import ConflictError, InputError
from reaper_drumgain.hosts.live import adjust, apply, dialogs, project_state, reaper
from reaper_drumgain.hosts.live.apply import Move, fader_of
from reaper_drumgain.hosts.live.console import one_line, print_line, print_result
from reaper_drumgain.hosts.live.last_result import LastResult
from reaper_drumgain.hosts.live.project_state import same_fader
from reaper_drumgain.hosts.live.reaper import Project
from reaper_drumgain.hosts.live.snapshot import Snapshot, take_snapshot
from reaper_drumgain.hosts.live.tasks import Steps
from reaper_drumgain.schema.fader_note import FaderNote, standing_note
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.schema.trims import FAMILIES, MAX_TRIM, TrimMark, check_trim, parse_trims
from reaper_drumgain.tracks.selection import DrumTrack, select
from reaper_drumgain.tracks.trims import (
    family_of,
    made_trim,
    mark_text,
    trim_after,
    trims_in_use,
    wanted_trims,
)
from reaper_drumgain.units import MAX_FADER, Decibel, LinearGain, to_linear


def move_overheads(project: Project, decibel: float) -> Steps:
    """Change the trim of the overheads by so many dB; the close microphones stay."""
    snapshot = yield from take_snapshot(project)
    yield
    drums = select(snapshot.session, Settings()).drums
    if not any(d.role.name == "overhead" and d.flag is None for d in drums):
        print_line(
            "DrumGain: no overheads that may move: the action 'Set role of selected tracks' says "
            "which tracks are overheads"
        )
        return
    before = trims_in_use(drums).get("overheads", Decibel(0.0))
    wanted = Decibel(round(before + decibel, 2))
    if abs(wanted) > MAX_TRIM:
        print_line(
            f"DrumGain: the trim of the overheads is {before:+g} dB, and trims end at "
            f"{MAX_TRIM:g} dB: nothing moved"
        )
        return
    side = "up" if decibel > 0 else "down"
    name = f"overheads {side} {abs(decibel):g} dB"
    make(snapshot, drums, {"overheads": wanted}, name)


def ask_and_make(project: Project) -> Steps:
    """Make the trims that are requested in the project's ext state, or ask for all of them."""
    request = project_state.take_request(project)
    snapshot = yield from take_snapshot(project)
    yield
    drums = select(snapshot.session, Settings()).drums
    wanted = _asked(trims_in_use(drums)) if request is None else dict(parse_trims([request]))
    if wanted is None:
        return
    _make_new(snapshot, drums, wanted)


def make_from_settings(project: Project, trims: Mapping[str, Decibel]) -> Steps:
    """Make exactly these trims; families that are not named get none."""
    snapshot = yield from take_snapshot(project)
    yield
    drums = select(snapshot.session, Settings()).drums
    none = dict.fromkeys(FAMILIES, Decibel(0.0))
    _make_new(snapshot, drums, {**none, **trims})


def present_trims(project: Project) -> dict[str, Decibel]:
    """The trims that are kept with the project by family, as its tracks tell."""
    found: dict[str, Decibel] = {}
    for track in apply.tracks_by_guid(project).values():
        mark = TrimMark.parse(apply.trim_on(track))
        if mark is not None and mark.wanted:
            found.setdefault(mark.family, mark.wanted)
    return found


def _asked(now: Mapping[str, Decibel]) -> dict[str, Decibel] | None:
    """The trims of the dialog with one field for each family; None if it was cancelled."""
    fields = [(f"{family} in dB", f"{now.get(family, 0.0):+g}") for family in FAMILIES]
    given = dialogs.ask("DrumGain: trims of this project, added to the balance", fields)
    if given is None:
        return None
    texts = [f"{family}={text or 0}" for family, text in zip(FAMILIES, given, strict=True)]
    return dict(parse_trims(texts))


def _make_new(
    snapshot: Snapshot, drums: Sequence[DrumTrack], wanted: Mapping[str, Decibel]
) -> None:
    """Make those of the trims that are not in use already, and say which."""
    now = trims_in_use(drums)
    new = {f: level for f, level in wanted.items() if level != now.get(f, 0.0)}
    if not new:
        print_result("DrumGain: the trims have these values already: nothing moved")
        return
    made = ", ".join(f"{family} {level:+g} dB" for family, level in new.items())
    make(snapshot, drums, new, f"trim {made}")


def make(
    snapshot: Snapshot, drums: Sequence[DrumTrack], changed: Mapping[str, Decibel], name: str
) -> None:
    """Sets the trims of some families, and moves their faders by the difference, in one undo step.

    Raises InputError where a family has no drum track, ConflictError where the project changed.

    Parameters
    ----------
    snapshot
        The project as it was read.
    drums
        The drum tracks.
    changed
        The new trims in dB, by family of drums.
    name
        What is done, for the undo history.
    """
    _check_families(drums, changed)
    project = snapshot.project
    result = _last_result(project)
    moves, made = _planned(snapshot, drums, changed, result)
    highest = to_linear(MAX_FADER)
    beyond = next((move for move in moves if move.new > max(highest, move.old)), None)
    if beyond is not None:
        print_line(f"DrumGain: {one_line(beyond.name)} is at the end of its fader: nothing moved")
        return
    _check_unmoved(project, moves)
    if moves:
        apply.set_faders(project, moves, f"DrumGain: {name}")
    if result is not None:
        project_state.store_result(project, project_state.with_trims(result, made))
    moved = [one_line(move.name) for move in moves if move.new != move.old]
    print_result(
        f"DrumGain: {name} ({', '.join(moved) or 'no fader moved'}), kept with the project"
    )


def _check_families(drums: Sequence[DrumTrack], changed: Mapping[str, Decibel]) -> None:
    for family, level in changed.items():
        check_trim(family, level)
    present = {family_of(drum.role) for drum in drums}
    absent = [family for family, level in changed.items() if level and family not in present]
    if absent:
        raise InputError(
            f"no drum track belongs to {' or '.join(absent)}: the action 'Set role of selected "
            "tracks' sets the role of a track. Nothing was changed"
        )


def _planned(
    snapshot: Snapshot,
    drums: Sequence[DrumTrack],
    changed: Mapping[str, Decibel],
    result: LastResult | None,
) -> tuple[list[Move], dict[str, float]]:
    """The moves that make the trims, and by GUID the trims that are in the faders then."""
    trims = trims_in_use(drums, tuple(changed.items()))
    wanted = wanted_trims(drums, trims)
    held = {track.guid for track in result.tracks if track.held} if result else set()
    if result is not None and result.side == "before":
        # its faders have the trims of before, so the change counts
        old = wanted_trims(drums, trims_in_use(drums))
        by_index = {drum.track.index: drum for drum in drums}
        wanted = {i: Decibel(made_trim(by_index[i]) + wanted[i] - old[i]) for i in wanted}
    moves: list[Move] = []
    made: dict[str, float] = {}
    for drum in drums:
        track = drum.track
        after = trim_after(drum, wanted[track.index], held=track.guid in held)
        change = Decibel(after - made_trim(drum))
        new = LinearGain(track.fader * to_linear(change)) if change else track.fader
        text = mark_text(drum, trims, after)
        if text is not None:
            pointer = snapshot.pointers[track.index]
            moves.append(Move(pointer, track.name, track.fader, new, _note(drum, new), text))
        made[track.guid or ""] = after
    return moves, made


def _last_result(project: Project) -> LastResult | None:
    """The last result with the present faders, None where there is none that can be used."""
    try:
        result = project_state.last_result(project)
        return adjust.as_it_is_now(result, adjust.found_tracks(project, result))
    except (InputError, ConflictError):
        return None


def _note(drum: DrumTrack, new: LinearGain) -> str | None:
    """The note of a fader that stood at its note, moved by its trim."""
    note = standing_note(drum.track)
    return None if note is None else FaderNote(note.mode, new, note.before).text


def _check_unmoved(project: Project, moves: Sequence[Move]) -> None:
    if not reaper.is_open(project):
        raise ConflictError(f"{project.name} was closed in the meantime: nothing was changed")
    for move in moves:
        if not reaper.is_track(project.pointer, move.track) or not same_fader(
            fader_of(move.track), move.old
        ):
            raise ConflictError(f"{move.name!r} was changed in the meantime: nothing was moved")
