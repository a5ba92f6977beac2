"""The gain plan: the new fader and envelope of each track, as plain data.

A plan is made before anything is written. It can be shown, stored as JSON, applied and undone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reaper_drumgain.schema import json_codec
from reaper_drumgain.schema.session import EnvelopeKind, EnvelopePoint
from reaper_drumgain.schema.settings import Settings, UsedMode
from reaper_drumgain.schema.trims import Trims
from reaper_drumgain.units import Decibel

SCHEMA = 1

#: the largest distance of thinned points from the curve, in dB
_WITHIN_DB = Decibel(0.1)
_NO_TRIM = Decibel(0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionGain:
    """What one section of the song gets: ``fader_db`` is its fader there, the plan's
    ``new_db`` and the envelope together. ``state``: why the track holds in this section, in
    the flags' words, None where it plays."""

    name: str
    start: float
    end: float
    fader_db: Decibel
    state: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackAutomation:
    """What becomes of one envelope of a track. All numbers are final: a host only writes them.

    ``envelope``: ``volume`` or ``trim volume``. It is made where the track has none; it is
    switched on (and shown, where it is made). Its points are afterwards, in this order: the
    first ``kept_before`` of those that it has now, untouched; ``points``; the last
    ``kept_after`` of those that it has now, untouched. It has ``old_points`` now: with another
    number the plan belongs to another state, and the host refuses (ConflictError). Its scaling
    mode stays; one that is made gets REAPER's usual one (``VOLTYPE 1`` in files).

    Values are linear gains that multiply the fader's (files hold them as they are, ReaScript
    takes them scaled), ``shape`` is REAPER's number. Times are whole milliseconds and values
    whole millionths, so that they survive REAPER's own writing.

    ``within_db``: how far what is drawn lies at most from the gains that were asked for; more
    than 0.1 dB where gains that follow the song would take too many points.

    ``mark`` is the envelope note (see ``schema.envelope_note``), stored on the track under its
    KEY (P_EXT in REAPER, a line of ``<EXT`` in files) in place of one that is there.
    """

    envelope: EnvelopeKind
    points: tuple[EnvelopePoint, ...]
    mark: str
    old_points: int = 0
    kept_before: int = 0
    kept_after: int = 0
    sections: tuple[SectionGain, ...] = ()
    within_db: Decibel = _WITHIN_DB

    def result(self, old: tuple[EnvelopePoint, ...]) -> tuple[EnvelopePoint, ...]:
        """All points of the envelope afterwards. Raises ValueError where ``old`` is not what
        the plan was made for."""
        if len(old) != self.old_points:
            raise ValueError(f"the envelope has {len(old)} points, expected {self.old_points}")
        return (*old[: self.kept_before], *self.points, *old[len(old) - self.kept_after :])


