"""The worker's side of the chain: its Python, packages, folders, and a small balance."""

from __future__ import annotations

import json
import math
import os
import struct
import subprocess
import tempfile
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reaper_drumgain import __version__
from reaper_drumgain.errors import DrumGainError
from reaper_drumgain.hosts.installation import environment, python_library
from reaper_drumgain.hosts.installation.doctor import INSTALL, Check, ok
from reaper_drumgain.hosts.live.link import Worker
from reaper_drumgain.hosts.live.setup import Setup
from reaper_drumgain.schema.session import Clip, Session, Source, Track
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.util import user_dirs

_AGAIN = (
    "install DrumGain again (pip, pipx or uv, in an environment of its own), then run 'drumgain "
    "install'"
)
_NEEDED_BYTES = 100 << 20
_RATE, _SECONDS = 44_100, 3
_ANSWERS_WITHIN_S = 120.0
_LOOKS_EVERY_S = 0.01
#: what the worker's Python says of itself. It is asked as the worker is started
_QUESTIONS = """
import importlib, json, sys
said = {"version": list(sys.version_info[:2]), "prefix": sys.prefix, "problems": {}}
try:
    import reaper_drumgain
    if reaper_drumgain.__file__ is None:
        raise ImportError("No module named 'reaper_drumgain': only an empty folder is left of it")
    said["drumgain"] = reaper_drumgain.__version__
except Exception as error:
    said["problems"]["reaper_drumgain"] = f"{type(error).__name__}: {error}"
else:
    for name in NEEDED:
        # the last line, where a damaged library ends the process
        print(f"it ended while importing {name}", file=sys.stderr, flush=True)
        try:
            importlib.import_module(name)
        except Exception as error:
            said["problems"][name] = f"{type(error).__name__}: {error}"
    if not said["problems"]:
        try:
            from reaper_drumgain.methods import METHODS
            from reaper_drumgain.methods.forest_file import bundled_folder, load
            print("it ended while loading the model", file=sys.stderr, flush=True)
            load(bundled_folder())
            said["method"] = METHODS[0].name
        except Exception as error:
            said["model"] = f"{type(error).__name__}: {error}"
print(json.dumps(said))
"""


def examine(setup: Setup) -> Iterator[Check]:
    """Check everything from the worker's Python to its answer."""
    name = "the worker's Python"
    said, problem = _ask(setup.interpreter)
    if said is None:
        yield Check(name, "broken", f"{setup.interpreter} {problem}", _AGAIN)
        return
    version = tuple(said["version"])
    text = "{}.{}".format(*version)
    if not python_library.is_right(version):
        wanted = f"DrumGain needs {python_library.VERSIONS}"
        yield Check(name, "broken", f"{setup.interpreter} is Python {text}; {wanted}", _AGAIN)
        return
    if environment.is_temporary(Path(said["prefix"])):
        yield Check(
            name,
            "warning",
            f"{setup.interpreter}: its environment is temporary and will be deleted",
            "install DrumGain with 'uv tool install' or 'pipx install', then run 'drumgain "
            "install'",
        )
    else:
        yield ok(name, f"{setup.interpreter} (Python {text})")
    yield from _package(said)
    if said["problems"] or "model" in said or said.get("drumgain") != __version__:
        return
    yield _compiled(setup.interpreter)
    folders = list(_folders())
    yield from folders
    if any(check.state == "broken" for check in folders):
        return
    yield _balance(setup)


def _ask(interpreter: str) -> tuple[dict[str, Any] | None, str]:
    """What the interpreter says of itself, or None and why it does not."""
    code = f"NEEDED = {environment.NEEDED!r}\n{_QUESTIONS}"
    try:
        done = environment.ask(interpreter, code)
    except subprocess.TimeoutExpired:
        return None, "starts, but does not answer"
    except OSError as error:
        wrong = ": it is for another processor" if "format" in str(error).lower() else ""
        return None, f"cannot be started ({error.strerror or error}{wrong})"
    try:
        said = json.loads(done.stdout.splitlines()[-1])
        if isinstance(said, dict) and {"version", "prefix", "problems"} <= set(said):
            return said, ""
    except (IndexError, ValueError):
        pass
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    last = lines[-1][:300] if lines else "it printed nothing"
    return None, f"does not work (exit status {done.returncode}): {last}"


