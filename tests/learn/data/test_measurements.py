"""Measurements kept without pickle, and as if recorded louder: against measuring it so."""

import dataclasses

import numpy as np
import pytest

from reaper_drumgain.analysis import features
from reaper_drumgain.analysis.descriptors import SegmentFrames, SegmentLevels
from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.errors import InputError
from reaper_drumgain.learn.data.measurements import (
    as_recorded_louder,
    load_measurement,
    save_measurement,
)
from reaper_drumgain.learn.data.streams import ArrayStream
from reaper_drumgain.methods import all_descriptors

DESCRIPTORS = (*all_descriptors(), SegmentLevels(), SegmentFrames())
RATE = 44100


def sounds(gains_db=(0.0, 0.0, 0.0)):
    rng = np.random.default_rng(3)
    time = np.arange(4 * RATE) / RATE
    beat = np.exp(-((time % 0.5) / 0.05))
    tracks = [
        beat * np.sin(2 * np.pi * 70 * time),
        np.stack([beat * rng.normal(size=time.size) * 0.1, 0.05 * rng.normal(size=time.size)]),
        np.roll(beat, 9000) * rng.normal(size=time.size) * 0.01,
    ]
    return [
        (np.atleast_2d(track) * 10 ** (gain / 20)).astype(np.float32)
        for track, gain in zip(tracks, gains_db, strict=True)
    ]


def measured(tracks):
    return measure([ArrayStream(t) for t in tracks], threads=1, descriptors=DESCRIPTORS)


def leaves(value, name="measurement"):
    """Every array and number in a measurement, by where it is."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from leaves(getattr(value, field.name), f"{name}.{field.name}")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{name}[{key}]")
    elif isinstance(value, tuple):
        for place, item in enumerate(value):
            yield from leaves(item, f"{name}[{place}]")
    else:
        yield name, [value.start, value.stop] if isinstance(value, slice) else value


def test_louder_is_what_measuring_louder_audio_gives():
    gains = (7.0, -11.0, 3.0)
    expected = dict(leaves(measured(sounds(gains))))
    found = dict(leaves(as_recorded_louder(measured(sounds()), np.array(gains), DESCRIPTORS)))
    assert set(found) == set(expected)
    assert len(found) > 40
    for name, value in expected.items():
        size = max(float(np.abs(value).max()), 1e-30)
        np.testing.assert_allclose(found[name], value, rtol=1e-3, atol=1e-5 * size, err_msg=name)


def test_a_measurement_is_read_as_it_was_written(tmp_path):
    before = measured(sounds())
    save_measurement(before, tmp_path / "deep" / "one.npz")
    after = load_measurement(tmp_path / "deep" / "one.npz")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["one.npz"]
    expected, found = dict(leaves(before)), dict(leaves(after))
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)
        assert type(found[name]) is type(value)
    np.testing.assert_array_equal(
        features.feature_table(after).values, features.feature_table(before).values
    )


def test_damaged_files_are_refused(tmp_path):
    path = tmp_path / "one.npz"
    save_measurement(measured(sounds()), path)
    whole = path.read_bytes()
    for content in (b"", b"hello", whole[:200], whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(InputError, match="delete it and run again"):
            load_measurement(path)
    np.savez(path, values=np.zeros((2, 2)))
    with pytest.raises(InputError, match="delete it and run again"):
        load_measurement(path)
    np.savez(path, **{".rate": np.array([None], object)})
    with pytest.raises(InputError, match="delete it and run again"):
        load_measurement(path)
