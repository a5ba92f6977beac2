"""Reverse engineering: known gains come back, and what cannot be known is said to be so."""

import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import fftconvolve, lfilter

from reaper_drumgain.analysis.k_weighting import k_weighting
from reaper_drumgain.errors import DrumGainError, InputError, MediaError
from reaper_drumgain.learn.data.kits import RATE, load_kit
from reaper_drumgain.learn.data.render import VirtualMic, render
from reaper_drumgain.learn.reverse_engineering.mix_gains import reverse_engineer

LOW_RATE = 8000


def decibel(factor):
    return 20 * np.log10(np.abs(factor))


def drums(tracks: int, seconds: float, rate: int, seed: int, bleed: float = 0.1) -> np.ndarray:
    """Decaying noisy tones at random times; every track hears every drum a little."""
    chance = np.random.default_rng(seed)
    frames = int(seconds * rate)
    time = np.arange(int(0.2 * rate)) / rate
    sources = np.zeros((tracks, frames))
    for source, frequency in zip(sources, np.geomspace(80, rate / 5, tracks), strict=True):
        for start in chance.integers(0, frames - time.size, max(4, round(3 * seconds))):
            tone = np.sin(2 * np.pi * frequency * time) + 0.5 * chance.standard_normal(time.size)
            shape = np.exp(-time / 0.05) * chance.uniform(0.05, 0.2)
            source[start : start + time.size] += tone * shape
    heard = np.eye(tracks) + bleed * chance.uniform(-1, 1, (tracks, tracks))
    return heard @ sources


def rounded(samples: np.ndarray) -> np.ndarray:
    """As a 16-bit file holds them."""
    assert np.abs(samples).max() < 1.0
    return np.round(samples * 32768) / 32768


def k_power(samples: np.ndarray, rate: int) -> float:
    """K-weighted energy by scipy's filter, apart from the package's own."""
    shelf_b, shelf_a, pass_b, pass_a = k_weighting(rate)
    return float(np.square(lfilter(pass_b, pass_a, lfilter(shelf_b, shelf_a, samples))).sum())


def peak_filter(rate: int, frequency: float, gain_db: float, q: float = 1.0):
    """A bell of the Audio EQ Cookbook (Bristow-Johnson)."""
    amplitude = 10 ** (gain_db / 40)
    angle = 2 * np.pi * frequency / rate
    alpha = np.sin(angle) / (2 * q)
    b = np.array([1 + alpha * amplitude, -2 * np.cos(angle), 1 - alpha * amplitude])
    a = np.array([1 + alpha / amplitude, -2 * np.cos(angle), 1 - alpha / amplitude])
    return b / a[0], a / a[0]


def shelf_filter(rate: int, frequency: float, gain_db: float):
    """A high shelf of slope 1 of the Audio EQ Cookbook."""
    amplitude = 10 ** (gain_db / 40)
    angle = 2 * np.pi * frequency / rate
    cosine, root = np.cos(angle), np.sqrt(2 * amplitude) * np.sin(angle)
    more, less = amplitude + 1, amplitude - 1
    b = amplitude * np.array(
        [more + less * cosine + root, -2 * (less + more * cosine), more + less * cosine - root]
    )
    a = np.array(
        [more - less * cosine + root, 2 * (less - more * cosine), more - less * cosine - root]
    )
    return b / a[0], a / a[0]


def late(samples: np.ndarray, delay: int) -> np.ndarray:
    moved = np.zeros_like(samples)
    if delay >= 0:
        moved[delay:] = samples[: samples.size - delay]
    else:
        moved[:delay] = samples[-delay:]
    return moved


# --- against least squares written out -------------------------------------------------------


def test_gains_are_those_of_least_squares_written_out():
    raw = drums(4, 2.0, LOW_RATE, seed=1)
    chance = np.random.default_rng(2)
    mix = chance.normal(size=(2, 4)) @ raw + 0.02 * chance.standard_normal((2, raw.shape[1]))
    found = reverse_engineer(list(raw), mix, taps=1, rate=LOW_RATE, max_delay=0.0, whiten=False)
    known = np.linalg.lstsq(raw.T, mix.T, rcond=None)[0].T
    got = np.array([track.channel_gains_db for track in found.tracks]).T
    np.testing.assert_allclose(got, decibel(known), atol=1e-3)
    np.testing.assert_allclose(found.gains_db, decibel(np.hypot(*known)), atol=0.01)
    scaled = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    assert found.condition == pytest.approx(np.linalg.cond(scaled), rel=1e-3)
    assert found.method == "least squares"


