"""Does a user's model help on projects that it has not seen? One session left out at a time."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.learn.taste.fit import Fit, fit, sessions
from reaper_drumgain.methods.user_model import (
    Check,
    FinishedProject,
    FinishedTrack,
    UserModel,
    level_departures,
)

Float64 = npt.NDArray[np.float64]

#: the least difference of errors that counts as clear: in dB, and in standard errors
_CLEAR_DB, _CLEAR_SE = 0.1, 1.5
#: a model whose error is more than this share of the bundled one's says why
_LITTLE_HELP = 0.75
#: from so many sessions on the check itself is worth something, and the model is settled
_FEW, _ENOUGH = 3, 6
#: roles whose departures scatter by more from project to project are named, in dB
_INCONSISTENT_DB = 3.0


def predicted(found: Fit, template_lufs: dict[str, float], project: FinishedProject) -> Float64:
    """The gains that a fit gives to a project. Their common level is free.

    Parameters
    ----------
    found
        The fit.
    template_lufs
        By role, the usual loudness of a raw track in LUFS.
    project
        The project, with the bundled model's gains.

    Returns
    -------
    ndarray
        Shape (tracks,): gains in dB.
    """
    tracks = project.tracks
    level = level_departures(
        [track.role for track in tracks],
        np.array([track.loudness_lufs for track in tracks]),
        template_lufs,
        found.range_db,
    )
    tastes = [found.roles[track.role] for track in tracks]
    added = [taste.offset_db + taste.slope * x for taste, x in zip(tastes, level, strict=True)]
    return np.asarray(np.array([track.bundled_db for track in tracks]) + np.array(added))


def error_db(gains: Float64, project: FinishedProject) -> float:
    """How far gains are from the user's.

    Parameters
    ----------
    gains
        Shape (tracks,): gains in dB.
    project
        The project with the user's gains.

    Returns
    -------
    float
        Mean absolute difference in dB; the median difference, a common level, is removed first.
    """
    rest = gains - np.array([track.target_db for track in project.tracks])
    return float(np.abs(rest - np.median(rest)).mean())


@dataclass(frozen=True)
class _Errors:
    """Mean errors on sessions that were left out in dB, and the smallest clear difference."""

    own: float
    bundled: float
    clear: float


def check(projects: Sequence[FinishedProject], template_lufs: dict[str, float]) -> Check:
    """Whether a model helps on projects that it has not seen, one session left out at a time.

    Parameters
    ----------
    projects
        Finished projects.
    template_lufs
        By role, the usual loudness of a raw track in LUFS.

    Returns
    -------
    Check
        The errors in dB, None with one session, and what follows in sentences.
    """
    numbers = sessions(projects)
    count = len(set(numbers))
    if count == 1:
        return Check(sessions=1, verdict=_verdict(projects, count, None))
    own: list[float] = []
    bundled: list[float] = []
    for left_out in dict.fromkeys(numbers):
        rest = [p for p, number in zip(projects, numbers, strict=True) if number != left_out]
        held = [p for p, number in zip(projects, numbers, strict=True) if number == left_out]
        found = fit(rest, template_lufs)
        own.append(float(np.mean([error_db(predicted(found, template_lufs, p), p) for p in held])))
        gains = [np.array([track.bundled_db for track in p.tracks]) for p in held]
        bundled.append(float(np.mean([error_db(g, p) for g, p in zip(gains, held, strict=True)])))
    differences = np.array(bundled) - np.array(own)
    doubt = float(differences.std(ddof=1)) / math.sqrt(count)
    clear = max(_CLEAR_DB, _CLEAR_SE * doubt)
    errors = _Errors(float(np.mean(own)), float(np.mean(bundled)), clear)
    return Check(
        sessions=count,
        error_db=errors.own,
        bundled_db=errors.bundled,
        verdict=_verdict(projects, count, errors),
    )


def _verdict(
    projects: Sequence[FinishedProject], count: int, errors: _Errors | None
) -> tuple[str, ...]:
    said: list[str] = []
    if errors is None:
        said.append(
            "too little material: one session, so nothing is left to check the model on; "
            "two more finished projects of other songs let it check itself"
        )
    else:
        figures = (
            f"on sessions that it had not seen it missed your faders by {errors.own:.1f} dB, the "
            f"bundled model by {errors.bundled:.1f} dB"
        )
        if count < _FEW:
            said.append(f"too little material: {count} sessions; {figures}, which says little")
        elif errors.own < errors.bundled - errors.clear:
            said.append(f"it helps: {figures}")
        elif errors.own > errors.bundled + errors.clear:
            said.append(f"it does not help: {figures}: keep to the bundled model")
        else:
            said.append(f"no clear difference: {figures}")
        if count >= _FEW and errors.own > _LITTLE_HELP * errors.bundled:
            said.append(_why_not(projects, errors))
    if count < _ENOUGH:
        said.append(
            f"with little material the model changes little: from about {_ENOUGH} sessions of "
            "different songs on it follows your taste as far as that is the same in every song"
        )
    effects, all_tracks = effects_count(projects)
    if 2 * effects > all_tracks:
        said.append(
            f"the effects of {effects} of {all_tracks} tracks were not measured, so their levels "
            "say less: learn from the project in REAPER with audio 'export', or learn from mixes "
            "before effects"
        )
    return tuple(said)


def _why_not(projects: Sequence[FinishedProject], errors: _Errors) -> str:
    scatter = {role: sd for role, sd in role_scatter(projects).items() if sd > _INCONSISTENT_DB}
    if not scatter:
        if errors.bundled < 2.0:
            return "your faders stand about where the bundled model has them"
        return "no role departs from the bundled model in the same way in most projects"
    worst = sorted(scatter, key=lambda role: -scatter[role])[:4]
    listed = ", ".join(f"{role} (+-{scatter[role]:.0f} dB)" for role in worst)
    return (
        f"inconsistent from project to project: {listed}; models for one kind of music each, or "
        "projects at the same stage of mixing, would help"
    )


def count_of(model: UserModel) -> str:
    """How many projects of how many sessions a model has learned from, in words."""
    counts = ((len(model.projects), "project"), (model.check.sessions, "session"))
    return " of ".join(f"{n} {noun}" if n == 1 else f"{n} {noun}s" for n, noun in counts)


def effects_count(projects: Sequence[FinishedProject]) -> tuple[int, int]:
    """How many tracks have effects that were not measured, and how many there are."""
    tracks: list[FinishedTrack] = [track for project in projects for track in project.tracks]
    return sum(track.effects for track in tracks), len(tracks)


def role_scatter(projects: Sequence[FinishedProject]) -> Mapping[str, float]:
    """How much a role's departure changes from project to project.

    By role that at least three projects have: the standard deviation in dB of its departure from
    the bundled model, the median departure of the kit removed.
    """
    found: dict[str, list[float]] = defaultdict(list)
    for project in projects:
        departures = np.array([track.target_db - track.bundled_db for track in project.tracks])
        middle = float(np.median(departures))
        own: dict[str, list[float]] = defaultdict(list)
        for track, departure in zip(project.tracks, departures.tolist(), strict=True):
            own[track.role].append(departure - middle)
        for role, values in own.items():
            found[role].append(float(np.mean(values)))
    return {role: float(np.std(v, ddof=1)) for role, v in found.items() if len(v) >= 3}
