"""A session's JSON text in pieces small enough for a slice of the main thread's time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from reaper_drumgain import codec, records
from reaper_drumgain.session import SCHEMA, Clip, Envelope, Session, Track

#: clips or envelope points in one piece: half a millisecond
_PIECE = 8


def session_pieces(session: Session) -> Iterator[str]:
    """The text that ``session.to_json`` gives, piece by piece."""
    kind = json.dumps({"kind": "session", "schema": SCHEMA})
    yield kind[:-1] + ", "
    pieces = _pieces(session)
    next(pieces)  # the opening brace is there already
    yield from pieces


def _pieces(value: Any) -> Iterator[str]:
    """The JSON text of a session in pieces small enough for a slice, as ``codec`` makes it."""
    if isinstance(value, Session) or _size(value) > _PIECE:
        yield "{"
        for place, name in enumerate(records.names(type(value))):
            yield f"{', ' if place else ''}{json.dumps(name)}: "
            yield from _pieces(getattr(value, name))
        yield "}"
    elif isinstance(value, tuple) and (len(value) > 8 or _holds(value)):
        yield "["
        for place, item in enumerate(value):
            if place:
                yield ", "
            yield from _pieces(item)
        yield "]"
    else:
        yield json.dumps(codec.encode(value), allow_nan=False)


def _holds(value: tuple[Any, ...]) -> bool:
    """Whether these are things that are worth dividing."""
    return sum(map(_size, value)) > _PIECE


def _size(value: Any) -> int:
    """How much a track, clip or envelope holds, in clips or points; 0 for anything else."""
    if isinstance(value, Track):
        return 1 + sum(map(_size, value.clips)) + sum(map(_size, value.envelopes))
    if isinstance(value, Clip):
        return 1 + sum(map(_size, value.envelopes))
    return len(value.points) if isinstance(value, Envelope) else 0
