"""Tracks of project files of all generations, field by field."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reaper_drumgain.errors import ProjectError
from reaper_drumgain.hosts.rpp import read_project
from reaper_drumgain.schema.session import Send, Session, Track

ReadSession = Callable[..., Session]
ReadTrack = Callable[..., Track]


def item(lines: str, source: str = '<SOURCE WAVE\n FILE "a.wav"\n>\n') -> str:
    return f"<ITEM\nPOSITION 1.5\nLENGTH 4\n{lines}{source}>\n"


def test_every_field_of_a_track(track_of: ReadTrack) -> None:
    track = track_of(
        'NAME "Snare Top"\nAUTOMODE 1\nVOLPAN 0.5 -0.25 0.7 -0.5 0.75\nMUTESOLO 1 2 0\n'
        "IPHASE 1\nSEL 1\nNCHAN 4\nFX 0\nPANMODE 6\nMAINSEND 0 0\nSHOWINMIX 0 0.6 0.5 0 0.5\n"
        "TRACKID {11111111-2222-3333-4444-555555555555}\n"
    )
    assert track == Track(
        index=0,
        name="Snare Top",
        guid="{11111111-2222-3333-4444-555555555555}",
        fader=0.5,  # type: ignore[arg-type]
        pan=-0.25,
        pan_mode=6,
        pan_law=0.7,
        dual_pan=(-0.5, 0.75),
        muted=True,
        soloed=True,
        inverted=True,
        main_send=False,
        channels=4,
        effects_enabled=False,
        automation_mode="read",
        hidden=True,
        selected=True,
    )


def test_a_track_of_reaper_3(track_of: ReadTrack) -> None:
    track = track_of(
        "NAME Kick\nVOLPAN 0.500000 0.250000 -1.000000\nMUTESOLO 0 1\nIPHASE 0\nISBUS 0\n",
        version="",
    )
    assert (track.fader, track.pan, track.pan_law, track.guid) == (0.5, 0.25, None, None)
    assert (track.dual_pan, track.soloed, track.muted) == (None, True, False)


def test_a_track_without_any_line_has_the_defaults(track_of: ReadTrack) -> None:
    assert track_of("") == Track(index=0, name="")


LINES = (
    *('NAME "one"', "NAME two", "VOLPAN 0.5 0.25 -1", "VOLPAN x 0", "VOLPAN 1 y z", "PEAKCOL 5"),
    *("MUTESOLO 1 0", "MUTESOLO x 1", "NCHAN 4", "AUTOMODE 99", "MAINSEND 1 2", "PANMODE 6"),
    *("FREEMODE 2", "ITEMLANES 3", "LANESOLO 1 x", "GROUP_FLAGS 1 2", "GROUP_FLAGS x"),
    *("GROUP_FLAGS_MORE 1", "<FXCHAIN\n>", "<ITEM\nLENGTH 1\nMUTE x\n>"),
)


@given(tracks=st.lists(st.lists(st.sampled_from(LINES), max_size=5), min_size=2, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_a_track_reads_among_others_as_alone(
    session_of: ReadSession, track_of: ReadTrack, tracks: list[list[str]]
) -> None:
    texts = ["".join(f"{line}\n" for line in lines) for lines in tracks]
    session = session_of("".join(f"<TRACK\n{text}>\n" for text in texts))
    for track, text in zip(session.tracks, texts, strict=True):
        assert replace(track, index=0) == track_of(text)


def test_the_same_damage_is_told_on_each_track(session_of: ReadSession) -> None:
    session = session_of("<TRACK\nMUTESOLO x 1\nNCHAN\n>\n" * 3)
    told = "MUTESOLO holds 'x' where a number belongs: read as 0"
    assert [track.warnings for track in session.tracks] == [(told,)] * 3


@pytest.mark.parametrize(
    ("line", "fader", "warned"),
    [
        ("VOLPAN 0 0 -1 -1 1", 0.0, False),
        ("VOLPAN 0,5 0 -1 -1 1", 0.5, False),
        ("VOLPAN 3.98107170553497 0 -1 -1 1", 3.98107170553497, False),
        ("VOLPAN 5e-1", 0.5, False),
        ("VOLPAN nan 0 -1 -1 1", 0.0, True),
        ("VOLPAN -1.#IND 0 -1 -1 1", 0.0, True),
        ("VOLPAN 1.#QNAN 0 -1 -1 1", 0.0, True),
        ("VOLPAN inf 0", 0.0, True),
        ("VOLPAN 1e300 0", 0.0, True),
        ("VOLPAN loud 0", 0.0, True),
        ("VOLPAN -0.5 0", 0.5, True),
        ("VOLPAN", 0.0, True),
        ("VOLPAN 1 0\nVOLPAN 0.25 0", 0.25, True),
    ],
)
def test_faders_sane_and_damaged(
    track_of: ReadTrack, line: str, fader: float, warned: bool
) -> None:
    track = track_of(line + "\n")
    assert track.fader == fader
    assert bool(track.warnings) is warned


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"Kick", "Kick"),
        (b'"K in"', "K in"),
        (b'""', ""),
        (b"'6\" tom'", '6" tom'),
        (b"`it's 6\"`", "it's 6\""),
        (b'"Schlagzeug \xc3\xbc"', "Schlagzeug ü"),
        (b'"Schlagzeug \xfc"', "Schlagzeug ü"),
        (b'"\xed\xa0\x80"', "í\xa0€"),
        (b'"\x81\x8d"', "\ufffd\ufffd"),
        ('"ド ラム\u2028x"'.encode(), "ド ラム\u2028x"),
        (b'"a\x1b[31m\x07"', "a\x1b[31m\x07"),
    ],
)
def test_names_in_any_encoding(track_of: ReadTrack, name: bytes, expected: str) -> None:
    track = track_of(b"    NAME " + name + b"\n")
    assert track.name == expected
    assert json.loads(json.dumps(track.name).encode("utf-8")) == expected


@given(name=st.binary(max_size=30).filter(lambda raw: not set(raw) & set(b'\0\n\r"')))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_name_is_text_that_json_holds(track_of: ReadTrack, name: bytes) -> None:
    track_of(b'NAME "' + name + b'"\n').name.encode("utf-8")


def test_folders_by_depth(session_of: ReadSession) -> None:
    changes = ["1 1", "1 1", "0 0", "2 -1", "0 0", "2 -1", "0 0"]
    session = session_of("".join(f"<TRACK\nISBUS {change}\n>\n" for change in changes))
    assert [track.parent for track in session.tracks] == [None, 0, 1, 1, 0, 0, None]
    assert [track.folder for track in session.tracks] == [True, True] + [False] * 5
    assert not any(track.warnings for track in session.tracks)


def test_folders_of_reaper_3_have_one_field(session_of: ReadSession) -> None:
    session = session_of("".join(f"<TRACK\nISBUS {a}\n>\n" for a in (1, 0, 2, 0)), version="")
    assert [track.parent for track in session.tracks] == [None, 0, 0, None]


def test_folder_depths_that_do_not_add_up(session_of: ReadSession) -> None:
    changes = ["1 3", "2 -4", "0 0", "2 -1", "1 1"]
    session = session_of("".join(f"<TRACK\nISBUS {change}\n>\n" for change in changes))
    assert [track.parent for track in session.tracks] == [None, 0, None, None, None]
    assert [bool(track.warnings) for track in session.tracks] == [True, True, False, True, False]


def test_receives(session_of: ReadSession) -> None:
    session = session_of(
        "<TRACK\n>\n<TRACK\nAUXRECV 0 0 1 0 0 0 0 0 0 -1:U 0 -1 ''\n"
        "AUXRECV 0 3 0.5 -0.5 1 1 1 1026 1028 -1:U 0 -1 ''\n"
        "AUXRECV 2 1 2 0 0 0 0 2048 0 -1 0\nAUXRECV 2 0 1 0 0 0 0 -1 0 -1:U 31 -1 ''\n>\n"
        "<TRACK\n>\n"
    )
    assert session.sends == (
        Send(source=0, target=1),
        Send(
            source=0,
            target=1,
            mode="pre-fader",
            gain=0.5,  # type: ignore[arg-type]
            pan=-0.5,
            muted=True,
            mono=True,
            inverted=True,
            source_channel=2,
            target_channel=4,
            channels=1,
        ),
        Send(source=2, target=1, mode="pre-fx", gain=2.0, channels=4),  # type: ignore[arg-type]
        Send(source=2, target=1, source_channel=-1),
    )


@pytest.mark.parametrize(
    ("target", "mono", "channel"), [(0, False, 0), (1024, True, 0), (1027, True, 3)]
)
def test_a_receive_may_be_mono_by_its_target(
    session_of: ReadSession, target: int, mono: bool, channel: int
) -> None:
    line = f"AUXRECV 0 0 1 0 0 0 0 0 {target} -1:U 0 -1 ''\n"
    (send,) = session_of(f"<TRACK\n>\n<TRACK\n{line}>\n").sends
    assert (send.mono, send.target_channel, send.source_channel) == (mono, channel, 0)


def test_a_receive_from_nowhere_is_told(session_of: ReadSession) -> None:
    session = session_of("<TRACK\nAUXRECV 7 0 1\nAUXRECV -1 0 1\nAUXRECV\nAUXRECV 1e11 9 1\n>\n")
    assert session.sends == ()
    assert any("track 8, which does not exist" in text for text in session.tracks[0].warnings)


def test_effects_with_bypass_offline_instruments_and_containers(track_of: ReadTrack) -> None:
    track = track_of(
        "<FXCHAIN\nSHOW 0\nBYPASS 0 0 0\n"
        '<VST "VST: ReaComp (Cockos)" reacomp.dll 0 "" 1919247213<> ""\nAAAA\n>\nWAK 0 0\n'
        'BYPASS 1 0 0\n<VST "VSTi: ReaSynth (Cockos)" reasynth.dll 0 "" 1<> ""\n>\n'
        'BYPASS 0 1 0\n<AU "AUi: Drums" x\n>\n'
        'BYPASS 0 0\n<VST "VST3i: Kit (Maker)" kit.vst3 0 ""\n>\n<JS_SER\nAA\n>\n'
        'BYPASS 0 0\n<CLAP "CLAPi: Hits" x\n>\n<JS loser/3BandEQ ""\n0 1 - -\n>\n'
        'BYPASS 1 0\n<CONTAINER Container ""\nBYPASS 0 0\n<VST "VST: Inner" x\n>\n>\n'
        'BYPASS 0 0\n<VST "" file.dll\n>\n>\n<FXCHAIN_REC\n<VST "VST: Input" x\n>\n>\n'
    )
    assert [(fx.name, fx.enabled, fx.instrument) for fx in track.effects] == [
        ("VST: ReaComp (Cockos)", True, False),
        ("VSTi: ReaSynth (Cockos)", False, True),
        ("AUi: Drums", False, True),
        ("VST3i: Kit (Maker)", True, True),
        ("CLAPi: Hits", True, True),
        ("loser/3BandEQ", True, False),
        ("Container", False, False),
        ("VST: Inner", False, False),
        ("file.dll", True, False),
    ]


def test_envelopes(track_of: ReadTrack) -> None:
    track = track_of(
        "AUTOMODE 4\n<VOLENV2\nEGUID {X}\nACT 1 -1\nVIS 1 1 1\nVOLTYPE 1\nPT 0 1 0\n"
        "PT 2.5 0.5 5 0 0 0 -0.25\n>\n<VOLENV\nACT 0 -1\nPT 0 2 0\n>\n<MUTEENV\nACT 1\n"
        "POOLEDENVINST 1 0 1\nPT 0 1 1\n>\n<VOLENV3\nPT 0 1\nPT x 1\nPT   \nPT\n>\n"
        "<DUALPANENV2\nACT 1\nPT 0 0 0\n>\n"
    )
    assert track.automation_mode == "latch"
    main, pre, mute, trim = track.envelopes
    assert (main.kind, main.active, main.fader_scaled) == ("volume", True, True)
    assert [(p.time, p.value, p.shape, p.tension) for p in main.points] == [
        (0.0, 1.0, 0, 0.0),
        (2.5, 0.5, 5, -0.25),
    ]
    assert (pre.kind, pre.active, pre.fader_scaled) == ("pre-fx volume", False, False)
    assert (mute.kind, mute.pooled, main.pooled) == ("mute", True, False)
    assert (trim.kind, trim.active, len(trim.points)) == ("trim volume", True, 1)
    assert len(track.warnings) == 2
    assert "automates its right pan" in " ".join(track.warnings)
    assert "no numbers" in " ".join(track.warnings)


def test_an_envelope_beyond_bounds_is_refused(
    make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reaper_drumgain.hosts.rpp.chains.MAX_POINTS", 3)
    path = make("<TRACK\n<VOLENV2\n" + "PT 0 1 0\n" * 4 + ">\n>\n")
    with pytest.raises(ProjectError, match=r"song\.RPP:2: an envelope holds more than 3 points"):
        read_project(path)


def test_volume_groups_and_vca(session_of: ReadSession) -> None:
    zeros = " 0" * 18
    flags = [
        f"1 0{zeros}",
        f"0 5{zeros}",
        f"-2147483648 0{zeros}",
        f"0 0{zeros} 4",
        f"1 0{' 0' * 12} 1",
    ]
    session = session_of("".join(f"<TRACK\nGROUP_FLAGS {row}\n>\n" for row in flags))
    assert [track.volume_groups for track in session.tracks] == [(1,), (1, 3), (32,), (), (1,)]
    assert [track.vca_leader for track in session.tracks] == [False] * 3 + [True, False]
    assert "reverse" in session.tracks[4].warnings[0]


def test_groups_above_32(track_of: ReadTrack) -> None:
    track = track_of("GROUP_FLAGS 2 0\nGROUP_FLAGS_HIGH 0 3\nGROUP_FLAGS_X 1\n")
    assert track.volume_groups == (2, 33, 34)
    assert "GROUP_FLAGS_X" in track.warnings[0]


@pytest.mark.parametrize(
    ("line", "hidden"),
    [("0 1 1 0 1", True), ("1 1 1 0 1", False), ("0 1 1 1 1", False), ("0", False), ("", False)],
)
def test_hidden_means_in_neither_panel(track_of: ReadTrack, line: str, hidden: bool) -> None:
    assert track_of(f"SHOWINMIX {line}\n").hidden is hidden


def test_what_the_user_stored_on_the_track(session_of: ReadSession) -> None:
    session = session_of(
        '<TRACK\n<EXT\nother x\ndrumgain_role "tom 2"\ndrumgain_lock 1\n>\n>\n'
        '<TRACK\n<EXT\ndrumgain_role ""\ndrumgain_lock 0\n>\n>\n<TRACK\n<EXT\ndrumgain_role\n>\n>\n'
    )
    assert [(t.role, t.locked) for t in session.tracks] == [
        ("tom 2", True),
        (None, False),
        (None, False),
    ]


def test_frozen_tracks_do_not_count_what_was_frozen(track_of: ReadTrack) -> None:
    track = track_of(
        '<FREEZE 2 0\n<FXCHAIN\n<VST "VST: X"\n>\n>\n'
        + item("NAME old\n")
        + "VOLPAN 0.1\n>\n"
        + item("NAME new\n")
        + "VOLPAN 0.5 0\n"
    )
    assert track.frozen
    assert [clip.name for clip in track.clips] == ["new"]
    assert (track.effects, track.fader) == ((), 0.5)


def test_shared_guids_are_told(session_of: ReadSession) -> None:
    session = session_of("<TRACK {A}\n>\n<TRACK {A}\n>\n<TRACK {B}\n>\n")
    assert [track.guid for track in session.tracks] == ["{A}", "{A}", "{B}"]
    assert [bool(track.warnings) for track in session.tracks] == [True, True, False]


@pytest.mark.parametrize(
    ("line", "rate", "expected"),
    [
        ("0 1", 0, 1.5),
        ("0.25 0", 0, 1.75),
        ("0.25 1", 0, 1.5),
        ("24000 2", 48000, 2.0),
        ("24000 2", 0, 1.5),
    ],
)
def test_the_playback_offset_of_a_track_moves_its_items(
    track_of: ReadTrack, line: str, rate: int, expected: float
) -> None:
    track = track_of(f"PLAYOFFS {line}\n" + item(""), f"SAMPLERATE {rate} {int(rate > 0)} 0\n")
    assert track.clips[0].position == expected
    assert bool([text for text in track.warnings if "later" in text]) is (
        expected == 1.5 and "2" in line[-1]
    )


def test_two_pans_where_the_pan_mode_has_them(session_of: ReadSession) -> None:
    tracks = (
        "<TRACK\nVOLPAN 1 0 -1 -0.5 0.5\nWIDTH 0.25\n>\n<TRACK\nPANMODE 5\nWIDTH 0.25\n>\n"
        "<TRACK\nPANMODE 6\nVOLPAN 1 0 -1 -0.5 0.5\n>\n<TRACK\nPANMODE 5\n>\n"
    )
    own = [None, (0.25, 0.0), (-0.5, 0.5), (1.0, 0.0)]
    for mode, first in ((3, (0.25, 0.0)), (5, (0.25, 0.0)), (6, (-0.5, 0.5))):
        session = session_of(tracks, f"PANMODE {mode}\n")
        assert [track.dual_pan for track in session.tracks] == [first, *own[1:]]
