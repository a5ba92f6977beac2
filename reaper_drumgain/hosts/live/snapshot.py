"""Read the open project to a Session, in slices that do not block REAPER.

``take_snapshot`` is a generator whose steps each take a fraction of a millisecond. It gives the
same values as ``hosts.rpp`` reads from the project's file, so the same project gets the same plan.
REAPER does not tell scripts whether a track is frozen, nor the effects inside containers, so
these are missing from a snapshot. ``project_settings`` lists what is read from the saved file.
"""

from __future__ import annotations

import ctypes
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from reaper_drumgain.errors import ConflictError
from reaper_drumgain.hosts.live import reaper
from reaper_drumgain.hosts.live.held_pointers import HeldCalls
from reaper_drumgain.hosts.live.project_settings import read_settings
from reaper_drumgain.hosts.live.reaper import RPR, Calls, Project, is_open
from reaper_drumgain.hosts.live.tasks import tick_number
from reaper_drumgain.hosts.live.tracks import TrackReader
from reaper_drumgain.schema.session import Marker, Session, Track
from reaper_drumgain.tracks.reaper_rules import master_warnings, with_shared_guids_noted
from reaper_drumgain.tracks.split_channels import with_split_channels

_MAX_MARKERS = 10_000
_MAX_ATTEMPTS = 5
_MIN_TEMPO, _MAX_TEMPO, _DEFAULT_TEMPO = 0.1, 10_000.0, 120.0
_DUAL_PAN = 6


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A project as it was read.

    Attributes
    ----------
    project
        The open project.
    session
        What was read of it.
    pointers
        The addresses of the tracks, in the order of the session.
    """

    project: Project
    session: Session
    pointers: tuple[int, ...]


def take_snapshot(project: Project) -> Generator[None, None, Snapshot]:
    """The project, read in slices; started again if it changes meanwhile.

    Parameters
    ----------
    project
        The open project.

    Returns
    -------
    Snapshot
        Of one state of the project.

    Raises
    ------
    ConflictError
        The project is closed, or changes all the time.
    """
    for _ in range(_MAX_ATTEMPTS):
        found = yield from _read_unchanged(project)
        if found is not None:
            return found
    raise ConflictError(f"{project.name} kept changing while it was read: run the action again")


def _read_unchanged(project: Project) -> Generator[None, None, Snapshot | None]:
    """Read the project once; None if it changed. No pointer is used after a change, even where
    another script changed the project without a sign.
    """
    count, tick = change_count(project), tick_number()
    calls = HeldCalls(project)
    pointers = tuple(
        calls.child("GetTrack", project.address, place)
        for place in range(calls.whole("CountTracks", project.address))
    )
    steps = _read_session(calls, project, pointers)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return Snapshot(project, end.value, pointers)
        yield
        if tick_number() != tick:
            tick = tick_number()
            if change_count(project) != count or not calls.are_valid():
                return None


def change_count(project: Project) -> int:
    """REAPER's count of changes to the project.

    Parameters
    ----------
    project
        The open project.

    Returns
    -------
    int
        It rises with each change.

    Raises
    ------
    ConflictError
        The project is closed.
    """
    if not is_open(project):
        raise ConflictError(f"{project.name} was closed in the meantime: nothing was changed")
    return int(RPR.GetProjectStateChangeCount(project.pointer))


def _read_session(
    calls: HeldCalls, project: Project, pointers: tuple[int, ...]
) -> Generator[None, None, Session]:
    settings = read_settings(calls, project)
    yield
    reader = TrackReader(calls, settings, pointers, project.path)
    tracks: list[Track] = []
    for index, pointer in enumerate(pointers):
        tracks.append((yield from reader.read(index, pointer)))
        calls.forget_parts()
        yield
    warnings: list[str] = []
    uses_pan_law = any(t.pan_law is None and t.pan_mode != _DUAL_PAN for t in tracks)
    if uses_pan_law and not settings.pan_law_known:
        warnings.append("the project was never saved, so its pan law is not known: 0 dB is assumed")
    markers, regions = _markers(calls, project)
    yield
    warnings += _master_warnings(calls, project)
    tempo = float(RPR.GetProjectTimeSignature2(project.pointer, 0.0, 0.0)[1])
    all_tracks, sends = with_split_channels(with_shared_guids_noted(tracks), reader.sends)
    return Session(
        path=project.path or project.name,
        tracks=all_tracks,
        sends=sends,
        sample_rate=settings.sample_rate,
        tempo=tempo if _MIN_TEMPO <= tempo <= _MAX_TEMPO else _DEFAULT_TEMPO,
        pan_law=settings.pan_law,
        pan_mode=settings.pan_mode,
        markers=markers,
        regions=regions,
        time_selection=reaper.time_selection(project),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _markers(calls: Calls, project: Project) -> tuple[tuple[Marker, ...], tuple[Marker, ...]]:
    """The project's markers, and its regions."""
    region, colour = ctypes.c_byte(), ctypes.c_int()
    start, end, number = ctypes.c_double(), ctypes.c_double(), ctypes.c_int()
    # a pointer to REAPER's own text, which is valid until the next call
    text = ctypes.c_char_p()
    read = calls.function("EnumProjectMarkers3", "int", "pointer", "int", *["out"] * 6)
    places = [ctypes.addressof(cell) for cell in (region, start, end, text, number, colour)]
    markers: list[Marker] = []
    regions: list[Marker] = []
    for place in range(_MAX_MARKERS):
        text.value = None
        if not read(project.address, place, *places):
            break
        name = reaper.text_of(text.value or b"")
        if region.value:
            regions.append(Marker(start.value, name, number.value, end=end.value))
        else:
            markers.append(Marker(start.value, name, number.value))
    return tuple(markers), tuple(regions)


def _master_warnings(calls: Calls, project: Project) -> Iterator[str]:
    master = calls.child("GetMasterTrack", project.address)
    rate = 1.0
    if reaper.has("Master_GetPlayRate"):
        rate = float(RPR.Master_GetPlayRate(project.pointer))
    enveloped = False
    if calls.whole("CountTrackEnvelopes", master):
        find = calls.function("GetTrackEnvelopeByChunkName", "pointer", "pointer", "text")
        enveloped = bool(find(master, b"<VOLENV") or find(master, b"<VOLENV2"))
    return master_warnings(
        muted=calls.number("GetMediaTrackInfo_Value", master, b"B_MUTE") != 0.0,
        play_rate=rate,
        volume_envelope=enveloped,
    )
