"""Which file is the stem of which track."""

import pytest
from support import session

from reaper_drumgain.schema.session import Track
from reaper_drumgain.tracks.stem_names import match_stems


def matched(names, files, project="My Song"):
    tracks = session(*(Track(index=i, name=name) for i, name in enumerate(names))).tracks
    return match_stems(project, tracks, files)


@pytest.mark.parametrize(
    "file",
    [
        *("Kick In", "kick_in", "My Song-Kick In", "My_Song_Kick_In", "01-Kick In"),
        *("My Song-01-Kick In", "03 Kick In", "Kick In-001", "Kick In_stem"),
    ],
)
def test_habits_of_naming(file):
    assert matched(["Kick In", "Kick Out"], [file]).found == {0: file}


def test_the_plain_name_comes_before_one_that_is_read_into_it():
    found = matched(["Tom 1", "1 Tom 1"], ["1-Tom 1", "Tom 1"])
    assert found.found == {0: "Tom 1", 1: "1-Tom 1"}


def test_of_tracks_with_one_name_the_number_decides():
    found = matched(["Kick", "Snare", "Kick"], ["01-Kick", "03-Kick", "Snare", "Verb"])
    assert found.found == {0: "01-Kick", 2: "03-Kick", 1: "Snare"}
    assert found.left == ("Verb",)
    unclear = matched(["Kick", "Kick"], ["Kick"])
    assert not unclear.found
    assert unclear.several == {0: ("Kick",), 1: ("Kick",)}


def test_two_files_of_one_track_are_not_clear():
    found = matched(["Kick", "Snare"], ["Kick", "kick", "Snare"])
    assert found.found == {1: "Snare"}
    assert found.several == {0: ("Kick", "kick")}


def test_a_name_in_another_script_and_signs_that_files_cannot_hold():
    found = matched(["Бочка", "Tom 1/2", "???"], ["Бочка", "Tom 1_2"])
    assert found.found == {0: "Бочка", 1: "Tom 1_2"}