def _package(said: dict[str, Any]) -> Iterator[Check]:
    name = "DrumGain in the worker's Python"
    problems: dict[str, str] = said["problems"]
    if "reaper_drumgain" in problems:
        yield Check(name, "broken", problems["reaper_drumgain"], _AGAIN)
        return
    if said["drumgain"] != __version__:
        found = f"it has version {said['drumgain']}, but this program is version {__version__}"
        yield Check(name, "broken", found, "run the 'drumgain install' of the version you want")
        return
    yield ok(name, f"version {__version__}")
    name = "the packages it needs"
    if problems:
        found = "; ".join(f"{each}: {why}" for each, why in problems.items())
        yield Check(name, "broken", found, _AGAIN)
        return
    yield ok(name, ", ".join(environment.NEEDED))
    name = "the model"
    if "model" in said:
        yield Check(name, "broken", str(said["model"]), _AGAIN)
        return
    yield ok(name, str(said["method"]))


def _compiled(interpreter: str) -> Check:
    name = "compiled modules"
    try:
        compiled = environment.is_byte_compiled(interpreter)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Check(name, "warning", str(error), INSTALL)
    if compiled:
        return ok(name, "the worker starts without compiling anything")
    return Check(
        name,
        "warning",
        "the worker compiles its modules at every run, which takes a third of a second longer",
        "run 'drumgain install' again: it compiles them",
    )


def _folders() -> Iterator[Check]:
    """Whether the folders that the worker and the actions write to can be written."""
    name = "temporary folder"
    try:
        with tempfile.TemporaryDirectory(prefix="drumgain-doctor-") as folder:
            Path(folder, "x").write_bytes(b"x")
            free = _free(Path(folder))
    except OSError as error:
        text = f"nothing can be written there ({error})"
        yield Check(
            name,
            "broken",
            text,
            "free some space, or set TMPDIR (on Windows TEMP) to another folder",
        )
        return
    if free is not None and free < _NEEDED_BYTES:
        found = f"only {free >> 20} MB are free in {tempfile.gettempdir()}"
        yield Check(name, "warning", found, "free some space")
    else:
        yield ok(name, tempfile.gettempdir())
    name = "cache folder"
    try:
        folder_ = user_dirs.cache_folder()
        folder_.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder_) as file:
            file.write(b"x")
    except (OSError, DrumGainError) as error:
        yield Check(
            name,
            "warning",
            f"nothing can be written there ({error}): audio is analysed again at every run",
            "make it writable, or set DRUMGAIN_CACHE to another folder",
        )
        return
    yield ok(name, str(folder_))


def _free(folder: Path) -> int | None:
    import shutil

    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _balance(setup: Setup) -> Check:
    """Two invented tracks, balanced by the worker as after a key press."""
    name = "a small test balance by the worker"
    worker = Worker(setup)
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="drumgain-doctor-") as folder:
            session = _session(Path(folder))
            worker.start()
            for _ in worker.send(session, Settings()):
                pass
            plan = _driven(worker)
            seconds = time.monotonic() - started
    except DrumGainError as error:
        return Check(name, "broken", str(error), _AGAIN)
    except OSError as error:
        return Check(name, "broken", str(error), "free some space")
    finally:
        worker.abandon()
    faders = [track.new_db for track in plan.tracks]
    if len(faders) != 2 or not all(each is not None and math.isfinite(each) for each in faders):
        return Check(name, "broken", f"its plan has wrong faders: {faders}", _AGAIN)
    return ok(name, f"{plan.method}, {seconds:.1f} s including the start of the worker")


def _driven(worker: Worker) -> Any:
    """Wait for the plan. Raises HostError."""
    from reaper_drumgain.errors import HostError

    steps = worker.answer(lambda _doing, _share: None)
    end = time.monotonic() + _ANSWERS_WITHIN_S
    while time.monotonic() < end:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value
        time.sleep(_LOOKS_EVERY_S)
    raise HostError(f"no answer within {_ANSWERS_WITHIN_S:.0f} s")


def _session(folder: Path) -> Session:
    tracks = []
    for index, (track, pitch, level) in enumerate((("Kick", 60.0, 0.5), ("Snare", 190.0, 0.2))):
        path = folder / f"{track}.wav"
        _write_strokes(path, pitch, level, 0.5 * index)
        source = Source(kind="file", format="WAVE", path=str(path), found=True)
        clip = Clip(position=0.0, length=float(_SECONDS), source=source)
        tracks.append(Track(index=index, name=track, clips=(clip,)))
    return Session(path=os.fspath(folder / "doctor.RPP"), tracks=tuple(tracks), sample_rate=_RATE)


def _write_strokes(path: Path, pitch: float, level: float, late: float) -> None:
    """Decaying strokes, one a second, each ``late`` seconds behind the full second."""
    samples = []
    for place in range(_RATE * _SECONDS):
        since = (place / _RATE - late) % 1.0
        value = level * math.exp(-12.0 * since) * math.sin(2.0 * math.pi * pitch * since)
        samples.append(int(32767 * value))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, _RATE, len(samples), "NONE", ""))
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
