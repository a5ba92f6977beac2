"""Whole scenarios on the stand-in: python-reapy 0.10.0 in inside mode, a process for each."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from reascript.engine import TICK
from reascript.python_api import GENUINE, source_of
from reascript.run import Report, run_scenario
from reascript.signatures import FUNCTIONS
from reascript.table import MODULES

PROJECT = """<REAPER_PROJECT 0.1 "7.18/linux-x86_64" 1700000000
  SELECTION 0 0
  MASTER_VOLUME 1 0 -1 -1 1
  <TRACK {AAAAAAAA-0000-0000-0000-000000000001}
    NAME Kick
    VOLPAN 1 0 -1 -1 1
    SEL 1
    <VOLENV2
      ACT 1 -1
      VIS 1 1 1
      ARM 0
      DEFSHAPE 0 -1 -1
      VOLTYPE 1
      PT 0 1 0
      PT 4 0.5 0
    >
  >
  <TRACK {AAAAAAAA-0000-0000-0000-000000000002}
    NAME Snare
    VOLPAN 0.5 0 -1 -1 1
    SEL 0
  >
>
"""


class Stage:
    """A folder with a project; scripts are written into it and played on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = folder / "drums.RPP"
        self.project.write_text(PROJECT, "utf-8")
        self.count = 0

    def script(self, text: str) -> str:
        self.count += 1
        path = self.folder / f"script{self.count}.py"
        path.write_text(textwrap.dedent(text), "utf-8")
        return str(path)

    def play(self, *steps: dict[str, Any], **more: Any) -> Report:
        own = {"python", "flags", "env", "prefix", "rounds"}
        how = {name: more.pop(name) for name in own & set(more)}
        more.setdefault("projects", [str(self.project)])
        scenario = {"clock": "virtual", "steps": list(steps), **more}
        return run_scenario(scenario, self.folder, **how)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


REAPY = """
    import reapy
    from reapy import reascript_api as RPR

    project = reapy.Project()
    kick, = project.selected_tracks
    snare = project.tracks["Snare"]
    with reapy.undo_block("balance", -1):
        with reapy.prevent_ui_refresh():
            kick.set_info_value("D_VOL", 0.25)
    reapy.print(project.name, kick.name, kick.get_info_value("D_VOL"), reapy.get_reaper_version())
    envelope = kick.envelopes["Volume"]
    mode = RPR.GetEnvelopeScalingMode(envelope.id)
    RPR.InsertEnvelopePointEx(
        envelope.id, -1, 2.0, RPR.ScaleToEnvelopeMode(mode, 0.5), 0, 0.0, False, True
    )
    RPR.Envelope_SortPoints(envelope.id)
    reapy.print(envelope.name, envelope.n_points)
    envelope.delete_points_in_range(3, 5)
    reapy.print(envelope.n_points)
    reapy.set_ext_state("DrumGain", "amount", "50, 60", persist=True)
    reapy.print(reapy.get_ext_state("DrumGain", "amount"), reapy.has_ext_state("DrumGain", "no"))
    snare.set_info_string("P_EXT:role", "snare")
    reapy.print(snare.get_info_string("P_EXT:role"), snare.is_selected, snare.GUID)
    project.set_ext_state("DrumGain", "method", "forest")
    reapy.print(project.get_ext_state("DrumGain", "method"))
    pointer = int(snare.id.split("0x")[1], 16)

    def later(count):
        valid = RPR.ValidatePtr2(project.id, pointer, "MediaTrack*")
        reapy.print("tick", count, valid, RPR.time_precise() >= 0.033)
        if count:
            reapy.defer(later, count - 1)
        else:
            reapy.print(reapy.show_message_box("well?", "title", "yes-no"))

    reapy.at_exit(reapy.print, "bye")
    reapy.defer(later, 2)
"""


def check_reapy(report: Report) -> None:
    assert report.ok, report.problems
    assert report.console.splitlines() == [
        "drums.RPP Kick 0.25 7.45/linux-x86_64",
        "Volume 3",
        "2",
        "50, 60 False",
        "snare False {AAAAAAAA-0000-0000-0000-000000000002}",
        "forest",
        "tick 2 1 True",
        "tick 1 1 True",
        "tick 0 1 True",
        "yes",
        "bye",
    ]
    assert report.undo(0) == ["balance"]
    assert report.faders(0) == {"Kick": 0.25, "Snare": 0.5}
    assert report.data["ext_state"] == {"DrumGain/amount": "50, 60"}
    assert report.state()["ext_state"] == {"DrumGain": {"method": "forest"}}
    assert report.state(0)["tracks"][1]["p_ext"] == {"role": "snare"}
    points = report.state(0)["tracks"][0]["envelopes"][0]["points"]
    assert [point[:2] for point in points] == [[0, 1], [2, pytest.approx(0.5)]]


