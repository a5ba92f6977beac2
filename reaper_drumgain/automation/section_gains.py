"""Gains over time: the method's gains per section of the song, or gains that follow it.

The constant part stays in the faders (of sections: the faders as without automation; of gains
that follow the song: what each does most of the time); an envelope carries what differs from it.
Each section is balanced as if it were the whole song, from the one pass over the audio, with
these differences:

- a track that is silent in a section, or softer by 20 LU than in the whole song (where the
  gate of cross-adaptive closes), or within 10 LU of that for less than a gating block of
  0.4 s, keeps its constant gain there (hold while inactive); one
  that holds only bleed there is neither above that nor above its old fader; one that is held
  in the whole song is never moved;
- a section shorter than ``sections.SHORTEST_S`` has no gains of its own: those of the section
  beside it go on, as an engineer leaves the faders for a fill; where none adjoins, and of
  tracks that rest there, it is the constant gain;
- what keeps the level is each section by itself: the drums are as loud along their path in
  every section as before, also by an earlier envelope of DrumGain's (where the whole song gets
  louder or softer, by another level than ``keep`` or by the end of a fader, each section does
  by as much), so that the song's dynamics stay. Where locked or unselected tracks play,
  those anchor the section's level, as they do in the plan;
- linked tracks get the same curve; where one of them can have none, none of them gets one;
- fader and envelope together end where a fader ends (+12 dB), and so does the envelope: the
  section's whole kit goes down rather than one track being clipped.

Outside of all sections a track has its constant gain. A change is made within ``RAMP_S`` before
a section begins, so that its first hit is at its level already. With a span (a time selection)
the faders stay, and all changes happen inside of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.analysis.descriptors import Descriptor
from reaper_drumgain.analysis.features import Measurement
from reaper_drumgain.analysis.loudness import GATING_HOPS, from_lufs, gated_loudness
from reaper_drumgain.analysis.multitrack import MultitrackAnalysis
from reaper_drumgain.analysis.segments import SEGMENT_DESCRIPTORS, between
from reaper_drumgain.audio.envelope_curves import EnvelopeCurve
from reaper_drumgain.automation import gain_riding
from reaper_drumgain.automation.envelope_points import GainCurve, fitted, multiplied, replaced
from reaper_drumgain.automation.existing_envelopes import (
    NOT_AUTOMATED,
    ExistingEnvelope,
    existing_envelope,
)
from reaper_drumgain.automation.ramps import RAMP_S, stepped
from reaper_drumgain.automation.sections import (
    SHORTEST_S,
    Section,
    beside,
    is_short,
    sections_of,
    span_of,
)
from reaper_drumgain.errors import InputError
from reaper_drumgain.faders.activity import BLEED, FAINT, SHORT, TrackActivity, track_activity
from reaper_drumgain.faders.levels import PathLevels, offset_for
from reaper_drumgain.faders.solver import Solution, Solver
from reaper_drumgain.methods.base import Method, MethodInput, RunningGains
from reaper_drumgain.methods.cross_adaptive import CLOSE_LU, OPEN_LU
from reaper_drumgain.schema.plan import SectionGain, TrackAutomation
from reaper_drumgain.schema.session import Session
from reaper_drumgain.schema.settings import Level, Settings
from reaper_drumgain.tracks.selection import DrumTrack
from reaper_drumgain.units import MAX_FADER, Decibel, LinearGain, to_linear

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
#: the faders (n,) of a section, and why tracks hold in it
Balanced = tuple[Array, tuple[str | None, ...]]

#: the most that an envelope adds; REAPER's own reach no further
MAX_ENVELOPE = MAX_FADER
_HEARD_DB = 0.05
_SILENT = 1e-6
#: of short sections, by name
_MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class Automated:
    """What automation adds to the plan, over n measured tracks.

    ``constant`` (n,): the faders. ``tracks``: what is written of each, None for nothing;
    ``refused``: why not, where a track was to get some. ``after_lufs``: the drums' loudness.
    """

    constant: Array
    tracks: tuple[TrackAutomation | None, ...]
    refused: tuple[str | None, ...]
    after_lufs: float
    warnings: tuple[str, ...] = ()


def follows_song(settings: Settings, method: Method) -> bool:
    """Whether gains follow the song without sections. Raises InputError where they cannot."""
    able = method.has_running_gains
    if settings.automation.sections == "running" and not able:
        raise InputError(
            f"the method {settings.method} has no gains that follow a song without sections; "
            "cross-adaptive has, and with regions or markers every method can be used"
        )
    return able and settings.automation.sections in ("usual", "running")


def descriptors_for(settings: Settings, method: Method) -> tuple[Descriptor, ...]:
    """What has to be measured besides the method's own descriptors."""
    return () if follows_song(settings, method) else SEGMENT_DESCRIPTORS


