"""``drumgain evaluate --multitracks`` on small songs whose mixes have known gains."""

import json
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from reaper_drumgain.balance.folders import track_names
from reaper_drumgain.balance.side_by_side import plans_of
from reaper_drumgain.cli import main
from reaper_drumgain.errors import InputError
from reaper_drumgain.learn.data.multitracks import find_multitracks
from reaper_drumgain.learn.evidence.multitrack_mixes import evaluate_multitracks
from reaper_drumgain.methods import known_names

NAMES = ("01 Kick In", "02 Snare Top", "04 Hi-Hat", "08 OH L", "12 Bass")
#: faders of the engineers in dB; a mono file at 0 dB plays so on both sides
FIRST, SECOND = np.array([-3.0, -6.0, -9.0, -1.0, -4.0]), np.array([-6.0, -3.0, -12.0, -2.0, -8.0])
SECONDS = 4


@pytest.fixture(scope="module")
def raw():
    media = Path(str(resources.files("reaper_drumgain") / "demo" / "session" / "media"))
    paths = [media / f"{name}.flac" for name in NAMES]
    rate = sf.info(paths[0]).samplerate
    return np.array([sf.read(path, frames=SECONDS * rate)[0] for path in paths]), rate


def write(path, samples, rate):
    path.parent.mkdir(parents=True, exist_ok=True)
    sf.write(path, samples, rate, subtype="FLOAT")


def mixed(samples, faders):
    mono = 10 ** (faders / 20) @ samples
    return np.stack([mono, mono], axis=1)


@pytest.fixture
def songs(raw, tmp_path):
    samples, rate = raw
    for name, row in zip(NAMES, samples, strict=True):
        write(tmp_path / "songs" / "Good" / "tracks" / f"{name}.wav", row, rate)
        write(tmp_path / "songs" / "Other" / "Other_RAW" / f"{name}.wav", row, rate)
    write(tmp_path / "songs/Good/mixes/first.wav", mixed(samples, FIRST), rate)
    write(tmp_path / "songs/Good/mix 2.wav", mixed(samples, SECOND), rate)
    noise = 0.1 * np.random.default_rng(1).standard_normal((SECONDS * rate, 2))
    write(tmp_path / "songs/Other/Other_MIX.wav", noise, rate)
    (tmp_path / "songs" / "Empty").mkdir()
    return tmp_path / "songs"


def test_all_methods_are_measured_against_the_gains_of_the_mixes(songs, tmp_path, capsys):
    where = tmp_path / "figures.json"
    words = ["evaluate", "--multitracks", str(songs), "--jobs", "1", "--json", str(where)]
    assert main(words) == 0
    told = capsys.readouterr().out
    found = json.loads(where.read_text("utf-8"))
    assert set(found["error"]) == set(known_names())
    assert all(name in told for name in known_names())
    (song,) = found["songs"]
    assert [track["role"] for track in song["tracks"]] == [
        *("kick in", "snare top", "hi-hat", "overhead left"),
    ]
    # the bass is no drum: it explains its part of the mix and gets no fader
    assert song["target_db"]["first.wav"] == pytest.approx(FIRST[:4], abs=0.1)
    assert song["target_db"]["mix 2.wav"] == pytest.approx(SECOND[:4], abs=0.1)
    # leaving all faders at 0 dB: what is left of the engineers' after their common level
    errors = [np.abs(row - np.median(row)).mean() for row in (FIRST[:4], SECOND[:4])]
    assert found["error"]["unity"]["error_db"] == pytest.approx(np.mean(errors), abs=0.1)
    between = np.abs((FIRST - SECOND)[:4] - np.median((FIRST - SECOND)[:4])).mean()
    assert found["one other engineer"]["error_db"] == pytest.approx(between, abs=0.1)
    # a mix of something else is named and left out, and so is a folder without tracks
    assert any(
        "Other: Other_MIX.wav: not recognized as a mix of these tracks" in line
        for line in found["left out"]
    )
    assert any(line.startswith("Empty: 0 raw tracks") for line in found["left out"])
    assert "Other_MIX.wav" in told


def test_a_song_says_how_far_it_is(songs):
    told = []
    evaluate_multitracks(
        songs / "Good",
        balancer=plans_of,
        track_names=track_names,
        seed=1,
        progress=lambda doing, share: told.append((doing, share)),
    )
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    # while it is listened to, and in each of its two mixes
    assert {int(share * 4) for share in shares} == {0, 1, 2, 3, 4}
    assert {doing for doing, _ in told} == {"Good"}


def test_a_song_alone_is_taken_and_a_folder_without_songs_is_refused(songs):
    found, left_out = find_multitracks(songs / "Good")
    assert [song.name for song in found] == ["Good"]
    assert [path.name for path in found[0].mixes] == ["mix 2.wav", "first.wav"]
    assert not left_out
    with pytest.raises(InputError, match=r"no song with tracks and mixes.*FOLDER/SONG/tracks"):
        find_multitracks(songs / "Empty")


def test_tracks_and_mix_may_lie_in_one_folder(raw, tmp_path):
    samples, rate = raw
    for name in ("Kick", "Snare", "Mixer click", "song_mix"):
        write(tmp_path / "Song" / f"{name}.wav", samples[0], rate)
    (song,), _ = find_multitracks(tmp_path)
    assert [path.stem for path in song.mixes] == ["song_mix"]
    assert [path.stem for path in song.tracks] == ["Kick", "Mixer click", "Snare"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--multitracks", "none"], "expected FOLDER/SONG/tracks"),
        (["--multitracks", ".", "--plots", "x"], "--plots cannot be used with --multitracks"),
        (["--multitracks", ".", "--jobs", "0"], "--jobs is 0"),
        (["--data", "none"], "MixologyDB"),
        (["--data", "."], "has no folder human_faders, kits, groove"),
    ],
)
def test_a_mistake_is_told_with_what_is_needed(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", *words]) == 2
    assert said in capsys.readouterr().err
