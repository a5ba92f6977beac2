"""The results of automation: gains over time, and what they add to a plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.automation.envelope_points import GainCurve
from reaper_drumgain.schema.plan import SectionGain, TrackAutomation


@dataclass(frozen=True, slots=True)
class SectionFaders:
    """The gains of n tracks in one section.

    Attributes
    ----------
    faders_db
        Shape (n,): fader and envelope together, in dB.
    states
        Why a track is held in this section, in the words of ``faders.activity``, else None.
    warnings
        Sentences about this section.
    """

    faders_db: NDArray[np.float64]
    states: tuple[str | None, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GainsOverTime:
    """The gains of n measured tracks over time, before points are made of them.

    Attributes
    ----------
    faders_db
        Shape (n,): the constant part in dB.
    curves
        What the envelope of each track adds to it.
    sections
        The gains of each track per section; empty where the gains follow the song.
    automatable
        Shape (n,): tracks whose curve may be written.
    powers
        Shape (hops,): power of the drums with faders and envelopes, along their path, per 100 ms.
    warnings
        Sentences about the sections.
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

    Attributes
    ----------
    faders_db
        Shape (n,): the faders beside the envelopes, in dB.
    tracks
        The envelope to write for each track, None for none.
    refusals
        Why a track that was to get an envelope gets none, else None.
    after_lufs
        Gated loudness of the drums with faders and envelopes; -inf for silence.
    warnings
        Sentences about the sections.
    """

    faders_db: NDArray[np.float64]
    tracks: tuple[TrackAutomation | None, ...]
    refusals: tuple[str | None, ...]
    after_lufs: float
    warnings: tuple[str, ...] = ()
