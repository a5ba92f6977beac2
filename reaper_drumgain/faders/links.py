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
    """Moves with one common move for linked tracks.

    It is the mean move of those linked tracks that count, and of all of them where none does.

    Parameters
    ----------
    moves
        Moves in dB, shape (n,) or (n, hops).
    links
        For each track the places of the tracks linked to it, itself among them.
    counting
        Of the shape of ``moves``: where a track counts.

    Returns
    -------
    ndarray
        Moves in dB, of the same shape.
    """
    common = moves.copy()
    for place, members in enumerate(links):
        values, counts = moves[list(members)], counting[list(members)]
        number = counts.sum(axis=0)
        total = np.where(counts, values, 0.0).sum(axis=0)
        common[place] = np.where(number > 0, total / np.maximum(number, 1), values.mean(axis=0))
    return common


def any_linked(flags: NDArray[np.bool_], links: Links) -> NDArray[np.bool_]:
    """Flags that are true where one of the linked tracks has a true one.

    Parameters
    ----------
    flags
        Shape (n,) or (n, hops).
    links
        For each track the places of the tracks linked to it, itself among them.

    Returns
    -------
    ndarray
        Of the shape of ``flags``.
    """
    return np.array([flags[list(members)].any(axis=0) for members in links])
