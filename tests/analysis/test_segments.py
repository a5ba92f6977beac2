"""A part of a session against a measurement of that part alone."""

from __future__ import annotations

import numpy as np
import pytest
from streams import ArrayStream, drum_track

from reaper_drumgain.analysis.descriptors import BandPowers, WeightedEnvelope
from reaper_drumgain.analysis.features import COLUMNS, feature_table
from reaper_drumgain.analysis.k_weighting import k_weighting
from reaper_drumgain.analysis.loudness import hop_length
from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.analysis.segments import SEGMENT_DESCRIPTORS, between

OTHERS = (WeightedEnvelope("k", k_weighting), BandPowers("bands", (20.0, 500.0, 4_000.0)))


SPECTRAL = ("band", "kit_band", "centroid", "rolloff", "flatness")


def tracks(rate, seconds):
    mono = [drum_track(rate, seconds, seed=n, density=0.5) for n in range(3)]
    mono[1][: 4 * rate] = 0.0
    stereo = np.stack([drum_track(rate, seconds, seed=n) for n in (7, 8)])
    return [*mono, stereo, np.zeros(round(seconds * rate))]


def measured(sounds, rate, descriptors=(), threads=1):
    return measure([ArrayStream(s, rate) for s in sounds], threads=threads, descriptors=descriptors)


# at the first rate frames are as long as hops, so that both see the same frames
@pytest.mark.parametrize("rate", [20_480, 44_100])
@pytest.mark.parametrize(("first", "last"), [(0, 60), (30, 94), (102, 160), (0, 200)])
def test_a_part_is_measured_as_if_alone(rate, first, last):
    sounds = tracks(rate, 16.03)
    hop = hop_length(rate)
    whole = measured(sounds, rate, (*SEGMENT_DESCRIPTORS, *OTHERS), threads=2)
    part = between(whole, first, last, OTHERS)
    cut = [np.atleast_2d(sound)[:, first * hop : last * hop] for sound in sounds]
    alone = measured(cut, rate, OTHERS)
    assert part.seconds == pytest.approx(alone.seconds)
    got, want = feature_table(part).values, feature_table(alone).values
    for column, name in enumerate(COLUMNS):
        if rate == 44_100 and name.startswith(SPECTRAL):
            continue  # frames begin elsewhere: with so few hits they hold others
        np.testing.assert_allclose(got[:, column], want[:, column], atol=0.1, err_msg=name)
    for mine, theirs in zip(part.tracks, alone.tracks, strict=True):
        np.testing.assert_array_equal(mine.peaks, theirs.peaks[:, : mine.peaks.shape[1]])
    gains = np.array([[0.5, 1.0, 0.7, 1.0, 0.0, 0.3], [0.5, 0.2, 0.7, 0.0, 1.0, 0.3]])
    assert part.mix.integrated(gains) == pytest.approx(alone.mix.integrated(gains), abs=0.05)
    for descriptor in OTHERS:
        for mine, theirs in zip(
            part.described[descriptor.name], alone.described[descriptor.name], strict=True
        ):
            assert abs(len(mine) - len(theirs)) <= 1
            assert mine.mean() == pytest.approx(
                theirs.mean(), rel=0.3 if rate == 44_100 else 0.01, abs=1e-9
            )


def test_the_whole_is_what_it_is_without_pieces():
    sounds = tracks(44_100, 16.03)
    plain = measured(sounds, 44_100)
    whole = measured(sounds, 44_100, SEGMENT_DESCRIPTORS)
    np.testing.assert_array_equal(feature_table(whole).values, feature_table(plain).values)
    part = between(whole, 0, 161)
    np.testing.assert_allclose(
        feature_table(part).values, feature_table(plain).values, rtol=1e-4, atol=1e-4
    )


def test_parts_need_pieces_and_some_length():
    plain = measured(tracks(22_050, 2.0), 22_050)
    with pytest.raises(ValueError, match="without segment levels"):
        between(plain, 0, 5)
    whole = measured(tracks(22_050, 2.0), 22_050, SEGMENT_DESCRIPTORS)
    for first, last in ((3, 3), (5, 2), (-1, 4)):
        with pytest.raises(ValueError, match="expected hops"):
            between(whole, first, last)
    beyond = between(whole, 500, 600)
    assert np.isnan(feature_table(beyond).column("loudness_lufs")).all()
