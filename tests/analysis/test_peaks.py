"""The peak of a mix, found in the few places where it may be, against whole files in numpy."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import reference_mixer
import soundfile
from audio_support import RATE, file_source
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from support import clip, gain, hits, session, write

from reaper_drumgain.analysis import multitrack, peaks
from reaper_drumgain.analysis.analyze import AnalysisRequest, analyze
from reaper_drumgain.analysis.measurement import MultitrackAnalysis
from reaper_drumgain.analysis.multitrack import Multitrack
from reaper_drumgain.audio.decoder import MediaFile
from reaper_drumgain.audio.track_reader import analysis_rate
from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer
from reaper_drumgain.cache import keys
from reaper_drumgain.cache.store import Store
from reaper_drumgain.errors import ConflictError
from reaper_drumgain.schema.session import Clip, Fade, Session, Source, Track
from reaper_drumgain.schema.settings import Level, Settings
from reaper_drumgain.tracks.selection import DrumTrack, select

LOUD = Settings(method="unity", level=Level("peak", -6.0))


def struck(seconds: float, rate: int, channels: int, seed: int) -> np.ndarray:
    """Short hits of very different strength, (frames, channels)."""
    random = np.random.default_rng(seed)
    sound = random.uniform(-1.0, 1.0, (round(seconds * rate), channels)) * 0.01
    for at in random.integers(0, len(sound), 12):
        decay = np.exp(-np.arange(len(sound) - at) / (0.02 * rate))[:, None]
        sound[at:] += random.uniform(0.0, 0.3) * decay * random.uniform(-1.0, 1.0, decay.shape)
    return np.clip(sound, -0.99, 0.99)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Source]:
    folder = tmp_path_factory.mktemp("struck")
    made = []
    for name, channels, rate, subtype in (
        ("mono.wav", 1, RATE, "PCM_16"),
        ("stereo.flac", 2, RATE, "PCM_24"),
        ("float.wav", 1, RATE, "FLOAT"),
        ("mono16.aiff", 1, 2 * RATE, "PCM_24"),
        ("stereo12.wav", 2, RATE * 3 // 2, "PCM_32"),
    ):
        audio = struck(1.5, rate, channels, seed=len(made))
        soundfile.write(folder / name, audio, rate, subtype=subtype)
        made.append(file_source(folder / name))
    return made


@st.composite
def clips(draw: st.DrawFn, sources: list[Source]) -> Clip:
    number = draw(st.sampled_from([0, 0, 1, 1, 2, 3, 4]))
    resampled = number > 2
    # where it is resampled the reference needs places that are frames of both
    grid = 100 if resampled else RATE
    return Clip(
        position=draw(st.integers(0, 2 * grid)) / grid + draw(st.sampled_from([0, 0, 0, 5])),
        length=draw(st.sampled_from([0.05, 0.3, 1.0, 1.5, 4.0])),
        source=sources[number],
        offset=draw(st.integers(0, grid)) / grid,
        loop=draw(st.booleans()),
        item_gain=draw(st.sampled_from([1.0, 0.3, 1.4])),  # type: ignore[arg-type]
        take_gain=draw(st.sampled_from([1.0, 1.0, -0.8])),  # type: ignore[arg-type]
        take_pan=draw(st.sampled_from([0.0, 0.0, 0.3])),
        fade_in=Fade(draw(st.sampled_from([0.0, 0.3])), 1),
    )


def gains_of(draw: Callable[[Any], Any], channels: int) -> np.ndarray:
    factors = st.sampled_from([1.0, 0.0, 0.5, 2.0, -1.3])
    size = 2 * channels
    return np.array(draw(st.lists(factors, min_size=size, max_size=size))).reshape(2, channels)


def drums_of(built: Session) -> tuple[DrumTrack, ...]:
    return tuple(drum for drum in select(built, Settings()).drums if drum.measured)


def plainly(built: Session, channels: list[int], end: float) -> np.ndarray:
    """All channels of all tracks over the whole time, in double precision."""
    rows = []
    for track, count in zip(built.tracks, channels, strict=True):
        both = reference_mixer.mix(track, RATE, 0.0, end)
        rows.append(both[:count])
    return np.concatenate(rows)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_peaks_are_those_of_the_whole_mix(sources: list[Source], data: st.DataObject) -> None:
    lanes = data.draw(
        st.lists(st.lists(clips(sources), min_size=1, max_size=3), min_size=1, max_size=3)
    )
    names = ("Kick", "Snare", "Overheads")
    built = session(
        *(Track(index=n, name=names[n], clips=tuple(lane)) for n, lane in enumerate(lanes)),
    )
    assume(analysis_rate(built, built.tracks) == RATE)
    drums = drums_of(built)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(peaks, "_FIRST", data.draw(st.sampled_from([1, 2, 32])))
        patch.setattr(peaks, "_GAP", data.draw(st.sampled_from([1, 10])))
        patch.setattr(multitrack, "_SILENCE_S", 1.0)
        analysis = analyze(AnalysisRequest(built, drums), threads=1)
        channels = [track.channels for track in analysis.measurement.tracks]
        mixes = [gains_of(data.draw, sum(channels)) for _ in range(2)]
        found = Multitrack(built, drums, None).peaks(mixes, analysis)
    audio = plainly(built, channels, 11.0)
    expected = np.array([np.abs(mix @ audio).max() for mix in mixes])
    assert 10.0 ** (np.array(found) / 20.0) == pytest.approx(expected, rel=1e-5, abs=1e-5)


@pytest.fixture
def far_apart(tmp_path: Path) -> tuple[Session, dict[str, np.ndarray]]:
    """A minute of three tracks, each with its loudest hit elsewhere."""
    sounds = {}
    for number, (name, level, at) in enumerate(
        (("Kick", 0.5, 12.3), ("Snare", 0.7, 33.3), ("OH", 0.3, 50.5))
    ):
        sound = hits(60.0, every=0.5, frequency=100, level=0.1 * level, seed=number)
        sound = np.clip(sound, -0.5 * level, 0.5 * level)
        sound[int(at * 48_000)] = -level
        sounds[name] = sound
    tracks = [
        Track(index=n, name=name, clips=(clip(write(tmp_path / f"{name}.wav", sound), 60.0),))
        for n, (name, sound) in enumerate(sounds.items())
    ]
    return session(*tracks), sounds


def peaks_of(built: Session, mixes: list[np.ndarray]) -> np.ndarray:
    drums = drums_of(built)
    found = Multitrack(built, drums, None).peaks(mixes, analyze(AnalysisRequest(built, drums)))
    return np.asarray(10.0 ** (np.array(found) / 20.0))


@pytest.mark.parametrize("gone", ["Kick", "Snare"])
def test_media_that_vanish_before_the_peak_is_found_are_told(
    far_apart: tuple[Session, dict[str, np.ndarray]], gone: str
) -> None:
    built, _ = far_apart

    class Losing(ProjectAnalyzer):
        def analyze(self, request: AnalysisRequest) -> MultitrackAnalysis:
            analysis = super().analyze(request)
            (path,) = (t.clips[0].source.path for t in built.tracks if t.name == gone)
            Path(str(path)).unlink()
            return analysis

    with pytest.raises(ConflictError, match=f"'{gone}': its media changed.*missing media"):
        balance(built, LOUD, analyzer=Losing())


def test_every_mix_has_its_own_peak(far_apart: tuple[Session, dict[str, np.ndarray]]) -> None:
    built, sounds = far_apart
    audio = np.stack(list(sounds.values()))
    mixes = [
        np.array([[1.0, 0.1, 0.1], [0.5, 0.0, 0.3]]),
        np.array([[0.1, 0.1, 0.1], [0.1, 2.0, -0.3]]),
        np.array([[0.1, 0.1, -3.0], [0.1, 0.0, -0.3]]),
        np.zeros((2, 3)),
    ]
    expected = [np.abs(mix @ audio).max() for mix in mixes]
    assert peaks_of(built, mixes) == pytest.approx(expected, rel=1e-6)
    assert peaks_of(built, mixes[1:2]) == pytest.approx(expected[1:2], rel=1e-6)


def test_a_peak_in_the_last_sample_counts(tmp_path: Path) -> None:
    sound = hits(2.0, every=0.5, frequency=100, level=0.1, seed=0)[:-1234]
    sound[-1] = 0.9
    path = write(tmp_path / "kick.wav", sound)
    built = session(Track(index=0, name="Kick", clips=(clip(path, len(sound) / 48_000),)))
    assert peaks_of(built, [np.array([[1.0], [0.5]])]) == pytest.approx([0.9])


@pytest.mark.parametrize("loudest", [0, 1, 2, 3])
def test_a_peak_behind_long_silences_is_found(tmp_path: Path, loudest: int) -> None:
    path = write(tmp_path / "kick.wav", hits(3.0, every=0.5, frequency=100, level=0.2, seed=0))
    whole, _ = soundfile.read(path)
    clips = [clip(path, 3.0, position=at) for at in (2.0, 40.0, 90.0, 1e6)]
    clips[loudest] = dataclasses.replace(clips[loudest], item_gain=gain(6.0))
    built = session(Track(index=0, name="Kick", clips=tuple(clips)))
    expected = 10.0 ** (6.0 / 20.0) * np.abs(whole).max()
    assert peaks_of(built, [np.ones((2, 1))]) == pytest.approx([expected])


def test_what_was_taken_for_damage_is_heard_as_it_plays(tmp_path: Path) -> None:
    sound = hits(3.0, every=0.5, frequency=100, level=0.1, seed=0)
    sound[5_000] = 0.5
    path = write(tmp_path / "kick.wav", sound)
    loud = dataclasses.replace(clip(path, 3.0), item_gain=1e6)
    built = session(Track(index=0, name="Kick", clips=(loud,)))
    mix = np.array([[1.0], [0.0]])
    assert analyze(AnalysisRequest(built, drums_of(built))).measurement.tracks[0].damaged
    assert peaks_of(built, [mix]) == pytest.approx([5e5])


def test_silence_has_no_peak(tmp_path: Path) -> None:
    path = write(tmp_path / "kick.wav", np.zeros(48_000))
    built = session(Track(index=0, name="Kick", clips=(clip(path, 1.0),)))
    assert peaks_of(built, [np.ones((2, 1))]).tolist() == [0.0]
    elsewhere = Settings(method="unity", level=Level("peak", -6.0), span=(7.0, 8.0))
    assert balance(built, elsewhere).levels.after_dbfs is None


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many frames each read of a file gave."""
    counts: list[int] = []
    real = MediaFile.read_into

    def counted(self: MediaFile, target: np.ndarray, *others: Any) -> int:
        got = real(self, target, *others)
        counts.append(got)
        return got

    monkeypatch.setattr(MediaFile, "read_into", counted)
    return counts


