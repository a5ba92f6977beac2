"""Read the envelopes of tracks and takes."""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Generator

from reaper_drumgain.errors import HostError
from reaper_drumgain.hosts.live.reaper import RPR, Calls, has, pointer
from reaper_drumgain.schema.session import Envelope, EnvelopeKind, EnvelopePoint
from reaper_drumgain.units import LinearGain

#: by the name of their block in project files
TRACK_ENVELOPES: dict[bytes, EnvelopeKind] = {
    b"<VOLENV": "pre-fx volume",
    b"<VOLENV2": "volume",
    b"<VOLENV3": "trim volume",
    b"<PANENV2": "pan",
    b"<WIDTHENV2": "width",
    b"<MUTEENV": "mute",
}
#: a warning is given if one of these is active, because they are not followed
OTHER_ENVELOPES = {b"<PANENV": "pre-FX pan", b"<WIDTHENV": "pre-FX width"}
TAKE_ENVELOPES: dict[str, EnvelopeKind] = {"Volume": "volume", "Pan": "pan", "Mute": "mute"}
#: a bound on what one envelope can cost
MAX_POINTS = 500_000
_POINTS_A_STEP = 64
_ACTIVE = re.compile(r"^\s*ACT\s+(\S+)", re.MULTILINE)
_POINT_OUT = (ctypes.c_double, ctypes.c_double, ctypes.c_int, ctypes.c_double, ctypes.c_byte)


def is_active(calls: Calls, envelope: int) -> bool:
    """Whether an envelope is active. REAPER before 7.19 says so only in its state text."""
    if has("GetSetEnvelopeInfo_String"):
        stored = calls.stored("GetSetEnvelopeInfo_String", envelope, b"ACTIVE")
        if stored is not None:
            return stored != "0"
    text = RPR.GetEnvelopeStateChunk(pointer("TrackEnvelope", envelope), "", 4 << 20, False)[2]
    found = _ACTIVE.search(text)
    return found is None or found.group(1) != "0"


def read_envelope(
    calls: Calls, envelope: int, kind: EnvelopeKind
) -> Generator[None, None, Envelope]:
    """One envelope, read in slices. Values of volume envelopes are linear gains.

    Parameters
    ----------
    calls
        REAPER's functions.
    envelope
        The address of the envelope.
    kind
        Which envelope it is.

    Returns
    -------
    Envelope
        Times in seconds.

    Raises
    ------
    HostError
        It holds more than MAX_POINTS points.
    """
    active = is_active(calls, envelope)
    yield
    scaling = calls.whole("GetEnvelopeScalingMode", envelope)
    unscale = calls.function("ScaleFromEnvelopeMode", "double", "int", "double")
    count = calls.whole("CountEnvelopePointsEx", envelope, -1)
    if count > MAX_POINTS:
        raise HostError(f"an envelope holds more than {MAX_POINTS} points: not read")
    read = calls.function(
        "GetEnvelopePointEx", "bool", "pointer", "int", "int", *["out"] * len(_POINT_OUT)
    )
    out = [kind() for kind in _POINT_OUT]
    places = [ctypes.addressof(value) for value in out]
    points: list[EnvelopePoint] = []
    for place in range(count):
        if read(envelope, -1, place, *places):
            value = float(out[1].value)
            # scaling there and back turns 0.5 into 0.50000000000000003
            gain = float(f"{unscale(scaling, value):.12g}") if scaling else value
            points.append(
                EnvelopePoint(float(out[0].value), gain, int(out[2].value), float(out[3].value))
            )
        if place % _POINTS_A_STEP == 0:
            yield
    return Envelope(
        kind,
        active=active,
        points=tuple(points),
        fader_scaled=scaling == 1,
        pooled=calls.whole("CountAutomationItems", envelope) > 0,
    )


def track_envelopes(
    calls: Calls, track: int, warnings: list[str]
) -> Generator[None, None, tuple[Envelope, ...]]:
    """The envelopes of a track that matter for its level, read in slices.

    Parameters
    ----------
    calls
        REAPER's functions.
    track
        The address of the track.
    warnings
        Gets half a sentence on each other envelope that is active.

    Returns
    -------
    tuple of Envelope
        Those that matter.
    """
    if not calls.whole("CountTrackEnvelopes", track):
        return ()
    find = "GetTrackEnvelopeByChunkName"
    found: list[Envelope] = []
    for name, kind in TRACK_ENVELOPES.items():
        envelope = calls.named_child(find, track, name)
        if envelope:
            found.append((yield from read_envelope(calls, envelope, kind)))
    for name, what in OTHER_ENVELOPES.items():
        envelope = calls.named_child(find, track, name)
        if envelope and is_active(calls, envelope):
            warnings.append(f"automates its {what}: the automation is ignored")
    return tuple(found)


def take_envelopes(
    calls: Calls, take: int
) -> Generator[None, None, tuple[tuple[Envelope, ...], bool]]:
    """The envelopes of a take, and whether its pitch is automated."""
    found: list[Envelope] = []
    pitched = False
    for place in range(calls.whole("CountTakeEnvelopes", take)):
        envelope = calls.child("GetTakeEnvelope", take, place)
        name = calls.written("GetEnvelopeName", envelope) if envelope else ""
        if name in TAKE_ENVELOPES:
            found.append((yield from read_envelope(calls, envelope, TAKE_ENVELOPES[name])))
        elif name == "Pitch":
            pitched = pitched or is_active(calls, envelope)
        yield
    return tuple(found), pitched


def fader_gain(value: float) -> LinearGain:
    """A fader's value as a gain. Extensions can set NaN, which counts as 0 (-inf dB)."""
    return LinearGain(0.0 if math.isnan(value) else abs(value))
