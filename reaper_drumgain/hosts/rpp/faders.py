"""Fader gains in a project file: the first value of a track's VOLPAN line."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping

from reaper_drumgain.errors import ConflictError, InputError, ProjectError
from reaper_drumgain.hosts.rpp.edits import Edit
from reaper_drumgain.hosts.rpp.read import ProjectFile
from reaper_drumgain.hosts.rpp.storage import name_of
from reaper_drumgain.hosts.rpp.syntax import MAX_LINE, Block, first_setting, line_of, own_lines
from reaper_drumgain.hosts.rpp.values import number
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.units import LinearGain, to_linear

_MAX_GAIN = 1e6


def faders_of(project: ProjectFile, plan: GainPlan) -> dict[int, LinearGain]:
    """The fader gains that a plan asks for.

    Parameters
    ----------
    project
        The project as read.
    plan
        The plan.

    Returns
    -------
    dict
        Linear gains by the index of the track.

    Raises
    ------
    InputError
        No fader can have a level.
    ConflictError
        The plan belongs to another project.
    """
    faders: dict[int, LinearGain] = {}
    for move in plan.moves:
        refuse_other_track(project, move.index, move.name, move.guid)
        assert move.new_db is not None
        try:
            faders[move.index] = to_linear(move.new_db)
        except ValueError as error:
            raise InputError(f"track {move.name!r}: {error}") from error
    return faders


def fader_edits(project: ProjectFile, faders: Mapping[int, LinearGain]) -> dict[int, Edit]:
    """The spans that set faders; none for a fader that has its value already.

    Parameters
    ----------
    project
        The project as read.
    faders
        Linear gains by the index of the track.

    Returns
    -------
    dict
        The spans by the index of the track.

    Raises
    ------
    InputError
        There is no such track, or no fader can have a gain.
    ProjectError
        The place of a fader is not clear.
    """
    blocks = project.tracks
    edits = {}
    for index, gain in faders.items():
        if not 0 <= index < len(blocks):
            raise InputError(
                f"{name_of(project.path)} has no track {index + 1}: it has {len(blocks)} tracks"
            )
        if not (math.isfinite(gain) and 0.0 <= gain <= _MAX_GAIN):
            name = project.session.tracks[index].name
            raise InputError(f"track {name!r}: {gain!r} is not a valid fader gain")
        edit = _fader_edit(project, blocks[index], index, gain)
        if edit is not None:
            edits[index] = edit
    return edits


@functools.lru_cache(maxsize=4096)
def format_gain(gain: float) -> bytes:
    """A number as REAPER writes it: a point, at most 14 decimals, no trailing zeros."""
    return f"{gain:.14f}".rstrip("0").rstrip(".").encode("ascii")


def refuse_other_track(project: ProjectFile, index: int, name: str, guid: str | None) -> None:
    """Checks that a plan's track is this one of the project.

    Parameters
    ----------
    project
        The project as read.
    index, name, guid
        Of the track in the plan; the GUID may be None.

    Raises
    ------
    ConflictError
        It is another track.
    """
    tracks = project.session.tracks
    if not 0 <= index < len(tracks):
        raise ConflictError(
            f"the plan moves track {index + 1}, {name_of(project.path)} has "
            f"{len(tracks)} tracks: make a new plan"
        )
    track = tracks[index]
    if track.name != name or (guid is not None and track.guid != guid):
        raise ConflictError(
            f"the plan moves track {index + 1} {name!r}, in "
            f"{name_of(project.path)} that is {track.name!r}: make a new plan"
        )


def _fader_edit(project: ProjectFile, block: Block, index: int, gain: LinearGain) -> Edit | None:
    data = project.data
    places = own_lines(data, block, b"VOLPAN")
    new = format_gain(gain)
    if not places:
        return _new_line(data, block, new)
    if len(places) > 1:
        raise _unclear(
            project,
            index,
            places[1],
            "has more than one VOLPAN line, expected one: open and save the project in REAPER",
        )
    old = first_setting(data, places[0])
    if old is None:
        raise _unclear(project, index, places[0], "has a damaged VOLPAN line: its fader is not set")
    start, end, value = old
    present = number(value)
    if present is not None and format_gain(present) == new:
        return None
    if _line_length(data, start) + len(new) - (end - start) > MAX_LINE:
        raise _unclear(project, index, places[0], "has a VOLPAN line too long to be edited")
    return Edit(start, end, new)


def fader_at(data: bytes, block: Block) -> float | None:
    """The linear gain in a track's only VOLPAN line; None where there is not just one."""
    places = own_lines(data, block, b"VOLPAN")
    found = first_setting(data, places[0]) if len(places) == 1 else None
    return None if found is None else number(found[2])


def _unclear(project: ProjectFile, index: int, position: int, what: str) -> ProjectError:
    where = f"{name_of(project.path)}:{line_of(project.data, position)}"
    return ProjectError(f"{where}: track {index + 1} {project.session.tracks[index].name!r} {what}")


def _line_length(data: bytes, position: int) -> int:
    start = data.rfind(b"\n", 0, position) + 1
    end = data.find(b"\n", position)
    return (len(data) if end < 0 else end) - start


def _new_line(data: bytes, block: Block, new: bytes) -> Edit:
    """A VOLPAN line for a track that has none, in the file's own manner."""
    ending = b"\r\n" if data[block.body - 1] == 0x0D else b"\n"
    margin = data[data.rfind(b"\n", 0, block.start) + 1 : block.start]
    indent = margin + b"  " if not margin.strip(b" \t") else b"    "
    line = indent + b"VOLPAN " + new + b" 0 -1 -1 1" + ending
    return Edit(block.body + 1, block.body + 1, line)
