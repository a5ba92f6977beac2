"""Write envelopes, notes and faders to the open project: as one undo step, or not at all.

An undo block and a stopped screen refresh must end in the tick in which they began. So ``prepare``
reads and computes in slices whatever can be known before. ``write`` then only writes, checks that
REAPER took everything, and restores all of it within the block if REAPER did not.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from reaper_drumgain.errors import HostError
from reaper_drumgain.hosts.live import apply, points, reaper
from reaper_drumgain.hosts.live.apply import Move
from reaper_drumgain.hosts.live.points import Scale
from reaper_drumgain.hosts.live.reaper import RPR, Calls, Project
from reaper_drumgain.hosts.live.state_chunks import (
    Chunks,
    is_on,
    own_block,
    switched,
    with_block,
    without_block,
)
from reaper_drumgain.schema import envelope_note
from reaper_drumgain.schema.session import Envelope, EnvelopeKind, EnvelopePoint

#: UNDO_STATE_TRACKENV: envelopes of tracks, not those of effects
ENVELOPE_STATES = 32
#: names of the envelope blocks in project files and state chunks
KEYS: dict[EnvelopeKind, bytes] = {"volume": b"<VOLENV2", "trim volume": b"<VOLENV3"}
#: at most so many points are inserted one by one: more would block REAPER for too long
MAX_INSERT_CALLS = 1000
_INFO, _STRING = "GetSetEnvelopeInfo_String", "GetSetMediaTrackInfo_String"


@dataclass(frozen=True, slots=True)
class EnvelopeEdit:
    """The change of one envelope of a track.

    Attributes
    ----------
    track
        The address of the track.
    name
        Its name for messages.
    kind
        Which envelope it is.
    old
        The envelope as it is now, None if there is none.
    points
        The new points.
    kept
        How many of the first and last points stay around them.
    note, old_note
        DrumGain's note on the track after and before, empty for none.
    active
        Whether the envelope is on afterwards.
    removed
        Whether it is deleted.
    """

    track: int
    name: str
    kind: EnvelopeKind
    old: Envelope | None
    points: tuple[EnvelopePoint, ...] = ()
    kept: tuple[int, int] = (0, 0)
    note: str = ""
    old_note: str = ""
    active: bool = True
    removed: bool = False


class PreparedEdit:
    """An edit with all that is read before the undo block.

    ``envelope`` is the envelope's address (0 for none) and ``envelope_text`` its state chunk.
    ``track_text`` is the chunk of the track, needed only if an envelope is made or removed.
    ``lines`` are the points as text. If ``span`` is set, the points are written by function calls
    within this span of time instead.
    """

    __slots__ = ("edit", "envelope", "envelope_text", "lines", "span", "track_text")

    def __init__(self, edit: EnvelopeEdit) -> None:
        self.edit = edit
        self.envelope = 0
        self.envelope_text: bytes | None = None
        self.track_text: bytes | None = None
        self.span: tuple[float, float] | None = None
        self.lines = b""


def find_envelope(calls: Calls, track: int, kind: EnvelopeKind) -> int:
    """The address of a track's envelope.

    Parameters
    ----------
    calls
        REAPER's functions.
    track
        The address of the track.
    kind
        Which envelope it is.

    Returns
    -------
    int
        0 if REAPER gives none.
    """
    find = calls.function("GetTrackEnvelopeByChunkName", "pointer", "pointer", "text")
    return find(track, KEYS[kind]) or 0


def note_on(calls: Calls, track: int) -> str:
    """DrumGain's note on a track, empty if there is none."""
    return envelope_note.joined(lambda key: calls.stored(_STRING, track, f"P_EXT:{key}".encode()))


