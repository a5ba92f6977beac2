"""Archives of arrays: what is written is read, and archives of strangers do no harm."""

from __future__ import annotations

import io
import pickle
import tracemalloc
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper_drumgain.util.npz import read_npz, write_npz

LIMIT = 1 << 20
ARRAYS: dict[str, np.ndarray[Any, Any]] = {
    "a": np.arange(7.0),
    "text": np.array(["x", "größer"]),
    "empty": np.zeros((0, 3), dtype=np.float32),
    "one": np.array(5),
    "fortran": np.asfortranarray(np.arange(6, dtype="<i4").reshape(2, 3)),
    "flags": np.array([True, False]),
}


def header(text: str, payload: bytes = bytes(64)) -> bytes:
    """A .npy file with any header."""
    line = text.encode("latin-1")
    return b"\x93NUMPY\x01\x00" + len(line).to_bytes(2, "little") + line + payload


def npz(content: bytes, name: str = "x.npy", compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def test_arrays_come_back_as_they_were_written() -> None:
    found = read_npz(write_npz(ARRAYS), max_total_bytes=LIMIT, names=ARRAYS)
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_numpy_reads_what_was_written() -> None:
    with np.load(io.BytesIO(write_npz(ARRAYS)), allow_pickle=False) as archive:
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(archive[name], array)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_archives_written_by_numpy_are_read(save: Callable[..., None]) -> None:
    out = io.BytesIO()
    save(out, **ARRAYS)
    found = read_npz(out.getvalue(), max_total_bytes=LIMIT)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)


def test_the_same_arrays_give_the_same_bytes() -> None:
    assert write_npz(ARRAYS) == write_npz(dict(ARRAYS))


@pytest.mark.parametrize("array", [np.array([{}], dtype=object), np.zeros(1, dtype="i4,f4")])
def test_objects_and_records_are_not_written(array: np.ndarray[Any, Any]) -> None:
    with pytest.raises(ValueError, match="not plain numbers"):
        write_npz({"x": array})


def test_missing_and_unknown_names_are_told() -> None:
    with pytest.raises(ValueError, match=r"lacks arrays \['c'\] and has unknown arrays \['a'\]"):
        read_npz(write_npz({"a": np.zeros(1)}), max_total_bytes=LIMIT, names=["c"])


@pytest.mark.parametrize(
    "content",
    [
        header("{'descr': '|O', 'fortran_order': False, 'shape': (8,), }\n"),
        header("{'descr': '|V8', 'fortran_order': False, 'shape': (8,), }\n"),
        header("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (8,), }\n"),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }\n"),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (-8,), }\n"),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (-2, -4), }\n"),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': 8, }\n"),
        header("{'descr': '<U0', 'fortran_order': False, 'shape': (1000000,), }\n", b""),
        header("{'descr': 'nonsense', 'fortran_order': False, 'shape': (8,), }\n"),
        header("{'descr': 'i4,(', 'fortran_order': False, 'shape': (8,), }\n"),
        header("{'descr': '<f8', 'fortran_order': False, }\n"),
        header("7\n"),
        header("__import__('os')\n"),
        header("[" * 4000 + "\n"),
        header(" " * 5000 + "\n"),
        b"\x93NUMPY\x02\x00" + bytes(100),
        pickle.dumps({"x": 1}),
        b"",
    ],
)
def test_members_that_are_no_plain_arrays_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_npz(npz(content), max_total_bytes=LIMIT)


def test_a_pickle_is_no_archive() -> None:
    with pytest.raises(ValueError, match=r"no \.npz archive"):
        read_npz(pickle.dumps({"x": 1}), max_total_bytes=LIMIT)


def test_a_member_that_is_no_array_is_refused() -> None:
    with pytest.raises(ValueError, match="no array"):
        read_npz(npz(b"", "code.py"), max_total_bytes=LIMIT)


def test_two_arrays_of_one_name_are_refused() -> None:
    data = write_npz({"a": np.zeros(1), "b": np.zeros(1)}).replace(b"b.npy", b"a.npy")
    with pytest.raises(ValueError, match=r"."):
        read_npz(data, max_total_bytes=LIMIT)


def test_an_archive_that_would_inflate_is_refused_before_it_takes_memory() -> None:
    out = io.BytesIO()
    np.savez_compressed(out, x=np.zeros(1 << 22))
    bomb = out.getvalue()
    assert len(bomb) < LIMIT
    tracemalloc.start()
    with pytest.raises(ValueError, match="more than"):
        read_npz(bomb, max_total_bytes=LIMIT)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * LIMIT


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_directory_that_tells_another_size_is_refused(compression: int) -> None:
    content = header(
        "{'descr': '<f8', 'fortran_order': False, 'shape': (100000,), }\n", bytes(800_000)
    )
    data = npz(content, compression=compression)
    for told in (len(content) - 8, 200, 1 << 19):
        entry = zipfile.ZipFile(io.BytesIO(data)).infolist()[0]
        old = entry.file_size.to_bytes(4, "little")
        start = data.rindex(b"PK\x01\x02")
        changed = data[:start] + data[start:].replace(old, told.to_bytes(4, "little"))
        with pytest.raises(ValueError, match=r"."):
            read_npz(changed, max_total_bytes=LIMIT)


def test_an_unknown_compression_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown compression"):
        read_npz(npz(bytes(1000), compression=zipfile.ZIP_BZIP2), max_total_bytes=LIMIT)


@given(st.data())
def test_damaged_bytes_give_arrays_or_a_value_error(data: st.DataObject) -> None:
    whole = write_npz(ARRAYS)
    start = data.draw(st.integers(0, len(whole)))
    new = data.draw(st.binary(max_size=8))
    damaged = whole[:start] + new + whole[start + data.draw(st.integers(0, 8)) :]
    try:
        arrays = read_npz(damaged, max_total_bytes=4096)
    except ValueError:
        return
    assert sum(array.nbytes for array in arrays.values()) <= 4096
