"""Small projects as text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reaper_drumgain.hosts.rpp import ProjectFile, read_project
from reaper_drumgain.schema.session import Session, Track

Reader = Callable[..., ProjectFile]


def project_text(tracks: str, head: str = "", version: str = ' "7.18/win64" 1727') -> str:
    return f"<REAPER_PROJECT 0.1{version}\n{head}{tracks}>\n"


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """Writes a project of these tracks and head lines; returns its path."""

    def write(
        tracks: str | bytes,
        head: str = "",
        *,
        name: str = "song.RPP",
        newline: str = "\r\n",
        version: str = ' "7.18/win64" 1727',
    ) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = isinstance(tracks, bytes)
        text = project_text(tracks.decode("latin-1") if raw else tracks, head, version)
        data = text.replace("\n", newline).encode("latin-1" if raw else "utf-8")
        path.write_bytes(data)
        return path

    return write


@pytest.fixture
def session_of(make: Callable[..., Path]) -> Callable[..., Session]:
    """The session of a project of these tracks, proved to survive JSON."""

    def read(tracks: str | bytes, head: str = "", **options: str) -> Session:
        session = read_project(make(tracks, head, **options)).session
        assert Session.from_json(session.to_json()) == session
        return session

    return read


@pytest.fixture
def track_of(session_of: Callable[..., Session]) -> Callable[..., Track]:
    """The one track with these lines."""

    def read(lines: str | bytes, head: str = "", **options: str) -> Track:
        before, after = ("  <TRACK\n", "  >\n")
        if isinstance(lines, bytes):
            whole: str | bytes = before.encode() + lines + after.encode()
        else:
            whole = before + lines + after
        return session_of(whole, head, **options).tracks[0]

    return read
