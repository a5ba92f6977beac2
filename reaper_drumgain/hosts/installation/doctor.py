"""Checks every link between a key press in REAPER and the worker's answer.

``examine`` gives a ``Check`` for each link, in the order of the chain: REAPER's folder, its
Python, the copied actions (this module), then the worker's Python, its packages, the folders that
it writes, and a small balance (``worker_checks``). Each says what was found and, where it is not
as it should be, what to do. Nothing is changed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reaper_drumgain.errors import DrumGainError, HostError
from reaper_drumgain.hosts.installation import (
    binary_header,
    python_library,
    reaper_ini,
    resource_folders,
)
from reaper_drumgain.hosts.live import copied_files
from reaper_drumgain.hosts.live.action_list import MENU_FILE, PREFIX
from reaper_drumgain.hosts.live.setup import FILE_NAME, FOLDER, Setup, read_setup

State = Literal["ok", "warning", "broken", "not checked"]
INSTALL = "run 'drumgain install' in a terminal, then restart REAPER"
_ENTER = (
    "run 'drumgain install' in a terminal: it prints what to enter in REAPER under Options, "
    "Preferences, Plug-ins, ReaScript ('--set-python' writes it while REAPER is closed). Then "
    "restart REAPER"
)
_FIELDS = "Custom path to Python dll directory"
_KEYS = "reaper-kb.ini"
_MAX_KEYS_BYTES = 64 << 20
#: an entry of the action list: flags, section, id, description, path
_SCRIPT = re.compile(
    rb'^SCR \d+ \d+ \S+ (?:"[^"]*"|\'[^\']*\'|`[^`]*`|\S+) (.+?)\s*$', re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Check:
    """One link of the chain from REAPER to the worker.

    Attributes
    ----------
    name
        What is checked.
    state
        How it is.
    found
        What was found.
    advice
        What to do about it.
    """

    name: str
    state: State
    found: str
    advice: str = ""


def ok(name: str, found: str) -> Check:
    """A link that is as it should be."""
    return Check(name, "ok", found)


def examine(given: Path | None) -> Iterator[Check]:
    """Check the chain. ``given``: REAPER's resource folder, None to look for it."""
    from reaper_drumgain.hosts.installation import worker_checks

    name = "REAPER's resource folder"
    setup: Setup | None = None
    try:
        prefer = "/".join((*FOLDER, FILE_NAME))
        folder = resource_folders.resource_folder(given, prefer=prefer)
    except DrumGainError as error:
        found = str(error).removeprefix(f"{name} ")
        yield Check(name, "broken", found, "name it with --resource-path")
    else:
        yield _folder(name, folder)
        yield from _python(folder)
        check, setup = _setup(folder)
        yield check
        yield _files(folder)
        yield _action_list(folder)
    if setup is None:
        yield Check("the worker", "not checked", "it is not known which Python to use", INSTALL)
        return
    yield from worker_checks.examine(setup)


def _folder(name: str, folder: Path) -> Check:
    ini = folder / resource_folders.INI
    if not ini.is_file():
        return Check(
            name,
            "broken",
            f"{folder} has no {resource_folders.INI}, so no REAPER has run with this folder",
            f"start REAPER once, or name the right folder with --resource-path; "
            f"{resource_folders.SHOW_PATH}",
        )
    for place in (folder, folder.joinpath(*FOLDER)):
        if place.is_dir() and not os.access(place, os.W_OK):
            return Check(
                name,
                "warning",
                f"{place} cannot be written: REAPER forgets settings, 'drumgain install' fails",
                "give your user write permission there, or move a portable REAPER to your own "
                "folder",
            )
    return ok(name, str(folder))


def _python(folder: Path) -> Iterator[Check]:
    """Whether REAPER's preferences name a Python that it can load."""
    name = "Python in REAPER's preferences"
    ini = folder / resource_folders.INI
    try:
        lines = reaper_ini.python_lines(reaper_ini.read(ini))
    except DrumGainError as error:
        advice = "start REAPER once, so that it writes the file"
        if ini.exists() and not os.access(ini, os.R_OK):
            advice = "give your user permission to read and write this file"
        yield Check(name, "broken", str(error), advice)
        return
    if lines.enabled != "1":
        found = "switched off" if lines.enabled is not None else "never enabled"
        yield Check(name, "broken", f"Python is {found} for ReaScript", _ENTER)
    elif lines.folder or lines.file:
        yield ok(name, "Python is switched on for ReaScript")
    if not lines.folder or not lines.file:
        missing = _FIELDS if not lines.folder else "Force ReaScript to use specific Python"
        which = "names no Python" if not (lines.folder or lines.file) else f"{missing!r} is empty"
        yield Check(
            "Python library",
            "warning",
            f"{resource_folders.INI}: {which}: REAPER searches for a Python by itself and may "
            "find the wrong one",
            _ENTER,
        )
        return
    yield _library(folder, lines.folder, lines.file)


