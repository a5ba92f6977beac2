"""Gains come back from mixes of rendered kits, with the bleed of real rooms."""

import numpy as np
import pytest
from mix_support import decibel, k_power, late, peak_filter, rounded, shelf_filter
from scipy.signal import fftconvolve, lfilter

from reaper_drumgain.learn.data.kits import RATE, load_kit
from reaper_drumgain.learn.data.render import VirtualMic, render
from reaper_drumgain.learn.reverse_engineering.mix_gains import reverse_engineer

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
