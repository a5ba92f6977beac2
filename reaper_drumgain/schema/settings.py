"""The settings of a run, validated: the same object for command line, batch and REAPER."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from reaper_drumgain.errors import InputError
from reaper_drumgain.schema import json_codec
from reaper_drumgain.schema.trims import Trims, check_trim
from reaper_drumgain.units import MAX_FADER, Decibel

SCHEMA = 1

Write = Literal["volume", "automation"]
SectionKind = Literal["usual", "regions", "markers", "times", "time selection", "running"]
Existing = Literal["refuse", "replace", "trim"]
Mode = Literal["auto", "outliers", "all"]
#: what ``auto`` becomes
UsedMode = Literal["outliers", "all"]

#: default of ``Automation.ride_limit``
RIDE_LIMIT = Decibel(3.0)

#: what ``Level.parse`` takes, for help texts and messages
LEVEL_FORMS = "keep, peak:DBFS (like peak:-6) or lufs:LUFS (like lufs:-18)"
#: units of meters, and the kind of level that they mean
_LEVEL_UNITS: dict[str, Literal["peak", "lufs"]] = {"dbfs": "peak", "lufs": "lufs"}


@dataclass(frozen=True, slots=True)
class Level:
    """Where the common offset of all gains comes from.

    ``keep``: the drums' loudness along their path stays. ``peak``: the sample peak of the
    drums along their path is ``target`` dBFS. ``lufs``: their loudness is ``target`` LUFS.
    """

    kind: Literal["keep", "peak", "lufs"] = "keep"
    target: Decibel | None = None

    def __post_init__(self) -> None:
        if self.kind == "keep":
            if self.target is not None:
                raise InputError("level keep takes no value: use peak:DBFS or lufs:LUFS")
            return
        if self.target is None or not math.isfinite(self.target):
            raise InputError(f"level {self.kind} needs a number: expected {LEVEL_FORMS}")
        if not -100.0 <= self.target <= 24.0:
            raise InputError(
                f"level {self.kind}:{self.target:g} is not within -100 to 24 dB: "
                f"expected {LEVEL_FORMS}"
            )

    @classmethod
    def parse(cls, text: str) -> Level:
        """The level that a text like ``peak:-6``, ``LUFS:-14`` or ``-14 LUFS`` names.

        Parameters
        ----------
        text
            As the user wrote it; ``LEVEL_FORMS`` lists what is known.

        Returns
        -------
        Level
            The target is in dBFS or LUFS.

        Raises
        ------
        InputError
            The text is none of these, or its number is out of range.
        """
        folded = text.strip().lower().replace(",", ".")
        if folded == "keep":
            return cls()
        unit = next((u for u in _LEVEL_UNITS if folded.endswith(u)), "")
        kind, colon, value = folded.removesuffix(unit).replace("=", ":").partition(":")
        if unit and not colon:
            # as meters write it: -14 LUFS, -6 dBFS
            kind, value = _LEVEL_UNITS[unit], kind
        if kind.strip() not in ("peak", "lufs") or (unit and _LEVEL_UNITS[unit] != kind.strip()):
            raise InputError(f"level {text!r} is not known: expected {LEVEL_FORMS}")
        try:
            target = Decibel(float(value.removesuffix("db")))
        except ValueError:
            raise InputError(f"level {text!r} has no number: expected {LEVEL_FORMS}") from None
        return cls("peak" if kind.strip() == "peak" else "lufs", target)

    def __str__(self) -> str:
        return self.kind if self.target is None else f"{self.kind}:{self.target:g}"


@dataclass(frozen=True, slots=True)
class Automation:
    """How gains over time are made and written. Without meaning unless automation is written.

    Attributes
    ----------
    sections
        What is balanced for itself: the project's ``regions``, from ``marker`` to marker, the
        ``times`` given here, or its ``time selection`` (outside of which nothing changes then).
        ``running``: gains that follow the song without sections, which only the method
        cross-adaptive has. ``usual``: running for cross-adaptive, else the regions, else the
        markers.
    times
        (start, end, name) of sections in seconds; an end of None is the next start.
    envelope
        The volume envelope or the trim volume envelope.
    existing
        What becomes of an envelope that does something already: the track is refused (``refuse``),
        the envelope is replaced (``replace``), or it is kept and multiplied (``trim``).
    ride_limit
        How far a section follows how loud the drums are played, at most, in dB up or down (methods
        that do so, see ``methods.base``).
    """

    sections: SectionKind = "usual"
    times: tuple[tuple[float, float | None, str], ...] = ()
    envelope: Literal["volume", "trim"] = "volume"
    existing: Existing = "refuse"
    ride_limit: Decibel = RIDE_LIMIT

    def __post_init__(self) -> None:
        if not (math.isfinite(self.ride_limit) and 0.0 <= self.ride_limit <= MAX_FADER):
            raise InputError(f"ride limit is {self.ride_limit!r}: expected 0 to {MAX_FADER:g} dB")
        if (self.sections == "times") != bool(self.times):
            raise InputError(
                "sections 'times' need a list of times; other sections must not have one"
            )
        for start, end, name in self.times:
            where = f"section {name!r}" if name else "a section"
            if not math.isfinite(start) or (end is not None and not math.isfinite(end)):
                raise InputError(f"{where} goes from {start!r} to {end!r}: expected seconds")
            if end is not None and end <= start:
                raise InputError(f"{where} ends at {end:g} s, before it starts ({start:g} s)")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user asked for.

    ``locks``, ``only`` and the keys of ``roles`` name tracks: by name, by GUID, or as ``#3`` by the
    number that REAPER shows.

    Attributes
    ----------
    method
        Name of the method.
    amount
        Percent of the move in dB, 0 to 100.
    level
        Where the common offset of all gains comes from, like ``Level.parse("peak:-6")``.
    locks
        Tracks that stay.
    only
        Tracks that may move. Empty for all.
    roles
        Pairs of a track and its role: ``tom 2``, ``overhead left``, ``none``, or ``listen`` for one
        that is to be recognized by sound.
    role_table
        Further pairs of a track name and a role, for many projects: names that a project does not
        have are ignored, and ``roles`` come first.
    span
        Start and end in seconds of the project, where only a part is analyzed. Automation then
        changes nothing outside, faders included.
    write
        ``volume``: faders alone. ``automation``: gains over time as ``automation`` says.
    automation
        How gains over time are made.
    listen
        Whether tracks whose names say nothing are recognized by sound.
    mode
        ``all``: all faders are balanced anew. ``outliers``: only those outside the method's
        intervals move. ``auto``: the state of the faders decides (``balance.modes``).
    model
        Name of the user's own model. "" for the bundled one.
    trims
        Pairs of a family of drums and what it gets beyond its balance in dB, as ``("kick", 1.0)``.
        They count in place of the trims that are kept with the project (see ``schema.trims``).
    stems
        A folder of pre-fader stems of tracks. "" for none.
    """

    method: str = "forest"
    amount: float = 100.0
    level: Level = Level()
    locks: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    roles: tuple[tuple[str, str], ...] = ()
    role_table: tuple[tuple[str, str], ...] = ()
    span: tuple[float, float] | None = None
    write: Write = "volume"
    automation: Automation = Automation()
    listen: bool = False
    mode: Mode = "auto"
    model: str = ""
    trims: Trims = ()
    stems: str = ""

    def __post_init__(self) -> None:
        if not self.method:
            raise InputError("the method has no name: 'drumgain methods' lists them")
        if not (math.isfinite(self.amount) and 0.0 <= self.amount <= 100.0):
            raise InputError(f"amount is {self.amount!r}: expected 0 to 100 percent")
        for family, level in self.trims:
            check_trim(family, level)
        if self.span is not None:
            start, end = self.span
            if not (math.isfinite(start) and math.isfinite(end) and start < end):
                raise InputError(f"span is {start!r} to {end!r}: expected seconds, start first")

    def to_json(self, *, indent: int | None = None) -> str:
        """The settings as a JSON document."""
        return json_codec.dumps(self, kind="settings", schema=SCHEMA, indent=indent)

    @classmethod
    def from_json(cls, text: str | bytes) -> Settings:
        """The settings that ``to_json`` wrote. Raises InputError where they are none."""
        return json_codec.loads(text, cls, kind="settings", schema=SCHEMA)

    @classmethod
    def from_document(cls, document: Any) -> Settings:
        """The settings of a document that was read. Raises InputError where they are none."""
        return json_codec.from_document(document, cls, kind="settings", schema=SCHEMA)
