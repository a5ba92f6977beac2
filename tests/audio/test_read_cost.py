"""What reading a track costs, how it uses the machine, and over which span and rate."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from audio_support import (
    RATE,
    allocated,
    file_source,
    opened,
    play,
    session_of,
)

from reaper_drumgain.audio.decoder import MediaFile
from reaper_drumgain.audio.track_reader import analysis_rate, open_track, playing_span
from reaper_drumgain.schema.session import Clip, Fade, Source


def test_silence_costs_nothing(ones: Source, tmp_path: Path) -> None:
    zeros = tmp_path / "zeros.wav"
    soundfile.write(zeros, np.zeros(RATE), RATE)
    session = session_of(
        Clip(position=1e6, length=1.0, source=ones),
        Clip(position=0.0, length=1.0, source=file_source(zeros)),
    )
    with opened(session, 2e6) as audio:
        assert audio.channels == 1
        assert audio.read(RATE) is None  # the zeros of a file
        assert audio.sounding[-1] == (1_000_000 * RATE, 1_000_001 * RATE)

        def skip() -> Any:
            return audio.read(1_000_000 * RATE - 2 * RATE), audio.read(RATE)

        parts, peak = allocated(skip)
        assert parts == (None, None)
        assert peak < 10_000
        block = audio.read(RATE)
        assert block is not None
        assert (block == 0.5).all()
        assert audio.read(RATE) is None


def test_a_clip_sounds_no_longer_than_its_file_unless_it_loops(ones: Source) -> None:
    session = session_of(
        Clip(position=0.0, length=1e6, source=ones),
        Clip(position=2.0, length=1e6, source=ones, loop=True),
    )
    with opened(session, 2e6) as audio:
        (_, end), (_, looped) = audio.sounding
        assert RATE / 10 <= end < 100 * RATE
        assert looped == (1_000_002) * RATE


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_few_files_are_open_at_once_and_none_after(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.wav" for number in range(300)]
    for path in paths:
        soundfile.write(path, np.full(80, 0.5), RATE)
    before = open_descriptors()
    most = 0
    session = session_of(
        *[
            Clip(position=i * 0.01, length=0.02, source=file_source(path))
            for i, path in enumerate(paths)
        ]
    )
    with opened(session, 3.02) as audio:
        assert open_descriptors() == before  # nothing is open before it is needed
        for _ in range(303):
            audio.read(80)
            most = max(most, open_descriptors() - before)
        assert open_descriptors() == before  # all clips are passed
    assert 1 <= most <= 4
    with opened(session, 3.0) as audio:
        audio.read(100)
    assert open_descriptors() == before


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_overlapping_clips_share_the_few_open_files(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.wav" for number in range(9)]
    for number, path in enumerate(paths):
        soundfile.write(path, np.full(RATE, 0.01 * (number + 1)), RATE, subtype="FLOAT")
    before = open_descriptors()
    with opened(
        session_of(*[Clip(position=0.0, length=1.0, source=file_source(path)) for path in paths]),
        1.0,
    ) as audio:
        for _ in range(8):
            block = audio.read(1000)
            assert block is not None
            assert block[0] == pytest.approx(np.full(1000, 0.45), abs=1e-6)
            assert open_descriptors() - before <= 3
    assert open_descriptors() == before


def test_a_tiny_loop_is_read_once(ones: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    real = MediaFile.read_into

    def counted(self: MediaFile, *arguments: Any) -> int:
        reads.append(arguments)
        return real(self, *arguments)

    monkeypatch.setattr(MediaFile, "read_into", counted)
    tiny = dataclasses.replace(ones, section_start=0.1, section_length=2 / RATE)
    signal, _ = play(
        session_of(Clip(position=0.0, length=60.0, source=tiny, loop=True)), 60.0, block=RATE
    )
    assert (signal == 0.5).all()
    assert len(reads) == 1


def test_thousands_of_slices_of_one_file_cost_little(noise: list[Source]) -> None:
    slices = [
        Clip(position=i * 0.01, length=0.01, source=noise[0], offset=(i % 70) * 0.01)
        for i in range(5000)
    ]
    session = session_of(*reversed(slices))
    signal, flags = play(session, 50.0, block=RATE)
    whole, _ = soundfile.read(noise[0].path, dtype="float32")
    assert signal.shape == (1, 50 * RATE)
    assert np.array_equal(signal[0, :5600], whole[:5600])
    assert flags == ()


def test_memory_stays_within_a_few_blocks(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.1, 0.1, (120 * RATE, 2)), RATE)
    clip = Clip(
        position=0.0, length=120.0, source=file_source(path), play_rate=0.99, fade_in=Fade(100.0, 5)
    )
    block = 4 * RATE

    def run() -> None:
        with opened(session_of(clip), 120.0) as audio:
            while (part := audio.read(block)) is None or part.shape[1]:
                pass

    _, peak = allocated(run)
    assert peak < 8 * block * 2 * 4


def test_tracks_may_be_read_by_several_threads(noise: list[Source]) -> None:
    sessions = [
        session_of(Clip(position=0.0, length=0.7, source=source, loop=True)) for source in noise * 2
    ]
    expected = [play(session, 5.0)[0] for session in sessions]
    found: dict[int, np.ndarray] = {}
    threads = [
        threading.Thread(target=lambda i=i, s=s: found.update({i: play(s, 5.0)[0]}))
        for i, s in enumerate(sessions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(found[i], signal) for i, signal in enumerate(expected))


def test_a_block_belongs_to_the_caller(noise: list[Source]) -> None:
    with opened(
        session_of(Clip(position=0.0, length=2.0, source=noise[0], loop=True)), 2.0
    ) as audio:
        first = audio.read(RATE)
        assert first is not None
        kept = first.copy()
        first[...] = 9.0
        second = audio.read(RATE)
    assert second is not None
    assert np.abs(second).max() < 1.0
    assert kept.shape == second.shape


def test_reading_plain_audio_imports_no_resampler() -> None:
    code = "import sys, reaper_drumgain.audio.track_reader; print(*sys.modules)"
    names = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(names.stdout.split())
    assert "numpy" in loaded
    assert not {"soxr", "scipy", "sklearn", "librosa", "numba"} & loaded


def test_analysis_rate_is_that_of_most_playing_seconds(noise: list[Source], ones: Source) -> None:
    long = Clip(position=0.0, length=5.0, source=noise[3])
    session = session_of(
        Clip(position=0.0, length=2.0, source=ones),
        long,
        Clip(position=0.0, length=2.0, source=ones),
    )
    assert analysis_rate(session, session.tracks) == 2 * RATE
    muted = session_of(
        Clip(position=0.0, length=2.0, source=ones), dataclasses.replace(long, plays=False)
    )
    assert analysis_rate(muted, muted.tracks) == RATE
    empty = dataclasses.replace(session_of(), sample_rate=96000)
    assert analysis_rate(empty, empty.tracks) == 96000
    assert analysis_rate(session_of(), ()) == 48000


def test_playing_span(ones: Source) -> None:
    session = session_of(
        Clip(position=3.0, length=2.0, source=ones),
        Clip(position=1.5, length=1.0, source=ones),
        Clip(position=0.0, length=99.0, source=ones, plays=False),
        Clip(position=0.0, length=99.0, source=Source(kind="midi")),
    )
    assert playing_span(session.tracks) == (1.5, 5.0)
    assert playing_span(session.tracks, (2.0, 4.0)) == (2.0, 4.0)
    assert playing_span(session.tracks, (0.0, 99.0)) == (1.5, 5.0)
    first, last = playing_span(session.tracks, (7.0, 9.0))
    assert first == last
    assert playing_span(()) == (0.0, 0.0)


def test_spans_that_make_no_sense_are_refused(ones: Source) -> None:
    session = session_of(Clip(position=0.0, length=1.0, source=ones))
    for rate, start, end in ((0, 0.0, 1.0), (RATE, math.nan, 1.0), (RATE, 0.0, math.inf)):
        with pytest.raises(ValueError, match="cannot read"):
            open_track(session.tracks[0], rate=rate, start=start, end=end)
    with opened(session, 1.0) as audio, pytest.raises(ValueError, match="0 frames or more"):
        audio.read(-1)
    with opened(session, -1.0) as audio:
        assert audio.frames == 0
