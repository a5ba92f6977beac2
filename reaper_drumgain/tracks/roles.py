"""Drum roles: what a microphone is placed at. Standard library only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from reaper_drumgain.errors import InputError
from reaper_drumgain.schema.plan import role_text

#: the drums that a sample can be of, as ``Role.drum`` names them; toms with their number
SAMPLED_DRUMS = ("kick", "snare", "hi-hat", "tom", "ride", "cymbal")

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
    """What a drum microphone is placed at.

    Attributes
    ----------
    name
        One of ROLE_NAMES.
    side
        One of SIDES, None where that is unsaid.
    ordinal
        The number of the drum, None where that is unsaid. Toms are numbered from 1, a single rack
        tom included; a floor tom has a number only where its name has one. Rooms, samples and
        percussion have no number, other drums from 2 on.
    drum
        For a sample what it sounds with: one of SAMPLED_DRUMS, a tom with its number ("tom 2").
        None where that is unsaid, and for everything but samples.
    """

    name: str
    side: str | None = None
    ordinal: int | None = None
    drum: str | None = None

    def __post_init__(self) -> None:
        if self.name not in ROLE_NAMES:
            raise ValueError(
                f"{self.name!r} is not a drum role: expected one of {list(ROLE_NAMES)}"
            )
        if self.side is not None and self.side not in SIDES:
            raise ValueError(f"{self.side!r} is not a side: expected one of {list(SIDES)}")
        if self.ordinal is not None and not 1 <= self.ordinal <= MAX_ORDINAL:
            raise ValueError(f"role number {self.ordinal!r} is not in 1 to {MAX_ORDINAL}")
        if self.drum is not None and not (self.name == "sample" and _is_drum(self.drum)):
            raise ValueError(
                f"{self.name} of {self.drum!r}: only a sample has a drum, one of "
                f"{list(SAMPLED_DRUMS)}"
            )

    def __str__(self) -> str:
        return role_text(self.name, self.ordinal, self.side, self.drum)

    @classmethod
    def parse(cls, text: str) -> Role | None:
        """The role that a text names. Case and spacing do not matter.

        Parameters
        ----------
        text
            Like ``tom 2`` or ``overhead left``, or ``none``.

        Returns
        -------
        Role or None
            None for ``none``.

        Raises
        ------
        InputError
            The text names none of ROLE_NAMES.
        """
        words = text[:_MAX_ROLE_TEXT].casefold().split()
        if words == ["none"]:
            return None
        side = words.pop() if words and words[-1] in SIDES else None
        number = words.pop() if words and re.fullmatch("[0-9]{1,9}", words[-1]) else None
        ordinal = None if number is None else int(number)
        try:
            if len(words) > 1 and words[-1] == "sample":
                return cls("sample", side, ordinal, " ".join(words[:-1]))
            return cls(" ".join(words), side, ordinal)
        except ValueError as error:
            close = get_close_matches(" ".join(words), ROLE_NAMES, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise InputError(
                f"role {text[:_MAX_ROLE_TEXT]!r} is not known: {error}. A role is a name, a "
                "number and a side (the last two may be left out), like 'tom 2' or 'overhead "
                f"left', or it is 'none'.{hint}"
            ) from None


def _is_drum(text: str) -> bool:
    name, _, number = text.partition(" ")
    if number and not (name == "tom" and re.fullmatch("[1-9][0-9]?", number)):
        return False
    return name in SAMPLED_DRUMS


def plays_with(sample: Role, microphone: Role) -> bool:
    """Whether a sample track is of the drum that a close microphone stands at.

    A sample of a tom without a number may be of any of them.
    """
    if sample.drum is None or microphone.name in ("sample", "percussion"):
        return False
    if microphone.name == "tom":
        return sample.drum in ("tom", role_text("tom", microphone.ordinal, None))
    return sample.drum == drum_of(microphone)


def drum_of(role: Role) -> str:
    """What a microphone of this role stands at: the same for all microphones of one drum.

    ``kick`` and ``snare`` for all of theirs, each tom for itself, else the role's name.
    """
    if role.name == "tom":
        return f"tom {role.ordinal}"
    return next((drum for drum in ("kick", "snare") if drum in role.name), role.name)
