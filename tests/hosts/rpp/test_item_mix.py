"""Items of a track that lie over each other: which parts of them play."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reaper_drumgain.schema.session import Session, Track

Reader = Callable[..., Track]
SOURCE = '<SOURCE WAVE\nFILE "a.wav"\n>\n'


def item(start: float, end: float, lines: str = "", source: str = SOURCE) -> str:
    return f"<ITEM\nPOSITION {start}\nLENGTH {end - start}\n{lines}{source}>\n"


def covered(track: Track) -> list[tuple[tuple[float, float], ...]]:
    return [clip.covered for clip in track.clips]


PUNCHED = item(0, 10) + item(2, 3) + item(3, 4.5) + item(6, 7)


@pytest.mark.parametrize("mix", ["ITEMMIX 0\n", ""])
def test_an_item_within_another_replaces_it(track_of: Reader, mix: str) -> None:
    track = track_of(PUNCHED, mix)
    assert covered(track) == [((2.0, 4.5), (6.0, 7.0)), (), (), ()]


def test_the_order_of_the_items_does_not_matter_but_for_equal_ones(track_of: Reader) -> None:
    assert covered(track_of(item(6, 7) + item(0, 10))) == [(), ((6.0, 7.0),)]
    assert covered(track_of(item(0, 10) + item(0, 10))) == [((0.0, 10.0),), ()]


def test_items_that_overlap_at_their_ends_are_a_crossfade(track_of: Reader) -> None:
    assert covered(track_of(item(0, 2) + item(1.5, 4) + item(4, 5))) == [(), (), ()]


@pytest.mark.parametrize("lines", ["FREEMODE 1\n", ""])
def test_all_are_mixed_where_the_project_or_the_track_says_so(track_of: Reader, lines: str) -> None:
    track = track_of(lines + PUNCHED, "ITEMMIX 0\n" if lines else "ITEMMIX 1\n")
    assert covered(track) == [(), (), (), ()]


def test_later_items_replace_earlier_ones_from_the_end_of_their_fade_in(track_of: Reader) -> None:
    later = item(1.5, 4, "FADEIN 1 0 0.25 1 0 0 0\n")
    assert covered(track_of(item(0, 2) + later, "ITEMMIX 2\n")) == [((1.75, 2.0),), ()]
    slow = item(1, 9, "FADEIN 1 5 0 1 0 0 0\n") + item(2, 3)
    assert covered(track_of(item(0, 10) + slow, "ITEMMIX 2\n"))[0] == ((2.0, 3.0), (6.0, 9.0))


@pytest.mark.parametrize(
    "over",
    [
        item(2, 3, "MUTE 1 0\n"),
        item(2, 3, source=""),
        item(2, 2),
        item(2, 3, source=SOURCE + "TAKE NULL SEL\n"),
    ],
    ids=["muted", "no source", "no length", "empty take"],
)
def test_what_does_not_play_replaces_nothing(track_of: Reader, over: str) -> None:
    assert covered(track_of(item(0, 10) + over))[0] == ()


def test_only_items_of_one_lane_replace_each_other(track_of: Reader) -> None:
    lanes = "FREEMODE 2\nITEMLANES 2\nLANESOLO 3 0 0 0 0 0 0 0\n"
    above, below = "YPOS 0 0.5\n", "YPOS 0.5 0.5\n"
    track = track_of(lanes + item(0, 10, above) + item(2, 3, below) + item(4, 5, above))
    assert covered(track) == [((4.0, 5.0),), (), ()]


def test_takes_of_one_item_play_together(track_of: Reader) -> None:
    both = item(0, 10, "ALLTAKES 1\n", SOURCE + "TAKE\nNAME b\n" + SOURCE)
    track = track_of(both + item(2, 3))
    assert covered(track) == [((2.0, 3.0),), ((2.0, 3.0),), ()]


def test_a_pile_of_items_is_mixed_and_said(track_of: Reader) -> None:
    track = track_of(item(0, 10) * 700)
    assert not any(covered(track))
    assert any("too many of its items overlap" in warning for warning in track.warnings)


@pytest.mark.parametrize(
    ("line", "mode"),
    [("-1", "read"), ("0", "read"), ("4", "latch"), ("6", "read"), ("x", "read"), ("", "read")],
)
def test_an_automation_mode_of_the_whole_project_stands_above_those_of_its_tracks(
    session_of: Callable[..., Session], line: str, mode: str
) -> None:
    session = session_of("<TRACK\nAUTOMODE 1\n>\n", f"GLOBAL_AUTO {line}\n")
    assert session.tracks[0].automation_mode == mode


@pytest.mark.parametrize(
    ("project", "own", "expected"),
    [
        (0, "MIXFLAG 1\n", [(), ()]),
        (0, "MIXFLAG 2\n", [((2.0, 3.0),), ()]),
        (1, "MIXFLAG 0\n", [((2.0, 3.0),), ()]),
        (1, "MIXFLAG 2\n", [((2.0, 3.0),), ()]),
        (2, "MIXFLAG 1\n", [(), ()]),
        (1, "", [(), ()]),
        (0, "", [((2.0, 3.0),), ()]),
    ],
)
def test_the_own_mix_of_an_item_counts(
    track_of: Reader, project: int, own: str, expected: list[object]
) -> None:
    track = track_of(item(0, 10, own) + item(2, 3, own), f"ITEMMIX {project}\n")
    assert covered(track) == expected


def test_the_item_that_would_replace_the_other_decides(track_of: Reader) -> None:
    assert covered(track_of(item(0, 10, "MIXFLAG 1\n") + item(2, 3), "ITEMMIX 0\n"))[0]
    assert not covered(track_of(item(0, 10) + item(2, 3, "MIXFLAG 1\n"), "ITEMMIX 0\n"))[0]
    free = "FREEMODE 1\n" + item(0, 10, "MIXFLAG 2\n") + item(2, 3, "MIXFLAG 2\n")
    assert covered(track_of(free, "ITEMMIX 0\n")) == [(), ()]
