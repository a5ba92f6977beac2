"""A few worker threads: what ``concurrent.futures`` does, without its import.

That module and ``logging``, which it pulls in, take longer to import than a short session takes
to decode. Here is only what the streaming needs: work is begun in the order in which it was
given, and an error comes out where the result is asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Job(Generic[T]):
    """Work that was given to a pool."""

    def __init__(self, work: Callable[..., T], arguments: tuple[Any, ...]) -> None:
        self._work, self._arguments = work, arguments
        self._value: T
        self._error: BaseException | None = None
        self._running = threading.Lock()
        self._running.acquire()

    def run(self) -> None:
        """Do it."""
        try:
            self._value = self._work(*self._arguments)
        except BaseException as error:
            self._error = error
        self._running.release()

    def drop(self) -> None:
        """Do not do it: whoever waits for it must not wait for ever."""
        self._error = RuntimeError("the pool was left before this was begun")
        self._running.release()

    def result(self) -> T:
        """What the work gave, once it is done; raises what it raised."""
        with self._running:
            pass
        if self._error is not None:
            raise self._error
        return self._value


class Pool:
    """A context manager; what was not begun when it is left is not done any more."""

    def __init__(self, threads: int) -> None:
        self._jobs: SimpleQueue[Job[Any] | None] = SimpleQueue()
        self._left = False
        # daemons: an interrupt between their start and ``__enter__`` leaves them waiting, and an
        # exit must not wait with them
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._left = True
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def submit(self, work: Callable[..., T], *arguments: Any) -> Job[T]:
        """Have ``work`` done by the next thread that is free."""
        job = Job(work, arguments)
        self._jobs.put(job)
        return job

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            if self._left:
                job.drop()
            else:
                job.run()
