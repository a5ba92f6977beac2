"""Sessions for the tests of gain methods, made of sounds in memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from streams import ArrayStream, drum_track

from reaper_drumgain.analysis import features
from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.methods.base import Method, MethodInput
from reaper_drumgain.tracks.roles import Role

RATE = 44_100
ROLES = (Role("kick in"), Role("snare top"), Role("hi-hat"), Role("overhead", "left"))


def sounds(seconds: float = 4.0, count: int = 4) -> list[np.ndarray]:
    """A few drum-like tracks, each (samples,)."""
    return [
        drum_track(RATE, seconds, seed=number, level=0.1 * (1 + number)) for number in range(count)
    ]


def scaled(samples: np.ndarray, level_db: float) -> np.ndarray:
    return np.asarray(samples * np.float32(10.0 ** (level_db / 20.0)))


def method_input(
    method: Method,
    tracks: Sequence[np.ndarray],
    roles: Sequence[Role] = ROLES,
    active: Sequence[bool] | None = None,
) -> MethodInput:
    """What ``balance`` gives to a method; silent tracks are not active unless stated."""
    streams = [ArrayStream(samples, RATE) for samples in tracks]
    measurement = measure(streams, threads=1, descriptors=method.descriptors)
    table = features.feature_table(measurement)
    heard = np.isfinite(table.column("loudness_lufs"))
    flags = heard if active is None else np.asarray(active)
    return MethodInput(tuple(roles[: len(tracks)]), table, measurement, flags)


def gains_of(
    method: Method,
    tracks: Sequence[np.ndarray],
    roles: Sequence[Role] = ROLES,
    active: Sequence[bool] | None = None,
) -> np.ndarray:
    return method.gains(method_input(method, tracks, roles, active)).gains_db
