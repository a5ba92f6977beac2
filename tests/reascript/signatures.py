"""C signatures as REAPER's header writes them, and the ctypes types that they mean.

The rules are those by which REAPER makes its own reaper_python.py, read off public copies:
a pointer to a structure travels as 64 bits, ``const char*`` is text in, ``char*`` a buffer
in and out, ``double*``, ``int*`` and ``bool*`` are values in and out, a bool is one byte.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

Kind = Literal["pointer", "int", "bool", "double", "text", "buffer", "size", "out", "texts"]

_SIGNATURE = re.compile(r"^(?P<result>[\w ]+?\**)\s*\b(?P<name>\w+)\((?P<params>.*)\)$", re.DOTALL)
_Body = TypeVar("_Body", bound=Callable[..., Any])
_VALUES = {"double": ctypes.c_double, "int": ctypes.c_int, "bool": ctypes.c_byte}


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter. ``c_type`` is its name in C without const and stars."""

    name: str
    kind: Kind
    c_type: str

    @property
    def callback_type(self) -> Any:
        """What a callback receives."""
        if self.kind in ("pointer",):
            return ctypes.c_uint64
        if self.kind == "text":
            return ctypes.c_char_p
        if self.kind in ("buffer", "out", "texts"):
            return ctypes.c_void_p
        return _VALUES["int" if self.kind == "size" else self.kind]

    @property
    def is_out(self) -> bool:
        return self.kind in ("buffer", "out")


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    result: str
    params: tuple[Param, ...]

    @property
    def result_type(self) -> Any:
        if self.result == "void":
            return None
        if self.result == "char*":
            return ctypes.c_void_p
        return ctypes.c_uint64 if self.result.endswith("*") else _VALUES[self.result]

    @property
    def callback(self) -> Any:
        return ctypes.CFUNCTYPE(self.result_type, *(p.callback_type for p in self.params))


def _kind(c_type: str, const: bool, name: str, before: Param | None) -> tuple[Kind, str]:
    base = c_type.replace("*", "").strip()
    stars = c_type.count("*")
    if base == "unsigned int":
        base = "int"
    if stars == 2:
        return "texts", base
    if stars == 1:
        if base == "char":
            return ("text" if const else "buffer"), base
        return ("out" if base in _VALUES else "pointer"), base
    if base == "int" and before and before.kind == "buffer" and name == f"{before.name}_sz":
        return "size", base
    return base, base  # type: ignore[return-value]


def parse_signature(text: str) -> Signature:
    """A signature such as ``"int CountTracks(ReaProject* proj)"``."""
    found = _SIGNATURE.match(" ".join(text.split()))
    if not found:
        raise ValueError(f"no C signature: {text!r}")
    params: list[Param] = []
    for part in filter(None, (p.strip() for p in found["params"].split(","))):
        declared, name = re.match(r"^(.*?[\s*])(\w+)$", part).groups()  # type: ignore[union-attr]
        const = declared.startswith("const ")
        declared = declared.removeprefix("const ").strip()
        kind, base = _kind(declared, const, name, params[-1] if params else None)
        params.append(Param(name, kind, base))
    result = found["result"].removeprefix("const ").replace(" *", "*").strip()
    result = "int" if result == "unsigned int" else result
    return Signature(found["name"], result, tuple(params))


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the table: its signature, what it does, and which arguments may be null."""

    signature: Signature
    body: Callable[..., Any]
    since: tuple[int, int] = (0, 0)
    null: frozenset[str] = frozenset()


#: every function that the stand-in knows, by name
FUNCTIONS: dict[str, Function] = {}


def api(
    signature: str, *, since: tuple[int, int] = (0, 0), null: tuple[str, ...] = ()
) -> Callable[[_Body], _Body]:
    """Register a function over the engine under its C signature.

    The function receives the engine and the arguments as objects: structures resolved (a
    null project is the current one), text decoded, buffers and out-values as ``Buffer`` and
    ``Cell``; sizes of buffers are left out, the buffers know them. ``since`` is the first
    version that has the function; ``null`` names the pointers that may be null.
    """
    parsed = parse_signature(signature)

    def register(body: _Body) -> _Body:
        if parsed.name in FUNCTIONS:
            raise ValueError(f"{parsed.name} is registered twice")
        FUNCTIONS[parsed.name] = Function(parsed, body, since, frozenset(null))
        return body

    return register


class Buffer:
    """A ``char*`` argument: text in, and text out within its size."""

    __slots__ = ("address", "size")

    def __init__(self, address: int | None, size: int | None) -> None:
        self.address = address
        self.size = size

    @property
    def text(self) -> str:
        if not self.address:
            return ""
        return ctypes.string_at(self.address).decode("utf-8", "surrogateescape")

    @text.setter
    def text(self, value: str) -> None:
        data = value.encode("utf-8", "surrogateescape")
        if self.size is not None:
            if self.size <= 0:
                return
            data = data[: self.size - 1]
        if self.address:
            ctypes.memmove(self.address, data + b"\0", len(data) + 1)


class Cell:
    """A ``double*``, ``int*`` or ``bool*`` argument. A null one reads 0 and ignores writes."""

    __slots__ = ("_c",)

    def __init__(self, address: int | None, c_type: str) -> None:
        self._c: Any = _VALUES[c_type].from_address(address) if address else None

    @property
    def value(self) -> Any:
        return self._c.value if self._c is not None else 0

    @value.setter
    def value(self, value: Any) -> None:
        if self._c is not None:
            self._c.value = value
