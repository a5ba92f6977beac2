"""The table of named feature columns that follows from a ``Measurement``.

``feature_table`` takes milliseconds, for any recording level of the tracks and any subset of
them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis import bleed
from reaper_drumgain.analysis.loudness import (
    ABSOLUTE_GATE_LUFS,
    OFFSET_DB,
    Float64,
    from_lufs,
    gated_loudness,
    loudness_range,
    quantiles,
)
from reaper_drumgain.analysis.measurement import Measurement, TrackMeasures
from reaper_drumgain.analysis.spectrum import BAND_EDGES
from reaper_drumgain.units import Decibel, LinearGain, power_to_decibel, to_decibel, to_power
from reaper_drumgain.util.decibels import db_to_power, power_to_db

#: version of the columns: a model that was trained on another one does not fit
VERSION = 2
#: floor of shares in dB
FLOOR_DB = -120.0

_BAND_NAMES = tuple(f"{round((low * high) ** 0.5)}" for low, high in itertools.pairwise(BAND_EDGES))
COLUMNS: tuple[str, ...] = (
    "loudness_lufs",
    "rms_dbfs",
    "peak_dbfs",
    "crest_db",
    "loudness_range_lu",
    "active_share",
    "level_p10_db",
    "level_p50_db",
    "level_p90_db",
    "onset_rate_hz",
    *(f"band_{name}_db" for name in _BAND_NAMES),
    "centroid_hz",
    "bandwidth_hz",
    "rolloff_hz",
    "flatness",
    "loudness_re_kit_lu",
    "loudness_rank",
    *(f"kit_band_{name}_db" for name in _BAND_NAMES),
    "similarity_max",
    "similarity_mean",
    "dominance_db",
)


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """The features of the tracks of one session.

    Attributes
    ----------
    columns
        Names of the columns, with their units.
    values
        Shape (tracks, columns); NaN where a track has nothing that could be measured.
    version
        Version of the columns. A model that was trained on another one does not fit.
    """

    columns: tuple[str, ...]
    values: Float64
    version: int = VERSION

    def column(self, name: str) -> Float64:
        """One column by its name.

        Parameters
        ----------
        name
            One of ``columns``.

        Returns
        -------
        array
            Shape (tracks,), in the unit that the name says.

        Raises
        ------
        KeyError
            There is no such column.
        """
        try:
            return np.asarray(self.values[:, self.columns.index(name)])
        except ValueError:
            raise KeyError(f"no feature column {name!r}") from None


def feature_table(
    measurement: Measurement,
    *,
    gains_db: npt.ArrayLike | None = None,
    members: Sequence[int] | None = None,
) -> FeatureTable:
    """The feature columns of every track.

    Parameters
    ----------
    measurement
        What was measured of the tracks.
    gains_db
        Shape (tracks,), in dB: the features are those of tracks recorded louder by so much. None
        for the tracks as they are.
    members
        The tracks whose session the relative columns describe; all others get NaN in these columns.
        None for all tracks.

    Returns
    -------
    FeatureTable
        ``values`` of shape (tracks, columns).

    Raises
    ------
    ValueError
        ``gains_db`` has another shape or holds values that are not finite.
    """
    count = len(measurement.tracks)
    gains = np.zeros(count) if gains_db is None else np.asarray(gains_db, dtype=np.float64)
    if gains.shape != (count,) or not np.isfinite(gains).all():
        raise ValueError(f"gains_db must be {count} finite levels")
    chosen = list(range(count)) if members is None else sorted(set(members))
    columns = {name: np.full(count, np.nan) for name in COLUMNS}
    hops = [
        track.hop_powers * to_power(Decibel(gain))
        for track, gain in zip(measurement.tracks, gains, strict=True)
    ]
    loudness = [gated_loudness(powers) for powers in hops]
    active = [_active(*pair) for pair in zip(hops, loudness, strict=True)]
    span = _active_span([active[index] for index in chosen])
    for index, track in enumerate(measurement.tracks):
        own = _own_columns(track, hops[index], loudness[index], float(gains[index]))
        own |= _activity_columns(
            hops[index][active[index]], loudness[index], measurement.onset_steps[index].size, span
        )
        for name, value in own.items():
            columns[name][index] = value
    relative = _relative_columns(measurement, hops, np.array(loudness), gains, chosen)
    for name, values_of in relative.items():
        columns[name][:] = values_of
    return FeatureTable(COLUMNS, np.column_stack([columns[name] for name in COLUMNS]))


def _active(hops: Float64, loudness: float) -> npt.NDArray[np.bool_]:
    """Hops above -70 LUFS and above 30 LU under the track's loudness."""
    if not math.isfinite(loudness):
        return np.zeros(hops.shape, dtype=bool)
    gate = max(ABSOLUTE_GATE_LUFS, loudness - 30.0)
    return np.asarray(hops > from_lufs(gate))


