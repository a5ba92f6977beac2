"""What a short process sets before it imports anything large."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import sys

#: BLAS reads these when numpy is imported
_BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def one_thread_for_blas() -> None:
    """Before numpy is imported: threads of BLAS only get in the way of ours."""
    for name in _BLAS_THREADS:
        os.environ.setdefault(name, "1")


def collect_less() -> None:
    """Imports make objects by the ten thousand and hardly any garbage: looking for it among them,
    again and again and once more at the exit, takes a fifth of a short run."""
    gc.set_threshold(50_000)
    atexit.register(gc.freeze)


class QuickExit:
    """Ends a process without taking its modules apart, which would be the last twentieth of a
    short run, once all else that is to be done at an exit is done.

    Made before anything else registers with ``atexit``, so that it comes last, after all threads
    have ended. Does nothing until ``status`` is set.
    """

    def __init__(self) -> None:
        self.status: int | None = None
        atexit.register(self._leave)

    def _leave(self) -> None:
        if self.status is None:
            return
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()
        os._exit(self.status)
