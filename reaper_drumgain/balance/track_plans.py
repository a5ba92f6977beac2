"""The plan of every drum track: old and new fader, flags, levels, automation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.faders.activity import TrackActivity
from reaper_drumgain.faders.followers import Following
from reaper_drumgain.faders.levels import PathLevels
from reaper_drumgain.faders.solution import Solution
from reaper_drumgain.methods.base import MethodGains
from reaper_drumgain.schema.plan import Levels, TrackPlan
from reaper_drumgain.tracks.routing import has_effects
from reaper_drumgain.tracks.selection import DrumTrack, Selection
from reaper_drumgain.units import Decibel, decibel_or_none

if TYPE_CHECKING:
    from reaper_drumgain.automation.records import AutomationResult

#: makes the move of another track; the same audio as another track
FOLLOWS, SAME = "follows", "same audio"
LIMITED, PAIR, GROUP, EFFECTS = "limited", "pair", "grouped", "effects"
#: stays in mode outliers because it stands within its interval
WITHIN = "within range"


def track_plans(
    selection: Selection,
    activity: TrackActivity,
    media_flags: Sequence[Sequence[str]],
    path: PathLevels,
    solution: Solution,
    automation: AutomationResult | None = None,
    gains: MethodGains | None = None,
    bundled: NDArray[np.float64] | None = None,
    following: Mapping[int, Following] = MappingProxyType({}),
    share: float | None = 1.0,
) -> list[TrackPlan]:
    """The plans of all drum tracks, in project order.

    All arguments but ``selection`` are over its n measured tracks; the others stay.

    Parameters
    ----------
    selection
        The drum tracks.
    activity
        Which tracks play their own drum.
    media_flags
        For each track, how its media differ from what REAPER plays.
    path, solution
        The levels that the tracks have behind their faders, and the faders.
    automation
        The envelopes, None for none.
    gains
        What the method told; recording gains become part of the plans.
    bundled
        Shape (n,): the faders in dB by the bundled model, where the method is the user's own model.
    following
        By place the tracks that make the move of another one.
    share
        Part of the moves that is made, 0 to 1. None where moves are not those of the gains.

    Returns
    -------
    list of TrackPlan
        One for each of ``selection.drums``.
    """
    measured: dict[int, TrackPlan] = {}
    for place, drum in enumerate(selection.measured):
        plan = _measured_plan(drum, place, activity, media_flags[place], path, solution)
        if gains is not None:
            plan = replace(
                plan,
                recording_gain_db=_at(gains.recording_gain_db, place),
                recording_gain_sd_db=_at(gains.recording_gain_sd_db, place),
                undone_db=None if share is None else _at(gains.undone_db, place, share),
                bundled_db=_at(bundled, place),
            )
        if place in following:
            own = (SAME,) if following[place].same else (FOLLOWS,)
            plan = replace(plan, flags=(*plan.flags, *own))
        if automation is not None:
            plan = _with_automation(plan, place, automation)
        measured[drum.track.index] = plan
    return [measured.get(d.track.index) or _unmoved_plan(d) for d in selection.drums]


def levels_of(solution: Solution) -> Levels:
    """The levels of the drums before and after, rounded; None where they are unknown."""
    return Levels(
        before_lufs=_rounded(solution.before_lufs),
        after_lufs=_rounded(solution.after_lufs),
        before_dbfs=_rounded(solution.before_dbfs),
        after_dbfs=_rounded(solution.after_dbfs),
    )


def _rounded(level: float | None) -> Decibel | None:
    return None if level is None or not math.isfinite(level) else Decibel(round(level, 2) + 0.0)


def _at(levels: NDArray[np.float64] | None, place: int, share: float = 1.0) -> Decibel | None:
    return None if levels is None else _rounded(float(levels[place]) * share)


def _fader(level: Decibel | None) -> Decibel | None:
    """A fader rounded to a millionth of a decibel.

    With fewer digits the offset of a pair would change.
    """
    return None if level is None else Decibel(round(level, 6))


def _unmoved_plan(drum: DrumTrack) -> TrackPlan:
    """The plan of a drum track that is neither measured nor moved."""
    old = _fader(decibel_or_none(drum.track.fader))
    return TrackPlan(
        index=drum.track.index,
        name=drum.track.name,
        role=drum.role.name,
        old_db=old,
        new_db=old,
        guid=drum.track.guid,
        side=drum.role.side,
        ordinal=drum.role.ordinal,
        drum=drum.role.drum,
        flags=(drum.flag,) if drum.flag else (),
        reason=drum.why,
    )


def _measured_plan(
    drum: DrumTrack,
    place: int,
    activity: TrackActivity,
    media_flags: Sequence[str],
    path: PathLevels,
    solution: Solution,
) -> TrackPlan:
    unmoved = _unmoved_plan(drum)
    state = activity.states[place]
    flags = [*unmoved.flags, *([state] if state else []), *media_flags]
    if has_effects(drum.track) and drum.track.effects_db is None:
        flags.append(EFFECTS)
    if drum.links:
        flags.append(GROUP if drum.track.volume_groups else PAIR)
    missing = _rounded(float(solution.limited_db[place])) or None
    if missing is not None:
        flags.append(LIMITED)
    if solution.within is not None and solution.within[place]:
        flags.append(WITHIN)
    own = float(activity.loudness_lufs[place])
    return replace(
        unmoved,
        new_db=_fader(Decibel(float(solution.faders[place]))),
        interval_db=_interval(solution, place),
        flags=tuple(dict.fromkeys(flags)),
        loudness_lufs=_rounded(own),
        path_db=_rounded(float(path.path_db[place])),
        limited_db=missing,
        trim_db=Decibel(float(solution.trims[place])),
        held=state is not None,
    )


def _interval(solution: Solution, place: int) -> tuple[Decibel, Decibel] | None:
    if solution.intervals is None or not np.isfinite(solution.intervals[place]).all():
        return None
    low, high = solution.intervals[place].tolist()
    return Decibel(round(low, 2)), Decibel(round(high, 2))


def _with_automation(plan: TrackPlan, place: int, automation: AutomationResult) -> TrackPlan:
    from reaper_drumgain.automation.existing_envelopes import NOT_AUTOMATED

    refusal = automation.refusals[place]
    flags = plan.flags if refusal is None else (*plan.flags, NOT_AUTOMATED)
    return replace(plan, flags=flags, automation=automation.tracks[place], not_automated=refusal)
