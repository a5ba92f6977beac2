"""Write faders to the open project: as one undo step, or not at all.

Before the first write every track is checked: it still exists, it is the same track, and its
fader was not moved. If a write fails, all faders are restored within the undo block.
"""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reaper_drumgain.errors import ConflictError, HostError
from reaper_drumgain.hosts.live import reaper
from reaper_drumgain.hosts.live.reaper import RPR, Calls, Project, is_open
from reaper_drumgain.hosts.live.snapshot import Snapshot
from reaper_drumgain.schema import fader_note, trims
from reaper_drumgain.schema.plan import GainPlan, TrackPlan
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.units import MAX_FADER, Decibel, LinearGain, to_linear

#: UNDO_STATE_TRACKCFG: volume, pan and routing of tracks, but no ext state
TRACK_STATES = 1
_STRING = "GetSetMediaTrackInfo_String"
#: what is stored on a track beside its fader
_NOTE, _TRIM = (f"P_EXT:{key}".encode() for key in (fader_note.KEY, trims.KEY))
#: relative tolerance between a fader that was written and what REAPER reports
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Move:
    """The move of one fader.

    Attributes
    ----------
    track
        The address of the track.
    name
        Its name for messages.
    old, new
        Linear gains.
    note, trim
        What is stored on the track with the new fader (see ``schema.fader_note`` and
        ``schema.trims``); None where what is stored stays.
    """

    track: int
    name: str
    old: LinearGain
    new: LinearGain
    note: str | None = None
    trim: str | None = None

    @property
    def texts(self) -> dict[bytes, str]:
        """What is stored on the track, by REAPER's keys."""
        found = {_NOTE: self.note, _TRIM: self.trim}
        return {key: text for key, text in found.items() if text is not None}


def fader_of(track: int) -> float:
    """The fader of a track, as a linear gain."""
    kind = reaper.pointer("MediaTrack", track)
    return float(RPR.GetMediaTrackInfo_Value(kind, "D_VOL"))


def tracks_by_guid(project: Project) -> dict[str, int]:
    """The tracks of a project by GUID; tracks that share a GUID are left out."""
    calls = Calls()
    found: list[tuple[str, int]] = []
    for place in range(calls.whole("CountTracks", project.address)):
        track = calls.child("GetTrack", project.address, place)
        found.append((calls.stored(_STRING, track, b"GUID") or "", track))
    counts = Counter(guid for guid, _ in found)
    return {guid: track for guid, track in found if guid and counts[guid] == 1}


def plan_moves(snapshot: Snapshot, plan: GainPlan) -> list[Move]:
    """The fader moves of a plan, after checking that the project is as it was at the snapshot.

    Parameters
    ----------
    snapshot
        The project as it was read.
    plan
        The plan that was made of it.

    Returns
    -------
    list of Move
        In the order of the plan.

    Raises
    ------
    ConflictError
        Tracks changed; the message names them.
    """
    project, session = snapshot.project, snapshot.session
    if not is_open(project):
        raise ConflictError(f"{project.name} was closed in the meantime: nothing was changed")
    calls = Calls()
    changed: list[str] = []
    moves: list[Move] = []
    for planned in plan.tracks:
        track, pointer = session.tracks[planned.index], snapshot.pointers[planned.index]
        if not reaper.is_track(project.pointer, pointer) or (
            (calls.stored(_STRING, pointer, b"GUID") or None) != track.guid
        ):
            changed.append(f"{track.name!r} was deleted")
            continue
        if abs(fader_of(pointer)) != track.fader and planned.old_db is not None:
            changed.append(f"the fader of {track.name!r} was moved")
        if planned.moves or planned.trim_mark is not None:
            moving = planned.moves and planned.new_db is not None
            new = to_linear(planned.new_db or Decibel(0.0)) if moving else track.fader
            trim = planned.trim_mark
            moves.append(Move(pointer, track.name, track.fader, new, planned.note, trim))
    if changed:
        raise ConflictError(
            f"{project.name} changed while DrumGain analysed the audio: {'; '.join(changed[:5])}. "
            "Nothing was changed: run the action again"
        )
    return moves


def warm_up() -> None:
    """Decode a small plan while the worker is busy: the first one resolves all type hints."""
    track = TrackPlan(index=0, name="", role="", old_db=None, new_db=None)
    GainPlan.from_json(
        GainPlan(project="", method="", settings=Settings(method="-"), tracks=(track,)).to_json()
    )


def check_fits(snapshot: Snapshot, plan: GainPlan) -> None:
    """Checks that a plan was made for the tracks of a snapshot.

    Parameters
    ----------
    snapshot
        The project as it was read.
    plan
        The plan.

    Raises
    ------
    HostError
        The plan is for other tracks.
    """
    tracks = snapshot.session.tracks
    for planned in plan.tracks:
        if not 0 <= planned.index < len(tracks):
            raise HostError("the plan has a track that is not in the project: nothing was changed")
        track = tracks[planned.index]
        if planned.guid != track.guid:
            raise HostError(
                f"the plan has {planned.name!r} in the place of {track.name!r}: nothing was changed"
            )


def undo_name(plan: GainPlan) -> str:
    """What the undo history says: ``DrumGain: balance 9 drum tracks (forest)``."""
    count = len(plan.moves)
    return f"DrumGain: balance {count} drum track{'' if count == 1 else 's'} ({plan.method})"


