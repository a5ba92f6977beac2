"""Measurements as .npz files without pickle, and as if their tracks had been recorded louder."""

from __future__ import annotations

import dataclasses
import functools
import os
import typing
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from reaper_drumgain.errors import InputError
from reaper_drumgain.features import Measurement
from reaper_drumgain.learn.human_faders import Float64
from reaper_drumgain.loudness import CovarianceRun


def save_measurement(measurement: Measurement, path: Path) -> None:
    """Writes the file as a whole, or not at all."""
    arrays: dict[str, Any] = {}
    _pack(measurement, "", arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.stem}.{os.getpid()}.part.npz")
    np.savez_compressed(part, **arrays)
    part.replace(path)


def load_measurement(path: Path) -> Measurement:
    """What ``save_measurement`` wrote. Raises InputError where the file is damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
        measurement = _unpack(Measurement, "", arrays)
    except (
        *(OSError, ValueError, TypeError, KeyError, EOFError, RuntimeError),
        *(AttributeError, NotImplementedError, zipfile.BadZipFile),
    ) as error:
        raise InputError(f"{path}: damaged, delete it and run again: {error}") from error
    return typing.cast(Measurement, measurement)


def _pack(value: Any, name: str, arrays: dict[str, Any]) -> None:
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            _pack(getattr(value, field.name), f"{name}.{field.name}", arrays)
    elif isinstance(value, Mapping):
        arrays[name] = np.array(list(value), dtype=str)
        for key, item in value.items():
            _pack(item, f"{name}.{key}", arrays)
    elif isinstance(value, tuple):
        arrays[name] = np.array(len(value))
        for place, item in enumerate(value):
            _pack(item, f"{name}.{place}", arrays)
    else:
        plain = [value.start, value.stop] if isinstance(value, slice) else value
        arrays[name] = np.asarray(plain)


@functools.cache
def _hints(cls: Any) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _unpack(kind: Any, name: str, arrays: Mapping[str, Any]) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        hints: dict[str, Any] = _hints(typing.cast(Any, kind))
        names = [field.name for field in dataclasses.fields(kind)]
        parts = {part: _unpack(hints[part], f"{name}.{part}", arrays) for part in names}
        return typing.cast(Any, kind)(**parts)
    held = arrays[name]
    if origin is tuple:
        return tuple(_unpack(arguments[0], f"{name}.{n}", arrays) for n in range(int(held)))
    if origin is not None and issubclass(origin, Mapping):
        return {str(key): _unpack(arguments[1], f"{name}.{key}", arrays) for key in held}
    if kind is slice:
        return slice(int(held[0]), int(held[1]))
    return kind(held) if kind in (int, float, str) else held


def louder(measurement: Measurement, gains_db: Float64) -> Measurement:
    """The measurement as if each track (tracks,) had been recorded that much louder.

    Everything that is measured scales with the samples or with their squares, so this is
    what measuring the scaled audio would give.
    """
    powers = 10.0 ** (np.asarray(gains_db) / 10.0)
    tracks = tuple(
        dataclasses.replace(
            track,
            peak=track.peak * float(np.sqrt(power)),
            energy=track.energy * float(power),
            envelope=(track.envelope * power).astype(np.float32),
            spectrum=dataclasses.replace(
                track.spectrum, band_energy=track.spectrum.band_energy * power
            ),
        )
        for track, power in zip(measurement.tracks, powers, strict=True)
    )
    mix = measurement.mix
    owners = np.repeat(np.arange(len(powers)), [s.stop - s.start for s in mix.channel_slices])
    runs = []
    for run in mix.runs:
        first, second = np.triu_indices(run.channels.size)
        amplitudes = np.sqrt(powers[owners[run.channels]])
        packed = run.packed * amplitudes[first] * amplitudes[second]
        runs.append(CovarianceRun(run.start, run.channels, packed.astype(np.float32)))
    probed = {
        name: tuple((own * powers[place]).astype(np.float32) for place, own in enumerate(held))
        for name, held in measurement.probed.items()
    }
    return dataclasses.replace(
        measurement,
        tracks=tracks,
        mix=dataclasses.replace(mix, runs=tuple(runs)),
        probed=probed,
    )
