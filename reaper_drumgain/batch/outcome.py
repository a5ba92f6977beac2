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
    """The outcome of one project: one line of the summary.

    Attributes
    ----------
    project
        The path of the project.
    status
        What was done with it.
    message
        Why it failed, or what the user has to know of it.
    drums, moved
        The number of drum tracks, and of those that move.
    warnings
        The number of warnings in the plan.
    before_lufs, after_lufs
        Loudness of the drums together; None where there is no plan.
    output, backup, report
        Paths of what was written, else None.
    mode
        All faders balanced anew, or outliers only; None where there is no plan.
    earlier
        Whether it was done by the interrupted run that this one resumes.
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
