"""Several kits in one project: the gains of each over time are those that it has alone."""

import dataclasses
from pathlib import Path

import pytest
from automation_support import BORDERS, LEVELS, REGIONS, SECONDS, automated, level_at, written
from support import RATE, clip, gain, hits, session, write

from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.schema.session import Track

KIT = ("Kick", "Snare Top", "Hi-Hat")
#: the second kit is softer, and its sections differ in another way; it rests in the last one
OTHER = {
    "Kick": (-15.0, -12.0, None),
    "Snare Top": (-15.0, -24.0, None),
    "Hi-Hat": (-15.0, -9.0, None),
}
MIDDLES = (4.0, 12.0, 20.0)


def kit(folder, levels, seed):
    tracks = []
    for place, name in enumerate(KIT):
        audio = hits(
            SECONDS,
            every=(0.5, 1.0, 0.25)[place],
            frequency=(60, 220, 6000)[place],
            level=0.3,
            seed=seed + place,
        )
        starts = (0.0, *BORDERS[:-1])
        for start, end, level in zip(starts, BORDERS, levels[name], strict=True):
            audio[int(start * RATE) : int(end * RATE)] *= 0.0 if level is None else gain(level)
        path = write(folder / f"{seed} {name}.wav", audio)
        tracks.append(Track(index=place, name=name, clips=(clip(path, SECONDS),)))
    return tracks


@pytest.fixture(scope="module")
def kits(tmp_path_factory):
    """A project of two kits in folders, and each kit alone."""
    folder = tmp_path_factory.mktemp("kits")
    found = kit(folder, LEVELS, 1), kit(folder, OTHER, 10)
    tracks = []
    for name, own in zip("AB", found, strict=True):
        parent = len(tracks)
        tracks.append(Track(index=parent, name=f"Kit {name}", folder=True))
        tracks += [
            dataclasses.replace(track, index=parent + 1 + track.index, parent=parent)
            for track in own
        ]
    alone = [session(*own, regions=REGIONS) for own in found]
    return session(*tracks, regions=REGIONS), alone


@pytest.mark.parametrize("method", ["equal-loudness", "forest", "cross-adaptive"])
def test_each_kit_gets_what_it_gets_alone(kits, method):
    both, alone = kits
    settings = automated(method, sections="usual")
    plan = balance(both, settings)
    assert plan.automated
    for first, single in zip((1, 5), alone, strict=True):
        own = balance(single, settings)
        for planned in own.tracks:
            (same,) = [t for t in plan.tracks if t.index == first + planned.index]
            got = [level_at(both, same, time) for time in MIDDLES]
            want = [level_at(single, planned, time) for time in MIDDLES]
            assert got == pytest.approx(want, abs=0.05), (method, same.name)
    assert any("2 kits, each balanced on its own" in text for text in plan.warnings)


@pytest.mark.parametrize("method", ["equal-loudness", "forest", "cross-adaptive"])
def test_a_sample_and_the_same_audio_make_the_moves_of_their_microphone(kits, tmp_path, method):
    """The sample is in step with the kick, but never softer where the kick is."""
    _, (single, _) = kits
    sample = write(tmp_path / "s.wav", hits(SECONDS, every=0.5, frequency=90, level=0.5, seed=31))
    path = Path(single.tracks[0].clips[0].source.path)
    built = dataclasses.replace(
        single,
        tracks=(
            *single.tracks,
            Track(index=3, name="Kick Sample", clips=(clip(sample, SECONDS),), fader=gain(-6.0)),
            Track(index=4, name="Kick - rendered", clips=(clip(path, SECONDS),), fader=gain(-4.0)),
        ),
    )
    plan = balance(built, automated(method, sections="usual"))
    kick, *_, follower, copy = plan.tracks
    assert kick.automation is not None
    for planned in (follower, copy):
        moves = [level_at(built, planned, time) - planned.old_db for time in MIDDLES]
        want = [level_at(built, kick, time) - kick.old_db for time in MIDDLES]
        assert moves == pytest.approx(want, abs=0.03), planned.name
    if method != "forest":
        return
    once = written(built, plan)
    for planned in balance(once, automated(method, sections="usual")).tracks:
        before = [level_at(once, dataclasses.replace(planned, automation=None), t) for t in MIDDLES]
        assert [level_at(once, planned, t) for t in MIDDLES] == pytest.approx(before, abs=0.05)


def test_a_second_run_over_two_kits_changes_nothing(kits):
    both, _ = kits
    settings = automated("equal-loudness", sections="regions")
    once = written(both, balance(both, settings))
    again = balance(once, settings)
    for planned in again.tracks:
        before = [level_at(once, dataclasses.replace(planned, automation=None), t) for t in MIDDLES]
        assert [level_at(once, planned, time) for time in MIDDLES] == pytest.approx(
            before, abs=0.05
        )
