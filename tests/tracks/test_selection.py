import dataclasses

import pytest
from support import gain, session, silent_clip

from reaper_drumgain.errors import InputError
from reaper_drumgain.schema.session import Clip, Effect, Envelope, Send, Source, Track
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.selection import select
from reaper_drumgain.tracks.stated_roles import find_tracks

AUDIO = (silent_clip(),)


def mic(index, name, **fields):
    return Track(index=index, name=name, clips=fields.pop("clips", AUDIO), **fields)


def flags(built, **settings):
    return {d.track.name: d.flag for d in select(built, Settings(**settings)).drums}


def test_drum_microphones_are_found_and_the_rest_is_told_why():
    built = session(
        Track(index=0, name="Drums", folder=True),
        mic(1, "Kick In", parent=0),
        mic(2, "Bass"),
        Track(index=3, name="Snare Verb"),
        Track(index=4, name="Snare Top"),
        Track(index=5, name="Drums VCA", vca_led=(1,)),
        sends=(Send(source=1, target=3),),
    )
    selection = select(built, Settings())
    assert [(d.track.name, str(d.role), d.flag) for d in selection.drums] == [
        ("Kick In", "kick in", None)
    ]
    why = {u.name: u.why for u in selection.untouched}
    assert "folder" in why["Drums"]
    assert "not a drum microphone" in why["Bass"]
    assert "return" in why["Snare Verb"]
    assert "no audio items that play" in why["Snare Top"]
    assert "VCA" in why["Drums VCA"]


OBSTACLES = {
    "muted": {"muted": True},
    "hidden": {"hidden": True},
    "fader at -inf": {"fader": gain(-1e9)},
    "automation": {"automation_mode": "touch", "envelopes": (Envelope("volume", active=True),)},
    "no main send": {"main_send": False},
    "missing media": {
        "clips": (
            Clip(
                position=0, length=1, source=Source(kind="file", format="WAVE", written="gone.wav")
            ),
        )
    },
    "not readable": {
        "clips": (Clip(position=0, length=1, source=Source(kind="other", format="VIDEO")),)
    },
    "instrument": {
        "clips": (Clip(position=0, length=1, source=Source(kind="midi")),),
        "effects": (Effect("VSTi: Drums", instrument=True),),
    },
}


@pytest.mark.parametrize("flag", OBSTACLES)
def test_what_cannot_move_is_flagged_and_out_of_the_measurement(flag):
    built = session(mic(0, "Kick"), mic(1, "Snare", **OBSTACLES[flag]))
    kick, snare = select(built, Settings()).drums
    assert kick.flag is None
    assert kick.measured
    assert snare.flag == flag
    assert not snare.measured
    assert snare.why


@pytest.mark.parametrize(("level", "flag"), [(-180.0, "fader at -inf"), (-149.0, None)])
def test_a_fader_where_reaper_shows_inf_stays(level, flag):
    built = session(mic(0, "Kick"), mic(1, "Snare", fader=gain(level)))
    assert select(built, Settings()).drums[1].flag == flag


@pytest.mark.parametrize(
    "fields",
    [
        {"envelopes": (Envelope("volume", active=True),)},
        {"envelopes": (Envelope("volume", active=False),), "automation_mode": "read"},
        {"envelopes": (Envelope("pan", active=True),), "automation_mode": "read"},
    ],
)
def test_envelopes_that_do_not_drive_the_fader_are_no_obstacle(fields):
    assert flags(session(mic(0, "Kick", **fields))) == {"Kick": None}


def test_a_volume_envelope_that_plays_on_top_of_the_fader_is_told():
    built = session(mic(0, "Kick", envelopes=(Envelope("volume", active=True),)), mic(1, "Snare"))
    (warning,) = select(built, Settings()).warnings
    assert "'Kick': its volume envelope" in warning


def test_solo_is_left_out_of_account_and_told():
    plain = session(mic(0, "Kick"), mic(1, "Snare"), mic(2, "Bass"))
    assert select(plain, Settings()).warnings == ()
    built = session(mic(0, "Kick"), mic(1, "Snare", soloed=True), mic(2, "Bass"))
    selection = select(built, Settings())
    assert [d.flag for d in selection.drums] == [None, None]
    assert selection.warnings == (
        "'Snare' soloed: solo is ignored, all drums are balanced together",
    )
    assert select(session(mic(0, "Bass", soloed=True)), Settings()).warnings == ()


