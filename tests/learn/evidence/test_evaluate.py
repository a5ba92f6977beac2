"""The evaluation on invented songs, whose errors can be known beforehand."""

import json
from dataclasses import replace

import numpy as np
import pytest

from reaper_drumgain import methods
from reaper_drumgain.analysis import features
from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.learn.data.human_faders import RawTrack, Song, median_engineer
from reaper_drumgain.learn.data.rendered_songs import Rendering
from reaper_drumgain.learn.data.streams import ArrayStream
from reaper_drumgain.learn.evidence import evaluate as evaluation
from reaper_drumgain.learn.evidence import figures as computed
from reaper_drumgain.learn.evidence import method_errors, tables
from reaper_drumgain.learn.evidence.cases import RECORDED, RESTING, conditions
from reaper_drumgain.learn.evidence.evaluate import evaluate
from reaper_drumgain.learn.evidence.level_limits import BEST_SHARE, LEFT_OUT, SEEN
from reaper_drumgain.learn.evidence.metrics import centred_error
from reaper_drumgain.learn.fitting import fold as folds
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.methods import all_descriptors
from reaper_drumgain.tracks.roles import Role

RATE = 44100
SETTINGS = FitSettings(trees=5, inner_trees=3, copies=2)
ROLES = (
    Role("kick in"),
    Role("snare top"),
    Role("hi-hat"),
    Role("tom", None, 1),
    Role("overhead", "stereo"),
)
WISH = np.array([2.0, 3.0, -6.0, 0.0, 1.0])
#: hits per second and pitch of each drum
DRUMS = ((2.0, 60.0), (1.0, 200.0), (4.0, 6000.0), (0.5, 120.0))


def sound(seed: int, *, resting: bool) -> list[np.ndarray]:
    """Four drums with about 35 dB of bleed into each other, and a stereo picture of all."""
    rng = np.random.default_rng(seed)
    time = np.arange(8 * RATE) / RATE
    drums = []
    for place, (rate, pitch) in enumerate(DRUMS):
        since = (time + 0.11 * place) % (1 / rate)
        hit = np.floor((time + 0.11 * place) * rate).astype(int)
        force = rng.uniform(0.6, 1.0, hit.max() + 1)[hit]
        tone = np.sin(2 * np.pi * pitch * since) + 0.2 * rng.normal(size=time.size)
        drums.append(
            force * np.exp(-since / 0.03) * tone * (0.3 if place != 3 or not resting else 0)
        )
    kit = np.stack(drums)
    reach = 10 ** (-rng.uniform(32.0, 38.0, (4, 4)) / 20)
    np.fill_diagonal(reach, 1.0)
    close = [track[None] for track in reach @ kit]
    pair = rng.uniform(0.5, 1.0, (2, 4)) @ kit
    return [track.astype(np.float32) for track in (*close, pair)]


def invented(number: int) -> list[Rendering]:
    """A song that engineers mix as WISH, whatever its levels; each has his own offset."""
    rng = np.random.default_rng(number)
    made = []
    gains = rng.normal(0.0, 5.0, 5)
    for resting in (False, True):
        tracks = [
            (track * 10 ** (gain / 20)).astype(np.float32)
            for track, gain in zip(sound(number, resting=resting), gains, strict=True)
        ]
        measurement = measure(
            [ArrayStream(track) for track in tracks], threads=1, descriptors=all_descriptors()
        )
        table = features.feature_table(measurement)
        if not resting:
            loudness = table.column("loudness_lufs")
            raw = tuple(
                RawTrack(f"{role}.wav", role, True, float(level), 2 if role.side else 1)
                for role, level in zip(ROLES, loudness, strict=True)
            )
            faders = WISH + rng.normal(0.0, 1.0, (4, 5)) + rng.normal(0.0, 5.0, (4, 1))
            names = tuple(f"mix {n}" for n in range(4))
            song = Song(f"song {number}", raw, names, faders, median_engineer(faders))
        made.append(Rendering(song, "invented", "none", table, measurement, resting=resting))
    return made


