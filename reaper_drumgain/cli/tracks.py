"""``drumgain tracks``: what each track of a project is taken for."""

from __future__ import annotations

import argparse
import json

from reaper_drumgain.cli import options, show
from reaper_drumgain.hosts import rpp
from reaper_drumgain.selection import select
from reaper_drumgain.settings import Settings
from reaper_drumgain.units import decibel_or_none

NAME = "tracks"
SUMMARY = "Show what each track of a project is taken for. Reads no audio."


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    options.add_project(parser)
    options.add_roles(parser)
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print number, name, role, fader and state of every track."""
    session = rpp.read_project(arguments.project).session
    selection = select(session, Settings(roles=options.roles_from(arguments)))
    drums = {drum.track.index: drum for drum in selection.drums}
    others = {other.index: other for other in selection.untouched}
    listed = []
    for track in session.tracks:
        drum = drums.get(track.index)
        fader = decibel_or_none(track.fader)
        listed.append(
            {
                "index": track.index,
                "name": track.name,
                "role": drum.role.name if drum else None,
                "side": drum.role.side if drum else None,
                "ordinal": drum.role.ordinal if drum else None,
                "fader_db": None if fader is None else round(fader, 2),
                "flag": drum.flag if drum else None,
                "why": drum.why if drum else others[track.index].why,
                "warnings": list(track.warnings),
            }
        )
    warnings = [*session.warnings, *selection.warnings]
    if arguments.json:
        document = {
            "schema": 1,
            "project": session.path,
            "warnings": warnings,
            "tracks": listed,
        }
        print(json.dumps(document, indent=2, allow_nan=False))
        return 0
    rows = [
        (
            str(track.index + 1),
            track.name,
            str(drums[track.index].role) if track.index in drums else "-",
            show.decibels(decibel_or_none(track.fader)),
            str(entry["why"] or "drum microphone"),
        )
        for track, entry in zip(session.tracks, listed, strict=True)
    ]
    show.table(("#", "Track", "Role", "Fader dB", "What it is"), rows, numbers={0, 3})
    show.warn([*warnings, *(f"{t.name!r}: {w}" for t in session.tracks for w in t.warnings)])
    return 0
