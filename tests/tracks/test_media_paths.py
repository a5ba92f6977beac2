"""On which machine a path lies, told from its text."""

import pytest

from reaper_drumgain.tracks.media_paths import network_root, roots_of_project


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("kick.wav", None),
        ("/home/me/net/kick.wav", None),
        ("/network/kick.wav", None),
        ("/net", "/net/"),
        ("/net/nas/a.wav", "/net/nas"),
        ("/./net/NAS/a.wav", "/net/nas"),
        ("/x/../net//nas/a.wav", "/net/nas"),
        ("C:\\songs\\a.wav", None),
        ("Z:/songs/a.wav", None),
        ("\\\\nas\\songs\\Song\\a.wav", "//nas/songs"),
        ("//NAS/songs/a.wav", "//nas/songs"),
        ("\\/nas\\songs", "//nas/songs"),
        ("\\\\?\\UNC\\nas\\Songs\\a.wav", "//nas/songs"),
        ("\\\\?\\C:\\songs\\a.wav", None),
        ("\\\\?\\Volume{1}\\a.wav", "//?"),
        ("\\\\.\\pipe\\x", "//."),
        ("smb://nas/songs/a.wav", "smb://"),
    ],
)
def test_the_share_of_a_path(path, root):
    assert network_root(path) == root


def test_a_project_of_this_machine_lies_on_no_share(tmp_path):
    assert roots_of_project(tmp_path / "song.RPP") == frozenset()
    assert roots_of_project("/net/nas/songs/song.RPP") == {"/net/nas"}
