"""Which tracks have to move together: the two sides of a stereo pair, and volume groups.

Standard library only.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace

from reaper_drumgain.schema.session import Session, Track
from reaper_drumgain.tracks.roles import Role

_SIDES = (("left", "right"), ("l", "r"), ("links", "rechts"))
#: roles whose two microphones are often numbered, or named by what they hang over, where others
#: say left and right
_SPACED = ("overhead", "room")
#: pans nearer to the middle say nothing about sides
_LEAST_PAN = 0.1

Microphone = tuple[Track, Role]


def sides_by_pan(microphones: Sequence[Microphone]) -> list[Role]:
    """The roles, with sides for two overheads or rooms that are a pair by their pans.

    "OH Hat Side" and "OH Ride Side" are one where the one is panned left and the other right,
    and no other of their role within one folder is on either side.
    """
    roles = [role for _, role in microphones]
    for place, (track, role) in enumerate(microphones):
        if role.name not in _SPACED:
            continue
        same = [
            other for other in microphones if _place_in_kit(other) == _place_in_kit((track, role))
        ]
        sides = [_panned(other) for other in same]
        sided = any(other.side in ("left", "right") for _, other in same)
        if not sided and sides.count("left") == sides.count("right") == 1:
            side = _panned((track, role))
            roles[place] = role if side is None else replace(role, side=side)
    return roles


def linked_families(
    session: Session, microphones: Sequence[Microphone]
) -> dict[int, tuple[int, ...]]:
    """By the index of each track of the session, those of the other tracks that move with it."""
    leader = {track.index: track.index for track in session.tracks}

    def root(index: int) -> int:
        while leader[index] != index:
            index = leader[index]
        return index

    for first, second in itertools.chain(stereo_pairs(microphones), _groups(session)):
        leader[root(second)] = root(first)
    families: dict[int, list[int]] = {}
    for track in session.tracks:
        families.setdefault(root(track.index), []).append(track.index)
    return {
        index: tuple(other for other in families[root(index)] if other != index) for index in leader
    }


def _panned(microphone: Microphone) -> str | None:
    """The side on which a microphone without a side in its role is panned."""
    track, role = microphone
    if role.side is not None or track.dual_pan is not None or abs(track.pan) < _LEAST_PAN:
        return None
    return "left" if track.pan < 0.0 else "right"


def _groups(session: Session) -> Iterable[tuple[int, int]]:
    first: dict[int, int] = {}
    for track in session.tracks:
        for group in track.volume_groups:
            if group in first:
                yield first[group], track.index
            first.setdefault(group, track.index)


def stereo_pairs(microphones: Sequence[Microphone]) -> Iterable[tuple[int, int]]:
    """The track indexes of the two microphones of a stereo pair on two tracks.

    Their names differ in the side alone ("OHL COMP_01", "OHR COMP_01"); or they are the only
    left and the only right of their role within one folder; or they are two overheads or
    rooms that differ in the numbers 1 and 2 alone.
    """
    lefts = [mic for mic in microphones if mic[1].side == "left"]
    free = [mic for mic in microphones if mic[1].side == "right"]
    alone: list[Microphone] = []
    for left in lefts:
        partner = next((right for right in free if _differ_by(left, right, _SIDES)), None)
        if partner is None:
            alone.append(left)
        else:
            free.remove(partner)
            yield left[0].index, partner[0].index
    for left in alone:
        same = [mic for mic in alone if _place_in_kit(mic) == _place_in_kit(left)]
        partners = [mic for mic in free if _place_in_kit(mic) == _place_in_kit(left)]
        if len(same) == 1 and len(partners) == 1:
            yield left[0].index, partners[0][0].index
    spaced = [mic for mic in microphones if mic[1].side is None and mic[1].name in _SPACED]
    for one, two in itertools.permutations(spaced, 2):
        if _differ_by(one, two, (("1", "2"),)):
            yield one[0].index, two[0].index


def _place_in_kit(microphone: Microphone) -> tuple[str, int | None, int | None]:
    track, role = microphone
    return role.name, role.ordinal, track.parent


def _differ_by(one: Microphone, two: Microphone, swaps: Sequence[tuple[str, str]]) -> bool:
    """Whether one name becomes the other by one of the replacements, at one place."""
    if one[1].name != two[1].name or one[0].parent != two[0].parent:
        return False
    name, other = one[0].name.casefold()[:200], two[0].name.casefold()[:200]
    return any(
        name[:at] + there + name[at + len(here) :] == other
        for here, there in swaps
        for at in range(len(name))
        if name.startswith(here, at)
    )
