"""Methods of other packages, found by their entry points.

A package offers its own method (a ``base.Method`` that is made without arguments) in its
``pyproject.toml``:

    [project.entry-points."reaper_drumgain.methods"]
    my-method = "my_package.my_module:MyMethod"

Its code is imported only when it is used by name. Built-in methods come first: a plug-in cannot
take the name of one of them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from reaper_drumgain.errors import InputError

if TYPE_CHECKING:
    from reaper_drumgain.methods.base import Method

#: the group of entry points
GROUP = "reaper_drumgain.methods"


def plugin_points(built_in: Collection[str]) -> dict[str, EntryPoint]:
    """The entry points of methods by their names, those with the name of a built-in left out."""
    found = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return {point.name: point for point in found if point.name not in built_in}


def loader(point: EntryPoint) -> Callable[[], Method]:
    """A function that makes the method of an entry point.

    It raises InputError, with the name of the package, where that cannot be imported or holds no
    method.
    """

    def load() -> Method:
        from reaper_drumgain.methods.base import Method

        where = f"method {point.name!r} ({source(point)})"
        try:
            made = point.load()()
        except Exception as error:  # the code of others may raise anything
            raise InputError(
                f"{where} cannot be loaded: {type(error).__name__}: {error}. Repair or remove "
                "that package, or use another method"
            ) from error
        if not isinstance(made, Method):
            raise InputError(
                f"{where} gives {type(made).__name__}: expected a subclass of "
                "reaper_drumgain.methods.base.Method"
            )
        return made

    return load


def source(point: EntryPoint) -> str:
    """The package of an entry point with its version, and the place in it."""
    package = f"{point.dist.name} {point.dist.version}, " if point.dist is not None else ""
    return f"{package}{point.value}"


def summary(point: EntryPoint) -> str:
    """The first line of the docstring of a plug-in's method, or why there is none."""
    try:
        text = inspect.getdoc(point.load()) or ""
    except Exception as error:
        return f"cannot be loaded: {type(error).__name__}: {error}"
    return text.partition("\n")[0].rstrip(".") or "(without a docstring)"
