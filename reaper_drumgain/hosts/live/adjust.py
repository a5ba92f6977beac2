"""The quick actions: role, lock, amount, compare. None of them measures audio."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from reaper_drumgain.errors import ConflictError, HostError, InputError
from reaper_drumgain.hosts.live import apply, dialogs, project_state, reaper
from reaper_drumgain.hosts.live.apply import Move, fader_of
from reaper_drumgain.hosts.live.console import one_line, print_line, print_result
from reaper_drumgain.hosts.live.last_result import LastResult, Side, TrackResult
from reaper_drumgain.hosts.live.project_state import same_fader
from reaper_drumgain.hosts.live.reaper import RPR, Project
from reaper_drumgain.hosts.live.run_control import NO_SELECTION
from reaper_drumgain.schema.fader_note import FaderNote
from reaper_drumgain.schema.trims import TrimMark
from reaper_drumgain.tracks.reaper_rules import LOCK_KEY, ROLE_KEY
from reaper_drumgain.tracks.roles import Role
from reaper_drumgain.tracks.stated_roles import asks_for_role_by_sound
from reaper_drumgain.units import MAX_FADER, Decibel, LinearGain, to_linear

_ALL_STATES = -1
#: flags of the two sides of a pair, and of tracks whose volume is grouped
LINKED_FLAGS = frozenset({"pair", "grouped"})


def _selected(project: Project) -> list[str]:
    count = int(RPR.CountSelectedTracks2(project.pointer, False))
    return [RPR.GetSelectedTrack2(project.pointer, place, False) for place in range(count)]


def _get_ext(track: str, key: str) -> str:
    found = RPR.GetSetMediaTrackInfo_String(track, f"P_EXT:{key}", "", False)
    return str(found[3]).strip() if found[0] else ""


def _set_ext(project: Project, tracks: Sequence[str], key: str, value: str, name: str) -> None:
    """Store a text on all of these tracks as one undo step, or on none."""
    before = [_get_ext(track, key) for track in tracks]
    flags = 0
    RPR.Undo_BeginBlock2(project.pointer)
    try:
        for track in tracks:
            RPR.GetSetMediaTrackInfo_String(track, f"P_EXT:{key}", value, True)
            if _get_ext(track, key) != value:
                raise HostError(
                    f"REAPER {reaper.version()} did not store DrumGain's text on the track: "
                    "nothing was changed"
                )
        flags = _ALL_STATES
    except BaseException:
        for track, old in zip(tracks, before, strict=True):
            if _get_ext(track, key) != old:
                RPR.GetSetMediaTrackInfo_String(track, f"P_EXT:{key}", old, True)
        raise
    finally:
        RPR.Undo_EndBlock2(project.pointer, name, flags)


def _tracks(count: int) -> str:
    return f"{count} track{'' if count == 1 else 's'}"


def set_role(project: Project) -> None:
    """Ask for the role of the selected tracks and store it on them."""
    tracks = _selected(project)
    if not tracks:
        print_line(NO_SELECTION)
        return
    stored = {_get_ext(track, ROLE_KEY) for track in tracks}
    now = stored.pop() if len(stored) == 1 else ""
    fields = [("Role (like tom 2; none; listen)", now)]
    given = dialogs.ask(f"DrumGain: role of {_tracks(len(tracks))} (empty: by name)", fields)
    if given is None:
        return
    text = given[0]
    by_sound = asks_for_role_by_sound(text)
    if text and not by_sound:
        # raises InputError for a role that could not be read back
        Role.parse(text)
    name = f"DrumGain: set role of {_tracks(len(tracks))}"
    _set_ext(project, tracks, ROLE_KEY, text, name)
    told = "recognised by its sound" if by_sound else one_line(text) or "taken from its name again"
    print_result(f"DrumGain: {_tracks(len(tracks))}: role {told}")


def toggle_lock(project: Project) -> None:
    """Lock the selected tracks; unlock them if all of them are locked."""
    tracks = _selected(project)
    if not tracks:
        print_line(NO_SELECTION)
        return
    lock = any(_get_ext(track, LOCK_KEY) in ("", "0") for track in tracks)
    done = "lock" if lock else "unlock"
    value = "1" if lock else ""
    _set_ext(project, tracks, LOCK_KEY, value, f"DrumGain: {done} {_tracks(len(tracks))}")
    print_result(f"DrumGain: {done}ed {_tracks(len(tracks))}")


def found_tracks(project: Project, result: LastResult) -> list[tuple[TrackResult, int, float]]:
    """The tracks of the last run.

    Parameters
    ----------
    project
        The project.
    result
        The result of the last run.

    Returns
    -------
    list of tuple
        The result, the address and the present fader (a linear gain) of each track.

    Raises
    ------
    ConflictError
        A track is gone.
    """
    known = apply.tracks_by_guid(project)
    gone = [track.name for track in result.tracks if track.guid not in known]
    if gone:
        names = ", ".join(repr(one_line(name)) for name in gone[:5])
        raise ConflictError(
            f"the last result has tracks that are no longer in {project.name} ({names}): balance "
            "again"
        )
    return [(track, known[track.guid], fader_of(known[track.guid])) for track in result.tracks]


def as_it_is_now(result: LastResult, found: Sequence[tuple[TrackResult, int, float]]) -> LastResult:
    """The last result with the present faders, and with the trims that are in them."""
    faders = {track.guid: fader for track, _, fader in found}
    marks = {track.guid: TrimMark.parse(apply.trim_on(address)) for track, address, _ in found}
    made = {guid: 0.0 if mark is None else mark.made for guid, mark in marks.items()}
    return project_state.with_current_faders(result, faders, made)


def compare(project: Project) -> None:
    """Switch all faders of the last run to before it, or back to after it.

    Faders that the user moved meanwhile are kept on the side on which they were moved.
    """
    result = project_state.last_result(project)
    _refuse_automation(result, "use undo and redo to compare before and after")
    found = found_tracks(project, result)
    result = as_it_is_now(result, found)
    side: Side = "before" if result.side == "after" else "after"
    wanted = {t.guid: t.before if side == "before" else t.after for t in result.tracks}
    moves = _moves(found, wanted, result, side)
    if not moves:
        print_result("DrumGain: before and after are the same")
        return
    apply.set_faders(project, moves, f"DrumGain: compare, {side}")
    project_state.store_result(project, dataclasses.replace(result, side=side))
    print_result(f"DrumGain: {side} the last run ({result.method}), {_tracks(len(moves))}")


def _refuse_automation(result: LastResult, instead: str) -> None:
    """Raises InputError if the last run wrote automation, so that faders are not all of it."""
    if result.automated:
        raise InputError(
            f"the last run wrote automation, which this action does not change: {instead}. "
            "Nothing was changed"
        )


def _notes(result: LastResult, wanted: dict[str, float]) -> dict[str, str]:
    """By GUID the notes of new faders (linear gains), except those that the user moved."""
    return {
        track.guid: FaderNote(
            result.mode,
            LinearGain(wanted[track.guid]),
            LinearGain(track.before / to_linear(Decibel(track.trim_before_db))),
        ).text
        for track in result.tracks
        if same_fader(track.by_hand, 1.0)
    }


def _moves(
    found: Sequence[tuple[TrackResult, int, float]],
    wanted: dict[str, float],
    result: LastResult,
    side: Side,
    notes: Mapping[str, str] = MappingProxyType({}),
) -> list[Move]:
    trims = {track.guid: track.trim_on(side) for track in result.tracks}
    return [
        Move(
            address,
            track.name,
            LinearGain(now),
            LinearGain(wanted[track.guid]),
            notes.get(track.guid),
            _trim_text(address, trims[track.guid]),
        )
        for track, address, now in found
        if not same_fader(now, wanted[track.guid])
    ]


def _trim_text(track: int, made: float) -> str | None:
    """What is to be stored about a trim that is in the fader then; None where that stays."""
    stored = TrimMark.parse(apply.trim_on(track))
    if stored is None or stored.made == made:
        return None
    return dataclasses.replace(stored, made=Decibel(made)).text


def change_amount(project: Project, percent: float) -> None:
    """Scales the moves of the last run, starting from the faders before it.

    A fader that the user moved since keeps its distance in dB to what the run set.

    Parameters
    ----------
    project
        The project.
    percent
        What is added to the amount.

    Raises
    ------
    InputError
        There is no last result, or it moved nothing.
    """
    result = project_state.last_result(project)
    _refuse_automation(result, "undo it, change the amount in the settings, and run it again")
    amount = min(100.0, max(0.0, result.amount + percent))
    if amount == result.amount:
        print_result(f"DrumGain: the amount is {amount:g} % already")
        return
    if all(track.full_db is None for track in result.tracks):
        raise InputError(
            "the last run moved no fader, so there is no amount to change: balance again"
        )
    found = found_tracks(project, result)
    result = as_it_is_now(result, found)
    wanted: dict[str, float] = {}
    for track in result.tracks:
        # a fader at -inf stays there: the user has taken that track out
        base = project_state.fader_at_amount(track, amount) * track.by_hand
        wanted[track.guid] = base if track.after > 0.0 else 0.0
    by_hand = sum(
        not same_fader(track.by_hand, 1.0) or track.after <= 0.0 for track in result.tracks
    )
    wanted = _within_ends(result.tracks, wanted)
    moves = _moves(found, wanted, result, "after", notes=_notes(result, wanted))
    apply.set_faders(project, moves, f"DrumGain: amount {amount:g} %")
    result = dataclasses.replace(
        project_state.with_after(result, wanted), amount=amount, side="after"
    )
    project_state.store_result(project, result)
    kept = f"; {_tracks(by_hand)} that you moved since keep their offset" if by_hand else ""
    print_result(f"DrumGain: amount {amount:g} % of the last run ({result.method}){kept}")


def _within_ends(tracks: Sequence[TrackResult], wanted: Mapping[str, float]) -> dict[str, float]:
    """The wanted faders by GUID with none beyond its end; linked ones, which make the same move,
    stop as one."""
    highest = to_linear(MAX_FADER)
    shares: dict[object, float] = {}
    for track in tracks:
        if track.full_db and wanted[track.guid] > 0.0:
            share = max(highest, track.before) / wanted[track.guid]
            shares[_move_of(track)] = min(shares.get(_move_of(track), 1.0), share)
    return {track.guid: wanted[track.guid] * shares.get(_move_of(track), 1.0) for track in tracks}


def _move_of(track: TrackResult) -> object:
    """The same for tracks that are linked: those make the same move, to the last digit."""
    linked = LINKED_FLAGS & set(track.flags)
    return round(track.full_db or 0.0, 4) if linked else track.guid
