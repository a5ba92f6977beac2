"""Loudness against pyloudnorm, ffmpeg and plain mixing."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import scipy.signal
import soundfile as sf
from hypothesis import given, settings
from hypothesis import strategies as st
from streams import ArrayStream, drum_track

from reaper_drumgain.analysis.k_weighting import KWeighting, k_weighting
from reaper_drumgain.analysis.loudness import gated_loudness, hop_length, loudness_range, quantiles
from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.analysis.mix_loudness import MixLoudness

RATES = (8_000, 11_025, 44_100, 48_000, 96_000, 192_000)


def weighted(samples: np.ndarray, rate: int) -> np.ndarray:
    """The K-weighted signal, sample by sample in float64."""
    shelf_b, shelf_a, pass_b, pass_a = k_weighting(rate)
    first = scipy.signal.lfilter(shelf_b, shelf_a, samples.astype(np.float64))
    return np.asarray(scipy.signal.lfilter(pass_b, pass_a, first))


def filtered(weighting: KWeighting, samples: np.ndarray, sizes: list[int]) -> np.ndarray:
    out = np.empty_like(samples)
    state, start = np.zeros(4), 0
    for size in [*sizes, samples.size]:
        stop = min(start + size, samples.size)
        state = weighting.process(samples[start:stop], state, out[start:stop])
        start = stop
    return out


def first_track(mix: MixLoudness) -> float:
    """Loudness of the first track alone."""
    return mix.integrated(np.eye(mix.channels)[mix.channel_slices[0]])


def integrated(samples: np.ndarray, rate: int) -> float:
    return first_track(measure([ArrayStream(samples, rate)], threads=1).mix)


def reference(samples: np.ndarray, rate: int) -> float:
    meter = pyloudnorm.Meter(rate, filter_class="DeMan")
    return float(meter.integrated_loudness(np.atleast_2d(samples).T.astype(np.float64)))


def test_the_coefficients_at_48_khz_are_those_of_the_standard() -> None:
    shelf_b, shelf_a, pass_b, pass_a = k_weighting(48_000)
    table = [1.53512485958697, -2.69169618940638, 1.19839281085285]
    assert shelf_b == pytest.approx(table, abs=1e-9)
    assert shelf_a == pytest.approx([1.0, -1.69065929318241, 0.73248077421585], abs=1e-9)
    assert pass_b == pytest.approx([1.0, -2.0, 1.0])
    assert pass_a == pytest.approx([1.0, -1.99004745483398, 0.99007225036621], abs=1e-9)


@pytest.mark.parametrize("rate", [7_999, 0, -48_000, 768_001])
def test_rates_beyond_the_bounds_are_refused(rate: int) -> None:
    with pytest.raises(ValueError, match="sample rate"):
        KWeighting(rate)


@pytest.mark.parametrize("rate", RATES)
def test_the_filter_is_the_recursion(rate: int) -> None:
    samples = drum_track(rate, 2.0, seed=rate)
    got = filtered(KWeighting(rate), samples, [])
    assert np.abs(got - weighted(samples, rate)).max() < 2e-6 * np.abs(samples).max()


@pytest.mark.parametrize("rate", RATES)
def test_a_quiet_signal_on_a_large_offset_keeps_its_loudness(rate: int) -> None:
    quiet = 1e-4 * np.random.default_rng(1).standard_normal(6 * rate)
    samples = (quiet + 0.9).astype(np.float32)
    want = weighted(samples, rate)[rate:]
    got = filtered(KWeighting(rate), samples, [])[rate:].astype(np.float64)
    assert 10 * np.log10(np.mean(got**2) / np.mean(want**2)) == pytest.approx(0.0, abs=0.01)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9_000), max_size=8))
def test_the_filter_does_not_know_its_blocks(sizes: list[int]) -> None:
    weighting = KWeighting(48_000)
    samples = drum_track(48_000, 0.5, seed=4)
    whole = filtered(weighting, samples, [])
    assert np.abs(filtered(weighting, samples, sizes) - whole).max() < 2e-6


@pytest.mark.parametrize("rate", [11_025, 22_050, 44_100, 48_000, 88_200, 96_000])
def test_integrated_loudness_is_pyloudnorms(rate: int) -> None:
    apart = 0.05 if rate % 10 else 0.02  # hops are whole samples
    for seed, sparse in enumerate([1.0, 0.3, 0.05]):
        samples = drum_track(rate, 12.0, seed=seed, density=sparse)
        assert integrated(samples, rate) == pytest.approx(reference(samples, rate), abs=apart)


@pytest.mark.parametrize("seconds", [3.0, 7.35, 31.0, 240.0])
@pytest.mark.parametrize("density", [1.0, 0.1])
def test_integrated_loudness_of_short_and_long_tracks(seconds: float, density: float) -> None:
    samples = drum_track(48_000, seconds, seed=int(seconds), density=density)
    assert integrated(samples, 48_000) == pytest.approx(reference(samples, 48_000), abs=0.02)


def test_a_stereo_track_sums_both_channels() -> None:
    left, right = drum_track(48_000, 5.0, seed=1), drum_track(48_000, 5.0, seed=2)
    stereo = np.stack([left, right])
    assert integrated(stereo, 48_000) == pytest.approx(reference(stereo, 48_000), abs=0.02)
    both = integrated(np.stack([left, left]), 48_000)
    assert both - integrated(left, 48_000) == pytest.approx(10 * math.log10(2), abs=1e-3)


def test_real_drum_hits_measure_as_in_pyloudnorm(shared_data: Path) -> None:
    random = np.random.default_rng(5)
    for piece, microphone in [("Tom1", "Tom1"), ("KdrumR", "Snare_top"), ("Snare", "OHL")]:
        hits = sorted((shared_data / "kits" / "muldjord" / piece).glob(f"*-{microphone}.flac"))
        samples = np.zeros(44_100 * 20, dtype=np.float32)
        for at in random.integers(0, samples.size - 200_000, 12):
            hit, _ = sf.read(hits[random.integers(len(hits))], dtype="float32")
            samples[at : at + hit.size] += hit
        assert integrated(samples, 44_100) == pytest.approx(reference(samples, 44_100), abs=0.02)


def ffmpeg_loudness(path: Path) -> tuple[float, float]:
    """Integrated loudness and loudness range of ffmpeg's ebur128 filter."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("needs ffmpeg on the PATH")
    chain = "ebur128=metadata=1,ametadata=mode=print:file=-"
    command = [ffmpeg, "-v", "error", "-i", str(path), "-af", chain, "-f", "null", "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    values = [re.findall(rf"lavfi\.r128\.{key}=(\S+)", text)[-1] for key in ("I", "LRA")]
    return float(values[0]), float(values[1])


@pytest.mark.parametrize(
    ("rate", "density", "apart"), [(48_000, 1.0, 0.05), (44_100, 0.4, 0.1), (48_000, 0.1, 1.0)]
)
def test_loudness_and_range_are_ffmpegs(
    tmp_path: Path, rate: int, density: float, apart: float
) -> None:
    path = tmp_path / "track.wav"
    swell = 10 ** (-0.6 * (1 + np.sin(np.arange(40 * rate) / rate / 4)))
    samples = (drum_track(rate, 40.0, seed=8, density=density) * swell).astype(np.float32)
    sf.write(path, samples, rate, subtype="FLOAT")
    loudness, spread = ffmpeg_loudness(path)
    got = measure([ArrayStream(samples, rate)], threads=1)
    assert first_track(got.mix) == pytest.approx(loudness, abs=0.05)
    # ffmpeg takes the next lower rank for a percentile than EBU's code and libebur128, which
    # shows where few windows pass the gate
    assert loudness_range(got.tracks[0].hop_powers) == pytest.approx(spread, abs=apart)


def test_silence_and_less_than_a_block_are_told_apart() -> None:
    assert gated_loudness(np.zeros(20)) == -math.inf
    assert gated_loudness(np.full(20, 1e-9)) == -math.inf  # below the absolute gate
    assert math.isnan(gated_loudness(np.ones(3)))
    assert math.isnan(gated_loudness([]))
    assert gated_loudness(np.ones(4)) == pytest.approx(-0.691)
    assert math.isnan(loudness_range(np.ones(29)))
    assert math.isnan(loudness_range(np.zeros(60)))
    assert loudness_range(np.ones(60)) == 0.0


def test_a_mix_of_nothing_has_no_loudness() -> None:
    silent = measure([ArrayStream(np.zeros(48_000), 48_000)], threads=1).mix
    assert silent.integrated(np.ones((1, 1))) == -math.inf
    short = measure([ArrayStream(np.ones(9_000), 48_000)], threads=1).mix
    assert short.integrated(np.ones((1, 1))) == -math.inf
    sound = measure([ArrayStream(drum_track(48_000, 2.0, seed=1), 48_000)], threads=1).mix
    assert sound.integrated(np.zeros((2, 1))) == -math.inf
    with pytest.raises(ValueError, match="2 channels, expected 1"):
        sound.integrated(np.ones((1, 2)))


@pytest.fixture(scope="module")
def session() -> tuple[np.ndarray, MixLoudness]:
    """Five channels (mono, stereo, mono, mono silent at times) and their covariance."""
    rate = 44_100
    bleed = drum_track(rate, 8.0, seed=20)
    channels = np.stack([drum_track(rate, 8.0, seed=seed) + 0.2 * bleed for seed in range(5)])
    channels[3, : 5 * rate] = 0.0
    tracks = [channels[:1], channels[1:3], channels[3:4], channels[4:]]
    mix = measure([ArrayStream(track, rate) for track in tracks], threads=2).mix
    assert mix.channel_slices == (slice(0, 1), slice(1, 3), slice(3, 4), slice(4, 5))
    return channels, mix


@settings(max_examples=25, deadline=None)
@given(
    gains=st.lists(
        st.lists(st.floats(-2.0, 2.0), min_size=5, max_size=5), min_size=1, max_size=2
    ).filter(lambda rows: any(abs(gain) > 0.05 for row in rows for gain in row))
)
def test_loudness_of_any_mix_is_that_of_the_mixed_audio(
    session: tuple[np.ndarray, MixLoudness], gains: list[list[float]]
) -> None:
    channels, mix = session
    mixed = np.array(gains) @ channels.astype(np.float64)
    assert mix.integrated(np.array(gains)) == pytest.approx(reference(mixed, 44_100), abs=0.01)


def test_opposite_polarity_cancels(session: tuple[np.ndarray, MixLoudness]) -> None:
    samples = drum_track(48_000, 3.0, seed=3)
    mix = measure([ArrayStream(samples, 48_000), ArrayStream(samples, 48_000)], threads=1).mix
    assert mix.integrated([[1.0, -1.0]]) == -math.inf
    same = mix.integrated([[1.0, 1.0]]) - first_track(mix)
    assert same == pytest.approx(20 * math.log10(2), abs=1e-4)


def test_hops_are_a_tenth_of_a_second() -> None:
    assert [hop_length(rate) for rate in (44_100, 48_000, 11_025)] == [4_410, 4_800, 1_103]


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50),
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=5),
)
def test_quantiles_are_numpys(values, shares):
    got = quantiles(np.array(values), shares)
    assert np.allclose(got, np.quantile(values, shares), rtol=1e-9, atol=1e-6)
