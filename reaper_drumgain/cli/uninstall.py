"""``drumgain uninstall``: remove the actions from REAPER's resource folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from reaper_drumgain.cli import show
from reaper_drumgain.cli.install import (
    PART,
    UNFINISHED,
    add_resource_path,
    made_folders,
    manifest,
    remove_empty,
)
from reaper_drumgain.errors import InputError, StorageError
from reaper_drumgain.hosts.installation.resource_folders import resource_folder
from reaper_drumgain.hosts.live.setup import FILE_NAME, FOLDER
from reaper_drumgain.schema.printable import printable

SUMMARY = "Take the actions out of REAPER's resource folder."
EXAMPLES = (("drumgain uninstall", "remove what 'drumgain install' wrote"),)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_resource_path(parser)


def run(arguments: argparse.Namespace) -> int:
    """Remove the files that 'drumgain install' wrote, and no others.

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
        Nothing is installed there.
    StorageError
        A file cannot be removed.
    """
    place = "/".join((*FOLDER, FILE_NAME))
    folder = resource_folder(arguments.resource_path, prefer=place) / Path(*FOLDER)
    places = manifest(folder)
    if not places:
        raise InputError(f"{folder}: nothing is installed there")
    try:
        remove(folder, places)
    except OSError as error:
        raise StorageError(f"{folder}: cannot be removed: {error}") from error
    show.say(f"removed {len(places)} files from {printable(str(folder))}")
    if folder.exists():
        show.say("other files there were kept")
    return 0


def remove(folder: Path, places: set[Path]) -> None:
    """Remove the files of an installation, and folders that are empty then. Raises OSError."""
    for place in places:
        (folder / place).unlink(missing_ok=True)
    made = made_folders(folder)
    for name in (FILE_NAME, UNFINISHED, PART):
        (folder / name).unlink(missing_ok=True)
    remove_empty(folder, [*places, Path(FILE_NAME)])
    if made and not folder.exists():
        remove_empty(folder.parent, [Path(folder.name)])
