"""The worker as the live host meets it: a process, a folder, a pipe."""

import dataclasses
import json
import subprocess
import sys
import time
from importlib import resources
from pathlib import Path

import pytest

from reaper_drumgain import __version__
from reaper_drumgain.balance import balance
from reaper_drumgain.hosts import rpp
from reaper_drumgain.plan import GainPlan
from reaper_drumgain.settings import Settings
from reaper_drumgain.worker import PROTOCOL, REQUEST, RESULT

DEMO = Path(str(resources.files("reaper_drumgain"))) / "demo" / "session" / "DrumGain demo.RPP"


@pytest.fixture(scope="module")
def session():
    return rpp.read_project(DEMO).session


def request(found, **changes):
    chosen = Settings(method="equal-loudness")
    content = {
        "protocol": PROTOCOL,
        "version": __version__,
        "session": json.loads(found.to_json()),
        "settings": json.loads(chosen.to_json()),
    }
    return {**content, **changes}


def start(folder, content):
    folder.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / REQUEST).write_text(text)
    command = [sys.executable, "-I", "-m", "reaper_drumgain.worker", str(folder)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def answer(folder, content):
    process = start(folder, content)
    status = process.wait(60)
    out, err = process.stdout.read(), process.stderr.read()
    for pipe in (process.stdin, process.stdout, process.stderr):
        pipe.close()
    assert status == 0, err
    assert (out, err) == (b"", b"")
    return json.loads((folder / RESULT).read_text())


def test_the_plan_is_the_one_of_the_same_session_and_settings(session, tmp_path):
    got = answer(tmp_path / "Ödd folder [1]", request(session))
    assert (got["protocol"], got["version"]) == (PROTOCOL, __version__)
    plan = GainPlan.from_json(json.dumps(got["plan"]))
    assert plan == balance(session, Settings(method="equal-loudness"))


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"version": "0.0.0"}, "HostError", "0.0.0.*drumgain install"),
        ({"protocol": 99}, "HostError", "protocol 99"),
        ({"session": {"kind": "session", "schema": 99}}, "InputError", "schema 99"),
        ({"settings": 3}, "InputError", "settings"),
    ],
)
def test_requests_that_do_not_fit_are_answered_with_the_reason(
    session, tmp_path, changes, kind, message
):
    error = answer(tmp_path, request(session, **changes))["error"]
    assert error["kind"] == kind
    assert __import__("re").search(message, error["message"])


@pytest.mark.parametrize("content", ["", "{", "[]", "3", "[" * 200_000])
def test_rubbish_is_answered_with_the_reason(tmp_path, content):
    error = answer(tmp_path, content)["error"]
    assert error["kind"] == "HostError"
    assert "request" in error["message"]


def test_nothing_to_balance_is_told_as_such(session, tmp_path):
    empty = dataclasses.replace(session, tracks=(), sends=())
    assert answer(tmp_path, request(empty))["error"]["kind"] == "NothingToBalanceError"


def test_it_ends_when_the_host_goes_away(session, tmp_path):
    """The pipe closes before the worker has had the time to import numpy."""
    process = start(tmp_path, request(session))
    process.stdin.close()
    began = time.monotonic()
    assert process.wait(30) == 1
    assert time.monotonic() - began < 10
    assert not (tmp_path / RESULT).exists()
    process.stdout.close()
    process.stderr.close()


def test_isolated_mode_does_not_run_what_lies_in_its_folder(session, tmp_path):
    for name in ("numpy", "json", "sitecustomize", "soundfile"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(9)\n")
    assert "plan" in answer(tmp_path, request(session))


def test_it_starts_before_its_request_is_there(session, tmp_path):
    """The live host reads the project while this process imports what it needs."""
    tmp_path.mkdir(exist_ok=True)
    command = [sys.executable, "-I", "-m", "reaper_drumgain.worker", str(tmp_path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    time.sleep(0.3)
    assert process.poll() is None
    part = tmp_path / "request.part"
    part.write_text(json.dumps(request(session)))
    part.replace(tmp_path / REQUEST)
    assert process.wait(60) == 0
    process.stdin.close()
    assert "plan" in json.loads((tmp_path / RESULT).read_text())


def test_it_does_not_wait_for_a_host_that_is_gone(tmp_path):
    command = [sys.executable, "-I", "-m", "reaper_drumgain.worker", str(tmp_path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    time.sleep(0.2)
    process.stdin.close()
    assert process.wait(30) == 1
