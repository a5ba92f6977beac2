"""Features against librosa, and what must not change them."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from hypothesis import example, given, settings
from hypothesis import strategies as st
from streams import ArrayStream, drum_track

from reaper_drumgain.analysis import scheduler
from reaper_drumgain.analysis.features import (
    COLUMNS,
    VERSION,
    FeatureTable,
    feature_table,
)
from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.analysis.measurement import Measurement
from reaper_drumgain.analysis.spectrum import BAND_EDGES, band_weights, fft_length
from reaper_drumgain.faders.activity import activity_of
from reaper_drumgain.tracks.roles import Role

RATE = 44_100
LEVELS = ("rms_dbfs", "peak_dbfs")


def kit(seconds: float = 8.0, rate: int = RATE) -> list[np.ndarray]:
    """Three tracks with some bleed, the second one stereo."""
    own = [drum_track(rate, seconds, seed=seed, density=0.6) for seed in range(3)]
    mono = [own[i] + 0.03 * own[(i + 1) % 3] for i in range(3)]
    return [mono[0], np.stack([mono[1], 0.5 * mono[1] + 0.01 * own[0]]), mono[2]]


def measured(tracks: list[np.ndarray], rate: int = RATE, **kwargs: object) -> Measurement:
    return measure([ArrayStream(track, rate, **kwargs) for track in tracks], threads=1)


def assert_same(one: FeatureTable, other: FeatureTable, *, apart: float = 1e-3) -> None:
    for name in COLUMNS:
        np.testing.assert_allclose(
            one.column(name), other.column(name), rtol=apart, atol=apart, err_msg=name
        )


def test_the_table_has_named_versioned_columns() -> None:
    table = feature_table(measured(kit()))
    assert table.version == VERSION
    assert table.columns == COLUMNS
    assert len(set(COLUMNS)) == len(COLUMNS)
    assert table.values.shape == (3, len(COLUMNS))
    assert table.values.dtype == np.float64
    assert np.isfinite(table.values).all()
    with pytest.raises(KeyError, match="no_such"):
        table.column("no_such")


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_spectral_columns_are_librosas(rate: int, channels: int) -> None:
    librosa = pytest.importorskip("librosa", reason="needs librosa, which this machine has not")
    track = np.stack([drum_track(rate, 5.0, seed=seed) for seed in range(channels)])
    n_fft = fft_length(rate)
    assert n_fft == (4_096 if rate == 96_000 else 2_048)
    power = np.mean(
        [
            np.abs(librosa.stft(channel, n_fft=n_fft, hop_length=n_fft // 4, center=False)) ** 2
            for channel in track
        ],
        axis=0,
    )[:, ::4].astype(np.float64)
    loudest = np.maximum.accumulate(power.sum(axis=0))
    power = power[:, power.sum(axis=0) > 1e-6 * loudest]
    weight = power.sum(axis=0)
    options = {"S": np.sqrt(power), "sr": rate, "n_fft": n_fft}
    want = {
        "centroid_hz": librosa.feature.spectral_centroid(**options),
        "bandwidth_hz": librosa.feature.spectral_bandwidth(**options),
        "rolloff_hz": librosa.feature.spectral_rolloff(**options, roll_percent=0.85),
        "flatness": librosa.feature.spectral_flatness(S=np.sqrt(power)),
    }
    table = feature_table(measured([track], rate))
    for name, value in want.items():
        average = float((value[0] * weight).sum() / weight.sum())
        assert table.column(name)[0] == pytest.approx(average, rel=1e-3), name
    bands = band_weights(rate).T @ power.sum(axis=1)
    shares = 10 * np.log10(np.maximum(bands / bands.sum(), 1e-12))
    names = [name for name in COLUMNS if name.startswith("band_")]
    got = [table.column(name)[0] for name in names]
    assert got == pytest.approx(shares.tolist(), abs=0.01)


def test_bands_run_from_20_hz_to_20_khz_in_equal_ratios() -> None:
    assert BAND_EDGES[0] == 20.0
    assert BAND_EDGES[-1] == 20_000.0
    ratios = np.divide(BAND_EDGES[1:], BAND_EDGES[:-1])
    assert ratios == pytest.approx(1000 ** (1 / 8), rel=0.01)
    inside = band_weights(48_000).sum(axis=1)[2:800]
    assert inside == pytest.approx(np.ones(798))


def test_levels_of_a_sine_are_those_of_its_definition() -> None:
    samples = 0.5 * np.sin(2 * np.pi * 1_000.0 * np.arange(10 * 48_000) / 48_000)
    table = feature_table(measured([samples], 48_000))
    assert table.column("rms_dbfs")[0] == pytest.approx(20 * math.log10(0.5 / math.sqrt(2)))
    assert table.column("peak_dbfs")[0] == pytest.approx(20 * math.log10(0.5))
    assert table.column("crest_db")[0] == pytest.approx(20 * math.log10(math.sqrt(2)), abs=1e-3)
    assert table.column("centroid_hz")[0] == pytest.approx(1_000.0, rel=0.01)
    assert table.column("active_share")[0] == 1.0
    assert table.column("loudness_re_kit_lu")[0] == 0.0
    assert table.column("onset_rate_hz")[0] < 0.2


def test_onsets_are_counted() -> None:
    random = np.random.default_rng(2)
    samples = np.zeros(20 * RATE)
    for start in np.arange(0.1, 19.9, 0.5):
        at = int(start * RATE)
        samples[at : at + 4_000] += random.standard_normal(4_000) * np.exp(-np.arange(4_000) / 900)
    rate = feature_table(measured([0.2 * samples])).column("onset_rate_hz")[0]
    assert rate == pytest.approx(2.0, abs=0.1)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.floats(-30.0, 30.0), min_size=3, max_size=3))
def test_gains_are_as_if_recorded_so(gains: list[float]) -> None:
    tracks = kit(4.0)
    scaled = [
        track * np.float32(10 ** (gain / 20)) for track, gain in zip(tracks, gains, strict=True)
    ]
    shifted = feature_table(measured(tracks), gains_db=np.array(gains))
    assert_same(shifted, feature_table(measured(scaled)))
    plain = feature_table(measured(tracks))
    for name in LEVELS:
        np.testing.assert_allclose(shifted.column(name) - plain.column(name), gains, atol=1e-9)


@pytest.mark.parametrize("gains", [[0.0], [0.0, 0.0, math.nan], [0.0, math.inf, 0.0]])
def test_gains_that_are_no_levels_are_refused(gains: list[float]) -> None:
    measurement = measured(kit(1.0))
    with pytest.raises(ValueError, match="gains_db"):
        feature_table(measurement, gains_db=np.array(gains))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 200_000), min_size=1, max_size=4), st.booleans())
def test_the_stream_may_give_any_blocks(sizes: list[int], nones: bool) -> None:
    tracks = kit()
    tracks[2][RATE : 6 * RATE] = 0.0
    whole = feature_table(measured(tracks))
    large = [max(size, 500) for size in sizes]
    assert_same(feature_table(measured(tracks, sizes=tuple(large), nones=nones)), whole)


def test_chunks_change_nothing_where_tracks_fall_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    tracks = kit(20.0)
    tracks[0][3 * RATE : 11 * RATE] = 0.0
    tracks[2][: 9 * RATE] = 0.0
    large = measured(tracks)
    monkeypatch.setattr(scheduler, "CHUNK_HOPS", 8)
    small = measured(tracks)
    assert len({run.channels.size for run in small.mix.runs}) > 1  # silent channels are left out
    assert_same(feature_table(small), feature_table(large))
    for gains in np.random.default_rng(1).uniform(-1, 1, (5, 2, 4)):
        assert small.mix.integrated(gains) == pytest.approx(large.mix.integrated(gains), abs=1e-4)


def test_threads_change_nothing() -> None:
    tracks = [*kit(14.0), np.zeros(14 * RATE)]
    tracks[0][4 * RATE :] = 0.0
    shares: list[float] = []
    threaded = measure(
        [ArrayStream(track, RATE) for track in tracks],
        threads=2,
        progress=shares.append,
    )
    inline = measured(tracks)
    apart = 1e-6  # more frames at once are summed in another order
    assert_same(feature_table(threaded), feature_table(inline), apart=apart)
    gains = np.array([[1.0, 0.5, -0.5, 2.0, 1.0]])
    assert threaded.mix.integrated(gains) == pytest.approx(inline.mix.integrated(gains), abs=apart)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 2, 0)])
def test_the_order_of_tracks_does_not_matter(order: tuple[int, ...]) -> None:
    tracks = kit()
    plain = feature_table(measured(tracks)).values
    turned = feature_table(measured([tracks[i] for i in order])).values
    np.testing.assert_allclose(turned, plain[list(order)], rtol=1e-5, atol=1e-5)


def test_a_silent_track_changes_nothing_for_the_others() -> None:
    tracks = kit()
    plain = feature_table(measured(tracks)).values
    for silence in (np.zeros_like(tracks[0]), np.zeros(0, dtype=np.float32)):
        table = feature_table(measured([tracks[0], silence, *tracks[1:]]))
        np.testing.assert_allclose(table.values[[0, 2, 3]], plain, rtol=1e-9)
        assert np.isnan(table.values[1]).all()


def test_members_form_the_session() -> None:
    tracks = kit()
    loud = [*tracks, 8 * drum_track(RATE, 8.0, seed=9)]
    table = feature_table(measured(loud), members=[0, 1, 2])
    alone = feature_table(measured(tracks))
    np.testing.assert_allclose(table.values[:3], alone.values, rtol=1e-5, atol=1e-5)
    assert np.isnan(table.column("loudness_re_kit_lu")[3])
    assert np.isfinite(table.column("loudness_lufs")[3])


def test_less_than_a_block_has_no_loudness_but_levels() -> None:
    table = feature_table(measured([drum_track(RATE, 0.3, seed=1)]))
    assert np.isnan(table.column("loudness_lufs")[0])
    assert np.isfinite(table.column("rms_dbfs")[0])
    assert np.isfinite(table.column("peak_dbfs")[0])


def test_tracks_of_different_lengths_are_measured_to_their_ends() -> None:
    long, short = drum_track(RATE, 9.0, seed=1), drum_track(RATE, 3.0, seed=2)
    measurement = measured([long, short])
    assert measurement.seconds == pytest.approx(9.0)
    alone = feature_table(measured([short])).column("loudness_lufs")[0]
    assert feature_table(measurement).column("loudness_lufs")[1] == alone


@example(rate=8_000, frames=250_000, sizes=[], seed=0, sounding=0.001, lowest=-0.5, sign=1.0)
@settings(max_examples=60, deadline=None)
@given(
    rate=st.sampled_from([8_000, 11_025, 22_050, 44_100, 48_000]),
    frames=st.integers(1, 120_000),
    sizes=st.lists(st.integers(1, 70_000), max_size=3),
    seed=st.integers(0, 99),
    sounding=st.sampled_from([0.001, 0.1, 1.0]),
    lowest=st.sampled_from([-0.5, -0.5, 0.0, 0.1]),
    sign=st.sampled_from([-1.0, 1.0]),
)
def test_peaks_are_those_of_every_step(
    rate: int,
    frames: int,
    sizes: list[int],
    seed: int,
    sounding: float,
    lowest: float,
    sign: float,
) -> None:
    random = np.random.default_rng(seed)
    samples = (sign * random.uniform(lowest, 0.5, (2, frames))).astype(np.float32)
    samples *= random.random((2, frames)) < sounding
    samples[:, frames // 8 : 7 * frames // 8] = 0.0
    samples[1, 7 * frames // 8] = np.inf
    step = {8_000: 160, 11_025: 1_103, 22_050: 441, 44_100: 882, 48_000: 960}[rate]
    parts = np.split(np.abs(samples), range(step, frames, step), axis=1)
    expected = np.column_stack([part.max(axis=1) for part in parts])
    streams = [ArrayStream(samples, rate, sizes=tuple(sizes)), ArrayStream(samples[0], rate)]
    stereo, mono = measure(streams, threads=1 + seed % 2).tracks
    np.testing.assert_array_equal(stereo.peaks, expected)
    np.testing.assert_array_equal(mono.peaks, expected[:1])
    assert mono.peak == expected[0].max()


def test_a_frame_that_sounds_in_its_first_sample_alone_spoils_nothing() -> None:
    samples = np.zeros(RATE)
    start = 4 * fft_length(RATE)
    samples[:start] = drum_track(RATE, 1.0, seed=3)[:start]
    before = measured([samples]).tracks[0].spectrum
    samples[start] = 0.5
    after = measured([samples]).tracks[0].spectrum
    assert after.centroid == pytest.approx(before.centroid)
    assert after.flatness == pytest.approx(before.flatness)
    samples[:start] = 0.0
    assert np.isnan(measured([samples]).tracks[0].spectrum.centroid)


def test_damaged_samples_are_silenced_and_counted() -> None:
    good = drum_track(RATE, 4.0, seed=3)
    bad, mended = good.copy(), good.copy()
    bad[1_000:1_003] = [np.nan, np.inf, 1e30]
    mended[1_000:1_003] = 0.0
    measurement = measured([bad])
    assert measurement.tracks[0].damaged == 3
    assert_same(feature_table(measurement), feature_table(measured([mended])), apart=1e-9)
    only = measured([np.full(RATE, np.nan)])
    assert only.tracks[0].peak == 0.0


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="no streams"):
        measure([])
    tracks = [ArrayStream(np.ones(10), 44_100), ArrayStream(np.ones(10), 48_000)]
    with pytest.raises(ValueError, match="different sample rates"):
        measure(tracks)
    with pytest.raises(ValueError, match="3 channels"):
        measure([ArrayStream(np.ones((3, 10)), 44_100)])


def test_an_error_while_reading_comes_out() -> None:
    class Broken(ArrayStream):
        def read(self, frames: int) -> np.ndarray | None:
            raise OSError("the disk went away")

    streams = [ArrayStream(drum_track(RATE, 5.0, seed=1), RATE), Broken(np.ones(99), RATE)]
    for threads in (1, 2):
        with pytest.raises(OSError, match="went away"):
            measure(streams, threads=threads)


def test_a_measurement_can_be_pickled() -> None:
    measurement = measured(kit(3.0))
    copy = pickle.loads(pickle.dumps(measurement))
    assert_same(feature_table(copy), feature_table(measurement), apart=0.0)
    assert copy.mix.integrated(np.ones((1, 4))) == measurement.mix.integrated(np.ones((1, 4)))


def test_importing_features_stays_light() -> None:
    code = (
        "import sys, reaper_drumgain.analysis.features, reaper_drumgain.analysis.analyze; "
        "heavy = {'scipy', 'sklearn', 'librosa', 'numba', 'matplotlib'}; "
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


# bleed, on hits that all twelve microphones of a kit recorded at once

CLOSE = ("KdrumR", "Snare_top", "Snare_bottom", "Hihat", "Tom1", "Tom2", "Tom4", "RideR")
MICROPHONES = (*CLOSE, "OHL", "OHR", "AmbL", "AmbR")
ROLES = tuple(
    Role.parse(name)
    for name in (
        *("kick", "snare top", "snare bottom", "hi-hat", "tom 1", "tom 2", "tom 3", "ride"),
        *("overhead left", "overhead right", "room left", "room right"),
    )
)


class Kit:
    """Sessions of twelve microphones from single hits."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._hits: dict[Path, np.ndarray] = {}

    def _hit(self, piece: str, random: np.random.Generator, soft: bool) -> np.ndarray:
        numbers = sorted({path.name[:2] for path in (self._folder / piece).glob("*.flac")})
        number = numbers[int(random.uniform(0.0, 0.4 if soft else 1.0) * len(numbers))]
        stem = self._folder / piece / number
        if stem not in self._hits:
            paths = [stem.with_name(f"{number}-{name}.flac") for name in MICROPHONES]
            self._hits[stem] = np.stack([sf.read(path, dtype="float32")[0] for path in paths])
        return self._hits[stem]

    def session(self, seed: int, cymbal: str | None, toms: list[str], soft: bool) -> np.ndarray:
        """A 20 s beat, and one hit of each of ``toms``; random recording levels."""
        random = np.random.default_rng(seed)
        samples = np.zeros((12, 24 * RATE), dtype=np.float32)
        step = 60 / random.uniform(80, 150) / 2
        events = [(tom, random.uniform(1.0, 19.0)) for tom in toms]
        for number, start in enumerate(np.arange(0.05, 20.0, step)):
            if cymbal:
                events.append((cymbal, start))
            if number % 4 == 0 or random.random() < 0.15:
                events.append(("KdrumR", start))
            if number % 4 == 2:
                events.append(("Snare", start))
        for piece, start in events:
            at = max(0, int((start + random.normal(0.0, 0.006)) * RATE))
            hit = self._hit(piece, random, soft)
            samples[:, at : at + hit.shape[1]] += hit[:, : samples.shape[1] - at]
        samples += 10 ** (random.uniform(-100, -75) / 20) * random.standard_normal(samples.shape)
        return samples[:, : 20 * RATE] * 10 ** (random.uniform(-12, 12, (12, 1)) / 20)


