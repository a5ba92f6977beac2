"""The live host's side of the worker process: start it, send a request, wait, end it.

Requests and answers are files in a private temporary folder (see ``worker``); no port is opened.
The process starts before the project is read, so that its imports run meanwhile. It ends when its
standard input closes, so it never outlives REAPER.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reaper_drumgain import __version__, errors
from reaper_drumgain.errors import HostError
from reaper_drumgain.hosts.live import WAIT
from reaper_drumgain.hosts.live.setup import MEND, Setup

if TYPE_CHECKING:
    # imports of this module delay the start of the worker
    from reaper_drumgain.schema.plan import GainPlan
    from reaper_drumgain.schema.session import Session
    from reaper_drumgain.schema.settings import Settings

#: as in ``worker``, which may be of another version of the package
PROTOCOL = 1
_WORKER = "reaper_drumgain.worker"
REQUEST, PROGRESS, RESULT = "request.json", "progress.json", "result.json"
NOTES = "notes.json"
_MAX_RESULT_BYTES = 64 << 20
_MAX_PROGRESS_BYTES = 4096
_MAX_NOTES_BYTES = 1 << 16
_MAX_LINES = 200
#: a process without any progress for this long is ended
SILENCE_S = 120.0
_STOP_WITHIN_S = 3.0
#: what tells the process to store its analysis and to clean up after itself
_RELEASED = b"r"
#: of its private folder's name
FOLDER_PREFIX = "drumgain-"
_PROGRESS_EVERY_S = 0.3

Progress = Callable[[str, float], None]


def worker_environment() -> dict[str, str]:
    """The environment of this process without variables that would change another Python."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(("PYTHON", "__PYVENV"))
    }


