"""``drumgain evaluate``: compare all methods on songs that they were not trained on."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from reaper_drumgain.cli.show import ProgressLine, printable_lines
from reaper_drumgain.cli.train import add_data, load_data_set, run_options
from reaper_drumgain.errors import InputError, StorageError

SUMMARY = (
    "Compare all methods with the faders of human engineers, one song left out at a time; try what "
    "a fader must not depend on, and kits left out. It takes half an hour on two cores."
)
EXAMPLES = (("drumgain evaluate --reduced --plots pictures", "a quick run, with pictures"),)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add_data(parser)
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write every figure here, for programs"
    )
    parser.add_argument(
        "--part",
        choices=("all", "recording"),
        default="all",
        help="recording: leave out the comparison with engineers song by song, which takes half of "
        "the time (default: %(default)s)",
    )
    parser.add_argument(
        "--card", type=Path, metavar="FILE", help="write the page of that part here, as Markdown"
    )
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write pictures here")


def run(arguments: argparse.Namespace) -> int:
    """Render, fit and measure; print the tables; write what was asked for."""
    if arguments.part != "all" and arguments.plots is not None:
        raise InputError("--plots draws the comparison with engineers: leave out --part recording")
    if arguments.enst is not None and (arguments.part != "all" or arguments.card is not None):
        raise InputError("--part and --card need kits: leave out --enst")
    data_set = load_data_set(arguments)
    from reaper_drumgain.learn.evidence import tables
    from reaper_drumgain.learn.evidence.run import run_evaluation

    progress, begun = ProgressLine(), time.monotonic()
    try:
        done = run_evaluation(
            data_set,
            progress=progress,
            songs=arguments.part == "all",
            **run_options(arguments),
        )
    finally:
        progress.clear()
    print(printable_lines(tables.text(done.figures)))
    minutes = (time.monotonic() - begun) / 60.0
    print(f"\nmeasured in {minutes:.1f} minutes with --jobs {arguments.jobs}")
    try:
        if arguments.json is not None:
            document = json.dumps(done.figures, indent=1, allow_nan=False)
            arguments.json.write_text(document + "\n", encoding="utf-8")
            print(f"\nwritten: {printable_lines(str(arguments.json))}")
        if arguments.card is not None:
            from reaper_drumgain.learn.evidence.recording_card import page

            arguments.card.write_text(page(done.figures), encoding="utf-8", newline="\n")
            print(f"written: {printable_lines(str(arguments.card))}")
        if arguments.plots is not None:
            from reaper_drumgain.learn.evidence.pictures import save_pictures

            for path in save_pictures(done.results, done.figures, arguments.plots):
                print(f"written: {printable_lines(str(path))}")
    except OSError as error:
        raise StorageError(f"{error.filename}: cannot be written: {error.strerror}") from error
    return 0
