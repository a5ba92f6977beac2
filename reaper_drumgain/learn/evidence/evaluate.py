"""Leave-one-out evaluation: every method on songs that it was not fitted to.

Songs of one drummer are left out together (``fitting.leave_one_out``). For each song all models
are fitted to the others (``fitting.fold``), then each method gets the tracks of the song under
several conditions, with the activity gate and without it:

- ``recorded``: raw tracks at their listed loudness, in every rendering;
- ``+-3``, ``+-6``, ``+-12``: every raw track shifted by a random amount up to that many dB; the
  same seeded draws for all methods, the renderings in turn;
- ``toms rest``: renderings in which no tom is struck, at the levels of the session.

Results are *effective* gains, gain + shift, so that they compare with the engineers' faders on the
tracks as they were recorded. A track that the gate holds (the method leaves it alone) gets the
mean gain of the others.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis import features
from reaper_drumgain.faders.activity import activity_of
from reaper_drumgain.learn.data.human_faders import Float64, Song
from reaper_drumgain.learn.data.kit_sessions import Kits
from reaper_drumgain.learn.data.measurements import as_recorded_louder
from reaper_drumgain.learn.data.rendered_songs import Progress, Rendering
from reaper_drumgain.learn.fitting.fold import FOREST, Fold, fit_fold
from reaper_drumgain.learn.fitting.intervals import Widths
from reaper_drumgain.learn.fitting.leave_one_out import leave_one_out, songs_of
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.methods import all_descriptors
from reaper_drumgain.methods.base import Method, MethodInput
from reaper_drumgain.methods.chance import Random
from reaper_drumgain.util.processes import in_processes

RECORDED, RESTING = "recorded", "toms rest"
SHIFTS_DB: Mapping[str, float] = {"+-3": 3.0, "+-6": 6.0, "+-12": 12.0}
CONDITIONS = (RECORDED, *SHIFTS_DB, RESTING)
#: draws on which it is tested whether a method's result depends on recorded levels at all
_INVARIANCE_DRAWS = 2
_SAME_DB = 0.2
#: by how much one track is raised when the response of its fader is measured
STEPS_DB = (0.5, 3.0, 12.0)
#: making them loads every method
_descriptors = functools.cache(all_descriptors)


@dataclass(frozen=True)
class Case:
    """A session to balance.

    ``shift`` (tracks,): by how many dB each track is louder than it was recorded. ``source``:
    index of the rendering among those of the song.
    """

    given: MethodInput
    shift: Float64
    source: int

    def method_input(self, *, gated: bool) -> MethodInput:
        """The input of a method; without the gate every track counts as active."""
        held = self.given
        active = held.active if gated else np.ones_like(held.active)
        return MethodInput(held.roles, held.table, held.measurement, active)

    def effective(self, gains: Float64, active: npt.NDArray[np.bool_]) -> Float64:
        """(tracks,) effective gains in dB; inactive tracks get the mean gain of the others."""
        known = np.isfinite(gains) & active
        held = float(gains[known].mean()) if known.any() else 0.0
        return np.where(known, gains, held) + self.shift


@dataclass(frozen=True)
class FaderResponse:
    """How the fader of a track responds where the track is recorded louder.

    ``sane``: in how many of ``cases`` it does not rise against the fader of another track.
    ``slope``: its mean change against the mean of the others, in dB per dB.
    """

    cases: int
    sane: int
    slope: float


@dataclass(frozen=True)
class SongResult:
    """The results of all methods on one song that they were not fitted to.

    ``gains``: effective gains (cases, tracks) in dB by (method, gated, condition). ``intervals``:
    bounds (cases, tracks, 2) of the forest by condition; ``role_mean``: half widths (tracks,) of
    intervals around role means by condition. ``responses``: by
    method. ``gated_share``: share of tracks that the gate holds, by condition.
    """

    song: Song
    gains: Mapping[tuple[str, bool, str], Float64]
    intervals: Mapping[str, Float64]
    role_mean: Mapping[str, Float64]
    responses: Mapping[str, FaderResponse]
    gated_share: Mapping[str, float]


def evaluate(
    renderings: Sequence[Rendering],
    kits: Kits,
    settings: FitSettings,
    *,
    draws: int,
    jobs: int = 1,
    progress: Progress | None = None,
) -> list[SongResult]:
    """The results of every song. The number of processes (``jobs``) does not change them.

    ``kits``: sessions of kits, from which it is learned how microphones hear drums.
    """
    songs = songs_of(renderings)
    left_out = [[song.name for song in own] for _, own in leave_one_out(songs)]
    measured = functools.partial(evaluate_songs, renderings, kits, settings=settings, draws=draws)
    found: dict[str, SongResult] = {}
    for names, results in zip(left_out, in_processes(measured, left_out, jobs), strict=True):
        found |= {result.song.name: result for result in results}
        if progress:
            what = names[0] if len(names) == 1 else found[names[0]].song.group
            progress(f"measured without {what}", len(found) / len(songs))
    return [found[song.name] for song in songs]


def evaluate_songs(
    renderings: Sequence[Rendering],
    kits: Kits,
    names: Sequence[str],
    settings: FitSettings,
    draws: int,
) -> list[SongResult]:
    """Fits all methods without the songs of these names and their groups, and measures on them."""
    songs = songs_of(renderings)
    rest = {s.name for others, own in leave_one_out(songs) if own[0].name in names for s in others}
    playing = [r for r in renderings if r.song.name in rest and not r.resting]
    fold = fit_fold(playing, kits, settings)
    return [
        _measured(fold, renderings, place, settings, draws)
        for place, song in enumerate(songs)
        if song.name in names
    ]


def _measured(
    fold: Fold, renderings: Sequence[Rendering], place: int, settings: FitSettings, draws: int
) -> SongResult:
    song = songs_of(renderings)[place]
    own = [r for r in renderings if r.song.name == song.name]
    cases = conditions(song, own, draws, [settings.seed, place])
    raised = raised_cases(cases[RECORDED][0])
    gains: dict[tuple[str, bool, str], Float64] = {}
    intervals: dict[str, Float64] = {}
    responses: dict[str, FaderResponse] = {}
    for name, method in fold.methods.items():
        for gated in (True, False):
            run = MethodRun(method, gated=gated)
            run.detect_level_invariance(cases["+-12"], cases[RECORDED])
            for condition, held in cases.items():
                found, bounds = run.all(held)
                if name == FOREST and gated and bounds is not None:
                    intervals[condition] = bounds
                gains[name, gated, condition] = found
            # where a method corrects levels entirely, one track shows the response of all
            few = raised if run.levels_matter else raised[: len(STEPS_DB)]
            responses[name] = fader_response(method, cases[RECORDED][0], few)
    roles = [track.role.name for track in song.tracks]
    return SongResult(
        song=song,
        gains=gains,
        intervals=intervals,
        role_mean=_role_mean_half_widths(fold, roles),
        responses=responses,
        gated_share={
            c: float(np.mean([~case.given.active for case in held])) for c, held in cases.items()
        },
    )


def _role_mean_half_widths(fold: Fold, roles: Sequence[str]) -> dict[str, Float64]:
    def of(widths: Widths) -> Float64:
        return widths.half_widths(roles, 0.0)

    return {c: of(fold.widths if c in SHIFTS_DB else fold.recorded_widths) for c in CONDITIONS}


class MethodRun:
    """Runs one method on the cases of one song, with or without the gate."""

    def __init__(self, method: Method, *, gated: bool) -> None:
        self._method = method
        self._gated = gated
        self._known: dict[tuple[int, bytes], Float64] = {}
        self.levels_matter = True

    def all(self, cases: Sequence[Case]) -> tuple[Float64, Float64 | None]:
        """Effective gains (cases, tracks), and intervals (cases, tracks, 2) if there are any."""
        found = [self._one(place, case) for place, case in enumerate(cases)]
        bounds = [interval for _, interval in found if interval is not None]
        return np.array([gains for gains, _ in found]), np.array(bounds) if bounds else None

    def _one(self, place: int, case: Case) -> tuple[Float64, Float64 | None]:
        given = case.method_input(gated=self._gated)
        key = (case.source, given.active.tobytes())
        if not self.levels_matter and key in self._known:
            return case.effective(self._known[key] - case.shift, given.active), None
        # the random method has a new draw for every case
        method = Random(seed=place) if isinstance(self._method, Random) else self._method
        found = method.gains(given)
        self._known.setdefault(key, found.gains_db + case.shift)
        bounds = found.intervals_db
        shifted = None if bounds is None else bounds + case.shift[:, None]
        return case.effective(found.gains_db, given.active), shifted

    def detect_level_invariance(self, cases: Sequence[Case], recorded: Sequence[Case]) -> None:
        """Tests on shifted cases whether the method corrects levels entirely (``levels_matter``).

        Where it does, a rendering is not computed again for every shift.
        """
        if isinstance(self._method, Random):
            return
        gaps = []
        for case in cases[:_INVARIANCE_DRAWS]:
            same = next(other for other in recorded if other.source == case.source)
            before = self._method.gains(same.method_input(gated=False)).gains_db
            after = self._method.gains(case.method_input(gated=False)).gains_db + case.shift
            gap = after - before
            gaps.append(np.abs(gap - np.nanmean(gap)).max())
        self.levels_matter = not max(gaps) <= _SAME_DB


def conditions(
    song: Song, own: Sequence[Rendering], draws: int, seed: Sequence[int]
) -> dict[str, list[Case]]:
    """The cases of a song by condition.

    ``own``: the renderings of the song. ``draws``: random shifts for each width.
    """
    playing = [place for place, item in enumerate(own) if not item.resting]
    cases = {RECORDED: [case_of(own, place) for place in playing]}
    for name, width in SHIFTS_DB.items():
        rng = np.random.default_rng([*seed, round(width * 10)])
        shifts = rng.uniform(-width, width, (draws, len(song.tracks)))
        cases[name] = [
            case_of(own, playing[draw % len(playing)], shift) for draw, shift in enumerate(shifts)
        ]
    cases[RESTING] = [case_of(own, place) for place, item in enumerate(own) if item.resting]
    return {name: held for name, held in cases.items() if held}


def case_of(own: Sequence[Rendering], source: int, shift: Float64 | None = None) -> Case:
    """A rendering as if its tracks had been recorded louder by ``shift`` (tracks,) in dB.

    ``own``: the renderings of the song; ``source``: the index of one of them.
    """
    rendering = own[source]
    if rendering.measurement is None:
        raise ValueError("the rendering was not kept whole")
    measurement, table = rendering.measurement, rendering.table
    if shift is not None:
        measurement = as_recorded_louder(measurement, shift, _descriptors())
        table = features.feature_table(measurement)
    roles = tuple(track.role for track in rendering.song.tracks)
    active = activity_of(roles, measurement, table).active
    given = MethodInput(roles, table, measurement, active)
    return Case(given, np.zeros(len(roles)) if shift is None else shift, source)


def raised_cases(case: Case) -> list[Case]:
    """Each track in turn recorded louder by each of ``STEPS_DB``, nothing else changed."""
    raised = []
    for shift in np.eye(len(case.shift)):
        for step in STEPS_DB:
            measurement = as_recorded_louder(case.given.measurement, shift * step, _descriptors())
            table = features.feature_table(measurement)
            given = MethodInput(case.given.roles, table, measurement, case.given.active)
            raised.append(Case(given, shift * step, case.source))
    return raised


def fader_response(method: Method, case: Case, raised: Sequence[Case]) -> FaderResponse:
    """Compares the faders before (``case``) and after one track was raised (``raised``)."""
    before = method.gains(case.method_input(gated=False)).gains_db
    sane = cases = 0
    slopes = []
    for other in raised:
        change = method.gains(other.method_input(gated=False)).gains_db - before
        track = int(np.argmax(other.shift))
        against = np.delete(change[track] - change, track)
        sane += int((against <= 1e-6).sum())
        cases += against.size
        slopes.append(float(against.mean()) / float(other.shift[track]))
    return FaderResponse(cases, sane, float(np.mean(slopes)))
