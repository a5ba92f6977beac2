"""Where the tests find material that is not part of the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of collected data beside the checkout; the test is skipped without it."""
    if not SHARED.is_dir():
        pytest.skip("needs the data folder ../shared/data, which is not part of the repository")
    return SHARED