BEATS = [
    (cymbal, toms, soft)
    for cymbal in ("HihatClosed", "HihatOpen", "RideR", None)
    for toms, soft in (([], False), (["Tom1"], True), (["Tom4"], False), (["Tom2", "Tom4"], True))
]


def test_close_microphones_with_and_without_their_drum(shared_data: Path) -> None:
    sampled = Kit(shared_data / "kits" / "muldjord")
    found, missed, dominant, foreign = 0, 0, [], []
    for seed, (cymbal, toms, soft) in enumerate(BEATS):
        tracks = sampled.session(seed, cymbal, toms, soft)
        measurement = measured(list(tracks))
        playing = {"KdrumR", "Snare_top", "Snare_bottom", *toms}
        playing |= {"HihatClosed": {"Hihat"}, "HihatOpen": {"Hihat"}}.get(cymbal or "", {cymbal})
        active = activity_of(ROLES, measurement, feature_table(measurement)).active
        bleed = dict(zip(MICROPHONES, ~active, strict=True))
        wrong = [name for name in CLOSE if bleed[name] and name in playing]
        assert not wrong, (cymbal, toms, soft)
        silent_toms = [name for name in CLOSE if name.startswith("Tom") and name not in playing]
        found += sum(bleed[name] for name in silent_toms)
        missed += sum(not bleed[name] for name in silent_toms)
        dominance = dict(
            zip(MICROPHONES, feature_table(measurement).column("dominance_db"), strict=True)
        )
        dominant += [dominance[tom] for tom in toms]
        foreign += [dominance[tom] for tom in silent_toms]
    assert found > 20 * missed
    assert min(dominant) > 15.0
    assert np.median(foreign) < 4.0
