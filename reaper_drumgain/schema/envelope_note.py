"""The note that DrumGain leaves on a track whose envelope it wrote, and what it allows.

With it ``clear-automation`` takes back an envelope that is unchanged since, and a second run
replaces an envelope that DrumGain wrote instead of refusing it as the user's. The note is one
line of text without blanks or quotes, so that project files and REAPER keep it as it is:

    1;volume;2;0;0;8d0c...;none

version, envelope, how many points were written, how many of the former points stay before
and behind them, a digest of the written ones, and what was there before: ``none`` (no
envelope), ``lost`` (too many points for a note), or ``on:`` or ``off:`` (whether it was
switched on) and the points that were replaced, as ``time,value,shape,tension`` with ``/``
between them. A project may come from anybody, so the note is checked and its size is bounded.
Standard library only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from reaper_drumgain.errors import ConflictError
from reaper_drumgain.schema.session import Envelope, EnvelopeKind, EnvelopePoint, Track

#: under ``P_EXT:`` in REAPER, and in the ``<EXT`` block of a track in project files
KEY = "drumgain_automation"
#: REAPER's lines end at 4096 bytes
MAX_NOTE = 3500
#: written points lie on this many steps per second and per unit of linear gain
TIME_STEPS, VALUE_STEPS = 1_000, 1_000_000
#: compiled when it is first used: few tracks have a note
_NOTE = r"1;(volume|trim);(\d{1,6});(\d{1,6});(\d{1,6});([0-9a-f]{32});(none|lost|(?:on|off):\S*)"
_MOST = 1e12

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


@dataclass(frozen=True, slots=True)
class TakenBack:
    """How an envelope that DrumGain wrote becomes again what it was.

    ``removed``: there was none: it is taken away, or where that cannot be done emptied,
    switched off and hidden. Otherwise its points are afterwards the first ``kept_before`` of
    those that it has, ``points``, and the last ``kept_after``; ``active``: whether it is
    switched on then. The note is removed in both cases.
    """

    envelope: EnvelopeKind
    removed: bool = False
    kept_before: int = 0
    kept_after: int = 0
    points: tuple[EnvelopePoint, ...] = ()
    active: bool = True

    def result(self, points: tuple[EnvelopePoint, ...]) -> tuple[EnvelopePoint, ...]:
        """All points of the envelope afterwards; none where it is taken away."""
        if self.removed:
            return ()
        after = points[len(points) - self.kept_after :]
        return (*points[: self.kept_before], *self.points, *after)


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
    """The note for ``points`` that were written into the envelope ``former`` (None: there was
    none) between so many of its points."""
    name = "volume" if kind == "volume" else "trim"
    start = f"1;{name};{len(points)};{kept_before};{kept_after};{digest_of(points)};"
    if former is None:
        return f"{start}none"
    replaced = former.points[kept_before : len(former.points) - kept_after]
    written = "/".join(
        f"{_digits(p.time)},{_digits(p.value)},{p.shape},{_digits(p.tension)}" for p in replaced
    )
    note = f"{start}{'on' if former.active else 'off'}:{written}"
    return note if len(note) <= MAX_NOTE else f"{start}lost"


def _digits(number: float) -> str:
    return f"{number:.12f}".rstrip("0").rstrip(".")


def take_back(track: Track) -> TakenBack | None:
    """How the envelope that DrumGain wrote on a track is taken back; None where it wrote none.

    Raises ConflictError with the reason where it has changed since, or cannot be brought back.
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
            f"track {track.name!r}: the envelope points that DrumGain replaced were too many to be "
            "kept with the track: bring back the backup, or undo"
        )
    if note.state == "none":
        return TakenBack(note.envelope, removed=True)
    return TakenBack(
        note.envelope,
        kept_before=note.before,
        kept_after=note.after,
        points=note.former,
        active=note.state == "on",
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
    name, count, before, after, digest, rest = found.groups()
    state, _, written = rest.partition(":")
    points: list[EnvelopePoint] = []
    for row in written.split("/") if written else ():
        try:
            time, value, shape, tension = row.split(",")
            point = EnvelopePoint(float(time), float(value), int(shape), float(tension))
        except ValueError:
            return None
        if not all(math.isfinite(x) and abs(x) <= _MOST for x in (point.time, point.value)):
            return None
        if not (math.isfinite(point.tension) and abs(point.shape) <= 1_000):
            return None
        points.append(point)
    kind: EnvelopeKind = "volume" if name == "volume" else "trim volume"
    known: dict[str, FormerState] = {"none": "none", "lost": "lost", "on": "on", "off": "off"}
    return _Note(kind, int(count), int(before), int(after), digest, known[state], tuple(points))
