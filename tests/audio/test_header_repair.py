"""Headers that say too little, or the wrong thing: what is there is read, and told."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from audio_support import RATE, file_source, opened, play, session_of

from reaper_drumgain.audio.media_pool import open_media, probe
from reaper_drumgain.audio.safe_open import UnplayableMediaError
from reaper_drumgain.schema.session import Clip

FRAMES = 4 * RATE
#: container: its ending, what precedes the size of its samples, and how that size is packed
SIZES = {
    "WAV": (b"data", 4, "<I", 0),
    "WAVEX": (b"data", 4, "<I", 0),
    "RF64": (b"ds64", 16, "<Q", 0),
    "W64": (b"data", 16, "<Q", 24),
    "AIFF": (b"SSND", 4, ">I", 8),
}


def noise() -> np.ndarray:
    return np.random.default_rng(3).uniform(-0.5, 0.5, FRAMES)


def forged(path: Path, container: str, subtype: str, size: int | None) -> np.ndarray:
    """Write a file whose header declares ``size`` bytes of samples, None for a placeholder of
    ones. Returns its samples."""
    soundfile.write(path, noise(), RATE, subtype=subtype, format=container)
    samples, _ = soundfile.read(path, dtype="float32")
    content = bytearray(path.read_bytes())
    mark, ahead, kind, more = SIZES[container]
    place = content.index(mark) + ahead
    value = 2 ** (8 * struct.calcsize(kind)) - 1 if size is None else size + more if size else 0
    content[place : place + struct.calcsize(kind)] = struct.pack(kind, value)
    path.write_bytes(content)
    return samples


@pytest.mark.parametrize("container", SIZES)
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
@pytest.mark.parametrize("size", [0, None, 4000, 2 * RATE])
def test_sizes_never_written_or_too_small_are_read_to_the_end_and_told(
    tmp_path: Path, container: str, subtype: str, size: int | None
) -> None:
    samples = forged(tmp_path / "a", container, subtype, size)
    clip = Clip(position=0.0, length=4.0, source=file_source(tmp_path / "a"))
    with opened(session_of(clip), 4.0) as audio:
        block = audio.read(FRAMES)
        assert block is not None
        assert np.array_equal(block[0], samples)
        assert audio.flags == ("unfinished media",)
        assert "the file is read to its end" in audio.warnings[0]


@pytest.mark.parametrize("container", SIZES)
def test_finished_files_are_not_told_whatever_follows_their_samples(
    tmp_path: Path, container: str
) -> None:
    path = tmp_path / "a"
    soundfile.write(path, noise()[:-1], RATE, subtype="PCM_24", format=container)
    whole = path.read_bytes()
    order = ">" if container == "AIFF" else "<"
    chunk = b"LIST" + struct.pack(f"{order}I", 20_000) + bytes(range(256)) * 79
    if container == "W64":
        chunk = b"junk" + bytes(12) + struct.pack("<Q", 24 + 20_000) + b"\x81" * 20_000
        whole += bytes(-len(whole) % 8)
    for rest in (b"", chunk, b"TAG" + b"x" * 125, bytes(9000), b"ID3" + b"\x91" * 9000):
        path.write_bytes(whole + rest)
        media = open_media(str(path))
        assert (media.info.truncated, media.info.unfinished) == (False, False), rest[:4]
        media.close()


@pytest.mark.parametrize("container", [*SIZES, "AU", "CAF", "FLAC", "MP3"])
@pytest.mark.parametrize("kept", [0.6, 0.9])
def test_cut_files_are_told(tmp_path: Path, container: str, kept: float) -> None:
    path = tmp_path / "a"
    soundfile.write(path, noise(), RATE, format=container)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    clip = Clip(position=0.0, length=4.0, source=file_source(path))
    signal, flags = play(session_of(clip), 4.0)
    assert signal[0, : 2 * RATE].any()
    assert set(flags) & {"truncated media", "unreadable media"}


def test_a_header_of_4_gb_that_wrapped_is_no_end(tmp_path: Path) -> None:
    """The file is sparse: its size is real, its bytes are zeros."""
    path = tmp_path / "long.wav"
    soundfile.write(path, noise(), RATE, subtype="PCM_16")
    with path.open("r+b") as file:
        file.truncate((1 << 32) + 44 + 2 * FRAMES)
    info = probe(str(path))
    assert info.unfinished
    assert info.frames == (1 << 31) + FRAMES
    media = open_media(str(path))
    target = np.ones((1, 100), dtype=np.float32)
    assert media.read_into(target, info.frames - 100, (0,)) == 100
    assert not target.any()
    media.close()


def in_blocks_of_4(path: Path, data: bytes, channels: int = 1) -> None:
    form = struct.pack("<HHIIHH", 1, channels, RATE, RATE * 4 * channels, 4 * channels, 24)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(data))
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body) + len(data)) + body + data)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("form", ["upper", "lower", "float", "float of 1"])
def test_24_bits_in_blocks_of_4_are_told_by_their_samples(
    tmp_path: Path, form: str, channels: int
) -> None:
    values = np.round(noise() * 2**23).astype("<i4")
    data = {
        "upper": (values << 8).astype("<i4"),
        "lower": values,
        "float": (values / 256).astype("<f4"),
        "float of 1": (values / 2**23).astype("<f4"),
    }[form]
    in_blocks_of_4(tmp_path / "a.wav", data.tobytes(), channels)
    media = open_media(str(tmp_path / "a.wav"))
    target = np.zeros((channels, FRAMES // channels), dtype=np.float32)
    assert media.read_into(target, 0, tuple(range(channels))) == FRAMES // channels
    media.close()
    assert np.abs(target.T.ravel() - values / 2**23).max() < 1e-7


def test_24_bits_in_blocks_of_4_of_no_known_form_are_refused(tmp_path: Path) -> None:
    data = np.random.default_rng(0).integers(0, 256, 40_000, dtype=np.uint8).tobytes()
    in_blocks_of_4(tmp_path / "a.wav", data)
    with pytest.raises(UnplayableMediaError, match="24 bits in blocks of 4"):
        open_media(str(tmp_path / "a.wav"))


def test_extensible_floats_of_wave64_are_floats(tmp_path: Path) -> None:
    """libsndfile by itself takes them for whole numbers, which is noise."""
    soundfile.write(tmp_path / "a.wav", noise(), RATE, subtype="FLOAT", format="WAVEX")
    form = (tmp_path / "a.wav").read_bytes()[20:60]
    tail = bytes.fromhex("f3acd3118cd100c04f8edb8a")
    data = noise().astype("<f4").tobytes()
    body = b"wave" + tail + b"fmt " + tail + struct.pack("<Q", 24 + 40) + form
    body += b"data" + tail + struct.pack("<Q", 24 + len(data)) + data
    head = b"riff" + bytes.fromhex("2e91cf11a5d628db04c10000")
    (tmp_path / "a.w64").write_bytes(head + struct.pack("<Q", 24 + len(body)) + body)
    clip = Clip(position=0.0, length=4.0, source=file_source(tmp_path / "a.w64"))
    signal, flags = play(session_of(clip), 4.0)
    assert flags == ()
    assert np.array_equal(signal[0], noise().astype(np.float32))


def test_bw64_is_read_as_rf64(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a", noise(), RATE, subtype="PCM_24", format="RF64")
    samples, _ = soundfile.read(tmp_path / "a", dtype="float32")
    content = (tmp_path / "a").read_bytes()
    (tmp_path / "a.wav").write_bytes(content.replace(b"RF64", b"BW64", 1))
    clip = Clip(position=0.0, length=4.0, source=file_source(tmp_path / "a.wav"))
    signal, flags = play(session_of(clip), 4.0)
    assert flags == ()
    assert np.array_equal(signal[0], samples)


def test_samples_too_small_for_any_sound_are_silence(tmp_path: Path) -> None:
    samples = np.full(RATE, 1e-25, dtype=np.float32)
    samples[::3] = 1e-40
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    clip = Clip(position=0.0, length=1.0, source=file_source(tmp_path / "a.wav"))
    with opened(session_of(clip), 1.0) as audio:
        assert audio.read(RATE) is None
        assert audio.flags == ()


@pytest.mark.parametrize("name", ["a.flac", "a.mp3"])
def test_one_damaged_spot_of_a_short_file_is_all_that_is_lost(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    soundfile.write(path, np.random.default_rng(5).uniform(-0.5, 0.5, 4 * 44100), 44100)
    whole, _ = soundfile.read(path, dtype="float32")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    path.write_bytes(content)
    clip = Clip(position=0.0, length=4.0, source=file_source(path))
    signal, flags = play(session_of(clip), 4.0, rate=44100, block=4 * 44100)
    assert flags == ("unreadable media",)
    right = np.abs(signal[0] - whole) < 1e-6
    assert right[: int(1.7 * 44100)].all()
    if name == "a.flac":
        assert right[int(2.3 * 44100) :].all()


def test_the_notes_of_libmpg123_do_not_reach_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.mp3"
    soundfile.write(path, np.random.default_rng(5).uniform(-0.5, 0.5, 4 * 44100), 44100)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 5000] = bytes(5000)
    path.write_bytes(content[: len(content) * 9 // 10])
    play(session_of(Clip(position=0.0, length=4.0, source=file_source(path))), 4.0, rate=44100)
    assert capfd.readouterr().err == ""


def test_what_others_write_meanwhile_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    import os

    from reaper_drumgain.audio.quiet import quiet_decoder

    with quiet_decoder(), quiet_decoder():
        os.write(2, b"Note: Trying to resync...\nwarning: ours\n")
    assert capfd.readouterr().err == "warning: ours\n"
