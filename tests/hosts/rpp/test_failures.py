"""Damaged files and failing systems: one family of errors, nothing lost, nothing left lying."""

from __future__ import annotations

import builtins
import contextlib
import errno
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reaper_drumgain.errors import DrumGainError, ProjectError, StorageError
from reaper_drumgain.hosts.rpp import apply_plan, folder_lock, read_project, restore, set_faders
from reaper_drumgain.schema.plan import GainPlan, TrackPlan
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.units import Decibel, LinearGain

PROJECT = b"""<REAPER_PROJECT 0.1 "7.18/win64" 1727\r
  TEMPO 120 4 4\r
  RECORD_PATH "Media" ""\r
  MARKER 1 2 "a b" 1\r
  MARKER 1 5 "" 1\r
  <TRACK {A}\r
    NAME "Kick \xfc in"\r
    VOLPAN 1 0 -1 -1 1\r
    ISBUS 1 1\r
    FREEMODE 2\r
    ITEMLANES 2\r
    LANESOLO 1 0\r
    GROUP_FLAGS 1 2 3\r
    <EXT\r
      drumgain_role kick\r
    >\r
    AUXRECV 1 0 1 0 0 0 0 0 0 -1:U 0 -1 ''\r
    <VOLENV2\r
      ACT 1 -1\r
      VOLTYPE 1\r
      PT 0 0.5 5 0 0 0 -0.25\r
    >\r
    <FXCHAIN\r
      BYPASS 0 0 0\r
      <VST "VSTi: X (Y)" x.dll 0 "" 1<> ""\r
        PD9=\r
      >\r
    >\r
    <ITEM\r
      POSITION 0.5\r
      LENGTH 2\r
      FADEIN 1 0.01 0.5 1 0 0 0\r
      YPOS 0.5 0.5 2\r
      NAME 'take "1"'\r
      VOLPAN 1 0 -1 -1\r
      PLAYRATE 1 1 0 -1 0 0.0025\r
      <SOURCE SECTION\r
        LENGTH 1\r
        MODE 2\r
        <SOURCE WAVE\r
          FILE "Media\\a.wav"\r
        >\r
      >\r
      TAKE SEL\r
      TAKEVOLPAN 0 1 -1\r
      <SOURCE MIDI\r
        HASDATA 1 960 QN\r
        E 480 90 24 7f\r
      >\r
    >\r
  >\r
  <TRACK\r
    NAME Snare\r
    VOLPAN 0.5 0 -1\r
    ISBUS 2 -1\r
  >\r
>\r
"""


def plan(level: float = -6.0) -> GainPlan:
    track = TrackPlan(
        index=1, name="Snare", role="snare", old_db=Decibel(-6.0206), new_db=Decibel(level)
    )
    return GainPlan(project="song.RPP", method="unity", settings=Settings(), tracks=(track,))


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "home" / "song.RPP"
    path.parent.mkdir()
    path.write_bytes(PROJECT)
    return path


# --- damaged files


@pytest.mark.parametrize("end", range(len(PROJECT.rstrip()) - 1, -1, -7))
def test_a_truncated_project_is_refused(song: Path, end: int) -> None:
    song.write_bytes(PROJECT[:end])
    with pytest.raises(ProjectError, match=r"song\.RPP:?\d*:? "):
        read_project(song)
    assert song.read_bytes() == PROJECT[:end]


def places(data: bytes) -> list[int]:
    """Every kind of place: around tokens, quotes, line ends, brackets, lines."""
    found = {0, len(data)}
    for match in re.finditer(rb"\r\n|[<>]|[\"'`]|[ \t]+|$", data):
        found |= {match.start(), match.end(), match.start() + 1}
    return sorted(place for place in found if place <= len(data))


