"""The outcome of one project of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reaper_drumgain.schema.settings import UsedMode
from reaper_drumgain.units import Decibel

#: written: to a file. planned: a dry run. unchanged: no move was large enough to be heard.
#: nothing: no drum track to balance. failed: ``message`` says why.
Status = Literal["written", "planned", "unchanged", "nothing", "failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of the summary. ``moved`` of ``drums`` tracks; loudness of the drums together.

    ``mode``: all faders balanced anew, or outliers only; None where there is no plan.

    ``earlier``: it was done by the interrupted run that this one resumes.
    """

    project: str
    status: Status
    message: str = ""
    drums: int = 0
    moved: int = 0
    warnings: int = 0
    before_lufs: Decibel | None = None
    after_lufs: Decibel | None = None
    output: str | None = None
    backup: str | None = None
    report: str | None = None
    mode: UsedMode | None = None
    earlier: bool = False
