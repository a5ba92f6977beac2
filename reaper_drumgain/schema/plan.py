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

#: what the faders are called that a model gives as an interval
ENGINEERS_RANGE, OWN_RANGE = "the engineers' range", "your model's range"


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionGain:
    """What one section of the song gets.

    Attributes
    ----------
    name
        Name of the section.
    start, end
        In seconds of the project.
    fader_db
        The plan's ``new_db`` and the envelope together, in dB.
    state
        Why the track keeps its gain in this section, one of the flags' words. None where it plays.
    """

    name: str
    start: float
    end: float
    fader_db: Decibel
    state: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackAutomation:
    """What becomes of one envelope of a track. All numbers are final: a host only writes them.

    The envelope is made where the track has none, and switched on. Its points are afterwards, in
    this order: the first ``kept_before`` of those that it has now; ``points``; the last
    ``kept_after`` of those that it has now. Its scaling mode stays; a new one gets REAPER's usual
    one (``VOLTYPE 1`` in files), and is shown.

    Attributes
    ----------
    envelope
        ``volume`` or ``trim volume``.
    points
        Values are linear gains that multiply the fader's (files hold them as they are, ReaScript
        takes them scaled). Times are whole milliseconds and values whole millionths, so that they
        survive REAPER's own writing.
    mark
        The envelope note (see ``schema.envelope_note``), stored on the track under its KEY in place
        of one that is there.
    old_points
        How many points it has now. With another number the plan belongs to another state, and the
        host refuses it (ConflictError).
    kept_before, kept_after
        How many of its points stay before and behind ``points``.
    sections
        The sections that the envelope follows.
    within_db
        How far the envelope lies at most from the gains that were asked for, in dB; more than 0.1
        where gains that follow the song would take too many points.
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
        """All points of the envelope afterwards, from those that it has now.

        Raises
        ------
        ValueError
            It has another number of points than the plan was made for.
        """
        if len(old) != self.old_points:
            raise ValueError(f"the envelope has {len(old)} points, expected {self.old_points}")
        return (*old[: self.kept_before], *self.points, *old[len(old) - self.kept_after :])


def role_text(name: str, ordinal: int | None, side: str | None, drum: str | None = None) -> str:
    """A role with its drum, number and side: ``tom 2``, ``overhead left``, ``kick sample``.

    Parameters
    ----------
    name
        Name of the role.
    ordinal, side, drum
        Number, side and drum; None where there is none.

    Returns
    -------
    str
        Words with blanks between them.
    """
    words = (drum, name, ordinal, side)
    return " ".join(str(word) for word in words if word is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackPlan:
    """One drum track. Levels are in dB.

    Attributes
    ----------
    index, name, guid
        The track: its number from 0, its name, and its GUID, None in files without.
    role, side, ordinal
        What it records, like ``tom``, with its side and number.
    drum
        The drum that a sample track sounds with, like ``kick`` or ``tom 2``, if its name says so.
    old_db, new_db
        The fader before and after; None for -inf. With automation ``new_db`` is the constant part,
        which stays in the fader.
    interval_db
        From which to which fader the median of many engineers lies for most tracks (80 % with the
        forest), around where the full move ends. None where the method gives none, and for tracks
        that stay.
    recording_gain_db, recording_gain_sd_db
        How much louder than usual for its role the track was recorded, against the mean of the kit,
        as the method estimates it, and the standard deviation of that. None where the method
        estimates none.
    undone_db
        The part of the move that makes up for how it was recorded and played, or None.
    flags
        Short words that do not change between versions.
    reason
        Why it moves or stays, a sentence.
    loudness_lufs
        Loudness before the fader, as REAPER plays the track: one channel on both sides, like a file
        with the same signal twice. None where nothing was measured.
    path_db
        What the path from behind the fader to where the drums meet adds (pan, folders, sends):
        ``loudness_lufs + path_db + new_db`` is its level among the drums after the move.
    limited_db
        How many dB the fader would need beyond its upper end, or None.
    automation, not_automated
        What the envelope adds over time. Where nothing is written it is None, and
        ``not_automated`` says why, if the track was to get some.
    note
        Stored on the track with its new fader (see ``schema.fader_note``). None where it stays.
    bundled_db
        With the user's own model, the fader that the bundled one would give, else None.
    trim_db, old_trim_db
        The trim in the new and in the old fader (see ``schema.trims``).
    trim_mark
        Stored on the track about its trim; "" removes it, None leaves it.
    held
        Whether it holds nothing of its own drum, so that it is never raised.
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
    """A track that is no drum microphone.

    Attributes
    ----------
    index, name
        Its number from 0, and its name.
    why
        Why it stays.
    """

    index: int
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What a fader cannot correct: a fault of a recording, or of two microphones together.

    Attributes
    ----------
    track
        Index of the track that has to be corrected.
    kind
        ``polarity``, ``delay``, ``clipping``, ``dc``, ``hum`` or ``dead side``.
    numbers
        What was measured, by name, with the unit at its end.
    sentence
        The numbers and the usual remedy, in words.
    """

    track: int
    kind: str
    numbers: dict[str, float]
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Level of the drums together along their path; None where they are silent.

    Attributes
    ----------
    before_lufs, after_lufs
        Loudness in LUFS.
    before_dbfs, after_dbfs
        Sample peak in dBFS; None, too, where it was not asked for.
    """

    before_lufs: Decibel | None = None
    after_lufs: Decibel | None = None
    before_dbfs: Decibel | None = None
    after_dbfs: Decibel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GainPlan:
    """Old and new fader of every drum track.

    Attributes
    ----------
    project
        The project's path.
    method
        Name of the method.
    settings
        What the user asked for.
    tracks, untouched
        The drum tracks in project order, and the other tracks.
    levels
        Level of the drums before and after.
    warnings
        Sentences, those of ``faults`` among them.
    mode, mode_why
        What the settings' mode became, and the reason as half a sentence.
    other_mode
        Whether the method has the other mode, too.
    faults
        What a fader cannot correct.
    trims
        The trims in use, by family, in dB.
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
        """Whether anything has to be written."""
        marked = any(track.trim_mark is not None for track in self.tracks)
        return bool(self.moves or self.automated or marked)

    @property
    def automated(self) -> tuple[TrackPlan, ...]:
        """The tracks that get an envelope."""
        return tuple(track for track in self.tracks if track.automation is not None)

    @property
    def range_name(self) -> str:
        """What ``TrackPlan.interval_db`` is called in sentences: a range of faders."""
        return OWN_RANGE if self.settings.model else ENGINEERS_RANGE

    @property
    def range_meaning(self) -> str:
        """What that range says, as a sentence without a full stop."""
        if self.settings.model:
            return "the engineers' range for this track, moved by what your own model adds"
        return "on about 80 % of tracks the median fader of many engineers is in this range"

    def mode_line(self, how_all: str, how_outliers: str) -> str:
        """Which mode it was and how to get the other one, as a sentence without a full stop.

        ``how_all`` and ``how_outliers`` name what leads the user to these modes.
        """
        if self.mode == "all":
            line = f"all faders balanced anew ({self.mode_why})"
            other = f"{how_outliers} moves only those outside {self.range_name}"
        else:
            line = f"only faders outside {self.range_name} move ({self.mode_why})"
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
