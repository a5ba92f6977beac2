"""Errors of methods and of engineers, by song and by role.

All errors are in dB; see ``metrics`` for their definition.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from reaper_drumgain.learn.data.human_faders import Float64, Song
from reaper_drumgain.learn.evidence.evaluate import SongResult
from reaper_drumgain.learn.evidence.metrics import (
    centred_error,
    error_to_engineers,
    human_references,
    track_errors,
)


def methods_of(results: Sequence[SongResult]) -> list[str]:
    """The names of the methods, the forest first."""
    return list(dict.fromkeys(name for name, _, _ in results[0].gains))


def song_errors(
    results: Sequence[SongResult], name: str, condition: str, *, gated: bool = True
) -> Float64:
    """The error of a method against the median engineer.

    Parameters
    ----------
    results
        Of all songs.
    name
        The method.
    condition
        One of CONDITIONS.
    gated
        With the activity gate.

    Returns
    -------
    ndarray
        Shape (songs,): errors in dB.
    """
    return np.array(
        [centred_error(r.gains[name, gated, condition], r.song.target_db) for r in results]
    )


def one_engineer_errors(results: Sequence[SongResult], name: str, condition: str) -> Float64:
    """The error of a method against one engineer, mean over engineers.

    Parameters
    ----------
    results
        Of all songs.
    name
        The method.
    condition
        One of CONDITIONS.

    Returns
    -------
    ndarray
        Shape (songs,): errors in dB.
    """
    return np.array(
        [error_to_engineers(r.gains[name, True, condition], r.song.gains_db) for r in results]
    )


def human_errors(results: Sequence[SongResult]) -> tuple[Float64, Float64]:
    """How far engineers are from one engineer.

    Parameters
    ----------
    results
        Of songs with two mixes or more.

    Returns
    -------
    one : ndarray
        Shape (songs,): error in dB of one other engineer.
    middle : ndarray
        Shape (songs,): error in dB of the median of the others.
    """
    pairs = [human_references(r.song.gains_db) for r in results]
    return np.array([one for one, _ in pairs]), np.array([middle for _, middle in pairs])


def role_errors(results: Sequence[SongResult], name: str, condition: str) -> dict[str, list[float]]:
    """The errors of a method by role.

    Parameters
    ----------
    results
        Of all songs.
    name
        The method.
    condition
        One of CONDITIONS.

    Returns
    -------
    dict
        By role, the error of every track in dB, mean over cases.
    """
    held: dict[str, list[float]] = defaultdict(list)
    for r in results:
        errors = track_errors(r.gains[name, True, condition], r.song.target_db).mean(axis=0)
        for track, error in zip(r.song.tracks, errors, strict=True):
            held[track.role.name].append(float(error))
    return dict(held)


def role_biases(results: Sequence[SongResult], name: str, condition: str) -> dict[str, float]:
    """The bias of a method by role.

    Parameters
    ----------
    results
        Of all songs.
    name
        The method.
    condition
        One of CONDITIONS.

    Returns
    -------
    dict
        By role, the mean over tracks and cases of gain - target - common offset, in dB.
    """
    held: dict[str, list[float]] = defaultdict(list)
    for r in results:
        error = r.gains[name, True, condition] - r.song.target_db
        error = error - np.median(error, axis=1, keepdims=True)
        for track, value in zip(r.song.tracks, error.mean(axis=0), strict=True):
            held[track.role.name].append(float(value))
    return {role: float(np.mean(values)) for role, values in held.items()}


def other_targets(song: Song) -> dict[str, tuple[Float64, Any]]:
    """Other definitions of the target, and how their common offset is taken.

    Parameters
    ----------
    song
        The song with its engineers' faders.

    Returns
    -------
    dict
        By name a target of shape (tracks,) in dB, and the kind of offset.
    """
    faders = song.gains_db
    centred = faders - np.nanmean(faders, axis=1, keepdims=True)
    return {
        "same target, mean offset": (song.target_db, "mean"),
        "each mix less its mean, then median; mean offset": (np.nanmedian(centred, axis=0), "mean"),
        "median of the faders as they are; mean offset": (np.nanmedian(faders, axis=0), "mean"),
    }
