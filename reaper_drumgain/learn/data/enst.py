"""ENST-Drums as songs with targets (Gillet & Richard 2006, "ENST-Drums: an extensive
audio-visual database for drum signals processing", ISMIR).

Layout: ``drummer_N/audio/FOLDER/NNN_kind_style_..._tool.wav``, the same file name in the folder
of each microphone (mono) and of ``dry_mix`` and ``wet_mix`` (stereo). A microphone that a
drummer lacks has no folder. Kinds are phrase, solo, minus-one and MIDI-minus-one; single hits
and normalised files (``norm`` in the name) are left out. The overheads are named crossed: the
folder ``overhead_L`` feeds the right of the mix.

The gains of a mix are not published: they come from ``reverse``, and hold for the raw files as
they are, which must not be normalised. Both mixes are of one engineer and differ by about
1 dB, so the target is that of the dry mix where there is one, and a second opinion is not to
be had here. Gains look nearly constant per drummer: compare with a constant, split by drummer.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis import features
from reaper_drumgain.analysis.descriptors import Descriptor
from reaper_drumgain.analysis.features import FeatureTable, Measurement
from reaper_drumgain.analysis.loudness import Float32
from reaper_drumgain.errors import InputError, MediaError, StorageError
from reaper_drumgain.learn.data import human_faders
from reaper_drumgain.learn.data.recordings import FileSound
from reaper_drumgain.learn.fitting import reverse
from reaper_drumgain.learn.fitting.reverse import MixGains, Reason, TrackGain, reverse_engineer
from reaper_drumgain.tracks.roles import Role

Float64 = npt.NDArray[np.float64]
Progress = Callable[[str, float], None]

VERSION = 1
#: what is real in figures that rest on this data
PROVENANCE = (
    "ENST-Drums: real performances, microphones, bleed and mixes by one engineer; the target "
    "gains are estimated from the mixes by least squares; nothing is simulated"
)
#: folders of microphones; the sides of the overheads are those that they have in the mix
MICROPHONES: Mapping[str, Role] = {
    "kick": Role("kick"),
    "snare": Role("snare"),
    "hi-hat": Role("hi-hat"),
    "tom_1": Role("tom", ordinal=1),
    "tom_2": Role("tom", ordinal=2),
    "tom_3": Role("tom", ordinal=3),
    "overhead_L": Role("overhead", side="right"),
    "overhead_R": Role("overhead", side="left"),
}
#: the first that a take has gives its target
MIXES = ("dry_mix", "wet_mix")
KINDS = ("phrase", "solo", "minus-one", "MIDI-minus-one")
#: microphones of one room are within this of each other
_ALIGNED_SECONDS = 0.05
_NAMED = 5
_NUMBERS = ("gain_db", "standard_error_db", "unique_db", "contribution_db")


@dataclass(frozen=True)
class Take:
    """One performance on disk: per microphone and per mix its file."""

    drummer: str
    name: str
    kind: str
    style: str
    tracks: Mapping[str, Path]
    mixes: Mapping[str, Path]

    @property
    def roles(self) -> tuple[Role, ...]:
        """Of the tracks, in their order."""
        return tuple(MICROPHONES[folder] for folder in self.tracks)


@dataclass(frozen=True)
class EnstSong:
    """A take with what was found out about it.

    ``gains``: per mix. ``target_db`` (tracks,): of the dry mix, mean 0 over the tracks that
    have one, NaN where none is identifiable. ``table``: features of the raw tracks.
    """

    take: Take
    gains: Mapping[str, MixGains]
    target_db: Float64
    table: FeatureTable

    def as_song(self) -> tuple[human_faders.Song, FeatureTable]:
        """The tracks that have a target, as the songs with human faders are, and their rows."""
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
    """All songs, and what is missing: ``faults`` names every take that was left out and why."""

    songs: tuple[EnstSong, ...]
    faults: tuple[str, ...]

    def without_each_drummer(
        self,
    ) -> Iterator[tuple[str, tuple[EnstSong, ...], tuple[EnstSong, ...]]]:
        """(drummer, songs of the others, his own songs) for each drummer in turn."""
        for drummer in sorted({song.take.drummer for song in self.songs}):
            others = tuple(song for song in self.songs if song.take.drummer != drummer)
            own = tuple(song for song in self.songs if song.take.drummer == drummer)
            yield drummer, others, own


def find_takes(root: Path) -> tuple[list[Take], list[str]]:
    """The takes below ``root``, and what is wrong with those that lack a file.

    Raises InputError where ``root`` does not have the layout of ENST-Drums.
    """
    drummers = sorted(path for path in root.glob("drummer_*") if (path / "audio").is_dir())
    if not drummers:
        raise InputError(
            f"{root}: not ENST-Drums as published: expected folders like drummer_1/audio/kick"
        )
    takes: list[Take] = []
    faults: list[str] = []
    for drummer in drummers:
        folders = {path.name: path for path in (drummer / "audio").iterdir() if path.is_dir()}
        mixes = [name for name in MIXES if name in folders]
        tracks = [name for name in MICROPHONES if name in folders]
        if not mixes or not tracks:
            raise InputError(
                f"{drummer / 'audio'}: expected folders of microphones ({', '.join(MICROPHONES)}) "
                f"and of a mix ({' or '.join(MIXES)}), got {', '.join(sorted(folders)) or 'none'}"
            )
        held = {
            name: {path.name for path in folders[name].glob("*.wav")} for name in (*tracks, *mixes)
        }
        for file in sorted(set().union(*held.values())):
            parsed = parse_name(file)
            if parsed is None:
                continue
            missing = [name for name in held if file not in held[name]]
            if missing:
                faults.append(f"{drummer.name}/{file}: missing in {', '.join(missing)}")
                continue
            takes.append(
                Take(
                    drummer.name,
                    file.removesuffix(".wav"),
                    *parsed,
                    {name: folders[name] / file for name in tracks},
                    {name: folders[name] / file for name in mixes},
                )
            )
    if not takes and not faults:
        raise InputError(f"{root}: holds no take of the kinds {', '.join(KINDS)}")
    return takes, faults


def parse_name(file: str) -> tuple[str, str] | None:
    """Kind and style of a file name; None for hits, normalised files and other names."""
    parts = file.removesuffix(".wav").split("_")
    if len(parts) < 3 or not re.fullmatch("[0-9]+", parts[0]) or parts[1] not in KINDS:
        return None
    if any("norm" in part.casefold() for part in parts):
        return None
    return parts[1], parts[2]


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

    ``taps``: of the fits. ``max_faults``: the share of takes that may lack a file or have one
    that is damaged, of another rate or length, or not aligned; such takes are left out and
    named. ``cache``: a folder for what was found out, keyed by size and time of the files.
    ``jobs``: takes at once. ``progress``: called with the take and the share done.
    Raises InputError for another layout, too many faults or settings out of range.
    """
    if not 0.0 <= max_faults <= 1.0 or jobs < 1:
        raise InputError(f"max_faults is {max_faults} and jobs {jobs}: expected 0 to 1, and 1 up")
    takes, faults = find_takes(root)
    total = len(takes) + len(faults)
    allowed = int(max_faults * total)
    _refuse_faults(root, faults, total, allowed)
    songs: list[EnstSong] = []
    with ThreadPoolExecutor(jobs) as pool:
        studied = pool.map(lambda take: _studied(take, taps, cache), takes)
        try:
            for done, (take, song) in enumerate(zip(takes, studied, strict=True), start=1):
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


