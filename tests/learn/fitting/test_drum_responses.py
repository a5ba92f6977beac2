"""What is learned from kits, and what the gain law does on sessions with real bleed.

Sessions of both kits with all of their microphones, and a real band: every guarantee is swept
over all of them.
"""

import numpy as np
import pytest
import soundfile

from reaper_drumgain.analysis import features
from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.analysis.recording_gain import Z_80
from reaper_drumgain.faders.activity import activity_of
from reaper_drumgain.learn.data.kit_sessions import MICROPHONES, KitSession, kit_sessions
from reaper_drumgain.learn.data.kits import cached_kit
from reaper_drumgain.learn.data.performances import Stroke
from reaper_drumgain.learn.data.render import VirtualMic, render
from reaper_drumgain.learn.data.streams import ArrayStream
from reaper_drumgain.learn.fitting.drum_responses import (
    fit_drum_responses,
    fit_with_widening,
    standard_errors,
)
from reaper_drumgain.methods.forest_file import bundled_folder, load
from reaper_drumgain.methods.gain_law import decide
from reaper_drumgain.methods.session_levels import SessionLevels, louder_hits
from reaper_drumgain.tracks.roles import Role

MODEL = load(bundled_folder())
USUAL = MODEL.linear.template_lufs
BAND = (
    Role("kick"),
    Role("snare"),
    Role("hi-hat"),
    Role("tom", None, 1),
    Role("tom", None, 2),
    Role("overhead", "left"),
    Role("overhead", "right"),
)


@pytest.fixture(scope="module")
def kits(shared_data):
    return kit_sessions(shared_data, performances=4, seconds=15.0, seed=3)


@pytest.fixture(scope="module")
def band(shared_data) -> KitSession:
    """Half a minute of a real band."""
    files = sorted((shared_data / "recordings" / "rohaar").glob("*.flac"))
    assert len(files) == len(BAND)
    sound = [soundfile.read(file, frames=30 * 44100, dtype="float32")[0][None] for file in files]
    measurement = measure([ArrayStream(track) for track in sound], threads=1)
    table = features.feature_table(measurement)
    loudness = table.column("loudness_lufs")
    active = activity_of(BAND, measurement, table).active
    heard = np.flatnonzero(np.isfinite(loudness))
    return KitSession.of(SessionLevels.of(BAND, measurement.onset_windows, loudness, active, heard))


def undone(session, shift):
    levels, hits = session.levels.louder(shift), louder_hits(session.hits, shift)
    return decide(levels, MODEL.responses, USUAL, hits=hits).undone_db


def sweep(session, base):
    """The smallest rise of what is undone on a track against any other, over 60 dB."""
    least = np.inf
    for track in np.flatnonzero(~session.levels.held):
        rows = []
        for by in np.arange(-30.0, 30.1, 5.0):
            shift = base.copy()
            shift[track] += by
            rows.append(undone(session, shift))
        against = np.array(rows)[:, [track]] - np.array(rows)[:, ~session.levels.held]
        least = min(least, float(np.diff(against, axis=0).min()))
    return least


@pytest.mark.parametrize("careless", [False, True])
def test_a_raw_track_turned_up_never_gets_a_higher_fader(kits, band, careless):
    rng = np.random.default_rng(1)
    for session in (*kits["muldjord"][:2], *kits["gogodze"][:2], band):
        count = len(session.levels.roles)
        base = rng.uniform(-12.0, 12.0, count) if careless else np.zeros(count)
        assert sweep(session, base) > -1e-6


@pytest.fixture(scope="module")
def few_drums(shared_data):
    """E[g] of the overheads and rooms of MuldjordKit, by the pieces that play, each twice a second,
    one after the other."""
    roles = tuple(MICROPHONES["muldjord"].values())
    mics = [VirtualMic((name,)) for name in MICROPHONES["muldjord"]]
    kit = cached_kit(shared_data / "kits" / "muldjord")
    far = [role.name in ("overhead", "room") for role in roles]

    def gains(*pieces: str) -> np.ndarray:
        strokes = [Stroke(n / 8, pieces[n % 4], 0.8) for n in range(96) if n % 4 < len(pieces)]
        sound = render(kit, strokes, mics, 14.0, seed=1)
        measurement = measure([ArrayStream(row[None]) for row in sound], threads=1)
        table = features.feature_table(measurement)
        active = activity_of(roles, measurement, table).active
        loudness = table.column("loudness_lufs")
        every = np.arange(len(roles))
        levels = SessionLevels.of(roles, measurement.onset_windows, loudness, active, every)
        found = decide(levels, MODEL.responses, USUAL).gain.mean_db
        return found[far] - found[far].mean()

    return gains


