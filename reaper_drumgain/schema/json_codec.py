"""Dataclasses to plain JSON data and back, with types checked both ways.

A document is a mapping with ``kind``, ``schema`` and the fields of its dataclass.
Fields may be str, bool, int, float, NewTypes of them, None unions, dataclasses,
homogeneous tuples (``tuple[X, ...]``), fixed tuples, and ``dict[str, X]``. Numbers are
finite: NaN and infinity are refused in both directions. Fields that an older writer did
not know take their defaults; unknown fields are refused, because dropping them would
drop what the user asked for.
"""

from __future__ import annotations

import functools
import json
import math
import types
import typing
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from reaper_drumgain.errors import InputError

T = TypeVar("T")
_MOST_DIGITS, _MOST_WHOLE = 20, 1 << 63
_PLAIN = (str, bool, int, float, type(None))


def dumps(value: Any, *, kind: str, schema: int, indent: int | None = None) -> str:
    """Write a dataclass as JSON.

    Parameters
    ----------
    value
        The dataclass.
    kind, schema
        Kind of the document and version of its fields, written as its first two fields.
    indent
        Spaces per level. None for one line.

    Returns
    -------
    str
        The document.
    """
    document = to_document(value, kind=kind, schema=schema)
    return json.dumps(document, indent=indent, ensure_ascii=False, allow_nan=False)


def to_document(value: Any, *, kind: str, schema: int) -> dict[str, Any]:
    """Make plain JSON data of a dataclass.

    Parameters
    ----------
    value
        The dataclass.
    kind, schema
        Kind of the document and version of its fields.

    Returns
    -------
    dict
        The fields, and ``kind`` and ``schema``.
    """
    return {"kind": kind, "schema": schema, **encode(value)}


def loads(text: str | bytes, cls: type[T], *, kind: str, schema: int) -> T:
    """Read the dataclass that ``dumps`` wrote.

    Parameters
    ----------
    text
        The document.
    cls
        The dataclass.
    kind, schema
        Kind and version that the document must have.

    Returns
    -------
    object
        Of the class ``cls``.

    Raises
    ------
    InputError
        The text is no JSON, of another kind or version, or does not fit the dataclass; the message
        names the place.
    """
    try:
        document = read_json(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not a {kind} document: {error}") from error
    return from_document(document, cls, kind=kind, schema=schema)


def from_document(document: Any, cls: type[T], *, kind: str, schema: int) -> T:
    """Read the dataclass that ``to_document`` made plain.

    Parameters
    ----------
    document
        Plain JSON data from anybody.
    cls
        The dataclass.
    kind, schema
        Kind and version that the document must have.

    Returns
    -------
    object
        Of the class ``cls``.

    Raises
    ------
    InputError
        The document is of another kind or version, or does not fit the dataclass.
    """
    if not isinstance(document, dict) or document.get("kind") != kind:
        got = document.get("kind") if isinstance(document, dict) else type(document).__name__
        raise InputError(f"expected a {kind} document, got {got!r}")
    if document.get("schema") != schema:
        raise InputError(
            f"the {kind} document has schema {document.get('schema')!r}, this version of "
            f"DrumGain reads schema {schema}: use the same version on both sides"
        )
    content = {name: item for name, item in document.items() if name not in ("kind", "schema")}
    return typing.cast(T, decode(content, cls, kind))


def encode(value: Any) -> Any:
    """Plain JSON data of a dataclass, a container of them or a plain value."""
    if is_dataclass(value):
        return {f.name: encode(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {str(name): encode(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value!r} has no place in JSON")
    if isinstance(value, _PLAIN):
        return value
    raise TypeError(f"cannot encode {type(value).__name__}")


def decode(data: Any, wanted: Any, where: str) -> Any:
    """Read the value that ``encode`` made plain.

    Parameters
    ----------
    data
        Plain JSON data.
    wanted
        The type of the value, as in an annotation.
    where
        Names the place in messages.

    Returns
    -------
    object
        Of the type ``wanted``.

    Raises
    ------
    InputError
        The data do not fit the type.
    """
    if isinstance(wanted, typing.NewType):
        return decode(data, wanted.__supertype__, where)
    if wanted is Any:
        return data
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (typing.Union, types.UnionType):
        if data is None and type(None) in arguments:
            return None
        (inner,) = [item for item in arguments if item is not type(None)]
        return decode(data, inner, where)
    if origin is typing.Literal:
        if data not in arguments:
            raise InputError(f"{where}: expected one of {list(arguments)}, got {data!r}")
        return data
    if origin is tuple:
        return _decode_tuple(data, arguments, where)
    if origin is dict:
        if not isinstance(data, dict):
            raise InputError(f"{where}: expected a mapping, got {type(data).__name__}")
        return {name: decode(item, arguments[1], f"{where}.{name}") for name, item in data.items()}
    if is_dataclass(wanted):
        return _decode_record(data, wanted, where)
    return _decode_plain(data, wanted, where)


def _decode_tuple(data: Any, arguments: tuple[Any, ...], where: str) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise InputError(f"{where}: expected a list, got {type(data).__name__}")
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(decode(item, arguments[0], f"{where}[{i}]") for i, item in enumerate(data))
    if len(data) != len(arguments):
        raise InputError(f"{where}: expected {len(arguments)} values, got {len(data)}")
    pairs = zip(data, arguments, strict=True)
    return tuple(decode(item, kind, f"{where}[{i}]") for i, (item, kind) in enumerate(pairs))


@functools.cache
def _hints(cls: Any) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _decode_record(data: Any, cls: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise InputError(f"{where}: expected a mapping, got {type(data).__name__}")
    hints = _hints(cls)
    known = {field.name for field in fields(cls)}
    unknown = sorted(set(data) - known)
    if unknown:
        raise InputError(f"{where}: unknown fields {unknown}; known are {sorted(known)}")
    values = {name: decode(item, hints[name], f"{where}.{name}") for name, item in data.items()}
    try:
        return cls(**values)
    except TypeError as error:
        raise InputError(f"{where}: {error}") from error


def _decode_plain(data: Any, wanted: Any, where: str) -> Any:
    if wanted is float and isinstance(data, int) and not isinstance(data, bool):
        try:
            data = float(data)
        except OverflowError as error:
            raise InputError(f"{where}: a number with too many digits") from error
    if type(data) is not wanted:
        raise InputError(f"{where}: expected {wanted.__name__}, got {data!r}")
    if isinstance(data, float) and not math.isfinite(data):
        raise InputError(f"{where}: expected a finite number, got {data!r}")
    return data


def read_json(text: str | bytes) -> Any:
    """JSON from unknown sources, with finite floats and whole numbers of 64 bits only.

    Raises ValueError for anything else (also ``1e999`` and numbers of 400 digits, which would
    become infinity or an OverflowError later), RecursionError where it is nested too deep.
    """
    return json.loads(text, parse_int=_whole, parse_float=_finite, parse_constant=_refuse_constant)


def _whole(digits: str) -> int:
    number = int(digits) if len(digits) <= _MOST_DIGITS else _MOST_WHOLE
    if abs(number) >= _MOST_WHOLE:
        raise ValueError(f"{digits[:_MOST_DIGITS]}... is a number with too many digits")
    return number


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:_MOST_DIGITS]} is beyond any number")
    return number


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")
