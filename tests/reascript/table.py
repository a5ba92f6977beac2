"""Name -> C address: the function table that REAPER hands to its Python.

Each address is a callback with the documented C signature. An exception cannot cross C, so
what goes wrong inside is kept by the engine: our own ``reaper_python`` raises it right
after the call, and the report counts the scenario as failed whatever module is in front.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from typing import Any

from reascript import (
    StandInError,
    api_chunks,
    api_envelopes,
    api_items,
    api_project,
    api_routing,
    api_scripts,
    api_storage,
    api_system,
    api_tracks,
    api_undo,
)
from reascript.engine import Engine
from reascript.signatures import FUNCTIONS, Buffer, Cell, Function, Param

#: the modules whose functions the table holds: importing them registers the functions
MODULES = (
    api_chunks,
    api_envelopes,
    api_items,
    api_project,
    api_routing,
    api_scripts,
    api_storage,
    api_system,
    api_tracks,
    api_undo,
)


class Table:
    """The functions of one engine's version of REAPER, with their addresses."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.functions: dict[str, Function] = {
            name: function
            for name, function in sorted(FUNCTIONS.items())
            if function.since <= engine.version_number and name not in engine.missing_functions
        }
        engine.function_names = frozenset(self.functions)
        self._keep: list[Any] = []
        # a table of hundreds of callbacks is made in a moment; each must outlive the script
        self.addresses: dict[str, int] = {
            name: self._address(function) for name, function in self.functions.items()
        }

    def _address(self, function: Function) -> int:
        callback = function.signature.callback(_caller(self.engine, function))
        self._keep.append(callback)
        address = ctypes.cast(callback, ctypes.c_void_p).value
        assert address is not None
        return address


def _converter(engine: Engine, function: Function, place: int) -> Callable[[Any], Any]:
    param = function.signature.params[place]
    if param.kind == "pointer":
        may_be_null = param.name in function.null
        name = function.signature.name
        return lambda address: engine.resolve(param.c_type, address, name, may_be_null)
    if param.kind == "text":
        return lambda raw: "" if raw is None else raw.decode("utf-8", "surrogateescape")
    if param.kind == "out":
        return lambda address: Cell(address, param.c_type)
    if param.kind == "bool":
        return bool
    return lambda value: value


def _sized(params: tuple[Param, ...], place: int) -> bool:
    return place + 1 < len(params) and params[place + 1].kind == "size"


def _caller(engine: Engine, function: Function) -> Callable[..., Any]:
    """The Python function behind one C address."""
    signature = function.signature
    name = signature.name
    params = signature.params
    converters = [_converter(engine, function, place) for place in range(len(params))]
    zero = None if signature.result == "void" else 0

    def result_of(value: Any) -> Any:
        if signature.result == "void":
            return None
        if signature.result == "char*":
            return engine.keep_text(value)
        if signature.result.endswith("*"):
            return engine.pointer(value)
        return float(value) if signature.result == "double" else int(value)

    def call(*raw: Any) -> Any:
        started = time.perf_counter()
        try:
            if not engine.before_call(name):
                return zero
            arguments = []
            for place, value in enumerate(raw):
                kind = params[place].kind
                if kind == "buffer":
                    size = raw[place + 1] if _sized(params, place) else None
                    arguments.append(Buffer(value, size))
                elif kind != "size":
                    arguments.append(converters[place](value))
            return result_of(function.body(engine, *arguments))
        except StandInError as error:
            engine.fail(f"{name}: {error}")
        except Exception as error:
            engine.fail(f"{name}: the stand-in broke: {error!r}", error)
        finally:
            engine.seconds_inside += time.perf_counter() - started
        return zero

    return call