@given(data=st.data())
@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60
)
def test_real_projects_cut_anywhere_give_only_our_errors(
    shared_data: Path, tmp_path: Path, data: st.DataObject
) -> None:
    sources = sorted((shared_data / "projects").glob("*.RPP"), key=lambda path: path.stat().st_size)
    whole = data.draw(st.sampled_from(sources[:30])).read_bytes()
    kind = data.draw(st.sampled_from([b"\n", b"\r", b"<", b">", b'"', b" ", b"TRACK", b"ITEM"]))
    at = [match.start() for match in re.finditer(re.escape(kind), whole)] or [0]
    start = data.draw(st.sampled_from(at)) + data.draw(st.integers(0, len(kind)))
    end = data.draw(st.one_of(st.just(len(whole)), st.integers(start, len(whole))))
    damaged = whole[:start] + whole[end:] if end > start else whole[:start]
    check_read(tmp_path / "cut.RPP", damaged)


@given(data=st.data())
@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150
)
def test_damage_of_any_kind_gives_a_session_or_our_error(
    tmp_path: Path, data: st.DataObject
) -> None:
    damaged = bytearray(PROJECT)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.sampled_from(places(PROJECT)))
        size = data.draw(st.integers(0, 12))
        new = data.draw(
            st.one_of(
                st.sampled_from([b"", b"nan", b"-1e308", b"99999999999999999999", b"<", b">", b'"',
                                 b"\n", b"\r\n>\r\n", b"1e12", b"-2147483649", b"\x80", b","]),
                st.binary(max_size=6),
            )
        )  # fmt: skip
        damaged[start : start + size] = new
    check_read(tmp_path / "damaged.RPP", bytes(damaged))


@given(st.binary(max_size=200), st.booleans())
@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60
)
def test_any_bytes_give_a_session_or_our_error(tmp_path: Path, tail: bytes, header: bool) -> None:
    check_read(tmp_path / "any.RPP", (b"<REAPER_PROJECT\n<TRACK\n" if header else b"") + tail)


def check_read(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with contextlib.suppress(DrumGainError):
        project = read_project(path)
        project.session.to_json().encode("utf-8")
        index = len(project.session.tracks) - 1
        if index >= 0:
            edited = set_faders(project, {index: LinearGain(0.123)})
            assert path.read_bytes() == data
            path.write_bytes(edited)
            assert read_project(path).session.tracks[index].fader == 0.123


# --- failing systems


class Faults:
    """Lets the call number ``at`` to the operating system fail, counting from 1."""

    def __init__(self, at: int, error: Callable[[], BaseException]) -> None:
        self.at = at
        self.error = error
        self.calls = 0

    @property
    def fired(self) -> bool:
        return self.calls >= self.at

    def step(self) -> None:
        self.calls += 1
        if self.calls == self.at:
            raise self.error()


class FaultyFile:
    """A file each of whose methods may fail."""

    def __init__(self, file: Any, faults: Faults) -> None:
        self._file = file
        self._faults = faults

    def __enter__(self) -> FaultyFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._file, name)

        def call(*args: Any) -> Any:
            self._faults.step()
            if name == "write" and len(args[0]) > 100:
                return method(args[0][:100])  # a short write, as systems may do
            return method(*args)

        return call


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Faults], Any]]:
    """A context in which the system fails as told."""

    def patch(faults: Faults) -> Any:
        context = pytest.MonkeyPatch.context()
        patcher = context.__enter__()
        for name in ("stat", "lstat", "open", "fstat", "replace", "fsync", "fchmod", "unlink",
                     "listdir", "close", "readlink", "rename", "link", "scandir"):  # fmt: skip
            patcher.setattr(os, name, guarded(getattr(os, name), faults))
        real_open = builtins.open

        def open_(*args: Any, **options: Any) -> FaultyFile:
            faults.step()
            return FaultyFile(real_open(*args, **options), faults)

        patcher.setattr(builtins, "open", open_)
        return context

    return patch  # type: ignore[return-value]


def guarded(real: Callable[..., Any], faults: Faults) -> Callable[..., Any]:
    def call(*args: Any, **options: Any) -> Any:
        faults.step()
        return real(*args, **options)

    return call


ERRORS: dict[str, Callable[[], BaseException]] = {
    "disk full": lambda: OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    "no permission": lambda: PermissionError(errno.EACCES, os.strerror(errno.EACCES)),
    "read-only": lambda: OSError(errno.EROFS, os.strerror(errno.EROFS)),
    "interrupt": KeyboardInterrupt,
}


