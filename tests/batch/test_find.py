"""Which files are projects, and that each is taken once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reaper_drumgain.batch import written_list
from reaper_drumgain.batch.find import Found, find_projects
from reaper_drumgain.errors import InputError


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(path.name))


def names(found: Found, top: Path) -> list[str]:
    return [str(place.path.relative_to(top)) for place in found.projects]


def test_projects_of_a_folder_and_those_below_it_only_when_asked(tmp_path: Path) -> None:
    touch(tmp_path / "b.RPP", tmp_path / "a.rpp", tmp_path / "sub" / "c.Rpp", tmp_path / "x.wav")
    assert names(find_projects([tmp_path]), tmp_path) == ["a.rpp", "b.RPP"]
    found = find_projects([tmp_path], recursive=True)
    assert names(found, tmp_path) == ["a.rpp", "b.RPP", "sub/c.Rpp"]


@pytest.mark.parametrize(
    "name",
    [
        *("song.RPP-bak", "song.rpp.bak", "song.RPP.drumgain-20261122-181530.bak", "song.RPP~"),
        *("song-2024-05-12_1530.RPP", "song-2024-05-12_153007.rpp", "song-autosave.RPP"),
        *("song (autosave).RPP", "autosave.RPP", "song_backup.RPP", "song auto-save 2.RPP"),
        *("song-drumgain.RPP", "song-drumgain-2.rpp", ".song.RPP", "._song.RPP"),
        *("Backups/song.RPP", "backup/song.RPP", "Auto-Save/song.RPP", "autosaves/song.RPP"),
        *(".hidden/song.RPP", "song.RPP.txt", "RPP"),
    ],
)
def test_backups_autosaves_and_what_we_wrote_are_left_out(tmp_path: Path, name: str) -> None:
    touch(tmp_path / name, tmp_path / "song.RPP")
    found = find_projects([tmp_path], recursive=True)
    assert names(found, tmp_path) == ["song.RPP"]


@pytest.mark.parametrize(
    "name",
    [
        *("drumgain.RPP", "song-drumgain-test.RPP", "backups of love.RPP", "autosave test.RPP"),
        *("2024-05-12.RPP", "take 2024.RPP", "Backups of songs/a.RPP", "söng [x] 1.RPP"),
    ],
)
def test_names_that_only_look_a_little_like_it_are_projects(tmp_path: Path, name: str) -> None:
    touch(tmp_path / name)
    assert names(find_projects([tmp_path], recursive=True), tmp_path) == [name]


def test_what_is_left_out_is_told_and_what_is_named_is_taken(tmp_path: Path) -> None:
    ours, saved = tmp_path / "a-drumgain.RPP", tmp_path / "a-autosave.RPP"
    touch(ours, saved, tmp_path / "Backups" / "a.RPP")
    assert find_projects([tmp_path], recursive=True).left_out == (
        (tmp_path / "Backups", "folder of backups"),
        (saved, "backup or autosave"),
        (ours, "written by DrumGain"),
    )
    assert names(find_projects([ours, saved]), tmp_path) == [ours.name, saved.name]
    assert names(find_projects([tmp_path / "Backups"]), tmp_path) == ["Backups/a.RPP"]


def test_a_file_that_is_there_by_several_paths_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "z" / "song.RPP")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "link.RPP").symlink_to(tmp_path / "z" / "song.RPP")
    os.link(tmp_path / "z" / "song.RPP", tmp_path / "z" / "twin.RPP")
    (tmp_path / "folder").symlink_to(tmp_path / "z")
    monkeypatch.chdir(tmp_path)
    given_paths = [tmp_path, Path(), tmp_path / "z" / "song.RPP", Path("z/song.RPP")]
    found = find_projects(given_paths, recursive=True)
    assert [place.path for place in found.projects] == [tmp_path / "z" / "song.RPP"]


def test_loops_of_links_end(tmp_path: Path) -> None:
    touch(tmp_path / "a" / "song.RPP")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "self").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "self.RPP").symlink_to(tmp_path / "a" / "self.RPP")
    found = find_projects([tmp_path], recursive=True)
    # the link to itself is a project that cannot be read, which the reader will say
    assert names(found, tmp_path) == ["a/self.RPP", "a/song.RPP"]
    assert found.unreadable == ()


def test_a_folder_that_cannot_be_read_is_told_and_the_rest_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "a" / "song.RPP", tmp_path / "b" / "song.RPP")
    real = os.scandir

    def scandir(path: os.PathLike[str]) -> object:
        if Path(path).name == "a":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = find_projects([tmp_path], recursive=True)
    assert names(found, tmp_path) == ["b/song.RPP"]
    assert found.unreadable == ((tmp_path / "a", "the folder cannot be read: Permission denied"),)


def test_a_folder_that_lets_nobody_through_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name can be seen, what is in it cannot."""
    touch(tmp_path / "a" / "b" / "song.RPP", tmp_path / "song.RPP")
    real = Path.stat

    def stat(path: Path, **options: bool) -> os.stat_result:
        if path.name == "b":
            raise PermissionError(13, "Permission denied")
        return real(path, **options)

    monkeypatch.setattr(Path, "stat", stat)
    found = find_projects([tmp_path], recursive=True)
    assert names(found, tmp_path) == ["song.RPP"]
    assert found.unreadable == (
        (tmp_path / "a" / "b", "the folder cannot be read: Permission denied"),
    )


