"""Gains over time: sessions whose sections have known, different levels."""

import dataclasses
import itertools

import numpy as np
import pytest
from automation_support import (
    REGIONS,
    SECONDS,
    automated,
    envelope_of,
    level_at,
    loudness,
    mixed,
    written,
)
from envelope_reader import PlainEnvelope
from support import RATE, changed, clip, gain, hits, write

from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer
from reaper_drumgain.cache import keys
from reaper_drumgain.cache.store import Store
from reaper_drumgain.errors import InputError
from reaper_drumgain.schema import envelope_note
from reaper_drumgain.schema.session import Envelope, EnvelopePoint, Marker, Track
from reaper_drumgain.schema.settings import Level, Settings


@pytest.mark.parametrize("method", ["equal-loudness", "cross-adaptive", "fenton-lee"])
def test_each_section_gets_what_the_method_gives_for_it_alone(song, method):
    built, _ = song
    wanted = automated(method, sections="regions")
    plan = balance(built, wanted)
    for region in REGIONS:
        alone = balance(built, Settings(method=method, span=(region.position, region.end)))
        middle = (region.position + region.end) / 2
        got = [level_at(built, t, middle) for t in plan.tracks]
        want = [t.new_db for t in alone.tracks]
        np.testing.assert_allclose(got, want, atol=0.5, err_msg=region.name)
    assert len(plan.automated) == 5
    # three sections are two borders
    assert max(len(t.automation.points) for t in plan.automated) <= 10


def test_the_table_says_what_the_points_do(song):
    built, _ = song
    plan = balance(built, automated(sections="regions"))
    for planned in plan.automated:
        for section in planned.automation.sections:
            middle = (section.start + section.end) / 2
            assert level_at(built, planned, middle) == pytest.approx(section.fader_db, abs=0.02)
            assert section.state is None


@pytest.mark.parametrize("level", [Level(), Level("lufs", -20.0)])
@pytest.mark.parametrize("amount", [100.0, 40.0])
def test_the_songs_dynamics_stay(song, level, amount):
    built, sounds = song
    plan = balance(built, automated(sections="regions", level=level, amount=amount))
    shifts = []
    for region in REGIONS:
        start, end = region.position + 0.02, region.end - 0.06
        raw = sum(audio[int(start * RATE) : int(end * RATE)] for audio in sounds.values())
        after = loudness(mixed(built, plan, sounds, start, end))
        shifts.append(after - loudness(raw))
    whole = plan.levels.after_lufs - plan.levels.before_lufs
    np.testing.assert_allclose(shifts, whole, atol=0.15)
    if level.kind == "keep":
        assert whole == pytest.approx(0.0, abs=0.1)
    elif amount == 100.0:
        assert plan.levels.after_lufs == pytest.approx(-20.0, abs=0.2)
    together = loudness(mixed(built, plan, sounds, 0.0, SECONDS))
    assert plan.levels.after_lufs == pytest.approx(together, abs=0.1)


def test_the_constant_part_is_the_plan_without_automation(song):
    built, _ = song
    plan = balance(built, automated(sections="regions"))
    plain = balance(built, Settings(method="equal-loudness"))
    assert [t.new_db for t in plan.tracks] == [t.new_db for t in plain.tracks]


def test_a_cached_analysis_gives_the_same_automation(song, tmp_path, monkeypatch):
    built, _ = song
    wanted = automated("fenton-lee", sections="regions")
    plain = balance(built, wanted)
    monkeypatch.setattr(keys, "SETTLED_S", -1e9)
    for settings in (Settings(method="equal-loudness"), wanted, wanted):
        analyzer = ProjectAnalyzer(Store(print, tmp_path / "heard.sqlite"))
        plan = balance(built, settings, analyzer=analyzer)
        analyzer.finish()
        passes = analyzer.passes
    assert plan == plain
    assert passes == 0


def test_sides_of_a_pair_get_the_same_curve(song):
    built, _ = song
    plan = balance(built, automated(sections="regions"))
    left, right = plan.tracks[3].automation, plan.tracks[4].automation
    assert left.points == right.points


