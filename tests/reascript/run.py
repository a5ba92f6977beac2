"""One scenario in one process: ``python -m reascript.run SCENARIO.json REPORT.json``.

From a test: ``report = run_scenario({...}, tmp_path)``. What a scenario may hold stands in
``SCENARIO_KEYS`` and ``STEP_KEYS``, what the user may do in ``scenario.World``, how REAPER
may misbehave in ``engine.Faults``, how dialogs are answered in ``api_system``::

    {
        "projects": ["drums.RPP"],
        "search_path": ["resource/Scripts/DrumGain"],
        "steps": [
            {"do": {"select": ["Kick", "Snare"]}},
            {"run": "resource/Scripts/DrumGain/balance.py", "deadline": 10},
            {"do": {"undo": 1, "save": "undone.RPP"}},
            {
                "run": "settings.py",
                "dialogs": [{"kind": "GetUserInputs", "fields": {"Method": "forest"}}],
                "events": [{"tick": 2, "do": {"delete_track": "Snare"}}],
                "fail": [{"call": "SetMediaTrackInfo_Value", "nth": 3, "effect": "ignore"}],
            },
        ],
    }
"""

from __future__ import annotations

import gc
import importlib.abc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]

SCENARIO_KEYS = {
    "projects": "paths of .RPP files, one tab each; none: one new project",
    "active": "the number of the tab that is current at first",
    "resource_path": "REAPER's resource folder; by default the report's folder",
    "version": "what GetAppVersion says",
    "clock": "'real' (default) or 'virtual': ticks take no time, workers get none",
    "deadline": "real seconds that a run step may take until its scripts are idle (240)",
    "faults": "how this REAPER misbehaves: the fields of engine.Faults",
    "render_gain": "what stems are multiplied by (0.5)",
    "render_python": "the interpreter of the render's child process",
    "ext_state": "[[section, key, value], ...] before the first step",
    "lua": "the version of Lua, '5.3' or '5.4'; by default that of REAPER's version",
    "python_is_on": "false: REAPER has no Python switched on, so its scripts do nothing",
    "commands": "what NamedCommandLookup knows: name -> number",
    "block_imports": "packages that cannot be imported in this process",
    "search_path": "folders put in front of the scripts' sys.path",
    "steps": "what happens, in order: see STEP_KEYS",
}
STEP_KEYS = {
    "do": "what the user does: {deed: value}, see scenario.World",
    "run": "the path of a script to run",
    "dialogs": "answers for the dialogs of this step, in order",
    "ticks": "with run: stop waiting after so many ticks; alone: let so many pass",
    "wait": "true: wait until all scripts are idle",
    "events": "[{'tick': n | 'before': function, 'nth': n, 'do': {...}}, ...] during this step",
    "fail": "[{'call': function, 'nth': n, 'effect': 'ignore' | 'raise'}, ...] during this step",
    "quit": "true: REAPER is closed, exit code of running scripts runs",
    "deadline": "as the scenario's, for this step",
}


class _Blocked(importlib.abc.MetaPathFinder):
    def __init__(self, names: Sequence[str]) -> None:
        self.names = frozenset(names)

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.partition(".")[0] in self.names:
            raise ImportError(f"{name} cannot be imported here")


def _check(given: Mapping[str, Any], known: Mapping[str, str], what: str) -> None:
    if unknown := sorted(set(given) - set(known)):
        raise ValueError(f"{what}: no {unknown}, there are {sorted(known)}")


