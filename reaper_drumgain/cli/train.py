"""``drumgain train``: make the forests from human mixes."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reaper_drumgain.cli.show import ProgressLine, printable_lines
from reaper_drumgain.errors import InputError

if TYPE_CHECKING:
    from reaper_drumgain.learn.evidence.run import DataSet

#: where the data comes from, for help and messages; ``docs/research.md`` has the files in full
DATA_NEEDED = """\
The data is public, but not part of the package. DIR holds these folders:
  human_faders  fader gains of 69 mixes, from MixologyDB (M. Clemens, MIT)
  kits          MuldjordKit (DrumGizmo.org, CC BY 4.0), Gogodze Phu Vol II and
                Frankensnare (Karoryfer Samples, CC0)
  groove        the Groove MIDI Dataset (Google Magenta, 2019, CC BY 4.0)
docs/research.md lists the files that each folder has to hold.
--enst takes ENST-Drums (Gillet and Richard, ISMIR 2006) as published instead."""
SUMMARY = (
    "Train the forests on human mixes; print their errors on songs that were left out of the "
    "training."
)
#: the folders that --data expects
_PARTS = ("human_faders", "kits", "groove")
EXAMPLES = (("drumgain train --reduced --output my-model", "a quick run, to see that it works"),)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.description = f"{SUMMARY}\n\n{DATA_NEEDED}"
    add_data(parser)
    parser.add_argument_group("what is written").add_argument(
        "--output",
        type=Path,
        default=Path("drumgain-model"),
        metavar="DIR",
        help="where to write the models and the model card (default: %(default)s)",
    )


def add_data(
    parser: argparse.ArgumentParser,
) -> tuple[argparse._MutuallyExclusiveGroup, argparse._ArgumentGroup]:
    """The options that training and evaluation share.

    Returns the group of those that say where the data is, and the group of the settings of the
    measurement.
    """
    where = parser.add_argument_group("where the data is").add_mutually_exclusive_group()
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
    how = parser.add_argument_group("settings of the measurement")
    how.add_argument(
        "--seed",
        type=int,
        default=527,
        metavar="N",
        help="seed of the random numbers (default: 527)",
    )
    how.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="processes (default: all cores)",
    )
    how.add_argument(
        "--draws",
        type=int,
        metavar="N",
        help="random shifts of the recorded levels per song and width (default: 50, of ENST 5)",
    )
    how.add_argument(
        "--cache", type=Path, metavar="DIR", help="store the measurements here and use them again"
    )
    how.add_argument(
        "--reduced",
        action="store_true",
        help="few trees and little audio, only to see that it works",
    )
    return where, how


def load_data_set(arguments: argparse.Namespace) -> DataSet:
    """The data set that the options name.

    Its folders are checked before anything heavy is imported.

    Parameters
    ----------
    arguments
        The options of a command that trains or evaluates.

    Returns
    -------
    DataSet
        Human mixes of kits, or ENST-Drums.

    Raises
    ------
    InputError
        A folder is missing.
    """
    if arguments.enst is not None:
        folder, expected = arguments.enst, "drummer_1/audio"
    else:
        folder, expected = arguments.data, "human_faders, kits, groove"
    option = "--data" if arguments.enst is None else "--enst"
    if not folder.is_dir():
        raise InputError(
            f"{option} {folder}: no such folder; expected one with {expected}.\n{DATA_NEEDED}"
        )
    missing = [name for name in _PARTS if not (folder / name).is_dir()]
    if arguments.enst is None and missing:
        raise InputError(f"{option} {folder}: has no folder {', '.join(missing)}.\n{DATA_NEEDED}")
    from reaper_drumgain.learn.evidence.enst_drums import EnstMixes
    from reaper_drumgain.learn.evidence.human_mixes import HumanMixes

    if arguments.enst is not None:
        return EnstMixes.reduced(folder) if arguments.reduced else EnstMixes(folder)
    from reaper_drumgain.balance.side_by_side import plans_of

    if arguments.reduced:
        return HumanMixes.reduced(folder, plans_of)
    return HumanMixes(folder, balancer=plans_of)


def run_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """The options of ``evidence.run`` from the command line."""
    from reaper_drumgain.learn.evidence.run import REDUCED_SETTINGS

    options = {name: getattr(arguments, name) for name in ("seed", "jobs", "cache", "draws")}
    return options | ({"settings": REDUCED_SETTINGS} if arguments.reduced else {})


def run(arguments: argparse.Namespace) -> int:
    """Render, measure, fit, write, and print the tables."""
    data_set = load_data_set(arguments)
    from reaper_drumgain.learn.evidence.run import train

    progress = ProgressLine()
    try:
        text = train(data_set, arguments.output, progress=progress, **run_options(arguments)).text
    finally:
        progress.clear()
    print(printable_lines(text))
    return 0
