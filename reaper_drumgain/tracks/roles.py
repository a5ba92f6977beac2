"""Drum roles: what a microphone is placed at. Standard library only."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reaper_drumgain.errors import InputError
from reaper_drumgain.schema.plan import role_text

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
MAX_ORDINAL = 99

_MAX_ROLE_TEXT = 80


@dataclass(frozen=True, slots=True)
class Role:
    """What a drum microphone is placed at. ``side`` and ``ordinal`` are None where unsaid.

    Toms are numbered from 1, a single rack tom included; a floor tom has a number only where
    its name has one. Rooms, samples and percussion have no number, other drums from 2 on.
    """

    name: str
    side: str | None = None
    ordinal: int | None = None

    def __post_init__(self) -> None:
        if self.name not in ROLE_NAMES:
            raise ValueError(f"{self.name!r} is no drum role: expected one of {list(ROLE_NAMES)}")
        if self.side is not None and self.side not in SIDES:
            raise ValueError(f"{self.side!r} is no side: expected one of {list(SIDES)}")
        if self.ordinal is not None and not 1 <= self.ordinal <= MAX_ORDINAL:
            raise ValueError(f"role number {self.ordinal!r} is not in 1 to {MAX_ORDINAL}")

    def __str__(self) -> str:
        return role_text(self.name, self.ordinal, self.side)

    @classmethod
    def parse(cls, text: str) -> Role | None:
        """The role that a text like ``tom 2`` or ``overhead left`` names; None for ``none``.

        Case and spacing do not matter. Raises InputError where it names none of ROLE_NAMES.
        """
        words = text[:_MAX_ROLE_TEXT].casefold().split()
        if words == ["none"]:
            return None
        side = words.pop() if words and words[-1] in SIDES else None
        number = words.pop() if words and re.fullmatch("[0-9]{1,9}", words[-1]) else None
        try:
            return cls(" ".join(words), side, None if number is None else int(number))
        except ValueError as error:
            raise InputError(
                f"role {text[:_MAX_ROLE_TEXT]!r} is not known: {error}. A role is a name, then a "
                "number and a side where wanted, like 'tom 2' or 'overhead left', or 'none'"
            ) from None


def drum_of(role: Role) -> str:
    """What a microphone of this role stands at: the same for all microphones of one drum.

    ``kick`` and ``snare`` for all of theirs, each tom for itself, else the role's name.
    """
    if role.name == "tom":
        return f"tom {role.ordinal}"
    return next((drum for drum in ("kick", "snare") if drum in role.name), role.name)
