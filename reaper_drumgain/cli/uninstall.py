"""``drumgain uninstall``: remove the actions from REAPER's resource folder."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from reaper_drumgain.cli.install import add_resource_path, manifest, resource_folder
from reaper_drumgain.errors import InputError, StorageError
from reaper_drumgain.hosts.live.setup import FILE_NAME, FOLDER
from reaper_drumgain.schema.printable import printable

SUMMARY = "Take the actions out of REAPER's resource folder."


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_resource_path(parser)


def run(arguments: argparse.Namespace) -> int:
    """Remove the files that 'drumgain install' wrote, and no others."""
    folder = resource_folder(arguments.resource_path) / Path(*FOLDER)
    places = manifest(folder)
    if not places:
        raise InputError(f"{folder}: nothing is installed there")
    try:
        remove(folder, places)
    except OSError as error:
        raise StorageError(f"{folder}: cannot be removed: {error}") from error
    print(f"removed {len(places)} files from {printable(str(folder))}")
    if folder.exists():
        print("what else lies there was left")
    return 0


def remove(folder: Path, places: set[Path]) -> None:
    """Remove the files of an installation, and folders that are empty then."""
    for place in places:
        (folder / place).unlink(missing_ok=True)
    (folder / FILE_NAME).unlink(missing_ok=True)
    parents = {folder / parent for place in places for parent in place.parents}
    for parent in sorted(parents, key=lambda path: -len(path.parts)):
        # byte code that REAPER's Python compiled
        shutil.rmtree(parent / "__pycache__", ignore_errors=True)
        if parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()
