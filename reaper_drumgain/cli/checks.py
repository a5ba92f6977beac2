"""Checks that the files and folders of options can be written, before anything else is done."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from reaper_drumgain.cli.parser import did_you_mean
from reaper_drumgain.errors import InputError, StorageError


def check_picture(arguments: argparse.Namespace) -> None:
    """Check that ``--picture`` can be written later.

    Parameters
    ----------
    arguments
        The options of a command that has it.

    Raises
    ------
    InputError
        The name does not fit, is taken, or its folder is missing.
    StorageError
        Its folder cannot be written into.
    """
    path: Path | None = arguments.picture
    if path is None:
        return
    _check_new_file("--picture", path, ".png")
    output = getattr(arguments, "output", None)
    if output is not None and os.path.realpath(path) == os.path.realpath(output):
        raise InputError(f"--picture {path} is also the output: give another name")


def check_csv(arguments: argparse.Namespace) -> None:
    """Check that ``--csv`` can be written later.

    Parameters
    ----------
    arguments
        The options of a command that has it.

    Raises
    ------
    InputError
        The name does not fit, is taken, or its folder is missing.
    StorageError
        Its folder cannot be written into.
    """
    path: Path | None = arguments.csv
    if path is not None:
        _check_new_file("--csv", path, ".csv")


def _check_new_file(option: str, path: Path, suffix: str) -> None:
    """Raise where a file with this ``suffix``, given with an ``option``, cannot be written."""
    if path.suffix.lower() != suffix:
        raise InputError(f"{option} {path}: expected a name that ends in {suffix}")
    if not path.parent.is_dir():
        raise InputError(f"{option} {path}: there is no folder {path.parent}")
    if os.path.lexists(path) and not path.is_file():
        raise InputError(f"{option} {path} is not a file: give another name")
    _check_writable(option, path.parent)


def check_audio(what: str, path: Path) -> None:
    """Check that there is an audio file.

    Parameters
    ----------
    what
        The option, or what the file is, for the message.
    path
        The file.

    Raises
    ------
    InputError
        It is missing or a folder; with names that may be meant.
    """
    if path.is_file():
        return
    there, hint = "is a folder", ""
    if not path.is_dir():
        names = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
        there, hint = "there is no such file", did_you_mean(path.name, names)
    raise InputError(f"{what} {path}: {there}. {hint or 'Expected an audio file'}")


def check_output(path: Path, *, overwrite: bool) -> None:
    """Check that ``--output`` can be written later.

    Parameters
    ----------
    path
        The file.
    overwrite
        Whether it may replace one.

    Raises
    ------
    InputError
        It has not the name of a project, or its folder is missing.
    StorageError
        It is there already, or its folder cannot be written into.
    """
    if path.suffix.lower() != ".rpp":
        raise InputError(f"--output {path}: expected a name that ends in .RPP, or a folder")
    if os.path.lexists(path) and not overwrite:
        raise StorageError(
            f"--output {path} exists already: give another name, or add --overwrite to replace it"
        )
    if not path.parent.is_dir():
        raise InputError(f"--output {path}: there is no folder {path.parent}: create it first")
    _check_writable("--output", path.parent)


def _check_writable(option: str, folder: Path) -> None:
    """Raises StorageError where a folder cannot be written into, or cannot be made."""
    there = next((place for place in (folder, *folder.parents) if place.exists()), folder)
    if there.exists() and not there.is_dir():
        raise InputError(f"{option} {folder}: {there} is a file: expected a folder")
    if there.exists() and not os.access(there, os.W_OK):
        raise StorageError(
            f"{option} {folder}: no permission to write into {there}: name another folder"
        )


def check_report(arguments: argparse.Namespace) -> None:
    """Check ``--report`` and ``--bounce`` together.

    Parameters
    ----------
    arguments
        The options of a command that has them.

    Raises
    ------
    InputError
        There is a bounce without a report, or the report's folder is a file.
    StorageError
        The folder cannot be written into.
    """
    if arguments.bounce and arguments.report is None:
        raise InputError(
            "--bounce adds audio to a report: name the folder of the report with --report DIR"
        )
    folder: Path | None = arguments.report
    if folder is not None and folder.exists() and not folder.is_dir():
        raise InputError(f"--report {folder} is a file: expected a folder")
    if folder is not None:
        _check_writable("--report", folder.absolute())
