"""Recording gains from invented bleed: found where it is there, faded where it is not."""

import dataclasses

import numpy as np
import pytest
from kit_support import ROLES, invented_session

from reaper_drumgain.analysis.level_departure import LevelDeparture
from reaper_drumgain.analysis.recording_gain import (
    BleedEvidence,
    GainModel,
    bleed_evidence,
    infer_recording_gain,
)
from reaper_drumgain.methods.drum_responses import DrumResponses
from reaper_drumgain.methods.gain_law import placement_variances
from reaper_drumgain.methods.microphone_places import drum_key
from reaper_drumgain.methods.session_levels import louder_hits, session_hits

LEVELS = invented_session(11)
HITS = session_hits(LEVELS)
EXPECTED = DrumResponses().expected(
    LEVELS.microphones, [drum_key(name) for name in HITS.strokes.names]
)
PLACEMENT = placement_variances(ROLES) + 12.0
#: a level that says nothing
SILENT = LevelDeparture(np.full(len(ROLES), np.nan), np.full(len(ROLES), np.inf))


def estimate(shift, departure=SILENT, scale=1.0):
    evidence = bleed_evidence(louder_hits(HITS, np.asarray(shift)), EXPECTED)
    evidence = BleedEvidence(evidence.precision * scale, evidence.offset_db)
    return infer_recording_gain(evidence, departure, PLACEMENT, np.ones(len(ROLES)))


@pytest.mark.parametrize("track", range(len(ROLES)))
def test_a_gain_far_from_the_usual_is_found_from_bleed_alone(track):
    shift = 20.0 * np.eye(len(ROLES))[track]
    found = estimate(shift).mean_db - estimate(0.0 * shift).mean_db
    others = np.delete(found, track)
    # of a kick microphone, which hears nothing else well, little is known
    least = 3.0 if ROLES[track].name == "kick" else 7.0
    assert least < found[track] - np.median(others) < 20.0
    assert np.ptp(others) < 4.0


def test_offsets_follow_gains_exactly_and_the_precision_stays():
    shift = np.random.default_rng(3).uniform(-15.0, 15.0, len(ROLES))
    before = bleed_evidence(HITS, EXPECTED)
    after = bleed_evidence(louder_hits(HITS, shift), EXPECTED)
    np.testing.assert_allclose(after.precision, before.precision, atol=1e-9)
    moved = after.offset_db - before.offset_db
    np.testing.assert_allclose(moved - moved.mean(), shift - shift.mean(), atol=1e-6)


def test_the_whole_session_recorded_louder_is_no_recording_gain():
    same = estimate(np.full(len(ROLES), 13.0))
    np.testing.assert_allclose(same.mean_db, estimate(np.zeros(len(ROLES))).mean_db, atol=1e-9)


def test_without_bleed_the_level_speaks_and_between_the_two_nothing_jumps():
    shift = np.array([0.0, 6.0, -9.0, 0.0, 12.0, 0.0, -6.0])
    departure = LevelDeparture(shift, np.zeros(len(ROLES)))
    scales = [1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0]
    found = np.array([estimate(shift, departure, scale).mean_db for scale in scales])
    assert np.abs(np.diff(found, axis=0)).max() < 2.5
    away = shift - shift.mean()
    assert (found[-1] @ away) / (away @ away) > 0.4
    nothing = infer_recording_gain(
        BleedEvidence(np.zeros((7, 7)), np.zeros(7)), SILENT, PLACEMENT, np.ones(7)
    )
    np.testing.assert_allclose(nothing.mean_db, 0.0, atol=1e-12)
    assert (nothing.sd_db > 5.0).all()


def test_a_kick_microphone_says_how_little_is_known():
    gain = estimate(np.zeros(len(ROLES)))
    assert gain.sd_db[0] > gain.sd_db[1]
    low, high = gain.interval().T
    np.testing.assert_allclose(high - low, 2 * 1.2816 * gain.sd_db)


def test_careless_sessions_are_told_from_careful_ones():
    careful = estimate(np.zeros(len(ROLES)))
    careless = estimate(np.random.default_rng(1).uniform(-15.0, 15.0, len(ROLES)))
    assert careless.careless_db > careful.careless_db + 2.0


def test_few_and_blurred_strokes_are_worth_less():
    def precision(hits):
        return np.diag(bleed_evidence(hits, EXPECTED).precision)

    blurred = dataclasses.replace(HITS, share=HITS.share * 0.1)
    assert (precision(blurred) < precision(HITS)).all()
    few = HITS.strokes.assigned & (np.cumsum(HITS.strokes.assigned, axis=1) <= 2)
    strokes = dataclasses.replace(HITS.strokes, assigned=few)
    assert (precision(dataclasses.replace(HITS, strokes=strokes)) < precision(HITS)).all()


def test_one_track_alone_has_no_recording_gain():
    gain = infer_recording_gain(
        BleedEvidence(np.zeros((1, 1)), np.zeros(1)),
        LevelDeparture(np.array([9.0]), np.zeros(1)),
        np.array([64.0]),
        np.ones(1),
        GainModel(),
    )
    assert gain.mean_db.tolist() == [0.0]
