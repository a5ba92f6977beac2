"""Which tracks may count as bleed of which."""

from reaper_drumgain.faders.activity import drum_labels
from reaper_drumgain.tracks.roles import Role


def test_close_microphones_of_one_drum_share_a_label():
    names = ("kick in", "kick out", "snare top", "overhead", "overhead")
    labels = drum_labels([Role(name) for name in names])
    assert labels[0] == labels[1]
    assert len(set(labels)) == 4


def test_tracks_recorded_elsewhere_make_no_bleed():
    assert drum_labels([Role("sample"), Role("percussion")]) == [None, None]
