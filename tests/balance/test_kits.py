"""Several kits, samples that follow their microphone, the same audio twice; worked out by hand."""

import dataclasses

import numpy as np
import pytest
from balance_support import faders
from support import changed, clip, gain, hits, session, write

from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.faders.followers import made_of
from reaper_drumgain.schema.session import Track
from reaper_drumgain.schema.settings import Level, Settings

SECONDS = 5.0
SOUNDS = {
    "Kick": {"every": 0.5, "frequency": 60, "level": 0.4},
    "Snare Top": {"every": 1.0, "frequency": 220, "level": 0.1},
    "Hi-Hat": {"every": 0.25, "frequency": 6000, "level": 0.3},
}


def recordings(folder, *, factor=1.0, seed=1):
    """By name the microphones of a small kit."""
    return {
        name: write(folder / f"{name} {seed}.wav", factor * hits(SECONDS, seed=seed + at, **what))
        for at, (name, what) in enumerate(SOUNDS.items())
    }


def tracks_of(paths, first=0, parent=None):
    return [
        Track(index=first + at, name=name, clips=(clip(path, SECONDS),), parent=parent)
        for at, (name, path) in enumerate(paths.items())
    ]


@pytest.fixture(scope="module")
def two_kits(tmp_path_factory):
    """A kit in each of two folders, the second recorded 15 dB softer."""
    folder = tmp_path_factory.mktemp("kits")
    one, two = recordings(folder), recordings(folder, factor=gain(-15.0), seed=10)
    return session(
        Track(index=0, name="Kit A", folder=True),
        *tracks_of(one, 1, 0),
        Track(index=4, name="Kit B", folder=True),
        *tracks_of(two, 5, 4),
    )


def alone(built, indexes):
    """The tracks alone, outside of folders."""
    tracks = [built.tracks[index] for index in indexes]
    return session(*(dataclasses.replace(t, index=at, parent=None) for at, t in enumerate(tracks)))


def told(plan, text):
    return [warning for warning in plan.warnings if text in warning]


@pytest.mark.parametrize("method", ["forest", "equal-loudness"])
def test_each_kit_is_balanced_as_it_would_be_alone(two_kits, method):
    settings = Settings(method=method)
    plan = balance(two_kits, settings)
    for indexes in ((1, 2, 3), (5, 6, 7)):
        single = balance(alone(two_kits, indexes), settings)
        got = [t.new_db for t in plan.tracks if t.index in indexes]
        assert got == pytest.approx([t.new_db for t in single.tracks], abs=0.03)
    (line,) = told(plan, "2 kits, each balanced on its own")
    assert "'Kit A'; 'Kit B'" in line
    # each is as loud as it was; where both play at once their sum may change a little
    assert plan.levels.after_lufs == pytest.approx(plan.levels.before_lufs, abs=0.5)


def test_a_stated_level_is_met_by_both_kits_together_and_their_offset_stays(two_kits):
    kept = balance(two_kits, Settings())
    plan = balance(two_kits, Settings(level=Level("lufs", kept.levels.after_lufs - 6.0)))
    assert plan.levels.after_lufs == pytest.approx(kept.levels.after_lufs - 6.0, abs=0.02)
    shifts = [b.new_db - a.new_db for a, b in zip(kept.tracks, plan.tracks, strict=True)]
    assert np.ptp(shifts) < 0.011


def test_a_locked_track_anchors_its_own_kit_alone(two_kits):
    free, plan = balance(two_kits, Settings()), balance(two_kits, Settings(locks=("#2",)))
    assert plan.tracks[0].new_db == 0.0
    assert [t.new_db for t in plan.tracks[3:]] == [t.new_db for t in free.tracks[3:]]
    assert plan.tracks[1].new_db != free.tracks[1].new_db


def test_folders_within_one_kit_are_no_kits(two_kits):
    # the kicks in one folder, the snares in the other
    built = changed(two_kits, 2, parent=None)
    built = changed(built, 5, parent=None)
    assert not told(balance(built, Settings()), "kits")


def test_kits_that_are_grouped_are_one(two_kits):
    built = changed(changed(two_kits, 1, volume_groups=(1,)), 5, volume_groups=(1,))
    plan = balance(built, Settings())
    assert not told(plan, "kits")
    kicks = [t for t in plan.tracks if t.name == "Kick"]
    assert kicks[0].new_db - kicks[0].old_db == pytest.approx(kicks[1].new_db - kicks[1].old_db)


