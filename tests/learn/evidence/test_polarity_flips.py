"""Flipped microphones in rendered sessions are found, right ones are let be."""

from __future__ import annotations

import numpy as np
import pytest

from reaper_drumgain.balance.side_by_side import plans_of
from reaper_drumgain.learn.data.kits import RATE
from reaper_drumgain.learn.data.performances import choose_any_style
from reaper_drumgain.learn.evidence import polarity_flips as module
from reaper_drumgain.learn.evidence.polarity_flips import CLEAR_DB, KICK, SNARE, Pair, flip_db
from reaper_drumgain.methods.baselines import Unity


def test_a_flip_is_worth_what_sum_and_difference_say():
    time = np.arange(RATE) / RATE
    tone = np.sin(2 * np.pi * 120.0 * time).astype(np.float32)
    quarter = np.sin(2 * np.pi * 120.0 * time - np.pi / 2).astype(np.float32)
    assert flip_db(tone, 0.1 * tone) < -40.0
    assert flip_db(tone, -3.0 * tone) > 40.0
    assert flip_db(tone, quarter) == pytest.approx(0.0, abs=0.1)
    # 60 degrees apart: the sum is 10 log10(3) over the difference
    sixth = np.sin(2 * np.pi * 120.0 * time - np.pi / 3).astype(np.float32)
    assert flip_db(tone, sixth) == pytest.approx(-10.0 * np.log10(3.0), abs=0.1)


@pytest.mark.parametrize("pair", [Pair(SNARE, "muldjord"), Pair(KICK, "gogodze")])
def test_flips_are_found_and_right_ones_are_not_accused(shared_data, pair, monkeypatch):
    monkeypatch.setattr(module, "_WRONG_MS", 5.0)
    chosen = choose_any_style(shared_data / "groove", 1, 12.0, [3, 17], {"snare": 8, "kick": 8})
    cases = module._judged(shared_data, plans_of, {"unity": Unity()}, chosen, 3, (pair, 0))
    assert len(cases) == 3
    usual = [case for case in cases if not case.shifted]
    assert usual[0].flip_db == pytest.approx(-usual[1].flip_db)
    for case in usual:
        assert not case.late
        if abs(case.flip_db) >= CLEAR_DB:
            assert case.told == (case.flip_db > 0.0)
        assert case.others == 0
