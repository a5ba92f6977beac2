"""The default method: a multi-output random forest over named role slots, on a linear part.

    gain of track m = role(m) + stereo(m) + forest_slot(m) - undone(m)

``role`` and ``stereo``: what engineers gave to a track of this role, and to stereo pictures on
top. ``undone``: what of its recorded level is recording gain, and a small bounded share of the
rest (``gain_law``). The inputs of the trees do not depend on recording gain, so ``undone`` alone
decides how a fader follows its track's level: a track that is recorded louder never gets a higher
fader relative to any other.

The interval of a track is its gain -+ interval(role) (1 + rise sd), where sd is the standard
deviation of its recording gain in dB: see ``learn.fitting.intervals``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.features import FeatureTable
from reaper_drumgain.analysis.hit_levels import HitLevels
from reaper_drumgain.errors import ModelError
from reaper_drumgain.methods.base import Method, MethodGains, MethodInput
from reaper_drumgain.methods.drum_responses import DrumResponses
from reaper_drumgain.methods.forest_file import Forest, LinearPart, bundled_folder, load
from reaper_drumgain.methods.gain_law import LIMIT_DB, SHARE, GainDecision, decide
from reaper_drumgain.methods.session_levels import SessionLevels
from reaper_drumgain.methods.slots import SIDED, SLOTS, assign_slots, input_names, input_row
from reaper_drumgain.tracks.roles import Role

Float64 = npt.NDArray[np.float64]

#: roles whose two-channel tracks are stereo pictures of the kit, not one microphone twice
STEREO = (*SIDED, "cymbal")


class ForestMethod(Method):
    """The bundled forest, or another model of the same make."""

    has_intervals = True
    rides_playing = True

    #: the bundled model, where ``warm_up`` has loaded it
    _bundled: ClassVar[Forest | None] = None

    def __init__(self, model: Forest | None = None) -> None:
        self._model = model

    @property
    def model(self) -> Forest:
        """The model, loaded at its first use. Raises ModelError."""
        if self._model is None:
            self._model = ForestMethod._bundled or load(bundled_folder())
        check_fits(self._model)
        return self._model

    def gains(self, given: MethodInput) -> MethodGains:
        """The gains of the active tracks with their intervals, NaN for the others."""
        levels, chosen, channels, table = session(given)
        if levels.held.all():
            return MethodGains(np.full(len(given.roles), np.nan))
        gains, decision = predict(self.model, levels, table, channels)
        half = interval_halves(linear_part(self.model), levels.roles, decision.gain.sd_db)
        intervals = np.full((len(given.roles), 2), np.nan)
        intervals[chosen] = gains[:, None] + np.stack([-half, half], axis=1)
        return replace(_method_gains(given, chosen, gains, decision), intervals_db=intervals)

    def playing_gains(self, departures_db: Float64) -> Float64:
        """As ``Method.playing_gains``: a share of the departure, up to 4 dB of it, is undone.
        See ``gain_law``.
        """
        return -SHARE * np.clip(departures_db, -LIMIT_DB, LIMIT_DB)

    def warm_up(self) -> None:
        """Load the bundled model before it is needed; ``model`` raises where that fails."""
        with contextlib.suppress(ModelError):
            ForestMethod._bundled = load(bundled_folder())


class LinearMethod(ForestMethod):
    """The forest's linear part alone: roles, stereo tracks and levels, no trees."""

    has_intervals = False

    def gains(self, given: MethodInput) -> MethodGains:
        """The gains of the active tracks, NaN for the others."""
        levels, chosen, channels, _ = session(given)
        if levels.held.all():
            return MethodGains(np.full(len(given.roles), np.nan))
        linear, responses = linear_part(self.model), responses_of(self.model)
        gains, decision = linear_gains(linear, responses, levels, channels)
        return _method_gains(given, chosen, gains, decision)


def _method_gains(
    given: MethodInput, chosen: npt.NDArray[np.intp], gains: Float64, decision: GainDecision
) -> MethodGains:
    """The gains and what was decided on ``chosen`` tracks, by all tracks of ``given``."""
    wanted, recording, sd, undone = np.full((4, len(given.roles)), np.nan)
    pair = np.zeros(len(given.roles))
    wanted[chosen], pair[chosen] = gains, -decision.pair_db
    known = np.isfinite(gains)
    recording[chosen] = np.where(known, decision.gain.mean_db, np.nan)
    sd[chosen] = np.where(known, decision.gain.sd_db, np.nan)
    undone[chosen] = np.where(
        known, np.mean(decision.undone_db[known]) - decision.undone_db, np.nan
    )
    return MethodGains(
        wanted,
        pair_db=pair,
        recording_gain_db=recording,
        recording_gain_sd_db=sd,
        undone_db=undone,
    )


def check_fits(model: Forest) -> None:
    """Check that a model is for the slots and inputs of this version.

    Parameters
    ----------
    model
        Any forest.

    Raises
    ------
    ModelError
        It is for others.
    """
    if model.outputs != SLOTS:
        raise ModelError("the model has other slots than this version of DrumGain")
    if model.inputs != input_names(model.columns):
        raise ModelError("the model has other inputs than this version of DrumGain")


def linear_part(model: Forest) -> LinearPart:
    """The linear part of a model.

    Parameters
    ----------
    model
        Any forest.

    Returns
    -------
    LinearPart
        The part.

    Raises
    ------
    ModelError
        The model has none.
    """
    if model.linear is None:
        raise ModelError("the model has no linear part: it belongs to another method")
    return model.linear


