"""A press uses the analysis results of the press before it; and works without them.

The installed demo is used, because files that changed a moment ago are not cached."""

import math
import sqlite3
from contextlib import closing
from importlib import resources
from pathlib import Path

import pytest

from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.cache.store import FILE_NAME
from reaper_drumgain.hosts import rpp
from reaper_drumgain.schema.settings import Level, Settings

DEMO = Path(str(resources.files("reaper_drumgain"))) / "demo" / "session" / "DrumGain demo.RPP"
INSTALLED = {"projects": [str(DEMO)]}


def choose(reaper, method="equal-loudness", amount="100", level="keep", remember="yes"):
    values = [method, amount, level, "all", "volume", "files", "usual", "volume", "refuse"]
    return reaper.press("settings", {"values": [*values, "no", remember, "auto"]})


def has_plan_of(report, **settings):
    plan = balance(rpp.read_project(DEMO).session, Settings(**settings))
    got = {n: round(20 * math.log10(f), 2) for n, f in report.faders().items() if f > 0}
    return {t.name: got[t.name] for t in plan.tracks} == {t.name: t.new_db for t in plan.tracks}


def execute(reaper, statement):
    with closing(sqlite3.connect(reaper.cache / FILE_NAME)) as database, database:
        return database.execute(statement).fetchall()


def mark_rows(reaper):
    """Change the size in each row: a new analysis writes its row again, with the true size."""
    execute(reaper, "UPDATE analyses SET size = size + 1")


def stored_analyses(reaper):
    """How many analyses were stored since ``mark_rows``."""
    return execute(reaper, "SELECT count(*) FROM analyses WHERE size = length(data)")[0][0]


def test_another_method_amount_and_level_need_no_new_analysis(reaper):
    report = reaper.play(choose(reaper), reaper.press("repeat"), **INSTALLED)
    assert has_plan_of(report, method="equal-loudness")
    assert stored_analyses(reaper) == 1
    mark_rows(reaper)
    report = reaper.play(
        choose(reaper, "forest", "50", "lufs:-20"), reaper.press("repeat"), **INSTALLED
    )
    assert has_plan_of(report, method="forest", amount=50.0, level=Level.parse("lufs:-20"))
    assert stored_analyses(reaper) == 0
    assert len(report.console.splitlines()) == 2


def test_that_guard_can_fire(reaper):
    reaper.play(reaper.press("balance_all"), **INSTALLED)
    mark_rows(reaper)
    execute(reaper, "UPDATE analyses SET data = substr(data, 1, 100)")
    report = reaper.play(reaper.press("balance_all"), **INSTALLED)
    assert has_plan_of(report)
    assert stored_analyses(reaper) == 1


def test_a_time_selection_is_analyzed_on_its_own(reaper):
    reaper.play(reaper.press("balance_all"), **INSTALLED)
    mark_rows(reaper)
    steps = [{"do": {"time_selection": [0.5, 5.0]}}, reaper.press("balance_time_selection")]
    report = reaper.play(*steps, **INSTALLED)
    assert has_plan_of(report, span=(0.5, 5.0))
    assert stored_analyses(reaper) == 1
    mark_rows(reaper)
    assert reaper.play(*steps, **INSTALLED).faders() == report.faders()
    assert stored_analyses(reaper) == 0


def test_the_settings_switch_the_cache_off(reaper):
    report = reaper.play(choose(reaper, remember="no"), reaper.press("repeat"), **INSTALLED)
    assert "moved 11 of 11" in report.console
    assert not reaper.cache.exists()


def test_a_cache_folder_that_cannot_be_written_is_reported_and_the_run_goes_on(reaper):
    reaper.cache.write_text("in the way")
    report = reaper.play(
        reaper.press("balance_all"), {"ticks": 150}, reaper.press("show_last"), **INSTALLED
    )
    assert has_plan_of(report)
    moved, note, *_ = report.console.splitlines()
    assert moved.startswith("DrumGain: moved 11 of 11")
    assert note.startswith("DrumGain: analysis results are not cached in ")
    assert report.data["dialogs"] == []


