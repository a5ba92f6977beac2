"""The method's intervals on the plan's faders."""

import dataclasses

import numpy as np
import pytest
from support import clip, hits, session, write

from reaper_drumgain import cli, methods
from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.methods.base import Method, MethodGains
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.schema.session import Track
from reaper_drumgain.schema.settings import Level, Settings

SECONDS = 5.0
NAMES = ("Kick", "Snare Top", "Hi-Hat", "Tom 1")
GAINS = np.array([-3.0, 2.0, -8.0, 1.0])
BELOW, ABOVE = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.5, 2.5, 3.5, 4.5])


class Stated(Method):
    """Gains and intervals that are known; as a method may, it is unsure of no track."""

    def gains(self, given):
        return MethodGains(GAINS, np.stack([GAINS - BELOW, GAINS + ABOVE], axis=1))


@pytest.fixture
def kit(tmp_path, monkeypatch):
    monkeypatch.setattr(methods, "create", lambda _name: Stated())
    tracks = []
    for index, name in enumerate(NAMES):
        sound = hits(SECONDS, every=0.5 + 0.1 * index, frequency=80 * 3**index, level=0.2, seed=1)
        if name == "Tom 1":
            sound *= 0.0
        path = write(tmp_path / f"{name}.wav", sound)
        tracks.append(Track(index=index, name=name, clips=(clip(path, SECONDS),)))
    return session(*tracks)


def test_an_interval_keeps_its_distance_to_the_fader(kit):
    for level in (Level(), Level.parse("lufs:-30")):
        plan = balance(kit, Settings(level=level))
        for track, below, above in zip(plan.tracks[:3], BELOW, ABOVE, strict=False):
            low, high = track.interval_db
            assert track.new_db - low == pytest.approx(below, abs=0.011)
            assert high - track.new_db == pytest.approx(above, abs=0.011)


def test_a_part_of_the_move_leaves_the_interval_where_the_full_move_ends(kit):
    level = Level.parse("lufs:-30")
    full = balance(kit, Settings(level=level))
    part = balance(kit, Settings(level=level, amount=50.0))
    for whole, half in zip(full.tracks[:3], part.tracks[:3], strict=True):
        assert half.interval_db == pytest.approx(whole.interval_db, abs=0.03)
    none = balance(kit, Settings(amount=0.0))
    assert all(track.interval_db is None for track in none.tracks)


def test_tracks_that_stay_have_none(kit):
    plan = balance(kit, Settings(locks=("Kick",)))
    assert plan.tracks[0].interval_db is None
    assert plan.tracks[1].interval_db is not None
    assert "silent" in plan.tracks[3].flags
    assert plan.tracks[3].interval_db is None
    assert GainPlan.from_json(plan.to_json()) == plan


def test_the_table_shows_them_only_where_there_are_any(capsys):
    from reaper_drumgain.cli.plan_text import plan_table
    from reaper_drumgain.schema.plan import TrackPlan

    track = TrackPlan(
        index=0, name="Kick", role="kick", old_db=-1.0, new_db=-3.0, interval_db=(-6.125, 0.375)
    )
    plan = GainPlan(project="x.RPP", method="forest", settings=Settings(), tracks=(track,))
    plan_table(plan)
    shown = capsys.readouterr().out
    assert "Engineers dB" in shown
    assert "-6.1 .. +0.4" in shown
    plan_table(dataclasses.replace(plan, tracks=(dataclasses.replace(track, interval_db=None),)))
    assert "Engineers" not in capsys.readouterr().out


def test_the_forest_gives_intervals_in_the_demo(tmp_path, capsys):
    import json
    from importlib import resources

    project = resources.files("reaper_drumgain") / "demo" / "session" / "DrumGain demo.RPP"
    assert cli.main(["balance", str(project), "--dry-run", "--json"]) == 0
    tracks = json.loads(capsys.readouterr().out)["tracks"]
    moved = [track for track in tracks if track["interval_db"] is not None]
    assert moved
    for track in moved:
        low, high = track["interval_db"]
        assert low < high
