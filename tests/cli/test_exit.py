"""The process of the command line ends with its status."""

import subprocess
import sys

import pytest


def ran(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reaper_drumgain", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("arguments", "status"), [(["methods"], 0), (["balance", "no-such.RPP"], 1), (["no"], 2)]
)
def test_the_exit_status_says_how_it_went(arguments: list[str], status: int) -> None:
    done = ran(*arguments)
    assert done.returncode == status
    assert bool(done.stderr) == (status != 0)
