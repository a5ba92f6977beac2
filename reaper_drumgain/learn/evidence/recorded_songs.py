"""Songs as they were recorded, and with careless levels, for ``own_models``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.features import FeatureTable, feature_table
from reaper_drumgain.analysis.measurement import Measurement
from reaper_drumgain.learn.data.measurements import as_recorded_louder
from reaper_drumgain.learn.data.rendered_songs import Rendering
from reaper_drumgain.learn.fitting.linear_part import fit_linear
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.methods.base import MethodInput
from reaper_drumgain.methods.forest import ForestMethod, LinearMethod, responses_of

Float64 = npt.NDArray[np.float64]
Generator = np.random.Generator
_SETTINGS = FitSettings()
#: raw tracks with careless levels are shifted within so many dB
CARELESS_DB = 12.0


@dataclass(frozen=True)
class Recorded:
    """A song as it was recorded, and with careless levels.

    Attributes
    ----------
    song
        The name of the song.
    roles
        The role of each track.
    bundled_db, loudness_lufs
        Shape (tracks,): the bundled model's gains in dB, and levels as listed in LUFS.
    careless_db, careless_lufs
        The same with careless levels.
    shift_db
        Shape (tracks,): how levels were shifted for that.
    unseen_db
        Shape (tracks,): gains in dB of a model that was fitted without the song.
    mixes_db
        Shape (mixes, tracks): the faders of its engineers in dB.
    """

    song: str
    roles: tuple[str, ...]
    bundled_db: Float64
    loudness_lufs: Float64
    careless_db: Float64
    careless_lufs: Float64
    shift_db: Float64
    unseen_db: Float64
    mixes_db: Float64


def recorded(rendering: Rendering, unseen: ForestMethod, rng: Generator) -> Recorded:
    """A rendered song with the bundled model's gains.

    Parameters
    ----------
    rendering
        The song.
    unseen
        A model that was fitted without the song.
    rng
        Draws the careless levels.

    Returns
    -------
    Recorded
        With both kinds of levels.
    """
    assert rendering.measurement is not None
    shift = rng.uniform(-CARELESS_DB, CARELESS_DB, len(rendering.song.tracks))
    shifted = as_recorded_louder(rendering.measurement, shift, ())
    careless = feature_table(shifted)
    return Recorded(
        rendering.song.name,
        tuple(track.role.name for track in rendering.song.tracks),
        _gains(ForestMethod(), rendering, rendering.measurement, rendering.table),
        rendering.table.column("loudness_lufs"),
        _gains(ForestMethod(), rendering, shifted, careless),
        careless.column("loudness_lufs"),
        shift,
        _gains(unseen, rendering, rendering.measurement, rendering.table),
        rendering.song.gains_db,
    )


def _gains(
    method: ForestMethod, rendering: Rendering, measurement: Measurement, table: FeatureTable
) -> Float64:
    roles = tuple(track.role for track in rendering.song.tracks)
    given = MethodInput(roles, table, measurement, np.ones(len(roles), bool))
    return method.gains(given).gains_db


def without(song: str, made: Sequence[Rendering]) -> ForestMethod:
    """The linear part of the bundled model, fitted to all songs but one."""
    bundled = ForestMethod().model
    rest = [rendering for rendering in made if rendering.song.name != song]
    return LinearMethod(replace(bundled, linear=fit_linear(rest, responses_of(bundled), _SETTINGS)))
