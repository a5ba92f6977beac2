"""A pool of threads whose work ends with its context."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor


@contextlib.contextmanager
def thread_pool(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Give a pool of ``threads``.

    When the block is left, also by an interrupt, work that has not begun is cancelled and work
    that has begun is waited for. ``ThreadPoolExecutor`` itself would do all of it first.
    """
    pool = ThreadPoolExecutor(threads)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