@pytest.fixture(scope="module")
def with_samples(tmp_path_factory):
    """A kit, a kick sample in step with the kick, and a snare sample at other times."""
    folder = tmp_path_factory.mktemp("samples")
    paths = recordings(folder)
    kick = hits(SECONDS, every=0.5, frequency=90, level=0.5, seed=31)
    late = hits(SECONDS - 0.3, every=0.8, frequency=180, level=0.5, seed=32)
    snare = np.concatenate([np.zeros(round(0.3 * 48_000)), late])
    paths["Kick Sample"] = write(folder / "ks.wav", kick)
    paths["Snare Sample"] = write(folder / "ss.wav", snare)
    return session(*tracks_of(paths))


@pytest.mark.parametrize("mode", ["all", "outliers"])
def test_a_sample_in_step_makes_the_move_of_its_microphone(with_samples, mode):
    built = changed(changed(with_samples, 3, fader=gain(-7.0)), 0, fader=gain(-25.0))
    plan = balance(built, Settings(mode=mode))
    by_name = {t.name: t for t in plan.tracks}
    kick, sample = by_name["Kick"], by_name["Kick Sample"]
    assert kick.moves
    assert sample.new_db + 7.0 == pytest.approx(kick.new_db + 25.0, abs=1e-6)
    assert sample.reason.startswith("follows Kick, 100 % of its hits in step: raised")
    assert "follows" in sample.flags
    assert sample.interval_db is None
    assert "follows" not in by_name["Snare Sample"].flags


def test_a_sample_stays_with_a_microphone_that_stays_unless_it_alone_is_selected(with_samples):
    plan = balance(with_samples, Settings(locks=("Kick",)))
    assert not plan.tracks[3].moves
    plan = balance(with_samples, Settings(only=("Kick Sample",)))
    assert "follows" not in plan.tracks[3].flags


def test_the_trim_of_samples_is_added_to_what_they_follow(with_samples):
    plan = balance(with_samples, Settings(trims=(("samples", -3.0), ("kick", 1.0))))
    free = balance(with_samples, Settings())
    moved = {n: round(faders(plan)[n] - faders(free)[n], 4) for n in faders(plan)}
    assert moved["Kick"] == 1.0
    assert moved["Kick Sample"] == moved["Snare Sample"] == -3.0


@pytest.mark.parametrize("how", ["the items", "another file", "other name", "rendered"])
def test_the_same_audio_counts_once_and_is_told(tmp_path, how):
    paths = recordings(tmp_path)
    plain = session(*tracks_of(paths))
    sound = hits(SECONDS, seed=1, **SOUNDS["Kick"])
    path = paths["Kick"]
    if how in ("another file", "other name"):
        path = write(tmp_path / "again.wav", -0.5 * sound)
    if how == "rendered":
        path = write(tmp_path / "comp.wav", np.tanh(4.0 * sound))
    name = "Kick 2" if how == "other name" else "Kick - rendered"
    copy = Track(index=3, name=name, clips=(clip(path, SECONDS),), fader=gain(-4.0))
    plan = balance(dataclasses.replace(plain, tracks=(*plain.tracks, copy)), Settings())
    again = plan.tracks[3]
    assert again.reason.startswith("the same audio as Kick, the two count as one:")
    assert "same audio" in again.flags
    assert again.new_db + 4.0 == pytest.approx(plan.tracks[0].new_db, abs=1e-6)
    polarity = " with the opposite polarity" if how in ("another file", "other name") else ""
    assert told(plan, f"holds the same audio as 'Kick'{polarity}, so the two c")
    # the relation of the others is that without the copy
    one, two = faders(balance(plain, Settings())), faders(plan)
    assert two["Kick"] - two["Hi-Hat"] == pytest.approx(one["Kick"] - one["Hi-Hat"], abs=0.02)


