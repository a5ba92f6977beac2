"""Automation in a project file: the points of an envelope.

Assumed of REAPER (to be checked against REAPER itself): it reads the blocks and lines of a
track in any order; an envelope needs no EGUID and gets one when REAPER saves; before the first
point of an envelope the value of that point holds. ``notes`` writes the envelope note.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from reaper_drumgain.errors import ConflictError, InputError, ProjectError
from reaper_drumgain.hosts.rpp.chains import point_lines, read_envelope
from reaper_drumgain.hosts.rpp.edits import Edit, EditCheck, splice
from reaper_drumgain.hosts.rpp.lines import (
    indent_inside,
    line_ending,
    line_start,
    lines_of,
    next_line,
    place_of_envelopes,
)
from reaper_drumgain.hosts.rpp.read import ProjectFile
from reaper_drumgain.hosts.rpp.storage import name_of
from reaper_drumgain.hosts.rpp.syntax import Block, line_of, own_lines, tokens
from reaper_drumgain.hosts.rpp.values import number
from reaper_drumgain.schema import envelope_note
from reaper_drumgain.schema.envelope_note import TakenBack
from reaper_drumgain.schema.plan import TrackAutomation
from reaper_drumgain.schema.session import EnvelopeKind, EnvelopePoint, Track
from reaper_drumgain.tracks.reaper_rules import NEW_ENVELOPE

_KEYWORDS: dict[EnvelopeKind, bytes] = {"volume": b"VOLENV2", "trim volume": b"VOLENV3"}
_NEW = tuple(line.encode() for line in NEW_ENVELOPE)
#: how far a number may be from the one that was meant, after it was written and read
_EXACT = 1e-9


def planned_edits(
    project: ProjectFile, index: int, planned: TrackAutomation
) -> tuple[list[Edit], EditCheck]:
    """The spans that write the planned envelope of one track, and a check.

    Raises ProjectError where the envelope's place is not clear, InputError for impossible numbers.

    Parameters
    ----------
    project
        The project as read.
    index
        The index of the track.
    planned
        The envelope.

    Returns
    -------
    edits : list of Edit
        The spans.
    check : callable
        Raises ProjectError where the edited bytes do not read as meant.

    Raises
    ------
    ConflictError
        The track's envelope is not the one that the plan was made for.
    """
    for point in planned.points:
        _refuse_impossible(project, index, point)
    block = project.tracks[index]
    envelope = _envelope_block(project, index, planned.envelope)
    rows = point_lines(project.data, envelope) if envelope is not None else []
    if len(rows) != planned.old_points:
        raise ConflictError(
            f"{_name(project, index)}: its {planned.envelope} envelope has {len(rows)} points, the "
            f"plan was made for {planned.old_points}: make a new plan"
        )
    if envelope is None:
        edits = [_new_envelope(project.data, block, planned)]
    else:
        edits = _points_edits(
            project.data, envelope, rows, planned.kept_before, planned.kept_after, planned.points
        )
        edits += _active_edits(project.data, envelope, active=True)
    points = planned.result(_points(project, index, planned.envelope))
    check = _Check(project, index, planned.envelope, points, active=True, note=planned.mark)
    return edits, check


def taking_back_edits(
    project: ProjectFile, index: int, taken: TakenBack
) -> tuple[list[Edit], EditCheck]:
    """The spans that take back what ``planned_edits`` wrote on one track, and a check.

    Parameters
    ----------
    project
        The project as read.
    index
        The index of the track.
    taken
        What is to be taken back.

    Returns
    -------
    edits : list of Edit
        The spans.
    check : callable
        Raises ProjectError where the edited bytes do not read as meant.
    """
    envelope = _envelope_block(project, index, taken.envelope)
    assert envelope is not None
    edits = _taking_back(project.data, envelope, taken)
    points = taken.result(_points(project, index, taken.envelope))
    check = _Check(
        project, index, taken.envelope, None if taken.removed else points, active=taken.active
    )
    return edits, check


def _taking_back(data: bytes, envelope: Block, taken: TakenBack) -> list[Edit]:
    """The spans that make an envelope what it was, or take it away."""
    if taken.removed:
        return [lines_of(data, envelope)]
    kept = (taken.kept_before, taken.kept_after)
    rows = point_lines(data, envelope)
    edits = _points_edits(data, envelope, rows, *kept, taken.points, taken.written)
    return [*edits, *_active_edits(data, envelope, active=taken.active)]


def _after_clearing(
    data: bytes, track: Block, kind: EnvelopeKind, note: str | None
) -> tuple[bytes, bytes | None]:
    """The lines of a track's envelope, and what clearing its automation would make of them; None
    where it would leave them."""
    envelope = next((b for b in track.children if b.keyword == _KEYWORDS[kind]), None)
    if envelope is None:
        return b"", None
    start, end = line_start(data, envelope.start), next_line(data, envelope.close)
    read = read_envelope(data, envelope, kind, [], with_lines=True)
    noted = Track(index=0, name="", envelopes=(read,), automation_note=note)
    try:
        taken = envelope_note.take_back(noted)
    except ConflictError:
        taken = None
    lines = data[start:end]
    if taken is None or taken.envelope != kind:
        return lines, None
    edits = _taking_back(data, envelope, taken)
    back = [Edit(edit.start - start, edit.end - start, edit.new) for edit in edits]
    return lines, splice(lines, back)


def _points(project: ProjectFile, index: int, kind: EnvelopeKind) -> tuple[EnvelopePoint, ...]:
    envelopes = project.session.tracks[index].envelopes
    return next((e.points for e in envelopes if e.kind == kind), ())


class _Check:
    """Whether a track's envelope reads as it was meant after the edit; ``points`` None: it is
    gone."""

    def __init__(
        self,
        project: ProjectFile,
        index: int,
        kind: EnvelopeKind,
        points: Sequence[EnvelopePoint] | None,
        *,
        active: bool,
        note: str | None = None,
    ) -> None:
        self._what = _name(project, index)
        self._project, self._note = project, note
        self._index, self._kind, self._points, self._active = index, kind, points, active

    def __call__(self, data: bytes, tracks: list[Block]) -> None:
        keyword = _KEYWORDS[self._kind]
        blocks = [b for b in tracks[self._index].children if b.keyword == keyword]
        if self._points is None and not blocks:
            return
        if self._points is not None and len(blocks) == 1:
            read = read_envelope(data, blocks[0], self._kind, [])
            same = len(read.points) == len(self._points) and read.active == self._active
            if same and all(map(_alike, read.points, self._points)):
                self._refuse_if_lost(data, tracks[self._index])
                return
        raise ProjectError(
            f"{self._what}: the edited envelope does not read as meant: nothing written"
        )

    def _refuse_if_lost(self, data: bytes, track: Block) -> None:
        """Raises ProjectError where clearing the automation would not bring every byte back."""
        if self._note is None:
            return
        old = self._project
        before = _after_clearing(
            old.data,
            old.tracks[self._index],
            self._kind,
            old.session.tracks[self._index].automation_note,
        )
        if _after_clearing(data, track, self._kind, self._note)[1] not in before:
            raise ProjectError(
                f"{self._what}: its {self._kind} envelope is written in a way that could not be "
                "brought back as it is: nothing was written; open and save the project in REAPER"
            )


def _alike(one: EnvelopePoint, other: EnvelopePoint) -> bool:
    pairs = ((one.time, other.time), (one.value, other.value), (one.tension, other.tension))
    near = all(abs(a - b) <= _EXACT * max(1.0, abs(b)) for a, b in pairs)
    return near and one.shape == other.shape


def _name(project: ProjectFile, index: int) -> str:
    return f"{name_of(project.path)}: track {index + 1} {project.session.tracks[index].name!r}"


def _refuse_impossible(project: ProjectFile, index: int, point: EnvelopePoint) -> None:
    numbers = (point.time, point.value, point.tension)
    if not all(math.isfinite(n) and abs(n) < 1e9 for n in numbers) or point.value < 0.0:
        raise InputError(f"{_name(project, index)}: {point!r} is not a valid envelope point")


def _envelope_block(project: ProjectFile, index: int, kind: EnvelopeKind) -> Block | None:
    found = [b for b in project.tracks[index].children if b.keyword == _KEYWORDS[kind]]
    if len(found) > 1:
        where = f"{name_of(project.path)}:{line_of(project.data, found[1].start)}"
        raise ProjectError(
            f"{where}: track {index + 1} has more than one {kind} envelope: open and save the "
            "project in REAPER"
        )
    return found[0] if found else None


def _digits(number: float) -> bytes:
    return f"{number:.12f}".rstrip("0").rstrip(".").encode("ascii")


def _point_line(point: EnvelopePoint) -> bytes:
    words = [b"PT", _digits(point.time), _digits(point.value), b"%d" % point.shape]
    if point.tension:
        # REAPER's fields between shape and tension: signature, selected, partial bits
        words += [b"0", b"0", b"0", _digits(point.tension)]
    return b" ".join(words)


def _points_edits(
    data: bytes,
    envelope: Block,
    rows: Sequence[tuple[int, int]],
    before: int,
    after: int,
    points: Sequence[EnvelopePoint],
    written: Sequence[str] = (),
) -> list[Edit]:
    margin, ending = indent_inside(data, envelope), line_ending(data, envelope)
    lines = [line.encode("latin-1", "replace") for line in written] or [b""] * len(points)
    new = b"".join(
        (line or margin + _point_line(point)) + ending
        for point, line in zip(points, lines, strict=True)
    )
    middle = rows[before : len(rows) - after]
    if middle:
        first, *others = middle
        return [Edit(*first, new), *(Edit(start, end, b"") for start, end in others)]
    if before:
        place = rows[before - 1][1]
    elif rows:
        place = rows[0][0]
    else:
        place = line_start(data, envelope.close)
    return [Edit(place, place, new)] if new else []


def _active_edits(data: bytes, envelope: Block, *, active: bool) -> Iterator[Edit]:
    lines = own_lines(data, envelope, b"ACT")
    wanted = b"1" if active else b"0"
    for place in lines:
        words = tokens(data, place)
        if len(words) > 1 and bool(number(words[1].value)) != active:
            yield Edit(words[1].start, words[1].end, wanted)
    if not lines and not active:
        place = next_line(data, envelope.body)
        yield Edit(
            place, place, indent_inside(data, envelope) + b"ACT 0" + line_ending(data, envelope)
        )


def _new_envelope(data: bytes, block: Block, planned: TrackAutomation) -> Edit:
    margin, ending = indent_inside(data, block), line_ending(data, block)
    lines = [*_NEW, *map(_point_line, planned.points)]
    text = b"".join(margin + b"  " + line + ending for line in lines)
    keyword = _KEYWORDS[planned.envelope]
    place = place_of_envelopes(data, block)
    return Edit(place, place, b"%b<%b%b%b%b>%b" % (margin, keyword, ending, text, margin, ending))
