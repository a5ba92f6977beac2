"""What will be done, before it is done: shown, applied, kept, undone. Plain data."""

from __future__ import annotations

from dataclasses import dataclass

from reaper_drumgain import codec
from reaper_drumgain.settings import Settings
from reaper_drumgain.units import Decibel

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class TrackPlan:
    """One drum track. Levels in dB, None where a fader is at -inf or nothing was measured.

    ``loudness_lufs``: of the track before its fader. ``path_db``: what the way from behind
    its fader to the drums' meeting point adds to that loudness (folders, pan, both sides of a
    mono track), so that ``loudness_lufs + path_db + new_db`` is its level among the drums
    after the move. ``interval_db``: between which faders the median of many engineers lies, for
    most tracks (80 % with the forest), around where the full move ends; None where the method
    gives none, and for tracks that stay. ``flags`` are short stable words, ``reason`` a sentence.
    """

    index: int
    name: str
    role: str
    old_db: Decibel | None
    new_db: Decibel | None
    guid: str | None = None
    side: str | None = None
    ordinal: int | None = None
    interval_db: tuple[Decibel, Decibel] | None = None
    flags: tuple[str, ...] = ()
    reason: str | None = None
    loudness_lufs: Decibel | None = None
    path_db: Decibel | None = None

    @property
    def moves(self) -> bool:
        """Whether applying the plan changes this fader."""
        return self.new_db is not None and self.new_db != self.old_db


@dataclass(frozen=True, slots=True)
class Untouched:
    """A track that is no drum microphone, and why it stays."""

    index: int
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Levels:
    """The drums together along their path: loudness in LUFS, sample peak in dBFS.

    None where the drums are silent or the peak was not asked for.
    """

    before_lufs: Decibel | None = None
    after_lufs: Decibel | None = None
    before_dbfs: Decibel | None = None
    after_dbfs: Decibel | None = None


@dataclass(frozen=True, slots=True)
class GainPlan:
    """Old and new fader of every drum track, in project order, and what stays and why."""

    project: str
    method: str
    settings: Settings
    tracks: tuple[TrackPlan, ...]
    untouched: tuple[Untouched, ...] = ()
    levels: Levels = Levels()
    warnings: tuple[str, ...] = ()

    @property
    def moves(self) -> tuple[TrackPlan, ...]:
        """The tracks whose fader changes."""
        return tuple(track for track in self.tracks if track.moves)

    def to_json(self, *, indent: int | None = None) -> str:
        """The plan as a JSON document."""
        return codec.dumps(self, kind="plan", schema=SCHEMA, indent=indent)

    @classmethod
    def from_json(cls, text: str | bytes) -> GainPlan:
        """The plan that ``to_json`` wrote. Raises InputError where it is none."""
        return codec.loads(text, cls, kind="plan", schema=SCHEMA)