@pytest.mark.parametrize("piece", ["kick", "snare"])
def test_a_drum_alone_does_not_make_the_overheads_pass_for_recorded_low(few_drums, piece):
    """They hold less than of a whole kit, whatever their gain."""
    many = few_drums("kick", "hi-hat closed", "snare", "hi-hat closed")
    alone = few_drums(piece)
    assert many[0] < -1.0, "the overheads of this kit really are recorded low"
    assert np.abs(alone - many).max() < 3.0


@pytest.mark.parametrize("kit", MICROPHONES)
def test_careless_recording_gains_are_mostly_undone(kits, kit):
    rng = np.random.default_rng(2)
    shares, left = [], []
    for session in kits[kit]:
        played = ~session.levels.held
        before = undone(session, np.zeros(played.size))
        for _ in range(3):
            shift = rng.uniform(-12.0, 12.0, played.size)
            moved = (undone(session, shift) - before)[played]
            away = shift[played] - shift[played].mean()
            moved -= moved.mean()
            shares.append(moved @ away / (away @ away))
            left.append(np.abs(away - moved).mean())
    assert np.mean(shares) > 0.6
    assert np.mean(left) < 2.5


def test_another_performance_hardly_changes_what_is_undone(kits):
    for sessions in kits.values():
        rows = []
        for session in sessions:
            row = undone(session, np.zeros(len(session.levels.roles)))
            rows.append(np.where(session.levels.held, np.nan, row - np.median(row)))
        known = np.isfinite(rows).all(axis=0)
        assert np.std(np.array(rows)[:, known], axis=0).mean() < 1.5


def test_intervals_hold_about_the_wanted_share_of_gains_on_a_kit_left_out(kits):
    inside = []
    for kit in kits:
        rest = {other: sessions for other, sessions in kits.items() if other != kit}
        responses = fit_with_widening(rest, USUAL, 1)
        responses = type(responses)(**(vars(responses) | {"widening": MODEL.responses.widening}))
        for values in standard_errors(kits[kit], responses, USUAL, 5).values():
            inside += [value < Z_80 for value in values]
    assert 0.7 < np.mean(inside) < 0.9


def test_the_widening_is_found_with_each_kit_left_out(kits):
    found = fit_with_widening(kits, USUAL, 1)
    assert {"kick", "snare", "snare top", "overhead", "room"} <= set(found.widening)
    assert all(0.4 < factor < 3.0 for factor in found.widening.values())
    assert found.links == fit_drum_responses(kits, USUAL).links


def test_how_loud_drums_are_played_against_each_other_is_learned(kits):
    """A hi-hat is played far softer than a snare; what one kit says is halved."""
    both = fit_drum_responses(kits, USUAL).drum_db
    assert both["snare"] - both["hi-hat"] > 2.0
    one = fit_drum_responses({"gogodze": kits["gogodze"]}, USUAL).drum_db
    assert set(one) == {"kick", "snare"}
    assert one["kick"] + one["snare"] == pytest.approx(0.0, abs=0.02)


def test_what_is_learned_does_not_depend_on_a_kits_recording_gains_alone(kits):
    """A kit recorded with other gains: half of the change, its level, is anchored; no more."""
    shift = np.random.default_rng(4).uniform(-6.0, 6.0, len(MICROPHONES["gogodze"]))
    other = [
        KitSession(session.levels.louder(shift), louder_hits(session.hits, shift))
        for session in kits["gogodze"]
    ]
    before = fit_drum_responses({"gogodze": kits["gogodze"]}, USUAL).links
    after = fit_drum_responses({"gogodze": other}, USUAL).links
    assert before.keys() == after.keys()
    change = np.array([np.array(after[key]) - np.array(before[key]) for key in before])
    assert np.abs(change).max() < 4.0


def test_no_kit_leaves_the_places(kits):
    assert fit_with_widening({}, USUAL, 1).links == {}
    del kits


def test_sessions_say_which_drums_rest_and_are_read_again_from_the_cache(shared_data, tmp_path):
    options = {"performances": 1, "seconds": 8.0, "seed": 3}
    made = kit_sessions(shared_data, cache=tmp_path, **options)
    again = kit_sessions(shared_data, cache=tmp_path, **options)
    for kit, microphones in MICROPHONES.items():
        (one,), (other,) = made[kit], again[kit]
        assert one.levels.roles == tuple(microphones.values())
        np.testing.assert_array_equal(one.levels.energy, other.levels.energy)
        far = [role.name in ("overhead", "room") for role in one.levels.roles]
        assert not one.levels.held[far].any()
    assert len(list(tmp_path.glob("kit-session-*.npz"))) == 2
