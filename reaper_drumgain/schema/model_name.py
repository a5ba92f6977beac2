"""The name of a user's own model: a name, never a path. Standard library only."""

from __future__ import annotations

import re
import unicodedata

from reaper_drumgain.errors import InputError

MAX_NAME = 40
#: file names that Windows takes for devices
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


def check_name(name: str) -> str:
    """Check the name of a user's own model.

    Parameters
    ----------
    name
        As the user wrote it.

    Returns
    -------
    str
        The name in the one spelling (Unicode NFC) that is used everywhere.

    Raises
    ------
    InputError
        It is empty, too long, has other characters than letters, digits, spaces, ``-`` and ``_``,
        or is reserved by Windows.
    """
    tidy = unicodedata.normalize("NFC", name.strip())
    plain = all(letter.isalnum() or letter in " _-" for letter in tidy)
    if not tidy or len(tidy) > MAX_NAME or not plain or not tidy[0].isalnum():
        raise InputError(
            f"{name[:MAX_NAME]!r} is no name of a model: expected up to {MAX_NAME} letters and "
            "digits, with spaces, '-' or '_' between them, and no path"
        )
    if _DEVICES.fullmatch(tidy):
        raise InputError(f"{tidy!r} is a name that Windows keeps for a device: choose another one")
    return tidy
