"""The Python library that REAPER loads: found for this Python, and judged.

REAPER loads a Python as a library into itself. Its preferences name the folder and the exact file
name. Any Python of the right version will do: DrumGain need not be installed in it, because the
actions bring what they import.
"""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

from reaper_drumgain.hosts.installation.binary_header import architectures, own_architecture

#: the Pythons for which the actions are made; as in ``pyproject.toml`` and in each action
OLDEST, NEWEST = (3, 11), (3, 14)
VERSIONS = "3.11, 3.12, 3.13 or 3.14"
#: loading takes far under a second; a slow disk is no fault
_LOADS_WITHIN_S = 60.0
_NAME = re.compile(r"python(\d)\.?(\d+)", re.IGNORECASE)
#: the first Python that finds its modules by the place of its library, wherever that was moved
_FINDS_ITSELF = (3, 14)
STORE = (
    "this is the Python of the Microsoft Store: REAPER cannot load it, and files that it writes "
    "under AppData do not reach REAPER. Install Python from https://www.python.org/downloads/ and "
    "install DrumGain again with that one ('py -m pip' or 'pipx install --python')"
)


@dataclass(frozen=True, slots=True)
class Library:
    """A Python library.

    Attributes
    ----------
    path
        Its file.
    version
        Major and minor version; None where the file's name does not say them.
    architectures
        The processors that it was built for.
    """

    path: Path
    version: tuple[int, int] | None
    architectures: tuple[str, ...]

    @property
    def folder(self) -> str:
        """What belongs into REAPER's field "Custom path to Python dll directory"."""
        return str(self.path.parent)

    @property
    def file(self) -> str:
        """What belongs into REAPER's field "Force ReaScript to use specific Python .dll"."""
        return self.path.name

    def __str__(self) -> str:
        version = "unknown version" if self.version is None else "{}.{}".format(*self.version)
        built_for = " and ".join(self.architectures) or "no known processor"
        return f"Python {version} for {built_for}"


def own_library() -> Library | None:
    """The library of the Python that runs this, or of the one that its environment is based on.

    Returns None if that Python was built without one.
    """
    config: Callable[[str], Any] = sysconfig.get_config_var
    for path in candidates(sys.platform, Path(sys.base_prefix), sys.version_info[:2], config):
        try:
            if path.is_file() and architectures(path):
                return Library(path, sys.version_info[:2], architectures(path))
        except OSError:
            continue
    return None


def candidates(
    platform: str, prefix: Path, version: tuple[int, int], config: Callable[[str], Any]
) -> Iterator[Path]:
    """Where the library of a Python may be, the likeliest first.

    Parameters
    ----------
    platform
        As in ``sys.platform``.
    prefix
        The base prefix of that Python.
    version
        Major and minor version.
    config
        Its ``sysconfig.get_config_var``.

    Yields
    ------
    Path
        A file that need not exist.
    """
    major, minor = version
    if platform == "win32":
        yield prefix / f"python{major}{minor}.dll"
        return
    ending = "dylib" if platform == "darwin" else "so"
    names = [f"libpython{major}.{minor}.{ending}"]
    if platform != "darwin":
        # the name without a number may belong to a package for developers alone
        names.insert(0, f"libpython{major}.{minor}.so.1.0")
        names += [name for key in ("INSTSONAME", "LDLIBRARY") if (name := _text(config(key)))]
    folders = [prefix / "lib"]
    libraries, triplet = _text(config("LIBDIR")), _text(config("MULTIARCH"))
    if libraries:
        folders.append(Path(libraries))
        if triplet:
            folders.append(Path(libraries, triplet))
    if triplet:
        folders.append(prefix / "lib" / triplet)
    folders.append(prefix / "lib64")
    for name in names:
        for folder in folders:
            if Path(name).suffix != ".a":
                yield folder / name


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def read(path: Path) -> Library:
    """A library by its file. Raises OSError if that cannot be read."""
    return Library(
        path, version_of(path.resolve().name) or version_of(path.name), architectures(path)
    )


def version_of(name: str) -> tuple[int, int] | None:
    """The version that a file's name says: ``libpython3.12.so.1.0``, ``python312.dll``."""
    found = _NAME.search(name)
    return (int(found[1]), int(found[2])) if found else None


def is_right(version: tuple[int, int]) -> bool:
    """Whether the actions are made for this version."""
    return OLDEST <= version <= NEWEST


def is_store(prefix: str) -> bool:
    """Whether this is the prefix or a file of a Python from the Microsoft Store."""
    parts = [part.lower() for part in PureWindowsPath(prefix).parts]
    return "windowsapps" in parts or any("pythonsoftwarefoundation" in part for part in parts)


def forgets_its_home(library: Library, prefix: Path, platform: str = sys.platform) -> bool:
    """Whether the library would look for its modules at a place where they are not.

    Up to 3.13, on Linux and macOS, a library inside another program starts with the prefix that
    was compiled into it (``Modules/getpath.py``). A Python that was moved after it was built, as
    those that uv downloads, then ends that program.

    Parameters
    ----------
    library
        The library.
    prefix
        Where its Python is now.
    platform
        As in ``sys.platform``.

    Returns
    -------
    bool
        False also where that cannot be told.
    """
    if platform == "win32" or library.version is None or library.version >= _FINDS_ITSELF:
        return False
    if "Python.framework" in library.path.parts or "Python.framework" in str(library.path):
        return False
    try:
        content = library.path.read_bytes()
    except OSError:
        return False
    prefixes = {str(prefix), str(prefix.resolve())}
    return not any(b"\0" + each.encode() + b"\0" in content for each in prefixes)


def load_problem(library: Library) -> str | None:
    """Why this computer cannot load a library, as one that was cut; None if it can.

    A process of its own tries it, because such a library may end the process. A library for
    another processor is not tried.
    """
    if own_architecture() not in library.architectures:
        return None
    load = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", load, str(library.path)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LOADS_WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode == 0:
        return None
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return said[-1][:300] if said else "it crashes the process that loads it, so it is damaged"


def how_to_get_one(platform: str = sys.platform, version: tuple[int, int] | None = None) -> str:
    """What to do where this Python has no library."""
    number = "{}.{}".format(*(version or sys.version_info[:2]))
    if platform == "win32":
        return "install Python from https://www.python.org/downloads/"
    if platform == "darwin":
        return "install Python from https://www.python.org/downloads/ or with 'brew install python'"
    return (
        f"install it from your system (Debian, Ubuntu: 'sudo apt install libpython{number}'; "
        "Fedora: python3-libs; Arch: python), or build Python with --enable-shared (pyenv: "
        f"'PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install {number}')"
    )
