"""Faders into project files: what changes, what stays, backups, refusals."""

from __future__ import annotations

import dataclasses
import math
import os
import stat
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reaper_drumgain.errors import ConflictError, InputError, ProjectError, StorageError
from reaper_drumgain.hosts.rpp import (
    ProjectFile,
    apply_plan,
    read_project,
    relocate,
    restore,
    set_faders,
)
from reaper_drumgain.hosts.rpp.faders import format_gain
from reaper_drumgain.schema.plan import GainPlan, TrackPlan
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.units import Decibel, LinearGain

TWO = (
    "  <TRACK {A}\n    NAME Kick\n    VOLPAN 1 0 -1 -1 1\n"
    "    <ITEM\n      VOLPAN 1 0 1 -1\n    >\n  >\n"
    '  <TRACK {B}\n    NAME "Snare Top"\n    VOLPAN 0.50000000000000 -0.25 -1 -1 1\n  >\n'
)
NOW = datetime(2026, 11, 22, 18, 15, 30)


def plan_for(project: ProjectFile, levels: dict[int, float]) -> GainPlan:
    tracks = tuple(
        TrackPlan(
            index=index,
            name=project.session.tracks[index].name,
            guid=project.session.tracks[index].guid,
            role="kick",
            old_db=Decibel(0.0),
            new_db=Decibel(level),
        )
        for index, level in levels.items()
    )
    return GainPlan(project=str(project.path), method="unity", settings=Settings(), tracks=tracks)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# --- set_faders


def test_only_the_fader_token_changes(make: Callable[..., Path]) -> None:
    project = read_project(make(TWO))
    new = set_faders(project, {1: LinearGain(0.25)})
    assert new == project.data.replace(b"VOLPAN 0.50000000000000 -0.25", b"VOLPAN 0.25 -0.25")
    both = set_faders(project, {0: LinearGain(0.0), 1: LinearGain(2.0)})
    assert both == project.data.replace(b"VOLPAN 1 0 -1 -1", b"VOLPAN 0 0 -1 -1").replace(
        b"0.50000000000000", b"2"
    )


def test_a_fader_that_has_its_value_stays_as_written(make: Callable[..., Path]) -> None:
    project = read_project(make(TWO))
    assert set_faders(project, {0: LinearGain(1.0), 1: LinearGain(0.5)}) == project.data


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_track_without_a_fader_gets_a_line(make: Callable[..., Path], newline: str) -> None:
    project = read_project(make("  <TRACK\n    NAME Kick\n  >\n", newline=newline))
    new = set_faders(project, {0: LinearGain(0.5)})
    line = f"    VOLPAN 0.5 0 -1 -1 1{newline}".encode()
    assert new == project.data.replace(b"    NAME", line + b"    NAME")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("VOLPAN 1 0 -1\nVOLPAN 1 0 -1\n", "more than one VOLPAN"),
        ("VOLPAN\n", "damaged"),
        ('VOLPAN "1 0 -1\n', "damaged"),
        ("VOLPAN 1 " + "0 " * 2045 + "\n", "too long"),
    ],
)
def test_an_unclear_fader_is_refused_with_its_place(
    make: Callable[..., Path], lines: str, said: str
) -> None:
    project = read_project(make(f"<TRACK\nNAME Kick\n{lines}>\n"))
    with pytest.raises(ProjectError, match=rf"song\.RPP:[45]: track 1 'Kick' has .*{said}"):
        set_faders(project, {0: LinearGain(0.123456789)})


def test_a_quoted_or_damaged_number_can_be_set(make: Callable[..., Path]) -> None:
    for token in ('"1"', "nan", "0,5", "loud"):
        project = read_project(make(f"<TRACK\nVOLPAN {token} 0 -1\n>\n"))
        assert b"VOLPAN 0.25 0 -1\r\n" in set_faders(project, {0: LinearGain(0.25)})


@pytest.mark.parametrize("gain", [math.nan, math.inf, -math.inf, -0.5, 1e7])
def test_an_impossible_gain_is_refused(make: Callable[..., Path], gain: float) -> None:
    project = read_project(make(TWO))
    with pytest.raises(InputError, match=r"track 'Kick': .* is no gain"):
        set_faders(project, {0: LinearGain(gain)})