@pytest.mark.parametrize("delay", [0, 11, -6])
def test_filters_are_those_of_least_squares_written_out(delay):
    taps, lead = 16, 2
    raw = drums(3, 1.5, LOW_RATE, seed=3, bleed=0.5)
    chance = np.random.default_rng(4)
    responses = chance.normal(size=(2, 3, 5)) * 0.5
    mix = np.array([sum(map(np.convolve, raw, row))[: raw.shape[1]] for row in responses])
    mix = np.array([late(row, delay) for row in mix])
    mix += 0.01 * chance.standard_normal(mix.shape)
    found = reverse_engineer(list(raw), mix, taps=taps, rate=LOW_RATE, max_delay=0.01)
    shelf_b, shelf_a, pass_b, pass_a = k_weighting(LOW_RATE)
    weigh = lambda x: lfilter(pass_b, pass_a, lfilter(shelf_b, shelf_a, x))  # noqa: E731
    lags = [[t.delay_samples - lead + k for k in range(taps)] for t in found.tracks]
    columns = np.array([late(weigh(x), n) for x, own in zip(raw, lags, strict=True) for n in own])
    low, high = max(max(own) for own in lags), raw.shape[1] + min(0, *(min(o) for o in lags))
    known = np.linalg.lstsq(columns[:, low:high].T, weigh(mix)[:, low:high].T, rcond=None)[0]
    for place, track in enumerate(found.tracks):
        for channel in range(2):
            filtered = np.convolve(raw[place], known[place * taps : place * taps + taps, channel])
            change = 10 * np.log10(k_power(filtered, LOW_RATE) / k_power(raw[place], LOW_RATE))
            assert track.channel_gains_db[channel] == pytest.approx(change, abs=0.01)
    rest = weigh(mix)[:, low:high] - (columns[:, low:high].T @ known).T
    share = np.square(rest).sum() / np.square(weigh(mix)[:, low:high]).sum()
    assert found.residual_db == pytest.approx(10 * np.log10(share), abs=0.01)


# --- known gains come back -------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    gains=st.lists(st.floats(-20, 6), min_size=2, max_size=5),
    taps=st.sampled_from([1, 64]),
)
def test_known_gains_come_back_with_pan_bleed_polarity_and_rounding(seed, gains, taps):
    chance = np.random.default_rng(seed)
    raw = rounded(drums(len(gains), 3.0, LOW_RATE, seed))
    signs = chance.choice([-1, 1], len(gains))
    total = 10 ** (np.array(gains) / 20)
    pan = chance.uniform(0, np.pi / 2, len(gains))
    mix = rounded(0.25 * np.array([np.cos(pan), np.sin(pan)]) * (signs * total) @ raw)
    found = reverse_engineer(list(raw), mix, taps=taps, rate=LOW_RATE)
    assert all(track.identifiable for track in found.tracks)
    np.testing.assert_allclose(found.gains_db, gains + decibel(0.25), atol=0.1)
    assert [track.sign for track in found.tracks] == signs.tolist()
    assert not any(track.delay_samples for track in found.tracks)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    delays=st.lists(st.integers(-700, 1500), min_size=2, max_size=4),
    taps=st.sampled_from([1, 32]),
)
def test_delays_are_found_to_the_sample_in_spite_of_bleed(seed, delays, taps):
    chance = np.random.default_rng(seed)
    raw = drums(len(delays), 3.0, LOW_RATE, seed, bleed=0.3)
    gains = chance.uniform(0.3, 1.5, len(delays)) * chance.choice([-1, 1], len(delays))
    moved = np.array([late(x, n) for x, n in zip(raw, delays, strict=True)])
    mix = gains @ moved + 1e-3 * chance.standard_normal(raw.shape[1])
    found = reverse_engineer(list(raw), mix, taps=taps, rate=LOW_RATE)
    assert [track.delay_samples for track in found.tracks] == delays
    np.testing.assert_allclose(found.gains_db, decibel(gains), atol=0.1)


def test_a_stereo_track_has_one_gain():
    left, right, other = drums(3, 3.0, LOW_RATE, seed=5)
    stereo = np.array([left, right + 0.5 * left])
    mix = 0.5 * stereo - 2.0 * other
    for taps in (1, 32):
        found = reverse_engineer([stereo, other], mix, taps=taps, rate=LOW_RATE)
        np.testing.assert_allclose(found.gains_db, decibel([0.5, 2.0 * 2**0.5]), atol=0.01)
        assert [track.sign for track in found.tracks] == [1, -1]


