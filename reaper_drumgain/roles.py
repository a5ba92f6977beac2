"""Track and folder names to drum roles. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reaper_drumgain.errors import InputError

ROLE_NAMES = (
    "kick in",
    "kick out",
    "kick",
    "sub kick",
    "snare top",
    "snare bottom",
    "snare",
    "hi-hat",
    "tom",
    "ride",
    "cymbal",
    "overhead",
    "room",
    "sample",
    "percussion",
)
SIDES = ("left", "right", "stereo", "mono")


@dataclass(frozen=True, slots=True)
class Role:
    """What a drum microphone listens to. ``side`` and ``ordinal`` are None where unsaid."""

    name: str
    side: str | None = None
    ordinal: int | None = None

    def __str__(self) -> str:
        words = (self.name, self.ordinal, self.side)
        return " ".join(str(word) for word in words if word is not None)

    @classmethod
    def parse(cls, text: str) -> Role | None:
        """The role that a text like ``tom 2`` or ``overhead left`` names; None for ``none``.

        Raises InputError where it names none of ROLE_NAMES.
        """
        raise NotImplementedError


def role_of(name: str, folders: Sequence[str] = ()) -> Role | None:
    """The drum role that a track's name means, or None where it means no drum.

    ``folders``: names of the folder tracks around it, the nearest first.
    """
    raise NotImplementedError
