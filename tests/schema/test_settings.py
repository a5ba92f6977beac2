import math

import pytest

from reaper_drumgain.errors import InputError
from reaper_drumgain.schema.settings import Automation, Level, Settings


@pytest.mark.parametrize("text", ["keep", "peak:-6", "lufs:-18.5", "peak:0"])
def test_a_level_reads_as_it_is_written(text):
    assert str(Level.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("loud", "not known"),
        ("", "not known"),
        ("keep:3", "not known"),
        ("peak", "no number"),
        ("peak:", "no number"),
        ("peak:high", "no number"),
        ("lufs:nan", "needs a number"),
        ("lufs:inf", "needs a number"),
        ("peak:99", "not within"),
    ],
)
def test_what_is_no_level_is_refused_with_the_known_forms(text, message):
    with pytest.raises(InputError, match=message) as caught:
        Level.parse(text)
    assert "peak:DBFS" in str(caught.value)


@pytest.mark.parametrize("amount", [-1.0, 101.0, math.nan, math.inf])
def test_an_amount_outside_0_to_100_is_refused(amount):
    with pytest.raises(InputError, match="expected 0 to 100"):
        Settings(amount=amount)


def test_a_method_needs_a_name_and_keep_takes_no_value():
    with pytest.raises(InputError, match="no name"):
        Settings(method="")
    with pytest.raises(InputError, match="takes no value"):
        Level("keep", -3.0)


@pytest.mark.parametrize("span", [(1.0, 1.0), (2.0, 1.0), (math.nan, 1.0), (0.0, math.inf)])
def test_a_span_starts_before_it_ends(span):
    with pytest.raises(InputError, match="span"):
        Settings(span=span)


def test_a_span_survives_the_way_to_another_process():
    assert Settings.from_json(Settings(span=(0.5, 2.0)).to_json()).span == (0.5, 2.0)
    assert Settings.from_json(Settings().to_json()).span is None


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"sections": "times"}, "need a list of times"),
        ({"sections": "regions", "times": ((0.0, 1.0, ""),)}, "must not have one"),
        ({"sections": "times", "times": ((math.nan, 1.0, "A"),)}, "section 'A' goes from nan"),
        ({"sections": "times", "times": ((0.0, math.inf, ""),)}, "expected seconds"),
        ({"sections": "times", "times": ((2.0, 2.0, "B"),)}, "section 'B' ends at 2 s, before"),
    ],
)
def test_sections_are_checked_where_they_are_given(wishes, message):
    with pytest.raises(InputError, match=message):
        Automation(**wishes)


def test_automation_survives_the_way_to_another_process():
    times = ((0.0, None, "verse"), (10.0, 20.0, ""))
    wanted = Settings(
        write="automation", automation=Automation("times", times, "trim", existing="replace")
    )
    assert Settings.from_json(wanted.to_json()) == wanted
    assert Settings.from_json(Settings().to_json()).write == "volume"