def set_faders(project: Project, moves: Sequence[Move], name: str) -> None:
    """Sets faders, with their notes, as one undo step.

    Raises HostError if REAPER does not take one. Then all faders and notes are restored and there
    is no undo step.

    Parameters
    ----------
    project
        The project.
    moves
        The moves.
    name
        What the undo history says.
    """
    check_moves(moves)
    before, notes = all_faders(project), notes_of(moves)
    planned = {move.track: move.new for move in moves}
    with ui_refresh_held():
        RPR.Undo_BeginBlock2(project.pointer)
        flags = 0
        try:
            for move in moves:
                make_move(move)
            check_others(project, before, planned)
            flags = TRACK_STATES
        except BaseException:
            for track, fader in before.items():
                restore_fader(track, fader)
            restore_notes(notes)
            raise
        finally:
            RPR.Undo_EndBlock2(project.pointer, name, flags)


def check_moves(moves: Sequence[Move]) -> None:
    """Checks that moves stay within the range of faders.

    Parameters
    ----------
    moves
        The moves.

    Raises
    ------
    HostError
        A move goes beyond the range.
    """
    highest = to_linear(MAX_FADER) * (1.0 + _SAME)
    for move in moves:
        if not math.isfinite(move.new) or not 0.0 <= move.new <= max(highest, move.old):
            raise HostError(
                f"{move.name!r}: {move.new!r} is not a valid fader gain; nothing was changed"
            )


def make_move(move: Move) -> None:
    """Sets one fader and its note.

    Parameters
    ----------
    move
        The move.

    Raises
    ------
    HostError
        REAPER does not take it.
    """
    if move.new != move.old:
        set_fader(move.track, move.new, move.name)
    for key, text in move.texts.items():
        _store(move.track, key, text)
        if _stored(move.track, key) != text:
            raise HostError(
                f"REAPER did not store DrumGain's note on {move.name!r}: all faders were set back"
            )


def notes_of(moves: Sequence[Move]) -> dict[tuple[int, bytes], str]:
    """The texts that are stored now where the moves store some, by track and key."""
    return {(move.track, key): _stored(move.track, key) for move in moves for key in move.texts}


def trim_on(track: int) -> str:
    """The text about the trim that is stored on a track, empty for none."""
    return _stored(track, _TRIM)


def note_on(track: int) -> str:
    """The fader's note on a track, empty for none."""
    return _stored(track, _NOTE)


def restore_notes(notes: dict[tuple[int, bytes], str]) -> None:
    """Store texts again; errors are ignored."""
    for (track, key), text in notes.items():
        with contextlib.suppress(Exception):
            if _stored(track, key) != text:
                _store(track, key, text)


def _stored(track: int, key: bytes) -> str:
    return (Calls().stored(_STRING, track, key) or "").strip()


def _store(track: int, key: bytes, text: str) -> None:
    pointer = reaper.pointer("MediaTrack", track)
    RPR.GetSetMediaTrackInfo_String(pointer, key.decode(), text, True)


def all_faders(project: Project) -> dict[int, float]:
    """The faders of all tracks, as linear gains."""
    calls = Calls()
    count = calls.whole("CountTracks", project.address)
    tracks = [calls.child("GetTrack", project.address, place) for place in range(count)]
    return {track: calls.number("GetMediaTrackInfo_Value", track, b"D_VOL") for track in tracks}


def set_fader(track: int, fader: float, name: str) -> None:
    """Sets one fader.

    Parameters
    ----------
    track
        The address of the track.
    fader
        A linear gain.
    name
        The track's name for messages.

    Raises
    ------
    HostError
        REAPER does not take it.
    """
    RPR.SetMediaTrackInfo_Value(reaper.pointer("MediaTrack", track), "D_VOL", float(fader))
    got = fader_of(track)
    if not math.isclose(got, fader, rel_tol=_SAME, abs_tol=1e-12):
        raise HostError(
            f"REAPER did not set the fader of {name!r} (its gain is {got:g} instead of "
            f"{fader:g}): all faders were set back. Check whether an extension or a control "
            "surface moves it"
        )


def check_others(
    project: Project, before: dict[int, float], planned: dict[int, LinearGain]
) -> None:
    """Checks that no fader moved that was to stay.

    Parameters
    ----------
    project
        The project.
    before
        The faders of all tracks before, by address, as linear gains.
    planned
        The new faders by the address of the track.

    Raises
    ------
    HostError
        One moved.
    """
    now = all_faders(project)
    for track, fader in before.items():
        if track not in planned and now.get(track) != fader and not math.isnan(fader):
            raise HostError(
                "REAPER also moved the fader of a track that should not move (is it grouped?): "
                "all faders were set back"
            )


def restore_fader(track: int, fader: float) -> None:
    """Set a fader back; errors are ignored."""
    # a failure must not keep the other faders from being restored
    with contextlib.suppress(Exception):
        if not math.isnan(fader) and fader_of(track) != fader:
            RPR.SetMediaTrackInfo_Value(reaper.pointer("MediaTrack", track), "D_VOL", fader)


@contextlib.contextmanager
def ui_refresh_held() -> Iterator[None]:
    """Stop REAPER's screen refresh for a while."""
    RPR.PreventUIRefresh(1)
    try:
        yield
    finally:
        RPR.PreventUIRefresh(-1)
