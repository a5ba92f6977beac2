"""Paths of media in a project that is written to another folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from project_edits import plan_for

from reaper_drumgain.errors import ProjectError
from reaper_drumgain.hosts.rpp import (
    apply_plan,
    read_project,
    relocate,
)


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
