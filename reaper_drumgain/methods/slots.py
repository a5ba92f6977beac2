"""The named slots of the forests: one for each drum track that a kit usually has.

Every slot has a place among the inputs and the outputs of a forest. Tracks take slots by role and
number, so that their order in the project does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.features import FeatureTable
from reaper_drumgain.tracks.roles import Role

Float64 = npt.NDArray[np.float64]

_COUNTS: Mapping[str, int] = {
    "kick in": 1,
    "kick out": 1,
    "kick": 2,
    "sub kick": 1,
    "snare top": 2,
    "snare bottom": 1,
    "snare": 2,
    "hi-hat": 1,
    "tom": 4,
    "ride": 1,
    "cymbal": 2,
    "overhead left": 2,
    "overhead right": 2,
    "overhead stereo": 2,
    "overhead mono": 3,
    "room left": 2,
    "room right": 2,
    "room stereo": 3,
    "room mono": 3,
    "sample": 1,
    "percussion": 2,
}
#: every slot by name: its family and its number within it
SLOTS: tuple[str, ...] = tuple(
    f"{family} {number}" for family, count in _COUNTS.items() for number in range(1, count + 1)
)
#: roles that have a slot for each side
SIDED = ("overhead", "room")


@dataclass(frozen=True, slots=True)
class SlotAssignment:
    """The slot of one track.

    Attributes
    ----------
    slot
        Number of the slot in ``SLOTS``.
    overflow
        Its family has more tracks than slots. The track takes the last slot's output but gives no
        input.
    """

    slot: int
    overflow: bool


def assign_slots(
    roles: Sequence[Role], channels: Sequence[int], tie: Float64
) -> list[SlotAssignment]:
    """Give each track its slot.

    Tracks of one family take slots in the order of their numbers, then of ``tie``. A missing number
    counts as 1, except for toms, where it is the floor tom's and comes last. "SnT2" alone takes
    "snare top 1". A track beyond its family's last slot takes that slot's gain (with its own level
    part) and gives no input.

    Parameters
    ----------
    roles, channels
        Of n tracks.
    tie
        Shape (n,): orders tracks of one role and number. It must depend neither on the order of
        tracks nor on their levels.

    Returns
    -------
    list
        One entry per track.
    """
    families = [family_of(role, count) for role, count in zip(roles, channels, strict=True)]
    order = sorted(
        range(len(roles)),
        key=lambda place: (_number(roles[place]), _tie(float(tie[place]))),
    )
    taken: dict[str, int] = {}
    assigned: dict[int, SlotAssignment] = {}
    for place in order:
        family = families[place]
        number = taken[family] = taken.get(family, 0) + 1
        last = _COUNTS[family]
        slot = SLOTS.index(f"{family} {min(number, last)}")
        assigned[place] = SlotAssignment(slot, overflow=number > last)
    return [assigned[place] for place in range(len(roles))]


def family_of(role: Role, channels: int) -> str:
    """The family of slots for a role: the role, and for overheads and rooms the side."""
    if role.name not in SIDED:
        return role.name
    if channels == 2 or role.side == "stereo":
        return f"{role.name} stereo"
    return f"{role.name} {role.side or 'mono'}"


def role_of_slot(slot: str) -> str:
    """The role name of a slot."""
    family = slot.rpartition(" ")[0]
    return family.split(" ")[0] if family.startswith(SIDED) else family


def input_names(columns: Sequence[str]) -> tuple[str, ...]:
    """The forest's inputs: the count of tracks, then per slot presence and ``columns``."""
    return ("tracks", *(f"{slot}: {c}" for slot in SLOTS for c in ("present", *columns)))


def input_row(
    table: FeatureTable, assigned: Sequence[SlotAssignment], columns: Sequence[str]
) -> Float64:
    """The inputs of a forest for one session.

    Parameters
    ----------
    table
        The features of n tracks.
    assigned
        Their slots.
    columns
        The features that each slot has.

    Returns
    -------
    array
        Shape (inputs,), in the order of ``input_names``. Of an empty slot presence is 0 and its
        features are NaN, as features are that could not be measured.
    """
    values = np.full((len(SLOTS), 1 + len(columns)), np.nan)
    values[:, 0] = 0.0
    held = [table.column(name) for name in columns]
    for place, one in enumerate(assigned):
        if not one.overflow:
            values[one.slot] = (1.0, *(column[place] for column in held))
    return np.concatenate(([float(len(assigned))], values.ravel()))


def _number(role: Role) -> float:
    """Sort key: a tom without a number is a floor tom, the last; other drums the first."""
    if role.ordinal is not None:
        return role.ordinal
    return np.inf if role.name == "tom" else 1.0


def _tie(value: float) -> float:
    """Sort key: NaN would break the order."""
    return value if np.isfinite(value) else np.inf
