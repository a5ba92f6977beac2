"""ENST-Drums: the published layout, known gains back from an invented tree, faults named."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from reaper_drumgain import cli
from reaper_drumgain.errors import InputError, StorageError
from reaper_drumgain.learn.data import enst
from reaper_drumgain.learn.data.enst import (
    MICROPHONES,
    PROVENANCE,
    EnstDrums,
    find_takes,
    load_enst,
    parse_name,
)
from reaper_drumgain.learn.data.human_faders import median_engineer
from reaper_drumgain.learn.evidence import enst_run, report
from reaper_drumgain.learn.evidence import evaluate as evaluation
from reaper_drumgain.learn.fitting.fit import FitSettings
from reaper_drumgain.methods import forest_file

RATE = 8000
SECONDS = 2.5
#: the second drummer has no third tom, as a drummer of the real data set
FOLDERS = {
    "drummer_1": tuple(MICROPHONES),
    "drummer_2": tuple(name for name in MICROPHONES if name != "tom_3"),
}
NAMES = (
    "036_phrase_disco_simple_slow_sticks",
    "107_minus-one_salsa_sticks",
    "115_MIDI-minus-one_fusion-125_sticks",
)
LEFT_OUT = ("001_hits_snare-drum_sticks_x6", "037_phrase_disco_norm_slow_sticks", "readme")
#: left and right gain of each microphone in the dry mix
PANNED = {
    "kick": (0.4, 0.4),
    "snare": (-0.5, -0.5),
    "hi-hat": (0.1, 0.3),
    "tom_1": (0.3, 0.2),
    "tom_2": (0.2, 0.2),
    "tom_3": (0.1, 0.35),
    "overhead_L": (0.05, 0.6),
    "overhead_R": (0.6, 0.05),
}
TOTAL_DB = {name: 20 * np.log10(np.hypot(*gain)) for name, gain in PANNED.items()}


def _strokes(seed: int) -> np.ndarray:
    chance = np.random.default_rng(seed)
    frames = int(RATE * SECONDS)
    sound = np.zeros(frames)
    time = np.arange(RATE // 5) / RATE
    for start in chance.integers(0, frames - time.size, 10):
        noise = chance.standard_normal(time.size)
        sound[start : start + time.size] += 0.1 * np.exp(-time / 0.04) * noise
    return sound


def _write_take(audio: Path, folders: tuple[str, ...], name: str, seed: int) -> None:
    close = np.array([_strokes(seed * 100 + place) for place in range(len(folders))])
    bleed = np.eye(len(folders)) + 0.05
    tracks = bleed @ close
    gains = np.array([PANNED[folder] for folder in folders]).T
    for folder, samples in zip(folders, tracks, strict=True):
        soundfile.write(audio / folder / f"{name}.wav", samples, RATE, subtype="PCM_16")
    for mix, level in (("dry_mix", 1.0), ("wet_mix", 0.8)):
        wet = level * (gains @ tracks).T
        soundfile.write(audio / mix / f"{name}.wav", wet, RATE, subtype="PCM_16")


@pytest.fixture(scope="session")
def whole_tree(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("enst") / "ENST-drums-public"
    for number, (drummer, folders) in enumerate(FOLDERS.items()):
        audio = root / drummer / "audio"
        for folder in (*folders, "dry_mix", "wet_mix", "accompaniment"):
            (audio / folder).mkdir(parents=True)
        (root / drummer / "annotation").mkdir()
        for place, name in enumerate((*NAMES, *LEFT_OUT)):
            _write_take(audio, folders, name, 10 * number + place)
            (root / drummer / "annotation" / f"{name}.txt").write_text("0.1 bd\n")
    return root


@pytest.fixture
def tree(whole_tree, tmp_path) -> Path:
    """A copy to break."""
    return Path(shutil.copytree(whole_tree, tmp_path / "enst"))


@pytest.fixture(scope="module")
def known(tmp_path_factory) -> Path:
    """A cache; copies of the tree have the times of their files, so it serves them too."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def loaded(whole_tree, known):
    return load_enst(whole_tree, taps=16, cache=known)


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


def test_splits_go_by_drummer(loaded):
    splits = list(loaded.without_each_drummer())
    assert [drummer for drummer, _, _ in splits] == ["drummer_1", "drummer_2"]
    for drummer, others, own in splits:
        assert {song.take.drummer for song in own} == {drummer}
        assert drummer not in {song.take.drummer for song in others}
        assert len(others) + len(own) == 6


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


