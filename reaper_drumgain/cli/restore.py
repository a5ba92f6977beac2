"""``drumgain restore``: bring the last backup of a project back."""

from __future__ import annotations

import argparse

from reaper_drumgain.cli import options
from reaper_drumgain.cli.show import printable
from reaper_drumgain.hosts import rpp

SUMMARY = "Bring back the last backup that 'balance --in-place' made of a project."


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    options.add_project(parser)


def run(arguments: argparse.Namespace) -> int:
    """Restore, and say from where."""
    backup = rpp.restore(arguments.project)
    print(f"{printable(str(arguments.project))} is again as in {printable(backup.name)}")
    return 0
