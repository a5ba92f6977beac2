"""Measurements as bytes: nothing is lost, and bytes of strangers do no harm."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streams import ArrayStream, drum_track

from reaper_drumgain import methods
from reaper_drumgain.analysis import features
from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.analysis.measurement import MultitrackAnalysis
from reaper_drumgain.cache.arrays import from_bytes, pack, to_bytes, unpack

RATE = 44_100


@pytest.fixture(scope="module")
def analysis() -> MultitrackAnalysis:
    tracks = [drum_track(RATE, 2.0, seed=n, level=0.1) for n in range(3)]
    streams = [ArrayStream(samples, RATE) for samples in tracks]
    measurement = measure(streams, threads=1, descriptors=methods.all_descriptors())
    return MultitrackAnalysis(
        measurement, (("stretched", "MIDI"), (), ("größer",)), ("track 'a\ud800': x",)
    )


def test_what_is_read_is_what_was_written(analysis: MultitrackAnalysis) -> None:
    again = unpack(MultitrackAnalysis, from_bytes(to_bytes(pack(analysis))))
    assert again.flags == analysis.flags
    assert again.warnings == analysis.warnings
    assert sorted(again.measurement.described) == sorted(analysis.measurement.described)
    before, after = pack(analysis), pack(again)
    assert list(before) == list(after)
    for name, array in before.items():
        assert after[name].dtype == array.dtype
        np.testing.assert_array_equal(after[name], array)


def test_the_feature_table_of_what_is_read_is_the_same(analysis: MultitrackAnalysis) -> None:
    again = unpack(MultitrackAnalysis, from_bytes(to_bytes(pack(analysis))))
    table = features.feature_table(analysis.measurement)
    np.testing.assert_array_equal(features.feature_table(again.measurement).values, table.values)


@pytest.mark.parametrize(
    "places",
    [
        '[["x", "O", [1], 0]]',
        '[["x", "V8", [1], 0]]',
        '[["x", "f4,f4", [1], 0]]',
        '[["x", "<f8", [1000000000000], 0]]',
        '[["x", "<f8", [-1], 0]]',
        '[["x", "<f8", [1], -8]]',
        '[["x", "<f8", [true], 0]]',
        '[["x", "<U0", [1000000000000], 0]]',
        '[["x", "nonsense", [1], 0]]',
        '[["x", "i4,(", [1], 0]]',
        '[["x", "<f3", [1], 0]]',
        '[["x", 5, [1], 0]]',
        '[["x", "<f8"]]',
        '{"x": 1}',
        "7",
        "[" * 100_000,
    ],
)
def test_arrays_that_are_none_are_refused(places: str) -> None:
    head = places.encode()
    with pytest.raises(ValueError, match=r"."):
        from_bytes(len(head).to_bytes(8, "little") + head + bytes(64))


def test_a_pickle_is_refused() -> None:
    with pytest.raises(ValueError, match="cut short"):
        from_bytes(pickle.dumps({"x": 1}))


@given(st.data())
def test_damaged_bytes_give_arrays_or_a_value_error(data: st.DataObject) -> None:
    whole = to_bytes({"a": np.arange(7.0), "b": np.array(["x", "yy"]), "c": np.zeros((0, 3))})
    start = data.draw(st.integers(0, len(whole)))
    new = data.draw(st.binary(max_size=8))
    damaged = whole[:start] + new + whole[start + data.draw(st.integers(0, 8)) :]
    try:
        arrays = from_bytes(damaged)
    except ValueError:
        return
    assert sum(array.nbytes for array in arrays.values()) <= len(damaged) * len(arrays)
