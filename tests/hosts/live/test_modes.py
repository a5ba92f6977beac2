"""Given faders that DrumGain or the user set, when pressed, then the mode fits. The worker is the
real one; the project file tells what is stored on the tracks."""

import dataclasses

from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.hosts import rpp
from reaper_drumgain.schema.fader_note import KEY, standing_note
from reaper_drumgain.schema.settings import Settings


def saved(path):
    return rpp.read_project(path).session


def test_each_fader_that_was_written_leaves_its_note_and_undo_takes_it_away(reaper, project):
    done, undone = (project.with_name(f"{name}.RPP") for name in ("done", "undone"))
    report = reaper.play(
        reaper.press("balance_all"),
        {"do": {"save": str(done)}},
        {"do": {"undo": 1}},
        {"do": {"save": str(undone)}},
    )
    before = saved(project).tracks
    moved = [t for t in saved(done).tracks if t.fader != before[t.index].fader]
    assert len(moved) == 11
    for track in moved:
        note = standing_note(track)
        assert note is not None
        assert (note.mode, note.before) == ("all", before[track.index].fader)
    assert KEY not in undone.read_text()
    assert report.undo() == []
    assert "all faders balanced anew (11 of 11" in report.console
    assert "mode 'outliers' in the settings" in report.console


def test_a_second_press_changes_nothing_and_one_fader_is_put_back(reaper):
    report = reaper.play(
        reaper.press("balance_all"),
        reaper.press("balance_all"),
        {"do": {"fader": {"Hi-Hat": 0.1}}},
        reaper.press("balance_all"),
    )
    assert report.faders(1) == report.faders(0)
    assert "moved 0 of 11 drum tracks" in report.console.splitlines()[1]
    assert "(10 of 11" in report.console.splitlines()[2]
    assert report.faders()["Hi-Hat"] > 0.3
    # the first and the third press, and the user between them
    assert len(report.undo()) == 3


def test_faders_set_by_hand_stay_until_everything_is_rebalanced(reaper, project):
    session = saved(project)
    plan = balance(session, Settings())
    hand = {t.name: 10 ** ((t.new_db - 3.0 + 0.4 * t.index) / 20) for t in plan.tracks}
    mixed = dataclasses.replace(
        session,
        tracks=tuple(
            dataclasses.replace(t, fader=hand.get(t.name, t.fader)) for t in session.tracks
        ),
    )
    assert balance(mixed, Settings()).mode == "outliers"
    report = reaper.play(
        {"do": {"fader": hand}},
        reaper.press("balance_all"),
        reaper.press("rebalance_all"),
        reaper.press("settings", {"answer": "ok"}),
    )
    assert report.faders(1) == report.faders(0)
    first, second, third = report.console.splitlines()
    assert "only faders outside the engineers' range move (0 of 11" in first
    assert "'rebalance everything' balances all anew" in first
    assert "moved 0 of 11" in first
    assert "all faders balanced anew (as set)" in second
    # of this one run alone
    assert "mode auto" in third
    assert report.faders(2) != report.faders(1)


def test_the_amount_renews_the_notes(fake, project):
    less = project.with_name("less.RPP")
    fake.play(fake.press("balance_all"), fake.press("amount_down"), {"do": {"save": str(less)}})
    tracks = [track for track in saved(less).tracks if track.fader_note]
    assert len(tracks) == 11
    assert all(standing_note(track) is not None for track in tracks)
