"""Files of a mix: read in blocks, checked against each other, refused with a reason."""

import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from mix_support import LOW_RATE, decibel, drums, rounded

from reaper_drumgain.errors import DrumGainError, InputError, MediaError
from reaper_drumgain.learn.reverse_engineering.mix_gains import reverse_engineer


@pytest.fixture
def files(tmp_path) -> tuple[list[Path], Path, np.ndarray]:
    raw = rounded(drums(2, 2.0, LOW_RATE, seed=15))
    paths = [tmp_path / "kick.wav", tmp_path / "snare.wav"]
    for path, samples in zip(paths, raw, strict=True):
        soundfile.write(path, samples, LOW_RATE, subtype="PCM_16")
    soundfile.write(tmp_path / "mix.wav", (0.5 * raw).sum(axis=0), LOW_RATE, subtype="PCM_16")
    return paths, tmp_path / "mix.wav", raw


def test_files_and_arrays_give_the_same(files):
    paths, mix, raw = files
    shares: list[float] = []
    found = reverse_engineer(paths, mix, taps=16, progress=shares.append)
    samples = soundfile.read(mix)[0]
    arrays = reverse_engineer(list(raw), samples, taps=16, rate=LOW_RATE)
    np.testing.assert_allclose(found.gains_db, arrays.gains_db, atol=1e-6)
    np.testing.assert_allclose(found.gains_db, decibel(0.5), atol=0.02)
    assert [track.name for track in found.tracks] == [str(path) for path in paths]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)


def test_memory_does_not_grow_with_the_length_of_files(tmp_path):
    peaks = []
    for seconds in (40, 120):
        chance = np.random.default_rng(3)
        samples = chance.uniform(-0.1, 0.1, (2, seconds * LOW_RATE)).astype(np.float32)
        for name, audio in (("a", samples[0]), ("b", samples[1]), ("mix", samples.sum(axis=0))):
            soundfile.write(tmp_path / f"{name}.wav", audio, LOW_RATE, subtype="FLOAT")
        tracks = [tmp_path / "a.wav", tmp_path / "b.wav"]
        tracemalloc.start()
        try:
            reverse_engineer(tracks, tmp_path / "mix.wav", taps=16, max_delay=0.1)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def _write(path: Path, samples: np.ndarray, rate: int = LOW_RATE) -> Path:
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return path


def test_tracks_and_mixes_that_do_not_fit_are_refused(files, tmp_path):
    paths, mix, raw = files
    short = _write(tmp_path / "short.wav", raw[0, :-1])
    with pytest.raises(InputError, match=r"not aligned.*kick.wav 16000.*short.wav 15999"):
        reverse_engineer([paths[0], short], mix)
    with pytest.raises(InputError, match=r"short.wav has 15999 frames, the raw tracks have 16000"):
        reverse_engineer(paths, short)
    other = _write(tmp_path / "other.wav", raw[0], 16000)
    with pytest.raises(InputError, match=r"other.wav has 16000 Hz, .*kick.wav has 8000 Hz"):
        reverse_engineer(paths, other)
    wide = _write(tmp_path / "wide.wav", np.zeros((16000, 3)))
    with pytest.raises(MediaError, match=r"wide.wav: expected 1 or 2 channels, got 3"):
        reverse_engineer(paths, wide)
    with pytest.raises(InputError, match="did you pass"):
        reverse_engineer([raw[0]], raw.T, rate=LOW_RATE)
    with pytest.raises(InputError, match="the mix is silent"):
        reverse_engineer(paths, np.zeros(16000))
    with pytest.raises(InputError, match="pass rate="):
        reverse_engineer([raw[0]], raw[0])
    with pytest.raises(InputError, match="at least one track"):
        reverse_engineer([], mix)
    with pytest.raises(InputError, match="a list of raw tracks"):
        reverse_engineer(str(mix), mix)  # type: ignore[arg-type]


def test_settings_out_of_range_are_refused(files):
    paths, mix, raw = files
    for wrong, words in (
        ({"taps": 0}, "taps is 0"),
        ({"taps": 4096}, "taps is 4096"),
        ({"taps": 2048}, "samples are too few"),
        ({"max_delay": -1.0}, "max_delay is -1.0"),
        ({"max_delay": float("nan")}, "max_delay is nan"),
        ({"max_error_db": 0.0}, "max_error_db is 0.0"),
    ):
        with pytest.raises(InputError, match=words):
            reverse_engineer(paths, mix, **wrong)
    with pytest.raises(InputError, match="33 track channels"):
        reverse_engineer([raw[0]] * 33, raw[0], rate=LOW_RATE)
    with pytest.raises(InputError, match="sample rate must be"):
        reverse_engineer([raw[0]], raw[0], rate=100)


def test_a_delay_search_beyond_its_memory_is_refused(files, monkeypatch):
    from reaper_drumgain.learn.reverse_engineering import delays

    paths, mix, _ = files
    monkeypatch.setattr(delays, "MAX_BYTES", 10_000)
    with pytest.raises(InputError, match="lower max_delay"):
        reverse_engineer(paths, mix, taps=1)
    assert len(reverse_engineer(paths, mix, taps=1, max_delay=0.0).tracks) == 2


def test_damaged_files_are_named(files, tmp_path):
    _, mix, raw = files
    broken = tmp_path / "broken.wav"
    with pytest.raises(MediaError, match=r"broken.wav: it was not found"):
        reverse_engineer([broken], mix)
    broken.write_bytes(b"RIFF nothing")
    with pytest.raises(MediaError, match=r"broken.wav: it does not decode"):
        reverse_engineer([broken], mix)
    broken.write_bytes(mix.read_bytes()[:-2000])
    with pytest.raises(MediaError, match=r"broken.wav: is cut short"):
        reverse_engineer([broken], mix)
    nan = raw[0].copy()
    nan[100] = np.nan
    with pytest.raises(MediaError, match=r"nan.wav: holds samples that are not finite"):
        reverse_engineer([_write(tmp_path / "nan.wav", nan)], mix)
    with pytest.raises(InputError, match="track 1: holds samples that are not finite"):
        reverse_engineer([nan], raw[0], rate=LOW_RATE)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(files, tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(MediaError, match="not a regular file"):
        reverse_engineer([tmp_path / "pipe.wav"], files[1])


@settings(max_examples=25, deadline=None)
@given(cut=st.integers(0, 33000), flips=st.lists(st.integers(0, 33000), max_size=5))
def test_whatever_is_wrong_with_a_file_only_the_packages_errors_come_out(cut, flips):
    import io
    import tempfile

    raw = drums(1, 2.0, LOW_RATE, seed=16)[0]
    memory = io.BytesIO()
    soundfile.write(memory, raw, LOW_RATE, format="FLAC", subtype="PCM_16")
    data = bytearray(memory.getvalue()[: cut or None])
    for place in flips:
        data[place % len(data)] ^= 0x55
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.flac"
        path.write_bytes(data)
        try:
            found = reverse_engineer([path], 0.5 * raw, taps=1, rate=LOW_RATE, max_delay=0.0)
        except DrumGainError:
            return
        assert len(found.tracks) == 1
