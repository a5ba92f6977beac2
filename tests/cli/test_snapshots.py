"""What tables, warnings and help look like at 60, 80 and 120 columns and in a pipe.

``DRUMGAIN_SNAPSHOTS=write pytest tests/cli/test_snapshots.py`` writes them anew: read the
difference before it is committed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from reaper_drumgain.cli import plan_text, show
from reaper_drumgain.cli.commands import COMMANDS, parser_of
from reaper_drumgain.cli.folding import display_width, folded
from reaper_drumgain.schema.plan import GainPlan, Levels, TrackPlan, Untouched
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.units import Decibel

FOLDER = Path(__file__).parents[1] / "data" / "snapshots"
WIDTHS = {"60": 60, "80": 80, "120": 120, "pipe": None}
HELP = ("tracks", "methods")


def track(index, name, role, old, new, interval, reason, **fields):
    return TrackPlan(
        index=index,
        name=name,
        role=role,
        old_db=None if old is None else Decibel(old),
        new_db=None if new is None else Decibel(new),
        interval_db=interval and (Decibel(interval[0]), Decibel(interval[1])),
        reason=reason,
        **fields,
    )


PLAN = GainPlan(
    project="song.RPP",
    method="forest",
    settings=Settings(),
    tracks=(
        track(1, "Kick In", "kick in", 0.0, 6.9, (1.8, 12.0), "raised 6.9 dB: stood 1.8 dB low"),
        track(
            2,
            "01_Snare Top_SM57_Take 03_glued",
            "snare top",
            -150.25,
            -12.34,
            (-15.6, -5.5),
            "lowered 0.03 dB to the middle of the engineers' range: recorded 7 dB louder than "
            "usual for a snare top microphone; the same move as 01_Snare Bottom_e604",
        ),
        track(3, "大鼓 низ", "tom", None, None, None, "its fader is at -inf: not moved", ordinal=2),
        track(4, "OH L", "overhead", 0.0, 0.0, (-2.0, 3.0), "within range", side="left"),
        track(5, "Kick Sample", "sample", -3.0, -2.0, (-9.0, 1.0), "raised 1.0 dB", drum="kick"),
    ),
    untouched=(Untouched(0, "Drums", "folder: on the way to the master, never moved"),),
    levels=Levels(before_lufs=Decibel(-21.1), after_lufs=Decibel(-21.1)),
    mode_why="4 of 5 drum microphones share one fader value or are where DrumGain set them",
    other_mode=True,
    warnings=(
        "track 'Kick In': its media (/a/long/path/to/some/folder/with/a/take/Kick In 01.wav) is "
        "clipped in 17 places: the peak is at 0.0 dBFS; record it with 6 dB less",
    ),
)


@pytest.fixture(params=WIDTHS)
def width(request, monkeypatch):
    columns = WIDTHS[request.param]
    monkeypatch.setenv("NO_COLOR", "1")
    for module in ("table", "show", "parser"):
        monkeypatch.setattr(f"reaper_drumgain.cli.{module}.terminal_width", lambda _: columns)
    return request.param


def compare(name, text):
    path = FOLDER / f"{name}.txt"
    if os.environ.get("DRUMGAIN_SNAPSHOTS") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8"), f"{path} differs: DRUMGAIN_SNAPSHOTS=write renews it"


def test_the_plan_of_a_dry_run(width, capsys):
    plan_text.print_plan(PLAN, None, dry_run=True)
    out, err = capsys.readouterr()
    compare(f"plan_{width}", f"{out}--- standard error\n{err}")
    columns = WIDTHS[width]
    if columns is not None:
        assert max(map(display_width, (out + err).splitlines())) <= columns
    else:
        assert len(err.splitlines()) == 1
    # numbers never break, and stay with their unit
    for whole in ("-150.25", "+137.91", "-15.6 .. -5.5", "6.9 dB", "0.0 dBFS", "-21.1 LUFS"):
        assert whole in out + err


@pytest.mark.parametrize("command", HELP)
def test_help(command, width):
    text = parser_of([command]).parse_known_args([command, __file__])[0].parser.format_help()
    compare(f"help_{command}_{width}", text)
    assert max(map(display_width, text.splitlines())) <= (WIDTHS[width] or 80)


def parser_of_command(command):
    return parser_of([command])._subparsers._group_actions[0].choices[command]


#: what has to stay on one line: a number with its unit, a range
WHOLE = re.compile(r"[-+±]?\d[\d.,]*(?: (?:dB|dBFS|LUFS|Hz|ms|s|%)\b)?")


@pytest.mark.parametrize("columns", [60, 80, 120, None], ids=str)
@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_each_command(command, columns, monkeypatch):
    """Fits, has examples and groups, and breaks no number, option, word or short quotation."""
    monkeypatch.setattr("reaper_drumgain.cli.parser.terminal_width", lambda _: columns)
    parser = parser_of_command(command)
    text = parser.format_help()
    lines = text.splitlines()
    examples = COMMANDS[command]().EXAMPLES
    longest = max(len(f"    {line}") for line, _ in examples)
    assert max(map(display_width, lines)) <= max(columns or 80, 0 if columns != 60 else longest)
    assert text.index("options:") < text.index("examples:")
    for line, _ in examples:
        assert f"    {line}" in lines or columns == 60
    for group in parser._action_groups:
        assert len(group._group_actions) <= 10, "an option more: put it into a group"
    told = set(text.split())
    for action in parser._actions:
        for option in action.option_strings:
            assert option in told or f"{option}," in told
        words = parser._get_formatter()._expand_help(action)
        assert set(words.split()) <= told, action.dest
        for whole in WHOLE.findall(words):
            assert any(whole in line for line in lines), whole
    for words in (parser.description, text):
        for quoted in re.findall(r"(?<!\w)'[^']{2,20}'(?!\w)", " ".join(words.split())):
            assert any(quoted in line for line in lines), quoted


def test_a_line_that_is_folded_holds_the_same_words():
    text = "  raised by 6.9 dB: stood 1.8 dB under /a/very/long/path/that/is/one/word.wav, 大鼓 too"
    for columns in range(10, 90):
        lines = folded(text, columns, indent="    ")
        assert " ".join(lines).split() == text.split()
        assert "6.9 dB" in "\n".join(lines)
        assert "1.8 dB" in "\n".join(lines)
        cells = folded(text, columns, break_words=True)
        assert max(map(display_width, cells)) <= columns
        assert "".join(cells).replace(" ", "") == text.replace(" ", "")


def test_messages_of_more_than_a_line_are_folded_line_by_line(monkeypatch, capsys):
    monkeypatch.setattr(show, "terminal_width", lambda _: 20)
    show.complain("drumgain: one two three four\nfive")
    assert capsys.readouterr().err == "drumgain: one two\n  three four\nfive\n"


def test_the_side_of_a_track_stays_with_its_name():
    lines = folded("lowered 1.0 dB; the same move as Room R", 38)
    assert lines == ["lowered 1.0 dB; the same move as", "Room R"]
