"""``drumgain train``: make the forests from human mixes."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from reaper_drumgain.cli.show import ProgressLine, printable_lines
from reaper_drumgain.errors import InputError

NAME = "train"
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
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("../shared/data"),
        metavar="DIR",
        help="folder with human_faders, kits and groove (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=527, help="of every draw (default: 527)")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: all cores)"
    )
    parser.add_argument(
        "--draws",
        type=int,
        default=50,
        help="random shifts of the recorded levels per song and width (default: 50)",
    )
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", help="keep what was measured here, to use it again"
    )
    parser.add_argument(
        "--reduced", action="store_true", help="few trees, little audio: shows only that it works"
    )


def check_data(arguments: argparse.Namespace) -> None:
    """Raises InputError where the data folder is missing, before anything heavy is imported."""
    if not arguments.data.is_dir():
        raise InputError(
            f"--data {arguments.data}: no such folder; expected one with human_faders, kits, groove"
        )


def run(arguments: argparse.Namespace) -> int:
    """Render, measure, fit, write, and print the tables."""
    check_data(arguments)
    from reaper_drumgain.learn.train import REDUCED, train

    reduced = REDUCED if arguments.reduced else {}
    progress = ProgressLine()
    try:
        report = train(
            arguments.data,
            arguments.output,
            draws=arguments.draws,
            seed=arguments.seed,
            jobs=arguments.jobs,
            cache=arguments.cache,
            progress=progress,
            **reduced,
        )
    finally:
        progress.clear()
    print(printable_lines(report.text))
    return 0
