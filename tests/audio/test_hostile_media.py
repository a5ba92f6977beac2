"""Track audio from files and projects that are hostile or broken."""

from __future__ import annotations

import dataclasses
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from audio_support import (
    RATE,
    allocated,
    drain,
    file_source,
    opened,
    play,
    session_of,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reaper_drumgain.audio.track_reader import analysis_rate, playing_span
from reaper_drumgain.schema.session import Clip, Envelope, EnvelopePoint, Fade, Source


def only_flag(path: Path | str, play_end: float = 1.0) -> tuple[str, np.ndarray]:
    source = Source(kind="file", format="WAVE", path=str(path))
    with opened(session_of(Clip(position=0.0, length=play_end, source=source)), play_end) as audio:
        signal = drain(audio)
    assert len(audio.flags) == 1, audio.warnings
    return audio.flags[0], signal


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_fifo_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.wav")
    assert only_flag(tmp_path / "fifo.wav")[0] == "refused media"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs device files")
def test_devices_and_folders_are_refused_without_being_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened_: list[str] = []
    real = os.open

    def watched(name: Any, *arguments: Any, **options: Any) -> int:
        opened_.append(str(name))
        return real(name, *arguments, **options)

    monkeypatch.setattr(os, "open", watched)
    assert only_flag("/dev/zero")[0] == "refused media"
    assert only_flag(tmp_path)[0] == "refused media"
    assert not {"/dev/zero", str(tmp_path)} & set(opened_)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_file_that_becomes_a_fifo_while_it_is_opened_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "swapped.wav"
    path.write_bytes(b"RIFF")
    real = os.open

    def swapped(name: Any, *arguments: Any, **options: Any) -> int:
        if str(name) == str(path):
            path.unlink()
            os.mkfifo(path)
        return real(name, *arguments, **options)

    monkeypatch.setattr(os, "open", swapped)
    assert only_flag(path)[0] == "refused media"


@pytest.mark.parametrize(
    "path", ["//server/share/a.wav", r"\\server\share\a.wav", r"\/server\a.wav", r"\\?\UNC\s\a.wav"]
)
def test_network_paths_are_never_touched(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def touched(name: Any, *arguments: Any, **options: Any) -> Any:
        raise AssertionError(f"touched {name}")

    session = session_of(
        Clip(position=0.0, length=1.0, source=Source(kind="file", format="WAVE", path=path))
    )
    with monkeypatch.context() as patch:
        for function in ("stat", "lstat", "open"):
            patch.setattr(os, function, touched)
        with opened(session, 1.0) as audio:
            flags = audio.flags
        rate = analysis_rate(session, session.tracks)
    assert flags == ("refused media",)
    assert rate == 48000


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not audio at all" * 100, bytes(5000)])
def test_what_is_no_audio_is_unreadable(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    flag, signal = only_flag(tmp_path / "a.wav")
    assert flag == "unreadable media"
    assert not signal.any()


def test_a_file_without_permission_is_unreadable(tmp_path: Path, ones: Source) -> None:
    path = Path(str(ones.path))
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read every file")
    assert only_flag(path)[0] == "unreadable media"


def wav(tmp_path: Path, frames: int = RATE) -> tuple[Path, bytearray]:
    path = tmp_path / "forged.wav"
    soundfile.write(path, np.full(frames, 0.5), RATE, subtype="PCM_16")
    return path, bytearray(path.read_bytes())


@pytest.mark.parametrize("declared", [0x7FFFFF00, 0xFFFFFFF0, 0x70000000])
def test_a_forged_data_size_allocates_nothing_and_plays_what_is_there(
    tmp_path: Path, declared: int
) -> None:
    path, content = wav(tmp_path)
    place = content.index(b"data") + 4
    content[place : place + 4] = struct.pack("<I", declared)
    path.write_bytes(content)
    clip = Clip(
        position=0.0, length=100_000.0, source=Source(kind="file", format="WAVE", path=str(path))
    )
    with opened(session_of(clip), 100_000.0) as audio:
        block, peak = allocated(lambda: audio.read(RATE))
        assert block[0] == pytest.approx(np.full(RATE, 0.5))
        assert audio.read(RATE) is None
    assert peak < 1_000_000
    # sizes around 2 and 4 GB are placeholders of writers that were cut off or cannot go back
    assert audio.flags == (("truncated media",) if declared < 0x7FFF0000 else ("unfinished media",))


def test_a_forged_channel_count_keeps_memory_bounded(tmp_path: Path) -> None:
    path, content = wav(tmp_path, 3_000_000)
    place = content.index(b"fmt ") + 10
    content[place : place + 2] = struct.pack("<H", 1000)
    content[place + 10 : place + 12] = struct.pack("<H", 2000)
    path.write_bytes(content)
    clip = Clip(position=0.0, length=5.0, source=Source(kind="file", format="WAVE", path=str(path)))
    with opened(session_of(clip), 5.0) as audio:
        block, peak = allocated(lambda: audio.read(5 * RATE))
    assert block.shape == (2, 5 * RATE)
    assert peak < 3_000_000
    assert audio.flags == ("more than two channels",)


def test_a_forged_flac_length_ends_in_silence(tmp_path: Path) -> None:
    path = tmp_path / "forged.flac"
    soundfile.write(path, np.full(RATE, 0.5), RATE)
    content = bytearray(path.read_bytes())
    # The 36 bits of the total number of samples end at byte 26 of the file; the checksum of
    # the samples follows and is not looked at.
    content[21:26] = bytes([content[21] & 0xF0 | 0x0F, 0xFF, 0xFF, 0xFF, 0xFF])
    path.write_bytes(content)
    flag, signal = only_flag(path, 3.0)
    assert flag in ("truncated media", "unreadable media")
    assert not signal[0, RATE:].any()


@pytest.mark.parametrize("name", ["cut.wav", "cut.aiff", "cut.flac", "cut.mp3"])
def test_truncated_files_play_as_far_as_they_go(tmp_path: Path, name: str) -> None:
    samples = np.random.default_rng(5).uniform(-0.5, 0.5, 4 * 44100)
    path = tmp_path / name
    soundfile.write(path, samples, 44100)
    whole, _ = soundfile.read(path, dtype="float32")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 4])
    source = Source(kind="file", format="WAVE", path=str(path))
    with opened(
        session_of(Clip(position=0.0, length=4.0, source=source)), 4.0, rate=44100
    ) as audio:
        signal = drain(audio, 22050)
    assert np.abs(signal[0, :88200] - whole[:88200]).max() < 1e-6
    assert not signal[0, -22050:].any()
    assert set(audio.flags) <= {"truncated media", "unreadable media"}
    assert audio.flags


def test_a_damaged_middle_is_left_out_and_the_rest_plays(tmp_path: Path) -> None:
    samples = np.random.default_rng(5).uniform(-0.5, 0.5, 4 * 44100)
    path = tmp_path / "hurt.flac"
    soundfile.write(path, samples, 44100)
    whole, _ = soundfile.read(path, dtype="float32")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 5000] = bytes(5000)
    path.write_bytes(content)
    source = Source(kind="file", format="FLAC", path=str(path))
    with opened(
        session_of(Clip(position=0.0, length=4.0, source=source)), 4.0, rate=44100
    ) as audio:
        signal = drain(audio, 4410)
    wrong = np.flatnonzero(np.abs(signal[0] - whole) > 1e-6)
    assert 0 < len(wrong) < 44100
    assert 44100 < wrong.min() < wrong.max() < 3 * 44100
    assert audio.flags == ("unreadable media",)


