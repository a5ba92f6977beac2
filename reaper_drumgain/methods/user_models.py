"""The user's models on disk: by name in the user's data folder, older ones kept.

``NAME.json`` is the model and ``NAME.md`` its card. A model that is replaced moves to
``older/NAME TIME.json``. A name is a name, never a path.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reaper_drumgain.errors import DrumGainError, InputError, ModelError, StorageError
from reaper_drumgain.schema.model_name import check_name
from reaper_drumgain.util.user_dirs import data_folder

if TYPE_CHECKING:
    from reaper_drumgain.methods.user_model import UserModel

SUFFIX, CARD_SUFFIX = ".json", ".md"
#: what follows the name of a model that was replaced
_OLDER = re.compile(r" (?:\d{4}-[-\d]*|damaged(?:-\d+)?)")


@dataclass(frozen=True, slots=True)
class Kept:
    """A model in the folder.

    Attributes
    ----------
    name, path
        Its name and its file.
    model, problem
        The model, or None and why it cannot be used.
    older
        How many older models of its name are kept.
    """

    name: str
    path: Path
    model: UserModel | None
    problem: str = ""
    older: int = 0


def models_folder() -> Path:
    """Where models are kept; need not exist yet. Raises InputError."""
    return data_folder() / "models"


def names() -> tuple[str, ...]:
    """The names of all models that are kept, sorted. Raises InputError."""
    return tuple(sorted(_files(), key=str.casefold))


def load(name: str) -> UserModel:
    """Read the model of a name, whatever its letter case.

    Parameters
    ----------
    name
        As the user wrote it.

    Returns
    -------
    UserModel
        The model.

    Raises
    ------
    InputError
        The name is none, or there is no such model.
    ModelError
        Its file cannot be used.
    """
    wanted = check_name(name)
    files = _files()
    found = next((one for one in files if one.casefold() == wanted.casefold()), None)
    if found is None:
        known = ", ".join(sorted(files)) or "none yet"
        raise InputError(
            f"there is no model {wanted!r} (there are: {known}): make one by "
            f'drumgain learn PROJECT... --name "{wanted}"'
        )
    return _read(files[found])


def kept() -> tuple[Kept, ...]:
    """All models, also those that cannot be used, by name. Raises InputError."""
    found = []
    older = _older(models_folder())
    for name, path in sorted(_files().items(), key=lambda pair: pair[0].casefold()):
        count = sum(_is_older(one, name) for one in older)
        try:
            found.append(Kept(name, path, _read(path), older=count))
        except ModelError as error:
            found.append(Kept(name, path, None, str(error), count))
    return tuple(found)


def save(model: UserModel, card: str) -> tuple[Path, Path | None]:
    """Keep a model under its name, with its card. A former one of the name moves to ``older``.

    Parameters
    ----------
    model
        The model.
    card
        Text of its card, in Markdown.

    Returns
    -------
    tuple
        The paths of the model and of the former one, None where there was none.

    Raises
    ------
    StorageError
        The files cannot be written; then the former model is still in use.
    """
    from reaper_drumgain.methods.user_model import dump

    name = check_name(model.name)
    folder = models_folder()
    former = next((p for n, p in _files().items() if n.casefold() == name.casefold()), None)
    path = former or folder / f"{name}{SUFFIX}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        moved = None if former is None else _keep_former(former)
        _put(path, dump(model))
        _put(path.with_suffix(CARD_SUFFIX), card.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise StorageError(
            f"{folder}: the model {name!r} cannot be written there: {error.strerror or error}; "
            "what was kept before is still there"
        ) from error
    return path, moved


def _files() -> Mapping[str, Path]:
    folder = models_folder()
    try:
        entries = sorted(folder.iterdir())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StorageError(f"{folder}: cannot be read: {error.strerror}") from error
    found = {}
    for path in entries:
        if path.suffix == SUFFIX:
            try:
                found[check_name(path.stem)] = path
            except DrumGainError:
                continue
    return found


def _read(path: Path) -> UserModel:
    # imported here: it needs numpy, and a list of names does not
    from reaper_drumgain.methods.forest_file import read_bounded
    from reaper_drumgain.methods.user_model import MAX_BYTES, parse

    return parse(read_bounded(path, MAX_BYTES), str(path))


def _older(folder: Path) -> list[str]:
    try:
        return [path.stem for path in (folder / "older").iterdir() if path.suffix == SUFFIX]
    except OSError:
        return []


def _is_older(stem: str, name: str) -> bool:
    """Whether a file in ``older`` is of this model, not of one whose name begins the same."""
    begins = stem[: len(name)].casefold() == name.casefold()
    return begins and _OLDER.fullmatch(stem, len(name)) is not None


def _keep_former(path: Path) -> Path:
    """A copy of a model in ``older``, so that the model itself is never missing."""
    try:
        stamp = re.sub(r"[^0-9]", "-", _read(path).created)[:19]
    except ModelError:
        stamp = "damaged"
    folder = path.parent / "older"
    folder.mkdir(exist_ok=True)
    content = path.read_bytes()
    count = 1
    while True:
        number = "" if count == 1 else f"-{count}"
        target = folder / f"{path.stem} {stamp}{number}{SUFFIX}"
        try:
            with target.open("xb") as file:
                file.write(content)
        except FileExistsError:
            count += 1
            continue
        return target


def _put(path: Path, content: bytes) -> None:
    """Write a file all at once: readers see the old or the new one."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
