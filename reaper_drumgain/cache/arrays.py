"""Dataclasses of measurements as named plain arrays, and back, without pickle.

Arrays keep their place in the dataclass as their name (``.tracks.0.envelope``); all other
values stand in one JSON text, itself an array of bytes. Reading follows the annotations of the
class that is asked for.
"""

from __future__ import annotations

import functools
import json
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
#: the array that holds the JSON text
_VALUES = "values.json"


def pack(value: Any, name: str = "") -> dict[str, NDArray[Any]]:
    """A dataclass as named plain arrays.

    Parameters
    ----------
    value
        A dataclass of arrays, mappings, tuples, slices, numbers and texts.
    name
        What the names of its arrays begin with.

    Returns
    -------
    dict
        Arrays of any shape by name, and one array of bytes with all other values as JSON.
    """
    arrays: dict[str, NDArray[Any]] = {}
    values: dict[str, Any] = {}
    _pack(value, name, arrays, values)
    text = json.dumps(values).encode("ascii")
    return {_VALUES: np.frombuffer(text, dtype=np.uint8), **arrays}


def unpack(cls: type[T], arrays: Mapping[str, Any]) -> T:
    """The instance of ``cls`` that ``pack`` took apart.

    Raises KeyError, ValueError or TypeError where the arrays do not
    describe one.
    """
    held: dict[str, Any] = dict(arrays)
    if _VALUES in held:  # older files of training data hold each value as an array
        try:
            held |= json.loads(held.pop(_VALUES).tobytes())
        except RecursionError as error:
            raise ValueError("the values are nested too deep") from error
    return typing.cast(T, _unpack(cls, "", held))


def _pack(value: Any, name: str, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> None:
    if is_dataclass(value):
        for part in fields(value):
            _pack(getattr(value, part.name), f"{name}.{part.name}", arrays, values)
    elif isinstance(value, Mapping):
        values[name] = list(value)
        for key, item in value.items():
            _pack(item, f"{name}.{key}", arrays, values)
    elif isinstance(value, tuple):
        values[name] = len(value)
        for place, item in enumerate(value):
            _pack(item, f"{name}.{place}", arrays, values)
    elif isinstance(value, slice):
        values[name] = [value.start, value.stop]
    elif isinstance(value, np.ndarray):
        arrays[name] = value
    else:
        values[name] = value.item() if isinstance(value, np.generic) else value


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
    if kind in (int, float, str):
        return kind(held)
    if not isinstance(held, np.ndarray):
        raise TypeError(f"{name} is no array")
    return held
