"""REAPER's rules for items that the project file host and the live host both apply.

- A fade's length is that of the automatic crossfade where it has one, else its own. Shapes are
  0 to 6; equal power came later and is kept as 1.1.
- A play rate beyond 1/1000 to 1000 is damage.
- Item solo: -1 on the item itself overrides its mute, 1 says that another item is soloed.
- A source's type says what it is; ``_OFFLINE_`` before it says that REAPER had the media offline.

Standard library only.
"""

from __future__ import annotations

from typing import Literal

from reaper_drumgain.schema.session import Fade

SourceKind = Literal["file", "midi", "empty", "other"]
#: how deep sections within sections are opened
MAX_SECTIONS = 16
#: types that are one media file; what its format is, the file itself says
_AUDIO_FILES = frozenset(("WAVE", "AIFF", "MP3", "FLAC", "VORBIS", "OPUS", "WAVPACK", "VIDEO"))
#: pooled MIDI has a type of its own
_MIDI = frozenset(("MIDI", "MIDIPOOL"))
_OFFLINE = "_OFFLINE_"
_EQUAL_POWER, _EQUAL_POWER_AS_KEPT = 7, 1.1
_NO_FADE = Fade()


def item_fade(
    side: Literal["in", "out"],
    shape: float,
    length: float,
    automatic: float,
    curvature: float,
    faults: list[str],
) -> Fade:
    """A fade from REAPER's values.

    Parameters
    ----------
    side
        Which end of the item it is at.
    shape
        REAPER's number of the shape. An unknown one is taken as linear.
    length
        Seconds of the item's own fade.
    automatic
        Seconds of the automatic crossfade; counts where it is over 0.
    curvature
        -1 to 1; values beyond are limited.
    faults
        Gets half a sentence on an unknown shape.

    Returns
    -------
    Fade
        Without length where there is no fade.
    """
    seconds = automatic if automatic > 0.0 else length
    if seconds <= 0.0:
        return _NO_FADE
    number = _EQUAL_POWER if shape == _EQUAL_POWER_AS_KEPT else int(shape)
    if not 0 <= number <= _EQUAL_POWER:
        faults.append(f"its fade-{side} has shape {number}: read as linear")
        number = 0
    return Fade(seconds, number, min(1.0, max(-1.0, curvature)))


def play_rate(rate: float, faults: list[str]) -> float:
    """The play rate of a take; 1 for one that cannot be meant, which is said in ``faults``."""
    if 1e-3 <= rate <= 1e3:
        return rate
    faults.append(f"its play rate is {rate:g}: read as 1")
    return 1.0


def item_muted(*, mute: bool, solo: float) -> bool:
    """Whether an item is silent, from its mute and its item solo."""
    return solo > 0.0 or (solo == 0.0 and mute)


def source_type(written: str) -> tuple[str, SourceKind, bool]:
    """A media source's type as REAPER has it: the type's name, its kind, whether offline."""
    name = written.removeprefix(_OFFLINE)
    offline = name != written
    if name in ("", "EMPTY"):
        return name, "empty", offline
    if name in _MIDI:
        return "MIDI", "midi", offline
    # RPP_PROJECT names a file that is no audio, CLICK and LTC none
    return name, "file" if name in _AUDIO_FILES else "other", offline
