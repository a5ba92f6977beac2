"""By how much the effects of each track change its loudness, measured by REAPER itself.

REAPER's dry run plays tracks without writing a file and reports their loudness. It runs twice, with
the effects and without them, so that pan, envelopes and everything else but the effects fall out of
the difference. For the moment of a dry run the tracks stand at unity, have names of ours (which
tell the results apart, also from those of an earlier run), and are the only ones selected; no track
is solo. All of that is put back within the same tick.
"""

from __future__ import annotations

import dataclasses
import math
import re
import time
from collections.abc import Generator, Iterator, Sequence
from typing import Any

from reaper_drumgain.errors import ConflictError, HostError
from reaper_drumgain.hosts.live import WAIT, apply, reaper
from reaper_drumgain.hosts.live.console import one_line, print_line
from reaper_drumgain.hosts.live.reaper import RPR, Calls
from reaper_drumgain.hosts.live.snapshot import Snapshot
from reaper_drumgain.hosts.live.temporary_changes import Change, changed, read
from reaper_drumgain.schema.session import Session, Track
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.selection import select
from reaper_drumgain.units import Decibel

#: actions "calculate loudness of selected tracks via dry run render": all of it, or the time
#: selection
WHOLE, _TIME_SELECTION = "42438", "42439"
#: tracks in one dry run: between two of them the run can be cancelled
_AT_ONCE = 8
#: a difference beyond this says that the effects make the sound, or let none through
_MOST_DB = 60.0
_TOKEN = re.compile(r"DrumGain-[0-9a-f]+-\d+")


def measured(snapshot: Snapshot, settings: Settings) -> Generator[Any, None, Session]:
    """The session with ``effects_db`` on the drum tracks that have effects.

    Raises ConflictError if the project changed or the dry run was cancelled, and HostError if
    REAPER cannot do it. Nothing is changed then.
    """
    tracks = tracks_to_measure(snapshot.session, settings)
    yield
    if not tracks:
        print_line("DrumGain: no drum track has effects, so there is nothing to measure")
        return snapshot.session
    print_line(
        f"DrumGain: REAPER measures {_tracks(len(tracks))} with their effects and without: its "
        f"window shows the progress (run the action again to cancel)"
    )
    action = WHOLE if settings.span is None else _TIME_SELECTION
    gains: dict[int, Decibel] = {}
    for start in range(0, len(tracks), _AT_ONCE):
        some = tracks[start : start + _AT_ONCE]
        yield WAIT
        wet = loudness(snapshot, some, action, bypass=False)
        yield WAIT
        dry = loudness(snapshot, some, action, bypass=True)
        yield WAIT
        for track, with_effects, without in zip(some, wet, dry, strict=True):
            difference = with_effects - without
            if math.isfinite(difference) and abs(difference) <= _MOST_DB:
                gains[track.index] = Decibel(round(difference, 2))
            else:
                print_line(
                    f"DrumGain: {one_line(track.name)}: its sound comes from its effects, or they "
                    "let nothing through: measured without them"
                )
        done = start + len(some)
        if done < len(tracks):
            print_line(f"DrumGain: {done} of {len(tracks)} tracks measured")
    for track in tracks:
        if track.index in gains:
            print_line(f"DrumGain: {one_line(track.name)}: effects {gains[track.index]:+.1f} dB")
    changed_tracks = tuple(
        dataclasses.replace(track, effects_db=gains.get(track.index))
        for track in snapshot.session.tracks
    )
    return dataclasses.replace(snapshot.session, tracks=changed_tracks)


def tracks_to_measure(session: Session, settings: Settings) -> list[Track]:
    """The drum tracks whose sound comes from files and goes through effects of the track."""
    return [
        drum.track
        for drum in select(session, settings).drums
        if drum.measured and _has_effects(drum.track)
    ]


def _has_effects(track: Track) -> bool:
    on = [effect for effect in track.effects if effect.enabled] if track.effects_enabled else []
    return bool(on) and not any(effect.instrument for effect in on)


def _tracks(count: int) -> str:
    return f"{count} track{'' if count == 1 else 's'}"


def loudness(
    snapshot: Snapshot, tracks: Sequence[Track], action: str, *, bypass: bool
) -> list[float]:
    """The loudness of tracks, measured by a dry run of REAPER within one tick.

    Parameters
    ----------
    snapshot
        The project as it was read.
    tracks
        The tracks to measure.
    action
        REAPER's number of the dry run.
    bypass
        Whether the tracks' effects are off meanwhile.

    Returns
    -------
    list of float
        In LUFS, -inf for silence.

    Raises
    ------
    ConflictError
        A track was deleted, or the dry run was cancelled.
    HostError
        This REAPER does not tell the loudness.
    """
    project = snapshot.project
    reaper.require_current(project, "measured")
    if not all(reaper.is_track(project.pointer, pointer) for pointer in snapshot.pointers):
        raise ConflictError("a track was deleted in the meantime: nothing was changed")
    run = f"DrumGain-{time.time_ns():x}"
    tokens = {track.index: f"{run}-{track.index}" for track in tracks}
    changes = list(_changes(snapshot, tokens, bypass=bypass))
    with apply.ui_refresh_held(), changed(project, changes):
        answer: Any = RPR.GetSetProjectInfo_String(project.pointer, "RENDER_STATS", action, False)
    found = dict(_parsed(str(answer[3]) if answer[0] else ""))
    if not found and not answer[0]:
        raise HostError(
            f"REAPER {reaper.version()} does not report the loudness of a dry run: update REAPER. "
            "Nothing was changed"
        )
    missing = [track for track in tracks if tokens[track.index] not in found]
    if missing:
        raise ConflictError(
            f"REAPER measured {len(tracks) - len(missing)} of {_tracks(len(tracks))}: was it "
            "cancelled? Nothing was changed"
        )
    return [found[tokens[track.index]] for track in tracks]


def _changes(snapshot: Snapshot, tokens: dict[int, str], *, bypass: bool) -> Iterator[Change]:
    """What is different for the moment: ``tokens`` are the names of the tracks to measure."""
    calls = Calls()
    for index, track in enumerate(snapshot.pointers):
        guid = calls.stored("GetSetMediaTrackInfo_String", track, b"GUID") or ""
        wanted: dict[str, float | str] = {"I_SELECTED": float(index in tokens), "I_SOLO": 0.0}
        if index in tokens:
            wanted |= {"D_VOL": 1.0, "P_NAME": tokens[index]}
        if index in tokens and bypass:
            wanted["I_FXEN"] = 0.0
        for key, value in wanted.items():
            yield Change(track, guid, key, read(track, key), value)
    master = reaper.address(str(RPR.GetMasterTrack(snapshot.project.pointer)))
    yield Change(master, "", "I_SELECTED", read(master, "I_SELECTED"), 0.0)


def _parsed(text: str) -> Iterator[tuple[str, float]]:
    """The names of ours and the loudness in LUFS, from the fields of a dry run's statistics.

    ``FILE:NAME;PEAK:-3.1;...;LUFSI:-20.4;...;FILE:...``
    """
    name = None
    for field in text.split(";"):
        key, _, value = field.strip().partition(":")
        if key == "FILE":
            token = _TOKEN.search(value)
            name = token[0] if token is not None else None
            if name is not None:
                # silence has no loudness
                yield name, -math.inf
        elif key == "LUFSI" and name is not None:
            try:
                yield name, float(value)
            except ValueError:
                continue
