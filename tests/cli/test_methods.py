"""``drumgain methods``: the list, and the comparison on a project."""

import csv
import io
import json
import shutil
from importlib import resources

import pytest
from PIL import Image

from reaper_drumgain.cli import comparison_text, main
from reaper_drumgain.cli.folding import display_width
from reaper_drumgain.methods import names


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("methods") / "song"
    shutil.copytree(str(resources.files("reaper_drumgain") / "demo" / "session"), place)
    return place


@pytest.fixture(scope="module")
def project(folder):
    return folder / "DrumGain demo.RPP"


def ran(capsys, *words, status=0):
    returned = main(["methods", *map(str, words)])
    out, err = capsys.readouterr()
    assert returned == status, err
    return out, err


def test_without_a_project_it_lists_the_methods(capsys):
    out, _ = ran(capsys)
    assert [line.split()[0] for line in out.splitlines() if line[0] != " "][:-1] == list(names())
    assert "drumgain methods song.RPP" in out


@pytest.mark.parametrize("option", ["--csv a.csv", "--picture a.png", "--lock Kick"])
def test_what_only_a_comparison_has_is_refused_without_a_project(capsys, option):
    _, err = ran(capsys, *option.split(), status=2)
    assert "name a project" in err


def test_table_json_csv_and_picture_say_the_same(capsys, project, tmp_path):
    before = project.read_bytes()
    table, picture = tmp_path / "m.csv", tmp_path / "m.png"
    chosen = ["--method", "forest", "--method", "Unity"]
    found = json.loads(
        ran(capsys, project, *chosen, "--json", "--csv", table, "--picture", picture)[0]
    )
    assert [method["name"] for method in found["methods"]] == ["forest", "unity"]
    rows = list(csv.DictReader(io.StringIO(table.read_text("utf-8-sig"))))
    assert [row["name"] for row in rows] == [track["name"] for track in found["tracks"]]
    text, _ = ran(capsys, project, *chosen)
    for row, track in zip(rows, found["tracks"], strict=True):
        assert float(row["forest"]) == pytest.approx(track["new_db"]["forest"], abs=1e-3)
        assert float(row["span_db"]) == pytest.approx(track["span_db"], abs=1e-3)
        line = next(one for one in text.splitlines() if f" {track['name']} " in one)
        assert f"{track['new_db']['forest']:.2f}" in line.split()
    widest = max(found["tracks"], key=lambda one: one["span_db"])
    assert f"they differ most on {widest['name']}" in text
    with Image.open(picture) as image:
        assert image.size[0] > 600
    assert project.read_bytes() == before


@pytest.mark.parametrize("columns", [80, 120])
def test_all_methods_fit_the_terminal(capsys, project, monkeypatch, columns):
    monkeypatch.setenv("NO_COLOR", "1")
    for module in ("comparison_text", "table", "show"):
        monkeypatch.setattr(f"reaper_drumgain.cli.{module}.terminal_width", lambda _: columns)
    out, err = ran(capsys, project)
    assert max(map(display_width, (out + err).splitlines())) <= columns
    assert all(name in out for name in names())
    # each method has its column, once
    heads = [line.split() for line in out.splitlines() if line.lstrip().startswith("#")]
    numbers = [int(word) for head in heads for word in head if word.isdecimal()]
    assert numbers == list(range(1, len(names()) + 1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--csv", "m.txt"), "ends in .csv"),
        (("--csv", "no/m.csv"), "there is no folder no"),
        (("--picture", "m.jpg"), "ends in .png"),
        (("--method", "forrest"), "Did you mean 'forest'?"),
    ],
)
def test_what_cannot_be_done_is_told_before_listening(
    capsys, project, monkeypatch, options, message
):
    monkeypatch.setattr(comparison_text, "print_comparison", lambda _: pytest.fail("too late"))
    assert message in ran(capsys, project, *options, status=2)[1]
