"""Gains over time: sessions whose sections have known, different levels."""

import dataclasses
import itertools

import numpy as np
import pyloudnorm
import pytest
import soundfile
from envelope_reader import PlainEnvelope
from support import RATE, clip, gain, hits, session, write

from reaper_drumgain.automation import gain_riding
from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer
from reaper_drumgain.cache import keys
from reaper_drumgain.cache.store import Store
from reaper_drumgain.errors import InputError
from reaper_drumgain.schema import envelope_note
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.schema.session import Envelope, EnvelopePoint, Marker, Track
from reaper_drumgain.schema.settings import Automation, Level, Settings

#: where the sections end, and by how many dB each track is louder or softer in them
BORDERS = (8.0, 16.0, 24.0)
LEVELS = {
    "Kick": (0.0, -8.0, 3.0),
    "Snare Top": (0.0, 4.0, -4.0),
    "Hi-Hat": (0.0, 0.0, 5.0),
    "OH L": (0.0, -3.0, 2.0),
    "OH R": (0.0, -3.0, 2.0),
}
SECONDS = BORDERS[-1]
REGIONS = (
    Marker(0.0, "verse", 1, end=8.0),
    Marker(8.0, "chorus", 2, end=16.0),
    Marker(16.0, "bridge", 3, end=24.0),
)


def stepped(audio, levels):
    edges = [0, *(int(b * RATE) for b in BORDERS)]
    shaped = audio.copy()
    for (start, stop), level in zip(itertools.pairwise(edges), levels, strict=True):
        shaped[start:stop] *= gain(level)
    return shaped


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    folder = tmp_path_factory.mktemp("song")
    raw = {
        "Kick": hits(SECONDS, every=0.5, frequency=60, level=0.5, seed=1),
        "Snare Top": hits(SECONDS, every=1.0, frequency=220, level=0.5, seed=2),
        "Hi-Hat": hits(SECONDS, every=0.25, frequency=6000, level=0.2, seed=3),
        "OH L": hits(SECONDS, every=0.4, frequency=900, level=0.2, seed=4),
        "OH R": hits(SECONDS, every=0.45, frequency=1100, level=0.15, seed=5),
    }
    sounds = {name: stepped(audio, LEVELS[name]) for name, audio in raw.items()}
    tracks = [
        Track(index=index, name=name, clips=(clip(write(folder / f"{name}.wav", audio), SECONDS),))
        for index, (name, audio) in enumerate(sounds.items())
    ]
    return session(*tracks, regions=REGIONS), sounds


def automated(method="equal-loudness", **wishes):
    fields = {k: wishes.pop(k) for k in ("level", "amount", "locks", "span") if k in wishes}
    return Settings(method=method, write="automation", automation=Automation(**wishes), **fields)


def changed(built, index, **fields):
    tracks = list(built.tracks)
    tracks[index] = dataclasses.replace(tracks[index], **fields)
    return dataclasses.replace(built, tracks=tuple(tracks))


def envelope_of(built, planned):
    """What the planned envelope plays, by the other reader."""
    kind = "volume" if planned.automation is None else planned.automation.envelope
    found = [e for e in built.tracks[planned.index].envelopes if e.kind == kind]
    old = found[0].points if found else ()
    active = found[0].active if found else True
    points = old if planned.automation is None else planned.automation.result(old)
    rows = [(p.time, p.value, p.shape, p.tension) for p in points]
    return PlainEnvelope(rows, active or planned.automation is not None)


def level_at(built, planned, time):
    return planned.new_db + 20 * np.log10(envelope_of(built, planned).gain(time))


def mixed(built, plan: GainPlan, sounds, start, end):
    """The drums of a stretch, fader and envelope per sample (of the constant middle)."""
    first, last = int(start * RATE), int(end * RATE)
    times = np.arange(first, last) / RATE
    total = np.zeros(last - first)
    for planned in plan.tracks:
        envelope = envelope_of(built, planned)
        knots = sorted({start, end, *(p[0] for p in envelope.points if start < p[0] < end)})
        fine = np.unique(np.concatenate([knots, np.linspace(start, end, 2_000)]))
        curve = np.interp(times, fine, envelope.gains(fine))
        total += gain(planned.new_db) * curve * sounds[planned.name][first:last]
    return total


def loudness(audio):
    meter = pyloudnorm.Meter(RATE, filter_class="DeMan")
    return meter.integrated_loudness(np.stack([audio, audio], axis=1))


@pytest.mark.parametrize("method", ["equal-loudness", "cross-adaptive", "fenton-lee", "forest"])
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


