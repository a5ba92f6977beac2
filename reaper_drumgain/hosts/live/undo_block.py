"""Envelopes, notes and faders into the open project: one undo step, or nothing at all.

An undo block and a held screen must not outlive a tick, so everything that can be read, made
or asked for beforehand is: ``ready`` does that in slices. ``write`` then only writes, looks
whether REAPER took it, and puts all back within the block where it did not.
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
from reaper_drumgain.hosts.live.snapshot import MARK_KEY
from reaper_drumgain.hosts.live.state_chunks import (
    Chunks,
    is_on,
    own_block,
    switched,
    with_block,
    without_block,
)
from reaper_drumgain.schema.session import Envelope, EnvelopeKind, EnvelopePoint

#: UNDO_STATE_TRACKENV: envelopes that are not those of effects
ENVELOPE_STATES = 32
#: the blocks of the envelopes that are written, in project files and chunks
KEYS: dict[EnvelopeKind, bytes] = {"volume": b"<VOLENV2", "trim volume": b"<VOLENV3"}
#: so many points at most are inserted one by one: more would hold REAPER for too long
MOST_CALLS = 1000
_INFO, _STRING = "GetSetEnvelopeInfo_String", "GetSetMediaTrackInfo_String"
_MARK = f"P_EXT:{MARK_KEY}".encode()


@dataclass(frozen=True, slots=True)
class Work:
    """What becomes of one envelope of a track.

    ``old``: as it is now, None where REAPER has none. ``points`` take the place of those
    between the first and the last that are ``kept``. ``mark``: DrumGain's note on the track,
    empty for none, ``old_note`` the one that is there. ``removed``: the envelope is taken away.
    ``active``: whether it is on afterwards.
    """

    track: int
    name: str
    kind: EnvelopeKind
    old: Envelope | None
    points: tuple[EnvelopePoint, ...] = ()
    kept: tuple[int, int] = (0, 0)
    mark: str = ""
    old_note: str = ""
    active: bool = True
    removed: bool = False


class Ready:
    """A work with what was prepared for it: the envelope's address and its chunk, the chunk of
    the track where an envelope is made or taken away, and its points as ``lines`` of text; where
    there is a ``span`` of time they are written within it by calls."""

    __slots__ = ("envelope", "envelope_text", "lines", "span", "track_text", "work")

    def __init__(self, work: Work) -> None:
        self.work = work
        self.envelope = 0
        self.envelope_text: bytes | None = None
        self.track_text: bytes | None = None
        self.span: tuple[float, float] | None = None
        self.lines = b""


def find_envelope(calls: Calls, track: int, kind: EnvelopeKind) -> int:
    """The address of a track's envelope, 0 where REAPER gives none."""
    find = calls.function("GetTrackEnvelopeByChunkName", "pointer", "pointer", "text")
    return find(track, KEYS[kind]) or 0


def note_on(calls: Calls, track: int) -> str:
    """DrumGain's note on a track, empty where there is none."""
    return (calls.stored(_STRING, track, _MARK) or "").strip()


def ready(calls: Calls, chunks: Chunks, work: Work, *, few: bool) -> Generator[Any, None, Ready]:
    """Prepare a work; ``few``: there are so few points in all that calls have the time.

    Raises HostError where REAPER hides an envelope that the track has.
    """
    found = Ready(work)
    found.envelope = find_envelope(calls, work.track, work.kind)
    if work.old is not None:
        found.envelope_text = chunks.of_envelope(found.envelope)
        yield
    if work.removed or not found.envelope:
        found.track_text = chunks.of_track(work.track)
        yield
    if not found.envelope and own_block(found.track_text or b"", KEYS[work.kind]) is not None:
        raise HostError(
            f"REAPER gives no access to the {work.kind} envelope of {work.name!r}, which it has: "
            "show it once in REAPER; nothing was changed"
        )
    yield
    if few:
        old = work.old.points if work.old is not None else ()
        found.span = yield from points.span_of(old, work.kept, work.points)
    found.lines = yield from points.lines_of(work.points)
    return found


def write(
    project: Project,
    calls: Calls,
    scale: Scale,
    works: Sequence[Ready],
    moves: Sequence[Move],
    name: str,
) -> None:
    """Do all works and moves as one undo step named ``name``.

    Raises HostError where REAPER does not take something; then all stands as before and there is
    no undo step.
    """
    apply.check_moves(moves)
    block = _Block(project, calls, scale, works, moves)
    with apply.held():
        RPR.Undo_BeginBlock2(project.pointer)
        flags = 0
        try:
            block.do()
            flags = apply.TRACK_STATES | ENVELOPE_STATES
        except BaseException as error:
            left = block.put_back()
            if left:
                names = ", ".join(left)
                raise HostError(
                    f"{error}. What stood on {names} could not be put back: look at it"
                ) from error
            raise
        finally:
            RPR.Undo_EndBlock2(project.pointer, name, flags)


