"""What ``reaper.ini`` says of Python, and how to change that: these lines and no other byte.

REAPER reads the file when it starts and writes it when it ends, so it must not run meanwhile.
Section and keys are those that REAPER writes; names are found regardless of case, and of lines
with the same name the first one counts, as in Windows' ``GetPrivateProfileString``.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from reaper_drumgain.errors import ConflictError, InputError, StorageError
from reaper_drumgain.hosts.installation.python_library import Library

_SECTION = b"[reaper]"
ENABLED, FOLDER, FILE = "reascript", "pythonlibpath64", "pythonlibdll64"
_BOMS = (b"\xff\xfe", b"\xfe\xff")
_UTF_8_BOM = b"\xef\xbb\xbf"
_MAX_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class PythonLines:
    """The values of the lines on Python; None where there is no such line.

    Attributes
    ----------
    enabled
        Whether Python is switched on, "1" or "0".
    folder
        The folder of the library.
    file
        The name of the library.
    """

    enabled: str | None
    folder: str | None
    file: str | None


def read(path: Path) -> bytes:
    """The bytes of a ``reaper.ini``.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    bytes
        All of it.

    Raises
    ------
    InputError
        It is no ``reaper.ini`` that can be edited here.
    StorageError
        It cannot be read.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InputError(
                f"{path} is larger than {_MAX_BYTES} bytes, which is too much for a reaper.ini"
            )
        content = path.read_bytes()
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error}") from error
    if content.startswith(_BOMS):
        raise InputError(
            f"{path} is in UTF-16, which DrumGain cannot edit: enter the two fields in REAPER's "
            "preferences"
        )
    return content


def python_lines(content: bytes) -> PythonLines:
    """The lines on Python in the bytes of a ``reaper.ini``."""
    lines = content.splitlines(keepends=True)
    found: dict[str, str | None] = dict.fromkeys((ENABLED, FOLDER, FILE))
    for key in found:
        place = _place(lines, key)
        if place is not None:
            value = lines[place].partition(b"=")[2].strip()
            found[key] = value.decode("utf-8", "surrogateescape")
    return PythonLines(found[ENABLED], found[FOLDER], found[FILE])


def with_python(content: bytes, library: Library) -> bytes:
    """The bytes of a ``reaper.ini`` in which Python is switched on and the library is named.

    Where all of it stands there already, the bytes are the same.
    """
    lines = content.splitlines(keepends=True)
    ending = b"\r\n" if b"\r\n" in content else b"\n"
    header = _header(lines)
    if header is None:
        if lines and not lines[-1].endswith((b"\n", b"\r")):
            lines[-1] += ending
        lines.append(b"[REAPER]" + ending)
        header = len(lines) - 1
    elif not lines[header].endswith((b"\n", b"\r")):
        lines[header] += ending
    wanted = {FILE: library.file, FOLDER: library.folder, ENABLED: "1"}
    for key, text in wanted.items():
        value = text.encode("utf-8", "surrogateescape")
        place = _place(lines, key)
        if place is None:
            lines.insert(header + 1, key.encode() + b"=" + value + ending)
            continue
        name, _, old = lines[place].partition(b"=")
        if old.strip() != value:
            end = old[len(old.rstrip(b"\r\n")) :]
            lines[place] = name + b"=" + value + end
    return b"".join(lines)


def _header(lines: list[bytes]) -> int | None:
    for place, line in enumerate(lines):
        if line.removeprefix(_UTF_8_BOM).strip().lower() == _SECTION:
            return place
    return None


def _place(lines: list[bytes], key: str) -> int | None:
    """The place of the first line with a key within the section, None if there is none."""
    header = _header(lines)
    if header is None:
        return None
    for place in range(header + 1, len(lines)):
        line = lines[place].strip()
        if line.startswith(b"["):
            return None
        if line.partition(b"=")[0].strip().lower() == key.encode():
            return place
    return None


def write(path: Path, old: bytes, new: bytes) -> Path:
    """Replaces a file in one step, and keeps what stood there beside it.

    Parameters
    ----------
    path
        The file.
    old
        Its bytes when it was read.
    new
        Its new bytes.

    Returns
    -------
    Path
        The backup.

    Raises
    ------
    ConflictError
        The file is not ``old`` any more. It stays as it is.
    StorageError
        It cannot be written. It stays as it is.
    """
    # a link of somebody who keeps settings elsewhere stays a link
    path = path.resolve()
    temporary = path.with_name(path.name + ".drumgain-part")
    try:
        backup = _backup(path, old)
        temporary.write_bytes(new)
        shutil.copymode(path, temporary)
        if path.read_bytes() != old:
            raise ConflictError(
                f"{path} was changed in the meantime: nothing was written, try again"
            )
        temporary.replace(path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return backup


def _backup(path: Path, content: bytes) -> Path:
    stamp = time.strftime("%Y-%m-%d_%H%M%S")
    for number in range(1, 100):
        more = f"-{number}" if number > 1 else ""
        backup = path.with_name(f"{path.name}.before-drumgain-{stamp}{more}")
        try:
            handle = os.open(backup, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        shutil.copymode(path, backup)
        return backup
    raise StorageError(f"{path.parent}: no free file name for a backup")
