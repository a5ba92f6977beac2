"""``drumgain train``: make the forests from human mixes."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from reaper_drumgain.cli.show import ProgressLine, printable_lines
from reaper_drumgain.errors import InputError

SUMMARY = "Train the forests on human mixes; print their errors on songs that they never saw."


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add_data(parser)
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("drumgain-model"),
        metavar="DIR",
        help="where arrays, manifests and model card go (default: %(default)s)",
    )


def add_data(parser: argparse.ArgumentParser) -> None:
    """The options that training and evaluation share."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--data",
        type=Path,
        default=Path("../shared/data"),
        metavar="DIR",
        help="folder with human_faders, kits and groove (default: %(default)s)",
    )
    where.add_argument(
        "--enst",
        type=Path,
        metavar="DIR",
        help="ENST-Drums as published instead: gains found in its mixes, split by drummer",
    )
    parser.add_argument("--seed", type=int, default=527, help="of every draw (default: 527)")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: all cores)"
    )
    parser.add_argument(
        "--draws",
        type=int,
        help="random shifts of the recorded levels per song and width (default: 50, of ENST 5)",
    )
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", help="keep what was measured here, to use it again"
    )
    parser.add_argument(
        "--reduced", action="store_true", help="few trees, little audio: shows only that it works"
    )


def check_data(arguments: argparse.Namespace) -> None:
    """Raises InputError where the data folder is missing, before anything heavy is imported."""
    if arguments.enst is not None:
        if not arguments.enst.is_dir():
            raise InputError(
                f"--enst {arguments.enst}: no such folder; expected one with drummer_1/audio"
            )
        return
    if not arguments.data.is_dir():
        raise InputError(
            f"--data {arguments.data}: no such folder; expected one with human_faders, kits, groove"
        )


def run(arguments: argparse.Namespace) -> int:
    """Render, measure, fit, write, and print the tables."""
    check_data(arguments)
    from reaper_drumgain.learn.evidence import enst_run
    from reaper_drumgain.learn.fitting import train

    progress = ProgressLine()
    try:
        if arguments.enst is not None:
            options = run_options(arguments, enst_run.REDUCED)
            text = enst_run.train_enst(
                arguments.enst, arguments.output, progress=progress, **options
            ).text
        else:
            options = run_options(arguments, train.REDUCED)
            text = train.train(arguments.data, arguments.output, progress=progress, **options).text
    finally:
        progress.clear()
    print(printable_lines(text))
    return 0


def run_options(arguments: argparse.Namespace, reduced: dict[str, Any]) -> dict[str, Any]:
    """What training and evaluation take from the command line; ``reduced``: with --reduced."""
    options = {"seed": arguments.seed, "jobs": arguments.jobs, "cache": arguments.cache}
    if arguments.draws is not None:
        options["draws"] = arguments.draws
    return options | (reduced if arguments.reduced else {})