def _studied(take: Take, taps: int, cache: Path | None) -> EnstSong | str:
    """The take studied, or what is wrong with it."""
    try:
        return _study(take, taps, cache)
    except (MediaError, InputError) as error:
        return str(error)


def _study(take: Take, taps: int, cache: Path | None) -> EnstSong:
    where = None if cache is None else cache / f"{_key(take, taps)}.npz"
    if where is not None and where.is_file():
        gains, table = _from_cache(where, take)
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
            _to_cache(where, gains, table)
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


class _FileStream:
    """A file as a stream that ``features.measure`` reads."""

    def __init__(self, path: Path) -> None:
        self._sound = FileSound(path)
        self.channels, self.frames = self._sound.channels, self._sound.frames
        self.rate = self._sound.info.rate
        self._place = 0

    def read(self, frames: int) -> Float32 | None:
        """The next (channels, n) samples, (channels, 0) at the end."""
        count = min(frames, self.frames - self._place)
        block = self._sound.read(self._place, count)
        self._place += count
        return block

    def close(self) -> None:
        """Close the file."""
        self._sound.close()


def measure_files(files: Sequence[Path], descriptors: Sequence[Descriptor] = ()) -> Measurement:
    """The files of one take as tracks, measured. Raises MediaError."""
    streams: list[_FileStream] = []
    try:
        for path in files:
            streams.append(_FileStream(path))  # noqa: PERF401 (those before are to be closed)
        return features.measure(streams, threads=1, descriptors=descriptors)
    finally:
        for stream in streams:
            stream.close()


