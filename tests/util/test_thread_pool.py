"""Leaving a pool: what was begun ends, what was not begun never starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import CancelledError

import pytest

from reaper_drumgain.util.thread_pool import thread_pool


def test_results_and_errors_come_out_where_they_are_asked_for() -> None:
    with thread_pool(2) as pool:
        jobs = [pool.submit(divmod, 7, n) for n in (2, 0, 4)]
        assert jobs[0].result() == (3, 1)
        with pytest.raises(ZeroDivisionError):
            jobs[1].result()
        assert jobs[2].result() == (1, 3)


def test_leaving_cancels_what_was_not_begun() -> None:
    begun, may_end = threading.Event(), threading.Event()
    done: list[int] = []

    def first() -> None:
        begun.set()
        may_end.wait(10)
        done.append(0)

    with pytest.raises(KeyError), thread_pool(1) as pool:  # noqa: PT012
        jobs = [pool.submit(first), *(pool.submit(done.append, n) for n in range(1, 100))]
        begun.wait(10)
        threading.Timer(0.05, may_end.set).start()
        raise KeyError
    assert done == [0]
    assert jobs[0].exception() is None
    for job in jobs[1:]:
        with pytest.raises(CancelledError):
            job.result()


INTERRUPTED = """
import signal
import time
from reaper_drumgain.util.thread_pool import thread_pool

# a background job of a shell ignores it
signal.signal(signal.SIGINT, signal.default_int_handler)
with thread_pool(2) as pool:
    jobs = [pool.submit(time.sleep, 0.2) for _ in range(1000)]
    print("begun", flush=True)
    for job in jobs:
        job.result()
"""


@pytest.mark.skipif(os.name == "nt", reason="needs SIGINT")
def test_an_interrupt_does_not_wait_for_the_rest() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(INTERRUPTED)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        try:
            # all of the work would take 100 s
            _, told = process.communicate(timeout=50)
        finally:
            process.kill()
    assert "KeyboardInterrupt" in told
