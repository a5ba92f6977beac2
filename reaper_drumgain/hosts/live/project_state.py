"""What is remembered with a project: the user's preferences and the last result.

Both lie in the project's ext state, which comes with a project from anybody: they are decoded
against their types, bounded, and hold no path and no command. What does not fit is not used.
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

from reaper_drumgain.errors import InputError
from reaper_drumgain.hosts.live.reaper import RPR, Project
from reaper_drumgain.hosts.live.setup import Setup
from reaper_drumgain.schema import json_codec
from reaper_drumgain.schema.settings import Automation, Existing, Level, Settings, Write
from reaper_drumgain.units import MAX_FADER, Decibel, LinearGain, to_linear

T = TypeVar("T")
Scope = Literal["selected", "all", "time selection"]
Audio = Literal["files", "skip", "export"]
Sections = Literal["usual", "regions", "markers", "time selection", "running"]
Envelope = Literal["volume", "trim"]
Side = Literal["before", "after"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
AUDIOS: tuple[Audio, ...] = get_args(Audio)
WRITES: tuple[Write, ...] = get_args(Write)
SECTIONS: tuple[Sections, ...] = get_args(Sections)
ENVELOPES: tuple[Envelope, ...] = get_args(Envelope)
EXISTING: tuple[Existing, ...] = get_args(Existing)

_SECTION = "DrumGain"
_KEEP = Level()
_PREFERENCES, _LAST = "settings", "last"
_SCHEMA = 1
_MAX_TEXT = 1 << 20
_MAX_TRACKS, _MAX_SECTIONS = 2000, 10_000
#: as a factor: the whole way of a fader from its end to below what it shows
MOST_BY_HAND = 1e10
#: quotes that project files cannot hold together with the double ones of JSON
_ESCAPES = {"'": "\\u0027", "`": "\\u0060", "<": "\\u003c", ">": "\\u003e"}


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the settings dialog shows. ``scope`` is that of the last run too, for repeating it;
    so is ``automated``: whether it was the action that writes automation whatever ``write`` is.
    ``listen``: kick drums whose names say nothing are told by their sound. ``remember``: what
    was heard is kept in the user's cache folder, and looked up there.
    """

    method: str
    amount: float = 100.0
    level: Level = _KEEP
    scope: Scope = "selected"
    write: Write = "volume"
    audio: Audio = "files"
    sections: Sections = "usual"
    envelope: Envelope = "volume"
    existing: Existing = "refuse"
    automated: bool = False
    listen: bool = False
    remember: bool = True

    def settings(self) -> Settings:
        """The settings of a run over all tracks. Raises InputError."""
        return Settings(
            method=self.method,
            amount=self.amount,
            level=self.level,
            write="automation" if self.automated else self.write,
            automation=Automation(
                sections=self.sections, envelope=self.envelope, existing=self.existing
            ),
            listen=self.listen,
        )


@dataclass(frozen=True, slots=True)
class LastSection:
    """What a track got in a section of the song, in dB, or why it held there."""

    name: str
    start: float
    end: float
    fader_db: float
    state: str | None = None


