"""Blocks, lines, tokens and splices."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper_drumgain.errors import ProjectError
from reaper_drumgain.hosts.rpp import read_project, set_faders
from reaper_drumgain.hosts.rpp.edits import Edit, splice, unchanged_outside
from reaper_drumgain.hosts.rpp.syntax import MAX_DEPTH, own_lines, scan, tokens, values

SMALL = b'<REAPER_PROJECT 0.1 "7.18/win64" 1\n  <TRACK\n    NAME a\n  >\n>\n'


def error_of(data: bytes) -> str:
    with pytest.raises(ProjectError) as caught:
        scan(data, "song.RPP")
    return str(caught.value)


def test_blocks_and_their_own_lines() -> None:
    data = b"<REAPER_PROJECT 0.1\n A 1\n <X 1\n  A 2\n  <Y\n   A 3\n  >\n  A 4\n >\n A 5\n>\n"
    root = scan(data, "song.RPP")
    (x,) = root.children
    (y,) = x.children
    assert (root.keyword, x.keyword, y.keyword) == (b"REAPER_PROJECT", b"X", b"Y")
    found = [[tokens(data, at)[1].value for at in own_lines(data, b, b"A")] for b in (root, x, y)]
    assert found == [[b"1", b"5"], [b"2", b"4"], [b"3"]]


@pytest.mark.parametrize(
    "line",
    [b"|<X", b"|>", b"NAME <X", b'NAME ">"', b"A >", b"PD9=<", b'NAME "', b"\xff<"],
)
def test_only_the_first_byte_of_a_line_opens_or_closes(line: bytes) -> None:
    data = SMALL.replace(b"NAME a", line)
    assert scan(data, "song.RPP").children[0].children == ()


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\n\n", b"\r\n \t\r\n"])
@pytest.mark.parametrize("indent", [b"", b"  ", b"\t\t "])
def test_blank_lines_and_indents_mean_nothing(newline: bytes, indent: bytes) -> None:
    data = SMALL.replace(b"\n", newline).replace(b"  ", indent)
    (track,) = scan(data, "song.RPP").children
    assert own_lines(data, track, b"NAME")


def test_a_comment_before_the_header_is_let_pass() -> None:
    assert scan(b"@noindex\n" + SMALL, "song.RPP").children


def test_the_last_line_needs_no_end() -> None:
    assert scan(SMALL.rstrip(), "song.RPP").close == len(SMALL.rstrip()) - 1


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "empty"),
        (b" \r\n\t\n", "empty"),
        (b"RIFF....WAVEfmt ", "not a REAPER project"),
        (b"<?xml version='1.0'?>\n<REAPER_PROJECT 0.1\n>\n", "not a REAPER project"),
        (b"<REAPER_PROJECTS 0.1\n>\n", "not a REAPER project"),
        (b"\xff\xfe" + SMALL.decode().encode("utf-16-le"), "UTF-16"),
        (b"\xfe\xff" + SMALL.decode().encode("utf-16-be"), "UTF-16"),
        (SMALL.decode().encode("utf-16-le"), "song.RPP:1: holds a NUL byte"),
        (b"\xef\xbb\xbf" + SMALL, "byte-order mark"),
        (SMALL.replace(b"NAME a", b"NAME a\0b"), "song.RPP:3: holds a NUL byte"),
        (SMALL[:-2], "song.RPP:1: the block <REAPER_PROJECT never ends"),
        (SMALL[:-6], "song.RPP:2: the block <TRACK never ends"),
        (SMALL.replace(b"\n", b"\r"), "song.RPP:1: the block <REAPER_PROJECT never ends"),
        (SMALL + b">\n", "song.RPP:6: there is text after the end"),
        (SMALL + SMALL, "song.RPP:6: this is REAPER's backup of several versions"),
        (SMALL.replace(b"NAME a", b"<X"), "song.RPP:1: the block <REAPER_PROJECT never ends"),
    ],
)
def test_what_is_no_whole_project_is_refused_with_its_place(data: bytes, expected: str) -> None:
    message = error_of(data)
    assert expected in message
    assert message.startswith("song.RPP")


def test_100_000_nested_blocks_are_refused() -> None:
    data = SMALL.replace(b"NAME a\n", b"<X\n" * 100_000 + b">\n" * 100_000)
    assert f"song.RPP:{MAX_DEPTH + 1}: more blocks" in error_of(data)


def test_100_000_blocks_side_by_side_are_fine() -> None:
    data = SMALL.replace(b"NAME a\n", b"<X\n>\n" * 100_000)
    assert len(scan(data, "song.RPP").children[0].children) == 100_000


def test_too_many_blocks_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reaper_drumgain.hosts.rpp.syntax.MAX_BLOCKS", 10)
    assert "more blocks" in error_of(SMALL.replace(b"NAME a\n", b"<X\n>\n" * 11))


@pytest.mark.parametrize("filler", [b"\n", b" ", b"\r", b"\t\n", b'"\n', b"<", b" <"])
def test_monotonous_files_take_no_more_than_linear_time(filler: bytes) -> None:
    def seconds(count: int) -> float:
        data = SMALL.replace(b"NAME a\n", b"A\n" + filler * count + b"\n")
        best = math.inf
        for _ in range(3):
            start = time.process_time()
            with contextlib.suppress(ProjectError):
                scan(data, "song.RPP")
            best = min(best, time.process_time() - start)
        return best

    # 100 times as long where the time grew with the square of the size
    assert seconds(300_000) < 40 * seconds(30_000)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"NAME Kick", [b"NAME", b"Kick"]),
        (b'NAME "K in"\r', [b"NAME", b"K in"]),
        (b"NAME 'a \"b\" c'", [b"NAME", b'a "b" c']),
        (b'NAME `it\'s "x"`', [b"NAME", b'it\'s "x"']),
        (b"NAME Kick'n\"Snare", [b"NAME", b"Kick'n\"Snare"]),
        (b'\t A  ""\t#x ;y ', [b"A", b"", b"#x", b";y"]),
        (b'A "b"c', [b"A", b"b", b"c"]),
        (b'A "b c', [b"A", b"b c"]),
        (b'A "', [b"A", b""]),
        (b'A \\"x\\" y', [b"A", b'\\"x\\"', b"y"]),
        (b"", []),
    ],
)
def test_tokens_follow_the_rules_of_wdl(line: bytes, expected: list[bytes]) -> None:
    data = b"before\n" + line + b"\nNEXT line\n"
    found = tokens(data, 7)
    assert [token.value for token in found] == expected
    assert values(line) == expected
    for token in found:
        assert data[token.start : token.end].strip(b"\"'`") == token.value.strip(b"\"'`")


def test_a_quote_without_partner_is_told() -> None:
    assert [token.closed for token in tokens(b'A "b" "c', 0)] == [True, True, False]


@given(
    st.lists(st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8"), max_size=12)),
    st.sampled_from([b"\n", b"\r\n"]),
)
def test_tokens_cover_every_visible_byte_of_a_line(words: list[str], newline: bytes) -> None:
    line = " ".join(words).encode()
    found = tokens(line + newline, 0)
    rest = bytearray(line)
    for token in reversed(found):
        del rest[token.start : token.end]
    assert not rest.strip(b" \t")


@given(st.binary(max_size=60), st.data())
def test_a_splice_replaces_the_spans_and_nothing_else(data: bytes, draw: st.DataObject) -> None:
    ends = st.integers(0, len(data))
    cuts = sorted(draw.draw(st.lists(ends, max_size=8).filter(lambda cuts: len(cuts) % 2 == 0)))
    edits = [
        Edit(start, end, draw.draw(st.binary(max_size=5)))
        for start, end in zip(cuts[::2], cuts[1::2], strict=True)
    ]
    expected = data
    for edit in reversed(edits):
        expected = expected[: edit.start] + edit.new + expected[edit.end :]
    shuffled = draw.draw(st.permutations(edits)) if len(set(cuts)) == len(cuts) else edits
    result = splice(data, shuffled)
    assert result == expected
    assert unchanged_outside(data, result, edits)


def test_a_change_outside_the_spans_is_seen() -> None:
    edits = [Edit(2, 3, b"XY")]
    good = splice(b"abcdef", edits)
    assert unchanged_outside(b"abcdef", good, edits)
    for place in range(len(good)):
        bad = good[:place] + b"?" + good[place + 1 :]
        assert not unchanged_outside(b"abcdef", bad, edits)
    assert not unchanged_outside(b"abcdef", good + b"!", edits)
    assert not unchanged_outside(b"abcdef", good[:-1], edits)


@pytest.mark.parametrize("edits", [[(0, 2), (1, 3)], [(2, 1)], [(0, 99)], [(-1, 0)]])
def test_spans_that_overlap_or_leave_the_data_are_refused(edits: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="overlaps another or is outside"):
        splice(b"abcdef", [Edit(start, end, b"") for start, end in edits])


@pytest.mark.parametrize("tail", [b"\0", b"\r\n\0", b"\0\0\r\n"])
def test_a_nul_behind_the_end_is_no_damage(make: Callable[..., Path], tail: bytes) -> None:
    path = make("<TRACK\nNAME Kick\nVOLPAN 1 0 -1 -1 1\n>\n")
    before = path.read_bytes() + tail
    path.write_bytes(before)
    project = read_project(path)
    assert project.session.tracks[0].name == "Kick"
    assert set_faders(project, {0: 0.5}) == before.replace(b"VOLPAN 1 ", b"VOLPAN 0.5 ")


def test_a_nul_within_a_project_is_refused(make: Callable[..., Path]) -> None:
    path = make("<TRACK\nNAME Kick\n>\n")
    path.write_bytes(path.read_bytes().replace(b"Kick", b"K\0ck"))
    with pytest.raises(ProjectError, match="NUL byte"):
        read_project(path)


def test_a_backup_of_several_versions_is_called_by_its_name(make: Callable[..., Path]) -> None:
    path = make("<TRACK\nNAME Kick\n>\n", name="song.RPP-bak")
    path.write_bytes(path.read_bytes() * 3)
    with pytest.raises(ProjectError, match=r"song.RPP-bak:6: .*several versions, 3 whole projects"):
        read_project(path)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("<TRACK {A}\n  NAME Kick\n>\n<TRACK {B}\n>\n", "a track template, no project"),
        ("BYPASS 0 0 0\n<VST x\n>\n", "an effect chain"),
        ("<ITEM\n>\n", "an item template"),
        ("<OTHER\n>\n", "not a REAPER project"),
    ],
)
def test_other_files_of_reaper_are_refused_by_name(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "kit.RTrackTemplate"
    path.write_text(text)
    with pytest.raises(ProjectError, match=what):
        read_project(path)
