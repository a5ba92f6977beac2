"""Sessions to JSON and plans from JSON, in pieces that each take less than a millisecond."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Generator, Iterator
from typing import Any

from reaper_drumgain.schema import json_codec
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.schema.session import SCHEMA, Clip, Envelope, EnvelopePoint, Session, Track

#: points that are decoded in one step
_POINTS_A_STEP = 64
#: clips or envelope points in one piece: half a millisecond
_PIECE = 8


def session_pieces(session: Session) -> Iterator[str]:
    """The text that ``session.to_json`` gives, piece by piece."""
    kind = json.dumps({"kind": "session", "schema": SCHEMA})
    yield kind[:-1] + ", "
    pieces = _pieces(session)
    next(pieces)  # the opening brace is there already
    yield from pieces


def plan_of(document: Any) -> Generator[Any, None, GainPlan]:
    """The plan of a document that ``GainPlan.to_json`` made. Raises InputError."""
    points = _without_points(document)
    plan = GainPlan.from_document(document)
    if not points:
        return plan
    tracks = list(plan.tracks)
    for place, entries in points.items():
        yield
        found: list[EnvelopePoint] = []
        for start in range(0, len(entries), _POINTS_A_STEP):
            some = entries[start : start + _POINTS_A_STEP]
            found += json_codec.decode(
                some, tuple[EnvelopePoint, ...], f"plan.tracks[{place}].points"
            )
            yield
        track = tracks[place]
        assert track.automation is not None
        automation = dataclasses.replace(track.automation, points=tuple(found))
        tracks[place] = dataclasses.replace(track, automation=automation)
    return dataclasses.replace(plan, tracks=tuple(tracks))


def _without_points(document: Any) -> dict[int, list[Any]]:
    """Remove the envelope points from a plan's document; returns them by index of the track."""
    taken: dict[int, list[Any]] = {}
    tracks = document.get("tracks") if isinstance(document, dict) else None
    for place, track in enumerate(tracks if isinstance(tracks, list) else ()):
        automation = track.get("automation") if isinstance(track, dict) else None
        if isinstance(automation, dict) and isinstance(automation.get("points"), list):
            taken[place] = automation["points"]
            automation["points"] = []
    return taken


def _pieces(value: Any) -> Iterator[str]:
    """The JSON text of a session in small pieces; together as ``json_codec`` makes it."""
    if isinstance(value, Session) or _size(value) > _PIECE:
        yield "{"
        for place, field in enumerate(dataclasses.fields(value)):
            yield f"{', ' if place else ''}{json.dumps(field.name)}: "
            yield from _pieces(getattr(value, field.name))
        yield "}"
    elif isinstance(value, tuple) and (len(value) > 8 or _is_large(value)):
        yield "["
        for place, item in enumerate(value):
            if place:
                yield ", "
            yield from _pieces(item)
        yield "]"
    else:
        yield json.dumps(json_codec.encode(value), allow_nan=False)


def _is_large(value: tuple[Any, ...]) -> bool:
    """Whether these values are worth dividing."""
    return sum(map(_size, value)) > _PIECE


def _size(value: Any) -> int:
    """The number of clips and points in a track, clip or envelope; 0 for anything else."""
    if isinstance(value, Track):
        return 1 + sum(map(_size, value.clips)) + sum(map(_size, value.envelopes))
    if isinstance(value, Clip):
        return 1 + sum(map(_size, value.envelopes))
    return len(value.points) if isinstance(value, Envelope) else 0
