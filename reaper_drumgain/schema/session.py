"""The tracks, items, sends and markers of a project, as plain frozen data.

Independent of REAPER and of audio files.

Times are seconds on the project's time line, gains are linear factors (a fader at -inf
is 0.0, an inverted take has a negative gain), pans run from -1 (left) to 1 (right).
Tracks refer to each other by ``index``, their 0-based place in the project.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from reaper_drumgain.errors import InputError
from reaper_drumgain.schema import json_codec
from reaper_drumgain.units import UNITY, Decibel, LinearGain

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
EnvelopeKind = Literal["volume", "pre-fx volume", "trim volume", "pan", "mute", "width"]
#: ``pre-receive``: before the track receives anything, so of its own items alone
SendMode = Literal["post-fader", "pre-fx", "pre-fader", "pre-receive"]


@dataclass(frozen=True, slots=True)
class EnvelopePoint:
    """A point of an envelope; ``shape`` is REAPER's number (0 linear, 1 square, 2 slow
    start and end, 3 fast start, 4 fast end, 5 Bezier with ``tension`` from -1 to 1)."""

    time: float
    value: float
    shape: int = 0
    tension: float = 0.0


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope that REAPER shows or plays; values of a volume envelope are linear gains.

    ``fader_scaled``: interpolation between points is done in fader scale. ``pooled``: it
    holds automation items, so its points do not describe it. ``written``: the line of each point
    as the project's file has it, where the host knows it (to bring it back as it was), else ().
    """

    kind: EnvelopeKind
    active: bool
    points: tuple[EnvelopePoint, ...] = ()
    fader_scaled: bool = False
    pooled: bool = False
    written: tuple[str, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect of a chain. ``enabled`` is false where it is bypassed or offline."""

    name: str
    enabled: bool = True
    instrument: bool = False


@dataclass(frozen=True, slots=True)
class Fade:
    """A fade in or out: ``shape`` is REAPER's number 0 to 6, or 7 for equal power (written
    as 1.1 in project files), ``curvature`` -1 to 1."""

    length: float = 0.0
    shape: int = 0
    curvature: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a clip's audio comes from.

    ``kind``: ``file`` (a file that a decoder may know), ``midi``, ``empty`` (a take or item with
    nothing in it) or ``other`` (``format`` names it: CLICK, RPP_PROJECT ...).
    ``path`` is absolute, as resolved for this machine; ``written`` is what the project says.
    ``found``: the host saw a file there. ``section_start`` and ``section_length`` (seconds of
    the file) bound the part that a section plays; ``reversed``: that part plays backwards.
    """

    kind: Literal["file", "midi", "empty", "other"] = "empty"
    format: str = ""
    path: str | None = None
    written: str | None = None
    found: bool = False
    section_start: float | None = None
    section_length: float | None = None
    reversed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One take that may play: the active take of an item, or each take where all play.

    At project time t the clip plays source second
    ``offset + (t - position) * play_rate`` (within the section, modulo its length where
    ``loop``), times ``item_gain * take_gain``, the fades and the take envelope.
    ``plays`` is false where the item is muted or lies in a lane that does not play.
    ``mix_behavior``: REAPER's number of how the item plays where it overlaps others, None as the
    project says. ``covered``: from and to which project seconds other items play in its place,
    ascending.
    """

    position: float
    length: float
    source: Source
    offset: float = 0.0
    play_rate: float = 1.0
    preserve_pitch: bool = False
    pitch: float = 0.0
    loop: bool = False
    plays: bool = True
    item_gain: LinearGain = UNITY
    take_gain: LinearGain = UNITY
    take_pan: float = 0.0
    channel_mode: int = 0
    fade_in: Fade = Fade()
    fade_out: Fade = Fade()
    envelopes: tuple[Envelope, ...] = ()
    stretched: bool = False
    spectral_edits: bool = False
    effects: tuple[Effect, ...] = ()
    lane: int | None = None
    name: str = ""
    mix_behavior: int | None = None
    covered: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Audio from one track into another. Channels are 0-based; ``channels`` is 1 or more.

    ``source_channel`` -1 sends no audio (MIDI only).
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
    """A track of the project. ``parent`` is the index of its folder track.

    ``guid`` is None in project files that have none. ``pan_mode`` is REAPER's number
    (0 classic balance, 3 stereo balance, 5 stereo pan, 6 dual pan), None for the project's.
    ``dual_pan``: left and right pan of mode 6, (width, unused) of mode 5, and of a balance mode
    where the width is not 1.
    ``main_send_channels``: how many channels go to its parent, 0 for all.
    ``hidden``: shown in neither track panel nor mixer. ``role`` and ``locked`` are what the
    user stored on the track itself. ``volume_groups``: the numbers of the groups in which
    its fader leads or follows. ``vca_led`` and ``vca_followed``: the numbers of the groups in
    which its fader scales others as a VCA, and of those whose leaders scale it.
    ``unwritable``: why its fader cannot be set in the place where it is kept.
    ``automation_note``: what DrumGain noted on the track about an envelope that it wrote, see
    ``schema.envelope_note``; ``fader_note``: about its fader, see ``schema.fader_note``; ``trim``:
    about the trim in its fader, see ``schema.trims``.
    ``effects_db``: by how much its effects make it louder, as a host measured it; None where
    nobody did, and its level is taken before its effects.
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
    """A marker, or a region where ``end`` is given."""

    position: float
    name: str = ""
    number: int = 0
    end: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A whole project. ``sample_rate`` is None where the project follows the device.

    ``path`` names the project for messages; ``time_selection`` is (start, end).
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
                raise ValueError(f"a send from {send.source} to {send.target} leaves the project")

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
