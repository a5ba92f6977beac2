"""The gains of each section of the song, as one curve over time for each track.

Methods go one of two ways. One that rides playing (``Method.rides_playing``) keeps its constant
gains, and a section follows what is played in it a little: see ``section_rides``. For any other
each section is balanced as if it were the whole song, from the one analysis of the audio, with
these differences (of several kits each for itself, see ``kit_inputs``):

- a track that rests (see ``section_states``) keeps its constant gain in a section. One that holds
  only bleed there is raised neither above that nor above the fader that the user had. One that is
  held in the whole song is never moved.
- a section shorter than ``sections.SHORTEST_S`` has no gains of its own: those of the section
  next to it go on, as an engineer leaves the faders for a fill. Where none adjoins, and for
  tracks that rest there, it is the constant gain.
- each section keeps its own level (see ``section_levels``), so the song's dynamics stay.

Outside of all sections a track has its constant gain. A change is made within ``RAMP_S`` before
a section begins, so that its first hit is at its level already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.analysis.features import feature_table
from reaper_drumgain.analysis.loudness import GATING_HOPS
from reaper_drumgain.analysis.segments import between
from reaper_drumgain.automation.existing_envelopes import NOT_AUTOMATED
from reaper_drumgain.automation.inputs import AutomationInput
from reaper_drumgain.automation.kit_inputs import joined_sections, of_each_kit
from reaper_drumgain.automation.ramps import section_curve
from reaper_drumgain.automation.records import GainsOverTime, SectionFaders
from reaper_drumgain.automation.section_levels import (
    at_section_level,
    below_fader_end,
    hops_of,
    powers_with_sections,
)
from reaper_drumgain.automation.section_rides import ride_sections
from reaper_drumgain.automation.section_states import section_states
from reaper_drumgain.automation.sections import (
    SHORTEST_S,
    Section,
    is_short,
    neighbour,
    sections_of,
)
from reaper_drumgain.faders.activity import BLEED, FAINT, SHORT
from reaper_drumgain.faders.levels import PathLevels
from reaper_drumgain.faders.solver import Solver
from reaper_drumgain.methods.base import MethodInput
from reaper_drumgain.schema.fader_note import standing_note
from reaper_drumgain.schema.plan import SectionGain
from reaper_drumgain.schema.settings import Level
from reaper_drumgain.tracks.selection import DrumTrack
from reaper_drumgain.units import Decibel, LinearGain, is_off, to_decibel, to_linear

Array = NDArray[np.float64]

#: short sections that a warning names
_MOST_TOLD = 5


def section_gains(given: AutomationInput) -> GainsOverTime:
    """Curves with the gains of each section.

    Raises
    ------
    InputError
        The song has no sections, or they overlap.
    """
    timeline = given.analysis.timeline or ((0.0, 0.0),)
    playing = timeline[0][0], timeline[-1][1]
    sections, warnings = sections_of(given.session, given.settings, playing)
    kits = of_each_kit(given)
    balanced = joined_sections(given, [balance_sections(kit, sections) for kit in kits])
    faders = np.array([own.faders_db for own in balanced])
    changes = faders - given.faders_db
    places = range(len(given.drums))
    return GainsOverTime(
        faders_db=given.faders_db,
        curves=tuple(section_curve(sections, changes[:, p], playing, given.span) for p in places),
        sections=tuple(
            tuple(_section_gain(s, own, p) for s, own in zip(sections, balanced, strict=True))
            for p in places
        ),
        automatable=given.automatable,
        powers=powers_with_sections(given, sections, faders),
        warnings=(
            *warnings,
            *(warning for own in balanced for warning in own.warnings),
            *_short_section_warnings(sections),
        ),
    )


def _section_gain(section: Section, balanced: SectionFaders, place: int) -> SectionGain:
    return SectionGain(
        name=section.name,
        start=section.start,
        end=section.end,
        fader_db=Decibel(round(float(balanced.faders_db[place]), 2)),
        state=balanced.states[place],
    )


def balance_sections(
    given: AutomationInput, sections: Sequence[Section]
) -> tuple[SectionFaders, ...]:
    """The gains of every section; a short one gets those of the section next to it."""
    if given.method.rides_playing:
        own = ride_sections(given, sections)
    else:
        own = [None if is_short(one) else balance_section(given, one) for one in sections]

    def taken_over(place: int) -> SectionFaders:
        other = neighbour(sections, place)
        return _short_section_faders(given, None if other is None else own[other])

    return tuple(
        taken_over(place) if balanced is None else balanced for place, balanced in enumerate(own)
    )


def _short_section_warnings(sections: Sequence[Section]) -> list[str]:
    """Which sections are too short, first those that take over gains, then those that cannot."""
    short = [place for place, section in enumerate(sections) if is_short(section)]
    alone = [place for place in short if neighbour(sections, place) is None]
    groups = (
        ([place for place in short if place not in alone], "of the section next to it continue"),
        (alone, "of the whole song are used, as no longer section is next to it"),
    )
    warnings = []
    for places, instead in groups:
        if places:
            names = ", ".join(str(sections[place]) for place in places[:_MOST_TOLD])
            more = f" and {len(places) - _MOST_TOLD} more" if len(places) > _MOST_TOLD else ""
            warnings.append(
                f"too short to be balanced by itself (less than {SHORTEST_S:g} s): section "
                f"{names}{more}; the gains {instead}"
            )
    return warnings


def _short_section_faders(given: AutomationInput, other: SectionFaders | None) -> SectionFaders:
    """The gains of a short section, from those of the section next to it.

    The constant gain where there is none, and for tracks that rest there: they may play here.
    """
    states = (SHORT,) * len(given.drums)
    if other is None:
        return SectionFaders(given.faders_db, states)
    plays = np.array([state is None for state in other.states])
    return SectionFaders(np.where(plays, other.faders_db, given.faders_db), states)


def balance_section(given: AutomationInput, section: Section) -> SectionFaders:
    """The gains of one section that is long enough to be balanced for itself."""
    first, last = hops_of(given, section)
    last = min(last, given.analysis.measurement.mix.hops)
    if last - first < GATING_HOPS:
        warning = f"section {section} is too short to be measured: left as it is"
        return SectionFaders(given.faders_db, (FAINT,) * len(given.drums), (warning,))
    measurement = between(given.analysis.measurement, first, last, given.method.descriptors)
    states = section_states(given, (first, last))
    active = np.array([state is None for state in states])
    path = PathLevels(measurement, [drum.path for drum in given.drums])
    wanted = given.method.gains(
        MethodInput(
            tuple(drum.role for drum in given.drums),
            feature_table(measurement),
            measurement,
            active,
        )
    )
    solver = Solver(
        [_as_fixed(given, place) for place in range(len(given.drums))],
        active,
        given.activity.judged,
        path,
        replace(given.settings, level=Level()),
        lambda _: [],
        trims=given.trims,
    )
    gains = wanted.gains_db
    if given.method.sets_faders:
        gains = path.master_gains(gains)
    solution = solver.solve(gains)
    faders = _held(given, solution.faders + solution.limited_db, states)
    for place, leader in given.leaders.items():
        if given.automatable[place]:
            faders[place] = given.faders_db[place] + faders[leader] - given.faders_db[leader]
    faders = at_section_level(given, faders, active, path, given.powers_before[first:last])
    faders, warnings = below_fader_end(given, faders, active, section)
    return SectionFaders(faders, states, warnings)


def _as_fixed(given: AutomationInput, place: int) -> DrumTrack:
    """A drum track as the solver of a section sees it.

    A track without automation stays where its fader will be.
    """
    drum = given.drums[place]
    if given.automatable[place] or not given.movable[place]:
        return drum
    fader = to_linear(Decibel(float(given.faders_db[place])))
    track = replace(drum.track, fader=LinearGain(fader))
    return replace(drum, track=track, flag=NOT_AUTOMATED)


def _held(given: AutomationInput, faders: Array, states: Sequence[str | None]) -> Array:
    """The faders with the constant gain where a track rests, and not raised for mere bleed."""
    held = np.where(given.automatable, faders, given.faders_db)
    for place, state in enumerate(states):
        if state == BLEED and given.automatable[place]:
            held[place] = min(given.faders_db[place], _users_fader(given, place))
        elif state is not None:
            held[place] = given.faders_db[place]
    return held


def _users_fader(given: AutomationInput, place: int) -> float:
    """The user's own fader in dB, with the new trim.

    Where the fader is still as DrumGain's note says, that is the fader from before the last run. So
    a second run finds the same gains.
    """
    note = standing_note(given.drums[place].track)
    if note is None or is_off(note.before):
        before = given.old_faders_db[place] - given.trims.made[place]
    else:
        before = to_decibel(note.before)
    return float(before + given.trims.wanted[place])
