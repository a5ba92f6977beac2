"""Fits the multi-output forest of ``methods.forest`` to songs with human faders.

What a slot learns is the residual of the level part: R = target + s (d - mean d). Each
rendering enters several times: as recorded, and with every raw track shifted by up to
12 dB and its target the other way, so that s times the shift, which no input shows, counts
as noise; with tracks left out at random, left and right exchanged at random, and tracks
that have no number in random order. scikit-learn refuses missing targets: an empty slot is
given its role's mean, and is never scored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.features import FeatureTable
from reaper_drumgain.learn.dataset import Rendering
from reaper_drumgain.learn.human_faders import Float64, Song
from reaper_drumgain.methods.forest import (
    SLOTS,
    departures,
    input_names,
    input_row,
    role_of_slot,
    seat,
    slope,
)
from reaper_drumgain.modelfile import Forest
from reaper_drumgain.roles import ROLE_NAMES, Role

SHIFT_DB = 12.0
#: whose mean a role without training tracks takes
SIBLINGS: Mapping[str, str] = {
    "kick in": "kick",
    "kick": "kick in",
    "kick out": "kick in",
    "sub kick": "kick out",
    "snare top": "snare",
    "snare": "snare top",
    "snare bottom": "snare top",
    "hi-hat": "ride",
    "tom": "snare top",
    "ride": "hi-hat",
    "cymbal": "overhead",
    "overhead": "room",
    "room": "overhead",
    "sample": "snare top",
    "percussion": "hi-hat",
}


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How a forest is fitted. ``leaf``: least share of the rows in a leaf; ``widths_db``: what
    the width of the level part is chosen from, inside the training songs; ``shrink``: how
    many tracks a role's mean counts as in favour of the mean of all."""

    trees: int = 200
    copies: int = 6
    leaf: float = 0.12
    max_features: float = 0.3
    columns: tuple[str, ...] = ("crest_db", "centroid_hz", "bandwidth_hz", "flatness")
    tie_column: str = "centroid_hz"
    widths_db: tuple[float, ...] = (2.0, 3.0, 4.0, 5.0, 6.0)
    shrink: float = 4.0
    drop: float = 0.15
    seed: int = 527
    jobs: int = 2


def role_effects(
    roles: Sequence[Sequence[Role]], values: Sequence[Float64], shrink: float
) -> tuple[dict[str, float], Float64]:
    """Role means and song offsets of values = offset of song + mean of role, in turn.

    Every role of ROLE_NAMES gets a mean; without a track it is its sibling's, or 0.
    """
    offsets = np.array([float(np.median(song)) for song in values])
    means: dict[str, float] = {}
    for _ in range(50):
        found: dict[str, list[float]] = defaultdict(list)
        for names, song, offset in zip(roles, values, offsets, strict=True):
            for role, value in zip(names, song, strict=True):
                found[role.name].append(float(value - offset))
        means = {name: sum(held) / (len(held) + shrink) for name, held in found.items()}
        offsets = np.array(
            [
                float(np.mean([v - means[r.name] for r, v in zip(names, song, strict=True)]))
                for names, song in zip(roles, values, strict=True)
            ]
        )
    return {name: _mean_or_siblings(name, means) for name in ROLE_NAMES}, offsets


def _mean_or_siblings(name: str, means: Mapping[str, float]) -> float:
    seen: set[str] = set()
    while name not in means:
        seen.add(name)
        name = SIBLINGS[name]
        if name in seen:
            return 0.0
    return means[name]


@dataclass(frozen=True)
class RoleLevels:
    """By role: the mean human gain in dB, and the mean loudness behind the fader in LU.

    Zero is any common level. A track's gain is the median engineer's; offsets of songs are
    taken out and small numbers of tracks shrunk, as ``role_effects`` does.
    """

    gain_db: Mapping[str, float]
    loudness_lu: Mapping[str, float]


