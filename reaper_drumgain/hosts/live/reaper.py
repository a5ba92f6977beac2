"""REAPER's functions: those of python-reapy, and fast calls for the frequent ones.

``RPR`` is ``reapy.reascript_api``. In every call its functions parse a pointer's text, make a
function type and, if a text is returned, clear four megabytes. A snapshot makes tens of thousands
of calls, so ``Calls`` binds the same C addresses once, takes pointers as numbers and keeps one
buffer. Import this module only inside REAPER: elsewhere reapy looks for a server on the network.
"""

from __future__ import annotations

import ctypes
import functools
import os
import re
import sys
import warnings
from typing import Any

from reaper_drumgain.errors import ConflictError, HostError

if not hasattr(sys.modules["__main__"], "obj"):
    raise HostError("this works inside REAPER only: start it from REAPER's action list")

with warnings.catch_warnings():
    # reapy 0.10.0 has an invalid escape that newer versions of Python warn about
    warnings.simplefilter("ignore")
    import reapy
    from reapy import reascript_api

RPR: Any = reascript_api
defer = reapy.defer
at_exit = reapy.at_exit

#: what REAPER may write if a function takes no size
_BUFFER_BYTES = 4 << 20
#: longer texts, for example names from a hostile project, are cut
MAX_TEXT = 1 << 16

_KINDS: dict[str, Any] = {
    "pointer": ctypes.c_uint64,
    "int": ctypes.c_int,
    "bool": ctypes.c_byte,
    "double": ctypes.c_double,
    "text": ctypes.c_char_p,
    "buffer": ctypes.c_void_p,
    "out": ctypes.c_void_p,
    "nothing": None,
}


def text_of(raw: bytes) -> str:
    """Text without surrogates: UTF-8, else the Western Windows code page of old projects."""
    raw = raw[:MAX_TEXT]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def has(name: str) -> bool:
    """Whether this version of REAPER has a function."""
    return name in RPR._RPR._ft


def version() -> str:
    """REAPER's version, like ``7.27/linux-x86_64``."""
    return str(RPR.GetAppVersion())


def version_number() -> tuple[int, int]:
    """REAPER's version as numbers: (7, 27). (0, 0) where it cannot be read."""
    found = re.match(r"(\d+)\.(\d+)", version())
    return (int(found[1]), int(found[2])) if found else (0, 0)


def check_version(oldest: tuple[int, int], what: str) -> None:
    """Checks that this REAPER is new enough.

    Parameters
    ----------
    oldest
        The oldest version, as numbers.
    what
        What needs it, for the message.

    Raises
    ------
    HostError
        This REAPER is older.
    """
    if version_number() < oldest:
        needed = f"{oldest[0]}.{oldest[1]:02}"
        raise HostError(
            f"{what} needs REAPER {needed} or newer, this is {version()}: update REAPER (Help, "
            "Check for new version). Nothing was changed"
        )


def address(pointer: str) -> int:
    """The number in a pointer's text; 0 for null."""
    return int(pointer.partition("0x")[2] or "0", 16)


def pointer(kind: str, number: int) -> str:
    """The text of a pointer, as reapy's functions take it."""
    return f"({kind}*)0x{number:016X}"


class Project:
    """An open project.

    ``pointer`` is its pointer as reapy takes it, ``address`` the same as a number, and ``path``
    the path of its file ("" if it was never saved).
    """

    __slots__ = ("address", "path", "pointer")

    def __init__(self, pointer: str, path: str) -> None:
        self.pointer = pointer
        self.address = address(pointer)
        self.path = path

    @property
    def name(self) -> str:
        """Its name in messages."""
        return os.path.basename(self.path) or "the unsaved project"  # noqa: PTH119


def current_project() -> Project:
    """The project of the current tab."""
    found = RPR.EnumProjects(-1, "", 4096)
    return Project(found[0], found[2])


def is_open(project: Project) -> bool:
    """Whether a project is still open.

    REAPER may give the address of a closed tab to a new one, so the tracks are checked too
    before anything is written.
    """
    for place in range(1000):
        found = RPR.EnumProjects(place, "", 4096)
        if not address(found[0]):
            return False
        if address(found[0]) == project.address:
            return True
    return False


def selected_count(project: Project) -> int:
    """How many tracks are selected in a project."""
    return int(RPR.CountSelectedTracks2(project.pointer, False))


def time_selection(project: Project) -> tuple[float, float] | None:
    """The time selection in seconds, None if there is none."""
    start, end = RPR.GetSet_LoopTimeRange2(project.pointer, False, False, 0.0, 0.0, False)[3:5]
    return (float(start), float(end)) if end > start else None


def require_current(project: Project, what: str) -> None:
    """Checks that a project is the current tab.

    Parameters
    ----------
    project
        The project.
    what
        What is to be done with it, for the message ("rendered").

    Raises
    ------
    ConflictError
        It is not.
    """
    if not is_open(project) or current_project().address != project.address:
        raise ConflictError(
            f"{project.name} is not the current project tab any more, so it cannot be {what}: "
            "nothing was changed"
        )


