"""``drumgain completion``: the script with which a shell completes commands and options."""

from __future__ import annotations

import argparse
from pathlib import Path

from reaper_drumgain.cli.parser import one_of
from reaper_drumgain.cli.projects import project_or_folder, project_path
from reaper_drumgain.methods import known_names

SUMMARY = "Print the script with which your shell completes commands, options and files."
EXAMPLES = (
    ("drumgain completion bash >> ~/.bash_completion", "for bash, in new terminals"),
    (
        "drumgain completion zsh > ~/.zfunc/_drumgain",
        "for zsh, with 'fpath+=~/.zfunc' before 'compinit' in ~/.zshrc",
    ),
    ("drumgain completion fish > ~/.config/fish/completions/drumgain.fish", "for fish"),
    (
        "drumgain completion powershell > drumgain.ps1",
        "for PowerShell, with '. FOLDER/drumgain.ps1' in $PROFILE",
    ),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    import shtab

    parser.add_argument(
        "shell",
        type=one_of(lambda: shtab.SUPPORTED_SHELLS),
        choices=shtab.SUPPORTED_SHELLS,
        metavar="SHELL",
        help=f"one of {', '.join(shtab.SUPPORTED_SHELLS)}",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the script."""
    import shtab

    from reaper_drumgain.cli.commands import parser_of

    parser = parser_of(())
    _complete_values(parser)
    print(shtab.complete(parser, arguments.shell))
    return 0


def _complete_values(parser: argparse.ArgumentParser) -> None:
    """Mark the options that take files or methods, so that shells complete their names."""
    import shtab

    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                _complete_values(sub)
        elif action.dest == "method":
            # no ``choices`` in the parser, which would look through other packages each time
            action.choices = known_names()
        elif action.type in (Path, project_path, project_or_folder):
            action.complete = shtab.FILE  # type: ignore[attr-defined]
