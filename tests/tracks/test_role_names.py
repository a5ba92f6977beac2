"""Roles from names: measured on real sessions' names and on a frozen list of names.

``pytest -s tests/tracks/test_role_names.py`` prints the tables.
"""

from __future__ import annotations

import csv
import math
import re
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reaper_drumgain.tracks import vocabulary, word_lists
from reaper_drumgain.tracks.role_names import is_processing_name, role_of, says_nothing
from reaper_drumgain.tracks.roles import ROLE_NAMES, Role

NAME_LIST = Path(__file__).parents[1] / "data" / "role_names.tsv"
WANTED_SHARE = 0.97


class Labelled(NamedTuple):
    name: str
    folders: tuple[str, ...]
    role: str
    side: str
    ordinal: str
    processing: bool | None = None


def read_name_list() -> list[Labelled]:
    header, *lines = NAME_LIST.read_text("utf-8").splitlines()
    assert header.split("\t")[:6] == ["name", "folders", "role", "side", "ordinal", "processing"]
    rows = []
    for line in lines:
        name, folders, role, side, ordinal, processing, _ = line.split("\t")
        assert role in (*ROLE_NAMES, "none"), line
        around = tuple(folders.split("|")) if folders else ()
        rows.append(Labelled(name, around, role, side, ordinal, processing == "yes"))
    return rows


def read_sessions(shared_data: Path) -> list[Labelled]:
    with (shared_data / "human_faders" / "roles.csv").open(encoding="utf-8", newline="") as file:
        return [
            Labelled(name, (), row["role"], row["side"], row["ordinal"])
            for row in csv.DictReader(file)
            if row["sure"] == "yes"
            for name in row["names"].split("|")
        ]


def found(row: Labelled) -> tuple[str, str, str]:
    role = role_of(row.name, row.folders)
    if role is None:
        return ("none", "", "")
    return (role.name, role.side or "", str(role.ordinal or ""))


def confusion_table(rows: Iterable[Labelled]) -> tuple[float, str]:
    """Share of right role names, and the table of roles with every miss in words."""
    rows = list(rows)
    pairs = Counter((row.role, found(row)[0]) for row in rows)
    lines = ["wanted          names  right  taken for"]
    for role in (*ROLE_NAMES, "none"):
        total = sum(count for (wanted, _), count in pairs.items() if wanted == role)
        wrong = {got: n for (wanted, got), n in pairs.items() if wanted == role != got}
        taken = ", ".join(f"{got} ({n})" for got, n in sorted(wrong.items()))
        lines.append(f"{role:15} {total:5}  {pairs[role, role]:5}  {taken}".rstrip())
    right = [row for row in rows if found(row)[0] == row.role]
    share = len(right) / len(rows)
    sides = sum(found(row)[1] == row.side for row in right)
    ordinals = sum(found(row)[2] == row.ordinal for row in right)
    lines.append(
        f"{len(right)} of {len(rows)} roles right ({share:.1%}); of these {sides} sides and "
        f"{ordinals} ordinals"
    )
    for row in rows:
        if found(row) != (row.role, row.side, row.ordinal):
            wanted = (row.role, row.side, row.ordinal)
            lines.append(f"  {row.name!r} in {row.folders}: wanted {wanted}, got {found(row)}")
    return share, "\n".join(lines)


def share_of_details(rows: Iterable[Labelled]) -> float:
    rows = [row for row in rows if found(row)[0] == row.role]
    return sum(found(row) == (row.role, row.side, row.ordinal) for row in rows) / len(rows)


def test_session_names(shared_data: Path) -> None:
    rows = read_sessions(shared_data)
    assert len(rows) > 200
    share, table = confusion_table(rows)
    print(f"\nNames in ten songs' sessions\n{table}")
    assert share >= WANTED_SHARE, table
    assert share_of_details(rows) >= WANTED_SHARE, table


def test_name_list() -> None:
    rows = read_name_list()
    assert len(rows) >= 300
    assert len({(row.name, row.folders) for row in rows}) == len(rows)
    share, table = confusion_table(rows)
    print(f"\nFrozen list of names\n{table}")
    assert share >= WANTED_SHARE, table
    assert share_of_details(rows) >= WANTED_SHARE, table


