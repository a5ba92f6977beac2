"""Songs made audible: listed loudness, caching, what stands in for what."""

from pathlib import Path

import numpy as np
import pyloudnorm
import pytest

from reaper_drumgain.analysis import features
from reaper_drumgain.errors import InputError
from reaper_drumgain.faders.activity import activity_of
from reaper_drumgain.learn.data.human_faders import HumanFaders, load_human_faders
from reaper_drumgain.learn.data.kits import KITS, RATE, load_kit
from reaper_drumgain.learn.data.microphones import virtual_mics_for
from reaper_drumgain.learn.data.performances import TOMS, choose_performances
from reaper_drumgain.learn.data.rendered_songs import measure_song, render_song, renderings
from reaper_drumgain.tracks.roles import ROLE_NAMES, SIDES, Role


@pytest.fixture(scope="module")
def faders(shared_data) -> HumanFaders:
    return load_human_faders(shared_data / "human_faders")


@pytest.fixture(scope="module")
def performances(shared_data):
    return choose_performances(shared_data / "groove", 1, 6.0, 7)


@pytest.mark.parametrize("kit", KITS)
def test_every_role_has_microphones_of_the_kit(shared_data, kit):
    known = set(load_kit(shared_data / "kits" / kit).microphones)
    for name in ROLE_NAMES:
        for side in (None, *SIDES):
            for channels in (1, 2):
                mics = virtual_mics_for(Role(name, side), channels, kit)
                assert len(mics) == channels
                assert {m for mic in mics for m in mic.microphones} <= known
    left, right = (virtual_mics_for(Role("overhead", side), 1, kit) for side in ("left", "right"))
    assert kit != "muldjord" or left != right


def test_chosen_performances_hold_every_drum_and_depend_on_the_seed(shared_data):
    once = choose_performances(shared_data / "groove", 3, 12.0, 1)
    again = choose_performances(shared_data / "groove", 3, 12.0, 1)
    other = choose_performances(shared_data / "groove", 3, 12.0, 2)
    assert once == again != other
    for performance in once:
        pieces = {stroke.piece for stroke in performance.strokes}
        assert {"kick", "snare", *TOMS} <= pieces
        assert max(stroke.time for stroke in performance.strokes) < 12.0


def test_performances_that_are_not_there_are_an_error(shared_data, tmp_path):
    with pytest.raises(InputError, match=r"info\.csv"):
        choose_performances(tmp_path, 1, 6.0, 1)
    (tmp_path / "info.csv").write_text("id,midi_filename,beat_type,time_signature,style,duration\n")
    with pytest.raises(InputError, match="expected 1 performances with all toms, found 0"):
        choose_performances(tmp_path, 1, 6.0, 1)


def test_resting_performances_hold_no_tom(shared_data):
    (performance,) = choose_performances(shared_data / "groove", 1, 12.0, 1, resting=True)
    pieces = {stroke.piece for stroke in performance.strokes}
    assert {"kick", "snare"} <= pieces
    assert not set(TOMS) & pieces


def test_a_resting_performance_has_the_levels_of_the_session(shared_data, faders, performances):
    """Drums that play have nearly the listed loudness, the toms are far below it."""
    resting = choose_performances(shared_data / "groove", 1, 6.0, 7, resting=True)
    one = HumanFaders(faders.songs[2:3], 0, 0, ())
    playing, still = renderings(
        one,
        shared_data,
        kits=("muldjord",),
        performances=performances,
        resting=resting,
        seed=5,
    )
    assert (playing.resting, still.resting) == (False, True)
    assert playing.song is still.song
    below = playing.table.column("loudness_lufs") - still.table.column("loudness_lufs")
    names = [track.role.name for track in playing.song.tracks]
    assert min(b for b, name in zip(below, names, strict=True) if name == "tom") > 10.0
    assert abs(below[names.index("kick in")]) < 8.0
    roles = [track.role for track in playing.song.tracks]
    active = activity_of(roles, still.measurement, still.table).active
    assert {name for name, plays in zip(names, active, strict=True) if not plays} == {"tom"}


@pytest.mark.parametrize("kit", KITS)
@pytest.mark.parametrize("name", ["Good Time", "Old Tree"])
def test_scaled_tracks_have_the_listed_loudness(shared_data, faders, performances, kit, name):
    (song,) = [song for song in faders.songs if song.name == name]
    tracks = render_song(song, load_kit(shared_data / "kits" / kit), performances[0], seed=3)
    measurement, gains = measure_song(song, tracks)
    table = features.feature_table(measurement)
    assert [track.shape[0] for track in tracks] == [track.channels for track in song.tracks]
    np.testing.assert_allclose(table.column("loudness_lufs"), song.raw_lufs, atol=0.01)
    meter = pyloudnorm.Meter(RATE, filter_class="DeMan")
    for track, gain, wanted in zip(tracks, gains, song.raw_lufs, strict=True):
        # a track of one channel plays on both sides
        sides = np.repeat(track, 2 // len(track), axis=0)
        scaled = sides.astype(np.float64).T * 10 ** (gain / 20)
        assert meter.integrated_loudness(scaled) == pytest.approx(wanted, abs=0.05)


def test_a_rendering_comes_from_the_cache_as_it_was_measured(
    shared_data, faders, performances, tmp_path
):
    one = HumanFaders(faders.songs[2:3], 0, 0, ())
    told: list[float] = []

    def run(cache: Path | None):
        return renderings(
            one,
            shared_data,
            kits=("gogodze",),
            performances=performances,
            seed=5,
            cache=cache,
            progress=lambda _what, share: told.append(share),
        )

    fresh, first = run(None), run(tmp_path / "cache")
    (held,) = (tmp_path / "cache").iterdir()
    stamp = held.stat().st_mtime_ns
    second = run(tmp_path / "cache")
    assert held.stat().st_mtime_ns == stamp
    for made in (first, second):
        np.testing.assert_array_equal(made[0].table.values, fresh[0].table.values)
    assert second[0].table.columns == features.COLUMNS
    assert told == [1.0, 1.0, 1.0]

    held.write_bytes(held.read_bytes()[:200])
    with pytest.raises(InputError, match="delete it and run again"):
        run(tmp_path / "cache")
    np.savez(held, values=np.zeros((2, 2)))
    with pytest.raises(InputError, match="delete it and run again"):
        run(tmp_path / "cache")
    np.savez(held, values=np.array([[None]], object))
    with pytest.raises(InputError, match="delete it and run again"):
        run(tmp_path / "cache")


def test_a_silent_track_cannot_be_scaled(faders):
    song = faders.songs[2]
    silent = [np.zeros((track.channels, RATE), np.float32) for track in song.tracks]
    with pytest.raises(InputError, match="rendered without a sound: 01_KickIn"):
        measure_song(song, silent)
