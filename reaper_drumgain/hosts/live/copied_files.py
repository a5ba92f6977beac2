"""Whether the copied actions and what they import are whole: as ``drumgain install`` wrote them.

Looked at where an import failed, and by ``drumgain doctor``.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from reaper_drumgain.hosts.live.setup import FILE_NAME, FOLDER

_MAX_BYTES = 1 << 20


def digest(content: bytes) -> str:
    """What the set-up file keeps of a file's content."""
    return hashlib.sha256(content).hexdigest()[:16]


def differing(resource_path: str) -> list[str]:
    """The files that are missing or changed since the installation, by their place in the folder.

    Empty where all are as they were, or where the set-up file does not say how that is.
    """
    folder = Path(resource_path, *FOLDER)
    try:
        with (folder / FILE_NAME).open("rb") as file:
            digests = json.loads(file.read(_MAX_BYTES))["digests"]
        wanted = {str(place): str(value) for place, value in digests.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []
    return [place for place, value in wanted.items() if _digest_of(folder / place) != value]


def _digest_of(path: Path) -> str | None:
    try:
        return digest(path.read_bytes())
    except OSError:
        return None


def sentence(resource_path: str, error: BaseException | None) -> str:
    """What is wrong with the copy, and what to do."""
    places = differing(resource_path)
    said = f" ({type(error).__name__}: {error})" if error is not None else ""
    folder = Path(resource_path, *FOLDER)
    if not places:
        return (
            f"DrumGain's files in {folder} cannot be loaded{said}: run 'drumgain install' in a "
            "terminal, then restart REAPER"
        )
    named = ", ".join(places[:3]) + (f" and {len(places) - 3} more" if len(places) > 3 else "")
    return (
        f"DrumGain's files in {folder} are not complete: {named} missing or changed{said}. Run "
        "'drumgain install' in a terminal, then restart REAPER"
    )