def perform(
    scenario: dict[str, Any], folder: Path, make_runner: Callable[..., Any] | None = None
) -> dict[str, Any]:
    """Play a scenario in this process and return its report."""
    from reascript.engine import Engine, Faults
    from reascript.scenario import World, project_state, wait_for_children
    from reascript.scripts import Runner

    _check(scenario, SCENARIO_KEYS, "scenario")
    resource_path = Path(scenario.get("resource_path", folder))
    engine = Engine(
        version=scenario.get("version", "7.45/linux-x86_64"),
        resource_path=resource_path,
        faults=Faults(**scenario.get("faults", {})),
        virtual_clock=scenario.get("clock", "real") == "virtual",
    )
    engine.render_gain = scenario.get("render_gain", 0.5)
    engine.render_python = scenario.get("render_python")
    engine.commands = dict(scenario.get("commands", {}))
    engine.lua_version = scenario.get("lua")
    engine.python_is_on = scenario.get("python_is_on", True)
    for path in scenario.get("projects", []) or [None]:
        engine.open_project(Path(path) if path else None)
    engine.current = engine.projects[scenario.get("active", 0)]
    # what is loaded stays: the collector need not walk it within a tick
    gc.freeze()
    world = World(engine)
    world.do_ext_state(scenario.get("ext_state", []))
    if blocked := scenario.get("block_imports"):
        sys.meta_path.insert(0, _Blocked(blocked))
    search = [p for p in sys.path if p and Path(p) != TESTS]
    runner = (make_runner or Runner)(engine, [*scenario.get("search_path", []), *search])
    deadline = float(scenario.get("deadline", 240))
    steps = [_step(step, runner, world, deadline) for step in scenario.get("steps", [])]
    if engine.answers:
        engine.fail(f"dialogs that were not shown: {list(engine.answers)}")
    report = {
        "failures": engine.failures,
        "errors": runner.errors,
        "projects": [project_state(engine, project) for project in engine.projects],
        "console": "".join(engine.console),
        "console_opened": engine.console_opened,
        "help": engine.help,
        "dialogs": engine.dialogs,
        "ext_state": {"/".join(key): value for key, (value, _) in engine.ext_state.items()},
        "writes": engine.writes,
        "renders": engine.renders,
        "dry_runs": engine.dry_runs,
        "calls": dict(engine.calls),
        "action_list": engine.committed,
        "steps": steps,
        "idle": not runner.busy,
        "children": wait_for_children(10.0),
        "ticks": [
            {
                "script": tick.script,
                "number": tick.number,
                "ms": 1000 * tick.seconds,
                "engine_ms": 1000 * tick.engine_seconds,
                "reapy_import_ms": 1000 * tick.reapy_import,
                "calls": tick.calls,
            }
            for tick in runner.ticks
        ],
    }
    report["ok"] = not (engine.failures or runner.errors or runner.busy)
    return report


def _plan(step: dict[str, Any], engine: Any, world: Any) -> dict[int, list[dict[str, Any]]]:
    """Prepare what happens during a step; the deeds by tick."""
    timed: dict[int, list[dict[str, Any]]] = {}
    for event in step.get("events", []):
        if "before" in event:
            deeds = event["do"]
            nth = event.get("nth", 1)
            engine.plan(event["before"], nth, lambda deeds=deeds: world.do(deeds) or True)
        else:
            timed.setdefault(event["tick"], []).append(event["do"])
    for planned in step.get("fail", []):
        engine.plan_failure(planned["call"], planned.get("nth", 1), planned["effect"])
    return timed


def _step(step: dict[str, Any], runner: Any, world: Any, deadline: float) -> dict[str, Any]:
    from reascript.scenario import project_state

    _check(step, STEP_KEYS, "step")
    deadline = float(step.get("deadline", deadline))
    engine = runner.engine
    engine.answers.extend(step.get("dialogs", []))
    started, first_tick, first_run = time.monotonic(), runner.ticks_done, len(runner.ticks)
    timed = _plan(step, engine, world)

    def happen(tick: int) -> None:
        for deeds in timed.pop(tick - first_tick, []):
            world.do(deeds)

    runner.on_tick.append(happen)
    if "do" in step:
        world.do(step["do"])
    if "run" in step:
        runner.start(Path(step["run"]))
    limit = step.get("ticks")
    waits = "run" in step or step.get("wait") or limit is not None
    while waits and (runner.busy or (limit is not None and "run" not in step)):
        if limit is not None and runner.ticks_done - first_tick >= limit:
            break
        if time.monotonic() - started > deadline:
            engine.fail(f"still busy after {deadline} s: {step}")
            break
        runner.tick()
    if step.get("quit"):
        runner.stop_all()
    runner.on_tick.remove(happen)
    if timed:
        engine.fail(f"events that never came, the scripts were idle before: {timed}")
    engine.planned.clear()
    ticks = runner.ticks[first_run:]
    changed = engine.block_ended - started
    return {
        "change_seconds": changed if changed > 0.0 else None,
        "seconds": time.monotonic() - started,
        "ticks": runner.ticks_done - first_tick,
        "longest_ms": 1000 * max((t.seconds - t.reapy_import for t in ticks), default=0.0),
        "reapy_import_ms": 1000 * sum(t.reapy_import for t in ticks),
        "idle": not runner.busy,
        "projects": [project_state(engine, project) for project in engine.projects],
    }


def main() -> None:
    """Read the scenario named on the command line, play it, write the report."""
    play(*map(Path, sys.argv[1:3]))


def play(
    scenario_path: Path, report_path: Path, make_runner: Callable[..., Any] | None = None
) -> None:
    """Play the scenario of one file and write its report to another."""
    scenario = json.loads(scenario_path.read_text("utf-8"))
    try:
        report = perform(scenario, report_path.parent, make_runner)
    except Exception as error:
        import traceback

        report = {"ok": False, "failures": [f"{error!r}\n{traceback.format_exc()}"]}
    report_path.write_text(json.dumps(report), "utf-8")


# ---- the test's side


