"""Options that several commands share, and the settings that they make."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from reaper_drumgain import methods
from reaper_drumgain.cli import show
from reaper_drumgain.cli.parser import one_of
from reaper_drumgain.cli.projects import project_or_folder, project_path
from reaper_drumgain.cli.role_table import role_table_from, roles_from
from reaper_drumgain.errors import InputError
from reaper_drumgain.schema.session import Session
from reaper_drumgain.schema.settings import (
    LEVEL_FORMS,
    Automation,
    Existing,
    Level,
    Mode,
    SectionKind,
    Settings,
    Write,
)
from reaper_drumgain.schema.trims import FAMILIES, MAX_TRIM, parse_trims
from reaper_drumgain.tracks.stated_roles import names_of_no_track
from reaper_drumgain.units import Decibel


def add_project(parser: argparse.ArgumentParser) -> None:
    """The project file to work on."""
    parser.add_argument(
        "project", type=project_path, metavar="PROJECT", help="a REAPER project (.RPP)"
    )


def add_project_or_folder(parser: argparse.ArgumentParser) -> None:
    """The project file to work on, or a folder of audio files."""
    parser.add_argument(
        "project",
        type=project_or_folder,
        metavar="PROJECT",
        help="a REAPER project (.RPP), or a folder of audio files, one for each track (roles from "
        "their names; a new project is written)",
    )


def add_json(
    parser: argparse.ArgumentParser, help_text: str = "print one JSON object instead"
) -> None:
    """Output for programs."""
    parser.add_argument("--json", action="store_true", help=help_text)


def add_output(parser: argparse.ArgumentParser, *, many: bool) -> None:
    """Where the result goes: of one project, or of many."""
    group = parser.add_argument_group("where the result goes")
    where = group.add_mutually_exclusive_group()
    where.add_argument(
        "--output",
        type=Path,
        metavar="DIR" if many else "FILE",
        help="write the balanced projects into this folder (default: each beside its project)"
        if many
        else "write the balanced project here (default: a new file beside the project)",
    )
    where.add_argument(
        "--in-place",
        action="store_true",
        help="change the projects themselves; backups are kept"
        if many
        else "change the project itself; a backup is kept",
    )
    where.add_argument("--dry-run", action="store_true", help="only show what would be done")
    add_overwrite(group, many=many)


def add_overwrite(parser: argparse._ActionsContainer, *, many: bool = False) -> None:
    """Whether files that exist may be replaced."""
    files = "files that exist" if many else "a file that exists"
    parser.add_argument("--overwrite", action="store_true", help=f"let --output replace {files}")


def add_roles(parser: argparse.ArgumentParser) -> None:
    """Roles that the user states."""
    group = parser.add_argument_group("what a track is")
    group.add_argument(
        "--role",
        action="append",
        default=[],
        metavar="TRACK=ROLE",
        help="what a track is: like 'Audio 07=tom 2', 'OH 1=overhead left' or 'Clap=none', or "
        "'Audio 07=listen': tell by its sound whether it is a kick drum; may be repeated. A track "
        "is its name, its GUID, or #3 by its number in REAPER",
    )
    group.add_argument(
        "--roles",
        type=Path,
        metavar="FILE",
        help="a table of roles: a CSV file with a track's name and its role in each line, like "
        "'Audio 07,tom 2'; names of tracks that are not there do no harm, and --role counts first",
    )
    group.add_argument(
        "--listen",
        action="store_true",
        help="listen to all tracks whose names say nothing, like 'Audio 07': take those for "
        "kick drums that surely sound like one, and leave the others alone",
    )


def percent(text: str) -> float:
    """The number of a text like ``50``, ``50%`` or ``12,5 %``."""
    try:
        return float(text.strip().removesuffix("%").replace(",", "."))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number: expected percent, 0 to 100, like 50 or 50%"
        ) from None


def _method_names() -> Sequence[str]:
    """The names of methods; other packages are looked through only when one is asked for."""
    return methods.known_names()


def _add_stems(parser: argparse._ActionsContainer) -> None:
    """Stems from outside."""
    parser.add_argument(
        "--stems",
        type=Path,
        metavar="DIR",
        help="take pre-fader stems that you rendered, for tracks with effects, instruments and "
        "sources that cannot be read; matched by name (PROJECT-Track.wav, 01-Track.wav, Track.wav) "
        "in this folder, or in its folder with the project's name",
    )


def add_methods(parser: argparse._ActionsContainer) -> None:
    """The methods that are compared."""
    parser.add_argument(
        "--method",
        type=one_of(_method_names),
        action="append",
        default=[],
        metavar="METHOD",
        help="compare this method; may be repeated (default: all)",
    )


def add_level(parser: argparse._ActionsContainer) -> None:
    """The level of all drums together."""
    parser.add_argument(
        "--level",
        default="keep",
        metavar="LEVEL",
        help=f"where the whole kit ends up: {LEVEL_FORMS} (default: keep, the drums together "
        "as loud as before)",
    )


def add_lock(parser: argparse._ActionsContainer) -> None:
    """Tracks that stay."""
    parser.add_argument(
        "--lock",
        action="append",
        default=[],
        metavar="TRACK",
        help="leave this track's fader and balance the others around it; may be repeated",
    )


def _add_trims(parser: argparse._ActionsContainer) -> None:
    """Taste, beyond the balance."""
    parser.add_argument(
        "--trim",
        action="append",
        default=[],
        metavar="FAMILY=DB",
        help="taste: what a family of drums gets beyond its balance, like kick=+1 or cymbals=-2; "
        f"kept with the project until another one is given (0 takes it back); {', '.join(FAMILIES)}"
        f"; -{MAX_TRIM:g} to +{MAX_TRIM:g} dB; may be repeated",
    )


def add_settings(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Everything that Settings holds. Returns the group of how it is balanced."""
    add_roles(parser)
    group = parser.add_argument_group("how it is balanced")
    group.add_argument(
        "--method",
        type=one_of(_method_names, "'drumgain methods' explains them"),
        metavar="METHOD",
        default=methods.names()[0],
        help="how gains are found (default: %(default)s); 'drumgain methods' explains them",
    )
    group.add_argument(
        "--model",
        default="",
        metavar="NAME",
        help="your own model in place of the bundled one: 'drumgain learn' makes it, 'drumgain "
        "models' lists them",
    )
    group.add_argument(
        "--mode",
        type=one_of(lambda: get_args(Mode)),
        choices=get_args(Mode),
        default="auto",
        help="all: balance all faders anew; outliers: move only those that stand where few "
        "engineers have them, to the edge of that range; auto: all where most faders have one "
        "value or are where DrumGain set them, else outliers (default: %(default)s)",
    )
    group.add_argument(
        "--amount",
        type=percent,
        default=100.0,
        metavar="PERCENT",
        help="how much of each move to make, 0 to 100, like 50%% (default: 100)",
    )
    add_level(group)
    _add_trims(group)
    _add_stems(group)
    add_lock(group)
    group.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="TRACK",
        help="move only this track, around the others; may be repeated",
    )
    return group


