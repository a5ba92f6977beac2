"""The table of formats in the docs: each is read by the decoder that it names."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from reaper_drumgain.audio.container_decoder import ContainerFile, formats_version
from reaper_drumgain.audio.decoder import MediaFile
from reaper_drumgain.audio.media_pool import open_media

RATE = 48000
#: name in the table: the containers and subtypes of libsndfile, or the arguments of ffmpeg
LIBSNDFILE = {
    "WAV": [
        ("WAV", subtype)
        for subtype in (
            *("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"),
            *("ALAW", "ULAW", "IMA_ADPCM", "MS_ADPCM"),
        )
    ],
    "RF64": [("RF64", "PCM_24"), ("RF64", "FLOAT")],
    "Wave64": [("W64", "PCM_24"), ("W64", "FLOAT")],
    "AIFF": [("AIFF", "PCM_24"), ("AIFF", "FLOAT")],
    "AU": [("AU", "PCM_16")],
    "CAF": [("CAF", "PCM_24"), ("CAF", "ALAC_24")],
    "FLAC": [("FLAC", "PCM_24")],
    "Ogg Vorbis": [("OGG", "VORBIS")],
    "Ogg Opus": [("OGG", "OPUS")],
    "MP3": [("MP3", "MPEG_LAYER_III")],
}
PYAV = {
    "WavPack": ("a.wv", "wavpack"),
    "M4A": ("a.m4a", "aac"),
    "ALAC": ("a.m4a", "alac"),
    "MOV": ("a.mov", "pcm_s24le"),
}


def samples() -> np.ndarray:
    decay = np.tile(np.linspace(1.0, 0.0, RATE // 2) ** 3, 6)
    return np.random.default_rng(0).normal(size=len(decay)) * 0.1 * decay


def table() -> str:
    return (Path(__file__).parents[2] / "docs" / "files.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "container", "subtype"),
    [(name, *kind) for name, kinds in LIBSNDFILE.items() for kind in kinds],
)
def test_libsndfile_reads_what_the_table_says(
    tmp_path: Path, name: str, container: str, subtype: str
) -> None:
    line = next(line for line in table().splitlines() if line.startswith("|") and name in line)
    assert line.split("|")[2].strip() == "libsndfile"
    path = tmp_path / "a"
    soundfile.write(path, samples(), RATE, format=container, subtype=subtype)
    whole, _ = soundfile.read(path, dtype="float32")
    media = open_media(str(path))
    assert isinstance(media, MediaFile)
    assert not media.info.truncated
    assert not media.info.unfinished
    part = np.zeros((1, 4800), dtype=np.float32)
    for place in np.random.default_rng(1).integers(0, len(whole) - 4800, 20):
        assert media.read_into(part, int(place), (0,)) == 4800
        assert np.abs(part[0] - whole[place : place + 4800]).max() < 1e-6
    media.close()


@pytest.mark.skipif(not formats_version(), reason="needs the extra 'formats'")
@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
@pytest.mark.parametrize("name", PYAV)
def test_pyav_reads_what_the_table_says(tmp_path: Path, name: str) -> None:
    line = next(line for line in table().splitlines() if line.startswith("|") and name in line)
    assert name == "ALAC" or line.split("|")[2].strip() == "PyAV"
    file, codec = PYAV[name]
    soundfile.write(tmp_path / "a.wav", samples(), RATE, subtype="PCM_24")
    command = ["ffmpeg", "-y", "-loglevel", "error", "-i", tmp_path / "a.wav", "-c:a", codec]
    subprocess.run([*command, tmp_path / file], check=True, timeout=60)
    media = open_media(str(tmp_path / file))
    assert isinstance(media, ContainerFile)
    assert abs(media.info.frames - len(samples())) <= 2048
    media.close()