def is_track(project: str, number: int) -> bool:
    """Whether a track with this address is still part of a project."""
    # reapy takes this one pointer as a number
    return number != 0 and bool(RPR.ValidatePtr2(project, number, "MediaTrack*"))


class Calls:
    """C functions of REAPER, each bound once. Pointers are numbers, 0 is null."""

    @functools.cached_property
    def _buffer(self) -> Any:
        # clearing four megabytes takes a millisecond, and not every run needs the buffer
        return ctypes.create_string_buffer(_BUFFER_BYTES)

    @functools.cached_property
    def _address(self) -> int:
        return ctypes.addressof(self._buffer)

    @functools.cache  # noqa: B019 - one object per run
    def function(self, name: str, result: str, *arguments: str) -> Any:
        """One of REAPER's functions.

        Parameters
        ----------
        name
            Its name.
        result
            The kind of its result.
        *arguments
            The kinds of its arguments.

        Returns
        -------
        callable
            The C function.

        Raises
        ------
        HostError
            This REAPER lacks it.
        """
        if not has(name):
            raise HostError(f"REAPER {version()} has no function {name}: update REAPER")
        kinds = [_KINDS[argument] for argument in arguments]
        return ctypes.CFUNCTYPE(_KINDS[result], *kinds)(RPR._RPR._ft[name])

    def number(self, name: str, pointer: int, key: bytes) -> float:
        """A value of a track, item or take.

        Parameters
        ----------
        name
            One of the three functions for that.
        pointer
            The address of the object.
        key
            REAPER's key of the value.

        Returns
        -------
        float
            The value.
        """
        return float(self.function(name, "double", "pointer", "text")(pointer, key))

    def whole(self, name: str, pointer: int, *places: int) -> int:
        """A whole number of an object.

        Parameters
        ----------
        name
            The function.
        pointer
            The address of the object.
        *places
            Indexes into it.

        Returns
        -------
        int
            The number.
        """
        kinds = ["pointer", *["int"] * len(places)]
        return int(self.function(name, "int", *kinds)(pointer, *places))

    def truth(self, name: str, pointer: int, *places: int) -> bool:
        """Whether something is true of an object.

        Parameters
        ----------
        name
            The function.
        pointer
            The address of the object.
        *places
            Indexes into it.

        Returns
        -------
        bool
            What the function returns.
        """
        kinds = ["pointer", *["int"] * len(places)]
        return bool(self.function(name, "bool", *kinds)(pointer, *places))

    def child(self, name: str, pointer: int, *places: int) -> int:
        """An object inside another.

        Parameters
        ----------
        name
            The function.
        pointer
            The address of the object.
        *places
            Indexes into it.

        Returns
        -------
        int
            The address, 0 if there is none.
        """
        kinds = ["pointer", *["int"] * len(places)]
        return int(self.function(name, "pointer", *kinds)(pointer, *places) or 0)

    def named_child(self, name: str, pointer: int, key: bytes) -> int:
        """An object inside another, by a key.

        Parameters
        ----------
        name
            The function.
        pointer
            The address of the object.
        key
            REAPER's key of the other object.

        Returns
        -------
        int
            The address, 0 if there is none.
        """
        return int(self.function(name, "pointer", "pointer", "text")(pointer, key) or 0)

    def stored(self, name: str, pointer: int, key: bytes) -> str | None:
        """A text that is stored with an object.

        Parameters
        ----------
        name
            The function, a ``GetSet..._String``.
        pointer
            The address of the object.
        key
            REAPER's key of the text.

        Returns
        -------
        str or None
            None if there is no such text.
        """
        self._buffer[0] = b"\0"
        call = self.function(name, "bool", "pointer", "text", "buffer", "bool")
        if not call(pointer, key, self._address, 0):
            return None
        return text_of(self._buffer.value)

    def state_text(self, name: str, pointer: int) -> bytes:
        """The state text ("chunk") of an object, to look at only: a long one is cut."""
        self._buffer[0] = b"\0"
        call = self.function(name, "bool", "pointer", "buffer", "int", "bool")
        call(pointer, self._address, _BUFFER_BYTES, 0)
        return bytes(self._buffer.value)

    def written(self, name: str, pointer: int, *places: int) -> str:
        """A text that a function writes into a buffer.

        Parameters
        ----------
        name
            The function.
        pointer
            The address of the object.
        *places
            Indexes into it.

        Returns
        -------
        str
            Empty if there is none.
        """
        self._buffer[0] = b"\0"
        kinds = ["pointer", *["int"] * len(places), "buffer", "int"]
        # the returned value says no more than an empty text does
        self.function(name, "int", *kinds)(pointer, *places, self._address, _BUFFER_BYTES)
        return text_of(self._buffer.value)

    def returned(self, name: str, pointer: int) -> str:
        """A text that a function returns."""
        return text_of(self.function(name, "text", "pointer")(pointer) or b"")
