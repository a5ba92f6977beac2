"""The values that the menu and the settings dialog offer, and what is kept of them.

Standard library only: the menu's lists are made from here outside of REAPER.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

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

    ``scope`` and ``automated`` are also those of the last run, for repeating it; ``automated``
    means that it wrote automation whatever ``write`` says. ``amount`` is in percent. ``listen``:
    kick drums whose names say nothing are recognized by their sound. ``remember``: analysis
    results are cached in the user's cache folder.
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
        return Settings(
            method=self.method,
            amount=self.amount,
            level=self.level,
            write="automation" if self.automated else self.write,
            automation=Automation(
                sections=self.sections, envelope=self.envelope, existing=self.existing
            ),
            listen=self.listen,
            mode=self.mode,
        )