#: what ``--sections`` takes beside a file
_SECTIONS: dict[str, SectionKind] = {
    "regions": "regions",
    "markers": "markers",
    "time-selection": "time selection",
    "running": "running",
}


def add_automation(parser: argparse.ArgumentParser) -> None:
    """Gains over time."""
    group = parser.add_argument_group("gains over time")
    group.add_argument(
        "--write",
        type=one_of(lambda: get_args(Write)),
        choices=get_args(Write),
        default="volume",
        help="faders alone, or automation: gains that follow the song in envelopes, with their "
        "constant part in the faders (default: %(default)s)",
    )
    group.add_argument(
        "--sections",
        metavar="WHICH",
        help="for automation: gains for each section: regions, markers, time-selection "
        "(nothing changes outside of it), or a file of times (start, end and name per line); or "
        "running: follow the song without sections (cross-adaptive; its default). Default: the "
        "regions, else the markers",
    )
    group.add_argument(
        "--envelope",
        type=one_of(lambda: ("volume", "trim")),
        choices=("volume", "trim"),
        help="for automation: the envelope that is written (default: volume)",
    )
    group.add_argument(
        "--existing",
        type=one_of(lambda: get_args(Existing)),
        choices=get_args(Existing),
        help="for automation: what becomes of an envelope that does something already: leave the "
        "track without automation, replace it, or keep it and multiply (default: refuse)",
    )
    group.add_argument(
        "--ride-limit",
        type=float,
        metavar="DB",
        help="for automation by sections with the forest: by how much a section follows what is "
        "played in it at most (default: 3)",
    )


def add_cache(parser: argparse.ArgumentParser) -> None:
    """Whether analysis results are cached."""
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="listen anew, and keep nothing of it (usually what was heard is kept in the user's "
        "cache folder, and another method on the same audio reads none)",
    )


def add_report(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """A report, and sound in it. Returns the group of these options."""
    group = parser.add_argument_group("report")
    group.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        help="write a page with moves, reasons, levels and waveforms into this folder, and CSV "
        "and JSON beside it",
    )
    group.add_argument(
        "--bounce",
        action="store_true",
        help="with --report: the drums before and after in it, to hear, equally loud",
    )
    return group


def warn_of_names(session: Session, settings: Settings) -> None:
    """Tell the names in the table of roles that no track of a single project has."""
    missing = names_of_no_track(session, settings)
    if missing and len(missing) < len(settings.role_table):
        shown = ", ".join(map(repr, missing[:5])) + (", ..." if len(missing) > 5 else "")
        show.warn([f"no track is named {shown}, as the table of roles has it"])


def _automation_from(arguments: argparse.Namespace) -> tuple[Write, Automation]:
    write: Write = arguments.write
    given: dict[str, Any] = {
        "sections": arguments.sections,
        "envelope": arguments.envelope,
        "existing": arguments.existing,
        "ride-limit": arguments.ride_limit,
    }
    if write == "volume":
        unused = next((name for name, value in given.items() if value is not None), None)
        if unused is not None:
            raise InputError(f"--{unused} is for automation: add --write automation")
        return write, Automation()
    sections, ride_limit = given["sections"], given["ride-limit"]
    kind: SectionKind = "usual" if sections is None else _SECTIONS.get(sections, "times")
    times: tuple[tuple[float, float | None, str], ...] = ()
    if kind == "times":
        from reaper_drumgain.cli.times import read_times

        times = read_times(Path(str(sections)))
    return write, Automation(
        kind,
        times,
        envelope=given["envelope"] or "volume",
        existing=given["existing"] or "refuse",
        **({} if ride_limit is None else {"ride_limit": Decibel(ride_limit)}),
    )


def settings_from(arguments: argparse.Namespace) -> Settings:
    """The settings of a command line. Raises InputError."""
    write, automation = _automation_from(arguments)
    return Settings(
        method=arguments.method,
        amount=arguments.amount,
        level=Level.parse(arguments.level),
        locks=tuple(arguments.lock),
        only=tuple(arguments.only),
        roles=roles_from(arguments),
        role_table=role_table_from(arguments),
        listen=arguments.listen,
        write=write,
        automation=automation,
        mode=arguments.mode,
        model=arguments.model,
        trims=parse_trims(arguments.trim),
        stems="" if arguments.stems is None else str(arguments.stems.absolute()),
    )
