"""Frozen records: what ``@dataclass(frozen=True, slots=True)`` makes, at a tenth of its price.

A dataclass compiles half a dozen functions while its module is imported, and with slots builds
its class twice: for the plain data of a short command that was a third of its time. A record
shares its methods with all others; only ``__init__`` is its own, compiled when there are more
than a few instances. It compares, hashes, prints, copies and pickles by its fields like a frozen
dataclass, and ``dataclasses.fields``, ``replace`` and ``asdict`` take it for one.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
#: instances that are made without compiling anything
_FEW = 50
#: what is no field of the new class
_OF_THE_FIRST = ("__dict__", "__weakref__")


@dataclass_transform(frozen_default=True)
def record(cls: type[T]) -> type[T]:
    """Class decorator: annotations are fields, their values defaults, all in this one class.

    ``__post_init__`` is called after the fields are set, where there is one. Defaults are shared
    by all instances: they must not be changed. Only a record with cached properties has a
    ``__dict__``, for what they keep.
    """
    own = dict(vars(cls))
    names = tuple(own.get("__annotations__", ()))
    defaults = {name: own.pop(name) for name in names if name in own}
    for name in _OF_THE_FIRST:
        own.pop(name, None)
    cached = any(isinstance(value, cached_property) for value in own.values())
    shared = {
        "__slots__": (*names, "__dict__") if cached else names,
        "__match_args__": names,
        "__init__": _first_init(names, defaults),
        "__eq__": _equal,
        "__hash__": _hash,
        "__repr__": _repr,
        "__setattr__": _refuse_set,
        "__delattr__": _refuse_delete,
        "__reduce__": _reduce,
        "__dataclass_fields__": _DataclassFields(names, defaults),
    }
    made: type[T] = type(cls.__name__, cls.__bases__, shared | own)
    made.__qualname__ = cls.__qualname__
    return made


def is_record(cls: object) -> bool:
    """Whether this is the class of a record."""
    return getattr(cls, "__eq__", None) is _equal


def names(cls: type) -> tuple[str, ...]:
    """The names of a record's fields."""
    found: tuple[str, ...] = cls.__match_args__  # type: ignore[attr-defined]
    return found


def replace(original: T, /, **changes: Any) -> T:
    """A copy of a record with some fields changed."""
    kept = {name: getattr(original, name) for name in names(type(original))}
    return type(original)(**(kept | changes))


def _first_init(names: tuple[str, ...], defaults: dict[str, Any]) -> Callable[..., None]:
    """An ``__init__`` for a few instances; then, and for wrong arguments, the compiled one takes
    its place, which costs as much as fifty of them."""
    fields = frozenset(names)
    made = 0

    def __init__(self: Any, *values: Any, **named: Any) -> None:  # noqa: N807
        nonlocal made
        made += 1
        cls = type(self)
        placed = dict(zip(names, values, strict=False))
        given = {**defaults, **placed, **named}
        clear = given.keys() == fields and len(placed) == len(values) and not placed.keys() & named
        if made > _FEW or not clear:
            cls.__init__ = _compiled_init(cls, names, defaults)
            cls.__init__(self, *values, **named)
            return
        for name in names:
            object.__setattr__(self, name, given[name])
        if hasattr(cls, "__post_init__"):
            self.__post_init__()

    return __init__


def _compiled_init(
    cls: type, names: tuple[str, ...], defaults: dict[str, Any]
) -> Callable[..., None]:
    """As text, because a loop over the fields costs each instance several times as much. The
    instance is of a class without ``__setattr__`` while its fields are set: then Python does so in
    a third of the time that the setters of its slots take."""
    taken = ", ".join(f"{name}=_defaults[{name!r}]" if name in defaults else name for name in names)
    open_class = type(cls.__name__, cls.__bases__, {"__slots__": vars(cls)["__slots__"]})
    lines = [f"def __init__(self, {taken}):", " _change_class(self, _open)"]
    lines += [f" self.{name} = {name}" for name in names]
    lines += [" self.__class__ = _closed"]
    lines += [" self.__post_init__()"] if hasattr(cls, "__post_init__") else []
    used = {
        "_change_class": vars(object)["__class__"].__set__,
        "_open": open_class,
        "_closed": cls,
        "_defaults": defaults,
    }
    made: dict[str, Any] = {}
    exec("\n".join(lines), used, made)  # noqa: S102
    compiled: Callable[..., None] = made["__init__"]
    compiled.__qualname__ = f"{cls.__qualname__}.__init__"
    return compiled


def _values(value: Any) -> tuple[Any, ...]:
    return tuple([getattr(value, name) for name in value.__match_args__])


def _equal(self: Any, other: Any) -> Any:
    return _values(self) == _values(other) if type(self) is type(other) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_values(self))


def _repr(self: Any) -> str:
    fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
    return f"{type(self).__qualname__}({fields})"


def _reduce(self: Any) -> tuple[Any, ...]:
    return type(self), _values(self)


def _refuse_set(self: Any, name: str, value: Any) -> NoReturn:  # noqa: ARG001
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_delete(self: Any, name: str) -> NoReturn:  # noqa: ARG001
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


class _DataclassFields:
    """What the functions of ``dataclasses`` look for, made when one of them does."""

    def __init__(self, names: tuple[str, ...], defaults: dict[str, Any]) -> None:
        self._names, self._defaults = names, defaults

    def __get__(self, instance: object, cls: type) -> dict[str, Any]:
        import dataclasses

        twin = dataclasses.make_dataclass(
            cls.__name__,
            [
                (name, cls.__annotations__[name], self._field(dataclasses, name))
                for name in self._names
            ],
        )
        fields: dict[str, Any] = vars(twin)["__dataclass_fields__"]
        type.__setattr__(cls, "__dataclass_fields__", fields)
        return fields

    def _field(self, dataclasses: Any, name: str) -> Any:
        if name not in self._defaults:
            return dataclasses.field()
        default = self._defaults[name]
        if type(default).__hash__ is None:  # which a dataclass refuses, as one could change it
            return dataclasses.field(default_factory=lambda: default)
        return dataclasses.field(default=default)
