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
    parser: argparse.ArgumentParser,
    help_text: str = "print one JSON object instead of text",
) -> None:
    """Output for programs."""
    parser.add_argument("--json", action="store_true", help=help_text)


def add_output(parser: argparse.ArgumentParser, *, many: bool) -> None:
    """Where the result goes: of one project, or of many."""
    group = parser.add_argument_group("where the result is written")
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
    group = parser.add_argument_group("roles of tracks")
    group.add_argument(
        "--role",
        action="append",
        default=[],
        metavar="TRACK=ROLE",
        help="the role of a track, like 'Audio 07=tom 2', 'OH 1=overhead left' or 'Clap=none'; "
        "'Audio 07=listen' finds out by its sound whether it is a kick drum; may be repeated. "
        "Give the name of the track, its GUID, or its number in REAPER as #3",
    )
    group.add_argument(
        "--roles",
        type=Path,
        metavar="FILE",
        help="a table of roles: a CSV file with a track's name and its role in each line, like "
        "'Audio 07,tom 2'; names that no track has are ignored, and --role goes before the table",
    )
    group.add_argument(
        "--listen",
        action="store_true",
        help="listen to all tracks with names that do not say what they are, like 'Audio 07': "
        "balance those that clearly sound like a kick drum, and leave the others",
    )


def percent(text: str) -> float:
    """The number of a text like ``50``, ``50%`` or ``12,5 %``."""
    try:
        return float(text.strip().removesuffix("%").replace(",", "."))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number: expected percent, 0 to 100, like 50 or 50%"
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
        help="measure stems that you rendered pre-fader instead of the tracks' own files: for "
        "tracks with effects, instruments or sources that cannot be read. Stems are found by name "
        "(PROJECT-Track.wav, 01-Track.wav, Track.wav) in this folder, or in its subfolder with "
        "the project's name",
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
        help=f"level of the whole kit after the balance: {LEVEL_FORMS} (default: keep, the "
        f"drums together as loud as before)",
    )


def add_lock(parser: argparse._ActionsContainer) -> None:
    """Tracks that stay."""
    parser.add_argument(
        "--lock",
        action="append",
        default=[],
        metavar="TRACK",
        help="do not move this track's fader, balance the others around it; may be repeated",
    )


def _add_trims(parser: argparse._ActionsContainer) -> None:
    """Taste, beyond the balance."""
    parser.add_argument(
        "--trim",
        action="append",
        default=[],
        metavar="FAMILY=DB",
        help="your taste: a level that is added to the balance of a family of drums, like "
        "kick=+1 or cymbals=-2; kept with the project until you give another one (0 removes it); "
        f"{', '.join(FAMILIES)}; -{MAX_TRIM:g} to +{MAX_TRIM:g} dB; may be repeated",
    )


def add_settings(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Everything that Settings holds. Returns the group of these settings."""
    add_roles(parser)
    group = parser.add_argument_group("settings of the balance")
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
        help="all: balance all faders anew; outliers: move only faders outside the engineers' "
        "range, to its edge; auto: all if most faders have one value or are where DrumGain set "
        "them, else outliers (default: %(default)s)",
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
        help="fader: one gain for the whole song; automation: gains that follow the song, as "
        "envelopes on top of the faders (default: %(default)s)",
    )
    group.add_argument(
        "--sections",
        metavar="WHICH",
        help="for automation: how the song is divided into sections: regions, markers, "
        "time-selection (nothing changes outside of it), or a file with start, end and name on "
        "each line. running: follow the song without sections (only the method cross-adaptive, "
        "its default). Default: the regions, or the markers where there are none",
    )
    group.add_argument(
        "--envelope",
        type=one_of(lambda: ("volume", "trim")),
        choices=("volume", "trim"),
        help="for automation: which envelope is written (default: volume)",
    )
    group.add_argument(
        "--existing",
        type=one_of(lambda: get_args(Existing)),
        choices=get_args(Existing),
        help="for automation: what to do with an envelope that already changes the level: "
        "refuse: write no automation on that track; replace: replace the envelope; trim: keep it "
        "and multiply with it (default: refuse)",
    )
    group.add_argument(
        "--ride-limit",
        type=float,
        metavar="DB",
        help="for automation by sections with the method forest: how far the gain of a section "
        "may be from that of the whole song, in dB (default: 3)",
    )


def add_cache(parser: argparse.ArgumentParser) -> None:
    """Whether analysis results are cached."""
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="analyse the audio anew and do not store the results (normally they are stored in "
        "your cache folder, so that another method on the same audio need not read it again)",
    )


def add_report(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """A report, and sound in it. Returns the group of these options."""
    group = parser.add_argument_group("report")
    group.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        help="write a web page with moves, reasons, levels and waveforms into this folder, with "
        "CSV and JSON files",
    )
    group.add_argument(
        "--bounce",
        action="store_true",
        help="with --report: also audio files of the drums before and after, equally loud",
    )
    return group


def warn_of_names(session: Session, settings: Settings) -> None:
    """Warn of the names in the table of roles that no track of a single project has."""
    missing = names_of_no_track(session, settings)
    if missing and len(missing) < len(settings.role_table):
        shown = ", ".join(map(repr, missing[:5])) + (", ..." if len(missing) > 5 else "")
        show.warn([f"the table of roles names {shown}, but no track has that name"])


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