def test_unmodified_reapy_runs_in_inside_mode(stage: Stage) -> None:
    answers = [{"kind": "ShowMessageBox", "answer": "yes"}]
    step = {"run": stage.script(REAPY), "dialogs": answers}
    check_reapy(stage.play(step))


def test_reapy_runs_where_numpy_cannot_be_imported(stage: Stage) -> None:
    blocked = ["numpy", "scipy", "sklearn", "librosa", "soundfile", "numba", "psutil"]
    asked = stage.script("import numpy")
    step = {"run": stage.script(REAPY), "dialogs": [{"answer": "yes"}]}
    check_reapy(stage.play(step, block_imports=blocked))
    report = stage.play({"run": asked}, block_imports=blocked)
    assert "numpy cannot be imported here" in report.problems


def test_reapy_runs_three_times_in_sub_interpreters_of_one_process(stage: Stage) -> None:
    step = {"run": stage.script(REAPY), "dialogs": [{"answer": "yes"}]}
    report = stage.play(step, rounds=3)
    assert len(report.data["rounds"]) == 3
    for each in report.data["rounds"]:
        check_reapy(Report(each, report.stdout, report.stderr, report.returncode, 0))


def test_a_genuine_reaper_python_is_put_in_front_of_the_table(stage: Stage) -> None:
    """A file in the shape of REAPER's: no hook of ours is in it."""
    assert MODULES
    head = """
        # REAPER
        import re
        from ctypes import *
        _ft = {}
        def rpr_initft(ft):
            if (len(_ft) == 0):
                _ft.update(ft)
        def rpr_packp(t, v):
            m = re.match(r"^\\((\\w+\\*|HWND)\\)0x([0-9A-F]+)$", str(v))
            return int(m.group(2), 16) if m else 0
        def rpr_unpackp(t, v):
            return "(%s)0x%016X" % (t, v or 0)
        def rpr_packsc(v):
            return c_char_p(str(v).encode())
        def rpr_packs(v):
            return create_string_buffer(str(v).encode(), 4 * 1024 * 1024)
        def rpr_unpacks(v):
            return str(v.value.decode())
        MARK = "genuine"
    """
    sources = [
        source_of(f.signature).replace("    _raise_pending()\n", "") for f in FUNCTIONS.values()
    ]
    path = stage.folder / "installed" / "reaper_python.py"
    path.parent.mkdir()
    path.write_text(textwrap.dedent(head) + "\n".join(sources), "utf-8")
    step = {"run": stage.script(REAPY), "dialogs": [{"answer": "yes"}]}
    check_reapy(stage.play(step, env={GENUINE: str(path)}))
    shown = stage.script(
        """
        import reaper_python
        reaper_python.RPR_ShowConsoleMsg(reaper_python.MARK)
        """
    )
    assert stage.play({"run": shown}, env={GENUINE: str(path)}).console == "genuine"
    wrong = stage.script("import reaper_python\nreaper_python.RPR_Main_OnCommand(1, 0)")
    report = stage.play({"run": wrong}, env={GENUINE: str(path)})
    assert not report.ok
    assert "action 1 is not known" in report.problems


def test_scripts_get_what_reaper_gives_them(stage: Stage) -> None:
    looking = stage.script(
        """
        import sys
        import reaper_python
        names = sorted(n for n in globals() if not n.startswith("_") and n not in ("sys",))
        reaper_python.RPR_ShowConsoleMsg(" ".join(names))
        reaper_python.RPR_ShowConsoleMsg(f" {__name__} {'__file__' in globals()}")
        assert not any(path.endswith("tests") for path in sys.path)
        RPR_defer("reaper_python.RPR_ShowConsoleMsg(' deferred')")
        """
    )
    report = stage.play({"run": looking})
    assert report.ok, report.problems
    assert report.console == (
        "RPR_atexit RPR_defer RPR_runloop obj reaper_python __main__ False deferred"
    )


def test_scripts_do_not_see_each_others_modules(stage: Stage) -> None:
    (stage.folder / "shared_by_name.py").write_text("value = []\n")
    first = stage.script("import shared_by_name\nshared_by_name.value.append(1)\nRPR_defer('')")
    second = stage.script("import shared_by_name\nassert shared_by_name.value == []\nRPR_defer('')")
    steps = ({"run": first, "ticks": 0}, {"run": second})
    report = stage.play(*steps, search_path=[str(stage.folder)])
    assert report.ok, report.problems


def test_a_script_that_neither_defers_nor_makes_a_point_gets_one(stage: Stage) -> None:
    plain = stage.script("x = 1")
    deferring = stage.script("RPR_defer('pass')")
    report = stage.play({"run": plain}, {"run": deferring})
    assert report.undo() == [f"ReaScript: {Path(plain).name}"]


