"""One file of many channels, and a track for each of its microphones."""

import dataclasses

import pytest
from support import gain, session, silent_clip

from reaper_drumgain.schema.session import Effect, Envelope, Send, Session, Track
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.selection import select
from reaper_drumgain.tracks.split_channels import with_split_channels

FILE = Track(
    index=0, name="Recorder", channels=8, main_send=False, clips=(silent_clip(),), fader=gain(-6.0)
)
CHILDREN = tuple(Track(index=n, name=name) for n, name in ((1, "Kick"), (2, "OH")))
SENDS = (
    Send(source=0, target=1, channels=1, source_channel=2, gain=gain(-3.0)),
    Send(source=0, target=2, channels=2, source_channel=4),
)


def built(file: Track = FILE, sends: tuple[Send, ...] = SENDS) -> Session:
    tracks, left = with_split_channels((file, *CHILDREN), sends)
    return session(*tracks, sends=left)


def test_each_child_plays_its_channels_before_its_own_fader():
    split = built()
    assert split.sends == ()
    kick, overheads = (track.clips[0] for track in split.tracks[1:])
    assert (kick.channel_mode, overheads.channel_mode) == (3 + 2, 67 + 4)
    assert kick.take_gain == pytest.approx(gain(-9.0))
    assert overheads.take_gain == pytest.approx(gain(-6.0))
    selection = select(split, Settings())
    assert [(drum.track.name, drum.flag) for drum in selection.drums] == [
        ("Kick", None),
        ("OH", None),
    ]
    assert selection.warnings == ()


def test_a_pre_fader_send_does_not_take_the_fader_of_the_file():
    send = dataclasses.replace(SENDS[0], mode="pre-fader", inverted=True)
    assert built(sends=(send,)).tracks[1].clips[0].take_gain == pytest.approx(-gain(-3.0))


@pytest.mark.parametrize(
    "fields",
    [
        {"effects": (Effect("Comp"),)},
        {"pan": 0.5},
        {"inverted": True},
        {"envelopes": (Envelope("volume", active=True),)},
        {"channels": 2},
        {"folder": True, "main_send": True},
    ],
)
def test_what_changes_a_channel_on_its_way_is_told_with_what_to_do(fields):
    split = built(dataclasses.replace(FILE, **fields))
    assert split.sends == SENDS
    assert split.tracks[1].clips == ()
    selection = select(split, Settings())
    assert selection.drums == ()
    assert "explode that item into one item per channel" in selection.warnings[0]
    assert "channels of 'Recorder'" in selection.untouched[1].why


def test_a_file_that_is_heard_itself_stays_a_source_of_sends():
    heard = dataclasses.replace(FILE, main_send=True)
    split = built(heard)
    assert split.sends == SENDS
    assert select(split, Settings()).warnings == ()


def test_a_bus_of_two_tracks_is_a_bus():
    other = (*SENDS, Send(source=2, target=1))
    assert built(sends=other).tracks[1].clips == ()