RENDERINGS = [rendering for number in range(4) for rendering in invented(number)]
DRAWS = 3


@pytest.fixture(scope="module")
def results():
    return evaluate(RENDERINGS, {}, SETTINGS, draws=DRAWS)


@pytest.fixture(scope="module")
def figures(results):
    return computed.summary(results, SETTINGS, mixes=16)


def test_every_method_is_measured_under_every_condition(results):
    for result in results:
        for name in methods.names():
            for gated in (True, False):
                assert result.gains[name, gated, RECORDED].shape == (1, 5)
                assert result.gains[name, gated, "+-12"].shape == (DRAWS, 5)
                assert result.gains[name, gated, RESTING].shape == (1, 5)
                assert np.isfinite(result.gains[name, gated, RESTING]).all()


def test_what_is_known_of_the_baselines_comes_out(results, figures):
    held = figures["against the median engineer"]["without gate"]
    errors = [centred_error(np.zeros(5), result.song.target_db) for result in results]
    assert held["unity"][RECORDED]["error"] == pytest.approx(np.mean(errors), abs=1e-3)
    loudness = held["equal-loudness"]
    assert loudness["+-12"]["error"] == pytest.approx(loudness[RECORDED]["error"], abs=0.01)
    assert held["unity"]["+-12"]["error"] > held["unity"]["+-3"]["error"] + 1.0
    moves = figures["sane moves"]
    assert moves["unity"]["slope"] == 0.0
    assert moves["equal-loudness"]["slope"] == pytest.approx(-1.0, abs=0.01)
    for name in ("forest", "linear"):
        assert moves[name]["sane"] == moves[name]["cases"] == 4 * 5 * 3 * 4
        assert -1.0 < moves[name]["slope"] < 0.0


def test_levels_that_a_method_undoes_are_not_computed_for_every_draw(results, monkeypatch):
    calls = []
    method = methods.create("partial-loudness")
    gains = type(method).gains
    monkeypatch.setattr(type(method), "gains", lambda *a: calls.append(1) or gains(*a))
    song = results[0].song
    own = [item for item in RENDERINGS if item.song.name == song.name]
    cases = conditions(song, own, 40, [1])
    run = evaluation.MethodRun(method, gated=True)
    run.detect_level_invariance(cases["+-12"], cases[RECORDED])
    assert not run.levels_matter
    calls.clear()
    fast, _ = run.all(cases["+-12"])
    assert len(calls) == 1
    slow, _ = evaluation.MethodRun(method, gated=True).all(cases["+-12"][:4])
    np.testing.assert_allclose(fast[:4] - fast[:4].mean(), slow - slow.mean(), atol=0.2)
    unity = evaluation.MethodRun(methods.create("unity"), gated=True)
    unity.detect_level_invariance(cases["+-12"], cases[RECORDED])
    assert unity.levels_matter


def test_the_gate_holds_the_tom_that_rests(results):
    for result in results:
        assert result.gated_share[RECORDED] == 0.0
        assert result.gated_share[RESTING] == pytest.approx(1 / 5)
        tom = 3
        gated = result.gains["equal-loudness", True, RESTING][0]
        free = result.gains["equal-loudness", False, RESTING][0]
        # without the gate the bleed is raised far above the rest
        assert free[tom] - np.delete(free, tom).mean() > 15.0
        assert gated[tom] == pytest.approx(np.delete(gated, tom).mean())


def test_no_song_is_measured_by_what_was_fitted_to_it(monkeypatch):
    seen = []
    fit = folds.fit_fold

    def watched(renderings, kits, settings):
        seen.append({item.song.name for item in renderings})
        assert not any(item.resting for item in renderings)
        return fit(renderings, kits, settings)

    monkeypatch.setattr(evaluation, "fit_fold", watched)
    found = evaluate(RENDERINGS, {}, SETTINGS, draws=1)
    every = {result.song.name for result in found}
    assert seen == [every - {result.song.name} for result in found]