def test_locked_tracks_get_none_and_anchor_each_section(song):
    built, sounds = song
    plan = balance(built, automated(sections="regions", locks=("Kick",)))
    assert plan.tracks[0].automation is None
    assert plan.tracks[0].not_automated is None
    for region in REGIONS:
        start, end = int((region.position + 0.1) * RATE), int((region.end - 0.1) * RATE)
        middle = (region.position + region.end) / 2
        levels = [
            loudness(gain(level_at(built, t, middle)) * sounds[t.name][start:end])
            for t in plan.tracks[:3]
        ]
        assert np.ptp(levels) < 0.3


def test_the_gaps_between_sections_keep_the_constant_gain(song):
    built, _ = song
    regions = (Marker(2.0, "A", 1, end=8.0), Marker(16.0, "B", 2, end=22.0))
    built = dataclasses.replace(built, regions=regions)
    plan = balance(built, automated(sections="regions"))
    for planned in plan.automated:
        envelope = envelope_of(built, planned)
        for time in (0.0, 1.9, 8.01, 12.0, 15.9, 22.01, 23.9):
            assert envelope.gain(time) == pytest.approx(1.0, abs=1e-4)
        # the first hit of a section is at its level already
        assert envelope.gain(2.0) == pytest.approx(envelope.gain(5.0), abs=1e-5)


def tom_song(song, tmp_path):
    """A tom that plays in the first section, leaks in the second, and is silent in the third."""
    built, sounds = song
    bleed = 0.03 * sum(sounds[name] for name in ("Kick", "Snare Top", "Hi-Hat"))
    own = hits(SECONDS, every=0.7, frequency=120, level=0.5, seed=9)
    own[8 * RATE :] = 0.0
    leak = bleed.copy()
    leak[16 * RATE :] = 0.0
    audio = own + leak
    track = Track(index=5, name="Tom 1", clips=(clip(write(tmp_path / "tom.wav", audio), SECONDS),))
    return dataclasses.replace(built, tracks=(*built.tracks, track))


def test_a_track_that_rests_is_held_and_one_that_leaks_never_raised(song, tmp_path):
    built = tom_song(song, tmp_path)
    tom = balance(built, automated(sections="regions")).tracks[5]
    playing, leaking, resting = tom.automation.sections
    assert playing.state is None
    assert leaking.state == "bleed only"
    assert leaking.fader_db <= min(tom.new_db, tom.old_db) + 0.01
    assert resting.state in ("silent", "too short or quiet")
    assert resting.fader_db == pytest.approx(tom.new_db, abs=0.01)


def test_a_second_run_holds_what_leaks_where_the_first_one_did(song, tmp_path):
    # far from its place among the others, so that the first run moves it a lot
    built = changed(tom_song(song, tmp_path), 5, fader=gain(-9.0))
    first = balance(built, automated(sections="regions"))
    second = balance(written(built, first), automated(sections="regions"))
    for one, two in zip(first.tracks, second.tracks, strict=True):
        assert two.new_db == pytest.approx(one.new_db, abs=0.02)
        if one.automation is not None and two.automation is not None:
            faders = [s.fader_db for s in one.automation.sections]
            assert [s.fader_db for s in two.automation.sections] == pytest.approx(faders, abs=0.05)
    assert first.tracks[5].automation is not None
    assert first.tracks[5].automation.sections[1].state == "bleed only"


def with_regions(built, *borders):
    """Regions from border to border."""
    pairs = enumerate(itertools.pairwise(borders), 1)
    return dataclasses.replace(
        built, regions=tuple(Marker(a, f"part {n}", n, end=b) for n, (a, b) in pairs)
    )


@pytest.mark.parametrize("method", ["equal-loudness", "cross-adaptive", "forest"])
@pytest.mark.parametrize("length", [0.2, 1.0, 2.5])
def test_a_short_section_takes_over_the_gains_before_it(song, method, length):
    built, _ = song
    plan = balance(
        with_regions(built, 0.0, 8.0, 8.0 + length, 16.0, 24.0),
        automated(method, sections="regions"),
    )
    for planned in plan.automated:
        before, short, _, _ = planned.automation.sections
        assert short.state == "short section"
        assert short.fader_db == before.fader_db
        # up to the ramp into the next one
        levels = [level_at(built, planned, t) for t in np.linspace(7.9, 7.9 + length, 20)]
        assert np.ptp(levels) <= 0.02
    (told,) = (warning for warning in plan.warnings if "(less than 3 s)" in warning)
    assert "'part 2'" in told
    assert "of the section next to it continue" in told


