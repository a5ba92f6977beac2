"""WavPack and MP4 files come out as the program ffmpeg decodes them, from any frame on."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from audio_support import allocated, file_source, opened, play, session_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reaper_drumgain.audio import container_decoder
from reaper_drumgain.audio.media_pool import open_media, probe
from reaper_drumgain.audio.safe_open import UnplayableMediaError
from reaper_drumgain.schema.session import Clip

pytest.importorskip("av", reason="needs the extra 'formats'")
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
RATE = 48000
SECONDS = 4


def ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(
        ["ffmpeg", "-y", "-loglevel", "error", *map(str, arguments)], check=True, timeout=120
    )


def hits(channels: int = 2) -> np.ndarray:
    """Two hits a second, as a WAV file of 24 bits holds them."""
    decay = np.tile(np.linspace(1.0, 0.0, RATE // 2) ** 3, 2 * SECONDS)
    noise = np.random.default_rng(0).normal(size=(len(decay), channels)) * 0.2
    return np.clip(noise * decay[:, None], -0.9, 0.9)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("containers")
    soundfile.write(folder / "16.wav", hits(), RATE, subtype="PCM_16")
    soundfile.write(folder / "24.wav", hits(), RATE, subtype="PCM_24")
    soundfile.write(folder / "float.wav", hits(), RATE, subtype="FLOAT")
    soundfile.write(folder / "mono.wav", hits(1), 44100, subtype="PCM_16")
    return folder


AAC = ("-c:a", "aac", "-aac_pns", "0")
MADE = {
    "16.wv": ("16.wav", "-c:a", "wavpack"),
    "24.wv": ("24.wav", "-c:a", "wavpack", "-sample_fmt", "s32p"),
    "float.wv": ("float.wav", "-c:a", "wavpack", "-sample_fmt", "fltp"),
    "mono.wv": ("mono.wav", "-c:a", "wavpack"),
    "alac.m4a": ("16.wav", "-c:a", "alac"),
    "alac24.mov": ("24.wav", "-c:a", "alac", "-sample_fmt", "s32p"),
    "pcm.mov": ("24.wav", "-c:a", "pcm_s24le"),
    "aac.m4a": ("16.wav", *AAC),
    "mono.mp4": ("mono.wav", *AAC),
    "fragments.mp4": ("16.wav", *AAC, "-movflags", "+frag_keyframe+empty_moov"),
    "index-first.mp4": ("16.wav", *AAC, "-movflags", "+faststart"),
    "video.mp4": (
        *("16.wav", "-f", "lavfi", "-i", "testsrc=size=64x64:rate=25", "-t", str(SECONDS)),
        *(*AAC, "-c:v", "mpeg4"),
    ),
}
#: of other files, without coding anew: the edit list cuts off a start that is still there
COPIED = {"edited.m4a": ("-ss", "1.234567", "-i", "aac.m4a", "-c", "copy")}


def made(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.exists():
        if name in COPIED:
            made(folder, "aac.m4a")
            arguments = [folder / a if a.endswith(".m4a") else a for a in COPIED[name]]
            ffmpeg(*arguments, path)
        else:
            source, *rest = MADE[name]
            ffmpeg("-i", folder / source, *rest, path)
    return path


def as_ffmpeg_decodes(path: Path) -> np.ndarray:
    """Float32 samples (frames, channels)."""
    plain = path.with_name(path.name + ".decoded.wav")
    if not plain.exists():
        ffmpeg("-i", path, "-map", "0:a:0", "-c:a", "pcm_f32le", plain)
    return soundfile.read(plain, dtype="float32", always_2d=True)[0]


@needs_ffmpeg
@pytest.mark.parametrize("name", [*MADE, *COPIED])
def test_every_sample_is_that_of_ffmpeg_wherever_reading_starts(folder: Path, name: str) -> None:
    path = made(folder, name)
    whole = as_ffmpeg_decodes(path)
    frames, channels = whole.shape
    media = open_media(str(path))
    try:
        assert (media.info.frames, media.info.channels) == (frames, channels)
        assert not media.info.truncated
        assert not media.info.unfinished
        target = np.zeros((channels, frames + 100), dtype=np.float32)
        pick = tuple(range(channels))
        assert media.read_into(target, 0, pick) == frames
        # one ulp: another build of FFmpeg may sum in another order
        assert np.abs(target[:, :frames].T - whole).max() <= 1.2e-7
        generator = np.random.default_rng(1)
        for place in [*generator.integers(0, frames - 3000, 12), 0, frames - 3000, 1]:
            part = np.zeros((channels, 3000), dtype=np.float32)
            assert media.read_into(part, int(place), pick) == 3000
            assert np.abs(part.T - whole[place : place + 3000]).max() <= 1.2e-7
    finally:
        media.close()


@needs_ffmpeg
@pytest.mark.parametrize("name", ["24.wv", "alac.m4a", "aac.m4a", "video.mp4"])
def test_a_far_jump_seeks_and_ends_at_the_right_sample(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container_decoder, "_AHEAD_S", 0)
    path = made(folder, name)
    whole = as_ffmpeg_decodes(path)
    media = open_media(str(path))
    part = np.zeros((2, 2000), dtype=np.float32)
    for place in (150_000, 20_000, 100_001, 60_000):
        media.read_into(part, place, (0, 1))
        assert np.abs(part.T - whole[place : place + 2000]).max() <= 1.2e-7
    media.close()


@needs_ffmpeg
def test_clips_play_sections_backwards_and_at_another_rate(folder: Path) -> None:
    path = made(folder, "16.wv")
    whole = as_ffmpeg_decodes(path)
    source = file_source(path, reversed=True, section_start=0.5, section_length=2.0)
    signal, flags = play(session_of(Clip(position=0.0, length=2.0, source=source)), 2.0, rate=RATE)
    assert flags == ()
    assert np.array_equal(signal.T, whole[RATE // 2 : RATE // 2 + 2 * RATE][::-1])


@needs_ffmpeg
def test_what_a_file_is_is_judged_by_the_file(folder: Path, tmp_path: Path) -> None:
    for name, source in {"a.mp4": "16.wav", "b.wav": "16.wv", "c.mp3": "alac.m4a"}.items():
        path = made(folder, source) if source in MADE else folder / source
        shutil.copy(path, tmp_path / name)
        assert probe(str(tmp_path / name)).frames == SECONDS * RATE


@needs_ffmpeg
def test_without_the_extra_a_sentence_names_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container_decoder, "formats_version", str)
    for name, word in (("16.wv", "WavPack"), ("aac.m4a", "MP4")):
        clip = Clip(position=0.0, length=1.0, source=file_source(made(folder, name)))
        with pytest.raises(UnplayableMediaError, match=rf"{word}.*extra 'formats'"):
            open_media(str(made(folder, name)))
        shutil.copy(made(folder, name), folder / f"unknown-{name}")  # probes are cached
        clip = Clip(position=0.0, length=1.0, source=file_source(folder / f"unknown-{name}"))
        with opened(session_of(clip), 1.0) as audio:
            assert audio.flags == ("unreadable media",)
            assert "pip install" in audio.warnings[0]


@needs_ffmpeg
def test_an_extra_that_does_not_load_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container_decoder, "formats_version", lambda: "1")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UnplayableMediaError, match="'formats' does not load"):
        open_media(str(made(folder, "16.wv")))


@needs_ffmpeg
def test_a_cut_recording_is_told(folder: Path, tmp_path: Path) -> None:
    for name in ("16.wv", "index-first.mp4"):
        content = made(folder, name).read_bytes()
        path = tmp_path / name
        path.write_bytes(content[: len(content) * 2 // 3])
        signal, flags = play(
            session_of(Clip(position=0.0, length=4.0, source=file_source(path))), 4.0, rate=RATE
        )
        assert "truncated media" in flags
        whole = as_ffmpeg_decodes(made(folder, name))
        assert np.abs(signal[:, :RATE].T - whole[:RATE]).max() <= 1.2e-7
    content = made(folder, "aac.m4a").read_bytes()
    (tmp_path / "cut.m4a").write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(UnplayableMediaError, match="index is missing"):
        open_media(str(tmp_path / "cut.m4a"))


@needs_ffmpeg
def test_a_wavpack_that_was_never_finished_is_read_to_its_end(folder: Path, tmp_path: Path) -> None:
    content = bytearray(made(folder, "16.wv").read_bytes())
    content[12:16] = b"\xff" * 4  # the total of samples, in the first block alone
    (tmp_path / "a.wv").write_bytes(content)
    clip = Clip(position=0.0, length=4.0, source=file_source(tmp_path / "a.wv"))
    signal, flags = play(session_of(clip), 4.0, rate=RATE)
    assert flags == ("unfinished media",)
    assert np.array_equal(signal.T, as_ffmpeg_decodes(made(folder, "16.wv")))


@needs_ffmpeg
def test_a_damaged_block_of_wavpack_is_silent_and_the_rest_plays(
    folder: Path, tmp_path: Path
) -> None:
    content = bytearray(made(folder, "16.wv").read_bytes())
    middle = len(content) // 2
    content[middle : middle + 50] = bytes(50)
    (tmp_path / "a.wv").write_bytes(content)
    clip = Clip(position=0.0, length=4.0, source=file_source(tmp_path / "a.wv"))
    signal, flags = play(session_of(clip), 4.0, rate=RATE, block=RATE * 4)
    whole = as_ffmpeg_decodes(made(folder, "16.wv"))
    wrong = np.flatnonzero((whole != signal.T).any(axis=1))
    assert 0 < len(wrong) <= RATE
    assert wrong.max() - wrong.min() <= RATE
    assert flags == ("unreadable media",)


@pytest.mark.parametrize(
    "content",
    [
        b"#EXTM3U\n#EXTINF:1,\nsecret.wav\n",
        b"ffconcat version 1.0\nfile secret.wav\n",
        b"<?xml version='1.0'?><MPD></MPD>",
    ],
)
def test_playlists_are_no_audio(tmp_path: Path, content: bytes) -> None:
    soundfile.write(tmp_path / "secret.wav", np.full(RATE, 0.5), RATE)
    for name in ("a.m4a", "a.wv", "a.m3u8"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UnplayableMediaError):
            open_media(str(tmp_path / name))


def box(name: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + name + body


@pytest.mark.parametrize(
    "table",
    [
        box(b"stsz", struct.pack(">III", 0, 0, 0x7FFFFFFF)),
        box(b"stsz", struct.pack(">III", 0, 1, 0x7FFFFFFF)),
        box(b"stts", struct.pack(">IIII", 0, 1, 0x7FFFFFFF, 1024)),
        box(b"stts", struct.pack(">II", 0, 0x7FFFFFFF)),
        box(b"ctts", struct.pack(">IIII", 0, 1, 0x7FFFFFFF, 1)),
        box(b"cmov", b"x" * 100),
    ],
)
def test_what_a_file_declares_is_checked_before_anything_is_made_of_it(
    tmp_path: Path, table: bytes
) -> None:
    track = box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", table))))
    content = box(b"ftyp", b"M4A \0\0\0\0") + box(b"moov", track) + box(b"mdat", bytes(1000))
    (tmp_path / "a.m4a").write_bytes(content)
    with pytest.raises(UnplayableMediaError, match="index"):
        allocated(lambda: open_media(str(tmp_path / "a.m4a")))


@needs_ffmpeg
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.sampled_from(["16.wv", "alac.m4a", "aac.m4a", "video.mp4", "fragments.mp4"]),
    cut=st.floats(0.0, 1.0),
    flips=st.lists(st.tuples(st.floats(0.0, 0.999), st.integers(0, 255)), max_size=6),
)
def test_damaged_files_never_raise(
    folder: Path, name: str, cut: float, flips: list[tuple[float, int]]
) -> None:
    content = bytearray(made(folder, name).read_bytes())
    index = max(0, content.find(b"moov"))
    for place, value in flips:
        content[index + int(place * min(len(content) - index, 1000))] = value
    path = folder / "damaged"
    path.write_bytes(content[: len(content) if cut > 0.5 else int(cut * len(content)) + 1])
    clip = Clip(position=0.0, length=1.0, source=file_source(path), loop=True)
    signal, _ = play(session_of(clip), 1.0, rate=RATE, block=20_000)
    assert np.isfinite(signal).all()
