"""``drumgain balance``: set the faders of one project's drum tracks."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reaper_drumgain.cache.store import Store
from reaper_drumgain.cli import checks, options, plan_text, show
from reaper_drumgain.cli.after_write import after_write, sentence
from reaper_drumgain.cli.projects import open_project
from reaper_drumgain.errors import InputError
from reaper_drumgain.hosts import rpp
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.schema.printable import printable
from reaper_drumgain.schema.session import Session
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.util.interrupts import DeferredInterrupt

if TYPE_CHECKING:
    from reaper_drumgain.analysis.analyze import Analyzed

#: the name of the method where a mix is the reference
REFERENCE = "reference"
SUMMARY = "Set the faders of a project's drum tracks."
EXAMPLES = (
    ("drumgain balance song.RPP --dry-run", "show the moves, write nothing"),
    ("drumgain balance song.RPP", "write a balanced project next to yours"),
    (
        "drumgain balance song.RPP --in-place --lock 'Snare Top' --amount 50%",
        "make half of each move, leave the snare, change the project itself",
    ),
    (
        "drumgain balance song.RPP --role 'Audio 07=tom 2' --level lufs:-18",
        "state the role of a track, and how loud the drums should be",
    ),
    (
        "drumgain balance song.RPP --write automation --sections regions",
        "write gains that follow the song as envelopes",
    ),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    options.add_project_or_folder(parser)
    options.add_output(parser, many=False)
    how = options.add_settings(parser)
    how.add_argument(
        "--reference",
        type=Path,
        metavar="MIX",
        help="an audio file with a finished mix of this very session: set the faders so that they "
        "reproduce its balance (in place of a method)",
    )
    options.add_automation(parser)
    options.add_report(parser).add_argument(
        "--picture",
        type=Path,
        metavar="PNG",
        help="draw the plan: levels before and after, or with automation the faders over time",
    )
    options.add_cache(parser)
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read, balance, show and write."""
    settings = options.settings_from(arguments)
    checks.check_report(arguments)
    checks.check_picture(arguments)
    if arguments.reference is not None:
        settings = _of_reference(settings)
    project = open_project(arguments.project)
    options.warn_of_names(project.session, settings)
    output = _output(arguments, project)
    progress = show.ProgressLine()
    # numpy takes its time: a mistyped option or a broken file is told before
    from reaper_drumgain.balance.pipeline import balance
    from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer

    store = None if arguments.no_cache else Store(_note)
    analyzer = ProjectAnalyzer(store, progress=progress)
    try:
        method = None
        if arguments.reference is not None:
            from reaper_drumgain.balance.reference import match

            checks.check_audio("--reference", arguments.reference)

            method = match(project.session, settings, arguments.reference, progress)
        plan = balance(project.session, settings, analyzer=analyzer, method=method)
    finally:
        progress.clear()
    written: rpp.WriteReport | None = None
    with DeferredInterrupt() as interrupt:
        if not arguments.dry_run and (plan.changes or project.made):
            written = rpp.apply_plan(project, plan, output, overwrite=arguments.overwrite)
            if written.backup is None and output is None:
                # in place, and every fader stands already where it should
                written = None
    with after_write(lambda: "" if written is None else sentence(written.path, written.backup)):
        interrupt.raise_pending()
        _tell(project.session, plan, written, analyzer.last, arguments)
        # nobody waits for the cache: the answer is there
        sys.stdout.flush()
        analyzer.finish()
    return 0


def _tell(
    session: Session,
    plan: GainPlan,
    written: rpp.WriteReport | None,
    analyzed: Analyzed | None,
    arguments: argparse.Namespace,
) -> None:
    """Report, picture and text of a plan that was written, or not."""
    page = None if arguments.report is None else _report(plan, analyzed, arguments)
    if arguments.picture is not None:
        _draw(session, plan, arguments.picture)
    if arguments.json:
        print(json.dumps(plan_text.document(plan, written), indent=2, allow_nan=False))
        return
    plan_text.print_plan(plan, written, dry_run=arguments.dry_run)
    if page is not None:
        show.say(f"report: {printable(str(page))}")


def _report(plan: GainPlan, analyzed: Analyzed | None, arguments: argparse.Namespace) -> Path:
    """Write a report; returns the path of its page."""
    from reaper_drumgain.report.build import report_files, report_name, save

    progress = show.ProgressLine()
    name = report_name(str(arguments.project.absolute()))
    try:
        files = report_files(name, plan, analyzed, sound=arguments.bounce, progress=progress)
    finally:
        progress.clear()
    save(files, arguments.report)
    folder: Path = arguments.report
    return folder / f"{name}.html"


def _draw(session: Session, plan: GainPlan, path: Path) -> None:
    if plan.settings.write == "automation":
        from reaper_drumgain.cli.timeline import save_automation

        save_automation(session, plan, path)
    else:
        from reaper_drumgain.cli.picture import save_levels

        save_levels(plan, path)


def _note(note: str) -> None:
    show.warn([note])


def _of_reference(settings: Settings) -> Settings:
    """The settings of a run after a reference. Raises InputError where others are of no use."""
    usual = Settings()
    unused = (
        "--model" * bool(settings.model)
        or "--method" * (settings.method != usual.method)
        or "--write automation" * (settings.write != usual.write)
        or "--mode outliers" * (settings.mode == "outliers")
    )
    if unused:
        raise InputError(
            f"--reference takes the balance from a mix: it cannot be used with {unused}"
        )
    return replace(settings, method=REFERENCE)


def _output(arguments: argparse.Namespace, opened: rpp.ProjectFile) -> Path | None:
    """Where the result goes; None for the project itself or for nowhere."""
    project = opened.path
    if arguments.in_place and opened.made:
        raise InputError(f"--in-place changes a project, and {arguments.project} is a folder")
    if arguments.in_place or arguments.dry_run:
        return None
    if arguments.output is None:
        return rpp.free_name_beside(project)
    output: Path = arguments.output
    if output.is_dir():
        output /= project.name
    if output.resolve() == project.resolve() and not opened.made:
        raise InputError(f"--output {output} is the project itself: use --in-place for that")
    checks.check_output(output, overwrite=arguments.overwrite)
    return output