def test_short_sections_at_the_beginning_take_what_comes_and_lonely_ones_hold(song):
    built, _ = song
    plan = balance(with_regions(built, 0.0, 1.0, 2.0, 8.0, 16.0), automated(sections="regions"))
    for planned in plan.automated:
        first, second, third, _ = planned.automation.sections
        assert first.fader_db == second.fader_db == third.fader_db
        assert (first.state, second.state, third.state) == ("short section",) * 2 + (None,)
    lonely = (Marker(0.0, "long", 1, end=8.0), Marker(12.0, "fill", 2, end=13.0))
    plan = balance(dataclasses.replace(built, regions=lonely), automated(sections="regions"))
    for planned in plan.automated:
        assert planned.automation.sections[1].fader_db == pytest.approx(planned.new_db, abs=0.01)
    # and where there is nothing else, nothing is written
    plan = balance(with_regions(built, 4.0, 5.0, 6.0), automated(sections="regions"))
    assert plan.automated == ()
    (told,) = (warning for warning in plan.warnings if "(less than 3 s)" in warning)
    assert "'part 1'" in told
    assert "of the whole song are used" in told


def test_a_track_that_rests_beside_a_short_section_has_its_fader_there(song, tmp_path):
    """A fill on a tom that only leaks in the section before it."""
    built = with_regions(tom_song(song, tmp_path), 0.0, 8.0, 14.0, 16.0, 24.0)
    # it is raised, but not where it leaks
    built = changed(built, 5, fader=gain(-20.0))
    tom = balance(built, automated(sections="regions")).tracks[5]
    _, leaking, fill, _ = tom.automation.sections
    assert leaking.state == "bleed only"
    assert leaking.fader_db < tom.new_db - 3.0
    assert fill.state == "short section"
    assert fill.fader_db == pytest.approx(tom.new_db, abs=0.01)


def test_a_single_short_hit_is_no_loudness_to_go_by(song, tmp_path):
    built, _ = song
    own = hits(SECONDS, every=0.5, frequency=3000, level=0.3, seed=9)
    own[8 * RATE : 16 * RATE] = 0.0
    own[12 * RATE : int(12.3 * RATE)] = own[: int(0.3 * RATE)] * gain(-8.0)
    clips = tuple(clip(write(tmp_path / f"{n}.wav", own), SECONDS) for n in range(2))
    tracks = tuple(
        Track(index=5 + n, name=f"Crash {side}", clips=(clips[n],))
        for n, side in enumerate(("L", "R"))
    )
    built = dataclasses.replace(built, tracks=(*built.tracks, *tracks))
    plan = balance(built, automated(sections="regions"))
    for crash in plan.tracks[5:]:
        assert crash.automation.sections[1].state == "too short or quiet"
        assert crash.automation.sections[1].fader_db == pytest.approx(crash.new_db, abs=0.01)
    assert plan.tracks[5].automation.points == plan.tracks[6].automation.points


def test_a_track_that_only_leaks_in_the_whole_song_is_not_automated(song, tmp_path):
    built, sounds = song
    bleed = 0.03 * sum(sounds[name] for name in ("Kick", "Snare Top", "Hi-Hat"))
    track = Track(index=5, name="Tom 1", clips=(clip(write(tmp_path / "tom.wav", bleed), SECONDS),))
    built = dataclasses.replace(built, tracks=(*built.tracks, track))
    # one level throughout: where all others change theirs, the tom is in doubt
    tom = balance(built, automated(sections="regions", span=(0.0, 8.0))).tracks[5]
    assert "bleed only" in tom.flags
    assert tom.automation is None
    assert tom.new_db <= tom.old_db


