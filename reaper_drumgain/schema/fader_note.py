"""The note that DrumGain leaves on a track whose fader it wrote.

It tells faders that DrumGain set from those that the user set. It counts only while the fader
still equals it, and it is one line of text without blanks or quotes:

    1;all;0.70794578438414;1

version, mode of the run, the fader that was written, and the fader before that run without its
trim (both linear gains; see ``schema.trims``). A run over a part of each move starts from the fader
before, so that a second one changes nothing. A project may come from anybody, so the note is
checked. Standard library only.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from reaper_drumgain.schema.session import Track
from reaper_drumgain.schema.settings import UsedMode
from reaper_drumgain.units import LinearGain

#: under ``P_EXT:`` in REAPER, and in the ``<EXT`` block of a track in project files
KEY = "drumgain_fader"
#: compiled when it is first used: few tracks have a note
_NOTE = r"1;(all|outliers);(\d{1,3}(?:\.\d{1,16})?);(\d{1,3}(?:\.\d{1,16})?)"
#: relative tolerance between the fader and its note: about 0.00001 dB
_SAME = 1e-6


@dataclass(frozen=True, slots=True)
class FaderNote:
    """What a note says.

    Attributes
    ----------
    mode
        The mode of the run.
    fader
        The fader that it wrote, a linear gain.
    before
        The fader before that run, without its trim, a linear gain.
    """

    mode: UsedMode
    fader: LinearGain
    before: LinearGain

    @property
    def text(self) -> str:
        """The note as it is stored."""
        return f"1;{self.mode};{_digits(self.fader)};{_digits(self.before)}"


def standing_note(track: Track) -> FaderNote | None:
    """The note of a track, None where it has none or where its fader was moved since."""
    note = _parse(track.fader_note) if track.fader_note else None
    if note is None or not math.isclose(note.fader, track.fader, rel_tol=_SAME):
        return None
    return note


def _digits(gain: float) -> str:
    return f"{gain:.14f}".rstrip("0").rstrip(".")


def _parse(text: str) -> FaderNote | None:
    found = re.fullmatch(_NOTE, text, re.ASCII)
    if found is None:
        return None
    mode: UsedMode = "all" if found[1] == "all" else "outliers"
    return FaderNote(mode, LinearGain(float(found[2])), LinearGain(float(found[3])))
