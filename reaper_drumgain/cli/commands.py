"""The table of commands, and the parser that chooses one.

To add a command: write its module in this room (``Command``), then a loader and an entry here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from reaper_drumgain import __version__


class Command(Protocol):
    """What the module of a command holds."""

    #: one line on what the command does
    SUMMARY: str

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of the command."""
        ...

    def run(self, arguments: argparse.Namespace) -> int:
        """Run the command. Returns the exit status; raises DrumGainError."""
        ...


def _balance() -> Command:
    from reaper_drumgain.cli import balance

    return balance


def _batch() -> Command:
    from reaper_drumgain.cli import batch

    return batch


def _tracks() -> Command:
    from reaper_drumgain.cli import tracks

    return tracks


def _methods() -> Command:
    from reaper_drumgain.cli import methods

    return methods


def _learn() -> Command:
    from reaper_drumgain.cli import learn

    return learn


def _models() -> Command:
    from reaper_drumgain.cli import models

    return models


def _reverse() -> Command:
    from reaper_drumgain.cli import reverse

    return reverse


def _restore() -> Command:
    from reaper_drumgain.cli import restore

    return restore


def _clear_automation() -> Command:
    from reaper_drumgain.cli import clear_automation

    return clear_automation


def _install() -> Command:
    from reaper_drumgain.cli import install

    return install


def _doctor() -> Command:
    from reaper_drumgain.cli import doctor

    return doctor


def _uninstall() -> Command:
    from reaper_drumgain.cli import uninstall

    return uninstall


def _demo() -> Command:
    from reaper_drumgain.cli import demo

    return demo


def _train() -> Command:
    from reaper_drumgain.cli import train

    return train


def _evaluate() -> Command:
    from reaper_drumgain.cli import evaluate

    return evaluate


#: the commands by name, in the order of the help; each is imported when it is asked for
COMMANDS: Mapping[str, Callable[[], Command]] = {
    "balance": _balance,
    "batch": _batch,
    "tracks": _tracks,
    "methods": _methods,
    "learn": _learn,
    "models": _models,
    "reverse": _reverse,
    "restore": _restore,
    "clear-automation": _clear_automation,
    "install": _install,
    "doctor": _doctor,
    "uninstall": _uninstall,
    "demo": _demo,
    "train": _train,
    "evaluate": _evaluate,
}


def run(argv: Sequence[str] | None) -> int:
    """Parse a command line, do what it says and return the exit status."""
    words = sys.argv[1:] if argv is None else argv
    arguments = _parser(words).parse_args(words)
    status: int = arguments.run(arguments)
    return status


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The parser; with the one command that is asked for, so that no other is imported."""
    asked = words[0] if words and words[0] in COMMANDS else None
    parser = argparse.ArgumentParser(
        prog="drumgain",
        description="Sets the faders of drum tracks in REAPER projects where a good engineer "
        "would put them.",
    )
    parser.add_argument("--version", action="version", version=f"drumgain {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show the traceback of an error")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for name in (asked,) if asked else COMMANDS:
        command = COMMANDS[name]()
        sub = subparsers.add_parser(
            name,
            parents=[common],
            help=command.SUMMARY,
            description=command.SUMMARY,
        )
        command.add_options(sub)
        sub.set_defaults(run=command.run)
    return parser
