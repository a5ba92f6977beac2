"""Gains that follow a song without sections."""

import dataclasses
import itertools

import numpy as np
import pytest
import soundfile
from automation_support import automated, envelope_of, level_at, loudness, mixed, written
from envelope_reader import PlainEnvelope
from support import RATE, changed, clip, gain, hits, write

from reaper_drumgain.automation import gain_riding
from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.schema.session import Envelope, EnvelopePoint
from reaper_drumgain.schema.settings import Settings


def test_cross_adaptive_follows_the_song_without_sections(long_song):
    built, sounds = long_song
    plan = balance(built, automated("cross-adaptive"))
    # what the hi-hat does the whole time is in its fader
    assert [t.name for t in plan.automated] == ["Kick", "Snare Top"]
    assert all(t.automation.sections == () for t in plan.automated)
    assert max(len(t.automation.points) for t in plan.automated) <= 20
    # each within the dead band of where the method wants it
    kick, snare, hat = (level_at(built, t, 59.0) - level_at(built, t, 29.0) for t in plan.tracks)
    near = 2.0 * gain_riding.DEAD_BAND_DB + 0.1
    assert kick - snare == pytest.approx(12.0, abs=near)
    assert kick - hat == pytest.approx(8.0, abs=near)
    raw = loudness(sum(sounds.values()))
    together = loudness(mixed(built, plan, sounds, 0.0, 60.0))
    assert together == pytest.approx(raw, abs=0.15)
    assert plan.levels.after_lufs == pytest.approx(together, abs=0.15)
    for start in (5.0, 40.0):
        part = slice(int(start * RATE), int((start + 20) * RATE))
        kept = loudness(mixed(built, plan, sounds, start, start + 20))
        assert kept == pytest.approx(loudness(sum(a[part] for a in sounds.values())), abs=1.2)
    for planned in plan.automated:
        for one, two in itertools.pairwise(planned.automation.points):
            step = abs(20 * np.log10(two.value / one.value))
            assert step <= gain_riding.MOST_DB_PER_S * (two.time - one.time) + 0.4


def test_what_a_curve_does_most_of_the_time_is_in_the_fader(long_song):
    built, _ = long_song
    plan = balance(built, automated("cross-adaptive"))
    for planned in plan.automated:
        envelope = envelope_of(built, planned)
        levels = [20.0 * np.log10(envelope.gain(time)) for time in np.arange(0.05, 60.0, 0.1)]
        assert np.median(levels) == pytest.approx(0.0, abs=0.11)
    assert plan.automated[0].new_db != balance(built, Settings("cross-adaptive")).tracks[0].new_db


def test_cross_adaptive_in_a_time_selection_comes_and_goes_within_it(long_song):
    built = dataclasses.replace(long_song[0], time_selection=(31.0, 55.0))
    plan = balance(built, automated("cross-adaptive", sections="usual", span=(31.0, 55.0)))
    assert plan.moves == ()
    for planned in plan.automated:
        envelope = envelope_of(built, planned)
        for time in (0.0, 30.99, 31.0, 55.0, 59.0):
            assert envelope.gain(time) == pytest.approx(1.0, abs=1e-4)
    assert level_at(built, plan.tracks[0], 54.0) > 3.0


def test_a_single_accent_moves_nothing(long_song, tmp_path):
    """One stroke 12 dB louder than all others: it barely gets through the dead band."""
    built, _ = long_song
    audio = hits(60.0, every=0.25, frequency=240, level=0.3, seed=1)
    accent = audio.copy()
    accent[int(20.0 * RATE) : int(20.3 * RATE)] *= gain(12.0)
    curves = []
    for name, sound in (("even", audio), ("accent", accent)):
        path = write(tmp_path / f"{name}.wav", sound)
        plan = balance(changed(built, 1, clips=(clip(path, 60.0),)), automated("cross-adaptive"))
        curves.append(
            [[level_at(built, t, x) for x in np.linspace(15, 28, 60)] for t in plan.tracks]
        )
    even, moved = np.array(curves)
    # what it does to the level of the whole song is no pumping
    difference = moved - even
    assert np.ptp(difference, axis=1).max() <= 0.6


def test_a_restless_song_gets_few_points_and_says_how_far_they_lie(restless_song, monkeypatch):
    wanted = automated("cross-adaptive")
    few = balance(restless_song, wanted)
    monkeypatch.setattr(gain_riding, "most_points", lambda hops: 10_000)
    many = balance(restless_song, wanted)
    assert max(len(t.automation.points) for t in many.automated) > 30
    for one, other in zip(few.automated, many.automated, strict=True):
        assert len(one.automation.points) <= 16
        assert other.automation.within_db == pytest.approx(0.1)
        times = np.linspace(0.1, 119.9, 1_000)
        away = [level_at(restless_song, one, t) - level_at(restless_song, other, t) for t in times]
        # the curves as they were asked for lie within 0.1 dB of the second plan's
        assert np.abs(away).max() <= one.automation.within_db + 0.1
    assert max(t.automation.within_db for t in few.automated) > 0.3
    # what is told is the loudness of what is drawn
    told = few.levels.after_lufs - many.levels.after_lufs
    sounds = {t.name: soundfile.read(t.clips[0].source.path)[0] for t in restless_song.tracks}
    drawn = [loudness(mixed(restless_song, p, sounds, 0.0, 120.0)) for p in (few, many)]
    assert told == pytest.approx(drawn[0] - drawn[1], abs=0.2)


def test_a_second_run_over_few_points_stays_within_what_is_said(restless_song):
    wanted = automated("cross-adaptive")
    first = balance(restless_song, wanted)
    once = written(restless_song, first)
    again = balance(once, wanted)
    for one, two in zip(first.tracks, again.tracks, strict=True):
        kept = (two.automation or one.automation).within_db + one.automation.within_db
        for time in np.arange(0.5, 120.0, 0.5):
            levels = level_at(restless_song, one, time), level_at(once, two, time)
            assert levels[1] == pytest.approx(levels[0], abs=gain_riding.DEAD_BAND_DB + kept)


@pytest.mark.parametrize("existing", ["trim", "replace"])
def test_few_points_within_a_time_selection_come_and_go_within_it(restless_song, existing):
    fade = Envelope("volume", True, (EnvelopePoint(4.0, 1.0), EnvelopePoint(110.0, 0.3)))
    built = dataclasses.replace(
        changed(restless_song, 0, envelopes=(fade,)), time_selection=(20.0, 100.0)
    )
    plan = balance(built, automated("cross-adaptive", span=(20.0, 100.0), existing=existing))
    before = PlainEnvelope([(p.time, p.value, p.shape, p.tension) for p in fade.points])
    for planned in plan.automated:
        envelope = envelope_of(built, planned)
        for time in (0.0, 10.0, 19.99, 20.0, 100.0, 105.0, 119.0):
            was = before.gain(time) if planned.index == 0 else 1.0
            assert 20 * np.log10(envelope.gain(time) / was) == pytest.approx(0.0, abs=0.1)
        if planned.index:
            assert len(planned.automation.points) <= 12
