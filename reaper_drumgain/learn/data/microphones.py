"""Which microphones of a sampled kit stand in for the microphones of a song."""

from __future__ import annotations

from reaper_drumgain.learn.data.performances import (
    HI_HATS,
    TOMS,
)
from reaper_drumgain.learn.data.render import Tap
from reaper_drumgain.tracks.roles import Role

_CLOSE_DB = 18.0
_ALONE_DB = 60.0
_CYMBALS = ("crash 1", "crash 2", "ride", "ride bell")


def taps_for(role: Role, channels: int, kit: str) -> tuple[Tap, ...]:
    """The kit's microphones that stand in for a role: one tap, or two for a stereo track.

    A microphone that a kit lacks is its nearest one, with the strokes of other pieces 18 dB
    down where the missing one would stand close. Percussion, of which no kit has any, is
    the hi-hat's strokes alone; samples are kick or snare alone.
    """
    left, right = ("AmbL", "AmbR") if kit == "muldjord" else ("side", "window")
    if role.name == "overhead":
        left, right = ("OHL", "OHR") if kit == "muldjord" else ("oh", "oh")
    if role.name in ("overhead", "room", "cymbal") and channels == 2:
        return (Tap((left,)), Tap((right,)))
    if role.name in ("overhead", "room"):
        sides = {"left": (left,), "right": (right,)}
        return (Tap(sides.get(role.side or "", (left, right))),)
    tap = (_muldjord_tap if kit == "muldjord" else _gogodze_tap)(role)
    return (tap,) * channels


def _muldjord_tap(role: Role) -> Tap:
    toms = ("Tom1", "Tom2", "Tom4")
    taps = {
        "kick in": Tap(("KdrumR",)),
        "kick": Tap(("KdrumR",)),
        "kick out": Tap(("KdrumR",), tilt_db=-9.0),
        "sub kick": Tap(("KdrumR",), tilt_db=-36.0),
        "snare top": Tap(("Snare_top",)),
        "snare": Tap(("Snare_top",)),
        "snare bottom": Tap(("Snare_bottom",)),
        "hi-hat": Tap(("Hihat",)),
        "tom": Tap((toms[_tom(role)],)),
        "ride": Tap(("RideR",)),
        "cymbal": Tap(("OHL", "OHR"), focus=_CYMBALS, rejection_db=6.0),
        "sample": Tap(("Snare_top",), focus=("snare",), rejection_db=_ALONE_DB),
        "percussion": Tap(("Hihat",), focus=HI_HATS, rejection_db=_ALONE_DB, tilt_db=6.0),
    }
    return taps[role.name]


def _gogodze_tap(role: Role) -> Tap:
    taps = {
        "kick in": Tap(("kick",)),
        "kick": Tap(("kick",)),
        "kick out": Tap(("front",), focus=("kick",), rejection_db=_CLOSE_DB),
        "sub kick": Tap(("kick",), tilt_db=-36.0),
        "snare top": Tap(("snare",)),
        "snare": Tap(("snare",)),
        "snare bottom": Tap(("side",), ("snare", "side stick"), _CLOSE_DB, tilt_db=6.0),
        "hi-hat": Tap(("retro",), focus=HI_HATS, rejection_db=_CLOSE_DB),
        "tom": Tap(("oh",), focus=(TOMS[_tom(role)],), rejection_db=_CLOSE_DB),
        "ride": Tap(("oh",), focus=("ride", "ride bell"), rejection_db=_CLOSE_DB),
        "cymbal": Tap(("oh",), focus=_CYMBALS, rejection_db=6.0),
        "sample": Tap(("snare",), focus=("snare",), rejection_db=_ALONE_DB),
        "percussion": Tap(("retro",), focus=HI_HATS, rejection_db=_ALONE_DB, tilt_db=6.0),
    }
    return taps[role.name]


def _tom(role: Role) -> int:
    """Which of three toms; one without a number is the floor tom."""
    return 2 if role.ordinal is None else min(role.ordinal, 3) - 1
