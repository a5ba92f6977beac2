"""``drumgain install``: copy the actions and what they import to REAPER's resource folder."""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import importlib.util
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from reaper_drumgain import __version__, methods
from reaper_drumgain.cli import reaper_python, show
from reaper_drumgain.cli.reaper_python import THIS_PYTHON
from reaper_drumgain.errors import StorageError
from reaper_drumgain.hosts.installation import environment
from reaper_drumgain.hosts.installation.resource_folders import resource_folder
from reaper_drumgain.hosts.live.action_list import PREFIX, TITLES
from reaper_drumgain.hosts.live.copied_files import digest
from reaper_drumgain.hosts.live.setup import FILE_NAME, FOLDER, FORMAT
from reaper_drumgain.methods import user_models
from reaper_drumgain.schema.printable import printable

SUMMARY = "Put the actions into REAPER's resource folder."
EXAMPLES = (
    ("drumgain install --dry-run", "show what would be written"),
    ("drumgain install --set-python", "also tell REAPER which Python to load"),
)

#: what REAPER's own Python may import of the package: these folders and modules. They import
#: only each other, the standard library and reapy
BUNDLED_FOLDERS = ("schema", "tracks", "hosts/live")
BUNDLED_MODULES = ("__init__", "errors", "units", "hosts/__init__")
#: lists the files while they are copied; it stays where that was not finished
UNFINISHED = "unfinished.json"
#: the set-up file while it is written
PART = "setup.part"
_MAX_MANIFEST_BYTES = 1 << 20
_PACKAGE = Path(__file__).resolve().parents[1]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_resource_path(parser)
    parser.add_argument("--dry-run", action="store_true", help="only show what would be done")
    parser.add_argument(
        "--set-python",
        type=Path,
        nargs="?",
        const=THIS_PYTHON,
        metavar="LIBRARY",
        help="also write into reaper.ini which Python REAPER loads: this one, or that of the "
        "library LIBRARY (libpython3.12.so, python312.dll). REAPER must be closed; a backup is "
        "kept. Together with --dry-run: show what would change",
    )


def add_resource_path(parser: argparse.ArgumentParser) -> None:
    """Add the option that names REAPER's resource folder."""
    parser.add_argument(
        "--resource-path",
        type=Path,
        metavar="DIR",
        help="REAPER's resource folder (in REAPER: Options, Show REAPER resource path; of a "
        "portable installation the folder of REAPER itself); default: the one that is found",
    )


def run(arguments: argparse.Namespace) -> int:
    """Check the worker, copy the files, write the set-up and print the next steps."""
    resources = resource_folder(arguments.resource_path)
    folder = resources / Path(*FOLDER)
    reaper_python.check_own_python()
    files = dict(bundle())
    environment.check_interpreter(sys.executable)
    # before anything is written: this one may be refused
    ini = reaper_python.prepared(resources, arguments.set_python)
    if arguments.dry_run:
        for place in sorted(files):
            show.say(f"would write {printable(str(folder / place))}")
        show.say(f"would write {printable(str(folder / FILE_NAME))}, worker: {sys.executable}")
        if ini is not None:
            reaper_python.show(ini)
        return 0
    _install(folder, files)
    actions = sum(place.suffix == ".py" and len(place.parts) == 1 for place in files)
    show.say(f"installed {actions} actions in {printable(str(folder))}")
    show.say(f"worker: {printable(sys.executable)}")
    if environment.is_temporary(Path(sys.prefix)):
        show.complain(
            f"warning: the worker's environment {printable(sys.prefix)} is a temporary one (as of "
            "uvx or pipx run): the actions stop working when it is deleted. Install DrumGain "
            "with 'uv tool install' or 'pipx install', then run 'drumgain install' again"
        )
    if ini is not None:
        reaper_python.write(ini)
    else:
        reaper_python.tell(resources)
    show.say(_next_steps(files))
    return 0


def _install(folder: Path, files: dict[Path, Path]) -> None:
    """Copy the files and compile the modules, with a line on what takes long."""
    install(folder, files)
    if not environment.is_byte_compiled(sys.executable):
        show.say("compiling Python modules, once (up to a minute) ...", flush=True)
        environment.byte_compile()


