"""Where the user's own files of this program go: what can be deleted, and what must last.

``DRUMGAIN_CACHE``, ``DRUMGAIN_STATE`` and ``DRUMGAIN_DATA`` name other folders.
"""

from __future__ import annotations

import os
from pathlib import Path

from reaper_drumgain.errors import InputError

_NAME = "drumgain"


def cache_folder() -> Path:
    """The folder of files that can be recreated. It need not exist. Raises InputError."""
    return _chosen("DRUMGAIN_CACHE") or _usual("user_cache_path")


def state_folder() -> Path:
    """The folder of what is known of former runs. It need not exist. Raises InputError."""
    return _chosen("DRUMGAIN_STATE") or _usual("user_state_path")


def data_folder() -> Path:
    """The folder of what the user has made, like models. It need not exist. Raises InputError."""
    return _chosen("DRUMGAIN_DATA") or _usual("user_data_path")


def _chosen(variable: str) -> Path | None:
    value = os.environ.get(variable)
    if not value:
        return None
    try:
        folder = Path(value).expanduser()
    except RuntimeError:  # the home of a user who is not known here
        folder = Path(value)
    if not folder.is_absolute():  # it would be another folder for REAPER's process than for ours
        raise InputError(f"{variable} is {value!r}: name a folder with its whole path")
    return folder


def _usual(which: str) -> Path:
    # imported here, because it is not needed where the folder is named
    import platformdirs

    folder: Path = getattr(platformdirs, which)(_NAME, appauthor=False)
    return folder
