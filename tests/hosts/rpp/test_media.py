"""Where media is looked for, and where it is not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reaper_drumgain.audio import safe_open
from reaper_drumgain.hosts.rpp import read_project
from reaper_drumgain.schema.session import Track
from reaper_drumgain.tracks import media_paths


def track_with(written: str, quote: str = '"') -> str:
    return f"<TRACK\n<ITEM\nLENGTH 1\n<SOURCE WAVE\nFILE {quote}{written}{quote}\n>\n>\n>\n"


@pytest.fixture
def track_of_file(make: Callable[..., Path]) -> Callable[..., Track]:
    def read(written: str, head: str = "") -> Track:
        return read_project(make(track_with(written), head)).session.tracks[0]

    return read


def place(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


@pytest.mark.parametrize(
    ("written", "on_disk"),
    [
        ("kick.wav", "kick.wav"),
        ("Media/kick.wav", "Media/kick.wav"),
        ("Media\\kick.wav", "Media/kick.wav"),
        ("MEDIA\\KICK.WAV", "Media/kick.wav"),
        ("..\\kick.wav", "../kick.wav"),
        ("Media\\gone\\kick.wav", "kick.wav"),
        ("C:\\Users\\me\\Audio\\kick.wav", "kick.wav"),
        ("/Users/me/Audio/Kick.wav", "kick.wav"),
        ("kick.wav", "Recorded/kick.wav"),
        ("sub/kick.wav", "Recorded/sub/kick.wav"),
        ("elsewhere/kick.wav", "Recorded/kick.wav"),
        ("ü/Groß é.wav", "Ü/GROSS É.wav"),
        ("Gr\u00f6\u00dfe.wav", "Gro\u0308\u00dfe.wav"),
        ("Gro\u0308\u00dfe/a.wav", "Gr\u00f6\u00dfe/a.wav"),
    ],
)
def test_media_is_found(
    tmp_path: Path, make: Callable[..., Path], written: str, on_disk: str
) -> None:
    expected = place(tmp_path / "project" / on_disk)
    path = make(track_with(written), 'RECORD_PATH "Recorded" ""\n', name="project/song.RPP")
    source = read_project(path).session.tracks[0].clips[0].source
    assert source.found
    assert source.path is not None
    assert expected.samefile(source.path)
    assert source.written == written


def test_an_absolute_path_is_taken_as_it_is(
    tmp_path: Path, track_of_file: Callable[..., Track]
) -> None:
    path = place(tmp_path / "x" / "kick.wav")
    assert track_of_file(str(path)).clips[0].source.path == str(path)


def test_the_exact_spelling_is_preferred(
    tmp_path: Path, track_of_file: Callable[..., Track]
) -> None:
    place(tmp_path / "KICK.wav")
    exact = place(tmp_path / "kick.wav")
    assert track_of_file("kick.wav").clips[0].source.path == str(exact)


def test_missing_media_is_told_once_per_track(tmp_path: Path, make: Callable[..., Path]) -> None:
    one = track_with("none.wav").removeprefix("<TRACK\n").removesuffix(">\n")
    track = read_project(make(f"<TRACK\n{one * 5}>\n")).session.tracks[0]
    assert [clip.source.found for clip in track.clips] == [False] * 5
    assert track.clips[0].source.path == str(tmp_path / "none.wav")
    assert track.warnings == ("'none.wav' is missing",)


@pytest.mark.parametrize(
    "written",
    [
        "//host/share/kick.wav",
        "\\\\host\\share\\kick.wav",
        "/\\host/kick.wav",
        "\\\\?\\UNC\\host\\share\\kick.wav",
        "\\\\.\\pipe\\x",
        "smb://host/kick.wav",
        "file://host/kick.wav",
        "/net/host/kick.wav",
        "/./net/host/kick.wav",
        "/NET/host/kick.wav",
        "/x/../net/host/kick.wav",
        "../" * 40 + "net/host/kick.wav",
        "..\\" * 40 + "net\\host\\kick.wav",
    ],
)
def test_network_paths_are_never_touched(
    make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    path = make(track_with(written), f'RECORD_PATH "{written}" "{written}"\n')
    touched: list[str] = []
    for name in ("stat", "lstat", "listdir", "open", "readlink"):
        real = getattr(os, name)

        def spy(target: object, *args: object, real: object = real, **options: object) -> object:
            touched.append(os.fsdecode(target) if not isinstance(target, int) else "")  # type: ignore[arg-type]
            return real(target, *args, **options)  # type: ignore[operator]

        monkeypatch.setattr(os, name, spy)
    track = read_project(path).session.tracks[0]
    assert touched, "the spies see the project itself"
    assert not [name for name in touched if "host" in name or "pipe" in name]
    source = track.clips[0].source
    assert (source.found, source.path, source.written) == (False, None, written)
    assert "network" in track.warnings[0]


def test_what_is_no_regular_file_is_not_found(
    tmp_path: Path, track_of_file: Callable[..., Track]
) -> None:
    os.mkfifo(tmp_path / "fifo.wav")
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "dangling.wav").symlink_to("nowhere")
    for name, said in (("fifo", "pipe"), ("folder", "folder"), ("dangling", "missing")):
        track = track_of_file(f"{name}.wav")
        assert not track.clips[0].source.found
        assert said in track.warnings[0]
    assert "pipe, socket or device" in track_of_file("/dev/zero").warnings[0]


@pytest.mark.parametrize(
    "written", ["a/" * 3000 + "x.wav", "x" * 5000, "../" * 1300 + "x.wav", "", ".", "/", "a/"]
)
def test_odd_paths_are_missing_and_harmless(
    track_of_file: Callable[..., Track], written: str
) -> None:
    track = track_of_file(written)
    assert not track.clips[0].source.found
    assert track.warnings


def test_a_project_in_a_folder_whose_name_is_no_text(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe/song.RPP"))
    path.parent.mkdir()
    path.write_text(f"<REAPER_PROJECT 0.1\n{track_with('a.wav')}{track_with('b.wav')}>\n")
    place(path.with_name("a.wav"))
    session = read_project(path).session
    session.to_json().encode("utf-8")
    assert [track.clips[0].source.path for track in session.tracks] == [None, None]
    assert all(track.warnings for track in session.tracks)


def test_a_project_reached_by_a_link_finds_its_media(
    tmp_path: Path, make: Callable[..., Path]
) -> None:
    real = make(track_with("kick.wav"), name="real/song.RPP")
    place(tmp_path / "real" / "kick.wav")
    link = tmp_path / "link.RPP"
    link.symlink_to(real)
    assert read_project(link).session.tracks[0].clips[0].source.found


@pytest.mark.parametrize(
    "written",
    [
        "../OtherSong/kick.wav",
        "C:\\Users\\me\\kick.wav",
        "\\\\nas\\songs\\Song\\kick.wav",
        "\\\\?\\UNC\\nas\\songs\\kick.wav",
        "/net/nas/kick.wav",
        "smb://nas/kick.wav",
        "Z:\\Song\\kick.wav",
    ],
)
def test_another_file_of_the_same_name_is_told(
    tmp_path: Path, make: Callable[..., Path], written: str
) -> None:
    beside = place(tmp_path / "project" / "kick.wav")
    track = read_project(make(track_with(written), name="project/song.RPP")).session.tracks[0]
    assert track.clips[0].source.path == str(beside)
    (warning,) = track.warnings
    assert "another file of that name is used instead: 'kick.wav'" in warning


@pytest.mark.parametrize("written", ["kick.wav", "KICK.wav", "sub\\kick.wav"])
def test_the_file_that_is_written_is_not_told(
    tmp_path: Path, make: Callable[..., Path], written: str
) -> None:
    place(tmp_path / "kick.wav")
    place(tmp_path / "Recorded" / "sub" / "kick.wav")
    track = read_project(make(track_with(written), 'RECORD_PATH "Recorded" ""\n'))
    assert track.session.tracks[0].clips[0].source.found
    assert track.session.tracks[0].warnings == ()


def test_a_project_that_was_opened_on_a_share_finds_its_media_there(
    tmp_path: Path, make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    mount = str(tmp_path / "net")
    monkeypatch.setattr(media_paths, "_AUTOMOUNTED", mount)
    own = place(tmp_path / "net" / "nas" / "audio" / "kick.wav")
    place(tmp_path / "net" / "other" / "kick.wav")
    for written in ("../audio/kick.wav", str(own)):
        path = make(track_with(written), name="net/nas/songs/song.RPP")
        track = read_project(path).session.tracks[0]
        assert (track.clips[0].source.path, track.warnings) == (str(own), ())
    for name in ("local/song.RPP", "net/other/song/song.RPP"):
        track = read_project(make(track_with(str(own)), name=name)).session.tracks[0]
        assert not track.clips[0].source.found
        assert "network" in track.warnings[0]


def test_media_on_the_share_of_a_project_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_paths, "_AUTOMOUNTED", str(tmp_path / "net"))
    monkeypatch.setattr(safe_open, "_opened_shares", set())
    path = tmp_path / "net" / "nas" / "kick.wav"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"RIFF")
    with pytest.raises(safe_open.UnplayableMediaError, match="network"):
        safe_open.checked_descriptor(str(path))
    safe_open.trust_shares_of(str(tmp_path / "net" / "nas" / "song.RPP"))
    os.close(safe_open.checked_descriptor(str(path)))
    with pytest.raises(safe_open.UnplayableMediaError, match="network"):
        safe_open.checked_descriptor(str(tmp_path / "net" / "other" / "kick.wav"))
