"""A real Dask scheduler and two worker processes on the loopback interface."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from batch_support import contents, make_songs

from reaper_drumgain.cli import main

if importlib.util.find_spec("distributed") is None:
    pytest.skip(
        "needs Dask, which the extra 'cluster' installs: pip install '.[cluster]'",
        allow_module_level=True,
    )

#: in a worker: each project takes its time, and says in a file that it was begun
SLOW = """
import os, time
from pathlib import Path
from reaper_drumgain.batch import work
if not hasattr(work, "slow"):
    work.slow = work.plan_of
    def plan(path, job):
        Path(os.environ["BEGUN"], f"{time.time_ns()} {os.getpid()}").touch()
        time.sleep(0.15)
        return work.slow(path, job)
    work.plan_of = plan
"""


class Cluster:
    """A scheduler and its workers, to be talked to at ``address``."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.begun = folder / "begun"
        self.begun.mkdir()
        (folder / "slow.py").write_text(SLOW)
        file = folder / "scheduler.json"
        fixed = ("--host", "127.0.0.1", "--scheduler-file", str(file))
        self.scheduler = self._start("scheduler", *fixed, "--port", "0", "--no-dashboard")
        self._await(lambda: file.is_file() and file.read_text().endswith("}"))
        self.address = json.loads(file.read_text())["address"]
        self.workers = [self.start_worker(number) for number in range(2)]

    def start_worker(self, number: int, preload: str = "slow.py") -> subprocess.Popen[bytes]:
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        place = ("--local-directory", str(self.folder / f"worker {number}"))
        own = ("--preload", str(self.folder / preload), *place)
        return self._start("worker", self.address, *options, *own)

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        # -P: nothing is imported from the working folder
        command = [sys.executable, "-P", "-m", "dask", *arguments]
        environment = {**os.environ, "BEGUN": str(self.begun)}
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def await_workers(self) -> None:
        log = self.folder / "log"
        self._await(lambda: log.read_text().count("Registered to") >= len(self.workers))

    def await_begun(self, count: int) -> None:
        self._await(lambda: len(list(self.begun.iterdir())) >= count)

    @staticmethod
    def _await(happened: object) -> None:
        end = time.monotonic() + 60
        while not happened():  # type: ignore[operator]
            assert time.monotonic() < end, "the cluster does not come up"
            time.sleep(0.02)

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path / "cluster")
    made.await_workers()
    yield made
    made.stop()


def start(songs: Path, output: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "reaper_drumgain", "batch", str(songs), "--recursive"]
    command += ["--output", str(output), "--no-cache", "--jobs", "2", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def locally(songs: Path, output: Path) -> dict[str, bytes]:
    fixed = ("--recursive", "--output", str(output), "--no-cache", "--jobs", "2")
    assert main(["batch", str(songs), *fixed]) == 0
    return contents(output)


def test_the_same_bytes_as_here_with_a_worker_killed_half_way(
    cluster: Cluster, tmp_path: Path
) -> None:
    songs = tmp_path / "songs"
    make_songs(songs, 10)
    expected = locally(songs, tmp_path / "here")
    assert len(expected) == 10
    process = start(songs, tmp_path / "there", "--cluster", cluster.address)
    cluster.await_begun(5)
    cluster.workers[0].send_signal(signal.SIGKILL)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert err == ""
    assert "10 projects: 10 written" in out
    assert contents(tmp_path / "there") == expected
    # the worker was at work when it died, and its project was done by the other
    assert len(list(cluster.begun.iterdir())) > 10
    assert len({path.name.split()[1] for path in cluster.begun.iterdir()}) == 2


def test_a_cluster_that_goes_away_leaves_the_rest_to_this_machine(
    cluster: Cluster, tmp_path: Path
) -> None:
    songs = tmp_path / "songs"
    make_songs(songs, 10)
    expected = locally(songs, tmp_path / "here")
    process = start(songs, tmp_path / "there", "--cluster", cluster.address)
    cluster.await_begun(4)
    cluster.scheduler.send_signal(signal.SIGKILL)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert f"lost the connection to the cluster at {cluster.address}" in err
    assert "projects are balanced on this machine" in err
    assert "Traceback" not in err
    assert "10 projects: 10 written" in out
    assert contents(tmp_path / "there") == expected


def test_workers_of_another_version_are_told_by_project(cluster: Cluster, tmp_path: Path) -> None:
    songs = tmp_path / "songs"
    make_songs(songs, 1)
    for worker in cluster.workers:
        worker.kill()
        worker.wait()
    (cluster.folder / "old.py").write_text(
        "from reaper_drumgain.batch import work\nwork.__version__ = '0.0.1'\n"
    )
    (cluster.folder / "log").rename(cluster.folder / "log of before")
    cluster.workers = [cluster.start_worker(number, "old.py") for number in (2, 3)]
    cluster.await_workers()
    process = start(songs, tmp_path / "there", "--cluster", cluster.address)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 4, (out, err)
    assert "this worker has DrumGain 0.0.1, the client" in out


def test_a_cluster_with_nobody_in_it_is_told(
    cluster: Cluster, songs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.workers[0].kill()
    cluster.workers[0].wait()
    before = contents(songs)
    fixed = ("--recursive", "--in-place", "--cluster", cluster.address)
    assert main(["batch", str(songs), *fixed]) == 1
    assert "has 1 worker threads: expected 2 or more" in capsys.readouterr().err
    assert contents(songs) == before


def test_an_address_where_nobody_answers_is_told_before_anything_is_written(
    songs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from reaper_drumgain.batch import pool

    monkeypatch.setattr(pool, "_CONNECT_S", 0.3)
    before = contents(songs)
    fixed = ("--recursive", "--in-place", "--no-cache")
    for address in ("tcp://127.0.0.1:1", "nonsense://here", "tcp://[::1"):
        assert main(["batch", str(songs), *fixed, "--cluster", address]) == 1
        assert f"no Dask scheduler answers at {address}" in capsys.readouterr().err
    assert contents(songs) == before


def test_without_dask_the_extra_is_named(
    songs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    fixed = ("--recursive", "--dry-run", "--cluster", "tcp://127.0.0.1:1")
    assert main(["batch", str(songs), *fixed]) == 2
    assert "'reaper-drumgain[cluster]'" in capsys.readouterr().err
