"""The whole command, process start included, with ffmpeg, librosa and plain imports as peers.

Run ``python tests/bench/bench_balance.py [--seconds 240] [--rounds 5]``. Each row is the best
of several rounds, ours and the peer's taking turns in the same run:

- a dry run on 8 tracks, 48 kHz/24 bit, against ffmpeg's ``ebur128`` on the same files, two at a
  time (at most 1.3 times its time is asked for, 0.8 is the aim), also in CPU time, which other
  work on the machine changes less; once with six tracks that play for 5 s, and once with
  ``--level peak`` against without;
- the same against plain librosa and pyloudnorm on one of the files, times 8;
- a dry run on the packaged demo against ``python -c "import numpy, soundfile"``, without cached
  results, as all others, and with them;
- the CPU time of that dry run as a person starts it, at a terminal with nothing cached yet: the
  median of three times as many rounds;
- peak memory of the process on 24 tracks of 10 minutes, and the cost for twice the tracks and
  twice the length.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from statistics import median

import numpy as np
import soundfile as sf

RATE = 48_000
# an installed package is compiled, and so are its peers
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
#: ``drumgain`` as installed beside this Python, else the module
SCRIPT = shutil.which("drumgain", path=str(Path(sys.executable).parent))
COMMAND = [SCRIPT] if SCRIPT else [sys.executable, "-m", "reaper_drumgain"]
NAMES = ("Kick In", "Kick Out", "Snare Top", "Snare Bottom", "Hi-Hat", "Tom 1", "OH L", "OH R")


def write_project(folder: Path, seconds: float, names: tuple[str, ...] = NAMES) -> Path:
    """Noise bursts on a quiet floor, different on each track, as 24 bit WAV; and the .RPP."""
    folder.mkdir(parents=True)
    frames = int(seconds * RATE)
    blocks = []
    for number, name in enumerate(names):
        noise = np.random.default_rng(number)
        period = int(RATE * (0.31 + 0.07 * (number % 8)))
        burst = np.exp(-np.arange(period) / (0.05 * RATE)).astype(np.float32)
        with sf.SoundFile(folder / f"{number}.wav", "w", RATE, 1, "PCM_24") as file:
            for _ in range(0, frames, period):
                sound = noise.standard_normal(period, dtype=np.float32)
                file.write(0.2 * burst * sound + 0.001 * sound)
        blocks.append(
            f'  <TRACK\n    NAME "{name}"\n    VOLPAN 1 0 -1 -1 1\n    MAINSEND 1 0\n'
            f"    <ITEM\n      POSITION 0\n      LENGTH {seconds}\n      LOOP 0\n"
            f"      VOLPAN 1 0 1 -1\n      SOFFS 0\n      PLAYRATE 1 1 0 -1 0 0.0025\n"
            f'      CHANMODE 0\n      <SOURCE WAVE\n        FILE "{number}.wav"\n      >\n'
            "    >\n  >\n"
        )
    project = folder / "bench.RPP"
    text = f'<REAPER_PROJECT 0.1 "6.69/win64" 1\n  SAMPLERATE {RATE} 0 0\n{"".join(blocks)}>\n'
    project.write_bytes(text.encode())
    return project


def drumgain(project: Path, *options: str) -> None:
    command = [*COMMAND, "balance", str(project), "--dry-run"]
    options = options or ("--no-cache",)
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)


def ffmpeg(files: list[Path]) -> None:
    def one(file: Path) -> None:
        command = ["ffmpeg", "-nostdin", "-v", "quiet", "-i", str(file), "-af", "ebur128"]
        subprocess.run([*command, "-f", "null", "-"], check=True, capture_output=True)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, files))


def plain_python(file: Path) -> None:
    """Loudness and the same spectral features, on every frame, with the usual libraries."""
    code = (
        "import sys, librosa, pyloudnorm\n"
        "y, sr = librosa.load(sys.argv[1], sr=None)\n"
        "pyloudnorm.Meter(sr).integrated_loudness(y)\n"
        "s = abs(librosa.stft(y))\n"
        "f = librosa.feature\n"
        "f.spectral_centroid(S=s, sr=sr); f.spectral_bandwidth(S=s, sr=sr)\n"
        "f.spectral_rolloff(S=s, sr=sr); f.spectral_flatness(S=s)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(file)], check=True)


def imports_only() -> None:
    subprocess.run([sys.executable, "-c", "import numpy, soundfile"], check=True)


def best(rounds: int, *runs: Callable[[], object]) -> list[float]:
    """The shortest time of each of the runs, which take turns."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for taken, run in zip(times, runs, strict=True):
            start = time.perf_counter()
            run()
            taken.append(time.perf_counter() - start)
    return [min(taken) for taken in times]


