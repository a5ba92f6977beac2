"""Matplotlib with its own defaults: no configuration file is read, and no text is markup.

Matplotlib reads a file ``matplotlibrc`` in the working folder. For us this is often the folder of
a project from somebody else, and such a file can make Matplotlib call other programs (LaTeX).
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reaper_drumgain.errors import StorageError


@contextlib.contextmanager
def drawing() -> Iterator[Any]:
    """Give ``matplotlib`` for drawing and saving within the block.

    Its defaults hold there, and ``$`` in a text is a dollar. Afterwards all settings are as
    before.
    """
    mpl = _matplotlib()
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams["text.parse_math"] = False
        yield mpl


def save_png(figure: Any, path: Path, dpi: int = 120, description: str = "") -> None:
    """Save a figure, all of it or nothing.

    Parameters
    ----------
    figure
        A figure of Matplotlib.
    path
        The file. One that exists is replaced.
    dpi
        Resolution in dots per inch.
    description
        What the figure shows, in words: for programs, and for people who cannot see it.

    Raises
    ------
    StorageError
        The file cannot be written.
    """
    data = io.BytesIO()
    words = {"Description": description} if description else {}
    figure.savefig(data, format="png", dpi=dpi, metadata=words)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(data.getvalue())
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        reason = error.strerror or error
        raise StorageError(f"{path}: cannot write the picture: {reason}") from error


def _matplotlib() -> Any:
    # imported late: it takes longer than the whole balance
    spec = None if "matplotlib" in sys.modules else importlib.util.find_spec("matplotlib")
    if spec is not None and spec.origin is not None:
        # in the folder with matplotlib's own matplotlibrc no other one is found
        own = Path(spec.origin).with_name("mpl-data")
        with contextlib.suppress(OSError), contextlib.chdir(own):
            import matplotlib as mpl
    import matplotlib as mpl

    return mpl
