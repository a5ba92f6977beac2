"""The process that the live host starts: a request in, progress and a plan out.

``python -I -m reaper_drumgain.worker FOLDER``. The folder is private to this run and holds
only files of this protocol, each of them complete as soon as it has its name:

- ``request.json`` (from the host): ``protocol``, ``version``, ``session``, ``settings`` and
  ``remember``: whether analysis results are cached (no, where it is not there). Where the file
  is not there yet, what a plan needs is imported until it is: the host starts this process
  first and reads the project meanwhile;
  With ``learn``, the name of a model, the session is learned from, and nothing is planned;
- ``progress.json`` (from here): ``doing`` and ``share``, replaced as work goes on;
- ``result.json`` (from here): ``protocol``, ``version``, ``notes`` so far and ``plan``,
  ``learned`` (sentences) or ``error`` with ``kind`` (a class of errors.py, or ``unexpected``)
  and ``message``;
- ``notes.json`` (from here): ``notes``, further sentences on why results could not be cached.
  They are cached after the plan was written, and this process ends when that is done.

The host holds the other end of standard input: when it closes, the host is gone or wants no
result any more, and this process removes these files and ends at once. A host whose request says
``releases`` writes ``r`` (released) before, once it has its answer: then this process stores its
results first and removes these files at its own end; ``notes.json`` is left for the next run to
find. Standard output is not used.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reaper_drumgain import __version__, errors
from reaper_drumgain.schema import json_codec
from reaper_drumgain.schema.session import Clip, Session, Source, Track
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.util.process import one_thread_for_blas

if TYPE_CHECKING:
    from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer

PROTOCOL = 1
REQUEST, PROGRESS, RESULT = "request.json", "progress.json", "result.json"
NOTES = "notes.json"
#: a session of a thousand tracks takes a few megabytes
MAX_REQUEST_BYTES = 256 << 20
_PROGRESS_EVERY_S = 0.1
_LOOK_EVERY_S = 0.004
#: REAPER may be busy for long before it sends a request, because it renders stems
_AWAITS_AT_MOST_S = 7200.0
#: a process that needs longer to store its analysis ends without
_STORE_WITHIN_S = 30.0

_released = threading.Event()


def main(arguments: list[str]) -> int:
    """Answer one request. The exit status is 0 where a result was written."""
    one_thread_for_blas()
    if len(arguments) != 1:
        return 2
    folder = Path(arguments[0])
    threading.Thread(target=_end_with_host, args=(folder,), daemon=True).start()
    answer: dict[str, Any] = {"protocol": PROTOCOL, "version": __version__}
    notes: list[str] = []
    analyzer: ProjectAnalyzer | None = None
    releases = False
    try:
        made, analyzer, releases = _answer(folder, notes)
        answer |= made
    except errors.DrumGainError as error:
        answer["error"] = {"kind": type(error).__name__, "message": str(error)}
    except Exception as error:
        # the user at the dialog has to see any error
        message = f"{type(error).__name__}: {error}"
        answer["error"] = {"kind": "unexpected", "message": message}
    told = len(notes)
    _write(folder / RESULT, answer | {"notes": notes})
    if analyzer is not None:
        # only now: the host has its answer
        analyzer.finish()
        if notes[told:]:
            _write(folder / NOTES, {"notes": notes[told:]})
        if releases:
            # if the host ends instead, this process ends, too
            _released.wait()
    if _released.is_set():
        _remove(folder, notes=False)
    return 0


def _answer(folder: Path, notes: list[str]) -> tuple[dict[str, Any], ProjectAnalyzer, bool]:
    """What was asked for, what is to be finished once it is written, and whether the host says
    when it has it."""
    _await(folder / REQUEST)
    request = _request(folder / REQUEST)
    session = Session.from_document(request["session"])
    settings = Settings.from_document(request["settings"])
    # before numpy is imported, which takes long, a bad request is answered
    from reaper_drumgain.balance.pipeline import balance
    from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer
    from reaper_drumgain.cache.store import Store

    store = Store(notes.append) if request.get("remember") is True else None
    analyzer = ProjectAnalyzer(store, progress=_Progress(folder / PROGRESS))
    learn, releases = request.get("learn"), request.get("releases") is True
    if isinstance(learn, str):
        from reaper_drumgain.balance.learning import learn_one

        told = learn_one(learn, session, settings, analyzer=analyzer)
        return {"learned": list(told)}, analyzer, releases
    plan = balance(session, settings, analyzer=analyzer)
    return {"plan": plan.to_document()}, analyzer, releases


def _await(path: Path) -> None:
    """Wait for the request; ``_end_with_host`` ends the wait where the host ends."""
    if path.exists():
        return
    import importlib

    from reaper_drumgain import methods

    importlib.import_module("reaper_drumgain.balance.pipeline")
    importlib.import_module("reaper_drumgain.audio.decoder")
    methods.METHODS[0].load().warm_up()
    _decode_one()
    importlib.import_module("reaper_drumgain.cache.store").warm_up()
    end = time.monotonic() + _AWAITS_AT_MOST_S
    while not path.exists():
        if time.monotonic() > end:
            raise errors.HostError(f"no request came within {_AWAITS_AT_MOST_S:.0f} s")
        time.sleep(_LOOK_EVERY_S)


def _decode_one() -> None:
    """The first session of a process resolves all type hints."""
    track = Track(index=0, name="", clips=(Clip(position=0.0, length=1.0, source=Source()),))
    Session.from_json(Session(path="", tracks=(track,)).to_json())
    Settings.from_json(Settings().to_json())


def _request(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_REQUEST_BYTES:
            raise errors.HostError(f"the request is larger than {MAX_REQUEST_BYTES} bytes")
        request = json_codec.read_json(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise errors.HostError(f"the request cannot be read: {error}") from error
    if not isinstance(request, dict) or not {"session", "settings"} <= set(request):
        raise errors.HostError("the request holds no session and settings")
    got = (request.get("protocol"), request.get("version"))
    if got != (PROTOCOL, __version__):
        raise errors.HostError(
            f"the actions in REAPER are version {got[1]} (protocol {got[0]}), the installed "
            f"package is version {__version__} (protocol {PROTOCOL}): run 'drumgain install' again"
        )
    return request


class _Progress:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._last = 0.0

    def __call__(self, doing: str, share: float) -> None:
        if time.monotonic() - self._last >= _PROGRESS_EVERY_S:
            self._last = time.monotonic()
            _write(self._path, {"doing": doing, "share": share})


def _write(path: Path, content: dict[str, Any]) -> None:
    """Write a file all at once, so that a reader never sees half of it."""
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(content, allow_nan=False), encoding="utf-8")
    for attempt in range(20):
        try:
            temporary.replace(path)
        except PermissionError:
            # on Windows a file that is being read cannot be replaced
            if attempt == 19:
                raise
            time.sleep(0.01)
        else:
            return


def _end_with_host(folder: Path) -> None:
    # not through sys.stdin: the process could not end while this thread holds its lock
    while said := os.read(0, 1):
        if said == b"r":
            _released.set()
            time.sleep(_STORE_WITHIN_S)
            break
    _remove(folder)
    os._exit(1)


def _remove(folder: Path, *, notes: bool = True) -> None:
    """Remove what belongs to this run; the host may have been ended before it could.

    ``notes``: these, too. Only files of the protocol and stems, whatever folder this process was
    given.
    """
    stems = folder / "stems"
    places = [folder / name for name in (REQUEST, PROGRESS, RESULT, "stderr.txt")]
    places += [folder / NOTES] if notes else []
    places += [*folder.glob("*.part"), *stems.glob("*.wav")]
    for path in places:
        with contextlib.suppress(OSError):
            path.unlink()
    for each in (stems, folder):
        with contextlib.suppress(OSError):
            each.rmdir()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