def contents(folder: Path) -> dict[str, bytes]:
    """All files but the lock of a write, which may stay where it could not be removed."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.name != folder_lock.NAME
    }


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("where", ["in place", "by link", "beside", "away", "over"])
def test_a_write_that_fails_at_any_call_leaves_everything_whole(
    song: Path, tmp_path: Path, faulty: Callable[[Faults], Any], kind: str, where: str
) -> None:
    (tmp_path / "away").mkdir()
    (song.parent / "old.RPP").write_bytes(PROJECT.replace(b"Snare", b"Older"))
    output = {
        "in place": None,
        "by link": None,
        "beside": song.with_name("new.RPP"),
        "away": tmp_path / "away" / "new.RPP",
        "over": song.with_name("old.RPP"),
    }[where]
    link = tmp_path / "link.RPP"
    link.symlink_to(song)
    before = contents(tmp_path)
    at = failed = 0
    while True:
        at += 1
        assert at < 500
        faults = Faults(at, ERRORS[kind])
        project = read_project(link if where == "by link" else song)
        raised: BaseException | None = None
        context = faulty(faults)
        try:
            apply_plan(project, plan(), output, overwrite=where == "over")
        except BaseException as error:
            raised = error
        finally:
            context.__exit__(None, None, None)
        after = contents(tmp_path)
        assert link.is_symlink()
        if raised is not None:
            failed += 1
            assert isinstance(raised, KeyboardInterrupt if kind == "interrupt" else StorageError)
            if kind != "interrupt":
                assert re.search(r"cannot .*: (No space|Permission|Read-only)", str(raised))
                assert after == before
        if after != before:
            check_done(song, output, before, after)
            reset(tmp_path, before)
        if not faults.fired:
            break
    assert failed >= 8, "reading, writing, syncing, checking and replacing were all made to fail"


def check_done(
    song: Path, output: Path | None, before: dict[str, bytes], after: dict[str, bytes]
) -> None:
    """The write was done in full: the new file is whole, the old one kept, nothing else there."""
    target = output or song
    assert read_project(target).session.tracks[1].fader == pytest.approx(10 ** (-6 / 20))
    new = [name for name in after if name not in before]
    if output is None:
        assert len(new) == 1
        assert after[new[0]] == PROJECT
    else:
        assert song.read_bytes() == PROJECT
        assert new in ([], [str(target.relative_to(song.parent.parent))])


def reset(folder: Path, state: dict[str, bytes]) -> None:
    for name in contents(folder):
        if name not in state:
            (folder / name).unlink()
    for name, data in state.items():
        (folder / name).write_bytes(data)


@pytest.mark.parametrize("kind", ERRORS)
def test_a_restore_that_fails_at_any_call_leaves_everything_whole(
    song: Path, tmp_path: Path, faulty: Callable[[Faults], Any], kind: str
) -> None:
    project = read_project(song)
    apply_plan(project, plan())
    before = contents(tmp_path)
    at = failed = 0
    while True:
        at += 1
        assert at < 500
        faults = Faults(at, ERRORS[kind])
        raised: BaseException | None = None
        context = faulty(faults)
        try:
            restore(song)
        except BaseException as error:
            raised = error
        finally:
            context.__exit__(None, None, None)
        after = contents(tmp_path)
        if raised is not None:
            failed += 1
            assert isinstance(raised, KeyboardInterrupt if kind == "interrupt" else StorageError)
            if kind != "interrupt":
                assert after == before
        if after != before:
            assert song.read_bytes() == PROJECT
            assert sorted(set(after.values())) == sorted(set(before.values()))
            assert len(after) == len(before) + 1
            reset(tmp_path, before)
        if not faults.fired:
            break
    assert failed >= 8


@pytest.mark.parametrize("kind", ERRORS)
def test_a_read_that_fails_at_any_call_is_our_error(
    song: Path, faulty: Callable[[Faults], Any], kind: str
) -> None:
    whole = read_project(song).session
    at = failed = 0
    while True:
        at += 1
        faults = Faults(at, ERRORS[kind])
        context = faulty(faults)
        raised: BaseException | None = None
        try:
            session = read_project(song).session
        except BaseException as error:
            raised = error
        finally:
            context.__exit__(None, None, None)
        if raised is None:
            assert len(session.tracks) == len(whole.tracks)
        else:
            failed += 1
            assert isinstance(raised, KeyboardInterrupt if kind == "interrupt" else StorageError)
            assert kind == "interrupt" or "cannot read" in str(raised)
        if not faults.fired:
            break
    assert failed >= 4


def test_a_verification_that_fails_stops_the_write(
    song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = read_project(song)
    real = b"".join

    def bend(data: bytes, edits: object) -> bytes:
        return data.replace(b"Snare", b"Snarf")

    monkeypatch.setattr("reaper_drumgain.hosts.rpp.write.splice", bend)
    with pytest.raises(ProjectError, match="does not read as meant: nothing written"):
        apply_plan(project, plan())
    assert real([song.read_bytes()]) == PROJECT
    assert [path.name for path in song.parent.iterdir()] == ["song.RPP"]


def test_an_existing_output_made_meanwhile_is_not_overwritten(
    song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reaper_drumgain.hosts.rpp import write

    output = song.with_name("new.RPP")
    check = write.refuse_changed

    def race(*args: Any) -> None:
        output.write_bytes(b"another program's")
        check(*args)

    monkeypatch.setattr(write, "refuse_changed", race)
    with pytest.raises(StorageError, match="exists already"):
        apply_plan(read_project(song), plan(), output)
    assert output.read_bytes() == b"another program's"
    assert {path.name for path in song.parent.iterdir()} == {"song.RPP", "new.RPP"}


# --- power loss


def recorded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What is put onto the disk, and which names change, in order."""
    events: list[tuple[str, Any]] = []

    def watch(name: str, what: Callable[..., Any]) -> None:
        real = getattr(os, name)

        def call(*args: Any) -> Any:
            told = what(*args)
            result = real(*args)
            events.append((name, told))
            return result

        monkeypatch.setattr(os, name, call)

    def file_of(descriptor: int) -> tuple[int, int]:
        status = os.fstat(descriptor)
        return status.st_ino, status.st_size

    def moved(old: str | Path, new: str | Path) -> tuple[tuple[int, int], int]:
        status = Path(old).stat()
        return (status.st_ino, status.st_size), Path(new).parent.stat().st_ino

    watch("fsync", file_of)
    watch("replace", moved)
    watch("link", moved)
    return events