def _library(resources: Path, folder: str, file: str) -> Check:
    name = "Python library"
    path = Path(folder, file)
    if Path(file).name != file:
        return Check(
            name, "broken", f"{file!r} includes a folder: enter the file name alone", _ENTER
        )
    if python_library.is_store(str(path)):
        return Check(
            name, "broken", f"{path}: Microsoft Store", f"{python_library.STORE}. {_ENTER}"
        )
    try:
        library = python_library.read(path)
    except (OSError, ValueError) as error:
        why = (
            "is not there" if isinstance(error, FileNotFoundError) else f"cannot be read ({error})"
        )
        return Check(name, "broken", f"{path} {why}", _ENTER)
    if not library.architectures:
        return Check(name, "broken", f"{path} is not a library that REAPER can load", _ENTER)
    problem = _wrong_processor(resources, library)
    if problem is not None:
        return Check(
            name,
            "broken",
            f"{path} is {library}, {problem}",
            f"install a Python for REAPER's processor, of version {python_library.VERSIONS}. "
            f"{_ENTER}",
        )
    if library.version is None:
        return Check(name, "warning", f"the version of {path} cannot be found out", _ENTER)
    if not python_library.is_right(library.version):
        wanted = f"DrumGain's actions need Python {python_library.VERSIONS}"
        return Check(name, "broken", f"{path} is {library}. {wanted}", _ENTER)
    problem = python_library.load_problem(library)
    if problem is not None:
        return Check(
            name,
            "broken",
            f"{path} cannot be loaded: {problem}",
            f"install that Python again, or name another one: {_ENTER}",
        )
    prefix = path.resolve().parent.parent
    if python_library.forgets_its_home(library, prefix) and not _system(path):
        return Check(
            name,
            "warning",
            f"{path} may not find its own modules within REAPER, because it was built for another "
            "folder",
            "if REAPER crashes at the first script, use the Python of your system or of "
            f"python.org. {_ENTER}",
        )
    return ok(name, f"{path}: {library}")


def _system(path: Path) -> bool:
    """Whether this is a library of the system's own Python, whose prefix lies higher up."""
    return path.is_relative_to("/usr") and not path.is_relative_to("/usr/local")


def _wrong_processor(resources: Path, library: python_library.Library) -> str | None:
    program = resource_folders.program(resources)
    wanted: tuple[str, ...] = (binary_header.own_architecture(),)
    owner = "this computer's is"
    if program is not None:
        try:
            wanted = binary_header.architectures(program) or wanted
            owner = f"REAPER ({program}) is for"
        except OSError:
            pass
    if set(wanted) & set(library.architectures):
        return None
    if program is None and not wanted[0]:
        return None
    return f"{owner} {' and '.join(wanted)}"


def _action_list(folder: Path) -> Check:
    """Whether REAPER's action list has an entry of DrumGain, and its file is there."""
    name = "the actions in REAPER's action list"
    load = (
        f"in REAPER: Actions, Show action list, New action, Load ReaScript: choose {MENU_FILE} in "
        f"{folder.joinpath(*FOLDER)} and run it: it loads the other actions"
    )
    try:
        with (folder / _KEYS).open("rb") as file:
            content = file.read(_MAX_KEYS_BYTES)
    except FileNotFoundError:
        content = b""
    except OSError as error:
        return Check(name, "warning", f"{folder / _KEYS} cannot be read: {error}", load)
    scripts = folder / "Scripts"
    entries = [_path(found, scripts) for found in _SCRIPT.findall(content)]
    ours = [path for path in entries if "drumgain" in path.name.lower()]
    if not ours:
        return Check(
            name,
            "warning",
            "none is loaded (REAPER stores its list of actions when it closes)",
            load,
        )
    gone = [path for path in ours if not path.is_file()]
    if len(gone) == len(ours):
        return Check(name, "broken", f"{gone[0]} is not there any more", f"{INSTALL}; then {load}")
    if gone:
        return Check(name, "warning", f"{gone[0]} is not there any more", f"remove it, or {load}")
    return ok(name, f"{len(ours)} loaded")


def _path(written: bytes, scripts: Path) -> Path:
    text = written.decode("utf-8", "surrogateescape").strip().strip("\"'`")
    return scripts / text


def _setup(folder: Path) -> tuple[Check, Setup | None]:
    name = "DrumGain's set-up"
    try:
        setup = read_setup(str(folder))
    except HostError as error:
        return Check(name, "broken", str(error), INSTALL), None
    return ok(name, str(folder.joinpath(*FOLDER, FILE_NAME))), setup


def _files(folder: Path) -> Check:
    name = "the copied files"
    places = copied_files.differing(str(folder))
    if places:
        named = ", ".join(places[:3]) + (f" and {len(places) - 3} more" if places[3:] else "")
        return Check(name, "broken", f"missing or changed: {named}", INSTALL)
    setup = folder.joinpath(*FOLDER, FILE_NAME)
    try:
        installed = set(json.loads(setup.read_bytes())["digests"])
        there = sorted(each.name for each in setup.parent.glob(f"{PREFIX}*"))
    except (OSError, ValueError, KeyError, TypeError):
        return Check(name, "warning", "the set-up file does not list them", INSTALL)
    others = [each for each in there if each not in installed]
    if others:
        more = f" and {len(others) - 3} more" if others[3:] else ""
        return Check(
            name,
            "warning",
            f"not of this version of DrumGain: {', '.join(others[:3])}{more}",
            f"remove them from REAPER's action list and delete them in {setup.parent}",
        )
    return ok(name, f"all {len(installed)} files are as installed")
