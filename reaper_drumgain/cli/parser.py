"""The parser of the command line: messages that say what to do, help that fits the terminal.

Built on ``argparse``: mistakes are raised as InputError, so that they end like every other
failure, in words or as JSON.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

from reaper_drumgain.cli.folding import folded, terminal_width
from reaper_drumgain.errors import InputError

#: lines of help longer than this are hard to read
_WIDEST_HELP = 100
_NARROWEST_HELP = 40
#: a value like -14LUFS, which argparse would take for an option
_NEGATIVE = re.compile(r"-[\d.]")


def close_to(text: str, known: Iterable[str], *, most: int = 3) -> list[str]:
    """The known words that a text may mean. Letter case does not matter.

    Parameters
    ----------
    text
        What the user wrote.
    known
        The words.
    most
        How many are given at most.

    Returns
    -------
    list
        The nearest first; empty where none is near.
    """
    by_folded = {word.casefold(): word for word in known}
    near = get_close_matches(text.casefold(), by_folded, n=most, cutoff=0.6)
    begun = [word for word in by_folded if len(text) > 1 and word.startswith(text.casefold())]
    return [by_folded[word] for word in dict.fromkeys((*near, *begun))][:most]


def did_you_mean(text: str, known: Iterable[str], *, quoted: bool = True) -> str:
    """A sentence with the known words that a text may mean.

    Parameters
    ----------
    text
        What the user wrote.
    known
        The words.
    quoted
        Whether they stand in quotation marks.

    Returns
    -------
    str
        Empty where none is near.
    """
    near = [repr(word) if quoted else word for word in close_to(text, known)]
    return f"Did you mean {' or '.join(near)}?" if near else ""


def one_of(known: Callable[[], Sequence[str]], then: str = "") -> Callable[[str], str]:
    """A type for an option that takes one of some words, in any case.

    ``known`` gives the words; ``then`` is added to the message where no word comes close.
    """

    def word(text: str) -> str:
        words = known()
        for one in words:
            if one.casefold() == text.strip().casefold():
                return one
        hint = did_you_mean(text, words) or f"Expected one of {', '.join(words)}"
        raise argparse.ArgumentTypeError(
            f"{text!r} is not known. {hint}" + (f" ({then})" if then else "")
        )

    return word


def _with_mend(message: str) -> str:
    """A message of argparse that says what to do."""
    message = re.sub(
        r"^argument (\S+): not allowed with argument (\S+)$",
        r"\1 cannot be used with \2: leave one of them out",
        message,
    )
    message = re.sub(
        r"^argument (\S+): ignored explicit argument '(.*)'$",
        r"\1 takes no value: leave out '=\2'",
        message,
    )
    return re.sub(
        r"^argument ([^:]+): invalid (int|float) value: (.*)$",
        lambda found: (
            f"{found[1]} {found[3]}: expected a {'whole ' if found[2] == 'int' else ''}number"
        ),
        message,
    )


def _is_option(name: str) -> bool:
    return name.startswith("-") and len(name) > 1 and not _NEGATIVE.match(name) and name != "-h"


class HelpFormatter(argparse.HelpFormatter):
    """Help as wide as the terminal; a line of a text stays a line of its own where it fits.

    Numbers, names of options and short quotations are not broken, as argparse does at a hyphen.
    """

    def __init__(self, prog: str) -> None:
        columns = min(terminal_width(sys.stdout) or 80, _WIDEST_HELP)
        super().__init__(prog, max_help_position=26, width=max(columns, _NARROWEST_HELP) - 2)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(
            part
            for line in text.splitlines()
            for part in folded(line, width, indent=indent + _further_indent(line))
        )

    def _format_usage(self, *given: Any) -> str:
        text = super()._format_usage(*given)
        return "\n".join(
            part for line in text.split("\n") for part in folded(line, self._width, indent="  ")
        )

    def _split_lines(self, text: str, width: int) -> list[str]:
        return folded(" ".join(text.split()), width)


def _further_indent(line: str) -> str:
    """What stands before the further lines of one that is folded: more where it is indented."""
    start = line[: len(line) - len(line.lstrip(" "))]
    return f"{start}  " if start else ""


class Parser(argparse.ArgumentParser):
    """A parser that raises InputError for a mistake, with what may be meant and what to do."""

    #: the commands, against whose names a mistyped first word is compared
    commands: Sequence[str] = ()

    def __init__(self, **options: object) -> None:
        super().__init__(formatter_class=HelpFormatter, **options)  # type: ignore[arg-type]
        self._words: list[str] = []
        # Python 3.14 would put colours into help, which count when lines are folded
        self.color = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse, but an option takes a value like -14LUFS, too."""
        self._words = self._joined(sys.argv[1:] if args is None else list(args))
        return super().parse_known_args(self._words, namespace)

    def error(self, message: str) -> NoReturn:
        """End the parsing with a mistake of the user.

        Parameters
        ----------
        message
            What is wrong.

        Raises
        ------
        InputError
            Always, with what may be meant and where help is.
        """
        words, self._words = self._words, []
        if message.startswith("the following arguments are required"):
            # a mistyped option is the nearer reason
            known = tuple(self.options())
            for word in words[: words.index("--") if "--" in words else None]:
                name = word.partition("=")[0]
                if _is_option(name) and not any(one.startswith(name) for one in known):
                    self.unknown([word])
        message = _with_mend(message)
        end = "" if message.endswith(("?", ".")) else "."
        raise InputError(
            f"{message}{end} 'drumgain{self._command()} --help' shows what is possible"
        )

    def unknown(self, words: Sequence[str]) -> NoReturn:
        """Raise InputError for words that nothing takes."""
        word = words[0].partition("=")[0]
        if not word.startswith("-"):
            self.error(f"{word!r} is one word too many (put a name with spaces in quotes)")
        known = self.options()
        if word in known:
            self.error(f"{word} stands after '--', where only names are: put it before")
        short = re.fullmatch(r"-[A-Za-z]", word)
        near = [one for one in known if short and one[2] == word[1].lower()]
        hint = did_you_mean(near[0] if near else word, known, quoted=False)
        self.error(f"option {word} is not known{'. ' + hint.rstrip('?') + '?' if hint else ''}")

    def options(self) -> list[str]:
        """All options in their long form."""
        return [text for action in self._actions for text in action.option_strings if "--" in text]

    def _joined(self, words: list[str]) -> list[str]:
        """The words, with negative values joined to their options: --level=-14LUFS."""
        takes = {
            text
            for action in self._actions
            if action.nargs is None
            for text in action.option_strings
        }
        joined: list[str] = []
        for word in words:
            if _NEGATIVE.match(word) and joined and joined[-1] in takes:
                joined[-1] += f"={word}"
            else:
                joined.append(word)
        return joined

    def _command(self) -> str:
        return self.prog.removeprefix("drumgain")
