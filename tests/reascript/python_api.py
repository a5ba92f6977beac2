"""The module ``reaper_python``: ours, made from the table, or a genuine one over it.

Ours has the same shape as the file that REAPER makes (read off public copies, 5.95 to
6.78): one function ``RPR_Name`` per entry, pointers as text ``(MediaTrack*)0x...``, and a
tuple of the result and all arguments wherever one argument is an out-value. ``RPR_defer``,
``RPR_atexit`` and ``RPR_runloop`` are not in it: REAPER puts them into ``__main__``.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import types
from pathlib import Path

from reascript import StandInError
from reascript.signatures import Param, Signature
from reascript.table import Table
from reascript.unknown import UNKNOWN

GENUINE = "DRUMGAIN_REAPER_PYTHON"

_HEAD = """
import re
from ctypes import *

_POINTER = re.compile(r"^\\((\\w+\\*|HWND)\\)0x([0-9A-F]+)$")

def rpr_getfp(fn):
    return _ft[fn]

def rpr_packp(t, v):
    found = _POINTER.match(str(v))
    if found is not None and (found.group(1) == t or t == "void*"):
        p = c_uint64(int(found.group(2), 16)).value
        if RPR_ValidatePtr(p, t):
            return p
    return 0

def rpr_unpackp(t, v):
    return "(%s)0x%016X" % (t, v or 0)

def RPR_ValidatePtr(p, t):
    return CFUNCTYPE(c_byte, c_uint64, c_char_p)(_ft["ValidatePtr"])(c_uint64(p), rpr_packsc(t))

def rpr_packsc(v):
    return c_char_p(str(v).encode())

def rpr_packs(v):
    return create_string_buffer(str(v).encode(), 4 * 1024 * 1024)

def rpr_unpacks(v):
    return str(v.value.decode())
"""


def _c_name(param: Param) -> str:
    if param.kind in ("pointer", "texts"):
        return "c_uint64"
    if param.kind in ("text", "buffer"):
        return "c_char_p"
    if param.kind == "out":
        return "c_void_p"
    return {"int": "c_int", "size": "c_int", "bool": "c_byte", "double": "c_double"}[param.kind]


def _packed(param: Param) -> str:
    name = param.name
    if param.kind == "pointer":
        return f"rpr_packp('{param.c_type}*', {name})"
    if param.kind == "texts":
        return f"rpr_packp('char**', {name})"
    if param.kind == "text":
        return f"rpr_packsc({name})"
    if param.kind == "buffer":
        return f"rpr_packs({name})"
    value = {"int": "c_int", "bool": "c_byte", "double": "c_double"}
    return f"{value[param.c_type]}({name})"


def _returned(param: Param, place: int) -> str:
    if param.kind == "buffer":
        return f"rpr_unpacks(t[{place}])"
    if param.kind == "out":
        return f"{'float' if param.c_type == 'double' else 'int'}(t[{place}].value)"
    return param.name


def _result(signature: Signature) -> str:
    if signature.result == "char*":
        return "str(r.decode())"
    if signature.result.endswith("*"):
        return f"rpr_unpackp('{signature.result}', r)"
    return "r"


def source_of(signature: Signature) -> str:
    """The Python text of one function."""
    names = [param.name for param in signature.params]
    if signature.result == "void":
        result_type = "None"
    elif signature.result == "char*":
        result_type = "c_char_p"
    elif signature.result.endswith("*"):
        result_type = "c_uint64"
    else:
        result_type = {"int": "c_int", "bool": "c_byte", "double": "c_double"}[signature.result]
    types_ = ", ".join([result_type, *map(_c_name, signature.params)])
    call = ", ".join(
        f"byref(t[{i}])" if p.kind == "out" else f"t[{i}]" for i, p in enumerate(signature.params)
    )
    lines = [
        f"def RPR_{signature.name}({', '.join(names)}):",
        f"    f = CFUNCTYPE({types_})(_ft['{signature.name}'])",
        f"    t = ({''.join(_packed(p) + ', ' for p in signature.params)})",
        f"    r = f({call})",
        "    _raise_pending()",
    ]
    parts = [] if signature.result == "void" else [_result(signature)]
    if any(param.is_out for param in signature.params):
        parts += [_returned(param, place) for place, param in enumerate(signature.params)]
        lines.append(f"    return ({', '.join(parts)},)")
    elif parts:
        lines.append(f"    return {parts[0]}")
    return "\n".join(lines) + "\n"


def make_module(table: Table) -> types.ModuleType:
    """Our own ``reaper_python`` over a table."""
    module = types.ModuleType("reaper_python")
    names = module.__dict__
    names["_ft"] = dict(table.addresses)
    names["_raise_pending"] = table.engine.raise_pending
    text = [_HEAD]
    text += [
        source_of(function.signature)
        for name, function in table.functions.items()
        if name != "ValidatePtr"
    ]
    exec(compile("\n".join(text), "<reaper_python of the stand-in>", "exec"), names)
    for name in UNKNOWN - set(table.functions) - table.engine.missing_functions:
        names[f"RPR_{name}"] = _refuse(table, name)
    return module


def _refuse(table: Table, name: str) -> object:
    def refuse(*arguments: object) -> None:
        message = f"{name}{arguments}: the stand-in does not know this function of REAPER"
        table.engine.fail(message)
        table.engine.raise_pending()
        raise StandInError(message)

    return refuse


def genuine_module(table: Table, path: Path) -> types.ModuleType:
    """A ``reaper_python.py`` as REAPER installs it, set up over the same table."""
    spec = importlib.util.spec_from_file_location("reaper_python", path)
    assert spec is not None, path
    assert spec.loader is not None, path
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.rpr_initft(dict(table.addresses))
    return module


def reaper_python(table: Table) -> types.ModuleType:
    """The module that scripts import: the genuine one where the environment names it."""
    path = os.environ.get(GENUINE)
    return genuine_module(table, Path(path)) if path else make_module(table)


assert ctypes.sizeof(ctypes.c_void_p) == 8, "the stand-in needs a 64-bit Python"
