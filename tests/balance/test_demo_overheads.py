"""The overheads of the demo, which were recorded carelessly: a crash makes the left one 6 dB louder
than the right one, though drums reach both alike."""

import json
from pathlib import Path

import numpy as np
import soundfile

import reaper_drumgain
from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.cli import main
from reaper_drumgain.learn.data.streams import ArrayStream
from reaper_drumgain.methods.session_levels import SessionLevels, session_hits
from reaper_drumgain.methods.side_pairs import read_sides
from reaper_drumgain.tracks.roles import Role

SESSION = Path(reaper_drumgain.__file__).parent / "demo" / "session"
ROLES = (
    *(Role("kick in"), Role("snare top"), Role("snare bottom"), Role("hi-hat")),
    *(Role("tom", None, 1), Role("tom", None, 2), Role("tom")),
    *(Role("overhead", "left"), Role("overhead", "right")),
    *(Role("room", "left"), Role("room", "right")),
)
LEFT, RIGHT = 7, 8


def test_they_come_out_alike_at_the_hits(capsys):
    assert main(["balance", str(SESSION / "DrumGain demo.RPP"), "--dry-run", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)["tracks"]
    files = sorted((SESSION / "media").glob("*.flac"))[: len(ROLES)]
    sound = [soundfile.read(file, dtype="float32")[0][None] for file in files]
    windows = measure([ArrayStream(track) for track in sound], threads=1).onset_windows
    loudness = np.array([track["loudness_lufs"] for track in plan])
    assert loudness[LEFT] - loudness[RIGHT] > 5.0
    every = np.arange(len(ROLES))
    levels = SessionLevels.of(ROLES, windows, loudness, np.ones(len(ROLES), dtype=bool), every)
    read = read_sides(LEFT, RIGHT, levels, session_hits(levels).strokes)
    faders = plan[LEFT]["new_db"] - plan[RIGHT]["new_db"]
    assert len(read.drums) >= 3
    assert abs(read.at_hits_db + faders) < 2.0