@pytest.mark.parametrize("index", [-1, 2, 10**9])
def test_an_unknown_track_is_refused(make: Callable[..., Path], index: int) -> None:
    with pytest.raises(InputError, match="it has 2 tracks"):
        set_faders(read_project(make(TWO)), {index: LinearGain(1.0)})


def test_duplicate_names_and_guids_are_told_apart(make: Callable[..., Path]) -> None:
    track = "<TRACK {A}\nNAME Tom\nVOLPAN 1 0\n>\n"
    project = read_project(make(track * 3))
    again = make(set_faders(project, {1: LinearGain(0.5)})[:0].decode() + track * 3)
    again.write_bytes(set_faders(project, {1: LinearGain(0.5)}))
    assert [t.fader for t in read_project(again).session.tracks] == [1.0, 0.5, 1.0]


@given(st.floats(0.0, 1e6))
def test_numbers_are_written_without_exponent_and_read_back(gain: float) -> None:
    token = format_gain(LinearGain(gain)).decode()
    whole, _, decimals = token.partition(".")
    assert whole.isdigit()
    assert len(decimals) <= 14
    assert not token.endswith((".", "-0"))
    assert not decimals.endswith("0")
    assert float(token) == pytest.approx(gain, abs=5e-15, rel=1e-15)