def test_with_a_time_selection_nothing_changes_outside_of_it(song):
    built, _ = song
    old = tuple(EnvelopePoint(t, v, 2) for t, v in ((1.0, 0.5), (9.0, 1.5), (20.0, 0.7)))
    built = changed(built, 1, envelopes=(Envelope("volume", True, old),))
    built = dataclasses.replace(built, time_selection=(8.0, 16.0))
    plan = balance(built, automated(sections="time selection", existing="trim"))
    alone = balance(built, Settings(method="equal-loudness", span=(8.0, 16.0)))
    assert plan.moves == ()
    assert len(plan.automated) == 5
    before = PlainEnvelope([(p.time, p.value, p.shape, p.tension) for p in old])
    for planned, own in zip(plan.tracks, alone.tracks, strict=True):
        envelope = envelope_of(built, planned)
        factor = gain(own.new_db - own.old_db)
        for time in np.linspace(0.0, 24.0, 241):
            existing = before.gain(time) if planned.index == 1 else 1.0
            inside = 8.05 < time < 15.95
            if inside or time <= 8.0 or time >= 16.0:
                want = existing * (factor if inside else 1.0)
                assert 20 * np.log10(envelope.gain(time) / want) == pytest.approx(0.0, abs=0.1)


def test_markers_and_times_name_the_same_sections_as_regions(song):
    built, _ = song
    markers = tuple(Marker(r.position, r.name, n) for n, r in enumerate(REGIONS))
    marked = dataclasses.replace(built, regions=(), markers=markers)
    times = tuple((r.position, None, r.name) for r in REGIONS)
    by_regions = balance(built, automated(sections="regions"))
    by_usual = balance(built, automated())
    by_markers = balance(marked, automated())
    by_times = balance(built, automated(sections="times", times=times))
    for plan in (by_usual, by_markers, by_times):
        for one, other in zip(plan.tracks, by_regions.tracks, strict=True):
            assert one.automation.points == other.automation.points
            assert one.automation.sections == other.automation.sections


def test_sections_alike_need_no_envelope(song):
    built, _ = song
    alike = Marker(0.0, "one", 1, end=4.0), Marker(4.0, "two", 2, end=8.0)
    for index, track in enumerate(built.tracks):
        clips = tuple(dataclasses.replace(c, length=8.0) for c in track.clips)
        built = changed(built, index, clips=clips)
    built = dataclasses.replace(built, regions=alike)
    plan = balance(built, automated(sections="regions"))
    assert any(track.automation is None for track in plan.tracks)
    assert all(track.not_automated is None for track in plan.tracks)
    for track in plan.automated:
        # where there is one, it is heard
        assert any(abs(s.fader_db - track.new_db) > 0.05 for s in track.automation.sections)
    quiet = next(t.index for t in plan.tracks if t.automation is None)
    # what the user has, though it does nothing, is not touched for that
    idle = Envelope("volume", False, (EnvelopePoint(0.0, 1.0), EnvelopePoint(2.0, 1.0)))
    beside = balance(changed(built, quiet, envelopes=(idle,)), automated(sections="regions"))
    assert beside.tracks[quiet].automation is None
    # an envelope of ours that is needed no more keeps one point, which does nothing
    ours = dataclasses.replace(idle, active=True, points=(EnvelopePoint(0.0, 0.999),))
    mark = envelope_note.note_of("volume", ours.points, 0, 0, None)
    once = changed(built, quiet, envelopes=(ours,), automation_note=mark)
    made = balance(once, automated(sections="regions")).tracks[quiet].automation
    assert made.result(ours.points) == (EnvelopePoint(0.0, 1.0),)


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"sections": "markers"}, "has no markers"),
        ({"sections": "time selection"}, "has no time selection"),
        ({"sections": "running"}, "needs sections"),
        ({"sections": "times", "times": ((100.0, 200.0, "late"),)}, "no section in which a drum"),
    ],
)
def test_missing_sections_are_an_error_with_a_clear_message(song, wishes, message):
    with pytest.raises(InputError, match=message):
        balance(song[0], automated(**wishes))


def test_a_song_without_sections_says_what_to_do(song):
    built = dataclasses.replace(song[0], regions=())
    with pytest.raises(InputError, match=r"no regions and no markers.*--sections FILE"):
        balance(built, automated())
