"""Whether a run balances all faders anew or moves only those outside the engineers' range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.errors import InputError
from reaper_drumgain.faders.outliers import is_untouched, sharing_one_value
from reaper_drumgain.schema.fader_note import FaderNote, standing_note
from reaper_drumgain.schema.plan import TrackPlan
from reaper_drumgain.schema.settings import Settings, UsedMode
from reaper_drumgain.tracks.selection import DrumTrack
from reaper_drumgain.tracks.trims import made_trim
from reaper_drumgain.units import Decibel, is_off, to_decibel, to_linear


@dataclass(frozen=True, slots=True)
class ModeChoice:
    """The mode of a run.

    Attributes
    ----------
    mode
        The mode.
    why
        The reason for it, as half a sentence.
    other
        Whether the other mode could have been chosen.
    """

    mode: UsedMode
    why: str
    other: bool = True


def choose_mode(
    settings: Settings, drums: Sequence[DrumTrack], *, has_intervals: bool
) -> ModeChoice:
    """The mode of a run over the measured drum tracks.

    ``auto`` is ``all`` where at least two thirds of them share one fader value or stand where a
    run over all faders left them, else ``outliers``. It is ``all`` for a method without intervals,
    too. An outlier that was moved to the edge of its range does not count as set by DrumGain:
    otherwise a second run could be of the other mode.

    Parameters
    ----------
    settings
        The mode that is asked for, and the name of the method.
    drums
        The measured tracks with their faders and notes.
    has_intervals
        Whether the method knows between which faders engineers stand.

    Returns
    -------
    ModeChoice
        ``all`` or ``outliers``, and why.

    Raises
    ------
    InputError
        ``outliers`` is asked for, and the method has no intervals.
    """
    if not has_intervals:
        if settings.mode == "outliers":
            raise InputError(
                "mode outliers needs the engineers' range of each fader, which the method "
                f"{settings.method} does not give: use mode auto or all"
            )
        return ModeChoice(
            "all", f"the method {settings.method} gives no engineers' range", other=False
        )
    alike = _alike(drums)
    why = (
        f"{alike} of {len(drums)} drum microphones share one fader value or are where DrumGain "
        "set them"
    )
    if settings.mode != "auto":
        return ModeChoice(settings.mode, "as set")
    return ModeChoice("all" if is_untouched(alike, len(drums)) else "outliers", why)


def starting_faders(
    settings: Settings, drums: Sequence[DrumTrack], mode: UsedMode
) -> NDArray[np.float64]:
    """The faders from which moves are counted: mostly the present ones.

    With an amount below 100 % it is the fader from before the last run, where the fader still has
    the value that its note from a run of this mode names. So a second run makes the same part of
    the same move, and changes nothing.

    Parameters
    ----------
    settings
        Says the amount.
    drums
        The n measured tracks.
    mode
        The mode of this run.

    Returns
    -------
    ndarray
        Shape (n,): faders in dB without the trims in them.
    """
    return np.array([_start(drum, mode, settings.amount) for drum in drums])


def _start(drum: DrumTrack, mode: UsedMode, amount: float) -> float:
    note = standing_note(drum.track) if amount < 100.0 and drum.flag is None else None
    if note is None or note.mode != mode or is_off(note.before):
        return to_decibel(drum.track.fader) - made_trim(drum)
    return to_decibel(note.before)


def with_notes(
    plans: Sequence[TrackPlan], mode: UsedMode, start_db: Mapping[int, float]
) -> tuple[TrackPlan, ...]:
    """The plans with the notes for the faders that they write.

    Parameters
    ----------
    plans
        The plans of the drum tracks.
    mode
        The mode of the run.
    start_db
        The faders in dB from which moves are counted, by the tracks' index.

    Returns
    -------
    tuple of TrackPlan
        In the same order.
    """
    return tuple(
        replace(plan, note=_note(plan.new_db, mode, start_db[plan.index]))
        if plan.moves and plan.new_db is not None
        else plan
        for plan in plans
    )


def _note(new_db: Decibel, mode: UsedMode, start_db: float) -> str:
    return FaderNote(mode, to_linear(new_db), to_linear(Decibel(start_db))).text


def _alike(drums: Sequence[DrumTrack]) -> int:
    """How many drum tracks share one fader value or stand at their note."""
    noted = [_is_noted(drum) for drum in drums]
    others = [drum for drum, own in zip(drums, noted, strict=True) if not own]
    return sum(noted) + sharing_one_value(
        [to_decibel(drum.track.fader) - made_trim(drum) for drum in others]
    )


def _is_noted(drum: DrumTrack) -> bool:
    note = standing_note(drum.track)
    return note is not None and note.mode == "all"
