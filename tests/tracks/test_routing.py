"""Each routing case in a small project whose expected gains are worked out by hand."""

import math

import pytest
from support import gain, session, silent_clip

from reaper_drumgain.schema.session import Clip, Effect, Send, Source, Track
from reaper_drumgain.tracks.routing import kind_of, path_of
from reaper_drumgain.units import Decibel

HALF = gain(-6.0206)
AUDIO = (silent_clip(),)


def through(built, index=None):
    track = built.tracks[-1 if index is None else index]
    return path_of(built, track).through_fader


def close(matrix, expected):
    return all(
        math.isclose(a, b, abs_tol=1e-4)
        for row, wanted in zip(matrix, expected, strict=True)
        for a, b in zip(row, wanted, strict=True)
    )


def test_a_plain_track_reaches_the_master_as_it_is_whatever_its_own_fader():
    built = session(Track(index=0, name="Kick", fader=gain(-20), clips=AUDIO))
    assert close(through(built), ((1, 0), (0, 1)))


def test_folder_faders_multiply_along_the_way():
    built = session(
        Track(index=0, name="Band", folder=True, fader=HALF),
        Track(index=1, name="Drums", folder=True, parent=0, fader=gain(6.0206)),
        Track(index=2, name="Toms", folder=True, parent=1, fader=HALF),
        Track(index=3, name="Tom", parent=2, clips=AUDIO),
    )
    assert close(through(built), ((0.5, 0), (0, 0.5)))


def test_polarity_of_the_track_and_of_a_folder_cancel_out():
    built = session(
        Track(index=0, name="Drums", folder=True, inverted=True),
        Track(index=1, name="Kick", parent=0, inverted=True, clips=AUDIO),
        Track(index=2, name="Snare", parent=0, clips=AUDIO),
    )
    assert close(through(built, 1), ((1, 0), (0, 1)))
    assert close(through(built, 2), ((-1, 0), (0, -1)))


@pytest.mark.parametrize(
    ("pan", "left", "right"), [(-1, 1, 0), (1, 0, 1), (0.25, 0.75, 1), (0, 1, 1)]
)
def test_balance_pan_attenuates_the_far_side(pan, left, right):
    built = session(Track(index=0, name="Kick", pan=pan, clips=AUDIO))
    assert close(through(built), ((left, 0), (0, right)))


def test_a_pan_law_lowers_the_centre_and_not_the_sides():
    built = session(Track(index=0, name="Kick", clips=AUDIO), pan_law=HALF)
    assert close(through(built), ((0.5, 0), (0, 0.5)))
    built = session(Track(index=0, name="Kick", pan=-1.0, clips=AUDIO), pan_law=HALF)
    assert close(through(built), ((1, 0), (0, 0)))
    built = session(Track(index=0, name="Kick", pan_law=1.0, clips=AUDIO), pan_law=HALF)
    assert close(through(built), ((1, 0), (0, 1)))


def test_stereo_pan_narrows_by_its_width_and_dual_pan_moves_each_channel():
    mono = session(Track(index=0, name="OH", pan_mode=5, dual_pan=(0.0, 0.0), clips=AUDIO))
    assert close(through(mono), ((0.5, 0.5), (0.5, 0.5)))
    swapped = session(Track(index=0, name="OH", pan_mode=5, dual_pan=(-1.0, 0.0), clips=AUDIO))
    assert close(through(swapped), ((0, 1), (1, 0)))
    crossed = session(Track(index=0, name="OH", pan_mode=6, dual_pan=(1.0, -1.0), clips=AUDIO))
    assert close(through(crossed), ((0, 1), (1, 0)))


def test_a_width_narrows_in_balance_modes_too():
    for mode in (0, 3, None):
        narrowed = Track(index=0, name="OH", pan_mode=mode, dual_pan=(0.5, 0.0), clips=AUDIO)
        assert close(through(session(narrowed)), ((0.75, 0.25), (0.25, 0.75)))


def test_a_send_before_the_receives_carries_the_source_s_own_audio_alone():
    tracks = (
        Track(index=0, name="Kick", main_send=False, clips=AUDIO),
        Track(index=1, name="Drum Bus", main_send=False, clips=AUDIO),
        Track(index=2, name="Print"),
    )
    into = Send(source=0, target=1)
    for mode, of_kick in (("pre-receive", 0.0), ("pre-fx", 1.0)):
        built = session(*tracks, sends=(into, Send(source=1, target=2, mode=mode)))
        assert close(path_of(built, built.tracks[1]).pre_fader, ((1, 0), (0, 1)))
        assert close(through(built, 0), ((of_kick, 0), (0, of_kick)))