# --- train and evaluate ----------------------------------------------------------------------

QUICK = {"settings": FitSettings(trees=5, inner_trees=3, copies=2), "taps": 16, "draws": 2}


@pytest.fixture(scope="module")
def trained(whole_tree, known, tmp_path_factory):
    told: list[float] = []
    folder = tmp_path_factory.mktemp("models")
    made = enst_run.train_enst(
        whole_tree,
        folder,
        cache=known,
        jobs=1,
        progress=lambda _what, share: told.append(share),
        **QUICK,
    )
    return made, told


def test_training_on_enst_makes_models_figures_and_a_card(trained):
    made, told = trained
    figures = made.evaluation.figures
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    assert figures["data"]["what is what"] == [PROVENANCE]
    assert len(figures["data"]["songs"]) == 2 * len(NAMES)
    # one engineer made all mixes: there is nobody to compare with
    assert report.ONE_OTHER not in figures["against one engineer"]
    held = figures["against the median engineer"]["with gate"]
    # every drummer's mix has the same gains, so a constant per role is right
    assert held["role-mean"]["recorded"]["error"] < held["unity"]["recorded"]["error"] / 2
    for name in (forest_file.DEFAULT, forest_file.MULTIOUTPUT):
        model = forest_file.load(made.folder, name)
        assert model.about["training_data"]["name"] == "ENST-Drums"
        assert len(model.about["training_data"]["takes"]) == 2 * len(NAMES)
    card = (made.folder / "README.md").read_text(encoding="utf-8")
    assert "6 takes of 2 drummers; left out: none" in card
    assert report.error_table(figures, "with gate") in card


def test_nothing_of_the_drummer_who_is_measured_was_learnt_from(whole_tree, known, monkeypatch):
    seen = []
    fit = evaluation.fit_fold

    def watched(renderings, settings):
        seen.append({item.song.group for item in renderings})
        return fit(renderings, settings)

    monkeypatch.setattr(evaluation, "fit_fold", watched)
    done = enst_run.EnstEvaluation.run(whole_tree, cache=known, jobs=1, **QUICK)
    assert seen == [{"drummer_2"}, {"drummer_1"}]
    assert [r.song.group for r in done.results] == ["drummer_1"] * 3 + ["drummer_2"] * 3


def test_the_number_of_processes_changes_nothing_on_enst(whole_tree, known, trained):
    again = enst_run.EnstEvaluation.run(whole_tree, cache=known, jobs=2, **QUICK)
    assert again.figures == trained[0].evaluation.figures


def test_evaluate_takes_enst_from_the_command_line(whole_tree, known, tmp_path, capsys):
    where, plots = tmp_path / "figures.json", tmp_path / "plots"
    shared = ["--enst", str(whole_tree), "--cache", str(known), "--jobs", "1", "--reduced"]
    shared += ["--draws", "2", "--json", str(where), "--plots", str(plots)]
    assert cli.main(["evaluate", *shared]) == 0
    assert PROVENANCE in capsys.readouterr().out
    assert json.loads(where.read_text("utf-8"))["data"]["mixes"] == 6
    assert len(list(plots.iterdir())) == 3


def test_one_drummer_alone_cannot_be_measured(tree, known):
    shutil.rmtree(tree / "drummer_2")
    with pytest.raises(InputError, match="usable takes of 1 drummers, expected 2"):
        enst_run.EnstEvaluation.run(tree, cache=known, jobs=1, **QUICK)


def test_a_take_with_one_known_gain_is_left_out_and_named(loaded):
    song = loaded.songs[0]
    alone = np.where(np.arange(song.target_db.size) == 0, 0.0, np.nan)
    few = EnstDrums((replace(song, target_db=alone), *loaded.songs[1:]), ("x.wav: damaged",))
    made, left_out = enst_run.enst_renderings(few, ())
    assert len(made) == len(loaded.songs) - 1
    assert left_out[0] == "x.wav: damaged"
    assert left_out[1] == "drummer_1/036_phrase_disco_simple_slow_sticks: 1 tracks with a gain " + (
        "that is known"
    )


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_an_enst_folder_that_is_not_there_is_told(tmp_path, capsys, command):
    assert cli.main([command, "--enst", str(tmp_path / "none")]) == 2
    assert "expected one with drummer_1/audio" in capsys.readouterr().err
