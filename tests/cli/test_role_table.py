"""Tables of roles: what is read, what is refused and where, and what becomes of them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import shutil
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper_drumgain.cli import main
from reaper_drumgain.cli.role_table import close_role, read_role_table
from reaper_drumgain.errors import InputError
from reaper_drumgain.tracks.roles import ROLE_NAMES

ROWS = (("Audio 01", "kick in"), ("Audio 02", "tom 2"), ("#3", "none"), ("Gtr, left", "none"))


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "roles.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.mark.parametrize(
    "text",
    [
        'Audio 01,kick in\nAudio 02,tom 2\n#3,none\n"Gtr, left",none\n',
        '# mine\n\nname,role\nAudio 01 , kick in\nAudio 02,tom 2\n# 3,a\n#3,none\n"Gtr, left",none',
        'Track;Role\r\nAudio 01;kick in\r\nAudio 02;tom 2;\r\n#3;none\r\n"Gtr, left";none\r\n',
        "\ufeffAudio 01\tkick in\rAudio 02\ttom 2\r#3\tnone\rGtr, left\tnone",
        "Audio 01;kick in\nAudio 02;tom 2\n#3;none\nGtr, left;none\n".encode("utf-16"),
    ],
    ids=["plain", "comments and headings", "semicolons of Excel", "tabs", "UTF-16"],
)
def test_a_table_is_read_as_spreadsheets_write_it(table, text):
    assert read_role_table(table(text)) == ROWS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Audio 01,kick in\nAudio 02,sanre top", r":2: role 'sanre top' .* mean 'snare top'\?"),
        ("Audio 01,hihat", r":1: .*Did you mean 'hi-hat'\?"),
        ("Audio 01,OH L", r":1: .*Did you mean 'overhead left'\?"),
        ("# x\nAudio 01", r":2: 1 columns, .*like 'Audio 01,kick in'"),
        ("Audio 01,,kick", r":1: 3 columns, 2 of them filled"),
        ("Gtr, left,none", r":1: 3 columns.*double quotes"),
        ("A,kick\nB,snare\na,room", r":3: 'a' is 'room' here and 'kick' in line 1"),
        ("name,role\n# nothing\n", "no roles in it"),
        (b"\xff\x00\x01", "not text"),
        (b"PK\x03\x04\x00\x00", "not a spreadsheet"),
        (b"Caf\xe9,kick", "save it as 'CSV UTF-8'"),
        ("A,kick\n" + "x" * (1 << 20), "bytes, which is too much for a table"),
    ],
)
def test_what_is_no_table_of_roles_is_told_with_its_line(table, text, message):
    with pytest.raises(InputError, match=message):
        read_role_table(table(text))


def test_a_folder_and_a_file_that_is_not_there_are_told(tmp_path):
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(InputError, match=r"--roles .*expected a table with 'name,role'"):
            read_role_table(path)


@given(st.lists(st.tuples(st.text(), st.sampled_from(ROLE_NAMES)), max_size=5))
def test_any_table_of_names_reads_back_or_is_refused(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("table") / "roles.csv"
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    path.write_text(text.getvalue(), "utf-8", errors="replace", newline="")
    read = ()
    with contextlib.suppress(InputError):
        read = read_role_table(path)
    assert {role for _, role in read} <= {role for _, role in rows}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("oh l", "overhead left"),
        ("bd", "kick"),
        ("floortom", "tom"),
        ("xyz", None),
        ("lisen", "listen"),
    ],
)
def test_a_role_that_may_be_meant(text, meant):
    assert close_role(text) == meant


@pytest.fixture
def nameless(tmp_path):
    """The demo with the names of a recorder."""
    folder = tmp_path / "song"
    shutil.copytree(str(resources.files("reaper_drumgain") / "demo" / "session"), folder)
    project = folder / "DrumGain demo.RPP"
    text = project.read_text()
    for number, name in enumerate(('"Kick In"', '"Snare Top"', '"OH L"', '"OH R"'), 1):
        assert name in text
        text = text.replace(f"NAME {name}", f'NAME "Audio 0{number}"')
    project.write_text(text)
    return project


def roles_in(project, capsys, *options):
    assert main(["tracks", str(project), "--json", *options]) == 0
    out, err = capsys.readouterr()
    return {t["name"]: t["role"] for t in json.loads(out)["tracks"]}, err


def test_the_table_names_tracks_and_the_option_counts_first(nameless, table, capsys):
    path = table("Audio 01,kick\nAudio 02,snare\naudio 03,overhead left\nElsewhere,room\n")
    roles, err = roles_in(nameless, capsys, "--roles", str(path), "--role", "Audio 02=snare top")
    assert (roles["Audio 01"], roles["Audio 02"], roles["Audio 03"]) == (
        "kick",
        "snare top",
        "overhead",
    )
    assert roles["Audio 04"] is None
    assert "the table of roles names 'Elsewhere', but no track has that name" in err


def test_a_table_of_other_names_is_told(nameless, table, capsys):
    path = table("Ch 1,kick\n")
    assert main(["tracks", str(nameless), "--roles", str(path)]) == 0
    told = capsys.readouterr().err
    assert "none of the 1 names in the table of roles is the name of a track" in told


def test_a_batch_takes_the_table_for_all_its_projects(nameless, table, capsys):
    path = table("Audio 01,kick\nElsewhere,room\n")
    command = ["batch", str(nameless), "--dry-run", "--json", "--jobs", "1", "--roles", str(path)]
    assert main(command) == 0
    with_table = json.loads(capsys.readouterr().out.splitlines()[0])
    assert main([*command[:-2]]) == 0
    without = json.loads(capsys.readouterr().out.splitlines()[0])
    assert with_table["drums"] == without["drums"] + 1


def test_names_that_say_nothing_are_told_with_what_to_do(nameless, capsys):
    lines = [
        line if not line.strip().startswith("NAME") else f'    NAME "Audio {number:02}"'
        for number, line in enumerate(nameless.read_text().splitlines())
    ]
    nameless.write_text("\n".join(lines))
    assert main(["balance", str(nameless), "--dry-run"]) == 3
    err = capsys.readouterr().err
    for part in ("'Audio ", "tracks like 'Kick In'", "--role 'Audio 01=kick in'", "--roles FILE"):
        assert part in err
