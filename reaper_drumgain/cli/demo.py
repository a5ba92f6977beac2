"""``drumgain demo``: balance a small recorded drum kit, with bounces and a picture."""

from __future__ import annotations

import argparse
from pathlib import Path

from reaper_drumgain.cli import plan_text, show
from reaper_drumgain.errors import InputError, StorageError
from reaper_drumgain.hosts import rpp
from reaper_drumgain.schema.settings import Settings

SUMMARY = (
    "Balance a small recording that comes with DrumGain: table, project, audio before and after, "
    "picture."
)
EXAMPLES = (("drumgain demo", "write everything into the new folder drumgain-demo"),)
_PROJECT = "DrumGain demo.RPP"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("drumgain-demo"),
        metavar="DIR",
        help="folder to write to (default: %(default)s); it must be new or empty",
    )


def run(arguments: argparse.Namespace) -> int:
    """Copy the session, balance it, write project, bounces and picture, and name the next steps."""
    folder: Path = arguments.output
    project_path = _copy_session(folder)
    project = rpp.read_project(project_path)
    from reaper_drumgain.balance.pipeline import balance
    from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer
    from reaper_drumgain.cli.picture import save_levels
    from reaper_drumgain.report.bounce import bounce

    progress = show.ProgressLine()
    try:
        analyzer = ProjectAnalyzer(progress=progress)
        plan = balance(project.session, Settings(), analyzer=analyzer)
        balanced = folder / "DrumGain demo balanced.RPP"
        written = rpp.apply_plan(project, plan, balanced)
        before, after = folder / "drums before.wav", folder / "drums after.wav"
        if analyzer.last is not None:
            bounce(analyzer.last.request, plan, before, after, progress=progress)
        picture = folder / "levels.png"
        save_levels(plan, picture)
    finally:
        progress.clear()
    plan_text.print_plan(plan, written)
    show.say(f"to listen to: {before} and {after}, equally loud")
    show.say(f"to look at: {picture}")
    show.say(
        "\nnext: open the balanced project in REAPER, or try your own:\n"
        "    drumgain balance YOUR-PROJECT.RPP --dry-run"
    )
    return 0


def _copy_session(folder: Path) -> Path:
    import shutil
    from importlib import resources

    if folder.is_dir() and any(folder.iterdir()):
        raise InputError(f"--output {folder} is not empty: name a new folder, or delete that one")
    packaged = resources.files("reaper_drumgain") / "demo" / "session"
    try:
        with resources.as_file(packaged) as source:
            shutil.copytree(source, folder, dirs_exist_ok=True)
    except shutil.Error as error:
        # one entry (source, target, reason) per file: the first tells enough
        raise StorageError(
            f"{folder}: cannot write the demo there: {error.args[0][0][2]}"
        ) from error
    except OSError as error:
        raise StorageError(f"{folder}: cannot write the demo there: {error.strerror}") from error
    return folder / _PROJECT
