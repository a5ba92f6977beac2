"""The list of commands, and the parser that chooses one."""

from __future__ import annotations

import argparse
import functools
import importlib
import sys
from collections.abc import Sequence
from typing import Any

from reaper_drumgain import __version__

#: each a module of ``cli``
_COMMANDS = (
    *(
        "balance",
        "batch",
        "tracks",
        "methods",
        "restore",
        "clear-automation",
        "install",
        "uninstall",
        "demo",
    ),
    *("train", "evaluate"),
)


def run(argv: Sequence[str] | None) -> int:
    """Parse a command line, do what it says and return the exit status."""
    words = sys.argv[1:] if argv is None else argv
    arguments = _parser(words).parse_args(words)
    status: int = arguments.run(arguments)
    return status


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """Only of the command that is asked for, where one is: the others need not be imported."""
    asked = words[0] if words and words[0] in _COMMANDS else None
    shape = _help_format(words)
    parser = argparse.ArgumentParser(
        prog="drumgain",
        formatter_class=shape,
        description="Sets the faders of drum tracks in REAPER projects where a good engineer "
        "would put them.",
    )
    parser.add_argument("--version", action="version", version=f"drumgain {__version__}")
    common = argparse.ArgumentParser(add_help=False, formatter_class=shape)
    common.add_argument("--debug", action="store_true", help="show the traceback of an error")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for name in (asked,) if asked else _COMMANDS:
        command = _command(name)
        sub = subparsers.add_parser(
            command.NAME,
            parents=[common],
            formatter_class=shape,
            help=command.SUMMARY,
            description=command.SUMMARY,
        )
        command.add_options(sub)
        sub.set_defaults(run=command.run)
    return parser


def _help_format(words: Sequence[str]) -> Any:
    """What lays out help. Every option that is added makes one, and each asks how wide the
    terminal is, for which it imports shutil and the compressors: a fortieth of a short run."""
    if {"-h", "--help"} & set(words):
        return argparse.HelpFormatter
    return functools.partial(argparse.HelpFormatter, width=80)


def _command(name: str) -> Any:
    return importlib.import_module(f"reaper_drumgain.cli.{name.replace('-', '_')}")