def test_a_plain_send_adds_to_the_parent_send():
    built = session(
        Track(index=0, name="Drum Bus", fader=HALF),
        Track(index=1, name="Kick", clips=AUDIO),
        sends=(Send(source=1, target=0, gain=HALF),),
    )
    # 1 straight to the master, and half of a half over the bus
    assert close(through(built), ((1.25, 0), (0, 1.25)))


def test_a_send_with_inverted_polarity_takes_away():
    built = session(
        Track(index=0, name="Drum Bus"),
        Track(index=1, name="Kick", clips=AUDIO),
        sends=(Send(source=1, target=0, gain=HALF, inverted=True),),
    )
    assert close(through(built), ((0.5, 0), (0, 0.5)))


def test_a_pre_fader_send_goes_beside_the_fader():
    built = session(
        Track(index=0, name="Drum Bus"),
        Track(index=1, name="Kick", clips=AUDIO),
        sends=(Send(source=1, target=0, mode="pre-fader", gain=HALF),),
    )
    path = path_of(built, built.tracks[1])
    assert close(path.through_fader, ((1, 0), (0, 1)))
    assert close(path.pre_fader, ((0.5, 0), (0, 0.5)))


def test_a_send_beside_the_way_into_effects_is_reported_and_not_counted():
    built = session(
        Track(index=0, name="Snare Verb", effects=(Effect("ReaVerb"),)),
        Track(index=1, name="Snare", clips=AUDIO),
        sends=(Send(source=1, target=0),),
    )
    path = path_of(built, built.tracks[1])
    assert close(path.through_fader, ((1, 0), (0, 1)))
    assert path.uncounted_sends == ("Snare Verb",)


def test_bypassed_effects_count_as_none():
    built = session(
        Track(index=0, name="Bus", effects=(Effect("ReaComp", enabled=False),)),
        Track(index=1, name="Snare", clips=AUDIO),
        sends=(Send(source=1, target=0),),
    )
    assert close(through(built), ((2, 0), (0, 2)))


def test_effects_of_a_folder_on_the_way_are_named_and_taken_as_unity():
    built = session(
        Track(index=0, name="Drums", folder=True, effects=(Effect("ReaComp"),)),
        Track(index=1, name="Snare", parent=0, clips=AUDIO),
    )
    path = path_of(built, built.tracks[1])
    assert close(path.through_fader, ((1, 0), (0, 1)))
    assert path.effects_on_way == ("Drums",)


def test_where_the_parent_send_is_off_a_send_is_the_way_even_into_effects():
    built = session(
        Track(index=0, name="Drum Bus", effects=(Effect("ReaComp"),), fader=HALF),
        Track(index=1, name="Kick", main_send=False, clips=AUDIO),
        sends=(Send(source=1, target=0),),
    )
    assert close(through(built), ((0.5, 0), (0, 0.5)))


def test_sends_to_other_channels_are_side_chains_and_not_heard():
    built = session(
        Track(index=0, name="Bus", channels=4),
        Track(index=1, name="Kick", clips=AUDIO),
        sends=(Send(source=1, target=0, target_channel=2),),
    )
    assert close(through(built), ((1, 0), (0, 1)))


def test_a_muted_folder_silences_and_is_named():
    built = session(
        Track(index=0, name="Drums", folder=True, muted=True),
        Track(index=1, name="Kick", parent=0, clips=AUDIO),
    )
    path = path_of(built, built.tracks[1])
    assert not path.fader_reaches_master
    assert path.muted_by == "Drums"


def test_a_mono_send_is_the_mean_of_both_sides_on_both_sides():
    built = session(
        Track(index=0, name="Drum Bus"),
        mic := Track(index=1, name="OH", clips=AUDIO),
        sends=(Send(source=1, target=0, mono=True),),
    )
    assert close(through(built, mic.index), ((1.5, 0.5), (0.5, 1.5)))


@pytest.mark.parametrize("what", ["send", "target"])
def test_a_muted_send_and_a_send_to_a_muted_track_carry_nothing(what):
    built = session(
        Track(index=0, name="Drum Bus", muted=what == "target"),
        Track(index=1, name="Kick", clips=AUDIO),
        sends=(Send(source=1, target=0, muted=what == "send"),),
    )
    path = path_of(built, built.tracks[1])
    assert close(path.through_fader, ((1, 0), (0, 1)))
    assert path.muted_by is None


def test_vca_leaders_multiply_what_follows_them_and_what_leads_them_in_turn():
    built = session(
        Track(index=0, name="All VCA", vca_led=(2,), fader=HALF),
        Track(index=1, name="Drums VCA", vca_led=(1,), vca_followed=(2,), fader=HALF),
        Track(index=2, name="Kick", vca_followed=(1,), clips=AUDIO),
        Track(index=3, name="Snare", clips=AUDIO),
    )
    assert close(through(built, 2), ((0.25, 0), (0, 0.25)))
    assert close(through(built, 3), ((1, 0), (0, 1)))


