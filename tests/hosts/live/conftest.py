"""Scenarios on the stand-in for REAPER, run from an installed copy of the actions."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from reascript.run import Report, run_scenario

from reaper_drumgain import cli
from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.hosts import rpp
from reaper_drumgain.hosts.live.action_list import file_of
from reaper_drumgain.schema.settings import Settings

DEMO = Path(str(resources.files("reaper_drumgain"))) / "demo" / "session"
NAME = "DrumGain demo.RPP"
HEAVY = ["numpy", "scipy", "sklearn", "librosa", "soundfile", "numba", "psutil"]
DRUMS = 11

#: a worker that answers as a test says, without measuring anything
FAKE = """#!{python} -IS
import json, os, shutil, sys, time
folder = sys.argv[-1]
def put(name, text):
    part = os.path.join(folder, name + ".part")
    with open(part, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(part, os.path.join(folder, name))
if "reaper_drumgain.worker" not in sys.argv:
    sys.exit(3)
began = time.monotonic()
while not os.path.exists(os.path.join(folder, "request.json")):
    # nothing stays behind a test that asks for no work
    if not os.path.isdir(folder) or time.monotonic() - began > 60.0:
        sys.exit(3)
    time.sleep(0.002)
plan = json.load(open({plan!r}, encoding="utf-8"))
version = {version!r}
{body}
if os.path.exists(os.path.join(folder, "result.json")) and os.read(0, 1):
    # released: it cleans up after itself, but for its notes
    kept = os.path.join(folder, "notes.json")
    for name in os.listdir(folder):
        if name != "notes.json":
            path = os.path.join(folder, name)
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
    if not os.path.exists(kept):
        os.rmdir(folder)
"""
GIVES_PLAN = "put('result.json', json.dumps({'protocol': 1, 'version': version, 'plan': plan}))\n"


@pytest.fixture(scope="session")
def resource_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A resource folder, with a space and an umlaut in it, after ``drumgain install``."""
    folder = tmp_path_factory.mktemp("Ressourcen für REAPER")
    assert cli.main(["install", "--resource-path", str(folder)]) == 0
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The demo's project with its media, in a folder of its own."""
    folder = tmp_path / "Söng [1]"
    shutil.copytree(DEMO, folder)
    return folder / NAME


@pytest.fixture(scope="session")
def demo_plan(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The plan of the demo, made from its file."""
    return balance(rpp.read_project(DEMO / NAME).session, Settings())


class Reaper:
    """Runs scenarios with the installed actions."""

    def __init__(self, resource_path: Path, project: Path, folder: Path) -> None:
        self.resource_path = resource_path
        self.project = project
        self.folder = folder
        #: the folder of the analysis cache; the first press that uses it makes it
        self.cache = folder / "cache"
        self.options: dict[str, Any] = {"block_imports": HEAVY}
        self.flags: tuple[str, ...] = ("-I", "-S")

    def action(self, name: str) -> str:
        return str(self.resource_path / "Scripts" / "DrumGain" / file_of(name))

    def press(self, name: str, *answers: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"run": self.action(name), "dialogs": list(answers), **more}

    def play(self, *steps: dict[str, Any], **changes: Any) -> Report:
        """Play a scenario in which the stand-in must not fail and nothing may be left behind."""
        report = self.play_out(*steps, **changes)
        assert report.ok, report.problems
        assert report.data["children"] == 0
        return report

    def play_out(self, *steps: dict[str, Any], **changes: Any) -> Report:
        options = ("prefix", "env", "python", "rounds", "timeout")
        how = {key: changes.pop(key) for key in options if key in changes}
        scenario = {
            "projects": [str(self.project)],
            "resource_path": str(self.resource_path),
            **self.options,
            "steps": list(steps),
            **changes,
        }
        work = self.folder / "scenario"
        work.mkdir(exist_ok=True)
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        own = {"TMPDIR": str(temporary), "DRUMGAIN_CACHE": str(self.cache)}
        env = {**own, **how.pop("env", {})}
        report = run_scenario(scenario, work, flags=self.flags, env=env, **how)
        left = [path.name for path in temporary.iterdir()]
        assert left == [], f"left behind: {left}"
        return report


@pytest.fixture
def reaper(resource_path: Path, project: Path, tmp_path: Path) -> Reaper:
    """A running REAPER with the demo open and the real worker."""
    return Reaper(resource_path, project, tmp_path)


@pytest.fixture
def make_fake(
    resource_path: Path, project: Path, tmp_path: Path, demo_plan: Any
) -> Callable[..., Reaper]:
    """A REAPER whose worker runs the code of a test: ``make_fake(body)``."""

    def make(body: str = GIVES_PLAN, *, version: str | None = None) -> Reaper:
        from reaper_drumgain import __version__

        own = tmp_path / "resources"
        shutil.copytree(resource_path, own, dirs_exist_ok=True)
        plan = tmp_path / "plan.json"
        plan.write_text(demo_plan.to_json(), "utf-8")
        worker = tmp_path / "fake worker"
        text = FAKE.format(
            python=sys.executable, plan=str(plan), version=version or __version__, body=body
        )
        worker.write_text(text, "utf-8")
        worker.chmod(0o755)
        setup = own / "Scripts" / "DrumGain" / "setup.json"
        document = json.loads(setup.read_text("utf-8"))
        document["interpreter"] = str(worker)
        setup.write_text(json.dumps(document), "utf-8")
        reaper = Reaper(own, project, tmp_path)
        # such a worker answers at once, so ticks need not take time
        reaper.options["clock"] = "virtual"
        return reaper

    return make


@pytest.fixture
def fake(make_fake: Callable[..., Reaper]) -> Reaper:
    """A REAPER whose worker gives the demo's plan at once."""
    return make_fake()
