"""Which drum tracks play their own drum, and why the others are held."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.analysis import features
from reaper_drumgain.analysis.measurement import Measurement
from reaper_drumgain.tracks.roles import Role, drum_of
from reaper_drumgain.tracks.selection import DrumTrack

#: roles whose microphone is close to one drum: when that drum rests, it picks up only bleed
CLOSE_ROLES = frozenset(
    {
        *("kick in", "kick out", "kick", "sub kick", "snare top", "snare bottom", "snare"),
        *("hi-hat", "tom", "ride", "cymbal"),
    }
)
#: roles of tracks without bleed from or into the microphones of the kit
_ELSEWHERE = ("sample", "percussion")
SILENT, FAINT, BLEED, UNREADABLE = "silent", "too short or quiet", "bleed only", "unreadable"
#: state of all tracks in a section that is too short to be balanced for itself
SHORT = "short section"
#: flags of media that could not be read; a track is unreadable where nothing else sounds
_UNREAD = frozenset({"missing media", "refused media", "unreadable media"})


@dataclass(frozen=True, slots=True)
class TrackActivity:
    """The features of n measured tracks, and for each why it is not active.

    ``states``: None for an active track, else one of SILENT, FAINT, BLEED, UNREADABLE or SHORT.
    """

    table: features.FeatureTable
    states: tuple[str | None, ...]

    @property
    def loudness_lufs(self) -> NDArray[np.float64]:
        """Before the fader, NaN for silence."""
        return self.table.column("loudness_lufs")

    @property
    def peaks_dbfs(self) -> NDArray[np.float64]:
        """Before the fader, NaN for silence."""
        return self.table.column("peak_dbfs")

    @property
    def active(self) -> NDArray[np.bool_]:
        """Tracks that hold their own drum."""
        return np.array([state is None for state in self.states])

    @property
    def readable(self) -> NDArray[np.bool_]:
        """Tracks of whose media something could be read."""
        return np.array([state != UNREADABLE for state in self.states])


def track_activity(
    drums: Sequence[DrumTrack], measurement: Measurement, flags: Sequence[tuple[str, ...]]
) -> TrackActivity:
    """The activity of the drum tracks that were measured.

    ``flags``: for each track the flags of its media, as ``MultitrackAnalysis`` has them.
    """
    table = features.feature_table(measurement)
    silent = ~np.isfinite(table.column("loudness_lufs"))
    close = np.array([drum.role.name in CLOSE_ROLES for drum in drums])
    labels = drum_labels([drum.role for drum in drums])
    bleed = features.holds_only_bleed(measurement, labels) & close
    peaks = table.column("peak_dbfs")

    def state(place: int) -> str | None:
        if silent[place]:
            if _UNREAD & set(flags[place]):
                return UNREADABLE
            # a track shorter than a gating block, or under the absolute gate, has no loudness
            return FAINT if math.isfinite(peaks[place]) else SILENT
        return BLEED if bleed[place] else None

    return TrackActivity(table, tuple(state(place) for place in range(len(drums))))


def drum_labels(roles: Sequence[Role]) -> list[Hashable]:
    """One label per track for ``features.holds_only_bleed``.

    The close microphones of one drum share a label, every other track has its own. None for
    tracks that were not recorded in the room with the kit: triggered samples sound together with
    their drum, and a tambourine is overdubbed. Sound at the same time is no bleed there.
    """
    return [
        None if role.name in _ELSEWHERE else drum_of(role) if role.name in CLOSE_ROLES else place
        for place, role in enumerate(roles)
    ]
