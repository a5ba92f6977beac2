"""The table of commands, and the parser that chooses one.

To add a command: write its module in this room (``Command``), then a loader and an entry here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn, Protocol

from reaper_drumgain import __version__
from reaper_drumgain.cli.parser import Parser, did_you_mean
from reaper_drumgain.errors import InputError


class Command(Protocol):
    """What the module of a command holds."""

    #: one line on what the command does
    SUMMARY: str

    @property
    def EXAMPLES(self) -> Sequence[tuple[str, str]]:  # noqa: N802
        """Command lines, and what each of them does."""
        ...

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


def _completion() -> Command:
    from reaper_drumgain.cli import completion

    return completion


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
    "completion": _completion,
    "train": _train,
    "evaluate": _evaluate,
}


FIRST_STEPS = """\
What to do first:
  drumgain demo                        try it on a small recording
  drumgain tracks song.RPP             show the role of each track
  drumgain balance song.RPP --dry-run  show the moves, write nothing
  drumgain balance song.RPP            write a balanced project next to yours
  drumgain install                     put the actions into REAPER
"""


def run(argv: Sequence[str] | None) -> int:
    """Parse a command line, do what it says and return the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words:
        from reaper_drumgain.cli.show import say

        say(f"{_DESCRIPTION}\n\n{FIRST_STEPS}\n'drumgain --help' lists all commands.")
        return 0
    if words[0] == "help":
        words = [*words[1:2], "--help"]
    parser = parser_of(words)
    _no_empty_word(words)
    arguments, rest = parser.parse_known_args(words)
    if rest:
        arguments.parser.unknown(rest)
    status: int = arguments.run(arguments)
    return status


def _no_empty_word(words: Sequence[str]) -> None:
    """Refuse "", which would mean the folder that one is in: a variable of the shell is not set."""
    for place, word in enumerate(words):
        option, equals, value = word.partition("=")
        if word and not (word.startswith("--") and equals and not value):
            continue
        before = words[place - 1]
        where = option or (before if before.startswith("--") else f"drumgain {words[0]}")
        raise InputError(
            f"an empty text ('') is given to {where}: is a variable of your shell empty? For the "
            "folder that you are in, write a dot (.)"
        )


_DESCRIPTION = (
    "Sets the faders of drum tracks in REAPER projects where a good engineer would put them."
)


def parser_of(words: Sequence[str]) -> Parser:
    """The parser with only the command that the words begin with, so that no other is imported.

    Raises InputError where the first word is not a command.
    """
    asked = words[0] if words and words[0] in COMMANDS else None
    if words and asked is None and not words[0].startswith("-"):
        _no_command(words[0])
    parser = Parser(
        prog="drumgain",
        usage="drumgain COMMAND [options]",
        description=_DESCRIPTION,
        epilog=f"{FIRST_STEPS}\n'drumgain COMMAND --help' explains a command, with examples.",
    )
    parser.add_argument("--version", action="version", version=f"drumgain {__version__}")
    subparsers = parser.add_subparsers(
        required=True, metavar="COMMAND", title="commands", parser_class=Parser, prog="drumgain"
    )
    for name in (asked,) if asked else COMMANDS:
        command = COMMANDS[name]()
        sub = subparsers.add_parser(name, help=command.SUMMARY, description=command.SUMMARY)
        command.add_options(sub)
        sub.add_argument("--debug", action="store_true", help="show the traceback of an error")
        sub.usage = f"drumgain {name}{_usage(sub)}"
        sub.epilog = examples_text(command.EXAMPLES)
        sub.set_defaults(run=command.run, parser=sub)
    return parser


def examples_text(examples: Sequence[tuple[str, str]]) -> str:
    """The examples of a command as its help shows them: what it does, and below it how."""
    lines = [f"  {what}:\n    {line}" for line, what in examples]
    return "\n".join(["examples:", *lines]) if lines else ""


def _usage(parser: Parser) -> str:
    positionals = [a for a in parser._actions if not a.option_strings]
    words = []
    for action in positionals:
        name = str(action.metavar or action.dest)
        words.append(
            {"+": f" {name} [{name} ...]", "?": f" [{name}]"}.get(str(action.nargs), f" {name}")
        )
    needed = [a for a in parser._actions if a.option_strings and a.required]
    words += [f" {a.option_strings[-1]} {a.metavar or a.dest.upper()}" for a in needed]
    return "".join(words) + " [options]"


def _no_command(word: str) -> NoReturn:
    path = Path(word)
    if path.suffix.lower() == ".rpp" or path.is_dir():
        command = "batch" if path.is_dir() else "balance"
        raise InputError(f"{word!r} is not a command. Did you mean 'drumgain {command} {word}'?")
    if word.casefold() == "version":
        raise InputError(f"{word!r} is not a command. Did you mean 'drumgain --version'?")
    hint = did_you_mean(word, COMMANDS) or f"The commands are {', '.join(COMMANDS)}."
    raise InputError(f"{word!r} is not a command. {hint}")
