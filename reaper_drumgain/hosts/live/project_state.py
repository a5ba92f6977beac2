"""What DrumGain stores in a project: the user's preferences and the last result.

Both are in the project's ext state, and projects may come from anybody. So they are decoded
against their types, checked for sane sizes and ranges, and hold no path and no command. Data that
does not fit is not used.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any, TypeVar

from reaper_drumgain.errors import InputError
from reaper_drumgain.hosts.live.console import one_line, print_line
from reaper_drumgain.hosts.live.last_result import LastResult, Side, TrackResult
from reaper_drumgain.hosts.live.preferences import KIND, SCHEMA, SCOPES, Preferences
from reaper_drumgain.hosts.live.reaper import RPR, Project
from reaper_drumgain.hosts.live.setup import Setup
from reaper_drumgain.schema import json_codec
from reaper_drumgain.units import MAX_FADER, Decibel, LinearGain, to_decibel, to_linear

T = TypeVar("T")

_SECTION = "DrumGain"
_LAST, _TRIMS = "last", "trims"
#: REAPER's own ext state with what was stored in this session, and a document's number there
_KEPT, _NUMBER = "DrumGain kept", "stored"
_MAX_TEXT = 1 << 20
_MAX_TRACKS, _MAX_SECTIONS = 2000, 10_000
#: the largest factor that is kept: more than the whole range of a fader
MAX_BY_HAND = 1e10
#: characters that project files cannot hold beside the double quotes of JSON
_ESCAPES = {"'": "\\u0027", "`": "\\u0060", "<": "\\u003c", ">": "\\u003e"}


def preferences(
    project: Project, setup: Setup, scope: str | None = None, *, automated: bool = False
) -> Preferences:
    """The project's preferences, or the defaults if it has none that can be used.

    Parameters
    ----------
    project
        The project.
    setup
        The methods that there are.
    scope
        Replaces the stored one, and ``automated`` with it. None for the stored one.
    automated
        Whether automation is written.

    Returns
    -------
    Preferences
        Values that can be used.
    """
    found = _preferences(project, setup)
    for known in SCOPES:
        if known == scope:
            return dataclasses.replace(found, scope=known, automated=automated)
    return found


def _preferences(project: Project, setup: Setup) -> Preferences:
    defaults = Preferences(setup.names[0])
    try:
        document = _document(project, KIND)
        if document is None:
            return defaults
        known = {field.name for field in dataclasses.fields(Preferences)} | {"kind", "schema"}
        # those of a newer version are kept in the project, see store_preferences
        document = {key: value for key, value in document.items() if key in known}
        found = json_codec.from_document(document, Preferences, kind=KIND, schema=SCHEMA)
        if found.method not in setup.names:
            return defaults
        found.settings()
    except InputError:
        return defaults
    return found


def take_request(project: Project) -> str | None:
    """The trims that another script asks for, taken away with it; None for none."""
    text = str(RPR.GetProjExtState(project.pointer, _SECTION, _TRIMS, "", _MAX_TEXT)[4]).strip()
    if text:
        RPR.SetProjExtState(project.pointer, _SECTION, _TRIMS, "")
    return text or None


def store_preferences(project: Project, preferences: Preferences) -> None:
    """Store preferences in the project. Keys that this version does not know stay."""
    document = json_codec.to_document(preferences, kind=KIND, schema=SCHEMA)
    try:
        before = _document(project, KIND) or {}
    except InputError:
        before = {}
    if (before.get("kind"), before.get("schema")) != (KIND, SCHEMA):
        before = {}
    _store(project, KIND, {**before, **document})


def last_result(project: Project) -> LastResult:
    """The last result.

    Parameters
    ----------
    project
        The project that it is stored in.

    Returns
    -------
    LastResult
        With values within bounds.

    Raises
    ------
    InputError
        There is none that can be used.
    """
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
    moves += [track.trim_db for track in found.tracks]
    moves += [track.trim_before_db for track in found.tracks]
    sane = len(found.tracks) <= _MAX_TRACKS and 0.0 <= found.amount <= 100.0
    sane = sane and all(0.0 <= fader <= highest for fader in faders)
    sane = sane and all(0.0 < track.by_hand <= MAX_BY_HAND for track in found.tracks)
    sane = sane and sum(len(track.sections) for track in found.tracks) <= _MAX_SECTIONS
    if not sane or any(abs(move) > 200.0 for move in moves):
        raise InputError(
            f"the last result stored in {project.name} has impossible values: balance again"
        )
    return found


def store_result(project: Project, result: LastResult) -> None:
    """Store a result in the project."""
    _store(project, _LAST, json_codec.to_document(result, kind=_LAST, schema=SCHEMA))


def move_db(old: LinearGain | float, new: LinearGain | float) -> float | None:
    """The move between two faders (linear gains) in dB, None if one of them is at -inf."""
    if old <= 0.0 or new <= 0.0 or math.isinf(new / old):
        return None
    return to_decibel(LinearGain(new / old))


def same_fader(one: float, other: float) -> bool:
    """Whether two linear gains are the same fader position."""
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)


def with_current_faders(
    result: LastResult, now: Mapping[str, float], made: Mapping[str, float]
) -> LastResult:
    """The last result, updated with the present faders and the trims in them.

    The side is the one that more faders agree with, because undo and redo do not update it; if
    both agree equally, it is the stored one. They do not update the trims of the result either.

    Parameters
    ----------
    result
        The last result as it is stored.
    now
        The present faders as linear gains, by GUID.
    made
        The trims in them in dB, by GUID.

    Returns
    -------
    LastResult
        With the side that the project is on.
    """
    differing = [track for track in result.tracks if not same_fader(track.before, track.after)]
    before = sum(same_fader(now[track.guid], track.before) for track in differing)
    after = sum(same_fader(now[track.guid], track.after) for track in differing)
    if before > after or (before == after and result.side == "before"):
        result = with_trims(dataclasses.replace(result, side="before"), made)
        tracks = tuple(
            dataclasses.replace(track, before=now[track.guid]) for track in result.tracks
        )
        return dataclasses.replace(result, tracks=tracks)
    result = with_trims(dataclasses.replace(result, side="after"), made)
    tracks = tuple(
        _with_hand_move(track, now[track.guid], result.amount) for track in result.tracks
    )
    return dataclasses.replace(result, tracks=tracks)


def with_trims(result: LastResult, made: Mapping[str, float]) -> LastResult:
    """The last result with other trims in the faders of its present side (dB by GUID).

    On the side before, the side after gets the same change.
    """
    return dataclasses.replace(
        result,
        tracks=tuple(
            _with_trim(track, made.get(track.guid), result.side) for track in result.tracks
        ),
    )


def _with_trim(track: TrackResult, made: float | None, side: Side) -> TrackResult:
    change = 0.0 if made is None else made - track.trim_on(side)
    if not change:
        return track
    factor = to_linear(Decibel(change))
    changed = dataclasses.replace(track, after=track.after * factor, trim_db=track.trim_db + change)
    if side == "after":
        return changed
    return dataclasses.replace(
        changed, before=track.before * factor, trim_before_db=track.trim_before_db + change
    )


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
    trim = track.trim_db - track.trim_before_db
    return track.before * to_linear(Decibel((track.full_db or 0.0) * amount / 100.0 + trim))


def with_after(result: LastResult, after: dict[str, float]) -> LastResult:
    """A result with other faders (linear gains by GUID) after the run."""
    tracks = tuple(dataclasses.replace(track, after=after[track.guid]) for track in result.tracks)
    return dataclasses.replace(result, tracks=tracks)


def _document(project: Project, key: str) -> dict[str, Any] | None:
    """The stored document of a kind, None if there is none. Raises InputError if it is none.

    Where an undo of something else took it back to what it was before, the later one is stored
    again, and that is told.
    """
    kept, number = _kept(project, key)
    found = _decoded(str(RPR.GetProjExtState(project.pointer, _SECTION, key, "", 4 << 20)[4]))
    now = found.pop(_NUMBER, None) if found is not None else -1
    if kept is None or not isinstance(now, int) or now >= number:
        return found
    _store_text(project, key, kept)
    what = "settings" if key == KIND else "last result"
    print_line(
        f"DrumGain: an undo also changed the {what} of {one_line(project.name)}: those from "
        "before the undo are used again"
    )
    again = _decoded(kept)
    if again is not None:
        again.pop(_NUMBER, None)
    return again


def _decoded(text: str) -> dict[str, Any] | None:
    """The document of a text, None for an empty one. Raises InputError."""
    if not text:
        return None
    if len(text) > _MAX_TEXT:
        raise InputError(f"it is longer than {_MAX_TEXT} characters")
    try:
        document = json_codec.read_json(text)
    except (RecursionError, ValueError) as error:
        raise InputError(str(error)) from error
    if not isinstance(document, dict):
        raise InputError("it is not a JSON document")
    return document


def _place(project: Project, key: str) -> str:
    """Where a project's documents are kept beside the project, for this session of REAPER."""
    # the menu, which has no hash functions, names it the same way
    return f"{key} {(project.path or project.pointer).encode().hex()}"


def _kept(project: Project, key: str) -> tuple[str | None, int]:
    """What was stored last in this session, and its number; (None, 0) if nothing was."""
    number, _, text = str(RPR.GetExtState(_KEPT, _place(project, key))).partition(" ")
    return (text, int(number)) if number.isdecimal() and text else (None, 0)


def _load(project: Project, key: str, cls: type[T]) -> T | None:
    document = _document(project, key)
    if document is None:
        return None
    try:
        return json_codec.from_document(document, cls, kind=key, schema=SCHEMA)
    except (RecursionError, OverflowError, ValueError) as error:
        raise InputError(str(error)) from error


def _store(project: Project, key: str, document: dict[str, Any]) -> None:
    """Store a document in the project, and beside it for this session.

    Undo may take a project's ext state along, but never that of REAPER. The number says which of
    the two is later.
    """
    number = _kept(project, key)[1] + 1
    # one line of ASCII, whatever characters track names have
    text = json.dumps({**document, _NUMBER: number})
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    _store_text(project, key, text)
    RPR.SetExtState(_KEPT, _place(project, key), f"{number} {text}", False)


def _store_text(project: Project, key: str, text: str) -> None:
    RPR.SetProjExtState(project.pointer, _SECTION, key, text)