def test_a_muted_folder_mutes_what_is_in_it():
    built = session(Track(index=0, name="Drums", folder=True, muted=True), mic(1, "Kick", parent=0))
    (kick,) = select(built, Settings()).drums
    assert kick.flag == "muted"
    assert "'Drums'" in (kick.why or "")


def test_one_microphone_without_parent_send_stays_but_a_bus_wired_by_sends_is_a_bus():
    alone = session(
        mic(0, "Kick", main_send=False),
        mic(1, "Snare"),
        Track(index=2, name="Drum Bus"),
        sends=(Send(source=0, target=2),),
    )
    assert flags(alone) == {"Kick": "no main send", "Snare": None}
    wired = session(
        mic(0, "Kick", main_send=False),
        mic(1, "Snare", main_send=False),
        Track(index=2, name="Drum Bus"),
        sends=(Send(source=0, target=2), Send(source=1, target=2)),
    )
    assert flags(wired) == {"Kick": None, "Snare": None}


def test_locks_and_selection_anchor():
    built = session(mic(0, "Kick"), mic(1, "Snare"), mic(2, "Tom 1", locked=True))
    selection = select(built, Settings(locks=("kick",), only=("#2",)))
    assert [(d.flag, d.anchors) for d in selection.drums] == [
        ("locked", True),
        (None, False),
        ("locked", True),
    ]
    assert flags(built, only=("Snare",))["Kick"] == "not selected"


def test_roles_of_the_user_go_before_those_on_the_track_and_those_before_names():
    built = session(mic(0, "Audio 07"), mic(1, "Audio 08", role="snare top"), mic(2, "Kick"))
    selection = select(built, Settings(roles=(("Audio 07", "tom 2"), ("Kick", "none"))))
    assert [(d.track.index, str(d.role)) for d in selection.drums] == [
        (0, "tom 2"),
        (1, "snare top"),
    ]


def test_a_bad_role_on_a_track_is_a_warning_a_bad_one_of_the_user_an_error():
    built = session(mic(0, "Kick", role="trombone"))
    selection = select(built, Settings())
    assert str(selection.drums[0].role) == "kick"
    assert "trombone" in selection.warnings[0]
    with pytest.raises(InputError, match="trombone"):
        select(built, Settings(roles=(("Kick", "trombone"),)))


def test_a_role_does_not_make_a_microphone_of_a_folder_or_an_empty_track():
    built = session(
        Track(index=0, name="A", folder=True), Track(index=1, name="B"), mic(2, "Kick", parent=0)
    )
    roles = (("A", "kick"), ("B", "kick"))
    assert list(flags(built, roles=roles)) == ["Kick"]


def test_tracks_are_found_by_number_guid_and_name():
    built = session(
        mic(0, "Kick", guid="{AB}"), mic(1, "kick"), mic(2, "Tom"), mic(3, "Tom"), mic(4, "#9 OH")
    )
    assert find_tracks(built, "#2") == (1,)
    assert find_tracks(built, "{ab}") == (0,)
    assert find_tracks(built, "Kick") == (0,)
    assert find_tracks(built, "#9 OH") == (4,)
    with pytest.raises(InputError, match=r"2 tracks are named 'KICK'.*#1, #2"):
        find_tracks(built, "KICK")
    with pytest.raises(InputError, match="2 tracks are named 'Tom'"):
        find_tracks(built, "Tom")
    with pytest.raises(InputError, match=r"no track is named 'Snare'.*'Kick'"):
        find_tracks(built, "Snare")
    for number in ("9", "0", "9" * 400, "9" * 5000):
        with pytest.raises(InputError, match="there is no track #"):
            find_tracks(built, f"#{number}")
    assert find_tracks(built, "#" + "0" * 5000 + "2") == (1,)


