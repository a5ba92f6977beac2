"""The ear for drums: rendered microphones and other sounds in, a forest and its test out.

Two kits are two kicks and two snares, so what a microphone hears is varied widely: each is
tilted by up to 15 dB from bass to treble, hears its drum up to 24 dB better than it did, or the
other microphones up to 10 dB under itself, and none is there every time. Other sounds are made
by formulas (``other_sounds``). All audio is simulated but for the hits of the kits.

The test across kits decides what may be told: a forest is fitted to one kit and tried on the
other, with other performances, and for other sounds with the kind in question left out. It is
made for more drums than are told (``CANDIDATES``), to show which two kits support.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis import features
from reaper_drumgain.errors import InputError
from reaper_drumgain.learn.data.dataset import ArrayStream, Performance, Progress
from reaper_drumgain.learn.data.human_faders import Float64
from reaper_drumgain.learn.data.other_sounds import KINDS, other_sound
from reaper_drumgain.learn.data.render import KITS, Tap, excerpt, load_kit, read_performance, render
from reaper_drumgain.learn.fitting.fit import as_arrays
from reaper_drumgain.methods.by_sound import COLUMNS, DRUMS, OUTPUTS, SURE, TIE_COLUMN
from reaper_drumgain.methods.forest_file import Forest
from reaper_drumgain.util.processes import in_processes

VERSION = 1
PERFORMANCES, SECONDS = 40, 12.0
TREES, LEAF, FEATURES = 200, 2, 0.3
#: takes of each performance with each kit, other sounds beside each, trees of forests that are
#: fitted only to leave out a kind of other sounds
_TAKES, _OTHERS, _FEWER_TREES = 2, 2, 60
_TILT_DB, _CLOSER_DB, _LEVEL_DB = 15.0, 24.0, 10.0
_BLEED_DB, _BLEEDS, _PRESENT = (-45.0, -10.0), 0.6, 0.75
_FEWEST = {"kick": 4, "snare": 3}
_STROKES = 20

#: what both kits have and a user would like to be told
CANDIDATES = ("kick", "snare", "overhead")

#: by kit and microphone: the drum that stands closest to it, and that drum's pieces
MICROPHONES: Mapping[str, Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "muldjord": {
        "KdrumR": ("kick", ("kick",)),
        "Snare_top": ("snare", ("snare", "side stick")),
        "Snare_bottom": ("snare", ("snare", "side stick")),
        "Hihat": ("hi-hat", ()),
        "Tom1": ("tom", ("tom 1",)),
        "Tom2": ("tom", ("tom 2",)),
        "Tom4": ("tom", ("tom 3",)),
        "RideR": ("ride", ()),
        "OHL": ("overhead", ()),
        "OHR": ("overhead", ()),
        "AmbL": ("room", ()),
        "AmbR": ("room", ()),
    },
    "gogodze": {
        "kick": ("kick", ("kick",)),
        "snare": ("snare", ("snare", "side stick")),
        "oh": ("overhead", ()),
        "side": ("room", ()),
        "front": ("room", ()),
        "window": ("room", ()),
        "retro": ("room", ()),
    },
}


@dataclass(frozen=True)
class Sounds:
    """Tracks to learn from: ``values`` (tracks, COLUMNS); by track the kit it stood beside, the
    number of the performance, and the drum, or the kind of other sound."""

    values: Float64
    kits: npt.NDArray[np.str_]
    performances: npt.NDArray[np.int64]
    labels: npt.NDArray[np.str_]

    def answers(self, drums: Sequence[str]) -> npt.NDArray[np.int64]:
        """(tracks,) place in ``drums``, their number for all else."""
        places = {drum: place for place, drum in enumerate(drums)}
        return np.array([places.get(label, len(drums)) for label in self.labels.tolist()])

    @property
    def others(self) -> npt.NDArray[np.bool_]:
        """(tracks,) which are no drums at all."""
        return np.isin(self.labels, list(KINDS))


@dataclass(frozen=True)
class _Job:
    kit: Path
    number: int
    performance: Performance
    seed: int

    def done(self) -> tuple[Float64, list[str]]:
        """Features and labels of all tracks of all takes."""
        chance = np.random.default_rng([self.seed, self.number, KITS.index(self.kit.name)])
        values: list[Float64] = []
        labels: list[str] = []
        for _ in range(_TAKES):
            tracks, names = self._take(chance)
            streams = [ArrayStream(track.astype(np.float32)[None]) for track in tracks]
            table = features.feature_table(features.measure(streams, threads=1))
            values.append(np.column_stack([table.column(name) for name in COLUMNS]))
            labels += names
        return np.vstack(values), labels

    def _take(self, chance: np.random.Generator) -> tuple[list[Float64], list[str]]:
        kit = _loaded_kit(self.kit)
        microphones = MICROPHONES[kit.name]
        names = [name for name in microphones if chance.uniform() < _PRESENT] or list(microphones)
        taps = [
            Tap(
                (name,),
                focus=(focus := microphones[name][1]),
                rejection_db=float(chance.uniform(0.0, _CLOSER_DB)) if focus else 0.0,
                tilt_db=float(chance.uniform(-_TILT_DB, _TILT_DB)),
            )
            for name in names
        ]
        length = SECONDS + 2.0
        seed = int(chance.integers(1 << 31))
        sound = render(kit, self.performance.strokes, taps, length, seed=seed).astype(np.float64)
        sound /= np.maximum(np.sqrt(np.mean(sound**2, axis=1, keepdims=True)), 1e-9)
        everything = sound.sum(axis=0)
        tracks = []
        for own in sound:
            bleed = 10.0 ** (chance.uniform(*_BLEED_DB) / 20.0) * (chance.uniform() < _BLEEDS)
            tracks.append(own + bleed * (everything - own))
        labels = [microphones[name][0] for name in names]
        for kind in chance.choice(list(KINDS), _OTHERS, replace=False).tolist():
            tracks.append(other_sound(kind, chance, length))
            labels.append(kind)
        levels = 10.0 ** (chance.uniform(-_LEVEL_DB, _LEVEL_DB, len(tracks)) / 20.0)
        return [
            0.05 * level * track / np.abs(track).max()
            for level, track in zip(levels, tracks, strict=True)
        ], labels


@functools.lru_cache(maxsize=len(KITS))
def _loaded_kit(folder: Path):  # type: ignore[no-untyped-def]
    return load_kit(folder)


def choose(groove: Path, count: int, seed: int) -> list[Performance]:
    """``count`` excerpts of any style in which kick and snare play; an order by ``seed``.

    Raises InputError where the data set holds fewer.
    """
    path = groove / "info.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [
                (row["id"], row["midi_filename"], float(row["duration"]))
                for row in csv.DictReader(file)
                if row["beat_type"] == "beat"
            ]
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise InputError(f"{path}: not the Groove data set's table: {error!r}") from error
    chance = np.random.default_rng([seed, VERSION])
    chosen: list[Performance] = []
    for place in chance.permutation(len(rows)):
        identity, name, duration = rows[place]
        start = float(chance.uniform(0.0, max(duration - SECONDS, 0.0)))
        strokes = excerpt(read_performance(groove / name), start, SECONDS)
        pieces = [stroke.piece for stroke in strokes]
        enough = all(pieces.count(piece) >= fewest for piece, fewest in _FEWEST.items())
        if enough and len(pieces) >= _STROKES:
            chosen.append(Performance(identity, start, strokes))
        if len(chosen) == count:
            return chosen
    raise InputError(f"{groove}: expected {count} performances, found {len(chosen)}")


def sounds(
    data: Path,
    *,
    performances: int = PERFORMANCES,
    seed: int,
    cache: Path | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Sounds:
    """Both kits playing, and other sounds, measured; or from ``cache``.

    ``data``: the folder with ``kits`` and ``groove``. The number of processes (``jobs``) does
    not change the result. Raises InputError for data that cannot be used.
    """
    chosen = choose(data / "groove", performances, seed)
    where = None if cache is None else cache / f"{_key(chosen, seed)}.npz"
    if where is not None and where.is_file():
        return _from_cache(where)
    work = [_Job(data / "kits" / k, n, p, seed) for k in KITS for n, p in enumerate(chosen)]
    values, labels, owners = [], [], []
    for job, (found, names) in zip(work, in_processes(_Job.done, work, jobs), strict=True):
        values.append(found)
        labels += names
        owners += [(job.kit.name, job.number)] * len(names)
        if progress:
            progress(f"sounds of {job.kit.name}, {job.performance.id}", len(values) / len(work))
    made = Sounds(
        np.vstack(values),
        np.array([kit for kit, _ in owners]),
        np.array([number for _, number in owners]),
        np.array(labels),
    )
    if where is not None:
        where.parent.mkdir(parents=True, exist_ok=True)
        part = where.with_suffix(".part.npz")
        np.savez(part, v=made.values, k=made.kits, p=made.performances, l=made.labels)
        part.replace(where)
    return made


def _key(chosen: Sequence[Performance], seed: int) -> str:
    decides = [VERSION, features.VERSION, COLUMNS, seed, [[p.id, p.start] for p in chosen]]
    return "by-sound-" + hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:24]


def _from_cache(path: Path) -> Sounds:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            made = Sounds(held["v"], held["k"], held["p"], held["l"])
            if made.values.shape != (len(made.labels), len(COLUMNS)):
                raise ValueError(f"the values have the shape {made.values.shape}")
            return made
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: damaged, delete it and run again: {error}") from error


def fit_by_sound(
    heard: Sounds,
    chosen: npt.NDArray[np.bool_],
    *,
    drums: Sequence[str] = DRUMS,
    trees: int = TREES,
    seed: int,
    jobs: int = 1,
    about: Mapping[str, object] | None = None,
) -> Forest:
    """The forest of ``methods.by_sound`` from the ``chosen`` tracks, or one for other drums.

    A regression on answers of 0 and 1: the mean over the trees is the share of the vote. Each
    answer has the same weight, however many tracks have it.
    """
    from sklearn.ensemble import RandomForestRegressor

    answers = heard.answers(drums)[chosen]
    counts = np.bincount(answers, minlength=len(drums) + 1)
    forest = RandomForestRegressor(
        n_estimators=trees,
        min_samples_leaf=LEAF,
        max_features=FEATURES,
        random_state=seed,
        n_jobs=jobs,
    )
    weights = 1.0 / counts[answers]
    forest.fit(heard.values[chosen], np.eye(len(drums) + 1)[answers], sample_weight=weights)
    return Forest(
        inputs=COLUMNS,
        outputs=(*drums, OUTPUTS[-1]),
        columns=COLUMNS,
        tie_column=TIE_COLUMN,
        linear=None,
        arrays=as_arrays(forest),
        about=dict(about or {}),
    )


def across_kits(heard: Sounds, *, trees: int = TREES, seed: int, jobs: int = 1) -> dict[str, Any]:
    """What a forest of one kit tells of the other, and one of both kits of unknown sounds.

    Plain data. By direction: for each of CANDIDATES how many tracks there are, how many of them
    are ``found``, and how many others are ``taken for it``, microphones and other sounds, by a
    forest that tells this drum alone. ``kinds left out``: for each of DRUMS how many sounds of
    a kind are taken for it that is not among those learnt from.
    """
    even = heard.performances % 2 == 0
    figures: dict[str, Any] = {}
    for kit in KITS:
        other = next(name for name in KITS if name != kit)
        learnt, tested = (heard.kits == kit) & even, (heard.kits == other) & ~even
        figures[f"{kit} to {other}"] = {
            drum: _counts(
                fit_by_sound(heard, learnt, drums=(drum,), trees=trees, seed=seed, jobs=jobs),
                heard,
                tested,
            )
            for drum in CANDIDATES
        }
    unknown: dict[str, Any] = {}
    for kind in KINDS:
        left = heard.labels == kind
        if left.any():
            few = min(trees, _FEWER_TREES)
            model = fit_by_sound(heard, ~left, trees=few, seed=seed, jobs=jobs)
            taken = (model.predict(heard.values[left])[:, : len(DRUMS)] >= SURE).any(axis=1)
            unknown[kind] = {"tracks": int(left.sum()), "taken for a drum": int(taken.sum())}
    return figures | {"kinds left out": unknown}


def _counts(model: Forest, heard: Sounds, tested: npt.NDArray[np.bool_]) -> dict[str, int]:
    """Of a forest that tells one drum."""
    drum = model.outputs[0]
    taken = model.predict(heard.values[tested])[:, 0] >= SURE
    is_drum, other = heard.labels[tested] == drum, heard.others[tested]
    groups = {"microphones": ~is_drum & ~other, "other sounds": other}
    figures = {"tracks": int(is_drum.sum()), "found": int((taken & is_drum).sum())}
    for name, group in groups.items():
        figures[name] = int(group.sum())
        figures[f"{name} taken for it"] = int((taken & group).sum())
    return figures
