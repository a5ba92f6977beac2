"""``drumgain batch``: set the faders of many projects."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from reaper_drumgain.cli import checks, options, show
from reaper_drumgain.cli.after_write import after_write
from reaper_drumgain.cli.projects import spread
from reaper_drumgain.cli.table import print_table
from reaper_drumgain.errors import InputError
from reaper_drumgain.schema.plan import SCHEMA
from reaper_drumgain.schema.printable import printable

if TYPE_CHECKING:
    from reaper_drumgain.batch.outcome import Outcome
    from reaper_drumgain.batch.run import Batch, Options

SUMMARY = "Set the faders of the drum tracks of many projects."
EXAMPLES = (
    (
        "drumgain batch Songs --recursive --dry-run",
        "show what would be done with all projects in a folder",
    ),
    (
        "drumgain batch Songs --recursive --output Balanced --report Report",
        "write them into another folder, with a report page for each",
    ),
    ("drumgain batch Songs --recursive --in-place --resume", "continue an interrupted run"),
)
DESCRIPTION = (
    "Balances each project file that you name, and each one in a folder that you name. A damaged "
    "project does not stop the others. Backups, autosaves and files that DrumGain wrote are left "
    "out. Exit status: 0 all done, 3 no drum track in any of them, 4 some failed, 130 interrupted."
)
_SOME_FAILED, _NOTHING, _INTERRUPTED = 4, 3, 130
_TELL_EVERY_S = 10.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.description = DESCRIPTION
    parser.add_argument(
        "paths",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="projects (.RPP), or folders with projects",
    )
    group = parser.add_argument_group("which projects and how")
    group.add_argument("--recursive", action="store_true", help="also look into subfolders")
    group.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        help="number of projects at the same time on this machine (default: one per core)",
    )
    group.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="make the plans on a Dask cluster, like tcp://host:8786. Its workers need the same "
        "version of DrumGain, and the projects and media under the same paths. Security: a "
        "scheduler and its workers run any code that is sent to them, and this process trusts "
        "their answers. Never use it on an open network without Dask's TLS (tls://)",
    )
    group.add_argument(
        "--resume",
        action=argparse.BooleanOptionalAction,
        help="continue the interrupted run of the same command line; --no-resume: start again, "
        "also with projects that it has already changed in place",
    )
    options.add_output(parser, many=True)
    options.add_settings(parser)
    options.add_automation(parser)
    options.add_report(parser)
    options.add_cache(parser)
    options.add_json(
        parser, "print one JSON object per line: one for each finished project, then the summary"
    )


def run(arguments: argparse.Namespace) -> int:
    """Find, plan, write, and sum up."""
    from reaper_drumgain.batch.run import Batch
    from reaper_drumgain.batch.summary import save_index

    batch = Batch(_options(arguments))
    for path, why in batch.found.left_out:
        if not arguments.json:
            show.complain(f"left out ({why}): {printable(str(path))}")
    progress = _Progress(batch.total)
    outcomes: list[Outcome] = []
    with after_write(lambda: _written(outcomes, batch.total, arguments)):
        interrupted = _work_through(batch, outcomes, progress, arguments)
        _sum_up(outcomes, batch.total, arguments, interrupted)
        if arguments.report is not None and outcomes:
            page = save_index(outcomes, arguments.report)
            if not arguments.json:
                show.say(f"report: {printable(str(page))}")
        sys.stdout.flush()
    return _status(outcomes, interrupted)


def _work_through(
    batch: Batch, outcomes: list[Outcome], progress: _Progress, arguments: argparse.Namespace
) -> bool:
    """Balance all projects, collect and tell the outcomes; whether that was interrupted."""
    from reaper_drumgain.batch.summary import document

    try:
        for outcome in batch.outcomes(progress.tell):
            outcomes.append(outcome)
            progress.add(outcome)
            if arguments.json:
                progress.clear()
                print(json.dumps({"schema": SCHEMA, **document(outcome)}), flush=True)
    except KeyboardInterrupt:
        return True
    finally:
        progress.clear()
    return False


def _written(outcomes: list[Outcome], total: int, arguments: argparse.Namespace) -> str:
    """What was written so far, where the run itself cannot be finished."""
    count = sum(outcome.status == "written" for outcome in outcomes)
    if not count:
        return ""
    backups = ", each with a backup beside it" if arguments.in_place else ""
    onward = "" if len(outcomes) == total else "; the same command with --resume continues"
    return f"{count} of {total} projects were written before that{backups}{onward}"


def _status(outcomes: list[Outcome], interrupted: bool) -> int:
    found = {outcome.status for outcome in outcomes}
    if interrupted:
        return _INTERRUPTED
    if "failed" in found:
        return _SOME_FAILED
    return _NOTHING if found == {"nothing"} else 0


def _options(arguments: argparse.Namespace) -> Options:
    if arguments.jobs is not None and arguments.jobs < 1:
        raise InputError(f"--jobs {arguments.jobs}: expected 1 or more")
    if arguments.dry_run and arguments.resume:
        raise InputError("a dry run writes nothing, so there is nothing to --resume")
    if arguments.overwrite and arguments.output is None:
        raise InputError("--overwrite is for --output only")
    checks.check_report(arguments)
    from reaper_drumgain.batch.pool import cores
    from reaper_drumgain.batch.run import Options

    return Options(
        paths=tuple(spread(arguments.paths)),
        settings=options.settings_from(arguments),
        recursive=arguments.recursive,
        mode=(
            "in place"
            if arguments.in_place
            else "dry run"
            if arguments.dry_run
            else "output"
            if arguments.output is not None
            else "beside"
        ),
        output=arguments.output,
        overwrite=arguments.overwrite,
        jobs=arguments.jobs or cores(),
        cache=not arguments.no_cache,
        report=arguments.report,
        sound=arguments.bounce,
        cluster=arguments.cluster,
        resume=arguments.resume,
    )


def _sum_up(
    outcomes: list[Outcome], total: int, arguments: argparse.Namespace, interrupted: bool
) -> None:
    from reaper_drumgain.batch.summary import (
        MODE_WORDS,
        WORDS,
        counted,
        counted_modes,
        in_order,
    )

    counts, modes = counted(outcomes), counted_modes(outcomes)
    if arguments.json:
        summary = {"projects": total, **counts, "modes": modes, "interrupted": interrupted}
        print(json.dumps({"schema": SCHEMA, "summary": summary}))
        return
    header = (
        "Project",
        "Result",
        "Moved",
        "LUFS before",
        "after",
        "Warnings",
        "Result file, or error",
    )
    print_table(header, [_row(outcome) for outcome in in_order(outcomes)], numbers={2, 3, 4, 5})
    parts = [f"{count} {WORDS[status]}" for status, count in counts.items() if count]
    show.say(f"{total} project{'' if total == 1 else 's'}: {', '.join(parts) or 'none done'}")
    how = [f"{count} {MODE_WORDS[mode]}" for mode, count in modes.items() if count]
    if how:
        show.say(f"modes: {', '.join(how)} (--mode)")
    if interrupted:
        onward = "" if arguments.dry_run else "; the same command with --resume continues"
        show.say(
            f"interrupted: {total - len(outcomes)} projects were not started and are "
            f"unchanged{onward}"
        )


def _row(outcome: Outcome) -> tuple[str, ...]:
    from reaper_drumgain.batch.summary import result_of, where_or_why

    levels = [
        "" if level is None else f"{level:.1f}"
        for level in (outcome.before_lufs, outcome.after_lufs)
    ]
    return (
        _short(outcome.project),
        result_of(outcome),
        f"{outcome.moved} of {outcome.drums}" if outcome.drums else "",
        *levels,
        str(outcome.warnings or ""),
        where_or_why(outcome),
    )


def _short(path: str) -> str:
    """The path relative to the working folder, where it lies below that."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return path


