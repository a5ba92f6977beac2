"""Presses that overlap, the dialog that REAPER shows then, and what a press leaves behind."""

import json

import pytest

WAITS = "time.sleep(60)\n"
GIVES_PLAN = "put('result.json', json.dumps({'protocol': 1, 'version': version, 'plan': plan}))\n"
NEW = {"kind": "TaskControl", "answer": "new"}
TERMINATE = {"kind": "TaskControl", "answer": "terminate"}
SMALL = ["amount_down", "amount_up", "compare", "overheads_up", "overheads_down", "show_last"]


def boxes(report):
    return [d["text"] for d in report.data["dialogs"] if d["kind"] == "ShowMessageBox"]


def asked(report):
    return [d for d in report.data["dialogs"] if d["kind"] == "TaskControl"]


@pytest.fixture
def first_waits(make_fake, tmp_path):
    """A worker whose first run waits for as long as it is let."""
    mark = tmp_path / "the first run has begun"
    body = f"p = {str(mark)!r}\nif not os.path.exists(p):\n    open(p, 'w'); time.sleep(60)\n"
    reaper = make_fake(body + GIVES_PLAN)
    reaper.options["clock"] = "real"
    return reaper


@pytest.mark.parametrize("at_exit", [True, False], ids=["told", "silent"])
def test_a_run_that_was_terminated_blocks_nothing_and_is_told_once(first_waits, at_exit):
    """Neither a worker nor a lock is left, whether or not REAPER lets the script clean up."""
    report = first_waits.play(
        {"ticks": 1},
        first_waits.press("balance_all", ticks=12),
        first_waits.press("balance_all", TERMINATE, ticks=2),
        first_waits.press("balance_all"),
        first_waits.press("repeat"),
        faults={"terminated_at_exit": at_exit},
    )
    assert report.faders(2) == report.faders(0)
    assert report.undo(3) == ["DrumGain: balance 11 drum tracks (forest)"]
    told = [line for line in report.console.splitlines() if "REAPER ended the last run" in line]
    assert len(told) == 1
    assert "New instance" in told[0]


def test_terminate_remembered_ends_the_run_and_the_next_press_runs(first_waits):
    report = first_waits.play(
        {"ticks": 1},
        first_waits.press("balance_all", ticks=12),
        first_waits.press("balance_all", {**TERMINATE, "remember": True}, ticks=2),
        first_waits.press("balance_all", ticks=3),
        first_waits.press("balance_all", ticks=3),
        first_waits.press("balance_all"),
    )
    assert len(asked(report)) == 1
    assert report.undo()[-1:] == ["DrumGain: balance 11 drum tracks (forest)"]


def test_a_new_instance_cancels_and_is_not_asked_for_again(make_fake):
    reaper = make_fake(WAITS)
    reaper.options["clock"] = "real"
    report = reaper.play(
        {"ticks": 1},
        reaper.press("balance_all", ticks=12),
        reaper.press("balance_all", {**NEW, "remember": True}),
        reaper.press("balance_all", ticks=12),
        reaper.press("balance_all"),
    )
    assert report.console.count("cancelled, nothing was changed") == 2
    assert len(asked(report)) == 1
    assert report.undo() == []


def test_the_dialog_left_alone_lets_the_run_go_on(make_fake):
    reaper = make_fake("time.sleep(0.9)\n" + GIVES_PLAN)
    reaper.options["clock"] = "real"
    report = reaper.play(
        {"ticks": 1},
        reaper.press("balance_all", ticks=12),
        reaper.press("balance_all", {"kind": "TaskControl", "answer": "cancel"}),
    )
    assert "moved 11 of 11" in report.console


def test_a_press_of_another_action_cancels_without_the_dialog(first_waits):
    report = first_waits.play(
        {"ticks": 1},
        first_waits.press("balance_all", ticks=12),
        first_waits.press("rebalance_all"),
        first_waits.press("balance_all", ticks=12),
        first_waits.press("cancel"),
    )
    assert asked(report) == []
    assert report.console.splitlines()[0] == "DrumGain: cancelled, nothing was changed"


def test_small_actions_end_in_the_next_tick(fake):
    """So a key that is held down meets no dialog."""
    repeated = [name for name in SMALL for _ in range(3)]
    presses = [fake.press(name) for name in repeated]
    report = fake.play({"ticks": 1}, fake.press("balance_all"), *presses)
    assert asked(report) == []
    ticks = [step["ticks"] for step in report.data["steps"][2:]]
    # the overheads' actions read the project first, in as few ticks as the computer allows
    assert all(n <= 1 for n, name in zip(ticks, repeated, strict=True) if "overheads" not in name)
    assert boxes(report) == []


