"""Several kits in one project: gains over time for each as if it were alone.

A kit is not compared with another one, neither in what is played in a section nor in its level.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from reaper_drumgain.analysis.subsets import of_tracks
from reaper_drumgain.automation.inputs import AutomationInput, old_gains_over_time
from reaper_drumgain.automation.records import SectionFaders
from reaper_drumgain.faders.activity import track_activity
from reaper_drumgain.faders.levels import PathLevels
from reaper_drumgain.faders.links import linked_places
from reaper_drumgain.faders.trims import TrackTrims
from reaper_drumgain.tracks.kits import within_kit

T = TypeVar("T")


def of_each_kit(given: AutomationInput) -> tuple[AutomationInput, ...]:
    """What automation of each kit starts from, in the order of ``given.kits``.

    The whole input alone where there is one kit, or where the method takes all tracks together.
    """
    if len(given.kits) < 2 or given.method.whole_session:
        return (given,)
    return tuple(_of_kit(given, kit) for kit in given.kits)


def _of_kit(given: AutomationInput, kit: Sequence[int]) -> AutomationInput:
    places = list(kit)
    members = [given.drums[place] for place in places]
    drums = tuple(within_kit(drum, members) for drum in members)
    measurement = of_tracks(given.analysis.measurement, places)
    flags = tuple(given.analysis.flags[place] for place in places)
    analysis = replace(given.analysis, measurement=measurement, flags=flags)
    activity = replace(
        track_activity(drums, measurement, flags),
        states=tuple(given.activity.states[place] for place in places),
        causes=tuple(given.activity.causes[place] for place in places),
        short=given.activity.short[places],
    )
    path = PathLevels(measurement, [drum.path for drum in drums])
    existing = tuple(given.existing[place] for place in places)
    old = given.old_faders_db[places]
    solved, limited = given.solved_db[places], given.limited_db[places]
    change = path.loudness(solved + limited) - path.loudness(old)
    return replace(
        given,
        drums=drums,
        analysis=analysis,
        activity=activity,
        path=path,
        links=linked_places(drums),
        existing=existing,
        refusals=tuple(given.refusals[place] for place in places),
        movable=given.movable[places],
        automatable=given.automatable[places],
        old_faders_db=old,
        faders_db=given.faders_db[places],
        solved_db=solved,
        limited_db=limited,
        level_change_db=change if math.isfinite(change) else 0.0,
        powers_before=path.powers(old_gains_over_time(analysis, existing, old)),
        trims=TrackTrims(given.trims.made[places], given.trims.wanted[places]),
        kits=(tuple(range(len(places))),),
        leaders={
            places.index(place): places.index(leader)
            for place, leader in given.leaders.items()
            if place in places and leader in places
        },
    )


def joined(given: AutomationInput, parts: Sequence[Sequence[T]]) -> list[T]:
    """What is known of the tracks of each kit (``parts``), in the order of all tracks."""
    if len(parts) == 1:
        return list(parts[0])
    found = {
        place: value
        for kit, part in zip(given.kits, parts, strict=True)
        for place, value in zip(kit, part, strict=True)
    }
    return [found[place] for place in sorted(found)]


def joined_sections(
    given: AutomationInput, parts: Sequence[Sequence[SectionFaders]]
) -> tuple[SectionFaders, ...]:
    """The gains of all tracks in each section, from those of each kit."""
    return tuple(
        SectionFaders(
            np.array(joined(given, [own.faders_db.tolist() for own in section])),
            tuple(joined(given, [own.states for own in section])),
            tuple(dict.fromkeys(text for own in section for text in own.warnings)),
        )
        for section in zip(*parts, strict=True)
    )
