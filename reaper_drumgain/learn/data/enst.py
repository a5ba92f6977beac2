"""ENST-Drums as songs with target gains (Gillet & Richard 2006, "ENST-Drums: an extensive
audio-visual database for drum signals processing", ISMIR).

The gains of the mixes are not published. They are estimated (``reverse_engineering``), and hold
for the raw files as they are, which must not be normalised. One engineer made both mixes of a
take, and they differ by about 1 dB: the target is that of the dry mix where there is one, and
there is no second engineer to compare with. The gains are nearly constant for each drummer, so
compare with a constant, and split by drummer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis import features
from reaper_drumgain.analysis.features import FeatureTable
from reaper_drumgain.errors import InputError, MediaError
from reaper_drumgain.learn.data import human_faders
from reaper_drumgain.learn.data.enst_cache import gains_key, load_gains, save_gains
from reaper_drumgain.learn.data.enst_takes import MIXES, Take, find_takes
from reaper_drumgain.learn.data.streams import measure_files
from reaper_drumgain.learn.reverse_engineering.mix_gains import reverse_engineer
from reaper_drumgain.learn.reverse_engineering.recording import FileSound
from reaper_drumgain.learn.reverse_engineering.track_gains import MixGains

Float64 = npt.NDArray[np.float64]
Progress = Callable[[str, float], None]
#: what is real in figures that rest on this data
PROVENANCE = (
    "ENST-Drums: real performances, microphones, bleed and mixes by one engineer; the target "
    "gains are estimated from the mixes by least squares; nothing is simulated"
)
#: microphones of one room are within this of each other
_ALIGNED_SECONDS = 0.05
_NAMED = 5


@dataclass(frozen=True)
class EnstSong:
    """A take with its estimated gains and its features.

    Attributes
    ----------
    take
        The take's files.
    gains
        The estimated gains by the name of the mix.
    target_db
        Shape (tracks,): gains in dB of the dry mix where there is one, with mean 0 over the tracks.
        NaN where no gain is identifiable.
    table
        Features of the raw tracks.
    """

    take: Take
    gains: Mapping[str, MixGains]
    target_db: Float64
    table: FeatureTable

    def as_song(self) -> tuple[human_faders.Song, FeatureTable]:
        """The tracks that have a target as a ``Song``, and their rows of the feature table."""
        chosen = np.flatnonzero(np.isfinite(self.target_db))
        loudness = self.table.column("loudness_lufs")
        names, roles = list(self.take.tracks), self.take.roles
        tracks = tuple(
            human_faders.RawTrack(names[n], roles[n], True, float(loudness[n]), 1) for n in chosen
        )
        target = self.target_db[chosen]
        song = human_faders.Song(
            f"{self.take.drummer}/{self.take.name}",
            tracks,
            (next(iter(self.gains)),),
            target[None],
            target,
            self.take.drummer,
        )
        return song, FeatureTable(self.table.columns, self.table.values[chosen])


@dataclass(frozen=True)
class EnstDrums:
    """All songs of the data set.

    Attributes
    ----------
    songs
        In the order of drummers and names.
    faults
        Every take that was left out, and why.
    """

    songs: tuple[EnstSong, ...]
    faults: tuple[str, ...]


def load_enst(
    root: Path,
    *,
    taps: int = 64,
    max_faults: float = 0.05,
    cache: Path | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> EnstDrums:
    """Every take with its gains and features, in the order of drummers and names.

    Parameters
    ----------
    root
        The folder with those of the drummers.
    taps
        Length of the fitted filters in samples.
    max_faults
        Share of takes, 0 to 1, that may lack a file or have one that is damaged, of another rate or
        length, or not aligned. Such takes are left out and listed.
    cache
        A folder for the results, which are named by the sizes and times of the files.
    jobs, progress
        How many takes are analyzed at once. Called with the take and the share done, 0 to 1.

    Returns
    -------
    EnstDrums
        The songs, and what was left out.

    Raises
    ------
    InputError
        Another layout, too many faults, or settings out of range.
    """
    if not 0.0 <= max_faults <= 1.0 or jobs < 1:
        raise InputError(
            f"max_faults is {max_faults} and jobs {jobs}: expected 0 to 1 for max_faults, 1 or "
            "more for jobs"
        )
    takes, faults = find_takes(root)
    total = len(takes) + len(faults)
    allowed = int(max_faults * total)
    _refuse_faults(root, faults, total, allowed)
    songs: list[EnstSong] = []
    with ThreadPoolExecutor(jobs) as pool:
        analyzed = pool.map(lambda take: _try_analyze(take, taps, cache), takes)
        try:
            for done, (take, song) in enumerate(zip(takes, analyzed, strict=True), start=1):
                if isinstance(song, EnstSong):
                    songs.append(song)
                else:
                    faults.append(f"{take.drummer}/{take.name}: {song}")
                    _refuse_faults(root, faults, total, allowed)
                if progress:
                    progress(f"{take.drummer}/{take.name}", done / len(takes))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return EnstDrums(tuple(songs), tuple(faults))


def _refuse_faults(root: Path, faults: Sequence[str], total: int, allowed: int) -> None:
    if len(faults) > allowed:
        more = f" and {len(faults) - _NAMED} more" if len(faults) > _NAMED else ""
        raise InputError(
            f"{root}: {len(faults)} of {total} takes cannot be used, at most {allowed} may be: "
            f"{'; '.join(faults[:_NAMED])}{more}. Fetch these files again"
        )


def _try_analyze(take: Take, taps: int, cache: Path | None) -> EnstSong | str:
    """The take analyzed, or what is wrong with it."""
    try:
        return _analyze(take, taps, cache)
    except (MediaError, InputError) as error:
        return str(error)


def _analyze(take: Take, taps: int, cache: Path | None) -> EnstSong:
    where = None if cache is None else cache / f"{gains_key(take, taps)}.npz"
    if where is not None and where.is_file():
        gains, table = load_gains(where, take)
    else:
        _check_files(take)
        files = list(take.tracks.values())
        gains = {
            name: reverse_engineer(files, path, taps=taps, max_delay=0.1)
            for name, path in take.mixes.items()
        }
        _check_aligned(gains)
        table = features.feature_table(measure_files(files))
        if where is not None:
            save_gains(where, gains, table)
    target = next(gains[name] for name in MIXES if name in gains).gains_db
    known = np.isfinite(target) & np.isfinite(table.column("loudness_lufs"))
    centred = target - target[known].mean() if known.any() else target
    return EnstSong(take, gains, np.where(known, centred, np.nan), table)


def _check_files(take: Take) -> None:
    """Channel counts, before anything is decoded. Raises MediaError, InputError."""
    for paths, channels, what in ((take.tracks, 1, "a microphone"), (take.mixes, 2, "a mix")):
        for path in paths.values():
            sound = FileSound(path)
            sound.close()
            if sound.channels != channels:
                raise InputError(
                    f"{path}: {what} should have {channels} channels, got {sound.channels}"
                )


def _check_aligned(gains: Mapping[str, MixGains]) -> None:
    for mix, found in gains.items():
        late = {t.name: t.delay_samples for t in found.tracks if t.identifiable}
        if late and max(late.values()) - min(late.values()) > _ALIGNED_SECONDS * found.rate:
            first, last = min(late, key=lambda n: late[n]), max(late, key=lambda n: late[n])
            raise InputError(
                f"the tracks are not aligned: in {mix}, {last} comes {late[last] - late[first]} "
                f"samples after {first}"
            )
