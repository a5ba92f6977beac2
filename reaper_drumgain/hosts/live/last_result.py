"""The last result of a run, as it is stored in the project: what each drum track got."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reaper_drumgain.schema.settings import UsedMode

Side = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class SectionResult:
    """What a track got in one section of the song.

    Attributes
    ----------
    name
        The section.
    start, end
        Seconds.
    fader_db
        Fader and envelope together, in dB.
    state
        Why the track is held there, else None.
    """

    name: str
    start: float
    end: float
    fader_db: float
    state: str | None = None


@dataclass(frozen=True, slots=True)
class TrackResult:
    """A drum track of the last run.

    Attributes
    ----------
    guid, name, role
        Of the track.
    before, after
        Faders as linear gains.
    full_db
        The move at an amount of 100 %, None if the track may not move.
    flags, reason
        As in the plan.
    automated, sections, not_automated
        Whether an envelope was written, its sections if it has any, and why none was written.
    by_hand
        The factor by which the user moved the fader away from what the run set.
    trim_db, trim_before_db
        The trim in ``after`` and in ``before`` (see ``schema.trims``).
    held
        Whether it is never raised.
    """

    guid: str
    name: str
    role: str
    before: float
    after: float
    full_db: float | None = None
    flags: tuple[str, ...] = ()
    reason: str | None = None
    automated: bool = False
    sections: tuple[SectionResult, ...] = ()
    not_automated: str | None = None
    by_hand: float = 1.0
    trim_db: float = 0.0
    trim_before_db: float = 0.0
    held: bool = False

    def trim_on(self, side: Side) -> float:
        """The trim in its fader before or after the run, in dB."""
        return self.trim_before_db if side == "before" else self.trim_db


@dataclass(frozen=True, slots=True)
class LastResult:
    """The last result, for showing and comparing it and for changing its amount.

    Attributes
    ----------
    summary
        The result in one line.
    method
        The method of the run.
    amount
        In percent.
    tracks
        The drum tracks.
    warnings
        Sentences.
    side
        Whether an action left the faders as before or as after the run.
    mode
        Whether all faders were balanced anew, or only outliers moved.
    """

    summary: str
    method: str
    amount: float
    tracks: tuple[TrackResult, ...]
    warnings: tuple[str, ...] = ()
    side: Side = "after"
    mode: UsedMode = "all"

    @property
    def automated(self) -> bool:
        """Whether the run wrote envelopes, so that its faders alone are not its result."""
        return any(track.automated for track in self.tracks)