def test_what_is_remembered_gives_the_same_automation(song, tmp_path, monkeypatch):
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
    (told,) = (warning for warning in plan.warnings if "shorter than 3 s" in warning)
    assert "'part 2'" in told
    assert "beside it go on" in told


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
    (told,) = (warning for warning in plan.warnings if "shorter than 3 s" in warning)
    assert "'part 1'" in told
    assert "of the whole song stay" in told


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


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"automation_mode": "read"}, "in read mode an envelope drives the fader"),
        (
            {"envelopes": (Envelope("volume", True, (EnvelopePoint(0.0, 0.5),)),)},
            "does something already",
        ),
        (
            {"envelopes": (Envelope("volume", False, (EnvelopePoint(0.0, 0.5),)),)},
            "switched off but holds points",
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


def test_an_envelope_that_does_nothing_is_written_over(song):
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


def written(built, plan):
    """The session as it is after the plan was applied."""
    for planned in plan.tracks:
        fields = {"fader": gain(planned.new_db)}
        made = planned.automation
        if made is not None:
            track = built.tracks[planned.index]
            found = [e for e in track.envelopes if e.kind == made.envelope]
            old = found[0] if found else Envelope(made.envelope, True, (), fader_scaled=True)
            new = dataclasses.replace(old, active=True, points=made.result(old.points))
            others = tuple(e for e in track.envelopes if e.kind != made.envelope)
            fields |= {"envelopes": (*others, new), "automation_note": made.mark}
        built = changed(built, planned.index, **fields)
    return built


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


def test_an_envelope_of_ours_that_is_switched_off_gave_no_level(song):
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


def test_two_envelopes_of_ours_would_add_up(song):
    built, _ = song
    once = written(built, balance(built, automated(sections="regions")))
    again = balance(once, automated(sections="regions", envelope="trim"))
    assert again.automated == ()
    assert all("DrumGain's already: take it back" in t.not_automated for t in again.tracks)
    # and faders alone say what goes on playing
    plain = balance(once, Settings(method="equal-loudness"))
    assert sum("goes on playing on top" in w for w in plain.warnings) == 5
    assert all("clear-automation" in w for w in plain.warnings if "goes on playing" in w)
    replacing = balance(once, automated(sections="regions"))
    assert not any("goes on playing" in w for w in replacing.warnings)


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"sections": "markers"}, "has no markers"),
        ({"sections": "time selection"}, "has no time selection"),
        ({"sections": "running"}, "no gains that follow a song"),
        ({"sections": "times", "times": ((100.0, 200.0, "late"),)}, "no section in which a drum"),
    ],
)
def test_sections_that_are_not_there_are_told(song, wishes, message):
    with pytest.raises(InputError, match=message):
        balance(song[0], automated(**wishes))


def test_a_song_without_sections_says_what_to_do(song):
    built = dataclasses.replace(song[0], regions=())
    with pytest.raises(InputError, match=r"no regions and no markers.*--sections FILE"):
        balance(built, automated())


@pytest.fixture(scope="module")
def long_song(tmp_path_factory):
    """Two halves of 30 s; in the second one the kick is 8 dB softer, the snare 4 dB louder."""
    folder = tmp_path_factory.mktemp("long")
    tracks, sounds = [], {}
    for index, (name, level) in enumerate((("Kick", -8.0), ("Snare Top", 4.0), ("Hi-Hat", 0.0))):
        audio = hits(60.0, every=0.25, frequency=60 * 4**index, level=0.3, seed=index)
        audio[30 * RATE :] *= gain(level)
        sounds[name] = audio
        tracks.append(
            Track(index=index, name=name, clips=(clip(write(folder / f"{name}.wav", audio), 60.0),))
        )
    return session(*tracks), sounds


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


@pytest.fixture(scope="module")
def restless_song(tmp_path_factory):
    """Two minutes in which kick and snare change places every 6 s, by 10 dB."""
    folder = tmp_path_factory.mktemp("restless")
    tracks = []
    for index, name in enumerate(("Kick", "Snare Top", "Hi-Hat")):
        audio = hits(120.0, every=0.25, frequency=60 * 4**index, level=0.3, seed=index)
        for turn in range(20):
            part = slice(turn * 6 * RATE, (turn + 1) * 6 * RATE)
            audio[part] *= gain((0.0, -10.0, 0.0)[(index + turn) % 2 if index < 2 else 2])
        path = write(folder / f"{name}.wav", audio)
        tracks.append(Track(index=index, name=name, clips=(clip(path, 120.0),)))
    return session(*tracks)


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
