"""Audio for the songs with human faders: rendered with sampled kits, measured, cached.

Real are the track lists, the loudness of the raw tracks and the fader gains. Simulated is the
audio: for each song a performance is rendered with a sampled kit, one track for each track of the
song, and each is scaled to its listed loudness.

In a *resting* performance no tom is struck. Its tracks get the gains of the first performance
with the same kit, so that the tom microphones hold their bleed at the level it would have in the
session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis import features
from reaper_drumgain.analysis.descriptors import Descriptor
from reaper_drumgain.analysis.features import FeatureTable
from reaper_drumgain.analysis.hit_levels import HitLevels
from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.analysis.measurement import MEASUREMENT_VERSION, Measurement
from reaper_drumgain.errors import InputError
from reaper_drumgain.learn.data.array_files import cache_key
from reaper_drumgain.learn.data.human_faders import Float64, HumanFaders, Song
from reaper_drumgain.learn.data.kits import Audio, Kit, cached_kit, load_kit
from reaper_drumgain.learn.data.measurements import (
    as_recorded_louder,
    load_measurement,
    save_measurement,
)
from reaper_drumgain.learn.data.microphones import virtual_mics_for
from reaper_drumgain.learn.data.performances import Performance
from reaper_drumgain.learn.data.render import render
from reaper_drumgain.learn.data.streams import ArrayStream
from reaper_drumgain.methods.session_levels import SessionLevels, session_hits
from reaper_drumgain.util.processes import in_processes

RENDER_VERSION = 2
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Rendering:
    """One rendering of a song.

    Attributes
    ----------
    song
        The song with its targets.
    kit
        The name of the kit.
    performance
        The id of the performance.
    table
        Features of the tracks at their listed loudness.
    measurement
        What the features are computed from.
    resting
        Whether no tom is struck.
    """

    song: Song
    kit: str
    performance: str
    table: FeatureTable
    measurement: Measurement | None = None
    resting: bool = False
    _hits: dict[tuple[int, ...], HitLevels] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def levels(self) -> SessionLevels:
        """What is known of the tracks' levels, all of them taken as active."""
        roles = [track.role for track in self.song.tracks]
        if self.measurement is None:
            return SessionLevels.without_onsets(roles, self.song.raw_lufs)
        count = len(roles)
        return SessionLevels.of(
            roles,
            self.measurement.onset_windows,
            self.table.column("loudness_lufs"),
            np.ones(count, dtype=bool),
            np.arange(count),
        )

    @property
    def hits(self) -> HitLevels:
        """The levels of the drums' strokes."""
        return self.hits_of(np.arange(len(self.song.tracks)))

    def hits_of(self, chosen: npt.NDArray[np.intp]) -> HitLevels:
        """The levels of the drums' strokes in a session of some of the tracks alone.

        They are kept for the next call.

        Parameters
        ----------
        chosen
            Shape (tracks of the session,): the places of the tracks.

        Returns
        -------
        HitLevels
            Arrays have the shape (drums, tracks of the session, bands).
        """
        key = tuple(chosen.tolist())
        if key not in self._hits:
            self._hits[key] = session_hits(self.levels.take(chosen))
        return self._hits[key]


def render_song(song: Song, kit: Kit, performance: Performance, seed: int) -> list[Audio]:
    """Renders the tracks of a song, not yet scaled to their listed loudness.

    Parameters
    ----------
    song
        The song, for its tracks.
    kit
        The sampled kit.
    performance
        What is played.
    seed
        Decides which of the recorded hits are used.

    Returns
    -------
    list of ndarray
        Shape (channels, frames) for each track: float32, up to 2 s after the last stroke.
    """
    groups = [virtual_mics_for(track.role, track.channels, kit.name) for track in song.tracks]
    mics = [mic for group in groups for mic in group]
    length = max((stroke.time for stroke in performance.strokes), default=0.0) + 2.0
    sound = render(kit, performance.strokes, mics, length, seed=seed)
    ends = np.cumsum([len(group) for group in groups])[:-1]
    return np.split(sound, ends.tolist(), axis=0)


def measure_song(
    song: Song, tracks: Sequence[Audio], descriptors: Sequence[Descriptor] = ()
) -> tuple[Measurement, Float64]:
    """Measures the tracks as scaled to the loudness that the song lists for them.

    Parameters
    ----------
    song
        Lists the loudness of each track.
    tracks
        Shape (channels, frames) each.
    descriptors
        What is measured besides the features.

    Returns
    -------
    measurement : Measurement
        Of the scaled tracks.
    gains : ndarray
        Shape (tracks,): by how many dB they were scaled.

    Raises
    ------
    InputError
        A track is silent.
    """
    measurement = _measure(tracks, descriptors)
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
    return as_recorded_louder(measurement, gains, descriptors), gains