@dataclass(frozen=True, slots=True)
class LastTrack:
    """A drum track of the last run. ``full_db``: its move at an amount of 100 %, None where it
    may not move. Faders are linear gains; ``by_hand``: the factor by which the user moved this one
    against what the run set. ``automated``: an envelope was written, with these
    ``sections`` where there are any; ``not_automated``: why none was, if it was to get one."""

    guid: str
    name: str
    role: str
    before: float
    after: float
    full_db: float | None = None
    flags: tuple[str, ...] = ()
    reason: str | None = None
    automated: bool = False
    sections: tuple[LastSection, ...] = ()
    not_automated: str | None = None
    by_hand: float = 1.0


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last result, for showing, comparing and changing its amount. ``side``: on which of its
    two sides an action left the faders."""

    summary: str
    method: str
    amount: float
    tracks: tuple[LastTrack, ...]
    warnings: tuple[str, ...] = ()
    side: Side = "after"

    @property
    def automated(self) -> bool:
        """Whether it wrote envelopes, so that its faders alone are not its result."""
        return any(track.automated for track in self.tracks)


def preferences(
    project: Project, setup: Setup, scope: str | None = None, *, automated: bool = False
) -> Preferences:
    """The project's preferences, or the usual ones where it has none that can be used; with
    another scope, and automation or not, where a scope is given."""
    found = _preferences(project, setup)
    for known in SCOPES:
        if known == scope:
            return dataclasses.replace(found, scope=known, automated=automated)
    return found


def _preferences(project: Project, setup: Setup) -> Preferences:
    usual = Preferences(setup.names[0])
    try:
        found = _load(project, _PREFERENCES, Preferences)
        if found is None or found.method not in setup.names:
            return usual
        found.settings()
    except InputError:
        return usual
    return found


def remember_preferences(project: Project, wanted: Preferences) -> None:
    """Keep preferences with the project."""
    _store(project, _PREFERENCES, json_codec.dumps(wanted, kind=_PREFERENCES, schema=_SCHEMA))


def last_run(project: Project) -> LastRun:
    """The last result. Raises InputError where there is none that can be used."""
    try:
        found = _load(project, _LAST, LastRun)
    except InputError as error:
        raise InputError(
            f"the last result stored in {project.name} cannot be used ({error}): balance again"
        ) from error
    if found is None:
        raise InputError(f"{project.name} has no last result: balance its drum tracks first")
    highest = to_linear(MAX_FADER) * 1.0001
    faders = [fader for track in found.tracks for fader in (track.before, track.after)]
    moves = [track.full_db for track in found.tracks if track.full_db is not None]
    sane = len(found.tracks) <= _MAX_TRACKS and 0.0 <= found.amount <= 100.0
    sane = sane and all(0.0 <= fader <= highest for fader in faders)
    sane = sane and all(0.0 < track.by_hand <= MOST_BY_HAND for track in found.tracks)
    sane = sane and sum(len(track.sections) for track in found.tracks) <= _MAX_SECTIONS
    if not sane or any(abs(move) > 200.0 for move in moves):
        raise InputError(
            f"the last result stored in {project.name} is out of all bounds: balance again"
        )
    return found


def remember_run(project: Project, run: LastRun) -> None:
    """Keep a result with the project."""
    _store(project, _LAST, json_codec.dumps(run, kind=_LAST, schema=_SCHEMA))


def move_db(old: LinearGain | float, new: LinearGain | float) -> float | None:
    """The move between two faders in dB, None where one of them is at -inf."""
    if old <= 0.0 or new <= 0.0:
        return None
    return Decibel(20.0 * math.log10(new / old))


def same(one: float, other: float) -> bool:
    """Whether two linear gains are one fader position."""
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)


def as_it_stands(run: LastRun, now: dict[str, float]) -> LastRun:
    """A run with what the user has made of it, from the faders by GUID as they stand now.

    On which side that is, most faders tell, as undo and redo do not ask; else the last action.
    """
    differing = [track for track in run.tracks if not same(track.before, track.after)]
    before = sum(same(now[track.guid], track.before) for track in differing)
    after = sum(same(now[track.guid], track.after) for track in differing)
    if before > after or (before == after and run.side == "before"):
        tracks = tuple(dataclasses.replace(track, before=now[track.guid]) for track in run.tracks)
        return dataclasses.replace(run, tracks=tracks, side="before")
    tracks = tuple(_moved(track, now[track.guid], run.amount) for track in run.tracks)
    return dataclasses.replace(run, tracks=tracks, side="after")


def _moved(track: LastTrack, fader: float, amount: float) -> LastTrack:
    if same(fader, track.after) or fader <= 0.0:
        return dataclasses.replace(track, after=fader)
    # from the lower end of a fader no distance can be kept, so there it is that to the plan
    start = track.after / track.by_hand if track.after > 0.0 else planned(track, amount)
    by_hand = fader / start if start > 0.0 else 1.0
    kept = min(by_hand, MOST_BY_HAND)
    return dataclasses.replace(track, after=fader, by_hand=kept)


def planned(track: LastTrack, amount: float) -> float:
    """The fader of a track at another amount in percent, without what was moved by hand."""
    return float(track.before * 10.0 ** ((track.full_db or 0.0) * amount / 2000.0))


def with_after(run: LastRun, after: dict[str, float]) -> LastRun:
    """A run with other faders as its outcome, by GUID."""
    tracks = tuple(dataclasses.replace(track, after=after[track.guid]) for track in run.tracks)
    return dataclasses.replace(run, tracks=tracks)


def _load(project: Project, key: str, cls: type[T]) -> T | None:
    text = str(RPR.GetProjExtState(project.pointer, _SECTION, key, "", 4 << 20)[4])
    if not text:
        return None
    if len(text) > _MAX_TEXT:
        raise InputError(f"it is longer than {_MAX_TEXT} characters")
    try:
        return json_codec.loads(text, cls, kind=key, schema=_SCHEMA)
    except (RecursionError, OverflowError, ValueError) as error:
        raise InputError(str(error)) from error


def _store(project: Project, key: str, text: str) -> None:
    # one line of ASCII, whatever the names of tracks hold
    text = json.dumps(json.loads(text))
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    RPR.SetProjExtState(project.pointer, _SECTION, key, text)
