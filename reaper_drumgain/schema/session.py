"""The tracks, items, sends and markers of a project, as plain frozen data.

Independent of REAPER and of audio files.

Times are seconds on the project's time line, gains are linear factors (a fader at -inf
is 0.0, an inverted take has a negative gain), pans run from -1 (left) to 1 (right).
Tracks refer to each other by ``index``, their 0-based place in the project.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from reaper_drumgain.errors import InputError
from reaper_drumgain.schema import json_codec
from reaper_drumgain.schema.clips import (
    Clip,
    Effect,
    Envelope,
    EnvelopeKind,
    EnvelopePoint,
    Fade,
    Source,
)
from reaper_drumgain.units import UNITY, Decibel, LinearGain

#: the parts of a session, those of ``schema.clips`` among them
__all__ = [
    "AUTOMATION_MODES",
    "AutomationMode",
    "Clip",
    "Effect",
    "Envelope",
    "EnvelopeKind",
    "EnvelopePoint",
    "Fade",
    "Marker",
    "Send",
    "SendMode",
    "Session",
    "Source",
    "Track",
]

SCHEMA = 2

AutomationMode = Literal["trim/read", "read", "touch", "write", "latch", "latch preview"]
#: in the order of REAPER's numbers, from 0
AUTOMATION_MODES: tuple[AutomationMode, ...] = (
    "trim/read",
    "read",
    "touch",
    "write",
    "latch",
    "latch preview",
)
#: ``pre-receive``: before the track receives anything, so of its own items alone
SendMode = Literal["post-fader", "pre-fx", "pre-fader", "pre-receive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Audio from one track into another.

    Attributes
    ----------
    source, target
        Indexes of the tracks.
    mode
        Where the audio is taken.
    gain, pan
        Linear gain; -1 (left) to 1 (right).
    muted, mono, inverted
        Switches of the send.
    source_channel, target_channel
        The first channel, from 0. A source of -1 sends no audio (MIDI only).
    channels
        How many channels, 1 or more.
    """

    source: int
    target: int
    mode: SendMode = "post-fader"
    gain: LinearGain = UNITY
    pan: float = 0.0
    muted: bool = False
    mono: bool = False
    inverted: bool = False
    source_channel: int = 0
    target_channel: int = 0
    channels: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A track of the project.

    Attributes
    ----------
    index, name, guid
        Its place from 0, its name, and its GUID, None in project files that have none.
    fader
        Linear gain.
    pan, pan_mode, pan_law
        -1 (left) to 1 (right); REAPER's number (0 classic balance, 3 stereo balance, 5 stereo pan,
        6 dual pan); linear gain in the middle. None for the project's.
    dual_pan
        Left and right pan of mode 6; (width, unused) of mode 5, and of a balance mode where the
        width is not 1.
    muted, soloed, inverted
        Its buttons.
    parent, folder
        Index of its folder track, and whether it is one.
    main_send, main_send_channels
        Whether it plays into its parent, and with how many channels, 0 for all.
    channels
        How many it has.
    effects_enabled, effects
        Its chain, and whether that is switched on.
    automation_mode, envelopes
        Its automation.
    frozen
        Whether REAPER froze it.
    hidden
        Whether neither track panel nor mixer shows it.
    selected
        Whether it is selected.
    volume_groups
        Numbers of the groups in which its fader leads or follows.
    vca_led, vca_followed
        Numbers of the groups in which its fader scales others as a VCA, and of those whose leaders
        scale it.
    unwritable
        Why its fader cannot be set where it is kept, or None.
    role, locked
        What the user stored on the track itself.
    automation_note, fader_note, trim
        What DrumGain stored on it about an envelope that it wrote, its fader, and the trim in that
        (see ``envelope_note``, ``fader_note``, ``trims``).
    effects_db
        By how many dB its effects make it louder, as a host measured it. None where nobody did;
        its level is taken before its effects then.
    clips, warnings
        Its items, and what of it could not be read.
    """

    index: int
    name: str
    guid: str | None = None
    fader: LinearGain = UNITY
    pan: float = 0.0
    pan_mode: int | None = None
    pan_law: float | None = None
    dual_pan: tuple[float, float] | None = None
    muted: bool = False
    soloed: bool = False
    inverted: bool = False
    parent: int | None = None
    folder: bool = False
    main_send: bool = True
    main_send_channels: int = 0
    channels: int = 2
    effects_enabled: bool = True
    effects: tuple[Effect, ...] = ()
    automation_mode: AutomationMode = "trim/read"
    envelopes: tuple[Envelope, ...] = ()
    frozen: bool = False
    hidden: bool = False
    selected: bool = False
    volume_groups: tuple[int, ...] = ()
    vca_led: tuple[int, ...] = ()
    vca_followed: tuple[int, ...] = ()
    unwritable: str | None = None
    role: str | None = None
    locked: bool = False
    automation_note: str | None = None
    fader_note: str | None = None
    trim: str | None = None
    effects_db: Decibel | None = None
    clips: tuple[Clip, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def vca_leader(self) -> bool:
        """Whether its fader scales others."""
        return bool(self.vca_led)


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker, or a region where ``end`` is given.

    Attributes
    ----------
    position, end
        In seconds.
    name, number
        As REAPER shows them.
    """

    position: float
    name: str = ""
    number: int = 0
    end: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A whole project.

    Attributes
    ----------
    path
        Names the project in messages.
    tracks, sends
        Tracks in project order, and the audio between them.
    sample_rate
        In Hz. None where the project follows the device.
    tempo
        In beats per minute.
    pan_law, pan_mode
        Linear gain in the middle, and REAPER's number, for tracks without their own.
    markers, regions
        In order of time.
    time_selection
        Start and end in seconds, or None.
    warnings
        What could not be read.
    """

    path: str
    tracks: tuple[Track, ...] = ()
    sends: tuple[Send, ...] = ()
    sample_rate: int | None = None
    tempo: float = 120.0
    pan_law: float = 1.0
    pan_mode: int = 3
    markers: tuple[Marker, ...] = ()
    regions: tuple[Marker, ...] = ()
    time_selection: tuple[float, float] | None = None
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for place, track in enumerate(self.tracks):
            if track.index != place:
                raise ValueError(f"track {track.name!r} has index {track.index}, expected {place}")
            if track.parent is not None and not 0 <= track.parent < place:
                raise ValueError(f"track {track.name!r} has parent {track.parent}")
        for send in self.sends:
            if not (0 <= send.source < len(self.tracks) and 0 <= send.target < len(self.tracks)):
                raise ValueError(f"a send from {send.source} to {send.target}: no such track")

    def folders_of(self, track: Track) -> tuple[Track, ...]:
        """The folder tracks around a track, the nearest first."""
        found: list[Track] = []
        while track.parent is not None:
            track = self.tracks[track.parent]
            found.append(track)
        return tuple(found)

    def to_json(self, *, indent: int | None = None) -> str:
        """The session as a JSON document."""
        return json_codec.dumps(self, kind="session", schema=SCHEMA, indent=indent)

    @classmethod
    def from_json(cls, text: str | bytes) -> Session:
        """The session that ``to_json`` wrote. Raises InputError where it is none."""
        with _invalid_is_an_input_error():
            return json_codec.loads(text, cls, kind="session", schema=SCHEMA)

    @classmethod
    def from_document(cls, document: Any) -> Session:
        """The session of a document that was read. Raises InputError where it is none."""
        with _invalid_is_an_input_error():
            return json_codec.from_document(document, cls, kind="session", schema=SCHEMA)


@contextlib.contextmanager
def _invalid_is_an_input_error() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise InputError(f"not a whole session document: {error}") from error
