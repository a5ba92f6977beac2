"""Sessions as a user has them, made from kits and recordings: audio files, one on each track.

What a fader must not depend on is tried on these, through all of the program.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile

from reaper_drumgain.hosts.rpp import read_project
from reaper_drumgain.learn.data.human_faders import Float64
from reaper_drumgain.learn.data.kits import RATE, Audio
from reaper_drumgain.methods.base import Method
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.schema.session import Clip, Session, Source, Track
from reaper_drumgain.tracks.roles import Role
from reaper_drumgain.units import Decibel, LinearGain, to_linear

#: the plans of several methods for one session (``balance.side_by_side``, which lies above)
Balancer = Callable[[Session, Mapping[str, Method]], Mapping[str, GainPlan]]
#: flags of tracks that are held
_HELD = {"bleed only", "silent", "too short or quiet"}


def write_session(folder: Path, roles: Sequence[Role], sound: Audio) -> Session:
    """A session with one file for each track.

    Parameters
    ----------
    folder
        Where the files are written.
    roles
        The role of each track.
    sound
        Shape (tracks, frames): samples at ``kits.RATE``.

    Returns
    -------
    Session
        With faders at 0 dB.
    """
    tracks = []
    for index, (role, row) in enumerate(zip(roles, sound, strict=True)):
        clip = _clip(folder / f"{index}.wav", row)
        tracks.append(Track(index=index, name=f"{role} ({index})", role=str(role), clips=(clip,)))
    return Session(path=str(folder / "kit.RPP"), tracks=tuple(tracks))


def _clip(path: Path, samples: Audio, position: float = 0.0) -> Clip:
    """A new file of ``samples`` (frames,) or (frames, 2), and an item that plays it."""
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    source = Source(kind="file", format="WAVE", path=str(path), written=path.name, found=True)
    return Clip(position=position, length=len(samples) / RATE, source=source)


def recorded_louder(session: Session, shift_db: Float64) -> Session:
    """The session with louder items.

    Parameters
    ----------
    session
        The session.
    shift_db
        Shape (tracks,): by how many dB the items of each track are louder.

    Returns
    -------
    Session
        The same except for the gains of items.
    """
    return _with_clips(
        session,
        {
            place: tuple(
                dataclasses.replace(
                    clip, item_gain=LinearGain(clip.item_gain * to_linear(Decibel(float(shift))))
                )
                for clip in session.tracks[place].clips
            )
            for place, shift in enumerate(shift_db)
        },
    )


def part_of(session: Session, start: float, seconds: float) -> Session:
    """A part of a recording.

    Parameters
    ----------
    session
        The whole recording; its items begin together.
    start, seconds
        Where the part begins, and how long it is.

    Returns
    -------
    Session
        With shorter items.
    """
    return _with_clips(
        session,
        {
            place: tuple(
                dataclasses.replace(
                    clip,
                    offset=clip.offset + start,
                    length=max(min(seconds, clip.length - start), 0.01),
                )
                for clip in track.clips
            )
            for place, track in enumerate(session.tracks)
        },
    )


def same_microphone(session: Session, place: int, folder: Path) -> dict[str, Session]:
    """The session with the file of one track in other forms that sound the same.

    Parameters
    ----------
    session
        The session.
    place
        The place of the track, which has one item.
    folder
        Where files are written.

    Returns
    -------
    dict
        Sessions by the name of the form.
    """
    (clip,) = session.tracks[place].clips
    samples, _ = soundfile.read(str(clip.source.path), dtype="float32")
    both = _clip(folder / "both.wav", np.stack([samples, samples], axis=1))
    nothing = np.zeros((RATE, 2), dtype=np.float32)
    silent = _clip(folder / "silent.wav", nothing, position=clip.length)
    forms = {
        "dual mono": (dataclasses.replace(both, item_gain=clip.item_gain),),
        "take pan of 0.01": (dataclasses.replace(clip, take_pan=0.01),),
        "silent stereo item": (clip, silent),
    }
    return {name: _with_clips(session, {place: clips}) for name, clips in forms.items()}


def _with_clips(session: Session, clips: Mapping[int, tuple[Clip, ...]]) -> Session:
    tracks = list(session.tracks)
    for place, own in clips.items():
        tracks[place] = dataclasses.replace(tracks[place], clips=own)
    return dataclasses.replace(session, tracks=tuple(tracks))


def recording(project: Path) -> Session:
    """The session of a real recording. Raises DrumGainError where the project cannot be read."""
    return read_project(project).session


def faders(plan: GainPlan, count: int) -> Float64:
    """The faders of a plan.

    Parameters
    ----------
    plan
        The plan.
    count
        The number of tracks of the session.

    Returns
    -------
    ndarray
        Shape (count,): in dB, NaN for tracks that are held or not measured.
    """
    found = np.full(count, np.nan)
    for track in plan.tracks:
        if track.new_db is not None and not _HELD & set(track.flags):
            found[track.index] = track.new_db
    return found