class _Block:
    """The work within the block."""

    def __init__(
        self,
        project: Project,
        calls: Calls,
        scale: Scale,
        works: Sequence[Ready],
        moves: Sequence[Move],
    ) -> None:
        self._project = project
        self._calls = calls
        self._chunks = Chunks(calls)
        self._scale = scale
        self._works = works
        self._moves = moves
        self._faders = apply.all_faders(project)

    def do(self) -> None:
        """All of it."""
        for prepared in self._works:
            work = prepared.work
            try:
                if work.removed:
                    self._take_away(prepared)
                else:
                    self._put(prepared)
                self._set_note(work.track, work.mark)
            except HostError as error:
                raise HostError(
                    f"{work.kind} envelope of {work.name!r}: {error}; all was put back"
                ) from error
        planned = {move.track: move.new for move in self._moves}
        for move in self._moves:
            apply.set_fader(move.track, move.new, move.name)
        for prepared in self._works:
            # switching an envelope on may have moved the fader into it, as the preferences say
            work = prepared.work
            before = self._faders[work.track]
            if work.track not in planned and apply.fader_of(work.track) != before:
                self._keep_fader(work, before)
        apply.check_others(self._project, self._faders, planned)

    def _keep_fader(self, work: Work, fader: float) -> None:
        if not math.isnan(fader):
            apply.set_fader(work.track, fader, work.name)

    def _put(self, prepared: Ready) -> None:
        work, envelope = prepared.work, prepared.envelope
        made = work.old is None
        if not envelope:
            text = with_block(prepared.track_text or b"", KEYS[work.kind])
            self._chunks.set_track(work.track, text)
            envelope = find_envelope(self._calls, work.track, work.kind)
            if not envelope:
                raise HostError("REAPER did not make it")
        if work.old is None or work.old.active != work.active:
            self._switch(envelope, on=work.active, shown=True if made else None)
        text = self._chunks.of_envelope(envelope)
        moved = apply.fader_of(work.track) != self._faders[work.track]
        if moved and prepared.envelope_text is not None:
            text = switched(prepared.envelope_text, active=work.active)
            self._chunks.set_envelope(envelope, text)
        if prepared.span is not None:
            points.by_calls(self._calls, self._scale, envelope, prepared.span, work.points)
        else:
            points.by_text(self._chunks, envelope, work.kept, prepared.lines)
        text = self._chunks.of_envelope(envelope)
        if is_on(text) != work.active:
            raise HostError(f"REAPER did not switch it {'on' if work.active else 'off'}")
        points.check(
            self._calls, self._scale, envelope, text, work.kept, work.points, prepared.lines
        )

    def _switch(self, envelope: int, *, on: bool, shown: bool | None) -> None:
        """Switch an envelope on or off, and show or hide it where that is said."""
        if reaper.has(_INFO):
            self._set_info(envelope, b"ACTIVE", on)
            if shown is not None:
                self._set_info(envelope, b"VISIBLE", shown)
        # before 7.19, and where that function did nothing, the text does it
        text = self._chunks.of_envelope(envelope)
        wanted = switched(text, active=on, visible=shown)
        if wanted != text:
            self._chunks.set_envelope(envelope, wanted)

    def _set_info(self, envelope: int, key: bytes, value: bool) -> None:
        text = ctypes.create_string_buffer(b"1" if value else b"0", 64)
        call = self._calls.function(_INFO, "bool", "pointer", "text", "buffer", "bool")
        call(envelope, key, ctypes.addressof(text), 1)

    def _take_away(self, prepared: Ready) -> None:
        work, text = prepared.work, prepared.track_text or b""
        self._chunks.set_track(work.track, without_block(text, KEYS[work.kind]))
        envelope = find_envelope(self._calls, work.track, work.kind)
        if not envelope:
            return
        left = self._chunks.of_envelope(envelope)
        if not is_on(left) and left != prepared.envelope_text:
            return
        # it stays: then it shall do nothing
        points.by_text(self._chunks, envelope, (0, 0), b"")
        self._switch(envelope, on=False, shown=False)
        if is_on(self._chunks.of_envelope(envelope)):
            raise HostError("REAPER neither takes it away nor switches it off")

    def _set_note(self, track: int, mark: str) -> None:
        text = ctypes.create_string_buffer(mark.encode())
        call = self._calls.function(_STRING, "bool", "pointer", "text", "buffer", "bool")
        call(track, _MARK, ctypes.addressof(text), 1)
        if note_on(self._calls, track) != mark:
            raise HostError("REAPER did not take DrumGain's note on the track")

    def put_back(self) -> list[str]:
        """Put everything back; the names of the tracks where that failed."""
        left = []
        for prepared in self._works:
            try:
                self._put_track_back(prepared)
            except Exception:
                left.append(repr(prepared.work.name))
        for track, fader in self._faders.items():
            apply.put_back(track, fader)
        return left

    def _put_track_back(self, prepared: Ready) -> None:
        work, chunks, key = prepared.work, self._chunks, KEYS[prepared.work.kind]
        if note_on(self._calls, work.track) != work.old_note:
            self._set_note(work.track, work.old_note)
        envelope = find_envelope(self._calls, work.track, work.kind)
        if prepared.envelope_text is None:
            # it was made, or is as before
            if envelope:
                text = chunks.of_track(work.track)
                if own_block(text, key) is not None:
                    chunks.set_track(work.track, without_block(text, key))
        elif not envelope:
            chunks.set_track(work.track, prepared.track_text or b"")
        elif chunks.of_envelope(envelope) != prepared.envelope_text:
            chunks.set_envelope(envelope, prepared.envelope_text)
