"""``drumgain restore``: bring the last backup of a project back."""

from __future__ import annotations

import argparse
from pathlib import Path

from reaper_drumgain.cli import options, show
from reaper_drumgain.cli.after_write import after_write
from reaper_drumgain.errors import InputError
from reaper_drumgain.hosts import rpp
from reaper_drumgain.schema.printable import printable
from reaper_drumgain.util.interrupts import DeferredInterrupt

SUMMARY = "Bring back the last backup that 'balance --in-place' made of a project."
EXAMPLES = (
    ("drumgain restore song.RPP --list", "list the backups"),
    ("drumgain restore song.RPP", "bring the newest one back"),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    options.add_project(parser)
    parser.add_argument(
        "--list", action="store_true", help="list the backups, the newest first; change nothing"
    )
    parser.add_argument(
        "--backup",
        type=Path,
        metavar="FILE",
        help="bring this file back instead (a backup, or an .undone.bak to go forward again)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Restore a project, and say which state that is; or list the backups.

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
    InputError
        Options exclude each other.
    """
    if arguments.list:
        if arguments.backup is not None:
            raise InputError("--list and --backup cannot be used together: --list changes nothing")
        _list(arguments.project)
        return 0
    with DeferredInterrupt() as interrupt:
        backup = rpp.restore(arguments.project, arguments.backup)
    text = _text(arguments.project, backup)
    with after_write(lambda: text):
        interrupt.raise_pending()
        show.say(text, flush=True)
    return 0


def _text(project: Path, backup: Path) -> str:
    """Which state was brought back."""
    saved = rpp.saved_at(backup)
    when = "" if saved is None else f" before the write of {saved:%Y-%m-%d %H:%M:%S}"
    undone = backup.name.endswith(".undone.bak") or ".undone-" in backup.name
    if undone:
        when = "" if saved is None else f" before the write of {saved:%Y-%m-%d %H:%M:%S} was undone"
    return f"{printable(str(project))} is again as it was{when}: {printable(backup.name)}"


def _list(project: Path) -> None:
    backups = rpp.list_backups(project)
    if not backups:
        show.say(f"{printable(str(project))} has no backup made by DrumGain beside it")
        return
    following = True
    for backup in backups:
        state: str = backup.state
        if state == "ready":
            state = "the next that 'restore' brings back" if following else ""
            following = False
        elif state == "as the project":
            state = "what the project holds now"
        saved = "" if backup.saved is None else f"{backup.saved:%Y-%m-%d %H:%M:%S}"
        show.say(f"{saved}  {printable(backup.path.name)}  {state}".rstrip())
