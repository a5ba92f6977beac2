"""``drumgain doctor``: check the chain from REAPER to the worker, and say what to do."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections import Counter

from reaper_drumgain import __version__
from reaper_drumgain.cli import options, show
from reaper_drumgain.cli.install import add_resource_path
from reaper_drumgain.hosts.installation import doctor, python_library
from reaper_drumgain.hosts.installation.doctor import Check
from reaper_drumgain.schema.printable import printable

SUMMARY = "Check everything that the actions in REAPER need, and say what to do about each problem."
EXAMPLES = (("drumgain doctor", "check the installation"),)

_BROKEN = 1
_MARKS = {"ok": "ok      ", "warning": "warning ", "broken": "BROKEN  ", "not checked": "-       "}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_resource_path(parser)
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the checks. The exit status is 1 where a link is broken."""
    checks = []
    for check in doctor.examine(arguments.resource_path):
        checks.append(check)
        if not arguments.json:
            show.say(_text(check), flush=True)
    counts = Counter(check.state for check in checks)
    if arguments.json:
        print(json.dumps(_document(checks), indent=2))
    elif counts["broken"]:
        show.say(
            f"{counts['broken']} broken, {counts['warning']} warnings: start with the first one"
        )
    elif counts["warning"]:
        show.say(f"it works; {counts['warning']} warnings")
    else:
        show.say("no problem found")
    return _BROKEN if counts["broken"] else 0


def _text(check: Check) -> str:
    line = f"{_MARKS[check.state]}{check.name}: {printable(check.found)}"
    return line + (f"\n        to do: {printable(check.advice)}" if check.advice else "")


def _document(checks: list[Check]) -> dict[str, object]:
    states = {check.state for check in checks}
    worst = next((state for state in ("broken", "warning") if state in states), "ok")
    library = python_library.own_library()
    return {
        "schema": 1,
        "version": __version__,
        "state": worst,
        "python": None
        if library is None
        else {"folder": library.folder, "file": library.file, "described": str(library)},
        "checks": [dataclasses.asdict(check) for check in checks],
    }
