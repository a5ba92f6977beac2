"""Gains over time against faders alone, process start included, on the same project.

Run ``python tests/bench/bench_automation.py [--seconds 240] [--rounds 5]``. Both listen anew
(``--no-cache``) and write nothing. Each row is the best of several rounds, both taking turns:
wall clock, and processor time of the process with all its threads, which other work on the
machine disturbs less. ``points``: how many the tracks get, fewest and most.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from bench_balance import COMMAND, write_project

REGIONS = 8


def with_regions(project: Path, seconds: float) -> None:
    """Regions of equal length over the whole song."""
    length = seconds / REGIONS
    lines = "".join(
        f'  MARKER {n + 1} {n * length:g} "part {n + 1}" 1\n'
        f'  MARKER {n + 1} {(n + 1) * length:g} "" 1\n'
        for n in range(REGIONS)
    )
    data = project.read_text()
    at = data.index("  <TRACK")
    project.write_text(data[:at] + lines + data[at:])


def run(project: Path, *options: str) -> tuple[float, float, str]:
    """Wall clock and processor seconds of a dry run, and what it printed."""
    command = [*COMMAND, "balance", str(project), "--dry-run", "--no-cache", "--json", *options]
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"the dry run failed with status {process.returncode}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, out


def points(out: str) -> str:
    made = [t["automation"] for t in json.loads(out)["tracks"] if t["automation"] is not None]
    counts = [len(automation["points"]) for automation in made]
    return f"{min(counts, default=0)} to {max(counts, default=0)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        project = write_project(Path(scratch) / "song", arguments.seconds)
        with_regions(project, arguments.seconds)
        for what, method in (
            (f"{REGIONS} regions, forest", "forest"),
            (f"{REGIONS} regions, partial-loudness", "partial-loudness"),
            ("running, cross-adaptive", "cross-adaptive"),
        ):
            plain, over_time = [], []
            for _ in range(arguments.rounds):
                plain.append(run(project, "--method", method))
                over_time.append(run(project, "--method", method, "--write", "automation"))
            found = [min(t[k] for t in times) for k in (0, 1) for times in (over_time, plain)]
            print(
                f"{what:30} {found[0]:6.2f} s  faders alone {found[1]:6.2f} s  ratio "
                f"{found[0] / found[1]:.2f}   processor {found[2]:6.2f} s against "
                f"{found[3]:6.2f} s  ratio {found[2] / found[3]:.2f}   points "
                f"{points(over_time[-1][2])}",
                flush=True,
            )


if __name__ == "__main__":
    main()
