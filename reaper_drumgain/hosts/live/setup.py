"""The set-up file of ``drumgain install``: the worker's interpreter and the methods.

The file is in REAPER's resource folder, and only the installation writes it. No project can name
an interpreter, a path or a command.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from reaper_drumgain import __version__
from reaper_drumgain.errors import HostError, InputError
from reaper_drumgain.schema.model_name import check_name

#: in REAPER's resource folder
FOLDER = ("Scripts", "DrumGain")
FILE_NAME = "setup.json"
FORMAT = 1
MEND = "run 'drumgain install' in a terminal, then run the action again"
_MAX_BYTES = 1 << 20
#: what a method's name begins with that is a model of the user's own
MODEL = "model "
_MOST_MODELS = 100


class Setup:
    """A checked set-up.

    Parameters
    ----------
    interpreter
        The Python that runs the worker.
    methods
        Name and summary of each method, the default first.
    models_folder
        Where the user's own models are; None where the set-up does not say.
    """

    __slots__ = ("interpreter", "methods", "models_folder")

    def __init__(
        self,
        interpreter: str,
        methods: tuple[tuple[str, str], ...],
        models_folder: str | None = None,
    ) -> None:
        self.interpreter = interpreter
        self.methods = methods
        self.models_folder = models_folder

    @property
    def names(self) -> tuple[str, ...]:
        """What can be chosen: the methods, then the user's own models, as ``model NAME``."""
        return (*(name for name, _ in self.methods), *(MODEL + name for name in self.models))

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the user's own models, as they are in their folder at this moment."""
        if self.models_folder is None:
            return ()
        try:
            found = sorted(path.stem for path in Path(self.models_folder).glob("*.json"))
        except (OSError, ValueError):
            return ()
        return tuple(sorted(_model_names(found[:_MOST_MODELS]), key=str.casefold))


def _model_names(stems: Iterable[str]) -> Iterator[str]:
    """Those that are names of models; other files may lie there, too."""
    for stem in stems:
        with contextlib.suppress(InputError):
            yield check_name(stem)


def read_setup(resource_path: str) -> Setup:
    """The set-up in a resource folder.

    Parameters
    ----------
    resource_path
        REAPER's resource folder.

    Returns
    -------
    Setup
        For this version of DrumGain.

    Raises
    ------
    HostError
        There is none that can be used. The message says how to repair it.
    """
    path = Path(resource_path, *FOLDER, FILE_NAME)
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise HostError(f"DrumGain's set-up file {path} is damaged (it is too large): {MEND}")
        document = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise HostError(
            f"DrumGain is not set up for this REAPER ({path} is missing): {MEND}"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise HostError(f"DrumGain's set-up file {path} cannot be read ({error}): {MEND}") from None
    return _checked(document, path)


def _checked(document: Any, path: Path) -> Setup:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise HostError(f"DrumGain's set-up file {path} is from another version: {MEND}")
    version = document.get("version")
    if version != __version__:
        raise HostError(
            f"DrumGain's actions are version {__version__}, its set-up file is from version "
            f"{version}: {MEND} (if you have just done that, restart REAPER)"
        )
    interpreter, methods = document.get("interpreter"), document.get("methods")
    if not isinstance(interpreter, str) or not Path(interpreter).is_file():
        raise HostError(
            f"the Python in which DrumGain was installed ({interpreter}) does not exist any more: "
            f"{MEND}"
        )
    if not isinstance(methods, list) or not methods:
        raise HostError(f"DrumGain's set-up file {path} lists no methods: {MEND}")
    pairs = tuple((str(name), str(summary)) for name, summary in methods)
    models = document.get("models")
    return Setup(interpreter, pairs, models if isinstance(models, str) else None)
