"""What several tests of written project files build on."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from reaper_drumgain.hosts.rpp import (
    ProjectFile,
)
from reaper_drumgain.schema.plan import GainPlan, TrackPlan
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.units import Decibel

TWO = (
    "  <TRACK {A}\n    NAME Kick\n    VOLPAN 1 0 -1 -1 1\n"
    "    <ITEM\n      VOLPAN 1 0 1 -1\n    >\n  >\n"
    '  <TRACK {B}\n    NAME "Snare Top"\n    VOLPAN 0.50000000000000 -0.25 -1 -1 1\n  >\n'
)
NOW = datetime(2026, 11, 22, 18, 15, 30)


def plan_for(project: ProjectFile, levels: dict[int, float]) -> GainPlan:
    tracks = tuple(
        TrackPlan(
            index=index,
            name=project.session.tracks[index].name,
            guid=project.session.tracks[index].guid,
            role="kick",
            old_db=Decibel(0.0),
            new_db=Decibel(level),
        )
        for index, level in levels.items()
    )
    return GainPlan(project=str(project.path), method="unity", settings=Settings(), tracks=tracks)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}
