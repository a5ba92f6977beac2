"""What DrumGain stores in a project: the user's preferences and the last result.

Both are in the project's ext state, and projects may come from anybody. So they are decoded
against their types, checked for sane sizes and ranges, and hold no path and no command. Data that
does not fit is not used.
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
from reaper_drumgain.schema.settings import (
    Automation,
    Existing,
    Level,
    Mode,
    Settings,
    UsedMode,
    Write,
)
from reaper_drumgain.units import MAX_FADER, Decibel, LinearGain, to_decibel, to_linear

T = TypeVar("T")
Scope = Literal["selected", "all", "time selection"]
Audio = Literal["files", "skip", "export"]
Sections = Literal["usual", "regions", "markers", "time selection", "running"]
EnvelopeChoice = Literal["volume", "trim"]
Side = Literal["before", "after"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
AUDIOS: tuple[Audio, ...] = get_args(Audio)
WRITES: tuple[Write, ...] = get_args(Write)
MODES: tuple[Mode, ...] = get_args(Mode)
SECTIONS: tuple[Sections, ...] = get_args(Sections)
ENVELOPES: tuple[EnvelopeChoice, ...] = get_args(EnvelopeChoice)
EXISTING: tuple[Existing, ...] = get_args(Existing)

_SECTION = "DrumGain"
_KEEP = Level()
_PREFERENCES, _LAST = "settings", "last"
_SCHEMA = 1
_MAX_TEXT = 1 << 20
_MAX_TRACKS, _MAX_SECTIONS = 2000, 10_000
#: the largest factor that is kept: more than the whole range of a fader
MAX_BY_HAND = 1e10
#: characters that project files cannot hold beside the double quotes of JSON
_ESCAPES = {"'": "\\u0027", "`": "\\u0060", "<": "\\u003c", ">": "\\u003e"}


@dataclass(frozen=True, slots=True)
class Preferences:
    """The values of the settings dialog.

    ``scope`` and ``automated`` are also those of the last run, for repeating it; ``automated``
    means that it wrote automation whatever ``write`` says. ``amount`` is in percent. ``listen``:
    kick drums whose names say nothing are recognized by their sound. ``remember``: analysis
    results are cached in the user's cache folder.
    """

    method: str
    amount: float = 100.0
    level: Level = _KEEP
    scope: Scope = "selected"
    write: Write = "volume"
    audio: Audio = "files"
    sections: Sections = "usual"
    envelope: EnvelopeChoice = "volume"
    existing: Existing = "refuse"
    automated: bool = False
    listen: bool = False
    remember: bool = True
    mode: Mode = "auto"

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
            mode=self.mode,
        )


@dataclass(frozen=True, slots=True)
class SectionResult:
    """A track's fader move in a section of the song, in dB; ``state`` says why there is none.

    ``start`` and ``end`` are in seconds.
    """

    name: str
    start: float
    end: float
    fader_db: float
    state: str | None = None


@dataclass(frozen=True, slots=True)
class TrackResult:
    """A drum track of the last run.

    ``before`` and ``after`` are faders as linear gains. ``full_db`` is the move at an amount of
    100 %, None if the track may not move. ``by_hand`` is the factor by which the user moved the
    fader away from what the run set. ``automated`` means that an envelope was written, with
    ``sections`` if it has any; ``not_automated`` says why none was written.
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


