"""Where the tests find material that is not part of the repository."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from reaper_drumgain.util.process import one_thread_for_blas

if TYPE_CHECKING:
    from reaper_drumgain.schema.session import Source

one_thread_for_blas()

# no test depends on how busy the machine is
settings.register_profile("drumgain", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("drumgain")

# nothing of a test may come from, or stay in, the folders of whoever runs it
_OWN = tempfile.TemporaryDirectory(prefix="drumgain-tests-")
os.environ["DRUMGAIN_CACHE"] = str(Path(_OWN.name) / "cache")
os.environ["DRUMGAIN_STATE"] = str(Path(_OWN.name) / "state")
os.environ["DRUMGAIN_DATA"] = str(Path(_OWN.name) / "data")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of collected data beside the checkout; the test is skipped without it."""
    if not SHARED.is_dir():
        pytest.skip("needs the data folder ../shared/data, which is not part of the repository")
    return SHARED


@pytest.fixture
def ones(tmp_path: Path) -> Source:
    """Two seconds at 8 kHz in which every sample is 0.5."""
    from audio_support import ones_in

    return ones_in(tmp_path)


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> list[Source]:
    """Noise of one, two and four channels at several rates."""
    from audio_support import noise_in

    return noise_in(tmp_path_factory.mktemp("noise"))
