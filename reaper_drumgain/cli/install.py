"""``drumgain install``: copy the actions and what they import to REAPER's resource folder."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reaper_drumgain import __version__, methods
from reaper_drumgain.errors import InputError, StorageError
from reaper_drumgain.hosts.live.action_list import PREFIX, TITLES
from reaper_drumgain.hosts.live.setup import FILE_NAME, FOLDER, FORMAT
from reaper_drumgain.schema.printable import printable

SUMMARY = "Put the actions into REAPER's resource folder."

#: what REAPER's own Python may import of the package: these folders and modules. They import
#: only each other, the standard library and reapy
BUNDLED_FOLDERS = ("schema", "tracks", "hosts/live")
BUNDLED_MODULES = ("__init__", "errors", "units", "hosts/__init__")
_MAX_MANIFEST_BYTES = 1 << 20
_PACKAGE = Path(__file__).resolve().parents[1]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_resource_path(parser)
    parser.add_argument("--dry-run", action="store_true", help="only show what would be done")


def add_resource_path(parser: argparse.ArgumentParser) -> None:
    """Add the option that names REAPER's resource folder."""
    parser.add_argument(
        "--resource-path",
        type=Path,
        metavar="DIR",
        help="REAPER's resource folder (in REAPER: Options, Show REAPER resource path); "
        "default: the usual one of this system",
    )


def run(arguments: argparse.Namespace) -> int:
    """Check the worker, copy the files, write the set-up and print the next steps."""
    folder = resource_folder(arguments.resource_path) / Path(*FOLDER)
    files = dict(bundle())
    _check_interpreter()
    if arguments.dry_run:
        for place in sorted(files):
            print(f"would write {printable(str(folder / place))}")
        print(f"would write {printable(str(folder / FILE_NAME))}, worker: {sys.executable}")
        return 0
    install(folder, files)
    actions = sum(place.suffix == ".py" and len(place.parts) == 1 for place in files)
    print(f"installed {actions} actions in {printable(str(folder))}")
    print(f"worker: {printable(sys.executable)}")
    print(
        "next, once, in REAPER: switch Python on (Preferences, Plug-ins, ReaScript), then\n"
        "Actions, Show action list, New action, Load ReaScript: choose the DrumGain_ files there\n"
        f"and give '{TITLES['balance_selected']}' a key"
    )
    return 0


def resource_folder(given: Path | None) -> Path:
    """REAPER's resource folder. Raises InputError if it is not found."""
    if given is not None:
        if not given.is_dir():
            raise InputError(f"--resource-path {given} is no folder")
        return given.resolve()
    usual = list(usual_folders())
    for folder in usual:
        if (folder / "reaper.ini").is_file():
            return folder
    looked = ", ".join(str(folder) for folder in usual)
    raise InputError(
        f"REAPER's resource folder was not found (looked for reaper.ini in {looked}): in REAPER, "
        "Options, Show REAPER resource path shows it; name it with --resource-path"
    )


def usual_folders() -> Iterator[Path]:
    """The usual resource folders of REAPER on this system."""
    home = Path.home()
    if sys.platform == "win32":
        yield Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming") / "REAPER"
    elif sys.platform == "darwin":
        yield home / "Library" / "Application Support" / "REAPER"
    else:
        yield Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "REAPER"


def actions_folder() -> Path:
    """The folder of the actions, in an installed wheel or in a checkout."""
    installed = _PACKAGE / "_actions"
    return installed if installed.is_dir() else _PACKAGE.parent / "actions"


def bundle() -> Iterator[tuple[Path, Path]]:
    """The files to copy, as (path within the folder, source file). Raises StorageError if
    python-reapy is missing."""
    for action in sorted(actions_folder().glob(f"{PREFIX}*")):
        yield Path(action.name), action
    for part in sorted((actions_folder() / "menu").glob("*.lua")):
        yield Path("menu", part.name), part
    own = Path("lib", "reaper_drumgain")
    for name in BUNDLED_MODULES:
        yield own / f"{name}.py", _PACKAGE / f"{name}.py"
    for folder in BUNDLED_FOLDERS:
        for module in sorted((_PACKAGE / folder).glob("*.py")):
            yield own / folder / module.name, module
    reapy = _reapy_folder()
    for module in sorted(reapy.rglob("*.py")):
        yield Path("lib", "reapy") / module.relative_to(reapy), module
    for file in importlib.metadata.files("python-reapy") or ():
        if file.name.upper().startswith(("LICENSE", "METADATA")):
            # its licence requires a copy
            yield Path("lib", "reapy", file.name), Path(str(file.locate()))


def _reapy_folder() -> Path:
    # not imported: outside REAPER reapy looks for a server
    spec = importlib.util.find_spec("reapy")
    if spec is None or spec.origin is None:
        raise StorageError("python-reapy is not installed beside DrumGain: install DrumGain again")
    return Path(spec.origin).parent


def _check_interpreter() -> None:
    """Raises StorageError if this interpreter does not find the package in isolated mode."""
    command = [sys.executable, "-I", "-c", "import reaper_drumgain.worker"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise StorageError(
            f"{sys.executable} does not find DrumGain in isolated mode (as with 'pip install "
            "--user'): install it in a virtual environment or with pipx, and run this again"
        )


def install(folder: Path, files: dict[Path, Path]) -> None:
    """Copy the files, then write the set-up file. Raises StorageError if that fails."""
    setup = folder / FILE_NAME
    try:
        before = manifest(folder)
        # without the set-up no action starts while the copy is incomplete
        setup.unlink(missing_ok=True)
        for place, source in files.items():
            target = folder / place
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
        for place in before - set(files):
            (folder / place).unlink(missing_ok=True)
        temporary = setup.with_suffix(".part")
        temporary.write_text(json.dumps(_document(files), indent=1) + "\n", encoding="utf-8")
        temporary.replace(setup)
    except OSError as error:
        raise StorageError(f"{folder}: the actions cannot be written there: {error}") from error


def _document(files: dict[Path, Path]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": __version__,
        "interpreter": sys.executable,
        "methods": [[entry.name, entry.summary] for entry in methods.METHODS],
        "files": sorted(place.as_posix() for place in files),
    }


def manifest(folder: Path) -> set[Path]:
    """The files of an earlier installation; paths outside of the folder are left out."""
    try:
        with (folder / FILE_NAME).open("rb") as file:
            document = json.loads(file.read(_MAX_MANIFEST_BYTES))
        named = [Path(str(name)) for name in document["files"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()
    return {place for place in named if not place.is_absolute() and ".." not in place.parts}
