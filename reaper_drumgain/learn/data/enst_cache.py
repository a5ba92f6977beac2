"""What was estimated from a take of ENST-Drums, as .npz files without pickle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis import features
from reaper_drumgain.analysis.features import FeatureTable
from reaper_drumgain.errors import MediaError, StorageError
from reaper_drumgain.learn.data.array_files import cache_key, damaged, read_arrays, write_arrays
from reaper_drumgain.learn.data.enst_takes import Take
from reaper_drumgain.learn.reverse_engineering import mix_gains
from reaper_drumgain.learn.reverse_engineering.track_gains import MixGains, Reason, TrackGain

VERSION = 1
_NUMBERS = ("gain_db", "standard_error_db", "unique_db", "contribution_db")


def files_key(take: Take) -> list[object]:
    """What changes when a file of a take is replaced by another one of the same name.

    Parameters
    ----------
    take
        The take with its files.

    Returns
    -------
    list
        Folder, size in bytes and time of each file, as plain JSON data.

    Raises
    ------
    MediaError
        A file cannot be read.
    """
    files: list[object] = []
    for folder, path in (*take.tracks.items(), *take.mixes.items()):
        try:
            status = path.stat()
        except OSError as error:
            raise MediaError(f"{path}: cannot be read: {error.strerror}") from error
        files.append([folder, status.st_size, status.st_mtime_ns])
    return files


def gains_key(take: Take, taps: int) -> str:
    """The name under which gains and features of a take are cached. Raises MediaError."""
    decides = (VERSION, mix_gains.VERSION, features.VERSION, features.COLUMNS, taps)
    return cache_key(*decides, take.drummer, take.name, files_key(take))


def save_gains(path: Path, gains: Mapping[str, MixGains], table: FeatureTable) -> None:
    """Writes the gains of each mix and the features of the raw tracks. Raises StorageError.

    Parameters
    ----------
    path
        The file.
    gains
        The estimated gains by the name of the mix.
    table
        Features of the raw tracks.
    """
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
    write_arrays(path, arrays)


def load_gains(path: Path, take: Take) -> tuple[dict[str, MixGains], FeatureTable]:
    """What ``save_gains`` wrote.

    Parameters
    ----------
    path
        The file.
    take
        The take that it belongs to.

    Returns
    -------
    gains : dict
        The estimated gains by the name of the mix.
    table : FeatureTable
        Features of the raw tracks.

    Raises
    ------
    StorageError
        The file is damaged or belongs to another take.
    """
    try:
        held = read_arrays(path)
        table = FeatureTable(features.COLUMNS, held["table"])
        gains = {mix: _mix_gains(held, mix, take) for mix in take.mixes}
        if table.values.shape != (len(take.tracks), len(features.COLUMNS)):
            raise ValueError(f"the table has the shape {table.values.shape}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StorageError(damaged(path, error)) from error
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
