"""Songs with human faders, made audible: what is real and what is simulated.

Real: track lists, raw loudness, fader gains. Simulated: the audio between them. For each
song a performance is rendered with a sampled kit, a track for each of the song's, each
scaled to the listed loudness. No kit has every microphone that a song has: ``taps_for``
says which microphones stand in for which roles.
"""

from __future__ import annotations

import csv
import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reaper_drumgain import features
from reaper_drumgain.errors import InputError
from reaper_drumgain.features import FeatureTable
from reaper_drumgain.learn.human_faders import Float64, HumanFaders, Song
from reaper_drumgain.learn.render import (
    RATE,
    TOMS,
    Audio,
    Kit,
    Stroke,
    Tap,
    excerpt,
    liveliest,
    load_kit,
    read_performance,
    render,
)
from reaper_drumgain.roles import Role

RENDER_VERSION = 1
#: what an excerpt must hold for the close tracks to be more than bleed
_NEEDED = ("kick", "snare", *TOMS)
_FEWEST_HATS = 4
_STYLES = ("rock", "pop", "funk", "soul", "punk", "country", "gospel", "blues", "dance")
_CLOSE_DB = 18.0
_ALONE_DB = 60.0
_HATS = ("hi-hat closed", "hi-hat open", "hi-hat pedal")
_CYMBALS = ("crash 1", "crash 2", "ride", "ride bell")

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Performance:
    """An excerpt of a performance: its id in the Groove data set, its start, its strokes."""

    id: str
    start: float
    strokes: tuple[Stroke, ...]


@dataclass(frozen=True)
class Rendering:
    """A song rendered once. ``table`` is that of the tracks at their listed loudness."""

    song: Song
    kit: str
    performance: str
    table: FeatureTable


class ArrayStream:
    """A (channels, frames) array as a stream that ``features.measure`` reads."""

    def __init__(self, sound: Audio) -> None:
        self._sound = sound
        self._place = 0

    @property
    def channels(self) -> int:
        """1 or 2."""
        return int(self._sound.shape[0])

    @property
    def rate(self) -> int:
        """Samples per second."""
        return RATE

    @property
    def frames(self) -> int:
        """Length in samples per channel."""
        return int(self._sound.shape[1])

    def read(self, frames: int) -> Audio | None:
        """The next (channels, n) samples, (channels, 0) at the end."""
        block = self._sound[:, self._place : self._place + frames]
        self._place += block.shape[1]
        return block


def choose_performances(groove: Path, count: int, length: float, seed: int) -> list[Performance]:
    """``count`` excerpts of ``length`` seconds in 4/4 in which kick, snare and all toms sound.

    In an order that ``seed`` decides; of each performance the liveliest window.
    Raises InputError where the data set holds fewer.
    """
    path = groove / "info.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [
                (row["id"], row["midi_filename"])
                for row in csv.DictReader(file)
                if row["beat_type"] == "beat"
                and row["time_signature"] == "4-4"
                and row["style"].split("/")[0] in _STYLES
                and length < float(row["duration"]) < 400.0
            ]
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise InputError(f"{path}: not the Groove data set's table: {error!r}") from error
    chosen: list[Performance] = []
    for place in np.random.default_rng(seed).permutation(len(rows)):
        identity, name = rows[place]
        strokes = read_performance(groove / name)
        start = liveliest(strokes, length)
        window = excerpt(strokes, start, length)
        pieces = [stroke.piece for stroke in window]
        hats = sum(piece in _HATS for piece in pieces)
        if set(_NEEDED) <= set(pieces) and hats >= _FEWEST_HATS:
            chosen.append(Performance(identity, start, window))
        if len(chosen) == count:
            return chosen
    raise InputError(f"{groove}: expected {count} performances with all toms, found {len(chosen)}")


def taps_for(role: Role, channels: int, kit: str) -> tuple[Tap, ...]:
    """The kit's microphones that stand in for a role: one tap, or two for a stereo track.

    A microphone that a kit lacks is its nearest one, with the strokes of other pieces 18 dB
    down where the missing one would stand close. Percussion, of which no kit has any, is
    the hi-hat's strokes alone; samples are kick or snare alone.
    """
    left, right = ("AmbL", "AmbR") if kit == "muldjord" else ("side", "window")
    if role.name == "overhead":
        left, right = ("OHL", "OHR") if kit == "muldjord" else ("oh", "oh")
    if role.name in ("overhead", "room", "cymbal") and channels == 2:
        return (Tap((left,)), Tap((right,)))
    if role.name in ("overhead", "room"):
        sides = {"left": (left,), "right": (right,)}
        return (Tap(sides.get(role.side or "", (left, right))),)
    tap = (_muldjord_tap if kit == "muldjord" else _gogodze_tap)(role)
    return (tap,) * channels


def _muldjord_tap(role: Role) -> Tap:
    toms = ("Tom1", "Tom2", "Tom4")
    taps = {
        "kick in": Tap(("KdrumR",)),
        "kick": Tap(("KdrumR",)),
        "kick out": Tap(("KdrumR",), tilt_db=-9.0),
        "sub kick": Tap(("KdrumR",), tilt_db=-36.0),
        "snare top": Tap(("Snare_top",)),
        "snare": Tap(("Snare_top",)),
        "snare bottom": Tap(("Snare_bottom",)),
        "hi-hat": Tap(("Hihat",)),
        "tom": Tap((toms[_tom(role)],)),
        "ride": Tap(("RideR",)),
        "cymbal": Tap(("OHL", "OHR"), focus=_CYMBALS, rejection_db=6.0),
        "sample": Tap(("Snare_top",), focus=("snare",), rejection_db=_ALONE_DB),
        "percussion": Tap(("Hihat",), focus=_HATS, rejection_db=_ALONE_DB, tilt_db=6.0),
    }
    return taps[role.name]


