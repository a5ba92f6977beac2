"""Sessions to balance: renderings as recorded, with shifted levels, and with resting toms.

``evaluate`` says what the conditions are.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis import features
from reaper_drumgain.faders.activity import activity_of
from reaper_drumgain.learn.data.human_faders import Float64, Song
from reaper_drumgain.learn.data.measurements import as_recorded_louder
from reaper_drumgain.learn.data.rendered_songs import Rendering
from reaper_drumgain.methods import all_descriptors
from reaper_drumgain.methods.base import MethodInput

RECORDED, RESTING = "recorded", "toms rest"
SHIFTS_DB: Mapping[str, float] = {"+-3": 3.0, "+-6": 6.0, "+-12": 12.0}
CONDITIONS = (RECORDED, *SHIFTS_DB, RESTING)
#: by how much one track is raised when the response of its fader is measured
STEPS_DB = (0.5, 3.0, 12.0)
#: making them loads every method
_descriptors = functools.cache(all_descriptors)


@dataclass(frozen=True)
class Case:
    """A session to balance.

    Attributes
    ----------
    given
        The input of a method.
    shift
        Shape (tracks,): by how many dB each track is louder than it was recorded.
    source
        The index of the rendering among those of the song.
    """

    given: MethodInput
    shift: Float64
    source: int

    def method_input(self, *, gated: bool) -> MethodInput:
        """The input of a method; without the gate every track counts as active."""
        held = self.given
        active = held.active if gated else np.ones_like(held.active)
        return MethodInput(held.roles, held.table, held.measurement, active)

    def effective(self, gains: Float64, active: npt.NDArray[np.bool_]) -> Float64:
        """Effective gains; inactive tracks get the mean gain of the others.

        Parameters
        ----------
        gains
            Shape (tracks,): a method's gains in dB.
        active
            Shape (tracks,): tracks that count.

        Returns
        -------
        ndarray
            Shape (tracks,): gains plus shift in dB.
        """
        known = np.isfinite(gains) & active
        held = float(gains[known].mean()) if known.any() else 0.0
        return np.where(known, gains, held) + self.shift


def conditions(
    song: Song, own: Sequence[Rendering], draws: int, seed: Sequence[int]
) -> dict[str, list[Case]]:
    """The cases of a song by condition.

    Parameters
    ----------
    song
        The song.
    own
        Its renderings.
    draws
        Random shifts for each width.
    seed
        Of the random generators.

    Returns
    -------
    dict
        Conditions without a case are left out.
    """
    playing = [place for place, item in enumerate(own) if not item.resting]
    cases = {RECORDED: [case_of(own, place) for place in playing]}
    for name, width in SHIFTS_DB.items():
        rng = np.random.default_rng([*seed, round(width * 10)])
        shifts = rng.uniform(-width, width, (draws, len(song.tracks)))
        cases[name] = [
            case_of(own, playing[draw % len(playing)], shift) for draw, shift in enumerate(shifts)
        ]
    cases[RESTING] = [case_of(own, place) for place, item in enumerate(own) if item.resting]
    return {name: held for name, held in cases.items() if held}


def case_of(own: Sequence[Rendering], source: int, shift: Float64 | None = None) -> Case:
    """A rendering as if its tracks had been recorded louder.

    Parameters
    ----------
    own
        The renderings of the song.
    source
        The index of one of them.
    shift
        Shape (tracks,): by how many dB each track is louder. None for none.

    Returns
    -------
    Case
        The session to balance.

    Raises
    ------
    ValueError
        The rendering has no measurement.
    """
    rendering = own[source]
    if rendering.measurement is None:
        raise ValueError("the rendering was not kept whole")
    measurement, table = rendering.measurement, rendering.table
    if shift is not None:
        measurement = as_recorded_louder(measurement, shift, _descriptors())
        table = features.feature_table(measurement)
    roles = tuple(track.role for track in rendering.song.tracks)
    active = activity_of(roles, measurement, table).active
    given = MethodInput(roles, table, measurement, active)
    return Case(given, np.zeros(len(roles)) if shift is None else shift, source)


def raised_cases(case: Case) -> list[Case]:
    """Each track in turn recorded louder by each of ``STEPS_DB``, nothing else changed."""
    raised = []
    for shift in np.eye(len(case.shift)):
        for step in STEPS_DB:
            measurement = as_recorded_louder(case.given.measurement, shift * step, _descriptors())
            table = features.feature_table(measurement)
            given = MethodInput(case.given.roles, table, measurement, case.given.active)
            raised.append(Case(given, shift * step, case.source))
    return raised
