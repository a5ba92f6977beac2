"""How a microphone of each role hears each drum, from where drums and microphones usually stand.

Direct sound falls by 6 dB per doubling of distance, down to the level of the room's
reverberation. Close microphones are directional and point away from other drums. The places are
those of recording handbooks. These levels are used where no kits were learned from
(``drum_responses``). Only differences between microphones at one drum are ever used, so neither a
drum's loudness nor its spectrum matters.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reaper_drumgain.util.decibels import power_to_db

#: metres to the right of the drummer, ahead, and above the floor
_DRUMS: Mapping[str, tuple[float, float, float]] = {
    "kick": (0.0, 0.45, 0.3),
    "snare": (-0.25, 0.05, 0.65),
    "hi-hat": (-0.6, 0.15, 0.85),
    "tom high": (-0.15, 0.45, 0.8),
    "tom mid": (0.2, 0.45, 0.8),
    "tom low": (0.5, 0.05, 0.65),
    "ride": (0.6, 0.4, 1.05),
    "cymbal": (0.0, 0.5, 1.3),
}
_MICROPHONES: Mapping[str, tuple[float, float, float]] = {
    "kick in": (0.0, 0.5, 0.3),
    "kick out": (0.0, 1.0, 0.35),
    "kick": (0.0, 0.6, 0.3),
    "sub kick": (0.0, 1.0, 0.35),
    "snare top": (-0.25, 0.12, 0.72),
    "snare bottom": (-0.25, 0.1, 0.57),
    "snare": (-0.25, 0.12, 0.72),
    "hi-hat": (-0.65, 0.2, 1.0),
    "tom high": (-0.15, 0.5, 0.87),
    "tom mid": (0.2, 0.5, 0.87),
    "tom low": (0.5, 0.1, 0.72),
    "ride": (0.65, 0.45, 1.2),
    "cymbal": (0.0, 0.5, 1.8),
    "overhead": (0.0, 0.2, 1.8),
    "room": (0.0, 3.0, 1.5),
}
DRUMS, MICROPHONES = tuple(_DRUMS), tuple(_MICROPHONES)
#: microphones that stand at no drum
FAR = ("overhead", "room", "cymbal")
#: attenuation of other drums in a close microphone: the mean of a cardioid over the rear half
_BACK_DB = 6.0
#: the same in or at the kick drum, whose shell attenuates as well
_KICK_BACK_DB = 12.0
#: metres at which the reverberation is as loud as the direct sound
_REVERBERATION_M = 1.5
#: half the size of the smallest sound source: no microphone is closer to the middle of a drum
_NEAREST_M = 0.06
#: metres from the drums to overheads, and to room microphones
_OVERHEAD_M, _ROOM_M = 1.3, 3.0


def drum_key(drum: str) -> str:
    """One of ``DRUMS`` for a drum as ``roles.drum_of`` names it ("tom 1", "tom None")."""
    if drum.startswith("tom"):
        return {"1": "tom high", "2": "tom mid"}.get(drum.rpartition(" ")[2], "tom low")
    return drum if drum in _DRUMS else "cymbal"


def microphone_key(name: str, ordinal: int | None) -> str:
    """One of ``MICROPHONES`` for a role's name and number.

    The side does not matter: left may be the drummer's or the audience's.
    """
    if name == "tom":
        return drum_key(f"tom {ordinal}")
    return name if name in _MICROPHONES else "cymbal"


def is_own(microphone: str, drum: str) -> bool:
    """Whether a microphone of this key stands at the drum of that key."""
    if microphone in FAR:
        return False
    return microphone == drum or (drum in ("kick", "snare") and drum in microphone)


def level_db(microphone: str, drum: str) -> float:
    """Level of a drum in a microphone in dB; all of one drum share an offset without meaning."""
    back = 0.0
    if microphone not in FAR and not is_own(microphone, drum):
        back = _KICK_BACK_DB if "kick" in microphone else _BACK_DB
    return _reaching_db(_distance(microphone, drum)) - back - _usual_gain_db(microphone)


def _distance(microphone: str, drum: str) -> float:
    between = np.array(_MICROPHONES[microphone]) - np.array(_DRUMS[drum])
    return max(float(np.linalg.norm(between)), _NEAREST_M)


def _reaching_db(distance: float) -> float:
    """Level of direct sound and reverberation together at a distance in metres."""
    return float(power_to_db(np.asarray(1.0 / distance**2 + 1.0 / _REVERBERATION_M**2)))


def _usual_gain_db(microphone: str) -> float:
    """By how much a microphone's gain is usually lower than that of one far away.

    Gains are usually set so that the strokes of a microphone's own drum reach the same level.
    """
    if microphone in FAR:
        return _reaching_db(_ROOM_M if microphone == "room" else _OVERHEAD_M)
    return _reaching_db(_distance(microphone, next(d for d in DRUMS if is_own(microphone, d))))