@pytest.mark.parametrize(
    ("level", "track", "panned", "cancel"),
    [
        (-1.0, False, False, True),
        (-0.3, False, False, True),
        (1.0, True, False, True),
        (-1.0, True, False, False),
        (1.0, False, False, False),
        (-1.0, False, True, False),
    ],
)
def test_copies_that_cancel_each_other_in_the_mix_are_told(tmp_path, level, track, panned, cancel):
    """In the file or by the track's polarity button, but not where each is on a side of its own."""
    paths = recordings(tmp_path)
    path = write(tmp_path / "again.wav", level * hits(SECONDS, seed=1, **SOUNDS["Kick"]))
    plain = session(*tracks_of(paths))
    copy = Track(
        index=3,
        name="Kick 2",
        clips=(clip(path, SECONDS),),
        inverted=track,
        pan=1.0 if panned else 0.0,
    )
    if panned:
        plain = changed(plain, 0, pan=-1.0)
    plan = balance(dataclasses.replace(plain, tracks=(*plain.tracks, copy)), Settings())
    assert told(plan, "holds the same audio as 'Kick'")
    assert bool(told(plan, "the two cancel each other")) == cancel
    assert bool(told(plan, "so the two count as one")) != cancel


@pytest.mark.parametrize("copy", ["Kick 2", "Kick Sample"])
@pytest.mark.parametrize("softer", ["the item", "the fader"])
def test_a_copy_far_lower_in_the_mix_changes_nothing(tmp_path, copy, softer):
    """The loud copy is what is heard: nothing makes up for the level of the soft one."""
    paths = recordings(tmp_path)
    plain = session(*tracks_of(paths))
    soft = dataclasses.replace(plain.tracks[0], index=3, name="Kick")
    if softer == "the item":
        soft = dataclasses.replace(
            soft, clips=(dataclasses.replace(soft.clips[0], item_gain=gain(-20.0)),)
        )
    else:
        soft = dataclasses.replace(soft, fader=gain(-20.0))
    loud = changed(plain, 0, name=copy)
    plan = balance(dataclasses.replace(loud, tracks=(*loud.tracks, soft)), Settings())
    moves = [round(t.new_db - t.old_db, 2) for t in plan.tracks]
    assert plan.tracks[3].reason.startswith(f"the same audio as {copy}, the two count as one:")
    assert moves[3] == moves[0]
    alone = [t.new_db for t in balance(loud, Settings()).tracks]
    # with its tenth of the amplitude the soft copy takes part in the drums' loudness
    assert moves[:3] == pytest.approx(alone, abs=0.5)


def test_a_microphone_leads_a_sample_of_the_same_audio_and_copies_go_where_it_goes(tmp_path):
    paths = recordings(tmp_path)
    plain = session(*tracks_of({"Kick Sample": paths["Kick"], **paths}))
    plan = balance(plain, Settings())
    assert plan.tracks[0].reason.startswith("the same audio as Kick, the two count as one:")
    # two samples of one file, in step with the snare's microphone
    other = write(tmp_path / "s.wav", hits(SECONDS, every=1.0, frequency=300, level=0.4, seed=40))
    names = {**paths, "Snare Sample": other, "Snare Sample 2": other}
    built = changed(session(*tracks_of(names)), 1, fader=gain(-12.0))
    plan = balance(built, Settings())
    snare, *samples = (round(t.new_db - t.old_db, 2) for t in plan.tracks if "Snare" in t.name)
    assert snare
    assert samples == [snare, snare]


def test_sides_of_a_pair_are_no_copies(tmp_path):
    paths = recordings(tmp_path)
    paths |= dict.fromkeys(
        ("OH L", "OH R"),
        write(tmp_path / "oh.wav", hits(SECONDS, seed=9, every=0.6, frequency=900, level=0.2)),
    )
    plan = balance(session(*tracks_of(paths)), Settings())
    assert not told(plan, "same audio")


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("Kick In - rendered", "kick in"),
        ("Kick In (2)", "kick in"),
        ("Kick In copy 3", "kick in"),
        ("Kick 2", "kick 2"),
        ("rendered", "rendered"),
    ],
)
def test_names_of_copies(name, made):
    assert made_of(name) == made


def test_a_linked_track_that_stays_anchors_the_level(with_samples):
    built = changed(changed(with_samples, 0, volume_groups=(3,)), 1, volume_groups=(3,))
    built = changed(built, 1, locked=True)
    free = balance(built, Settings(level=Level("lufs", -40.0)))
    assert told(free, "the tracks that are not moved set the level of the others")
    # the kick is held by the locked snare: both anchor, by their median
    assert not free.tracks[0].moves
