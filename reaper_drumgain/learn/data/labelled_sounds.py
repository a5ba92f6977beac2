"""Tracks with known content, to fit and test the forest that tells drums by their sound.

Both sampled kits play performances of any style. There are only two kicks and two snares, so what a
microphone picks up is varied widely: each is tilted by up to 15 dB from bass to treble, rejects
other pieces by up to 24 dB, has bleed of the other microphones at -45 to -10 dB, and is left out of
a quarter of the takes. Other instruments come from formulas (``other_sounds``). All audio is
simulated except for the hits of the kits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis import features
from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.errors import InputError
from reaper_drumgain.learn.data.array_files import cache_key, damaged, read_arrays, write_arrays
from reaper_drumgain.learn.data.human_faders import Float64
from reaper_drumgain.learn.data.kits import KITS, cached_kit
from reaper_drumgain.learn.data.other_sounds import KINDS, other_sound
from reaper_drumgain.learn.data.performances import Performance, choose_any_style
from reaper_drumgain.learn.data.render import VirtualMic, render
from reaper_drumgain.learn.data.rendered_songs import Progress
from reaper_drumgain.learn.data.streams import ArrayStream
from reaper_drumgain.methods.by_sound import COLUMNS
from reaper_drumgain.units import Decibel, to_linear
from reaper_drumgain.util.decibels import db_to_gain
from reaper_drumgain.util.processes import in_processes

VERSION = 1
#: number of performances, and length of each in seconds
PERFORMANCES, SECONDS = 40, 12.0
#: takes of each performance with each kit, and other sounds in each take
_TAKES, _OTHERS = 2, 2
#: largest tilt, rejection and change of the recording level
_TILT_DB, _CLOSER_DB, _LEVEL_DB = 15.0, 24.0, 10.0
#: range of bleed; share of the tracks with bleed, and of the microphones that a take has
_BLEED_DB, _BLEEDS, _PRESENT = (-45.0, -10.0), 0.6, 0.75
#: strokes that an excerpt must have
_FEWEST = {"kick": 4, "snare": 3}
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
class LabelledSounds:
    """Tracks to learn from.

    Attributes
    ----------
    values
        Shape (tracks, columns of ``methods.by_sound.COLUMNS``): features.
    kits
        Shape (tracks,): the kit of each track's take.
    performances
        Shape (tracks,): the number of the performance.
    labels
        Shape (tracks,): the drum, or the kind of other sound.
    """

    values: Float64
    kits: npt.NDArray[np.str_]
    performances: npt.NDArray[np.int64]
    labels: npt.NDArray[np.str_]

    def answers(self, drums: Sequence[str]) -> npt.NDArray[np.int64]:
        """The label of each track as a number.

        Parameters
        ----------
        drums
            The drums that are told apart.

        Returns
        -------
        ndarray
            Shape (tracks,): the index of the label in ``drums``; ``len(drums)`` for all others.
        """
        places = {drum: place for place, drum in enumerate(drums)}
        return np.array([places.get(label, len(drums)) for label in self.labels.tolist()])

    @property
    def others(self) -> npt.NDArray[np.bool_]:
        """Shape (tracks,): true for sounds that are no drums."""
        return np.isin(self.labels, list(KINDS))


@dataclass(frozen=True)
class _Job:
    kit: Path
    number: int
    performance: Performance
    seed: int

    def run(self) -> tuple[Float64, list[str]]:
        """Features and labels of all tracks of all takes."""
        rng = np.random.default_rng([self.seed, self.number, KITS.index(self.kit.name)])
        values: list[Float64] = []
        labels: list[str] = []
        for _ in range(_TAKES):
            tracks, names = self._take(rng)
            streams = [ArrayStream(track.astype(np.float32)[None]) for track in tracks]
            table = features.feature_table(measure(streams, threads=1))
            values.append(np.column_stack([table.column(name) for name in COLUMNS]))
            labels += names
        return np.vstack(values), labels

    def _take(self, rng: np.random.Generator) -> tuple[list[Float64], list[str]]:
        kit = cached_kit(self.kit)
        microphones = MICROPHONES[kit.name]
        names = [name for name in microphones if rng.uniform() < _PRESENT] or list(microphones)
        mics = [
            VirtualMic(
                (name,),
                focus=(focus := microphones[name][1]),
                rejection_db=float(rng.uniform(0.0, _CLOSER_DB)) if focus else 0.0,
                tilt_db=float(rng.uniform(-_TILT_DB, _TILT_DB)),
            )
            for name in names
        ]
        length = SECONDS + 2.0
        seed = int(rng.integers(1 << 31))
        sound = render(kit, self.performance.strokes, mics, length, seed=seed).astype(np.float64)
        sound /= np.maximum(np.sqrt(np.mean(sound**2, axis=1, keepdims=True)), 1e-9)
        everything = sound.sum(axis=0)
        tracks = []
        for own in sound:
            bleed = to_linear(Decibel(rng.uniform(*_BLEED_DB))) * (rng.uniform() < _BLEEDS)
            tracks.append(own + bleed * (everything - own))
        labels = [microphones[name][0] for name in names]
        for kind in rng.choice(list(KINDS), _OTHERS, replace=False).tolist():
            tracks.append(other_sound(kind, rng, length))
            labels.append(kind)
        levels = db_to_gain(rng.uniform(-_LEVEL_DB, _LEVEL_DB, len(tracks)))
        return [
            0.05 * level * track / np.abs(track).max()
            for level, track in zip(levels, tracks, strict=True)
        ], labels


def render_labelled_sounds(
    data: Path,
    *,
    performances: int = PERFORMANCES,
    seed: int,
    cache: Path | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> LabelledSounds:
    """Renders and measures both kits and other sounds, or reads them from the cache.

    Parameters
    ----------
    data
        The folder with ``kits`` and ``groove``.
    performances
        How many for each kit.
    seed
        Decides all that is drawn at random.
    cache
        A folder for the result. None for none.
    jobs
        Number of processes; it does not change the result.
    progress
        Called with what is done and its share, 0 to 1.

    Returns
    -------
    LabelledSounds
        Of all takes, those of one kit after those of the other.

    Raises
    ------
    InputError
        The data cannot be used.
    StorageError
        The cache cannot be written.
    """
    chosen = choose_any_style(data / "groove", performances, SECONDS, [seed, VERSION], _FEWEST)
    where = None if cache is None else cache / f"{_key(chosen, seed)}.npz"
    if where is not None and where.is_file():
        return _from_cache(where)
    work = [_Job(data / "kits" / k, n, p, seed) for k in KITS for n, p in enumerate(chosen)]
    values, labels, owners = [], [], []
    for job, (found, names) in zip(work, in_processes(_Job.run, work, jobs), strict=True):
        values.append(found)
        labels += names
        owners += [(job.kit.name, job.number)] * len(names)
        if progress:
            progress(f"sounds of {job.kit.name}, {job.performance.id}", len(values) / len(work))
    made = LabelledSounds(
        np.vstack(values),
        np.array([kit for kit, _ in owners]),
        np.array([number for _, number in owners]),
        np.array(labels),
    )
    if where is not None:
        write_arrays(where, {field.name: getattr(made, field.name) for field in fields(made)})
    return made


def _key(chosen: Sequence[Performance], seed: int) -> str:
    key = cache_key(VERSION, features.VERSION, COLUMNS, seed, [[p.id, p.start] for p in chosen])
    return f"labelled-sounds-{key}"


def _from_cache(path: Path) -> LabelledSounds:
    try:
        made = LabelledSounds(**read_arrays(path))
        if made.values.shape != (len(made.labels), len(COLUMNS)):
            raise ValueError(f"the values have the shape {made.values.shape}")
    except (OSError, ValueError, TypeError) as error:
        raise InputError(damaged(path, error)) from error
    return made