@dataclass(frozen=True, slots=True)
class LastResult:
    """The last result, for showing and comparing it and for changing its amount.

    ``mode``: whether all faders were balanced anew, or only outliers moved.

    ``side`` says whether an action left the faders as before or as after the run.
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


def preferences(
    project: Project, setup: Setup, scope: str | None = None, *, automated: bool = False
) -> Preferences:
    """The project's preferences, or the defaults if it has none that can be used.

    A ``scope`` that is given replaces the stored one, and ``automated`` with it.
    """
    found = _preferences(project, setup)
    for known in SCOPES:
        if known == scope:
            return dataclasses.replace(found, scope=known, automated=automated)
    return found


def _preferences(project: Project, setup: Setup) -> Preferences:
    defaults = Preferences(setup.names[0])
    try:
        found = _load(project, _PREFERENCES, Preferences)
        if found is None or found.method not in setup.names:
            return defaults
        found.settings()
    except InputError:
        return defaults
    return found


def store_preferences(project: Project, preferences: Preferences) -> None:
    """Store preferences in the project."""
    _store(project, _PREFERENCES, json_codec.dumps(preferences, kind=_PREFERENCES, schema=_SCHEMA))


def last_result(project: Project) -> LastResult:
    """The last result. Raises InputError if there is none that can be used."""
    try:
        found = _load(project, _LAST, LastResult)
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
    sane = sane and all(0.0 < track.by_hand <= MAX_BY_HAND for track in found.tracks)
    sane = sane and sum(len(track.sections) for track in found.tracks) <= _MAX_SECTIONS
    if not sane or any(abs(move) > 200.0 for move in moves):
        raise InputError(
            f"the last result stored in {project.name} is out of all bounds: balance again"
        )
    return found


def store_result(project: Project, result: LastResult) -> None:
    """Store a result in the project."""
    _store(project, _LAST, json_codec.dumps(result, kind=_LAST, schema=_SCHEMA))


def move_db(old: LinearGain | float, new: LinearGain | float) -> float | None:
    """The move between two faders (linear gains) in dB, None if one of them is at -inf."""
    if old <= 0.0 or new <= 0.0 or math.isinf(new / old):
        return None
    return to_decibel(LinearGain(new / old))


def same_fader(one: float, other: float) -> bool:
    """Whether two linear gains are the same fader position."""
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)


def with_current_faders(result: LastResult, now: dict[str, float]) -> LastResult:
    """The last result, updated with the present faders (linear gains by GUID).

    The side is the one that more faders agree with, because undo and redo do not update it; if
    both agree equally, it is the stored one.
    """
    differing = [track for track in result.tracks if not same_fader(track.before, track.after)]
    before = sum(same_fader(now[track.guid], track.before) for track in differing)
    after = sum(same_fader(now[track.guid], track.after) for track in differing)
    if before > after or (before == after and result.side == "before"):
        tracks = tuple(
            dataclasses.replace(track, before=now[track.guid]) for track in result.tracks
        )
        return dataclasses.replace(result, tracks=tracks, side="before")
    tracks = tuple(
        _with_hand_move(track, now[track.guid], result.amount) for track in result.tracks
    )
    return dataclasses.replace(result, tracks=tracks, side="after")


def _with_hand_move(track: TrackResult, fader: float, amount: float) -> TrackResult:
    if same_fader(fader, track.after) or fader <= 0.0:
        return dataclasses.replace(track, after=fader)
    # a fader at -inf has no distance to keep, so the distance to the plan counts
    start = track.after / track.by_hand if track.after > 0.0 else fader_at_amount(track, amount)
    by_hand = fader / start if start > 0.0 else 1.0
    kept = min(by_hand, MAX_BY_HAND)
    return dataclasses.replace(track, after=fader, by_hand=kept)


def fader_at_amount(track: TrackResult, amount: float) -> float:
    """The fader (linear gain) of a track at another amount in percent, without moves by hand."""
    return track.before * to_linear(Decibel((track.full_db or 0.0) * amount / 100.0))


def with_after(result: LastResult, after: dict[str, float]) -> LastResult:
    """A result with other faders (linear gains by GUID) after the run."""
    tracks = tuple(dataclasses.replace(track, after=after[track.guid]) for track in result.tracks)
    return dataclasses.replace(result, tracks=tracks)


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
    # one line of ASCII, whatever characters track names have
    text = json.dumps(json.loads(text))
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    RPR.SetProjExtState(project.pointer, _SECTION, key, text)