def _gogodze_tap(role: Role) -> Tap:
    taps = {
        "kick in": Tap(("kick",)),
        "kick": Tap(("kick",)),
        "kick out": Tap(("front",), focus=("kick",), rejection_db=_CLOSE_DB),
        "sub kick": Tap(("kick",), tilt_db=-36.0),
        "snare top": Tap(("snare",)),
        "snare": Tap(("snare",)),
        "snare bottom": Tap(("side",), ("snare", "side stick"), _CLOSE_DB, tilt_db=6.0),
        "hi-hat": Tap(("retro",), focus=_HATS, rejection_db=_CLOSE_DB),
        "tom": Tap(("oh",), focus=(TOMS[_tom(role)],), rejection_db=_CLOSE_DB),
        "ride": Tap(("oh",), focus=("ride", "ride bell"), rejection_db=_CLOSE_DB),
        "cymbal": Tap(("oh",), focus=_CYMBALS, rejection_db=6.0),
        "sample": Tap(("snare",), focus=("snare",), rejection_db=_ALONE_DB),
        "percussion": Tap(("retro",), focus=_HATS, rejection_db=_ALONE_DB, tilt_db=6.0),
    }
    return taps[role.name]


def _tom(role: Role) -> int:
    """Which of three toms; one without a number is the floor tom."""
    return 2 if role.ordinal is None else min(role.ordinal, 3) - 1


def render_song(song: Song, kit: Kit, performance: Performance, seed: int) -> list[Audio]:
    """The song's tracks as (channels, frames) float32, not yet scaled to their loudness.

    The length is that of the excerpt's last stroke plus 2 s.
    """
    groups = [taps_for(track.role, track.channels, kit.name) for track in song.tracks]
    taps = [tap for group in groups for tap in group]
    length = max((stroke.time for stroke in performance.strokes), default=0.0) + 2.0
    sound = render(kit, performance.strokes, taps, length, seed=seed)
    ends = np.cumsum([len(group) for group in groups])[:-1]
    return np.split(sound, ends.tolist(), axis=0)


def measure_song(song: Song, tracks: Sequence[Audio]) -> tuple[FeatureTable, Float64]:
    """The features at the listed loudness, and the gains in dB that bring the audio there.

    Raises InputError where a track is silent and so cannot be brought anywhere.
    """
    measurement = features.measure([ArrayStream(track) for track in tracks], threads=1)
    gains = np.zeros(len(tracks))
    # the absolute gate of the loudness measure lets more through once a track is louder
    for _ in range(4):
        table = features.feature_table(measurement, gains_db=gains)
        loudness = table.column("loudness_lufs")
        if not np.isfinite(loudness).all():
            names = np.array([track.raw_file for track in song.tracks])
            silent = ", ".join(names[~np.isfinite(loudness)])
            raise InputError(f"{song.name}: rendered without a sound: {silent}")
        missing = song.raw_lufs - loudness
        if np.max(np.abs(missing)) < 1e-3:
            break
        gains = gains + missing
    return table, gains


def renderings(
    faders: HumanFaders,
    data: Path,
    *,
    kits: Sequence[str],
    performances: Sequence[Performance],
    seed: int,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> list[Rendering]:
    """Every song with every kit and performance, in that nesting; measured, or from ``cache``.

    ``data``: the folder with ``kits``. What lies in the cache is keyed by everything that
    decides it, and read without pickle.
    """
    made: list[Rendering] = []
    total = len(faders.songs) * len(kits) * len(performances)
    loaded = {name: load_kit(data / "kits" / name) for name in kits}
    for song, name, performance in _jobs(faders, kits, performances):
        if progress:
            progress(f"{song.name}, {name}, {performance.id}", len(made) / total)
        job_seed = seed + len(made)
        table = None
        where = None
        if cache is not None:
            where = cache / f"{_key(song, name, performance, job_seed)}.npz"
            table = _from_cache(where, len(song.tracks))
        if table is None:
            tracks = render_song(song, loaded[name], performance, job_seed)
            table, _ = measure_song(song, tracks)
            if where is not None:
                where.parent.mkdir(parents=True, exist_ok=True)
                np.savez(where, values=table.values)
        made.append(Rendering(song, name, performance.id, table))
    if progress:
        progress("rendered", 1.0)
    return made


def _jobs(
    faders: HumanFaders, kits: Sequence[str], performances: Sequence[Performance]
) -> Iterator[tuple[Song, str, Performance]]:
    for song in faders.songs:
        for kit in kits:
            for performance in performances:
                yield song, kit, performance


def _key(song: Song, kit: str, performance: Performance, seed: int) -> str:
    tracks = [[t.raw_file, str(t.role), t.channels, t.raw_lufs] for t in song.tracks]
    decides = [
        RENDER_VERSION,
        features.VERSION,
        features.COLUMNS,
        song.name,
        tracks,
        kit,
        performance.id,
        performance.start,
        len(performance.strokes),
        seed,
    ]
    return hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:24]


def _from_cache(path: Path, tracks: int) -> FeatureTable | None:
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            values = held["values"]
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: damaged, delete it and run again: {error}") from error
    if values.shape != (tracks, len(features.COLUMNS)) or values.dtype != np.float64:
        raise InputError(f"{path}: holds {values.dtype} {values.shape}: delete it and run again")
    return FeatureTable(features.COLUMNS, values)