@pytest.mark.parametrize("kind", ["wav", "flac", "44100"])
def test_little_is_decoded_where_the_peak_is_in_one_place(
    far_apart: tuple[Session, dict[str, np.ndarray]],
    tmp_path: Path,
    decoded: list[int],
    kind: str,
) -> None:
    built, sounds = far_apart
    if kind != "wav":
        path = tmp_path / f"other.{'flac' if kind == 'flac' else 'wav'}"
        soundfile.write(path, sounds["OH"], 44_100 if kind == "44100" else 48_000)
        other = dataclasses.replace(built.tracks[2], clips=(clip(path, 60.0),))
        built = dataclasses.replace(built, tracks=(*built.tracks[:2], other))
    balance(built, Settings(method="unity"))
    plain = sum(decoded)
    decoded.clear()
    plan = balance(built, LOUD)
    assert plan.levels.after_dbfs == pytest.approx(-6.0, abs=0.01)
    again = sum(decoded) - plain
    assert 0 < again < 0.05 * plain


def test_clips_at_another_speed_are_decoded_once_more_and_no_oftener(
    tmp_path: Path, decoded: list[int]
) -> None:
    tracks = []
    for number, name in enumerate(("Kick", "Snare")):
        noise = np.random.default_rng(number).uniform(-0.5, 0.5, 20 * 48_000)
        path = write(tmp_path / f"{name}.wav", noise)
        faster = dataclasses.replace(clip(path, 19.0), play_rate=1.0371)
        tracks.append(Track(index=number, name=name, clips=(faster,)))
    balance(session(*tracks), Settings(method="unity"))
    plain = sum(decoded)
    decoded.clear()
    balance(session(*tracks), LOUD)
    assert sum(decoded) <= 2.01 * plain