def fit_role_levels(songs: Sequence[Song], shrink: float) -> RoleLevels:
    """What ``methods.role_levels`` needs to know."""
    roles = [[track.role for track in song.tracks] for song in songs]
    gains, _ = role_effects(roles, [song.target_db for song in songs], shrink)
    loudness, _ = role_effects(roles, [song.raw_lufs + song.target_db for song in songs], shrink)
    return RoleLevels(gains, loudness)


@dataclass(frozen=True)
class LevelPart:
    """The template and width of ``methods.forest``, and role means of what it leaves."""

    template_lufs: Mapping[str, float]
    width_db: float
    residual_db: Mapping[str, float]

    def residual(self, song_roles: Sequence[Role], loudness: Float64, gains: Float64) -> Float64:
        """(tracks,) gains plus what the level part takes away."""
        away = departures(loudness, song_roles, self.template_lufs)
        return np.asarray(gains + slope(away, self.width_db) * away)

    def gains(self, song_roles: Sequence[Role], loudness: Float64) -> Float64:
        """(tracks,) the gains without a forest: role means of the residual."""
        zero = np.array([self.residual_db[role.name] for role in song_roles])
        return zero - self.residual(song_roles, loudness, np.zeros(len(song_roles)))


def fit_level_part(songs: Sequence[Song], width_db: float, shrink: float, seed: int) -> LevelPart:
    """Template and residual means of the songs, half as recorded, half with shifted levels."""
    roles = [[track.role for track in song.tracks] for song in songs]
    template, _ = role_effects(roles, [song.raw_lufs for song in songs], shrink)
    part = LevelPart(template, width_db, {})
    chance = np.random.default_rng(seed)
    residuals = []
    for song, names in zip(songs, roles, strict=True):
        recorded = part.residual(names, song.raw_lufs, song.target_db)
        moved = np.zeros(len(names))
        for shift in chance.uniform(-SHIFT_DB, SHIFT_DB, (64, len(names))):
            moved += part.residual(names, song.raw_lufs + shift, song.target_db - shift) / 64
        residuals.append((recorded + moved) / 2)
    means, _ = role_effects(roles, residuals, shrink)
    return LevelPart(template, width_db, means)


def centred_error(gains: Float64, target: Float64) -> float:
    """Mean absolute error in dB over tracks, after the common offset: the median error."""
    error = gains - target
    return float(np.mean(np.abs(error - np.median(error))))


def choose_width(songs: Sequence[Song], settings: FitSettings) -> float:
    """The width with the least error over songs left out one by one, of ``widths_db``.

    The error is the mean of that as recorded and that with 16 shifts of up to 12 dB.
    """
    return min(settings.widths_db, key=lambda width: width_error(songs, width, settings))


def width_error(songs: Sequence[Song], width_db: float, settings: FitSettings) -> float:
    """What ``choose_width`` compares."""
    errors = []
    for place, song in enumerate(songs):
        rest = [*songs[:place], *songs[place + 1 :]]
        part = fit_level_part(rest, width_db, settings.shrink, settings.seed)
        roles = [track.role for track in song.tracks]
        shifts = np.random.default_rng(settings.seed + place).uniform(
            -SHIFT_DB, SHIFT_DB, (16, len(roles))
        )
        recorded = centred_error(part.gains(roles, song.raw_lufs), song.target_db)
        shifted = [
            centred_error(part.gains(roles, song.raw_lufs + shift), song.target_db - shift)
            for shift in shifts
        ]
        errors.append((recorded + float(np.mean(shifted))) / 2)
    return float(np.mean(errors))


@dataclass(frozen=True)
class TrainingRows:
    """``x`` (rows, inputs) with NaN, ``y`` (rows, slots) without, ``filled`` where y was
    missing."""

    x: Float64
    y: Float64
    filled: npt.NDArray[np.bool_]


