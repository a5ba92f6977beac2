"""Drum roles as values: what is allowed, and how they are written."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper_drumgain.errors import InputError
from reaper_drumgain.tracks.roles import (
    MAX_ORDINAL,
    ROLE_NAMES,
    SAMPLED_DRUMS,
    SIDES,
    Role,
    drum_of,
    plays_with,
)

any_text = st.text() | st.text(
    alphabet="kKiInsStTrRoOhH12309 _-.()éßドラムБас'\"\x00\ud800\u202e½①"
)


roles = st.builds(
    Role,
    st.sampled_from(ROLE_NAMES),
    st.none() | st.sampled_from(SIDES),
    st.none() | st.integers(1, MAX_ORDINAL),
) | st.builds(
    Role,
    st.just("sample"),
    st.none() | st.sampled_from(SIDES),
    st.none() | st.integers(1, MAX_ORDINAL),
    st.sampled_from(SAMPLED_DRUMS) | st.integers(1, 9).map("tom {}".format),
)


@given(roles)
def test_a_role_reads_back(role: Role) -> None:
    assert Role.parse(str(role)) == role
    assert Role.parse(f"  {str(role).upper()} ") == role


@given(any_text)
def test_parse_of_any_text_is_a_role_or_an_input_error(text: str) -> None:
    role = None
    with contextlib.suppress(InputError):
        role = Role.parse(text)
    assert role is None or Role.parse(str(role)) == role


def test_a_sample_is_of_its_drum_and_of_no_other() -> None:
    kick, second_tom = Role.parse("kick sample"), Role.parse("tom 2 sample")
    assert kick is not None
    assert second_tom is not None
    assert (kick.name, kick.drum) == ("sample", "kick")
    assert plays_with(kick, Role("kick in"))
    assert plays_with(kick, Role("sub kick"))
    assert not plays_with(kick, Role("snare"))
    assert not plays_with(kick, kick)
    assert plays_with(second_tom, Role("tom", ordinal=2))
    assert not plays_with(second_tom, Role("tom", ordinal=1))
    assert plays_with(Role("sample", drum="tom"), Role("tom"))
    assert not plays_with(Role("sample"), Role("kick"))
    for wrong in ("room sample", "kick 2 sample", "tom 0 sample", "sample sample"):
        with pytest.raises(InputError, match="only a sample has a drum, one of"):
            Role.parse(wrong)
    with pytest.raises(ValueError, match="only a sample"):
        Role("snare", drum="snare")


def test_parse() -> None:
    assert Role.parse("none") is None
    assert Role.parse("Overhead 2 Left") == Role("overhead", "left", 2)
    for wrong in ("", "tom 0", "tom 1000000000000", "left", "2", "cow", "none left", "tom left 2"):
        with pytest.raises(InputError, match=r"is not known.*expected|is not known.*not in 1 to"):
            Role.parse(wrong)


@pytest.mark.parametrize(
    ("role", "message"),
    [
        (("bass",), "not a drum role"),
        (("tom", "middle"), "not a side"),
        (("tom", None, 0), "not in 1 to"),
    ],
)
def test_a_role_is_checked(role: tuple[str, str | None, int | None], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Role(*role)


def test_all_microphones_of_a_drum_stand_at_one():
    assert {drum_of(Role(name)) for name in ("kick in", "kick out", "kick", "sub kick")} == {"kick"}
    assert drum_of(Role("tom", ordinal=1)) != drum_of(Role("tom", ordinal=2))
    assert drum_of(Role("overhead", "left")) == drum_of(Role("overhead", "right"))
