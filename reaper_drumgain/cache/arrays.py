"""Measurements as named plain arrays, and such arrays as bytes: nothing in them ever runs.

Records, tuples, mappings, slices, texts and numbers become arrays by the place where they
stand; reading follows the annotations of the class that is asked for.
"""

from __future__ import annotations

import functools
import json
import math
import re
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
#: kinds of arrays that bytes may hold: floats, whole numbers, truth, text
_KIND = re.compile(r"[<>|][fiubU][1-9][0-9]{0,8}", re.ASCII)
_ALIGN = 16
_MAX_ARRAYS = 1 << 20


def pack(value: Any, name: str = "") -> dict[str, NDArray[Any]]:
    """The arrays of a record."""
    arrays: dict[str, NDArray[Any]] = {}
    _pack(value, name, arrays)
    return arrays


def unpack(cls: type[T], arrays: Mapping[str, Any]) -> T:
    """The instance that ``pack`` took apart. Raises KeyError, ValueError or TypeError."""
    return typing.cast(T, _unpack(cls, "", arrays))


def to_bytes(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Arrays with their names, kinds and shapes, as bytes."""
    parts: list[bytes] = []
    places = []
    length = 0
    for name, array in arrays.items():
        data = np.ascontiguousarray(array).tobytes()
        places.append([name, array.dtype.str, list(array.shape), length])
        padding = -len(data) % _ALIGN
        parts += [data, b"\0" * padding]
        length += len(data) + padding
    head = json.dumps(places).encode()
    head += b" " * (-(8 + len(head)) % _ALIGN)
    return b"".join([len(head).to_bytes(8, "little"), head, *parts])


def from_bytes(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays that ``to_bytes`` wrote, as views that cannot be written to.

    Raises ValueError where the bytes are not such; allocates nothing beyond them.
    """
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > len(data) - 8:
        raise ValueError("the bytes are cut short")
    try:
        places = json.loads(data[8 : 8 + size])
        if not isinstance(places, list) or len(places) > _MAX_ARRAYS:
            raise ValueError("no list of arrays")
        body = memoryview(data)[8 + size :]
        return {str(name): _view(body, *place) for name, *place in places}
    except (TypeError, RecursionError) as error:
        raise ValueError(f"no list of arrays: {error}") from error


def _view(body: memoryview, kind: Any, shape: Any, start: Any) -> NDArray[Any]:
    # numpy reads other texts as code for a structure
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        raise ValueError(f"an array of kind {kind!r} has no place here")
    dtype = np.dtype(kind)
    if not all(type(n) is int and n >= 0 for n in (*shape, start)):
        raise ValueError(f"an array has shape {shape!r} at {start!r}")
    count = math.prod(shape)
    if start + count * dtype.itemsize > len(body):
        raise ValueError("an array goes on past the end")
    if not count:
        return np.zeros(shape, dtype=dtype)
    return np.frombuffer(body, dtype=dtype, count=count, offset=start).reshape(shape)


def _pack(value: Any, name: str, arrays: dict[str, NDArray[Any]]) -> None:
    if is_dataclass(value):
        for part in fields(value):
            _pack(getattr(value, part.name), f"{name}.{part.name}", arrays)
    elif isinstance(value, Mapping):
        arrays[name] = np.array(list(value), dtype=str)
        for key, item in value.items():
            _pack(item, f"{name}.{key}", arrays)
    elif isinstance(value, tuple):
        arrays[name] = np.array(len(value))
        for place, item in enumerate(value):
            _pack(item, f"{name}.{place}", arrays)
    else:
        plain = [value.start, value.stop] if isinstance(value, slice) else value
        arrays[name] = np.asarray(plain)


@functools.cache
def _hints(cls: Any) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _unpack(kind: Any, name: str, arrays: Mapping[str, Any]) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        parts = [part.name for part in fields(kind)]
        return kind(**{part: _unpack(hints[part], f"{name}.{part}", arrays) for part in parts})
    held = arrays[name]
    if origin is tuple:
        return tuple(_unpack(arguments[0], f"{name}.{n}", arrays) for n in range(int(held)))
    if origin is not None and issubclass(origin, Mapping):
        return {str(key): _unpack(arguments[1], f"{name}.{key}", arrays) for key in held}
    if kind is slice:
        return slice(int(held[0]), int(held[1]))
    return kind(held) if kind in (int, float, str) else held
