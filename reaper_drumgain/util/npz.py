"""NumPy's .npz archives as bytes, safe to read from unknown sources.

An .npz file is a ZIP archive with one .npy file for each array. ``np.load`` trusts the sizes
that both declare, and decompresses everything. Here all sizes are checked first, so
that nothing larger than the given bound is ever allocated, and no pickle is ever read.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

#: kinds of arrays that are read and written: floats, integers, booleans, text
_KINDS = "fiubU"
_SUFFIX = ".npy"
_MAGIC = b"PK\x03\x04"
_EMPTY = b"PK\x05\x06"
#: bytes that describe one array; NumPy writes 128
_MAX_HEADER = 4096
#: no stream of DEFLATE expands more than this
_MAX_RATIO = 1032
#: bit 0 of a member's flags: encrypted
_ENCRYPTED = 1


def write_npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Make an uncompressed .npz archive. The same arrays give the same bytes on every system.

    Parameters
    ----------
    arrays
        Arrays of any shape by name: numbers, booleans or text.

    Returns
    -------
    bytes
        The archive.

    Raises
    ------
    ValueError
        An array holds Python objects or records.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            if array.dtype.kind not in _KINDS:
                raise ValueError(f"array {name!r} has dtype {array.dtype}: not plain numbers")
            entry = zipfile.ZipInfo(name + _SUFFIX)  # with a fixed date
            entry.create_system = 3
            with archive.open(entry, "w", force_zip64=True) as file:
                npy.write_array(file, np.asanyarray(array), version=(1, 0), allow_pickle=False)
    return out.getvalue()


def read_npz(
    data: bytes, *, max_total_bytes: int, names: Collection[str] | None = None
) -> dict[str, NDArray[Any]]:
    """Read an .npz archive.

    The archive's directory is checked before anything is decompressed, and each array's header
    before its data is read.

    Parameters
    ----------
    data
        The archive.
    max_total_bytes
        Bound of all arrays and their headers together, once decompressed.
    names
        Exactly these arrays must be there. None takes any.

    Returns
    -------
    dict
        The arrays by name, read-only.

    Raises
    ------
    ValueError
        The bytes are no such archive, are damaged, pass the bound, lack or exceed ``names``, or
        hold anything but plain arrays of numbers, booleans or text.
    """
    if data[:4] not in (_MAGIC, _EMPTY):
        raise ValueError("it is no .npz archive")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_directory(entries, max_total_bytes, names)
            return {
                entry.filename.removesuffix(_SUFFIX): _read(archive, entry) for entry in entries
            }
    except ValueError:
        raise
    except Exception as error:
        # which exceptions the parsers raise on damaged bytes is not documented
        raise ValueError(f"the .npz archive is damaged: {error}") from error


def _check_directory(
    entries: list[zipfile.ZipInfo], max_total_bytes: int, names: Collection[str] | None
) -> None:
    total = 0
    for entry in entries:
        total += entry.file_size
        if not entry.filename.endswith(_SUFFIX):
            raise ValueError(f"the .npz archive holds {entry.filename!r}, which is no array")
        if entry.flag_bits & _ENCRYPTED:
            raise ValueError(f"array {entry.filename!r} is encrypted")
        if entry.compress_type == zipfile.ZIP_STORED:
            possible = entry.file_size == entry.compress_size
        elif entry.compress_type == zipfile.ZIP_DEFLATED:
            possible = entry.file_size <= _MAX_RATIO * entry.compress_size
        else:
            raise ValueError(f"array {entry.filename!r} has an unknown compression")
        if not possible:
            raise ValueError(f"array {entry.filename!r} cannot have {entry.file_size} bytes")
    if total > max_total_bytes:
        raise ValueError(f"the arrays take {total} bytes, more than {max_total_bytes}")
    found = [entry.filename.removesuffix(_SUFFIX) for entry in entries]
    if len(set(found)) != len(found):
        raise ValueError("the .npz archive holds two arrays of one name")
    if names is not None and set(found) != set(names):
        raise ValueError(
            f"the .npz archive lacks arrays {sorted(set(names) - set(found))} "
            f"and has unknown arrays {sorted(set(found) - set(names))}"
        )


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[Any]:
    with archive.open(entry) as file:
        if npy.read_magic(file) != (1, 0):
            raise ValueError(f"array {entry.filename!r} has an unknown format")
        shape, fortran_order, dtype = npy.read_array_header_1_0(file, _MAX_HEADER)
        if dtype.kind not in _KINDS or not dtype.itemsize:
            raise ValueError(f"array {entry.filename!r} has dtype {dtype}: not plain numbers")
        count = math.prod(shape)
        size = count * dtype.itemsize
        if min(shape, default=0) < 0 or size != entry.file_size - file.tell():
            raise ValueError(f"array {entry.filename!r} of shape {shape} has another size")
        content = file.read()
    if len(content) != size:
        raise ValueError(f"array {entry.filename!r} is cut short")
    if not count:
        return np.zeros(shape, dtype=dtype)
    flat: NDArray[Any] = np.frombuffer(content, dtype=dtype)
    return flat.reshape(shape, order="F" if fortran_order else "C")
