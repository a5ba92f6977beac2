"""Automation on a real kit: rendered microphones whose sections have known levels, written to
a project and played from it by the other reader."""

from __future__ import annotations

import itertools

import numpy as np
import pyloudnorm
import pytest
import soundfile
from envelope_reader import read_tracks

from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.hosts.rpp import apply_plan, read_project
from reaper_drumgain.learn.data.kits import RATE, load_kit
from reaper_drumgain.learn.data.performances import read_performance
from reaper_drumgain.learn.data.render import VirtualMic, render
from reaper_drumgain.schema.settings import Automation, Settings

TRACKS = {
    "Kick": VirtualMic(("KdrumR",)),
    "Snare Top": VirtualMic(("Snare_top",)),
    "Snare Bottom": VirtualMic(("Snare_bottom",)),
    "Hi-Hat": VirtualMic(("Hihat",)),
    "OH L": VirtualMic(("OHL",)),
    "OH R": VirtualMic(("OHR",)),
    "Room L": VirtualMic(("AmbL",)),
    "Room R": VirtualMic(("AmbR",)),
}
BORDERS = (0.0, 9.0, 18.0, 27.0)
#: dB per section; sides of a pair alike
LEVELS = {
    "Kick": (0.0, -6.0, 2.0),
    "Snare Top": (0.0, 3.0, -5.0),
    "Snare Bottom": (2.0, 0.0, -3.0),
    "Hi-Hat": (0.0, 6.0, -4.0),
    "OH L": (0.0, -3.0, 3.0),
    "OH R": (0.0, -3.0, 3.0),
    "Room L": (-2.0, 0.0, 4.0),
    "Room R": (-2.0, 0.0, 4.0),
}


@pytest.fixture(scope="module")
def song(shared_data, tmp_path_factory):
    """A groove on the kit, its project with three regions, and the samples of each track."""
    folder = tmp_path_factory.mktemp("rendered")
    kit = load_kit(shared_data / "kits" / "muldjord")
    groove = (
        shared_data / "groove" / "drummer1" / "eval_session" / "1_funk-groove1_138_beat_4-4.mid"
    )
    sounds = render(kit, read_performance(groove), list(TRACKS.values()), BORDERS[-1], seed=1)
    lines = []
    for number, (start, end) in enumerate(itertools.pairwise(BORDERS), 1):
        lines += [f'MARKER {number} {start:g} "part {number}" 1', f'MARKER {number} {end:g} "" 1']
    for name, audio in zip(TRACKS, sounds, strict=True):
        for (start, end), level in zip(itertools.pairwise(BORDERS), LEVELS[name], strict=True):
            audio[int(start * RATE) : int(end * RATE)] *= 10 ** (level / 20)
        soundfile.write(folder / f"{name}.wav", audio, RATE, subtype="FLOAT")
        lines += [
            f'<TRACK\nNAME "{name}"\nVOLPAN 1 0 -1 -1 1\nMAINSEND 1 0\n<ITEM\nPOSITION 0',
            f'LENGTH {BORDERS[-1]}\n<SOURCE WAVE\nFILE "{name}.wav"\n>\n>\n>',
        ]
    path = folder / "song.RPP"
    path.write_text('<REAPER_PROJECT 0.1 "7.18/win64" 1\n' + "\n".join(lines) + "\n>\n")
    return read_project(path), dict(zip(TRACKS, sounds, strict=True))


def loudness(audio):
    meter = pyloudnorm.Meter(RATE, filter_class="DeMan")
    return meter.integrated_loudness(np.stack([audio, audio], axis=1).astype(np.float64))


# the frames of partial loudness (93 ms, one after the other) begin elsewhere than in a section
# that is heard alone, which moves this method by a decibel or more on 9 s of strokes
@pytest.mark.parametrize(
    ("method", "near"),
    [("equal-loudness", 0.5), ("cross-adaptive", 0.5), ("partial-loudness", 1.3)],
)
def test_each_section_is_balanced_as_if_alone(song, tmp_path, method, near):
    project, sounds = song
    wanted = Settings(method=method, write="automation", automation=Automation("regions"))
    plan = balance(project.session, wanted)
    apply_plan(project, plan, tmp_path / "out.RPP")
    written = {name: (fader, found) for name, fader, found, _ in read_tracks(
        (tmp_path / "out.RPP").read_bytes()
    )}  # fmt: skip
    compared = 0
    for place, (start, end) in enumerate(itertools.pairwise(BORDERS)):
        alone = balance(project.session, Settings(method=method, span=(start, end)))
        times = np.arange(int(start * RATE), int(end * RATE)) / RATE
        fine = np.linspace(start, end, 1_801)
        differences = []
        for track in alone.tracks:
            fader, envelopes = written[track.name]
            envelope = envelopes["VOLENV2"]
            curve = np.interp(times, fine, envelope.gains(fine))
            raw = sounds[track.name][int(start * RATE) : int(end * RATE)]
            moved = loudness(fader * curve * raw) - loudness(raw)
            if planned(plan, track.name).automation.sections[place].state is None:
                differences.append(moved - track.new_db)
        # all of them, the common offset included
        assert np.abs(differences).max() <= near
        compared += len(differences)
    assert compared >= 3 * len(TRACKS) - 2
    counts = [len(track.automation.points) for track in plan.automated]
    assert max(counts) <= 12


def planned(plan, name):
    return next(track for track in plan.tracks if track.name == name)
