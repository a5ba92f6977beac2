"""REAPER's resource folders on this computer, and whether it is running.

A resource folder holds ``reaper.ini``. There is the usual one of each system, Flatpak's, and that
of a portable installation, which lies beside REAPER itself; one computer may have several.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from reaper_drumgain.errors import InputError

INI = "reaper.ini"
SHOW_PATH = "REAPER shows it under Options, Show REAPER resource path in explorer/finder"
_FLATPAK = (".var", "app", "fm.reaper.Reaper", "config", "REAPER")
_ASKS_FOR_SECONDS = 10.0


def resource_folder(given: Path | None, *, prefer: str | None = None) -> Path:
    """The one resource folder that is meant.

    Parameters
    ----------
    given
        A folder that the user named. None to look for it.
    prefer
        Of several folders the one that holds this path is taken, if only one does.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        There is no such folder, or there are several.
    """
    if given is not None:
        if not given.is_dir():
            raise InputError(f"--resource-path {given} is no folder: {SHOW_PATH}")
        return given.resolve()
    found = found_folders()
    if prefer is not None:
        holding = [folder for folder in found if (folder / prefer).exists()]
        found = holding if len(holding) == 1 else found
    if not found:
        looked = ", ".join(str(folder) for folder in usual_folders())
        raise InputError(
            f"REAPER's resource folder was not found (looked for {INI} in {looked}, and beside "
            f"portable installations): start REAPER once, or name the folder with --resource-path; "
            f"{SHOW_PATH}"
        )
    if len(found) > 1:
        listed = "".join(f"\n  --resource-path {_quoted(folder)}" for folder in found)
        raise InputError(f"there is more than one REAPER on this computer: choose one with{listed}")
    return found[0]


def found_folders() -> list[Path]:
    """All resource folders that are found, those of running REAPERs first."""
    found: dict[Path, None] = {}
    beside = [path.parent for path in running() if path.is_absolute()]
    for folder in [*beside, *usual_folders(), *portable_folders()]:
        with contextlib.suppress(OSError):
            if (folder / INI).is_file():
                found[folder.resolve()] = None
    return list(found)


def usual_folders() -> Iterator[Path]:
    """Where REAPER keeps its resource folder on this system."""
    home = Path.home()
    if sys.platform == "win32":
        yield Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming") / "REAPER"
    elif sys.platform == "darwin":
        yield home / "Library" / "Application Support" / "REAPER"
    else:
        yield Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "REAPER"
        yield home.joinpath(*_FLATPAK)


def portable_folders() -> Iterator[Path]:
    """Folders where people put portable installations, if they hold one."""
    home = Path.home()
    roots = [home, home / "Desktop", home / "Documents", home / "Applications", home / "opt"]
    if sys.platform == "win32":
        names = ("SYSTEMDRIVE", "PROGRAMFILES", "PROGRAMFILES(X86)")
        roots += [Path(os.environ[name] + os.sep) for name in names if os.environ.get(name)]
    elif sys.platform == "darwin":
        roots += [Path("/Applications")]
    else:
        roots += [Path("/opt")]
    for root in roots:
        with contextlib.suppress(OSError):
            for folder in sorted(root.glob("[Rr][Ee][Aa][Pp][Ee][Rr]*")):
                if (folder / INI).is_file():
                    yield folder


def program(folder: Path) -> Path | None:
    """REAPER's program that uses a resource folder, None if it is not found."""
    candidates = [folder / "reaper.exe", folder / "reaper"]
    candidates += [folder / "REAPER.app" / "Contents" / "MacOS" / "REAPER"]
    if folder in [usual.resolve() for usual in usual_folders()]:
        if sys.platform == "win32":
            root = Path(os.environ.get("PROGRAMFILES", "C:\\Program Files"))
            candidates += [root / name / "reaper.exe" for name in ("REAPER (x64)", "REAPER")]
        elif sys.platform == "darwin":
            inside = Path("Contents", "MacOS", "REAPER")
            candidates += [Path("/Applications") / app / inside for app in ("REAPER.app",)]
        else:
            candidates += [root / "REAPER" / "reaper" for root in (Path("/opt"), Path.home())]
            candidates += [Path.home() / "opt" / "REAPER" / "reaper"]
    return next((path for path in [*candidates, *running()] if path.is_file()), None)


def running() -> list[Path]:
    """The programs of the REAPERs that run now."""
    if sys.platform.startswith("linux"):
        return list(_of_proc())
    command = ["ps", "-axo", "comm="]
    if sys.platform == "win32":
        command = ["tasklist", "/fo", "csv", "/nh", "/fi", "IMAGENAME eq reaper.exe"]
    try:
        done = subprocess.run(
            command, capture_output=True, check=False, timeout=_ASKS_FOR_SECONDS, text=True
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    lines = [line.strip() for line in done.stdout.splitlines()]
    if sys.platform == "win32":
        # the list gives no paths
        return [Path("reaper.exe") for line in lines if line.lower().startswith('"reaper.exe"')]
    return [Path(line) for line in lines if line.endswith("/MacOS/REAPER")]


def _of_proc() -> Iterator[Path]:
    for process in Path("/proc").glob("[0-9]*"):
        # other users' processes give nothing away
        with contextlib.suppress(OSError):
            path = (process / "exe").readlink()
            if path.name.lower() == "reaper":
                yield path


def _quoted(folder: Path) -> str:
    return f'"{folder}"' if " " in str(folder) else str(folder)
