"""The share of gains within the interval is right where the errors are known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from kit_support import invented_session

from reaper_drumgain.learn.data.kit_sessions import KitSession
from reaper_drumgain.learn.evidence import calibration as module
from reaper_drumgain.learn.evidence.calibration import calibration, calibration_table

USUAL = dict.fromkeys(("kick", "snare top", "hi-hat", "tom", "overhead", "room"), -25.0)


@pytest.mark.parametrize(("told", "share"), [(1.0, 0.8), (0.5, 0.48), (2.0, 0.99)])
def test_errors_of_a_known_size_are_within_as_often_as_they_should(told, share):
    errors = np.random.default_rng(1).standard_normal((20, 10, 30))
    held = module._covered(errors, np.full(errors.shape, told), 1)
    assert held["share"] == pytest.approx(share, abs=0.02)
    low, high = held["interval95"]
    assert low <= held["share"] <= high
    assert (held["microphones"], held["gains"]) == (30, 6000)


def test_what_a_kit_was_recorded_at_counts_as_error_and_is_told_apart():
    errors = 0.1 * np.random.default_rng(1).standard_normal((8, 5, 4)) + np.array([3, -3, 3, -3])
    held = module._covered(errors, np.ones(errors.shape), 1)
    assert held["share"] == 0.0
    assert held["without the kit's own"] == 1.0
    assert held["kit's own"] == pytest.approx(3.0, abs=0.1)


def test_each_kit_is_judged_by_the_other_alone(monkeypatch):
    kits = {
        name: [
            KitSession.of(invented_session(place + start, placement_seed=start))
            for place in range(2)
        ]
        for name, start in (("one", 10), ("other", 20))
    }
    learned = []
    fit = module.fit_drum_responses

    def noted(known, usual):
        learned.append(list(known))
        return fit(known, usual)

    monkeypatch.setattr(module, "fit_drum_responses", noted)
    figures = calibration(kits, USUAL, 1)
    assert learned == [["other"], ["one"]]
    json.dumps(figures, allow_nan=False)
    assert figures["one"]["all"]["share"] > 0.4
    rows = calibration_table(figures)
    assert len({len(row) for row in rows}) == 1
    assert calibration({"one": kits["one"]}, USUAL, 1) == {}
