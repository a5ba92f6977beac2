"""Files of whole numbers, read as bytes, are what libsndfile makes of them: every bit."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reaper_drumgain.audio import decoder
from reaper_drumgain.audio.decoder import MediaFile
from reaper_drumgain.audio.safe_open import UnplayableMediaError

RATE = 8000
KINDS = [
    (container, subtype, endian)
    for container in ("WAV", "WAVEX", "RF64", "W64", "AIFF", "CAF")
    for subtype in ("PCM_16", "PCM_24", "PCM_32")
    for endian in (("FILE", "BIG") if container == "WAV" else ("FILE",))
]


def extremes(frames: int, channels: int, subtype: str) -> np.ndarray:
    """Every size of sample, and both ends of the scale."""
    bits = int(subtype[-2:])
    random = np.random.default_rng(bits * channels)
    sizes = random.integers(0, 32, (frames, channels))
    samples = random.integers(-(2**31), 2**31, (frames, channels)) >> sizes
    samples[:2] = [[2**31 - 1], [-(2**31)]]
    return samples.astype(np.int32)


@pytest.fixture(scope="module", params=KINDS, ids="-".join)
def files(request, tmp_path_factory):
    container, subtype, endian = request.param
    folder = tmp_path_factory.mktemp("kinds")
    made = []
    for channels in (1, 2, 3):
        path = folder / f"{channels}.{container.lower()}"
        samples = extremes(5000, channels, subtype)
        soundfile.write(path, samples, RATE, subtype, endian=endian, format=container)
        made.append(path)
    return made


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_part_of_any_channel_is_what_libsndfile_gives(files: list[Path], data) -> None:
    path = data.draw(st.sampled_from(files))
    whole, _ = soundfile.read(path, dtype="float32", always_2d=True)
    media = MediaFile(str(path))
    try:
        for _ in range(3):
            first = data.draw(st.integers(0, 5000))
            frames = data.draw(st.integers(1, 6000))
            pick = tuple(data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=2)))
            target = np.full((len(pick), frames), 7.0, dtype=np.float32)
            got = media.read_into(target, first, pick)
            expected = whole[first : first + frames]
            assert got == len(expected)
            for row, channel in zip(target, pick, strict=True):
                if channel < whole.shape[1]:
                    np.testing.assert_array_equal(row[:got], expected[:, channel])
                else:
                    assert (row == 7.0).all()
    finally:
        media.close()


def read(path: Path, frames: int, channels: int = 1) -> tuple[int, np.ndarray]:
    media = MediaFile(str(path))
    target = np.zeros((channels, frames), dtype=np.float32)
    try:
        got = media.read_into(target, 0, tuple(range(channels)))
    finally:
        media.close()
    return got, target[0] if channels == 1 else target


def test_what_follows_the_samples_in_a_file_is_not_played(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.full(1001, 0.5), RATE, "PCM_24")
    plain = path.read_bytes()
    chunk = b"LIST" + (4000).to_bytes(4, "little") + b"\x55" * 4000
    size = (len(plain) + len(chunk) - 8).to_bytes(4, "little")
    path.write_bytes(plain[:4] + size + plain[8:] + chunk)
    got, samples = read(path, 2000)
    assert got == 1001
    assert (samples[:1001] == 0.5).all()
    assert not samples[1001:].any()


@pytest.mark.parametrize("left", [0, 1, 2, 3, 2999, 3000, 3001])
def test_a_file_that_ends_early_gives_its_whole_frames(tmp_path: Path, left: int) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.full(1500, 0.5), RATE, "PCM_24")
    header = path.stat().st_size - 3 * 1500
    os.truncate(path, header + left)
    got, samples = read(path, 1500)
    assert got == left // 3
    assert (samples[:got] == 0.5).all()
    assert not samples[got:].any()


def test_a_file_that_shrinks_while_it_is_read_gives_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.full(5000, 0.5), RATE, "PCM_24")
    media = MediaFile(str(path))
    os.truncate(path, path.stat().st_size - 3 * 4000)
    target = np.zeros((1, 5000), dtype=np.float32)
    assert media.read_into(target, 0, (0,)) == 1000
    assert (target[0, :1000] == 0.5).all()
    assert not target[0, 1000:].any()
    media.close()


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32"])
def test_bytes_and_the_public_interface_give_the_same_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, subtype: str, channels: int
) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, extremes(5000, channels, subtype), RATE, subtype)
    with_bytes = read(path, 6000, channels)
    monkeypatch.setattr(decoder, "_sample_width", lambda _: 0)
    public = read(path, 6000, channels)
    assert with_bytes[0] == public[0] == 5000
    np.testing.assert_array_equal(with_bytes[1], public[1])
    expected, _ = soundfile.read(path, dtype="float32", always_2d=True)
    np.testing.assert_array_equal(np.atleast_2d(public[1])[:, :5000], expected.T)


class Library:
    """libsndfile, of which some functions are others."""

    def __init__(self, **others: object) -> None:
        self._library, self._others = soundfile._snd, others

    def __getattr__(self, name: str) -> object:
        return self._others.get(name) or getattr(self._library, name)


def test_a_failing_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.full(100, 0.5), RATE, "PCM_24")
    media = MediaFile(str(path))
    monkeypatch.setattr(soundfile, "_snd", Library(sf_error=lambda _: 2))
    with pytest.raises(UnplayableMediaError, match="decoding stopped at frame 0"):
        media.read_into(np.zeros((1, 100), dtype=np.float32), 0, (0,))
    media.close()


def test_two_threads_read_two_files_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one has read is not that of the other, which began while it was under way."""
    for name, level in (("a", 0.5), ("b", 0.25)):
        soundfile.write(tmp_path / f"{name}.wav", np.full(100, level), RATE, "PCM_24")
    real, begun = soundfile._snd.sf_read_raw, []

    def interrupted(*given: object) -> int:
        got: int = real(*given)
        if not begun:
            begun.append(True)
            other = threading.Thread(target=lambda: begun.append(read(tmp_path / "b.wav", 100)))
            other.start()
            other.join()
        return got

    monkeypatch.setattr(soundfile, "_snd", Library(sf_read_raw=interrupted))
    _, samples = read(tmp_path / "a.wav", 100)
    assert (samples == 0.5).all()
    assert (begun[1][1] == 0.25).all()
