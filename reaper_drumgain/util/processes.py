"""One function over many items, on several processes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

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
        # a process that has decoded a kit is large: joblib replaces it, and need not say so
        warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
        yield from joblib.Parallel(n_jobs=jobs, return_as="generator")(
            joblib.delayed(function)(item) for item in items
        )
