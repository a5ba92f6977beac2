"""``drumgain reverse`` on mixes of the packaged drums whose gains are known."""

import json
import shutil
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import soxr
from mix_support import late

from reaper_drumgain.cli import main

GAINS = np.array([-1.0, -6.0, -9.0, -10.0, 1.0, 3.0, -1.5, 0.0, -2.0, 3.0, 1.5])


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    """The folder of raw tracks, drums and others, and their samples."""
    media = resources.files("reaper_drumgain") / "demo" / "session" / "media"
    folder = Path(shutil.copytree(str(media), tmp_path_factory.mktemp("kit") / "media"))
    paths = sorted(folder.glob("*.flac"))
    samples = np.array([sf.read(path)[0] for path in paths])
    return folder, paths[:11], paths[11:], samples, sf.info(paths[0]).samplerate


def panned(seed: int = 1) -> np.ndarray:
    angle = np.random.default_rng(seed).uniform(0.3, 1.2, GAINS.size)
    return 10 ** (GAINS / 20) * np.array([np.cos(angle), np.sin(angle)])


def reverse(capsys, *words, status=0):
    taps = () if "--taps" in words else ("--taps", "24")
    returned = main(["reverse", *map(str, words), *taps, "--json"])
    out, err = capsys.readouterr()
    assert returned == status, err
    return json.loads(out) if status == 0 else err


def write(path: Path, mix: np.ndarray, rate: int) -> Path:
    sf.write(path, mix.T, rate, subtype="FLOAT")
    return path


def gains(found) -> np.ndarray:
    return np.array([track["gain_db"] for track in found["tracks"] if not track["other"]], float)


def test_the_gains_of_a_mix(kit, capsys, tmp_path):
    _, drums, _, samples, rate = kit
    mix = write(tmp_path / "mix.wav", panned() @ samples[:11], rate)
    found = reverse(capsys, mix, *drums)
    assert gains(found) == pytest.approx(GAINS, abs=0.05)
    assert found["residual_db"] < -60
    assert found["condition"] > 1.0
    left, right = np.array([track["channel_gains_db"] for track in found["tracks"]]).T
    expected = 20 * np.log10(panned())
    assert left == pytest.approx(expected[0], abs=0.1)
    assert right == pytest.approx(expected[1], abs=0.1)
    assert main(["reverse", str(mix), *map(str, drums)]) == 0
    assert "explain 100.0% of the mix" in capsys.readouterr().out


def test_other_instruments_given_and_not(kit, capsys, tmp_path):
    folder, drums, others, samples, rate = kit
    mix = write(tmp_path / "mix.wav", panned() @ samples[:11] + samples[11:].sum(axis=0), rate)
    given = reverse(capsys, mix, *drums, *(w for other in others for w in ("--other", other)))
    assert gains(given) == pytest.approx(GAINS, abs=0.05)
    assert [track["other"] for track in given["tracks"]] == [False] * 11 + [True] * 2
    by_folder = reverse(capsys, mix, folder)
    assert [t["gain_db"] for t in by_folder["tracks"][:11]] == pytest.approx(GAINS, abs=0.1)
    noise = reverse(capsys, mix, *drums)
    assert noise["residual_db"] > -6 > given["residual_db"]
    told = np.isfinite(gains(noise))
    assert 3 <= told.sum() < 11
    assert np.abs(gains(noise) - GAINS)[told].max() < 1.5
    assert all(t["reason"] for t, good in zip(noise["tracks"], told, strict=True) if not good)


def test_another_rate_a_late_start_and_inverted_polarity(kit, capsys, tmp_path):
    _, drums, _, samples, rate = kit
    mix = -(panned() @ samples[:11])
    part = soxr.resample(mix.T[int(2.2 * rate) : int(7.5 * rate)], rate, 48_000).T
    found = reverse(capsys, write(tmp_path / "part.wav", part, 48_000), *drums)
    assert any("resampled from 48000" in note for note in found["notes"])
    assert found["start_s"] == pytest.approx(2.2, abs=0.02)
    assert all(track["polarity"] == -1 for track in found["tracks"] if track["identifiable"])
    told = np.isfinite(gains(found))
    assert told.sum() >= 9
    assert gains(found)[told] == pytest.approx(GAINS[told], abs=0.5)


