"""Lua scripts over the same engine: the tables ``reaper`` and ``gfx``, in Lua 5.3 or 5.4.

REAPER 6 has Lua 5.3, REAPER 7 has 5.4. Arguments and results are those of REAPER's Lua: sizes of
buffers are left out, values that only come out are no arguments, and come as further results.
Texts travel as bytes, as in Lua itself.
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reascript import StandInError
from reascript.engine import Engine
from reascript.popup_menu import choose, parse
from reascript.signatures import FUNCTIONS, Buffer, Cell, Function, Param
from reascript.unknown import UNKNOWN

_BUFFER_BYTES = 4 << 20
_WINDOWLESS_MENUS = (6, 82)
_CELLS = {"double": ctypes.c_double, "int": ctypes.c_int, "bool": ctypes.c_byte}


#: values that go in, too, although their names end in Out
_IN_TOO = {"GetSet_LoopTimeRange2": ("startOut", "endOut")}


def _only_comes_out(function: str, param: Param) -> bool:
    return param.is_out and "Out" in param.name and param.name not in _IN_TOO.get(function, ())


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return format(value, "g") if isinstance(value, int | float) else str(value)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


class LuaHost:
    """Runs Lua scripts of one engine, each in a state of its own."""

    def __init__(self, engine: Engine, version: str | None = None) -> None:
        self._engine = engine
        usual = "5.4" if engine.version_number >= (7, 0) else "5.3"
        self._module = f"lupa.lua{(version or usual).replace('.', '')}"

    def run(self, path: Path) -> tuple[str | None, bool]:
        """Run a script with all that it defers. Returns its error, and whether it deferred."""
        lua = importlib.import_module(self._module)
        runtime = lua.LuaRuntime(encoding=None, unpack_returned_tuples=True, register_eval=False)
        script = _Script(self._engine, runtime, path)
        try:
            script.run()
        except lua.LuaError as error:
            return str(error), script.ever_deferred
        return None, script.ever_deferred


class _Script:
    def __init__(self, engine: Engine, runtime: Any, path: Path) -> None:
        self._engine = engine
        self._runtime = runtime
        self._path = path
        self._deferred: list[Any] = []
        self._window = False
        self.ever_deferred = False
        self._gfx = runtime.table_from({b"x": 0, b"y": 0, b"mouse_x": 0, b"mouse_y": 0})

    def run(self) -> None:
        tables = self._runtime.globals()
        tables[b"reaper"] = self._reaper()
        tables[b"gfx"] = self._gfx
        self._gfx[b"init"] = self._open_window
        self._gfx[b"quit"] = self._close_window
        self._gfx[b"showmenu"] = self._show_menu
        # no such thing is there in REAPER's Lua
        tables[b"python"] = None
        load = self._runtime.eval(b"function(text, name) return assert(load(text, name)) end")
        load(self._path.read_bytes(), b"@" + _bytes(str(self._path)))()
        while self._deferred:
            waiting, self._deferred = self._deferred, []
            for function in waiting:
                function()
        if self._window:
            self._engine.fail(f"{self._path.name} left its window open")

    def _reaper(self) -> Any:
        engine = self._engine
        table = self._runtime.table()
        for name, function in FUNCTIONS.items():
            if function.since <= engine.version_number and name not in engine.missing_functions:
                table[_bytes(name)] = self._bound(name, function)
        for name in UNKNOWN - set(FUNCTIONS):
            table[_bytes(name)] = self._refuse(name)
        table[b"defer"] = self._defer
        table[b"get_action_context"] = lambda: (True, _bytes(str(self._path)), 0, 0, 0, 0, 0)
        return table

    def _defer(self, function: Any) -> None:
        self.ever_deferred = True
        self._deferred.append(function)

    def _refuse(self, name: str) -> Callable[..., None]:
        def refuse(*arguments: Any) -> None:
            raise StandInError(f"{name}{arguments}: the stand-in does not know this function")

        return refuse

    def _bound(self, name: str, function: Function) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            engine = self._engine
            try:
                if not engine.before_call(name):
                    return None
                return _call(engine, name, function, list(given))
            except StandInError as error:
                engine.fail(f"{name}: {error}")
                raise

        return call

    # ---- gfx

    def _open_window(self, name: Any, *_: Any) -> int:
        self._window = True
        self._gfx[b"mouse_x"], self._gfx[b"mouse_y"] = 8, 30
        return 1

    def _close_window(self) -> None:
        self._window = False

    def _show_menu(self, text: bytes) -> int:
        engine = self._engine
        try:
            if not self._window and engine.version_number < _WINDOWLESS_MENUS:
                raise StandInError("before 6.82 a menu needs a window (gfx.init)")
            entries = parse(text.decode("utf-8"))
            shown = [
                {"path": list(entry.path), "checked": entry.checked, "grayed": entry.grayed}
                for entry in entries
            ]
            at = [self._gfx[b"x"], self._gfx[b"y"]]
            answer = engine.ask("showmenu", {"text": text.decode(), "entries": shown, "at": at})
            wanted = answer.get("choose")
            return choose(entries, wanted) if wanted else 0
        except StandInError as error:
            engine.fail(f"gfx.showmenu: {error}")
            raise


def _call(engine: Engine, name: str, function: Function, given: list[Any]) -> Any:
    """Call a function with Lua's arguments; its result and what comes out, as Lua gets it."""
    arguments: list[Any] = []
    results: list[Callable[[], Any]] = []
    for param in function.signature.params:
        if param.kind == "size":
            continue
        value = None if _only_comes_out(name, param) else given.pop(0) if given else None
        if param.kind == "buffer":
            held = ctypes.create_string_buffer(_BUFFER_BYTES)
            buffer = Buffer(ctypes.addressof(held), _BUFFER_BYTES)
            buffer.text = "" if value is None else _text(value)
            arguments.append(buffer)
            results.append(lambda buffer=buffer, held=held: _bytes(buffer.text))
        elif param.kind == "out":
            place = _CELLS[param.c_type](value or 0)
            cell = Cell(ctypes.addressof(place), param.c_type)
            arguments.append(cell)
            results.append(lambda cell=cell, place=place: cell.value)
        else:
            arguments.append(_argument(engine, name, function, param, value))
    if given:
        raise StandInError(f"{name} was given {len(given)} arguments too many")
    returned = function.body(engine, *arguments)
    first = [] if function.signature.result == "void" else [_result(function, returned)]
    every = [*first, *(result() for result in results)]
    return every[0] if len(every) == 1 else tuple(every) if every else None


def _argument(engine: Engine, name: str, function: Function, param: Param, value: Any) -> Any:
    if param.kind == "pointer":
        # 0 and nil are the current project
        if not value:
            return engine.resolve(param.c_type, 0, name, param.name in function.null)
        return engine.resolve(param.c_type, engine.pointer(value), name, True)
    if value is None:
        raise StandInError(f"{name}: there is no argument {param.name}")
    if param.kind == "text":
        return _text(value)
    if param.kind == "bool":
        return bool(value)
    if isinstance(value, bytes | bool):
        raise StandInError(f"{name}: {param.name} is {value!r}, expected a number")
    return int(value) if param.kind == "int" else float(value)


def _result(function: Function, value: Any) -> Any:
    result = function.signature.result
    if result == "char*":
        return None if value is None else _bytes(value)
    if result == "bool":
        return bool(value)
    return value