@given(gains=st.dictionaries(st.integers(0, 4), st.floats(0.0, 4.0), max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_any_faders_are_read_back_and_nothing_else_changes(
    make: Callable[..., Path], gains: dict[int, float]
) -> None:
    tracks = "".join(
        f"<TRACK\nNAME {n}\n{'VOLPAN 0.7 0.1 -1 -1 1' if n else ''}\nPAN {n}\n>\n" for n in range(5)
    )
    project = read_project(make(tracks))
    path = project.path.with_name("new.RPP")
    faders = {index: LinearGain(gain) for index, gain in gains.items()}
    path.write_bytes(set_faders(project, faders))
    session = read_project(path).session
    expected = tuple(
        dataclasses.replace(track, fader=track.fader if track.index not in gains else None)
        for track in project.session.tracks
    )
    got = tuple(
        dataclasses.replace(track, fader=track.fader if track.index not in gains else None)
        for track in session.tracks
    )
    assert got == expected
    for index, gain in gains.items():
        assert session.tracks[index].fader == pytest.approx(gain, abs=1e-14)


# --- apply_plan


def test_in_place_with_a_dated_backup(make: Callable[..., Path], tmp_path: Path) -> None:
    path = make(TWO)
    path.chmod(0o640)
    before = path.read_bytes()
    project = read_project(path)
    report = apply_plan(project, plan_for(project, {1: -12.0}), now=NOW)
    backup = tmp_path / "song.RPP.drumgain-20261122-181530.bak"
    assert (report.path, report.backup, report.changed) == (path, backup, (1,))
    assert backup.read_bytes() == before
    assert read_project(path).session.tracks[1].fader == pytest.approx(10 ** (-12 / 20))
    assert {stat.S_IMODE(p.stat().st_mode) for p in (path, backup)} == {0o640}
    assert names(tmp_path) == {path.name, backup.name}


def test_a_read_only_project_is_left_and_its_copy_can_be_saved(
    make: Callable[..., Path], tmp_path: Path
) -> None:
    path = make(TWO)
    path.chmod(0o444)
    before = path.read_bytes()
    project = read_project(path)
    plan = plan_for(project, {1: -12.0})
    other = make(TWO, name="other.RPP")
    for write in (
        lambda: apply_plan(project, plan, now=NOW),
        lambda: apply_plan(read_project(other), plan, path, overwrite=True),
    ):
        with pytest.raises(StorageError, match=r"song\.RPP is read-only: nothing was written"):
            write()
    assert path.read_bytes() == before
    assert names(tmp_path) == {"song.RPP", "other.RPP"}
    copy = apply_plan(project, plan, tmp_path / "copy.RPP").path
    assert stat.S_IMODE(copy.stat().st_mode) == 0o644


def test_backups_are_never_overwritten(make: Callable[..., Path], tmp_path: Path) -> None:
    path = make(TWO)
    kept = []
    for level in (-1.0, -2.0, -3.0):
        kept.append(path.read_bytes())
        project = read_project(path)
        apply_plan(project, plan_for(project, {0: level}), now=NOW)
    base = "song.RPP.drumgain-20261122-181530"
    found = [(tmp_path / f"{base}{end}.bak").read_bytes() for end in ("", "-2", "-3")]
    assert found == kept


def test_a_plan_without_moves_writes_nothing_in_place(
    make: Callable[..., Path], tmp_path: Path
) -> None:
    project = read_project(make(TWO))
    report = apply_plan(project, plan_for(project, {0: 0.0}))
    assert (report.backup, report.changed) == (None, ())
    assert names(tmp_path) == {"song.RPP"}


def test_to_another_file(make: Callable[..., Path], tmp_path: Path) -> None:
    path = make(TWO)
    path.chmod(0o600)
    before = path.read_bytes()
    project = read_project(path)
    output = tmp_path / "new.RPP"
    report = apply_plan(project, plan_for(project, {0: -6.0}), output)
    assert (report.path, report.backup, report.changed) == (output, None, (0,))
    assert path.read_bytes() == before
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    with pytest.raises(StorageError, match="exists already"):
        apply_plan(project, plan_for(project, {0: -9.0}), output)
    assert read_project(output).session.tracks[0].fader == pytest.approx(10 ** (-6 / 20))
    apply_plan(project, plan_for(project, {0: -9.0}), output, overwrite=True)
    assert read_project(output).session.tracks[0].fader == pytest.approx(10 ** (-9 / 20))
    assert names(tmp_path) == {"song.RPP", "new.RPP"}


def test_the_project_itself_as_output_is_in_place(
    make: Callable[..., Path], tmp_path: Path
) -> None:
    project = read_project(make(TWO))
    with pytest.raises(StorageError, match="exists already"):
        apply_plan(project, plan_for(project, {0: -6.0}), tmp_path / "." / "song.RPP")
    report = apply_plan(project, plan_for(project, {0: -6.0}), project.path, overwrite=True)
    assert report.backup is not None


def test_a_link_is_written_through(make: Callable[..., Path], tmp_path: Path) -> None:
    real = make(TWO, name="real/song.RPP")
    link = tmp_path / "link.RPP"
    link.symlink_to("real/song.RPP")
    project = read_project(link)
    report = apply_plan(project, plan_for(project, {0: -6.0}))
    assert link.is_symlink()
    assert not real.is_symlink()
    assert read_project(real).session.tracks[0].fader == pytest.approx(10 ** (-6 / 20))
    assert report.backup is not None
    assert report.backup.parent == real.parent
    assert names(tmp_path) == {"real", "link.RPP"}


def test_a_change_on_disk_is_a_conflict(make: Callable[..., Path], tmp_path: Path) -> None:
    path = make(TWO)
    project = read_project(path)
    plan = plan_for(project, {0: -6.0})
    path.write_bytes(path.read_bytes().replace(b"Kick", b"Kock"))
    changed = path.read_bytes()
    for output in (None, tmp_path / "new.RPP"):
        with pytest.raises(ConflictError, match="has changed since it was read"):
            apply_plan(project, plan, output)
    assert path.read_bytes() == changed
    path.unlink()
    with pytest.raises(ConflictError, match="is gone"):
        apply_plan(project, plan)
    assert names(tmp_path) == set()


def test_a_touched_file_is_no_conflict(make: Callable[..., Path]) -> None:
    project = read_project(make(TWO))
    os.utime(project.path, (1, 1))
    assert apply_plan(project, plan_for(project, {0: -6.0})).changed == (0,)


def test_a_plan_of_another_project_is_a_conflict(make: Callable[..., Path]) -> None:
    project = read_project(make(TWO))
    plan = plan_for(project, {0: -6.0})
    for change in ({"name": "Bass"}, {"guid": "{Z}"}, {"index": 1}, {"index": 7}):
        wrong = dataclasses.replace(plan, tracks=(dataclasses.replace(plan.tracks[0], **change),))
        with pytest.raises(ConflictError, match="make a new plan"):
            apply_plan(project, wrong)


def test_a_level_without_a_gain_is_refused(make: Callable[..., Path]) -> None:
    project = read_project(make(TWO))
    for level in (math.nan, math.inf, 1e6):
        with pytest.raises(InputError, match="track 'Kick'"):
            apply_plan(project, plan_for(project, {0: level}))


def test_a_missing_folder_is_a_storage_error(make: Callable[..., Path], tmp_path: Path) -> None:
    project = read_project(make(TWO))
    with pytest.raises(StorageError, match=r"cannot write .*new\.RPP: No such file"):
        apply_plan(project, plan_for(project, {0: -6.0}), tmp_path / "no" / "new.RPP")


# --- restore


def test_restores_go_back_one_balance_at_a_time(make: Callable[..., Path], tmp_path: Path) -> None:
    path = make(TWO)
    states = [path.read_bytes()]
    for minute, level in enumerate((-3.0, -6.0)):
        project = read_project(path)
        apply_plan(project, plan_for(project, {0: level}), now=NOW.replace(minute=minute))
        states.append(path.read_bytes())
    before = names(tmp_path)
    assert restore(path).name == "song.RPP.drumgain-20261122-180130.bak"
    assert path.read_bytes() == states[1]
    assert restore(path).name == "song.RPP.drumgain-20261122-180030.bak"
    assert path.read_bytes() == states[0]
    with pytest.raises(StorageError, match=r"every backup .* was brought back"):
        restore(path)
    assert names(tmp_path) > before, "no backup is removed"
    undone = tmp_path / "song.RPP.drumgain-20261122-180130.undone.bak"
    assert undone.read_bytes() == states[2]
    assert restore(path, undone) == undone
    assert path.read_bytes() == states[2]
    kept = {(tmp_path / name).read_bytes() for name in names(tmp_path)}
    assert kept == set(states)


def test_restore_without_a_backup(make: Callable[..., Path], tmp_path: Path) -> None:
    path = make(TWO)
    (tmp_path / "song.RPP.bak").write_bytes(b"")
    (tmp_path / "other.RPP.drumgain-20261122-181530.bak").write_bytes(b"")
    (tmp_path / "song.RPP-bak").write_bytes(b"")
    with pytest.raises(StorageError, match="no backup made by DrumGain"):
        restore(path)


def test_restore_of_a_project_that_is_gone(make: Callable[..., Path]) -> None:
    path = make(TWO)
    before = path.read_bytes()
    project = read_project(path)
    apply_plan(project, plan_for(project, {0: -6.0}))
    path.unlink()
    restore(path)
    assert path.read_bytes() == before


def test_a_damaged_backup_is_not_brought_back(make: Callable[..., Path]) -> None:
    project = read_project(make(TWO))
    report = apply_plan(project, plan_for(project, {0: -6.0}))
    present = project.path.read_bytes()
    assert report.backup is not None
    report.backup.write_bytes(report.backup.read_bytes()[:-4])
    with pytest.raises(ProjectError, match="never ends"):
        restore(project.path)
    assert project.path.read_bytes() == present


# --- relocate


def media(*paths: str) -> str:
    sources = "".join(f"<ITEM\n<SOURCE WAVE\nFILE {path}\n>\n>\n" for path in paths)
    return f"<TRACK\nNAME Kick\nVOLPAN 1 0 -1 -1 1\n{sources}>\n"


def test_another_folder_still_finds_the_audio(make: Callable[..., Path], tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name in ("Media/a b.wav", "c.wav", "sub/It's.wav", "rec/d.wav", "e.wav"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(b"")
    tracks = media(
        '"Media\\a b.wav" 1', '"C.WAV"', '"sub/It\'s.wav"', "d.wav", '"none\\x.wav"',
        f'"{home}/c.wav"', '"C:\\Audio\\e.wav"', '"C:\\Audio\\none.wav"', '"\\\\host\\x.wav"', '""',
    )  # fmt: skip
    tracks += '<TRACK\n<FREEZE\n<ITEM\n<SOURCE SECTION\nLENGTH 1\n<SOURCE FLAC\nFILE "c.wav"\n'
    tracks += ">\n" * 5
    tracks += '<TRACK\n<ITEM\n<SOURCE MIDI\nFILE "x.mid"\n>\n>\n'
    tracks += '<NOTES\n|FILE "c.wav"\n>\nFILE "c.wav"\n>\n'
    head = 'RECORD_PATH "rec" "/abs"\nRENDER_FILE "mix.wav"\n'
    project = read_project(make(tracks, head, name="home/song.RPP"))
    (tmp_path / "away").mkdir()
    output = tmp_path / "away" / "new.RPP"
    apply_plan(project, plan_for(project, {0: -6.0}), output)
    expected = project.data.decode()
    for old, new in [
        ('"Media\\a b.wav" 1', f'"{home}/Media/a b.wav" 1'),
        ('FILE "C.WAV"', f'FILE "{home}/c.wav"'),
        ('"sub/It\'s.wav"', f'"{home}/sub/It\'s.wav"'),
        ("FILE d.wav", f'FILE "{home}/rec/d.wav"'),
        ('"none\\x.wav"', f'"{home}/none/x.wav"'),
        ('"C:\\Audio\\e.wav"', f'"{home}/e.wav"'),
        ('<SOURCE FLAC\r\nFILE "c.wav"', f'<SOURCE FLAC\r\nFILE "{home}/c.wav"'),
        ('"x.mid"', f'"{home}/x.mid"'),
        ('RECORD_PATH "rec"', f'RECORD_PATH "{home}/rec"'),
        ("VOLPAN 1 0", "VOLPAN 0.50118723362727 0"),
    ]:
        assert expected.count(old) == 1, old
        expected = expected.replace(old, new)
    assert output.read_bytes().decode() == expected
    old_tracks, new_tracks = project.session.tracks, read_project(output).session.tracks
    for old_track, new_track in zip(old_tracks, new_tracks, strict=True):
        found = [clip.source.found for clip in old_track.clips]
        assert [clip.source.found for clip in new_track.clips] == found
        for old_clip, new_clip in zip(old_track.clips, new_track.clips, strict=True):
            assert new_clip.source.path == old_clip.source.path


def test_the_same_folder_needs_no_new_paths(make: Callable[..., Path], tmp_path: Path) -> None:
    project = read_project(make(media('"a.wav"')))
    (tmp_path / "link").symlink_to(".")
    assert relocate(project, tmp_path) == project.data
    assert relocate(project, tmp_path / "link") == project.data


@pytest.mark.parametrize(
    ("folder", "quote"), [("plain", '"'), ('6" kit', "'"), ("6\" 'kit'", "`"), ("ü ド", '"')]
)
def test_paths_are_quoted_as_the_format_needs(
    make: Callable[..., Path], tmp_path: Path, folder: str, quote: str
) -> None:
    project = read_project(make(media("a.wav"), name=f"{folder}/song.RPP"))
    new = relocate(project, tmp_path)
    assert f"FILE {quote}{tmp_path}/{folder}/a.wav{quote}\r\n".encode() in new


@pytest.mark.parametrize("folder", ["\"'`", "a\nb", "x" * 200])
def test_a_path_that_cannot_be_written_is_refused(
    make: Callable[..., Path], tmp_path: Path, folder: str
) -> None:
    long = "y" * 3950 if folder.startswith("x") else "a.wav"
    project = read_project(make(media(f'"{long}"'), name=f"{folder}/song.RPP"))
    with pytest.raises(ProjectError, match="choose an output in the project's own folder"):
        relocate(project, tmp_path)


def test_bytes_that_are_no_utf_8_are_kept_in_paths(
    make: Callable[..., Path], tmp_path: Path
) -> None:
    project = read_project(make(b'<TRACK\n<ITEM\n<SOURCE WAVE\nFILE "\xfc.wav"\n>\n>\n>\n'))
    new = relocate(project, tmp_path / "away")
    assert os.fsencode(tmp_path) + b'/\xfc.wav"' in new
