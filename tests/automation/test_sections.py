"""Regions, markers and times as they are found in projects: untidy."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper_drumgain.automation.sections import (
    SHORTEST_S,
    Section,
    is_short,
    neighbour,
    sections_of,
)
from reaper_drumgain.errors import InputError
from reaper_drumgain.schema.session import Marker, Session
from reaper_drumgain.schema.settings import Automation, Settings

PLAYING = (0.0, 100.0)


def found(kind="usual", times=(), span=None, playing=PLAYING, **fields):
    session = Session(path="song.RPP", **fields)
    wanted = Settings(write="automation", automation=Automation(kind, times), span=span)
    sections, warnings = sections_of(session, wanted, playing)
    return [(s.name, s.start, s.end) for s in sections], list(warnings)


def region(start, end, name="", number=1):
    return Marker(start, name, number, end=end)


def test_regions_come_in_order_with_their_names():
    rows = (region(20, 40, "B", 2), region(0, 20, "", 7))
    assert found(regions=rows)[0] == [("region 7", 0, 20), ("B", 20, 40)]


def test_an_empty_region_and_one_without_drums_are_left_out_and_told():
    rows = (region(0, 20, "A"), region(30, 30, "empty"), region(120, 130, "late"))
    sections, warnings = found(regions=rows)
    assert sections == [("A", 0, 20)]
    assert "'empty' (30.000 to 30.000 s) is empty" in warnings[0]
    assert "no drum plays in section 'late'" in warnings[1]


def test_a_region_may_reach_beyond_the_end_and_before_the_beginning():
    assert found(regions=(region(-5, 10, "A"), region(90, 500, "B")))[0] == [
        ("A", 0.0, 10),
        ("B", 90, 500),
    ]


def test_a_region_that_holds_others_gives_way():
    rows = (region(0, 100, "song"), region(0, 30, "verse"), region(30, 100, "chorus"))
    sections, warnings = found(regions=rows)
    assert [s[0] for s in sections] == ["verse", "chorus"]
    assert warnings == [
        "section 'song' (0.000 to 100.000 s) contains other sections, which are used instead"
    ]


def test_the_same_region_twice_counts_once():
    sections, warnings = found(regions=(region(0, 30, "A"), region(0, 30, "B")))
    assert sections == [("B", 0, 30)]
    assert "'A'" in warnings[0]


def test_overlaps_are_refused_but_for_those_of_an_unsteady_hand():
    rows = (region(0, 30.02, "A"), region(30, 60, "B"))
    assert found(regions=rows)[0] == [("A", 0, 30), ("B", 30, 60)]
    with pytest.raises(InputError, match=r"'A' \(0.000 to 35.000 s\) and 'B'.*overlap"):
        found(regions=(region(0, 35, "A"), region(30, 60, "B")))


def test_markers_go_to_the_next_and_begin_where_the_drums_do():
    markers = (Marker(40.0, "B", 2), Marker(10.0, "", 1), Marker(10.0, "again", 3))
    sections, warnings = found("markers", markers=markers)
    assert sections == [("start", 0.0, 10.0), ("again", 10.0, 40.0), ("B", 40.0, 100.0)]
    assert "'marker 1'" in warnings[0]


def test_times_with_and_without_ends():
    times = ((50.0, None, "B"), (0.0, 20.0, "A"))
    assert found("times", times)[0] == [("A", 0.0, 20.0), ("B", 50.0, 100.0)]


def test_a_span_cuts_what_it_does_not_hold():
    rows = (region(0, 20, "A"), region(20, 40, "B"), region(60, 80, "C"))
    assert found("regions", regions=rows, span=(10.0, 30.0))[0] == [
        ("A", 10.0, 20),
        ("B", 20, 30.0),
    ]
    assert found(span=(10.0, 30.0))[0] == [("time selection", 10.0, 30.0)]
    assert found("time selection", time_selection=(5.0, 9.0))[0] == [("time selection", 5.0, 9.0)]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "no regions and no markers"),
        ({"kind": "regions"}, "has no regions"),
        ({"kind": "time selection"}, "has no time selection"),
        (
            {"kind": "time selection", "time_selection": (5.0, 7.5)},
            "time selection is 2.50 s long.* select more",
        ),
        ({"regions": (region(math.nan, 5),)}, "is not a time"),
        ({"regions": (region(0, math.inf),)}, "is not a time"),
        ({"regions": (region(5, 5),)}, "no section in which a drum plays"),
        ({"regions": tuple(region(n, n + 1) for n in range(1001))}, "at most 1000"),
    ],
)
def test_no_sections_is_an_error_that_says_what_to_do(fields, message):
    with pytest.raises(InputError, match=message):
        found(**fields)


@given(st.lists(st.tuples(st.floats(0.1, 6.0), st.sampled_from([0.0, 0.0, 0.02, 1.0])), min_size=1))
def test_the_gains_of_a_short_section_are_those_of_the_nearest_before_it_else_behind(rows):
    sections, at = [], 0.0
    for length, gap in rows:
        sections.append(Section("", at, at + length))
        at += length + gap
    for place in range(len(sections)):
        if not is_short(sections[place]):
            continue
        found = neighbour(sections, place)

        def usable(other, place=place):
            low, high = sorted((place, other))
            inner = range(low, high)
            joined = all(sections[n + 1].start - sections[n].end < 0.05 for n in inner)
            return joined and not is_short(sections[other])

        before = [n for n in range(place) if usable(n)]
        behind = [n for n in range(place + 1, len(sections)) if usable(n)]
        assert found == (before[-1] if before else behind[0] if behind else None)


def test_a_section_of_the_shortest_length_is_not_short():
    assert not is_short(Section("", 10.0, 10.0 + SHORTEST_S))
    assert not is_short(Section("", 10.0, 9.97 + SHORTEST_S))
    assert is_short(Section("", 10.0, 9.9 + SHORTEST_S))
