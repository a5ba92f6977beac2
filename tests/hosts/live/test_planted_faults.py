"""Faults that are planted in the installed copy of the live host: the scenarios see each of them.

Every method of ``Judge`` plays a scenario and returns a list of what is wrong: empty for the host
as it is.
"""

import json
import math

import pytest
from reascript.run import run_scenario

from reaper_drumgain.hosts import rpp
from reaper_drumgain.schema.session import Session

from .conftest import GIVES_PLAN

#: the worker keeps what it was asked, and tells of an environment that is not clean
BODY = (
    "import shutil\n"
    "home = os.path.dirname({plan!r})\n"
    "shutil.copy(os.path.join(folder, 'request.json'), os.path.join(home, 'seen.json'))\n"
    "open(os.path.join(home, 'environment'), 'w').write("
    "' '.join(n for n in os.environ if n.startswith('PYTHON')))\n"
    "open(os.path.join(home, 'folder'), 'w').write(folder)\n"
)
#: the worker answers when a scenario says so: how fast this machine is does not matter
WAITS = (
    "while not os.path.exists(os.environ['DRUMGAIN_TEST_GO']) and os.path.isdir(folder):\n"
    "    time.sleep(0.002)\n"
)
#: seconds after which a scenario hangs, however busy this machine is
HANGS = 240


