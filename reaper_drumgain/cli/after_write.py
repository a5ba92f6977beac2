"""Whatever fails after a project was written says that it was, and where the backup is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from reaper_drumgain.schema.printable import printable


@contextlib.contextmanager
def after_write(written: Callable[[], str]) -> Iterator[None]:
    """Add a sentence on what was written (empty: nothing) to any error of the block."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        if sentence := written():
            error.add_note(sentence)
        raise


def sentence(path: Path, backup: Path | None) -> str:
    """What was written, and the way back."""
    text = f"{printable(str(path))} was written before the error"
    if backup is not None:
        text += f"; backup: {printable(str(backup))} ('drumgain restore' brings it back)"
    return text
