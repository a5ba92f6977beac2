"""The note that DrumGain leaves on a track whose envelope it wrote, and what it allows.

With it ``clear-automation`` takes back an envelope that is unchanged since, and a second run
replaces an envelope that DrumGain wrote instead of refusing it as the user's. The note is one
text without blanks or quotes, so that project files and REAPER keep it as it is:

    1;volume;2;0;0;8d0c...;none

version, envelope, how many points were written, how many of the former points stay before
and behind them, a digest of the written ones, and what was there before: ``none`` (no
envelope), or ``on:`` or ``off:`` (whether it was switched on) and the points that were replaced.

These stand in version 2 as lines of text, compressed with zlib, in base 64. A line is that of
the project's file, where the host knew it; else ``=`` with time, value, shape and tension, and
behind ``|`` the file's line where these numbers are not all that it says. Version 1 had
``time,value,shape,tension`` with ``/`` between them, or ``lost``, where they were too many; it is
still read, and written where no points were replaced. A note longer than ``PART`` is stored in
parts, under keys that ``key_of_part`` numbers. A project may come from anybody, so the note is
checked and its size is bounded. Standard library only.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from reaper_drumgain.errors import ConflictError
from reaper_drumgain.schema.session import Envelope, EnvelopeKind, EnvelopePoint, Track

#: under ``P_EXT:`` in REAPER, and in the ``<EXT`` block of a track in project files
KEY = "drumgain_automation"
#: REAPER's lines end at 4096 bytes
PART = 3500
#: of all parts together; envelopes that need more are not written to
MAX_NOTE = 1_000_000
#: written points lie on this many steps per second and per unit of linear gain
TIME_STEPS, VALUE_STEPS = 1_000, 1_000_000
#: compiled when it is first used: few tracks have a note
_NOTE = (
    r"([12]);(volume|trim);(\d{1,6});(\d{1,6});(\d{1,6});([0-9a-f]{32});"
    r"(none|lost|(?:on|off):\S*)"
)
_MOST = 1e12
#: of the lines of replaced points, before they are compressed
_MAX_TEXT = 16_000_000

FormerState = Literal["none", "lost", "on", "off"]


@dataclass(frozen=True, slots=True)
class _Note:
    envelope: EnvelopeKind
    size: int
    before: int
    after: int
    digest: str
    state: FormerState
    former: tuple[EnvelopePoint, ...]
    written: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TakenBack:
    """How an envelope that DrumGain wrote becomes again what it was. The note is removed, too.

    Attributes
    ----------
    envelope
        Which envelope.
    removed
        There was none before: it is taken away or, where that cannot be done, emptied, switched off
        and hidden. The other fields then mean nothing.
    kept_before, kept_after
        How many of the first and of the last points that it has now stay.
    points
        The points between these.
    active
        Whether the envelope is switched on afterwards.
    written
        The line that each of ``points`` had in the project's file, empty where that is not known.
    """

    envelope: EnvelopeKind
    removed: bool = False
    kept_before: int = 0
    kept_after: int = 0
    points: tuple[EnvelopePoint, ...] = ()
    active: bool = True
    written: tuple[str, ...] = ()

    def result(self, points: tuple[EnvelopePoint, ...]) -> tuple[EnvelopePoint, ...]:
        """All points of the envelope afterwards; none where it is taken away."""
        if self.removed:
            return ()
        after = points[len(points) - self.kept_after :]
        return (*points[: self.kept_before], *self.points, *after)

    def envelope_before(self, present: Envelope) -> Envelope | None:
        """The envelope as it was before DrumGain wrote it; None where there was none."""
        if self.removed:
            return None
        lines: tuple[str, ...] = ()
        if len(present.written) == len(present.points):
            after = present.written[len(present.points) - self.kept_after :]
            lines = (*present.written[: self.kept_before], *self.written, *after)
        points = self.result(present.points)
        return replace(present, points=points, active=self.active, written=lines)


def digest_of(points: Iterable[EnvelopePoint]) -> str:
    """A digest of written points that REAPER's rewriting of their digits does not change."""
    rows = (
        f"{round(p.time * TIME_STEPS)},{round(p.value * VALUE_STEPS)},{p.shape},"
        f"{round(p.tension * 1000.0)}"
        for p in points
    )
    import hashlib

    return hashlib.sha256("/".join(rows).encode()).hexdigest()[:32]


def note_of(
    kind: EnvelopeKind,
    points: Sequence[EnvelopePoint],
    kept_before: int,
    kept_after: int,
    former: Envelope | None,
) -> str:
    """The note on points that DrumGain wrote.

    Parameters
    ----------
    kind
        Which envelope.
    points
        The points that were written.
    kept_before, kept_after
        How many of the former points stay before and behind them.
    former
        The envelope as it was. None where there was none.

    Returns
    -------
    str
        At most ``MAX_NOTE`` characters. Where the replaced points need more, the note says that
        they are lost.
    """
    name = "volume" if kind == "volume" else "trim"
    start = f"{name};{len(points)};{kept_before};{kept_after};{digest_of(points)};"
    if former is None:
        return f"1;{start}none"
    state = "on" if former.active else "off"
    kept = slice(kept_before, len(former.points) - kept_after)
    replaced = former.points[kept]
    if not replaced:
        return f"1;{start}{state}:"
    lines = former.written[kept] if len(former.written) == len(former.points) else ()
    note = f"2;{start}{state}:{_packed(replaced, lines)}"
    return note if len(note) <= MAX_NOTE else f"1;{start}lost"


def can_keep(envelope: Envelope) -> bool:
    """Whether a note can hold all of an envelope, so that it can be brought back."""
    size = sum(map(len, envelope.written)) + 120 * len(envelope.points)
    if 2 * size < MAX_NOTE:
        return True
    return len(envelope.points) < 1_000_000 and not note_of("volume", (), 0, 0, envelope).endswith(
        "lost"
    )


