"""Empirical Bayes: what a user does to each role, no more than the material shows.

The rows are the roles of each session: the mean departure d of the role's tracks (their gain less
the bundled one, in dB) and their mean level x (dB over the usual, against the mean of the kit).
Several projects of one session are one, with the means of theirs.

    d = c(session) + family + role + x (s(family) + s(role)) + noise

c is free: the common level of a kit has no meaning. The others are normal with mean 0, the role
within its family, and variances that are common to all families and roles; the noise of a row is
rho^2 + sigma^2 / (sum of its tracks' weights). The variances are those that explain the material
best (maximum a posteriori of their logarithms, with the priors below), and each effect is its
expected value given them: the estimator shrinks what varies from project to project, and a role
that was never seen takes the effect of its family. (Searle, Casella & McCulloch 1992, "Variance
Components", chapters 7 and 9.) Rows far from what is expected count less, as with a Student
distribution of 5 degrees of freedom. Slopes are learned from FEWEST_FOR_SLOPES sessions on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.methods.user_model import (
    MAX_DEPARTURE_DB,
    MAX_OFFSET_DB,
    MAX_SLOPE,
    FinishedProject,
    RoleTaste,
    level_departures,
)
from reaper_drumgain.tracks.roles import ROLE_NAMES

Float64 = npt.NDArray[np.float64]

FAMILIES: Mapping[str, str] = {
    **dict.fromkeys(("kick in", "kick out", "kick", "sub kick"), "kick"),
    **dict.fromkeys(("snare top", "snare bottom", "snare"), "snare"),
    "tom": "toms",
    **dict.fromkeys(("hi-hat", "ride", "cymbal"), "cymbals"),
    "overhead": "overheads",
    "room": "rooms",
    **dict.fromkeys(("sample", "percussion"), "others"),
}
_FAMILY_NAMES = tuple(dict.fromkeys(FAMILIES.values()))
#: what a track counts whose effects were not measured
EFFECTS_WEIGHT = 0.4
#: from so many sessions on it is learned how the user treats levels
FEWEST_FOR_SLOPES = 4
#: of each standard deviation (dB, of slopes dB per dB): the likeliest value, and the standard
#: deviation of its logarithm, before anything was seen. Two engineers differ by 5 dB on a track
_PRIORS = {
    "noise": (2.0, 0.6),
    "scatter": (1.0, 0.6),
    "family": (1.5, 0.8),
    "role": (1.2, 0.8),
    "family slope": (0.08, 0.8),
    "role slope": (0.05, 0.8),
}
#: variance of the level of a project, in dB^2: as good as free
_FREE = 1e4
_DEGREES = 5.0
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Fit:
    """What was learned of a user.

    Attributes
    ----------
    roles
        The departures from the bundled model, by role.
    noise_db
        How much one track scatters around them, as a standard deviation in dB.
    range_db
        The levels that were seen lie within so many dB of the usual.
    """

    roles: Mapping[str, RoleTaste]
    noise_db: float
    range_db: float


@dataclass(frozen=True)
class _Rows:
    """Departures of the roles of each session (rows,). ``design``: which session, family and role
    each belongs to, and the last two times the level."""

    departure: Float64
    weight: Float64
    design: Float64
    kinds: tuple[str, ...]


def sessions(projects: Sequence[FinishedProject]) -> list[int]:
    """The number of the session of each project.

    Two projects are of one session where one shares at least half of its media with the other.
    """
    media = [frozenset(project.media) for project in projects]
    numbers = list(range(len(projects)))
    for later in range(len(projects)):
        for former in range(later):
            fewest = min(len(media[later]), len(media[former]))
            if fewest and 2 * len(media[later] & media[former]) >= fewest:
                numbers = [numbers[former] if n == numbers[later] else n for n in numbers]
    return numbers


def fit(projects: Sequence[FinishedProject], template_lufs: dict[str, float]) -> Fit:
    """How a user departs from the bundled model, by empirical Bayes (see the module).

    Each session counts once, however many projects of it there are.

    Parameters
    ----------
    projects
        Finished projects.
    template_lufs
        By role, the usual loudness of a raw track in LUFS.

    Returns
    -------
    Fit
        With every role; a role that was never seen takes the effect of its family.

    References
    ----------
    Searle, Casella & McCulloch 1992, "Variance Components", chapters 7 and 9.
    """
    numbers = sessions(projects)
    slopes = len(set(numbers)) >= FEWEST_FOR_SLOPES
    rows, range_db = _rows(projects, numbers, template_lufs, slopes=slopes)
    weight = rows.weight
    for _ in range(_ROUNDS):
        deviations = _deviations(rows, weight)
        mean, covariance = _effects(rows, weight, deviations)
        rest = rows.departure - rows.design @ mean
        spread = _noise(deviations, weight)
        weight = rows.weight * (_DEGREES + 1.0) / (_DEGREES + rest**2 / spread)
    counts = Counter(track.role for project in projects for track in project.tracks)
    seen = Counter(
        role for project in projects for role in {track.role for track in project.tracks}
    )
    roles = _tastes(mean, covariance, counts, seen, slopes=slopes)
    noise = float(np.hypot(deviations["noise"], deviations["scatter"]))
    return Fit(roles, noise, range_db)


def _rows(
    projects: Sequence[FinishedProject],
    numbers: Sequence[int],
    template_lufs: dict[str, float],
    *,
    slopes: bool,
) -> tuple[_Rows, float]:
    order = list(dict.fromkeys(numbers))
    kinds = (
        *("session",) * len(order),
        *("family",) * len(_FAMILY_NAMES),
        *("role",) * len(ROLE_NAMES),
        *(("family slope",) * len(_FAMILY_NAMES) + ("role slope",) * len(ROLE_NAMES)) * slopes,
    )
    held: dict[tuple[int, str], list[_RoleMean]] = defaultdict(list)
    furthest = 0.0
    for number, project in zip(numbers, projects, strict=True):
        means, range_db = _role_means(project, template_lufs)
        furthest = max(furthest, range_db)
        for role, mean in means.items():
            held[order.index(number), role].append(mean)
    found = {key: np.mean(means, axis=0) for key, means in held.items()}
    rows = _Rows(
        np.array([mean[0] for mean in found.values()]),
        np.array([mean[2] for mean in found.values()]),
        np.stack(
            [
                _design_row(place, len(order), role, float(mean[1]), slopes=slopes)
                for (place, role), mean in found.items()
            ]
        ),
        kinds,
    )
    return rows, furthest


#: departure and level in dB, and weight
_RoleMean = tuple[float, float, float]


def _role_means(
    project: FinishedProject, template_lufs: dict[str, float]
) -> tuple[dict[str, _RoleMean], float]:
    """The means of a project's roles, departures against their median, and how far the furthest
    level is from the usual."""
    tracks = project.tracks
    level = level_departures(
        [track.role for track in tracks],
        np.array([track.loudness_lufs for track in tracks]),
        template_lufs,
        MAX_DEPARTURE_DB,
    )
    departure = np.array([track.target_db - track.bundled_db for track in tracks])
    departure = departure - np.median(departure)
    weight = np.array([EFFECTS_WEIGHT if track.effects else 1.0 for track in tracks])
    means = {}
    for role in dict.fromkeys(track.role for track in tracks):
        own = np.array([track.role == role for track in tracks])
        total = float(weight[own].sum())
        first, second = (float(weight[own] @ column[own]) / total for column in (departure, level))
        means[role] = (first, second, total)
    return means, float(np.abs(level).max(initial=0.0))


def _design_row(number: int, sessions_: int, role: str, over: float, *, slopes: bool) -> Float64:
    own = np.zeros(sessions_)
    own[number] = 1.0
    family = np.array([float(name == FAMILIES[role]) for name in _FAMILY_NAMES])
    exact = np.array([float(name == role) for name in ROLE_NAMES])
    parts = [own, family, exact, *((over * family, over * exact) if slopes else ())]
    return np.concatenate(parts)


def _noise(deviations: Mapping[str, float], weight: Float64) -> Float64:
    """(rows,) the variance of each row."""
    return np.asarray(deviations["scatter"] ** 2 + deviations["noise"] ** 2 / weight)


def _priors_of(rows: _Rows, deviations: Mapping[str, float]) -> Float64:
    """(columns,) the variance of each effect."""
    variance = {kind: value**2 for kind, value in deviations.items()} | {"session": _FREE}
    return np.array([variance[kind] for kind in rows.kinds])


def _effects(
    rows: _Rows, weight: Float64, deviations: Mapping[str, float]
) -> tuple[Float64, Float64]:
    """The expected effects (columns,) and their covariance."""
    precision = 1.0 / _noise(deviations, weight)
    inverse = np.diag(1.0 / _priors_of(rows, deviations))
    inverse += rows.design.T @ (precision[:, None] * rows.design)
    covariance = np.asarray(np.linalg.inv(inverse), np.float64)
    return covariance @ (rows.design.T @ (precision * rows.departure)), covariance


def _deviations(rows: _Rows, weight: Float64) -> dict[str, float]:
    """The standard deviations of noise and effects that explain the rows best."""
    from scipy.optimize import minimize

    names = [name for name in _PRIORS if name in ("noise", "scatter", *rows.kinds)]
    middle = np.log([_PRIORS[name][0] for name in names])
    spread = np.array([_PRIORS[name][1] for name in names])

    def cost(logs: Float64) -> float:
        deviations = dict(zip(names, np.exp(logs).tolist(), strict=True))
        noise, prior = _noise(deviations, weight), _priors_of(rows, deviations)
        scaled = rows.design * np.sqrt(prior)
        gram = np.eye(prior.size) + scaled.T @ (scaled / noise[:, None])
        factor = np.linalg.cholesky(gram)
        half = np.linalg.solve(factor, scaled.T @ (rows.departure / noise))
        misfit = float(rows.departure @ (rows.departure / noise) - half @ half)
        volume = float(np.log(noise).sum() + 2.0 * np.log(np.diag(factor)).sum())
        return 0.5 * (misfit + volume) + 0.5 * float((((logs - middle) / spread) ** 2).sum())

    bounds = list(zip(middle - 4.0 * spread, middle + 4.0 * spread, strict=True))
    found = minimize(cost, middle, method="L-BFGS-B", bounds=bounds)
    return dict(zip(names, np.exp(found.x).tolist(), strict=True))


def _tastes(
    mean: Float64, covariance: Float64, counts: Counter[str], seen: Counter[str], *, slopes: bool
) -> dict[str, RoleTaste]:
    """The departure of every role against the mean of those that were seen."""
    families, roles = len(_FAMILY_NAMES), len(ROLE_NAMES)
    first = mean.size - (families + roles) * (1 + slopes)
    pick = np.zeros((roles, mean.size))
    slope_pick = np.zeros((roles, mean.size))
    for place, role in enumerate(ROLE_NAMES):
        family = _FAMILY_NAMES.index(FAMILIES[role])
        for target, start in ((pick, first), (slope_pick, first + families + roles)):
            if start < mean.size:
                target[place, start + family] = target[place, start + families + place] = 1.0
    known = np.array([counts[role] > 0 for role in ROLE_NAMES])
    pick = pick - pick[known].mean(axis=0)
    offset, slope = pick @ mean, slope_pick @ mean
    sd = np.sqrt(np.einsum("ij,jk,ik->i", pick, covariance, pick))
    slope_sd = np.sqrt(np.einsum("ij,jk,ik->i", slope_pick, covariance, slope_pick))
    return {
        role: RoleTaste(
            offset_db=float(np.clip(offset[place], -MAX_OFFSET_DB, MAX_OFFSET_DB)),
            sd_db=float(sd[place]),
            slope=float(np.clip(slope[place], -MAX_SLOPE, MAX_SLOPE)),
            slope_sd=float(slope_sd[place]),
            tracks=counts[role],
            projects=seen[role],
        )
        for place, role in enumerate(ROLE_NAMES)
    }
