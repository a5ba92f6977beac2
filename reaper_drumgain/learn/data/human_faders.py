"""Fader gains of many engineers on the drums of ten songs, as songs with targets.

The table is from MixologyDB (Clemens 2023); most mixes are from the Mix Evaluation Dataset (De
Man & Reiss 2017). Gains are in dB, loudness is in LUFS (ITU-R BS.1770-4, of the raw track). There
is no audio.

How a target is made: fader values below -30 dB are in effect mutes and left out; where a mix has a
raw track twice, the mean of its faders counts; each engineer's common offset within the song is
removed (see ``median_engineer``); the target of a track is the median over the engineers that
used it.
"""

from __future__ import annotations

import csv
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reaper_drumgain.errors import InputError
from reaper_drumgain.tracks.roles import Role
from reaper_drumgain.units import power_to_decibel

Float64 = npt.NDArray[np.float64]

MUTE_BELOW_DB = -30.0
#: by how much one channel is louder on both sides than on one, in dB
BOTH_SIDES_DB = power_to_decibel(2.0)
_MIX_FIELDS = ("song", "mix", "raw_file", "raw_lufs", "fader_db")
_ROLE_FIELDS = ("song", "raw_file", "role", "side", "ordinal", "sure")


@dataclass(frozen=True, slots=True)
class RawTrack:
    """A raw track.

    Attributes
    ----------
    raw_file
        The name of its file.
    role
        What the microphone is placed at.
    sure
        Whether the role is certain.
    raw_lufs
        Integrated loudness as it reaches the master: one channel plays on both sides.
    channels
        1 or 2.
    """

    raw_file: str
    role: Role
    sure: bool
    raw_lufs: float
    channels: int


@dataclass(frozen=True)
class Song:
    """A song with the fader gains of its engineers.

    Attributes
    ----------
    name
        The song's name.
    tracks
        The raw tracks.
    mixes
        The names of the mixes, one for each engineer.
    gains_db
        Shape (mixes, tracks): gains in dB as the engineers left them, NaN where a mix lacks a
        track.
    target_db
        Shape (tracks,): gains in dB of the median engineer, with mean 0 over the tracks.
    drummer
        Set where songs of one drummer are alike and have to be left out together.
    """

    name: str
    tracks: tuple[RawTrack, ...]
    mixes: tuple[str, ...]
    gains_db: Float64
    target_db: Float64
    drummer: str | None = None

    @property
    def group(self) -> str:
        """Songs of one group are left out together: the drummer, or the song itself."""
        return self.drummer or self.name

    @property
    def raw_lufs(self) -> Float64:
        """Shape (tracks,): loudness of the raw tracks in LUFS."""
        return np.array([track.raw_lufs for track in self.tracks])


@dataclass(frozen=True)
class HumanFaders:
    """All songs, and what was left out.

    Attributes
    ----------
    songs
        In the order of the file.
    mutes
        The number of muted faders.
    without_raw
        The number of rows without a raw track.
    without_target
        Tracks that every engineer muted.
    too_small
        Songs of which no engineer has two tracks, which say nothing about balance.
    """

    songs: tuple[Song, ...]
    mutes: int
    without_raw: int
    without_target: tuple[str, ...]
    too_small: tuple[str, ...] = ()

    @property
    def mixes(self) -> int:
        """The number of mixes of all songs."""
        return sum(len(song.mixes) for song in self.songs)