@pytest.mark.parametrize(
    "row", read_name_list(), ids=lambda row: "/".join((*row.folders, row.name))
)
def test_each_name_of_the_list_is_read_as_it_says(row: Labelled) -> None:
    assert found(row) == (row.role, row.side, row.ordinal)


def test_no_word_of_the_vocabulary_has_two_meanings() -> None:
    words = [vocabulary._fold(word) for held in word_lists.WORDS.values() for word in held.split()]
    assert [word for word, count in Counter(words).items() if count > 1] == []


@pytest.mark.parametrize("name", ["WEAK", "_GLUED_FIRST", "_SIDED"])
def test_words_with_a_rule_of_their_own_are_in_the_vocabulary(name: str) -> None:
    known = {vocabulary._fold(word) for held in word_lists.WORDS.values() for word in held.split()}
    assert sorted(getattr(vocabulary, name) - known) == []


def test_table_shows_a_miss() -> None:
    share, table = confusion_table([Labelled("Kick", (), "ride", "", "")])
    assert share == 0.0
    assert re.search(r"^ride +1 +0  kick \(1\)$", table, re.MULTILINE)


def test_processing_names() -> None:
    rows = read_name_list()
    wrong = [row.name for row in rows if is_processing_name(row.name) != row.processing]
    assert wrong == []
    assert all(role_of(row.name, row.folders) is None for row in rows if row.processing)


@pytest.mark.parametrize("name", ["OHL COMP_01", "Kit COMP_01", "SnT2 CONS.1", "Kick comp"])
def test_take_suffixes_are_no_processing(name: str) -> None:
    assert not is_processing_name(name)
    assert role_of(name) is not None


def test_case_does_not_matter_where_words_are_apart() -> None:
    rows = [row for row in read_name_list() if not re.search("[a-z][A-Z]|[A-Z]{2}", row.name)]
    assert len(rows) > 500
    for row in rows:
        assert found(row._replace(name=row.name.upper())) == found(row), row
        assert found(row._replace(name=row.name.lower())) == found(row), row


#: every track name of the project files that means a drum; all others were looked through
DRUMS_IN_PROJECTS = {
    "01 - snare top": "snare top",
    "02 - snare bottom": "snare bottom",
    "03 - kick": "kick",
    "04 - rack tom 1": "tom 1",
    "05 - rack tom 2": "tom 2",
    "06 - floor tom": "tom",
    "07 - Overhead L": "overhead left",
    "08 - Overhead R": "overhead right",
    "Cymbals": "cymbal",
    "Kick": "kick",
}


def names_in(project: Path) -> list[tuple[str, tuple[str, ...]]]:
    """Names with folders, by a plain reading of NAME and ISBUS lines."""
    text = project.read_text("utf-8", errors="replace")
    folders: list[str] = []
    names = []
    for track in text.split("\n  <TRACK")[1:]:
        name = re.search(r"^    NAME (.*)$", track, re.MULTILINE)
        depth = re.search(r"^    ISBUS (\d+) (-?\d+)", track, re.MULTILINE)
        written = name[1].strip().strip("\"'`") if name else ""
        names.append((written, tuple(reversed(folders))))
        if depth and depth[1] == "1":
            folders.append(written)
        elif depth and int(depth[2]) < 0:
            del folders[int(depth[2]) :]
    return names


def test_names_of_public_projects(shared_data: Path) -> None:
    projects = sorted((shared_data / "projects").glob("*.RPP"))
    assert len(projects) == 58
    drums, others = {}, set()
    for project in projects:
        for name, folders in names_in(project):
            role = role_of(name, folders)
            if role is None:
                others.add(name)
            else:
                drums[name] = str(role)
    print(f"\nNo drum: {sorted(others)}")
    assert len(others) > 100
    assert drums == DRUMS_IN_PROJECTS


