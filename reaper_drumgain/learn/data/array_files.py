"""Named arrays as .npz files without pickle, for the caches of training and evaluation."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reaper_drumgain.errors import StorageError
from reaper_drumgain.util.npz import read_npz

#: nothing larger is read
MAX_BYTES = 1 << 30


def cache_key(*decides: object) -> str:
    """24 hexadecimal digits of SHA-256 over plain JSON data: the name of a cached file.

    ``decides``: everything that the content depends on.
    """
    return hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:24]


def write_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Writes a file as a whole, or not at all. Folders are made.

    Parameters
    ----------
    path
        The file.
    arrays
        Arrays of any shape by name; no Python objects.

    Raises
    ------
    StorageError
        The file cannot be written.
    """
    part = path.with_name(f"{path.stem}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
        part.replace(path)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror}") from error


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """What ``write_arrays`` wrote.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    dict
        The arrays by name.

    Raises
    ------
    OSError, ValueError
        The file cannot be read, or is damaged.
    """
    return read_npz(path.read_bytes(), max_total_bytes=MAX_BYTES)


def damaged(path: Path, error: Exception) -> str:
    """What a user is told about a cached file that cannot be used."""
    return f"{path}: damaged, delete it and run again: {error}"
