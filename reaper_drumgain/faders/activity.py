"""Which of the drum tracks play, by what was heard of them, and why the others are held."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.analysis import features
from reaper_drumgain.tracks.roles import Role, drum_of
from reaper_drumgain.tracks.selection import DrumTrack

#: roles whose microphone stands at one drum: without its drum it holds only bleed
CLOSE_ROLES = frozenset(
    {
        *("kick in", "kick out", "kick", "sub kick", "snare top", "snare bottom", "snare"),
        *("hi-hat", "tom", "ride", "cymbal"),
    }
)
#: roles of tracks that no microphone of the kit leaks into, nor they into it
_ELSEWHERE = ("sample", "percussion")
SILENT, FAINT, BLEED, UNREADABLE = "silent", "too short or quiet", "bleed only", "unreadable"
#: of a track in a section that is too short to be balanced for itself
SHORT = "short section"
#: flags of audio that leave a track without any sound where no file of it can be read
_UNREAD = frozenset({"missing media", "refused media", "unreadable media"})


@dataclass(frozen=True, slots=True)
class TrackActivity:
    """What the measurement says of each measured track, all (n,). ``states``: why a track is
    not active, in the flags' words."""

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
    drums: Sequence[DrumTrack], measurement: features.Measurement, flags: Sequence[tuple[str, ...]]
) -> TrackActivity:
    """What the measurement of these tracks says; ``flags``: what is known of their media."""
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
    """One label per track for ``features.holds_only_bleed``: the close microphones of one
    drum share theirs, every other track has its own.

    None where a track was not in the room with the kit: triggered samples sound with their
    drum, and tambourines are played along in another take. What sounds there as well is no
    bleed.
    """
    return [
        None if role.name in _ELSEWHERE else drum_of(role) if role.name in CLOSE_ROLES else place
        for place, role in enumerate(roles)
    ]
