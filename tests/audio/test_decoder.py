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


def test_wav_files_are_read_as_bytes_and_others_are_not(tmp_path: Path) -> None:
    widths = {}
    for container, subtype, endian in [*KINDS, ("WAV", "FLOAT", "FILE"), ("WAV", "PCM_U8", "FILE")]:
        path = tmp_path / "a.bin"
        soundfile.write(path, np.zeros(100), RATE, subtype, endian=endian, format=container)
        media = MediaFile(str(path))
        widths[container, subtype, endian] = media._width
        media.close()
    assert {kind[:2]: width for kind, width in widths.items() if width} == {
        (container, f"PCM_{8 * width}"): width
        for container in ("WAV", "WAVEX", "RF64", "W64")
        for width in (2, 3, 4)
    }
    assert not widths["WAV", "PCM_24", "BIG"]


def read(path: Path, frames: int) -> tuple[int, np.ndarray]:
    media = MediaFile(str(path))
    target = np.zeros((1, frames), dtype=np.float32)
    try:
        return media.read_into(target, 0, (0,)), target[0]
    finally:
        media.close()


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


def test_without_the_binding_libsndfile_makes_the_same_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, extremes(5000, 1, "PCM_24"), RATE, "PCM_24")
    with_it = read(path, 5000)
    monkeypatch.setattr(decoder, "_read_raw", None)
    without = read(path, 5000)
    assert with_it[0] == without[0] == 5000
    np.testing.assert_array_equal(with_it[1], without[1])


class _Failing:
    """libsndfile, of which every read goes wrong."""

    def __init__(self, library: object) -> None:
        self._library = library

    def __getattr__(self, name: str) -> object:
        return getattr(self._library, name)

    def sf_error(self, _: object) -> int:
        return 2


def test_a_failing_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.full(100, 0.5), RATE, "PCM_24")
    media = MediaFile(str(path))
    monkeypatch.setattr(soundfile, "_snd", _Failing(soundfile._snd))
    with pytest.raises(UnplayableMediaError, match="decoding stopped at frame 0"):
        media.read_into(np.zeros((1, 100), dtype=np.float32), 0, (0,))
    media.close()


def test_two_threads_read_two_files_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one has read is not that of the other, which began while it was under way."""
    for name, level in (("a", 0.5), ("b", 0.25)):
        soundfile.write(tmp_path / f"{name}.wav", np.full(100, level), RATE, "PCM_24")
    real, begun = decoder._read_raw, []

    def interrupted(*given: object) -> int:
        got: int = real(*given)
        if not begun:
            begun.append(True)
            other = threading.Thread(target=lambda: begun.append(read(tmp_path / "b.wav", 100)))
            other.start()
            other.join()
        return got

    monkeypatch.setattr(decoder, "_read_raw", interrupted)
    _, samples = read(tmp_path / "a.wav", 100)
    assert (samples == 0.5).all()
    assert (begun[1][1] == 0.25).all()