def test_what_is_remembered_tells_where_the_peak_may_be(
    far_apart: tuple[Session, dict[str, np.ndarray]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    decoded: list[int],
) -> None:
    monkeypatch.setattr(keys, "SETTLED_S", -1e9)
    built, _ = far_apart
    kept = Store(print, tmp_path / "heard.sqlite3")
    first = ProjectAnalyzer(kept)
    balance(built, Settings(method="unity"), analyzer=first)
    first.finish()
    whole = sum(decoded)
    decoded.clear()
    second = ProjectAnalyzer(kept)
    plan = balance(built, LOUD, analyzer=second)
    assert second.passes == 0
    assert 0 < sum(decoded) < 0.05 * whole
    assert plan == balance(built, LOUD)


def test_faders_of_all_tracks_reach_the_peak_together(
    far_apart: tuple[Session, dict[str, np.ndarray]],
) -> None:
    built, sounds = far_apart
    moved = tuple(dataclasses.replace(t, fader=gain(3.0 * t.index - 4.0)) for t in built.tracks)
    plan = balance(dataclasses.replace(built, tracks=moved), LOUD)
    mix = sum(
        gain(track.new_db) * sound
        for track, sound in zip(plan.tracks, sounds.values(), strict=True)
    )
    assert plan.levels.after_dbfs == pytest.approx(20.0 * np.log10(np.abs(mix).max()), abs=0.006)
