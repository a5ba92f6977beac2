"""The values that the menu and the settings dialog offer, and what is kept of them.

Standard library only: the menu's lists are made from here outside of REAPER.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from reaper_drumgain.hosts.live.setup import MODEL
from reaper_drumgain.schema.settings import (
    Automation,
    Existing,
    Level,
    Mode,
    Settings,
    Write,
)

#: the document that holds them in a project's ext state
KIND, SCHEMA = "settings", 1

Scope = Literal["selected", "all", "time selection"]
Audio = Literal["files", "skip", "export"]
Sections = Literal["usual", "regions", "markers", "time selection", "running"]
EnvelopeChoice = Literal["volume", "trim"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
AUDIOS: tuple[Audio, ...] = get_args(Audio)
WRITES: tuple[Write, ...] = get_args(Write)
MODES: tuple[Mode, ...] = get_args(Mode)
SECTIONS: tuple[Sections, ...] = get_args(Sections)
ENVELOPES: tuple[EnvelopeChoice, ...] = get_args(EnvelopeChoice)
EXISTING: tuple[Existing, ...] = get_args(Existing)

_KEEP = Level()


@dataclass(frozen=True, slots=True)
class Preferences:
    """The values of the settings dialog.

    Attributes
    ----------
    method
        A method, or ``model NAME``: the forest with a model of the user's own.
    amount
        In percent.
    level
        The level of the drums after the run.
    scope
        Which tracks are balanced; also that of the last run, for repeating it.
    write
        Faders or automation.
    audio
        What is done with tracks whose files are not what REAPER plays.
    sections
        By what automation divides the song.
    envelope
        Which envelope automation is written to.
    existing
        What is done with an envelope that the user made.
    automated
        Whether the last run wrote automation, whatever ``write`` says.
    listen
        Whether kick drums whose names say nothing are recognized by their sound.
    remember
        Whether analysis results are cached in the user's cache folder.
    mode
        All faders anew, or outliers only.
    """

    method: str
    amount: float = 100.0
    level: Level = _KEEP
    scope: Scope = "selected"
    write: Write = "volume"
    audio: Audio = "files"
    sections: Sections = "usual"
    envelope: EnvelopeChoice = "volume"
    existing: Existing = "refuse"
    automated: bool = False
    listen: bool = False
    remember: bool = True
    mode: Mode = "auto"

    def settings(self) -> Settings:
        """The settings of a run over all tracks. Raises InputError."""
        own = self.method.startswith(MODEL)
        return Settings(
            method=Settings().method if own else self.method,
            model=self.method.removeprefix(MODEL) if own else "",
            amount=self.amount,
            level=self.level,
            write="automation" if self.automated else self.write,
            automation=Automation(
                sections=self.sections, envelope=self.envelope, existing=self.existing
            ),
            listen=self.listen,
            mode=self.mode,
        )


#: what the menu says of each value, by the field of Preferences
WORDS: dict[str, dict[str, str]] = {
    "mode": {
        "auto": "Auto: outliers if faders were set by hand, else all",
        "outliers": "Outliers: only faders outside the engineers' range",
        "all": "All: set every fader anew",
    },
    "scope": {
        "selected": "Selected drum tracks",
        "all": "All drum tracks",
        "time selection": "Within the time selection",
    },
    "write": {
        "volume": "Faders",
        "automation": "Faders and volume envelopes",
    },
    "audio": {
        "files": "Files: as recorded, without effects",
        "skip": "Skip: do not move tracks that do not sound like their files",
        "export": "Export: REAPER renders such tracks pre-fader",
    },
    "sections": {
        "usual": "Regions, or markers if there are none (default)",
        "regions": "Regions",
        "markers": "From marker to marker",
        "time selection": "Time selection",
        "running": "None: gains that follow the song (method cross-adaptive)",
    },
    "envelope": {
        "volume": "Volume envelope",
        "trim": "Trim volume envelope",
    },
    "existing": {
        "refuse": "Leave that track without automation",
        "trim": "Keep it and multiply",
        "replace": "Replace it",
    },
}

#: the roles that the menu offers, as Role.parse reads them
ROLE_GROUPS: dict[str, tuple[str, ...]] = {
    "Kick": ("kick in", "kick out", "kick", "sub kick"),
    "Snare": ("snare top", "snare bottom", "snare"),
    "Toms": (*(f"tom {number}" for number in range(1, 7)), "tom"),
    "Hi-hat and cymbals": ("hi-hat", "ride", "cymbal"),
    "Overheads": ("overhead left", "overhead right", "overhead stereo", "overhead mono"),
    "Rooms": ("room left", "room right", "room stereo", "room mono"),
    "Others": ("percussion", "sample"),
}
