"""A process that ends quickly ends as it would have."""

import subprocess
import sys

import pytest

LEAVE = """
import atexit, sys, threading, time
from reaper_drumgain.util.process import QuickExit

class Late:
    def __del__(self):
        print("modules were taken apart")

leave = QuickExit()
atexit.register(print, "registered")
late = Late()

def slow():
    time.sleep(0.2)
    print("thread")

threading.Thread(target=slow).start()
sys.stdout.write("x" * 100_000 + "\\n")
sys.stderr.write("no end of line")
"""


def ran(code: str) -> tuple[int, list[str], str]:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_all_is_written_and_done_before_it_ends() -> None:
    status, lines, told = ran(LEAVE + "leave.status = 3\nsys.exit(leave.status)")
    assert status == 3
    assert lines == ["x" * 100_000, "thread", "registered"]
    assert told == "no end of line"


@pytest.mark.parametrize(
    ("end", "expected"), [("sys.exit(5)", 5), ("raise ValueError('this')", 1), ("", 0)]
)
def test_without_a_status_it_ends_as_ever(end: str, expected: int) -> None:
    status, lines, told = ran(LEAVE + end)
    assert status == expected
    assert lines == ["x" * 100_000, "thread", "registered", "modules were taken apart"]
    assert ("ValueError: this" in told) == ("raise" in end)


@pytest.mark.parametrize(
    ("arguments", "expected", "quick"),
    # the parser of the command line leaves on its own
    [("methods", 0, True), ("balance no-such.RPP --dry-run", 1, True), ("no", 2, False)],
)
def test_the_command_ends_so(arguments: str, expected: int, quick: bool) -> None:
    given = ["drumgain", *arguments.split()]
    code = (
        f"import os, sys; sys.argv = {given!r}; from reaper_drumgain.cli import command;"
        "end = os._exit; os._exit = lambda status: (os.write(1, b'quick'), end(status));"
        "command()"
    )
    status, lines, _ = ran(code)
    assert status == expected
    assert (lines[-1:] == ["quick"]) == quick