@dataclass(frozen=True)
class Report:
    """What happened. ``data`` is the whole report; the rest are short cuts."""

    data: dict[str, Any]
    stdout: str
    stderr: str
    returncode: int
    seconds: float

    @property
    def ok(self) -> bool:
        """No loud failure of the stand-in, no error of a script, nothing left running."""
        return bool(self.data.get("ok"))

    @property
    def problems(self) -> str:
        """What went wrong, for an assertion's message."""
        failures = list(self.data.get("failures", []))
        failures += [each["error"] for each in self.data.get("errors", [])]
        if not self.data:
            failures.append(f"no report; exit status {self.returncode}\n{self.stderr}")
        elif not self.data.get("idle", True):
            failures.append("scripts are still running")
        return "\n".join(failures)

    def state(self, step: int | None = None, project: int = 0) -> dict[str, Any]:
        """A project's state at the end, or after a step."""
        home = self.data if step is None else self.data["steps"][step]
        state: dict[str, Any] = home["projects"][project]
        return state

    def faders(self, step: int | None = None, project: int = 0) -> dict[str, float]:
        """Track name -> fader (linear)."""
        return {t["name"]: t["fader"] for t in self.state(step, project)["tracks"]}

    def undo(self, step: int | None = None, project: int = 0) -> list[str]:
        """The names of the undo points up to the present, the oldest first."""
        state = self.state(step, project)
        return [name for name, _ in state["undo"][: state["undo_place"]]]

    @property
    def console(self) -> str:
        return str(self.data.get("console", ""))

    @property
    def longest_ms(self) -> float:
        """The longest that REAPER was held, the import of reapy apart."""
        return max((t["ms"] - t["reapy_import_ms"] for t in self.data["ticks"]), default=0.0)

    @property
    def longest_script_ms(self) -> float:
        """The same without the engine's own time, which REAPER's compiled code does not take."""
        net = (t["ms"] - t["reapy_import_ms"] - t["engine_ms"] for t in self.data["ticks"])
        return max(net, default=0.0)


_CHILD = "import sys; sys.path.insert(0, {tests!r}); from reascript.run import main; main()"
_ROUNDS = """
import sys
try:
    import _interpreters as interpreters
    make = lambda: interpreters.create("legacy")
except ImportError:
    import _xxsubinterpreters as interpreters
    make = lambda: interpreters.create(isolated=False)
scenario, report = sys.argv[1:3]
for number in range({rounds}):
    interpreter = make()
    wrong = interpreters.run_string(interpreter, (
        "import sys; sys.path.insert(0, {tests!r}); from pathlib import Path;"
        "from reascript.run import play;"
        f"play(Path({{scenario!r}}), Path({{report + str(number)!r}}))"
    ))
    if wrong is not None:
        raise SystemExit(f"interpreter {{number}}: {{wrong}}")
    interpreters.destroy(interpreter)
"""


def run_scenario(
    scenario: Mapping[str, Any],
    folder: Path | None = None,
    *,
    python: str | None = None,
    flags: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    prefix: Sequence[str] = (),
    timeout: float = 300.0,
    cwd: Path | None = None,
    rounds: int = 0,
) -> Report:
    """Play a scenario in a process of its own.

    ``folder`` takes scenario and report (and is the resource folder where none is named);
    ``flags`` go to the interpreter (``-I -S`` hides the environment's packages), ``env`` is
    added to the environment, ``prefix`` is put in front of the command (strace, unshare).
    ``rounds``: play it so often, each time in a fresh sub-interpreter of the same process, as
    REAPER may do from one key press to the next; the reports of all rounds are in
    ``data["rounds"]``, the last one is also the report.
    """
    _check(scenario, SCENARIO_KEYS, "scenario")
    if folder is None:
        with tempfile.TemporaryDirectory() as made:
            return run_scenario(
                scenario,
                Path(made),
                python=python,
                flags=flags,
                env=env,
                prefix=prefix,
                timeout=timeout,
                cwd=cwd,
                rounds=rounds,
            )
    scenario_path, report_path = folder / "scenario.json", folder / "report.json"
    scenario_path.write_text(json.dumps(scenario, default=str), "utf-8")
    report_path.unlink(missing_ok=True)
    child = (_ROUNDS if rounds else _CHILD).format(tests=str(TESTS), rounds=rounds)
    command = [*prefix, python or sys.executable, *flags, "-c", child]
    started = time.monotonic()
    done = subprocess.run(
        [*command, str(scenario_path), str(report_path)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=timeout,
        env={**os.environ, **(env or {})},
        cwd=cwd,
    )
    seconds = time.monotonic() - started
    data = _read(report_path)
    if rounds:
        reports = [_read(report_path.with_name(report_path.name + str(n))) for n in range(rounds)]
        data = {**reports[-1], "rounds": reports}
        data["ok"] = all(each.get("ok") for each in reports)
    return Report(data, done.stdout, done.stderr, done.returncode, seconds)


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}


if __name__ == "__main__":
    main()
