"""A project file for audio files that have none: one track for each file, its item at 0.

The text is as REAPER 6 writes it, with what it needs of a new project; the rest REAPER fills in.
Standard library only: the caller says what the files hold.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reaper_drumgain.errors import InputError
from reaper_drumgain.hosts.rpp.read import ProjectFile, project_of

#: the kinds of sources by what file names end in; other audio is WAVE, as REAPER tells by the file
_KINDS = {
    ".flac": "FLAC",
    ".mp3": "MP3",
    ".ogg": "VORBIS",
    ".opus": "OPUS",
    ".wv": "WAVPACK",
    ".m4a": "VIDEO",
    ".mp4": "VIDEO",
    ".mov": "VIDEO",
}


@dataclass(frozen=True, slots=True)
class NewTrack:
    """A track to make.

    Attributes
    ----------
    name
        Its name.
    file
        The name of its audio file in the project's folder.
    seconds
        How long it plays.
    pan
        -1 (left) to 1 (right).
    """

    name: str
    file: str
    seconds: float
    pan: float = 0.0


def new_project(path: Path, tracks: Sequence[NewTrack], rate: int) -> ProjectFile:
    """A project that is not on disk yet, as if it had been read.

    ``apply_plan`` writes it, to a file that is not there. Raises InputError where a name cannot be
    written in the format.

    Parameters
    ----------
    path
        The file that it would be.
    tracks
        In project order.
    rate
        Sample rate in Hz.

    Returns
    -------
    ProjectFile
        With ``made`` set.
    """
    lines = [
        f'<REAPER_PROJECT 0.1 "6.69/win64" {_VERSION_TIME}',
        "  RIPPLE 0",
        "  GROUPOVERRIDE 0 0 0",
        "  AUTOXFADE 1",
        "  PANLAW 1",
        "  PROJOFFS 0 0 0",
        "  PANMODE 3",
        "  CURSOR 0",
        "  ITEMMIX 1",
        f"  SAMPLERATE {rate} 1 0",
        "  TEMPO 120 4 4",
        "  MASTERMUTESOLO 0",
        "  MASTER_NCH 2 2",
        "  MASTER_VOLUME 1 0 -1 -1 1",
    ]
    for number, track in enumerate(tracks, 1):
        lines += _track(track, number)
    text = "".join(f"{line}\n" for line in [*lines, ">"])
    return project_of(os.fsencode(text), path, mode=0o644, made=True)


#: the time stamp of the format's first line; a fixed one, so that the same files give the same text
_VERSION_TIME = 1571313600


def _track(track: NewTrack, number: int) -> list[str]:
    guid = _guid("track", number, track)
    kind = _KINDS.get(Path(track.file).suffix.lower(), "WAVE")
    return [
        f"  <TRACK {guid}",
        f"    NAME {_quoted(track.name)}",
        "    PEAKCOL 16576",
        "    AUTOMODE 0",
        f"    VOLPAN 1 {track.pan:g} -1 -1 1",
        "    MUTESOLO 0 0 0",
        "    IPHASE 0",
        "    ISBUS 0 0",
        "    NCHAN 2",
        "    FX 1",
        f"    TRACKID {guid}",
        "    MAINSEND 1 0",
        "    <ITEM",
        "      POSITION 0",
        "      SNAPOFFS 0",
        f"      LENGTH {track.seconds:.10f}",
        "      LOOP 0",
        "      ALLTAKES 0",
        "      FADEIN 1 0 0 1 0 0 0",
        "      FADEOUT 1 0 0 1 0 0 0",
        "      MUTE 0 0",
        f"      IGUID {_guid('item', number, track)}",
        f"      IID {number}",
        f"      NAME {_quoted(track.file)}",
        "      VOLPAN 1 0 1 -1",
        "      SOFFS 0",
        "      PLAYRATE 1 1 0 -1 0 0.0025",
        "      CHANMODE 0",
        f"      GUID {_guid('take', number, track)}",
        f"      <SOURCE {kind}",
        f"        FILE {_quoted(track.file)}",
        "      >",
        "    >",
        "  >",
    ]


def _guid(what: str, number: int, track: NewTrack) -> str:
    """The same for the same file at the same place, so that a second run writes the same."""
    seed = f"drumgain {what} {number} {track.file}".encode("utf-8", "surrogateescape")
    digits = hashlib.sha256(seed).hexdigest()[:32].upper()
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return f"{{{'-'.join(parts)}}}"


def _quoted(text: str) -> str:
    if not set("\r\n\0") & set(text):
        for quote in "\"'`":
            if quote not in text:
                return f"{quote}{text}{quote}"
    raise InputError(
        f"the name {text[:80]!r} cannot be written in a project file (quotes of all kinds, or line "
        "ends in it): rename the file"
    )
