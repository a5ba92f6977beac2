"""``drumgain clear-automation``: take back the envelopes that DrumGain wrote."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from reaper_drumgain.cli import options, show
from reaper_drumgain.cli.after_write import after_write, sentence
from reaper_drumgain.cli.show import warn
from reaper_drumgain.hosts import rpp
from reaper_drumgain.schema.printable import printable
from reaper_drumgain.util.interrupts import DeferredInterrupt

SUMMARY = "Remove the envelopes that DrumGain wrote, unless they were changed since."
EXAMPLES = (
    (
        "drumgain clear-automation song.RPP",
        "in the project itself; a backup is kept",
    ),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    options.add_project(parser)
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write the project here (default: change the project itself; a backup is kept)",
    )
    options.add_overwrite(parser)


def run(arguments: argparse.Namespace) -> int:
    """Take back, and say what was left."""
    project = rpp.read_project(arguments.project)
    with DeferredInterrupt() as interrupt:
        report = rpp.clear_automation(project, arguments.output, overwrite=arguments.overwrite)
    with after_write(lambda: sentence(report.path, report.backup) if report.cleared else ""):
        interrupt.raise_pending()
        _tell(project, report)
        sys.stdout.flush()
    return 0


def _tell(project: rpp.ProjectFile, report: rpp.ClearReport) -> None:
    warn(report.left)
    if not report.cleared:
        show.say("nothing to remove: no envelope is as DrumGain wrote it")
        return
    names = ", ".join(printable(project.session.tracks[index].name) for index in report.cleared)
    show.say(
        f"automation removed from {len(report.cleared)} tracks ({names}); faders are unchanged"
    )
    show.say(f"written: {printable(str(report.path))}")
    if report.backup is not None:
        show.say(f"backup: {printable(str(report.backup))} ('drumgain restore' brings it back)")