def test_vca_leaders_that_follow_each_other_count_once():
    built = session(
        Track(index=0, name="A", vca_led=(1,), vca_followed=(2,), fader=HALF),
        Track(index=1, name="B", vca_led=(2,), vca_followed=(1,), fader=HALF),
        Track(index=2, name="Kick", vca_followed=(1,), clips=AUDIO),
    )
    assert close(through(built, 2), ((0.25, 0), (0, 0.25)))


def test_two_tracks_that_send_to_each_other_add_once():
    built = session(
        Track(index=0, name="Kick", clips=AUDIO),
        Track(index=1, name="Snare", clips=AUDIO),
        sends=(Send(source=0, target=1), Send(source=1, target=0)),
    )
    path = path_of(built, built.tracks[0])
    assert path.loops
    assert close(path.through_fader, ((2, 0), (0, 2)))


def test_feedback_ends_and_is_noted():
    built = session(
        Track(index=0, name="A", main_send=False),
        Track(index=1, name="B", main_send=False),
        Track(index=2, name="Kick", clips=AUDIO),
        sends=(Send(source=2, target=0), Send(source=0, target=1), Send(source=1, target=0)),
    )
    path = path_of(built, built.tracks[2])
    assert path.loops
    assert close(path.through_fader, ((1, 0), (0, 1)))


def test_nesting_beyond_any_studio_does_not_exhaust_the_stack():
    tracks = [Track(index=0, name="F", folder=True)]
    tracks += [Track(index=i, name="F", folder=True, parent=i - 1) for i in range(1, 5000)]
    built = session(*tracks, Track(index=5000, name="Kick", parent=4999, clips=AUDIO))
    assert path_of(built, built.tracks[5000]).loops


@pytest.mark.parametrize(
    ("track", "kind"),
    [
        (Track(index=0, name="Kick", clips=AUDIO), "microphone"),
        (Track(index=0, name="Kick"), "empty"),
        (Track(index=0, name="Drums", folder=True, clips=AUDIO), "folder"),
        (Track(index=0, name="Drums VCA", vca_led=(1,)), "vca"),
        (
            Track(
                index=0,
                name="Kick",
                clips=(Clip(position=0, length=1, source=Source(kind="file"), plays=False),),
            ),
            "empty",
        ),
        (
            Track(
                index=0,
                name="Kick",
                clips=(Clip(position=0, length=1, source=Source(kind="midi")),),
                effects=(Effect("VSTi: Drums", instrument=True),),
            ),
            "instrument",
        ),
        (
            Track(
                index=0,
                name="Kick",
                clips=(Clip(position=0, length=1, source=Source(kind="midi")),),
            ),
            "empty",
        ),
    ],
)
def test_what_a_track_is(track, kind):
    assert kind_of(session(track), track) == kind


def test_what_a_track_is_that_receives():
    sampler = Effect("VSTi: Drums", instrument=True)
    built = session(
        Track(index=0, name="Snare", clips=AUDIO),
        Track(index=1, name="Snare Verb"),
        Track(index=2, name="Drum Bus", effects=(Effect("ReaComp"),)),
        Track(
            index=3,
            name="Sampler",
            effects=(sampler,),
            clips=(Clip(position=0, length=1, source=Source(kind="midi")),),
        ),
        Track(index=4, name="Kick"),
        sends=(
            Send(source=0, target=1),
            Send(source=0, target=2),
            Send(source=3, target=4, source_channel=2),
        ),
    )
    kinds = [kind_of(built, track) for track in built.tracks]
    assert kinds == ["microphone", "return", "bus", "instrument", "instrument"]


def test_one_channel_to_the_parent_is_its_left_side():
    built = session(
        Track(index=0, name="Drums", folder=True, fader=HALF),
        Track(index=1, name="Kick", parent=0, main_send_channels=1, clips=AUDIO),
    )
    assert close(through(built), ((0.5, 0), (0, 0)))
    built = session(Track(index=0, name="Kick", main_send_channels=2, clips=AUDIO))
    assert close(through(built), ((1, 0), (0, 1)))


def test_measured_effects_count_behind_them_and_not_in_sends_before_them():
    """They are before fader and pan: in the main way and in pre-fader sends, not in pre-fx ones."""
    for mode, expected in (("pre-fader", 10.0), ("pre-fx", 1.0)):
        built = session(
            Track(index=0, name="Kick", effects_db=Decibel(20.0), clips=AUDIO),
            Track(index=1, name="Bus"),
            sends=(Send(source=0, target=1, mode=mode),),
        )
        way = path_of(built, built.tracks[0])
        assert way.through_fader[0][0] == pytest.approx(10.0)
        assert way.pre_fader[0][0] == pytest.approx(expected)
