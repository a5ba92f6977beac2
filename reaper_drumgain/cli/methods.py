"""``drumgain methods``: list the methods, or compare them on a project."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reaper_drumgain.cache.store import Store
from reaper_drumgain.cli import checks, options, show
from reaper_drumgain.cli.projects import open_project, project_or_folder
from reaper_drumgain.cli.role_table import role_table_from, roles_from
from reaper_drumgain.errors import InputError, StorageError
from reaper_drumgain.methods import user_models
from reaper_drumgain.methods.registry import METHODS, plugins
from reaper_drumgain.schema.settings import Level, Settings

if TYPE_CHECKING:
    from reaper_drumgain.balance.comparison import Comparison

SUMMARY = "List the methods that find gains; with a project, compare them all on it."
EXAMPLES = (
    ("drumgain methods", "what the methods do, and where they come from"),
    ("drumgain methods song.RPP", "the faders that each method gives, and where they differ"),
    (
        "drumgain methods song.RPP --csv methods.csv --picture methods.png",
        "the same as a spreadsheet and as a picture",
    ),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument(
        "project",
        type=project_or_folder,
        nargs="?",
        metavar="PROJECT",
        help="compare the methods on this project (.RPP), which is not changed",
    )
    parser.add_argument(
        "--csv", type=Path, metavar="FILE", help="also write the table to this file"
    )
    parser.add_argument("--picture", type=Path, metavar="PNG", help="draw the faders")
    options.add_cache(parser)
    options.add_json(parser)
    options.add_roles(parser)
    group = parser.add_argument_group("settings of the balance")
    options.add_methods(group)
    options.add_level(group)
    options.add_lock(group)


def run(arguments: argparse.Namespace) -> int:
    """Print the list, or the comparison."""
    if arguments.project is None:
        _check_alone(arguments)
        return _list(as_json=arguments.json)
    checks.check_picture(arguments)
    checks.check_csv(arguments)
    comparison, project = _compare(arguments)
    from reaper_drumgain.cli import comparison_text

    if arguments.csv is not None:
        _write(arguments.csv, comparison_text.csv_table(comparison))
    if arguments.picture is not None:
        from reaper_drumgain.cli.comparison_picture import save_comparison

        save_comparison(comparison, arguments.picture)
    if arguments.json:
        document = comparison_text.document(comparison, project)
        print(json.dumps(document, indent=2, allow_nan=False))
    else:
        comparison_text.print_comparison(comparison)
        for path in (arguments.csv, arguments.picture):
            if path is not None:
                show.say(f"written: {path}")
        sys.stdout.flush()
        show.warn(comparison_text.warnings(comparison))
    return 0


def _compare(arguments: argparse.Namespace) -> tuple[Comparison, str]:
    """The plans of all methods, and the path of the project."""
    settings = Settings(
        level=Level.parse(arguments.level),
        locks=tuple(arguments.lock),
        roles=roles_from(arguments),
        role_table=role_table_from(arguments),
        listen=arguments.listen,
    )
    session = open_project(arguments.project).session
    options.warn_of_names(session, settings)
    from reaper_drumgain.balance.comparison import compare_methods
    from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer

    progress = show.ProgressLine()
    store = None if arguments.no_cache else Store(lambda note: show.warn([note]))
    analyzer = ProjectAnalyzer(store, progress=progress)
    try:
        names = arguments.method or None
        comparison = compare_methods(session, settings, names, analyzer=analyzer)
    finally:
        progress.clear()
    analyzer.finish()
    return comparison, session.path


def _check_alone(arguments: argparse.Namespace) -> None:
    """Raise InputError where an option is given that only a comparison has."""
    given: dict[str, Any] = {
        "--csv": arguments.csv,
        "--picture": arguments.picture,
        "--method": arguments.method,
        "--lock": arguments.lock,
        "--role": arguments.role,
        "--roles": arguments.roles,
        "--listen": arguments.listen,
    }
    used = next((option for option, value in given.items() if value), None)
    if used is not None:
        raise InputError(f"{used} is for a comparison: name a project, as in 'methods song.RPP'")


def _list(*, as_json: bool) -> int:
    """Print name, summary and citation of every method."""
    entries = (*METHODS, *plugins())
    if as_json:
        listed = [
            {"name": entry.name, "summary": entry.summary, "citation": entry.citation}
            for entry in entries
        ]
        own = list(user_models.names())
        print(json.dumps({"schema": 1, "methods": listed, "models": own}, indent=2))
        return 0
    for place, entry in enumerate(entries):
        default = " (default)" if place == 0 else ""
        show.say(f"{entry.name}{default}", f"    {entry.summary}", f"    {entry.citation}")
    for name in user_models.names():
        show.say(f"--model {name!r}", "    your own model: 'drumgain models NAME' describes it")
    show.say("'drumgain methods song.RPP' compares them on a project")
    return 0


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror or error}") from error