def key_of_part(number: int, key: str = KEY) -> str:
    """The key of a part of a note, from 1."""
    return key if number == 1 else f"{key}_{number}"


def parts_of(note: str) -> list[str]:
    """A note in parts that fit into REAPER's lines."""
    return [note[start : start + PART] for start in range(0, len(note), PART)]


def joined(stored: Callable[[str], str | None]) -> str:
    """The note whose parts ``stored`` gives by their keys; empty where there is none."""
    parts: list[str] = []
    while len(parts) * PART < MAX_NOTE:
        part = (stored(key_of_part(len(parts) + 1)) or "").strip()
        parts.append(part)
        if len(part) < PART:
            break
    return "".join(parts)


def _packed(points: Sequence[EnvelopePoint], lines: Sequence[str]) -> str:
    rows = []
    for place, point in enumerate(points):
        line = lines[place] if lines else ""
        if line and not line.startswith("=") and _point_of(line.split()[1:]) == point:
            rows.append(line)
        else:
            numbers = f"={point.time!r} {point.value!r} {point.shape} {point.tension!r}"
            rows.append(f"{numbers}|{line}" if line else numbers)
    packed = zlib.compress("\n".join(rows).encode("latin-1", "replace"), 9)
    return base64.b64encode(packed).decode("ascii")


def _point_of(fields: Sequence[str]) -> EnvelopePoint | None:
    """The point of a line's fields; None where a field is not a plain number."""
    try:
        shape = int(float(fields[2])) if len(fields) > 2 else 0
        tension = float(fields[6]) if len(fields) > 6 else 0.0
        return EnvelopePoint(float(fields[0]), float(fields[1]), shape, tension)
    except (ValueError, OverflowError, IndexError):
        return None


def _unpacked(packed: str) -> tuple[tuple[EnvelopePoint, str], ...] | None:
    """The replaced points and their lines; None where they are damaged."""
    try:
        unpacker = zlib.decompressobj()
        raw = unpacker.decompress(base64.b64decode(packed, validate=True), _MAX_TEXT)
    except (zlib.error, ValueError):
        return None
    if not unpacker.eof:
        return None
    found = []
    for row in raw.decode("latin-1").split("\n"):
        numbers, line = row.split()[1:], row
        if row.startswith("="):
            head, _, line = row.partition("|")
            numbers = head[1:].split()
            if len(numbers) != 4:
                return None
            numbers[3:] = ["0", "0", "0", numbers[3]]
        point = _point_of(numbers)
        if point is None or "\r" in line or (line and line.split()[:1] != ["PT"]):
            return None
        found.append((point, line))
    return tuple(found)


def take_back(track: Track) -> TakenBack | None:
    """How the envelope that DrumGain wrote on a track is taken back.

    Parameters
    ----------
    track
        The track as it is now.

    Returns
    -------
    TakenBack or None
        None where DrumGain wrote no envelope.

    Raises
    ------
    ConflictError
        The envelope was changed since, its note is damaged, or the former points are lost.
    """
    if not track.automation_note:
        return None
    note = _parse(track.automation_note)
    if note is None:
        raise ConflictError(
            f"track {track.name!r}: DrumGain's note on it is damaged: left as it is"
        )
    found = [envelope for envelope in track.envelopes if envelope.kind == note.envelope]
    if len(found) != 1 or not _is_unchanged(note, found[0]):
        raise ConflictError(
            f"track {track.name!r}: its {note.envelope} envelope was changed since DrumGain wrote "
            "it: left as it is"
        )
    if note.state == "lost":
        raise ConflictError(
            f"track {track.name!r}: an earlier version of DrumGain replaced more envelope points "
            "than it could keep with the track: bring back the backup, or undo"
        )
    if note.state == "none":
        return TakenBack(note.envelope, removed=True)
    return TakenBack(
        note.envelope,
        kept_before=note.before,
        kept_after=note.after,
        points=note.former,
        active=note.state == "on",
        written=note.written,
    )


def _is_unchanged(note: _Note, envelope: Envelope) -> bool:
    points = envelope.points
    if envelope.pooled or len(points) != note.before + note.size + note.after:
        return False
    return digest_of(points[note.before : note.before + note.size]) == note.digest


def _parse(text: str) -> _Note | None:
    found = re.fullmatch(_NOTE, text) if len(text) <= MAX_NOTE else None
    if found is None:
        return None
    version, name, count, before, after, digest, rest = found.groups()
    state, _, written = rest.partition(":")
    rows = (_unpacked if version == "2" else _rows_of_version_1)(written) if written else ()
    if rows is None or not all(_is_sane(point) for point, _ in rows):
        return None
    points, lines = tuple(point for point, _ in rows), tuple(line for _, line in rows)
    kind: EnvelopeKind = "volume" if name == "volume" else "trim volume"
    known: dict[str, FormerState] = {"none": "none", "lost": "lost", "on": "on", "off": "off"}
    return _Note(kind, int(count), int(before), int(after), digest, known[state], points, lines)


def _rows_of_version_1(written: str) -> tuple[tuple[EnvelopePoint, str], ...] | None:
    found = []
    for row in written.split("/"):
        try:
            time, value, shape, tension = row.split(",")
            point = EnvelopePoint(float(time), float(value), int(shape), float(tension))
        except ValueError:
            return None
        found.append((point, ""))
    return tuple(found)


def _is_sane(point: EnvelopePoint) -> bool:
    numbers = (point.time, point.value, point.shape, point.tension)
    # false for NaN, too
    return all(abs(x) <= _MOST for x in numbers)
