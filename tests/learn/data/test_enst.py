"""ENST-Drums: the published layout, known gains back from an invented tree, faults named."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from enst_tree import FOLDERS, NAMES, RATE, SECONDS, TOTAL_DB

from reaper_drumgain.errors import InputError, StorageError
from reaper_drumgain.learn.data import enst
from reaper_drumgain.learn.data.enst import PROVENANCE, load_enst
from reaper_drumgain.learn.data.enst_takes import MICROPHONES, find_takes, parse_name
from reaper_drumgain.learn.data.human_faders import median_engineer


def test_takes_are_found_in_the_published_layout(whole_tree):
    takes, faults = find_takes(whole_tree)
    assert faults == []
    found = [(take.drummer, take.name, take.kind, take.style) for take in takes]
    kinds = [("phrase", "disco"), ("minus-one", "salsa"), ("MIDI-minus-one", "fusion-125")]
    assert found == [
        (drummer, name, *kind)
        for drummer in FOLDERS
        for name, kind in zip(NAMES, kinds, strict=True)
    ]
    assert list(takes[0].tracks) == list(MICROPHONES)
    assert "tom_3" not in takes[-1].tracks
    assert [str(role) for role in takes[-1].roles].count("overhead right") == 1


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("130_solo_latin_sticks.wav", ("solo", "latin")),
        ("036_phrase_disco_simple_slow_sticks.wav", ("phrase", "disco")),
        ("001_hits_snare-drum_sticks_x6.wav", None),
        ("036_phrase_disco_simple_slow_sticks_norm.wav", None),
        ("036_phrase_disco-norm_slow_sticks.wav", None),
        ("phrase_disco_slow.wav", None),
        ("036_phrase.wav", None),
        (".wav", None),
    ],
)
def test_hits_and_normalised_files_are_left_out(name, known):
    assert parse_name(name) == known


def test_the_gains_of_the_mixes_come_back(loaded):
    assert len(loaded.songs) == 6
    assert loaded.faults == ()
    for song in loaded.songs:
        known = np.array([TOTAL_DB[folder] for folder in song.take.tracks])
        assert list(song.gains) == ["dry_mix", "wet_mix"]
        np.testing.assert_allclose(song.gains["dry_mix"].gains_db, known, atol=0.1)
        np.testing.assert_allclose(
            song.gains["wet_mix"].gains_db, known + 20 * np.log10(0.8), atol=0.1
        )
        np.testing.assert_allclose(song.target_db, known - known.mean(), atol=0.1)
        signs = dict(zip(song.take.tracks, song.gains["dry_mix"].tracks, strict=True))
        assert [name for name, track in signs.items() if track.sign < 0] == ["snare"]


def test_overheads_are_crossed(loaded):
    for song in loaded.songs:
        for role, track in zip(song.take.roles, song.gains["dry_mix"].tracks, strict=True):
            if role.name == "overhead":
                left, right = track.channel_gains_db
                assert role.side == ("right" if right > left else "left")


def test_songs_join_those_with_human_faders(loaded):
    song, table = loaded.songs[0].as_song()
    assert song.name == f"drummer_1/{NAMES[0]}"
    assert [track.raw_file for track in song.tracks] == list(MICROPHONES)
    np.testing.assert_allclose(song.raw_lufs, table.column("loudness_lufs"))
    np.testing.assert_allclose(median_engineer(song.gains_db), song.target_db, atol=1e-9)
    assert np.isfinite(song.raw_lufs).all()


def test_a_silent_microphone_has_no_target(tree, loaded, known):
    path = tree / "drummer_1" / "audio" / "tom_3" / f"{NAMES[0]}.wav"
    soundfile.write(path, np.zeros(int(RATE * SECONDS)), RATE, subtype="PCM_16")
    song = load_enst(tree, taps=16, cache=known).songs[0]
    assert np.isnan(song.target_db[list(MICROPHONES).index("tom_3")])
    assert "tom_3" not in [track.raw_file for track in song.as_song()[0].tracks]
    assert abs(np.nanmean(song.target_db)) < 1e-9


def test_it_says_what_is_real():
    assert "real performances" in PROVENANCE
    assert "estimated" in PROVENANCE


def test_progress_is_told_and_takes_may_run_side_by_side(whole_tree, loaded):
    told: list[tuple[str, float]] = []
    found = load_enst(whole_tree, taps=16, jobs=2, progress=lambda *args: told.append(args))
    assert [share for _, share in told] == pytest.approx(np.arange(1, 7) / 6)
    assert told[0][0] == f"drummer_1/{NAMES[0]}"
    for one, other in zip(found.songs, loaded.songs, strict=True):
        np.testing.assert_array_equal(one.target_db, other.target_db)


def test_what_was_found_out_is_cached(tree, loaded, known, monkeypatch):
    calls = []
    real = enst.reverse_engineer
    monkeypatch.setattr(enst, "reverse_engineer", lambda *a, **k: calls.append(a) or real(*a, **k))
    again = load_enst(tree, taps=16, cache=known)
    assert calls == []
    for one, other in zip(loaded.songs, again.songs, strict=True):
        assert one.gains == other.gains
        np.testing.assert_array_equal(one.target_db, other.target_db)
        np.testing.assert_array_equal(one.table.values, other.table.values)
    mix = tree / "drummer_1" / "audio" / "dry_mix" / f"{NAMES[0]}.wav"
    samples, rate = soundfile.read(mix)
    soundfile.write(mix, samples[:, ::-1], rate, subtype="PCM_16")
    load_enst(tree, taps=16, cache=known)
    assert len(calls) == 2
    monkeypatch.setattr(enst, "reverse_engineer", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        load_enst(tree, taps=8, cache=known)


def test_a_damaged_cache_is_refused_and_named(whole_tree, loaded, known, tmp_path):
    # all of them: which ones are asked for depends on their digests
    for held in known.glob("*.npz"):
        path = tmp_path / held.name
        path.write_bytes(held.read_bytes()[:-100])
    with pytest.raises(StorageError, match="npz: damaged, delete it"):
        load_enst(whole_tree, taps=16, cache=tmp_path)
    with pytest.raises(StorageError, match="cannot be written"):
        load_enst(whole_tree, taps=16, cache=path)


# --- faults ----------------------------------------------------------------------------------


def _remove(path: Path) -> None:
    path.unlink()


def _corrupt(path: Path) -> None:
    path.write_bytes(b"RIFF" + bytes(40))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def _shorten(path: Path) -> None:
    samples, rate = soundfile.read(path)
    soundfile.write(path, samples[:-10], rate, subtype="PCM_16")


def _resample(path: Path) -> None:
    soundfile.write(path, soundfile.read(path)[0], 11025, subtype="PCM_16")


def _change_channels(path: Path) -> None:
    samples, rate = soundfile.read(path, always_2d=True)
    other = samples[:, :1] if samples.shape[1] == 2 else np.repeat(samples, 2, axis=1)
    soundfile.write(path, other, rate, subtype="PCM_16")


@pytest.mark.parametrize("folder", ["snare", "dry_mix"])
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_remove, "missing in"),
        (_corrupt, "does not decode"),
        (_cut, "is cut short"),
        (_shorten, "frames"),
        (_resample, "11025 Hz"),
        (_change_channels, "should have"),
    ],
)
def test_a_damaged_take_is_left_out_and_named_or_all_refused(
    tree, loaded, known, folder, damage, words
):
    damage(tree / "drummer_1" / "audio" / folder / f"{NAMES[1]}.wav")
    found = load_enst(tree, taps=16, cache=known, max_faults=0.2)
    assert len(found.songs) == 5
    (fault,) = found.faults
    assert NAMES[1] in fault
    assert words in fault
    with pytest.raises(InputError, match=r"1 of 6 takes cannot be used, at most 0 may be") as error:
        load_enst(tree, taps=16, cache=known, max_faults=0.1)
    assert NAMES[1] in str(error.value)


def test_a_track_that_is_not_aligned_is_named(tree):
    path = tree / "drummer_1" / "audio" / "tom_1" / f"{NAMES[0]}.wav"
    samples, rate = soundfile.read(path)
    soundfile.write(path, np.roll(samples, 600), rate, subtype="PCM_16")
    with pytest.raises(InputError, match=r"not aligned: in dry_mix.*tom_1"):
        load_enst(tree, taps=8, max_faults=0.0)


def test_another_layout_is_refused(tmp_path):
    with pytest.raises(InputError, match="not ENST-Drums as published"):
        load_enst(tmp_path)
    (tmp_path / "drummer_1" / "audio" / "kick").mkdir(parents=True)
    with pytest.raises(InputError, match=r"of a mix \(dry_mix or wet_mix\), got kick"):
        load_enst(tmp_path)
    (tmp_path / "drummer_1" / "audio" / "dry_mix").mkdir()
    with pytest.raises(InputError, match="holds no take"):
        load_enst(tmp_path)
    with pytest.raises(InputError, match="max_faults is 2"):
        load_enst(tmp_path, max_faults=2.0)
    with pytest.raises(InputError, match="jobs 0"):
        load_enst(tmp_path, jobs=0)
