"""Rendering: the same samples again, the right hits, the right places."""

from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from reaper_drumgain.errors import InputError, MediaError
from reaper_drumgain.learn.data.kits import RATE, load_kit
from reaper_drumgain.learn.data.performances import (
    PIECE_OF_NOTE,
    PIECES,
    Stroke,
    excerpt,
    liveliest,
    read_performance,
)
from reaper_drumgain.learn.data.render import VirtualMic, render

FOLDERS = ("ks", "sc", "ss", "hc", "hf", "hl", "th", "tm", "tl", "ho", "hh", "ht")
MICROPHONES = ("kick", "snare", "oh", "side", "front", "window", "retro")


@pytest.fixture(scope="module")
def kit_folder(tmp_path_factory) -> Path:
    """A kit in which the hit NN of each folder is 100 ms of the constant NN / 32 on each
    microphone, less on the later ones."""
    folder = tmp_path_factory.mktemp("kits") / "gogodze"
    for piece in FOLDERS:
        (folder / piece).mkdir(parents=True)
        for layer in (1, 2, 3, 4):
            for place, name in enumerate(MICROPHONES):
                level = layer / 32 / (place + 1)
                path = folder / piece / f"vl{layer}_rr1-{name}.flac"
                soundfile.write(path, np.full(RATE // 10, level), RATE, subtype="PCM_16")
    return folder


@pytest.fixture(scope="module")
def kit(kit_folder):
    return load_kit(kit_folder)


TAPS = [VirtualMic((name,)) for name in MICROPHONES]


def test_a_stroke_sounds_on_all_microphones_from_its_time_on(kit):
    sound = render(kit, [Stroke(0.5, "kick", 1.0)], TAPS, 1.0, seed=0)
    assert sound.shape == (7, RATE)
    assert sound.dtype == np.float32
    first = round(0.5 * RATE)
    assert not sound[:, :first].any()
    assert (sound[:, first : first + RATE // 10] > 0).all()
    assert not sound[:, first + RATE // 10 :].any()
    np.testing.assert_allclose(sound[0, first] / sound[:, first], np.arange(1, 8), rtol=1e-2)


def test_velocity_chooses_the_layer_and_never_scales_it(kit):
    seen = [
        [render(kit, [Stroke(0.0, "snare", v)], TAPS[:1], 0.2, seed=n)[0, 0] for n in range(60)]
        for v in (0.0, 1 / 3, 2 / 3, 1.0)
    ]
    levels = np.arange(1, 5) / 32
    for values in seen:
        assert np.abs(np.subtract.outer(values, levels)).min(axis=1).max() < 1e-4
    means = [np.mean(values) for values in seen]
    assert means == sorted(means)
    assert means[-1] > 2.5 * means[0]


@given(
    st.lists(
        st.builds(Stroke, st.floats(-1, 3), st.sampled_from(PIECES), st.floats(0, 1)), max_size=20
    ),
    st.integers(0, 2**32),
)
def test_the_same_arguments_give_the_same_samples(kit, strokes, seed):
    mic = [VirtualMic(("oh",), tilt_db=6.0), VirtualMic(("snare", "side"), ("snare",), 18.0)]
    once = render(kit, strokes, mic, 1.5, seed=seed)
    assert np.isfinite(once).all()
    np.testing.assert_array_equal(once, render(kit, strokes, mic, 1.5, seed=seed))


def test_another_seed_gives_other_hits(kit):
    strokes = [Stroke(n / 10, "snare", 0.5) for n in range(20)]
    one, other = (render(kit, strokes, TAPS[:1], 2.0, seed=seed) for seed in (1, 2))
    assert not np.array_equal(one, other)


def test_a_closing_hi_hat_stops_the_open_one(kit):
    open_hat = Stroke(0.0, "hi-hat open", 1.0)
    alone = render(kit, [open_hat], TAPS, 0.2, seed=3)
    closed = render(kit, [open_hat, Stroke(0.02, "hi-hat pedal", 0.0)], TAPS, 0.2, seed=3)
    pedal = render(kit, [Stroke(0.02, "hi-hat pedal", 0.0)], TAPS, 0.2, seed=3)
    rest = closed - pedal
    end = round(0.02 * RATE) + round(0.05 * RATE)
    assert np.abs(alone[:, end:]).max() > 0.01
    assert np.abs(rest[0, end:]).max() < np.abs(alone[0, end:]).max() / 2


def test_piece_gains_and_focus_scale_whole_pieces(kit):
    strokes = [Stroke(0.0, "kick", 1.0), Stroke(0.2, "tom 1", 1.0)]
    plain = render(kit, strokes, TAPS[:1], 0.4, seed=5)
    lifted = render(kit, strokes, TAPS[:1], 0.4, seed=5, piece_gains_db={"kick": 6.0})
    close = render(kit, strokes, [VirtualMic(("kick",), ("tom 1",), 20.0)], 0.4, seed=5)
    half = round(0.2 * RATE)
    np.testing.assert_allclose(lifted[0, :half], plain[0, :half] * 10**0.3, rtol=1e-5)
    np.testing.assert_array_equal(lifted[0, half:], plain[0, half:])
    np.testing.assert_allclose(close[0, :half], plain[0, :half] / 10, rtol=1e-5)
    np.testing.assert_allclose(close[0, half:], plain[0, half:], rtol=1e-5)


def test_tilt_moves_treble_against_bass_by_its_value(kit):
    strokes = [Stroke(0.1, "kick", 1.0)]
    plain, tilted = (
        np.abs(
            np.fft.rfft(render(kit, strokes, [VirtualMic(("kick",), tilt_db=t)], 1.0, seed=0)[0])
        )
        for t in (0.0, 12.0)
    )
    for frequency, gain in ((125, -6.0), (1005, 0.0), (8005, 6.0), (15005, 6.0)):
        assert plain[frequency] > 0.01
        change = 20 * np.log10(tilted[frequency] / plain[frequency])
        assert change == pytest.approx(gain, abs=0.1)


def test_unknown_names_are_refused(kit, tmp_path):
    with pytest.raises(InputError, match="no microphone 'room'"):
        render(kit, [], [VirtualMic(("room",))], 1.0, seed=0)
    with pytest.raises(InputError, match="no piece is named 'gong'"):
        render(kit, [], TAPS, 1.0, seed=0, piece_gains_db={"gong": 1.0})
    with pytest.raises(InputError, match="no known kit"):
        load_kit(tmp_path)


def test_a_kit_with_files_missing_or_of_another_kind_is_refused(kit_folder, tmp_path):
    import shutil

    broken = tmp_path / "gogodze"
    shutil.copytree(kit_folder, broken)
    (broken / "ks" / "vl2_rr1-retro.flac").unlink()
    with pytest.raises(InputError, match=r"vl2_rr1 lacks vl2_rr1-retro\.flac"):
        load_kit(broken)
    soundfile.write(broken / "ks" / "vl2_rr1-retro.flac", np.zeros(100), 48000)
    with pytest.raises(MediaError, match="got 48000 Hz"):
        load_kit(broken).hit("kick", 1)
    (broken / "ks" / "vl2_rr1-retro.flac").write_bytes(b"fLaC")
    with pytest.raises(MediaError, match="retro"):
        load_kit(broken).hit("kick", 1)
    shutil.rmtree(broken / "tl")
    with pytest.raises(InputError, match="found none"):
        load_kit(broken)


def test_a_performance_is_read_with_its_times_and_velocities(tmp_path):
    midi = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=600_000)])
    for note, velocity, after in ((36, 127, 0), (38, 64, 240), (38, 0, 10), (99, 90, 0)):
        track.append(mido.Message("note_on", note=note, velocity=velocity, time=after, channel=9))
    midi.tracks.append(track)
    midi.save(tmp_path / "a.mid")
    strokes = read_performance(tmp_path / "a.mid")
    assert [(s.piece, s.velocity) for s in strokes] == [("kick", 1.0), ("snare", 64 / 127)]
    assert [s.time for s in strokes] == pytest.approx([0.0, 0.3])


def test_what_is_no_midi_is_refused(tmp_path):
    path = tmp_path / "a.mid"
    path.write_bytes(b"MThd\x00\x00\x00\x06\x00\x01")
    with pytest.raises(InputError, match="not a MIDI file"):
        read_performance(path)
    with pytest.raises(InputError, match="not a MIDI file"):
        read_performance(tmp_path / "none.mid")


def test_the_liveliest_window_holds_most_pieces():
    strokes = [Stroke(n, "kick", 1.0) for n in range(40)]
    strokes += [Stroke(30.5, "tom 1", 1.0), Stroke(31.0, "snare", 1.0)]
    start = liveliest(strokes, 8.0)
    assert {s.piece for s in excerpt(strokes, start, 8.0)} == {"kick", "tom 1", "snare"}
    assert all(0 <= s.time < 8.0 for s in excerpt(strokes, start, 8.0))
    assert liveliest([], 8.0) == 0.0


def test_all_notes_of_the_data_set_are_in_the_map(shared_data):
    """Every drummer's first performances hold no note that would be dropped."""
    notes = set()
    for path in sorted((shared_data / "groove").rglob("*.mid"))[::40]:
        notes |= {m.note for m in mido.MidiFile(path) if m.type == "note_on" and m.velocity}
    assert notes
    assert notes <= set(PIECE_OF_NOTE)


@pytest.mark.parametrize("name", ["muldjord", "gogodze"])
def test_hits_of_the_real_kits_rise_in_loudness_with_their_place(shared_data, name):
    kit = load_kit(shared_data / "kits" / name)
    for piece in ("kick", "snare", "tom 1"):
        count = len(kit.hits[piece])
        soft, loud = (kit.hit(piece, place).astype(float) for place in (0, count - 1))
        assert np.square(loud).sum() > 4 * np.square(soft).sum()


def test_bleed_is_real(shared_data):
    kit = load_kit(shared_data / "kits" / "muldjord")
    mics = [VirtualMic(("KdrumR",)), VirtualMic(("Snare_top",)), VirtualMic(("OHL",))]
    sound = render(kit, [Stroke(0.0, "snare", 1.0)], mics, 0.5, seed=0)
    peaks = np.abs(sound).max(axis=1)
    assert peaks[1] > 5 * peaks[2] > 0
    assert peaks[2] > peaks[0] > 0
