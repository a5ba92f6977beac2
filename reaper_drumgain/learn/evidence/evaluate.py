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

from reaper_drumgain.learn.data.human_faders import Float64, Song
from reaper_drumgain.learn.data.kit_sessions import Kits
from reaper_drumgain.learn.data.rendered_songs import Progress, Rendering
from reaper_drumgain.learn.evidence.cases import (
    CONDITIONS,
    RECORDED,
    SHIFTS_DB,
    STEPS_DB,
    Case,
    conditions,
    raised_cases,
)
from reaper_drumgain.learn.fitting.fold import FOREST, Fold, fit_fold
from reaper_drumgain.learn.fitting.intervals import Widths
from reaper_drumgain.learn.fitting.leave_one_out import leave_one_out, songs_of
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.methods.base import Method
from reaper_drumgain.methods.chance import Random
from reaper_drumgain.util.processes import in_processes

#: draws on which it is tested whether a method's result depends on recorded levels at all
_INVARIANCE_DRAWS = 2
_SAME_DB = 0.2


@dataclass(frozen=True)
class FaderResponse:
    """How the fader of a track responds where the track is recorded louder.

    Attributes
    ----------
    cases
        How many pairs of tracks were compared.
    sane
        In how many of them the fader does not rise against that of the other track.
    slope
        Its mean change against the mean of the others, in dB per dB.
    """

    cases: int
    sane: int
    slope: float


@dataclass(frozen=True)
class SongResult:
    """The results of all methods on one song that they were not fitted to.

    Attributes
    ----------
    song
        The song.
    gains
        Shape (cases, tracks), by (method, gated, condition): effective gains in dB.
    intervals
        Shape (cases, tracks, 2), by condition: bounds of the forest in dB.
    role_mean
        Shape (tracks,), by condition: half widths of intervals around role means in dB.
    responses
        How faders respond, by method.
    gated_share
        The share of tracks that the gate holds, by condition.
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
    """The results of every song.

    Parameters
    ----------
    renderings
        All songs, rendered.
    kits
        Sessions of kits, from which it is learned how microphones hear drums.
    settings
        How models are fitted.
    draws
        Random shifts of the recorded levels for each song and width.
    jobs
        Number of processes; it does not change the result.
    progress
        Called with what is done and its share, 0 to 1.

    Returns
    -------
    list of SongResult
        In the order of the songs.
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
    """Fits all methods without some songs and their groups, and measures on these songs.

    Parameters
    ----------
    renderings
        All songs, rendered.
    kits
        Sessions of kits.
    names
        The songs that are left out.
    settings
        How models are fitted.
    draws
        Random shifts of the recorded levels for each song and width.

    Returns
    -------
    list of SongResult
        Of the songs that are left out.
    """
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
        """The results of the method on some cases.

        Parameters
        ----------
        cases
            Of one song.

        Returns
        -------
        gains : ndarray
            Shape (cases, tracks): effective gains in dB.
        intervals : ndarray or None
            Shape (cases, tracks, 2): bounds in dB; None for a method without intervals.
        """
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


def fader_response(method: Method, case: Case, raised: Sequence[Case]) -> FaderResponse:
    """How faders respond where one track is recorded louder.

    Parameters
    ----------
    method
        The method.
    case
        The session as recorded.
    raised
        The same with one track louder each.

    Returns
    -------
    FaderResponse
        Over all tracks that were raised.
    """
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