def test_a_track_that_is_not_told_gets_a_flag_and_no_number(kit, capsys, tmp_path):
    *_, samples, rate = kit
    raw = samples[:11].copy()
    paths = [tmp_path / f"{place:02}.wav" for place in range(13)]
    for path, sound in zip(paths, [*raw, np.zeros(raw.shape[1]), 0.5 * raw[1]], strict=True):
        write(path, sound[None], rate)
    weights = panned()
    weights[:, 4] = 0.0
    found = reverse(capsys, write(tmp_path / "mix.wav", weights @ raw, rate), *paths)
    reasons = [track["reason"] for track in found["tracks"]]
    assert reasons[11] == "silent"
    assert reasons[1] == reasons[12] == "same sound as other tracks"
    assert reasons[4] == "not heard in the mix"
    numbers = [track["gain_db"] is None for track in found["tracks"]]
    assert numbers == [reason is not None for reason in reasons]
    by_channel = [track["channel_gains_db"] == [None, None] for track in found["tracks"]]
    assert by_channel == numbers


def test_gains_over_time_follow_a_fader_and_a_bus(kit, capsys, tmp_path):
    _, drums, _, samples, rate = kit
    raw = samples[:11].copy()
    time = np.arange(raw.shape[1]) / rate
    step = np.where(time < 4.0, 1.0, 10 ** (-6.0 / 20))
    moved = raw.copy()
    moved[1] *= step
    found = reverse(
        capsys, write(tmp_path / "mix.wav", panned() @ moved, rate), *drums, "--over-time", "1"
    )
    row = np.array(found["tracks"][1]["departures_db"], float)
    early, late_ = np.nanmean(row[:3]), np.nanmean(row[5:])
    assert early - late_ == pytest.approx(6.0, abs=1.0)
    other = np.array(found["tracks"][5]["departures_db"], float)
    assert np.nanmax(np.abs(other)) < 1.0
    bus = write(tmp_path / "bus.wav", (panned() @ raw) * step, rate)
    found = reverse(capsys, bus, *drums, "--over-time", "1")
    common = np.array(found["over_time"]["common_db"], float)
    assert np.nanmean(common[:3]) - np.nanmean(common[5:]) == pytest.approx(6.0, abs=1.0)


def test_a_delay_beyond_the_search_is_told(kit, capsys, tmp_path):
    _, drums, _, samples, rate = kit
    raw = samples[:11].copy()
    raw[9] = late(raw[9], int(0.02 * rate))
    mix = write(tmp_path / "mix.wav", panned() @ raw, rate)
    found = reverse(capsys, mix, *drums)
    assert found["tracks"][9]["delay_samples"] == pytest.approx(0.02 * rate, abs=3)
    assert gains(found) == pytest.approx(GAINS, abs=0.2)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("{mix}", "{mix}"), "both the mix and a track"),
        (("{mix}", "{kick}", "{kick}"), "named twice"),
        (("{mix}", "{empty}"), "no audio files there"),
        (("{mix}", "{kick}", "--over-time", "0"), "0.1 to 600"),
        (("{silent}", "{kick}"), "the mix is silent"),
        (("{short}", "{kick}"), "give a longer piece"),
        (("{mix}", "{kick}", "--taps", "99999"), "taps is 99999"),
        (("{mix}", "{kick}", "--taps", "0"), "taps is 0"),
    ],
)
def test_what_makes_no_sense_is_told(kit, capsys, tmp_path, words, message):
    _, drums, _, samples, rate = kit
    places = {
        "mix": write(tmp_path / "mix.wav", samples[:2], rate),
        "silent": write(tmp_path / "silent.wav", np.zeros((2, samples.shape[1])), rate),
        "short": write(tmp_path / "short.wav", samples[:2, :2000], rate),
        "kick": drums[0],
        "empty": tmp_path / "empty",
    }
    places["empty"].mkdir()
    assert message in reverse(capsys, *(word.format(**places) for word in words), status=2)
