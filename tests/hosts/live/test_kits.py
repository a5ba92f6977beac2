"""Given several kits, samples, or the same audio twice, when pressed, then each rule holds there.

The worker is the real one. The plan of the saved file, made without REAPER, is what to expect.
"""

from __future__ import annotations

import math

import pytest
from support import RATE, gain, hits, write

from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.hosts import rpp
from reaper_drumgain.schema.settings import Settings

SECONDS = 4.0
SOUNDS = {
    "Kick": {"every": 0.5, "frequency": 60, "level": 0.4},
    "Snare Top": {"every": 1.0, "frequency": 220, "level": 0.1},
    "Hi-Hat": {"every": 0.25, "frequency": 6000, "level": 0.3},
}


def track(name, path, *, fader=1.0, folder=0):
    """A track with the file at ``path``; ``folder``: 1 opens one, -1 closes it after this track."""
    item = (
        f"    <ITEM\n      POSITION 0\n      LENGTH {SECONDS}\n      LOOP 0\n"
        f'      <SOURCE WAVE\n        FILE "{path}"\n      >\n    >\n'
    )
    bus = {1: "1 1", 0: "0 0", -1: "2 -1"}[folder]
    return (
        f'  <TRACK\n    NAME "{name}"\n    VOLPAN {fader!r} 0 -1 -1 1\n    ISBUS {bus}\n'
        f"    MAINSEND 1 0\n{item if path else ''}  >\n"
    )


def kit(folder, *, factor=1.0, seed=1):
    """By name the files of a small kit."""
    return {
        name: write(folder / f"{name} {seed}.wav", factor * hits(SECONDS, seed=seed + at, **what))
        for at, (name, what) in enumerate(SOUNDS.items())
    }


@pytest.fixture
def opened(reaper, tmp_path):
    """REAPER with a project of these tracks open."""

    def open_tracks(*tracks):
        text = f"<REAPER_PROJECT 0.1 6.69 1\n  SAMPLERATE {RATE} 0 0\n{''.join(tracks)}>\n"
        path = tmp_path / "kits.RPP"
        path.write_text(text)
        reaper.project = path
        return reaper

    return open_tracks


def numbered(report, step=None):
    """The faders in dB, in order: several tracks have one name here."""
    return [20 * math.log10(t["fader"]) for t in report.state(step)["tracks"]]


def check_press(reaper):
    """Press, press again, undo: as the plan of the file, then nothing, then as before."""
    report = reaper.play(
        {"ticks": 1},
        reaper.press("balance_all"),
        reaper.press("balance_all"),
        {"do": {"undo": 1}},
        reaper.press("show_last"),
    )
    plan = balance(rpp.read_project(reaper.project).session, Settings())
    want = numbered(report, 0)
    for planned in plan.tracks:
        want[planned.index] = planned.new_db
    assert plan.moves
    assert numbered(report, 1) == pytest.approx(want, abs=0.006)
    assert numbered(report, 2) == numbered(report, 1)
    assert report.state()["tracks"] == report.state(0)["tracks"]
    assert report.undo() == []
    return plan, numbered(report, 0), numbered(report, 1), report.console


def test_two_kits_a_sample_and_the_same_audio_twice(opened, tmp_path):
    one, two = kit(tmp_path), kit(tmp_path, factor=gain(-15.0), seed=10)
    sample = write(tmp_path / "s.wav", hits(SECONDS, every=0.5, frequency=90, level=0.5, seed=31))
    reaper = opened(
        track("Kit A", None, folder=1),
        *(track(name, path) for name, path in one.items()),
        track("Kick Sample", sample, fader=0.5),
        track("Kick - rendered", one["Kick"], fader=0.8, folder=-1),
        track("Kit B", None, folder=1),
        *(track(n, path, folder=-1 * (n == "Hi-Hat")) for n, path in two.items()),
    )
    plan, before, after, console = check_press(reaper)
    move = [b - a for a, b in zip(before, after, strict=True)]
    assert move[1] != 0.0
    assert move[4] == pytest.approx(move[1], abs=0.006)
    assert move[5] == pytest.approx(move[1], abs=0.006)
    flags = {t.index: set(t.flags) for t in plan.tracks}
    assert "follows" in flags[4]
    assert "same audio" in flags[5]
    assert any(w.startswith("2 kits, each balanced on its own") for w in plan.warnings)
    # the second kit is the first one's tune 15 dB softer: its relations are the same
    assert move[8] - move[7] == pytest.approx(move[2] - move[1], abs=1.0)
    assert "2 kits, each balanced on its own" in console
    assert "holds the same audio as 'Kick'" in console


def test_a_locked_track_anchors_its_own_kit_alone(opened, tmp_path):
    one, two = kit(tmp_path), kit(tmp_path, factor=gain(-15.0), seed=10)
    reaper = opened(
        track("Kit A", None, folder=1),
        *(track(n, path, folder=-1 * (n == "Hi-Hat")) for n, path in one.items()),
        track("Kit B", None, folder=1),
        *(track(n, path, folder=-1 * (n == "Hi-Hat")) for n, path in two.items()),
    )
    report = reaper.play(
        reaper.press("balance_all"),
        {"do": {"undo": 1}},
        {"do": {"select": [1]}},
        reaper.press("toggle_lock"),
        reaper.press("balance_all"),
    )
    free, held = numbered(report, 0), numbered(report)
    assert held[1] == 0.0
    assert held[2] - free[2] == pytest.approx(-free[1], abs=0.5)
    assert held[5:] == pytest.approx(free[5:], abs=0.006)
