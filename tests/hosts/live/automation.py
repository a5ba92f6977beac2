"""Plans with automation made by hand, and what a project holds of it, read by others."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import reaper_parser

from reaper_drumgain.schema import envelope_note
from reaper_drumgain.schema.plan import GainPlan, SectionGain, TrackAutomation
from reaper_drumgain.schema.session import Envelope, EnvelopeKind, EnvelopePoint, Session

KEYS = {"volume": "<VOLENV2", "trim volume": "<VOLENV3"}
#: (start, end, name) of what the hand-made plans know of the demo's song
SECTIONS = ((0.0, 2.0, "verse"), (2.0, 5.0, "chorus"))


def gain(decibel: float) -> float:
    """A gain on the steps that plans have."""
    return round(10.0 ** (decibel / 20.0), 6)


def steps(*levels: float, start: float = 0.0, length: float = 2.0) -> tuple[EnvelopePoint, ...]:
    """A level in dB per section, with ramps of 50 ms between them."""
    points = [EnvelopePoint(start, gain(levels[0]))]
    for place, level in enumerate(levels[1:], 1):
        border = start + place * length
        points.append(EnvelopePoint(round(border - 0.025, 3), points[-1].value))
        points.append(EnvelopePoint(round(border + 0.025, 3), gain(level)))
    return tuple(points)


def envelope_of(session: Session, name: str, kind: EnvelopeKind) -> Envelope | None:
    track = next(t for t in session.tracks if t.name == name)
    return next((e for e in track.envelopes if e.kind == kind), None)


def automation(
    session: Session,
    name: str,
    points: Sequence[EnvelopePoint],
    kept: tuple[int, int] = (0, 0),
    kind: EnvelopeKind = "volume",
) -> TrackAutomation:
    """What a plan says of one track of a session."""
    old = envelope_of(session, name, kind)
    level = 20.0 * math.log10(max(points[0].value, 1e-6)) if points else 0.0
    return TrackAutomation(
        envelope=kind,
        points=tuple(points),
        mark=envelope_note.note_of(kind, points, *kept, old),
        old_points=len(old.points) if old else 0,
        kept_before=kept[0],
        kept_after=kept[1],
        sections=tuple(
            SectionGain(name=text, start=start, end=end, fader_db=level)
            for start, end, text in SECTIONS
        ),
    )


def with_automation(plan: GainPlan, **parts: Any) -> GainPlan:
    """A plan with the automation of these tracks by name (spaces written as ``_``)."""
    wanted = {name.replace("_", " "): part for name, part in parts.items()}
    tracks = tuple(
        dataclasses.replace(
            track,
            automation=wanted.get(track.name),
            not_automated=None if track.name in wanted else "it holds only bleed",
        )
        for track in plan.tracks
    )
    assert set(wanted) <= {track.name for track in tracks}
    settings = dataclasses.replace(plan.settings, write="automation")
    return dataclasses.replace(plan, tracks=tracks, settings=settings)


def read_by_parser(path: Path) -> dict[str, dict[str, list[tuple[float, float, int]]]]:
    """Track name -> block -> points, by reaper-parser, which knows nothing of ours."""
    project = reaper_parser.parse(path).project
    return {
        track.name: {
            f"<{envelope.node.tag}": [
                (float(p[0].raw), float(p[1].raw), int(p[2].raw)) for p in envelope.points
            ]
            for envelope in track.envelopes
        }
        for track in project.tracks
    }


def draw(path: Path, name: str, *lines: str, key: str = "<VOLENV2") -> None:
    """Put an envelope with these lines on a track of a project file, behind its sends."""
    text = path.read_bytes().decode()
    ending = "\r\n" if "\r\n" in text else "\n"
    start = text.index(f'NAME "{name}"' if " " in name else f"NAME {name}{ending}")
    at = text.index(ending, text.index("MAINSEND", start)) + len(ending)
    block = ending.join([f"    {key}", *(f"      {line}" for line in lines), "    >", ""])
    path.write_bytes((text[:at] + block + text[at:]).encode())


def lines_of(path: Path, name: str, key: str = "<VOLENV2") -> list[str]:
    """The lines of a track's envelope as they stand in a file."""
    track = next(t for t in reaper_parser.parse(path).project.tracks if t.name == name)
    found = [e for e in track.envelopes if f"<{e.node.tag}" == key]
    return [line.raw.strip() for line in found[0].node.children] if found else []
