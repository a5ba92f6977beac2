"""The notes beside faders, in project files."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from project_edits import plan_for

from reaper_drumgain.hosts.rpp import apply_plan, read_project, restore
from reaper_drumgain.schema.fader_note import FaderNote, standing_note
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.units import Decibel, LinearGain, to_linear

PLAIN = '  <TRACK\n    NAME "Kick"\n    VOLPAN 1 0 -1 -1 1\n    MAINSEND 1 0\n  >\n'
STORED = (
    '  <TRACK\n    NAME "Snare"\n    VOLPAN 0.5 0 -1 -1 1\n    <EXT\n      mixer y\n'
    "      drumgain_role tom\n    >\n    MAINSEND 1 0\n  >\n"
)


def noted_plan(path: Path, levels: dict[int, float]) -> GainPlan:
    project = read_project(path)
    plan = plan_for(project, levels)
    tracks = tuple(
        dataclasses.replace(
            track,
            note=FaderNote(
                "all",
                to_linear(Decibel(levels[track.index])),
                project.session.tracks[track.index].fader,
            ).text,
        )
        for track in plan.tracks
    )
    return dataclasses.replace(plan, tracks=tracks)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_written_fader_leaves_its_note_and_nothing_else(
    make: Callable[..., Path], newline: str
) -> None:
    path = make(PLAIN + STORED, newline=newline)
    before = path.read_bytes().split(newline.encode())
    apply_plan(read_project(path), noted_plan(path, {0: -6.0, 1: -12.0}))
    tracks = read_project(path).session.tracks
    notes = [standing_note(track) for track in tracks]
    assert [None if note is None else note.before for note in notes] == [1.0, 0.5]
    assert tracks[1].role == "tom"
    after = path.read_bytes().split(newline.encode())
    new = [line.strip() for line in after if line not in before]
    assert [line.split()[0] for line in new] == [
        *(b"VOLPAN", b"drumgain_fader", b"VOLPAN", b"drumgain_fader")
    ]
    assert len(after) == len(before) + 4
    # the note of the second run takes the place of the first
    apply_plan(read_project(path), noted_plan(path, {0: -3.0}))
    assert path.read_bytes().count(b"drumgain_fader") == 2
    assert standing_note(read_project(path).session.tracks[0]) is not None


def test_the_note_goes_with_restore(make: Callable[..., Path]) -> None:
    path = make(PLAIN)
    before = path.read_bytes()
    apply_plan(read_project(path), noted_plan(path, {0: -6.0}))
    restore(path)
    assert path.read_bytes() == before


def test_a_fader_moved_by_hand_outlives_its_note(make: Callable[..., Path]) -> None:
    path = make(PLAIN)
    apply_plan(read_project(path), noted_plan(path, {0: -6.0}))
    data = path.read_bytes().replace(b"VOLPAN 0.50118723362727", b"VOLPAN 0.6")
    path.write_bytes(data)
    track = read_project(path).session.tracks[0]
    assert track.fader == LinearGain(0.6)
    assert track.fader_note is not None
    assert standing_note(track) is None
