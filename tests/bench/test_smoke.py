"""The benchmarks run, and say what they compare; their figures are for a person to read."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = {
    "bench_automation.py": ["--seconds", "4", "--rounds", "1"],
    "bench_balance.py": ["--seconds", "2", "--rounds", "1", "--minutes", "0.05"],
    "bench_batch.py": ["--projects", "8", "--seconds", "2", "--rounds", "1"],
    "bench_features.py": ["--seconds", "4", "--rounds", "1", "--memory-seconds", "4"],
    "bench_forest.py": ["--rounds", "2", "--trees", "5"],
    "bench_press.py": ["--seconds", "2", "--rounds", "1"],
    "bench_rpp.py": ["no-such-folder", "--rounds", "1", "--scale", "0.01"],
}


def test_every_benchmark_is_listed():
    assert {path.name for path in Path(__file__).parent.glob("bench_*.py")} == set(BENCHMARKS)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_runs_and_prints_ratios(name):
    if name in ("bench_balance.py", "bench_features.py") and not shutil.which("ffmpeg"):
        pytest.skip("needs ffmpeg, the peer of this benchmark")
    command = [sys.executable, str(Path(__file__).with_name(name)), *BENCHMARKS[name]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "ratio" in done.stdout
