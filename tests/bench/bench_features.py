"""Reading and measuring all tracks of a session: time and memory.

Run ``python tests/bench/bench_features.py [--seconds 240] [--rounds 5]``. In one run, taking
turns, the best of several rounds:

- ``measure`` and ``feature_table`` on 8 files, 48 kHz/24 bit, in a fresh process, with the time
  of its imports apart, against ffmpeg's ``ebur128`` on the same files, two at a time;
- plain librosa and pyloudnorm on one of the files, times 8;
- the same session with tracks that play for 5 s only;
- peak resident memory of a process that measures 24 tracks, and CPU time per track and minute.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import soundfile as sf

RATE = 48_000

#: run in a fresh process: the imports, then the work, as the command line does it
CHILD = """
import os, sys, time
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
began = time.perf_counter()
import json, re, resource
from reaper_drumgain.analysis import features
from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.audio.track_reader import open_track, playing_span
from reaper_drumgain.faders.activity import activity_of
from reaper_drumgain.schema.session import Clip, Session, Source, Track
from reaper_drumgain.tracks.roles import Role
seconds, threads, files = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
source = lambda path: Source(kind="file", format="WAVE", path=path, found=True)
tracks = tuple(
    Track(
        index=index,
        name=str(index),
        clips=(Clip(position=0.0, length=seconds, source=source(path)),),
    )
    for index, path in enumerate(files)
)
imported = time.perf_counter()
session = Session(path="bench", tracks=tracks, sample_rate=48000)
start, end = playing_span(tracks)
streams = [open_track(t, rate=48000, start=start, end=end) for t in tracks]
measurement = measure(streams, threads=threads)
read = time.perf_counter()
table = features.feature_table(measurement)
roles = [Role("tom", ordinal=1 + place % 9) for place in range(len(files))]
activity_of(roles, measurement, table)
done = time.perf_counter()
used = resource.getrusage(resource.RUSAGE_SELF)
# ru_maxrss starts with what the parent had when it started this process
peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())
print(json.dumps({
    "imports": imported - began, "measure": read - imported, "table": done - read,
    "cpu": used.ru_utime + used.ru_stime, "megabytes": int(peak[1]) / 1024 if peak else 0.0,
}))
"""


def write_files(folder: Path, seconds: float, count: int, *, sparse: bool = False) -> list[Path]:
    """Noise bursts on a quiet floor as 24 bit WAV; ``sparse``: 5 s of them, else silence."""
    folder.mkdir()
    paths = []
    for number in range(count):
        noise = np.random.default_rng(number)
        period = int(RATE * (0.31 + 0.07 * (number % 8)))
        burst = 0.2 * np.exp(-np.arange(period) / (0.05 * RATE)).astype(np.float32) + 0.001
        paths.append(folder / f"{number}.wav")
        with sf.SoundFile(paths[-1], "w", RATE, 1, "PCM_24") as file:
            for start in range(0, int(seconds * RATE), period):
                if sparse and not 60 < start / RATE < 65:
                    file.write(np.zeros(period, dtype=np.float32))
                else:
                    file.write(burst * noise.standard_normal(period, dtype=np.float32))
    return paths


def ours(seconds: float, paths: list[Path], threads: int = 2) -> dict[str, float]:
    command = [sys.executable, "-c", CHILD, str(seconds), str(threads), *map(str, paths)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def ffmpeg(paths: list[Path]) -> None:
    def one(path: Path) -> None:
        command = ["ffmpeg", "-nostdin", "-v", "quiet", "-i", str(path), "-af", "ebur128"]
        subprocess.run([*command, "-f", "null", "-"], check=True)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, paths))


def plain(path: Path) -> None:
    """The same columns in the plain way, imports not counted."""
    import librosa
    import pyloudnorm

    samples, rate = sf.read(path, dtype="float32")
    pyloudnorm.Meter(rate, filter_class="DeMan").integrated_loudness(samples)
    magnitude = np.abs(librosa.stft(samples, n_fft=2048, hop_length=512, center=False))
    librosa.feature.spectral_centroid(S=magnitude, sr=rate)
    librosa.feature.spectral_bandwidth(S=magnitude, sr=rate)
    librosa.feature.spectral_rolloff(S=magnitude, sr=rate)
    librosa.feature.spectral_flatness(S=magnitude)
    librosa.onset.onset_detect(y=samples, sr=rate)


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory-seconds", type=float, default=600.0)
    options = parser.parse_args()
    seconds = options.seconds
    with tempfile.TemporaryDirectory() as name:
        paths = write_files(Path(name) / "full", seconds, 8)
        sparse = write_files(Path(name) / "sparse", seconds, 8, sparse=True)
        mine, peer, thin = [], [], []
        for _ in range(options.rounds):
            if shutil.which("ffmpeg"):
                peer.append(timed(lambda: ffmpeg(paths)))
            mine.append(ours(seconds, paths))
            thin.append(ours(seconds, sparse)["measure"])
        best = min(mine, key=lambda row: row["measure"])
        total = best["measure"] + best["table"] + best["imports"]
        print(f"8 tracks of {seconds:g} s, 48 kHz/24 bit, {os.cpu_count()} cores")
        print(f"  measure {best['measure']:.2f} s, table and bleed {best['table']:.3f} s, ")
        print(f"  imports {best['imports']:.2f} s, together {total:.2f} s; CPU {best['cpu']:.2f} s")
        print(f"  tracks that play for 5 s: measure {min(thin):.2f} s")
        if peer:
            print(
                f"  ffmpeg ebur128, two at a time {min(peer):.2f} s: ratio {total / min(peer):.2f}"
            )
        plain(sparse[0])  # compiles what librosa compiles
        peers = 8 * timed(lambda: plain(paths[0]))
        print(
            f"  librosa and pyloudnorm, one file times 8: {peers:.1f} s: {peers / total:.0f} times"
        )
        shutil.rmtree(Path(name) / "sparse")
        long = write_files(Path(name) / "long", options.memory_seconds, 24)
        row = ours(options.memory_seconds, long)
        each = row["cpu"] / 24 / options.memory_seconds * 60
        print(f"24 tracks of {options.memory_seconds:g} s: {row['megabytes']:.0f} MB at most,")
        print(f"  {1e3 * each:.1f} ms of CPU per track and minute, against", end=" ")
        print(f"{1e3 * best['cpu'] / 8 / seconds * 60:.1f} for the 8 above")


if __name__ == "__main__":
    main()