def test_a_truncated_ogg_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "cut.ogg"
    soundfile.write(path, np.random.default_rng(5).uniform(-0.5, 0.5, 4 * RATE), RATE)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 4])
    signal, _ = play(session_of(Clip(position=0.0, length=4.0, source=file_source(path))), 4.0)
    assert signal[0, : 2 * RATE].any()
    assert not signal[0, -RATE // 2 :].any()  # an Ogg stream declares no length to miss


def test_samples_that_are_no_numbers_become_0(tmp_path: Path) -> None:
    samples = np.full((RATE, 2), 0.5, dtype=np.float32)
    samples[10, 0], samples[20, 1], samples[30] = np.nan, np.inf, -np.inf
    soundfile.write(tmp_path / "nan.wav", samples, RATE, subtype="FLOAT")
    flag, signal = only_flag(tmp_path / "nan.wav")
    expected = np.nan_to_num(samples.T, nan=0.0, posinf=0.0, neginf=0.0)
    assert flag == "non-finite samples"
    assert np.array_equal(signal, expected)


def test_samples_beyond_reason_become_0_and_are_told(tmp_path: Path) -> None:
    samples = np.full(RATE, 0.5, dtype=np.float32)
    samples[[100, 200, 300]] = 9e4, 3e38, -1e30
    soundfile.write(tmp_path / "huge.wav", samples, RATE, subtype="FLOAT")
    flag, (signal,) = only_flag(tmp_path / "huge.wav")
    assert flag == "non-finite samples"
    assert np.flatnonzero(signal != 0.5).tolist() == [100, 200, 300]
    assert signal[[100, 200, 300]].tolist() == [9e4, 0.0, 0.0]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.sampled_from(
        ["a.wav", "a.aiff", "a.flac", "a.ogg", "a.mp3", "a.w64", "a.rf64", "a.caf", "a.au"]
    ),
    cut=st.floats(0.0, 1.0),
    flips=st.lists(st.tuples(st.floats(0.0, 0.999), st.integers(0, 255)), max_size=8),
)
def test_damaged_files_never_raise(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    cut: float,
    flips: list[tuple[float, int]],
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    soundfile.write(folder / name, np.random.default_rng(2).uniform(-1, 1, (4000, 2)), RATE)
    content = bytearray((folder / name).read_bytes())
    for place, value in flips:
        content[int(place * min(len(content), 400))] = value  # mostly in the header
    (folder / name).write_bytes(content[: int(cut * len(content)) + 1])
    clip = Clip(position=0.0, length=1.0, source=file_source(folder / name), loop=True)
    signal, _ = play(session_of(clip), 1.0, block=3000)
    assert np.isfinite(signal).all()


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_number_in_a_project_makes_it_raise(noise: list[Source], data: st.DataObject) -> None:
    number = st.one_of(st.floats(), st.sampled_from([0.0, 1.0, 0.5, -1.0, 1e-300, 1e300]))
    fields: dict[str, Any] = {
        name: data.draw(number)
        for name in (
            "position",
            "length",
            "offset",
            "play_rate",
            "item_gain",
            "take_gain",
            "take_pan",
        )
        if data.draw(st.booleans())
    }
    part = {
        name: data.draw(number)
        for name in ("section_start", "section_length")
        if data.draw(st.booleans())
    }
    fade_of = st.builds(Fade, number, st.integers(-5, 20), number)
    clip = Clip(
        **{"position": 0.0, "length": 1.0, **fields},
        source=dataclasses.replace(noise[1], reversed=data.draw(st.booleans()), **part),
        loop=data.draw(st.booleans()),
        channel_mode=data.draw(st.integers(-3, 200)),
        fade_in=data.draw(fade_of),
        fade_out=data.draw(fade_of),
        envelopes=(
            Envelope(
                "volume",
                True,
                tuple(
                    data.draw(
                        st.lists(
                            st.builds(EnvelopePoint, number, number, st.integers(-1, 9), number),
                            max_size=3,
                        )
                    )
                ),
                fader_scaled=data.draw(st.booleans()),
            ),
        ),
    )
    session = session_of(clip)
    limits = playing_span(session.tracks, (0.0, 1.5))
    assert 0.0 <= limits[0] <= limits[1] <= 1.5 or limits[0] == limits[1]
    assert analysis_rate(session, session.tracks) in (RATE, 48000)
    signal, _ = play(session, 1.5, block=5000)
    assert np.isfinite(signal).all()
