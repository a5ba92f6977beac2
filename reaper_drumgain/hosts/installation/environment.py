"""The environment that DrumGain is installed in, from which the worker runs."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from reaper_drumgain.errors import StorageError
from reaper_drumgain.hosts.live.link import worker_environment

#: what the worker imports beyond DrumGain itself, as far as a balance needs it
NEEDED = ("numpy", "soundfile", "soxr", "platformdirs", "filelock", "threadpoolctl")
_STARTS_WITHIN_S = 60.0
#: folders in which uv and pipx keep environments for one run: they are deleted later
_TEMPORARY = (
    ("uv", "archive-v0"),
    ("uv", "builds-v0"),
    ("uv", "cache"),
    ("pipx", ".cache"),
    (".cache", "pipx"),
)


def is_temporary(prefix: Path) -> bool:
    """Whether an environment was made for one run alone, as by ``uvx`` and ``pipx run``."""
    parts = [part.lower() for part in prefix.parts]
    for first, second in _TEMPORARY:
        if any(pair == (first, second) for pair in itertools.pairwise(parts)):
            return True
    if any(part.startswith(("archive-v", "environments-v")) for part in parts):
        return True
    return prefix.is_relative_to(Path(tempfile.gettempdir()).resolve())


def ask(interpreter: str, code: str) -> subprocess.CompletedProcess[str]:
    """Run code as the worker is run. Raises OSError or subprocess.TimeoutExpired."""
    return subprocess.run(
        [interpreter, "-I", "-B", "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=_STARTS_WITHIN_S,
        env=worker_environment(),
        encoding="utf-8",
        errors="replace",
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def check_interpreter(interpreter: str) -> None:
    """Checks that an interpreter finds the package in isolated mode.

    Parameters
    ----------
    interpreter
        The path of a Python.

    Raises
    ------
    StorageError
        It cannot be started, or does not find the package.
    """
    try:
        done = ask(interpreter, "import reaper_drumgain.worker")
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StorageError(f"{interpreter} cannot be started: {error}") from error
    if done.returncode:
        raise StorageError(
            f"{interpreter} does not find DrumGain in isolated mode (as with 'pip install "
            "--user'): install it in a virtual environment or with pipx, and run this again"
        )


_FOLDERS_TO_COMPILE = """
import compileall, json, pathlib, sys
compiled = 0
for folder in json.loads(sys.argv[1]):
    if pathlib.Path(folder).is_dir():
        # warnings of other people's packages are not ours to print
        compileall.compile_dir(folder, quiet=2, workers=0, rx=None)
"""


def byte_compile() -> None:
    """Have this environment's modules compiled, so that no start of the worker has to do that.

    pip does it when it installs, uv does not. Files that are compiled already, and those that
    cannot be, are passed over.
    """
    folders = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    folders |= {str(Path(__file__).resolve().parents[2])}
    code = _FOLDERS_TO_COMPILE
    command = [sys.executable, "-I", "-W", "ignore", "-c", code, json.dumps(sorted(folders))]
    subprocess.run(command, capture_output=True, check=False, env=worker_environment())


def is_byte_compiled(interpreter: str) -> bool:
    """Whether the modules that the worker imports are compiled. Raises OSError."""
    code = (
        "import importlib.util, pathlib, sys\n"
        f"names = {('reaper_drumgain.worker', 'reaper_drumgain.balance.pipeline', *NEEDED)!r}\n"
        "specs = [importlib.util.find_spec(name) for name in names]\n"
        "files = [s.cached for s in specs if s is not None and s.cached]\n"
        "sys.exit(not all(pathlib.Path(f).is_file() for f in files))"
    )
    return ask(interpreter, code).returncode == 0