def training_rows(
    renderings: Sequence[Rendering], part: LevelPart, settings: FitSettings
) -> TrainingRows:
    """The rows that a forest is fitted to, ``copies`` of each rendering."""
    chance = np.random.default_rng(settings.seed)
    slot_means = np.array([part.residual_db[role_of_slot(slot)] for slot in SLOTS])
    inputs, targets, missing = [], [], []
    for rendering in renderings:
        song = rendering.song
        for copy in range(settings.copies):
            kept = np.flatnonzero(chance.uniform(size=len(song.tracks)) >= settings.drop)
            if kept.size < 3:
                kept = np.arange(len(song.tracks))
            width = SHIFT_DB if copy % 2 else 0.0
            shift = chance.uniform(-width, width, kept.size)
            roles = _mirrored([song.tracks[k].role for k in kept], chance.uniform() < 0.5)
            channels = [song.tracks[k].channels for k in kept]
            table = FeatureTable(rendering.table.columns, rendering.table.values[kept])
            left = part.residual(roles, song.raw_lufs[kept] + shift, song.target_db[kept] - shift)
            left -= np.mean(left - [part.residual_db[role.name] for role in roles])
            seats = seat(roles, channels, chance.permutation(kept.size).astype(float))
            row = slot_means.copy()
            empty = np.ones(len(SLOTS), bool)
            for one, value in zip(seats, left, strict=True):
                if not one.beyond:
                    row[one.slot], empty[one.slot] = value, False
            inputs.append(input_row(table, seats, settings.columns))
            targets.append(row)
            missing.append(empty)
    return TrainingRows(np.array(inputs), np.array(targets), np.array(missing))


def _mirrored(roles: Sequence[Role], exchange: bool) -> list[Role]:
    other = {"left": "right", "right": "left"}
    if not exchange:
        return list(roles)
    return [Role(r.name, other.get(r.side or "", r.side), r.ordinal) for r in roles]


def fit_regressor(rows: TrainingRows, settings: FitSettings):  # type: ignore[no-untyped-def]
    """scikit-learn's forest on the rows."""
    from sklearn.ensemble import RandomForestRegressor

    regressor = RandomForestRegressor(
        n_estimators=settings.trees,
        min_samples_leaf=settings.leaf,
        max_features=settings.max_features,
        random_state=settings.seed,
        n_jobs=settings.jobs,
    )
    return regressor.fit(rows.x, rows.y)


def fit_forest(
    renderings: Sequence[Rendering], settings: FitSettings, about: Mapping[str, object]
) -> Forest:
    """The level part and the forest of all renderings, as arrays."""
    songs = list({rendering.song.name: rendering.song for rendering in renderings}.values())
    width = choose_width(songs, settings)
    part = fit_level_part(songs, width, settings.shrink, settings.seed)
    regressor = fit_regressor(training_rows(renderings, part, settings), settings)
    return Forest(
        inputs=input_names(settings.columns),
        outputs=SLOTS,
        columns=settings.columns,
        tie_column=settings.tie_column,
        template_lufs=part.template_lufs,
        width_db=width,
        arrays=as_arrays(regressor),
        about=about,
    )


def as_arrays(regressor) -> dict[str, npt.NDArray[np.generic]]:  # type: ignore[no-untyped-def]
    """scikit-learn's trees as the arrays of ``modelfile``."""
    parts: dict[str, list[npt.NDArray[np.generic]]] = defaultdict(list)
    nodes = leaves = 0
    largest = float(np.finfo(np.float32).max)
    for estimator in regressor.estimators_:
        tree = estimator.tree_
        inner = tree.children_left >= 0
        count = tree.node_count
        leaf = np.full(count, -1)
        leaf[~inner] = leaves + np.arange(count - inner.sum())
        parts["root"].append(np.array([nodes]))
        parts["left"].append(np.where(inner, tree.children_left + nodes, -1))
        parts["right"].append(np.where(inner, tree.children_right + nodes, -1))
        parts["feature"].append(np.where(inner, tree.feature, 0))
        # an infinite threshold parts missing values from all others: so does the largest number
        parts["threshold"].append(np.where(inner, np.clip(tree.threshold, -largest, largest), 0.0))
        parts["missing_left"].append(np.where(inner, tree.missing_go_to_left, 0))
        parts["leaf"].append(leaf)
        parts["value"].append(tree.value[~inner, :, 0])
        nodes += count
        leaves += int(count - inner.sum())
    return {name: np.concatenate(held) for name, held in parts.items()}
