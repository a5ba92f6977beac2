"""Sessions of the sampled kits with all of their real microphones, at the kit's recording gains.

The gains are whatever the kit was recorded at: unknown, but the same in all sessions of a kit.
From these it is learned how microphones hear drums. Performances are of any style; all audio is
rendered from recorded hits, so that the bleed is that of the real room.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reaper_drumgain.analysis import features
from reaper_drumgain.analysis.hit_levels import HitLevels
from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.analysis.measurement import MEASUREMENT_VERSION, Measurement
from reaper_drumgain.learn.data.array_files import cache_key
from reaper_drumgain.learn.data.kits import KITS, cached_kit
from reaper_drumgain.learn.data.measurements import load_measurement, save_measurement
from reaper_drumgain.learn.data.performances import Performance, choose_any_style
from reaper_drumgain.learn.data.render import VirtualMic, render
from reaper_drumgain.learn.data.rendered_songs import Progress
from reaper_drumgain.learn.data.streams import ArrayStream
from reaper_drumgain.methods.session_levels import SessionLevels, session_hits
from reaper_drumgain.tracks.roles import Role, drum_of
from reaper_drumgain.util.processes import in_processes

#: the microphones of each kit and what they stand at
MICROPHONES: Mapping[str, Mapping[str, Role]] = {
    "muldjord": {
        "KdrumR": Role("kick"),
        "Snare_top": Role("snare top"),
        "Snare_bottom": Role("snare bottom"),
        "Hihat": Role("hi-hat"),
        "Tom1": Role("tom", None, 1),
        "Tom2": Role("tom", None, 2),
        "Tom4": Role("tom"),
        "RideR": Role("ride"),
        "OHL": Role("overhead", "left"),
        "OHR": Role("overhead", "right"),
        "AmbL": Role("room", "left"),
        "AmbR": Role("room", "right"),
    },
    "gogodze": {
        "kick": Role("kick"),
        "snare": Role("snare"),
        "oh": Role("overhead"),
        "front": Role("room"),
        "side": Role("room", "left"),
        "window": Role("room", "right"),
        "retro": Role("room", "mono"),
    },
}
#: the pieces that strike a microphone's own drum, by the drum's name
_PIECES: Mapping[str, tuple[str, ...]] = {
    "kick": ("kick",),
    "snare": ("snare", "side stick"),
    "hi-hat": ("hi-hat closed", "hi-hat open", "hi-hat pedal"),
    "tom 1": ("tom 1",),
    "tom 2": ("tom 2",),
    "tom None": ("tom 3",),
    "ride": ("ride", "ride bell"),
}
#: number of performances of each kit, and length of each in seconds
PERFORMANCES, SECONDS = 12, 25.0
_FEWEST = {"kick": 4, "snare": 4}
_STREAM = 13


@dataclass(frozen=True)
class KitSession:
    """One performance on a kit.

    All sessions of a kit have the same microphones in one order and the same recording gains.
    Microphones whose drum is not struck are held.

    Attributes
    ----------
    levels
        What is known of the tracks' levels.
    hits
        The levels of the drums' strokes.
    """

    levels: SessionLevels
    hits: HitLevels

    @classmethod
    def of(cls, levels: SessionLevels) -> KitSession:
        """With its hits."""
        return cls(levels, session_hits(levels))


#: sessions of a kit by its name
Kits = Mapping[str, Sequence[KitSession]]


def kit_sessions(
    data: Path,
    *,
    performances: int = PERFORMANCES,
    seconds: float = SECONDS,
    seed: int,
    cache: Path | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> dict[str, list[KitSession]]:
    """Renders and measures the kits, or reads the measurements from the cache.

    Parameters
    ----------
    data
        The folder with ``kits`` and ``groove``.
    performances
        How many for each kit.
    seconds
        Length of each.
    seed
        Decides which performances and which hits are used.
    cache
        A folder for the measurements. None for none.
    jobs
        Number of processes; it does not change the result.
    progress
        Called with what is done and its share, 0 to 1.

    Returns
    -------
    dict
        The sessions of each kit by its name.

    Raises
    ------
    InputError
        The data cannot be used.
    StorageError
        The cache cannot be written.
    """
    chosen = choose_any_style(data / "groove", performances, seconds, [seed, _STREAM], _FEWEST)
    work = [_Job(data / "kits" / kit, p, seconds, seed, cache) for kit in KITS for p in chosen]
    made: dict[str, list[KitSession]] = {kit: [] for kit in KITS}
    for job, levels in zip(work, in_processes(_Job.run, work, jobs), strict=True):
        made[job.kit.name].append(KitSession.of(levels))
        if progress:
            done = sum(map(len, made.values()))
            progress(f"played {job.performance.id} on {job.kit.name}", done / len(work))
    return made


@dataclass(frozen=True)
class _Job:
    """One performance on one kit."""

    kit: Path
    performance: Performance
    seconds: float
    seed: int
    cache: Path | None

    def run(self) -> SessionLevels:
        """The levels of all microphones."""
        roles = tuple(MICROPHONES[self.kit.name].values())
        where = None if self.cache is None else self.cache / f"kit-session-{self._key()}.npz"
        if where is not None and where.is_file():
            measurement = load_measurement(where)
        else:
            measurement = self._measured()
            if where is not None:
                save_measurement(measurement, where)
        loudness = features.feature_table(measurement).column("loudness_lufs")
        struck = {stroke.piece for stroke in self.performance.strokes}
        active = np.array([is_struck(role, struck) for role in roles])
        heard = np.nan_to_num(loudness, nan=-200.0)
        every = np.arange(len(roles))
        return SessionLevels.of(roles, measurement.onset_windows, heard, active, every)

    def _measured(self) -> Measurement:
        mics = [VirtualMic((name,)) for name in MICROPHONES[self.kit.name]]
        strokes = self.performance.strokes
        sound = render(cached_kit(self.kit), strokes, mics, self.seconds + 2.0, seed=self.seed)
        return measure([ArrayStream(row[None]) for row in sound], threads=1)

    def _key(self) -> str:
        item = self.performance
        return cache_key(
            MEASUREMENT_VERSION,
            self.kit.name,
            [item.id, item.start, len(item.strokes)],
            self.seconds,
            self.seed,
        )


def is_struck(role: Role, struck: AbstractSet[str]) -> bool:
    """Whether a microphone of this role has its own drum among the pieces that are struck; those
    that hear all of the kit have."""
    pieces = _PIECES.get(drum_of(role))
    return pieces is None or bool(struck & set(pieces))
