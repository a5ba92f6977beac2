"""Files that are decoded ahead give the same audio, and whatever is odd is left to ``media``."""

import contextlib
import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from audio_support import RATE, file_source, play, session_of

from reaper_drumgain.audio import media_pool, readahead
from reaper_drumgain.audio.media_pool import MediaPool, probe
from reaper_drumgain.audio.readahead import files_of, reading_ahead, take
from reaper_drumgain.errors import InputError
from reaper_drumgain.schema.session import Clip, Session, Source, Track
from reaper_drumgain.schema.settings import Settings

pytestmark = pytest.mark.skipif(os.name == "nt", reason="descriptors mean nothing there")


def wait_for(path):
    with readahead._waiting[str(path)].done:
        pass


def decoded(path):
    """What is there of a file once the thread had time to decode it."""
    with reading_ahead([str(path)]):
        wait_for(path)
        return take(str(path), Path(path).stat())


def test_every_sample_is_the_one_that_media_decodes(noise):
    for source in noise:
        samples, _ = soundfile.read(source.path, dtype="float32", always_2d=True)
        held = decoded(source.path)
        assert held is not None, source.path
        np.testing.assert_array_equal(np.frombuffer(held.samples, np.float32), samples.ravel())


@pytest.mark.parametrize("mode", [0, 1, 3, 4])
def test_tracks_sound_the_same_with_it_and_without(noise, mode):
    for source in noise:
        clips = [
            Clip(position=0.0, length=0.5, source=source, channel_mode=mode),
            Clip(
                position=0.6, length=0.4, source=source, offset=0.3, channel_mode=mode
            ),  # beyond the file's end
        ]
        session = session_of(*clips)
        plain, flags = play(session, 1.2)
        with reading_ahead([source.path]):
            wait_for(source.path)
            ahead, same = play(session, 1.2)
        np.testing.assert_array_equal(plain, ahead)
        assert flags == same


def test_that_guard_sees_what_is_read_ahead(noise):
    session = session_of(Clip(position=0.0, length=0.5, source=noise[0]))
    plain, _ = play(session, 0.5)
    with reading_ahead([noise[0].path]) as _:
        ahead = readahead._waiting[noise[0].path]
        with ahead.done:
            ahead.samples = memoryview(bytes(ahead.samples.nbytes))
        silence, _ = play(session, 0.5)
    assert plain.any()
    assert not silence.any()


def forged_wav(path):
    path.write_bytes(
        b"RIFF\xff\xff\xff\x7fWAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0"
        b"data\xf0\xff\xff\x7f" + bytes(64)
    )


def fifo(path):
    os.mkfifo(path)


def cut_flac(path):
    soundfile.write(path, np.random.default_rng(1).uniform(-0.5, 0.5, 20_000), RATE, format="FLAC")
    path.write_bytes(path.read_bytes()[:-9000])


def rubbish(path):
    path.write_bytes(np.random.default_rng(1).bytes(5000))


@pytest.mark.parametrize("make", [fifo, cut_flac, rubbish, forged_wav, lambda path: path.mkdir()])
def test_what_is_odd_is_said_by_media_as_ever(tmp_path, make):
    path = tmp_path / "odd.flac"
    make(path)
    session = session_of(Clip(position=0.0, length=2.0, source=file_source(path)))
    plain, flags = play(session, 2.0)
    with reading_ahead([str(path), str(tmp_path / "missing.wav"), "relative.wav", "//host/a.wav"]):
        wait_for(path)
        ahead, same = play(session, 2.0)
    np.testing.assert_array_equal(plain, ahead)
    assert flags == same


def test_files_beyond_the_bounds_are_left(noise, monkeypatch):
    mono = noise[0]
    assert decoded(mono.path) is not None
    monkeypatch.setattr(readahead, "FILE_SAMPLES", 100)
    assert decoded(mono.path) is None
    monkeypatch.setattr(readahead, "FILE_SAMPLES", 1 << 20)
    monkeypatch.setattr(readahead, "ALL_SAMPLES", 7000)  # the first alone has 6000
    with reading_ahead([mono.path, noise[1].path]):
        wait_for(noise[1].path)
        assert take(mono.path, Path(mono.path).stat()) is not None
        assert take(noise[1].path, Path(noise[1].path).stat()) is None


def test_a_file_that_was_replaced_meanwhile_is_read_anew(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.full(100, 0.5), RATE)
    with reading_ahead([str(path)]):
        wait_for(path)
        soundfile.write(tmp_path / "b.wav", np.full(100, 0.25), RATE)
        (tmp_path / "b.wav").replace(path)
        signal, _ = play(
            session_of(Clip(position=0.0, length=100 / RATE, source=file_source(path))), 100 / RATE
        )
    assert signal.max() == pytest.approx(0.25)


@pytest.mark.parametrize("part", ["_Library.examine", "_Library.decode", "_memory"])
def test_whatever_fails_nobody_waits_for_ever(noise, monkeypatch, part):
    def fail(*_, **__):
        raise MemoryError

    session = session_of(
        Clip(position=0.0, length=0.5, source=noise[0]),
        Clip(position=0.5, length=0.5, source=noise[1]),
    )
    plain, flags = play(session, 1.0)
    monkeypatch.setattr(f"reaper_drumgain.audio.readahead.{part}", fail)
    with reading_ahead([noise[0].path, noise[1].path]):
        ahead, same = play(session, 1.0)
        assert take(noise[0].path, Path(noise[0].path).stat()) is None
    np.testing.assert_array_equal(plain, ahead)
    assert flags == same


