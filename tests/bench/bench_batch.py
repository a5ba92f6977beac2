"""Many small projects, and the second look at the same audio.

Run ``python tests/bench/bench_batch.py [--projects 1000] [--seconds 240] [--rounds 3]``:

- a dry run on many small projects (the demo cut to a second, and every project file that is
  found in ``--corpus``, multiplied): the rate with two jobs against that with one, the cost of
  twice as many against as many, and the peak memory of the client for both;
- the same with ``--in-place`` against the dry run;
- ``drumgain balance`` on 8 tracks that were heard before, against the start of a process that
  imports what any balance does, and against a first run;
- a first run that remembers against one that does not (``--no-cache``).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from importlib import resources
from pathlib import Path

import soundfile as sf
from bench_balance import best, imports_only, row, write_project

DEMO = resources.files("reaper_drumgain") / "demo" / "session"


class Drumgain:
    """The command, with folders of its own, and what it cost."""

    def __init__(self, folder: Path) -> None:
        self.environment = {
            **os.environ,
            "DRUMGAIN_CACHE": str(folder / "cache"),
            "DRUMGAIN_STATE": str(folder / "state"),
        }
        self.cache = folder / "cache"

    def __call__(self, *arguments: object, status: tuple[int, ...] = (0,)) -> tuple[float, float]:
        """Seconds, and peak resident memory of this process alone in MB."""
        command = [sys.executable, "-m", "reaper_drumgain", *map(str, arguments)]
        start = time.perf_counter()
        process = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, code, usage = os.wait4(process.pid, 0)
        taken = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(code)
        if process.returncode not in status:
            raise SystemExit(f"{command} failed with status {process.returncode}")
        return taken, usage.ru_maxrss / 1024

    def forget(self) -> None:
        """As if nothing had been heard."""
        shutil.rmtree(self.cache, ignore_errors=True)


def make_songs(folder: Path, count: int, corpus: Path) -> None:
    """Projects in folders of ten; every fourth is one of the corpus, the others the demo, whose
    audio they share, cut to a second."""
    media = folder / "media"
    media.mkdir(parents=True)
    with resources.as_file(DEMO) as demo:
        for file in sorted((demo / "media").iterdir()):
            audio, rate = sf.read(file, dtype="float32")
            sf.write(media / file.name, audio[:rate], rate, subtype="PCM_16")
        text = (demo / "DrumGain demo.RPP").read_bytes()
    text = text.replace(b'FILE "media/', b'FILE "' + os.fsencode(media) + b"/")
    real = sorted(corpus.glob("*.[Rr][Pp][Pp]"))
    for number in range(count):
        path = folder / f"{number // 10:03}" / f"song {number:04}.RPP"
        path.parent.mkdir(exist_ok=True)
        if real and number % 4 == 3:
            shutil.copy(real[number // 4 % len(real)], path)
        else:
            path.write_bytes(text)


def many(scratch: Path, count: int, rounds: int, corpus: Path) -> None:
    run = Drumgain(scratch)
    half, whole = scratch / "half", scratch / "whole"
    make_songs(half, count // 2, corpus)
    make_songs(whole, count, corpus)
    fixed = ("--recursive", "--dry-run", "--no-cache")
    memory = {}

    def batch(folder: Path, jobs: int) -> None:
        _, memory[folder, jobs] = run("batch", folder, *fixed, "--jobs", jobs)

    one, two, less = best(
        rounds, lambda: batch(whole, 1), lambda: batch(whole, 2), lambda: batch(half, 1)
    )
    print(f"{count} projects: {count / one:.1f} a second with one job, {count / two:.1f} with two")
    row(f"{count} projects, two jobs: speed", one, two, "two jobs")
    row(f"{count} projects, one job", one, less, f"{count // 2} projects (2 is linear)")
    for jobs in (1, 2):
        batch(half, jobs)
        print(
            f"peak memory of the client, {jobs} jobs: {memory[whole, jobs]:.0f} MB with {count}, "
            f"{memory[half, jobs]:.0f} MB with {count // 2}, "
            f"ratio {memory[whole, jobs] / memory[half, jobs]:.2f}"
        )
    dry, _ = run("batch", half, *fixed, "--jobs", 2)
    real, _ = run("batch", half, "--recursive", "--in-place", "--no-cache", "--jobs", 2)
    row(f"{count // 2} projects, written in place", real, dry, "the dry run")


def again(scratch: Path, seconds: float, rounds: int) -> None:
    project = write_project(scratch / "eight", seconds)
    time.sleep(3.0)  # files of this moment are not remembered
    run = Drumgain(scratch)
    fixed = ("balance", project, "--dry-run")

    def first() -> None:
        run.forget()
        run(*fixed)

    def other_method() -> None:
        run(*fixed, "--method", "equal-loudness")

    new, without = best(rounds, first, lambda: run(*fixed, "--no-cache"))
    row(f"8 x {seconds:g} s for the first time", new, without, "--no-cache")
    run(*fixed)
    same, other, start, anew = best(
        2 * rounds,
        lambda: run(*fixed),
        other_method,
        imports_only,
        lambda: run(*fixed, "--no-cache"),
    )
    row(f"8 x {seconds:g} s again", same, start, "import numpy, soundfile")
    row(f"8 x {seconds:g} s with another method", other, start, "import numpy, soundfile")
    row(f"8 x {seconds:g} s again", same, anew, "--no-cache")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--corpus", type=Path, default=Path(__file__).parents[3] / "shared" / "data" / "projects"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        again(Path(name) / "again", arguments.seconds, arguments.rounds)
        many(Path(name) / "many", arguments.projects, arguments.rounds, arguments.corpus)


if __name__ == "__main__":
    main()
