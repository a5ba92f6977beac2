"""The project that a path on the command line means."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence
from glob import glob
from pathlib import Path

from reaper_drumgain.cli.parser import close_to, did_you_mean
from reaper_drumgain.errors import InputError, ProjectError
from reaper_drumgain.hosts import rpp

_SUFFIX = ".rpp"
_MOST_TOLD = 5


def project_path(text: str) -> Path:
    """The project file that is meant: ``song`` stands for ``song.RPP``, in any letter case.

    A file or folder of exactly this name comes first, but a folder only where no project has the
    name. Raises ProjectError with similar names where nothing is found.
    """
    return _meant(Path(text), folders=False)


def project_or_folder(text: str) -> Path:
    """As ``project_path``; a folder of that very name counts first."""
    return _meant(Path(text), folders=True)


def open_project(path: Path) -> rpp.ProjectFile:
    """The project in a file, or one made of a folder."""
    if not path.is_dir():
        return rpp.read_project(path)
    from reaper_drumgain.balance.folders import open_folder

    return open_folder(path)


def spread(paths: Sequence[Path]) -> list[Path]:
    """Resolve patterns like ``Songs/*.RPP``, which PowerShell leaves to programs.

    Parameters
    ----------
    paths
        Files, folders and patterns.

    Returns
    -------
    list
        Files and folders.

    Raises
    ------
    InputError
        A pattern or path finds nothing; the message has similar names.
    """
    found: list[Path] = []
    for path in paths:
        matching = [] if os.path.lexists(path) else sorted(map(Path, glob(str(path))))  # noqa: PTH207
        if not matching and not os.path.lexists(path):
            names = os.listdir(path.parent) if path.parent.is_dir() else []  # noqa: PTH208
            hint = did_you_mean(path.name, names)
            raise InputError(f"{path}: no such file or folder{'. ' + hint if hint else ''}")
        found += matching or [path]
    return found


def _meant(path: Path, *, folders: bool) -> Path:
    there: os.stat_result | None = None
    names: list[str] = []
    # not exists(), which says of a name that is too long, or a link to itself, only that it is not
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, ValueError):
        there = path.stat()
    if there is not None and (folders or not stat.S_ISDIR(there.st_mode)):
        _refuse_audio(path)
        return path
    with contextlib.suppress(OSError, ValueError):
        names = [found.name for found in path.parent.iterdir()]
    folded = path.name.casefold()
    meant = [name for name in names if name.casefold() == folded + _SUFFIX]
    meant = meant or [name for name in names if name.casefold() == folded]
    if path.name and len(meant) == 1 and not (path.parent / meant[0]).is_dir():
        return path.parent / meant[0]
    if there is not None:
        return path
    raise ProjectError(f"cannot read {path}: {_why(path, names, meant)}")


def _refuse_audio(path: Path) -> None:
    if path.suffix.casefold() in ("", _SUFFIX):
        return
    from reaper_drumgain.balance.folders import SUFFIXES

    if path.suffix.casefold() in SUFFIXES and path.is_file():
        raise ProjectError(
            f"{path} is an audio file: expected a project (.RPP), or a folder with one audio file "
            f"for each track, like {path.parent}"
        )


def _why(path: Path, names: list[str], meant: list[str]) -> str:
    if not path.parent.is_dir():
        return f"No such file or directory: there is no folder {path.parent}"
    why = "No such file or directory"
    if len(meant) > 1:
        return f"{why}: which one is meant, {' or '.join(sorted(meant))}?"
    projects = [name for name in names if name.casefold().endswith(_SUFFIX)]
    stems = {Path(name).stem: name for name in projects}
    near = [stems[stem] for stem in close_to(Path(path.name).stem, stems)]
    if near:
        return f"{why}. Did you mean {' or '.join(map(repr, near))}?"
    if projects:
        more = ", ..." if len(projects) > _MOST_TOLD else ""
        return f"{why}; the projects there are {', '.join(sorted(projects)[:_MOST_TOLD])}{more}"
    return (
        f"{why}, and no project (.RPP) is in {path.parent.absolute()}: change to the folder of "
        "the project first"
    )