class _Progress:
    """Projects done, rate and time left: a line at a terminal, now and then one in a log."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = self._new = self._failed = 0
        self._start = self._told = time.monotonic()
        self._shown = False
        self._terminal = sys.stderr.isatty()

    def add(self, outcome: Outcome) -> None:
        """Count a project that is done."""
        self._done += 1
        self._new += not outcome.earlier
        self._failed += outcome.status == "failed"
        now = time.monotonic()
        if self._terminal:
            print(f"\r{self._text(now)}\x1b[K", end="", file=sys.stderr, flush=True)
            self._shown = True
        elif now - self._told >= _TELL_EVERY_S:
            self._told = now
            print(self._text(now), file=sys.stderr, flush=True)

    def _text(self, now: float) -> str:
        rate = self._new / max(now - self._start, 1e-3)
        left = (self._total - self._done) / rate if rate else 0.0
        failed = f", {self._failed} failed" if self._failed else ""
        return (
            f"{self._done} of {self._total} projects{failed}, {_rate(rate)}, {_duration(left)} left"
        )

    def tell(self, message: str) -> None:
        """Print a message that concerns no single project."""
        self.clear()
        show.warn([message])

    def clear(self) -> None:
        """Remove the line."""
        if self._shown:
            self._shown = False
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _rate(per_second: float) -> str:
    return f"{per_second:.1f} a second" if per_second >= 0.5 else f"{60 * per_second:.1f} a minute"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"
