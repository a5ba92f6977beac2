"""``drumgain learn``: a model of your own, from projects that you have mixed."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from reaper_drumgain.cache.store import Store
from reaper_drumgain.cli import options, show
from reaper_drumgain.cli.projects import spread
from reaper_drumgain.cli.role_table import roles_from
from reaper_drumgain.cli.table import print_table
from reaper_drumgain.errors import DrumGainError, NothingToBalanceError
from reaper_drumgain.hosts import rpp
from reaper_drumgain.schema.model_name import check_name
from reaper_drumgain.schema.printable import printable
from reaper_drumgain.schema.settings import Settings

if TYPE_CHECKING:
    from reaper_drumgain.methods.user_model import FinishedProject, UserModel

SUMMARY = "Learn your own taste from projects that you have mixed, for --model NAME."
EXAMPLES = (
    ("drumgain learn Finished/*.RPP --name rock", "from the projects in a folder"),
    ("drumgain balance song.RPP --model rock", "balance with what was learned"),
)
_SOME_FAILED = 4


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument(
        "projects",
        type=Path,
        nargs="+",
        metavar="PROJECT",
        help="finished projects (.RPP), or folders of them",
    )
    parser.add_argument(
        "--name", required=True, help="name of the model, like 'rock' or 'my drums'"
    )
    parser.add_argument(
        "--add",
        action="store_true",
        help="add to what the model of this name has learned before (default: learn it anew; "
        "the former model is kept next to it)",
    )
    parser.add_argument("--recursive", action="store_true", help="also look into subfolders")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be learned")
    options.add_roles(parser)
    options.add_cache(parser)
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read the projects, fit, check, write, and say how sure it is.

    Parameters
    ----------
    arguments
        The options of this command.

    Returns
    -------
    int
        The exit status.

    Raises
    ------
    NothingToBalanceError
        There is no project, or none from which anything can be learned.
    """
    from reaper_drumgain.batch.find import find_projects
    from reaper_drumgain.methods import user_models

    name = check_name(arguments.name)
    # a damaged former model is told before anything is read
    former = list(user_models.load(name).projects) if arguments.add else []
    found = find_projects(spread(arguments.projects), recursive=arguments.recursive)
    if not found.projects:
        where = ", ".join(map(str, arguments.projects))
        raise NothingToBalanceError(f"{where}: no project files (.RPP) there to learn from")
    projects, problems = _read(arguments, [place.path for place in found.projects])
    if not projects:
        raise NothingToBalanceError("; ".join(problems))
    from reaper_drumgain.learn.taste.card import card
    from reaper_drumgain.learn.taste.make import make_model

    model = make_model(name, [*former, *projects])
    path, older = (None, None) if arguments.dry_run else user_models.save(model, card(model))
    if arguments.json:
        print(json.dumps(_document(model, problems, path, older), indent=2, allow_nan=False))
    else:
        _print(model, path, older)
        show.warn(problems)
    return _SOME_FAILED if problems else 0


def _read(
    arguments: argparse.Namespace, paths: list[Path]
) -> tuple[list[FinishedProject], list[str]]:
    """What is learned from each project, and why others are left out."""
    from reaper_drumgain.balance.finished import read_finished
    from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer

    store = None if arguments.no_cache else Store(_note)
    settings = Settings(roles=roles_from(arguments), listen=arguments.listen)
    progress = show.ProgressLine()
    projects: list[FinishedProject] = []
    problems: list[str] = []
    for place, path in enumerate(paths):

        def tell(doing: str, share: float, place: int = place, path: Path = path) -> None:
            progress(f"{path.name}: {doing}", (place + share) / len(paths))

        if path.is_dir():
            problems.append(
                f"{path}: a folder of audio files without a finished project has no faders to "
                "learn from: name the project (.RPP) in which you have mixed them"
            )
            continue
        analyzer = ProjectAnalyzer(store, progress=tell)
        try:
            session = rpp.read_project(path).session
            name = str(path.absolute())
            projects.append(read_finished(session, settings, name, analyzer=analyzer))
        except DrumGainError as error:
            problems.append(str(error))
        finally:
            progress.clear()
        analyzer.finish()
    return projects, problems


def _note(note: str) -> None:
    show.warn([note])


def _print(model: UserModel, path: Path | None, older: Path | None) -> None:
    from reaper_drumgain.learn.taste.card import ROLE_HEADINGS, role_rows
    from reaper_drumgain.learn.taste.check import count_of, effects_count

    print_table(ROLE_HEADINGS, role_rows(model), numbers=set(range(1, len(ROLE_HEADINGS))))
    effects, tracks = effects_count(model.projects)
    show.say(
        f"learned from {count_of(model)}: {tracks} tracks, {effects} of them with effects, which "
        "were not measured: these tracks count less"
    )
    left_out = [why for project in model.projects for why in project.left_out]
    for why in left_out:
        show.say(f"left out: {printable(why)}")
    for sentence in model.check.verdict:
        show.say(printable(sentence))
    if path is None:
        show.say("dry run: nothing was written")
        return
    show.say(
        f"written: {printable(str(path))} (described in {printable(path.with_suffix('.md').name)})"
    )
    if older is not None:
        show.say(f"the former model is kept: {printable(str(older))}")
    show.say(f"use it: drumgain balance PROJECT --model {printable(repr(model.name))}")


def _document(
    model: UserModel, problems: list[str], path: Path | None, older: Path | None
) -> dict[str, object]:
    """The JSON object: the stable interface for programs."""
    from reaper_drumgain.schema.json_codec import encode

    return {
        "schema": 1,
        "model": model.name,
        "written": None if path is None else str(path),
        "former": None if older is None else str(older),
        "projects": [
            {
                "project": project.name,
                "tracks": len(project.tracks),
                "effects_not_measured": sum(track.effects for track in project.tracks),
                "left_out": list(project.left_out),
            }
            for project in model.projects
        ],
        "problems": problems,
        "roles": {role: encode(taste) for role, taste in model.roles.items() if taste.tracks},
        "noise_db": model.noise_db,
        "check": encode(model.check),
    }