def role_text(name: str, ordinal: int | None, side: str | None, drum: str | None = None) -> str:
    """A role with its drum, number and side: ``tom 2``, ``overhead left``, ``kick sample``."""
    words = (drum, name, ordinal, side)
    return " ".join(str(word) for word in words if word is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackPlan:
    """One drum track. Levels in dB, None where a fader is at -inf or nothing was measured.

    ``drum``: the drum that a sample track sounds with, like ``kick`` or ``tom 2``, where its name
    says that.
    ``loudness_lufs``: of the track before its fader, as REAPER plays it: one channel on both
    sides, like a file with the same signal twice. ``path_db``: what the way from behind its
    fader to the drums' meeting point adds to that loudness (pan, folders, sends), so that
    ``loudness_lufs + path_db + new_db`` is its level among the drums after the move.
    ``limited_db``: what its fader would need beyond its upper end, None where it does not.
    ``interval_db``: between which faders the median of many engineers lies, for most tracks
    (80 % with the forest), around where the full move ends; None where the method gives none, and
    for tracks that stay. ``recording_gain_db``: how much louder than usual for its role it was
    recorded, against the mean of the kit, as the method hears it, and the standard deviation of
    that; None where the method tells no such thing. ``undone_db``: the part of the move that makes
    up for how it was recorded and played, likewise. ``flags`` are short stable words, ``reason``
    a sentence.

    With automation ``new_db`` is the constant part, which stays in the fader, and
    ``automation`` what the envelope adds to it over time; None where nothing is written, and
    ``not_automated`` then says why, if the track was to get some.

    ``note``: what is stored on the track with its new fader (see ``schema.fader_note``), None
    where the fader stays. ``bundled_db``: with the user's own model, the fader that the bundled
    one would give, else None. ``trim_db``, ``old_trim_db``: the trim in the new and in the old
    fader (see ``schema.trims``); ``trim_mark``: what is stored on the track about it, "" to take it
    away, None where that stays. ``held``: it holds nothing of its own drum, so it is never raised.
    """

    index: int
    name: str
    role: str
    old_db: Decibel | None
    new_db: Decibel | None
    guid: str | None = None
    side: str | None = None
    ordinal: int | None = None
    drum: str | None = None
    interval_db: tuple[Decibel, Decibel] | None = None
    recording_gain_db: Decibel | None = None
    recording_gain_sd_db: Decibel | None = None
    undone_db: Decibel | None = None
    flags: tuple[str, ...] = ()
    reason: str | None = None
    loudness_lufs: Decibel | None = None
    path_db: Decibel | None = None
    limited_db: Decibel | None = None
    automation: TrackAutomation | None = None
    not_automated: str | None = None
    note: str | None = None
    bundled_db: Decibel | None = None
    trim_db: Decibel = _NO_TRIM
    old_trim_db: Decibel = _NO_TRIM
    trim_mark: str | None = None
    held: bool = False

    @property
    def role_text(self) -> str:
        """The role with its drum, number and side, like ``tom 2`` or ``kick sample``."""
        return role_text(self.role, self.ordinal, self.side, self.drum)

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
class Fault:
    """What a fader cannot correct: a fault of a recording, or of two microphones together.

    ``track``: the index of the track that has to be corrected. ``kind``: ``polarity``, ``delay``,
    ``clipping``, ``dc``, ``hum`` or ``dead side``. ``numbers``: what was measured, by name, with
    the unit at its end. ``sentence``: the numbers and the usual remedy, in words.
    """

    track: int
    kind: str
    numbers: dict[str, float]
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """The drums together along their path: loudness in LUFS, sample peak in dBFS.

    None where the drums are silent or the peak was not asked for.
    """

    before_lufs: Decibel | None = None
    after_lufs: Decibel | None = None
    before_dbfs: Decibel | None = None
    after_dbfs: Decibel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GainPlan:
    """Old and new fader of every drum track, in project order, and what stays and why.

    ``mode``: what the settings' mode became, ``mode_why`` the reason as half a sentence;
    ``other_mode``: whether the method has the other one.
    ``warnings``: sentences, those of ``faults`` among them. ``trims``: those in use, by family.
    """

    project: str
    method: str
    settings: Settings
    tracks: tuple[TrackPlan, ...]
    untouched: tuple[Untouched, ...] = ()
    levels: Levels = Levels()
    warnings: tuple[str, ...] = ()
    mode: UsedMode = "all"
    mode_why: str = ""
    other_mode: bool = False
    faults: tuple[Fault, ...] = ()
    trims: Trims = ()

    @property
    def moves(self) -> tuple[TrackPlan, ...]:
        """The tracks whose fader changes."""
        return tuple(track for track in self.tracks if track.moves)

    @property
    def changes(self) -> bool:
        """Whether there is anything to write."""
        marked = any(track.trim_mark is not None for track in self.tracks)
        return bool(self.moves or self.automated or marked)

    @property
    def automated(self) -> tuple[TrackPlan, ...]:
        """The tracks that get an envelope."""
        return tuple(track for track in self.tracks if track.automation is not None)

    def mode_line(self, how_all: str, how_outliers: str) -> str:
        """Which mode it was and how to get the other, as a sentence without an end.

        ``how_all`` and ``how_outliers``: what brings the user to these modes.
        """
        if self.mode == "all":
            line = f"all faders balanced anew ({self.mode_why})"
            other = f"{how_outliers} moves only those outside the engineers' range"
        else:
            line = f"only faders outside the engineers' range move ({self.mode_why})"
            other = f"{how_all} balances all anew"
        return f"{line}; {other}" if self.other_mode else line

    def to_json(self, *, indent: int | None = None) -> str:
        """The plan as a JSON document."""
        return json_codec.dumps(self, kind="plan", schema=SCHEMA, indent=indent)

    @classmethod
    def from_json(cls, text: str | bytes) -> GainPlan:
        """The plan that ``to_json`` wrote. Raises InputError where it is none."""
        return json_codec.loads(text, cls, kind="plan", schema=SCHEMA)

    def to_document(self) -> dict[str, Any]:
        """The plan as plain JSON data."""
        return json_codec.to_document(self, kind="plan", schema=SCHEMA)

    @classmethod
    def from_document(cls, document: Any) -> GainPlan:
        """The plan of a document that was read. Raises InputError where it is none."""
        return json_codec.from_document(document, cls, kind="plan", schema=SCHEMA)