def test_no_method_reads_the_bundled_models(monkeypatch):
    """They were trained on the songs that are left out here."""
    from reaper_drumgain.methods import forest, forest_file, multioutput, role_levels

    def refuse(*_args):
        raise AssertionError("a bundled model was read")

    for module in (forest_file, forest, multioutput, role_levels):
        monkeypatch.setattr(module, "load", refuse)
    assert len(evaluate(RENDERINGS, {}, SETTINGS, draws=1)) == 4
    with pytest.raises(AssertionError, match="bundled"):
        methods.create("forest").model  # noqa: B018


def test_the_number_of_processes_changes_nothing(results):
    again = evaluate(RENDERINGS, {}, SETTINGS, draws=DRAWS, jobs=2)
    for one, other in zip(results, again, strict=True):
        assert one.song.name == other.song.name
        for key, gains in one.gains.items():
            np.testing.assert_array_equal(other.gains[key], gains, err_msg=str(key))
        assert one.responses == other.responses


def test_the_figures_are_plain_data_and_the_tables_hold_them(figures):
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    text = tables.text(figures)
    for name in methods.names():
        assert name in text
    error = figures["against the median engineer"]["with gate"]["forest"][RECORDED]["error"]
    assert f"{error:.2f}" in text
    assert computed.ONE_OTHER in text
    assert "simulated" in text
    gap = figures["difference to the forest"]["random"][RECORDED]
    low, high = gap["interval95"]
    assert low <= gap["difference"] <= high


def test_intervals_are_scored_beside_those_of_role_means(figures):
    held = figures["intervals"]
    for condition in (RECORDED, "+-12"):
        for name in ("forest", "role-mean"):
            by = held[condition][name]
            assert 0.0 <= by["coverage"] <= 1.0
            assert len(by["coverage by song"]) == 4
            assert by["interval score"] >= 2 * by["half width"] - 1e-3
    score = {name: held["+-12"][name]["interval score"] for name in ("forest", "role-mean")}
    assert score["forest"] < score["role-mean"]


def test_songs_with_one_mix_or_without_an_interval_spoil_no_figure(results):
    """As on data of other people: a song mixed once, one whose tracks the gate all holds."""
    song = results[0].song
    once = replace(song, mixes=song.mixes[:1], gains_db=song.gains_db[:1])
    held = {c: np.full_like(bounds, np.nan) for c, bounds in results[1].intervals.items()}
    odd = [replace(results[0], song=once), replace(results[1], intervals=held), *results[2:]]
    figures = computed.summary(odd, SETTINGS, mixes=13)
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    both = figures["against one engineer"][computed.ONE_OTHER][RECORDED]["error"]
    of_the_rest = method_errors.human_errors(results[1:])[0].mean()
    assert both == pytest.approx(of_the_rest, abs=1e-3)


def test_limits_of_levels_lie_in_their_order(figures):
    held = figures["limits of levels"]
    for engineer in ("median engineer", "one engineer"):
        assert held[SEEN][engineer] < held[LEFT_OUT][engineer]
    assert held[BEST_SHARE]["median engineer"] < held[LEFT_OUT]["median engineer"]
    assert held["left of a shift (SD)"] < min(held["usual departure (SD)"], held["shift (SD)"])
    assert held["shift (SD)"] == pytest.approx(12 / 3**0.5, abs=1e-3)


def test_biases_by_role_are_signed(results):
    bias = method_errors.role_biases(results, "unity", RECORDED)
    # engineers lower the hi-hat, which unity leaves
    assert bias["hi-hat"] > 4.0
    assert set(bias) == {role.name for role in ROLES}


def test_pictures_are_drawn(results, figures, tmp_path):
    pytest.importorskip("matplotlib")
    from reaper_drumgain.learn.evidence.pictures import save_pictures

    paths = save_pictures(results, figures, tmp_path / "plots")
    assert [path.name for path in paths] == ["errors.png", "roles.png", "calibration.png"]
    for path in paths:
        assert path.read_bytes().startswith(b"\x89PNG")
        assert path.stat().st_size > 10_000
