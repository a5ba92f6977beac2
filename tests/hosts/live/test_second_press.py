"""A press that finds everything where the last one put it writes nothing."""

import pytest


@pytest.mark.parametrize("scope", ["balance_all", "balance_selected"])
def test_a_second_press_moves_nothing_and_leaves_no_undo_point(reaper, scope):
    report = reaper.play(
        {"do": {"select": ["Kick In", "Snare Top", "OH L"]}},
        reaper.press(scope),
        reaper.press(scope),
    )
    assert report.faders(1) != report.faders(0)
    assert report.faders(2) == report.faders(1)
    assert report.undo(2) == report.undo(1)
    assert report.console.count("moved 0 of 11") == 1