def test_a_path_that_is_not_there_is_told_before_anything_else(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: no such file or folder"):
        find_projects([tmp_path, tmp_path / "nowhere"])


def test_the_output_folder_is_not_looked_into(tmp_path: Path) -> None:
    touch(tmp_path / "song.RPP", tmp_path / "out" / "song.RPP")
    found = find_projects([tmp_path], recursive=True, skip=[tmp_path / "out"])
    assert names(found, tmp_path) == ["song.RPP"]


TREE = st.lists(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join), max_size=12, unique=True
)


@given(folders=TREE, links=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_tree_of_links_gives_each_project_once(
    tmp_path_factory: pytest.TempPathFactory, folders: list[str], links: list[tuple[int, int]]
) -> None:
    top = tmp_path_factory.mktemp("tree")
    made = [top / name for name in folders]
    for folder in made:
        touch(folder / "song.RPP")
    for number, (where, to) in enumerate(links):
        if made:
            link = made[where % len(made)] / f"link{number}"
            link.symlink_to(made[to % len(made)])
    found = find_projects([top], recursive=True)
    real = [place.path.resolve() for place in found.projects]
    assert sorted(real) == sorted(folder / "song.RPP" for folder in made)
    assert all(place.path == place.path.resolve() or links for place in found.projects)
    assert names(find_projects([top], recursive=True), top) == names(found, top)


def test_python_packages_and_hidden_folders_are_not_entered(tmp_path: Path) -> None:
    left = ("venv/lib/site-packages", "usr/dist-packages", ".git", ".venv/lib/site-packages")
    touch(tmp_path / "song.RPP", *(tmp_path / folder / "demo" / "song.RPP" for folder in left))
    found = find_projects([tmp_path], recursive=True)
    assert names(found, tmp_path) == ["song.RPP"]
    assert {why for _, why in found.left_out} == {"Python packages"}
    named = tmp_path / left[0]
    assert names(find_projects([named], recursive=True), named) == ["demo/song.RPP"]


@pytest.mark.parametrize("damage", [b"", b'\n"half of a na', b"\n[1e999]\n\xff\n{}\n"])
def test_what_a_batch_wrote_into_a_folder_is_left_out(tmp_path: Path, damage: bytes) -> None:
    out = tmp_path / "a" / "out"
    names_there = ["song.RPP", "deep/söng \udcff\n.RPP"]
    touch(tmp_path / "song.RPP", out / "mine.RPP", *(out / name for name in names_there))
    for name in names_there:
        written_list.WrittenList(out).add(out / name)
        with (out / written_list.NAME).open("ab") as file:
            file.write(damage)
    found = find_projects([tmp_path], recursive=True)
    assert names(found, tmp_path) == ["song.RPP", "a/out/mine.RPP"]
    assert found.left_out == tuple((out / n, "written by DrumGain") for n in sorted(names_there))
    # the folder itself was named: somebody wants them balanced
    assert len(find_projects([out], recursive=True).projects) == 3
