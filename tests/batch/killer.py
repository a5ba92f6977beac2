"""Runs a batch again and again, and ends its process after each file operation in turn.

Those that only look (stat, read, list) are left out: an end after one of them is the same as
one after the operation before.

``python killer.py MODE FOLDER``: a program of its own, because it forks. Each time the songs are
as before, the process is ended after its n-th operation (a write half done), what it left is
checked, and ``--resume`` goes on. Prints how many ends there were; raises where one left
anything that is neither as before nor completely written.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from batch_support import contents, make_songs

from reaper_drumgain.batch import pool, work
from reaper_drumgain.cli import main

ENDED = 99
OPERATIONS = (
    *("open", "replace", "rename", "link", "fsync", "fchmod", "unlink", "mkdir", "rmdir"),
    *("close", "ftruncate", "write"),
)
LOCKS = (".drumgain-batch.lock", ".drumgain-write.lock")
WRITING = ("write", "truncate", "close")
plans: dict[bytes, work.Result] = {}
plan_of = work.plan_of


def remembered(path: str, job: work.Job) -> work.Result:
    """A plan is the same for the same bytes, and for others it is made anew."""
    data = Path(path).read_bytes()
    if data not in plans:
        plans[data] = plan_of(path, job)
    return plans[data]


class Counted:
    """Ends the process once so many operations were done."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.count = 0

    def __call__(self, real: Callable[..., Any], half: Callable[[], Any] | None = None) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            self.count += 1
            if self.count < self.last:
                return real(*arguments, **options)
            if half is not None:
                half()
            else:
                with contextlib.suppress(OSError):
                    real(*arguments, **options)
            os._exit(ENDED)

        return call


class CountedFile:
    """A file whose methods are counted, and whose last write is half done."""

    def __init__(self, file: Any, counted: Counted) -> None:
        self._file, self._counted = file, counted

    def __enter__(self) -> CountedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __iter__(self) -> Any:
        return iter(self._file)

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._file, name)
        if name == "write":
            return lambda data: self._counted(
                real, lambda: os_write(self._file.fileno(), bytes(data)[: len(data) // 2])
            )(data)
        return self._counted(real) if name in WRITING else real


os_write = os.write


def run(arguments: list[str], last: int | None = None) -> int:
    """The exit status of the command in a process of its own."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.stdout = sys.stderr = io.StringIO()
    if last is not None:
        counted = Counted(last)
        for name in OPERATIONS:
            setattr(os, name, counted(getattr(os, name)))
        real_open = builtins.open
        builtins.open = lambda *a, **o: CountedFile(counted(real_open)(*a, **o), counted)  # type: ignore[assignment]
    status = 1
    with contextlib.suppress(BaseException):
        status = main(arguments)
    os._exit(status)


def check(before: dict[str, bytes], done: dict[str, bytes], now: dict[str, bytes]) -> None:
    """Each file is as before or as it is meant to be; the rest are backups and what is marked."""
    for name, data in now.items():
        if name in before or name in done:
            allowed = [held[name] for held in (before, done) if name in held]
            assert data in allowed, f"{name} is neither as before nor as it is meant"
        elif ".drumgain-" in name and name.endswith(".bak"):
            original = name.partition(".drumgain-")[0]
            assert data == before[original], name
        else:
            assert name.endswith((".tmp", *LOCKS)), name
    for name in before:
        assert name in now, f"{name} is gone"


def check_backups(before: dict[str, bytes], now: dict[str, bytes]) -> None:
    for name, data in before.items():
        if now[name] != data:
            backups = [other for other in now if other.startswith(f"{name}.drumgain-")]
            assert any(now[other] == data for other in backups), f"{name} has no backup"


def main_loop(mode: str, folder: Path) -> None:
    songs, state = folder / "songs", folder / "state"
    os.environ["DRUMGAIN_STATE"] = str(state)
    make_songs(songs, 2 if mode == "in place" else 1)
    shutil.copytree(songs, folder / "original")
    before = contents(songs)
    pool.plan_of = remembered
    for song in sorted(songs.glob("song */*.RPP")):
        remembered(str(song), work.Job(settings_of(), threads=1, cache=False))
    where = {"in place": ["--in-place"], "beside": [], "output": ["--output", str(songs / "out")]}
    command = ["batch", str(songs), "--recursive", "--jobs", "1", "--no-cache", "--amount", "50"]
    command += where[mode]
    assert run(command) == 0
    done = {name: data for name, data in contents(songs).items() if not name.endswith(".bak")}
    assert done != before
    last = 0
    while True:
        last += 1
        shutil.rmtree(songs)
        shutil.rmtree(state)
        shutil.copytree(folder / "original", songs)
        status = run(command, last)
        now = contents(songs)
        check(before, done, now)
        check_backups(before, now)
        if status != ENDED:
            assert status == 0
            break
        assert run([*command, "--resume"]) == 0
        now = contents(songs)
        check(before, done, now)
        check_backups(before, now)
        assert {name: now.get(name) for name in done} == done, "not everything was done"
        left = [name for name in now if name.endswith((".tmp", ".lock"))]
        assert not left, f"{left} left after operation {last}"
        if last % 8 == 0:
            # and once more nothing is done
            assert run([*command, "--resume"]) == 0
            assert contents(songs) == now
    print(last - 1)


def settings_of() -> Any:
    from reaper_drumgain.schema.settings import Settings

    return Settings(amount=50.0)


if __name__ == "__main__":
    main_loop(sys.argv[1], Path(sys.argv[2]))
