"""The results of automation: gains over time, and what they add to a plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.automation.envelope_points import GainCurve
from reaper_drumgain.schema.plan import SectionGain, TrackAutomation


@dataclass(frozen=True, slots=True)
class SectionFaders:
    """The gains of one section.

    ``faders_db`` (n,): fader and envelope together. ``states``: why a track is held in this
    section, in the words of ``faders.activity``, else None. ``warnings``: about this section.
    """

    faders_db: NDArray[np.float64]
    states: tuple[str | None, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GainsOverTime:
    """The gains of n measured tracks over time, before points are made of them.

    ``faders_db`` (n,): the constant part. ``curves``: what each envelope adds to it.
    ``sections``: the gains of each track per section, empty where the gains follow the song.
    ``automatable`` (n,): tracks whose curve may be written. ``powers`` (hops,): the power of the
    drums along their path with all of it, per 100 ms.
    """

    faders_db: NDArray[np.float64]
    curves: tuple[GainCurve, ...]
    sections: tuple[tuple[SectionGain, ...], ...]
    automatable: NDArray[np.bool_]
    powers: NDArray[np.float64]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AutomationResult:
    """What automation adds to the plan of n measured tracks.

    ``faders_db`` (n,): the fader values beside the envelopes. ``tracks``: the envelope to write
    for each track, None for none. ``refusals``: why a track that was to get an envelope gets
    none, else None. ``after_lufs``: the gated loudness of the drums with faders and envelopes,
    -inf for silence.
    """

    faders_db: NDArray[np.float64]
    tracks: tuple[TrackAutomation | None, ...]
    refusals: tuple[str | None, ...]
    after_lufs: float
    warnings: tuple[str, ...] = ()
