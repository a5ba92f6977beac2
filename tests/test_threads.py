"""The small pool: order, results, errors, and that leaving it never hangs."""

import subprocess
import sys
import threading
import time

import pytest

from reaper_drumgain.util.threads import Pool


def test_results_come_from_where_they_are_asked_for():
    with Pool(2) as pool:
        jobs = [pool.submit(divmod, number, 7) for number in range(100)]
        assert [job.result() for job in jobs] == [divmod(number, 7) for number in range(100)]
        assert jobs[3].result() == (0, 3)


def test_an_error_comes_out_at_the_result_alone():
    with Pool(2) as pool:
        bad, good = pool.submit(divmod, 1, 0), pool.submit(divmod, 7, 2)
        with pytest.raises(ZeroDivisionError):
            bad.result()
        assert good.result() == (3, 1)


def test_work_is_done_by_as_many_threads_and_begun_in_order():
    begun, both = [], threading.Barrier(2, timeout=10)

    def work(number):
        begun.append(number)
        both.wait()
        return threading.get_ident()

    with Pool(2) as pool:
        jobs = [pool.submit(work, number) for number in range(2)]
        assert len({job.result() for job in jobs}) == 2
    with Pool(1) as pool:
        begun.clear()
        jobs = [pool.submit(begun.append, number) for number in range(50)]
        jobs[-1].result()
    assert begun == list(range(50))


def test_after_an_error_what_was_not_begun_is_dropped_and_nobody_waits_for_it():
    done, threads = [], threading.active_count()
    gate = threading.Event()

    def leave():
        with Pool(2) as pool:
            first = pool.submit(gate.wait, 10)
            second = pool.submit(first.result)  # waits for another, as a chunk for the last one
            kept.extend(pool.submit(done.append, number) for number in range(100))
            kept.append(pool.submit(second.result))
            threading.Timer(0.2, gate.set).start()
            raise KeyboardInterrupt

    kept = []
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        leave()
    assert time.monotonic() - start < 5.0
    assert done == []
    with pytest.raises(RuntimeError, match="left"):
        kept[-1].result()
    gate.set()
    deadline = time.monotonic() + 5.0
    while threading.active_count() > threads and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == threads


def test_an_interrupt_while_threads_begin_leaves_nobody_waiting():
    """The exit of a process joins threads that are no daemons, and these would never end."""
    code = (
        "import threading\n"
        "from reaper_drumgain.util.threads import Pool\n"
        "begin = threading.Thread.start\n"
        "def interrupted(thread):\n"
        "    begin(thread)\n"
        "    raise KeyboardInterrupt\n"
        "threading.Thread.start = interrupted\n"
        "try:\n"
        "    Pool(2)\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True
    )
    assert ended.stdout == "interrupted\n"
