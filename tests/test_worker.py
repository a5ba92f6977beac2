"""The worker as the live host meets it: a process, a folder, a pipe."""

import dataclasses
import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from importlib import resources
from pathlib import Path

import pytest

from reaper_drumgain import __version__
from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.cache.store import FILE_NAME
from reaper_drumgain.hosts import rpp
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.worker import NOTES, PROTOCOL, REQUEST, RESULT

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
    assert process.wait(60) == 1
    # it had its request, so only its end kept it from answering
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
    assert process.wait(60) == 1


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("DRUMGAIN_CACHE", str(folder))
    return folder


def plan_of(answered):
    return GainPlan.from_json(json.dumps(answered["plan"]))


def test_what_was_heard_is_remembered_where_that_is_asked_for(session, tmp_path, cache):
    for number, asked in enumerate(({}, {"remember": False}, {"remember": "yes"})):
        answer(tmp_path / f"not {number}", request(session, **asked))
    assert not cache.exists()
    first = answer(tmp_path / "first", request(session, remember=True))
    assert (cache / FILE_NAME).is_file()
    again = answer(tmp_path / "again", request(session, remember=True))
    assert plan_of(first) == plan_of(again) == balance(session, Settings(method="equal-loudness"))
    assert not (tmp_path / "again" / NOTES).exists()


def test_what_cannot_be_stored_is_told_beside_the_plan(session, tmp_path, cache):
    cache.write_text("in the way")
    answered = answer(tmp_path / "run", request(session, remember=True))
    assert plan_of(answered) == balance(session, Settings(method="equal-loudness"))
    (note,) = json.loads((tmp_path / "run" / NOTES).read_text())["notes"]
    assert "analysis results are not cached in" in note


def test_the_plan_is_there_before_anything_is_stored(session, tmp_path, cache):
    """Storing waits here until the plan was seen; it would give up before long."""
    answer(tmp_path / "first", request(session, remember=True))
    part = Settings(method="equal-loudness", span=(0.5, 5.0))
    asked = request(session, settings=json.loads(part.to_json()), remember=True)
    with closing(sqlite3.connect(cache / FILE_NAME, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        process = start(tmp_path / "run", asked)
        while not (tmp_path / "run" / RESULT).exists():
            assert process.poll() is None
            time.sleep(0.001)
        assert database.execute("SELECT count(*) FROM analyses").fetchone() == (1,)
        database.execute("COMMIT")
        process.wait(60)
        process.communicate()
        assert database.execute("SELECT count(*) FROM analyses").fetchone() == (2,)


@pytest.mark.parametrize("seconds", [0.0, 0.005, 0.01, 0.02, 0.03])
def test_one_that_ends_while_it_stores_leaves_nothing_half(session, tmp_path, cache, seconds):
    """REAPER is closed as soon as the plan is there, or a moment later."""
    process = start(tmp_path / "run", request(session, remember=True))
    while not (tmp_path / "run" / RESULT).exists():
        time.sleep(0.001)
    time.sleep(seconds)
    process.kill()
    process.communicate()
    answered = answer(tmp_path / "again", request(session, remember=True))
    assert plan_of(answered) == balance(session, Settings(method="equal-loudness"))
    assert not (tmp_path / "again" / NOTES).exists()


def test_it_removes_its_folder_when_the_host_is_gone(tmp_path):
    """The host may have been ended before it could; what is not of the run stays."""
    runs = [tmp_path / "one", tmp_path / "two"]
    for folder in runs:
        (folder / "stems").mkdir(parents=True)
        (folder / "stems" / "1.wav").write_bytes(b"x")
        (folder / "stderr.txt").write_bytes(b"")
    mine = runs[1] / "mine.txt"
    mine.write_text("keep")
    for folder in runs:
        command = [sys.executable, "-I", "-m", "reaper_drumgain.worker", str(folder)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE)
        process.stdin.close()
        assert process.wait(30) == 1
    assert not runs[0].exists()
    assert list(runs[1].iterdir()) == [mine]


def test_a_worker_that_is_released_stores_and_removes_its_folder(session, tmp_path, cache):
    folder = tmp_path / "released"
    process = start(folder, request(session, remember=True))
    while not (folder / RESULT).exists():
        assert process.poll() is None
        time.sleep(0.005)
    process.stdin.write(b"r")
    process.stdin.close()
    assert process.wait(60) == 0
    for pipe in (process.stdout, process.stderr):
        pipe.close()
    assert (cache / FILE_NAME).exists()
    assert not folder.exists()
