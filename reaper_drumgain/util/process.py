"""Settings of a process that must be made before NumPy is imported."""

from __future__ import annotations

import os

#: BLAS reads these when numpy is imported
_BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def one_thread_for_blas() -> None:
    """Let matrix products run in one thread, because threads of BLAS slow down our own threads.

    Works only before NumPy is imported.
    """
    for name in _BLAS_THREADS:
        os.environ.setdefault(name, "1")