def responses_of(model: Forest) -> DrumResponses:
    """How a model expects microphones to hear drums.

    Parameters
    ----------
    model
        Any forest.

    Returns
    -------
    DrumResponses
        The expectation.

    Raises
    ------
    ModelError
        The model has none.
    """
    if model.responses is None:
        raise ModelError("the model does not say how microphones hear drums: train it again")
    return model.responses


def sounding(
    given: MethodInput,
) -> tuple[npt.NDArray[np.intp], list[Role], list[int], FeatureTable]:
    """The active tracks that have a loudness.

    Parameters
    ----------
    given
        All tracks.

    Returns
    -------
    tuple
        Of n such tracks: their numbers, shape (n,); roles; channels (2 for a stereo picture, 1 for
        one microphone, even in a file of two channels); and features.
    """
    loudness = given.table.column("loudness_lufs")
    chosen = np.flatnonzero(given.active & np.isfinite(loudness))
    roles = [given.roles[place] for place in chosen]
    channels = [2 if given.measurement.stereo[place] else 1 for place in chosen]
    return chosen, roles, channels, FeatureTable(given.table.columns, given.table.values[chosen])


def session(
    given: MethodInput,
) -> tuple[SessionLevels, npt.NDArray[np.intp], list[int], FeatureTable]:
    """The tracks that have a loudness. Those that are not active are held.

    Parameters
    ----------
    given
        All tracks.

    Returns
    -------
    tuple
        Of n such tracks: their levels; numbers, shape (n,); channels as ``sounding`` gives them;
        and features.
    """
    loudness = given.table.column("loudness_lufs")
    chosen = np.flatnonzero(np.isfinite(loudness))
    levels = SessionLevels.of(
        given.roles, given.measurement.onset_windows, loudness, given.active, chosen
    )
    channels = [2 if given.measurement.stereo[place] else 1 for place in chosen]
    return levels, chosen, channels, FeatureTable(given.table.columns, given.table.values[chosen])


def predict(
    model: Forest,
    levels: SessionLevels,
    table: FeatureTable,
    channels: Sequence[int],
    hits: HitLevels | None = None,
) -> tuple[Float64, GainDecision]:
    """The gains of the forest with its linear part.

    Parameters
    ----------
    model
        A forest with a linear part.
    levels
        Levels and roles of n tracks with a loudness.
    table, channels
        Their features and channels, as ``session`` gives them.
    hits
        Those of ``session_hits``, where they are known already.

    Returns
    -------
    tuple
        Gains in dB, shape (n,), NaN for held tracks, whose common offset has no meaning; and what
        was decided on the levels.
    """
    gains, decision = linear_gains(linear_part(model), responses_of(model), levels, channels, hits)
    free = np.flatnonzero(~levels.held).tolist()
    gains[free] += slot_values(
        model,
        FeatureTable(table.columns, table.values[free]),
        [levels.roles[place] for place in free],
        [channels[place] for place in free],
    )
    return gains, decision


def slot_values(
    model: Forest, table: FeatureTable, roles: Sequence[Role], channels: Sequence[int]
) -> Float64:
    """What the trees give for the slots of the tracks.

    Parameters
    ----------
    model
        Any forest over slots.
    table, roles, channels
        Features, roles and channels of n tracks.

    Returns
    -------
    array
        Shape (n,), in dB.
    """
    assigned = assign_slots(roles, channels, table.column(model.tie_column))
    values = model.predict(input_row(table, assigned, model.columns)[None, :])[0]
    return np.asarray(values[[one.slot for one in assigned]])


def linear_gains(
    linear: LinearPart,
    responses: DrumResponses,
    levels: SessionLevels,
    channels: Sequence[int],
    hits: HitLevels | None = None,
) -> tuple[Float64, GainDecision]:
    """As ``predict``, without the trees.

    Parameters
    ----------
    linear, responses
        The parts of a model.
    levels, channels, hits
        As for ``predict``.

    Returns
    -------
    tuple
        As ``predict``.
    """
    decision = decide(levels, responses, linear.template_lufs, hits=hits)
    gains = fixed_gains(linear, levels.roles, channels) - decision.undone_db
    return np.where(levels.held, np.nan, gains), decision


def fixed_gains(linear: LinearPart, roles: Sequence[Role], channels: Sequence[int]) -> Float64:
    """The gains of roles and of stereo pictures, whatever the recorded levels.

    Parameters
    ----------
    linear
        The linear part of a model.
    roles, channels
        Of n tracks.

    Returns
    -------
    array
        Shape (n,), in dB.
    """
    fixed = np.array([linear.role_db[role.name] for role in roles])
    return np.asarray(fixed + linear.stereo_db * is_stereo(roles, channels))


def is_stereo(roles: Sequence[Role], channels: Sequence[int]) -> Float64:
    """Which tracks are stereo pictures of the kit.

    Parameters
    ----------
    roles, channels
        Of n tracks.

    Returns
    -------
    array
        Shape (n,): 1 where ``LinearPart.stereo_db`` counts, else 0.
    """
    pairs = zip(roles, channels, strict=True)
    return np.array([float(r.name in STEREO and (c == 2 or r.side == "stereo")) for r, c in pairs])


def interval_halves(linear: LinearPart, roles: Sequence[Role], sd_db: Float64) -> Float64:
    """Half the width of each track's interval.

    Parameters
    ----------
    linear
        The linear part of a model.
    roles
        Of n tracks.
    sd_db
        Shape (n,): standard deviation of the recording gain of each, in dB.

    Returns
    -------
    array
        Shape (n,), in dB.
    """
    widths = np.array([linear.interval_db[role.name] for role in roles])
    return np.asarray(widths * (1.0 + linear.interval_rise * sd_db))