def test_a_damaged_cache_is_reported_and_the_run_goes_on(reaper):
    reaper.cache.mkdir()
    (reaper.cache / FILE_NAME).write_bytes(b"no database at all" * 999)
    report = reaper.play(reaper.press("balance_all"), **INSTALLED)
    assert has_plan_of(report)
    assert "DrumGain: the analysis cache was damaged" in report.console


GIVES_PLAN = "put('result.json', json.dumps({'protocol': 1, 'version': version, 'plan': plan}))\n"
NOTE = "put('notes.json', json.dumps({'notes': ['stored\\x1b[31m']}))\n"


def test_the_run_is_over_before_anything_is_stored(make_fake, tmp_path):
    """A key press while the first worker still stores its analysis cancels nothing."""
    (tmp_path / "count").write_text("")
    reaper = make_fake(
        f"count = {str(tmp_path / 'count')!r}\n"
        "open(count, 'a').write('x')\n"
        "first = os.path.getsize(count) == 1\n"
        f"{GIVES_PLAN}"
        "while first and os.path.getsize(count) == 1: time.sleep(0.01)\n"
        f"{NOTE}"
    )
    reaper.options["clock"] = "real"
    report = reaper.play(
        reaper.press("balance_all", ticks=90),
        reaper.press("compare", ticks=6),
        reaper.press("repeat"),
        {"ticks": 90},
        reaper.press("cancel"),
    )
    assert report.data["steps"][0]["idle"], "its script has ended"
    lines = report.console.splitlines()
    moved = [line for line in lines if line.startswith("DrumGain: moved")]
    assert len(moved) == 2
    assert lines[0] == moved[0]
    assert "before the last run" in lines[1]
    assert lines.count("DrumGain: stored\\x1b[31m") == 2
    assert "cancelled" not in report.console


def test_the_analysis_is_stored_even_if_the_plan_came_too_late(make_fake):
    """The user moved a fader before the plan came; the next press can use the analysis."""
    reaper = make_fake(f"time.sleep(0.9)\n{GIVES_PLAN}time.sleep(0.3)\n{NOTE}")
    reaper.options["clock"] = "real"
    meanwhile = [{"tick": 15, "do": {"fader": {"Snare Top": 0.5}}}]
    steps = [{"ticks": 1}, reaper.press("balance_all", events=meanwhile)]
    report = reaper.play(*steps, {"ticks": 90}, reaper.press("cancel"))
    assert "fader of 'Snare Top' was moved" in report.console
    assert "DrumGain: stored" in report.console


@pytest.mark.parametrize("notes", ["{", "[]", '{"notes": 3}', "[" * 100_000])
def test_notes_that_make_no_sense_are_left(make_fake, notes):
    reaper = make_fake(GIVES_PLAN + f"put('notes.json', {notes!r})")
    reaper.options["clock"] = "real"
    report = reaper.play(reaper.press("balance_all"), {"ticks": 60}, reaper.press("cancel"))
    assert len(report.console.splitlines()) == 2
    assert report.data["dialogs"] == []


def test_a_press_while_it_is_stored_meets_no_dialog_and_its_end_is_not_reapers(make_fake, tmp_path):
    mark = tmp_path / "stored"
    reaper = make_fake(GIVES_PLAN + f"time.sleep(1.5)\nopen({str(mark)!r}, 'w').close()\n")
    reaper.options["clock"] = "real"
    steps = [{"ticks": 1}, reaper.press("balance_all"), reaper.press("balance_all"), {"quit": True}]
    report = reaper.play(*steps)
    assert report.console.count("moved 11 of 11") == 2
    assert [d for d in report.data["dialogs"] if d["kind"] == "TaskControl"] == []
    assert mark.exists()
