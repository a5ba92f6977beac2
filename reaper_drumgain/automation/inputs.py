"""What automation starts from: the plan without automation, and what each track allows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.analysis.measurement import MultitrackAnalysis
from reaper_drumgain.audio.envelope_curves import EnvelopeCurve
from reaper_drumgain.automation.existing_envelopes import ExistingEnvelope, existing_envelope
from reaper_drumgain.automation.sections import span_of
from reaper_drumgain.faders.activity import TrackActivity
from reaper_drumgain.faders.levels import PathLevels
from reaper_drumgain.faders.links import Links, linked_places
from reaper_drumgain.faders.solution import Solution
from reaper_drumgain.faders.trims import TrackTrims
from reaper_drumgain.methods.base import Method
from reaper_drumgain.schema.session import Session
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.kits import Kits
from reaper_drumgain.tracks.selection import DrumTrack
from reaper_drumgain.units import MAX_FADER
from reaper_drumgain.util.decibels import gain_to_db

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: the most that an envelope adds in dB; REAPER's own envelopes reach no further
MAX_ENVELOPE = MAX_FADER
#: gains below this count as silence, -120 dB
_SILENT = 1e-6


@dataclass(frozen=True, slots=True)
class AutomationInput:
    """All that gains over time are made from, for the n measured drum tracks.

    Attributes
    ----------
    session, settings
        The project, and what the user wants.
    drums
        The n tracks in project order.
    analysis
        The analysis of their audio.
    method
        The method of the run.
    activity
        Which tracks play their own drum.
    path
        The levels that the tracks have behind their faders.
    span
        Start and end in seconds outside of which nothing may change; None for the whole song.
    links
        For each track the places of the tracks that move with it, itself among them.
    existing
        The envelope that each track has.
    refusals
        Why a track that may move gets no automation, else None.
    movable
        Shape (n,): tracks whose fader may move.
    automatable
        Shape (n,): movable tracks that play their own drum and are not refused.
    old_faders_db
        Shape (n,): the faders before, in dB.
    faders_db
        Shape (n,): the constant part in dB, which holds outside of all sections.
    solved_db
        Shape (n,): the faders in dB of the plan without automation; the same as ``faders_db``
        unless there is a span.
    limited_db
        Shape (n,): by how many dB ``solved_db`` should be higher, had faders no end.
    level_change_db
        By how many dB the drums get louder in the whole song.
    powers_before
        Shape (hops,): power of the drums before, per 100 ms, along their path.
    trims
        The trims in the old faders and in the new ones, which sections keep, too.
    kits
        The places of the tracks of each kit. Each kit is balanced on its own.
    leaders
        By place the place of the track whose moves it makes (samples, and copies of a track).
    """

    session: Session
    settings: Settings
    drums: tuple[DrumTrack, ...]
    analysis: MultitrackAnalysis
    method: Method
    activity: TrackActivity
    path: PathLevels
    span: tuple[float, float] | None
    links: Links
    existing: tuple[ExistingEnvelope, ...]
    refusals: tuple[str | None, ...]
    movable: Mask
    automatable: Mask
    old_faders_db: Array
    faders_db: Array
    solved_db: Array
    limited_db: Array
    level_change_db: float
    powers_before: Array
    trims: TrackTrims
    kits: Kits
    leaders: Mapping[int, int]

    @property
    def highest_faders_db(self) -> Array:
        """Shape (n,): where fader and envelope together end, in dB."""
        highest = np.minimum(MAX_FADER, self.faders_db + MAX_ENVELOPE)
        # a fader that stands above its end already may stay there
        return np.maximum(highest, self.faders_db)

    @property
    def anchors(self) -> Mask:
        """Shape (n,): tracks that the user keeps where they are (locked, not selected).

        Their level sets that of the others.
        """
        return np.array([drum.anchors for drum in self.drums])


def automation_input(
    session: Session,
    settings: Settings,
    drums: Sequence[DrumTrack],
    analysis: MultitrackAnalysis,
    method: Method,
    activity: TrackActivity,
    path: PathLevels,
    solution: Solution,
    kits: Kits,
    leaders: Mapping[int, int],
) -> AutomationInput:
    """What automation of n measured drum tracks starts from. Raises as ``span_of``.

    Parameters
    ----------
    session, settings, drums, analysis, method, activity, path, kits
        As in ``AutomationInput``.
    solution
        The faders without automation.
    leaders
        By place the track that a track follows, which may follow another one itself.

    Returns
    -------
    AutomationInput
        With the constant part and what each track allows.
    """
    span = span_of(session, settings)
    links = linked_places(drums)
    existing = tuple(existing_envelope(drum.track, settings, span) for drum in drums)
    movable = np.array([drum.flag is None for drum in drums]) & activity.judged
    refusals = _refusals(drums, links, existing, movable)
    # 0 with level keep; what is missing because faders end is no change of level
    change = solution.after_lufs + solution.short_db - solution.before_lufs
    return AutomationInput(
        session=session,
        settings=settings,
        drums=tuple(drums),
        analysis=analysis,
        method=method,
        activity=activity,
        path=path,
        span=span,
        links=links,
        existing=existing,
        refusals=refusals,
        movable=movable,
        automatable=movable & activity.active & np.array([why is None for why in refusals]),
        old_faders_db=solution.old,
        # faders count outside of a span too, where nothing may change
        faders_db=solution.old if span is not None else solution.faders,
        solved_db=solution.faders,
        limited_db=solution.limited_db,
        level_change_db=change if math.isfinite(change) else 0.0,
        powers_before=path.powers(old_gains_over_time(analysis, existing, solution.old)),
        trims=TrackTrims(solution.old_trims, solution.trims),
        kits=kits,
        leaders={place: _first_leader(leaders, place) for place in leaders},
    )


def _first_leader(leaders: Mapping[int, int], place: int) -> int:
    """The track that a track follows in the end: a copy of a sample follows the sample's leader."""
    seen = set()
    while place in leaders and place not in seen:
        seen.add(place)
        place = leaders[place]
    return place


