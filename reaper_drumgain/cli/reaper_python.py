"""The part of ``drumgain install`` that is about the Python which REAPER loads."""

from __future__ import annotations

import difflib
import sys
from dataclasses import dataclass
from pathlib import Path

from reaper_drumgain.cli.show import say
from reaper_drumgain.errors import ConflictError, InputError, StorageError
from reaper_drumgain.hosts.installation import python_library, reaper_ini, resource_folders
from reaper_drumgain.hosts.installation.python_library import Library
from reaper_drumgain.schema.printable import printable

#: ``--set-python`` without a library
THIS_PYTHON = Path()
#: the fields of REAPER's preferences, as REAPER writes them
PREFERENCES = "Options, Preferences, Plug-ins, ReaScript"
_FOLDER_FIELD = "Custom path to Python dll directory"


def file_field(platform: str = sys.platform) -> str:
    """The name of the field for the library's file name."""
    ending = {"win32": "dll", "darwin": "dylib"}.get(platform, "so")
    return f"Force ReaScript to use specific Python .{ending}"


@dataclass(frozen=True, slots=True)
class IniChange:
    """What ``--set-python`` is to change in a ``reaper.ini``.

    Attributes
    ----------
    path
        The file.
    old, new
        Its content before and after.
    library
        The Python library that REAPER is to load.
    """

    path: Path
    old: bytes
    new: bytes
    library: Library


def check_own_python() -> None:
    """Check that REAPER sees the files of this Python.

    Raises
    ------
    InputError
        It is Python of the Microsoft Store, which REAPER does not see.
    """
    if python_library.is_store(sys.base_prefix) or python_library.is_store(sys.executable):
        raise InputError(python_library.STORE)


def prepared(resources: Path, asked: Path | None) -> IniChange | None:
    """The change that ``--set-python`` asks for.

    Parameters
    ----------
    resources
        REAPER's resource folder.
    asked
        The library that the option names, ``THIS_PYTHON`` for none, None without the option.

    Returns
    -------
    IniChange or None
        None without the option.

    Raises
    ------
    InputError
        REAPER cannot use the library, or there is no ``reaper.ini``.
    ConflictError
        REAPER is running.
    """
    if asked is None:
        return None
    library = _library(asked)
    path = resources / resource_folders.INI
    if not path.is_file():
        raise InputError(f"{path} is not there: start REAPER once, close it, and try again")
    old = reaper_ini.read(path)
    change = IniChange(path, old, reaper_ini.with_python(old, library), library)
    running = resource_folders.running()
    if running and change.new != old:
        raise ConflictError(
            f"REAPER is running ({running[0]}) and would overwrite reaper.ini when it closes: "
            f"close it and try again. {change.path} is unchanged"
        )
    return change


def _library(asked: Path) -> Library:
    if asked == THIS_PYTHON:
        library = python_library.own_library()
        if library is None:
            raise InputError(
                f"the Python in {sys.base_prefix} has no library file that REAPER can load: "
                f"{python_library.how_to_get_one()}. Or name another library: --set-python LIBRARY"
            )
    else:
        try:
            library = python_library.read(asked.absolute())
        except OSError as error:
            raise InputError(
                f"--set-python {asked} cannot be read: {error.strerror or error}. Expected the "
                "file of a library, like libpython3.12.so or python312.dll"
            ) from error
    problem = _problem(library, own=asked == THIS_PYTHON)
    if problem is not None:
        raise InputError(f"{library.path}: {problem}")
    return library


def _problem(library: Library, *, own: bool) -> str | None:
    """Why REAPER should not load a library, None if it may."""
    if not library.architectures:
        return "this is not a library that a program can load"
    if python_library.is_store(str(library.path)):
        return python_library.STORE
    if library.version is None or not python_library.is_right(library.version):
        return f"{library}: DrumGain's actions need Python {python_library.VERSIONS}"
    if own and python_library.forgets_its_home(library, Path(sys.base_prefix)):
        return _MOVED
    if any(character in library.folder + library.file for character in "\r\n"):
        return "a path with a line break cannot be written into reaper.ini"
    if sys.platform == "win32" and not f"{library.folder}{library.file}".isascii():
        # in which code page REAPER reads the file is not known
        return "its path has characters beyond ASCII: enter it in REAPER's preferences by hand"
    return None


_MOVED = (
    "inside REAPER this Python does not find its own modules, because it was moved after it was "
    "built (like those that uv downloads, up to 3.13), and REAPER would crash. Use the Python of "
    f"your system or of https://www.python.org/downloads/ ({python_library.VERSIONS}; it need not "
    "be the one in which DrumGain is installed): 'drumgain install --set-python LIBRARY'"
)


def show(change: IniChange) -> None:
    """Print what would change in ``reaper.ini``."""
    if change.old == change.new:
        say(f"{printable(str(change.path))} already names {change.library}")
        return
    say(f"would change {printable(str(change.path))}:")
    old, new = (
        content.decode("utf-8", "backslashreplace").splitlines()
        for content in (change.old, change.new)
    )
    for line in difflib.unified_diff(old, new, "before", "after", lineterm="", n=1):
        print(printable(line))


def write(change: IniChange) -> None:
    """Write ``reaper.ini`` and say so."""
    if change.old == change.new:
        say(f"REAPER already loads {change.library}: {printable(str(change.path))} is unchanged")
        return
    try:
        backup = reaper_ini.write(change.path, change.old, change.new)
    except (StorageError, ConflictError) as error:
        raise type(error)(f"the actions are installed, but {error}") from error
    say(f"REAPER will load {change.library} when it starts the next time")
    say(f"changed {printable(str(change.path))}; backup: {printable(str(backup))}")


def tell(resources: Path) -> None:
    """Print which Python REAPER loads, and what to enter in its preferences where that is not
    right."""
    used = _used(resources)
    if used is not None:
        say(f"REAPER loads {used} ({printable(str(used.path))}), which works with DrumGain")
        return
    library = python_library.own_library()
    if library is None:
        say(
            "REAPER loads Python as a library, and this Python was built without one: "
            f"{python_library.how_to_get_one()}. Then run 'drumgain install --set-python LIBRARY'"
        )
        return
    problem = _problem(library, own=True)
    if problem is not None:
        say(f"REAPER cannot use the Python of this environment ({library.path}): {problem}")
        return
    width = max(len(_FOLDER_FIELD), len(file_field())) + 1
    say(
        f"the Python for REAPER is {library}. In REAPER: {PREFERENCES},\n"
        "tick 'Enable Python for use with ReaScript' and enter\n"
        f"  {_FOLDER_FIELD + ':':<{width}} {printable(library.folder)}\n"
        f"  {file_field() + ':':<{width}} {printable(library.file)}\n"
        "then restart REAPER. Or close REAPER and run 'drumgain install --set-python'"
    )


def _used(resources: Path) -> Library | None:
    """The library that REAPER's preferences name, None if it is not one that fits."""
    try:
        lines = reaper_ini.python_lines(reaper_ini.read(resources / resource_folders.INI))
        if lines.enabled != "1" or not lines.folder or not lines.file:
            return None
        library = python_library.read(Path(lines.folder, lines.file))
    except (OSError, InputError, StorageError, ValueError):
        return None
    return library if _problem(library, own=False) is None else None