def not_lasting(events: list[tuple[str, Any]]) -> list[str]:
    """What a loss of power could take back, or leave empty."""
    problems = []
    for place, (name, told) in enumerate(events):
        if name == "fsync":
            continue
        file, folder = told
        if ("fsync", file) not in events[:place]:
            problems.append(f"{name} of a file that is not on the disk")
        later = [event for event in events[place + 1 :] if event[0] != "link"]
        until = next((n for n, event in enumerate(later) if event[0] == "replace"), len(later))
        if not any(told[0] == folder for kind, told in later[:until] if kind == "fsync"):
            problems.append(f"the name from {name} is not on the disk before the next change")
    return problems


@pytest.mark.skipif(os.name != "posix", reason="folders are put onto the disk on POSIX alone")
@pytest.mark.parametrize("output", [None, "new.RPP"])
def test_what_is_written_outlasts_a_loss_of_power(
    song: Path, monkeypatch: pytest.MonkeyPatch, output: str | None
) -> None:
    project = read_project(song)
    events = recorded(monkeypatch)
    apply_plan(project, plan(), None if output is None else song.with_name(output))
    assert [name for name, _ in events].count("replace") == 1
    assert not_lasting(events) == []
    syncs = [place for place, (name, _) in enumerate(events) if name == "fsync"]
    assert len(syncs) == (2 if output else 4)
    for place in syncs:  # without any of them something could be lost
        assert not_lasting(events[:place] + events[place + 1 :]) != []


# --- imports


def test_the_host_needs_the_standard_library_only() -> None:
    code = (
        "import sys; before = set(sys.modules); import reaper_drumgain.hosts.rpp;"
        "names = {name.partition('.')[0] for name in set(sys.modules) - before};"
        "print(*sorted(names - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["reaper_drumgain"]
