"""Linked tracks make one move: the two sides of a stereo pair, and the members of a group.

``links`` is what ``linked_places`` returns: for each of n tracks the places, in rising order,
of itself and of the tracks linked to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.tracks.selection import DrumTrack

Links = tuple[tuple[int, ...], ...]


def linked_places(drums: Sequence[DrumTrack]) -> Links:
    """For each measured track, the places of itself and of the tracks linked to it."""
    place_of = {drum.track.index: place for place, drum in enumerate(drums)}
    return tuple(
        tuple(sorted([place, *(place_of[index] for index in drum.links)]))
        for place, drum in enumerate(drums)
    )


def linked_moves(
    moves: NDArray[np.float64], links: Links, counting: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Moves in dB, (n,) or (n, hops), with one common move for linked tracks.

    It is the mean move of those linked tracks that are ``counting`` (of the shape of ``moves``),
    and of all of them where none is.
    """
    common = moves.copy()
    for place, members in enumerate(links):
        values, counts = moves[list(members)], counting[list(members)]
        number = counts.sum(axis=0)
        total = np.where(counts, values, 0.0).sum(axis=0)
        common[place] = np.where(number > 0, total / np.maximum(number, 1), values.mean(axis=0))
    return common


def any_linked(flags: NDArray[np.bool_], links: Links) -> NDArray[np.bool_]:
    """Flags, (n,) or (n, hops), that are true where one of the linked tracks has a true one."""
    return np.array([flags[list(members)].any(axis=0) for members in links])
