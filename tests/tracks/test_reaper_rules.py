"""REAPER's rules for folders, receives, playback offsets and shared GUIDs."""

import pytest

from reaper_drumgain.schema.session import Track
from reaper_drumgain.tracks.reaper_rules import (
    MAX_CHANNELS,
    FolderDepth,
    SendChannels,
    media_shift,
    send_channels,
    send_mode,
    with_shared_guids_noted,
)


def test_folders_are_found_from_changes_of_depth():
    warnings: list[str] = []
    folders = FolderDepth()
    changes = [1, 0, 1, -2, 0]
    placed = [folders.place(index, change, warnings) for index, change in enumerate(changes)]
    assert placed == [(None, True), (0, False), (0, True), (2, False), (None, False)]
    assert warnings == []
    folders.place(5, -1, warnings)
    folders.place(6, 2, warnings)
    assert [w.split(":")[0] for w in warnings] == [
        "closes 1 folders where 0 are open",
        "opens 2 folder levels at once",
    ]


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        (0, 0, SendChannels(source=0, target=0, count=2, mono=False)),
        (-1, 0, SendChannels(source=-1, target=0, count=2, mono=False)),
        (3 | 1 << 10, 1 | 1024, SendChannels(source=3, target=1, count=1, mono=True)),
        (2 << 10, 4, SendChannels(source=0, target=4, count=4, mono=False)),
        (1000 << 10, 0, SendChannels(source=0, target=0, count=MAX_CHANNELS, mono=False)),
        (0, -1, SendChannels(source=0, target=0, count=2, mono=False)),
    ],
)
def test_channels_of_a_receive(source, target, expected):
    assert send_channels(source, target) == expected


def test_an_unknown_send_mode_is_taken_as_post_fader_with_a_warning():
    warnings: list[str] = []
    assert [send_mode(n, warnings) for n in (0, 1, 2, 3)] == [
        *("post-fader", "pre-fx", "pre-fader", "pre-fader"),
    ]
    assert warnings == []
    assert send_mode(8, warnings) == "pre-receive"
    assert warnings == []
    assert send_mode(9, warnings) == "post-fader"
    assert warnings == ["a receive has the unknown mode 9: post-fader is assumed"]


def test_a_playback_offset_is_in_seconds_or_samples_or_off():
    warnings: list[str] = []
    assert media_shift(0.5, 0, None, warnings) == 0.5
    assert media_shift(0.5, 1, None, warnings) == 0.0
    assert media_shift(480.0, 2, 48_000, warnings) == 0.01
    assert warnings == []
    assert media_shift(480.0, 2, None, warnings) == 0.0
    assert warnings == ["plays its media 480 samples later: the offset is ignored"]


def test_tracks_that_share_a_guid_are_told():
    guids = ("{A}", "{B}", "{A}", None, None)
    tracks = [Track(index=i, name="", guid=guid) for i, guid in enumerate(guids)]
    told = [bool(track.warnings) for track in with_shared_guids_noted(tracks)]
    assert told == [True, False, True, False, False]
