"""Some tracks of an analysis as an analysis of their own, without reading the audio again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reaper_drumgain.analysis.hit_spectra import HitSpectra
from reaper_drumgain.analysis.measurement import Measurement
from reaper_drumgain.analysis.mix_loudness import CovarianceRun, MixLoudness, pairs
from reaper_drumgain.analysis.onset_windows import OnsetWindows


def of_tracks(measurement: Measurement, places: Sequence[int]) -> Measurement:
    """The measurement of some of the tracks alone.

    It differs from a measurement that was made of these tracks alone in two ways: onsets of a kept
    and of another track that lay close together counted as one, and other hits were kept.

    Parameters
    ----------
    measurement
        The measurement of all tracks.
    places
        Numbers of the tracks, rising.

    Returns
    -------
    Measurement
        One entry per kept track.
    """
    kept = list(places)
    columns = np.concatenate(
        [np.arange(own.start, own.stop) for own in _slices(measurement, kept)] or [np.arange(0)]
    )
    tracks = tuple(measurement.tracks[place] for place in kept)
    return Measurement(
        measurement.rate,
        max((track.frames for track in tracks), default=0) / measurement.rate,
        tracks,
        _mix(measurement.mix, kept, columns),
        _windows(measurement.onset_windows, kept),
        _spectra(measurement.hit_spectra, kept, columns),
        {name: tuple(own[place] for place in kept) for name, own in measurement.described.items()},
    )


def _slices(measurement: Measurement, places: Sequence[int]) -> list[slice]:
    return [measurement.mix.channel_slices[place] for place in places]


def _mix(mix: MixLoudness, places: Sequence[int], columns: np.ndarray) -> MixLoudness:
    slices: list[slice] = []
    for place in places:
        own = mix.channel_slices[place]
        start = slices[-1].stop if slices else 0
        slices.append(slice(start, start + own.stop - own.start))
    runs = []
    for run in mix.runs:
        chosen = np.isin(run.channels, columns)
        if chosen.any():
            first, second = pairs(run.channels.size)
            packed = run.packed[:, chosen[first] & chosen[second]]
            channels = np.searchsorted(columns, run.channels[chosen])
            runs.append(CovarianceRun(run.start, channels, packed))
    return MixLoudness(mix.hops, tuple(slices), tuple(runs))


def _windows(windows: OnsetWindows, places: Sequence[int]) -> OnsetWindows:
    heard = windows.own[places].any(axis=0)
    return OnsetWindows(
        windows.steps[heard],
        windows.own[places][:, heard],
        windows.energy[places][:, heard],
        windows.before[places][:, heard],
    )


def _spectra(spectra: HitSpectra, places: Sequence[int], columns: np.ndarray) -> HitSpectra:
    kept = (spectra.energy[places] > 0.0).any(axis=0)
    return HitSpectra(
        spectra.spacing,
        spectra.first,
        spectra.steps[kept],
        spectra.energy[places][:, kept],
        spectra.parts[kept][:, columns],
    )
