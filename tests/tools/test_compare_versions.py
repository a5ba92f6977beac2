"""The comparison of two versions sees what differs."""

from __future__ import annotations

import sys
from pathlib import Path

from tools import compare_versions


def sides(folder: Path) -> tuple[compare_versions.Side, compare_versions.Side]:
    made = []
    for name in ("one", "two"):
        (folder / name / "work").mkdir(parents=True)
        made.append(compare_versions.Side(sys.executable, folder / name))
    return made[0], made[1]


def test_equal_folders_differ_in_nothing(tmp_path: Path) -> None:
    both = sides(tmp_path)
    for side in both:
        (side.folder / "work" / "song.RPP.drumgain-20260101-101010.bak").write_bytes(b"x")
    assert list(compare_versions.compare_files("here", both)) == []


def test_one_other_byte_and_one_other_file_are_told(tmp_path: Path) -> None:
    both = sides(tmp_path)
    for number, side in enumerate(both):
        (side.folder / "work" / "song.RPP").write_bytes(bytes([number]))
    (both[1].folder / "work" / "new.RPP").write_bytes(b"")
    told = list(compare_versions.compare_files("here", both))
    assert [line.split(": ")[1] for line in told] == ["names of files", "song.RPP"]


def test_another_exit_status_is_told(tmp_path: Path) -> None:
    both = sides(tmp_path)
    compare_versions.session(both[0].folder / "work", "song", 2.0)
    told = list(compare_versions.both(both, "tracks", "song.RPP", "--json"))
    assert any("status" in line for line in told)
