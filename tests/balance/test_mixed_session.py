"""A session of 24 tracks that was mixed already: at most its outliers move."""

import dataclasses

import pytest
from support import changed, clip, gain, hits, session, write

from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.schema.session import Track
from reaper_drumgain.schema.settings import Settings

SECONDS = 4.0
NAMES = (
    *("Kick In", "Kick Out", "Sub Kick", "Snare Top", "Snare Bottom", "Snare Top 2", "Hi-Hat"),
    *("Hi-Hat 2", "Rack Tom 1", "Rack Tom 2", "Rack Tom 3", "Floor Tom", "Floor Tom 2", "Ride"),
    *("Crash", "China", "OH L", "OH R", "Room L", "Room R", "Room Mono", "Room Far L"),
    *("Room Far R", "Tambourine"),
)
#: two that an engineer would not have so
STRAY = {"Hi-Hat": 14.0, "Rack Tom 2": -16.0}


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixed")
    tracks = []
    for index, name in enumerate(NAMES):
        every, frequency = 0.35 + 0.03 * index, 60.0 * 1.22**index
        sound = hits(SECONDS, every=every, frequency=frequency, level=0.2, seed=index)
        path = write(folder / f"{name}.wav", sound)
        tracks.append(Track(index=index, name=name, clips=(clip(path, SECONDS),)))
    return session(*tracks)


def test_at_most_the_outliers_of_a_mixed_session_move(raw):
    # an engineer's faders: within the ranges, not at their middle, and no two alike
    plan = balance(raw, Settings(mode="all"))
    assert len(plan.tracks) == 24
    mixed = raw
    for track in plan.tracks:
        low, high = track.interval_db
        taste = (0.35 if track.index % 2 else -0.35) * (high - low) / 2.0
        level = STRAY.get(track.name, taste + 0.01 * track.index)
        fader = min((low + high) / 2.0 + level, 11.9)
        mixed = changed(mixed, track.index, fader=gain(fader))
    result = balance(mixed, Settings())
    assert result.mode == "outliers"
    moved = {track.name for track in result.moves}
    assert moved <= set(STRAY)
    assert "Hi-Hat" in moved
    stays = [track for track in result.tracks if track.name not in moved]
    assert all("not moved, " in track.reason for track in stays)
    for track in result.moves:
        mixed = changed(mixed, track.index, fader=gain(track.new_db), fader_note=track.note)
    assert not balance(mixed, Settings()).changes
    # and all of them do where that is asked for
    assert len(balance(mixed, dataclasses.replace(Settings(), mode="all")).moves) > 12
