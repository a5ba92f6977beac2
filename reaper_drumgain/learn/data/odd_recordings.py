"""Odd grooves played on a kit, and recorded with the microphones that the habit leaves.

Hits and bleed are those of the kit, at its own recording gains. A second snare is the other kit's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from reaper_drumgain.learn.data.kit_sessions import MICROPHONES
from reaper_drumgain.learn.data.kits import Audio, Kit, cached_kit
from reaper_drumgain.learn.data.odd_grooves import SECONDS, Habit, strokes_of
from reaper_drumgain.learn.data.performances import PIECES, Stroke
from reaper_drumgain.learn.data.render import VirtualMic, render
from reaper_drumgain.tracks.roles import Role
from reaper_drumgain.util.decibels import db_to_gain

#: sound that is kept after the last stroke
_RING_S = 3.0
#: pieces that a kit does not have: other ones stand in for them, so that the habit is another one
_MISSING: Mapping[str, frozenset[str]] = {
    "gogodze": frozenset({"crash 1", "crash 2", "ride", "ride bell"})
}
#: the second of two snares is the other kit's: which of its microphones stands where
_SECOND_KIT: Mapping[str, str] = {"muldjord": "gogodze", "gogodze": "muldjord"}
_STANDS_LIKE: Mapping[str, Mapping[str, str]] = {
    "gogodze": {"kick": "kick", "snare": "snare", "overhead": "oh", "room": "front"},
    "muldjord": {"kick": "KdrumR", "snare": "Snare_top", "overhead": "OHL", "room": "AmbL"},
}
#: the microphone of either snare hears the other one so much softer
_BESIDE_DB = 12.0
_SNARES = frozenset({"snare", "side stick"})


def can_play(kit: str, habit: Habit) -> bool:
    """Whether the kit of this name has all pieces that a habit strikes."""
    return not habit.pieces & _MISSING.get(kit, frozenset())


def rendered_habit(data: Path, kit: str, habit: Habit, seed: int) -> tuple[list[Role], Audio]:
    """The tracks of one session at the kit's recording gains.

    Parameters
    ----------
    data
        The folder with ``kits``.
    kit
        The name of the kit.
    habit
        What is played and recorded.
    seed
        Decides how strokes vary, and which recorded hits are used.

    Returns
    -------
    roles : list of Role
        Of the tracks.
    sound : ndarray
        Shape (tracks, frames): float32.
    """
    sampled = cached_kit(data / "kits" / kit)
    roles = list(MICROPHONES[kit].values())
    mics = [VirtualMic((name,)) for name in MICROPHONES[kit]]
    strokes = strokes_of(habit.lines, [seed, 1])
    second = strokes_of(habit.second_snare, [seed, 2])
    if second:
        roles.append(Role("snare", None, 2))
        snare = mics[_first_snare(roles)].microphones
        others = tuple(piece for piece in PIECES if piece not in _SNARES)
        mics.append(VirtualMic(snare, focus=others, rejection_db=_BESIDE_DB))
    sound = render(sampled, strokes, mics, SECONDS + _RING_S, seed=seed)
    if second:
        sound += _second_snare(data, sampled, second, roles, seed)
    chosen = [place for place, role in enumerate(roles) if _is_recorded(habit, role)]
    return [roles[place] for place in chosen], sound[chosen]


def _is_recorded(habit: Habit, role: Role) -> bool:
    if habit.kept:
        return str(role) in habit.kept
    return role.name not in habit.left_out


def _first_snare(roles: Sequence[Role]) -> int:
    return next(place for place, role in enumerate(roles) if role.name in ("snare", "snare top"))


def _second_snare(
    data: Path, kit: Kit, strokes: Sequence[Stroke], roles: Sequence[Role], seed: int
) -> Audio:
    """What all tracks hear of a second snare, (tracks, frames); its own microphone is the last.

    It is the snare of the other kit. In each microphone it is as loud as the kit's own snare would
    be there, except in the first snare's, which stand farther away from it.
    """
    other = cached_kit(data / "kits" / _SECOND_KIT[kit.name])
    names = list(MICROPHONES[kit.name])
    names.append(names[_first_snare(roles)])
    stands = _STANDS_LIKE[other.name]
    alike = [stands.get(role.name.split()[0], stands["overhead"]) for role in roles]
    length = SECONDS + _RING_S
    own = render(kit, strokes, [VirtualMic((name,)) for name in names], length, seed=seed)
    sound = render(other, strokes, [VirtualMic((name,)) for name in alike], length, seed=seed)
    levels = np.abs(own).max(axis=1) / np.abs(sound).max(axis=1)
    farther = np.array([role.name.startswith("snare") for role in roles[:-1]] + [False])
    levels = levels * db_to_gain(np.where(farther, -_BESIDE_DB, 0.0))
    return np.asarray(sound * levels[:, None], np.float32)
