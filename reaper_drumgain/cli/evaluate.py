"""``drumgain evaluate``: compare all methods on songs that they were not trained on."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from reaper_drumgain.cli.show import ProgressLine, printable_lines
from reaper_drumgain.cli.train import DATA_NEEDED, add_data, load_data_set, run_options
from reaper_drumgain.errors import InputError, StorageError

if TYPE_CHECKING:
    from reaper_drumgain.learn.evidence.run import Evaluation

SUMMARY = (
    "Compare all methods with the faders of human engineers, one song left out at a time, and "
    "test that faders do not depend on the groove or the recording gain, with one kit left out at "
    "a time."
)
_HOW = (
    "The gains of the tracks in each mix are found by reverse engineering. Mixes in which they "
    "cannot be found are named and left out. It takes about as long as the songs last together, "
    "on one core. docs/research.md explains the figures."
)
DESCRIPTION = f"""\
{SUMMARY}

It takes 10 minutes on two fast cores, and a few minutes with --reduced.

{DATA_NEEDED}

With --multitracks the methods as they are shipped are compared on your own songs:
  FOLDER/SONG/tracks/*.wav  the raw tracks, named for their microphones
  FOLDER/SONG/mixes/*.wav   finished mixes of them (or FOLDER/SONG/mix*.wav)
MedleyDB's layout (SONG_RAW/, SONG_MIX.wav) is understood, too. {_HOW}
"""
EXAMPLES = (
    ("drumgain evaluate --reduced --plots pictures", "a quick run, with pictures"),
    ("drumgain evaluate --multitracks Songs --json figures.json", "on multitracks of your own"),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.description = DESCRIPTION
    where, how = add_data(parser)
    where.add_argument(
        "--multitracks",
        type=Path,
        metavar="FOLDER",
        help="songs with raw tracks and mixes instead; nothing is fitted to them",
    )
    how.add_argument(
        "--part",
        choices=("all", "recording"),
        default="all",
        help="recording: leave out the comparison with engineers song by song, which takes half of "
        "the time (default: %(default)s)",
    )
    written = parser.add_argument_group("output files")
    written.add_argument(
        "--json", type=Path, metavar="FILE", help="write every figure here, for programs"
    )
    written.add_argument(
        "--card",
        type=Path,
        metavar="FILE",
        help="write the report of --part recording here, as Markdown",
    )
    written.add_argument("--plots", type=Path, metavar="DIR", help="write pictures here")


def run(arguments: argparse.Namespace) -> int:
    """Render, fit and measure; print the tables; write what was asked for.

    Parameters
    ----------
    arguments
        The options of this command.

    Returns
    -------
    int
        The exit status.

    Raises
    ------
    InputError
        Options exclude each other, or data are missing.
    StorageError
        A file cannot be written.
    """
    if arguments.multitracks is not None:
        return _multitracks(arguments)
    if arguments.part != "all" and arguments.plots is not None:
        raise InputError(
            "--plots draws the comparison with engineers, which --part recording leaves out: "
            "remove one of the two"
        )
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
    _write(arguments, done)
    return 0


def _write(arguments: argparse.Namespace, done: Evaluation) -> None:
    """Write the figures, the page and the pictures that were asked for."""
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


def _multitracks(arguments: argparse.Namespace) -> int:
    """Compare the shipped methods on a folder of songs."""
    folder = arguments.multitracks
    unused = {
        "--part": arguments.part != "all",
        "--card": arguments.card is not None,
        "--plots": arguments.plots is not None,
        "--reduced": arguments.reduced,
        "--draws": arguments.draws is not None,
        "--cache": arguments.cache is not None,
    }
    for option, given in unused.items():
        if given:
            raise InputError(f"{option} cannot be used with --multitracks: leave it out")
    if arguments.jobs < 1:
        raise InputError(f"--jobs is {arguments.jobs}, expected 1 or more")
    if not folder.is_dir():
        from reaper_drumgain.learn.data.multitracks import LAYOUT

        raise InputError(f"--multitracks {folder}: no such folder; expected {LAYOUT}")
    from reaper_drumgain.balance.folders import track_names
    from reaper_drumgain.balance.side_by_side import plans_of
    from reaper_drumgain.learn.evidence import multitrack_mixes

    progress = ProgressLine()
    try:
        figures = multitrack_mixes.evaluate_multitracks(
            folder,
            balancer=plans_of,
            track_names=track_names,
            seed=arguments.seed,
            jobs=arguments.jobs,
            progress=progress,
        )
    finally:
        progress.clear()
    print(printable_lines(multitrack_mixes.text(figures)))
    if arguments.json is not None:
        document = json.dumps(figures, indent=1, allow_nan=False)
        try:
            arguments.json.write_text(document + "\n", encoding="utf-8")
        except OSError as error:
            raise StorageError(f"{arguments.json}: cannot be written: {error.strerror}") from error
        print(f"\nwritten: {printable_lines(str(arguments.json))}")
    return 0
