"""Changes of tracks for a moment: noted first, put back in every outcome.

A change lasts for less than one tick. The note is in the user's ext state, which REAPER keeps on
disk, so where REAPER dies meanwhile the next action finds it and puts back what is still changed.
No project can write there.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reaper_drumgain.errors import HostError
from reaper_drumgain.hosts.live import apply, reaper
from reaper_drumgain.hosts.live.reaper import RPR, Project
from reaper_drumgain.schema import json_codec

_SECTION, _NOTE = "DrumGain", "put back"
_NUMBERS = ("D_VOL", "I_FXEN", "I_SELECTED", "I_SOLO")
_TEXTS = ("P_NAME",)
#: undo categories: tracks, and their effects
_STATES = 1 | 2
_MAX_NOTE = 1 << 20

Value = float | str


@dataclass(frozen=True, slots=True)
class Change:
    """One value of a track that is another for a moment.

    Attributes
    ----------
    track
        The address of the track.
    guid
        Says which track it is after a restart.
    key
        The value's key in REAPER's functions.
    old, new
        The value as it is, and as it is for the moment.
    """

    track: int
    guid: str
    key: str
    old: Value
    new: Value


def read(track: int, key: str) -> Value:
    """A value of a track."""
    pointer = reaper.pointer("MediaTrack", track)
    if key in _TEXTS:
        return str(RPR.GetSetMediaTrackInfo_String(pointer, key, "", False)[3])
    return float(RPR.GetMediaTrackInfo_Value(pointer, key))


def _write(track: int, key: str, value: Value) -> None:
    pointer = reaper.pointer("MediaTrack", track)
    if isinstance(value, str):
        RPR.GetSetMediaTrackInfo_String(pointer, key, value, True)
    else:
        RPR.SetMediaTrackInfo_Value(pointer, key, value)


@contextlib.contextmanager
def changed(project: Project, changes: Sequence[Change]) -> Iterator[None]:
    """Makes changes, and puts them back at the end, all of them even if one fails.

    Parameters
    ----------
    project
        The project.
    changes
        What is changed.

    Yields
    ------
    None
        While the changes are made.

    Raises
    ------
    HostError
        REAPER does not take one, or does not take one back.
    """
    needed = [change for change in changes if change.old != change.new]
    _note(project, needed)
    try:
        for change in needed:
            _write(change.track, change.key, change.new)
            if read(change.track, change.key) != change.new:
                raise HostError(f"REAPER did not set {change.key} temporarily: nothing was changed")
        yield
    finally:
        # a second time where REAPER did not take it at once
        left = [c for c in reversed(needed) if not (_put_back(c) or _put_back(c))]
        if left:
            names = ", ".join(sorted({f"{change.key} of {change.guid}" for change in left}))
            raise HostError(
                f"REAPER did not set {names} back: use undo, or close the project without saving"
            )
        RPR.DeleteExtState(_SECTION, _NOTE, True)


def _put_back(change: Change) -> bool:
    with contextlib.suppress(Exception):
        if read(change.track, change.key) != change.old:
            _write(change.track, change.key, change.old)
        return read(change.track, change.key) == change.old
    return False


def _note(project: Project, changes: Sequence[Change]) -> None:
    entries = [[change.guid, change.key, change.old, change.new] for change in changes]
    text = json.dumps({"project": project.path, "changes": entries})
    RPR.SetExtState(_SECTION, _NOTE, text, True)


def mend(project: Project) -> str | None:
    """Put back what was changed when REAPER died, if this is the project and it still is so.

    Returns what was done, as a line for the user; None for nothing.
    """
    text = str(RPR.GetExtState(_SECTION, _NOTE))
    if not text:
        return None
    noted = _noted(text)
    if noted is not None and noted[0] != project.path:
        # it waits for its project
        return None
    known = apply.tracks_by_guid(project) if noted is not None else {}
    left = [
        Change(known[guid], guid, key, old, new)
        for guid, key, old, new in (noted[1] if noted is not None else ())
        if guid in known and read(known[guid], key) == new
    ]
    line = _put_back_as_a_step(project, left) if left else None
    RPR.DeleteExtState(_SECTION, _NOTE, True)
    return line


def _put_back_as_a_step(project: Project, changes: Sequence[Change]) -> str:
    RPR.Undo_BeginBlock2(project.pointer)
    try:
        for change in changes:
            _put_back(change)
    finally:
        name = "DrumGain: temporary changes of a measurement were set back"
        RPR.Undo_EndBlock2(project.pointer, name, _STATES)
    count = len({change.track for change in changes})
    return (
        "DrumGain: an earlier measurement of effects was interrupted: its temporary changes on "
        f"{count} track{'' if count == 1 else 's'} were set back"
    )


def _noted(text: str) -> tuple[str, list[tuple[str, str, Value, Value]]] | None:
    """The project and the changes of a note, None if it is none."""
    try:
        if len(text) > _MAX_NOTE:
            return None
        document = json_codec.read_json(text)
        changes = [
            (str(guid), str(key), _value(key, old), _value(key, new))
            for guid, key, old, new in document["changes"]
        ]
        return str(document["project"]), changes
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _value(key: object, value: object) -> Value:
    if key in _TEXTS and isinstance(value, str):
        return value
    if key in _NUMBERS and isinstance(value, int | float) and math.isfinite(value) and value >= 0:
        return float(value)
    raise ValueError(f"{key} {value!r} is not a setting that is changed temporarily")
