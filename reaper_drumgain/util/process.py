"""What a short process sets before it imports anything large."""

from __future__ import annotations

import os

#: BLAS reads these when numpy is imported
_BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def one_thread_for_blas() -> None:
    """Before numpy is imported: threads of BLAS only get in the way of ours."""
    for name in _BLAS_THREADS:
        os.environ.setdefault(name, "1")
