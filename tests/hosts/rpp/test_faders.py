"""Fader gains in project files: what changes and what stays."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from project_edits import TWO

from reaper_drumgain.errors import InputError, ProjectError
from reaper_drumgain.hosts.rpp import (
    read_project,
    set_faders,
)
from reaper_drumgain.hosts.rpp.faders import format_gain
from reaper_drumgain.units import LinearGain


def test_only_the_fader_token_changes(make: Callable[..., Path]) -> None:
    project = read_project(make(TWO))
    new = set_faders(project, {1: LinearGain(0.25)})
    assert new == project.data.replace(b"VOLPAN 0.50000000000000 -0.25", b"VOLPAN 0.25 -0.25")
    both = set_faders(project, {0: LinearGain(0.0), 1: LinearGain(2.0)})
    assert both == project.data.replace(b"VOLPAN 1 0 -1 -1", b"VOLPAN 0 0 -1 -1").replace(
        b"0.50000000000000", b"2"
    )


def test_a_fader_that_has_its_value_stays_as_written(make: Callable[..., Path]) -> None:
    project = read_project(make(TWO))
    assert set_faders(project, {0: LinearGain(1.0), 1: LinearGain(0.5)}) == project.data


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_track_without_a_fader_gets_a_line(make: Callable[..., Path], newline: str) -> None:
    project = read_project(make("  <TRACK\n    NAME Kick\n  >\n", newline=newline))
    new = set_faders(project, {0: LinearGain(0.5)})
    line = f"    VOLPAN 0.5 0 -1 -1 1{newline}".encode()
    assert new == project.data.replace(b"    NAME", line + b"    NAME")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("VOLPAN 1 0 -1\nVOLPAN 1 0 -1\n", "more than one VOLPAN"),
        ("VOLPAN\n", "damaged"),
        ('VOLPAN "1 0 -1\n', "damaged"),
        ("VOLPAN 1 " + "0 " * 2045 + "\n", "too long"),
    ],
)
def test_an_unclear_fader_is_refused_with_its_place(
    make: Callable[..., Path], lines: str, said: str
) -> None:
    project = read_project(make(f"<TRACK\nNAME Kick\n{lines}>\n"))
    with pytest.raises(ProjectError, match=rf"song\.RPP:[45]: track 1 'Kick' has .*{said}"):
        set_faders(project, {0: LinearGain(0.123456789)})


def test_a_quoted_or_damaged_number_can_be_set(make: Callable[..., Path]) -> None:
    for token in ('"1"', "nan", "0,5", "loud"):
        project = read_project(make(f"<TRACK\nVOLPAN {token} 0 -1\n>\n"))
        assert b"VOLPAN 0.25 0 -1\r\n" in set_faders(project, {0: LinearGain(0.25)})


@pytest.mark.parametrize("gain", [math.nan, math.inf, -math.inf, -0.5, 1e7])
def test_an_impossible_gain_is_refused(make: Callable[..., Path], gain: float) -> None:
    project = read_project(make(TWO))
    with pytest.raises(InputError, match=r"track 'Kick': .* is not a valid fader gain"):
        set_faders(project, {0: LinearGain(gain)})


@pytest.mark.parametrize("index", [-1, 2, 10**9])
def test_an_unknown_track_is_refused(make: Callable[..., Path], index: int) -> None:
    with pytest.raises(InputError, match="it has 2 tracks"):
        set_faders(read_project(make(TWO)), {index: LinearGain(1.0)})


def test_duplicate_names_and_guids_are_told_apart(make: Callable[..., Path]) -> None:
    track = "<TRACK {A}\nNAME Tom\nVOLPAN 1 0\n>\n"
    project = read_project(make(track * 3))
    again = make(set_faders(project, {1: LinearGain(0.5)})[:0].decode() + track * 3)
    again.write_bytes(set_faders(project, {1: LinearGain(0.5)}))
    assert [t.fader for t in read_project(again).session.tracks] == [1.0, 0.5, 1.0]


@given(st.floats(0.0, 1e6))
def test_numbers_are_written_without_exponent_and_read_back(gain: float) -> None:
    token = format_gain(LinearGain(gain)).decode()
    whole, _, decimals = token.partition(".")
    assert whole.isdigit()
    assert len(decimals) <= 14
    assert not token.endswith((".", "-0"))
    assert not decimals.endswith("0")
    assert float(token) == pytest.approx(gain, abs=5e-15, rel=1e-15)


@given(gains=st.dictionaries(st.integers(0, 4), st.floats(0.0, 4.0), max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_any_faders_are_read_back_and_nothing_else_changes(
    make: Callable[..., Path], gains: dict[int, float]
) -> None:
    tracks = "".join(
        f"<TRACK\nNAME {n}\n{'VOLPAN 0.7 0.1 -1 -1 1' if n else ''}\nPAN {n}\n>\n" for n in range(5)
    )
    project = read_project(make(tracks))
    path = project.path.with_name("new.RPP")
    faders = {index: LinearGain(gain) for index, gain in gains.items()}
    path.write_bytes(set_faders(project, faders))
    session = read_project(path).session
    expected = tuple(
        dataclasses.replace(track, fader=track.fader if track.index not in gains else None)
        for track in project.session.tracks
    )
    got = tuple(
        dataclasses.replace(track, fader=track.fader if track.index not in gains else None)
        for track in session.tracks
    )
    assert got == expected
    for index, gain in gains.items():
        assert session.tracks[index].fader == pytest.approx(gain, abs=1e-14)
