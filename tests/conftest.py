"""Where the tests find material that is not part of the repository."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

# as the command does: BLAS threads of its own only slow the small products here down
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

# nothing of a test may come from, or stay in, the folders of whoever runs it
_OWN = tempfile.TemporaryDirectory(prefix="drumgain-tests-")
os.environ["DRUMGAIN_CACHE"] = str(Path(_OWN.name) / "cache")
os.environ["DRUMGAIN_STATE"] = str(Path(_OWN.name) / "state")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of collected data beside the checkout; the test is skipped without it."""
    if not SHARED.is_dir():
        pytest.skip("needs the data folder ../shared/data, which is not part of the repository")
    return SHARED