def _next_steps(files: dict[Path, Path]) -> str:
    menu = next((place.name for place in files if place.suffix == ".lua"), None)
    if menu is not None:
        return (
            "next, once, in REAPER: Actions, Show action list, New action, Load ReaScript: choose\n"
            f"{menu} there and run it. 'drumgain doctor' checks the installation"
        )
    return (
        "next, once, in REAPER: Actions, Show action list, New action, Load ReaScript: choose the\n"
        f"{PREFIX} files there and give '{TITLES['balance_selected']}' a key.\n"
        "'drumgain doctor' checks the installation"
    )


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
        raise StorageError("the package python-reapy is missing: install DrumGain again")
    return Path(spec.origin).parent


def install(folder: Path, files: dict[Path, Path]) -> None:
    """Copy the files of an installation, then write its set-up file.

    Parameters
    ----------
    folder
        Where DrumGain's actions go.
    files
        By the place in this folder, the file that is copied there.

    Raises
    ------
    StorageError
        A file cannot be written.
    """
    setup = folder / FILE_NAME
    try:
        before = manifest(folder)
        made = made_folders(folder) or [
            name for name, each in (("Scripts", folder.parent),) if not each.exists()
        ]
        # an installation that ends here can be taken away, or done again, as a whole
        listed = sorted(place.as_posix() for place in before | set(files))
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / UNFINISHED
        unfinished.write_text(json.dumps({"files": listed, "made": made}), encoding="utf-8")
        # without the set-up no action starts while the copy is incomplete
        setup.unlink(missing_ok=True)
        for place, source in files.items():
            _copy(source, folder / place)
        gone = before - set(files)
        for place in gone:
            (folder / place).unlink(missing_ok=True)
        remove_empty(folder, gone)
        temporary = folder / PART
        temporary.write_text(json.dumps(_document(files, made), indent=1) + "\n", encoding="utf-8")
        temporary.replace(setup)
        unfinished.unlink()
    except OSError as error:
        raise StorageError(f"{folder}: the actions cannot be written there: {error}") from error


def _copy(source: Path, target: Path) -> None:
    """Copy a file, unless it is there already: then what was compiled from it stays good."""
    content = source.read_bytes()
    with contextlib.suppress(OSError):
        if target.read_bytes() == content:
            return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def remove_empty(folder: Path, places: Iterable[Path]) -> None:
    """Remove those folders of these files that are empty now, and byte code in them.

    Raises OSError.
    """
    parents = {folder / parent for place in places for parent in place.parents}
    for parent in sorted(parents, key=lambda path: -len(path.parts)):
        # what REAPER's Python compiled of modules that are gone
        for compiled in (parent / "__pycache__").glob("*.pyc"):
            source = parent / (compiled.name.partition(".")[0] + ".py")
            if not source.exists():
                compiled.unlink()
        for each in (parent / "__pycache__", parent):
            if each.is_dir() and not any(each.iterdir()):
                each.rmdir()


def _document(files: dict[Path, Path], made: list[str]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": __version__,
        "interpreter": sys.executable,
        "methods": [[entry.name, entry.summary] for entry in methods.METHODS],
        "models": str(user_models.models_folder()),
        "made": made,
        "files": sorted(place.as_posix() for place in files),
        "digests": {
            place.as_posix(): digest(source.read_bytes()) for place, source in files.items()
        },
    }


def manifest(folder: Path) -> set[Path]:
    """The files of an earlier installation; paths outside of the folder are left out."""
    named = [Path(name) for name in _earlier(folder, "files")]
    return {place for place in named if not place.is_absolute() and ".." not in place.parts}


def made_folders(folder: Path) -> list[str]:
    """Which of the folders above the installation were not there before it."""
    return [name for name in _earlier(folder, "made") if name == folder.parent.name]


def _earlier(folder: Path, key: str) -> list[str]:
    """A list in the set-up of an earlier installation, or in what one left that was not finished.

    Empty where there is none.
    """
    names: list[str] = []
    for each in (FILE_NAME, UNFINISHED):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            with (folder / each).open("rb") as file:
                document = json.loads(file.read(_MAX_MANIFEST_BYTES))
            names += [str(name) for name in document[key]]
    return names