def links(*names, **fields):
    built = session(*(mic(i, name, **fields) for i, name in enumerate(names)))
    return [d.links for d in select(built, Settings()).drums]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("OHL COMP_01", "OHR COMP_01"),
        ("OH L", "OH R"),
        ("Overhead Left", "Overhead Right"),
        ("Room L_03", "Room R_03"),
        ("03_OH_L", "04_OH_R"),
        ("OH 1", "OH 2"),
        ("Room 1_01", "Room 2_01"),
    ],
)
def test_the_two_sides_of_a_pair_are_linked(left, right):
    assert links("Kick", left, right) == [(), (2,), (1,)]


def test_two_pairs_of_one_role_are_two_pairs():
    assert links("OHL", "OH CRAP L", "OH CRAP R", "OHR") == [(3,), (2,), (1,), (0,)]


def test_left_and_right_of_different_roles_are_no_pair():
    assert links("OH L", "Room R") == [(), ()]
    assert links("Tom 1", "Tom 2") == [(), ()]
    assert links("OH 1", "Room 2") == [(), ()]


def test_left_and_right_of_one_tom_are_a_pair_but_tom_left_and_tom_right_are_two_toms():
    assert links("Tom L", "Tom R") == [(), ()]
    assert links("Tom 1 L", "Tom 1 R") == [(1,), (0,)]
    assert links("Toms L", "Toms R") == [(1,), (0,)]


@pytest.mark.parametrize(
    ("pans", "sides", "linked"),
    [
        ((-0.6, 0.5), ["left", "right"], True),
        ((0.6, -0.6), ["right", "left"], True),
        ((0.0, 0.0), [None, None], False),
        ((0.5, 0.6), [None, None], False),
        ((-0.6, 0.0), [None, None], False),
    ],
)
def test_overheads_named_by_what_they_hang_over_are_a_pair_where_panned_apart(pans, sides, linked):
    names = ("OH Hat Side", "OH Ride Side")
    mics = [mic(i, name, pan=pan) for i, (name, pan) in enumerate(zip(names, pans, strict=True))]
    # one in the middle belongs to neither side
    drums = select(session(*mics, mic(2, "OH Mono")), Settings()).drums
    assert [drum.role.side for drum in drums] == [*sides, "mono"]
    assert [drum.links for drum in drums] == ([(1,), (0,), ()] if linked else [(), (), ()])
    # a third one on a side leaves open which two are the pair
    drums = select(session(*mics, mic(2, "OH Crash", pan=0.3)), Settings()).drums
    if linked:
        assert [drum.links for drum in drums] == [(), (), ()]


def test_a_side_that_stays_is_told_on_both_rows():
    built = session(mic(0, "OH L"), mic(1, "OH R"), mic(2, "Room L"), mic(3, "Room R", muted=True))
    left, right, near, away = select(built, Settings(locks=("OH R",))).drums
    assert left.why == "moves only together with 'OH R', which is locked: not moved"
    assert right.why == (
        "locked: not moved, the others are balanced around it; 'OH L' is not moved either"
    )
    assert (near.why, near.note) == (None, "'Room R' (muted) belongs to it but is not moved")
    assert away.why == "muted: not moved; 'Room L' moves without it"


def test_volume_groups_link_and_join_pairs():
    built = session(
        mic(0, "Kick In", volume_groups=(3,)),
        mic(1, "Kick Out", volume_groups=(3, 5)),
        mic(2, "OH L", volume_groups=(5,)),
        mic(3, "OH R"),
        mic(4, "Snare", volume_groups=(7,)),
    )
    assert [set(d.links) for d in select(built, Settings()).drums] == [
        {1, 2, 3},
        {0, 2, 3},
        {0, 1, 3},
        {0, 1, 2},
        set(),
    ]


def test_a_partner_that_stays_holds_the_others_even_where_it_is_no_drum():
    built = session(
        mic(0, "Kick", volume_groups=(1,)),
        mic(1, "Bass", volume_groups=(1,)),
        mic(2, "OH L", automation_mode="read", envelopes=(Envelope("volume", active=True),)),
        mic(3, "OH R"),
        mic(4, "Snare", volume_groups=(2,)),
        mic(5, "Tom 1", volume_groups=(2,), muted=True),
    )
    kick, left, right, snare, tom = select(built, Settings()).drums
    assert (kick.flag, kick.anchors) == ("linked", True)
    assert "'Bass'" in (kick.why or "")
    assert (left.flag, right.flag) == ("automation", "linked")
    assert (snare.flag, tom.flag) == (None, "muted")


