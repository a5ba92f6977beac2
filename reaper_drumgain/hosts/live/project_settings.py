"""Settings of the open project that decide how its tracks sound.

REAPER does not tell scripts the project's own pan law, pan mode and item mix behavior, nor the
global automation override of a tab in the background. These are read from the start of the saved
file. A project that was never saved has REAPER's defaults.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from reaper_drumgain.hosts.live import reaper
from reaper_drumgain.hosts.live.reaper import RPR, Calls, Project
from reaper_drumgain.tracks import item_mix
from reaper_drumgain.tracks.reaper_rules import MAX_SAMPLE_RATE

_LINE = re.compile(
    rb"^[ \t]*(PANLAW|PANMODE|ITEMMIX|GLOBAL_AUTO|<TRACK)[ \t]+([^ \t\r\n]+)", re.MULTILINE
)
_RECORD_PATH = re.compile(
    rb"""^[ \t]*RECORD_PATH[ \t]+("[^"\r\n]*"|'[^'\r\n]*'|`[^`\r\n]*`|[^ \t\r\n]+)"""
    rb"""(?:[ \t]+("[^"\r\n]*"|'[^'\r\n]*'|`[^`\r\n]*`|[^ \t\r\n]+))?""",
    re.MULTILINE,
)
_MAX_HEAD_BYTES = 1 << 16
_MIN_SAMPLE_RATE = 1000


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """What tracks need to know of their project.

    Attributes
    ----------
    sample_rate
        In Hz; None if the project follows the audio device.
    pan_law
        A linear gain.
    pan_law_known
        False if no saved file says the pan law.
    pan_mode
        REAPER's number.
    item_mix_behavior
        REAPER's number, see ``tracks.item_mix``.
    automation_override
        REAPER's number of an automation mode for all tracks, -1 for none.
    record_paths
        The folders that recordings go to.
    """

    sample_rate: int | None = None
    pan_law: float = 1.0
    pan_law_known: bool = False
    pan_mode: int = 3
    item_mix_behavior: int = item_mix.ENCLOSED
    automation_override: int = -1
    record_paths: tuple[str, ...] = ()


def read_settings(calls: Calls, project: Project) -> ProjectSettings:
    """Read the settings from REAPER and from the project's saved file."""
    found = replace(_saved_settings(project.path), sample_rate=_sample_rate(calls, project))
    # REAPER tells the override of the current tab only
    is_current = reaper.current_project().address == project.address
    if is_current and reaper.has("GetGlobalAutomationOverride"):
        found = replace(found, automation_override=int(RPR.GetGlobalAutomationOverride()))
    return found


def _record_paths(head: bytes) -> tuple[str, ...]:
    found = _RECORD_PATH.search(head.partition(b"<TRACK")[0])
    words = found.groups() if found is not None else ()
    return tuple(
        reaper.text_of(word[1:-1] if word[:1] in (b'"', b"'", b"`") else word)
        for word in words
        if word is not None
    )


def _sample_rate(calls: Calls, project: Project) -> int | None:
    read = calls.function("GetSetProjectInfo", "double", "pointer", "text", "double", "bool")
    rate = int(read(project.address, b"PROJECT_SRATE", 0.0, 0))
    used = read(project.address, b"PROJECT_SRATE_USE", 0.0, 0) != 0.0
    return rate if used and _MIN_SAMPLE_RATE <= rate <= MAX_SAMPLE_RATE else None


def _saved_settings(path: str) -> ProjectSettings:
    found = ProjectSettings()
    if not path:
        return found
    try:
        with Path(path).open("rb") as file:
            head = file.read(_MAX_HEAD_BYTES)
    except (OSError, ValueError):
        return found
    found = replace(found, pan_law_known=True, record_paths=_record_paths(head))
    for key, raw in _LINE.findall(head):
        if key == b"<TRACK":
            break
        try:
            value = float(raw)
        except ValueError:
            continue
        if not abs(value) < 1e6:
            continue
        if key == b"PANLAW":
            found = replace(found, pan_law=value if value >= 0.0 else found.pan_law)
        elif key == b"PANMODE":
            found = replace(found, pan_mode=int(value))
        elif key == b"ITEMMIX":
            found = replace(found, item_mix_behavior=int(value))
        else:
            found = replace(found, automation_override=int(value))
    return found