def test_reverberation_hardly_moves_a_gain_on_whitened_signals():
    raw = drums(4, 6.0, LOW_RATE, seed=6)
    gains = np.array([1.0, 0.5, -0.7, 0.25])
    chance = np.random.default_rng(7)
    tail = chance.standard_normal((2, LOW_RATE)) * np.exp(-np.arange(LOW_RATE) / (0.2 * LOW_RATE))
    tail[:, :40] = 0.0
    dry = np.array([gains @ raw] * 2)
    wet = fftconvolve(dry, tail, axes=1)[:, : raw.shape[1]]
    wet *= 0.2 * np.linalg.norm(dry) / np.linalg.norm(wet)
    errors = {}
    for whiten in (True, False):
        found = reverse_engineer(list(raw), dry + wet, taps=1, rate=LOW_RATE, whiten=whiten)
        errors[whiten] = np.abs(found.gains_db - decibel(gains * 2**0.5)).max()
        assert -16 < found.residual_db < -12
    assert errors[True] < 0.1
    assert errors[True] < errors[False]


def test_the_standard_error_says_how_far_a_gain_scatters():
    raw = drums(3, 4.0, LOW_RATE, seed=8)
    gains = np.array([1.0, 0.3, 0.1])
    clean = gains @ raw
    chance = np.random.default_rng(9)
    ratios = []
    for _ in range(30):
        # noise that comes and goes and has a colour
        noise = lfilter([1], [1, -0.9], chance.standard_normal(clean.size))
        mix = clean + 0.004 * noise * (np.arange(clean.size) // 2000 % 2)
        found = reverse_engineer(list(raw), mix, taps=16, rate=LOW_RATE, max_delay=0.0)
        stated = np.array([track.standard_error_db for track in found.tracks])
        ratios.append((found.gains_db - decibel(gains)) / stated)
    spread = np.sqrt(np.nanmean(np.square(ratios), axis=0))
    assert np.isfinite(ratios).mean() > 0.9
    assert ((spread > 0.6) & (spread < 1.6)).all()


# --- what cannot be known --------------------------------------------------------------------


@pytest.mark.parametrize("taps", [1, 64])
def test_a_silent_track_is_flagged_and_changes_nothing(taps):
    raw = drums(2, 3.0, LOW_RATE, seed=10)
    mix = 0.5 * raw[0] + 0.7 * raw[1]
    hiss = 1e-5 * np.random.default_rng(0).standard_normal(raw.shape[1])
    without = reverse_engineer(list(raw), mix, taps=taps, rate=LOW_RATE)
    found = reverse_engineer([raw[0], hiss, raw[1], 0 * hiss], mix, taps=taps, rate=LOW_RATE)
    assert [track.reason for track in found.tracks] == ["", "silent", "", "silent"]
    assert np.isnan(found.gains_db[[1, 3]]).all()
    np.testing.assert_allclose(found.gains_db[[0, 2]], without.gains_db, atol=1e-9)


@pytest.mark.parametrize("taps", [1, 64])
def test_tracks_with_the_same_sound_have_no_gains_of_their_own(taps):
    raw = drums(2, 3.0, LOW_RATE, seed=11)
    found = reverse_engineer([raw[0], raw[1], raw[0]], raw[0] + raw[1], taps=taps, rate=LOW_RATE)
    same = "same sound as other tracks"
    assert [track.reason for track in found.tracks] == [same, "", same]
    assert found.gains_db[1] == pytest.approx(0.0, abs=0.01)
    assert found.condition > 1000


@pytest.mark.parametrize("taps", [1, 64])
def test_a_track_that_the_mix_lacks_is_flagged(taps):
    raw = drums(3, 3.0, LOW_RATE, seed=12)
    noise = 1e-3 * np.random.default_rng(1).standard_normal(raw.shape[1])
    found = reverse_engineer(list(raw), raw[0] + raw[1] + noise, taps=taps, rate=LOW_RATE)
    assert [track.identifiable for track in found.tracks] == [True, True, False]
    assert found.tracks[2].reason in ("not heard in the mix", "uncertain")
    assert np.isnan(found.tracks[2].gain_db)


def test_a_gain_lost_in_noise_is_uncertain():
    raw = drums(2, 3.0, LOW_RATE, seed=13)
    noise = 0.1 * np.random.default_rng(2).standard_normal(raw.shape[1])
    mix = raw[0] + 0.02 * raw[1] + noise
    found = reverse_engineer(list(raw), mix, taps=16, rate=LOW_RATE, max_delay=0.0)
    assert not found.tracks[1].identifiable
    assert found.tracks[1].standard_error_db > 1.0
    assert found.tracks[0].identifiable
    lenient = reverse_engineer(
        list(raw), mix, taps=16, rate=LOW_RATE, max_delay=0.0, max_error_db=0.01
    )
    assert not any(track.identifiable for track in lenient.tracks)


def test_a_delay_beyond_the_search_is_not_taken_for_a_gain():
    raw = drums(2, 3.0, LOW_RATE, seed=14)
    mix = raw[0] + late(raw[1], 900)
    found = reverse_engineer(list(raw), mix, taps=1, rate=LOW_RATE, max_delay=0.02)
    assert found.tracks[0].gain_db == pytest.approx(0.0, abs=0.3)
    assert not found.tracks[1].identifiable


# --- files and bad input ---------------------------------------------------------------------


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


# --- rendered drums --------------------------------------------------------------------------

MICROPHONES = {
    "muldjord": ("KdrumR", "Snare_top", "Snare_bottom", "Hihat", "Tom1", "Tom2", "OHL", "OHR"),
    "gogodze": ("kick", "snare", "oh", "side", "front"),
}
SECONDS = 9.0


@pytest.fixture(scope="module", params=MICROPHONES)
def rendered(request, shared_data):
    """A performance on a real kit, every microphone with the bleed of the room, 16 bit."""
    from reaper_drumgain.learn.data.performances import choose_performances

    performance = choose_performances(shared_data / "groove", 1, SECONDS, 3)[0]
    kit = load_kit(shared_data / "kits" / request.param)
    taps = [VirtualMic((name,)) for name in MICROPHONES[request.param]]
    sound = render(kit, performance.strokes, taps, SECONDS, seed=1).astype(np.float64)
    return rounded(sound * (0.5 / np.abs(sound).max(axis=1, keepdims=True)))


def _faders(tracks: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Total gains with polarity, and the panned (2, tracks) matrix."""
    chance = np.random.default_rng(seed)
    gains = 0.2 * 10 ** (chance.uniform(-12, 6, tracks) / 20) * chance.choice([-1, 1], tracks)
    pan = chance.uniform(0.2, 1.3, tracks)
    return gains, gains * np.array([np.cos(pan), np.sin(pan)])


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("taps", [1, 128])
def test_gains_of_rendered_mixes_come_back_within_a_tenth_of_a_decibel(rendered, taps, seed):
    gains, panned = _faders(len(rendered), seed)
    found = reverse_engineer(list(rendered), rounded(panned @ rendered), taps=taps, rate=RATE)
    np.testing.assert_allclose(found.gains_db, decibel(gains), atol=0.1)
    assert [track.sign for track in found.tracks] == np.sign(gains).tolist()
    assert found.residual_db < -50


@pytest.mark.parametrize(("share", "within"), [(0.1, 0.1), (0.2, 0.2)])
def test_gains_of_rendered_mixes_come_back_through_reverberation(rendered, share, within):
    """20 dB below the dry sound within 0.1 dB, 14 dB below within 0.2 dB."""
    gains, panned = _faders(len(rendered), 3)
    chance = np.random.default_rng(4)
    tail = chance.standard_normal((2, RATE)) * np.exp(-np.arange(RATE) / (0.15 * RATE))
    tail[:, :400] = 0.0
    dry = panned @ rendered
    sent = (gains * chance.uniform(0, 1, gains.size)) @ rendered
    wet = fftconvolve(np.array([sent, sent]), tail, axes=1)[:, : dry.shape[1]]
    wet *= share * np.linalg.norm(dry) / np.linalg.norm(wet)
    found = reverse_engineer(list(rendered), rounded(dry + wet), taps=1, rate=RATE)
    np.testing.assert_allclose(found.gains_db, decibel(gains), atol=within)
    assert found.residual_db == pytest.approx(decibel(share), abs=3)


@pytest.mark.parametrize("seed", [5, 6])
@pytest.mark.parametrize("taps", [64, 128])
def test_gains_come_back_through_delay_and_equalisation(rendered, taps, seed):
    gains, panned = _faders(len(rendered), seed)
    chance = np.random.default_rng(seed)
    delays = chance.integers(-200, 3000, gains.size)
    moved, known = [], []
    for place, raw in enumerate(rendered):
        equalised = lfilter(*shelf_filter(RATE, 6000, chance.uniform(-3, 9)), raw)
        bell = peak_filter(RATE, chance.uniform(500, 4000), chance.uniform(-4, 4))
        equalised = lfilter(*bell, equalised)
        change = 10 * np.log10(k_power(equalised, RATE) / k_power(raw, RATE))
        known.append(decibel(gains[place]) + change)
        moved.append(late(equalised, int(delays[place])))
    mix = panned @ np.array(moved)
    mix = rounded(mix * min(1.0, 0.9 / np.abs(mix).max()))
    found = reverse_engineer(list(rendered), mix, taps=taps, rate=RATE)
    offset = decibel(min(1.0, 0.9 / np.abs(panned @ np.array(moved)).max()))
    np.testing.assert_allclose(found.gains_db, np.array(known) + offset, atol=0.5)
    assert [track.sign for track in found.tracks] == np.sign(gains).tolist()
    late_by = np.array([track.delay_samples for track in found.tracks])
    assert np.abs(late_by - delays).max() <= 3