def test_settings_that_name_what_is_no_drum_microphone_are_told():
    built = session(
        Track(index=0, name="Drums", folder=True), mic(1, "Bass"), mic(2, "Kick", parent=0)
    )
    wanted = Settings(locks=("Bass",), roles=(("Drums", "kick"),))
    first, second = select(built, wanted).warnings
    assert "'Drums' is named in the settings" in first
    assert "'Bass' is named in the settings" in second
    (third,) = select(built, Settings(only=("Bass", "Drums", "Kick"))).warnings
    assert third == "track 'Bass' was selected, but is not a drum microphone"


def test_a_fader_that_cannot_be_written_is_left_alone():
    built = session(mic(0, "Kick", unwritable="it has two VOLPAN lines"), mic(1, "Snare"))
    kick, _ = select(built, Settings()).drums
    assert (kick.flag, kick.why) == ("unwritable", "it has two VOLPAN lines: not moved")


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ({"fader": gain(-1e9)}, "fader of 'Drums' on its way to the master is at -inf"),
        ({"main_send": False}, "master/parent send of 'Drums' on its way to the master is off"),
    ],
)
def test_a_folder_that_passes_nothing_on_is_named(fields, cause):
    built = session(Track(index=0, name="Drums", folder=True, **fields), mic(1, "Kick", parent=0))
    (kick,) = select(built, Settings()).drums
    assert kick.flag == "not heard"
    assert cause in (kick.why or "")


@pytest.mark.parametrize("unheard", ["muted", "hidden"])
def test_a_locked_side_holds_the_other_and_an_unheard_one_does_not(unheard):
    built = session(mic(0, "OH L"), mic(1, "OH R"), mic(2, "Kick"))
    left, right, kick = select(built, Settings(locks=("OH R",))).drums
    assert (left.flag, right.flag, kick.flag) == ("locked", "locked", None)
    assert "'OH R'" in (left.why or "")
    away = dataclasses.replace(built.tracks[1], **{unheard: True})
    built = session(built.tracks[0], away, built.tracks[2])
    left, right, _ = select(built, Settings()).drums
    assert (left.flag, left.links, right.flag) == (None, (), unheard)


def test_a_selected_side_takes_the_other_side_of_its_pair_along():
    built = session(*(Track(index=i, name=n, clips=(silent_clip(),)) for i, n in enumerate(PAIRED)))
    for chosen, taken in (("OH L", "OH R"), ("OH R", "OH L")):
        found = select(built, Settings(only=(chosen,)))
        flags_of = {drum.track.name: drum.flag for drum in found.drums}
        assert flags_of == {"Kick": "not selected", "OH L": None, "OH R": None}
        assert found.warnings == (
            f"track {taken!r} is not selected, but moves with {chosen!r}, the other side of its "
            "pair",
        )
    locked = select(built, Settings(only=("OH L",), locks=("OH R",)))
    assert [drum.flag for drum in locked.drums] == ["not selected", "locked", "locked"]


PAIRED = ("Kick", "OH L", "OH R")


def roles_by_name(*names):
    built = session(*(mic(index, name) for index, name in enumerate(names)))
    return {d.track.name: str(d.role) for d in select(built, Settings()).drums}


def test_rooms_are_drums_only_beside_drums():
    assert roles_by_name("Choir", "Room L", "Room R") == {}
    assert roles_by_name("Voice", "Ambiente") == {}
    assert roles_by_name("Kick", "Room L", "Ambiente") == {
        "Kick": "kick",
        "Room L": "room left",
        "Ambiente": "room",
    }
    assert roles_by_name("Drum Room") == {"Drum Room": "room"}


def test_a_room_that_is_stated_is_a_drum_by_itself():
    built = session(mic(0, "Choir"), mic(1, "Hall"))
    drums = select(built, Settings(roles=(("Hall", "room"),))).drums
    assert [str(d.role) for d in drums] == ["room"]