def best_cpu(rounds: int, *runs: Callable[[], object]) -> list[float]:
    """The least user and system time of the processes that each of the runs starts, in turns."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for taken, run in zip(times, runs, strict=True):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            run()
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            taken.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return [min(taken) for taken in times]


def row(what: str, mine: float, peer: float, name: str) -> None:
    print(
        f"{what:44} {mine:7.2f} s   {name:34} {peer:7.2f} s   ratio {mine / peer:.2f}", flush=True
    )


def peak_memory_mb(project: Path) -> float:
    """Peak resident memory of a dry run; it starts no other process."""
    command = [*COMMAND, "balance", str(project), "--dry-run", "--no-cache"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"the dry run failed with status {process.returncode}")
    return usage.ru_maxrss / 1024


def eight_tracks(scratch: Path, seconds: float, rounds: int) -> None:
    project = write_project(scratch / "eight", seconds)
    files = sorted(project.parent.glob("*.wav"))
    what = f"balance --dry-run, 8 x {seconds:g} s"
    if shutil.which("ffmpeg"):
        mine, peer = best(rounds, lambda: drumgain(project), lambda: ffmpeg(files))
        row(what, mine, peer, "ffmpeg ebur128, two at a time")
        mine, peer = best_cpu(rounds, lambda: drumgain(project), lambda: ffmpeg(files))
        row(f"{what}, CPU", mine, peer, "ffmpeg ebur128, CPU")
    else:
        print("ffmpeg is missing: that comparison is left out")
    mine, peer = best(
        max(1, rounds // 3), lambda: drumgain(project), lambda: plain_python(files[0])
    )
    row(what, mine, 8 * peer, "librosa and pyloudnorm, 8 times one")
    mine, peer = best(
        rounds,
        lambda: drumgain(project, "--no-cache", "--level", "peak:-6"),
        lambda: drumgain(project),
    )
    row(f"{what} --level peak:-6", mine, peer, "without --level")
    text = project.read_text()
    sparse = project.with_name("sparse.RPP")
    sparse.write_text(text.replace(f"LENGTH {seconds}", f"LENGTH {min(5.0, seconds)}", 6))
    mine, peer = best(rounds, lambda: drumgain(sparse), lambda: drumgain(project))
    row("... six of them with one item of 5 s", mine, peer, "all eight playing")


def demo(rounds: int) -> None:
    session = resources.files("reaper_drumgain") / "demo" / "session" / "DrumGain demo.RPP"
    with resources.as_file(session) as project:
        mine, peer = best(3 * rounds, lambda: drumgain(project), imports_only)
        row("balance --dry-run, demo", mine, peer, "import numpy, soundfile")
        with tempfile.TemporaryDirectory() as cache:
            os.environ["DRUMGAIN_CACHE"] = cache
            mine, peer = best(
                3 * rounds, lambda: drumgain(project, "--method=forest"), imports_only
            )
            del os.environ["DRUMGAIN_CACHE"]
    row("... with cached results", mine, peer, "import numpy, soundfile")


def demo_at_terminal(rounds: int) -> None:
    session = resources.files("reaper_drumgain") / "demo" / "session" / "DrumGain demo.RPP"
    imports = [sys.executable, "-c", "import numpy, soundfile"]
    mine, peer = [], []
    with resources.as_file(session) as project:
        for _ in range(3 * rounds):
            with tempfile.TemporaryDirectory() as cache:
                command = [*COMMAND, "balance", str(project), "--dry-run"]
                mine.append(cpu_at_terminal(command, {"DRUMGAIN_CACHE": cache}))
                peer.append(cpu_at_terminal(imports, {}))
    row("... at a terminal, CPU, median", median(mine), median(peer), "import numpy, soundfile")


def cpu_at_terminal(command: list[str], environment: dict[str, str]) -> float:
    """User and system time in seconds of a command at a pseudo terminal."""
    master, slave = os.openpty()
    reader = threading.Thread(target=_drain, args=(master,))
    process = subprocess.Popen(
        command, stdout=slave, stderr=slave, env={**os.environ, **environment}
    )
    os.close(slave)
    reader.start()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    reader.join()
    os.close(master)
    if process.returncode != 0:
        raise SystemExit(f"{command} failed with status {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def _drain(terminal: int) -> None:
    # reading fails once the other side is closed
    with contextlib.suppress(OSError):
        while os.read(terminal, 1 << 16):
            pass


def growth(scratch: Path, seconds: float, rounds: int) -> None:
    """What twice the tracks and twice the length cost beyond the start of the process."""
    projects = {
        (count, length): write_project(
            scratch / f"{count}x{length}", seconds * length, tuple(f"Tom {n}" for n in range(count))
        )
        for count, length in ((8, 1), (16, 1), (8, 2))
    }
    runs = [lambda project=project: drumgain(project) for project in projects.values()]
    start, one, tracks, length = best(rounds, imports_only, *runs)
    row("twice the tracks, without start", tracks - start, one - start, "8 tracks")
    row("twice the length, without start", length - start, one - start, "8 tracks")


def memory(scratch: Path, minutes: float) -> None:
    project = write_project(scratch / "long", 60 * minutes, tuple(f"Tom {n}" for n in range(24)))
    print(f"24 tracks of {minutes:g} minutes: peak {peak_memory_mb(project):.0f} MB resident")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=10.0, help="of the memory measurement")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        demo(arguments.rounds)
        demo_at_terminal(arguments.rounds)
        eight_tracks(scratch, arguments.seconds, arguments.rounds)
        growth(scratch, arguments.seconds / 4, arguments.rounds)
        memory(scratch, arguments.minutes)


if __name__ == "__main__":
    main()
