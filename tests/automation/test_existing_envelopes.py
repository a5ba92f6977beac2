"""What an envelope that is already there allows, and what a second run does."""

import dataclasses

import numpy as np
import pytest
from automation_support import automated, level_at, written
from envelope_reader import PlainEnvelope
from support import changed

from reaper_drumgain.automation import gain_riding
from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.schema import envelope_note
from reaper_drumgain.schema.session import Envelope, EnvelopePoint
from reaper_drumgain.schema.settings import Settings


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"automation_mode": "read"}, "in read mode an envelope moves the fader itself"),
        (
            {"envelopes": (Envelope("volume", True, (EnvelopePoint(0.0, 0.5),)),)},
            "already changes the level",
        ),
        (
            {"envelopes": (Envelope("volume", False, (EnvelopePoint(0.0, 0.5),)),)},
            "bypassed but has points",
        ),
        ({"envelopes": (Envelope("volume", True, (), pooled=True),)}, "automation items"),
        (
            {"envelopes": (Envelope("volume", True), Envelope("volume", True))},
            "more than one volume envelope",
        ),
        (
            {
                "envelopes": (
                    Envelope("volume", True, (EnvelopePoint(2.0, 1.0), EnvelopePoint(1.0, 1.0))),
                )
            },
            "out of order",
        ),
    ],
)
def test_a_refused_track_says_why_and_keeps_to_its_fader(song, fields, reason):
    built, _ = song
    built = changed(built, 0, **fields)
    plan = balance(built, automated(sections="regions"))
    kick = plan.tracks[0]
    assert kick.automation is None
    assert reason in kick.not_automated
    assert "no automation" in kick.flags
    plain = balance(built, Settings(method="equal-loudness"))
    assert kick.new_db == plain.tracks[0].new_db
    assert len(plan.automated) == 4


def test_the_other_side_of_a_refused_track_gets_none_either(song):
    built, _ = song
    built = changed(built, 3, automation_mode="read")
    plan = balance(built, automated(sections="regions"))
    assert "read mode" in plan.tracks[3].not_automated
    assert "moves only together with 'OH L'" in plan.tracks[4].not_automated


def test_a_flat_0_db_envelope_is_overwritten(song):
    built, _ = song
    idle = Envelope("volume", False, (EnvelopePoint(0.0, 1.0),), fader_scaled=True)
    plan = balance(changed(built, 0, envelopes=(idle,)), automated(sections="regions"))
    plain = balance(built, automated(sections="regions"))
    kick = plan.tracks[0].automation
    assert kick.old_points == 1
    assert kick.result(idle.points) == plain.tracks[0].automation.points


def test_unknown_shapes_can_be_replaced_but_not_multiplied(song):
    built, _ = song
    odd = Envelope("volume", True, (EnvelopePoint(0.0, 0.5, 9), EnvelopePoint(9.0, 0.7)))
    built = changed(built, 0, envelopes=(odd,))
    trimmed = balance(built, automated(sections="regions", existing="trim")).tracks[0]
    assert "unknown shape 9" in trimmed.not_automated
    new = balance(built, automated(sections="regions", existing="replace")).tracks[0]
    plain = balance(song[0], automated(sections="regions")).tracks[0]
    assert new.automation.result(odd.points) == plain.automation.points


@pytest.mark.parametrize("existing", ["none", "trim"])
@pytest.mark.parametrize(
    ("method", "sections", "within"),
    [
        # both curves are drawn within 0.1 dB
        ("equal-loudness", "regions", 0.22),
        ("cross-adaptive", "running", gain_riding.DEAD_BAND_DB),
    ],
)
def test_a_second_run_comes_out_like_the_first_one(song, method, sections, within, existing):
    built, _ = song
    if existing == "trim":
        fade = Envelope("volume", True, (EnvelopePoint(4.0, 1.0), EnvelopePoint(20.0, 0.3)))
        built = changed(built, 1, envelopes=(fade,))
    wanted = automated(method, sections=sections, existing="trim")
    first = balance(built, wanted)
    once = written(built, first)
    again = balance(once, wanted)
    assert all(t.not_automated is None for t in again.tracks)
    for one, two in zip(first.tracks, again.tracks, strict=True):
        # what a running curve does most of the time moves within the dead band too
        assert one.new_db == pytest.approx(
            two.new_db, abs=within if sections == "running" else 0.05
        )
        for time in np.arange(0.5, 24.0, 0.5):
            levels = level_at(built, one, time), level_at(once, two, time)
            assert levels[1] == pytest.approx(levels[0], abs=within), (one.name, time)
    twice = written(once, again)
    for before, track in zip(built.tracks, twice.tracks, strict=True):
        taken = envelope_note.take_back(track)
        if before.envelopes:
            assert taken.result(track.envelopes[0].points) == before.envelopes[0].points
        else:
            # none where the fader alone does it in both runs
            assert taken.removed if track.envelopes else taken is None


def test_an_own_envelope_that_is_switched_off_does_not_count(song):
    built, _ = song
    wanted = automated(sections="regions")
    once = bare = written(built, balance(built, wanted))
    for index, track in enumerate(once.tracks):
        off = tuple(dataclasses.replace(e, active=False) for e in track.envelopes)
        once = changed(once, index, envelopes=off)
        bare = changed(bare, index, envelopes=(), automation_note=None)
    for one, two in zip(balance(once, wanted).tracks, balance(bare, wanted).tracks, strict=True):
        old = once.tracks[one.index].envelopes[0].points
        assert one.automation.result(old) == two.automation.points


def test_a_second_time_selection_leaves_the_first_alone(song):
    built, _ = song
    wanted = automated(sections="time selection")
    first = dataclasses.replace(built, time_selection=(8.0, 16.0))
    once = written(first, balance(first, wanted))
    second = dataclasses.replace(once, time_selection=(16.0, 24.0))
    plan = balance(second, wanted)
    assert all(t.not_automated is None for t in plan.tracks)
    twice = written(second, plan)
    for before, after in zip(once.tracks, twice.tracks, strict=True):
        curves = [
            PlainEnvelope([(p.time, p.value, p.shape, 0.0) for p in t.envelopes[0].points])
            for t in (before, after)
        ]
        for time in np.linspace(0.0, 15.99, 100):
            assert curves[0].gain(time) == pytest.approx(curves[1].gain(time), rel=2e-3)


def test_a_trim_envelope_is_another_one(song):
    built, _ = song
    busy = Envelope("volume", True, (EnvelopePoint(0.0, 0.5),))
    built = changed(built, 0, envelopes=(busy,))
    plan = balance(built, automated(sections="regions", envelope="trim"))
    assert {t.automation.envelope for t in plan.automated} == {"trim volume"}
    assert len(plan.automated) == 5


def test_a_second_own_envelope_of_another_kind_is_refused(song):
    built, _ = song
    once = written(built, balance(built, automated(sections="regions")))
    again = balance(once, automated(sections="regions", envelope="trim"))
    assert again.automated == ()
    assert all(
        "DrumGain has written its volume envelope: remove that" in t.not_automated
        for t in again.tracks
    )
    # and faders alone say what keeps changing the level
    plain = balance(once, Settings(method="equal-loudness"))
    (told,) = [w for w in plain.warnings if "keeps changing the level after" in w]
    assert all(repr(track.name) in told for track in plain.tracks)
    assert all("clear-automation" in w for w in plain.warnings if "keeps changing the level" in w)
    replacing = balance(once, automated(sections="regions"))
    assert not any("keeps changing the level" in w for w in replacing.warnings)