@pytest.mark.parametrize(
    ("name", "folders", "wanted"),
    [
        ("Room", (), "room"),
        ("Room", ("Guitars",), "none"),
        ("Room", ("Mics", "Guitars"), "none"),
        ("Room", ("Drums", "Guitars"), "room"),
        ("L", ("Room", "Guitars"), "none"),
        ("L", ("Room", "Drums"), "room left"),
        ("Kick", ("Bass",), "kick"),
        ("Overhead L", ("Choir",), "none"),
        ("Kick", ("Drums & Bass",), "kick"),
        ("Top", ("Drums & Bass",), "none"),
        ("Top", ("Song 3",), "none"),
        ("Mono", (), "none"),
        ("Hat (Dave)", (), "none"),
        ("Hat (Dave)", ("Drums",), "hi-hat"),
        ("Kick+Snare+Toms", ("Drums",), "none"),
        ("Top", ("Tom 2", "Drums"), "tom 2"),
        ("57", ("Snare Bottom",), "snare bottom"),
        ("HT", (), "none"),
        ("HT", ("Drums",), "tom 1"),
        ("", ("Kick",), "none"),
    ],
)
def test_folders_decide(name: str, folders: tuple[str, ...], wanted: str) -> None:
    assert str(role_of(name, folders) or "none") == wanted


@pytest.mark.parametrize(
    ("name", "folders", "drum"),
    [
        ("Kick Sample", (), "kick"),
        ("KickSampleRoom", (), "kick"),
        ("Tom 2 Trig", (), "tom 2"),
        ("Floor Tom Sample", (), "tom"),
        ("HH Sample", (), "hi-hat"),
        ("Sample", ("Snare", "Drums"), "snare"),
        ("Kick", ("Drum Samples", "Drums"), "kick"),
        ("Room Samples", ("Drums",), None),
    ],
)
def test_a_sample_track_keeps_its_drum(name, folders, drum):
    role = role_of(name, folders)
    assert role is not None
    assert (role.name, role.drum) == ("sample", drum)


any_text = st.text() | st.text(
    alphabet="kKiInsStTrRoOhH12309 _-.()éßドラムБас'\"\x00\ud800\u202e½①"
)


@given(any_text, st.lists(any_text, max_size=4))
@example("½", ["½"])
@example("Tom 𐩀²", ["Toms 𐩀"])
@example("\ufdfa" * 300, [])
@example("\ud800 Kick", ["\ud800"])
def test_any_text(name: str, folders: list[str]) -> None:
    role = role_of(name, folders)
    assert role == role_of(name, tuple(folders))
    if role is not None:
        assert Role.parse(str(role)) == role
    if is_processing_name(name):
        assert role is None


@pytest.mark.parametrize(
    "piece", ["k", "kick", "snbot", "1", " ", "_", "A b", "oh", "バスドラ", "é", "\ufdfa", "tom 1 "]
)
def test_long_names_take_no_longer_than_names_of_a_thousand_characters(piece: str) -> None:
    def seconds(length: int) -> float:
        name = (piece * (length // len(piece) + 4))[: length + 3]
        best = math.inf
        for cut in range(3):
            text = name[cut:]
            folders = [text] * 1000
            begin = time.process_time()
            for _ in range(20):
                role_of(text, folders)
                is_processing_name(text)
            best = min(best, time.process_time() - begin)
        return best

    assert seconds(1_000_000) < 10 * seconds(1_000)


@pytest.mark.parametrize(
    ("name", "folders", "expected"),
    [
        *(("Audio 07", (), True), ("Track 3", (), True), ("", (), True), ("01", (), True)),
        *(("03-Audio 07-210514_1530.wav", (), True), ("REC_0012", (), True), ("Spur 2", (), True)),
        *(("Audio 07", ("Drums",), True), ("Audio 07", ("Guitars",), False)),
        *(("Gtr 2", (), False), ("Kick", (), False), ("Audio Bass", (), False)),
        ("Jenny", (), False),
    ],
)
def test_names_that_say_nothing(name, folders, expected):
    assert says_nothing(name, folders) is expected
    assert not (expected and role_of(name, folders))
