"""Names that could act on a terminal are shown escaped."""

import pytest

from reaper_drumgain.schema.printable import printable


@pytest.mark.parametrize("bad", ["\x1b[2J", "a\nb", "\u202e", "\u2028", "\ud800", "\x9b"])
def test_printable_lets_nothing_through_that_acts(bad):
    shown = printable(bad)
    assert shown.isprintable()
    assert shown.isascii()


def test_printable_leaves_names_alone():
    assert printable("Größe 中文 é [b]") == "Größe 中文 é [b]"
