"""Tables in a pipe and at a terminal."""

import re
import subprocess
import sys
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st
from terminal import shown_at_terminal

from reaper_drumgain.cli import show
from reaper_drumgain.cli.folding import display_width
from reaper_drumgain.cli.table import _laid_out, print_table

DEMO = str(resources.files("reaper_drumgain") / "demo" / "session" / "DrumGain demo.RPP")
DRY_RUN = [sys.executable, "-m", "reaper_drumgain", "balance", DEMO, "--dry-run"]
TRACKS = [sys.executable, "-m", "reaper_drumgain", "tracks", DEMO]


def in_pipe(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def without_styles(text):
    """Nor a progress line, which a slow machine may show."""
    return re.sub(r"\r[^\r\n]*\x1b\[K|\x1b\[[012]m", "", text)


def words(text):
    return sorted(without_styles(text).split())


def test_columns_line_up_and_numbers_stand_to_the_right(capsys):
    print_table(("#", "Track"), [("1", "Kick"), ("10", "Snare Top")], numbers={0})
    assert capsys.readouterr().out == " #  Track\n 1  Kick\n10  Snare Top\n"


def test_wide_characters_and_accents_keep_the_columns_in_line(capsys):
    rows = [("大鼓", "kick"), ("cafe\u0301", "snare"), ("Tom", "tom")]
    print_table(("Track", "Role"), rows)
    lines = capsys.readouterr().out.splitlines()
    starts = {
        display_width(line[: -len(role)]) for line, (_, role) in zip(lines[1:], rows, strict=True)
    }
    assert starts == {len("Track  ")}


@pytest.mark.parametrize("columns", [45, 60, 76, 80, 100, 140])
def test_a_dry_run_fits_the_terminal_and_says_all_that_a_pipe_gets(columns):
    shown, piped = shown_at_terminal(DRY_RUN, columns), in_pipe(DRY_RUN)
    assert words(shown) == words(piped)
    table = without_styles(shown).split("drums together:")[0]
    widths = [display_width(line) for line in table.splitlines()]
    assert max(widths) <= columns


def test_a_wide_terminal_gets_the_lines_of_a_pipe():
    assert without_styles(shown_at_terminal(DRY_RUN, 500)) == in_pipe(DRY_RUN)


def test_progress_never_breaks_its_line(monkeypatch, capsys):
    monkeypatch.setattr(show, "terminal_width", lambda _: 30)
    monkeypatch.setattr(show, "_SHOWN_AFTER_S", 0.0)
    progress = show.ProgressLine()
    progress("First song, Second\x1b[2J song, Third song", 0.5)
    progress("listening", 1.0)
    first, second = capsys.readouterr().err.removeprefix("\r").split("\r")
    assert first.startswith("First song, Second")
    assert first.endswith("...  50%\x1b[K")
    assert first.count("\x1b") == 1
    assert display_width(first.removesuffix("\x1b[K")) < 30
    assert second == "listening 100%\x1b[K"


def test_the_header_is_bold_and_what_is_no_drum_is_dim():
    lines = shown_at_terminal(TRACKS, 120).splitlines()
    assert lines[0].startswith("\x1b[1m")
    dim = [without_styles(line).split()[1] for line in lines if line.startswith("\x1b[2m")]
    assert dim == ["Drums", "Bass", "Vocal"]


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_styles_can_be_refused(env):
    assert "\x1b" not in shown_at_terminal(TRACKS, env=env)


def test_a_pipe_gets_no_styles():
    assert "\x1b" not in in_pipe(TRACKS)


def test_a_long_name_does_not_push_the_other_columns_out(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    name = "Overhead " * 20 + "x" * 70
    print_table(("#", "Track", "Why"), [("1", name, "drum microphone")], numbers={0})
    lines = without_styles(capsys.readouterr().out).splitlines()
    assert max(map(len, lines)) <= 60
    assert "drum microphone" in lines[1]
    assert "".join(line[3:23].strip() for line in lines[1:]).count("Overhead") == 20


@given(
    columns=st.integers(30, 120),
    cells=st.lists(
        st.tuples(*[st.text("ab 大\u0301-.1", max_size=40)] * 3, *[st.integers(-9999, 9999)] * 4),
        min_size=1,
        max_size=4,
    ),
    numbers=st.sets(st.integers(3, 6)),
    order=st.permutations(range(7)),
)
def test_a_terminal_of_any_width_gets_every_cell_and_whole_numbers(columns, cells, numbers, order):
    header = [f"C{place}" for place in order]
    rows = [[f"{row[place]}" for place in order] for row in cells]
    right = {place for place, one in enumerate(order) if one in numbers or one > 2}
    lines = [list(part) for part in _laid_out([header, *rows], right, columns)]
    assert len(lines) == 1 + len(rows)
    for shown, row in zip(lines, [header, *rows], strict=True):
        assert max(map(display_width, shown)) <= columns
        text = "\n".join(shown)
        assert sorted("".join(text.split())) == sorted("".join("".join(row).split()))
        for place in right:
            assert row[place] in text


def test_no_level_is_shown_as_minus_zero():
    assert show.decibels(-0.001) == "0.00"
    assert show.decibels(-0.001, sign=True) == "+0.00"
    assert show.decibels(-0.01) == "-0.01"
