"""Running scripts as REAPER runs Python: in ``__main__``, with defer and atexit, tick by tick.

Scripts of one process do not see each other's modules: each has its own ``__main__``, its
own ``reaper_python`` and its own third-party modules, as if it had an interpreter of its own
(the standard library is shared).
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import io
import os
import sys
import tempfile
import time
import traceback
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reascript import StandInError
from reascript.engine import TICK, Engine
from reascript.history import ALL
from reascript.python_api import reaper_python
from reascript.table import Table


@dataclass(slots=True)
class Tick:
    """How long the main thread was held, in all and by the engine's own code, and how many of
    REAPER's functions were called."""

    script: str
    number: int
    seconds: float
    engine_seconds: float
    reapy_import: float = 0.0
    calls: int = 0


@dataclass
class Script:
    """One running script."""

    path: Path
    main: types.ModuleType
    modules: dict[str, types.ModuleType] = field(default_factory=dict)
    deferred: list[str] = field(default_factory=list)
    at_exit: list[str] = field(default_factory=list)
    error: str | None = None
    ever_deferred: bool = False
    ticks: int = 0
    finished: bool = False
    search_path: list[str] = field(default_factory=list)


def _shared(name: str) -> bool:
    top = name.partition(".")[0]
    return top in sys.stdlib_module_names or top in ("reascript", "__main__", "__mp_main__")