def _refusals(
    drums: Sequence[DrumTrack], links: Links, existing: Sequence[ExistingEnvelope], movable: Mask
) -> tuple[str | None, ...]:
    """Why tracks get no automation, also those linked to one that gets none."""
    own = [envelope.refusal for envelope in existing]
    refusals = list(own)
    for place, members in enumerate(links):
        for other in members:
            if own[place] is None and own[other] is not None:
                name = drums[other].track.name
                refusals[place] = f"moves only together with {name!r}, which gets no automation"
    return tuple(why if may else None for why, may in zip(refusals, movable, strict=True))


def old_gains_over_time(
    analysis: MultitrackAnalysis, existing: Sequence[ExistingEnvelope], old: Array
) -> Array:
    """The gains before the run, including the envelopes that DrumGain wrote.

    These count, so that a second run keeps the levels that the first one gave.

    Parameters
    ----------
    analysis
        Says at which second each hop lies.
    existing
        The envelope of each of the n tracks.
    old
        Shape (n,): faders in dB.

    Returns
    -------
    ndarray
        Gains in dB: shape (n,) where DrumGain wrote no envelope, else (n, hops), per 100 ms.
    """
    own = [place for place, envelope in enumerate(existing) if envelope.written_by_drumgain]
    if not own:
        return old
    hops = analysis.measurement.mix.hops
    times = np.array([analysis.time_of(hop) for hop in range(hops + 1)])
    times = (times[1:] + times[:-1]) / 2.0
    over_time = np.repeat(old[:, None], hops, axis=1)
    for place in own:
        for envelope, sign in ((existing[place].present, 1.0), (existing[place].original, -1.0)):
            if envelope is not None and envelope.active and envelope.points:
                gains = np.maximum(EnvelopeCurve(envelope).values(times), _SILENT)
                over_time[place] += sign * gain_to_db(gains)
    return over_time
