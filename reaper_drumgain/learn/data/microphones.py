"""Which microphones of a sampled kit stand in for the microphones of a song.

The kits do not have every microphone that songs have. A missing one is imitated from its nearest
neighbour: strokes of other pieces are lowered, and the spectrum is tilted.
"""

from __future__ import annotations

from reaper_drumgain.learn.data.performances import HI_HATS, TOMS
from reaper_drumgain.learn.data.render import VirtualMic
from reaper_drumgain.tracks.roles import Role

#: how much quieter other pieces are in a close microphone, and in a sample of one piece
_CLOSE_DB = 18.0
_ALONE_DB = 60.0
_CYMBALS = ("crash 1", "crash 2", "ride", "ride bell")


def virtual_mics_for(role: Role, channels: int, kit: str) -> tuple[VirtualMic, ...]:
    """The virtual microphones for a track.

    Where a kit lacks a close microphone, its nearest one is used with the strokes of other pieces
    18 dB down. No kit has percussion: the strokes of the hi-hat alone stand in for it; for samples
    it is the snare alone.

    Parameters
    ----------
    role
        What the track's microphone is placed at.
    channels
        1, or 2 for a stereo track.
    kit
        A name of ``kits.KITS``.

    Returns
    -------
    tuple of VirtualMic
        One for each channel.
    """
    left, right = ("AmbL", "AmbR") if kit == "muldjord" else ("side", "window")
    if role.name == "overhead":
        left, right = ("OHL", "OHR") if kit == "muldjord" else ("oh", "oh")
    if role.name in ("overhead", "room", "cymbal") and channels == 2:
        return (VirtualMic((left,)), VirtualMic((right,)))
    if role.name in ("overhead", "room"):
        sides = {"left": (left,), "right": (right,)}
        return (VirtualMic(sides.get(role.side or "", (left, right))),)
    mic = (_muldjord_mic if kit == "muldjord" else _gogodze_mic)(role)
    return (mic,) * channels


def _muldjord_mic(role: Role) -> VirtualMic:
    toms = ("Tom1", "Tom2", "Tom4")
    mics = {
        "kick in": VirtualMic(("KdrumR",)),
        "kick": VirtualMic(("KdrumR",)),
        "kick out": VirtualMic(("KdrumR",), tilt_db=-9.0),
        "sub kick": VirtualMic(("KdrumR",), tilt_db=-36.0),
        "snare top": VirtualMic(("Snare_top",)),
        "snare": VirtualMic(("Snare_top",)),
        "snare bottom": VirtualMic(("Snare_bottom",)),
        "hi-hat": VirtualMic(("Hihat",)),
        "tom": VirtualMic((toms[_tom(role)],)),
        "ride": VirtualMic(("RideR",)),
        "cymbal": VirtualMic(("OHL", "OHR"), focus=_CYMBALS, rejection_db=6.0),
        "sample": VirtualMic(("Snare_top",), focus=("snare",), rejection_db=_ALONE_DB),
        "percussion": VirtualMic(("Hihat",), focus=HI_HATS, rejection_db=_ALONE_DB, tilt_db=6.0),
    }
    return mics[role.name]


def _gogodze_mic(role: Role) -> VirtualMic:
    mics = {
        "kick in": VirtualMic(("kick",)),
        "kick": VirtualMic(("kick",)),
        "kick out": VirtualMic(("front",), focus=("kick",), rejection_db=_CLOSE_DB),
        "sub kick": VirtualMic(("kick",), tilt_db=-36.0),
        "snare top": VirtualMic(("snare",)),
        "snare": VirtualMic(("snare",)),
        "snare bottom": VirtualMic(("side",), ("snare", "side stick"), _CLOSE_DB, tilt_db=6.0),
        "hi-hat": VirtualMic(("retro",), focus=HI_HATS, rejection_db=_CLOSE_DB),
        "tom": VirtualMic(("oh",), focus=(TOMS[_tom(role)],), rejection_db=_CLOSE_DB),
        "ride": VirtualMic(("oh",), focus=("ride", "ride bell"), rejection_db=_CLOSE_DB),
        "cymbal": VirtualMic(("oh",), focus=_CYMBALS, rejection_db=6.0),
        "sample": VirtualMic(("snare",), focus=("snare",), rejection_db=_ALONE_DB),
        "percussion": VirtualMic(("retro",), focus=HI_HATS, rejection_db=_ALONE_DB, tilt_db=6.0),
    }
    return mics[role.name]


def _tom(role: Role) -> int:
    """Which of three toms; one without a number is the floor tom."""
    return 2 if role.ordinal is None else min(role.ordinal, 3) - 1
