"""Compare two installed versions of DrumGain: the same plans, the same written bytes.

``python tests/tools/compare_versions.py OLD_PYTHON NEW_PYTHON [--projects DIR]`` runs both on
copies of the same inputs and compares exit statuses, JSON documents and every written file:

- the demo and a session made here, with every method that both versions have;
- every project file of DIR, with a short noise in the place of each media file;
- automation by a file of sections, and taking it back with ``clear-automation``;
- a batch that is interrupted and resumed.

Versions, absolute paths and time stamps are left out of the comparison. The exit status is the
number of differences, at most 100.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

RATE = 44_100
TRACKS = ("Kick In", "Kick Out", "Snare Top", "Snare Bottom", "Hi-Hat", "Tom 1", "OH L", "OH R")
_STAMP = re.compile(r"\d{4}-?\d{2}-?\d{2}[-T_ ]?\d{2}[-:]?\d{2}[-:]?\d{2}(\.\d+)?")


class Side:
    """One of the two versions, with a folder of its own."""

    def __init__(self, python: str, folder: Path) -> None:
        self.command = [python, "-m", "reaper_drumgain"]
        self.folder = folder
        own = {"DRUMGAIN_CACHE": str(folder / "cache"), "DRUMGAIN_STATE": str(folder / "state")}
        self.environment = {**os.environ, **own}

    def run(self, *arguments: str) -> tuple[int, str]:
        """Exit status and standard output of a command, run in the folder."""
        done = subprocess.run(
            [*self.command, *arguments],
            cwd=self.folder / "work",
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, self.plain(done.stdout)

    def methods(self) -> list[str]:
        """The names of its methods."""
        _, text = self.run("methods", "--json")
        try:
            return [entry["name"] for entry in json.loads(text)["methods"]]
        except (ValueError, KeyError, TypeError):
            return re.findall(r"(?m)^([a-z][a-z-]+)", self.run("methods")[1])

    def plain(self, text: str) -> str:
        """A text without what differs from run to run."""
        return _STAMP.sub("TIME", text.replace(str(self.folder), "FOLDER"))

    def files(self) -> dict[str, bytes]:
        """What lies in the working folder, by path; audio is left out."""
        work = self.folder / "work"
        return {
            self.plain(str(path.relative_to(work))): path.read_bytes()
            for path in sorted(work.rglob("*"))
            if path.is_file() and path.suffix.lower() not in {".wav", ".lock"}
        }


def noise(path: Path, seconds: float, seed: int, level: float = 0.1) -> None:
    """Bursts of coloured noise, as 24-bit WAV."""
    random = np.random.default_rng(seed)
    time_s = np.arange(int(seconds * RATE)) / RATE
    burst = np.exp(-(time_s % (0.3 + 0.07 * (seed % 5))) / 0.05)
    tone = np.sin(2 * np.pi * (60 + 90 * (seed % 12)) * time_s)
    samples = level * burst * (tone + 0.3 * random.standard_normal(time_s.size)) / 2
    path.parent.mkdir(parents=True, exist_ok=True)
    sf.write(path, samples + 1e-5 * random.standard_normal(time_s.size), RATE, "PCM_24")


def session(folder: Path, name: str, seconds: float, seed: int = 0) -> Path:
    """A project of eight drum tracks with faders at different places."""
    blocks = []
    for number, track in enumerate(TRACKS):
        noise(folder / "media" / f"{track}.wav", seconds, seed + number, 0.05 * (number + 1))
        blocks.append(
            f'  <TRACK\n    NAME "{track}"\n    VOLPAN {0.5 + 0.07 * number} 0 -1 -1 1\n'
            "    MAINSEND 1 0\n    <ITEM\n      POSITION 0\n"
            f"      LENGTH {seconds}\n      LOOP 0\n      VOLPAN 1 0 1 -1\n      SOFFS 0\n"
            "      PLAYRATE 1 1 0 -1 0 0.0025\n      CHANMODE 0\n      <SOURCE WAVE\n"
            f'        FILE "media/{track}.wav"\n      >\n    >\n  >\n'
        )
    path = folder / f"{name}.RPP"
    head = f'<REAPER_PROJECT 0.1 "7.0/win64" 1\n  SAMPLERATE {RATE} 0 0\n'
    path.write_bytes((head + "".join(blocks) + ">\n").encode())
    return path


def compare(what: str, old: Any, new: Any) -> Iterator[str]:
    """Sentences on how two results differ."""
    if old != new:
        yield f"{what}: {str(old)[:300]!r} became {str(new)[:300]!r}"


def both(sides: tuple[Side, Side], *arguments: str) -> Iterator[str]:
    """Run a command on both sides and compare status, output and files."""
    results = [side.run(*arguments) for side in sides]
    yield from compare(f"{' '.join(arguments)}: status", results[0][0], results[1][0])
    texts = [text for _, text in results]
    if "--json" in arguments and all(texts):
        texts = [json.loads(text) for text in texts]
    yield from compare(f"{' '.join(arguments)}: output", *texts)
    yield from compare_files(" ".join(arguments), sides)


def compare_files(what: str, sides: tuple[Side, Side]) -> Iterator[str]:
    """Every file in both working folders."""
    old, new = (side.files() for side in sides)
    yield from compare(f"{what}: names of files", sorted(old), sorted(new))
    for name in sorted(set(old) & set(new)):
        yield from compare(f"{what}: {name}", old[name], new[name])


def plans(sides: tuple[Side, Side], project: str) -> Iterator[str]:
    """Every method on one project, and the main settings."""
    common = [name for name in sides[0].methods() if name in sides[1].methods()]
    if not common:
        yield "no method is common to both versions"
    for method in common:
        yield from both(sides, "balance", project, "--method", method, "--dry-run", "--json")
    for extra in (("--amount", "50"), ("--level", "peak:-3"), ("--lock", "Kick In")):
        yield from both(sides, "balance", project, *extra, "--dry-run", "--json", "--no-cache")


def automation(sides: tuple[Side, Side], project: str) -> Iterator[str]:
    """Write automation in place, then take it back, then restore."""
    for side in sides:
        (side.folder / "work" / "sections.txt").write_text("0 12\n12 24\n24 36\n")
    options = ("--write", "automation", "--sections", "sections.txt")
    yield from both(sides, "balance", project, *options, "--in-place", "--json")
    yield from both(sides, "clear-automation", project, "--in-place")
    yield from both(sides, "restore", project)


def batch(sides: tuple[Side, Side], count: int) -> Iterator[str]:
    """A batch that is interrupted once and then resumed; what is written in the end counts."""
    for side in sides:
        songs = side.folder / "work" / "songs"
        for number in range(count):
            session(songs / f"song {number}", f"song {number}", 8.0, seed=number)
        arguments = [*side.command, "batch", "songs", "--recursive", "--in-place", "--jobs", "1"]
        work = side.folder / "work"
        process = subprocess.Popen(
            arguments,
            cwd=work,
            env=side.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(2.5)
        process.send_signal(signal.SIGINT)
        process.wait()
        side.run("batch", "songs", "--recursive", "--in-place", "--jobs", "1", "--resume")
    yield from compare_files("batch with resume", sides)


def real_projects(sides: tuple[Side, Side], folder: Path) -> Iterator[str]:
    """Project files of others, each balanced into a new file, media replaced by noise."""
    for path in sorted(folder.glob("*.[Rr][Pp][Pp]")):
        names = re.findall(rb'FILE "?([^"\r\n]+?)"?(?: 1)?\r?\n', path.read_bytes())
        for side in sides:
            shutil.rmtree(side.folder / "work")
            (side.folder / "work").mkdir()
            shutil.copy(path, side.folder / "work" / path.name)
            for seed, name in enumerate(dict.fromkeys(names)):
                leaf = re.split(r"[\\/]", name.decode("utf-8", "replace"))[-1]
                if leaf.lower().endswith((".wav", ".aif", ".aiff", ".flac")) and seed < 40:
                    noise(side.folder / "work" / f"{Path(leaf).stem}.wav", 4.0, seed)
        options = ("--method", "equal-loudness", "--output", "out.RPP", "--json")
        yield from both(sides, "balance", path.name, *options)


def differences(sides: tuple[Side, Side], projects: Path | None) -> Iterator[str]:
    """All comparisons, one after the other."""
    demo = subprocess.run(
        [sides[0].command[0], "-c", "import reaper_drumgain; print(reaper_drumgain.__path__[0])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    for side in sides:
        work = side.folder / "work"
        shutil.copytree(Path(demo) / "demo" / "session", work / "demo")
        session(work, "made", 36.0)
    yield from plans(sides, "demo/DrumGain demo.RPP")
    yield from plans(sides, "made.RPP")
    yield from automation(sides, "made.RPP")
    yield from batch(sides, 6)
    if projects is not None:
        yield from real_projects(sides, projects)


def main() -> int:
    """Compare, print each difference, return their number."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", help="the Python of the older version")
    parser.add_argument("new", help="the Python of the newer version")
    parser.add_argument("--projects", type=Path, help="a folder of project files")
    arguments = parser.parse_args()
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        sides = (
            Side(arguments.old, Path(folder) / "one"),
            Side(arguments.new, Path(folder) / "two"),
        )
        for side in sides:
            (side.folder / "work").mkdir(parents=True)
        for difference in differences(sides, arguments.projects):
            count += 1
            print(difference)
    print(f"{count} differences")
    return min(count, 100)


if __name__ == "__main__":
    sys.exit(main())
