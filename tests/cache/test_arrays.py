"""Measurements as arrays: nothing is lost, and arrays of strangers do no harm."""

from __future__ import annotations

import json

import numpy as np
import pytest
from streams import ArrayStream, drum_track

from reaper_drumgain import methods
from reaper_drumgain.analysis import features
from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.analysis.measurement import MultitrackAnalysis
from reaper_drumgain.analysis.mix_loudness import CovarianceRun
from reaper_drumgain.cache.arrays import pack, unpack
from reaper_drumgain.util.npz import read_npz, write_npz

RATE = 44_100


@pytest.fixture(scope="module")
def analysis() -> MultitrackAnalysis:
    tracks = [drum_track(RATE, 2.0, seed=n, level=0.1) for n in range(3)]
    streams = [ArrayStream(samples, RATE) for samples in tracks]
    measurement = measure(streams, threads=1, descriptors=methods.all_descriptors())
    return MultitrackAnalysis(
        measurement, (("stretched", "MIDI"), (), ("größer",)), ("track 'a\ud800': x",)
    )


def stored(analysis: MultitrackAnalysis) -> dict[str, np.ndarray]:
    return read_npz(write_npz(pack(analysis)), max_total_bytes=1 << 24)


def test_what_is_read_is_what_was_written(analysis: MultitrackAnalysis) -> None:
    again = unpack(MultitrackAnalysis, stored(analysis))
    assert again.flags == analysis.flags
    assert again.warnings == analysis.warnings
    assert sorted(again.measurement.described) == sorted(analysis.measurement.described)
    before, after = pack(analysis), pack(again)
    assert list(before) == list(after)
    for name, array in before.items():
        assert after[name].dtype == array.dtype
        np.testing.assert_array_equal(after[name], array)


def test_the_feature_table_of_what_is_read_is_the_same(analysis: MultitrackAnalysis) -> None:
    again = unpack(MultitrackAnalysis, stored(analysis))
    table = features.feature_table(analysis.measurement)
    np.testing.assert_array_equal(features.feature_table(again.measurement).values, table.values)


@pytest.mark.parametrize(
    "values",
    [
        b"",
        b"7",
        b"[1, 2]",
        b"{}",
        b"[" * 100_000,
        b'{".flags": 1000000000000000}',
        b'{".flags": 1e999}',
        b'{".measurement.tracks": 1, ".measurement.tracks.0.envelope": 5}',
        b'{".measurement.rate": [1]}',
        b'{".measurement.rate": "fast"}',
    ],
)
def test_values_of_strangers_are_refused(values: bytes, analysis: MultitrackAnalysis) -> None:
    arrays = pack(analysis)
    found = dict(json.loads(arrays["values.json"].tobytes()))
    if values.startswith(b'{"'):
        values = json.dumps(found | json.loads(values)).encode()
    arrays["values.json"] = np.frombuffer(values, dtype=np.uint8)
    with pytest.raises((ValueError, KeyError, TypeError, OverflowError)):
        unpack(MultitrackAnalysis, arrays)


def test_files_with_an_array_for_each_value_are_still_read() -> None:
    old = {".start": np.array(3), ".channels": np.arange(2), ".packed": np.zeros((4, 3), "<f4")}
    run = unpack(CovarianceRun, old)
    assert run.start == 3
    assert run.packed.shape == (4, 3)
