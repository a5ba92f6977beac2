"""Records behave as the frozen dataclasses with slots that they stand for."""

import copy
import dataclasses
import pickle
from collections.abc import Mapping
from functools import cached_property

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper_drumgain.records import is_record, names, record, replace

NOTHING: Mapping[str, float] = {}


@record
class Point:
    """A record."""

    x: float
    y: float = 0.0
    names: tuple[str, ...] = ()

    def __post_init__(self):
        if self.x != self.x:
            raise ValueError("x is no number")

    @property
    def total(self):
        return self.x + self.y


@dataclasses.dataclass(frozen=True, slots=True)
class Peer:
    x: float
    y: float = 0.0
    names: tuple[str, ...] = ()


@record
class Same:
    x: float
    y: float = 0.0
    names: tuple[str, ...] = ()


@record
class Counted:
    x: float
    given: Mapping[str, float] = NOTHING

    @cached_property
    def doubled(self):
        return [2.0 * self.x]


NUMBERS = st.floats(allow_nan=False)


@given(x=NUMBERS, y=NUMBERS, words=st.lists(st.text()).map(tuple))
def test_a_record_is_made_printed_and_compared_like_a_dataclass(x, y, words):
    mine, peer = Point(x, y=y, names=words), Peer(x, y=y, names=words)
    assert repr(mine) == repr(peer).replace("Peer", "Point")
    assert hash(mine) == hash(peer)
    assert dataclasses.asdict(mine) == dataclasses.asdict(peer)
    assert mine == Point(x, y, words)
    assert mine != Same(x, y, words)
    assert (mine == Point(0.0)) == (peer == Peer(0.0))
    assert mine.total == x + y


@pytest.mark.parametrize(
    ("positional", "named"),
    [((), {}), ((1.0, 2.0, (), 4.0), {}), ((1.0,), {"x": 2.0}), ((1.0,), {"z": 2.0})],
)
def test_wrong_arguments_are_refused(positional, named):
    for cls in (Point, Peer):
        with pytest.raises(TypeError):
            cls(*positional, **named)


def test_nothing_of_a_record_can_be_set_or_deleted():
    point = Point(1.0)
    for change in (
        lambda: setattr(point, "x", 2.0),
        lambda: setattr(point, "new", 2.0),
        lambda: delattr(point, "x"),
    ):
        with pytest.raises(dataclasses.FrozenInstanceError):
            change()
    assert point == Point(1.0)
    assert not hasattr(point, "__dict__")


def test_the_check_after_the_fields_are_set_is_called():
    for make in (lambda: Point(float("nan")), lambda: replace(Point(1.0), x=float("nan"))):
        with pytest.raises(ValueError, match="no number"):
            make()


@pytest.mark.parametrize("change", [replace, dataclasses.replace])
def test_replaced_fields(change):
    assert change(Point(1.0, 2.0), y=3.0) == Point(1.0, 3.0)
    assert change(Counted(1.0), x=2.0).doubled == [4.0]
    with pytest.raises(TypeError):
        change(Point(1.0), z=3.0)


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))]
)
def test_copies_and_pickles(again):
    point = Point(1.0, 2.0, ("a",))
    assert again(point) == point
    counted = Counted(1.0)
    assert counted.doubled is counted.doubled
    assert again(counted) == counted
    assert again(counted).doubled == [2.0]


def test_the_functions_of_dataclasses_take_a_record_for_one():
    assert dataclasses.is_dataclass(Point)
    assert dataclasses.is_dataclass(Point(1.0))
    mine, peer = dataclasses.fields(Point), dataclasses.fields(Peer(1.0))
    assert [(f.name, f.default) for f in mine] == [(f.name, f.default) for f in peer]
    assert is_record(Point)
    assert not is_record(Peer)
    assert names(Point) == ("x", "y", "names")
    match Point(1.0, 2.0):
        case Point(x, y):
            assert (x, y) == (1.0, 2.0)