class Automator:
    """Makes automation for the measured drum tracks; ``solution``: their faders without it."""

    def __init__(
        self,
        session: Session,
        settings: Settings,
        drums: Sequence[DrumTrack],
        analysis: MultitrackAnalysis,
        method: Method,
        found: TrackActivity,
        path: PathLevels,
        solution: Solution,
    ) -> None:
        self._session, self._settings = session, settings
        self._span = span = span_of(session, settings)
        self._drums, self._analysis, self._method = drums, analysis, method
        self._found, self._path, self._solution = found, path, solution
        self._warnings: list[str] = []
        place_of = {drum.track.index: place for place, drum in enumerate(drums)}
        self._links = [[place_of[index] for index in drum.links] for drum in drums]
        self._existing_envelopes = [existing_envelope(drum.track, settings, span) for drum in drums]
        self._movable = np.array([drum.flag is None for drum in drums]) & found.readable
        self._refused = self._refusals()
        free = np.array([reason is None for reason in self._refused])
        self._able = self._movable & found.active & free
        # outside of a span nothing changes, and faders are outside of it too
        self._constant = solution.old if span is not None else solution.faders
        # as much as the whole song moves without automation: nothing, but for another level
        # than keep, and where the end of a fader holds the whole kit down
        shift = solution.after_lufs - solution.before_lufs
        self._shift = shift if math.isfinite(shift) else 0.0
        self._before = path.powers(self._old_over_time())

    def _old_over_time(self) -> Array:
        """The faders before, (n,), or (n, hops) with the envelopes that DrumGain wrote earlier:
        those were heard, and a second run keeps the level that they gave."""
        old = self._solution.old
        ours = [
            (place, own)
            for place, g in enumerate(self._existing_envelopes)
            if (own := g.written_before)
        ]
        if not ours:
            return old
        hops = self._analysis.measurement.mix.hops
        times = np.array([self._analysis.time_of(hop) for hop in range(hops + 1)])
        times = (times[1:] + times[:-1]) / 2.0
        over_time = np.repeat(old[:, None], hops, axis=1)
        for place, (present, former) in ours:
            for envelope, sign in ((present, 1.0), (former, -1.0)):
                if envelope is not None and envelope.active and envelope.points:
                    gains = np.maximum(EnvelopeCurve(envelope).values(times), _SILENT)
                    over_time[place] += sign * 20.0 * np.log10(gains)
        return over_time

    def _refusals(self) -> list[str | None]:
        own = [existing.refused for existing in self._existing_envelopes]
        refused = list(own)
        for place, links in enumerate(self._links):
            for other in links:
                if own[place] is None and own[other] is not None:
                    name = self._drums[other].track.name
                    refused[place] = f"moves only together with {name!r}, which gets none"
        return [reason if may else None for reason, may in zip(refused, self._movable, strict=True)]

    def run(self) -> Automated:
        """The automation. Raises InputError where the song has no sections to go by."""
        if follows_song(self._settings, self._method):
            faders = self._running()
            if self._span is None:
                self._constant = self._centred(faders)
            curves = [self._running_curve(place, faders) for place in range(len(self._drums))]
            gains: list[tuple[SectionGain, ...]] = [()] * len(self._drums)
            powers = self._path.powers(self._drawn(curves))
        else:
            stretches = self._analysis.timeline or ((0.0, 0.0),)
            playing = stretches[0][0], stretches[-1][1]
            span = self._span
            sections, warnings = sections_of(self._session, self._settings, playing)
            self._warnings += warnings
            balanced = self._all_balanced(sections)
            gains = [
                tuple(self._gain(s, b, place) for s, b in zip(sections, balanced, strict=True))
                for place in range(len(self._drums))
            ]
            changes = np.array([faders for faders, _ in balanced]) - self._constant
            curves = [stepped(sections, changes[:, p], playing, span) for p in range(len(gains))]
            powers = self._path.powers(self._constant)
            for section, (faders, _) in zip(sections, balanced, strict=True):
                hops = slice(*self._hops(section))
                powers[hops] = self._path.powers(faders)[hops]
        tracks = [
            self._written(existing, curve, own) if able else None
            for existing, curve, own, able in zip(
                self._existing_envelopes, curves, gains, self._able, strict=True
            )
        ]
        after = gated_loudness(powers)
        return Automated(
            self._constant,
            tuple(tracks),
            tuple(self._refused),
            after if math.isfinite(after) else -math.inf,
            tuple(self._warnings),
        )

    def _hops(self, section: Section) -> tuple[int, int]:
        return self._analysis.hop_of(section.start), self._analysis.hop_of(section.end)

    def _all_balanced(self, sections: Sequence[Section]) -> list[Balanced]:
        """What each section gets; the short ones what goes on beside them."""
        balanced: list[Balanced | None] = [
            None if is_short(section) else self._balanced(section) for section in sections
        ]
        others = [beside(sections, place) for place in range(len(sections))]
        short = [place for place, own in enumerate(balanced) if own is None]
        self._tell_short([sections[p] for p in short if others[p] is not None], "beside it go on")
        alone = [sections[p] for p in short if others[p] is None]
        self._tell_short(alone, "of the whole song stay, as no longer section adjoins")
        return [
            self._held_from(None if other is None else balanced[other]) if own is None else own
            for own, other in zip(balanced, others, strict=True)
        ]

    def _tell_short(self, short: Sequence[Section], instead: str) -> None:
        if short:
            names = ", ".join(map(str, short[:_MOST_TOLD]))
            more = f" and {len(short) - _MOST_TOLD} more" if len(short) > _MOST_TOLD else ""
            self._warnings.append(
                f"shorter than {SHORTEST_S:g} s, too short to be balanced by itself: section "
                f"{names}{more}: the gains {instead}"
            )

    def _held_from(self, other: Balanced | None) -> Balanced:
        """What a short section gets from the one beside it; the constant gain where there is
        none, and of tracks that rest there: they may play here."""
        states = (SHORT,) * len(self._drums)
        if other is None:
            return self._constant, states
        faders, resting = other
        plays = np.array([state is None for state in resting])
        return np.where(plays, faders, self._constant), states

    def _balanced(self, section: Section) -> Balanced:
        """The faders (n,) of a section, and why tracks hold in it."""
        first, last = self._hops(section)
        last = min(last, self._analysis.measurement.mix.hops)
        if last - first < GATING_HOPS:
            self._warnings.append(f"section {section} is too short to be measured: left as it is")
            return self._constant, (FAINT,) * len(self._drums)
        measurement = between(self._analysis.measurement, first, last, self._method.descriptors)
        found = self._playing(
            track_activity(self._drums, measurement, self._analysis.flags), measurement
        )
        active = found.active & self._found.active
        path = PathLevels(measurement, [drum.path for drum in self._drums])
        wanted = self._method.gains(
            MethodInput(tuple(d.role for d in self._drums), found.table, measurement, active)
        )
        solver = Solver(
            [self._as_fixed(place) for place in range(len(self._drums))],
            active,
            self._found.readable,
            path,
            replace(self._settings, level=Level()),
            lambda _: [],
        )
        faders = self._held(solver.solve(wanted.gains_db).faders, found.states)
        faders = self._levelled(faders, active, path, gated_loudness(self._before[first:last]))
        return self._limited(faders, active, section), found.states

    def _playing(self, found: TrackActivity, measurement: Measurement) -> TrackActivity:
        """What was found in a section, with the tracks resting that only ring on there, or
        sound for less than a gating block: that is no loudness to go by."""
        own = self._found.loudness_lufs
        quiet = found.loudness_lufs < own + CLOSE_LU
        near = [
            np.count_nonzero(track.hop_powers > from_lufs(level + OPEN_LU))
            for track, level in zip(measurement.tracks, own.tolist(), strict=True)
        ]
        # one side of a pair must not stay where the other moves
        longest = [max(near[other] for other in (n, *self._links[n])) for n in range(len(near))]
        rests = quiet | (np.array(longest) < GATING_HOPS)
        states = [
            FAINT if state is None and rest else state
            for state, rest in zip(found.states, rests.tolist(), strict=True)
        ]
        return replace(found, states=tuple(states))

    def _as_fixed(self, place: int) -> DrumTrack:
        """A drum track as the solver of a section sees it: what gets no automation stays where
        its fader will be."""
        drum = self._drums[place]
        if self._able[place] or not self._movable[place]:
            return drum
        fader = to_linear(Decibel(float(self._constant[place])))
        track = replace(drum.track, fader=LinearGain(fader))
        return replace(drum, track=track, flag=NOT_AUTOMATED)

    def _held(self, faders: Array, states: Sequence[str | None]) -> Array:
        held = faders.copy()
        for place, state in enumerate(states):
            constant = self._constant[place]
            if not self._able[place] or (state is not None and state != BLEED):
                held[place] = constant
            elif state == BLEED:
                held[place] = min(constant, faders[place])
        return held

    def _levelled(self, faders: Array, active: Mask, path: PathLevels, before: float) -> Array:
        """The faders with the offset at which the section is as loud as it should be, from how
        loud it was before."""
        anchors = active & np.array([drum.anchors for drum in self._drums])
        moving = self._able & active
        if anchors.any() or not moving.any():
            return faders
        target = before + self._shift
        offset = offset_for(lambda o: path.loudness(faders + o * moving), target)
        levelled: Array = faders + (offset or 0.0) * moving
        return levelled

    def _highest(self) -> Array:
        """Where fader and envelope together end (n,)."""
        highest = np.minimum(MAX_FADER, self._constant + MAX_ENVELOPE)
        # a fader that stands above its end already may stay there
        return np.maximum(highest, self._constant)

    def _limited(self, faders: Array, active: Mask, section: Section) -> Array:
        moving = self._able & active
        excess = float(np.max((faders - self._highest())[moving], initial=0.0))
        if excess < _HEARD_DB:
            return faders
        self._warnings.append(
            f"the kit is {excess:.1f} dB lower than asked in section {section}, so that no fader "
            f"or envelope passes +{MAX_FADER:g} dB"
        )
        return np.asarray(faders - excess * moving, dtype=np.float64)

    def _gain(self, section: Section, balanced: Balanced, place: int) -> SectionGain:
        faders, states = balanced
        level = Decibel(round(float(faders[place]), 2))
        return SectionGain(
            name=section.name,
            start=section.start,
            end=section.end,
            fader_db=level,
            state=states[place],
        )

    def _running(self) -> Array:
        """The faders over time (n, hops)."""
        measurement = self._analysis.measurement
        roles = tuple(drum.role for drum in self._drums)
        given = MethodInput(roles, self._found.table, measurement, self._found.active)
        found = self._method.running(given)
        old = self._solution.old
        moves = (found.gains_db - old[:, None]) * (self._settings.amount / 100.0)
        linked = moves.copy()
        for place, links in enumerate(self._links):
            members = [place, *links]
            known = np.isfinite(moves[members])
            total = np.where(known, moves[members], 0.0).sum(axis=0)
            count = known.sum(axis=0)
            linked[place] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        plays = self._found.active & found.open.any(axis=1)
        # linked tracks get the same curve, so they rest together
        is_open = found.open.copy()
        for place, links in enumerate(self._links):
            for other in links:
                is_open[place] |= found.open[other]
        self._able &= plays
        return gain_riding.running_faders(
            old[:, None] + linked,
            RunningGains(found.gains_db, is_open),
            self._path,
            old,
            self._before,
            self._constant,
            self._able,
            plays & np.array([drum.anchors for drum in self._drums]),
            self._shift,
            self._highest(),
        )

    def _centred(self, faders: Array) -> Array:
        """The faders with what their curves (n, hops) do most of the time in them."""
        changes = faders - self._constant[:, None]
        steps = np.round(np.median(changes, axis=1), 2)
        # what is left must be within an envelope's reach
        steps = np.maximum(steps, changes.max(axis=1) - MAX_ENVELOPE)
        linked = [
            # alike already, unless one of them meets the end of its fader
            min(steps[[place, *links]])
            for place, links in enumerate(self._links)
        ]
        centred: Array = np.where(self._able, self._constant + np.array(linked), self._constant)
        return centred

    def _running_curve(self, place: int, faders: Array) -> GainCurve:
        """What an envelope adds to follow the song as the faders (n, hops) do."""
        changes = faders[place] - self._constant[place]
        times, levels = gain_riding.corners(self._analysis.time_of, changes)
        if self._span is not None:
            start, end = self._span
            inner = (start + RAMP_S, end - RAMP_S)
            pairs = zip(times, levels, strict=True)
            inside = [(t, v) for t, v in pairs if inner[0] < t < inner[1]]
            first, last = (float(np.interp(t, times, levels)) for t in inner)
            nodes = [(start, 0.0), (inner[0], first), *inside, (inner[1], last), (end, 0.0)]
            times, levels = (list(column) for column in zip(*nodes, strict=True))
        curve = GainCurve(tuple(times), tuple(levels))
        return fitted(curve, gain_riding.most_points(changes.size))

    def _drawn(self, curves: Sequence[GainCurve]) -> Array:
        """The faders over time (n, hops) as the curves are drawn."""
        hops = self._analysis.measurement.mix.hops
        times = np.array([self._analysis.time_of(hop + 1) for hop in range(hops)])
        levels = [20.0 * np.log10(curve.drawn.at(times)) for curve in curves]
        return np.asarray(self._constant[:, None] + np.array(levels))

    def _written(
        self, existing: ExistingEnvelope, curve: GainCurve, gains: tuple[SectionGain, ...]
    ) -> TrackAutomation | None:
        if existing.how == "replace":
            points = replaced(curve, existing.heard, bounded=self._span is not None)
        else:
            points = multiplied(curve, existing.heard)
        made = existing.automation(points)
        within = Decibel(round(curve.tolerance_db, 2))
        return None if made is None else replace(made, sections=gains, within_db=within)