class Judge:
    def __init__(self, reaper, plan, tmp_path):
        self.reaper, self.plan, self.home = reaper, plan, tmp_path
        self.other, self.go = tmp_path / "other.RPP", tmp_path / "go"
        self.other.write_bytes(reaper.project.read_bytes())

    def play(self, *steps, waits=False, **changes):
        reaper = self.reaper
        self.go.unlink(missing_ok=True)
        if not waits:
            self.go.touch()
        temporary = self.home / "tmp"
        temporary.mkdir(exist_ok=True)
        (self.home / "work").mkdir(exist_ok=True)
        scenario = {
            "projects": [str(reaper.project), str(self.other)],
            "resource_path": str(reaper.resource_path),
            "clock": "real" if waits else "virtual",
            "deadline": HANGS,
            "steps": [{"ticks": 1}, *steps],
            **changes,
        }
        env = {
            "TMPDIR": str(temporary),
            "PYTHONPATH": "/nowhere",
            "DRUMGAIN_TEST_GO": str(self.go),
        }
        report = run_scenario(scenario, self.home / "work", env=env, timeout=HANGS + 20)
        self.found = [] if report.ok else [report.problems]
        self.expect(report.data.get("children"), 0, "processes left")
        self.expect([p.name for p in temporary.iterdir()], [], "files left")
        return report

    def expect(self, got, want, what):
        if got != want:
            self.found.append(f"{what}: {got!r}, expected {want!r}")

    def unchanged(self, report):
        self.expect(report.faders(), report.faders(0), "faders")
        self.expect([n for n in report.undo() if "DrumGain" in n], [], "undo points")

    def press(self):
        """The plain press with a selection, in the first of two tabs."""
        report = self.play(
            {"do": {"select": ["Vocal"], "time_selection": [1.0, 2.0]}},
            self.reaper.press("balance_all"),
            {"do": {"undo": 1}},
        )
        want = {t.name: t.new_db for t in self.plan.tracks}
        stand = report.faders(2)
        got = {n: round(20 * math.log10(stand[n]), 2) if stand[n] > 0 else None for n in want}
        self.expect(got, want, "faders")
        rest = {n: f for n, f in stand.items() if n not in want}
        self.expect(rest, {n: report.faders(0)[n] for n in rest}, "other faders")
        self.expect(report.faders(), report.faders(0), "faders after undo")
        name = "DrumGain: balance 11 drum tracks (forest)"
        self.expect(report.undo(2)[2:], [name], "undo points")
        self.expect(report.faders(2, project=1), report.faders(0, project=1), "the other tab")
        chosen = [t["name"] for t in report.state(2)["tracks"] if t["selected"]]
        self.expect(chosen, ["Vocal"], "selection")
        self.expect(report.state(2)["time_selection"], [1.0, 2.0], "time selection")
        loose = [w for w in report.data["writes"] if w["function"] != "SetProjExtState"]
        self.expect(all(w["in_block"] and w["ui_held"] for w in loose), True, "held and in block")
        self.expect(report.data["dialogs"], [], "dialogs")
        self.expect(len(report.console.splitlines()), 1, "lines said")
        self.request()
        return self.found

    def request(self):
        """What the worker was asked: the session of the file, in a clean environment."""
        seen = json.loads((self.home / "seen.json").read_text("utf-8"))
        live = Session.from_json(json.dumps(seen["session"]))
        file = rpp.read_project(self.reaper.project).session
        for one, other in zip(live.tracks, file.tracks, strict=True):
            for name in ("guid", "fader", "parent", "folder", "clips", "main_send", "pan"):
                self.expect(getattr(one, name), getattr(other, name), f"{one.name}.{name}")
        self.expect([t.name for t in live.tracks if t.selected], ["Vocal"], "selected")
        self.expect(live.sends, file.sends, "sends")
        self.expect((self.home / "environment").read_text(), "", "environment")
        folder = (self.home / "folder").read_text()
        self.expect(folder.startswith(str(self.home / "tmp")), True, "private folder")

    def meanwhile(self, deeds):
        report = self.play(
            self.reaper.press("balance_all", ticks=15),
            {"do": {**deeds, "make_file": str(self.go)}, "wait": True},
            waits=True,
        )
        other = len(report.data["projects"]) - 1
        self.expect(report.faders(project=other), report.faders(0, project=1), "the other tab")
        return report

    def switched(self):
        report = self.meanwhile({"switch_tab": 1})
        self.expect(len(report.undo()), 1, "undo points")
        return self.found

    def moved(self):
        report = self.meanwhile({"fader": {"Snare Top": 0.5}})
        want = {**report.faders(0), "Snare Top": 0.5}
        self.expect(report.faders(), want, "faders")
        return self.found

    def deleted(self):
        report = self.meanwhile({"delete_track": "Tom 2"})
        want = {n: f for n, f in report.faders(0).items() if n != "Tom 2"}
        self.expect(report.faders(), want, "faders")
        return self.found

    def closed(self):
        report = self.meanwhile({"close_tab": 0})
        self.expect(report.undo(), [], "undo points")
        return self.found

    def stuck(self):
        report = self.play(
            self.reaper.press("balance_all"), faults={"stuck_faders": {"Tom 1": 0.77}}
        )
        stand = {n: f for n, f in report.faders().items() if n != "Tom 1"}
        self.expect(stand, {n: f for n, f in report.faders(0).items() if n != "Tom 1"}, "faders")
        self.expect(report.undo(), [], "undo points")
        return self.found

    def ended(self):
        report = self.play(self.reaper.press("balance_all", ticks=20), {"quit": True}, waits=True)
        self.unchanged(report)
        return self.found

    def cancelled(self):
        report = self.play(
            self.reaper.press("balance_all", ticks=20),
            self.reaper.press("balance_all", {"kind": "TaskControl", "answer": "new"}, ticks=20),
            {"do": {"make_file": str(self.go)}, "wait": True},
            waits=True,
        )
        self.unchanged(report)
        self.expect(report.console.count("cancelled"), 1, "said")
        return self.found

    def hostile(self):
        claim = json.dumps({"kind": "settings", "schema": 1, "method": "/bin/sh"})
        report = self.play(
            {"do": {"project_ext_state": [["DrumGain", "settings", claim]]}},
            self.reaper.press("settings", {"answer": "cancel"}),
        )
        shown = report.data["dialogs"][0]["values"][0] if report.data["dialogs"] else None
        self.expect(shown, "forest", "method")
        return self.found

    def small(self):
        report = self.play(
            self.reaper.press("balance_all"),
            {"do": {"fader": {"Hi-Hat": 0.5}}},
            self.reaper.press("compare"),
            self.reaper.press("compare"),
            self.reaper.press("amount_down"),
            self.reaper.press("overheads_up"),
        )
        self.expect(report.faders(3), report.faders(0), "before")
        self.expect(report.faders(4), report.faders(2), "after")
        for track in self.plan.tracks:
            move = track.new_db - track.old_db
            base = report.faders(0)[track.name] if track.name != "Hi-Hat" else None
            if base:
                got = 20 * math.log10(report.faders(5)[track.name] / base)
                self.expect(round(got, 4), round(0.9 * move, 4), f"amount of {track.name}")
        one, two = report.faders(5), report.faders(6)
        steps = {n: round(20 * math.log10(two[n] / one[n]), 3) for n in one if two[n] != one[n]}
        self.expect(steps, {"OH L": 1.0, "OH R": 1.0}, "overheads")
        return self.found