def prepare(
    calls: Calls, chunks: Chunks, edit: EnvelopeEdit, *, few: bool
) -> Generator[Any, None, PreparedEdit]:
    """An edit with all that it needs, read in slices.

    Parameters
    ----------
    calls
        REAPER's functions.
    chunks
        Reads state texts.
    edit
        The edit.
    few
        Whether all edits together have few enough points to insert them one by one.

    Returns
    -------
    PreparedEdit
        Ready to be written.

    Raises
    ------
    HostError
        REAPER gives no access to an envelope that the track has.
    """
    found = PreparedEdit(edit)
    found.envelope = find_envelope(calls, edit.track, edit.kind)
    if edit.old is not None:
        found.envelope_text = chunks.of_envelope(found.envelope)
        yield
    if edit.removed or not found.envelope:
        found.track_text = chunks.of_track(edit.track)
        yield
    if not found.envelope and own_block(found.track_text or b"", KEYS[edit.kind]) is not None:
        raise HostError(
            f"REAPER gives no access to the {edit.kind} envelope of {edit.name!r}, although the "
            "track has one: show it once in REAPER. Nothing was changed"
        )
    yield
    if few:
        old = edit.old.points if edit.old is not None else ()
        found.span = yield from points.span_of(old, edit.kept, edit.points)
    found.lines = yield from points.lines_of(edit.points)
    return found


def write(
    project: Project,
    calls: Calls,
    scale: Scale,
    edits: Sequence[PreparedEdit],
    moves: Sequence[Move],
    name: str,
) -> None:
    """Makes all edits and fader moves as one undo step.

    Parameters
    ----------
    project
        The project.
    calls
        REAPER's functions.
    scale
        Turns gains into values of envelopes.
    edits
        The edits of envelopes.
    moves
        The moves of faders.
    name
        What the undo history says.

    Raises
    ------
    HostError
        REAPER does not take one of them. Then everything is restored and there is no undo step.
    """
    apply.check_moves(moves)
    block = _UndoBlock(project, calls, scale, edits, moves)
    with apply.ui_refresh_held():
        RPR.Undo_BeginBlock2(project.pointer)
        flags = 0
        try:
            block.write()
            flags = apply.TRACK_STATES | ENVELOPE_STATES
        except BaseException as error:
            left = block.restore()
            if left:
                names = ", ".join(left)
                raise HostError(
                    f"{error}. The old envelopes of {names} could not be restored: check them"
                ) from error
            raise
        finally:
            RPR.Undo_EndBlock2(project.pointer, name, flags)


