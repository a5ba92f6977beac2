"""``drumgain tracks``: show the role of each track of a project."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reaper_drumgain.cli import options, show
from reaper_drumgain.cli.projects import open_project, project_or_folder
from reaper_drumgain.cli.role_table import role_table_from, roles_from
from reaper_drumgain.cli.table import print_table
from reaper_drumgain.schema.session import Session
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.selection import (
    NAMELESS,
    NAMES_HINT,
    Selection,
    select,
    wants_roles_by_sound,
)
from reaper_drumgain.units import decibel_or_none

if TYPE_CHECKING:
    from reaper_drumgain.balance.roles_by_sound import TrackSound

SUMMARY = "Show the role of each track of a project. Reads audio only with --listen."
EXAMPLES = (
    ("drumgain tracks song.RPP", "show the role of each track"),
    ("drumgain tracks Stems", "show the role of each audio file of a folder"),
    (
        "drumgain tracks song.RPP --roles roles.csv",
        "the same, with roles from a table with lines like 'Audio 07,tom 2'",
    ),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument(
        "project",
        type=project_or_folder,
        metavar="PROJECT",
        help="a REAPER project (.RPP), or a folder of audio files, one for each track",
    )
    options.add_roles(parser)
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print number, name, role, fader and state of every track."""
    session = open_project(arguments.project).session
    settings = Settings(
        roles=roles_from(arguments),
        role_table=role_table_from(arguments),
        listen=arguments.listen,
    )
    options.warn_of_names(session, settings)
    by_sound: dict[int, TrackSound] = {}
    if wants_roles_by_sound(session, settings):
        settings, by_sound = _listen(session, settings)
    selection = select(session, settings)
    if arguments.json:
        print(json.dumps(_document(session, selection, by_sound), indent=2, allow_nan=False))
    else:
        _print(session, selection, by_sound)
    return 0


def _document(
    session: Session, selection: Selection, by_sound: Mapping[int, TrackSound]
) -> dict[str, Any]:
    """The JSON object of all tracks: the stable interface for programs."""
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
                "drum": drum.role.drum if drum else None,
                "fader_db": None if fader is None else round(fader, 2),
                "flag": drum.flag if drum else None,
                "why": drum.why if drum else others[track.index].why,
                "sounds_like": _likeness(by_sound.get(track.index)),
                "warnings": list(track.warnings),
            }
        )
    warnings = [*session.warnings, *selection.warnings]
    return {"schema": 1, "project": session.path, "warnings": warnings, "tracks": listed}


def _print(session: Session, selection: Selection, by_sound: Mapping[int, TrackSound]) -> None:
    """The table of all tracks for a person, and the warnings."""
    roles = {drum.track.index: str(drum.role) for drum in selection.drums}
    why: dict[int, str | None] = {other.index: other.why for other in selection.untouched}
    why |= {drum.track.index: drum.why for drum in selection.drums}
    rows = [
        (
            str(track.index + 1),
            track.name,
            roles.get(track.index, "-"),
            show.decibels(decibel_or_none(track.fader)),
            _what(why[track.index], by_sound.get(track.index)),
        )
        for track in session.tracks
    ]
    no_drums = {place for place, track in enumerate(session.tracks) if track.index not in roles}
    header = ("#", "Track", "Role", "Fader dB", "Role or reason")
    print_table(header, rows, numbers={0, 3}, dim=no_drums)
    nameless = sum(other.why == NAMELESS for other in selection.untouched)
    if nameless and not by_sound:
        show.say(
            f"{nameless} have names that do not say what they are: {NAMES_HINT}; --listen finds "
            "the kick drums among them by their sound"
        )
    of_tracks = (f"{t.name!r}: {w}" for t in session.tracks for w in t.warnings)
    show.warn([*session.warnings, *selection.warnings, *of_tracks])


def _listen(session: Session, settings: Settings) -> tuple[Settings, dict[int, TrackSound]]:
    """The settings with the roles found by sound, and what each track sounds like, by its index."""
    from reaper_drumgain.balance import roles_by_sound
    from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer

    progress = show.ProgressLine()
    try:
        by_sound = roles_by_sound.track_sounds(
            session, settings, ProjectAnalyzer(progress=progress)
        )
    finally:
        progress.clear()
    return roles_by_sound.with_roles(settings, by_sound), {track.index: track for track in by_sound}


def _likeness(by_sound: TrackSound | None) -> dict[str, Any] | None:
    """For programs: the likeliest drum, and the share of the vote that it has."""
    if by_sound is None or by_sound.likeness is None:
        return None
    return {"drum": by_sound.likeness.drum, "confidence": round(by_sound.likeness.confidence, 3)}


def _what(why: object, by_sound: TrackSound | None) -> str:
    """The last column: what the track sounds like, else why it stays."""
    return by_sound.description if by_sound is not None else str(why or "drum microphone")
