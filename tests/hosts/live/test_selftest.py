"""Given a REAPER, when the self-test runs, then it says what holds, and leaves nothing behind."""

import pytest

ANSWERS = ({"kind": "GetUserInputs", "answer": "ok"}, {"kind": "SaveChanges", "answer": "no"})


def lines(report):
    return report.console.splitlines()


def test_all_holds_on_the_stand_in_and_nothing_is_left(reaper):
    report = reaper.play({"ticks": 1}, reaper.press("self_test", *ANSWERS))
    assert lines(report)[-1].endswith("0 fail"), report.console
    assert "REAPER 7.27" in report.console
    assert sum(line.startswith("holds") for line in lines(report)) >= 14
    assert len(report.data["projects"]) == 1
    assert report.state()["tracks"] == report.state(0)["tracks"]
    assert report.undo() == []
    own = [w for w in report.data["writes"] if w["project"] == reaper.project.name]
    assert own == []


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ({"undo_flags": "none"}, "FAILS  an undo block with flag 1"),
        ({"undo_flags": "all"}, "FAILS  project ext state outlives the undo"),
        ({"no_prefader_stems": True}, "FAILS  pre-fader stems"),
        ({"stuck_faders": {"": 0.9}}, "FAILS  a fader is linear"),
    ],
    ids=str,
)
def test_what_does_not_hold_is_said(reaper, faults, said):
    report = reaper.play(reaper.press("self_test", *ANSWERS), faults=faults)
    assert said in report.console


def test_a_missing_worker_is_said(make_fake):
    reaper = make_fake("sys.exit(1)")
    reaper.options["clock"] = "real"
    worker = reaper.folder / "fake worker"
    worker.write_text("#!/bin/sh\nexit 3\n")
    report = reaper.play(reaper.press("self_test", *ANSWERS))
    assert "FAILS  the worker's Python" in report.console


def test_the_dialog_is_part_of_it(reaper):
    answers = ({"kind": "GetUserInputs", "answer": "cancel"}, ANSWERS[1])
    report = reaper.play(reaper.press("self_test", *answers))
    assert "FAILS  the dialog gives its values back" in report.console


def test_it_is_cancelled_by_a_second_press_and_closes_its_tab(reaper):
    report = reaper.play(reaper.press("self_test", *ANSWERS, ticks=20), reaper.press("self_test"))
    assert "cancelled" in report.console
    assert len(report.data["projects"]) == 1