class Runner:
    """Runs scripts over one engine and gives them their ticks."""

    def __init__(self, engine: Engine, search_path: list[str] | None = None) -> None:
        self.engine = engine
        #: where scripts find modules: neither the script's folder nor that of the stand-in
        self.search_path = list(sys.path if search_path is None else search_path)
        self.imports = ImportTimer()
        self.table = Table(engine)
        self.scripts: list[Script] = []
        self.ticks: list[Tick] = []
        self.errors: list[dict[str, str]] = []
        self.on_tick: list[Callable[[int], None]] = []
        self.ticks_done = 0
        #: the answers that REAPER was told to remember
        self.remembered: dict[Path, str] = {}
        self._own_main = sys.modules["__main__"]
        engine.start_script = self.start

    def start(self, path: Path) -> Script | None:
        """Run a script's file; what it deferred comes with the next ticks.

        Returns None where the user's answer in the dialog "ReaScript task control" was not to
        start it.
        """
        if path.suffix == ".lua":
            return self._start_lua(path)
        if not self.engine.python_is_on:
            # REAPER says nothing of it
            return Script(path, types.ModuleType("__main__"), finished=True)
        if not self._may_start(path):
            return None
        script = self._open(path)
        self.scripts.append(script)
        made = self.engine.points_made
        self._run(script, path.read_bytes(), path.name)
        if not script.ever_deferred and self.engine.points_made == made:
            project = self.engine.current
            if project is not None:
                self.engine.history(project).note(f"ReaScript: {path.name}", ALL)
        self._settle(script)
        return script

    def _may_start(self, path: Path) -> bool:
        """Ask what becomes of instances of the same script that still run."""
        running = [s for s in self.scripts if s.path == path and not s.finished]
        if not running:
            return True
        answer = self.remembered.get(path)
        if answer is None:
            given = self.engine.ask("TaskControl", {"script": path.name})
            answer = str(given["answer"])
            if answer not in ("terminate", "new", "cancel"):
                raise StandInError(f"{answer!r} is no answer to the task control dialog")
            if given.get("remember"):
                self.remembered[path] = answer
        if answer == "terminate":
            for script in running:
                self.terminate(script)
        return answer == "new"

    def terminate(self, script: Script) -> None:
        """End an instance. Whether its code for the exit still runs is not known: both."""
        script.deferred.clear()
        if not self.engine.faults.terminated_at_exit:
            script.at_exit.clear()
        self._settle(script)

    def _open(self, path: Path) -> Script:
        """What a script's interpreter holds before the script runs."""
        main = types.ModuleType("__main__")
        script = Script(path, main, search_path=list(self.search_path))
        script.modules["reaper_python"] = reaper_python(self.table)

        def defer(code: str) -> None:
            script.ever_deferred = True
            script.deferred.append(code)

        # what python-reapy tells REAPER by, and what REAPER puts beside it
        main.obj = object()  # type: ignore[attr-defined]
        main.RPR_defer = defer  # type: ignore[attr-defined]
        main.RPR_runloop = defer  # type: ignore[attr-defined]
        main.RPR_atexit = script.at_exit.append  # type: ignore[attr-defined]
        return script

    def _start_lua(self, path: Path) -> Script:
        from reascript.lua_host import LuaHost

        script = Script(path, types.ModuleType("__main__"), finished=True)
        made = self.engine.points_made
        error, deferred = LuaHost(self.engine, self.engine.lua_version).run(path)
        if error is not None:
            self.errors.append({"script": path.name, "error": error})
        if not deferred and self.engine.points_made == made:
            self.engine.history(self.engine.project).note(f"ReaScript: {path.name}", ALL)
        return script

    @property
    def busy(self) -> bool:
        return any(not script.finished for script in self.scripts)

    def tick(self) -> None:
        """Wait for the next tick and run what is deferred."""
        engine = self.engine
        now = engine.clock.now()
        engine.clock.sleep_until((int(now / TICK) + 1) * TICK)
        self.ticks_done += 1
        for happening in list(self.on_tick):
            happening(self.ticks_done)
        for script in [s for s in self.scripts if not s.finished]:
            codes, script.deferred = script.deferred, []
            script.ticks += 1
            for code in codes:
                self._run(script, code, "<deferred>")
                if script.error:
                    break
            self._settle(script)

    def stop_all(self) -> None:
        """End every script, as closing REAPER does: their exit code still runs."""
        for script in [s for s in self.scripts if not s.finished]:
            script.deferred.clear()
            self._settle(script)

    def _settle(self, script: Script) -> None:
        if script.error:
            script.deferred.clear()
        if script.deferred or script.finished:
            return
        script.finished = True
        codes, script.at_exit = script.at_exit, []
        for code in codes:
            self._run(script, code, "<at exit>")
        self._close(script)

    def _close(self, script: Script) -> None:
        """The end of a script's interpreter: nothing refers to what it held any more."""
        script.main.__dict__.clear()
        script.modules.clear()
        gc.collect()

    def _check_left_open(self, script: Script) -> None:
        """Nothing that holds REAPER may outlive a tick."""
        for each in self.engine.projects:
            blocks = self.engine.history(each).open_blocks
            if blocks:
                self.engine.fail(f"{script.path.name} left an undo block open in {each.name!r}")
                blocks.clear()
        if self.engine.ui_holds:
            self.engine.fail(f"{script.path.name} left the screen held")
            self.engine.ui_holds = 0

    def _run(self, script: Script, code: str | bytes, name: str) -> None:
        engine = self.engine
        engine.seconds_inside = 0.0
        calls = engine.calls.total()
        self.imports.reset()
        seconds = self._execute(script, code, name)
        with contextlib.suppress(BaseException):
            engine.raise_pending()
        self._check_left_open(script)
        with contextlib.suppress(BaseException):
            engine.raise_pending()
        inside = engine.seconds_inside
        reapy = self.imports.seconds
        made = engine.calls.total() - calls
        self.ticks.append(Tick(script.path.name, script.ticks, seconds, inside, reapy, made))

    def _execute(self, script: Script, code: str | bytes, name: str) -> float:
        """Run code in a script's interpreter. Returns how many seconds that took."""
        with self._within(script):
            started = time.perf_counter()
            try:
                exec(compile(code, name, "exec"), script.main.__dict__)
            except SystemExit:
                pass
            except BaseException:
                script.error = traceback.format_exc()
                self._tell_error(script)
            return time.perf_counter() - started

    def _tell_error(self, script: Script) -> None:
        self.errors.append({"script": script.path.name, "error": script.error or ""})
        # REAPER writes the trace to this file with the open of __main__, which reapy replaces
        opener = script.main.__dict__.get("open")
        if opener is not None:
            with contextlib.suppress(BaseException):
                stream = opener(str(Path(tempfile.gettempdir()) / "reascripterr.txt"), "w")
                print(script.error, file=stream)

    @contextlib.contextmanager
    def _within(self, script: Script) -> Iterator[None]:
        """The script's modules in place of the others', for as long as its code runs."""
        own = {n: m for n, m in sys.modules.items() if not _shared(n)}
        for name, module in own.items():
            if not _compiled(module):
                del sys.modules[name]
        sys.modules.update(script.modules)
        sys.modules["__main__"] = script.main
        folder, path = Path.cwd(), list(sys.path)
        sys.path[:] = script.search_path
        try:
            with self.imports:
                yield
        finally:
            script.search_path = list(sys.path)
            sys.modules["__main__"] = self._own_main
            script.modules = {n: m for n, m in sys.modules.items() if not _shared(n)}
            for name, module in script.modules.items():
                if not _compiled(module):
                    sys.modules.pop(name, None)
            sys.modules.update(own)
            sys.path[:] = path
            os.chdir(folder)


def _compiled(module: types.ModuleType) -> bool:
    """Modules in machine code cannot be loaded twice: they stay."""
    origin = getattr(getattr(module, "__spec__", None), "origin", None)
    return isinstance(origin, str) and origin.endswith((".so", ".pyd"))


class ImportTimer:
    """Times the import of reapy, which is judged apart from the rest of a tick."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._inside = False
        self._import = builtins.__import__

    def reset(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> None:
        builtins.__import__ = self._timed

    def __exit__(self, *_: object) -> None:
        builtins.__import__ = self._import

    def _timed(self, name: str, *rest: Any, **more: Any) -> Any:
        if self._inside or name.partition(".")[0] != "reapy" or name in sys.modules:
            return self._import(name, *rest, **more)
        self._inside = True
        started = time.perf_counter()
        try:
            return self._import(name, *rest, **more)
        finally:
            self._inside = False
            self.seconds += time.perf_counter() - started


@contextlib.contextmanager
def quiet() -> Iterator[io.StringIO]:
    """Standard output and error of scripts, which REAPER does not show, kept aside."""
    held = io.StringIO()
    with contextlib.redirect_stdout(held), contextlib.redirect_stderr(held):
        yield held