@pytest.mark.parametrize("version", ["6.20/win64", "7.45/win64"])
def test_the_console_is_opened_once_by_results(fake, version):
    presses = [fake.press(name) for name in SMALL if name != "show_last"]
    report = fake.play(
        {"ticks": 1}, fake.press("balance_all"), fake.press("repeat"), *presses, version=version
    )
    assert report.data["console_opened"] == 1
    assert "!SHOW" not in report.console
    assert report.data["help"].startswith("DrumGain: ")
    # newer versions add what follows, older ones have the help line and 'show last result'
    assert (len(report.console.splitlines()) > 4) == version.startswith("7")


def test_what_has_to_be_read_opens_it(fake):
    report = fake.play(fake.press("balance_all"), fake.press("show_last"), fake.press("cancel"))
    assert report.data["console_opened"] == 3


PROGRESS = """
for n in range(30):
    put('progress.json', json.dumps({'doing': 'listening', 'share': n / 30}))
    time.sleep(0.15)
"""


def test_a_long_run_says_once_what_to_answer(make_fake):
    reaper = make_fake(PROGRESS + GIVES_PLAN)
    reaper.options["clock"] = "real"
    report = reaper.play({"ticks": 1}, reaper.press("balance_all"), reaper.press("repeat"))
    progress = [line for line in report.console.splitlines() if "listening" in line]
    assert len(progress) == 2
    assert ["New instance" in line for line in progress] == [True, False]
    assert report.data["ext_state"]["DrumGain/told_task_control"] == "1"


CHOSEN = {"fields": {"Method (name; number; ? lists)": "unity", "Amount in %": "50"}}


def test_settings_outlive_the_undo_of_something_else(fake):
    """The time selection's undo point takes the project's ext state along."""
    report = fake.play(
        {"do": {"time_selection": [1.0, 2.0]}},
        fake.press("settings", CHOSEN),
        {"do": {"undo": 1}},
        {"ticks": 1},
        fake.press("settings", {"answer": "ok"}),
        fake.press("settings", {"answer": "cancel"}),
    )
    stored = report.state(3)["ext_state"].get("DrumGain", {})
    assert "settings" not in stored, "the stand-in's undo takes it along"
    shown = [dialog["values"][:2] for dialog in report.data["dialogs"]]
    assert shown[1:] == [["unity", "50"]] * 2
    told = [
        line for line in report.console.splitlines() if "an undo also changed the settings" in line
    ]
    assert len(told) == 1
    assert "settings" in report.state()["ext_state"]["DrumGain"]


def test_the_last_result_outlives_the_undo_of_something_else(fake):
    report = fake.play(
        {"do": {"time_selection": [1.0, 2.0]}},
        fake.press("balance_all"),
        {"do": {"undo": 2}},
        fake.press("compare"),
    )
    assert "an undo also changed the last result" in report.console
    assert boxes(report) == []
    # the undo took the faders back, too, so the other side is that of the run
    assert report.faders() == report.faders(1)


def test_what_another_hand_stored_later_counts(fake):
    """The menu writes the same settings without DrumGain's Python."""
    own = {"kind": "settings", "schema": 1, "method": "unity", "stored": 99}
    fresh = {"kind": "settings", "schema": 1, "method": "equal-rms"}
    report = fake.play(
        fake.press("settings", {"answer": "ok"}),
        {"do": {"project_ext_state": [["DrumGain", "settings", json.dumps(own)]]}},
        fake.press("settings", {"answer": "cancel"}),
        {"do": {"project_ext_state": [["DrumGain", "settings", json.dumps(fresh)]]}},
        fake.press("settings", {"answer": "cancel"}),
    )
    assert [d["values"][0] for d in report.data["dialogs"]][1:] == ["unity", "equal-rms"]
    assert "an undo" not in report.console


@pytest.mark.parametrize("name", ["balance_all", "compare", "toggle_lock", "settings"])
def test_an_older_reaper_is_refused_with_a_sentence(fake, name):
    report = fake.play({"ticks": 1}, fake.press(name), version="6.11/win64")
    (box,) = boxes(report)
    assert "needs REAPER 6.12 or newer, this is 6.11" in box
    assert report.data["writes"] == []
    assert report.faders() == report.faders(0)
