"""``drumgain train``: make the forest from human mixes."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from reaper_drumgain.cli.show import ProgressLine, printable
from reaper_drumgain.errors import InputError

NAME = "train"
SUMMARY = "Train the forest on human mixes; print its errors on songs that it never saw."


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("../shared/data"),
        metavar="DIR",
        help="folder with human_faders, kits and groove (default: %(default)s)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("drumgain-model"),
        metavar="DIR",
        help="where arrays, manifest and model card go (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=527, help="of every draw (default: 527)")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="threads (default: all cores)"
    )
    parser.add_argument(
        "--draws",
        type=int,
        default=50,
        help="random shifts of the recorded levels per song (default: 50)",
    )
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", help="keep what was measured here, to use it again"
    )
    parser.add_argument(
        "--reduced", action="store_true", help="few trees, little audio: shows only that it works"
    )


def run(arguments: argparse.Namespace) -> int:
    """Render, measure, fit, write, and print the table."""
    if not arguments.data.is_dir():
        raise InputError(
            f"--data {arguments.data}: no such folder; expected one with human_faders, kits, groove"
        )
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


def printable_lines(text: str) -> str:
    """The text with every line made safe for a terminal."""
    return "\n".join(printable(line) for line in text.splitlines())
