"""Paths as projects write them: whether they are absolute, and on which machine they lie.

Only text is looked at. To look at a path of another machine can send the user's credentials
there, so this has to be known before. Standard library only.
"""

from __future__ import annotations

import os
import posixpath
import re

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_DRIVE = re.compile(r"[A-Za-z]:(?:/|\Z)")
#: where automounters put other machines
_AUTOMOUNTED = "/net"


def network_root(path: str) -> str | None:
    r"""The share, device or machine that a path leads to; None for a path of this machine.

    Slashes and backslashes count alike, and ``.`` and ``..`` are followed: ``//nas/songs`` for
    ``\\nas\songs\a.wav`` and for ``\\?\UNC\nas\songs\a.wav``, ``/net/nas`` for
    ``/./net/nas/a.wav``, None for ``\\?\C:\a.wav``. The case does not tell shares apart.
    """
    if "://" in path:
        scheme = _SCHEME.match(path)
        if scheme is not None:
            return scheme.group().casefold()
    plain = path.replace("\\", "/")
    if plain.startswith("//"):
        parts = plain[2:].split("/")
        if parts[0] in ("?", "."):
            if parts[0] == "?" and _DRIVE.match("/".join(parts[1:])):
                return None
            if len(parts) < 2 or parts[1].casefold() != "unc":
                return "//" + parts[0]
            parts = parts[2:]
        return "//" + "/".join(parts[:2]).casefold()
    if not plain.startswith("/"):
        return None
    folder, automounted, rest = (posixpath.normpath(plain).casefold() + "/").partition(
        _AUTOMOUNTED + "/"
    )
    return automounted + rest.partition("/")[0] if automounted and not folder else None


def roots_of_project(project: str | os.PathLike[str]) -> frozenset[str]:
    """The shares on which a project lies: the user opened it from there, so what the project
    names there may be looked at too. A link, or on Windows a mapped drive, is followed."""
    folder = os.path.dirname(os.path.abspath(project))  # noqa: PTH100, PTH120
    real = os.path.dirname(os.path.realpath(project))  # noqa: PTH120
    roots = map(network_root, (os.fsdecode(folder), os.fsdecode(real)))
    return frozenset(root for root in roots if root is not None)


def is_absolute(written: str) -> bool:
    """Whether a path is absolute in the manner of any system."""
    drive, rest = written[:1], written[1:3]
    on_drive = drive.isascii() and drive.isalpha() and rest in (":/", ":\\")
    return written.startswith(("/", "\\")) or on_drive