def test_without_the_binding_everything_is_left_to_media(noise, monkeypatch):
    monkeypatch.setitem(sys.modules, "_soundfile", None)
    assert decoded(noise[0].path) is None


def test_the_decoder_has_one_version_with_the_binding_and_without(monkeypatch):
    readahead.decoder_version.cache_clear()
    assert readahead.decoder_version() == soundfile.__libsndfile_version__
    monkeypatch.setitem(sys.modules, "_soundfile", None)
    readahead.decoder_version.cache_clear()
    assert readahead.decoder_version() == soundfile.__libsndfile_version__


def test_leaving_early_waits_for_one_file_at_most_and_keeps_nothing(tmp_path):
    names = [str(tmp_path / f"{number}.flac") for number in range(40)]
    for name in names:
        soundfile.write(name, np.zeros(400_000), RATE)
    threads = threading.active_count()
    with pytest.raises(InputError), reading_ahead(names):
        raise InputError("stop")
    assert threading.active_count() == threads
    assert readahead._waiting == {}
    assert take(names[0], Path(names[0]).stat()) is None


def test_what_is_listened_to_is_read_ahead(noise):
    clips = [
        Clip(position=0.0, length=1.0, source=noise[0]),
        Clip(position=1.0, length=1.0, source=noise[0]),
        Clip(position=2.0, length=1.0, source=noise[1]),
    ]
    tracks = (
        Track(
            index=0,
            name="Kick",
            clips=(*clips, Clip(position=3.0, length=1.0, source=noise[2], plays=False)),
        ),
        Track(index=1, name="Piano", clips=(Clip(position=0.0, length=1.0, source=noise[3]),)),
        Track(
            index=2,
            name="Snare",
            clips=(
                Clip(position=0.0, length=1.0, source=Source(kind="midi")),
                Clip(position=0.0, length=1.0, source=noise[4]),
            ),
        ),
        Track(
            index=3,
            name="Tom 1",
            muted=True,
            clips=(Clip(position=0.0, length=1.0, source=noise[3]),),
        ),
    )
    session = Session(path="a.RPP", tracks=tracks)
    expected = [noise[0].path, noise[1].path, noise[4].path]
    assert files_of(session, Settings()) == expected
    assert files_of(session, Settings(span=(0.0, 1.0))) == []


def test_headers_and_samples_read_ahead_need_no_soundfile(noise):
    """Of every format that is read ahead, as soundfile tells them."""
    for source in noise:
        told = probe(source.path)
        with reading_ahead([source.path]):
            wait_for(source.path)
            assert probe(source.path) == told
            assert isinstance(MediaPool().get(source.path), media_pool.DecodedFile)


def test_a_probe_needs_the_header_alone(noise):
    """It neither waits for samples nor keeps them from being decoded."""
    path = noise[0].path
    told = probe(path)
    waiting = readahead._Ahead(path)
    readahead._Library().examine(waiting, 1 << 20, keep=False)
    waiting.told.release()
    readahead._waiting[path] = waiting
    try:
        assert probe(path) == told
        assert not waiting.taken.locked()
        assert take(path, Path(path).stat()) is None
        assert waiting.taken.locked()
    finally:
        del readahead._waiting[path]


def test_a_rate_that_is_no_audio_is_left_to_media(tmp_path):
    path = tmp_path / "slow.wav"
    soundfile.write(path, np.full(100, 0.5), 900)
    assert decoded(path) is None


def open_files():
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # of the listing itself
            found.add(str(link.readlink()))
    return found


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="nothing lists open files here")
@pytest.mark.parametrize("part", [None, "_Library.decode", "_memory", "_Library._header"])
def test_every_file_is_closed_again(noise, tmp_path, monkeypatch, part):
    def fail(*_, **__):
        raise MemoryError

    odd = tmp_path / "odd.wav"
    odd.write_bytes(b"RIFF no audio")
    paths = [str(odd), *(source.path for source in noise)]
    if part:
        monkeypatch.setattr(f"reaper_drumgain.audio.readahead.{part}", fail)
    with reading_ahead(paths):
        for path in paths:
            wait_for(path)
    with reading_ahead(paths):  # and where it is left at once
        pass
    assert not {os.path.realpath(path) for path in paths} & open_files()


def test_files_beyond_those_that_stay_open_are_opened_again(noise, monkeypatch):
    monkeypatch.setattr(readahead, "_MOST_OPEN", 1)
    with reading_ahead([noise[1].path, noise[0].path]):
        for source in noise[:2]:
            samples, _ = soundfile.read(source.path, dtype="float32", always_2d=True)
            wait_for(source.path)
            held = take(source.path, Path(source.path).stat())
            assert held is not None
            np.testing.assert_array_equal(np.frombuffer(held.samples, np.float32), samples.ravel())
