"""The self-test: a report on whether REAPER is as the other modules assume.

It works in a temporary project tab; users can paste the report into a bug report. A check that
cannot run counts as failed.
"""

from __future__ import annotations

import json
import platform
import subprocess
import time
from collections.abc import Generator
from typing import Any

from reaper_drumgain import __version__
from reaper_drumgain.hosts.live import WAIT, dry_run_assumptions, reaper, stem_check
from reaper_drumgain.hosts.live.assumptions import CHECKS, PROVIDED_FOR, Check
from reaper_drumgain.hosts.live.console import print_line
from reaper_drumgain.hosts.live.link import worker_environment
from reaper_drumgain.hosts.live.reaper import RPR, current_project
from reaper_drumgain.hosts.live.self_test_tab import Tab
from reaper_drumgain.hosts.live.setup import Setup
from reaper_drumgain.hosts.live.tasks import Steps

_TICKS = 20
_DOCTOR_WITHIN_S = 120.0
_STEMS = ("a stem is rendered pre-fader", stem_check.check)


def steps(setup: Setup | None, problem: str = "") -> Steps:
    """Run all checks, then print the report.

    ``problem`` says why there is no ``setup`` that can be used.
    """
    lines = [
        f"DrumGain {__version__} self-test: REAPER {reaper.version()}, {RPR.GetOS()}, "
        f"Python {platform.python_version()} on {platform.platform()}"
    ]
    print_line("DrumGain: the self-test uses a new project tab: do not save it")
    tab = Tab(current_project())
    try:
        for name, check in (*CHECKS, *dry_run_assumptions.CHECKS, _STEMS):
            lines.append(_line(name, _made(check, tab)))
            yield
        lines.append((yield from _defer_timing()))
        if setup is None:
            lines.append(_line("DrumGain's set-up", problem))
        else:
            lines += yield from _doctor(setup)
    finally:
        tab.close()
    lines.append(_line("the temporary project tab is closed", _closed(tab)))
    failed = sum(line.startswith("FAILS") for line in lines)
    lines.append(f"{len(lines) - 1 - failed} hold, {failed} fail")
    print_line("\n".join(lines))


def _made(check: Check, tab: Tab) -> str | None:
    try:
        return check(tab)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _line(name: str, problem: str | None) -> str:
    if problem is None:
        return f"holds  {name}"
    return f"{'look ' if name in PROVIDED_FOR else 'FAILS'}  {name}: {problem}"


def _closed(tab: Tab) -> str | None:
    return "it is still open" if reaper.is_open(tab.project) else None


def _defer_timing() -> Generator[Any, None, str]:
    started = time.perf_counter()
    for _ in range(_TICKS):
        yield WAIT
    each = 1000.0 * (time.perf_counter() - started) / _TICKS
    problem = None if each < 100.0 else f"{each:.0f} ms from one to the next"
    return _line(f"deferred code runs every {each:.0f} ms", problem)


def _doctor(setup: Setup) -> Generator[Any, None, list[str]]:
    """What ``drumgain doctor`` finds: the chain from REAPER's folder to a small balance."""
    name = "the worker's Python starts and has this DrumGain"
    command = [setup.interpreter, "-I", "-m", "reaper_drumgain", "doctor", "--json"]
    try:
        process = subprocess.Popen(
            [*command, "--resource-path", str(RPR.GetResourcePath())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=worker_environment(),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        return [_line(name, str(error))]
    # the pipe holds the whole report, so the process need not wait for a reader
    end = time.monotonic() + _DOCTOR_WITHIN_S
    try:
        while process.poll() is None and time.monotonic() < end:
            yield WAIT
    finally:
        process.kill()
        output = process.communicate()[0].decode("utf-8", "replace").strip()
    try:
        checks = json.loads(output)["checks"]
        return [_of_doctor(check) for check in checks]
    except (ValueError, KeyError, TypeError):
        return [_line(name, output[-200:] or "it printed nothing")]


def _of_doctor(check: dict[str, str]) -> str:
    text = f"{check['name']}: {check['found']}"
    if check["state"] == "ok":
        return f"holds  {text}"
    mark = "FAILS" if check["state"] == "broken" else "look "
    return f"{mark}  {text}. {check['advice']}"
