"""A balance with a picture and a report whose process ends anywhere leaves only whole files."""

from __future__ import annotations

import io
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from batch_support import contents, make_songs
from matplotlib.figure import Figure

from reaper_drumgain.balance import pipeline
from reaper_drumgain.cli import main
from reaper_drumgain.report import build

OPERATIONS = ("open", "fsync", "link", "unlink", "replace", "rename", "fchmod", "mkdir", "write")
LEFT = (".tmp", ".part", ".lock")
ENDED = 9


def remembered(monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    """Runs the command; what takes long in it is the same from then on."""
    made: dict[str, Any] = {}

    def once(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if name not in made:
                made[name] = real(*arguments, **options)
            return made[name]

        return call

    def drawn(figure: Figure, target: Any, **options: Any) -> None:
        if "picture" not in made:
            data = io.BytesIO()
            savefig(figure, data, **options)
            made["picture"] = data.getvalue()
        target.write(made["picture"])

    monkeypatch.setattr(pipeline, "balance", once("plan", pipeline.balance))
    monkeypatch.setattr(build, "report_files", once("report", build.report_files))
    assert main(command) == 0
    # pictures of the report are made from here on no more
    savefig = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", drawn)


def run(command: list[str], last: int | None = None) -> int:
    """The exit status in a process of its own, which ends before its n-th operation."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 1
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        # the disk need not be waited for
        os.fsync = lambda _: None  # type: ignore[assignment]
        if last is not None:
            left = itertools.count(1 - last)
            for name in OPERATIONS:
                setattr(os, name, ending(getattr(os, name), left))
            io.open = written_halfway(io.open, left)  # type: ignore[assignment]
        status = main(command)
    finally:
        os._exit(status)


def ending(real: Callable[..., Any], left: itertools.count[int]) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        if not next(left):
            os._exit(ENDED)
        return real(*arguments, **options)

    return call


def written_halfway(real: Callable[..., Any], left: itertools.count[int]) -> Callable[..., Any]:
    """``open`` for files that are written by ``pathlib``: the end may come amid a write."""

    def call(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        if mode != "wb":
            return real(file, mode, *arguments, **options)
        opened = ending(real, left)(file, mode, *arguments, **options)
        write = opened.write

        def half(data: Any) -> int:
            if not next(left):
                os.truncate(opened.fileno(), 0)
                os.pwrite(opened.fileno(), bytes(data)[: len(data) // 2], 0)
                os._exit(ENDED)
            return int(write(data))

        return Written(opened, half)

    return call


class Written:
    """A file with another ``write``."""

    def __init__(self, file: Any, write: Callable[[Any], int]) -> None:
        self._file, self.write = file, write

    def __enter__(self) -> Written:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
@pytest.mark.parametrize("write", ["volume", "automation"])
def test_an_end_anywhere_leaves_whole_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: str
) -> None:
    (song,) = make_songs(tmp_path / "songs", 1)
    before = song.read_bytes()
    command = ["balance", str(song), "--in-place", "--no-cache", "--method", "cross-adaptive"]
    command += ["--write", write, "--picture", str(song.with_name("plan.png"))]
    command += ["--report", str(song.parent / "report")]
    remembered(monkeypatch, command)
    done = whole(song.parent)
    assert len(done) >= 4, "the project, a picture, a page and its tables"
    for last in itertools.count(1):
        for name in contents(song.parent):
            (song.parent / name).unlink()
        song.write_bytes(before)
        status = run(command, last)
        now = contents(song.parent)
        assert now[song.name] in (before, done[song.name]), last
        for name, data in whole(song.parent).items():
            assert data == done[name] or (name == song.name and data == before), (name, last)
        backups = [data for name, data in now.items() if name.endswith(".bak")]
        assert now[song.name] == before or backups == [before], last
        if status != ENDED:
            assert status == 0
            assert whole(song.parent) == done
            break
        if last % 3:
            continue
        # the same command again does what is missing, and nothing half done stays
        song.write_bytes(before)
        assert run(command) == 0
        assert whole(song.parent) == done, last
        assert not [name for name in contents(song.parent) if name.endswith(LEFT)], last
    assert last > 20


def whole(folder: Path) -> dict[str, bytes]:
    """The files in a folder that are neither backups nor marked as unfinished."""
    found = contents(folder)
    return {name: data for name, data in found.items() if not name.endswith((".bak", *LEFT))}
