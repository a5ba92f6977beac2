"""The project as a whole, and which files are read at all."""

from __future__ import annotations

import contextlib
import gc
import math
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reaper_drumgain.errors import ConflictError, ProjectError, StorageError
from reaper_drumgain.hosts.rpp import read_project
from reaper_drumgain.schema.session import Marker, Session, Track

ReadSession = Callable[..., Session]
ReadTrack = Callable[..., Track]


def item(lines: str, source: str = '<SOURCE WAVE\n FILE "a.wav"\n>\n') -> str:
    return f"<ITEM\nPOSITION 1.5\nLENGTH 4\n{lines}{source}>\n"


# --- the project


def test_every_field_of_the_project(session_of: ReadSession) -> None:
    session = session_of(
        "",
        "PANLAW 0.7\nPANMODE 5\nSAMPLERATE 44100 1 0\nTEMPO 98.5 3 4\nSELECTION 2 7.5\n"
        "MARKER 1 0.5 Verse 0\n"
        'MARKER 2 4 "Song 1" 1 0 1 R {X}\nMARKER 3 5 "" 0\nMARKER 2 9.5 "" 1\nMARKER 4 1 open 1\n',
    )
    assert (session.pan_law, session.pan_mode, session.sample_rate) == (0.7, 5, 44100)
    assert (session.tempo, session.time_selection) == (98.5, (2.0, 7.5))
    assert session.markers == (Marker(0.5, "Verse", 1), Marker(5.0, "", 3))
    assert session.regions == (Marker(4.0, "Song 1", 2, 9.5),)
    assert session.warnings == ("region 4 has no end: left out",)


def test_a_project_that_says_nothing(session_of: ReadSession) -> None:
    session = session_of("")
    assert session == Session(path=session.path)
    assert session_of("", version="").pan_mode == 0


@pytest.mark.parametrize(
    "line",
    ["TEMPO 0", "TEMPO nan", "PLAYRATE 0.5 0", "MASTERMUTESOLO 1", "<MASTERVOLENV2\nACT 1\n>"],
)
def test_what_the_session_cannot_hold_is_a_warning(session_of: ReadSession, line: str) -> None:
    assert session_of("", line + "\n").warnings


def test_a_rate_that_the_project_does_not_use_is_none(session_of: ReadSession) -> None:
    assert session_of("", "SAMPLERATE 44100 0 0\n").sample_rate is None
    assert session_of("", "SAMPLERATE 999999999 1 0\n").sample_rate is None


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize("whole", [True, False])
def test_garbage_is_collected_afterwards_as_before(
    make: Callable[..., Path], on: bool, whole: bool
) -> None:
    path = make("<TRACK\n" + ">\n" * whole)
    before = gc.isenabled()
    try:
        (gc.enable if on else gc.disable)()
        with contextlib.nullcontext() if whole else pytest.raises(ProjectError):
            read_project(path)
        assert gc.isenabled() is on
    finally:
        (gc.enable if before else gc.disable)()


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_both_line_ends_read_the_same(session_of: ReadSession, newline: str) -> None:
    tracks = "<TRACK {A}\nNAME Kick\nVOLPAN 0.5 0 -1 -1 1\n" + item("NAME 'x y'\n") + ">\n"
    session = session_of(tracks, "TEMPO 90\n", newline=newline)
    assert (session.tempo, session.tracks[0].name, session.tracks[0].guid) == (90, "Kick", "{A}")
    assert session.tracks[0].clips[0].name == "x y"
    assert session.tracks[0].clips[0].source.written == "a.wav"


# --- files


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    import os

    with pytest.raises(ProjectError, match="is a folder"):
        read_project(tmp_path)
    fifo = tmp_path / "fifo.RPP"
    os.mkfifo(fifo)
    with pytest.raises(ProjectError, match="pipe, socket or device"):
        read_project(fifo)
    with pytest.raises(ProjectError, match="pipe, socket or device"):
        read_project("/dev/zero")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot read .*none\.RPP: No such file"):
        read_project(tmp_path / "none.RPP")
    with pytest.raises(StorageError, match="cannot read"):
        read_project("a\0b")


def test_a_file_that_is_too_large(
    make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make("")
    monkeypatch.setattr("reaper_drumgain.hosts.rpp.storage.MAX_BYTES", 10)
    with pytest.raises(ProjectError, match="projects up to 10 are read"):
        read_project(path)


def test_a_file_that_grows_while_it_is_read(
    make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    path = make("")
    fstat = os.fstat

    def grow(descriptor: int) -> os.stat_result:
        status = fstat(descriptor)
        with path.open("ab") as file:
            file.write(b"more")
        return status

    monkeypatch.setattr(os, "fstat", grow)
    with pytest.raises(ConflictError, match="being written"):
        read_project(path)


def test_the_time_for_many_tracks_grows_with_their_number_only(make: Callable[..., Path]) -> None:
    def seconds(count: int) -> float:
        path = make(
            "".join(f"<TRACK\nNAME {n}\nVOLPAN 1 0 -1 -1 1\nISBUS 0 0\n>\n" for n in range(count))
        )
        best = math.inf
        for _ in range(3):
            start = time.process_time()
            assert len(read_project(path).session.tracks) == count
            best = min(best, time.process_time() - start)
        return best

    # 100 times as long where the time grew with the square of the number
    assert seconds(2000) < 40 * seconds(200)
