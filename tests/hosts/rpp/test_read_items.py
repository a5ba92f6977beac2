"""Items, takes and sources of project files of all generations, field by field."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reaper_drumgain.schema.session import Clip, Fade, Session, Track

ReadSession = Callable[..., Session]
ReadTrack = Callable[..., Track]


def item(lines: str, source: str = '<SOURCE WAVE\n FILE "a.wav"\n>\n') -> str:
    return f"<ITEM\nPOSITION 1.5\nLENGTH 4\n{lines}{source}>\n"


@pytest.fixture
def clip_of(track_of: ReadTrack) -> Callable[..., Clip]:
    def read(lines: str, source: str = '<SOURCE WAVE\n FILE "a.wav"\n>\n') -> Clip:
        (clip,) = track_of(item(lines, source)).clips
        return clip

    return read


def test_every_field_of_an_item(clip_of: Callable[..., Clip]) -> None:
    clip = clip_of(
        "SNAPOFFS 0\nLOOP 1\nALLTAKES 0\nFADEIN 2 0.5 0 2 0 -0.5 0\n"
        "FADEOUT 1.1 0.01 0.25 1 1 0.5 0\n"
        'MUTE 0 0\nSEL 0\nNAME "the take"\nVOLPAN 0.5 -0.25 -2 -1\nSOFFS 3.5 7\n'
        "PLAYRATE 1.25 1 -2 -1 0 0.0025\nCHANMODE 3\nGUID {X}\n"
    )
    assert (clip.position, clip.length, clip.offset, clip.loop) == (1.5, 4.0, 3.5, True)
    assert (clip.play_rate, clip.preserve_pitch, clip.pitch) == (1.25, True, -2.0)
    assert (clip.item_gain, clip.take_gain, clip.take_pan, clip.channel_mode) == (0.5, -2, -0.25, 3)
    assert clip.fade_in == Fade(0.5, 2, -0.5)
    assert clip.fade_out == Fade(0.25, 7, 0.5), "equal power; an automatic crossfade overrides"
    assert (clip.name, clip.plays, clip.lane, clip.stretched) == ("the take", True, None, False)
    assert (clip.source.kind, clip.source.format, clip.source.written) == ("file", "WAVE", "a.wav")


def test_an_automatic_crossfade_overrides_a_longer_fade_too(clip_of: Callable[..., Clip]) -> None:
    clip = clip_of("FADEIN 1 0.5 0.125 1 0 0 0\nFADEOUT 1 0.5 0 1 0 0 0\n")
    assert (clip.fade_in.length, clip.fade_out.length) == (0.125, 0.5)


def test_an_item_of_reaper_3(clip_of: Callable[..., Clip]) -> None:
    clip = clip_of(
        "SNAPOFFS 0.000000\nLOOP 0\nALLTAKES 0\nSEL 0\nFADEIN 1 0.010000 0.000000\n"
        "FADEOUT 1 0.010000 0.000000\nMUTE 0\nNAME a.wav\n"
        "VOLPAN 1.000000 0.000000 1.000000 -1.000000\n"
        "SOFFS 0.000000\nPLAYRATE 1.000000 1 0.000000 -1\nCHANMODE 0\n"
    )
    assert clip.fade_in == clip.fade_out == Fade(0.01, 1)


@pytest.mark.parametrize(
    ("line", "plays"),
    [("0", True), ("1", False), ("1 0", False), ("1 -1", True), ("0 1", False), ("0 -1", True)],
)
def test_mute_and_item_solo(clip_of: Callable[..., Clip], line: str, plays: bool) -> None:
    assert clip_of(f"MUTE {line}\n").plays is plays


TAKES = (
    'NAME one\nVOLPAN 0.5 0 0.25 -1\nSOFFS 1\n<SOURCE WAVE\nFILE "1.wav"\n>\n'
    "{second}\nNAME two\nTAKEVOLPAN 0.5 2 -1\nSOFFS 2\nSM 0 1 + 2 3\n"
    '<SOURCE FLAC\nFILE "2.flac"\n>\n'
    "<TAKEFX\nBYPASS 0 0 0\n<JS x\n>\n>\n<VOLENV\nACT 1\nPT 0 0.5 0\n>\n"
    '{third}\nNAME three\n<SOURCE WAVE\nFILE "3.wav"\n>\n'
)


@pytest.mark.parametrize(
    ("second", "third", "name"),
    [("TAKE", "TAKE", "one"), ("TAKE SEL", "TAKE", "two"), ("TAKE", "TAKE SEL", "three")],
)
def test_the_active_take_plays(track_of: ReadTrack, second: str, third: str, name: str) -> None:
    (clip,) = track_of(item(TAKES.format(second=second, third=third), "")).clips
    assert clip.name == name


def test_all_takes_play_where_the_item_says_so(track_of: ReadTrack) -> None:
    lines = "ALLTAKES 1\n" + TAKES.format(second="TAKE SEL", third="TAKE NULL")
    one, two = track_of(item(lines, "")).clips
    assert (one.name, one.item_gain, one.take_gain, one.take_pan) == ("one", 0.5, 0.25, 0.0)
    assert (two.name, two.item_gain, two.take_gain, two.take_pan) == ("two", 0.5, 2.0, 0.5)
    assert (one.offset, two.offset) == (1.0, 2.0)
    assert (one.stretched, two.stretched) == (False, True)
    assert (one.effects, len(two.effects)) == ((), 1)
    assert (one.envelopes, two.envelopes[0].kind) == ((), "volume")
    assert [clip.source.format for clip in (one, two)] == ["WAVE", "FLAC"]


def test_an_empty_take_or_item_has_an_empty_source(track_of: ReadTrack) -> None:
    take, empty = track_of(
        item(TAKES.format(second="TAKE", third="TAKE NULL SEL").split("NAME three")[0], "")
        + item("VOLPAN 1\n", "")
    ).clips
    assert take.source.kind == empty.source.kind == "empty"


@pytest.mark.parametrize(
    ("solo", "expected"),
    [
        ("", [True, True, True, True]),
        ("LANESOLO 4 0 0 0 0 0 0 0\n", [False, False, True, False]),
        ("LANESOLO 4294967294 4294967295\n", [False, True, True, True]),
        ("LANESOLO 0 0 0 0 0 0 0 0\n", [False] * 4),
        ("LANESOLO x\n", [False] * 4),
    ],
)
def test_fixed_lanes(track_of: ReadTrack, solo: str, expected: list[bool]) -> None:
    items = "".join(item(f"YPOS {lane / 4} 0.25 2\n") for lane in range(4))
    track = track_of(f"FREEMODE 2\nITEMLANES 4\n{solo}{items}")
    assert [clip.lane for clip in track.clips] == [0, 1, 2, 3]
    assert [clip.plays for clip in track.clips] == expected
    assert bool([text for text in track.warnings if "LANESOLO" in text]) is ("x" in solo)


def test_lanes_beyond_32_and_thirds(track_of: ReadTrack) -> None:
    items = "".join(item(f"YPOS {lane / 33:.8f} {1 / 33:.8f} 2\n") for lane in range(33))
    track = track_of(f"FREEMODE 2\nITEMLANES 33\nLANESOLO 0 1\n{items}")
    assert [clip.lane for clip in track.clips] == list(range(33))
    assert [clip.plays for clip in track.clips] == [False] * 32 + [True]


def test_lanes_count_only_in_lane_mode(track_of: ReadTrack) -> None:
    for lines in ("FREEMODE 1\nITEMLANES 2\nLANESOLO 1\n", "FREEMODE 0\nITEMLANES 2\n"):
        track = track_of(lines + item("YPOS 0.5 0.5 1\n"))
        assert (track.clips[0].lane, track.clips[0].plays) == (None, True)


def test_lanes_that_did_not_play_stay_silent_when_a_track_has_no_lanes_any_more(
    track_of: ReadTrack,
) -> None:
    items = item("YPOS 0 0.5 1\n") + item("YPOS 0.5 0.5 1\n")
    track = track_of(f"FREEMODE 0\nITEMLANES 2\nLANESOLO 1\n{items}")
    assert [(clip.lane, clip.plays) for clip in track.clips] == [(None, True), (None, False)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("LENGTH 4.5\nSTARTPOS 1.5\nOVERLAP 0.01\n", (1.5, 4.5, False)),
        ("LENGTH 4.5\nMODE 2\nSTARTPOS 1.5\n", (1.5, 4.5, True)),
        ("LENGTH 0\nMODE 3\nSTARTPOS 0\n", (None, None, True)),
        ("LENGTH 0\nSTARTPOS 2\n", (2.0, None, False)),
    ],
)
def test_sections_in_either_order(
    clip_of: Callable[..., Clip], lines: str, expected: tuple[float | None, float | None, bool]
) -> None:
    inner = '<SOURCE WAVE\nFILE "a.wav"\n>\n'
    for source in (f"<SOURCE SECTION\n{lines}{inner}>\n", f"<SOURCE SECTION\n{inner}{lines}>\n"):
        got = clip_of("", source).source
        assert (got.section_start, got.section_length, got.reversed) == expected
        assert (got.kind, got.written) == ("file", "a.wav")


def test_a_section_of_a_section_is_told(track_of: ReadTrack) -> None:
    source = (
        "<SOURCE SECTION\nMODE 2\nLENGTH 1\n" * 40 + '<SOURCE WAVE\nFILE "a.wav"\n>\n' + ">\n" * 40
    )
    assert any(
        "a section source within a section source" in text
        for text in track_of(item("", source)).warnings
    )


@pytest.mark.parametrize(
    ("source", "kind", "form"),
    [
        ("<SOURCE MIDI\nHASDATA 1 960 QN\nE 480 90 24 7f\n>\n", "midi", "MIDI"),
        ('<SOURCE MIDI\nFILE "x.mid"\n>\n', "midi", "MIDI"),
        ("<SOURCE CLICK\nAUTO 1 0\n>\n", "other", "CLICK"),
        ('<SOURCE VIDEO\nFILE "x.mp4"\n>\n', "file", "VIDEO"),
        ('<SOURCE RPP_PROJECT\nFILE "x.rpp"\n>\n', "other", "RPP_PROJECT"),
        ('<SOURCE WAVPACK\nFILE "x.wv"\n>\n', "file", "WAVPACK"),
        ('<SOURCE VORBIS\nFILE "x.ogg"\n>\n', "file", "VORBIS"),
        ("<SOURCE EMPTY\n>\n", "empty", "EMPTY"),
        ("<SOURCE\n>\n", "empty", ""),
        ("<SOURCE SECTION\n>\n", "other", "SECTION"),
    ],
)
def test_kinds_of_source(clip_of: Callable[..., Clip], source: str, kind: str, form: str) -> None:
    got = clip_of("", source).source
    assert (got.kind, got.format) == (kind, form)


def test_offline_media_is_read_and_told(track_of: ReadTrack) -> None:
    track = track_of(item("", '<SOURCE _OFFLINE_WAVE\nFILE "a.wav" 1\n>\n'))
    assert (track.clips[0].source.kind, track.clips[0].source.format) == ("file", "WAVE")
    assert track.warnings


@pytest.mark.parametrize(
    "lines",
    ["POSITION nan", "LENGTH 1e300", "SOFFS x", "PLAYRATE 0", "PLAYRATE 1e9", "VOLPAN inf",
     "FADEIN 99 1", "FADEOUT 1 -inf", "CHANMODE ?", "MUTE inf"],
)  # fmt: skip
def test_damaged_numbers_are_told_and_the_rest_goes_on(track_of: ReadTrack, lines: str) -> None:
    track = track_of(item(f"{lines}\nNAME x\n"))
    assert track.warnings
    assert track.clips[0].name == "x"
