"""REAPER's main thread is not blocked: long work is done in small steps over several ticks.

Time differs from machine to machine, so these tests count calls of REAPER's functions and steps.
"""

import dataclasses
import shutil
from pathlib import Path

import pytest

from reaper_drumgain.hosts import rpp
from reaper_drumgain.hosts.live.serialization import plan_of, session_pieces
from reaper_drumgain.schema.session import EnvelopePoint

from .automation import automation, gain
from .test_automation import put_plan

#: a whole press reads 24 tracks with 50 items each
TRACKS, ITEMS = 24, 50
ITEM = (
    "    <ITEM\n      POSITION {at}\n      LENGTH 0.5\n      NAME hit\n      VOLPAN 1 0 1 -1\n"
    "      SOFFS 0\n      PLAYRATE 1 1 0 -1\n      CHANMODE 0\n      <SOURCE WAVE\n"
    '        FILE "hit{n}.wav"\n      >\n    >\n'
)


def write_project(path, tracks, items, points=0):
    text = '<REAPER_PROJECT 0.1 "7.27/linux-x86_64" 0\n  PANLAW 1\n'
    for track in range(tracks):
        text += f'  <TRACK {{{track:08X}-0000-0000-0000-000000000000}}\n    NAME "Tom {track}"\n'
        if points:
            lines = "".join(f"      PT {n} 1 0\n" for n in range(points))
            text += f"    <VOLENV2\n      ACT 1 -1\n      VIS 1 1 1\n{lines}    >\n"
        text += "".join(ITEM.format(at=at, n=track) for at in range(items)) + "  >\n"
    path.write_text(text + ">\n")
    return path


def script(reaper, path, text):
    lib = reaper.resource_path / "Scripts" / "DrumGain" / "lib"
    path.write_text(f"import sys\nsys.path.insert(0, {str(lib)!r})\n{text}", "utf-8")
    return {"run": str(path)}


COUNT_CALLS = """
from reaper_drumgain.hosts.live import reaper, snapshot
made = 0
bind = reaper.Calls.function
def counted(self, *name):
    call = bind(self, *name)
    def one(*arguments):
        global made
        made += 1
        return call(*arguments)
    return one
reaper.Calls.function = counted
most = 0
for _ in snapshot.take_snapshot(reaper.current_project()):
    most, made = max(most, made), 0
reaper.RPR.ShowConsoleMsg(str(most))
"""


def test_no_step_of_reading_grows_with_the_project(reaper, tmp_path):
    """Four times the items and points per track need more steps, not longer ones."""
    step = script(reaper, tmp_path / "count.py", COUNT_CALLS)
    most = []
    for factor in (1, 4):
        path = write_project(tmp_path / f"{factor}.RPP", 3, 20 * factor, 200 * factor)
        most.append(int(reaper.play(step, projects=[str(path)]).console))
    assert most[0] == most[1]
    # one item with one take, or 64 points of an envelope
    assert most[0] <= 100


STEPS = """
from reaper_drumgain.hosts.live import WAIT, reaper, tasks
class Clock:
    now = 0.0
    def perf_counter(self):
        return self.now
tasks.time = clock = Clock()
ticks = []
def steps():
    for number in range(9):
        # each step takes 4 ms
        clock.now += 0.004
        ticks.append(tasks.tick_number())
        yield WAIT if number == 6 else None
    reaper.RPR.ShowConsoleMsg(" ".join(map(str, ticks)))
tasks.Sequence(steps()).start()
"""


def test_a_tick_ends_when_its_time_is_used_up_or_a_step_waits(reaper, tmp_path):
    """With a clock that the steps themselves advance: 10 ms hold three steps of 4 ms."""
    report = reaper.play(script(reaper, tmp_path / "steps.py", STEPS))
    assert report.console == "1 1 1 2 2 2 3 4 4"


def calls_per_tick(reaper, project):
    report = reaper.play(reaper.press("balance_all"), projects=[str(project)], deadline=240)
    (box,) = report.data["dialogs"]
    assert "exit status 1" in box["text"]
    return [tick["calls"] for tick in report.data["ticks"]]


def test_a_large_project_is_read_over_many_ticks(make_fake, tmp_path):
    """The worker fails after the request: until then all calls of the press read the project."""
    project = write_project(tmp_path / "large.RPP", TRACKS, ITEMS)
    calls = calls_per_tick(make_fake("sys.exit(1)"), project)
    assert sum(calls) > 20 * TRACKS * ITEMS
    assert max(calls) < sum(calls) / 4


def test_that_guard_sees_a_tick_without_a_limit(make_fake, tmp_path):
    reaper = make_fake("sys.exit(1)")
    reaper.resource_path = Path(shutil.copytree(reaper.resource_path, tmp_path / "own"))
    path = reaper.resource_path / "Scripts/DrumGain/lib/reaper_drumgain/hosts/live/tasks.py"
    text = path.read_text("utf-8")
    assert "BUDGET_S = 0.01\n" in text
    path.write_text(text.replace("BUDGET_S = 0.01\n", "BUDGET_S = 1e9\n"), "utf-8")
    project = write_project(tmp_path / "large.RPP", TRACKS, ITEMS)
    calls = calls_per_tick(reaper, project)
    assert max(calls) > sum(calls) / 4


@pytest.fixture
def automated_plan(demo_plan, tmp_path):
    """Plans for a project of 24 tracks: ``automated_plan(points per track)``."""
    project = write_project(tmp_path / "large.RPP", TRACKS, 0)
    session = rpp.read_project(project).session

    def make(count):
        points = tuple(EnvelopePoint(n / 10, gain(n % 5 - 2.0)) for n in range(count))
        tracks = tuple(
            dataclasses.replace(
                demo_plan.tracks[0],
                index=track.index,
                name=track.name,
                guid=track.guid,
                old_db=0.0,
                new_db=1.0,
                automation=automation(session, track.name, points),
            )
            for track in session.tracks
        )
        return project, dataclasses.replace(demo_plan, tracks=tracks, untouched=())

    return make


@pytest.mark.parametrize(("count", "inserted"), [(40, 24 * 40), (200, 0)])
def test_no_tick_inserts_more_than_a_thousand_points(make_fake, automated_plan, count, inserted):
    """All points are written in one tick: few by calls, many as one text per track."""
    project, plan = automated_plan(count)
    reaper = make_fake()
    put_plan(reaper.folder, plan)
    steps = (reaper.press("write_automation"), {"do": {"undo": 1}})
    report = reaper.play(*steps, projects=[str(project)])
    assert f"wrote automation on 24 (at most {count} points)" in report.console
    assert report.data["calls"].get("InsertEnvelopePointEx", 0) == inserted
    # the undo block with all its reading back
    assert max(tick["calls"] for tick in report.data["ticks"]) < 3000


def test_a_plan_is_decoded_in_slices(automated_plan):
    _, plan = automated_plan(200)
    found = []

    def decoded():
        found.append((yield from plan_of(plan.to_document())))

    assert sum(1 for _ in decoded()) >= TRACKS * 200 / 64
    assert found == [plan]


def test_a_session_is_encoded_in_slices(tmp_path):
    project = write_project(tmp_path / "large.RPP", 3, 20, 200)
    session = rpp.read_project(project).session
    pieces = list(session_pieces(session))
    assert "".join(pieces) == session.to_json()
    assert max(map(len, pieces)) < len(session.to_json()) / 50
