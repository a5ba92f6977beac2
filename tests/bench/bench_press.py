"""From key press to faders moved, in the stand-in for REAPER, with plain peers in the same run.

Run ``python tests/bench/bench_press.py [--seconds 240] [--rounds 3]``. The best of several
rounds each:

- the press on the packaged demo against ``python -c "import numpy, soundfile"``;
- the press on 8 tracks of 4 minutes against the command line's dry run on the same project;
- for both, the press with another method once they were heard against the first one;
- the same with automation in eight regions against the press that writes faders;
- the longest tick of the main thread, the import of reapy apart, with and without the
  stand-in's own time, which REAPER's compiled code does not take.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[1])]

from bench_automation import with_regions  # noqa: E402
from bench_balance import drumgain, write_project  # noqa: E402
from reascript.run import Report, run_scenario  # noqa: E402

from reaper_drumgain import cli  # noqa: E402
from reaper_drumgain.hosts.live.action_list import file_of  # noqa: E402

DEMO = Path(str(resources.files("reaper_drumgain"))) / "demo" / "session" / "DrumGain demo.RPP"


def press(
    project: Path, resource_path: Path, cache: Path, name: str = "balance_all", method: str = ""
) -> Report:
    """``method``: another one than the usual, as the settings dialog stores it."""
    action = resource_path / "Scripts" / "DrumGain" / file_of(name)
    stored = json.dumps({"kind": "settings", "schema": 1, "method": method})
    deeds = {"project_ext_state": [["DrumGain", "settings", stored]]} if method else {}
    steps: list[dict[str, Any]] = [{"do": deeds}, {"run": str(action)}]
    scenario = {
        "projects": [str(project)],
        "resource_path": str(resource_path),
        "deadline": 120,
        "steps": steps,
    }
    report = run_scenario(scenario, timeout=300, env={"DRUMGAIN_CACHE": str(cache)})
    assert report.ok, report.problems
    assert "moved" in report.console, report.console
    return report


def best(rounds: int, *tasks: Callable[[], float]) -> list[float]:
    """The best of several rounds of each task, taking turns."""
    times = [[task() for task in tasks] for _ in range(rounds)]
    return [min(column) for column in zip(*times, strict=True)]


def timed(task: Callable[[], object]) -> Callable[[], float]:
    def measure() -> float:
        started = time.perf_counter()
        task()
        return time.perf_counter() - started

    return measure


def imports() -> None:
    subprocess.run([sys.executable, "-c", "import numpy, soundfile"], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "resources").mkdir()
        assert cli.main(["install", "--resource-path", str(home / "resources")]) == 0
        reports: list[Report] = []

        def pressed(
            project: Path, name: str = "balance_all", heard: str = "", method: str = ""
        ) -> Callable[[], float]:
            """``heard``: the cache of a press before; otherwise there is none yet."""

            def measure() -> float:
                cache = home / (heard or f"cache {len(reports)}")
                reports.append(press(project, home / "resources", cache, name, method))
                return float(reports[-1].data["steps"][1]["change_seconds"])

            return measure

        def again(project: Path, name: str) -> Callable[[], float]:
            """Another method on what was heard."""
            time.sleep(3)  # a file of this moment is not remembered
            pressed(project, heard=name)()
            return pressed(project, heard=name, method="equal-loudness")

        demo, repeated, plain = best(
            arguments.rounds, pressed(DEMO), again(DEMO, "demo"), timed(imports)
        )
        print(f"demo: press {demo:.2f} s, imports {plain:.2f} s, ratio {demo / plain:.2f}")
        print(f"demo: another method {repeated:.2f} s, ratio to the first {repeated / demo:.2f}")
        project = write_project(home / "long", arguments.seconds)
        long, repeated, line = best(
            arguments.rounds,
            pressed(project),
            again(project, "8 tracks"),
            timed(lambda: drumgain(project)),
        )
        print(f"8 tracks: press {long:.2f} s, command line {line:.2f} s, ratio {long / line:.2f}")
        print(f"8 tracks: another method {repeated:.2f} s, ratio {repeated / long:.2f}")
        parted = project.with_name("parted.RPP")
        parted.write_bytes(project.read_bytes())
        with_regions(parted, arguments.seconds)
        over_time, long = best(
            arguments.rounds, pressed(parted, "write_automation"), pressed(parted)
        )
        print(
            f"8 tracks: press with automation {over_time:.2f} s, without {long:.2f} s, "
            f"ratio {over_time / long:.2f}"
        )
        ticks = [report.longest_ms for report in reports]
        net = [report.longest_script_ms for report in reports]
        reapy = [report.data["steps"][1]["reapy_import_ms"] for report in reports]
        print(f"import of reapy: {min(reapy):.0f} ms, once, in the tick of the key press")
        print(f"longest other tick: {min(ticks):.1f} ms, without the stand-in {min(net):.1f} ms")


if __name__ == "__main__":
    main()
