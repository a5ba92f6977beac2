"""Automation of a plan, for a person and for programs."""

from __future__ import annotations

from typing import Any

from reaper_drumgain.cli import show
from reaper_drumgain.cli.table import print_table
from reaper_drumgain.schema.plan import GainPlan, TrackPlan
from reaper_drumgain.schema.printable import printable
from reaper_drumgain.units import Decibel, LinearGain, to_decibel

#: more columns than this no terminal holds
_MOST_COLUMNS = 8


def document(track: TrackPlan) -> dict[str, Any]:
    """What the JSON object of a plan says of one track's automation."""
    made = track.automation
    return {
        "sections": [
            {
                "name": section.name,
                "start": section.start,
                "end": section.end,
                "fader_db": section.fader_db,
                "state": section.state,
            }
            for section in (made.sections if made is not None else ())
        ],
        "automation": None
        if made is None
        else {
            "envelope": made.envelope,
            "points": [[point.time, point.value, point.shape] for point in made.points],
            "kept_points": [made.kept_before, made.kept_after],
            "within_db": made.within_db,
        },
        "not_automated": track.not_automated,
    }


def table(plan: GainPlan) -> None:
    """Print what each track gets: its level in every section, or its lowest and highest level."""
    tracks = plan.automated
    for track in plan.tracks:
        if track.not_automated is not None:
            name = printable(track.name)
            show.say(f"no automation of {name}: {printable(track.not_automated)}")
    if not tracks:
        show.say("no envelope is changed")
        return
    sections = tracks[0].automation.sections if tracks[0].automation else ()
    if 0 < len(sections) <= _MOST_COLUMNS:
        header = ["#", "Track", *(printable(s.name) for s in sections), "Points"]
        rows = [[*_start(track), *_levels(track), _points(track)] for track in tracks]
    else:
        header = ["#", "Track", "Lowest", "Highest", "Points"]
        rows = [[*_start(track), *_range(track), _points(track)] for track in tracks]
    print_table(header, rows, numbers={0, *range(2, len(header))})
    if sections:
        show.say(
            f"{len(sections)} sections; levels are fader plus envelope, in dB; (held): the track "
            "is silent there, holds only bleed, or the section is too short"
        )
    else:
        show.say("fader and envelope together, in dB")
        loosest = max((t.automation.within_db for t in tracks if t.automation), default=0.0)
        show.say(f"the points are within {loosest:.2f} dB of the gains that follow the song")


def _start(track: TrackPlan) -> list[str]:
    return [str(track.index + 1), track.name]


def _points(track: TrackPlan) -> str:
    return str(len(track.automation.points)) if track.automation is not None else ""


def _levels(track: TrackPlan) -> list[str]:
    sections = track.automation.sections if track.automation is not None else ()
    return [
        show.decibels(section.fader_db)
        if section.state is None
        else f"({show.decibels(section.fader_db)})"
        for section in sections
    ]


def _range(track: TrackPlan) -> list[str]:
    assert track.automation is not None
    fader = track.new_db or 0.0
    values = [point.value for point in track.automation.points]
    return [
        show.decibels(Decibel(fader + to_decibel(LinearGain(value))) if value > 0.0 else None)
        for value in (min(values, default=1.0), max(values, default=1.0))
    ]