def test_two_scripts_run_side_by_side(stage: Stage) -> None:
    """A second press while the first one still waits."""
    waiting = stage.script(
        """
        from reaper_python import *
        def wait():
            if RPR_GetExtState("s", "stop"):
                RPR_ShowConsoleMsg("stopped")
            else:
                RPR_defer("wait()")
        wait()
        """
    )
    stop = stage.script(
        "from reaper_python import *\nRPR_SetExtState('s', 'stop', '1', False)\nRPR_defer('')"
    )
    report = stage.play({"run": waiting, "ticks": 3}, {"run": stop}, {"wait": True})
    assert report.ok, report.problems
    assert (report.console, report.data["steps"][0]["idle"]) == ("stopped", False)
    report = stage.play({"run": waiting, "ticks": 3})
    assert "still running" in report.problems
    report = stage.play({"run": waiting, "deadline": 0.3})
    assert "still busy" in report.problems


def test_ticks_take_time_by_the_real_clock_only(stage: Stage) -> None:
    """Six ticks by the virtual clock are the measure: they take hardly any time."""
    script = stage.script(
        """
        from reaper_python import *
        def tick():
            times.append(1)
            if len(times) < 6:
                RPR_defer("tick()")
        times = []
        tick()
        """
    )
    virtual, real = (stage.play({"run": script}, clock=clock) for clock in ("virtual", "real"))
    for report in (virtual, real):
        assert report.ok, report.problems
        assert len(report.data["ticks"]) == 6
    waited, plain = (report.data["steps"][0]["seconds"] for report in (real, virtual))
    # the grid of ticks stands before the script starts, so the first wait is shorter
    assert waited >= 4 * TICK
    assert plain < waited


def test_the_longest_tick_is_measured_without_the_import_of_reapy(stage: Stage) -> None:
    script = stage.script(
        """
        import reapy, time
        def slow():
            time.sleep(0.05)
        reapy.defer(slow)
        """
    )
    report = stage.play({"run": script})
    assert report.ok, report.problems
    first, second = report.data["ticks"]
    assert first["reapy_import_ms"] > 0
    assert second["reapy_import_ms"] == 0
    rest = first["ms"] - first["reapy_import_ms"]
    assert report.longest_ms == max(rest, second["ms"]) >= 50
    assert report.longest_script_ms <= report.longest_ms


def test_errors_of_scripts_are_reported_and_end_them(stage: Stage) -> None:
    script = stage.script(
        """
        import reapy
        def broken():
            reapy.defer(reapy.print, "never")
            raise ValueError("oh")
        reapy.at_exit(reapy.print, "at exit")
        reapy.defer(broken)
        """
    )
    report = stage.play({"run": script})
    assert not report.ok
    assert "ValueError: oh" in report.problems
    # reapy sends the trace to the console, and what was to happen at the end happens
    assert "ValueError: oh" in report.console
    assert "never" not in report.console
    assert report.console.endswith("at exit\n")


def test_what_holds_reaper_across_ticks_is_a_failure(stage: Stage) -> None:
    for code, match in (
        ("RPR_Undo_BeginBlock2(0)", "left an undo block open"),
        ("RPR_PreventUIRefresh(1)", "left the screen held"),
    ):
        report = stage.play({"run": stage.script(f"from reaper_python import *\n{code}")})
        assert match in report.problems


MOVE = """
    import reapy
    from reapy import reascript_api as RPR
    project = reapy.Project()
    snare = project.tracks["Snare"]
    pointer = int(snare.id.split("0x")[1], 16)
    def wait(count):
        if count:
            return reapy.defer(wait, count - 1)
        valid = RPR.ValidatePtr2(project.id, pointer, "MediaTrack*")
        current = RPR.EnumProjects(-1, "", 512)[0] == project.id
        reapy.print("valid", valid, "current", current)
        if not valid:
            return
        with reapy.undo_block("move", 1):
            done = snare.set_info_value("D_VOL", 0.125)
            reapy.print("fader", snare.get_info_value("D_VOL"))
    reapy.defer(wait, 3)
"""


@pytest.mark.parametrize(
    ("deeds", "console"),
    [
        ({}, ["valid 1 current True", "fader 0.125"]),
        ({"delete_track": "Snare"}, ["valid 0 current True"]),
        ({"open": "{project}"}, ["valid 1 current False", "fader 0.125"]),
        ({"close_tab": 0}, ["valid 0 current False"]),
        ({"faults": {"stuck_faders": {"Snare": 0.3}}}, ["valid 1 current True", "fader 0.3"]),
    ],
)
def test_the_world_changes_between_ticks(
    stage: Stage, deeds: dict[str, Any], console: list[str]
) -> None:
    deeds = json.loads(json.dumps(deeds).replace("{project}", str(stage.project)))
    step = {"run": stage.script(MOVE), "events": [{"tick": 2, "do": deeds}] if deeds else []}
    report = stage.play(step)
    assert report.ok, report.problems
    assert report.console.splitlines() == console


