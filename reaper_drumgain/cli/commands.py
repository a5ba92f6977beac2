"""The list of commands, and the parser that chooses one."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from reaper_drumgain import __version__
from reaper_drumgain.cli import (
    balance,
    demo,
    evaluate,
    install,
    methods,
    restore,
    tracks,
    train,
    uninstall,
)

_COMMANDS = (balance, tracks, methods, restore, install, uninstall, demo, train, evaluate)


def run(argv: Sequence[str] | None) -> int:
    """Parse a command line, do what it says and return the exit status."""
    arguments = _parser().parse_args(argv)
    status: int = arguments.run(arguments)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="drumgain",
        description="Sets the faders of drum tracks in REAPER projects where a good engineer "
        "would put them.",
    )
    parser.add_argument("--version", action="version", version=f"drumgain {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show the traceback of an error")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        sub = subparsers.add_parser(
            command.NAME,
            parents=[common],
            help=command.SUMMARY,
            description=command.SUMMARY,
        )
        command.add_options(sub)
        sub.set_defaults(run=command.run)
    return parser