class _UndoBlock:
    """The writes within one undo block."""

    def __init__(
        self,
        project: Project,
        calls: Calls,
        scale: Scale,
        edits: Sequence[PreparedEdit],
        moves: Sequence[Move],
    ) -> None:
        self._project = project
        self._calls = calls
        self._chunks = Chunks(calls)
        self._scale = scale
        self._edits = edits
        self._moves = moves
        self._faders = apply.all_faders(project)
        self._notes = apply.notes_of(moves)

    def write(self) -> None:
        """Make all edits and moves. Raises HostError at the first that fails."""
        for prepared in self._edits:
            edit = prepared.edit
            try:
                if edit.removed:
                    self._remove(prepared)
                else:
                    self._write_points(prepared)
                self._set_note(edit.track, edit.note)
            except HostError as error:
                raise HostError(
                    f"{edit.kind} envelope of {edit.name!r}: {error}; everything was restored"
                ) from error
        planned = {move.track: move.new for move in self._moves}
        for move in self._moves:
            apply.make_move(move)
        for prepared in self._edits:
            # a preference lets REAPER move the fader value into an envelope that is switched on
            edit = prepared.edit
            before = self._faders[edit.track]
            if edit.track not in planned and apply.fader_of(edit.track) != before:
                self._keep_fader(edit, before)
        apply.check_others(self._project, self._faders, planned)

    def _keep_fader(self, edit: EnvelopeEdit, fader: float) -> None:
        if not math.isnan(fader):
            apply.set_fader(edit.track, fader, edit.name)

    def _write_points(self, prepared: PreparedEdit) -> None:
        edit, envelope = prepared.edit, prepared.envelope
        made = edit.old is None
        if not envelope:
            text = with_block(prepared.track_text or b"", KEYS[edit.kind])
            self._chunks.set_track(edit.track, text)
            envelope = find_envelope(self._calls, edit.track, edit.kind)
            if not envelope:
                raise HostError("REAPER did not create it")
        if edit.old is None or edit.old.active != edit.active:
            self._switch(envelope, on=edit.active, shown=True if made else None)
        text = self._chunks.of_envelope(envelope)
        moved = apply.fader_of(edit.track) != self._faders[edit.track]
        if moved and prepared.envelope_text is not None:
            text = switched(prepared.envelope_text, active=edit.active)
            self._chunks.set_envelope(envelope, text)
        if prepared.span is not None:
            points.by_calls(self._calls, self._scale, envelope, prepared.span, edit.points)
        else:
            points.by_text(self._chunks, envelope, edit.kept, prepared.lines)
        text = self._chunks.of_envelope(envelope)
        if is_on(text) != edit.active:
            raise HostError(f"REAPER did not switch it {'on' if edit.active else 'off'}")
        points.check(
            self._calls, self._scale, envelope, text, edit.kept, edit.points, prepared.lines
        )

    def _switch(self, envelope: int, *, on: bool, shown: bool | None) -> None:
        """Switch an envelope on or off. ``shown`` None leaves its visibility."""
        if reaper.has(_INFO):
            self._set_info(envelope, b"ACTIVE", on)
            if shown is not None:
                self._set_info(envelope, b"VISIBLE", shown)
        # REAPER before 7.19 lacks that function, and it may have had no effect
        text = self._chunks.of_envelope(envelope)
        wanted = switched(text, active=on, visible=shown)
        if wanted != text:
            self._chunks.set_envelope(envelope, wanted)

    def _set_info(self, envelope: int, key: bytes, value: bool) -> None:
        text = ctypes.create_string_buffer(b"1" if value else b"0", 64)
        call = self._calls.function(_INFO, "bool", "pointer", "text", "buffer", "bool")
        call(envelope, key, ctypes.addressof(text), 1)

    def _remove(self, prepared: PreparedEdit) -> None:
        edit, text = prepared.edit, prepared.track_text or b""
        self._chunks.set_track(edit.track, without_block(text, KEYS[edit.kind]))
        envelope = find_envelope(self._calls, edit.track, edit.kind)
        if not envelope:
            return
        left = self._chunks.of_envelope(envelope)
        if not is_on(left) and left != prepared.envelope_text:
            return
        # REAPER kept the envelope: empty it and switch it off
        points.by_text(self._chunks, envelope, (0, 0), b"")
        self._switch(envelope, on=False, shown=False)
        if is_on(self._chunks.of_envelope(envelope)):
            raise HostError("REAPER neither removes it nor switches it off")

    def _set_note(self, track: int, note: str) -> None:
        call = self._calls.function(_STRING, "bool", "pointer", "text", "buffer", "bool")
        new, old = map(envelope_note.parts_of, (note, note_on(self._calls, track)))
        # parts that are needed no more are emptied
        for place in range(max(1, len(new), len(old))):
            text = ctypes.create_string_buffer("".join(new[place : place + 1]).encode())
            key = f"P_EXT:{envelope_note.key_of_part(place + 1)}".encode()
            call(track, key, ctypes.addressof(text), 1)
        if note_on(self._calls, track) != note:
            raise HostError("REAPER did not store DrumGain's note on the track")

    def restore(self) -> list[str]:
        """Restore everything. Returns the names of the tracks where that failed."""
        left = []
        for prepared in self._edits:
            try:
                self._restore_track(prepared)
            except Exception:
                left.append(repr(prepared.edit.name))
        for track, fader in self._faders.items():
            apply.restore_fader(track, fader)
        apply.restore_notes(self._notes)
        return left

    def _restore_track(self, prepared: PreparedEdit) -> None:
        edit, chunks, key = prepared.edit, self._chunks, KEYS[prepared.edit.kind]
        if note_on(self._calls, edit.track) != edit.old_note:
            self._set_note(edit.track, edit.old_note)
        envelope = find_envelope(self._calls, edit.track, edit.kind)
        if prepared.envelope_text is None:
            # there was no envelope before
            if envelope:
                text = chunks.of_track(edit.track)
                if own_block(text, key) is not None:
                    chunks.set_track(edit.track, without_block(text, key))
        elif not envelope:
            chunks.set_track(edit.track, prepared.track_text or b"")
        elif chunks.of_envelope(envelope) != prepared.envelope_text:
            chunks.set_envelope(envelope, prepared.envelope_text)
