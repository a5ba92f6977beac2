"""One function over many items, on several processes."""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

#: called with the number of an item and the share of it that is done, 0 to 1
ItemProgress = Callable[[int, float], None]
Item = TypeVar("Item")
Result = TypeVar("Result")


def in_processes(
    function: Callable[[Item], Result], items: Sequence[Item], jobs: int
) -> Iterator[Result]:
    """Apply one function to many items, on several processes.

    Parameters
    ----------
    function
        A function that can be pickled.
    items
        Its arguments.
    jobs
        How many processes. With 1 everything runs in this one.

    Returns
    -------
    iterator
        The results as they come, in the order of the items.
    """
    import joblib

    with warnings.catch_warnings():
        # joblib replaces a process that has grown large, and warns: that is as it should be
        warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
        yield from joblib.Parallel(n_jobs=jobs, return_as="generator")(
            joblib.delayed(function)(item) for item in items
        )


@contextlib.contextmanager
def shares_of_items(
    progress: Callable[[str, float], None] | None, names: Sequence[str], jobs: int
) -> Iterator[ItemProgress]:
    """Lets the function of ``in_processes`` say how far its item is, from every process.

    Parameters
    ----------
    progress
        Called, one call at a time, with the names of the items in work and the share of all that is
        done, 0 to 1, which never falls. None: nothing is told.
    names
        Of the items.
    jobs
        As given to ``in_processes``.

    Yields
    ------
    ItemProgress
        A function that can be pickled.
    """
    if progress is None:
        yield _quiet
        return
    whole = _Shares(progress, names)
    if jobs == 1:
        yield whole
        return
    import multiprocessing

    with multiprocessing.Manager() as manager:
        queue = manager.Queue()
        reader = threading.Thread(target=_read, args=(queue, whole), daemon=True)
        reader.start()
        try:
            yield _ToQueue(queue)
        finally:
            queue.put(None)
            reader.join()


def _quiet(_item: int, _share: float) -> None:
    """Say nothing."""


class _Shares:
    """The shares of all items, put together."""

    def __init__(self, progress: Callable[[str, float], None], names: Sequence[str]) -> None:
        self._progress, self._names = progress, names
        self._done = [0.0] * len(names)

    def __call__(self, item: int, share: float) -> None:
        self._done[item] = max(self._done[item], share)
        begun = [
            name
            for place, (name, done) in enumerate(zip(self._names, self._done, strict=True))
            if place == item or 0.0 < done < 1.0
        ]
        self._progress(", ".join(begun), sum(self._done) / len(self._done))


@dataclass(frozen=True)
class _ToQueue:
    queue: Any

    def __call__(self, item: int, share: float) -> None:
        self.queue.put((item, share))


def _read(queue: Any, whole: ItemProgress) -> None:
    """Hand on what processes put into a queue, up to None."""
    while (told := queue.get()) is not None:
        whole(*told)