class Worker:
    """One run of the worker process."""

    def __init__(self, setup: Setup) -> None:
        self._interpreter = setup.interpreter
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        #: whether its plan has come: then it only has to store its analysis
        self.has_answered = False
        #: sentences on what it could not store
        self.notes: list[str] = []

    def start(self) -> None:
        """Starts the process in a private folder.

        Raises
        ------
        HostError
            The process cannot be started.
        """
        try:
            self._folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
            with (self._folder / "stderr.txt").open("wb") as stderr:
                self._process = subprocess.Popen(
                    [self._interpreter, "-I", "-B", "-m", _WORKER, str(self._folder)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=stderr,
                    cwd=self._folder,
                    env=worker_environment(),
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
        except (OSError, ValueError) as error:
            self.abandon()
            raise HostError(
                f"the worker cannot be started with {self._interpreter} ({error}): {MEND}"
            ) from error

    @property
    def folder(self) -> Path:
        """The private folder of this run."""
        assert self._folder is not None
        return self._folder

    def send(
        self,
        session: Session,
        settings: Settings,
        *,
        remember: bool = False,
        learn: str | None = None,
    ) -> Generator[Any, None, None]:
        """Writes the request file in slices.

        Parameters
        ----------
        session
            The project as it was read.
        settings
            What the user wants.
        remember
            Whether the analysis cache is used.
        learn
            The name of a model that learns from the session. None for a plan.

        Returns
        -------
        None
            Once the request is written.

        Raises
        ------
        StorageError
            The request cannot be written.
        """
        from reaper_drumgain.hosts.live.serialization import session_pieces

        part = self.folder / "request.part"
        head: dict[str, Any] = {
            "protocol": PROTOCOL,
            "version": __version__,
            "remember": remember,
            "releases": True,
        }
        if learn is not None:
            head["learn"] = learn
        try:
            with part.open("w", encoding="utf-8") as file:
                file.write(json.dumps(head)[:-1])
                file.write(f', "settings": {settings.to_json()}, "session": ')
                for piece in session_pieces(session):
                    file.write(piece)
                    yield
                file.write("}")
            part.replace(self.folder / REQUEST)
        except OSError as error:
            raise errors.StorageError(
                f"the request cannot be written to {self.folder}: {error}: free some space"
            ) from error

    def answer(self, progress: Progress) -> Generator[Any, None, GainPlan]:
        """Wait for the plan. Raises what the worker raised, or HostError."""
        content = yield from self._awaited(progress)
        answer = _checked(content)
        plan = yield from _parsed(answer)
        self.notes = _notes(answer)
        self.has_answered = True
        return plan

    def learned(self, progress: Progress) -> Generator[Any, None, list[str]]:
        """Waits until a model has learned. Raises as ``answer``, too.

        Parameters
        ----------
        progress
            Called with what the worker is doing and the share that is done, 0 to 1.

        Returns
        -------
        list of str
            What is to be told.

        Raises
        ------
        HostError
            The answer is not on a model.
        """
        content = yield from self._awaited(progress)
        answer = _checked(content)
        lines = answer.get("learned")
        if not isinstance(lines, list):
            raise HostError("the worker's answer has no model: nothing was learned")
        self.notes = _notes(answer)
        self.has_answered = True
        return [str(line) for line in lines[:_MAX_LINES]]

    def _awaited(self, progress: Progress) -> Generator[Any, None, bytes]:
        """The content of the result file, once it is there."""
        last_news, looked = time.monotonic(), 0.0
        last: bytes = b""
        while True:
            found = self._result()
            if found is not None:
                return found
            now = time.monotonic()
            if now - looked >= _PROGRESS_EVERY_S:
                looked = now
                content = _read(self.folder / PROGRESS, _MAX_PROGRESS_BYTES)
                if content and content != last:
                    last, last_news = content, now
                    _report(content, progress)
            if now - last_news > SILENCE_S:
                raise HostError(
                    f"the worker did not answer for {SILENCE_S:.0f} s, so it was ended; nothing "
                    "was changed"
                )
            yield WAIT

    def _result(self) -> bytes | None:
        assert self._process is not None
        # asked before the file is read: a process that ends in between has written it
        status = self._process.poll()
        content = _read(self.folder / RESULT, _MAX_RESULT_BYTES)
        if content is not None:
            return content
        if status is not None:
            raise HostError(self._failure(status))
        return None

    def _failure(self, status: int) -> str:
        """Why the process ended without a result."""
        said = (_read(self.folder / "stderr.txt", 1 << 16) or b"").decode("utf-8", "replace")
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        last = lines[-1][:300] if lines else "it printed nothing"
        if "No module named" in last and "reaper_drumgain" in last:
            return f"DrumGain is no longer installed in {self._interpreter} ({last}): {MEND}"
        return (
            f"the worker ended without a plan (exit status {status}): {last}. Nothing was changed"
        )

    def release(self) -> tuple[int, Path] | None:
        """Let the process store its analysis, clean up and end without this script.

        Returns its number and its folder; None where it has ended already.
        """
        process, folder = self._process, self.folder
        if process is None or process.poll() is not None:
            self.notes += notes_in(folder)
            self._clean()
            return None
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.write(_RELEASED)
            with contextlib.suppress(OSError):
                process.stdin.close()
        self._process = self._folder = None
        return process.pid, folder

    def stop(self) -> Generator[Any, None, None]:
        """End the process and remove its folder, without blocking the main thread."""
        process = self._process
        if process is not None:
            self._kill(process)
            end = time.monotonic() + _STOP_WITHIN_S
            while process.poll() is None and time.monotonic() < end:
                yield WAIT
        self._clean()

    def abandon(self) -> None:
        """As ``stop``, but at once, for when REAPER ends the script."""
        process = self._process
        if process is not None:
            self._kill(process)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_WITHIN_S)
        self._clean()

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        with contextlib.suppress(OSError):
            process.kill()

    def _clean(self) -> None:
        self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def _read(path: Path, limit: int) -> bytes | None:
    """The content of a file, None if it is missing. Raises HostError if it is too large."""
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError:
        return None
    if len(content) > limit:
        raise HostError(f"the worker wrote more than {limit} bytes to {path.name}")
    return content


def _report(content: bytes, progress: Progress) -> None:
    try:
        said = json.loads(content)
        progress(str(said["doing"]), float(said["share"]))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        # progress that cannot be read does no harm: only the result counts
        return


def notes_in(folder: Path) -> list[str]:
    """What a process noted in its folder; nothing where that makes no sense."""
    try:
        return _notes(json.loads(_read(folder / NOTES, _MAX_NOTES_BYTES) or b"{}"))
    except (HostError, ValueError, RecursionError):
        # the plan has come, so nothing depends on the notes
        return []


def _notes(said: Any) -> list[str]:
    notes = said.get("notes") if isinstance(said, dict) else None
    return [str(note) for note in notes[:_MAX_LINES]] if isinstance(notes, list) else []


def _checked(content: bytes) -> dict[str, Any]:
    """The answer of this version of the worker. Raises what it raised, or HostError."""
    from reaper_drumgain.schema import json_codec

    try:
        answer = json_codec.read_json(content)
    except (ValueError, RecursionError) as error:
        raise HostError(
            f"the worker's answer is not a valid plan ({error}); nothing was changed"
        ) from None
    if not isinstance(answer, dict) or not {"protocol", "version"} <= set(answer):
        raise HostError("the worker's answer is not a valid plan; nothing was changed")
    said = answer.get("error")
    if isinstance(said, dict):
        raise _error(str(said.get("kind")), str(said.get("message")))
    if (answer["protocol"], answer["version"]) != (PROTOCOL, __version__):
        raise HostError(
            f"the actions in REAPER are version {__version__} (protocol {PROTOCOL}), the "
            f"installed package is version {answer['version']} (protocol {answer['protocol']}): "
            f"{MEND}"
        )
    return answer


def _parsed(answer: dict[str, Any]) -> Generator[Any, None, GainPlan]:
    from reaper_drumgain.hosts.live.serialization import plan_of

    try:
        return (yield from plan_of(answer.get("plan")))
    except errors.InputError as error:
        raise HostError(
            f"the worker's answer is not a valid plan ({error}); nothing was changed"
        ) from None


def _error(kind: str, message: str) -> errors.DrumGainError:
    found = getattr(errors, kind, None)
    if isinstance(found, type) and issubclass(found, errors.DrumGainError):
        return found(message)
    return HostError(f"the worker failed: {message}. Nothing was changed. Please report it")
