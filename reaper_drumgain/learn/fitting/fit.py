"""Fits the forests of ``methods.forest`` and ``methods.multioutput`` to human faders.

The linear part comes first: role templates, W as the variance of departures that careful
recordings have, then role and stereo gains by ridge regression on what the level part leaves
of the targets. The trees then learn R = target - linear part for every slot. Each rendering
enters several times: as recorded, and with every raw track shifted by up to 12 dB and its
target the other way, so that s times the shift, which no input shows, counts as noise; with
tracks left out at random, left and right exchanged at random, and tracks that have no number
in random order. scikit-learn refuses missing targets: an empty slot is given R = 0 (or its
role's mean gain in the multi-output form), and is never scored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.features import FeatureTable
from reaper_drumgain.learn.data.dataset import Rendering
from reaper_drumgain.learn.data.human_faders import Float64, Song
from reaper_drumgain.methods.forest import (
    SLOTS,
    SlotAssignment,
    assign_slots,
    departures,
    input_names,
    input_row,
    is_stereo,
    linear_gains,
    role_of_slot,
    slope,
)
from reaper_drumgain.methods.forest_file import Forest, LinearPart
from reaper_drumgain.methods.multioutput import levelled
from reaper_drumgain.tracks.roles import ROLE_NAMES, Role

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
    """How a forest is fitted.

    ``leaf``: least share of the rows in a leaf (``multioutput_leaf``: where the trees have to
    follow levels). ``ridge``: of the linear part; it counts like that many tracks in favour
    of no difference between roles, as ``shrink`` does for templates. ``inner_trees``: of the
    forests that calibrate intervals.
    """

    trees: int = 200
    inner_trees: int = 40
    copies: int = 6
    leaf: float = 0.12
    multioutput_leaf: float = 0.02
    max_features: float = 0.3
    kind: Literal["random forest", "extra trees"] = "random forest"
    columns: tuple[str, ...] = ("crest_db", "centroid_hz", "bandwidth_hz", "flatness")
    tie_column: str = "centroid_hz"
    ridge: float = 1.0
    shrink: float = 4.0
    drop: float = 0.15
    coverage: float = 0.8
    seed: int = 527
    jobs: int = 1

    def as_plain(self) -> dict[str, Any]:
        """All that decides a fit, for the manifest of a model."""
        return {name: value for name, value in asdict(self).items() if name != "jobs"}


def songs_of(renderings: Sequence[Rendering]) -> list[Song]:
    """The songs, each once, in order."""
    return list({rendering.song.name: rendering.song for rendering in renderings}.values())


def splits(songs: Sequence[Song]) -> Iterator[tuple[list[Song], list[Song]]]:
    """(the others, those left out) for each group of songs in turn, in order.

    Songs of a single group are left out one by one: nothing else can be. The others are empty
    for a single song.
    """
    groups = dict.fromkeys(song.group for song in songs)
    if len(groups) == 1:
        for place, song in enumerate(songs):
            yield [*songs[:place], *songs[place + 1 :]], [song]
        return
    for group in groups:
        others = [song for song in songs if song.group != group]
        yield others, [song for song in songs if song.group == group]


def _roles(song: Song) -> list[Role]:
    return [track.role for track in song.tracks]


def _channels(song: Song) -> list[int]:
    return [track.channels for track in song.tracks]


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


def usual_width(songs: Sequence[Song], shrink: float) -> float:
    """How far raw tracks of a song lie from their roles' usual levels, in dB.

    The root of the mean over songs of the variance (n - 1) of departures from the templates
    of the other songs: what to expect of the next careful recording.
    """
    variances = []
    for others, own in splits(songs):
        known = others or own
        template, _ = role_effects(
            [_roles(song) for song in known], [song.raw_lufs for song in known], shrink
        )
        for song in own:
            away = departures(song.raw_lufs, _roles(song), template)
            variances.append(float(away @ away) / max(len(away) - 1, 1))
    return float(np.sqrt(np.mean(variances)))


def fit_linear(songs: Sequence[Song], settings: FitSettings) -> LinearPart:
    """The linear part of the songs as they were recorded, without intervals."""
    template, _ = role_effects(
        [_roles(song) for song in songs], [song.raw_lufs for song in songs], settings.shrink
    )
    width = usual_width(songs, settings.shrink)
    designs, wanted = [], []
    for song in songs:
        roles = _roles(song)
        away = departures(song.raw_lufs, roles, template)
        target = song.target_db + slope(away, width) * away
        one_hot = [[role.name == name for name in ROLE_NAMES] for role in roles]
        design = np.column_stack([one_hot, is_stereo(roles, _channels(song))]).astype(float)
        designs.append(design - design.mean(axis=0))
        wanted.append(target - target.mean())
    x, y = np.vstack(designs), np.concatenate(wanted)
    found = np.linalg.solve(x.T @ x + settings.ridge * np.eye(x.shape[1]), x.T @ y)
    present = {role.name for song in songs for role in _roles(song)}
    means = {n: float(v) for n, v in zip(ROLE_NAMES, found[:-1], strict=True) if n in present}
    return LinearPart(
        template_lufs=template,
        width_db=width,
        role_db={name: _mean_or_siblings(name, means) for name in ROLE_NAMES},
        stereo_db=float(found[-1]),
        interval_db=dict.fromkeys(ROLE_NAMES, 0.0),
        interval_rise=0.0,
        coverage=settings.coverage,
    )


@dataclass(frozen=True)
class Copy:
    """A rendering as it enters the fit: some of its tracks, perhaps recorded louder or softer.

    ``loudness`` is that of the copy and ``target`` the gains that lead to the same place.
    """

    roles: Sequence[Role]
    channels: Sequence[int]
    slots: Sequence[SlotAssignment]
    table: FeatureTable
    loudness: Float64
    target: Float64


def copies_of(renderings: Sequence[Rendering], settings: FitSettings) -> Iterator[Copy]:
    """``settings.copies`` of each rendering, half of them with shifted levels."""
    chance = np.random.default_rng(settings.seed)
    for rendering in renderings:
        song = rendering.song
        for number in range(settings.copies):
            kept = np.flatnonzero(chance.uniform(size=len(song.tracks)) >= settings.drop)
            if kept.size < 3:
                kept = np.arange(len(song.tracks))
            width = SHIFT_DB if number % 2 else 0.0
            shift = chance.uniform(-width, width, kept.size)
            roles = _mirrored([song.tracks[k].role for k in kept], chance.uniform() < 0.5)
            channels = [song.tracks[k].channels for k in kept]
            slots = assign_slots(roles, channels, chance.permutation(kept.size).astype(float))
            values = rendering.table.values[kept].copy()
            loudness = song.raw_lufs[kept] + shift
            values[:, rendering.table.columns.index("loudness_lufs")] = loudness
            table = FeatureTable(rendering.table.columns, values)
            target = song.target_db[kept] - shift
            yield Copy(roles, channels, slots, table, loudness, target)


def _mirrored(roles: Sequence[Role], exchange: bool) -> list[Role]:
    other = {"left": "right", "right": "left"}
    if not exchange:
        return list(roles)
    return [Role(r.name, other.get(r.side or "", r.side), r.ordinal) for r in roles]


@dataclass(frozen=True)
class TrainingRows:
    """``x`` (rows, inputs) with NaN, ``y`` (rows, slots) without, ``filled`` where y was
    missing."""

    x: Float64
    y: Float64
    filled: npt.NDArray[np.bool_]


def training_rows(
    renderings: Sequence[Rendering], linear: LinearPart, settings: FitSettings
) -> TrainingRows:
    """What the trees on top of a linear part are fitted to."""
    rows = []
    for copy in copies_of(renderings, settings):
        left = copy.target - linear_gains(linear, copy.loudness, copy.roles, copy.channels)
        x = input_row(copy.table, copy.slots, settings.columns)
        rows.append((x, left - left.mean(), copy.slots))
    return _in_slots(rows, np.zeros(len(SLOTS)))


def multioutput_rows(
    renderings: Sequence[Rendering], role_db: Mapping[str, float], settings: FitSettings
) -> TrainingRows:
    """What the forest that stands alone is fitted to; ``role_db``: mean gains by role."""
    rows = []
    columns = multioutput_columns(settings)
    for copy in copies_of(renderings, settings):
        expected = np.array([role_db[role.name] for role in copy.roles])
        x = input_row(levelled(copy.table), copy.slots, columns)
        rows.append((x, copy.target - np.mean(copy.target - expected), copy.slots))
    return _in_slots(rows, np.array([role_db[role_of_slot(slot)] for slot in SLOTS]))


def multioutput_columns(settings: FitSettings) -> tuple[str, ...]:
    """The recorded level and the columns of the other forest."""
    return ("loudness_lufs", *settings.columns)


def _in_slots(
    rows: Sequence[tuple[Float64, Float64, Sequence[SlotAssignment]]], empty: Float64
) -> TrainingRows:
    """Rows of inputs, values per track and slots; ``empty`` (slots,) fills the unused ones."""
    y = np.tile(empty, (len(rows), 1))
    filled = np.ones(y.shape, bool)
    for row, (_, values, slots) in enumerate(rows):
        for one, value in zip(slots, values, strict=True):
            if not one.overflow:
                y[row, one.slot], filled[row, one.slot] = value, False
    return TrainingRows(np.array([x for x, _, _ in rows]), y, filled)


def fit_regressor(rows: TrainingRows, settings: FitSettings):  # type: ignore[no-untyped-def]
    """scikit-learn's trees on the rows."""
    from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor

    kind = RandomForestRegressor if settings.kind == "random forest" else ExtraTreesRegressor
    regressor = kind(
        n_estimators=settings.trees,
        min_samples_leaf=settings.leaf,
        max_features=settings.max_features,
        random_state=settings.seed,
        n_jobs=settings.jobs,
    )
    return regressor.fit(rows.x, rows.y)


def fit_forest(
    renderings: Sequence[Rendering],
    linear: LinearPart,
    settings: FitSettings,
    about: Mapping[str, object],
) -> Forest:
    """The trees on top of this linear part, as arrays."""
    regressor = fit_regressor(training_rows(renderings, linear, settings), settings)
    return Forest(
        inputs=input_names(settings.columns),
        outputs=SLOTS,
        columns=settings.columns,
        tie_column=settings.tie_column,
        linear=linear,
        arrays=as_arrays(regressor),
        about=about,
    )


def fit_multioutput(
    renderings: Sequence[Rendering], settings: FitSettings, about: Mapping[str, object]
) -> Forest:
    """The forest of ``methods.multioutput``."""
    levels = fit_role_levels(songs_of(renderings), settings.shrink)
    rows = multioutput_rows(renderings, levels.gain_db, settings)
    regressor = fit_regressor(rows, replace(settings, leaf=settings.multioutput_leaf))
    columns = multioutput_columns(settings)
    return Forest(
        inputs=input_names(columns),
        outputs=SLOTS,
        columns=columns,
        tie_column=settings.tie_column,
        linear=None,
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