def _measure(tracks: Sequence[Audio], descriptors: Sequence[Descriptor]) -> Measurement:
    return measure([ArrayStream(track) for track in tracks], threads=1, descriptors=descriptors)


@dataclass(frozen=True)
class _Job:
    """The renderings of one song with one kit: the unit of parallel work. Resting performances
    come last; each has a seed of its own."""

    song: Song
    kit: Path
    performances: tuple[Performance, ...]
    resting: tuple[Performance, ...]
    seed: int
    descriptors: tuple[Descriptor, ...]
    cache: Path | None

    def run(self) -> list[Rendering]:
        """All renderings of this job, from the cache where they are there."""
        made, gains = [], None
        for place, performance in enumerate((*self.performances, *self.resting)):
            resting = place >= len(self.performances)
            where = None if self.cache is None else self.cache / f"{self._key(place)}.npz"
            if where is not None and where.is_file():
                measurement = load_measurement(where)
                if len(measurement.tracks) != len(self.song.tracks):
                    raise InputError(f"{where}: holds another song: delete it and run again")
            else:
                measurement, gains = self._measured(performance, place, gains, resting)
                if where is not None:
                    save_measurement(measurement, where)
            table = features.feature_table(measurement)
            made.append(
                Rendering(
                    self.song, self.kit.name, performance.id, table, measurement, resting=resting
                )
            )
        return made

    def _measured(
        self, performance: Performance, place: int, gains: Float64 | None, resting: bool
    ) -> tuple[Measurement, Float64]:
        kit = cached_kit(self.kit)
        if not resting:
            tracks = render_song(self.song, kit, performance, self.seed + place)
            measurement, found = measure_song(self.song, tracks, self.descriptors)
            return measurement, found if gains is None else gains
        if gains is None:
            first = render_song(self.song, kit, self.performances[0], self.seed)
            _, gains = measure_song(self.song, first)
        tracks = render_song(self.song, kit, performance, self.seed + place)
        measurement = _measure(tracks, self.descriptors)
        return as_recorded_louder(measurement, gains, self.descriptors), gains

    def _key(self, place: int) -> str:
        performances = (*self.performances, *self.resting)
        return cache_key(
            RENDER_VERSION,
            features.VERSION,
            MEASUREMENT_VERSION,
            features.COLUMNS,
            self.song.name,
            [[t.raw_file, str(t.role), t.channels, t.raw_lufs] for t in self.song.tracks],
            self.kit.name,
            [[p.id, p.start, len(p.strokes)] for p in (performances[0], performances[place])],
            place >= len(self.performances),
            [self.seed, self.seed + place],
            [descriptor.name for descriptor in self.descriptors],
        )


def renderings(
    faders: HumanFaders,
    data: Path,
    *,
    kits: Sequence[str],
    performances: Sequence[Performance],
    seed: int,
    resting: Sequence[Performance] = (),
    descriptors: Sequence[Descriptor] = (),
    cache: Path | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> list[Rendering]:
    """Every song with every kit and every performance, in that order, rendered and measured.

    Raises InputError for data or cached files that cannot be used.

    Parameters
    ----------
    faders
        The songs.
    data
        The folder with ``kits``.
    kits
        Names of kits.
    performances, resting
        What is played; the latter without a tom stroke.
    seed
        Decides which of the recorded hits are used.
    descriptors
        What is measured besides the features.
    cache
        A folder; files in it are named by a digest of everything that they depend on.
    jobs
        Number of processes; it does not change the result.
    progress
        Called with what is done and its share, 0 to 1.

    Returns
    -------
    list of Rendering
        Of each kit and song the resting performances come last.
    """
    for name in kits:
        load_kit(data / "kits" / name)
    work = list(_jobs(faders, data, kits, performances, resting, seed, descriptors, cache))
    made: list[Rendering] = []
    done = in_processes(_Job.run, work, jobs)
    for place, (job, found) in enumerate(zip(work, done, strict=True)):
        if progress:
            progress(f"rendered {job.song.name}, {job.kit.name}", (place + 1) / len(work))
        # one object for each song, also where other processes made copies
        made += [replace(rendering, song=job.song) for rendering in found]
    return made


def _jobs(
    faders: HumanFaders,
    data: Path,
    kits: Sequence[str],
    performances: Sequence[Performance],
    resting: Sequence[Performance],
    seed: int,
    descriptors: Sequence[Descriptor],
    cache: Path | None,
) -> Iterator[_Job]:
    each = len(performances) + len(resting)
    for song in faders.songs:
        for kit in kits:
            yield _Job(
                song,
                data / "kits" / kit,
                tuple(performances),
                tuple(resting),
                seed,
                tuple(descriptors),
                cache,
            )
            seed += each
