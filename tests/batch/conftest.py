"""Each test has a state and a cache of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from batch_support import make_songs


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path_factory.mktemp("own")
    monkeypatch.setenv("DRUMGAIN_CACHE", str(folder / "cache"))
    monkeypatch.setenv("DRUMGAIN_STATE", str(folder / "state"))


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    """A folder of three projects."""
    make_songs(tmp_path / "songs", 3)
    return tmp_path / "songs"
