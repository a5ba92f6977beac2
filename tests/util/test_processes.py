"""Work on several processes, and what it tells meanwhile."""

import functools
import time

import pytest

from reaper_drumgain.util.processes import in_processes, shares_of_items


def halves(tell, place):
    tell(place, 0.5)
    tell(place, 0.25)
    time.sleep(0.01)
    tell(place, 1.0)
    return 10 * place


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_share_of_all_items_is_told_from_every_process(jobs):
    told = []
    names = ["first", "second", "third"]
    with shares_of_items(lambda *one: told.append(one), names, jobs) as tell:
        found = list(in_processes(functools.partial(halves, tell), range(3), jobs))
    assert found == [0, 10, 20]
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    assert len(told) == 9
    assert all(set(doing.split(", ")) <= set(names) for doing, _ in told)
    assert any("second" in doing for doing, _ in told)


def test_nothing_is_told_to_nobody():
    with shares_of_items(None, ["one"], 2) as tell:
        assert list(in_processes(functools.partial(halves, tell), [0], 1)) == [0]


def test_what_fails_ends_the_telling_too():
    with pytest.raises(ZeroDivisionError), shares_of_items(print, ["one"], 2):
        raise ZeroDivisionError
