"""Which hits are kept, and how much."""

from __future__ import annotations

import numpy as np

from reaper_drumgain.analysis.hit_spectra import FEWEST_HITS, MOST_BYTES, MOST_HITS, HitCollector

RATE, LENGTH = 44_100, 2048


def collector(tracks: int, channels: int) -> HitCollector:
    return HitCollector(tracks, channels, RATE, LENGTH)


def offered(kept: HitCollector, channels: int, energies: np.ndarray) -> None:
    """An onset of each track for each row of ``energies``, its step as its spectrum."""
    bins = kept.bins.stop - kept.bins.start
    for step, energy in enumerate(energies.astype(np.float32)):
        if kept.wanted(energy):
            spectra = np.full((channels, bins), 1.0 + 1j * step / 1000, dtype=np.complex64)
            kept.offer(step, energy, spectra)


def test_the_strongest_hits_of_each_track_are_kept():
    energies = np.zeros((200, 2))
    energies[:100, 0] = np.arange(1, 101)
    energies[100:, 1] = np.arange(100, 0, -1)
    kept = collector(2, 2)
    offered(kept, 2, energies)
    found = kept.finish()
    assert found.steps.tolist() == list(range(60, 100)) + list(range(100, 140))
    assert (found.energy[0] > 0).sum() == (found.energy[1] > 0).sum() == MOST_HITS
    assert found.frequencies[0] >= 40.0
    assert found.frequencies[-1] <= 6000.0


def test_spectra_are_those_of_their_hits_whatever_the_gain():
    kept = collector(1, 2)
    spectra = np.random.default_rng(1).standard_normal((2, 554)).astype(np.float32)
    quiet = spectra.view(np.complex64) * np.array([[1e-9], [1e6]], dtype=np.complex64)
    kept.offer(7, np.ones(1, dtype=np.float32), quiet)
    found = kept.finish()
    for channel in range(2):
        own = found.of(np.array([0]), channel)[0]
        wanted = quiet[channel] / np.abs(quiet[channel].view(np.float32)).max()
        np.testing.assert_allclose(own, wanted, atol=2e-3)


def test_hits_at_onsets_that_are_left_out_later_are_forgotten():
    kept = collector(1, 1)
    offered(kept, 1, np.arange(1, 11)[:, None].astype(float))
    kept.keep_only([3, 5, 99])
    assert kept.finish().steps.tolist() == [3, 5]


def test_many_tracks_keep_fewer_hits_each():
    few, many = collector(12, 12), collector(40, 60)
    energies = np.random.default_rng(1).random((400, 40))
    offered(many, 60, energies)
    assert few.wanted(np.ones(12, dtype=np.float32))
    found = many.finish()
    assert ((found.energy > 0).sum(axis=1) == FEWEST_HITS).all()
    offered(few, 12, energies[:, :12])
    assert few.finish().parts.nbytes <= MOST_BYTES


def test_silence_and_what_is_not_finite_counts_as_silent():
    kept = collector(1, 2)
    spectra = np.zeros((2, kept.bins.stop - kept.bins.start), dtype=np.complex64)
    spectra[1] = np.nan
    kept.offer(0, np.ones(1, dtype=np.float32), spectra)
    assert not kept.finish().parts.any()