def load_human_faders(folder: Path) -> HumanFaders:
    """The songs of ``engineer_mixes.csv`` with the roles of ``roles.csv``, in file order.

    Parameters
    ----------
    folder
        Holds both files.

    Returns
    -------
    HumanFaders
        The songs, and what was left out.

    Raises
    ------
    InputError
        A row cannot be used; the message names file and line.
    """
    roles = _read_roles(folder / "roles.csv")
    path = folder / "engineer_mixes.csv"
    faders: dict[str, dict[str, dict[str, list[float]]]] = {}
    loudness: dict[tuple[str, str], float] = {}
    mixes: dict[str, list[str]] = defaultdict(list)
    left: Counter[str] = Counter()
    for line, row in _rows(path, _MIX_FIELDS):
        song, mix, raw = row["song"], row["mix"], row["raw_file"]
        if mix not in mixes[song]:
            mixes[song].append(mix)
        if not raw:
            left["without raw"] += 1
            continue
        if (song, raw) not in roles:
            raise InputError(f"{path}:{line}: roles.csv has no role for {raw!r} of {song!r}")
        loudness[song, raw] = _number(row["raw_lufs"], path, line)
        gains = faders.setdefault(song, {}).setdefault(raw, {})
        gain = _number(row["fader_db"], path, line)
        if gain < MUTE_BELOW_DB:
            left["mutes"] += 1
        else:
            gains.setdefault(mix, []).append(gain)
    without_target = [f"{s}: {r}" for s, tracks in faders.items() for r in tracks if not tracks[r]]
    songs: list[Song] = []
    too_small: list[str] = []
    for song, tracks in faders.items():
        raw_files = [raw for raw, gains in tracks.items() if gains]
        table = _gains_table([tracks[raw] for raw in raw_files], mixes[song])
        if not (np.isfinite(table).sum(axis=1) >= 2).any():
            too_small.append(song)
            continue
        raw_tracks = tuple(
            RawTrack(
                raw, *roles[song, raw], *_on_both_sides(loudness[song, raw], roles[song, raw][0])
            )
            for raw in raw_files
        )
        target = median_engineer(table)
        songs.append(Song(song, raw_tracks, tuple(mixes[song]), table, target))
    return HumanFaders(
        tuple(songs), left["mutes"], left["without raw"], tuple(without_target), tuple(too_small)
    )


def _gains_table(tracks: Sequence[Mapping[str, Sequence[float]]], mixes: Sequence[str]) -> Float64:
    """(mixes, tracks) the mean of a track's faders in each mix in dB, NaN where it has none."""
    table = np.full((len(mixes), len(tracks)), np.nan)
    for column, faders in enumerate(tracks):
        for mix, values in faders.items():
            table[mixes.index(mix), column] = float(np.mean(values))
    return table


def _on_both_sides(listed: float, role: Role) -> tuple[float, int]:
    """A track's loudness at the master, and its channels: listed is the loudness of the file, and
    a file of one channel plays on both sides."""
    stereo = role.side == "stereo"
    return (listed, 2) if stereo else (listed + BOTH_SIDES_DB, 1)


def median_engineer(gains_db: Float64) -> Float64:
    """The gains of the median engineer.

    Engineers set kits at different overall levels and lack different tracks. So offsets and target
    are found in turn until they settle: the offset of an engineer is the median over tracks of
    gain - target, the target of a track is the median over engineers of gain - offset.

    Parameters
    ----------
    gains_db
        Shape (mixes, tracks): gains in dB, NaN where a mix lacks a track.

    Returns
    -------
    ndarray
        Shape (tracks,): gains in dB with mean 0.

    Raises
    ------
    ValueError
        A track has no gain in any mix.
    """
    if np.isnan(gains_db).all(axis=0).any():
        raise ValueError("a track without any gain has no target")
    with warnings.catch_warnings():
        # a mix in which all tracks are muted has no offset: NumPy warns of the empty median
        warnings.simplefilter("ignore", RuntimeWarning)
        target = np.nanmedian(gains_db, axis=0)
        for _ in range(100):
            offset = np.nanmedian(gains_db - target, axis=1)
            settled = np.nanmedian(gains_db - offset[:, None], axis=0)
            done = np.allclose(settled, target, atol=1e-9)
            target = settled
            if done:
                break
    return np.asarray(target - target.mean())


def _read_roles(path: Path) -> dict[tuple[str, str], tuple[Role, bool]]:
    roles = {}
    for line, row in _rows(path, _ROLE_FIELDS):
        try:
            ordinal = int(row["ordinal"]) if row["ordinal"] else None
            role = Role(row["role"], row["side"] or None, ordinal)
        except ValueError as error:
            raise InputError(f"{path}:{line}: {error}") from error
        roles[row["song"], row["raw_file"]] = (role, row["sure"] == "yes")
    return roles


def _rows(path: Path, fields: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in fields if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(f"{path}:1: has no column {', '.join(missing)}")
            for row in reader:
                if any(row[name] is None for name in fields):
                    raise InputError(f"{path}:{reader.line_num}: the row is cut short")
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error


def _number(text: str, path: Path, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise InputError(f"{path}:{line}: expected a level in dB, got {text!r}")
    return value