LIVE = "lib/reaper_drumgain/hosts/live/"
END = "            RPR.Undo_EndBlock2(project.pointer, name, flags)\n"
BEGIN = "        RPR.Undo_BeginBlock2(project.pointer)\n        flags = 0\n"
AGAIN = "            RPR.Undo_BeginBlock2(project.pointer)\n"
#: file, what stands there, what is planted, which judge must see it
FAULTS = {
    "decibels into D_VOL": (
        "apply",
        "to_linear(planned.new_db or Decibel(0.0))",
        "planned.new_db",
        "press",
    ),
    "the wrong project tab": ("reaper", "EnumProjects(-1,", "EnumProjects(1,", "press"),
    "the tab of now": (
        "apply",
        "project, session = snapshot.project",
        "project, session = reaper.current_project()",
        "switched",
    ),
    "two undo points": (
        *("apply", END, END + AGAIN + END),
        "press",
    ),
    "no undo point": ("apply", "flags = TRACK_STATES", "flags = 0", "press"),
    "the undo point has no name": (
        "apply",
        "pointer, name, flags)",
        'pointer, "", flags)',
        "press",
    ),
    "an undo block is left open": ("apply", END, "            pass\n", "press"),
    "an untouched track is written": (
        *("apply", "            check_others(project, before, planned)\n"),
        '            RPR.SetMediaTrackInfo_Value(RPR.GetTrack(project.pointer, 0), "D_VOL", 0.3)\n',
        "press",
    ),
    "the selection is lost": (
        "apply",
        BEGIN,
        BEGIN + "        RPR.Main_OnCommand(40297, 0)\n",
        "press",
    ),
    "the screen is not held": ("apply", "PreventUIRefresh(1)", "PreventUIRefresh(0)", "press"),
    "the screen stays held": ("apply", "PreventUIRefresh(-1)", "PreventUIRefresh(0)", "press"),
    "nothing is rolled back": (
        "apply",
        "                restore_fader(track, fader)",
        "                pass",
        "stuck",
    ),
    "what was written is not read back": (
        *("apply", "if not math.isclose(got, fader, rel_tol=_SAME, abs_tol=1e-12):", "if False:"),
        "stuck",
    ),
    "moved faders are overwritten": (
        "apply",
        "abs(fader_of(pointer)) != track.fader",
        "False",
        "moved",
    ),
    "deleted tracks are written": (
        "apply",
        "if not reaper.is_track(project.pointer, pointer) or (",
        "if False and (",
        "deleted",
    ),
    "half of a plan is applied": ("apply", "    if changed:\n", "    if False:\n", "moved"),
    "the folder is left": ("link", "shutil.rmtree(", "(lambda *a, **k: None)(", "cancelled"),
    "the environment is passed on": ("link", '("PYTHON", "__PYVENV")', '("__PYVENV",)', "press"),
    "a second press does not cancel": (
        "tasks",
        "    if token is None:\n",
        "    if True:\n",
        "cancelled",
    ),
    "folders are not followed": (
        "tracks",
        "place(index, change, warnings)",
        "place(index, 0, warnings)",
        "press",
    ),
    "items start too early": (
        "items",
        'value(b"D_POSITION") + context',
        "0.0 + context",
        "press_late",
    ),
    "item gain is forgotten": (
        "items",
        'LinearGain(value(b"D_VOL")),\n            fade',
        "LinearGain(1.0),\n            fade",
        "press_late",
    ),
    "ext state is believed": (
        "project_state",
        "found.method not in setup.names",
        "False",
        "hostile",
    ),
    "compare forgets": (
        "adjust",
        "    project_state.store_result(project, dataclasses.replace(result, side=side))\n",
        "",
        "small",
    ),
    "amount starts from the faders of now": (
        "project_state",
        "return track.before * to_linear(",
        "return track.after * to_linear(",
        "small",
    ),
    "overheads move by a factor": (
        "trims",
        "track.fader * to_linear(change)",
        "track.fader * (1 + change)",
        "small",
    ),
}
JUDGES = sorted({judge for *_, judge in FAULTS.values()})


@pytest.fixture
def judge(make_fake, demo_plan, tmp_path):
    body = BODY.format(plan=str(tmp_path / "plan.json")) + WAITS + GIVES_PLAN
    return Judge(make_fake(body), demo_plan, tmp_path)


def verdict(judge, name):
    if name == "press_late":
        text = judge.reaper.project.read_bytes().decode()
        for old, new in (("POSITION 0", "POSITION 0.25"), ("VOLPAN 1 0 1 -1", "VOLPAN 0.5 0 1 -1")):
            assert old in text
            text = text.replace(old, new)
        judge.reaper.project.write_bytes(text.encode())
        judge.other.write_bytes(text.encode())
        name = "press"
    return getattr(judge, name)()


@pytest.mark.parametrize("name", JUDGES)
def test_the_host_as_it_is_passes_every_judge(judge, name):
    assert verdict(judge, name) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_each_planted_fault_is_seen(judge, fault):
    module, old, new, name = FAULTS[fault]
    path = judge.reaper.resource_path / "Scripts" / "DrumGain" / LIVE / f"{module}.py"
    text = path.read_text("utf-8")
    assert old in text, f"the fault {fault!r} has no place in {module}.py any more"
    path.write_text(text.replace(old, new, 1), "utf-8")
    compile(path.read_text("utf-8"), path.name, "exec")
    assert verdict(judge, name) != []
