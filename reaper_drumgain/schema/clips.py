"""What a track plays: its items as clips, with their sources, fades, effects and envelopes.

``session`` has the units, and gives these classes together with those of whole tracks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from reaper_drumgain.units import UNITY, LinearGain

EnvelopeKind = Literal["volume", "pre-fx volume", "trim volume", "pan", "mute", "width"]


@dataclass(frozen=True, slots=True)
class EnvelopePoint:
    """A point of an envelope.

    Attributes
    ----------
    time
        In seconds.
    value
        A linear gain in volume envelopes.
    shape
        REAPER's number: 0 linear, 1 square, 2 slow start and end, 3 fast start, 4 fast end,
        5 Bezier.
    tension
        Of a Bezier curve, -1 to 1.
    """

    time: float
    value: float
    shape: int = 0
    tension: float = 0.0


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope that REAPER shows or plays.

    Attributes
    ----------
    kind
        Which envelope.
    active
        Whether it plays.
    points
        In order of time.
    fader_scaled
        Whether values between points are interpolated in fader scale.
    pooled
        Whether it holds automation items, so that its points do not describe it.
    written
        The line of each point as the project's file has it, to bring it back as it was. Empty
        where the host does not know it.
    """

    kind: EnvelopeKind
    active: bool
    points: tuple[EnvelopePoint, ...] = ()
    fader_scaled: bool = False
    pooled: bool = False
    written: tuple[str, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect of a chain.

    Attributes
    ----------
    name
        As the host shows it.
    enabled
        False where it is bypassed or offline.
    instrument
        Whether it makes sound by itself.
    """

    name: str
    enabled: bool = True
    instrument: bool = False


@dataclass(frozen=True, slots=True)
class Fade:
    """A fade in or out.

    Attributes
    ----------
    length
        In seconds.
    shape
        REAPER's number 0 to 6, or 7 for equal power (written as 1.1 in project files).
    curvature
        -1 to 1.
    """

    length: float = 0.0
    shape: int = 0
    curvature: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a clip's audio comes from.

    Attributes
    ----------
    kind
        ``file`` (a file that a decoder may know), ``midi``, ``empty`` (nothing in it) or ``other``.
    format
        REAPER's word for its type, such as WAVE, CLICK or RPP_PROJECT.
    path, written
        The absolute path on this machine, and what the project says.
    found
        Whether the host saw a file there.
    section_start, section_length
        The part that is played, in seconds of the file. None for all.
    reversed
        Whether that part plays backwards.
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

    At project time t the clip plays source second ``offset + (t - position) * play_rate`` (within
    the section, modulo its length where ``loop``), times ``item_gain * take_gain``, the fades and
    the take envelope.

    Attributes
    ----------
    position, length
        In seconds of the project.
    source
        Where the audio comes from.
    offset
        Start in the source, in seconds.
    play_rate
        Speed, 1 for the source's own.
    preserve_pitch, pitch
        Whether the pitch stays at another speed, and the shift of pitch in semitones.
    loop
        Whether the source is repeated.
    plays
        False where the item is muted or lies in a lane that does not play.
    item_gain, take_gain
        Linear; negative where the take is inverted.
    take_pan
        -1 (left) to 1 (right).
    channel_mode
        REAPER's number of the channels that play.
    fade_in, fade_out
        Its fades.
    envelopes, effects
        Those of the take.
    stretched, spectral_edits
        Whether it has stretch markers, and spectral edits.
    lane
        Number of its lane. None outside lanes.
    name
        The take's name.
    mix_behavior
        REAPER's number of how it plays where items overlap. None for the project's.
    covered
        From and to which project seconds other items play in its place, in order of time.
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