def test_events_before_a_call_and_failures_of_calls(stage: Stage) -> None:
    event = {"before": "SetMediaTrackInfo_Value", "do": {"fader": {"Kick": 0.75}}}
    fail = {"call": "SetMediaTrackInfo_Value", "nth": 1, "effect": "raise"}
    report = stage.play({"run": stage.script(MOVE), "events": [event]})
    assert report.ok, report.problems
    assert report.faders() == {"Kick": 0.75, "Snare": 0.125}
    report = stage.play({"run": stage.script(MOVE), "fail": [fail]})
    assert "planned failure of SetMediaTrackInfo_Value" in report.problems
    assert report.faders()["Snare"] == 0.5


def test_a_process_that_a_script_started_can_be_killed(stage: Stage) -> None:
    script = stage.script(
        """
        import subprocess, sys
        from reaper_python import *
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        def wait():
            if child.poll() is None:
                RPR_defer("wait()")
            else:
                RPR_ShowConsoleMsg(str(child.returncode))
        wait()
        """
    )
    event = {"tick": 2, "do": {"kill_children": 9}}
    report = stage.play({"run": script, "events": [event]}, clock="real")
    assert report.ok, report.problems
    assert (report.console, report.data["children"]) == ("-9", 0)


def test_what_was_planned_and_never_came_is_a_failure(stage: Stage) -> None:
    late = {"tick": 50, "do": {"delete_track": "Snare"}}
    report = stage.play({"run": stage.script(MOVE), "events": [late]})
    assert "events that never came" in report.problems
    report = stage.play({"run": stage.script(MOVE), "dialogs": [{"answer": "ok"}]})
    assert "dialogs that were not shown" in report.problems


def test_undo_redo_and_saving_are_steps(stage: Stage) -> None:
    saved = [str(stage.folder / f"{name}.RPP") for name in ("before", "after", "undone", "redone")]
    report = stage.play(
        {"do": {"select": ["Snare"], "save": saved[0]}},
        {"run": stage.script(MOVE)},
        {"do": {"save": saved[1]}},
        {"do": {"undo": 1, "save": saved[2]}},
        {"do": {"redo": 1, "save": saved[3]}},
    )
    assert report.ok, report.problems
    texts = [Path(path).read_text("utf-8") for path in saved]
    assert texts[0] == texts[2] != texts[1] == texts[3]
    assert report.undo(3) == ["Change track selection"]
    assert report.undo(4) == ["Change track selection", "move"]
    assert report.state()["undo"][1] == ["move", 1]
    assert report.state()["changed_since_undo_point"] == []
    writes = [w for w in report.data["writes"] if w["function"] == "SetMediaTrackInfo_Value"]
    assert [(w["target"], w["name"], w["value"], w["in_block"]) for w in writes] == [
        ("Snare", "D_VOL", 0.125, True)
    ]


def test_two_tabs_and_a_blocked_site(stage: Stage) -> None:
    other = stage.folder / "other.RPP"
    other.write_text(PROJECT.replace("Kick", "Bass"), "utf-8")
    paths = [str(stage.project), str(other)]
    script = stage.script(
        "from reaper_python import *\n"
        "RPR_ShowConsoleMsg(RPR_EnumProjects(-1, '', 512)[2] + RPR_EnumProjects(0, '', 512)[2])\n"
        "RPR_defer('')"
    )
    report = stage.play({"run": script}, projects=paths, active=1)
    assert report.console == paths[1] + paths[0]
    # without the environment's packages there is no reapy, as in REAPER without a bundle
    alone = stage.play({"run": stage.script("import reapy")}, flags=["-I", "-S"])
    assert "No module named 'reapy'" in alone.problems


def test_the_interpreter_that_runs_scenarios_is_chosen(stage: Stage) -> None:
    script = stage.script(
        "import sys\nfrom reaper_python import *\nRPR_ShowConsoleMsg(sys.executable)\nRPR_defer('')"
    )
    report = stage.play({"run": script}, python=sys.executable)
    assert report.console == sys.executable


@pytest.mark.parametrize(
    ("scenario", "match"),
    [({"step": []}, "no \\['step'\\]"), ({"steps": [{"rum": "x"}]}, "no \\['rum'\\]")],
)
def test_misspelt_scenarios_are_refused(scenario: dict[str, Any], match: str) -> None:
    def play() -> None:
        report = run_scenario(scenario)
        raise ValueError(report.problems)

    with pytest.raises(ValueError, match=match):
        play()


def test_a_crash_of_reaper_leaves_no_report(stage: Stage) -> None:
    report = stage.play({"do": {"crash": 3}})
    assert (report.ok, report.returncode) == (False, 3)
    assert "no report" in report.problems
