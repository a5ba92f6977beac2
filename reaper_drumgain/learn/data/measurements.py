"""Measurements as files, and as they would be had the tracks been recorded louder."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from reaper_drumgain.analysis.descriptors import Descriptor, by_name
from reaper_drumgain.analysis.measurement import Measurement
from reaper_drumgain.analysis.mix_loudness import CovarianceRun
from reaper_drumgain.analysis.recording_faults import ChannelFaults
from reaper_drumgain.cache.arrays import pack, unpack
from reaper_drumgain.errors import InputError
from reaper_drumgain.learn.data.array_files import damaged, read_arrays, write_arrays
from reaper_drumgain.learn.data.human_faders import Float64
from reaper_drumgain.units import power_to_decibel
from reaper_drumgain.util.decibels import db_to_power


def save_measurement(measurement: Measurement, path: Path) -> None:
    """Writes the file as a whole, or not at all. Raises StorageError."""
    write_arrays(path, pack(measurement))


def load_measurement(path: Path) -> Measurement:
    """What ``save_measurement`` wrote.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Measurement
        As it was.

    Raises
    ------
    InputError
        The file cannot be read, or is damaged.
    """
    try:
        return unpack(Measurement, read_arrays(path))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(damaged(path, error)) from error


def _louder_faults(faults: ChannelFaults, power: float) -> ChannelFaults:
    """The faults of a channel that was recorded louder; ``power``: the square of its gain."""
    amplitude = math.sqrt(power)
    level_db = faults.clipping.level_db + power_to_decibel(power)
    return dataclasses.replace(
        faults,
        clipping=dataclasses.replace(faults.clipping, level_db=level_db),
        dc=faults.dc * amplitude,
        peak=faults.peak * amplitude,
        seconds=faults.seconds * power,
    )


def as_recorded_louder(
    measurement: Measurement, gains_db: Float64, descriptors: Sequence[Descriptor] = ()
) -> Measurement:
    """The measurement as it would be, had each track been recorded louder.

    This equals a measurement of the scaled audio: all values scale with samples or their squares.

    Parameters
    ----------
    measurement, descriptors
        The measurement, and at least those descriptors of which it holds results, else KeyError.
    gains_db
        Shape (tracks,): by how many dB each track is louder.

    Returns
    -------
    Measurement
        Of the louder tracks.
    """
    powers = db_to_power(np.asarray(gains_db))
    tracks = tuple(
        dataclasses.replace(
            track,
            peak=track.peak * float(np.sqrt(power)),
            energy=track.energy * float(power),
            envelope=(track.envelope * power).astype(np.float32),
            peaks=(track.peaks * np.sqrt(power)).astype(np.float32),
            spectrum=dataclasses.replace(
                track.spectrum, band_energy=track.spectrum.band_energy * power
            ),
            faults=tuple(_louder_faults(own, float(power)) for own in track.faults),
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
    known = by_name(descriptors)
    described = {
        name: tuple(
            known[name].scaled(own, float(power)) for own, power in zip(held, powers, strict=True)
        )
        for name, held in measurement.described.items()
    }
    return dataclasses.replace(
        measurement,
        tracks=tracks,
        mix=dataclasses.replace(mix, runs=tuple(runs)),
        onset_windows=measurement.onset_windows.scaled(np.sqrt(powers)),
        hit_spectra=dataclasses.replace(
            measurement.hit_spectra,
            energy=(measurement.hit_spectra.energy * powers[:, None]).astype(np.float32),
        ),
        described=described,
    )