def _active_span(active: Sequence[npt.NDArray[np.bool_]]) -> int:
    """How many hops there are from the first to the last in which any track is active."""
    found = [np.flatnonzero(hops) for hops in active]
    ends = [(places[0], places[-1]) for places in found if places.size]
    return int(max(last for _, last in ends) - min(first for first, _ in ends)) + 1 if ends else 0


def _own_columns(
    track: TrackMeasures, hops: Float64, loudness: float, gain_db: float
) -> dict[str, float]:
    if not track.peak > 0.0:
        return {}
    rms = power_to_decibel(track.energy / (track.frames * track.channels))
    peak = to_decibel(LinearGain(track.peak))
    columns = {
        "rms_dbfs": rms + gain_db,
        "peak_dbfs": peak + gain_db,
        "crest_db": peak - rms,
        "loudness_lufs": loudness if math.isfinite(loudness) else math.nan,
        "loudness_range_lu": loudness_range(hops),
    }
    spectrum = track.spectrum
    if spectrum.frames:
        shares = _decibel(spectrum.band_energy / spectrum.band_energy.sum())
        columns |= {
            f"band_{name}_db": float(share) for name, share in zip(_BAND_NAMES, shares, strict=True)
        }
        columns |= {
            "centroid_hz": spectrum.centroid,
            "bandwidth_hz": spectrum.bandwidth,
            "rolloff_hz": spectrum.rolloff,
            "flatness": spectrum.flatness,
        }
    return columns


def _activity_columns(powers: Float64, loudness: float, onsets: int, span: int) -> dict[str, float]:
    """``powers`` (n,) of the hops in which a track is active."""
    if not powers.size:
        return {}
    low, middle, high = quantiles(
        OFFSET_DB + power_to_db(powers) - loudness, (0.1, 0.5, 0.9)
    ).tolist()
    return {
        "active_share": powers.size / max(span, 1),
        "level_p10_db": low,
        "level_p50_db": middle,
        "level_p90_db": high,
        "onset_rate_hz": onsets / (span / 10.0),
    }


def _decibel(power: Float64) -> Float64:
    return power_to_db(np.maximum(power, to_power(Decibel(FLOOR_DB))))


def _relative_columns(
    measurement: Measurement,
    hops: Sequence[Float64],
    loudness_lufs: Float64,
    gains_db: Float64,
    members: Sequence[int],
) -> dict[str, Float64]:
    count = len(measurement.tracks)
    sounding = [index for index in members if measurement.tracks[index].peak > 0.0]
    columns: dict[str, Float64] = {}
    if not sounding:
        return columns
    kit = np.zeros(measurement.mix.hops)
    for index in sounding:
        kit[: hops[index].size] += hops[index]
    kit_loudness = gated_loudness(kit)
    loudness = loudness_lufs[sounding]
    relative = np.full(count, np.nan)
    if math.isfinite(kit_loudness):
        relative[sounding] = np.where(np.isfinite(loudness), loudness - kit_loudness, np.nan)
    columns["loudness_re_kit_lu"] = relative
    rank = np.full(count, np.nan)
    measured = [place for place in range(len(sounding)) if math.isfinite(loudness[place])]
    for place in measured:
        louder = int((loudness[measured] > loudness[place]).sum())
        rank[sounding[place]] = louder / max(len(measured) - 1, 1)
    columns["loudness_rank"] = rank
    bands = np.stack([measurement.tracks[i].spectrum.band_energy for i in sounding])
    bands = bands * db_to_power(gains_db[sounding, None])
    total = bands.sum(axis=0)
    shares = _decibel(bands / np.where(total > 0.0, total, 1.0))
    for number, name in enumerate(_BAND_NAMES):
        column = np.full(count, np.nan)
        column[sounding] = shares[:, number]
        columns[f"kit_band_{name}_db"] = column
    columns |= _bleed_columns(measurement, sounding)
    return columns


def _bleed_columns(measurement: Measurement, sounding: Sequence[int]) -> dict[str, Float64]:
    count = len(measurement.tracks)
    columns = {
        name: np.full(count, np.nan)
        for name in ("similarity_max", "similarity_mean", "dominance_db")
    }
    if len(sounding) == sum(track.peak > 0.0 for track in measurement.tracks):
        columns["dominance_db"][sounding] = bleed.dominances(measurement.onsets, sounding)
    else:  # onsets of tracks that are left out do not count
        levels = bleed.onset_levels(
            [measurement.tracks[index].envelope for index in sounding],
            [measurement.onset_steps[index] for index in sounding],
        )
        columns["dominance_db"][sounding] = bleed.dominances(levels, range(len(sounding)))
    for index in sounding:
        others = measurement.similarity[index, [other for other in sounding if other != index]]
        others = others[np.isfinite(others)]
        if others.size:
            columns["similarity_max"][index] = others.max()
            columns["similarity_mean"][index] = others.mean()
    return columns