# --- the cache -------------------------------------------------------------------------------


def files_key(take: Take) -> list[object]:
    """What tells a take's files from others under their names: sizes and times.

    Raises MediaError where one cannot be read.
    """
    files: list[object] = []
    for folder, path in (*take.tracks.items(), *take.mixes.items()):
        try:
            status = path.stat()
        except OSError as error:
            raise MediaError(f"{path}: cannot be read: {error.strerror}") from error
        files.append([folder, status.st_size, status.st_mtime_ns])
    return files


def _key(take: Take, taps: int) -> str:
    files = files_key(take)
    decides = [VERSION, reverse.VERSION, features.VERSION, features.COLUMNS, taps]
    text = json.dumps([*decides, take.drummer, take.name, files])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _to_cache(path: Path, gains: Mapping[str, MixGains], table: FeatureTable) -> None:
    arrays: dict[str, npt.NDArray[np.generic]] = {"table": table.values}
    for mix, found in gains.items():
        tracks = found.tracks
        arrays |= {
            f"{mix} fit": np.array([found.residual_db, found.condition, found.rate]),
            f"{mix} method": np.array(found.method),
            f"{mix} names": np.array([t.name for t in tracks]),
            f"{mix} reasons": np.array([t.reason for t in tracks]),
            f"{mix} numbers": np.array([[getattr(t, n) for n in _NUMBERS] for t in tracks]),
            f"{mix} channels": np.array([t.channel_gains_db for t in tracks]),
            f"{mix} integers": np.array([[t.sign, t.delay_samples] for t in tracks]),
        }
    unfinished = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        unfinished.replace(path)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror}") from error


def _from_cache(path: Path, take: Take) -> tuple[dict[str, MixGains], FeatureTable]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            table = FeatureTable(features.COLUMNS, held["table"])
            gains = {mix: _mix_gains(held, mix, take) for mix in take.mixes}
        if table.values.shape != (len(take.tracks), len(features.COLUMNS)):
            raise ValueError(f"the table has the shape {table.values.shape}")
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise StorageError(f"{path}: damaged, delete it and run again: {error}") from error
    return gains, table


def _mix_gains(held: Mapping[str, npt.NDArray[np.generic]], mix: str, take: Take) -> MixGains:
    columns = [held[f"{mix} {n}"] for n in ("names", "reasons", "numbers", "channels", "integers")]
    if any(len(column) != len(take.tracks) for column in columns):
        raise ValueError(f"{mix} has other tracks")
    tracks = []
    for name, reason, numbers, channels, integers in zip(*columns, strict=True):
        gain, error, unique, contribution = (float(number) for number in numbers)
        tracks.append(
            TrackGain(
                *(str(name), gain, tuple(map(float, channels)), int(integers[0])),
                *(int(integers[1]), not reason, cast(Reason, str(reason))),
                *(error, unique, contribution),
            )
        )
    residual, condition, rate = (float(number) for number in held[f"{mix} fit"])
    return MixGains(tuple(tracks), residual, condition, str(held[f"{mix} method"]), int(rate))
