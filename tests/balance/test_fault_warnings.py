"""What faders cannot mend is told, with its numbers and the mend; nothing right is accused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import struck
from struck import later
from support import changed, clip, session, write

import reaper_drumgain
from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.cli.plan_text import document
from reaper_drumgain.hosts import rpp
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.schema.session import Session, Track
from reaper_drumgain.schema.settings import Settings


@pytest.fixture(scope="module")
def sounds() -> dict[str, np.ndarray]:
    return struck.kit()


def built(folder: Path, sounds: dict[str, np.ndarray]) -> Session:
    """A session of these sounds (samples,) or (2, samples), one track each."""
    tracks = []
    for index, (name, audio) in enumerate(sounds.items()):
        path = write(folder / f"{name}.wav", audio.T, rate=struck.RATE)
        own = clip(path, audio.shape[-1] / struck.RATE)
        tracks.append(Track(index=index, name=name, clips=(own,)))
    return session(*tracks)


def plan_of(built_session: Session) -> GainPlan:
    return balance(built_session, Settings(method="unity"))


def told(plan: GainPlan) -> list[tuple[str, str]]:
    return [(plan.tracks[fault.track].name, fault.kind) for fault in plan.faults]


def test_a_kit_that_is_right_is_not_accused(tmp_path, sounds):
    plan = plan_of(built(tmp_path, sounds))
    assert plan.faults == ()


@pytest.mark.parametrize(
    ("first", "second"), [("Snare Top", "Snare Bottom"), ("Kick In", "Kick Out")]
)
@pytest.mark.parametrize("flipped", [0, 1])
def test_two_microphones_of_a_drum_that_work_against_each_other_are_told(
    tmp_path, sounds, first, second, flipped
):
    wrong = (first, second)[flipped]
    plan = plan_of(built(tmp_path, {**sounds, wrong: -sounds[wrong]}))
    assert (second, "polarity") in told(plan)
    fault = next(f for f in plan.faults if plan.tracks[f.track].name == second)
    assert f"{second!r} has the opposite polarity of {first!r}" in fault.sentence
    assert f"Flip the polarity of {second!r}" in fault.sentence
    assert fault.numbers["flip_db"] > 1.0
    assert fault.sentence in plan.warnings
    assert GainPlan.from_json(plan.to_json()) == plan
    assert json.loads(json.dumps(document(plan, None)))["faults"][0]["kind"] == "polarity"


def test_no_verdict_depends_on_gains(tmp_path, sounds):
    random = np.random.default_rng(3)
    louder = {name: audio * 10 ** random.uniform(-2, 0) for name, audio in sounds.items()}
    one = plan_of(built(tmp_path / "1", {**sounds, "Snare Bottom": -sounds["Snare Bottom"]}))
    two = plan_of(built(tmp_path / "2", {**louder, "Snare Bottom": -louder["Snare Bottom"]}))
    assert told(one) == told(two) == [("Snare Bottom", "polarity")]
    pairs = zip(one.faults[0].numbers.values(), two.faults[0].numbers.values(), strict=True)
    for left, right in pairs:
        assert left == pytest.approx(right, abs=0.15)


def test_the_polarity_that_reaches_the_mix_counts(tmp_path, sounds):
    wrong = built(tmp_path, {**sounds, "Snare Bottom": -sounds["Snare Bottom"]})
    place = list(sounds).index("Snare Bottom")
    bottom = wrong.tracks[place]
    # the switch of the track mends it, so does a negative take gain, both together do not
    take = dataclasses.replace(bottom.clips[0], take_gain=-1.0)
    assert plan_of(changed(wrong, place, inverted=True)).faults == ()
    assert plan_of(changed(wrong, place, clips=(take,))).faults == ()
    both = plan_of(changed(wrong, place, inverted=True, clips=(take,)))
    assert told(both) == [("Snare Bottom", "polarity")]


@pytest.mark.parametrize("flip", [1.0, -1.0])
@pytest.mark.parametrize(("ms", "words"), [(6.0, "after"), (-5.0, "before")])
def test_a_delay_is_told_and_then_no_polarity(tmp_path, sounds, flip, ms, words):
    moved = flip * later(sounds["Snare Bottom"], ms)
    plan = plan_of(built(tmp_path, {**sounds, "Snare Bottom": moved}))
    assert told(plan) == [("Snare Bottom", "delay")]
    (fault,) = plan.faults
    assert fault.numbers["delay_ms"] == pytest.approx(ms, abs=1.5)
    assert f"ms {words} 'Snare Top'" in fault.sentence
    assert "sample" not in fault.sentence


def test_one_side_of_the_overheads_against_the_other_is_told(tmp_path, sounds):
    plan = plan_of(built(tmp_path, {**sounds, "OH R": -sounds["OH R"]}))
    assert ("OH R", "polarity") in told(plan)
    both = {name: audio for name, audio in sounds.items() if not name.startswith("OH")}
    both["OH"] = np.stack([sounds["OH L"], -sounds["OH R"]])
    plan = plan_of(built(tmp_path / "stereo", both))
    assert told(plan) == [("OH", "polarity")]
    assert "the right side of 'OH'" in plan.faults[0].sentence


def test_a_close_microphone_against_the_overheads_needs_the_other_drums(tmp_path, sounds):
    plan = plan_of(built(tmp_path, {**sounds, "Tom 1": -sounds["Tom 1"]}))
    assert all(name == "Tom 1" for name, _ in told(plan))
    # one drum alone does not say which of the two is wrong
    few = {name: sounds[name] for name in ("Kick In", "Snare Top", "OH L", "OH R")}
    assert plan_of(built(tmp_path / "few", {**few, "Snare Top": -few["Snare Top"]})).faults == ()


def test_a_drum_that_hardly_plays_gets_no_verdict(tmp_path, sounds):
    seconds = sounds["Kick In"].size / struck.RATE
    once = struck.drum(seconds, at=0.8, every=1.0, frequency=180.0, seed=2, hits=2)
    rare = {**sounds, "Snare Top": once, "Snare Bottom": -later(once, 0.5)}
    assert ("Snare Bottom", "polarity") not in told(plan_of(built(tmp_path, rare)))


def test_a_microphone_that_is_held_gets_no_verdict(tmp_path, sounds):
    silent = {**sounds, "Snare Bottom": 0.0 * sounds["Snare Bottom"]}
    assert told(plan_of(built(tmp_path, silent))) == []


def test_faults_of_single_recordings_are_told(tmp_path, sounds):
    tom = sounds["Tom 1"]
    broken = {
        **sounds,
        "Tom 1": np.clip(tom, -0.5 * np.abs(tom).max(), 0.5 * np.abs(tom).max()),
        "Floor Tom": sounds["Floor Tom"] + 0.02,
        "OH R": 1e-7 * sounds["OH R"],
    }
    plan = plan_of(built(tmp_path, broken))
    kinds = set(told(plan))
    assert {("Tom 1", "clipping"), ("Floor Tom", "dc"), ("OH R", "dead side")} <= kinds
    for fault in plan.faults:
        assert fault.sentence in plan.warnings
        assert repr(plan.tracks[fault.track].name) in fault.sentence


def test_no_fader_moves_because_of_a_fault(tmp_path, sounds):
    right = plan_of(built(tmp_path / "1", sounds))
    wrong = plan_of(built(tmp_path / "2", {**sounds, "Kick Out": -sounds["Kick Out"]}))
    assert wrong.faults
    assert [track.new_db for track in wrong.tracks] == pytest.approx(
        [track.new_db for track in right.tracks], abs=0.05
    )


def test_the_demo_is_right_as_its_project_plays_it_and_wrong_as_recorded():
    folder = Path(reaper_drumgain.__file__).parent / "demo" / "session"
    demo = rpp.read_project(folder / "DrumGain demo.RPP").session
    assert plan_of(demo).faults == ()
    place = next(t.index for t in demo.tracks if t.name == "Snare Bottom")
    assert demo.tracks[place].inverted
    (fault,) = plan_of(changed(demo, place, inverted=False)).faults
    assert (fault.track, fault.kind) == (place, "polarity")
    assert fault.numbers["sum_db"] < -10.0
